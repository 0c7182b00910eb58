-- Locks the counted stock of a right and says from which line of its release plan so many units are had: the first of
-- p_lines ([{line, released}]: those that are for the customer, each with what it has released until now) of which as many
-- are left. What is held beyond its time is let go before anything is refused. `refused` says why there is no line:
-- out_of_stock (there are not as many units), not_released (no line has as many open now).
CREATE OR REPLACE FUNCTION rights_open_line(
    p_right uuid, p_units int, p_at timestamptz, p_lines jsonb, OUT line text, OUT refused text
)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_free bigint;
BEGIN
    SELECT s.free INTO v_free FROM public.rights_stock s WHERE s.right_id = p_right FOR UPDATE;
    LOOP
        SELECT l.value ->> 'line' INTO line
          FROM jsonb_array_elements(p_lines) WITH ORDINALITY AS l(value, place)
          LEFT JOIN public.stock_release r ON r.right_id = p_right AND r.line = l.value ->> 'line'
         WHERE coalesce(r.taken, 0) + p_units <= (l.value ->> 'released')::bigint
         ORDER BY l.place LIMIT 1;
        refused := CASE WHEN coalesce(v_free, 0) < p_units THEN 'out_of_stock' WHEN line IS NULL THEN 'not_released' END;
        EXIT WHEN refused IS NULL OR public.rights_let_go(p_right, p_at, NULL) = 0;
        SELECT s.free INTO v_free FROM public.rights_stock s WHERE s.right_id = p_right;
    END LOOP;
    IF refused IS NOT NULL THEN
        line := NULL;
    END IF;
END
$$
