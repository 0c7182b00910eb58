-- Moves the day on which an account's points lapse for want of activity, because something happened that counts as such.
-- What has lapsed before `p_first` stays lapsed, and no day comes nearer. Tells whether the day was moved.
CREATE OR REPLACE FUNCTION points_prolong(p_customer uuid, p_wallet text, p_until date, p_first date)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    UPDATE public.points_account a SET lapses_on = p_until
     WHERE a.customer_id = p_customer AND a.wallet = p_wallet AND a.lapses_on >= p_first AND a.lapses_on < p_until
       AND a.state <> 'closed';
    RETURN FOUND;
END
$$
