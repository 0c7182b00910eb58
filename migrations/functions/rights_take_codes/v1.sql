-- Gives a redemption a code for each unit, and returns how many codes of the right are free then, counted up to p_most;
-- NULL when there are not as many as units: none is taken.
--
-- Codes that others hold right now are passed over. That there are too few is said only after waiting for the others, who
-- may yet give their codes back; and whoever waits holds none: two that each hold a part would wait for each other.
CREATE OR REPLACE FUNCTION rights_take_codes(
    p_customer uuid, p_right uuid, p_redemption uuid, p_quantity int, p_at timestamptz, p_most int
)
RETURNS int
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_codes uuid[];
BEGIN
    BEGIN
        v_codes := ARRAY(
            SELECT c.id FROM public.voucher_code c WHERE c.right_id = p_right AND c.taken_at IS NULL
             ORDER BY c.id LIMIT p_quantity FOR UPDATE SKIP LOCKED);
        IF cardinality(v_codes) < p_quantity THEN
            RAISE EXCEPTION 'too few that nobody holds' USING ERRCODE = 'GB001';
        END IF;
    EXCEPTION WHEN SQLSTATE 'GB001' THEN
        v_codes := ARRAY(
            SELECT c.id FROM public.voucher_code c WHERE c.right_id = p_right AND c.taken_at IS NULL
             ORDER BY c.id LIMIT p_quantity FOR UPDATE);
    END;
    IF cardinality(v_codes) < p_quantity THEN
        RETURN NULL;
    END IF;
    UPDATE public.voucher_code c SET redemption_id = p_redemption, customer_id = p_customer, taken_at = p_at
     WHERE c.right_id = p_right AND c.id = ANY (v_codes);
    RETURN (SELECT count(*) FROM (SELECT FROM public.voucher_code c
                                   WHERE c.right_id = p_right AND c.taken_at IS NULL LIMIT p_most) AS free);
END
$$
