-- Redeems what several customers have decided to take of one right, or of rights that keep nobody waiting, in one
-- transaction: each item as `rights_redeem` alone would, with its own customer let in, whose rows alone are open meanwhile,
-- and in a block of its own.
--
-- p_items: [{entry: [customer, session, when the token was issued], taking: what `rights_redeem` takes}]. Returns a row for
-- each, in no order: `place` (from 1), what `customer_enter` says of the customer, and what `rights_redeem` says. Nothing is
-- done for whose token is not in force. Outcome `alone`: it failed, or waited too long for a lock; it is to be done by itself.
--
-- Customers go in the order of their ids, and at most one right is scarce, so that the locks come in the order of the house
-- but for one thing: the stock is held since the first item when the later ones lock their accounts. Whoever holds such an
-- account and waits for the stock would wait for ever, so no item waits for a lock longer than p_patience.
CREATE OR REPLACE FUNCTION rights_redeem_batch(p_items jsonb, p_patience interval)
RETURNS TABLE (
    place int, entry_status text, entry_merged_into uuid, entry_has_data_key boolean, entry_in_force boolean,
    outcome text, available_after bigint, lots jsonb, answer text
)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_item jsonb;
BEGIN
    PERFORM set_config('lock_timeout', (extract(epoch FROM p_patience) * 1000)::int::text, true);
    FOR v_item, place IN
        SELECT i.item, i.place FROM jsonb_array_elements(p_items) WITH ORDINALITY AS i(item, place)
         ORDER BY (i.item #>> '{entry,0}')::uuid, i.place
    LOOP
        entry_status := NULL;
        outcome := NULL;
        available_after := NULL;
        lots := NULL;
        answer := NULL;
        -- Nothing of the customer before stays open, even where this one is unknown and opens nothing.
        PERFORM set_config('guibin.scope', '', true), set_config('guibin.actor', '', true);
        BEGIN
            SELECT e.status, e.merged_into, e.has_data_key, e.in_force
              INTO entry_status, entry_merged_into, entry_has_data_key, entry_in_force
              FROM public.customer_enter((v_item #>> '{entry,0}')::uuid, (v_item #>> '{entry,1}')::uuid,
                                         (v_item #>> '{entry,2}')::timestamptz) e;
            IF entry_in_force THEN
                SELECT r.outcome, r.available_after, r.lots, r.answer INTO outcome, available_after, lots, answer
                  FROM public.rights_redeem(v_item -> 'taking') r;
            END IF;
        EXCEPTION WHEN OTHERS THEN
            outcome := 'alone';
        END;
        RETURN NEXT;
    END LOOP;
    PERFORM set_config('guibin.scope', '', true), set_config('guibin.actor', '', true);
END
$$
