-- Counts one call of a subject under limits, for all processes together, and returns [{name, calls, ends_at}], this call
-- among them. A window begins with its first call; p_ends says when one that begins now ends. Where a limit of p_most
-- calls is passed the statement fails with the state GB429 and those counts as its detail, and so nothing is counted.
CREATE OR REPLACE FUNCTION rate_count(
    p_subject bytea, p_names text[], p_ends timestamptz[], p_most int[], p_now timestamptz
) RETURNS json
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_counts json;
    v_passed boolean;
BEGIN
    WITH asked AS (
        SELECT a.name, a.ends_at, a.most FROM unnest(p_names, p_ends, p_most) AS a(name, ends_at, most)
    ), counted AS (
        INSERT INTO public.rate_counter AS held (subject, name, calls, ends_at)
        SELECT p_subject, a.name, 1, a.ends_at FROM asked a ORDER BY a.name
        ON CONFLICT (subject, name) DO UPDATE
           SET calls = CASE WHEN held.ends_at <= p_now THEN 1 ELSE held.calls + 1 END,
               ends_at = CASE WHEN held.ends_at <= p_now THEN excluded.ends_at ELSE held.ends_at END
        RETURNING name, calls, ends_at
    )
    SELECT json_agg(json_build_object('name', c.name, 'calls', c.calls, 'ends_at', c.ends_at)),
           bool_or(c.calls > a.most)
      INTO v_counts, v_passed
      FROM counted c JOIN asked a ON a.name = c.name;
    IF v_passed THEN
        RAISE EXCEPTION 'a limit is passed' USING ERRCODE = 'GB429', DETAIL = v_counts::text;
    END IF;
    RETURN v_counts;
END
$$
