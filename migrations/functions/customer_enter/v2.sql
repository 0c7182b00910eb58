-- Lets a customer in: opens the customer's own rows for this transaction, and says how the customer stands. For tokens
-- of a session of ours p_session names it. `in_force` is false for a session that is revoked or unknown, and for a token
-- older than what the customer's `not_before` admits. No row comes back for an unknown customer, and nothing is opened;
-- on all else the caller decides.
CREATE OR REPLACE FUNCTION customer_enter(p_customer uuid, p_session uuid, p_issued_at timestamptz)
RETURNS TABLE (status text, merged_into uuid, has_data_key boolean, in_force boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_not_before timestamptz;
    v_opened text;
BEGIN
    SELECT c.status, c.merged_into, c.data_key IS NOT NULL, c.not_before
      INTO status, merged_into, has_data_key, v_not_before
      FROM public.customer c WHERE c.id = p_customer;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    in_force := p_issued_at >= coalesce(v_not_before, '-infinity');
    IF in_force AND p_session IS NOT NULL THEN
        in_force := EXISTS (SELECT FROM public.customer_session s
                             WHERE s.customer_id = p_customer AND s.id = p_session AND s.revoked_at IS NULL);
    END IF;
    -- Assignments, for a statement of its own would cost as much again as all the rest.
    v_opened := set_config('guibin.scope', 'customer:' || p_customer, true);
    v_opened := set_config('guibin.actor', p_customer::text, true);
    RETURN NEXT;
END
$$
