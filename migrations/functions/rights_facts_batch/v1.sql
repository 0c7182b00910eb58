-- Reads for several customers what decides whether each may have what is asked for, in one transaction: each item as
-- `rights_facts` alone would, its call counted first, with its own customer let in, whose rows alone are open meanwhile,
-- and in a block of its own. Nothing is locked but the counters, which nobody waits for who holds something else.
--
-- p_items: [{subject (hexadecimal), entry: [customer, session, when the token was issued], asked: what `rights_facts`
-- takes}]; all are counted as p_names, p_ends, p_most and p_now say (see `rate_count`). Returns a row for each, in no order:
-- `place` (from 1), what `rate_count` and `customer_enter` say, and where there is something, what `rights_facts` says.
-- `over` are the counts where a limit is passed: nothing was counted and nothing read. `alone`: it failed, and was not
-- counted either; it is to be done by itself. Nothing is read for whose token is not in force.
--
-- Customers go in the order of their ids, so that two batches meet at the counters in one order. A power cut may forget
-- what was counted, as it may where a call is counted alone.
CREATE OR REPLACE FUNCTION rights_facts_batch(
    p_items jsonb, p_names text[], p_ends timestamptz[], p_most int[], p_now timestamptz
)
RETURNS TABLE (
    place int, alone boolean, over text, counted text, entry_status text, entry_merged_into uuid,
    entry_has_data_key boolean, entry_in_force boolean, is_there boolean,
    revision int, minimum_rank int, wallet text, wallet_active boolean, spendable jsonb, caps jsonb,
    point_fen int, tier text, tier_rank int, tier_since date, restricted boolean, tags text[], branches text[],
    stops text[], available bigint, account_state text, usage jsonb, spent jsonb, step_up_used boolean, data_key bytea,
    package_left int, package_period date, reserved int, stock_mode text, seen text, known boolean
)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_item jsonb;
    v_place int;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    FOR v_item, v_place IN
        SELECT i.item, i.place FROM jsonb_array_elements(p_items) WITH ORDINALITY AS i(item, place)
         ORDER BY (i.item #>> '{entry,0}')::uuid, i.place
    LOOP
        -- Nothing of the customer before stays open, even where this one is unknown and opens nothing.
        PERFORM set_config('guibin.scope', '', true), set_config('guibin.actor', '', true);
        BEGIN
            RETURN QUERY
            SELECT v_place, false, NULL::text, c.counted::text, e.status, e.merged_into, e.has_data_key, e.in_force, f.*
              FROM public.rate_count(decode(v_item ->> 'subject', 'hex'), p_names, p_ends, p_most, p_now) AS c(counted)
              LEFT JOIN public.customer_enter((v_item #>> '{entry,0}')::uuid, (v_item #>> '{entry,1}')::uuid,
                                              (v_item #>> '{entry,2}')::timestamptz) e ON true
              LEFT JOIN LATERAL (SELECT true, r.* FROM public.rights_facts(v_item -> 'asked', false) r
                                  WHERE e.in_force OFFSET 0) f ON true;
        EXCEPTION
            WHEN SQLSTATE 'GB429' THEN
                place := v_place;
                alone := false;
                GET STACKED DIAGNOSTICS over = PG_EXCEPTION_DETAIL;
                RETURN NEXT;
            WHEN OTHERS THEN
                place := v_place;
                alone := true;
                over := NULL;
                RETURN NEXT;
        END;
    END LOOP;
    PERFORM set_config('guibin.scope', '', true), set_config('guibin.actor', '', true);
END
$$
