-- The customers who were merged into one whose rows the transaction has opened: what stands under their ids is read through
-- that one. Empty for a customer out of scope.
CREATE OR REPLACE FUNCTION customer_origins(p_customer uuid) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT coalesce(array_agg(c.id ORDER BY c.id), '{}') FROM public.customer c
     WHERE c.merged_into = p_customer AND public.row_scope_opens(p_customer)
$$
