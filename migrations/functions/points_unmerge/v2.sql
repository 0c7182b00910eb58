-- Gives back, when a merge is undone, what is left of the points that it took over in one wallet: out of the lots that it
-- made with the surviving customer into the lots that they came from, as a refund does, so that an earlier merge whose
-- points were among them can be undone after this one. Where the last day is another by now it is a lot of its own, with
-- that day and the cost. What was spent meanwhile stays spent; what is set aside stays with whoever set it aside. Of debt
-- that came over goes back what is still owed. Both accounts are locked in the order of their customers' ids. The
-- arguments are those of `points_merge`; the giver is the surviving customer.
-- Outcomes: posted, nothing (nothing is left of it), account_closed (of either side). Raises 22023 for an unknown wallet.
-- Who may call it is who may merge: `points_post` posts these kinds for nobody.
CREATE OR REPLACE FUNCTION points_unmerge(
    p_merge uuid, p_from uuid, p_to uuid, p_wallet text, p_ids uuid[], p_lots uuid[], p_reasons_zh text[],
    p_reasons_en text[], p_actor uuid, p_at timestamptz, p_day date
)
RETURNS TABLE (outcome text, points bigint, debt bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_from record;
    v_to record;
    v_made uuid[];
    v_lot record;
    v_place int := 0;
    v_paid bigint;
    v_kept bigint;
    v_home uuid;
    v_source text := 'mrg_' || p_merge || '/undone';
BEGIN
    IF p_from = p_to OR NOT EXISTS (SELECT FROM public.wallet w WHERE w.code = p_wallet) THEN
        RAISE EXCEPTION 'unknown wallet, or one customer' USING ERRCODE = '22023';
    END IF;
    IF p_from < p_to THEN
        SELECT * INTO STRICT v_from FROM public.points_account_lock(p_from, p_wallet, p_at, p_day);
        SELECT * INTO STRICT v_to FROM public.points_account_lock(p_to, p_wallet, p_at, p_day);
    ELSE
        SELECT * INTO STRICT v_to FROM public.points_account_lock(p_to, p_wallet, p_at, p_day);
        SELECT * INTO STRICT v_from FROM public.points_account_lock(p_from, p_wallet, p_at, p_day);
    END IF;
    SELECT array_agg(m.entry_id), coalesce(sum(greatest(e.debt_change, 0)), 0) INTO v_made, debt
      FROM public.points_merge m
      JOIN public.points_entry e ON e.customer_id = m.customer_id AND e.id = m.entry_id
     WHERE m.customer_id = p_from AND m.merge_id = p_merge AND m.wallet = p_wallet AND m.side = 'in' AND NOT m.undoes;
    debt := least(debt, v_from.debt);
    SELECT coalesce(sum(l.remaining - l.held), 0) INTO points FROM public.points_lot l
     WHERE l.customer_id = p_from AND l.wallet = p_wallet AND l.entry_id = ANY (v_made) AND l.remaining > l.held
       AND (l.expires_on IS NULL OR l.expires_on >= p_day);
    outcome := CASE
        WHEN v_made IS NULL OR (points = 0 AND debt = 0) THEN 'nothing'
        WHEN v_from.state = 'closed' OR v_to.state = 'closed' THEN 'account_closed'
        ELSE 'posted'
    END;
    IF outcome <> 'posted' THEN
        RETURN NEXT;
        RETURN;
    END IF;

    PERFORM public.points_enter(
        p_from, p_wallet, p_ids[2], 'merge_out', -points, -debt, 0, NULL, p_reasons_zh[1], p_reasons_en[1], 'merge',
        v_source, p_actor, p_at, p_day);
    -- What comes back pays what the customer owes by then, its own debt that comes back included.
    v_paid := least(v_to.debt + debt, points);
    PERFORM public.points_enter(
        p_to, p_wallet, p_ids[3], 'merge_in', points - v_paid, debt - v_paid, 0, NULL, p_reasons_zh[2],
        p_reasons_en[2], 'merge', v_source, p_actor, p_at, p_day);
    FOR v_lot IN
        SELECT l.id, l.remaining - l.held AS free, l.earned_at, l.expires_on, l.cost_fen, l.funding_line, m.id AS pair,
               (SELECT count(*) FROM public.points_lot n
                 WHERE n.customer_id = p_from AND n.entry_id = l.entry_id AND n.id > l.id) AS after
          FROM public.points_lot l
          JOIN public.points_merge m ON m.customer_id = l.customer_id AND m.entry_id = l.entry_id
         WHERE l.customer_id = p_from AND l.wallet = p_wallet AND l.entry_id = ANY (v_made) AND l.remaining > l.held
           AND (l.expires_on IS NULL OR l.expires_on >= p_day)
         ORDER BY l.expires_on NULLS LAST, l.earned_at, l.id
    LOOP
        PERFORM public.points_take(p_from, p_wallet, p_ids[2], v_lot.free, 'lot', v_lot.id, p_day, v_place);
        v_place := v_place + 1;
        v_kept := v_lot.free - least(v_paid, v_lot.free);
        v_paid := v_paid - (v_lot.free - v_kept);
        CONTINUE WHEN v_kept = 0;
        -- The lots that a merge made follow each other as those from which it took; debts had the first of them.
        SELECT u.lot_id INTO v_home
          FROM public.points_merge m
          JOIN public.points_lot_use u ON u.customer_id = m.customer_id AND u.entry_id = m.entry_id
         WHERE m.customer_id = p_to AND m.id = v_lot.pair
         ORDER BY u.place DESC OFFSET v_lot.after LIMIT 1;
        UPDATE public.points_lot l SET remaining = l.remaining + v_kept
         WHERE l.customer_id = p_to AND l.id = v_home AND l.expires_on IS NOT DISTINCT FROM v_lot.expires_on;
        IF FOUND THEN
            INSERT INTO public.points_lot_use (customer_id, entry_id, lot_id, points, place)
            VALUES (p_to, p_ids[3], v_home, -v_kept, v_place)
            ON CONFLICT (customer_id, entry_id, lot_id) DO UPDATE SET points = points_lot_use.points + excluded.points;
        ELSE
            INSERT INTO public.points_lot (customer_id, id, wallet, entry_id, original, remaining, held, pending,
                                           pending_until, earned_at, expires_on, cost_fen, funding_line)
            VALUES (p_to, p_lots[v_place], p_wallet, p_ids[3], v_kept, v_kept, 0, false, NULL, v_lot.earned_at,
                    v_lot.expires_on, v_lot.cost_fen, v_lot.funding_line);
        END IF;
    END LOOP;
    INSERT INTO public.points_merge (customer_id, id, merge_id, side, wallet, points, debt, other_id, entry_id, undoes,
                                     posted_at, posted_on)
    VALUES (p_from, p_ids[1], p_merge, 'out', p_wallet, points, debt, p_to, p_ids[2], true, p_at, p_day);
    INSERT INTO public.points_merge (customer_id, id, merge_id, side, wallet, points, debt, other_id, entry_id, undoes,
                                     posted_at, posted_on)
    VALUES (p_to, p_ids[1], p_merge, 'in', p_wallet, points, debt, p_from, p_ids[3], true, p_at, p_day);
    RETURN NEXT;
END
$$
