-- Gives a redemption a code for each unit, those of a reservation where it names one, and returns how many codes of the
-- right are free then, counted up to p_most; NULL when there are not as many as units: none is taken.
CREATE OR REPLACE FUNCTION rights_take_codes(
    p_customer uuid, p_right uuid, p_redemption uuid, p_quantity int, p_at timestamptz, p_most int, p_reservation uuid
)
RETURNS int
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_codes uuid[];
BEGIN
    IF p_reservation IS NULL THEN
        v_codes := public.rights_pick_codes(p_right, p_quantity, p_at);
    ELSE
        v_codes := ARRAY(
            SELECT c.id FROM public.voucher_code c
             WHERE c.right_id = p_right AND c.taken_at IS NULL AND c.held_for = p_reservation
             ORDER BY c.id LIMIT p_quantity FOR UPDATE);
    END IF;
    IF cardinality(v_codes) < p_quantity THEN
        RETURN NULL;
    END IF;
    UPDATE public.voucher_code c
       SET redemption_id = p_redemption, customer_id = p_customer, taken_at = p_at, held_for = NULL, held_until = NULL
     WHERE c.right_id = p_right AND c.id = ANY (v_codes);
    RETURN public.rights_free_codes(p_right, p_at, p_most);
END
$$
