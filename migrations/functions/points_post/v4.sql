-- The one door to the ledger: posts one movement of one account, with its lots, or says why not. What takes back, gives
-- back, sets aside or passes on has doors of its own (points_claw_back, points_refund, points_hold, points_transfer).
--
-- p_points is the size of the movement, 1 to 10^12; the kind determines its sign and its contra account. It is NULL for
-- `expire` (all that has expired before p_day goes), `expire_early` (all that is free in the lot p_lot) and
-- `pending_activate` (all that is left of what the entry p_refers_to made pending). Ids and times come from the caller.
-- Outcomes: posted, duplicate (the same source has posted this kind before), insufficient_points, account_frozen,
-- account_closed, wallet_closed, reversal_exceeds_credit (more would be cancelled than is pending), nothing (there is
-- nothing to move). Misuse raises: 42501 a kind that ledger_grant does
-- not give to the session's role, 22023 an impossible argument, 23503 an unknown customer.
CREATE OR REPLACE FUNCTION points_post(
    p_customer uuid, p_wallet text, p_kind text, p_points bigint, p_entry uuid, p_lot uuid, p_expires_on date,
    p_pending_until date, p_refers_to uuid, p_reason_zh text, p_reason_en text, p_source_kind text, p_source_id text,
    p_actor uuid, p_at timestamptz, p_day date
)
RETURNS TABLE (
    outcome text, entry_id uuid, seq bigint, points bigint, debt_change bigint, balance_after bigint,
    available_after bigint, lots jsonb
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_credit boolean := p_kind IN ('earn', 'opening', 'adjust_credit');
    v_debit boolean := p_kind IN ('redeem', 'order', 'adjust_debit');
    v_account record;
    v_known uuid;
    v_expired bigint;
    v_available bigint;
    v_spent record;
    v_lot public.points_lot;
    v_amount bigint := p_points;
BEGIN
    IF (p_kind IN ('expire', 'expire_early', 'pending_activate')) <> (p_points IS NULL)
       OR p_points NOT BETWEEN 1 AND 1000000000000 THEN
        RAISE EXCEPTION 'points out of range' USING ERRCODE = '22023';
    END IF;
    IF (v_credit OR p_kind IN ('pending_add', 'expire_early')) <> (p_lot IS NOT NULL)
       OR (p_kind IN ('pending_activate', 'pending_cancel')) <> (p_refers_to IS NOT NULL)
       OR (p_expires_on IS NOT NULL AND NOT v_credit AND p_kind <> 'pending_add')
       OR (p_pending_until IS NOT NULL AND p_kind <> 'pending_add') THEN
        RAISE EXCEPTION 'a lot, a day or an entry that does not fit the kind' USING ERRCODE = '22023';
    END IF;

    IF session_user IN ('guibin_customer', 'guibin_bank')
       AND public.row_scope_customer() IS DISTINCT FROM p_customer AND NOT public.row_scope_opens(p_customer) THEN
        RAISE EXCEPTION 'the transaction has not opened this customer''s rows' USING ERRCODE = '42501';
    END IF;
    -- An account that is there and has not lapsed is locked by the statement that reads it, all others by the long way.
    FOR v_try IN 1..2 LOOP
        SELECT a.balance, a.held, a.debt, a.state, w.active, w.cost_fen, w.funding_line, w.expiry, w.expiry_months,
               a.lapses_on, a.lapses_on < p_day AS lapsed,
               EXISTS (SELECT FROM public.ledger_grant g WHERE g.role = session_user AND g.kind = p_kind) AS granted
          INTO v_account
          FROM public.points_account a JOIN public.wallet w ON w.code = a.wallet
         WHERE a.customer_id = p_customer AND a.wallet = p_wallet FOR UPDATE OF a;
        EXIT WHEN FOUND AND v_account.lapsed IS NOT TRUE;
        IF NOT EXISTS (SELECT FROM public.wallet w WHERE w.code = p_wallet) THEN
            RAISE EXCEPTION 'unknown wallet' USING ERRCODE = '22023';
        END IF;
        PERFORM FROM public.points_account_lock(p_customer, p_wallet, p_at, p_day);
    END LOOP;
    IF v_account.granted IS NOT TRUE THEN
        RAISE EXCEPTION 'role may not post this kind of entry' USING ERRCODE = '42501';
    END IF;
    IF p_kind IN ('refund', 'claw_back', 'transfer_out', 'transfer_in') THEN
        RAISE EXCEPTION 'a kind with a door of its own' USING ERRCODE = '22023';
    END IF;
    -- Read by a statement of its own: what was posted while it waited for the lock is not in the one before.
    SELECT (SELECT e.id FROM public.points_entry e
             WHERE e.customer_id = p_customer AND e.wallet = p_wallet AND e.kind = p_kind
               AND e.source_kind = p_source_kind AND e.source_id = p_source_id),
           coalesce((SELECT sum(l.remaining - l.held) FROM public.points_lot l
                      WHERE l.customer_id = p_customer AND l.wallet = p_wallet AND l.remaining > 0 AND NOT l.pending
                        AND l.expires_on < p_day), 0)
      INTO v_known, v_expired;
    v_available := v_account.balance - v_account.held - v_expired;
    IF v_known IS NOT NULL THEN
        RETURN QUERY SELECT * FROM public.points_known(p_customer, p_wallet, p_kind, p_source_kind, p_source_id,
                                                       v_available);
        RETURN;
    END IF;
    IF p_kind IN ('pending_activate', 'pending_cancel', 'expire_early') THEN
        SELECT * INTO v_lot FROM public.points_lot l
         WHERE l.customer_id = p_customer AND l.wallet = p_wallet AND l.remaining > 0
           AND CASE WHEN p_kind = 'expire_early' THEN l.id = p_lot AND NOT l.pending
                    ELSE l.entry_id = p_refers_to AND l.pending END;
        v_amount := coalesce(p_points, v_lot.remaining - v_lot.held);
    ELSIF p_kind = 'expire' THEN
        v_amount := v_expired;
    END IF;

    outcome := CASE
        WHEN v_account.state = 'closed' THEN 'account_closed'
        WHEN v_account.state = 'frozen' AND p_kind IN ('redeem', 'order') THEN 'account_frozen'
        WHEN NOT v_account.active AND p_kind NOT IN ('expire', 'expire_early', 'pending_cancel') THEN 'wallet_closed'
        WHEN v_debit AND v_amount > v_available THEN 'insufficient_points'
        WHEN coalesce(v_amount, 0) = 0 OR (p_refers_to IS NOT NULL AND v_lot.id IS NULL) THEN 'nothing'
        WHEN p_kind = 'pending_cancel' AND v_amount > v_lot.remaining THEN 'reversal_exceeds_credit'
        ELSE 'posted'
    END;
    balance_after := v_account.balance;
    available_after := v_available;
    lots := '[]';
    IF outcome <> 'posted' THEN
        RETURN NEXT;
        RETURN;
    END IF;

    entry_id := p_entry;
    IF v_debit THEN
        v_spent := public.points_spend(
            p_customer, p_wallet, p_entry, p_kind, v_amount,
            CASE WHEN v_account.expiry = 'inactivity' AND (p_kind IN ('redeem', 'order') OR v_account.lapses_on IS NULL)
                 THEN (p_day + make_interval(months => v_account.expiry_months))::date END,
            p_reason_zh, p_reason_en, p_source_kind, p_source_id, p_actor, p_at, p_day);
        seq := v_spent.seq;
        points := -v_amount;
        debt_change := 0;
        balance_after := v_spent.balance_after;
        available_after := v_available - v_amount;
        lots := v_spent.lots;
        RETURN NEXT;
        RETURN;
    END IF;
    -- Whatever comes in pays the debt first.
    debt_change := CASE WHEN v_credit OR p_kind = 'pending_activate' THEN -least(v_account.debt, v_amount) ELSE 0 END;
    points := CASE WHEN v_credit OR p_kind = 'pending_activate' THEN v_amount + debt_change
                   WHEN p_kind IN ('pending_add', 'pending_cancel') THEN 0 ELSE -v_amount END;
    SELECT e.seq, e.balance_after INTO seq, balance_after FROM public.points_enter(
        p_customer, p_wallet, p_entry, p_kind, points, debt_change,
        CASE p_kind WHEN 'pending_add' THEN v_amount WHEN 'pending_activate' THEN -v_amount
                    WHEN 'pending_cancel' THEN -v_amount ELSE 0 END,
        p_refers_to, p_reason_zh, p_reason_en, p_source_kind, p_source_id, p_actor, p_at, p_day) e;

    IF p_kind = 'pending_add' OR (v_credit AND points > 0) THEN
        v_amount := v_amount + debt_change;
        INSERT INTO public.points_lot (customer_id, id, wallet, entry_id, original, remaining, held, pending,
                                       pending_until, earned_at, expires_on, cost_fen, funding_line)
        VALUES (p_customer, p_lot, p_wallet, p_entry, v_amount, v_amount, 0, p_kind = 'pending_add', p_pending_until,
                p_at, p_expires_on, v_account.cost_fen, v_account.funding_line);
        lots := jsonb_build_array(jsonb_build_object('lot_id', p_lot, 'points', v_amount, 'expires_on', p_expires_on));
    ELSIF p_kind IN ('pending_activate', 'pending_cancel') THEN
        -- What is activated leaves the lot only as far as it pays debt; what is cancelled leaves it for good.
        v_amount := CASE p_kind WHEN 'pending_cancel' THEN v_amount ELSE -debt_change END;
        UPDATE public.points_lot l
           SET remaining = l.remaining - v_amount, pending = l.pending AND p_kind = 'pending_cancel'
         WHERE l.customer_id = p_customer AND l.id = v_lot.id;
        INSERT INTO public.points_lot_use (customer_id, entry_id, lot_id, points, place)
        SELECT p_customer, p_entry, v_lot.id, v_amount, 1 WHERE v_amount > 0;
        lots := jsonb_build_array(jsonb_build_object(
            'lot_id', v_lot.id, 'points', CASE p_kind WHEN 'pending_cancel' THEN v_amount ELSE points END,
            'expires_on', v_lot.expires_on));
    ELSIF NOT v_credit THEN
        lots := public.points_take(
            p_customer, p_wallet, p_entry, v_amount, CASE p_kind WHEN 'expire' THEN 'expired' ELSE 'lot' END, p_lot,
            p_day, 0);
    END IF;

    -- What has expired was not available before it went, and what comes in expired is not available either.
    available_after := v_available + CASE
        WHEN p_kind = 'expire' OR coalesce(p_expires_on, v_lot.expires_on) < p_day THEN 0 ELSE points END;
    RETURN NEXT;
END
$$
