-- Whether the transaction has opened everybody's rows; NULL without a setting.
CREATE OR REPLACE FUNCTION row_scope_bank() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN row_scope() = 'whole_bank'
