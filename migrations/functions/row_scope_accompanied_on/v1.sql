-- The day on which who acts accompanies customers whom that one gave away; NULL, and then none, where a call asks not.
CREATE OR REPLACE FUNCTION row_scope_accompanied_on() RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(split_part(split_part(row_scope(), 'accompanied:', 2), ' ', 1), '')::date
