-- Locks a customer's account of one wallet, makes it on first use, and says what it holds on a day of business.
-- available = balance - held - what has expired and is not yet posted; what is held does not expire before its release.
-- What has lapsed for want of activity ends here (points_lapse): nothing revives it.
-- Raises 40001 when the customer is being merged into another at this moment: come again, the other one will be found.
-- Raises 42501 when a service's transaction has not opened the customer's rows: this function reads past the policies.
CREATE OR REPLACE FUNCTION points_account_lock(p_customer uuid, p_wallet text, p_at timestamptz, p_day date)
RETURNS TABLE (
    balance bigint, held bigint, debt bigint, pending bigint, state text, version bigint, expired bigint,
    available bigint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_account public.points_account;
    v_expired bigint := 0;
BEGIN
    -- A customer's own call is told by the first look; the second one searches.
    IF session_user IN ('guibin_customer', 'guibin_bank')
       AND public.row_scope_customer() IS DISTINCT FROM p_customer AND NOT public.row_scope_opens(p_customer) THEN
        RAISE EXCEPTION 'the transaction has not opened this customer''s rows' USING ERRCODE = '42501';
    END IF;
    SELECT * INTO v_account FROM public.points_account a
     WHERE a.customer_id = p_customer AND a.wallet = p_wallet FOR UPDATE;
    IF NOT FOUND THEN
        -- A twin that makes the account at the same time waits here; the second look sees the one that was made.
        INSERT INTO public.points_account (customer_id, wallet, balance, held, debt, pending, version, state, opened_at,
                                           moved)
        VALUES (p_customer, p_wallet, 0, 0, 0, 0, 0, 'open', p_at, '{}') ON CONFLICT DO NOTHING;
        -- The foreign key has waited for a merge that holds the customer's row; a merged customer gets no account.
        IF EXISTS (SELECT FROM public.customer c WHERE c.id = p_customer AND c.merged_into IS NOT NULL) THEN
            RAISE EXCEPTION 'the customer was merged into another' USING ERRCODE = '40001';
        END IF;
        SELECT * INTO STRICT v_account FROM public.points_account a
         WHERE a.customer_id = p_customer AND a.wallet = p_wallet FOR UPDATE;
    END IF;
    IF v_account.lapses_on < p_day THEN
        PERFORM public.points_lapse(p_customer, p_wallet, p_at, p_day);
        SELECT * INTO STRICT v_account FROM public.points_account a
         WHERE a.customer_id = p_customer AND a.wallet = p_wallet;
    END IF;
    IF v_account.balance > v_account.held THEN
        SELECT coalesce(sum(l.remaining - l.held), 0) INTO v_expired FROM public.points_lot l
         WHERE l.customer_id = p_customer AND l.wallet = p_wallet AND l.remaining > 0 AND NOT l.pending
           AND l.expires_on < p_day;
    END IF;
    balance := v_account.balance;
    held := v_account.held;
    debt := v_account.debt;
    pending := v_account.pending;
    state := v_account.state;
    version := v_account.version;
    expired := v_expired;
    available := v_account.balance - v_account.held - v_expired;
    RETURN NEXT;
END
$$
