-- Deletes a customer's rows of one table, once a second person has confirmed that the customer's data are erased.
--
-- The one way in which a service can delete these rows: it names a table of the list below, and the erasure of the
-- customer (or of the one into whom the customer was merged) must stand as `verified` at that moment.
-- Tables are named with their schema: a temporary table of the caller must not stand in for `erasure`.
-- Returns how many rows went.
CREATE OR REPLACE FUNCTION privacy_forget(p_customer uuid, p_table text)
RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_survivor uuid;
    v_rows bigint;
BEGIN
    IF p_table NOT IN (
        'customer_ref', 'source_record', 'match_review', 'customer_access', 'holding_balance', 'holding_party',
        'holding', 'customer_event', 'customer_tag', 'customer_fact', 'segment_pin',
        'segment_snapshot_member', 'unassigned', 'wechat_identity',
        'customer_session', 'tier_override', 'favourite', 'customer_link', 'household_member'
    ) THEN
        RAISE EXCEPTION 'privacy_forget: no table of the list' USING ERRCODE = '42501';
    END IF;
    SELECT merged_into INTO v_survivor FROM public.customer WHERE id = p_customer;
    PERFORM FROM public.erasure WHERE customer_id = coalesce(v_survivor, p_customer) AND state = 'verified';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'privacy_forget: no erasure is verified' USING ERRCODE = '42501';
    END IF;
    EXECUTE format('DELETE FROM public.%I WHERE customer_id = $1', p_table) USING p_customer;
    GET DIAGNOSTICS v_rows = ROW_COUNT;
    RETURN v_rows;
END
$$;
