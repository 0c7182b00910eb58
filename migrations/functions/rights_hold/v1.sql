-- Holds units of a right for a reservation until an instant: units of the counted stock, as far as a release plan has opened
-- them where p_lines is given (see `rights_open_line`), or codes of the pool. Returns how many are free then, of codes
-- counted up to p_most, and at how many the stock is low, or why they are not had: out_of_stock, not_released.
CREATE OR REPLACE FUNCTION rights_hold(
    p_right uuid, p_reservation uuid, p_units int, p_at timestamptz, p_until timestamptz, p_most int,
    p_lines jsonb, OUT free bigint, OUT low bigint, OUT refused text
)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_codes uuid[];
    v_line text;
BEGIN
    IF (SELECT r.stock_mode FROM public.rights_item r WHERE r.id = p_right) = 'codes' THEN
        v_codes := public.rights_pick_codes(p_right, p_units, p_at);
        IF cardinality(v_codes) = p_units THEN
            UPDATE public.voucher_code c SET held_for = p_reservation, held_until = p_until
             WHERE c.right_id = p_right AND c.id = ANY (v_codes);
            free := public.rights_free_codes(p_right, p_at, p_most);
            low := p_most - 1;
        ELSE
            refused := 'out_of_stock';
        END IF;
        RETURN;
    END IF;
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
        UPDATE public.rights_stock s SET free = s.free - p_units, reserved = s.reserved + p_units
         WHERE s.right_id = p_right AND s.free >= p_units RETURNING s.free, s.low_at INTO free, low;
        EXIT WHEN FOUND OR v_try = 2;
        PERFORM public.rights_let_go(p_right, p_at, p_units);
    END LOOP;
    IF free IS NULL THEN
        refused := 'out_of_stock';
        RETURN;
    END IF;
    INSERT INTO public.stock_hold (right_id, reservation_id, line, units, lapses_at, held)
    VALUES (p_right, p_reservation, v_line, p_units, p_until, true);
END
$$
