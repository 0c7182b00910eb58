-- Spends what a hold set aside, or a part of it, from the lots that it names; the rest is free again.
-- Outcomes: posted, duplicate, hold_closed (it was captured, released or its time has ended), capture_exceeds_hold,
-- account_frozen, account_closed, nothing (no such hold in this account). Misuse raises as in `points_post`.
CREATE OR REPLACE FUNCTION points_capture(
    p_customer uuid, p_wallet text, p_hold uuid, p_kind text, p_points bigint, p_entry uuid, p_reason_zh text,
    p_reason_en text, p_source_kind text, p_source_id text, p_actor uuid, p_at timestamptz, p_day date
)
RETURNS TABLE (
    outcome text, entry_id uuid, seq bigint, points bigint, debt_change bigint, balance_after bigint,
    available_after bigint, lots jsonb
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_account record;
    v_hold public.points_hold;
BEGIN
    -- Whoever may not redeem may still complete a redemption whose points wait for its money.
    IF NOT EXISTS (SELECT FROM public.ledger_grant g WHERE g.role = session_user AND g.kind = p_kind)
       AND NOT (p_kind = 'redeem' AND EXISTS (
                SELECT FROM public.redemption_payment p
                 WHERE p.customer_id = p_customer AND p.hold_id = p_hold AND p.state = 'due')) THEN
        RAISE EXCEPTION 'role may not post this kind of entry' USING ERRCODE = '42501';
    END IF;
    IF p_kind NOT IN ('redeem', 'order') OR (p_points BETWEEN 1 AND 1000000000000) IS NOT TRUE THEN
        RAISE EXCEPTION 'points out of range, or a kind that does not spend' USING ERRCODE = '22023';
    END IF;
    SELECT * INTO STRICT v_account FROM public.points_account_lock(p_customer, p_wallet, p_at, p_day);
    RETURN QUERY SELECT * FROM public.points_known(p_customer, p_wallet, p_kind, p_source_kind, p_source_id,
                                                   v_account.available);
    IF FOUND THEN
        RETURN;
    END IF;
    SELECT * INTO v_hold FROM public.points_hold h
     WHERE h.customer_id = p_customer AND h.id = p_hold AND h.wallet = p_wallet;
    outcome := CASE
        WHEN v_hold.id IS NULL THEN 'nothing'
        WHEN v_account.state <> 'open' THEN 'account_' || v_account.state
        WHEN v_hold.state <> 'open' OR v_hold.expires_at <= p_at THEN 'hold_closed'
        WHEN p_points > v_hold.points THEN 'capture_exceeds_hold'
        ELSE 'posted'
    END;
    balance_after := v_account.balance;
    available_after := v_account.available;
    debt_change := 0;
    lots := '[]';
    IF outcome <> 'posted' THEN
        RETURN NEXT;
        RETURN;
    END IF;

    entry_id := p_entry;
    points := -p_points;
    UPDATE public.points_account a SET held = a.held - v_hold.points
     WHERE a.customer_id = p_customer AND a.wallet = p_wallet;
    SELECT e.seq, e.balance_after INTO seq, balance_after FROM public.points_enter(
        p_customer, p_wallet, p_entry, p_kind, points, 0, 0, NULL, p_reason_zh, p_reason_en, p_source_kind,
        p_source_id, p_actor, p_at, p_day) e;
    WITH queue AS (
        SELECT n.lot_id, n.points AS named, l.expires_on, n.place,
               sum(n.points) OVER (ORDER BY n.place) - n.points AS before
          FROM public.points_hold_lot n
          JOIN public.points_lot l ON l.customer_id = n.customer_id AND l.id = n.lot_id
         WHERE n.customer_id = p_customer AND n.hold_id = p_hold
    ), taken AS (
        SELECT q.lot_id, q.named, q.expires_on, q.place,
               greatest(least(q.named, p_points - q.before), 0)::bigint AS points
          FROM queue q
    ), drawn AS (
        UPDATE public.points_lot l SET remaining = l.remaining - t.points, held = l.held - t.named
          FROM taken t WHERE l.customer_id = p_customer AND l.id = t.lot_id
    ), used AS (
        INSERT INTO public.points_lot_use (customer_id, entry_id, lot_id, points, place)
        SELECT p_customer, p_entry, t.lot_id, t.points, t.place FROM taken t WHERE t.points > 0
    )
    SELECT jsonb_agg(jsonb_build_object('lot_id', t.lot_id, 'points', t.points, 'expires_on', t.expires_on)
                     ORDER BY t.place) FILTER (WHERE t.points > 0)
      INTO lots FROM taken t;
    UPDATE public.points_hold h SET state = 'captured', captured = p_points, closed_at = p_at
     WHERE h.customer_id = p_customer AND h.id = p_hold;
    SELECT a.available INTO available_after FROM public.points_account_lock(p_customer, p_wallet, p_at, p_day) a;
    RETURN NEXT;
END
$$
