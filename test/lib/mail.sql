-- For \ir in test/pgtap: a relay that keeps what it fetched, and calls of the
-- functions that mail is about, as text for story.sql and answer.sql.

CREATE TEMP TABLE post (LIKE users_mail, n integer GENERATED ALWAYS AS IDENTITY);

-- Claims all that is due, keeps it and settles it. What it was: kind and
-- recipient, sorted; "nothing" when there was none.
CREATE FUNCTION pg_temp.fetch() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	mails users_mail[];
BEGIN
	PERFORM set_config('role', 'users_relay', true);
	mails := ARRAY(SELECT m FROM users_claim_mail(1000) m);
	PERFORM users_mail_sent(m.id) FROM unnest(mails) m;
	PERFORM set_config('role', 'none', true);
	INSERT INTO post SELECT m.* FROM unnest(mails) m;
	RETURN coalesce((SELECT string_agg(m.kind || ' ' || m.recipient, ', ' ORDER BY m.kind, m.recipient) FROM unnest(mails) m), 'nothing');
END
$$;

-- The token of the newest mail of a kind, to a recipient or to anybody.
CREATE FUNCTION pg_temp.token(kind text, recipient text DEFAULT '%') RETURNS text LANGUAGE sql AS
$$ SELECT p.data ->> 'token' FROM post p WHERE p.kind = token.kind AND p.recipient LIKE token.recipient ORDER BY p.n DESC LIMIT 1 $$;
-- That of an address that was handed over.
CREATE FUNCTION pg_temp.token_of(url text) RETURNS text LANGUAGE sql AS $$ SELECT substring(url FROM 'token=([A-Za-z0-9_-]{86})$') $$;

-- Somebody with the password "seven wet horses sing", whose address nobody has
-- verified.
CREATE FUNCTION pg_temp.person(name text, role text DEFAULT 'user') RETURNS uuid LANGUAGE sql AS
$$ SELECT user_id FROM users_create_user(name || '@example.org', name, 'Sieglinde', 'Sonnenschein', 'seven wet horses sing', platform_role => role) $$;

CREATE FUNCTION pg_temp.sign_in(identifier text, password text DEFAULT 'seven wet horses sing') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT status FROM users_login(%L, %L)', identifier, password) $$;
CREATE FUNCTION pg_temp.ask(function text, email text, site text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT o::text FROM users_request_%s(%L, %L) o', function, email, site) $$;
CREATE FUNCTION pg_temp.reset(token text, password text DEFAULT 'ten dry goats mumble') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT o::text FROM users_reset_password(%L, %L, %2$L) o', token, password) $$;
CREATE FUNCTION pg_temp.verify(token text, password text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT o::text FROM users_verify_email(%L, %L) o', token, password) $$;
CREATE FUNCTION pg_temp.move(email text, password text DEFAULT 'seven wet horses sing', site text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT o::text FROM users_change_email(%L, %L, %L) o', password, email, site) $$;
CREATE FUNCTION pg_temp.join_with(token text, email text, name text, password text DEFAULT 'five red cows whistle') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT status FROM users_register(%L, %L, %L, ''Sieglinde'', ''Sonnenschein'', token => %L)', email, name, password, token) $$;

-- An account's address, the one it waits for, and whether the first is verified.
CREATE FUNCTION pg_temp.address(name text) RETURNS text LANGUAGE sql AS
$$ SELECT concat_ws(' ', a.email, 'pending ' || a.pending_email, CASE WHEN a.email_verified_at IS NOT NULL THEN 'verified' END) FROM users.account a JOIN users.person p USING (user_id) WHERE p.username = name $$;
-- How many of somebody's sessions have not ended.
CREATE FUNCTION pg_temp.sessions(name text) RETURNS bigint LANGUAGE sql AS
$$ SELECT count(*) FROM users.session s JOIN users.person p USING (user_id) WHERE p.username = name AND s.ended_at IS NULL $$;
-- The audit's events about somebody, sorted, failures with their function.
CREATE FUNCTION pg_temp.events(name text) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(concat_ws(' ', e.event, CASE WHEN e.outcome = 'failure' THEN concat_ws(' ', 'failure', e.detail ->> 'function') END), ', ' ORDER BY e.event, e.id) FROM users.audit_event e JOIN users.person p USING (user_id) WHERE p.username = name $$;
