-- Takes units of a counted stock, those of a reservation where one is named, and returns how many are free then and at how
-- many it is low; NULL when there are not as many, or when the reservation does not hold them any more.
-- Units that reservations hold beyond their time are let go as far as they are needed.
CREATE OR REPLACE FUNCTION rights_take_counted(
    p_right uuid, p_units int, p_at timestamptz, p_reservation uuid, OUT free bigint, OUT low bigint
)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF p_reservation IS NOT NULL THEN
        PERFORM FROM public.rights_stock s WHERE s.right_id = p_right FOR UPDATE;
        UPDATE public.stock_hold h SET held = false
         WHERE h.right_id = p_right AND h.reservation_id = p_reservation AND h.held AND h.units = p_units;
        IF FOUND THEN
            UPDATE public.rights_stock s SET reserved = s.reserved - p_units, sold = s.sold + p_units
             WHERE s.right_id = p_right RETURNING s.free, s.low_at INTO free, low;
        END IF;
        RETURN;
    END IF;
    UPDATE public.rights_stock s SET free = s.free - p_units, sold = s.sold + p_units
     WHERE s.right_id = p_right AND s.free >= p_units RETURNING s.free, s.low_at INTO free, low;
    IF NOT FOUND THEN
        PERFORM public.rights_let_go(p_right, p_at, p_units);
        UPDATE public.rights_stock s SET free = s.free - p_units, sold = s.sold + p_units
         WHERE s.right_id = p_right AND s.free >= p_units RETURNING s.free, s.low_at INTO free, low;
    END IF;
END
$$
