-- Gives what a hold set aside free again, because it is not needed (`released`) or its time has ended (`lapsed`).
-- Outcomes: posted, hold_closed (it was captured, released or has lapsed), nothing (no such hold, or not yet its end).
CREATE OR REPLACE FUNCTION points_release(
    p_customer uuid, p_wallet text, p_hold uuid, p_state text, p_at timestamptz, p_day date
)
RETURNS TABLE (outcome text, hold_id uuid, available_after bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_hold public.points_hold;
BEGIN
    PERFORM FROM public.points_account_lock(p_customer, p_wallet, p_at, p_day);
    SELECT * INTO v_hold FROM public.points_hold h
     WHERE h.customer_id = p_customer AND h.id = p_hold AND h.wallet = p_wallet;
    outcome := CASE
        WHEN v_hold.id IS NULL OR (p_state = 'lapsed' AND v_hold.expires_at > p_at) THEN 'nothing'
        WHEN v_hold.state <> 'open' THEN 'hold_closed'
        ELSE 'posted'
    END;
    IF outcome = 'posted' THEN
        UPDATE public.points_lot l SET held = l.held - n.points
          FROM public.points_hold_lot n
         WHERE l.customer_id = p_customer AND n.customer_id = p_customer AND n.hold_id = p_hold AND l.id = n.lot_id;
        UPDATE public.points_account a SET held = a.held - v_hold.points
         WHERE a.customer_id = p_customer AND a.wallet = p_wallet;
        UPDATE public.points_hold h SET state = p_state, closed_at = p_at
         WHERE h.customer_id = p_customer AND h.id = p_hold;
    END IF;
    hold_id := p_hold;
    SELECT a.available INTO available_after FROM public.points_account_lock(p_customer, p_wallet, p_at, p_day) a;
    RETURN NEXT;
END
$$
