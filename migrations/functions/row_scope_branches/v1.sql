-- The branches of whose subtrees the transaction has opened the customers' rows; empty or NULL where there are none.
CREATE OR REPLACE FUNCTION row_scope_branches() RETURNS uuid[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN string_to_array(split_part(split_part(row_scope(), 'subtree:', 2), ' ', 1), ',')::uuid[]
