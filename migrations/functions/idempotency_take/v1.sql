-- Takes a key for a request in this transaction; false when its actor used it before. Waits for a twin in flight until the
-- role's lock time-out, and then fails with the state GB410, which tells this wait from all others.
CREATE OR REPLACE FUNCTION idempotency_take(p_actor uuid, p_key text, p_fingerprint bytea, p_at timestamptz)
RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    INSERT INTO public.idempotency_key (actor_id, key, fingerprint, created_at)
    VALUES (p_actor, p_key, p_fingerprint, p_at) ON CONFLICT DO NOTHING;
    RETURN FOUND;
EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION 'a twin holds the key' USING ERRCODE = 'GB410';
END
$$
