-- Freezes, opens or closes a customer's account of one wallet, which is made on first use. A frozen account earns and is
-- refunded, and does not spend; a closed one does not move any more and is never opened again.
-- Outcomes: changed, unchanged, account_closed (it is closed for good), account_not_empty (points, pending points, holds
-- or debt stand in the way of closing).
-- Raises as `points_account_lock` does, and 22023 for a state that there is not.
CREATE OR REPLACE FUNCTION points_account_state(
    p_customer uuid, p_wallet text, p_state text, p_at timestamptz, p_day date
)
RETURNS TABLE (outcome text, state_before text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_account record;
BEGIN
    IF (p_state IN ('open', 'frozen', 'closed')) IS NOT TRUE THEN
        RAISE EXCEPTION 'there is no such state' USING ERRCODE = '22023';
    END IF;
    SELECT * INTO STRICT v_account FROM public.points_account_lock(p_customer, p_wallet, p_at, p_day);
    state_before := v_account.state;
    outcome := CASE
        WHEN v_account.state = p_state THEN 'unchanged'
        WHEN v_account.state = 'closed' THEN 'account_closed'
        WHEN p_state = 'closed' AND (v_account.balance > 0 OR v_account.debt > 0 OR v_account.pending > 0
                                     OR v_account.held > 0) THEN 'account_not_empty'
        ELSE 'changed'
    END;
    IF outcome = 'changed' THEN
        UPDATE public.points_account a SET state = p_state
         WHERE a.customer_id = p_customer AND a.wallet = p_wallet;
    END IF;
    RETURN NEXT;
END
$$
