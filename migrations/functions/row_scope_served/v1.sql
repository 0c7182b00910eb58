-- The customers in the book whose rows the transaction has opened. It reads past the policies: that of `customer` asks
-- it, and that of `customer_access` asks `customer`.
CREATE OR REPLACE FUNCTION row_scope_served() RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp ROWS 300
AS $$
    SELECT a.customer_id FROM public.customer_access a
     WHERE a.staff_id = public.row_scope_staff() AND a.valid_to IS NULL
$$
