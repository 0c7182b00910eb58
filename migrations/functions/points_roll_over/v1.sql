-- Moves what has expired in an account, and is not set aside, into the wallet that its own wallet names, in one step: lots
-- with the same time of earning, cost and funding line, each naming the lot that it came from, and the last day that the
-- other wallet gives (p_expires_on). Debt in the other wallet is paid first. Both accounts are locked in the order of the
-- wallets' codes.
--
-- p_entries are ids of both entries, p_lots ids for the new lots, at least as many as the account has lots; the reasons are
-- those of what goes out, then of what comes in.
-- Outcomes: posted, duplicate (this source has done it), nothing (nothing has expired), account_closed, and expires: the
-- points go as any others, because the wallet names no other one any more or the other account takes nothing.
-- Who may call it is who ends points at night: `points_post` posts these kinds for nobody.
CREATE OR REPLACE FUNCTION points_roll_over(
    p_customer uuid, p_wallet text, p_into text, p_entries uuid[], p_lots uuid[], p_expires_on date,
    p_reasons_zh text[], p_reasons_en text[], p_source_id text, p_actor uuid, p_at timestamptz, p_day date
)
RETURNS TABLE (outcome text, points bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_from record;
    v_to record;
    v_taken jsonb;
    v_paid bigint;
BEGIN
    IF p_wallet COLLATE "C" < p_into COLLATE "C" THEN
        SELECT * INTO STRICT v_from FROM public.points_account_lock(p_customer, p_wallet, p_at, p_day);
        SELECT * INTO STRICT v_to FROM public.points_account_lock(p_customer, p_into, p_at, p_day);
    ELSE
        SELECT * INTO STRICT v_to FROM public.points_account_lock(p_customer, p_into, p_at, p_day);
        SELECT * INTO STRICT v_from FROM public.points_account_lock(p_customer, p_wallet, p_at, p_day);
    END IF;
    points := v_from.expired;
    outcome := CASE
        WHEN EXISTS (SELECT FROM public.points_known(p_customer, p_wallet, 'roll_out', 'run', p_source_id, 0))
            THEN 'duplicate'
        WHEN v_from.state = 'closed' THEN 'account_closed'
        WHEN points = 0 THEN 'nothing'
        WHEN v_to.state = 'closed' OR NOT EXISTS (
            SELECT FROM public.wallet w JOIN public.wallet t ON t.code = w.rolls_over_to AND t.active
             WHERE w.code = p_wallet AND w.rolls_over_to = p_into) THEN 'expires'
        ELSE 'posted'
    END;
    IF outcome <> 'posted' THEN
        RETURN NEXT;
        RETURN;
    END IF;

    PERFORM public.points_enter(
        p_customer, p_wallet, p_entries[1], 'roll_out', -points, 0, 0, NULL, p_reasons_zh[1], p_reasons_en[1], 'run',
        p_source_id, p_actor, p_at, p_day);
    v_taken := public.points_take(p_customer, p_wallet, p_entries[1], points, 'expired', NULL, p_day, 0);
    v_paid := least(v_to.debt, points);
    PERFORM public.points_enter(
        p_customer, p_into, p_entries[2], 'roll_in', points - v_paid, -v_paid, 0, p_entries[1], p_reasons_zh[2],
        p_reasons_en[2], 'entry', 'ent_' || p_entries[1], p_actor, p_at, p_day);
    INSERT INTO public.points_lot (customer_id, id, wallet, entry_id, original, remaining, held, pending, pending_until,
                                   earned_at, expires_on, cost_fen, funding_line, rolled_from)
    SELECT p_customer, p_lots[g.place], p_into, p_entries[2], g.kept, g.kept, 0, false, NULL, g.earned_at, p_expires_on,
           g.cost_fen, g.funding_line, g.id
      FROM (SELECT l.id, l.earned_at, l.cost_fen, l.funding_line, x.place,
                   least(x.points, sum(x.points) OVER (ORDER BY x.place) - v_paid)::bigint AS kept
              FROM (SELECT (t.lot ->> 'lot_id')::uuid AS lot_id, (t.lot ->> 'points')::bigint AS points, t.place
                      FROM jsonb_array_elements(v_taken) WITH ORDINALITY t (lot, place)) x
              JOIN public.points_lot l ON l.customer_id = p_customer AND l.id = x.lot_id) g
     WHERE g.kept > 0;
    RETURN NEXT;
END
$$
