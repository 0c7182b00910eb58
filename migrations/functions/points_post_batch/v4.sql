-- Posts many credits of one kind at once: the same result as a loop of `points_post` over the list in its order, with
-- one insert of entries, one of lots and one update of accounts. Callers sort the list by customer and wallet.
-- The kinds are `earn`, `opening`, `adjust_credit` and `pending_add`; days until which points are pending come with the
-- last of them only.
--
-- The accounts are locked as everywhere: one after another, by customer and wallet, each with an equality. What is new or
-- has lapsed goes through `points_account_lock`; for all others a look is enough.
--
-- Outcomes of each movement: posted, duplicate, account_closed, wallet_closed. Misuse raises as in `points_post` and in
-- `points_account_lock`.
CREATE OR REPLACE FUNCTION points_post_batch(
    p_customers uuid[], p_wallets text[], p_kind text, p_points bigint[], p_entries uuid[], p_lots uuid[],
    p_expires_on date[], p_pending_until date[], p_reasons_zh text[], p_reasons_en text[], p_source_kind text, p_source_ids text[],
    p_actor uuid, p_at timestamptz, p_day date
)
RETURNS TABLE (place bigint, outcome text, entry_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_pending boolean := p_kind = 'pending_add';
    v_account record;
    v_lapses_on date;
BEGIN
    IF NOT EXISTS (SELECT FROM public.ledger_grant g WHERE g.role = session_user AND g.kind = p_kind) THEN
        RAISE EXCEPTION 'role may not post this kind of entry' USING ERRCODE = '42501';
    END IF;
    IF p_kind NOT IN ('earn', 'opening', 'adjust_credit', 'pending_add') THEN
        RAISE EXCEPTION 'only credits are posted in batches' USING ERRCODE = '22023';
    END IF;
    IF EXISTS (SELECT FROM unnest(p_wallets) AS m(wallet) LEFT JOIN public.wallet w ON w.code = m.wallet
                WHERE w.code IS NULL) THEN
        RAISE EXCEPTION 'unknown wallet' USING ERRCODE = '22023';
    END IF;
    IF EXISTS (SELECT FROM unnest(p_points, p_lots) AS m(size, lot)
                WHERE m.lot IS NULL OR (m.size BETWEEN 1 AND 1000000000000) IS NOT TRUE) THEN
        RAISE EXCEPTION 'points out of range, or a credit without a lot' USING ERRCODE = '22023';
    END IF;

    IF session_user IN ('guibin_customer', 'guibin_bank') AND EXISTS (
        SELECT FROM unnest(p_customers) AS m(customer_id) WHERE NOT public.row_scope_opens(m.customer_id)
    ) THEN
        RAISE EXCEPTION 'the transaction has not opened these customers'' rows' USING ERRCODE = '42501';
    END IF;
    FOR v_account IN SELECT DISTINCT m.customer_id, m.wallet FROM unnest(p_customers, p_wallets) AS m(customer_id, wallet)
                      ORDER BY m.customer_id, m.wallet
    LOOP
        SELECT a.lapses_on INTO v_lapses_on FROM public.points_account a
         WHERE a.customer_id = v_account.customer_id AND a.wallet = v_account.wallet FOR UPDATE;
        IF NOT FOUND OR v_lapses_on < p_day THEN
            PERFORM public.points_account_lock(v_account.customer_id, v_account.wallet, p_at, p_day);
        END IF;
    END LOOP;

    RETURN QUERY
    WITH asked AS (
        SELECT m.* FROM unnest(p_customers, p_wallets, p_points, p_entries, p_lots, p_expires_on, p_pending_until,
                               p_reasons_zh, p_reasons_en, p_source_ids)
               WITH ORDINALITY AS m(customer_id, wallet, size, entry, lot, expires_on, pending_until, reason_zh,
                                    reason_en, source_id, n)
    ), judged AS (
        SELECT m.*, a.balance, a.debt, a.version, w.cost_fen, w.funding_line, e.id AS known,
               first_value(m.entry) OVER twins AS first_entry,
               CASE WHEN e.id IS NOT NULL THEN 'duplicate'
                    WHEN a.state = 'closed' THEN 'account_closed'
                    WHEN NOT w.active THEN 'wallet_closed'
                    WHEN row_number() OVER twins > 1 THEN 'duplicate'
                    ELSE 'posted' END AS outcome
          FROM asked m
          JOIN public.wallet w ON w.code = m.wallet
          JOIN public.points_account a ON a.customer_id = m.customer_id AND a.wallet = m.wallet
          LEFT JOIN public.points_entry e ON e.customer_id = m.customer_id AND e.wallet = m.wallet AND e.kind = p_kind
                                         AND e.source_kind = p_source_kind AND e.source_id = m.source_id
        WINDOW twins AS (PARTITION BY m.customer_id, m.wallet, m.source_id ORDER BY m.n)
    ), counted AS (
        SELECT j.*, (sum(j.size) OVER account)::bigint AS gross, row_number() OVER account AS step
          FROM judged j WHERE j.outcome = 'posted'
        WINDOW account AS (PARTITION BY j.customer_id, j.wallet ORDER BY j.n)
    ), paid AS (
        -- Credits pay the debt first: what of the sum so far went into it, before and after this one.
        SELECT c.*, CASE WHEN v_pending THEN 0 ELSE least(c.debt, c.gross) END AS paid_after,
               CASE WHEN v_pending THEN 0 ELSE least(c.debt, c.gross - c.size) END AS paid_before
          FROM counted c
    ), entries AS (
        INSERT INTO public.points_entry (customer_id, id, wallet, seq, kind, points, debt_change, pending_change, contra,
                                         balance_after, reason_zh, reason_en, source_kind, source_id, actor_id,
                                         posted_at, posted_on)
        SELECT p.customer_id, p.entry, p.wallet, p.version + p.step, p_kind,
               CASE WHEN v_pending THEN 0 ELSE p.size - (p.paid_after - p.paid_before) END,
               p.paid_before - p.paid_after, CASE WHEN v_pending THEN p.size ELSE 0 END,
               CASE p_kind WHEN 'adjust_credit' THEN 'adjustment' ELSE 'issuance' END,
               p.balance + CASE WHEN v_pending THEN 0 ELSE p.gross - p.paid_after END, p.reason_zh, p.reason_en,
               p_source_kind, p.source_id, p_actor, p_at, p_day
          FROM paid p
    ), lots AS (
        INSERT INTO public.points_lot (customer_id, id, wallet, entry_id, original, remaining, held, pending,
                                       pending_until, earned_at, expires_on, cost_fen, funding_line)
        SELECT p.customer_id, p.lot, p.wallet, p.entry, p.size - (p.paid_after - p.paid_before),
               p.size - (p.paid_after - p.paid_before), 0, v_pending, p.pending_until, p_at, p.expires_on, p.cost_fen,
               p.funding_line
          FROM paid p WHERE p.size > p.paid_after - p.paid_before
    ), totals AS (
        SELECT p.customer_id, p.wallet, count(*) AS steps, max(p.gross) AS gross, max(p.paid_after) AS paid
          FROM paid p GROUP BY p.customer_id, p.wallet
    ), accounts AS (
        UPDATE public.points_account a
           SET balance = a.balance + CASE WHEN v_pending THEN 0 ELSE t.gross - t.paid END,
               pending = a.pending + CASE WHEN v_pending THEN t.gross ELSE 0 END,
               debt = a.debt - t.paid, version = a.version + t.steps,
               moved = a.moved || jsonb_build_object(
                   p_kind, coalesce((a.moved ->> p_kind)::bigint, 0) + CASE WHEN v_pending THEN 0 ELSE t.gross END),
               lapses_on = CASE WHEN w.expiry = 'inactivity' AND (p_kind = 'earn' OR a.lapses_on IS NULL)
                                THEN (p_day + make_interval(months => w.expiry_months))::date ELSE a.lapses_on END
          FROM totals t JOIN public.wallet w ON w.code = t.wallet
         WHERE a.customer_id = t.customer_id AND a.wallet = t.wallet
    )
    SELECT j.n, j.outcome, CASE j.outcome WHEN 'duplicate' THEN coalesce(j.known, j.first_entry)
                                          WHEN 'posted' THEN j.entry END
      FROM judged j ORDER BY j.n;
END
$$
