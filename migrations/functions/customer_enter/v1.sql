-- Lets a customer in: opens the customer's own rows for this transaction, and says how the customer stands. For tokens
-- of a session of ours p_session names it. `in_force` is false for a session that is revoked or unknown, and for a token
-- older than what the customer's `not_before` admits. No row comes back for an unknown customer, and nothing is opened;
-- on all else the caller decides.
CREATE OR REPLACE FUNCTION customer_enter(p_customer uuid, p_session uuid, p_issued_at timestamptz)
RETURNS TABLE (status text, merged_into uuid, has_data_key boolean, in_force boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    RETURN QUERY
        SELECT c.status, c.merged_into, c.data_key IS NOT NULL,
               p_issued_at >= coalesce(c.not_before, '-infinity')
               AND (p_session IS NULL
                    OR EXISTS (SELECT FROM public.customer_session s
                                WHERE s.customer_id = p_customer AND s.id = p_session AND s.revoked_at IS NULL))
          FROM public.customer c WHERE c.id = p_customer;
    IF FOUND THEN
        PERFORM set_config('guibin.scope', 'customer:' || p_customer, true),
                set_config('guibin.actor', p_customer::text, true);
    END IF;
END
$$
