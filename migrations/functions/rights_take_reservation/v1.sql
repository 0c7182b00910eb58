-- Ends a reservation by the redemption that takes what it holds. NULL: it is ended. `reservation_over`: the customer has no
-- such reservation of this right and so many units, or its time is over.
CREATE OR REPLACE FUNCTION rights_take_reservation(
    p_customer uuid, p_right uuid, p_redemption uuid, p_reservation uuid, p_quantity int, p_at timestamptz
) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    UPDATE public.reservation r SET state = 'taken', ended_at = p_at, redemption_id = p_redemption
     WHERE r.customer_id = p_customer AND r.id = p_reservation AND r.right_id = p_right AND r.quantity = p_quantity
       AND r.state = 'held' AND r.lapses_at > p_at;
    RETURN CASE WHEN FOUND THEN NULL ELSE 'reservation_over' END;
END
$$
