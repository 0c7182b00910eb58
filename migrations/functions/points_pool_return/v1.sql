-- Gives back to whom they belonged what a refund brought of points that other members of a household had put in: the parts
-- of the lots that paid, as `points_refund` has just filled them, and of its lot of grace what expired meanwhile. Each part
-- takes back a piece of its transfer. Who was merged since receives as the surviving customer; a closed account receives
-- nothing. Debt of the receiver is paid first.
-- The caller has locked all accounts in the order of their customers' ids. p_transfers has an id for each giver, p_entries
-- two, p_lots at least as many as the refunded entry drew on; the reasons are the spender's, then the giver's.
-- Returns how many points went back. Part of a refund: it posts for whoever may post that.
CREATE OR REPLACE FUNCTION points_pool_return(
    p_spender uuid, p_refund uuid, p_transfers uuid[], p_entries uuid[], p_lots uuid[], p_reasons_zh text[],
    p_reasons_en text[], p_actor uuid, p_at timestamptz, p_day date
)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_refund public.points_entry;
    v_before bigint;
    v_grace uuid;
    v_gift record;
    v_lot record;
    v_giver uuid;
    v_account record;
    v_paid bigint;
    v_nth int := 0;
    v_lots int := 0;
    v_back bigint := 0;
BEGIN
    IF session_user IN ('guibin_customer', 'guibin_bank') AND NOT public.row_scope_opens(p_spender) THEN
        RAISE EXCEPTION 'the transaction has not opened this customer''s rows' USING ERRCODE = '42501';
    END IF;
    SELECT * INTO STRICT v_refund FROM public.points_entry e
     WHERE e.customer_id = p_spender AND e.id = p_refund AND e.kind = 'refund' AND e.posted_at = p_at;
    SELECT coalesce(sum(e.points - e.debt_change), 0) INTO v_before FROM public.points_entry e
     WHERE e.customer_id = p_spender AND e.refers_to = v_refund.refers_to AND e.kind = 'refund'
       AND e.seq < v_refund.seq;
    SELECT l.id INTO v_grace FROM public.points_lot l WHERE l.customer_id = p_spender AND l.entry_id = p_refund;

    FOR v_gift IN
        WITH line AS (
            SELECT u.lot_id, u.points, u.place, sum(u.points) OVER (ORDER BY u.place DESC) AS upto
              FROM public.points_lot_use u WHERE u.customer_id = p_spender AND u.entry_id = v_refund.refers_to
        ), piece AS (
            SELECT n.lot_id, n.place, (least(n.upto, v_before + v_refund.points - v_refund.debt_change)
                                       - greatest(n.upto - n.points, v_before - v_refund.debt_change))::bigint AS points
              FROM line n
        )
        SELECT t.id, t.other_id, t.entry_id, t.household_id, sum(p.points)::bigint AS points,
               jsonb_agg(jsonb_build_object(
                   'lot_id', CASE WHEN l.expires_on < p_day THEN v_grace ELSE l.id END, 'points', p.points)
                   ORDER BY p.place) AS lots
          FROM piece p
          JOIN public.points_lot l ON l.customer_id = p_spender AND l.id = p.lot_id
          JOIN public.points_transfer t ON t.customer_id = p_spender AND t.entry_id = l.entry_id AND t.side = 'in'
                                       AND t.household_id IS NOT NULL AND t.reverses IS NULL
         WHERE p.points > 0
         GROUP BY t.id, t.other_id, t.entry_id, t.household_id ORDER BY t.other_id, t.id
    LOOP
        v_giver := v_gift.other_id;
        WHILE EXISTS (SELECT FROM public.customer c WHERE c.id = v_giver AND c.merged_into IS NOT NULL) LOOP
            SELECT c.merged_into INTO v_giver FROM public.customer c WHERE c.id = v_giver;
        END LOOP;
        CONTINUE WHEN v_giver = p_spender;
        SELECT * INTO STRICT v_account FROM public.points_account_lock(v_giver, v_refund.wallet, p_at, p_day);
        CONTINUE WHEN v_account.state = 'closed';
        v_nth := v_nth + 1;
        v_back := v_back + v_gift.points;
        v_paid := least(v_account.debt, v_gift.points);
        PERFORM public.points_enter(
            p_spender, v_refund.wallet, p_entries[2 * v_nth - 1], 'transfer_out', -v_gift.points, 0, 0,
            v_gift.entry_id, p_reasons_zh[1], p_reasons_en[1], 'transfer', 'trf_' || p_transfers[v_nth], p_actor, p_at,
            p_day);
        PERFORM public.points_enter(
            v_giver, v_refund.wallet, p_entries[2 * v_nth], 'transfer_in', v_gift.points - v_paid, -v_paid, 0,
            (SELECT t.entry_id FROM public.points_transfer t
              WHERE t.customer_id = v_gift.other_id AND t.id = v_gift.id AND t.side = 'out'),
            p_reasons_zh[2], p_reasons_en[2], 'transfer', 'trf_' || p_transfers[v_nth], p_actor, p_at, p_day);
        FOR v_lot IN SELECT l.id, sum(t.points)::bigint AS points, l.earned_at, l.expires_on, l.cost_fen, l.funding_line,
                            row_number() OVER (ORDER BY min(t.nth))::int AS nth
                       FROM ROWS FROM (jsonb_to_recordset(v_gift.lots) AS (lot_id uuid, points bigint))
                            WITH ORDINALITY AS t (lot_id, points, nth)
                       JOIN public.points_lot l ON l.customer_id = p_spender AND l.id = t.lot_id
                      GROUP BY l.customer_id, l.id ORDER BY min(t.nth)
        LOOP
            PERFORM public.points_take(
                p_spender, v_refund.wallet, p_entries[2 * v_nth - 1], v_lot.points, 'lot', v_lot.id, p_day,
                v_lot.nth - 1);
            IF v_lot.points <= v_paid THEN
                v_paid := v_paid - v_lot.points;
                CONTINUE;
            END IF;
            v_lots := v_lots + 1;
            INSERT INTO public.points_lot (customer_id, id, wallet, entry_id, original, remaining, held, pending,
                                           earned_at, expires_on, cost_fen, funding_line)
            VALUES (v_giver, p_lots[v_lots], v_refund.wallet, p_entries[2 * v_nth], v_lot.points - v_paid,
                    v_lot.points - v_paid, 0, false, v_lot.earned_at, v_lot.expires_on, v_lot.cost_fen,
                    v_lot.funding_line);
            v_paid := 0;
        END LOOP;
        INSERT INTO public.points_transfer (customer_id, id, side, wallet, points, other_id, entry_id, reverses,
                                            household_id, posted_at, posted_on)
        VALUES (p_spender, p_transfers[v_nth], 'out', v_refund.wallet, v_gift.points, v_giver,
                p_entries[2 * v_nth - 1], v_gift.id, v_gift.household_id, p_at, p_day);
        INSERT INTO public.points_transfer (customer_id, id, side, wallet, points, other_id, entry_id, reverses,
                                            household_id, posted_at, posted_on)
        VALUES (v_giver, p_transfers[v_nth], 'in', v_refund.wallet, v_gift.points, p_spender, p_entries[2 * v_nth],
                v_gift.id, v_gift.household_id, p_at, p_day);
    END LOOP;
    RETURN v_back;
END
$$
