-- Who acts in the transaction: stored answers, submissions and deeds of one's own are one's own rows.
CREATE OR REPLACE FUNCTION row_scope_actor() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('guibin.actor', true), '')::uuid
