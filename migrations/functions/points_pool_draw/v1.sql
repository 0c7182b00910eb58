-- Lets a member of a household spend points that other members put in: what is missing for p_points comes over from their
-- lots, those of all members and the spender's own in one line, earliest expiry first, the spender's own first on one day.
-- Each giver's part is a transfer that names the household: lots keep their time of earning, last day, cost and funding
-- line, and no debt of the spender is paid with them. The spending itself is the redemption's own, in the same transaction.
--
-- All accounts are locked in the order of their customers' ids. Accounts that are not open give nothing. p_transfers has an
-- id for each of p_givers, p_entries two (what goes out, what comes in), p_lots at least as many as all givers have lots;
-- the reasons are what all givers are told, then what the spender is told of each of them.
-- Outcomes: posted, nothing (the spender's own points come first), insufficient_points, account_frozen, account_closed,
-- wallet_closed, not_pooled. Raises 42501 for a role that passes no points on, or for rows that are not open.
CREATE OR REPLACE FUNCTION points_pool_draw(
    p_household uuid, p_spender uuid, p_givers uuid[], p_wallet text, p_points bigint, p_transfers uuid[],
    p_entries uuid[], p_lots uuid[], p_reasons_zh text[], p_reasons_en text[], p_actor uuid, p_at timestamptz,
    p_day date
)
RETURNS TABLE (outcome text, drawn bigint, available bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_wallet public.wallet;
    v_account record;
    v_one uuid;
    v_spender text;
    v_open uuid[] := '{}';
    v_taken jsonb;
    v_gift record;
    v_lot record;
    v_nth int := 0;
    v_lots int := 0;
BEGIN
    IF (SELECT count(*) FROM public.ledger_grant g
         WHERE g.role = session_user AND g.kind IN ('transfer_out', 'transfer_in')) <> 2 THEN
        RAISE EXCEPTION 'role may not post this kind of entry' USING ERRCODE = '42501';
    END IF;
    SELECT * INTO v_wallet FROM public.wallet w WHERE w.code = p_wallet;
    IF NOT FOUND OR p_spender = ANY (p_givers) OR (p_points BETWEEN 1 AND 1000000000000) IS NOT TRUE THEN
        RAISE EXCEPTION 'unknown wallet, a giver who spends, or points out of range' USING ERRCODE = '22023';
    END IF;
    drawn := 0;
    available := 0;
    FOR v_one IN SELECT DISTINCT m.id FROM unnest(p_givers || p_spender) AS m(id) ORDER BY m.id LOOP
        SELECT * INTO STRICT v_account FROM public.points_account_lock(v_one, p_wallet, p_at, p_day);
        IF v_one = p_spender THEN
            v_spender := v_account.state;
        ELSIF v_account.state <> 'open' THEN
            CONTINUE;
        END IF;
        v_open := v_open || v_one;
        available := available + v_account.available;
    END LOOP;
    WITH line AS (
        SELECT l.customer_id, l.id, l.remaining - l.held AS free,
               sum(l.remaining - l.held) OVER queue - (l.remaining - l.held) AS before, row_number() OVER queue AS place
          FROM public.points_lot l
         WHERE l.customer_id = ANY (v_open) AND l.wallet = p_wallet AND l.remaining > l.held AND NOT l.pending
           AND (l.expires_on IS NULL OR l.expires_on >= p_day)
        WINDOW queue AS (ORDER BY l.expires_on NULLS LAST, l.customer_id <> p_spender, l.earned_at, l.id)
    )
    SELECT coalesce(jsonb_agg(jsonb_build_object('customer_id', n.customer_id, 'lot_id', n.id, 'place', n.place,
                                                 'points', least(n.free, p_points - n.before))), '[]')
      INTO v_taken FROM line n WHERE n.before < p_points AND n.customer_id <> p_spender;

    outcome := CASE
        WHEN v_spender <> 'open' THEN 'account_' || v_spender
        WHEN NOT v_wallet.active THEN 'wallet_closed'
        WHEN NOT v_wallet.pooled THEN 'not_pooled'
        WHEN p_points > available THEN 'insufficient_points'
        WHEN v_taken = '[]' THEN 'nothing'
        ELSE 'posted'
    END;
    IF outcome <> 'posted' THEN
        RETURN NEXT;
        RETURN;
    END IF;

    FOR v_gift IN SELECT t.customer_id, sum(t.points)::bigint AS points, jsonb_agg(to_jsonb(t) ORDER BY t.place) AS lots
                    FROM jsonb_to_recordset(v_taken) AS t (customer_id uuid, lot_id uuid, place int, points bigint)
                   GROUP BY t.customer_id ORDER BY t.customer_id
    LOOP
        v_nth := v_nth + 1;
        drawn := drawn + v_gift.points;
        PERFORM public.points_enter(
            v_gift.customer_id, p_wallet, p_entries[2 * v_nth - 1], 'transfer_out', -v_gift.points, 0, 0, NULL,
            p_reasons_zh[1], p_reasons_en[1], 'transfer', 'trf_' || p_transfers[v_nth], p_actor, p_at, p_day);
        PERFORM public.points_enter(
            p_spender, p_wallet, p_entries[2 * v_nth], 'transfer_in', v_gift.points, 0, 0, NULL,
            p_reasons_zh[1 + array_position(p_givers, v_gift.customer_id)],
            p_reasons_en[1 + array_position(p_givers, v_gift.customer_id)], 'transfer', 'trf_' || p_transfers[v_nth],
            p_actor, p_at, p_day);
        FOR v_lot IN SELECT l.id, t.points, l.earned_at, l.expires_on, l.cost_fen, l.funding_line, t.nth
                       FROM ROWS FROM (jsonb_to_recordset(v_gift.lots) AS (lot_id uuid, points bigint))
                            WITH ORDINALITY AS t (lot_id, points, nth)
                       JOIN public.points_lot l ON l.customer_id = v_gift.customer_id AND l.id = t.lot_id
                      ORDER BY t.nth
        LOOP
            v_lots := v_lots + 1;
            PERFORM public.points_take(
                v_gift.customer_id, p_wallet, p_entries[2 * v_nth - 1], v_lot.points, 'lot', v_lot.id, p_day,
                v_lot.nth::int - 1);
            INSERT INTO public.points_lot (customer_id, id, wallet, entry_id, original, remaining, held, pending,
                                           earned_at, expires_on, cost_fen, funding_line)
            VALUES (p_spender, p_lots[v_lots], p_wallet, p_entries[2 * v_nth], v_lot.points, v_lot.points, 0, false,
                    v_lot.earned_at, v_lot.expires_on, v_lot.cost_fen, v_lot.funding_line);
        END LOOP;
        INSERT INTO public.points_transfer (customer_id, id, side, wallet, points, other_id, entry_id, household_id,
                                            posted_at, posted_on)
        VALUES (v_gift.customer_id, p_transfers[v_nth], 'out', p_wallet, v_gift.points, p_spender,
                p_entries[2 * v_nth - 1], p_household, p_at, p_day);
        INSERT INTO public.points_transfer (customer_id, id, side, wallet, points, other_id, entry_id, household_id,
                                            posted_at, posted_on)
        VALUES (p_spender, p_transfers[v_nth], 'in', p_wallet, v_gift.points, v_gift.customer_id,
                p_entries[2 * v_nth], p_household, p_at, p_day);
    END LOOP;
    RETURN NEXT;
END
$$
