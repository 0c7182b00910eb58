-- Takes units of a counted stock for a redemption that stands in this transaction: those of a reservation where one is named,
-- those that a release plan has opened where p_lines is given (see `rights_open_line`). Returns how many are free then and
-- at how many the stock is low, or why they are not had: out_of_stock, not_released, reservation_over.
-- Units that reservations hold beyond their time are let go as far as they are needed.
CREATE OR REPLACE FUNCTION rights_take_counted(
    p_right uuid, p_redemption uuid, p_units int, p_at timestamptz, p_reservation uuid, p_lines jsonb,
    OUT free bigint, OUT low bigint, OUT refused text
)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_line text;
BEGIN
    IF p_reservation IS NOT NULL THEN
        PERFORM FROM public.rights_stock s WHERE s.right_id = p_right FOR UPDATE;
        UPDATE public.stock_hold h SET held = false
         WHERE h.right_id = p_right AND h.reservation_id = p_reservation AND h.held AND h.units = p_units
        RETURNING h.line INTO v_line;
        IF NOT FOUND THEN
            refused := 'reservation_over';
            RETURN;
        END IF;
        UPDATE public.rights_stock s SET reserved = s.reserved - p_units, sold = s.sold + p_units
         WHERE s.right_id = p_right RETURNING s.free, s.low_at INTO free, low;
    ELSE
        IF p_lines IS NOT NULL THEN
            SELECT o.line, o.refused INTO v_line, refused
              FROM public.rights_open_line(p_right, p_units, p_at, p_lines) o;
            IF refused IS NOT NULL THEN
                RETURN;
            END IF;
            INSERT INTO public.stock_release (right_id, line, taken) VALUES (p_right, v_line, p_units)
            ON CONFLICT (right_id, line) DO UPDATE SET taken = stock_release.taken + excluded.taken;
        END IF;
        FOR v_try IN 1..2 LOOP
            UPDATE public.rights_stock s SET free = s.free - p_units, sold = s.sold + p_units
             WHERE s.right_id = p_right AND s.free >= p_units RETURNING s.free, s.low_at INTO free, low;
            EXIT WHEN FOUND OR v_try = 2;
            PERFORM public.rights_let_go(p_right, p_at, p_units);
        END LOOP;
        IF free IS NULL THEN
            refused := 'out_of_stock';
            RETURN;
        END IF;
    END IF;
    IF v_line IS NOT NULL THEN
        INSERT INTO public.release_use (right_id, redemption_id, line, units)
        VALUES (p_right, p_redemption, v_line, p_units);
    END IF;
END
$$
