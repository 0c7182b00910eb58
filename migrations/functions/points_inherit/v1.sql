-- Passes points of a deceased customer on to an heir in one step, out of the lots that are named: they keep their time of
-- earning, last day, cost and funding line, and the heir's debt is paid first. Limits of what customers pass on, and that
-- the deceased's account is frozen, do not stand in the way; what the deceased owes does, and so do holds.
-- Both accounts are locked in the order of their customers' ids.
--
-- p_takes is a list of {lot, points}, p_lots are ids for the heir's lots, one for each; p_entries and the reasons are the
-- giver's, then the heir's. p_source_id is of an approval.
-- Outcomes: posted, duplicate (one of them has a transfer of this source), not_deceased (no restriction says so now),
-- open_holds, owed (the rest would not cover the debt), account_closed, receiver_unavailable (the heir's is closed).
-- Raises 22023 for one customer, an unknown wallet or one that is never spent, XX001 when a lot has not so much.
CREATE OR REPLACE FUNCTION points_inherit(
    p_transfer uuid, p_inheritance uuid, p_from uuid, p_to uuid, p_wallet text, p_takes jsonb, p_entries uuid[],
    p_lots uuid[], p_reasons_zh text[], p_reasons_en text[], p_source_id text, p_actor uuid, p_at timestamptz, p_day date
)
RETURNS TABLE (outcome text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_from record;
    v_to record;
    v_take record;
    v_points bigint;
    v_taken jsonb := '[]';
    v_paid bigint;
BEGIN
    IF p_from = p_to OR NOT EXISTS (SELECT FROM public.wallet w WHERE w.code = p_wallet AND NOT w.growth) THEN
        RAISE EXCEPTION 'one customer, or no wallet that is spent' USING ERRCODE = '22023';
    END IF;
    IF p_from < p_to THEN
        SELECT * INTO STRICT v_from FROM public.points_account_lock(p_from, p_wallet, p_at, p_day);
        SELECT * INTO STRICT v_to FROM public.points_account_lock(p_to, p_wallet, p_at, p_day);
    ELSE
        SELECT * INTO STRICT v_to FROM public.points_account_lock(p_to, p_wallet, p_at, p_day);
        SELECT * INTO STRICT v_from FROM public.points_account_lock(p_from, p_wallet, p_at, p_day);
    END IF;
    SELECT sum(t.points) INTO STRICT v_points FROM jsonb_to_recordset(p_takes) AS t (points bigint) WHERE t.points > 0;
    outcome := CASE
        WHEN EXISTS (SELECT FROM public.points_known(p_from, p_wallet, 'transfer_out', 'approval', p_source_id, 0))
          OR EXISTS (SELECT FROM public.points_known(p_to, p_wallet, 'transfer_in', 'approval', p_source_id, 0))
            THEN 'duplicate'
        WHEN NOT EXISTS (SELECT FROM public.customer_restriction r
                          WHERE r.customer_id = p_from AND r.kind = 'deceased' AND r.valid_from <= p_day
                            AND (r.valid_to IS NULL OR r.valid_to > p_day)) THEN 'not_deceased'
        WHEN v_from.held > 0 THEN 'open_holds'
        WHEN v_from.state = 'closed' THEN 'account_closed'
        WHEN v_to.state = 'closed' THEN 'receiver_unavailable'
        WHEN v_points > v_from.available - v_from.debt THEN 'owed'
        ELSE 'posted'
    END;
    IF outcome <> 'posted' THEN
        RETURN NEXT;
        RETURN;
    END IF;

    PERFORM public.points_enter(
        p_from, p_wallet, p_entries[1], 'transfer_out', -v_points, 0, 0, NULL, p_reasons_zh[1], p_reasons_en[1],
        'approval', p_source_id, p_actor, p_at, p_day);
    FOR v_take IN
        SELECT t.lot, t.points, x.place FROM jsonb_array_elements(p_takes) WITH ORDINALITY x (take, place)
         CROSS JOIN LATERAL jsonb_to_record(x.take) AS t (lot uuid, points bigint) ORDER BY x.place
    LOOP
        v_taken := v_taken || public.points_take(
            p_from, p_wallet, p_entries[1], v_take.points, 'lot', v_take.lot, p_day, v_take.place::int - 1);
    END LOOP;
    v_paid := least(v_to.debt, v_points);
    PERFORM public.points_enter(
        p_to, p_wallet, p_entries[2], 'transfer_in', v_points - v_paid, -v_paid, 0, NULL, p_reasons_zh[2],
        p_reasons_en[2], 'approval', p_source_id, p_actor, p_at, p_day);
    -- What the giver's lots say goes over as a value, so that each statement is about one customer.
    SELECT jsonb_agg(jsonb_build_object('points', x.lot -> 'points', 'earned_at', l.earned_at, 'cost_fen', l.cost_fen,
                                        'expires_on', l.expires_on, 'funding_line', l.funding_line) ORDER BY x.place)
      INTO v_taken
      FROM jsonb_array_elements(v_taken) WITH ORDINALITY x (lot, place)
      JOIN public.points_lot l ON l.customer_id = p_from AND l.id = (x.lot ->> 'lot_id')::uuid;
    INSERT INTO public.points_lot (customer_id, id, wallet, entry_id, original, remaining, held, pending, pending_until,
                                   earned_at, expires_on, cost_fen, funding_line)
    SELECT p_to, p_lots[g.place], p_wallet, p_entries[2], g.kept, g.kept, 0, false, NULL, g.earned_at, g.expires_on,
           g.cost_fen, g.funding_line
      FROM (SELECT t.*, x.place, least(t.points, sum(t.points) OVER (ORDER BY x.place) - v_paid)::bigint AS kept
              FROM jsonb_array_elements(v_taken) WITH ORDINALITY x (lot, place)
             CROSS JOIN LATERAL jsonb_to_record(x.lot) AS t (points bigint, earned_at timestamptz, cost_fen int,
                                                             expires_on date, funding_line text)) g
     WHERE g.kept > 0;
    INSERT INTO public.points_transfer (customer_id, id, side, wallet, points, other_id, entry_id, reverses, posted_at,
                                        posted_on, inheritance_id)
    VALUES (p_from, p_transfer, 'out', p_wallet, v_points, p_to, p_entries[1], NULL, p_at, p_day, p_inheritance);
    INSERT INTO public.points_transfer (customer_id, id, side, wallet, points, other_id, entry_id, reverses, posted_at,
                                        posted_on, inheritance_id)
    VALUES (p_to, p_transfer, 'in', p_wallet, v_points, p_from, p_entries[2], NULL, p_at, p_day, p_inheritance);
    RETURN NEXT;
END
$$
