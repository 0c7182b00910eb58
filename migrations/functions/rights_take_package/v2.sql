-- Takes the units of a redemption that stands in this transaction out of a package that the customer has chosen for the
-- period of the day. NULL: they are taken. `package_not_chosen`: the right is not among what was chosen for this period.
-- `package_used_up`: the package does not give so many of the right. The choice's row is locked: of redemptions at the same
-- time each counts those before it, and a choice that is being changed is waited for.
CREATE OR REPLACE FUNCTION rights_take_package(
    p_customer uuid, p_right uuid, p_redemption uuid, p_package uuid, p_quantity int, p_at timestamptz, p_day date
) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_left int;
    v_period date;
BEGIN
    UPDATE public.package_choice c SET taken = c.taken + p_quantity
     WHERE c.customer_id = p_customer AND c.package_id = p_package AND p_day BETWEEN c.period_start AND c.period_end
       AND c.rights ? p_right::text RETURNING c.period_start INTO v_period;
    IF NOT FOUND THEN
        RETURN 'package_not_chosen';
    END IF;
    -- The redemption itself is counted already.
    SELECT o.units - (SELECT sum(r.quantity - r.quantity_refunded) FROM public.redemption r
                       WHERE r.customer_id = p_customer AND r.right_id = p_right AND r.package_id = p_package
                         AND r.package_period = (SELECT n.package_period FROM public.redemption n
                                                  WHERE n.customer_id = p_customer AND n.id = p_redemption)
                         AND r.state IN ('awaiting_payment', 'confirmed', 'in_fulfilment', 'fulfilled'))
               - public.rights_package_used_by_origins(p_customer, p_right, p_package, v_period)
      INTO v_left
      FROM public.rights_package p
     CROSS JOIN LATERAL jsonb_to_recordset(p.rights) AS o(right_id uuid, units int)
     WHERE p.id = p_package AND o.right_id = p_right;
    RETURN CASE WHEN v_left >= 0 THEN NULL ELSE 'package_used_up' END;
END
$$
