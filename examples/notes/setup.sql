-- A small application: everybody has notes of their own.
--   createdb notes && psql -v password=... -d notes -f setup.sql, as a superuser
\set ON_ERROR_STOP on
CREATE EXTENSION users;

-- The login of the application's pool. It may switch to users_anon and to the
-- role of a token, and has no right of its own.
CREATE ROLE notes_pool LOGIN NOINHERIT PASSWORD :'password';
SELECT unnest(users_setup_login('notes_pool', trusted_client => true)) AS done;

CREATE TABLE note (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	owner uuid NOT NULL DEFAULT users_current_user_id() REFERENCES users.person_id (user_id),
	body text NOT NULL);
CREATE INDEX ON note (owner);
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON note TO users_member USING (owner = (SELECT users_current_user_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON note TO users_member;
