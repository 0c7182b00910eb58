-- Draws an amount from the lots of a locked account for an entry, and returns them in the order in which they gave.
-- Earliest expiry first, permanent last, ties by time of earning: each lot gives what those before it leave. Pending and
-- held points are never drawn. p_from says where to look: `spendable` lots, `expired` ones, or the one lot `p_lot`.
-- Part of the ledger's functions, called by nobody else. Raises XX001 when the lots do not cover the amount.
CREATE OR REPLACE FUNCTION points_take(
    p_customer uuid, p_wallet text, p_entry uuid, p_amount bigint, p_from text, p_lot uuid, p_day date, p_places int
)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_lots jsonb;
    v_drawn bigint;
BEGIN
    WITH queue AS (
        SELECT l.id, l.remaining - l.held AS free, l.expires_on,
               sum(l.remaining - l.held) OVER line - (l.remaining - l.held) AS before, row_number() OVER line AS place
          FROM public.points_lot l
         WHERE l.customer_id = p_customer AND l.wallet = p_wallet AND l.remaining > l.held AND NOT l.pending
           AND CASE p_from WHEN 'spendable' THEN l.expires_on IS NULL OR l.expires_on >= p_day
                           WHEN 'expired' THEN l.expires_on < p_day
                           ELSE l.id = p_lot END
        WINDOW line AS (ORDER BY l.expires_on NULLS LAST, l.earned_at, l.id)
    ), taken AS (
        SELECT q.id, least(q.free, p_amount - q.before)::bigint AS points, q.expires_on, q.place + p_places AS place
          FROM queue q WHERE q.before < p_amount
    ), drawn AS (
        UPDATE public.points_lot l SET remaining = l.remaining - t.points
          FROM taken t WHERE l.customer_id = p_customer AND l.id = t.id
    ), used AS (
        INSERT INTO public.points_lot_use (customer_id, entry_id, lot_id, points, place)
        SELECT p_customer, p_entry, t.id, t.points, t.place FROM taken t
    )
    SELECT coalesce(jsonb_agg(jsonb_build_object('lot_id', t.id, 'points', t.points, 'expires_on', t.expires_on)
                              ORDER BY t.place), '[]'), coalesce(sum(t.points), 0)
      INTO v_lots, v_drawn FROM taken t;
    IF v_drawn <> p_amount THEN
        RAISE EXCEPTION 'lots do not cover the debit' USING ERRCODE = 'XX001';
    END IF;
    RETURN v_lots;
END
$$
