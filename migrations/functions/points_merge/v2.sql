-- Takes what a customer has in one wallet over to the customer into whom it was merged, in one step: the balance in lots
-- with the same time of earning, last day, cost and funding line, and the debt. What has expired is expired first. Debt of
-- either side is paid out of what comes over, and debt that comes over out of what the other has: first out of what came
-- over by the same merge, which is the giver's own when the merge is undone. What is missing is owed.
-- Pending points stay where they are until they are activated: called again, it takes over what has come free since.
-- Both accounts are locked in the order of their customers' ids.
--
-- p_ids are three new ids: of the pair, of the giver's entry and of the receiver's; p_lots ids for the receiver's lots, at
-- least as many as the giver has lots; the reasons are the giver's, then the receiver's.
-- Outcomes: posted, nothing (there is nothing to take over), open_holds (points are set aside), account_closed (the
-- receiver's). Raises 22023 for an unknown wallet.
-- Who may call it is who may merge: `points_post` posts these kinds for nobody.
CREATE OR REPLACE FUNCTION points_merge(
    p_merge uuid, p_from uuid, p_to uuid, p_wallet text, p_ids uuid[], p_expiry uuid, p_lots uuid[],
    p_reasons_zh text[], p_reasons_en text[], p_actor uuid, p_at timestamptz, p_day date
)
RETURNS TABLE (outcome text, points bigint, debt bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_from record;
    v_to record;
    v_source text;
    v_value bigint;
    v_in bigint;
    v_owed bigint;
    v_taken jsonb := '[]';
    v_lot record;
    v_due bigint;
    v_place int := 0;
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
    points := v_from.balance - v_from.expired;
    debt := v_from.debt;
    outcome := CASE
        WHEN v_from.held > 0 THEN 'open_holds'
        WHEN points = 0 AND debt = 0 THEN 'nothing'
        WHEN v_to.state = 'closed' THEN 'account_closed'
        ELSE 'posted'
    END;
    IF outcome <> 'posted' THEN
        RETURN NEXT;
        RETURN;
    END IF;
    -- The same merge takes over again what comes free later: each time is a source of its own.
    SELECT 'mrg_' || p_merge || '/' || count(*) INTO v_source FROM public.points_merge m
     WHERE m.customer_id = p_from AND m.merge_id = p_merge AND m.wallet = p_wallet;

    IF v_from.expired > 0 THEN
        PERFORM public.points_enter(
            p_from, p_wallet, p_expiry, 'expire', -v_from.expired, 0, 0, NULL, '积分到期', 'Points expired', 'merge',
            v_source, p_actor, p_at, p_day);
        PERFORM public.points_take(p_from, p_wallet, p_expiry, v_from.expired, 'expired', NULL, p_day, 0);
    END IF;
    PERFORM public.points_enter(
        p_from, p_wallet, p_ids[2], 'merge_out', -points, -debt, 0, NULL, p_reasons_zh[1], p_reasons_en[1], 'merge',
        v_source, p_actor, p_at, p_day);
    IF points > 0 THEN
        v_taken := public.points_take(p_from, p_wallet, p_ids[2], points, 'spendable', NULL, p_day, 0);
    END IF;

    v_value := points - debt;
    v_in := CASE WHEN v_value >= 0 THEN v_value - least(v_to.debt, v_value) ELSE -least(v_to.available, -v_value) END;
    v_owed := v_in - v_value;
    PERFORM public.points_enter(
        p_to, p_wallet, p_ids[3], 'merge_in', v_in, v_owed, 0, NULL, p_reasons_zh[2], p_reasons_en[2], 'merge',
        v_source, p_actor, p_at, p_day);
    IF v_in < 0 THEN
        v_due := -v_in;
        FOR v_lot IN
            SELECT l.id, l.remaining - l.held AS free
              FROM public.points_lot l
              JOIN public.points_merge m ON m.customer_id = l.customer_id AND m.entry_id = l.entry_id
             WHERE l.customer_id = p_to AND l.wallet = p_wallet AND m.merge_id = p_merge AND m.side = 'in'
               AND NOT m.undoes AND l.remaining > l.held AND (l.expires_on IS NULL OR l.expires_on >= p_day)
             ORDER BY l.expires_on NULLS LAST, l.earned_at, l.id
        LOOP
            EXIT WHEN v_due = 0;
            PERFORM public.points_take(
                p_to, p_wallet, p_ids[3], least(v_lot.free, v_due), 'lot', v_lot.id, p_day, v_place);
            v_due := v_due - least(v_lot.free, v_due);
            v_place := v_place + 1;
        END LOOP;
        IF v_due > 0 THEN
            PERFORM public.points_take(p_to, p_wallet, p_ids[3], v_due, 'spendable', NULL, p_day, v_place);
        END IF;
    ELSIF v_in > 0 THEN
        -- What the giver's lots say goes over as a value, so that each statement is about one customer.
        SELECT jsonb_agg(jsonb_build_object('points', x.lot -> 'points', 'earned_at', l.earned_at,
                                            'cost_fen', l.cost_fen, 'expires_on', l.expires_on,
                                            'funding_line', l.funding_line) ORDER BY x.place)
          INTO v_taken
          FROM jsonb_array_elements(v_taken) WITH ORDINALITY x (lot, place)
          JOIN public.points_lot l ON l.customer_id = p_from AND l.id = (x.lot ->> 'lot_id')::uuid;
        INSERT INTO public.points_lot (customer_id, id, wallet, entry_id, original, remaining, held, pending,
                                       pending_until, earned_at, expires_on, cost_fen, funding_line)
        SELECT p_to, p_lots[g.place], p_wallet, p_ids[3], g.kept, g.kept, 0, false, NULL, g.earned_at, g.expires_on,
               g.cost_fen, g.funding_line
          FROM (SELECT t.*, x.place,
                       least(t.points, sum(t.points) OVER (ORDER BY x.place) - (points - v_in))::bigint AS kept
                  FROM jsonb_array_elements(v_taken) WITH ORDINALITY x (lot, place)
                 CROSS JOIN LATERAL jsonb_to_record(x.lot) AS t (points bigint, earned_at timestamptz, cost_fen int,
                                                                 expires_on date, funding_line text)) g
         WHERE g.kept > 0;
    END IF;
    INSERT INTO public.points_merge (customer_id, id, merge_id, side, wallet, points, debt, other_id, entry_id, undoes,
                                     posted_at, posted_on)
    VALUES (p_from, p_ids[1], p_merge, 'out', p_wallet, points, debt, p_to, p_ids[2], false, p_at, p_day);
    INSERT INTO public.points_merge (customer_id, id, merge_id, side, wallet, points, debt, other_id, entry_id, undoes,
                                     posted_at, posted_on)
    VALUES (p_to, p_ids[1], p_merge, 'in', p_wallet, points, debt, p_from, p_ids[3], false, p_at, p_day);
    RETURN NEXT;
END
$$
