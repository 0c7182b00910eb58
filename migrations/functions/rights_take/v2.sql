-- Takes what a redemption takes beside the points, for which others wait: what it names (package, slot, reservation),
-- then stock or codes, then the bound for everybody, then the budget. Tells when there is little left.
-- Part of `rights_redeem`, whose p_taking it reads. Raises GB409 with the code of what cannot be had.
CREATE OR REPLACE FUNCTION rights_take(p_new redemption, p_taking jsonb)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_mode text := (SELECT r.stock_mode FROM public.rights_item r WHERE r.id = p_new.right_id);
    v_day date := (p_taking #>> '{asked,day}')::date;
    v_reservation uuid := (p_taking #>> '{reservation,id}')::uuid;
    v_free bigint;
    v_low bigint;
    v_refused text;
BEGIN
    IF p_taking ? 'package' THEN
        v_refused := public.rights_take_package(
            p_new.customer_id, p_new.right_id, p_new.id, (p_taking #>> '{package,id}')::uuid, p_new.quantity,
            p_new.created_at, v_day);
        IF v_refused IS NOT NULL THEN
            RAISE EXCEPTION '%', v_refused USING ERRCODE = 'GB409';
        END IF;
    END IF;
    IF p_taking ? 'slot' THEN
        v_refused := public.rights_take_slot(
            p_new.customer_id, p_new.right_id, p_new.id, (p_taking #>> '{slot,id}')::uuid,
            (p_taking #>> '{slot,places}')::int, p_new.created_at, v_day);
        IF v_refused IS NOT NULL THEN
            RAISE EXCEPTION '%', v_refused USING ERRCODE = 'GB409';
        END IF;
    END IF;

    IF v_reservation IS NOT NULL THEN
        v_refused := public.rights_take_reservation(
            p_new.customer_id, p_new.right_id, p_new.id, v_reservation, p_new.quantity, p_new.created_at);
        IF v_refused IS NOT NULL THEN
            RAISE EXCEPTION '%', v_refused USING ERRCODE = 'GB409';
        END IF;
    END IF;

    IF v_mode = 'counted' THEN
        SELECT c.free, c.low, c.refused INTO v_free, v_low, v_refused
          FROM public.rights_take_counted(p_new.right_id, p_new.id, p_new.quantity, p_new.created_at, v_reservation,
                                          p_taking -> 'release') c;
    ELSIF v_mode = 'codes' THEN
        v_low := (p_taking #>> '{scarce,codes}')::int - 1;
        v_free := public.rights_take_codes(p_new.customer_id, p_new.right_id, p_new.id, p_new.quantity,
                                           p_new.created_at, v_low::int + 1, v_reservation);
        v_refused := CASE WHEN v_free IS NOT NULL THEN NULL
                          WHEN v_reservation IS NULL THEN 'out_of_stock' ELSE 'reservation_over' END;
    END IF;
    IF v_refused IS NOT NULL THEN
        RAISE EXCEPTION '%', v_refused USING ERRCODE = 'GB409';
    END IF;
    -- Once each time it sinks to the mark; what was reserved had sunk it before.
    IF v_reservation IS NULL AND v_free <= v_low AND v_low < v_free + p_new.quantity THEN
        INSERT INTO public.outbox_event (owner_id, id, type, subject, payload, created_at)
        VALUES (p_new.right_id, (p_taking #>> '{scarce,id}')::uuid,
                CASE v_mode WHEN 'codes' THEN 'codes.low' ELSE 'right.low_stock' END, 'rgt_' || p_new.right_id,
                jsonb_build_object('free', v_free, 'threshold',
                                   CASE v_mode WHEN 'codes' THEN v_low + 1 ELSE v_low END), p_new.created_at);
    END IF;

    IF p_taking ? 'total_limit' THEN
        UPDATE public.rights_total t SET taken = t.taken + p_new.quantity
         WHERE t.right_id = p_new.right_id AND t.taken + p_new.quantity <= (p_taking ->> 'total_limit')::bigint;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'total_reached' USING ERRCODE = 'GB409';
        END IF;
    END IF;
    IF p_taking ? 'budget' THEN
        -- The bound is held by the row itself: whoever waits for its lock is measured by what the one before has left.
        WITH drawn AS (
            UPDATE public.budget b
               SET points_spent = b.points_spent + p_new.points_charged, fen_spent = b.fen_spent + p_new.cost_fen
             WHERE b.branch_id = (SELECT o.id FROM public.branch o WHERE o.code = p_taking #>> '{budget,branch}')
               AND b.year = (p_taking #>> '{budget,year}')::int AND b.line = p_taking #>> '{budget,line}'
               AND (b.points_limit IS NULL OR b.points_spent + p_new.points_charged <= b.points_limit)
               AND (b.fen_limit IS NULL OR b.fen_spent + p_new.cost_fen <= b.fen_limit)
            RETURNING b.branch_id, b.id)
        INSERT INTO public.budget_draw (branch_id, budget_id, source_kind, source_id, points, fen, drawn_at)
        SELECT d.branch_id, d.id, 'redemption', 'rdm_' || p_new.id, p_new.points_charged, p_new.cost_fen,
               p_new.created_at FROM drawn d;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'budget_exhausted' USING ERRCODE = 'GB409';
        END IF;
    END IF;
END
$$
