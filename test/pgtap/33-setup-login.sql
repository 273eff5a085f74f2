-- users_setup_login: whom it prepares and how, whom it refuses; what such a
-- login reaches before it authenticates; who is believed about the client.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
BEGIN;
SELECT plan(107);
\ir ../lib/story.sql

CREATE ROLE regress_users_33 LOGIN NOINHERIT;
CREATE ROLE regress_users_33_admin LOGIN NOINHERIT;
CREATE ROLE regress_users_33_trusted LOGIN NOINHERIT;
CREATE ROLE regress_users_33_other LOGIN NOINHERIT;
CREATE ROLE regress_users_33_dba LOGIN IN ROLE users_dba;

---- what it does

-- From 16 on the grants say themselves that they are not inherited.
CREATE FUNCTION pg_temp.plain(lines text[]) RETURNS text LANGUAGE sql AS
$$ SELECT replace(array_to_string(lines, '; '), ' WITH INHERIT FALSE, SET TRUE', '') $$;

SELECT is(pg_temp.plain(users_setup_login('regress_users_33')),
          'GRANT users_anon TO regress_users_33; GRANT users_member TO regress_users_33; GRANT USAGE ON SCHEMA public TO regress_users_33; ' ||
          'GRANT EXECUTE ON FUNCTION public.users_authenticate(pg_catalog.text), public.users_pre_config() TO regress_users_33', 'it says what it does, a line each');
SELECT is(pg_temp.plain(users_setup_login('regress_users_33')),
          'GRANT users_anon TO regress_users_33; GRANT users_member TO regress_users_33; GRANT USAGE ON SCHEMA public TO regress_users_33; ' ||
          'GRANT EXECUTE ON FUNCTION public.users_authenticate(pg_catalog.text), public.users_pre_config() TO regress_users_33', 'and can do it again');
SELECT is(pg_temp.plain(users_setup_login('regress_users_33_admin', admin => true)) ~ 'GRANT users_admin TO regress_users_33_admin;', true, 'admin is a membership more');
SELECT is(pg_temp.plain(users_setup_login('regress_users_33_trusted', trusted_client => true)) ~ 'GRANT users_proxy TO regress_users_33_trusted;', true, 'trusted_client is another');
CREATE FUNCTION pg_temp.memberships(login text) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(roleid::regrole::text, ' ' ORDER BY roleid::regrole::text) FROM pg_auth_members WHERE member = login::regrole AND NOT admin_option $$;
SELECT is(pg_temp.memberships('regress_users_33'), 'users_anon users_member', 'a login may become anon and member');
SELECT is(pg_temp.memberships('regress_users_33_admin'), 'users_admin users_anon users_member', 'or admin too');
SELECT is(pg_temp.memberships('regress_users_33_trusted'), 'users_anon users_member users_proxy', 'or be marked as a proxy');
SELECT is_empty($$ SELECT rolname FROM pg_roles WHERE rolname ~ '^regress_users_33(_admin|_trusted)?$'
                      AND (pg_has_role(rolname, 'users_anon', 'USAGE') OR pg_has_role(rolname, 'users_member', 'USAGE') OR pg_has_role(rolname, 'users_admin', 'USAGE')) $$,
                'and inherits nothing');
SELECT is(pg_temp.story(NULL, $$ SELECT users_setup_login('regress_users_33_admin') IS NULL $$, $$ SELECT pg_temp.memberships('regress_users_33_admin') $$,
                        $$ SELECT users_setup_login('regress_users_33_trusted', NULL, NULL) IS NULL $$, $$ SELECT pg_temp.memberships('regress_users_33_trusted') $$,
                        $$ SELECT users_setup_login('regress_users_33_trusted', true, true) IS NULL $$, $$ SELECT pg_temp.memberships('regress_users_33_trusted') $$),
          'false | users_anon users_member | false | users_anon users_member | false | users_admin users_anon users_member users_proxy', 'what was given is taken again');
SELECT is(pg_temp.story(NULL, 'CREATE ROLE regress_users_33_g NOINHERIT IN ROLE ' || role, 'CREATE ROLE regress_users_33_x LOGIN NOINHERIT IN ROLE regress_users_33_g', $$ SELECT users_setup_login('regress_users_33_x') IS NULL $$,
                        format('SELECT NOT pg_has_role(''regress_users_33_x'', %L, ''MEMBER'')', role)) ~ '55000|true$', true, 'a login that is not to have ' || role || ' has it through no other role')
  FROM unnest('{users_admin,users_proxy}'::text[]) role;
SELECT is((SELECT count(*) FROM users.root_key) + (SELECT count(*) FROM users.signing_key), 3::bigint, 'it makes the keys');
SELECT is(pg_temp.story(NULL, 'CREATE ROLE "regress_users_33 ""x""; --" NOINHERIT LOGIN', $$ SELECT pg_temp.plain(users_setup_login('"regress_users_33 ""x""; --"')) ~ 'GRANT users_anon TO "regress_users_33 ""x""; --"' $$),
          'done | true', 'any name will do');
SELECT is(pg_temp.story(NULL, 'CREATE ROLE regress_users_33_x NOLOGIN NOINHERIT', $$ SELECT users_setup_login('regress_users_33_x') IS NULL $$), 'done | false', 'a role that cannot log in yet, too');

---- whom it refuses (S58)

SELECT is(pg_temp.story(NULL, 'CREATE ROLE regress_users_33_x LOGIN NOINHERIT ' || attributes, $$ SELECT users_setup_login('regress_users_33_x') $$), 'done | 55000', 'not a login with ' || attributes)
  FROM unnest('{SUPERUSER,BYPASSRLS,CREATEROLE,IN ROLE users_dba,IN ROLE users_service,IN ROLE users_relay,IN ROLE users_owner,IN ROLE pg_execute_server_program,IN ROLE pg_read_all_data}'::text[]) attributes;
SELECT is(pg_temp.story(NULL, 'CREATE ROLE regress_users_33_g NOINHERIT ' || attributes, 'CREATE ROLE regress_users_33_x LOGIN NOINHERIT IN ROLE regress_users_33_g', $$ SELECT users_setup_login('regress_users_33_x') $$),
          'done | done | 55000', 'nor one that can switch to a role with ' || attributes)
  FROM unnest('{SUPERUSER,BYPASSRLS,CREATEROLE,IN ROLE users_dba,IN ROLE users_service,IN ROLE users_relay,IN ROLE users_owner,IN ROLE pg_execute_server_program,IN ROLE pg_read_all_data}'::text[]) attributes;
SELECT is(pg_temp.story(NULL, 'CREATE ROLE regress_users_33_x LOGIN NOINHERIT IN ROLE users_service', $$ !SELECT users_setup_login('regress_users_33_x') $$)
          ~ E'^done \\| 55000\nthe role regress_users_33_x cannot be prepared\nDETAIL: .*"users_service".*\nHINT: .', true, 'it says why and what to do');
SELECT is(regexp_replace(pg_temp.story(NULL, 'CREATE ROLE "regress_users_33 x" LOGIN INHERIT', $$ !SELECT users_setup_login('"regress_users_33 x"') IS NULL $$), E'\n.*\n', ' '),
          CASE WHEN current_setting('server_version_num')::integer < 160000 THEN 'done | 55000 HINT: ALTER ROLE "regress_users_33 x" NOINHERIT;' ELSE 'done | false' END,
          'on 15 a login that inherits is refused with the line to run, from 16 on each grant says it');
SELECT is(pg_temp.story(NULL, 'CREATE ROLE regress_users_33_g IN ROLE users_member', 'CREATE ROLE regress_users_33_x LOGIN IN ROLE regress_users_33_g', $$ SELECT users_setup_login('regress_users_33_x') $$),
          'done | done | 55000', 'one that inherits through another role is refused on all versions');
SELECT is(pg_temp.story(NULL, format('SELECT users_setup_login(%L)', role)), '55000', role || ' is no application''s login')
  FROM unnest('{users_anon,users_member,users_admin,users_dba,users_owner,users_proxy,pg_monitor,pg_signal_backend}'::text[]) role;
SELECT is(pg_temp.story(NULL, 'CREATE ROLE users_33 LOGIN NOINHERIT', $$ SELECT users_setup_login('users_33') $$), 'done | 55000', 'nor is a role that is called like one of the extension''s');
SELECT is(pg_temp.story(NULL, 'SELECT users_setup_login(NULL)', $$ SELECT users_setup_login('regress_users_33_nobody') $$, 'SELECT users_setup_login(0)', $$ SELECT users_setup_login('4294967295') $$),
          '22023 login | 42704 | 22023 login | 22023 login', 'and what is no role');
SELECT is(pg_temp.story('=regress_users_33_dba', $$ SELECT users_setup_login('regress_users_33_other') $$, 'RESET SESSION AUTHORIZATION', 'GRANT EXECUTE ON FUNCTION users_setup_login TO users_dba',
                        'SET SESSION AUTHORIZATION regress_users_33_dba', $$ SELECT users_setup_login('regress_users_33_other') $$), '42501 | done | done | done | 42501', 'it is for superusers, even when the right is given away');
SELECT is(pg_temp.story(NULL, 'GRANT EXECUTE ON FUNCTION users_setup_login TO users_dba', 'SET ROLE users_dba', $$ SELECT users_setup_login('regress_users_33_other') $$), 'done | done | 42501',
          'and not after SET ROLE');
SELECT is(pg_temp.story(NULL, $$ CREATE FUNCTION regress_prepare() RETURNS text[] LANGUAGE sql SECURITY DEFINER AS 'SELECT users_setup_login(''regress_users_33_other'')' $$,
                        'SET SESSION AUTHORIZATION regress_users_33_dba', 'SELECT regress_prepare()'), 'done | done | 42501', 'nor through a superuser''s function');
SAVEPOINT read_only;
SET TRANSACTION READ ONLY;
SELECT is(pg_temp.story(NULL, $$ SELECT users_setup_login('regress_users_33_other') $$), '25006', 'READ ONLY is told');
ROLLBACK TO read_only;

---- before it authenticates

SELECT access_token AS ann, user_id AS ann_id FROM users_register('ann@example.org', 'ann', 'seven wet horses sing', 'Ann', 'Ash') \gset
SELECT user_id AS bob_id FROM users_create_user('bob@example.org', 'bob', 'Bob', 'Ash', 'seven wet horses sing', platform_role => 'admin') \gset
SELECT access_token AS bob FROM users_login('bob', 'seven wet horses sing') \gset

CREATE TEMP VIEW calls AS
	SELECT p.proname, format('SELECT %s.%I(%s)', n.nspname, p.proname, (SELECT string_agg('NULL::' || t::regtype::text, ', ') FROM unnest(p.proargtypes) t)) AS statement
	  FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'users'
	  JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid JOIN pg_namespace n ON n.oid = p.pronamespace
	 WHERE 'internal'::regtype <> ALL (p.proargtypes::oid[]);
CREATE TEMP VIEW reads AS
	SELECT c.oid::regclass::text AS name, format('SELECT count(*) FROM %s', c.oid::regclass) AS statement
	  FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'users'
	  JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid;
SELECT set_eq(format($$ SELECT pg_temp.story('=%s', statement), count(*)::integer > 10 FROM reads GROUP BY 1 $$, login), $$ VALUES ('42501', true) $$,
              login || ' reads no table and no view')
  FROM unnest('{regress_users_33,regress_users_33_admin,regress_users_33_trusted}'::text[]) login;
SELECT set_eq(format($$ SELECT proname::text, answer FROM calls, pg_temp.story('=%s', statement) answer WHERE answer <> '42501' $$, login),
              $$ VALUES ('users_authenticate', '28000'), ('users_pre_config', ''), ('users_current_user_id', 'NULL'), ('users_current_session_id', 'NULL'), ('users_current_role', 'NULL'), ('users_is_admin', 'false'),
                       ('users_can_in', 'false'), ('users_can_on', 'false'), ('users_is_member', 'false'), ('users_permitted_domains', '{}'), ('users_permitted_objects', '{}'),
                       ('users_protect', '22023 relation'), ('users_unprotect', '22023 relation') $$,
              login || ' calls users_authenticate, what tells nothing, and what is for owners of tables')
  FROM unnest('{regress_users_33,regress_users_33_admin,regress_users_33_trusted}'::text[]) login;
SELECT is(pg_temp.story('=regress_users_33 users_anon', $$ SELECT status FROM users_login('ann', 'seven wet horses sing') $$, 'SELECT (users_options()).registration', 'SELECT users_profile()',
                        'SELECT count(*) FROM users_sessions', 'SELECT users_id(''ann'')'), 'ok | open | 42501 | 42501 | 42501', 'as users_anon it signs people in');
SELECT is(pg_temp.story('=regress_users_33 users_member', 'SELECT users_profile()', 'SELECT count(*) FROM users_sessions', 'SELECT users_logout_all()', 'SELECT users_is_admin()', 'SELECT users_id(''ann'')'),
          '28000 | 0 | 28000 | false | 42501', 'as users_member, without a token, it is nobody');
SELECT is(pg_temp.story('=regress_users_33_admin users_admin', 'SELECT count(*) FROM users_sessions', 'SELECT count(*) FROM users_keys', 'SELECT users_is_admin()', 'SELECT users_id(''ann'')', 'SELECT users_rotate_key()'),
          '0 | 0 | false | 42501 | 42501', 'as users_admin too');
SELECT is(pg_temp.story('=regress_users_33', 'SET ROLE users_admin', 'SET ROLE users_service', 'SET ROLE users_owner'), '42501 | 42501 | 42501', 'it switches to what it was prepared for only');
SELECT is(pg_temp.story('=regress_users_33 ' || :'ann', 'SELECT current_user', 'SELECT username FROM users_profile()', 'SELECT count(*) FROM users_sessions'), 'users_member | ann | 1', 'authenticated, it is a member');
SELECT is(pg_temp.story('=regress_users_33 ' || :'ann', 'RESET ROLE', 'SELECT current_user', 'SELECT users_profile()', 'SELECT users_current_user_id() IS NULL'), 'done | regress_users_33 | 42501 | false',
          'RESET ROLE takes the rights, not the identity');
SELECT is(pg_temp.story('=regress_users_33_admin ' || :'bob', 'SELECT current_user', 'SELECT users_is_admin()', 'SELECT users_id(''ann'') IS NULL'), 'users_admin | true | false', 'or an administrator');
SELECT is(pg_temp.story('=regress_users_33', format('SELECT users_authenticate(%L)', :'bob'), 'SELECT users_current_user_id()', 'SELECT current_user'), '42501 | NULL | regress_users_33',
          'which a login that was not prepared for that cannot carry');
SELECT is(pg_temp.story('=regress_users_33_other', format('SELECT users_authenticate(%L)', :'ann'), 'SET ROLE users_anon'), '42501 | 42501', 'a login that was not prepared carries nobody');

---- logins that inherit (P1)

SELECT is(pg_temp.story(NULL, 'CREATE ROLE regress_users_33_x LOGIN INHERIT IN ROLE ' || role, 'GRANT EXECUTE ON FUNCTION users_authenticate TO regress_users_33_x', 'SET SESSION AUTHORIZATION regress_users_33_x',
                        format('SELECT users_authenticate(%L)', :'ann'), 'SELECT users_current_user_id()', 'RESET SESSION AUTHORIZATION',
                        $$ SELECT ok::text || (detail ~ '\mregress_users_33_x\M')::text FROM users_health() WHERE name = 'inheriting_logins' $$),
          'done | done | done | 55000 | NULL | done | falsetrue', 'who inherits ' || role || ' is refused by users_authenticate, and reported')
  FROM unnest('{users_member,users_admin}'::text[]) role;
SELECT is(pg_temp.story(NULL, 'CREATE ROLE regress_users_33_g IN ROLE users_member', 'CREATE ROLE regress_users_33_x LOGIN INHERIT IN ROLE regress_users_33_g', 'SET SESSION AUTHORIZATION regress_users_33_x',
                        format('SELECT users_authenticate(%L)', :'ann'), 'RESET SESSION AUTHORIZATION',
                        $$ SELECT ok::text || (detail ~ '\mregress_users_33_x\M')::text FROM users_health() WHERE name = 'inheriting_logins' $$),
          'done | done | done | 55000 | done | falsetrue', 'through another role as well');
SELECT is(pg_temp.story(NULL, 'SET SESSION AUTHORIZATION regress_users_33', format('SELECT users_authenticate(%L) IS NULL', :'ann'), 'RESET SESSION AUTHORIZATION',
                        'ALTER ROLE regress_users_33 INHERIT', 'REVOKE users_member FROM regress_users_33', 'GRANT users_member TO regress_users_33',
                        'SET SESSION AUTHORIZATION regress_users_33', format('SELECT users_authenticate(%L)', :'ann')),
          'done | false | done | done | done | done | done | 55000', 'what was found harmless once is judged again after a change');
SELECT is(pg_temp.story('=regress_users_33_dba', format('SELECT users_authenticate(%L) IS NULL', :'ann'), 'SELECT current_user', 'SELECT users_is_admin()'), 'false | users_member | false', 'a DBA may try what others see');
SELECT is(pg_temp.story(:'ann', 'SELECT current_user', 'SELECT users_is_admin()'), 'users_member | false', 'and so may a superuser');
SELECT is(pg_temp.story(NULL, $$ SELECT bool_or(detail ~ '\mregress_users_33') FROM users_health() WHERE name = 'inheriting_logins' $$), 'false', 'of prepared logins and DBAs none is reported');

---- who the client is (S23 P4)

-- The address and the program that a sign-in and its event are recorded with.
CREATE FUNCTION pg_temp.seen(login text, settings text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	opened uuid;
	answer text;
BEGIN
	EXECUTE settings;
	PERFORM set_config('session_authorization', login, true);
	IF login <> 'postgres' THEN
		PERFORM set_config('role', 'users_anon', true);
	END IF;
	SELECT session_id INTO opened FROM users_login('ann', 'seven wet horses sing');
	PERFORM set_config('session_authorization', 'postgres', true);
	SELECT concat_ws(' ', coalesce(host(s.client_address), 'unknown'), '(' || s.user_agent || ')', CASE WHEN (s.client_address, s.user_agent) IS DISTINCT FROM (e.client_address, e.user_agent) THEN 'or not' END)
	  INTO answer FROM users.session s JOIN users.audit_event e ON e.session_id = s.id AND e.event = 'login' WHERE s.id = opened;
	RAISE SQLSTATE 'UNDO0' USING MESSAGE = answer;
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
	RETURN SQLERRM;
END
$$;
CREATE FUNCTION pg_temp.says(address text, user_agent text DEFAULT '') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT set_config(''users.client_address'', %L, true), set_config(''users.user_agent'', %L, true)', address, user_agent) $$;

SELECT is(pg_temp.seen('regress_users_33_trusted', pg_temp.says('192.0.2.7', 'curl/8')), '192.0.2.7 (curl/8)', 'a trusted login says who the client is: session and event show it');
SELECT is(pg_temp.seen(login, pg_temp.says('192.0.2.7', 'curl/8')), 'unknown', login || ' is not believed')
  FROM unnest('{regress_users_33,regress_users_33_admin,postgres}'::text[]) login;
SELECT is(pg_temp.seen('regress_users_33_trusted'), 'unknown', 'who says nothing is unknown');
SELECT is(pg_temp.seen('regress_users_33_trusted', pg_temp.says(said)), heard, quote_literal(left(said, 30)) || ' is ' || heard)
  FROM (VALUES ('2001:db8::7', '2001:db8::7'), ('2001:DB8:0:0:0:0:0:7', '2001:db8::7'), ('::ffff:192.0.2.7', '192.0.2.7'), ('::FFFF:c000:207', '192.0.2.7'), ('::1', '::1'),
               ('', 'unknown'), ('here', 'unknown'), ('192.0.2', 'unknown'), ('192.0.2.256', 'unknown'), ('192.0.2.7/32', 'unknown'), ('192.0.2.0/24', 'unknown'), ('2001:db8::/64', 'unknown'),
               ('192.0.2.7, 198.51.100.1', 'unknown'), ('192.0.2.7:443', 'unknown'), ('[::1]', 'unknown'), ('fe80::1%eth0', 'unknown'), (repeat('1', 10000), 'unknown')) v (said, heard);
SELECT is(pg_temp.seen('regress_users_33_trusted', pg_temp.says('192.0.2.7', E'a\nb\x1b[31m')) ~ '[[:cntrl:]]', false, 'a program''s name is made fit to print');
SELECT cmp_ok(length(pg_temp.seen('regress_users_33_trusted', pg_temp.says('192.0.2.7', repeat('x', 100000)))), '<', 1100, 'and cut');

SELECT is(pg_temp.seen('regress_users_33', $$ SELECT set_config('request.headers', '{"x-real-ip": "192.0.2.8"}', true) $$), 'unknown', 'a header counts when it is named only');
SELECT is(pg_temp.seen('regress_users_33', $$ SELECT set_config('request.headers', '{"x-real-ip": "192.0.2.8", "user-agent": "Browser"}', true), set_config('users.client_address_header', 'X-Real-IP', true) $$),
          '192.0.2.8 (Browser)', 'then without regard to case, and the program''s too');
SELECT is(pg_temp.seen('regress_users_33', $$ SELECT set_config('request.headers', '{"x-forwarded-for": "203.0.113.9, 10.0.0.1, 192.0.2.9 "}', true), set_config('users.client_address_header', 'x-forwarded-for', true) $$),
          '192.0.2.9', 'of a list the last counts');
SELECT is(pg_temp.seen('regress_users_33_trusted', pg_temp.says('192.0.2.7') || $$, set_config('request.headers', '{"x-real-ip": "192.0.2.8"}', true), set_config('users.client_address_header', 'X-Real-IP', true) $$),
          '192.0.2.8', 'it goes before what a trusted login says');
SELECT is(pg_temp.seen('regress_users_33_trusted', pg_temp.says('192.0.2.7') || $$, set_config('request.headers', '{"x-real-ip": "nowhere"}', true), set_config('users.client_address_header', 'X-Real-IP', true) $$),
          '192.0.2.7', 'unless it is nonsense');
SELECT is(pg_temp.seen('regress_users_33', format($$ SELECT set_config('request.headers', %L, true), set_config('users.client_address_header', 'X-Real-IP', true) $$, headers)), 'unknown', 'headers without an address: ' || headers)
  FROM unnest(ARRAY['{}', '[]', '{"x-real-ip": 1}', '{"x-real-ip": null}', '{"x-real-ip": ["192.0.2.8"]}', '{"x-other": "192.0.2.8"}']) headers;
SELECT is(pg_temp.seen('postgres', $$ SELECT set_config('request.headers', '{"x-real-ip": "192.0.2.8"}', true), set_config('users.client_address_header', 'X-Real-IP', true) $$), 'unknown',
          'a login that was not prepared carries no requests');

SELECT * FROM finish();
ROLLBACK;
