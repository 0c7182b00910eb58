-- The one door to the ledger: posts one movement of one account, with its lots, or says why not.
--
-- p_points is the size of the movement, 1 to 10^12; the kind determines its sign and its contra account. For `expire` it
-- is NULL: everything that has expired before p_day goes. Ids and times come from the caller.
-- Outcomes: posted, duplicate (the same source has posted this kind before), insufficient_points, account_frozen,
-- account_closed, wallet_closed, nothing (no lot has expired). Misuse raises: 42501 a kind that ledger_grant does not
-- give to the session's role, 22023 an impossible argument, 23503 an unknown customer.
CREATE OR REPLACE FUNCTION points_post(
    p_customer uuid, p_wallet text, p_kind text, p_points bigint, p_entry uuid, p_lot uuid, p_expires_on date,
    p_reason_zh text, p_reason_en text, p_source_kind text, p_source_id text, p_actor uuid, p_at timestamptz,
    p_day date
)
RETURNS TABLE (
    outcome text, entry_id uuid, seq bigint, points bigint, balance_after bigint, available_after bigint, lots jsonb
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_credit boolean := p_kind IN ('earn', 'adjust_credit');
    v_active boolean;
    v_account record;
    v_amount bigint;
    v_points bigint;
    v_debt_change bigint := 0;
    v_lots jsonb := '[]';
BEGIN
    IF NOT EXISTS (SELECT FROM public.ledger_grant g WHERE g.role = session_user AND g.kind = p_kind) THEN
        RAISE EXCEPTION 'role may not post this kind of entry' USING ERRCODE = '42501';
    END IF;
    SELECT w.active INTO v_active FROM public.wallet w WHERE w.code = p_wallet;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown wallet' USING ERRCODE = '22023';
    END IF;
    IF (p_kind = 'expire') <> (p_points IS NULL) OR p_points NOT BETWEEN 1 AND 1000000000000 THEN
        RAISE EXCEPTION 'points out of range' USING ERRCODE = '22023';
    END IF;
    IF v_credit <> (p_lot IS NOT NULL) OR (NOT v_credit AND p_expires_on IS NOT NULL) THEN
        RAISE EXCEPTION 'a credit makes a lot, a debit does not' USING ERRCODE = '22023';
    END IF;

    SELECT * INTO STRICT v_account FROM public.points_account_lock(p_customer, p_wallet, p_at, p_day);

    -- The account is locked: no twin can post the same source between this look and the insert.
    RETURN QUERY
        SELECT 'duplicate'::text, e.id, e.seq, e.points, e.balance_after, v_account.available,
               coalesce((SELECT jsonb_agg(jsonb_build_object('lot_id', u.lot_id, 'points', u.points,
                                                             'expires_on', l.expires_on)
                                          ORDER BY l.expires_on NULLS LAST, l.earned_at, l.id)
                           FROM public.points_lot_use u
                           JOIN public.points_lot l ON l.customer_id = u.customer_id AND l.id = u.lot_id
                          WHERE u.customer_id = p_customer AND u.entry_id = e.id), '[]'::jsonb)
          FROM public.points_entry e
         WHERE e.customer_id = p_customer AND e.wallet = p_wallet AND e.kind = p_kind
           AND e.source_kind = p_source_kind AND e.source_id = p_source_id;
    IF FOUND THEN
        RETURN;
    END IF;

    outcome := CASE
        WHEN v_account.state = 'closed' THEN 'account_closed'
        WHEN v_account.state = 'frozen' AND p_kind = 'redeem' THEN 'account_frozen'
        WHEN NOT v_active AND p_kind <> 'expire' THEN 'wallet_closed'
        WHEN p_kind IN ('redeem', 'adjust_debit') AND p_points > v_account.available THEN 'insufficient_points'
        -- What is held does not expire before its release.
        WHEN p_kind = 'expire' AND least(v_account.expired, v_account.balance - v_account.held) = 0 THEN 'nothing'
        ELSE 'posted'
    END;
    balance_after := v_account.balance;
    available_after := v_account.available;
    IF outcome <> 'posted' THEN
        lots := v_lots;
        RETURN NEXT;
        RETURN;
    END IF;

    v_amount := coalesce(p_points, least(v_account.expired, v_account.balance - v_account.held));
    IF v_credit THEN
        v_debt_change := -least(v_account.debt, v_amount);
        v_points := v_amount + v_debt_change;
    ELSE
        v_points := -v_amount;
    END IF;

    INSERT INTO public.points_entry (customer_id, id, wallet, seq, kind, points, debt_change, contra, balance_after,
                                     reason_zh, reason_en, source_kind, source_id, actor_id, posted_at, posted_on)
    VALUES (p_customer, p_entry, p_wallet, v_account.version + 1, p_kind, v_points, v_debt_change,
            CASE p_kind WHEN 'earn' THEN 'issuance' WHEN 'redeem' THEN 'redemption' WHEN 'expire' THEN 'expiry'
                        ELSE 'adjustment' END,
            v_account.balance + v_points, p_reason_zh, p_reason_en, p_source_kind, p_source_id, p_actor, p_at, p_day);

    IF v_points > 0 THEN
        INSERT INTO public.points_lot (customer_id, id, wallet, entry_id, original, remaining, earned_at, expires_on)
        VALUES (p_customer, p_lot, p_wallet, p_entry, v_points, v_points, p_at, p_expires_on);
        v_lots := jsonb_build_array(
            jsonb_build_object('lot_id', p_lot, 'points', v_points, 'expires_on', p_expires_on));
    ELSIF v_points < 0 THEN
        -- Earliest expiry first, permanent last, ties by time of earning: each lot gives what those before it leave.
        WITH queue AS (
            SELECT l.id, l.remaining, l.expires_on, l.earned_at,
                   sum(l.remaining) OVER (ORDER BY l.expires_on NULLS LAST, l.earned_at, l.id) - l.remaining AS before
              FROM public.points_lot l
             WHERE l.customer_id = p_customer AND l.wallet = p_wallet AND l.remaining > 0
               AND (CASE WHEN p_kind = 'expire' THEN l.expires_on < p_day
                         ELSE l.expires_on IS NULL OR l.expires_on >= p_day END)
        ), taken AS (
            SELECT q.id, least(q.remaining, v_amount - q.before)::bigint AS points, q.expires_on, q.earned_at
              FROM queue q WHERE q.before < v_amount
        ), drawn AS (
            UPDATE public.points_lot l SET remaining = l.remaining - t.points
              FROM taken t WHERE l.customer_id = p_customer AND l.id = t.id
        ), used AS (
            INSERT INTO public.points_lot_use (customer_id, entry_id, lot_id, points)
            SELECT p_customer, p_entry, t.id, t.points FROM taken t
        )
        SELECT jsonb_agg(jsonb_build_object('lot_id', t.id, 'points', t.points, 'expires_on', t.expires_on)
                         ORDER BY t.expires_on NULLS LAST, t.earned_at, t.id)
          INTO v_lots FROM taken t;
        IF (SELECT coalesce(sum((lot ->> 'points')::bigint), 0) FROM jsonb_array_elements(v_lots) AS lot) <> v_amount THEN
            RAISE EXCEPTION 'lots do not cover the debit' USING ERRCODE = 'XX001';
        END IF;
    END IF;

    UPDATE public.points_account a
       SET balance = v_account.balance + v_points, debt = v_account.debt + v_debt_change, version = v_account.version + 1
     WHERE a.customer_id = p_customer AND a.wallet = p_wallet;

    entry_id := p_entry;
    seq := v_account.version + 1;
    points := v_points;
    balance_after := v_account.balance + v_points;
    available_after := v_account.available
        + CASE WHEN p_kind = 'expire' OR p_expires_on < p_day THEN 0 ELSE v_points END;
    lots := v_lots;
    RETURN NEXT;
END
$$
