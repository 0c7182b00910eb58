-- How many units of a right a customer took from a package in a period before becoming one with another, under all ids that
-- were merged into p_customer. A merge gives nobody a package twice. Nothing for a customer out of scope: this function
-- reads past the policies.
CREATE OR REPLACE FUNCTION rights_package_used_by_origins(p_customer uuid, p_right uuid, p_package uuid, p_period date)
RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT coalesce(sum(r.quantity - r.quantity_refunded), 0)::bigint
      FROM public.customer c
      JOIN public.redemption r ON r.customer_id = c.id AND r.right_id = p_right AND r.package_id = p_package
                              AND r.package_period = p_period
                              AND r.state IN ('awaiting_payment', 'confirmed', 'in_fulfilment', 'fulfilled')
     WHERE c.merged_into = p_customer AND public.row_scope_opens(p_customer)
$$
