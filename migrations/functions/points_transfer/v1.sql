-- Passes points from one customer to another in one step. What is drawn from the giver's lots, earliest expiry first, is
-- the receiver's in lots with the same time of earning, last day, cost and funding line; the receiver's debt is paid
-- first. Both accounts are locked in the order of their customers' ids.
--
-- p_reverses takes a transfer back: its receiver gives, out of the lots that it made, and its giver receives.
-- p_lots are ids for the receiver's lots, at least as many as the giver has lots; p_entries and the reasons are the
-- giver's, then the receiver's.
-- Outcomes: posted, duplicate (one of them has a transfer of this source), insufficient_points, account_frozen,
-- account_closed, wallet_closed, not_transferable, receiver_unavailable. Misuse raises as in `points_post`.
CREATE OR REPLACE FUNCTION points_transfer(
    p_transfer uuid, p_from uuid, p_to uuid, p_wallet text, p_points bigint, p_reverses uuid, p_entries uuid[],
    p_lots uuid[], p_reasons_zh text[], p_reasons_en text[], p_source_kind text, p_source_id text, p_actor uuid,
    p_at timestamptz, p_day date
)
RETURNS TABLE (outcome text, available_after bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_wallet public.wallet;
    v_from record;
    v_to record;
    v_made_by uuid;
    v_given_by uuid;
    v_lot record;
    v_left bigint := p_points;
    v_place int := 0;
    v_taken jsonb := '[]';
    v_paid bigint;
BEGIN
    IF (SELECT count(*) FROM public.ledger_grant g
         WHERE g.role = session_user AND g.kind IN ('transfer_out', 'transfer_in')) <> 2 THEN
        RAISE EXCEPTION 'role may not post this kind of entry' USING ERRCODE = '42501';
    END IF;
    SELECT * INTO v_wallet FROM public.wallet w WHERE w.code = p_wallet;
    IF NOT FOUND OR p_from = p_to OR (p_points BETWEEN 1 AND 1000000000000) IS NOT TRUE THEN
        RAISE EXCEPTION 'unknown wallet, one customer, or points out of range' USING ERRCODE = '22023';
    END IF;
    IF p_from < p_to THEN
        SELECT * INTO STRICT v_from FROM public.points_account_lock(p_from, p_wallet, p_at, p_day);
        SELECT * INTO STRICT v_to FROM public.points_account_lock(p_to, p_wallet, p_at, p_day);
    ELSE
        SELECT * INTO STRICT v_to FROM public.points_account_lock(p_to, p_wallet, p_at, p_day);
        SELECT * INTO STRICT v_from FROM public.points_account_lock(p_from, p_wallet, p_at, p_day);
    END IF;
    available_after := v_from.available;
    IF p_reverses IS NOT NULL THEN
        SELECT t.entry_id INTO v_made_by FROM public.points_transfer t
         WHERE t.customer_id = p_from AND t.id = p_reverses AND t.side = 'in' AND t.wallet = p_wallet;
        SELECT t.entry_id INTO v_given_by FROM public.points_transfer t
         WHERE t.customer_id = p_to AND t.id = p_reverses AND t.side = 'out' AND t.wallet = p_wallet;
        IF v_made_by IS NULL OR v_given_by IS NULL THEN
            RAISE EXCEPTION 'no such transfer between the two' USING ERRCODE = '22023';
        END IF;
        SELECT coalesce(sum(l.remaining - l.held), 0) INTO v_from.available FROM public.points_lot l
         WHERE l.customer_id = p_from AND l.entry_id = v_made_by AND (l.expires_on IS NULL OR l.expires_on >= p_day);
    END IF;
    outcome := CASE
        WHEN EXISTS (SELECT FROM public.points_known(p_from, p_wallet, 'transfer_out', p_source_kind, p_source_id, 0))
          OR EXISTS (SELECT FROM public.points_known(p_to, p_wallet, 'transfer_in', p_source_kind, p_source_id, 0))
            THEN 'duplicate'
        WHEN v_from.state = 'closed' THEN 'account_closed'
        WHEN v_from.state = 'frozen' AND p_reverses IS NULL THEN 'account_frozen'
        WHEN NOT v_wallet.active THEN 'wallet_closed'
        WHEN NOT v_wallet.transferable AND p_reverses IS NULL THEN 'not_transferable'
        WHEN v_to.state = 'closed' THEN 'receiver_unavailable'
        WHEN p_points > v_from.available THEN 'insufficient_points'
        ELSE 'posted'
    END;
    IF outcome <> 'posted' THEN
        available_after := v_from.available;
        RETURN NEXT;
        RETURN;
    END IF;

    PERFORM public.points_enter(
        p_from, p_wallet, p_entries[1], 'transfer_out', -p_points, 0, 0, v_made_by, p_reasons_zh[1], p_reasons_en[1],
        p_source_kind, p_source_id, p_actor, p_at, p_day);
    IF p_reverses IS NULL THEN
        v_taken := public.points_take(p_from, p_wallet, p_entries[1], p_points, 'spendable', NULL, p_day, 0);
    ELSE
        FOR v_lot IN
            SELECT l.id, l.remaining - l.held AS free FROM public.points_lot l
             WHERE l.customer_id = p_from AND l.entry_id = v_made_by AND l.remaining > l.held
               AND (l.expires_on IS NULL OR l.expires_on >= p_day)
             ORDER BY l.expires_on NULLS LAST, l.earned_at, l.id
        LOOP
            EXIT WHEN v_left = 0;
            v_taken := v_taken || public.points_take(
                p_from, p_wallet, p_entries[1], least(v_left, v_lot.free), 'lot', v_lot.id, p_day, v_place);
            v_left := v_left - least(v_left, v_lot.free);
            v_place := v_place + 1;
        END LOOP;
    END IF;
    v_paid := least(v_to.debt, p_points);
    PERFORM public.points_enter(
        p_to, p_wallet, p_entries[2], 'transfer_in', p_points - v_paid, -v_paid, 0, v_given_by, p_reasons_zh[2],
        p_reasons_en[2], p_source_kind, p_source_id, p_actor, p_at, p_day);
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
                                        posted_on)
    VALUES (p_from, p_transfer, 'out', p_wallet, p_points, p_to, p_entries[1], p_reverses, p_at, p_day);
    INSERT INTO public.points_transfer (customer_id, id, side, wallet, points, other_id, entry_id, reverses, posted_at,
                                        posted_on)
    VALUES (p_to, p_transfer, 'in', p_wallet, p_points, p_from, p_entries[2], p_reverses, p_at, p_day);
    available_after := available_after - p_points;
    RETURN NEXT;
END
$$
