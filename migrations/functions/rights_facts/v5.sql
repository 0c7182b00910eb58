-- All that decides whether a customer may have a right, read at one moment in one round trip; the decision itself is
-- `assess` in guibin/rights/rules.py. p_lock locks the customer's accounts before anything is read: that of the right's
-- own wallet, at which all redemptions of the right by one customer meet, and the one that pays.
--
-- p_asked: customer, right, at, day, starts {day, month, year}; and as far as the wish and the terms ask for it: wallet
-- (which pays instead of the right's own), package (of which it is taken), tags (which of them the customer has), branches
-- (true), periods (in which to count what was taken of the right), step_up (the proof that is shown), reservation (that is
-- to be taken: `reserved` is how many units it holds) and key (of the customer: when it was used before, `known` says so,
-- and nothing else is read). No row: no such customer or right.
--
-- `seen` is one mark over all of it: two readings with the same mark decide alike. `rights_redeem` reads again under the
-- lock and goes on only if the mark is still the one that the decision saw.
--
-- What every redemption asks stands in two statements, one before the lock and one after it: the start of a statement
-- costs more than what it reads.
CREATE OR REPLACE FUNCTION rights_facts(p_asked jsonb, p_lock boolean)
RETURNS TABLE (
    revision int, minimum_rank int, wallet text, wallet_active boolean, spendable jsonb, caps jsonb,
    point_fen int, tier text, tier_rank int, tier_since date, restricted boolean, tags text[], branches text[],
    stops text[], available bigint, account_state text, usage jsonb, spent jsonb, step_up_used boolean, data_key bytea,
    package_left int, package_period date, reserved int, stock_mode text, seen text, known boolean
)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_customer uuid := (p_asked ->> 'customer')::uuid;
    v_right uuid := (p_asked ->> 'right')::uuid;
    v_day date := (p_asked ->> 'day')::date;
    v_own text;
    v_paying text;
    v_all_lapses boolean;  -- where a share goes, the posting takes it: what is left is known there
    v_branch uuid;
    v_code text;
    v_account record;
    v_versions bigint[];
    v_starts jsonb := p_asked -> 'starts';
BEGIN
    known := false;
    IF p_asked ? 'key' THEN
        known := EXISTS (
            SELECT FROM public.idempotency_key k WHERE k.actor_id = v_customer AND k.key = p_asked ->> 'key');
        IF known THEN
            RETURN NEXT;
            RETURN;
        END IF;
    END IF;
    SELECT r.wallet, coalesce(p_asked ->> 'wallet', r.wallet), c.branch_id, c.data_key,
           w.code, w.active, w.spendable, w.caps, w.cost_fen, w.expiry_share = 100
      INTO v_own, v_paying, v_branch, data_key, wallet, wallet_active, spendable, caps, point_fen, v_all_lapses
      FROM public.rights_item r
      JOIN public.customer c ON c.id = v_customer
      LEFT JOIN public.wallet w ON w.code = coalesce(p_asked ->> 'wallet', r.wallet)
     WHERE r.id = v_right;
    IF NOT FOUND THEN
        RETURN;
    END IF;

    -- One after the other in the order of their codes, whichever of them pays; an account that is not there yet is empty.
    IF wallet IS NOT NULL THEN
        FOREACH v_code IN ARRAY CASE WHEN v_own = v_paying THEN ARRAY[v_own]
                                     WHEN v_own COLLATE "C" < v_paying THEN ARRAY[v_own, v_paying]
                                     ELSE ARRAY[v_paying, v_own] END
        LOOP
            IF p_lock THEN
                SELECT l.available, l.state, l.version INTO v_account
                  FROM public.points_account_lock(v_customer, v_code, (p_asked ->> 'at')::timestamptz, v_day) l;
            ELSE
                SELECT a.balance - a.held - coalesce(e.expired, 0) AS available, a.state, a.version INTO v_account
                  FROM public.points_account a
                 CROSS JOIN LATERAL (
                       SELECT sum(l.remaining - l.held)::bigint AS expired FROM public.points_lot l
                        WHERE l.customer_id = a.customer_id AND l.wallet = a.wallet AND l.remaining > 0
                          AND NOT l.pending AND (l.expires_on < v_day OR (a.lapses_on < v_day AND v_all_lapses))) e
                 WHERE a.customer_id = v_customer AND a.wallet = v_code;
            END IF;
            v_versions := v_versions || coalesce(v_account.version, 0);
            IF v_code = v_paying THEN
                available := coalesce(v_account.available, 0);
                account_state := coalesce(v_account.state, 'open');
            END IF;
        END LOOP;
    END IF;

    SELECT r.revision, r.stock_mode, m.rank, t.code, t.rank, h.effective_on,
           EXISTS (SELECT FROM public.customer_restriction s JOIN public.restriction_kind k ON k.code = s.kind
                    WHERE s.customer_id = v_customer AND k.blocks_redeem AND s.valid_from <= v_day
                      AND (s.valid_to IS NULL OR s.valid_to > v_day)),
           ARRAY(SELECT s.target || '/' || s.subject FROM public.kill_switch s WHERE s.spending ORDER BY 1)
      INTO revision, stock_mode, minimum_rank, tier, tier_rank, tier_since, restricted, stops
      FROM public.rights_item r
      LEFT JOIN public.tier m ON m.code = r.minimum_tier
      LEFT JOIN LATERAL (SELECT h.tier_code, h.effective_on FROM public.tier_history h
                          WHERE h.customer_id = v_customer AND h.effective_on <= v_day
                          ORDER BY h.effective_on DESC, h.recorded_at DESC LIMIT 1) h ON true
      LEFT JOIN public.tier t ON t.code = h.tier_code
     WHERE r.id = v_right;
    tags := '{}';
    IF p_asked ? 'tags' THEN
        tags := ARRAY(
            SELECT DISTINCT t.tag_code FROM public.customer_tag t
             WHERE t.customer_id = v_customer AND t.since <= v_day AND (t.until IS NULL OR t.until > v_day)
               AND t.tag_code IN (SELECT jsonb_array_elements_text(p_asked -> 'tags')) ORDER BY 1);
    END IF;
    branches := '{}';
    IF p_asked ? 'branches' THEN
        branches := ARRAY(
            SELECT b.code FROM public.branch_closure c JOIN public.branch b ON b.id = c.ancestor_id
             WHERE c.descendant_id = v_branch ORDER BY 1);
    END IF;

    -- The period of a tier begins with the tier; it is a lifetime for whom there is none.
    IF p_asked ? 'periods' THEN
        v_starts := v_starts || jsonb_build_object('tier', tier_since);
        SELECT jsonb_object_agg(p.name, jsonb_build_array(
                   t.units + o.units, t.free_units + o.free_units, t.free_guests + o.free_guests)) INTO usage
          FROM jsonb_array_elements_text(p_asked -> 'periods') AS p(name)
         CROSS JOIN LATERAL (SELECT (v_starts ->> p.name)::timestamp AT TIME ZONE 'Asia/Shanghai' AS since) s
         CROSS JOIN LATERAL (
               SELECT coalesce(sum(r.quantity - r.quantity_refunded), 0) AS units,
                      coalesce(sum(r.quota_used - r.quota_refunded), 0) AS free_units,
                      coalesce(sum(r.guest_quota_used), 0) AS free_guests
                 FROM public.redemption r
                WHERE r.customer_id = v_customer AND r.right_id = v_right
                  AND r.state IN ('awaiting_payment', 'confirmed', 'in_fulfilment', 'fulfilled')
                  AND (s.since IS NULL OR r.created_at >= s.since)) t
         CROSS JOIN LATERAL public.rights_used_by_origins(v_customer, v_right, s.since) o;
    END IF;
    IF caps @> '[{"kind": "spend"}]' THEN
        v_starts := v_starts || jsonb_build_object('tier', tier_since);
        SELECT jsonb_object_agg(p.name, t.spent + h.points + public.points_spent_by_origins(
                   v_customer, v_paying, (v_starts ->> p.name)::date)) INTO spent
          FROM (SELECT DISTINCT c ->> 'period' AS name FROM jsonb_array_elements(caps) AS c
                 WHERE c ->> 'kind' = 'spend') p
         CROSS JOIN LATERAL (
               SELECT greatest(coalesce(sum(-e.points), 0), 0) AS spent FROM public.points_entry e
                WHERE e.customer_id = v_customer AND e.wallet = v_paying AND e.kind IN ('redeem', 'order', 'refund')
                  AND (v_starts ->> p.name IS NULL OR e.posted_on >= (v_starts ->> p.name)::date)) t
         -- What is set aside counts as spent in every period, as it does for whoever sets more aside.
         CROSS JOIN LATERAL (
               SELECT coalesce(sum(h.points), 0) AS points FROM public.points_hold h
                WHERE h.customer_id = v_customer AND h.wallet = v_paying AND h.state = 'open') h
         WHERE p.name <> 'transaction';
    END IF;
    step_up_used := false;
    IF p_asked ? 'step_up' THEN
        step_up_used := EXISTS (
            SELECT FROM public.redemption r
             WHERE r.customer_id = v_customer AND r.step_up_id = (p_asked ->> 'step_up')::uuid);
    END IF;

    IF p_asked ? 'package' THEN
        SELECT l.left_units, l.period_start INTO package_left, package_period
          FROM public.rights_package_left(v_customer, v_day) l
         WHERE l.package_id = (p_asked ->> 'package')::uuid AND l.right_id = v_right;
    END IF;

    IF p_asked ? 'reservation' THEN
        SELECT r.quantity INTO reserved FROM public.reservation r
         WHERE r.customer_id = v_customer AND r.id = (p_asked ->> 'reservation')::uuid AND r.right_id = v_right
           AND r.state = 'held' AND r.lapses_at > (p_asked ->> 'at')::timestamptz;
    END IF;

    seen := md5(ROW(revision, minimum_rank, wallet, wallet_active, spendable, caps, point_fen, tier, tier_rank,
                    tier_since, restricted, tags, branches, stops, available, account_state, v_versions, usage, spent,
                    step_up_used, data_key, package_left, package_period, reserved)::text);
    RETURN NEXT;
END
$$
