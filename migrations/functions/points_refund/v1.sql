-- Gives back what a redemption or an order took, in whole or in part, into the lots that paid: the last drawn first.
-- What has expired meanwhile comes back as the lot p_lot, which can be spent until p_grace_until. Debt is paid first.
-- Together the refunds of an entry never exceed what it took.
-- Outcomes: posted, duplicate, refund_exceeds_paid, account_closed, nothing (no such debit in this account). Misuse
-- raises as in `points_post`.
CREATE OR REPLACE FUNCTION points_refund(
    p_customer uuid, p_wallet text, p_refers_to uuid, p_points bigint, p_entry uuid, p_lot uuid, p_grace_until date,
    p_reason_zh text, p_reason_en text, p_source_kind text, p_source_id text, p_actor uuid, p_at timestamptz,
    p_day date
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
    v_paid bigint;
    v_before bigint;
    v_grace bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM public.ledger_grant g WHERE g.role = session_user AND g.kind = 'refund') THEN
        RAISE EXCEPTION 'role may not post this kind of entry' USING ERRCODE = '42501';
    END IF;
    IF (p_points BETWEEN 1 AND 1000000000000) IS NOT TRUE OR p_lot IS NULL OR (p_grace_until >= p_day) IS NOT TRUE THEN
        RAISE EXCEPTION 'points, lot or day of grace out of range' USING ERRCODE = '22023';
    END IF;
    SELECT * INTO STRICT v_account FROM public.points_account_lock(p_customer, p_wallet, p_at, p_day);
    RETURN QUERY SELECT * FROM public.points_known(p_customer, p_wallet, 'refund', p_source_kind, p_source_id,
                                                   v_account.available);
    IF FOUND THEN
        RETURN;
    END IF;
    SELECT -e.points INTO v_paid FROM public.points_entry e
     WHERE e.customer_id = p_customer AND e.id = p_refers_to AND e.wallet = p_wallet AND e.kind IN ('redeem', 'order');
    SELECT coalesce(sum(e.points - e.debt_change), 0) INTO v_before FROM public.points_entry e
     WHERE e.customer_id = p_customer AND e.refers_to = p_refers_to AND e.kind = 'refund';

    outcome := CASE
        WHEN v_paid IS NULL THEN 'nothing'
        WHEN v_account.state = 'closed' THEN 'account_closed'
        WHEN p_points > v_paid - v_before THEN 'refund_exceeds_paid'
        ELSE 'posted'
    END;
    balance_after := v_account.balance;
    available_after := v_account.available;
    lots := '[]';
    IF outcome <> 'posted' THEN
        RETURN NEXT;
        RETURN;
    END IF;

    entry_id := p_entry;
    debt_change := -least(v_account.debt, p_points);
    points := p_points + debt_change;
    SELECT e.seq, e.balance_after INTO seq, balance_after FROM public.points_enter(
        p_customer, p_wallet, p_entry, 'refund', points, debt_change, 0, p_refers_to, p_reason_zh, p_reason_en,
        p_source_kind, p_source_id, p_actor, p_at, p_day) e;

    -- The debit as a line of points, the last drawn first: earlier refunds and the debt have had its beginning, this
    -- refund gives back the piece that follows.
    WITH line AS (
        SELECT u.lot_id, u.points, l.expires_on, u.place, sum(u.points) OVER (ORDER BY u.place DESC) AS upto
          FROM public.points_lot_use u
          JOIN public.points_lot l ON l.customer_id = u.customer_id AND l.id = u.lot_id
         WHERE u.customer_id = p_customer AND u.entry_id = p_refers_to
    ), piece AS (
        SELECT n.lot_id, n.expires_on, n.place,
               (least(n.upto, v_before + p_points) - greatest(n.upto - n.points, v_before - debt_change))::bigint AS points
          FROM line n
    ), back AS (
        SELECT p.lot_id, p.expires_on, p.place, p.points FROM piece p
         WHERE p.points > 0 AND (p.expires_on IS NULL OR p.expires_on >= p_day)
    ), filled AS (
        UPDATE public.points_lot l SET remaining = l.remaining + b.points
          FROM back b WHERE l.customer_id = p_customer AND l.id = b.lot_id
    ), used AS (
        INSERT INTO public.points_lot_use (customer_id, entry_id, lot_id, points, place)
        SELECT p_customer, p_entry, b.lot_id, -b.points, b.place FROM back b
    ), late AS (
        SELECT sum(p.points)::bigint AS points, min(p.lot_id::text)::uuid AS lot_id FROM piece p
         WHERE p.points > 0 AND p.expires_on < p_day
    ), grace AS (
        INSERT INTO public.points_lot (customer_id, id, wallet, entry_id, original, remaining, held, pending, earned_at,
                                       expires_on, cost_fen, funding_line)
        SELECT p_customer, p_lot, p_wallet, p_entry, t.points, t.points, 0, false, p_at, p_grace_until, l.cost_fen,
               l.funding_line
          FROM late t JOIN public.points_lot l ON l.customer_id = p_customer AND l.id = t.lot_id
         WHERE t.points > 0
    )
    SELECT coalesce((SELECT jsonb_agg(jsonb_build_object('lot_id', b.lot_id, 'points', b.points,
                                                         'expires_on', b.expires_on) ORDER BY b.place) FROM back b), '[]'),
           coalesce((SELECT t.points FROM late t), 0)
      INTO lots, v_grace;
    IF v_grace > 0 THEN
        lots := lots || jsonb_build_object('lot_id', p_lot, 'points', v_grace, 'expires_on', p_grace_until);
    END IF;
    available_after := v_account.available + points;
    RETURN NEXT;
END
$$
