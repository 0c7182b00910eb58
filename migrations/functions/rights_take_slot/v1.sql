-- Takes places of an appointment slot for a redemption that stands in this transaction, with its guests counted in.
-- NULL: they are taken. `slot_taken`: there are not so many left. `slot_not_open`: there is no such slot of this right,
-- it is closed, or too near. Whoever waits for the slot's row is decided by what stands after the wait.
CREATE OR REPLACE FUNCTION rights_take_slot(
    p_customer uuid, p_right uuid, p_redemption uuid, p_slot uuid, p_quantity int, p_at timestamptz, p_day date
) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_from timestamptz;
    v_slot public.rights_slot;
BEGIN
    SELECT p_at + make_interval(hours => coalesce((i.offer -> 'appointment' ->> 'lead_hours')::int, 0))
      INTO v_from FROM public.rights_item i WHERE i.id = p_right AND i.offer ? 'appointment';
    UPDATE public.rights_slot s SET taken = s.taken + p_quantity
     WHERE s.right_id = p_right AND s.id = p_slot AND s.state = 'open' AND s.starts_at > v_from
       AND s.taken + p_quantity <= s.capacity
    RETURNING * INTO v_slot;
    IF v_slot.id IS NULL THEN
        RETURN CASE WHEN EXISTS (SELECT FROM public.rights_slot s
                                  WHERE s.right_id = p_right AND s.id = p_slot AND s.state = 'open'
                                    AND s.starts_at > v_from)
                    THEN 'slot_taken' ELSE 'slot_not_open' END;
    END IF;
    INSERT INTO public.appointment (customer_id, redemption_id, right_id, slot_id, city_code, place, starts_at, ends_at,
                                    moves)
    VALUES (p_customer, p_redemption, p_right, p_slot, v_slot.city_code, v_slot.place, v_slot.starts_at,
            v_slot.ends_at, 0);
    RETURN NULL;
END
$$
