-- The one customer whose rows the transaction has opened; NULL where it opens others, or none.
CREATE OR REPLACE FUNCTION row_scope_customer() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN substring(row_scope() FROM 'customer:([0-9a-f-]{36})')::uuid
