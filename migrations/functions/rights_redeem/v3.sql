-- Redeems in one round trip what was decided: points, redemption with its first step and whom it serves, the event, key and
-- stored answer, and what else it takes: stock or codes, the bound for everybody, the budget. All of it stands in one block,
-- so that nothing is left of what is refused on the way.
--
-- p_taking: `redemption` (its row), `asked` and `seen` (see `rights_facts`; without `seen` the caller holds the locks since
-- it read), `entry` {id, reason_zh, reason_en}, `event` {id, type, payload}, `scarce` {id, codes}: of the event that may tell
-- that there is little left, of codes when fewer than so many are free. Where they are needed: `key` {key, fingerprint}
-- to be taken, `answer` {key, head, tail} (lots and what is left of the points go between), `beneficiary` {name, phone,
-- certificate}, `package` {id}, `slot` {id, places}, `total_limit`, `budget` {branch, line, year}. Bytes are hexadecimal.
-- With `payment` {hold, amount_fen, due_until} the points are set aside until the money is paid, and spent then.
--
-- Outcomes: done; moved (what decided is not as it was seen: decide again); known (the key was used before); or why not:
-- out_of_stock, total_reached, budget_exhausted, what `points_post` says, what a function `rights_take_...` says. Fails as
-- `idempotency_take` does.
-- The locks are taken in the order of the house: accounts, key, package, slot, stock or codes, bound, budget. A twin under the
-- same key meets the account first, and finds the key once it has the lock; so the key is written once, with its answer.
CREATE OR REPLACE FUNCTION rights_redeem(p_taking jsonb)
RETURNS TABLE (outcome text, available_after bigint, lots jsonb, answer text)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_new public.redemption := jsonb_populate_record(NULL::public.redemption, p_taking -> 'redemption');
    v_keyed boolean := p_taking ? 'key';
    v_writing boolean := false;
    v_taken boolean;
    v_facts record;
    v_posted record;
BEGIN
    SELECT * INTO v_facts FROM public.rights_facts(p_taking -> 'asked', true);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the transaction has not opened this customer''s rows, or there is no such right'
            USING ERRCODE = '42501';
    END IF;
    IF p_taking ? 'seen' AND v_facts.seen IS DISTINCT FROM p_taking ->> 'seen' THEN
        RAISE EXCEPTION 'moved' USING ERRCODE = 'GB409';
    END IF;

    available_after := v_facts.available;
    lots := '[]';
    IF p_taking ? 'payment' THEN
        SELECT h.outcome, h.available_after INTO STRICT v_posted FROM public.points_hold(
            v_new.customer_id, v_new.wallet, v_new.points_charged, (p_taking #>> '{payment,hold}')::uuid,
            (p_taking #>> '{payment,due_until}')::timestamptz, p_taking #>> '{entry,reason_zh}',
            p_taking #>> '{entry,reason_en}', 'redemption', 'rdm_' || v_new.id, v_new.actor_id, v_new.created_at,
            (p_taking #>> '{asked,day}')::date) h;
        IF v_posted.outcome <> 'posted' THEN
            RAISE EXCEPTION '%', v_posted.outcome USING ERRCODE = 'GB409';
        END IF;
        available_after := v_posted.available_after;
    ELSIF v_new.points_charged > 0 THEN
        SELECT * INTO STRICT v_posted FROM public.points_post(
            v_new.customer_id, v_new.wallet, 'redeem', v_new.points_charged, (p_taking #>> '{entry,id}')::uuid, NULL,
            NULL, NULL, NULL, p_taking #>> '{entry,reason_zh}', p_taking #>> '{entry,reason_en}', 'redemption',
            'rdm_' || v_new.id, v_new.actor_id, v_new.created_at, (p_taking #>> '{asked,day}')::date);
        IF v_posted.outcome <> 'posted' THEN
            RAISE EXCEPTION '%', v_posted.outcome USING ERRCODE = 'GB409';
        END IF;
        available_after := v_posted.available_after;
        lots := v_posted.lots;
        v_new.entry_id := v_posted.entry_id;
    END IF;

    -- One statement for four rows, and one text of the answer for the caller and for whoever comes again.
    v_writing := true;
    WITH made AS (
        INSERT INTO public.redemption SELECT v_new.*
    ), step AS (
        INSERT INTO public.redemption_step (customer_id, redemption_id, state, at, actor_id)
        VALUES (v_new.customer_id, v_new.id, v_new.state, v_new.created_at, v_new.actor_id)
    ), event AS (
        INSERT INTO public.outbox_event (owner_id, id, type, subject, customer_id, payload, created_at)
        VALUES (v_new.customer_id, (p_taking #>> '{event,id}')::uuid, p_taking #>> '{event,type}', 'rdm_' || v_new.id,
                v_new.customer_id, p_taking #> '{event,payload}', v_new.created_at)
    ), said AS (
        SELECT format('%s[%s],"available_after":%s%s', p_taking #>> '{answer,head}',
                      (SELECT string_agg(format('{"lot_id":"lot_%s","points":%s,"expires_on":%s}', l.lot ->> 'lot_id',
                                                l.lot ->> 'points', l.lot -> 'expires_on'), ',' ORDER BY l.place)
                         FROM jsonb_array_elements(lots) WITH ORDINALITY AS l(lot, place)),
                      available_after, p_taking #>> '{answer,tail}') AS body
    ), kept AS (
        INSERT INTO public.idempotency_key (actor_id, key, fingerprint, status, body, content_type, created_at)
        SELECT v_new.actor_id, p_taking #>> '{key,key}', decode(p_taking #>> '{key,fingerprint}', 'hex'), 201, convert_to(s.body, 'UTF8'),
               'application/json', v_new.created_at FROM said s WHERE v_keyed
        ON CONFLICT DO NOTHING RETURNING true AS taken
    )
    SELECT CASE WHEN p_taking ? 'answer' THEN s.body END, k.taken INTO answer, v_taken
      FROM said s LEFT JOIN kept k ON true;
    v_writing := false;
    IF v_keyed AND v_taken IS NULL THEN
        RAISE EXCEPTION 'known' USING ERRCODE = 'GB409';
    ELSIF answer IS NOT NULL AND NOT v_keyed THEN
        UPDATE public.idempotency_key k
           SET status = 201, body = convert_to(answer, 'UTF8'), content_type = 'application/json'
         WHERE k.actor_id = v_new.actor_id AND k.key = p_taking #>> '{answer,key}';
    END IF;
    IF p_taking ? 'payment' THEN
        INSERT INTO public.redemption_payment (customer_id, redemption_id, amount_fen, hold_id, state, due_until,
                                               repayable_fen, repaid_fen)
        VALUES (v_new.customer_id, v_new.id, (p_taking #>> '{payment,amount_fen}')::bigint,
                (p_taking #>> '{payment,hold}')::uuid, 'due', (p_taking #>> '{payment,due_until}')::timestamptz, 0, 0);
    END IF;
    IF p_taking ? 'beneficiary' THEN
        INSERT INTO public.redemption_beneficiary (customer_id, redemption_id, name_enc, phone_enc, certificate_enc,
                                                   consented_at)
        VALUES (v_new.customer_id, v_new.id, decode(p_taking #>> '{beneficiary,name}', 'hex'),
                decode(p_taking #>> '{beneficiary,phone}', 'hex'),
                decode(p_taking #>> '{beneficiary,certificate}', 'hex'), v_new.created_at);
    END IF;
    IF v_facts.stock_mode <> 'unlimited'
       OR p_taking ?| ARRAY['package', 'slot', 'reservation', 'total_limit', 'budget'] THEN
        PERFORM public.rights_take(v_new, p_taking);
    END IF;
    outcome := 'done';
    RETURN NEXT;
EXCEPTION
    WHEN SQLSTATE 'GB409' THEN
        outcome := sqlerrm;
        -- What is refused because a twin has done it is done.
        IF v_keyed AND EXISTS (SELECT FROM public.idempotency_key k
                                WHERE k.actor_id = v_new.actor_id AND k.key = p_taking #>> '{key,key}') THEN
            outcome := 'known';
        END IF;
        available_after := NULL;
        lots := NULL;
        answer := NULL;
        RETURN NEXT;
    WHEN lock_not_available THEN
        IF v_writing AND v_keyed THEN
            RAISE EXCEPTION 'a twin holds the key' USING ERRCODE = 'GB410';
        END IF;
        RAISE;
END
$$
