-- Ends what has lapsed for want of activity in a locked account whose day is over. Where all of it goes, the day is written
-- into the lots, and the night posts what they hold. Where the wallet lets a share go, that share of what is left goes here
-- and now, rounded down, the earliest to expire first, and the clock starts again on the day after: once for each time that
-- it has run out since.
-- Part of the ledger's functions, called by nobody else.
CREATE OR REPLACE FUNCTION points_lapse(p_customer uuid, p_wallet text, p_at timestamptz, p_day date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_job CONSTANT uuid := '00000000-0000-7000-8000-000000000f01';
    v_wallet public.wallet;
    v_last date;
    v_gone bigint;
    v_entry uuid;
BEGIN
    SELECT * INTO STRICT v_wallet FROM public.wallet w WHERE w.code = p_wallet;
    SELECT a.lapses_on INTO STRICT v_last FROM public.points_account a
     WHERE a.customer_id = p_customer AND a.wallet = p_wallet;
    IF v_wallet.expiry_share = 100 THEN
        UPDATE public.points_lot l
           SET expires_on = v_last, lapsed = true, given_until = l.expires_on
         WHERE l.customer_id = p_customer AND l.wallet = p_wallet AND l.remaining > 0 AND NOT l.pending
           AND (l.expires_on IS NULL OR l.expires_on > v_last);
        UPDATE public.points_account a SET lapses_on = NULL WHERE a.customer_id = p_customer AND a.wallet = p_wallet;
        RETURN;
    END IF;
    WHILE v_last < p_day LOOP
        UPDATE public.points_account a
           SET lapses_on = CASE WHEN a.balance > 0
                                THEN (v_last + make_interval(months => v_wallet.expiry_months))::date END
         WHERE a.customer_id = p_customer AND a.wallet = p_wallet;
        SELECT floor(coalesce(sum(l.remaining - l.held), 0) * v_wallet.expiry_share / 100) INTO v_gone
          FROM public.points_lot l
         WHERE l.customer_id = p_customer AND l.wallet = p_wallet AND l.remaining > 0 AND NOT l.pending
           AND (l.expires_on IS NULL OR l.expires_on > v_last);
        IF v_gone > 0 THEN
            v_entry := gen_random_uuid();
            PERFORM public.points_enter(
                p_customer, p_wallet, v_entry, 'expire', -v_gone, 0, 0, NULL, '积分因久未使用到期', 'Points lapsed unused',
                'run', 'lapse:' || v_last, v_job, p_at, p_day);
            PERFORM public.points_take(p_customer, p_wallet, v_entry, v_gone, 'spendable', NULL, v_last + 1, 0);
        END IF;
        SELECT a.lapses_on INTO v_last FROM public.points_account a
         WHERE a.customer_id = p_customer AND a.wallet = p_wallet;
    END LOOP;
END
$$
