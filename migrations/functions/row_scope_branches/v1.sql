-- The branches of whose subtrees the transaction has opened the customers' rows; NULL where there are none.
CREATE OR REPLACE FUNCTION row_scope_branches() RETURNS uuid[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN string_to_array(substring(row_scope() FROM 'subtree:([0-9a-f,-]+)'), ',')::uuid[]
