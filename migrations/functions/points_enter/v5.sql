-- Writes one entry of a locked account and takes the account along: balance, debt, pending points, version, what this kind
-- has moved in all, and the day on which its points lapse where the wallet's do for want of activity. Returns the entry's
-- place and the balance after.
-- Part of the ledger's functions, called by nobody else.
CREATE OR REPLACE FUNCTION points_enter(
    p_customer uuid, p_wallet text, p_entry uuid, p_kind text, p_points bigint, p_debt_change bigint,
    p_pending_change bigint, p_refers_to uuid, p_reason_zh text, p_reason_en text, p_source_kind text,
    p_source_id text, p_actor uuid, p_at timestamptz, p_day date, OUT seq bigint, OUT balance_after bigint
)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    UPDATE public.points_account a
       SET balance = a.balance + p_points, debt = a.debt + p_debt_change, pending = a.pending + p_pending_change,
           version = a.version + 1,
           moved = a.moved || jsonb_build_object(
               p_kind, coalesce((a.moved ->> p_kind)::bigint, 0) + p_points - p_debt_change),
           lapses_on = CASE WHEN w.expiry = 'inactivity' AND (p_kind IN ('earn', 'redeem', 'order') OR a.lapses_on IS NULL)
                            THEN (p_day + make_interval(months => w.expiry_months))::date ELSE a.lapses_on END
      FROM public.wallet w
     WHERE a.customer_id = p_customer AND a.wallet = p_wallet AND w.code = p_wallet
    RETURNING a.version, a.balance INTO STRICT seq, balance_after;
    INSERT INTO public.points_entry (customer_id, id, wallet, seq, kind, points, debt_change, pending_change, contra,
                                     balance_after, refers_to, reason_zh, reason_en, source_kind, source_id, actor_id,
                                     posted_at, posted_on)
    VALUES (p_customer, p_entry, p_wallet, seq, p_kind, p_points, p_debt_change, p_pending_change,
            CASE WHEN p_kind IN ('earn', 'opening', 'claw_back', 'pending_add', 'pending_cancel') THEN 'issuance'
                 WHEN p_kind IN ('redeem', 'order', 'refund') THEN 'redemption'
                 WHEN p_kind IN ('expire', 'expire_early') THEN 'expiry'
                 WHEN p_kind = 'pending_activate' THEN 'pending'
                 WHEN p_kind IN ('transfer_out', 'transfer_in') THEN 'transfer'
                 WHEN p_kind IN ('merge_out', 'merge_in') THEN 'merge'
                 WHEN p_kind IN ('roll_out', 'roll_in') THEN 'roll'
                 ELSE 'adjustment' END,
            balance_after, p_refers_to, p_reason_zh, p_reason_en, p_source_kind, p_source_id, p_actor, p_at, p_day);
END
$$
