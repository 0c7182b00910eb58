-- What a customer has in every wallet that is in use or that the customer has an account of, in order of the wallets'
-- codes: [{code, name_zh, name_en, unit_zh, unit_en, expiry_share, rolls_over_to, account}]. `account` is null where there is none, else {balance,
-- held, debt, pending, state, lapses_on, due, releases, moved, holds}:
--   due       [{date, points, free}] of lots that expire, by day; `free` is what no hold has set aside
--   releases  [{date, points}] of pending points, by the day on which they come free
--   moved     {kind: points of all its entries, what paid or made debt included}
--   holds     [{points, expires_at, reason_zh, reason_en}] that are open, the first to end in front
-- `moved` is kept in the account, so that a read costs the same after ten entries and after ten thousand.
-- One statement, one snapshot. It reads as its caller: row-level security decides whose rows there are.
CREATE OR REPLACE FUNCTION points_balances(p_customer uuid) RETURNS json
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT coalesce(json_agg(json_build_object(
                   'code', w.code, 'name_zh', w.name_zh, 'name_en', w.name_en, 'unit_zh', w.unit_zh,
                   'unit_en', w.unit_en, 'expiry_share', w.expiry_share, 'rolls_over_to', w.rolls_over_to,
                   'account', CASE WHEN a.wallet IS NOT NULL THEN json_build_object(
                       'balance', a.balance, 'held', a.held, 'debt', a.debt, 'pending', a.pending, 'state', a.state,
                       'lapses_on', a.lapses_on, 'due', coalesce(d.due, '[]'),
                       'releases', coalesce(r.releases, '[]'), 'moved', a.moved,
                       'holds', coalesce(h.holds, '[]')) END) ORDER BY w.code), '[]')
          FROM public.wallet w
          LEFT JOIN public.points_account a ON a.customer_id = p_customer AND a.wallet = w.code
          LEFT JOIN LATERAL (
               SELECT json_agg(json_build_object('date', l.expires_on, 'points', l.points, 'free', l.free)
                               ORDER BY l.expires_on) AS due
                 FROM (SELECT l.expires_on, sum(l.remaining)::bigint AS points,
                              sum(l.remaining - l.held)::bigint AS free
                         FROM public.points_lot l
                        WHERE l.customer_id = p_customer AND l.wallet = a.wallet AND l.remaining > 0
                          AND NOT l.pending AND l.expires_on IS NOT NULL
                        GROUP BY l.expires_on) l) d ON a.balance > 0
          LEFT JOIN LATERAL (
               SELECT json_agg(json_build_object('date', l.pending_until, 'points', l.points)
                               ORDER BY l.pending_until) AS releases
                 FROM (SELECT l.pending_until, sum(l.remaining)::bigint AS points
                         FROM public.points_lot l
                        WHERE l.customer_id = p_customer AND l.wallet = a.wallet AND l.remaining > 0
                          AND l.pending AND l.pending_until IS NOT NULL
                        GROUP BY l.pending_until) l) r ON a.pending > 0
          LEFT JOIN LATERAL (
               SELECT json_agg(json_build_object('points', h.points, 'expires_at', h.expires_at,
                                                 'reason_zh', h.reason_zh, 'reason_en', h.reason_en)
                               ORDER BY h.expires_at, h.id) AS holds
                 FROM public.points_hold h
                WHERE h.customer_id = p_customer AND h.wallet = a.wallet AND h.state = 'open') h ON a.held > 0
         WHERE w.active OR a.wallet IS NOT NULL);
END
$$
