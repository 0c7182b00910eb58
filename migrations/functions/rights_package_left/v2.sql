-- What the packages that a customer has chosen still give on a day: a row for each chosen right of each package whose
-- period is running and whose version has not ended. Units of redemptions that stand count against those of their
-- period, those of who became one with the customer too.
CREATE OR REPLACE FUNCTION rights_package_left(p_customer uuid, p_day date)
RETURNS TABLE (package_id uuid, period_start date, period_end date, right_id uuid, units int, left_units int)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT c.package_id, c.period_start, c.period_end, o.right_id, o.units,
           greatest(o.units - coalesce(t.units, 0) - public.rights_package_used_by_origins(
                        c.customer_id, o.right_id, c.package_id, c.period_start), 0)::int
      FROM public.package_choice c
      JOIN public.rights_package p ON p.id = c.package_id AND (p.last_day IS NULL OR p.last_day >= p_day)
     CROSS JOIN LATERAL jsonb_to_recordset(p.rights) AS o(right_id uuid, units int)
     CROSS JOIN LATERAL (
           SELECT sum(r.quantity - r.quantity_refunded) AS units FROM public.redemption r
            WHERE r.customer_id = c.customer_id AND r.right_id = o.right_id AND r.package_id = c.package_id
              AND r.package_period = c.period_start
              AND r.state IN ('awaiting_payment', 'confirmed', 'in_fulfilment', 'fulfilled')) t
     WHERE c.customer_id = p_customer AND p_day BETWEEN c.period_start AND c.period_end
       AND c.rights ? o.right_id::text
$$
