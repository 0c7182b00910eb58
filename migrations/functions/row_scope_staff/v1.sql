-- The member of staff whose own customers the transaction has opened; NULL where it opens nobody's book.
CREATE OR REPLACE FUNCTION row_scope_staff() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(split_part(split_part(row_scope(), 'own_customers:', 2), ' ', 1), '')::uuid
