-- The one customer whose rows the transaction has opened; NULL where it opens others, or none.
CREATE OR REPLACE FUNCTION row_scope_customer() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(split_part(split_part(row_scope(), 'customer:', 2), ' ', 1), '')::uuid
