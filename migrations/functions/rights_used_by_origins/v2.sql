-- What a customer took of a right before becoming one with another: units, those of the quota, and guests of the quota, of
-- redemptions that stand, since a moment (NULL: ever), under all ids that were merged into p_customer. A merge gives nobody
-- a second quota. Nothing for a customer out of scope: this function reads past the policies.
CREATE OR REPLACE FUNCTION rights_used_by_origins(p_customer uuid, p_right uuid, p_since timestamptz)
RETURNS TABLE (units bigint, free_units bigint, free_guests bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT coalesce(sum(r.quantity - r.quantity_refunded), 0)::bigint,
           coalesce(sum(r.quota_used - r.quota_refunded), 0)::bigint,
           coalesce(sum(r.guest_quota_used), 0)::bigint
      FROM public.customer c
      JOIN public.redemption r ON r.customer_id = c.id AND r.right_id = p_right
                              AND r.state IN ('awaiting_payment', 'confirmed', 'in_fulfilment', 'fulfilled')
                              AND (p_since IS NULL OR r.created_at >= p_since)
     WHERE c.merged_into = p_customer AND public.row_scope_opens(p_customer)
$$
