-- What a customer spent of a wallet before becoming one with another, less what came back, from a day on (NULL: ever), under all
-- ids that were merged into p_customer. A merge gives nobody a second cap. Nothing for a customer out of scope: this function
-- reads past the policies.
CREATE OR REPLACE FUNCTION points_spent_by_origins(p_customer uuid, p_wallet text, p_since date)
RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT greatest(coalesce(sum(-e.points), 0), 0)::bigint
      FROM public.customer c
      JOIN public.points_entry e ON e.customer_id = c.id AND e.wallet = p_wallet
                                AND e.kind IN ('redeem', 'order', 'refund')
                                AND (p_since IS NULL OR e.posted_on >= p_since)
     WHERE c.merged_into = p_customer AND public.row_scope_opens(p_customer)
$$
