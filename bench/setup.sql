-- What the figures need, run once by a superuser in an empty database.
SET client_min_messages = warning;

CREATE EXTENSION users;

-- The login of an application's connection pool.
CREATE ROLE pool LOGIN NOINHERIT;
SELECT users_setup_login('pool');

-- The login of the mail relay.
CREATE ROLE mailer LOGIN IN ROLE users_relay;

-- A person for each client that signs in at the same time.
SELECT count(*) FROM generate_series(0, 7) AS client,
	LATERAL users_register('client' || client || '@example.com', 'client' || client,
		:'password', 'Client', 'Number ' || client) AS s
 WHERE s.status = 'ok'
\gset registered_
SELECT 1 / (:registered_count = 8)::integer;

-- current-user-id
CREATE TABLE number AS SELECT n FROM generate_series(1, 1000000) AS n;
GRANT SELECT ON number TO users_member;
VACUUM (FREEZE, ANALYZE) number;

-- refresh: the tokens to begin with; and rows as wide as a session's, found and
-- changed as those are.
CREATE TABLE token (
	client integer PRIMARY KEY,
	user_id uuid,
	session_id uuid,
	refresh_token text);
CREATE TABLE plain (LIKE users.session, PRIMARY KEY (user_id, id)) WITH (fillfactor = 70);
CREATE INDEX ON plain (id);
GRANT SELECT ON token TO users_anon;
GRANT SELECT, UPDATE ON plain TO users_anon;
