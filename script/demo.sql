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

-- ======== Tables that several people share: whoever owns them protects them

CREATE ROLE app_owner;
SELECT unnest(users_setup_owner('app_owner')) AS "done";
GRANT CREATE ON SCHEMA public TO app_owner;

SET ROLE app_owner;
CREATE TABLE devices (
	id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	domain_id uuid NOT NULL,
	owner     uuid,
	name      text NOT NULL
);
CREATE TABLE channels (
	id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	domain_id uuid NOT NULL,
	topic     text NOT NULL
);
SELECT left(unnest(users_protect('devices', 'device', owner_column => 'owner')), 69) || '…' AS "done";
SELECT must_be((cardinality(users_protect('channels', 'channel')) > 5)::text, 'true') AS channels_too;
SELECT must_be((users_protect('channels', 'channel'))[1], 'nothing to do: it is protected so already') AS again;
RESET ROLE;

-- An administrator says which table tells in which domain a device lies.
SELECT object_type, must_be(relation, 'public.devices') AS relation FROM users_define_object_type('device', relation => 'devices');
SELECT object_type, must_be(relation, 'public.channels') AS relation FROM users_define_object_type('channel', relation => 'channels');

\connect - app
-- ======== Cleo signs up, Ann and Ben sign in

BEGIN;
SET LOCAL ROLE users_anon;
SELECT * FROM users_register('cleo@example.com', 'cleo', 'two owls on a tractor', 'Cleo', 'Carter')
\gset cleo_
SELECT * FROM users_login('ann', 'nine blue wagons wait')
\gset ann_
SELECT * FROM users_login('ben', 'a walrus under the stairs')
\gset ben_
COMMIT;
SELECT must_be(concat_ws(' ', :'ann_status', :'ben_status', :'cleo_status'), 'ok ok ok') AS status;

-- ======== Ann makes a domain, and is its admin; Ben makes another one

BEGIN;
SELECT users_authenticate(:'ann_access_token');
SELECT * FROM users_create_domain('The greenhouse', 'greenhouse')
\gset greenhouse_
SELECT name, route, must_be(my_roles::text, '{admin}') AS my_roles, my_permissions FROM users_domains;
INSERT INTO devices (domain_id, name) VALUES (:'greenhouse_id', 'heater'), (:'greenhouse_id', 'sprinkler');
INSERT INTO channels (domain_id, topic) VALUES (:'greenhouse_id', 'temperature');
COMMIT;

BEGIN;
SELECT users_authenticate(:'ben_access_token');
SELECT * FROM users_create_domain('The harbour', 'harbour')
\gset harbour_
INSERT INTO devices (domain_id, name) VALUES (:'harbour_id', 'buoy'), (:'harbour_id', 'crane');
SELECT must_be(string_agg(name, ', ' ORDER BY name), 'buoy, crane') AS devices_that_ben_sees FROM devices;
SELECT id AS buoy FROM devices WHERE name = 'buoy'
\gset
SELECT id AS crane FROM devices WHERE name = 'crane'
\gset
COMMIT;

\connect - postgres
-- ======== The database administrator makes Ben an editor and Cleo a viewer in the greenhouse

SELECT g.username, must_be(g.role_name, 'editor') AS role_name
  FROM users_roles r, users_grant_role(r.id, :'ben_user_id') g
 WHERE r.domain_id = :'greenhouse_id' AND r.name = 'editor';
SELECT g.username, must_be(g.role_name, 'viewer') AS role_name
  FROM users_roles r, users_grant_role(r.id, :'cleo_user_id') g
 WHERE r.domain_id = :'greenhouse_id' AND r.name = 'viewer';

\connect - app
-- ======== Each sees other rows, and may do other things with them

-- Ann sees the greenhouse and who is in it, and nothing of the harbour.
BEGIN;
SELECT users_authenticate(:'ann_access_token');
SELECT must_be(string_agg(name, ', ' ORDER BY name), 'heater, sprinkler') AS devices_that_ann_sees FROM devices;
SELECT must_be(string_agg(username || ' ' || roles::text, ', ' ORDER BY username), 'ann {admin}, ben {editor}, cleo {viewer}') AS members FROM users_members;
SELECT must_be(users_can('device:delete', object_id => :'crane')::text, 'false') AS may_delete_the_crane;
COMMIT;

-- Ben sees both, and changes devices of the greenhouse too.
BEGIN;
SELECT users_authenticate(:'ben_access_token');
SELECT must_be(string_agg(name, ', ' ORDER BY name), 'buoy, crane, heater, sprinkler') AS devices_that_ben_sees FROM devices;
UPDATE devices SET name = 'big heater' WHERE name = 'heater' RETURNING must_be(name, 'big heater') AS changed;
SELECT must_be(string_agg(topic, ', '), 'temperature') AS channels FROM channels;
-- But not who does what there.
SELECT id AS viewer FROM users_roles WHERE domain_id = :'greenhouse_id' AND name = 'viewer'
\gset
\set ON_ERROR_STOP off
SELECT users_grant_role(:'viewer', :'ben_user_id');
\set ON_ERROR_STOP on
ROLLBACK AND CHAIN;
SELECT must_be(:'LAST_ERROR_SQLSTATE', '42501') AS sqlstate;
SELECT users_authenticate(:'ben_access_token');
UPDATE devices SET name = 'big heater' WHERE name = 'heater';
COMMIT;

-- Cleo sees the greenhouse, and changes nothing.
BEGIN;
SELECT users_authenticate(:'cleo_access_token');
SELECT must_be(string_agg(name, ', ' ORDER BY name), 'big heater, sprinkler') AS devices_that_cleo_sees FROM devices;
WITH changed AS (UPDATE devices SET name = 'mine' RETURNING 1)
SELECT must_be(count(*)::text, '0') AS changed FROM changed;
WITH gone AS (DELETE FROM devices RETURNING 1)
SELECT must_be(count(*)::text, '0') AS deleted FROM gone;
SELECT must_be(users_permissions(:'greenhouse_id')::text, '{channel:read,channel:subscribe,device:read,domain:read}') AS buttons_to_show;
\set ON_ERROR_STOP off
INSERT INTO devices (domain_id, name) VALUES (:'greenhouse_id', 'scarecrow');
\set ON_ERROR_STOP on
ROLLBACK;
SELECT must_be(:'LAST_ERROR_SQLSTATE', '42501') AS sqlstate;

-- Who is not signed in reaches nothing.
BEGIN;
SET LOCAL ROLE users_anon;
\set ON_ERROR_STOP off
SELECT * FROM devices;
\set ON_ERROR_STOP on
ROLLBACK;
SELECT must_be(:'LAST_ERROR_SQLSTATE', '42501') AS sqlstate;

-- ======== Ben shares one device of the harbour with Cleo, and only that

BEGIN;
SELECT users_authenticate(:'ben_access_token');
SELECT g.username, g.role_name, must_be(g.object_id::text, :'buoy') AS object_id
  FROM users_roles r, users_grant_role(r.id, :'cleo_user_id', 'device', :'buoy') g
 WHERE r.domain_id = :'harbour_id' AND r.name = 'editor';
COMMIT;

BEGIN;
SELECT users_authenticate(:'cleo_access_token');
SELECT must_be(string_agg(name, ', ' ORDER BY name), 'big heater, buoy, sprinkler') AS devices_that_cleo_sees FROM devices;
WITH changed AS (UPDATE devices SET name = 'red ' || name RETURNING name)
SELECT must_be(string_agg(name, ', '), 'red buoy') AS changed FROM changed;
SELECT must_be(users_can('device:read', object_id => :'crane')::text, 'false') AS may_read_the_crane,
       must_be(users_can('device:create', :'harbour_id')::text, 'false') AS may_create_there;
COMMIT;

-- ======== Ann lets Cleo create devices: she owns those, and can change them

BEGIN;
SELECT users_authenticate(:'ann_access_token');
SELECT g.username, must_be(g.role_name, 'builder') AS role_name
  FROM users_create_role(:'greenhouse_id', 'builder', '{device:create}') r, users_grant_role(r.id, :'cleo_user_id') g;
COMMIT;

BEGIN;
SELECT users_authenticate(:'cleo_access_token');
INSERT INTO devices (domain_id, name) VALUES (:'greenhouse_id', 'scarecrow')
	RETURNING id AS scarecrow, must_be(owner::text, :'cleo_user_id') AS owner
\gset
UPDATE devices SET name = 'tall scarecrow' WHERE name = 'scarecrow' RETURNING must_be(name, 'tall scarecrow') AS changed;
WITH changed AS (UPDATE devices SET name = 'my ' || name WHERE domain_id = :'greenhouse_id' RETURNING name)
SELECT must_be(string_agg(name, ', '), 'my tall scarecrow') AS changed FROM changed;
COMMIT;

-- Owning it does not let her take it along: this must fail.
BEGIN;
SELECT users_authenticate(:'cleo_access_token');
\set ON_ERROR_STOP off
UPDATE devices SET domain_id = :'harbour_id' WHERE id = :'scarecrow';
\set ON_ERROR_STOP on
ROLLBACK;
SELECT must_be(:'LAST_ERROR_SQLSTATE', '42501') AS sqlstate;

-- Nor can she make one that is somebody else's.
BEGIN;
SELECT users_authenticate(:'cleo_access_token');
\set ON_ERROR_STOP off
INSERT INTO devices (domain_id, owner, name) VALUES (:'greenhouse_id', :'ben_user_id', 'trap');
\set ON_ERROR_STOP on
ROLLBACK;
SELECT must_be(:'LAST_ERROR_SQLSTATE', '42501') AS sqlstate;

-- ======== The last admin stays

BEGIN;
SELECT users_authenticate(:'ann_access_token');
\set ON_ERROR_STOP off
SELECT users_remove_member(:'greenhouse_id');
\set ON_ERROR_STOP on
ROLLBACK;
SELECT must_be(:'LAST_ERROR_SQLSTATE', 'US010') AS sqlstate;

-- Who leaves sees nothing there any more, not even what was theirs; the harbour's buoy stays.
BEGIN;
SELECT users_authenticate(:'cleo_access_token');
SELECT must_be(users_remove_member(:'greenhouse_id')::text, '2') AS roles_taken;
SELECT must_be(string_agg(name, ', ' ORDER BY name), 'red buoy') AS devices_that_cleo_sees FROM devices;
COMMIT;

\connect - postgres
-- ======== The administrators see all of it

SELECT name, must_be(owner_name, wanted) AS owner
  FROM (SELECT d.name, p.username AS owner_name FROM devices d JOIN users.person p ON p.user_id = d.owner) d
  JOIN (VALUES ('big heater', 'ann'), ('sprinkler', 'ann'), ('my tall scarecrow', 'cleo'), ('red buoy', 'ben'), ('crane', 'ben')) v (name, wanted) USING (name)
 ORDER BY name;
SELECT must_be(count(*)::text, '5') AS devices FROM devices;
SELECT name, must_be(ok::text, 'true') AS ok, detail FROM users_health() WHERE name IN ('protected_tables', 'open_views');
