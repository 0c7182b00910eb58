-- Who of the bank looked at a customer's data, newest first: for the customer, so no staff member is named. It reads past
-- the policies, and answers only for the customer whose rows this transaction has opened. Left out are refused tries,
-- which saw nothing, the looks of compliance and audit, and restrictions and whoever asked for them, which the customer
-- must not be told of.
CREATE OR REPLACE FUNCTION my_access_log(p_customer uuid, p_before timestamptz, p_before_id uuid, p_limit int)
RETURNS TABLE (id uuid, at timestamptz, actor_kind text, roles text, branch_zh text, branch_en text,
               action text, permission text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT e.id, e.at, e.actor_kind, e.roles, b.name_zh, b.name_en, e.action, e.permission
      FROM public.audit_entry e
      LEFT JOIN public.staff s ON s.id = e.actor_id
      LEFT JOIN public.branch b ON b.id = s.branch_id
     WHERE e.owner_id = p_customer
       AND current_setting('guibin.scope', true) = 'customer:' || p_customer
       AND e.actor_kind IN ('staff', 'service')
       AND e.result = 'done'
       AND NOT string_to_array(e.roles, ',') && ARRAY['compliance', 'auditor']
       AND e.action NOT IN ('listCustomerRestrictions', 'putCustomerRestrictions', 'restrictions.put')
       AND (p_before IS NULL OR (e.at, e.id) < (p_before, p_before_id))
     ORDER BY e.at DESC, e.id DESC
     LIMIT p_limit
$$
