-- Gives the points that a redemption is for: to its customer, or to the one who showed a code. The customer's own role
-- cannot make points by any other way: what is given is what the right's approved terms say for each unit, once, and
-- only for a redemption that was paid in points. The receiver's debt is paid first, as by all that comes in.
--
-- Whoever calls has locked the accounts of both in the order of their customers' ids.
-- Outcomes: posted, duplicate (the receiver's code, or the redemption, has given before), account_closed, wallet_closed,
-- moved (the right is not any more what decided).
-- Raises 22023 where there is no such redemption, or nobody or nothing that it gives to; 42501 as `points_account_lock`.
CREATE OR REPLACE FUNCTION rights_give_points(
    p_customer uuid, p_redemption uuid, p_receiver uuid, p_entry uuid, p_lot uuid, p_expires_on date, p_reason_zh text,
    p_reason_en text, p_source_kind text, p_source_id text, p_actor uuid, p_at timestamptz, p_day date
)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_units bigint;
    v_stands boolean;
    v_gives jsonb;
    v_wallet public.wallet;
    v_account record;
    v_points bigint;
    v_paid bigint;
BEGIN
    IF session_user IN ('guibin_customer', 'guibin_bank') AND NOT public.row_scope_opens(p_customer) THEN
        RAISE EXCEPTION 'the transaction has not opened this customer''s rows' USING ERRCODE = '42501';
    END IF;
    SELECT r.quantity, i.offer -> 'gives', i.revision = r.right_revision INTO v_units, v_gives, v_stands
      FROM public.redemption r
      JOIN public.rights_item i ON i.id = r.right_id
      JOIN public.points_entry e ON e.customer_id = r.customer_id AND e.id = r.entry_id AND e.kind = 'redeem'
     WHERE r.customer_id = p_customer AND r.id = p_redemption AND r.state = 'confirmed'
       AND e.points = -r.points_charged AND e.source_id = 'rdm_' || r.id;
    IF NOT v_stands THEN
        RETURN 'moved';
    END IF;
    IF v_gives IS NULL OR (v_gives ->> 'to' = 'customer') <> (p_customer = p_receiver) THEN
        RAISE EXCEPTION 'no redemption that gives points, or none to this customer' USING ERRCODE = '22023';
    END IF;
    SELECT * INTO STRICT v_wallet FROM public.wallet w WHERE w.code = v_gives ->> 'wallet';
    v_points := v_units * (v_gives ->> 'points')::bigint;
    SELECT * INTO STRICT v_account FROM public.points_account_lock(p_receiver, v_wallet.code, p_at, p_day);
    IF EXISTS (SELECT FROM public.points_known(p_receiver, v_wallet.code, 'earn', p_source_kind, p_source_id, 0))
       OR EXISTS (SELECT FROM public.redemption_points g
                   WHERE g.customer_id = p_customer AND g.redemption_id = p_redemption) THEN
        RETURN 'duplicate';
    ELSIF v_account.state = 'closed' THEN
        RETURN 'account_closed';
    ELSIF NOT v_wallet.active OR v_wallet.growth THEN
        RETURN 'wallet_closed';
    END IF;

    v_paid := least(v_account.debt, v_points);
    PERFORM public.points_enter(
        p_receiver, v_wallet.code, p_entry, 'earn', v_points - v_paid, -v_paid, 0, NULL, p_reason_zh, p_reason_en,
        p_source_kind, p_source_id, p_actor, p_at, p_day);
    IF v_points > v_paid THEN
        INSERT INTO public.points_lot (customer_id, id, wallet, entry_id, original, remaining, held, pending,
                                       pending_until, earned_at, expires_on, cost_fen, funding_line)
        VALUES (p_receiver, p_lot, v_wallet.code, p_entry, v_points - v_paid, v_points - v_paid, 0, false, NULL, p_at,
                p_expires_on, v_wallet.cost_fen, v_wallet.funding_line);
    END IF;
    INSERT INTO public.redemption_points (customer_id, redemption_id, receiver_id, wallet, points, entry_id, given_at)
    VALUES (p_customer, p_redemption, p_receiver, v_wallet.code, v_points, p_entry, p_at);
    RETURN 'posted';
END
$$
