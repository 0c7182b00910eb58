-- Takes back what a credit gave, in whole or in part: from its own lot, then from the others as a debit would, and what
-- is missing becomes debt where the wallet lets an account owe. What of the credit has expired is gone already, and is
-- not taken a second time. Together the reversals of an entry never exceed what it gave.
-- Outcomes: posted, duplicate, reversal_exceeds_credit, account_closed, nothing (no such credit, or nothing is left that
-- could be taken). Misuse raises as in `points_post`.
CREATE OR REPLACE FUNCTION points_claw_back(
    p_customer uuid, p_wallet text, p_refers_to uuid, p_points bigint, p_entry uuid, p_reason_zh text,
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
    v_lot public.points_lot;
    v_given bigint;
    v_before bigint;
    v_expired bigint;
    v_amount bigint;
    v_own bigint;
    v_others bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM public.ledger_grant g WHERE g.role = session_user AND g.kind = 'claw_back') THEN
        RAISE EXCEPTION 'role may not post this kind of entry' USING ERRCODE = '42501';
    END IF;
    IF (p_points BETWEEN 1 AND 1000000000000) IS NOT TRUE THEN
        RAISE EXCEPTION 'points out of range' USING ERRCODE = '22023';
    END IF;
    SELECT * INTO STRICT v_account FROM public.points_account_lock(p_customer, p_wallet, p_at, p_day);
    RETURN QUERY SELECT * FROM public.points_known(p_customer, p_wallet, 'claw_back', p_source_kind, p_source_id,
                                                   v_account.available);
    IF FOUND THEN
        RETURN;
    END IF;
    SELECT e.points - e.debt_change + e.pending_change INTO v_given FROM public.points_entry e
     WHERE e.customer_id = p_customer AND e.id = p_refers_to AND e.wallet = p_wallet
       AND e.kind IN ('earn', 'opening', 'adjust_credit', 'pending_add');
    -- Points that are still pending are cancelled, not clawed back.
    SELECT * INTO v_lot FROM public.points_lot l
     WHERE l.customer_id = p_customer AND l.entry_id = p_refers_to AND NOT l.pending;
    SELECT coalesce(sum(e.debt_change - e.points - e.pending_change), 0) INTO v_before FROM public.points_entry e
     WHERE e.customer_id = p_customer AND e.refers_to = p_refers_to AND e.kind IN ('claw_back', 'pending_cancel');
    SELECT coalesce(sum(u.points), 0) INTO v_expired
      FROM public.points_lot_use u
      JOIN public.points_entry e ON e.customer_id = u.customer_id AND e.id = u.entry_id
     WHERE u.customer_id = p_customer AND u.lot_id = v_lot.id AND e.kind IN ('expire', 'expire_early');
    v_amount := greatest(least(p_points, v_given - v_before - v_expired), 0);
    v_own := least(v_amount, coalesce(v_lot.remaining - v_lot.held, 0));
    v_others := least(v_amount - v_own, v_account.available
        - CASE WHEN v_lot.expires_on < p_day THEN 0 ELSE v_own END);
    debt_change := CASE WHEN (SELECT w.may_owe FROM public.wallet w WHERE w.code = p_wallet)
                        THEN v_amount - v_own - v_others ELSE 0 END;

    outcome := CASE
        WHEN v_given IS NULL OR EXISTS (SELECT FROM public.points_lot l WHERE l.customer_id = p_customer
                                           AND l.entry_id = p_refers_to AND l.pending) THEN 'nothing'
        WHEN v_account.state = 'closed' THEN 'account_closed'
        WHEN p_points > v_given - v_before THEN 'reversal_exceeds_credit'
        WHEN v_own + v_others + debt_change = 0 THEN 'nothing'
        ELSE 'posted'
    END;
    balance_after := v_account.balance;
    available_after := v_account.available;
    lots := '[]';
    IF outcome <> 'posted' THEN
        debt_change := 0;
        RETURN NEXT;
        RETURN;
    END IF;

    entry_id := p_entry;
    points := -(v_own + v_others);
    SELECT e.seq, e.balance_after INTO seq, balance_after FROM public.points_enter(
        p_customer, p_wallet, p_entry, 'claw_back', points, debt_change, 0, p_refers_to, p_reason_zh, p_reason_en,
        p_source_kind, p_source_id, p_actor, p_at, p_day) e;
    IF v_own > 0 THEN
        lots := public.points_take(p_customer, p_wallet, p_entry, v_own, 'lot', v_lot.id, p_day, 0);
    END IF;
    IF v_others > 0 THEN
        lots := lots || public.points_take(p_customer, p_wallet, p_entry, v_others, 'spendable', NULL, p_day, 1);
    END IF;
    available_after := v_account.available - v_others - CASE WHEN v_lot.expires_on < p_day THEN 0 ELSE v_own END;
    RETURN NEXT;
END
$$
