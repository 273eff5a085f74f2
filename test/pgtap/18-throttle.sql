-- The throttle: what is charged, to whom, and what neither ROLLBACK nor the
-- right password undoes. It lives in shared memory, so each part of this test
-- has people of its own.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
BEGIN;
SELECT plan(156);

\ir ../lib/answer.sql

CREATE FUNCTION pg_temp.login(identifier text, password text DEFAULT 'wrong') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT status FROM users_login(%L, %L)', identifier, password) $$;
-- The answers of several calls; how many of a kind one after another.
CREATE FUNCTION pg_temp.series(statement text, n integer, undo boolean DEFAULT false, who text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
	last text;
	run integer := 0;
	all_of_it text := '';
BEGIN
	FOR i IN 1..n LOOP
		said := pg_temp.answer(statement, who, undo);
		IF said IS DISTINCT FROM last AND run > 0 THEN
			all_of_it := all_of_it || run || ' ' || last || ' ';
			run := 0;
		END IF;
		last := said;
		run := run + 1;
	END LOOP;
	RETURN all_of_it || run || ' ' || last;
END
$$;
-- A person with the password 'seven wet horses sing'.
CREATE FUNCTION pg_temp.person(name text, role text DEFAULT 'user') RETURNS uuid LANGUAGE sql AS
$$ SELECT user_id FROM users_create_user('X-' || name || '@example.org', 'X-' || name, 'Nam', 'Surnam', 'seven wet horses sing', platform_role => role) $$;
CREATE FUNCTION pg_temp.events(event text, who uuid DEFAULT NULL) RETURNS bigint LANGUAGE sql AS
$$ SELECT count(*) FROM users.audit_event e WHERE e.event = events.event AND (CASE WHEN who IS NULL THEN nobody ELSE user_id = who END) AND outcome = 'failure' $$;
CREATE TEMP TABLE people AS
	SELECT name, pg_temp.person(name, role) AS user_id
	  FROM (VALUES ('ten', 'user'), ('two', 'user'), ('clear', 'user'), ('undo', 'user'), ('lift', 'user'), ('mix', 'user'), ('ro', 'user'), ('dis', 'user'), ('fine', 'user'), ('net', 'user'), ('nets', 'user'), ('lie', 'user'),
	               ('root', 'admin')) v (name, role);
CREATE FUNCTION pg_temp.id(which text) RETURNS uuid LANGUAGE sql AS $$ SELECT user_id FROM people WHERE name = which $$;

---- ten are judged (S25)

SELECT is(pg_temp.series(pg_temp.login('x-ten'), 10), '10 invalid_credentials', 'ten failures are judged');
SELECT matches(pg_temp.answer('SELECT l::text FROM users_login(''x-ten'', ''wrong'') l'), '^\(throttled,{10}([1-9]|[12]\d|30)\)$', 'the next call is throttled, for at most half a minute');
SELECT matches(pg_temp.answer('SELECT l::text FROM users_login(''x-ten'', ''seven wet horses sing'') l'), '^\(throttled,{10}([1-9]|[12]\d|30)\)$', 'with the right password alike');
SELECT matches(pg_temp.answer('SELECT l::text FROM users_login('' X-TEN@example.ORG'', ''seven wet horses sing'') l'), '^\(throttled,{10}([1-9]|[12]\d|30)\)$', 'by address alike');
SELECT is(pg_temp.series(pg_temp.login('x-nobody'), 10), '10 invalid_credentials', 'nobody: ten are judged');
SELECT matches(pg_temp.answer('SELECT l::text FROM users_login(''x-nobody'', ''wrong'') l'), '^\(throttled,{10}([1-9]|[12]\d|30)\)$', 'the next call is throttled as for everybody');
SELECT matches(pg_temp.answer('SELECT l::text FROM users_login('' X-Nobody '', ''seven wet horses sing'') l'), '^\(throttled,{10}([1-9]|[12]\d|30)\)$', 'however it is written');
SELECT is(pg_temp.series(pg_temp.login('x-nobody'), 2), '2 throttled', 'for all that follows');
SELECT is((pg_temp.events('login_failed', pg_temp.id('ten')), pg_temp.events('login_throttled', pg_temp.id('ten')))::text, '(10,1)', 'ten failures are recorded and the first refusal, no more');
SELECT is((pg_temp.events('login_failed'), pg_temp.events('login_throttled'))::text, '(10,1)', 'as many for nobody');
SELECT is((SELECT count(*) FROM users.session), 0::bigint, 'nobody has been signed in');
SELECT is(pg_temp.series(pg_temp.login('x-fine', 'seven wet horses sing'), 1), '1 ok', 'other people are not concerned');
SELECT is(pg_temp.answer('SET LOCAL transaction_read_only = on; ' || pg_temp.login('x-ten'), undo => true), '25006', 'READ ONLY says what it says to everybody');

-- From here on three are enough.
SET users.max_failed_logins = 3;

SELECT is(pg_temp.series(pg_temp.login('x-two'), 2), '2 invalid_credentials', 'by username');
SELECT is(pg_temp.series(pg_temp.login('x-two@example.org'), 2), '1 invalid_credentials 1 throttled', 'and by address: one budget');
SELECT is(pg_temp.series(pg_temp.login('x-two', 'seven wet horses sing'), 1), '1 throttled', 'however one comes');

SELECT is(pg_temp.series(pg_temp.login('x-clear', password), n), wanted, 'success clears: ' || wanted)
  FROM (VALUES ('wrong', 2, '2 invalid_credentials'), ('seven wet horses sing', 1, '1 ok'), ('wrong', 2, '2 invalid_credentials'), ('seven wet horses sing', 1, '1 ok'), ('wrong', 4, '3 invalid_credentials 1 throttled')) v (password, n, wanted);
SET users.max_failed_logins_per_identifier = 4;
SELECT is(pg_temp.series(pg_temp.login('x-fine', 'seven wet horses sing'), 6), '6 ok', 'success costs nothing');
RESET users.max_failed_logins_per_identifier;
SELECT is(users_disable_user(pg_temp.id('dis')), true, 'somebody is disabled');
SELECT is(pg_temp.series(pg_temp.login('x-dis', 'seven wet horses sing'), 5), '5 disabled', 'the right password is no failure, whatever follows from it');

---- nothing undoes a charge (S20)

SELECT is(pg_temp.series(pg_temp.login('x-undo'), 1, true), '1 invalid_credentials', 'a failure that an EXCEPTION block undoes');
SAVEPOINT one;
DO $$ BEGIN PERFORM users_login('x-undo', 'wrong'); END $$;
ROLLBACK TO one;
COMMIT;
BEGIN;
DO $$ BEGIN PERFORM users_login('x-undo', 'wrong'); END $$;
ROLLBACK;
BEGIN;
SELECT is(pg_temp.events('login_failed', pg_temp.id('undo')), 0::bigint, 'one that ROLLBACK TO undoes, one that ROLLBACK does: none is recorded');
SELECT is(pg_temp.series(pg_temp.login('x-undo', 'seven wet horses sing'), 1), '1 throttled', 'all of them have been counted');
SELECT is(pg_temp.series('SELECT pg_temp.answer(' || quote_literal(pg_temp.login('x-nobody2')) || ', NULL, true)', 4), '3 invalid_credentials 1 throttled', 'of nobody''s too');

---- what charges nothing (P38)

SELECT is(pg_temp.series('SET LOCAL transaction_read_only = on; ' || pg_temp.login('x-ro'), 5, true), '5 25006', 'READ ONLY, five times');
SELECT is(pg_temp.series(pg_temp.login('x-ro'), 4), '3 invalid_credentials 1 throttled', 'has charged nothing');

---- one budget for every function that looks at the password (S10)

CREATE TEMP TABLE mix AS SELECT * FROM users_login('x-mix', 'seven wet horses sing');
SELECT is(pg_temp.series('SELECT status FROM users_change_password(''wrong'', ''x'', ''x'')', 3, who => (SELECT access_token FROM mix)), '3 US003 new_password too_short', 'what is refused before it is looked at');
SELECT is(pg_temp.series('SELECT status FROM users_change_password(''wrong'', ''ten dry goats mumble'', ''x'')', 3, who => (SELECT access_token FROM mix)), '3 US004 confirm_password', 'charges nothing');
SELECT is(pg_temp.series(statement, 1, who => CASE WHEN signed_in THEN (SELECT access_token FROM mix) END), wanted, name || ': ' || wanted)
  FROM (VALUES ('confirm', true, 'SELECT status FROM users_confirm_password(''wrong'')', '1 invalid_credentials'), ('change', true, 'SELECT status FROM users_change_password(''wrong'', ''ten dry goats mumble'', ''ten dry goats mumble'')', '1 invalid_credentials'),
               ('delete', true, 'SELECT status FROM users_delete_account(''wrong'')', '1 invalid_credentials'), ('login', false, pg_temp.login('x-mix'), '1 throttled'),
               ('right: login', false, pg_temp.login('x-mix', 'seven wet horses sing'), '1 throttled'), ('right: confirm', true, 'SELECT status FROM users_confirm_password(''seven wet horses sing'')', '1 throttled'),
               ('right: change', true, 'SELECT status FROM users_change_password(''seven wet horses sing'', ''ten dry goats mumble'', ''ten dry goats mumble'')', '1 throttled'),
               ('right: delete', true, 'SELECT status FROM users_delete_account(''seven wet horses sing'')', '1 throttled')) v (name, signed_in, statement, wanted);
SELECT matches(pg_temp.answer('SELECT c::text FROM users_confirm_password(''wrong'') c'), '^\(throttled,([1-9]|[12]\d|30)\)$', 'it says how long to wait');
SELECT is((SELECT status FROM users.account WHERE user_id = pg_temp.id('mix')), 'enabled', 'nobody is deleted');
SELECT is((pg_temp.events('login_failed', pg_temp.id('mix')), pg_temp.events('login_throttled', pg_temp.id('mix')))::text, '(3,1)', 'recorded as for signing in');
COMMIT; -- and with it the identity
BEGIN;

---- lifting it (S22)

CREATE ROLE regress_users_18_nobody;
SELECT is(pg_temp.series(pg_temp.login('x-lift'), 4), '3 invalid_credentials 1 throttled', 'somebody is throttled');
SELECT is(pg_temp.answer(format('SELECT users_unlock(%L)', pg_temp.id('lift')), who, true), '42501', who || ' does not lift it')
  FROM (VALUES ('users_anon'), ('users_member'), ('users_admin'), ('users_service'), ('users_relay'), ('users_proxy'), ('regress_users_18_nobody')) v (who);
SELECT is(pg_temp.answer(format('SELECT users_unlock(%L)', pg_temp.id('lift')), (SELECT access_token FROM users_login('x-fine', 'seven wet horses sing')), true), '42501', 'nor does a member');
SELECT is(pg_temp.answer(format('SET LOCAL transaction_read_only = on; SELECT users_unlock(%L)', pg_temp.id('lift')), undo => true), '25006', 'nor a READ ONLY transaction');
SELECT is(pg_temp.answer('SELECT users_unlock()'), 'false', 'of nobody and nowhere there is none');
SELECT is(pg_temp.answer(format('SELECT users_unlock(%L)', pg_temp.id('fine'))), 'false', 'nor of who has not been throttled');
SELECT is(pg_temp.series(pg_temp.login('x-lift', 'seven wet horses sing'), 1), '1 throttled', 'it holds');
SELECT is(pg_temp.answer(format('SELECT users_unlock(%L)', pg_temp.id('lift'))), 'true', 'a DBA lifts it');
SELECT is((SELECT array_agg(outcome) FROM users.audit_event WHERE event = 'account_unlocked'), '{success}', 'it is recorded');
SELECT is((SELECT user_id FROM users.audit_event WHERE event = 'account_unlocked'), pg_temp.id('lift'), 'with whom it was about');
SELECT is(pg_temp.answer(format('SELECT users_unlock(%L)', pg_temp.id('lift'))), 'false', 'once');
SELECT is(pg_temp.series(pg_temp.login('x-lift', 'seven wet horses sing'), 1, true), '1 ok', 'the right password signs in');
SELECT is(pg_temp.series(pg_temp.login('x-lift'), 4), '3 invalid_credentials 1 throttled', 'the wrong one is counted from the beginning');
SELECT is(pg_temp.answer(format('SELECT users_unlock(%L)', pg_temp.id('lift')), (SELECT access_token FROM users_login('x-root', 'seven wet horses sing')), true), 'true', 'an administrator lifts it by token');
SELECT is(pg_temp.series(pg_temp.login('x-lift', 'seven wet horses sing'), 1), '1 ok', 'at once, though that transaction did not hold');
SELECT is(pg_temp.series(pg_temp.login('x-two', 'seven wet horses sing'), 1), '1 throttled', 'nobody else''s is lifted');

---- client addresses (S23)

CREATE ROLE regress_users_18_web LOGIN NOINHERIT;
CREATE ROLE regress_users_18_trusted LOGIN NOINHERIT;
SELECT lives_ok('SELECT users_setup_login(''regress_users_18_web''), users_setup_login(''regress_users_18_trusted'', trusted_client => true)', 'two logins are set up, one of them to be believed');
-- A statement by a login for a client.
CREATE FUNCTION pg_temp.from_client(statement text, address text, login text DEFAULT 'regress_users_18_trusted', setting text DEFAULT 'users.client_address') RETURNS text LANGUAGE sql AS
$$ SELECT format('SET LOCAL SESSION AUTHORIZATION %I; SET LOCAL ROLE users_anon; SELECT set_config(%L, %L, true), set_config(''users.user_agent'', E''A browser\n'', true); %s', login, setting, address, statement) $$;

SELECT is(pg_temp.answer(pg_temp.from_client('SELECT users_login(''x-fine'', ''seven wet horses sing''); RESET SESSION AUTHORIZATION; SELECT coalesce(host(client_address), ''unknown'') || '' '' || coalesce(user_agent, ''unknown'') FROM users.' || source || ' ORDER BY id DESC LIMIT 1', address, login), undo => true),
          wanted, login || ' says ' || address || ', ' || source || ' knows: ' || wanted)
  FROM (VALUES ('regress_users_18_trusted', '192.0.2.1', '192.0.2.1 A browser' || U&'\FFFD'), ('regress_users_18_trusted', '::ffff:192.0.2.1', '192.0.2.1 A browser' || U&'\FFFD'), ('regress_users_18_trusted', '2001:DB8::1', '2001:db8::1 A browser' || U&'\FFFD'),
               ('regress_users_18_trusted', '', 'unknown A browser' || U&'\FFFD'), ('regress_users_18_trusted', '192.0.2.0/24', 'unknown A browser' || U&'\FFFD'), ('regress_users_18_trusted', 'somewhere', 'unknown A browser' || U&'\FFFD'),
               ('regress_users_18_web', '192.0.2.1', 'unknown unknown'), (session_user::text, '192.0.2.1', 'unknown unknown')) v (login, address, wanted), (VALUES ('audit_event'), ('session')) w (source)
;

SELECT is(pg_temp.answer(pg_temp.from_client('SELECT set_config(''users.user_agent'', repeat(''x'', 1000000), true); SELECT users_login(''x-fine'', ''seven wet horses sing''); RESET SESSION AUTHORIZATION; SELECT octet_length(user_agent) BETWEEN 1 AND 1024 FROM users.session ORDER BY id DESC LIMIT 1', '192.0.2.1'), undo => true), 'true', 'not more of it than anybody reads');

SELECT is(pg_temp.series(pg_temp.from_client(pg_temp.login('x-net', password), address), n, true), wanted, address || ', ' || password || ': ' || wanted)
  FROM (VALUES ('192.0.2.1', 'wrong', 4, '3 invalid_credentials 1 throttled'), ('192.0.2.1', 'seven wet horses sing', 1, '1 throttled'), ('::ffff:192.0.2.1', 'seven wet horses sing', 1, '1 throttled'),
               ('192.0.2.2', 'seven wet horses sing', 1, '1 ok'), ('192.0.2.1', 'seven wet horses sing', 1, '1 throttled'),
               ('2001:db8::1', 'wrong', 2, '2 invalid_credentials'), ('2001:db8::ffff:1', 'wrong', 2, '1 invalid_credentials 1 throttled'), ('2001:db8::2', 'seven wet horses sing', 1, '1 throttled'),
               ('2001:db8:0:1::1', 'seven wet horses sing', 1, '1 ok'), ('somewhere', 'seven wet horses sing', 1, '1 ok')) v (address, password, n, wanted);
SELECT is(pg_temp.series(pg_temp.login('x-net', 'seven wet horses sing'), 1, true), '1 ok', 'whose address is unknown is somewhere else');
SELECT is(pg_temp.answer('SELECT users_unlock(client_address => ' || quote_literal(address) || ')', undo => true), wanted, 'lifting that of ' || address || ': ' || wanted)
  FROM (VALUES ('192.0.2.0/24', '22023 client_address'), ('2001:db8::/48', '22023 client_address'), ('192.0.2.2', 'false'), ('192.0.2.1', 'true'), ('192.0.2.1', 'false'), ('2001:db8::/64', 'true')) v (address, wanted);
SELECT is(pg_temp.series(pg_temp.from_client(pg_temp.login('x-net', 'seven wet horses sing'), address), 1, true), '1 ok', 'works at once: ' || address) FROM (VALUES ('192.0.2.1'), ('2001:db8::9')) v (address);
SELECT is(pg_temp.series(pg_temp.from_client(pg_temp.login('x-lie'), '198.51.100.' || n, 'regress_users_18_web'), 1, true), CASE WHEN n < 4 THEN '1 invalid_credentials' ELSE '1 throttled' END, 'who is not believed is counted whatever they say')
  FROM generate_series(1, 4) n;

SET LOCAL users.max_failed_logins_per_address = 4;
SELECT is(pg_temp.series(pg_temp.from_client(pg_temp.login('x-spray' || n), '203.0.113.1'), 1, true), CASE WHEN n < 5 THEN '1 invalid_credentials' ELSE '1 throttled' END, 'one address, many identifiers: ' || n) FROM generate_series(1, 6) n;
SELECT is(pg_temp.series(pg_temp.from_client(pg_temp.login('x-fine', 'seven wet horses sing'), address), 1, true), wanted, 'from ' || address || ': ' || wanted)
  FROM (VALUES ('203.0.113.1', '1 throttled'), ('203.0.113.2', '1 ok')) v (address, wanted);
RESET users.max_failed_logins_per_address;
SET LOCAL users.max_failed_logins_per_identifier = 5;
SELECT is(pg_temp.series(pg_temp.from_client(pg_temp.login('x-nets'), '203.0.113.' || 10 + n), 1, true), CASE WHEN n < 6 THEN '1 invalid_credentials' ELSE '1 throttled' END, 'one identifier, many addresses: ' || n) FROM generate_series(1, 6) n;
SELECT is(pg_temp.series(pg_temp.from_client(pg_temp.login('x-nets', 'seven wet horses sing'), '203.0.113.99'), 1, true), '1 throttled', 'from wherever');
SELECT is(pg_temp.answer(format('SELECT users_unlock(%L, ''203.0.113.11'')', pg_temp.id('nets'))), 'false', 'of the two together there is none');
SELECT is(pg_temp.answer(format('SELECT users_unlock(%L)', pg_temp.id('nets'))), 'true', 'of the user there is');
SELECT is(pg_temp.series(pg_temp.from_client(pg_temp.login('x-nets', 'seven wet horses sing'), '203.0.113.99'), 1, true), '1 ok', 'there was');
RESET users.max_failed_logins_per_identifier;

-- An HTTP header, under PostgREST.
SELECT is(pg_temp.answer(pg_temp.from_client('SELECT users_login(''x-fine'', ''seven wet horses sing''); RESET SESSION AUTHORIZATION; SELECT coalesce(host(client_address), ''unknown'') FROM users.session ORDER BY id DESC LIMIT 1', headers, login, 'request.headers'), undo => true), 'unknown',
          'a header that nobody named is not believed: ' || login)
  FROM (VALUES ('regress_users_18_web'), ('regress_users_18_trusted')) v (login), (VALUES ('{"x-forwarded-for": "192.0.2.7"}')) w (headers);
SET LOCAL users.client_address_header = 'X-Forwarded-For';
SELECT is(pg_temp.answer(pg_temp.from_client('SELECT users_login(''x-fine'', ''seven wet horses sing''); RESET SESSION AUTHORIZATION; SELECT coalesce(host(client_address), ''unknown'') FROM users.session ORDER BY id DESC LIMIT 1', headers, login, 'request.headers'), undo => true), wanted,
          login || ' says ' || headers || ': ' || wanted)
  FROM (VALUES ('regress_users_18_web', '{"x-forwarded-for": "192.0.2.7"}', '192.0.2.7'), ('regress_users_18_web', '{"x-forwarded-for": "10.0.0.1, 192.0.2.7"}', '192.0.2.7'), ('regress_users_18_web', '{"x-forwarded-for": "192.0.2.7, nonsense"}', 'unknown'),
               ('regress_users_18_web', '{"x-real-ip": "192.0.2.7"}', 'unknown'), ('regress_users_18_web', '{"x-forwarded-for": 1}', 'unknown'), ('regress_users_18_web', '[]', 'unknown'), ('regress_users_18_web', '', 'unknown'),
               (session_user::text, '{"x-forwarded-for": "192.0.2.7"}', 'unknown')) v (login, headers, wanted);
RESET users.client_address_header;

---- signing up

SET LOCAL users.max_registrations = 2;
SELECT is(pg_temp.series(pg_temp.from_client(format('SELECT status FROM users_register(%L, %L, %L, ''A'', ''B'')', name || '@example.org', name, password), address), 1, true), wanted, name || ' signs up from ' || address || ': ' || wanted)
  FROM (VALUES ('x-new1', 'ten dry goats mumble', '192.0.2.50', '1 ok'), ('x-new2', 'password1', '192.0.2.50', '1 US003 password common'), ('x-fine', 'ten dry goats mumble', '192.0.2.50', '1 23505 email users_email_key'),
               ('x-new3', 'ten dry goats mumble', '192.0.2.50', '1 throttled'), ('x-fine', 'ten dry goats mumble', '192.0.2.50', '1 throttled'), ('x-new3', 'ten dry goats mumble', '192.0.2.51', '1 ok'),
               ('x-new3', 'ten dry goats mumble', 'somewhere', '1 ok'), ('x-new4', 'ten dry goats mumble', 'somewhere', '1 ok'), ('x-new5', 'ten dry goats mumble', 'somewhere', '1 ok')) v (name, password, address, wanted);
SELECT matches(pg_temp.answer(pg_temp.from_client('SELECT r::text FROM users_register(''x-new6@example.org'', ''x-new6'', ''ten dry goats mumble'', ''A'', ''B'') r', '192.0.2.50'), undo => true), '^\(throttled,{10}([1-9]|[12]\d|30)\)$', 'it says how long to wait');
SELECT is(pg_temp.series(pg_temp.from_client(pg_temp.login('x-fine', 'seven wet horses sing'), '192.0.2.50'), 1, true), '1 ok', 'who has an account signs in from there all the same');
SELECT is(pg_temp.answer('SET LOCAL ' || setting || ' = 1000', who, true), '42501', who || ' does not set ' || setting)
  FROM (VALUES ('users.max_failed_logins'), ('users.max_registrations'), ('users.failed_login_window'), ('users.client_address_header'), ('users.trust_socket_address')) v (setting), (VALUES ('users_anon'), ('users_dba')) w (who);

SELECT is_empty('SELECT said FROM heard WHERE said ~* ''horses|goats|wrong|x-|argon2|eyJ''', 'no error shows an identifier, a password, a hash or a token');

SELECT * FROM finish();
ROLLBACK;
