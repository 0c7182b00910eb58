-- Whether the transaction has opened one customer's rows, for functions that read past the policies: the same as the
-- policy of `customer`.
CREATE OR REPLACE FUNCTION row_scope_opens(p_customer uuid) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT coalesce(public.row_scope_bank() OR public.row_scope_customer() = p_customer, false)
        OR EXISTS (SELECT FROM public.customer_access a
                    WHERE a.customer_id = p_customer AND a.staff_id = ANY (public.row_scope_books()) AND a.valid_to IS NULL)
        OR EXISTS (SELECT FROM public.customer_access a
                    WHERE a.customer_id = p_customer AND a.staff_id = public.row_scope_actor() AND a.role = 'joint'
                      AND a.valid_to > public.row_scope_accompanied_on())
        OR EXISTS (SELECT FROM public.customer c
                     JOIN public.branch_closure b ON b.descendant_id = c.branch_id
                    WHERE c.id = p_customer AND b.ancestor_id = ANY (public.row_scope_branches()))
$$
