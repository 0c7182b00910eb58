-- The member of staff whose own customers the transaction has opened; NULL where it opens nobody's book.
CREATE OR REPLACE FUNCTION row_scope_staff() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN substring(row_scope() FROM 'own_customers:([0-9a-f-]{36})')::uuid
