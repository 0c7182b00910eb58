-- Locks so many codes of a right that nobody has and no reservation holds any more, and returns their ids: fewer than
-- p_quantity when there are not as many.
--
-- Codes that others hold right now are passed over. That there are too few is said only after waiting for the others, who
-- may yet give their codes back; and whoever waits holds none: two that each hold a part would wait for each other.
CREATE OR REPLACE FUNCTION rights_pick_codes(p_right uuid, p_quantity int, p_at timestamptz)
RETURNS uuid[]
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_codes uuid[];
BEGIN
    BEGIN
        v_codes := ARRAY(
            SELECT c.id FROM public.voucher_code c
             WHERE c.right_id = p_right AND c.taken_at IS NULL AND (c.held_until IS NULL OR c.held_until <= p_at)
             ORDER BY c.id LIMIT p_quantity FOR UPDATE SKIP LOCKED);
        IF cardinality(v_codes) < p_quantity THEN
            RAISE EXCEPTION 'too few that nobody holds' USING ERRCODE = 'GB001';
        END IF;
    EXCEPTION WHEN SQLSTATE 'GB001' THEN
        v_codes := ARRAY(
            SELECT c.id FROM public.voucher_code c
             WHERE c.right_id = p_right AND c.taken_at IS NULL AND (c.held_until IS NULL OR c.held_until <= p_at)
             ORDER BY c.id LIMIT p_quantity FOR UPDATE);
    END;
    RETURN v_codes;
END
$$
