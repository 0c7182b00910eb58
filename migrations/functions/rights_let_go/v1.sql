-- Makes units of a counted stock free again that were held: those of one reservation, or those of at most p_most whose time
-- is over (p_most NULL: of all). They are back in the lines of the release plan that they came from. Returns how many
-- units. The row of the stock is locked first, as by whoever holds units or takes what was held.
CREATE OR REPLACE FUNCTION rights_let_go(p_right uuid, p_at timestamptz, p_most int, p_reservation uuid DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_units bigint;
BEGIN
    -- A stock that is sold out is asked for often: nobody waits for its row where nothing is to be let go.
    IF NOT EXISTS (SELECT FROM public.stock_hold h
                    WHERE h.right_id = p_right AND h.held AND (h.lapses_at <= p_at OR h.reservation_id = p_reservation))
    THEN
        RETURN 0;
    END IF;
    PERFORM FROM public.rights_stock s WHERE s.right_id = p_right FOR UPDATE;
    WITH over AS (
        UPDATE public.stock_hold h SET held = false
         WHERE h.right_id = p_right AND h.held AND h.reservation_id IN (
               SELECT o.reservation_id FROM public.stock_hold o
                WHERE o.right_id = p_right AND o.held
                  AND CASE WHEN p_reservation IS NULL THEN o.lapses_at <= p_at ELSE o.reservation_id = p_reservation END
                ORDER BY o.lapses_at, o.reservation_id LIMIT p_most)
        RETURNING h.line, h.units),
    put_back AS (
        UPDATE public.stock_release r SET taken = r.taken - o.units
          FROM (SELECT line, sum(units) AS units FROM over WHERE line IS NOT NULL GROUP BY line) o
         WHERE r.right_id = p_right AND r.line = o.line)
    SELECT coalesce(sum(o.units), 0) INTO v_units FROM over o;
    UPDATE public.rights_stock s SET free = s.free + v_units, reserved = s.reserved - v_units
     WHERE s.right_id = p_right AND v_units > 0;
    RETURN v_units;
END
$$
