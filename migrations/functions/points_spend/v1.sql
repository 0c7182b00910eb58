-- Spends what a locked account has available: the entry, the account and the lots in one statement, which a redemption
-- feels: the same as `points_enter` and `points_take` one after the other. Earliest expiry first, permanent last, ties by
-- time of earning. Returns the entry's place, the balance after and the lots in the order in which they gave.
-- Part of the ledger's functions, called by nobody else. Raises XX001 when the lots do not cover the amount.
CREATE OR REPLACE FUNCTION points_spend(
    p_customer uuid, p_wallet text, p_entry uuid, p_kind text, p_amount bigint, p_lapses_on date, p_reason_zh text,
    p_reason_en text, p_source_kind text, p_source_id text, p_actor uuid, p_at timestamptz, p_day date,
    OUT seq bigint, OUT balance_after bigint, OUT lots jsonb
)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_drawn bigint;
BEGIN
    WITH queue AS (
        SELECT l.id, l.remaining - l.held AS free, l.expires_on,
               sum(l.remaining - l.held) OVER line - (l.remaining - l.held) AS before, row_number() OVER line AS place
          FROM public.points_lot l
         WHERE l.customer_id = p_customer AND l.wallet = p_wallet AND l.remaining > 0 AND l.remaining > l.held
           AND NOT l.pending AND (l.expires_on IS NULL OR l.expires_on >= p_day)
        WINDOW line AS (ORDER BY l.expires_on NULLS LAST, l.earned_at, l.id)
    ), taken AS (
        SELECT q.id, least(q.free, p_amount - q.before)::bigint AS points, q.expires_on, q.place
          FROM queue q WHERE q.before < p_amount
    ), account AS (
        UPDATE public.points_account a
           SET balance = a.balance - p_amount, version = a.version + 1, lapses_on = coalesce(p_lapses_on, a.lapses_on),
               moved = a.moved || jsonb_build_object(p_kind, coalesce((a.moved ->> p_kind)::bigint, 0) - p_amount)
         WHERE a.customer_id = p_customer AND a.wallet = p_wallet
        RETURNING a.version, a.balance
    ), entry AS (
        INSERT INTO public.points_entry (customer_id, id, wallet, seq, kind, points, debt_change, pending_change, contra,
                                         balance_after, reason_zh, reason_en, source_kind, source_id, actor_id,
                                         posted_at, posted_on)
        SELECT p_customer, p_entry, p_wallet, a.version, p_kind, -p_amount, 0, 0,
               CASE p_kind WHEN 'adjust_debit' THEN 'adjustment' ELSE 'redemption' END, a.balance, p_reason_zh,
               p_reason_en, p_source_kind, p_source_id, p_actor, p_at, p_day FROM account a
    ), drawn AS (
        UPDATE public.points_lot l SET remaining = l.remaining - t.points
          FROM taken t WHERE l.customer_id = p_customer AND l.id = t.id
    ), used AS (
        INSERT INTO public.points_lot_use (customer_id, entry_id, lot_id, points, place)
        SELECT p_customer, p_entry, t.id, t.points, t.place FROM taken t
    )
    SELECT a.version, a.balance, t.lots, t.drawn INTO STRICT seq, balance_after, lots, v_drawn
      FROM account a
     CROSS JOIN (SELECT jsonb_agg(jsonb_build_object('lot_id', t.id, 'points', t.points, 'expires_on', t.expires_on)
                                  ORDER BY t.place) AS lots, sum(t.points) AS drawn FROM taken t) t;
    IF v_drawn IS DISTINCT FROM p_amount THEN
        RAISE EXCEPTION 'lots do not cover the debit' USING ERRCODE = 'XX001';
    END IF;
END
$$
