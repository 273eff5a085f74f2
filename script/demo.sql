-- script/demo runs this, as a superuser in an empty database. It stops, with a
-- status other than 0, where something is not as it should be.
\set QUIET on
\pset pager off
\pset footer off
\pset border 1
\set VERBOSITY terse
SET client_min_messages = warning;

-- What is expected is compared here, in sight.
CREATE FUNCTION must_be(actual text, expected text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	IF actual IS DISTINCT FROM expected THEN
		RAISE EXCEPTION 'expected %, got %', quote_nullable(expected), quote_nullable(actual);
	END IF;
	RETURN actual;
END
$$;
CREATE FUNCTION shortened(token text) RETURNS text
RETURN left(token, 20) || '…';

\echo
\set ECHO all
-- ======== A database administrator installs it

CREATE EXTENSION users;

-- The login of the application's connection pool.
CREATE ROLE app LOGIN NOINHERIT;
SELECT unnest(users_setup_login('app')) AS "done";

-- The application's table: everybody sees his own rows.
CREATE TABLE notes (
	owner uuid NOT NULL DEFAULT users_current_user_id(),
	body  text NOT NULL
);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes TO users_member
	USING (owner = (SELECT users_current_user_id()));
GRANT SELECT, INSERT ON notes TO users_member;

\connect - app
-- ======== Ann signs up; from here on everything is done by the login "app"

BEGIN;
SET LOCAL ROLE users_anon;
SELECT * FROM users_register(
	email => 'ann@example.com', username => 'ann',
	password => 'seven purple kettles sing', first_name => 'Ann', last_name => 'Archer')
\gset ann_
COMMIT;
SELECT must_be(:'ann_status', 'ok') AS status, :'ann_user_id' AS user_id,
       shortened(:'ann_access_token') AS access_token, :'ann_expires_in' AS expires_in,
       shortened(:'ann_refresh_token') AS refresh_token;

-- ======== So does Ben

BEGIN;
SET LOCAL ROLE users_anon;
SELECT * FROM users_register(
	email => 'ben@example.com', username => 'ben',
	password => 'a walrus under the stairs', first_name => 'Ben', last_name => 'Baker')
\gset ben_
COMMIT;
SELECT must_be(:'ben_status', 'ok') AS status;

-- ======== Ann signs in by username, then by email address

BEGIN;
SET LOCAL ROLE users_anon;
SELECT * FROM users_login('Ann', 'seven purple kettles sing', label => 'laptop')
\gset ann_
SELECT must_be(:'ann_status', 'ok') AS status, :'ann_session_id' AS session_id;
SELECT * FROM users_login('ann@EXAMPLE.com', 'seven purple kettles sing', label => 'phone')
\gset ann_
SELECT must_be(:'ann_status', 'ok') AS status, :'ann_session_id' AS session_id;
COMMIT;

-- A wrong password is an answer, not an error; so is an unknown name.
BEGIN;
SET LOCAL ROLE users_anon;
SELECT must_be(status, 'invalid_credentials') AS wrong_password FROM users_login('ann', 'seven purple kettles');
SELECT must_be(status, 'invalid_credentials') AS unknown_name FROM users_login('zoe', 'seven purple kettles');
COMMIT;

-- ======== Row-level security knows who is asking

BEGIN;
SELECT users_authenticate(:'ann_access_token');
INSERT INTO notes (body) VALUES ('water the ferns'), ('call Ben');
SELECT must_be(current_user::text, 'users_member') AS "current_user", body FROM notes;
COMMIT;

BEGIN;
SELECT users_authenticate(:'ben_access_token');
INSERT INTO notes (body) VALUES ('sharpen the saw');
SELECT body FROM notes;
SELECT must_be(count(*)::text, '1') AS rows_that_ben_sees FROM notes;
COMMIT;

-- The next transaction of the same connection is nobody again.
SELECT must_be(coalesce(users_current_user_id()::text, 'nobody'), 'nobody') AS who,
       must_be(current_user::text, 'app') AS "current_user";

-- ======== The access token is short-lived: the refresh token gets a new pair

\set spent :ann_refresh_token
BEGIN;
SET LOCAL ROLE users_anon;
SELECT * FROM users_refresh(:'ann_refresh_token')
\gset ann_
COMMIT;
SELECT must_be(:'ann_status', 'ok') AS status, shortened(:'spent') AS spent,
       shortened(:'ann_refresh_token') AS refresh_token,
       must_be((:'spent' <> :'ann_refresh_token')::text, 'true') AS differs;

-- ======== Ann changes her password, and has to sign in again everywhere

BEGIN;
SELECT users_authenticate(:'ann_access_token');
SELECT must_be(status, 'ok') AS status
  FROM users_change_password('seven purple kettles sing', 'eleven tired lanterns hum', 'eleven tired lanterns hum');
COMMIT;

-- Her access token is dead, although its time has not run out: this must fail.
\set ON_ERROR_STOP off
SELECT users_authenticate(:'ann_access_token');
\set ON_ERROR_STOP on
SELECT must_be(:'LAST_ERROR_SQLSTATE', '28000') AS sqlstate;

BEGIN;
SET LOCAL ROLE users_anon;
SELECT must_be(status, 'invalid_token') AS refresh FROM users_refresh(:'ann_refresh_token');
SELECT must_be(status, 'invalid_credentials') AS old_password FROM users_login('ann', 'seven purple kettles sing');
SELECT * FROM users_login('ann', 'eleven tired lanterns hum')
\gset ann_
SELECT must_be(:'ann_status', 'ok') AS new_password;
COMMIT;

BEGIN;
SELECT users_authenticate(:'ann_access_token');
SELECT must_be(count(*)::text, '2') AS notes FROM notes;
SELECT must_be(status, 'ok') AS signed_out FROM users_logout();
COMMIT;

-- ======== Ann forgets her password; the mail relay has a login of its own

\connect - postgres
CREATE ROLE mailer LOGIN;
GRANT users_relay TO mailer;

\connect - app
BEGIN;
SET LOCAL ROLE users_anon;
SELECT * FROM users_login('ann', 'eleven tired lanterns hum')
\gset ann_
-- Asked for by address: the answer is the same whoever has it.
SELECT must_be(status, 'accepted') AS known FROM users_request_reset('ann@example.com');
SELECT must_be(status, 'accepted') AS unknown FROM users_request_reset('nobody@example.com');
COMMIT;

-- The relay hands over what is due to a mail server, by STARTTLS and with a password.
\! users-mail-relay --once
\! script/show-mail "$MAILDIR"
\set token `script/show-mail --token "$MAILDIR"`

-- ======== The page behind the link takes a new password, once

BEGIN;
SET LOCAL ROLE users_anon;
SELECT must_be(status, 'ok') AS reset
  FROM users_reset_password(:'token', 'nine blue wagons wait', 'nine blue wagons wait');
SELECT must_be(status, 'invalid_token') AS again
  FROM users_reset_password(:'token', 'nine red wagons wait', 'nine red wagons wait');
COMMIT;

-- The session from before is over: this must fail.
\set ON_ERROR_STOP off
SELECT users_authenticate(:'ann_access_token');
\set ON_ERROR_STOP on
SELECT must_be(:'LAST_ERROR_SQLSTATE', '28000') AS sqlstate;

BEGIN;
SET LOCAL ROLE users_anon;
SELECT must_be(status, 'invalid_credentials') AS old_password FROM users_login('ann', 'eleven tired lanterns hum');
SELECT must_be(status, 'ok') AS new_password FROM users_login('ann', 'nine blue wagons wait');
COMMIT;

-- And a notice tells her that it was changed.
\! users-mail-relay --once
\! script/show-mail "$MAILDIR"
\connect - postgres
SELECT kind, recipient, must_be(state, 'sent') AS state, attempts FROM users_outbox ORDER BY created_at;
