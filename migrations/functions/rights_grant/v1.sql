-- Writes a right that a rule of earning gives, without points and quota: the redemption with its first step, what it takes
-- for which others wait (as `rights_redeem` does, and by the same function), and its event. It hangs on what the rule gave
-- in points for an event (`award`, the id of that entry), so that no role can give rights for nothing.
--
-- p_taking is what `rights_redeem` takes. Outcomes: done, or why not, as `rights_take` says.
-- Raises 22023 where it is paid for otherwise, or there is no such award; 42501 as `points_account_lock`.
CREATE OR REPLACE FUNCTION rights_grant(p_taking jsonb)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_new public.redemption := jsonb_populate_record(NULL::public.redemption, p_taking -> 'redemption');
BEGIN
    IF session_user = 'guibin_bank' AND NOT public.row_scope_opens(v_new.customer_id) THEN
        RAISE EXCEPTION 'the transaction has not opened this customer''s rows' USING ERRCODE = '42501';
    END IF;
    IF v_new.points_charged <> 0 OR v_new.quota_used <> 0 OR v_new.companions <> 0 OR v_new.state <> 'confirmed'
       OR v_new.package_id IS NOT NULL OR NOT EXISTS (
            SELECT FROM public.earning_award a
             WHERE a.customer_id = v_new.customer_id AND a.entry_id = (p_taking ->> 'award')::uuid) THEN
        RAISE EXCEPTION 'not a right that a rule of earning gives' USING ERRCODE = '22023';
    END IF;
    INSERT INTO public.redemption SELECT v_new.*;
    INSERT INTO public.redemption_step (customer_id, redemption_id, state, at, actor_id)
    VALUES (v_new.customer_id, v_new.id, v_new.state, v_new.created_at, v_new.actor_id);
    PERFORM public.rights_take(v_new, p_taking);
    INSERT INTO public.outbox_event (owner_id, id, type, subject, customer_id, payload, created_at)
    VALUES (v_new.customer_id, (p_taking #>> '{event,id}')::uuid, 'redemption.confirmed', 'rdm_' || v_new.id,
            v_new.customer_id, p_taking #> '{event,payload}', v_new.created_at);
    RETURN 'done';
EXCEPTION WHEN SQLSTATE 'GB409' THEN
    RETURN sqlerrm;
END
$$
