-- Counts the codes of a right that can be taken at an instant, up to p_most.
CREATE OR REPLACE FUNCTION rights_free_codes(p_right uuid, p_at timestamptz, p_most int)
RETURNS int
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT count(*)::int FROM (
        SELECT FROM public.voucher_code c
         WHERE c.right_id = p_right AND c.taken_at IS NULL AND (c.held_until IS NULL OR c.held_until <= p_at)
         LIMIT p_most) AS free
$$
