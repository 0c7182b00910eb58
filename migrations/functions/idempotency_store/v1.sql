-- Keeps an answer under a key that nobody has used: a refusal, of which nothing else is left. False when its actor used the
-- key before: then that answer counts. Fails as `idempotency_take` does.
CREATE OR REPLACE FUNCTION idempotency_store(
    p_actor uuid, p_key text, p_fingerprint bytea, p_status int, p_body bytea, p_content_type text, p_at timestamptz
)
RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF NOT public.idempotency_take(p_actor, p_key, p_fingerprint, p_at) THEN
        RETURN false;
    END IF;
    UPDATE public.idempotency_key k SET status = p_status, body = p_body, content_type = p_content_type
     WHERE k.actor_id = p_actor AND k.key = p_key;
    RETURN true;
END
$$
