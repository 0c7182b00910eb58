-- The members of staff whose own customers the transaction has opened: who acts, and for whom that one stands in.
CREATE OR REPLACE FUNCTION row_scope_books() RETURNS uuid[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN string_to_array(split_part(split_part(row_scope(), 'own_customers:', 2), ' ', 1), ',')::uuid[]
