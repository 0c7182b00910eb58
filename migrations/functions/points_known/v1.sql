-- The entry that a source has posted before, with the lots it drew on; no row when there is none. The account is locked:
-- no twin can post the same source between this look and the insert. Part of the ledger's functions, called by nobody else.
CREATE OR REPLACE FUNCTION points_known(
    p_customer uuid, p_wallet text, p_kind text, p_source_kind text, p_source_id text, p_available bigint
)
RETURNS TABLE (
    outcome text, entry_id uuid, seq bigint, points bigint, debt_change bigint, balance_after bigint,
    available_after bigint, lots jsonb
)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT 'duplicate'::text, e.id, e.seq, e.points, e.debt_change, e.balance_after, p_available,
           coalesce((SELECT jsonb_agg(jsonb_build_object('lot_id', u.lot_id, 'points', u.points,
                                                         'expires_on', l.expires_on) ORDER BY u.place)
                       FROM public.points_lot_use u
                       JOIN public.points_lot l ON l.customer_id = u.customer_id AND l.id = u.lot_id
                      WHERE u.customer_id = p_customer AND u.entry_id = e.id), '[]'::jsonb)
      FROM public.points_entry e
     WHERE e.customer_id = p_customer AND e.wallet = p_wallet AND e.kind = p_kind
       AND e.source_kind = p_source_kind AND e.source_id = p_source_id
$$
