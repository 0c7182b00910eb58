-- Sets points aside until p_expires_at: the hold names its lots, as a debit would draw them, and what is held neither
-- expires nor can be spent until it is captured or released.
-- Outcomes: posted, duplicate (the same source has made a hold before), insufficient_points, account_frozen,
-- account_closed, wallet_closed. Misuse raises as in `points_post`.
CREATE OR REPLACE FUNCTION points_hold(
    p_customer uuid, p_wallet text, p_points bigint, p_hold uuid, p_expires_at timestamptz, p_reason_zh text,
    p_reason_en text, p_source_kind text, p_source_id text, p_actor uuid, p_at timestamptz, p_day date
)
RETURNS TABLE (outcome text, hold_id uuid, available_after bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_active boolean;
    v_account record;
BEGIN
    SELECT w.active INTO v_active FROM public.wallet w WHERE w.code = p_wallet;
    IF NOT FOUND OR (p_points BETWEEN 1 AND 1000000000000) IS NOT TRUE OR (p_expires_at > p_at) IS NOT TRUE THEN
        RAISE EXCEPTION 'unknown wallet, points or time out of range' USING ERRCODE = '22023';
    END IF;
    SELECT * INTO STRICT v_account FROM public.points_account_lock(p_customer, p_wallet, p_at, p_day);
    RETURN QUERY SELECT 'duplicate'::text, h.id, v_account.available FROM public.points_hold h
     WHERE h.customer_id = p_customer AND h.source_kind = p_source_kind AND h.source_id = p_source_id;
    IF FOUND THEN
        RETURN;
    END IF;
    outcome := CASE
        WHEN v_account.state <> 'open' THEN 'account_' || v_account.state
        WHEN NOT v_active THEN 'wallet_closed'
        WHEN p_points > v_account.available THEN 'insufficient_points'
        ELSE 'posted'
    END;
    available_after := v_account.available;
    IF outcome = 'posted' THEN
        hold_id := p_hold;
        available_after := v_account.available - p_points;
        INSERT INTO public.points_hold (customer_id, id, wallet, points, captured, state, expires_at, reason_zh,
                                        reason_en, source_kind, source_id, actor_id, created_at)
        VALUES (p_customer, p_hold, p_wallet, p_points, 0, 'open', p_expires_at, p_reason_zh, p_reason_en,
                p_source_kind, p_source_id, p_actor, p_at);
        WITH queue AS (
            SELECT l.id, l.remaining - l.held AS free, row_number() OVER line AS place,
                   sum(l.remaining - l.held) OVER line - (l.remaining - l.held) AS before
              FROM public.points_lot l
             WHERE l.customer_id = p_customer AND l.wallet = p_wallet AND l.remaining > l.held AND NOT l.pending
               AND (l.expires_on IS NULL OR l.expires_on >= p_day)
            WINDOW line AS (ORDER BY l.expires_on NULLS LAST, l.earned_at, l.id)
        ), taken AS (
            SELECT q.id, least(q.free, p_points - q.before)::bigint AS points, q.place FROM queue q
             WHERE q.before < p_points
        ), named AS (
            INSERT INTO public.points_hold_lot (customer_id, hold_id, lot_id, points, place)
            SELECT p_customer, p_hold, t.id, t.points, t.place FROM taken t
        )
        UPDATE public.points_lot l SET held = l.held + t.points
          FROM taken t WHERE l.customer_id = p_customer AND l.id = t.id;
        UPDATE public.points_account a SET held = a.held + p_points
         WHERE a.customer_id = p_customer AND a.wallet = p_wallet;
    END IF;
    RETURN NEXT;
END
$$
