-- Whose rows the transaction has opened, as `guibin.security.row_scope` wrote it; NULL, and then no row, without it.
-- One word (`whole_bank`), or words with ids: `customer:ID own_customers:STAFF subtree:BRANCH,BRANCH`.
CREATE OR REPLACE FUNCTION row_scope() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('guibin.scope', true), '')
