-- Who is an administrator: by token; or without any identity a superuser or a
-- member of users_dba, both as session and as calling role. Services likewise.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
BEGIN;
SELECT plan(92);
\ir ../lib/story.sql

CREATE ROLE regress_users_36_dba LOGIN IN ROLE users_dba;
CREATE ROLE regress_users_36_dba2 LOGIN IN ROLE users_dba;
CREATE ROLE regress_users_36_team IN ROLE users_dba;
CREATE ROLE regress_users_36_indirect LOGIN IN ROLE regress_users_36_team;
CREATE ROLE regress_users_36_aside LOGIN NOINHERIT IN ROLE users_dba;
CREATE ROLE regress_users_36_super SUPERUSER LOGIN;
CREATE ROLE regress_users_36_sudo LOGIN NOINHERIT IN ROLE regress_users_36_super;
CREATE ROLE regress_users_36_app LOGIN NOINHERIT;
CREATE ROLE regress_users_36_inheriting LOGIN INHERIT IN ROLE users_admin;
CREATE ROLE regress_users_36_plain LOGIN;
CREATE ROLE regress_users_36_service LOGIN IN ROLE users_service;
CREATE ROLE regress_users_36_quiet LOGIN NOINHERIT IN ROLE users_service;
CREATE SCHEMA regress_users_36;
GRANT USAGE, CREATE ON SCHEMA regress_users_36 TO PUBLIC;
SET LOCAL search_path = regress_users_36, public;
SELECT users_setup_login('regress_users_36_app', admin => true) IS NULL AS ignored \gset
SELECT access_token AS ann, user_id AS ann_id FROM users_register('ann@example.org', 'ann', 'seven wet horses sing', 'Ann', 'Ash') \gset
SELECT user_id AS bob_id FROM users_create_user('bob@example.org', 'bob', 'Bob', 'Ash', 'seven wet horses sing', platform_role => 'admin') \gset
SELECT access_token AS bob FROM users_login('bob', 'seven wet horses sing') \gset

---- without an identity

SELECT is(pg_temp.story(who, 'SELECT users_is_admin()', 'SELECT users_id(''ann'') IS NULL', 'SELECT count(*) FROM users_keys', 'SELECT users_unlock()'), answer, format('%s: %s', coalesce(who, 'superuser'), what))
  FROM (VALUES (NULL, 'true | false | 1 | false', 'is one'),
               ('users_anon', 'false | 42501 | 42501 | 42501', 'a superuser is none after SET ROLE'),
               ('users_member', 'false | 42501 | 42501 | 42501', 'a superuser is none after SET ROLE'),
               ('users_admin', 'false | 42501 | 0 | 42501', 'a superuser is none after SET ROLE'),
               ('users_service', 'false | 42501 | 42501 | 42501', 'a superuser is none after SET ROLE'),
               ('users_owner', 'false | 42501 | 1 | 42501', 'a superuser is none after SET ROLE, not even as the owner'),
               ('regress_users_36_plain', 'false | 42501 | 42501 | 42501', 'a superuser is none after SET ROLE'),
               ('users_dba', 'true | false | 1 | false', 'a superuser is one as users_dba'),
               ('regress_users_36_dba', 'true | false | 1 | false', 'a superuser is one as a DBA'),
               ('regress_users_36_super', 'true | false | 1 | false', 'a superuser is one as another superuser'),
               ('=regress_users_36_dba', 'true | false | 1 | false', 'a DBA is one'),
               ('=regress_users_36_dba users_member', 'false | 42501 | 42501 | 42501', 'a DBA is none after SET ROLE'),
               ('=regress_users_36_dba users_admin', 'false | 42501 | 0 | 42501', 'a DBA is none after SET ROLE'),
               ('=regress_users_36_dba users_dba', 'true | false | 1 | false', 'a DBA is one as users_dba'),
               ('=regress_users_36_indirect', 'true | false | 1 | false', 'a DBA through another role is one'),
               ('=regress_users_36_indirect regress_users_36_team', 'true | false | 1 | false', 'and as that role'),
               ('=regress_users_36_aside', 'true | 42501 | 42501 | 42501', 'a DBA who does not inherit is one and calls nothing'),
               ('=regress_users_36_aside users_dba', 'true | false | 1 | false', 'before switching'),
               ('=regress_users_36_super', 'true | false | 1 | false', 'any superuser is one'),
               ('=regress_users_36_sudo', 'false | 42501 | 42501 | 42501', 'who may become a superuser is none'),
               ('=regress_users_36_sudo regress_users_36_super', 'false | 42501 | 1 | 42501', 'and has become none'),
               ('=regress_users_36_app', 'false | 42501 | 42501 | 42501', 'an application''s login is none'),
               ('=regress_users_36_app users_admin', 'false | 42501 | 0 | 42501', 'SET ROLE users_admin alone opens nothing'),
               ('=regress_users_36_inheriting', 'false | 42501 | 0 | 42501', 'nor does inheriting users_admin'),
               ('=regress_users_36_service', 'false | 42501 | 42501 | 42501', 'a service is none'),
               ('=regress_users_36_plain', 'false | 42501 | 42501 | 42501', 'nor is anybody else')) v (who, answer, what);

---- with one (P2)

SELECT is(pg_temp.story(who, 'SELECT users_is_admin()', 'SELECT users_id(''ann'') IS NULL', 'SELECT count(*) FROM users_keys', 'SELECT users_unlock()'), answer, what)
  FROM (VALUES ('=regress_users_36_app ' || :'bob', 'true | false | 1 | false', 'an administrator''s token makes one'),
               ('=regress_users_36_app ' || :'ann', 'false | 42501 | 42501 | 42501', 'a member''s does not'),
               (:'ann', 'false | 42501 | 42501 | 42501', 'a superuser with a member''s token is none'),
               (:'bob', 'true | false | 1 | false', 'a superuser with an administrator''s is one'),
               ('=regress_users_36_dba ' || :'ann', 'false | 42501 | 42501 | 42501', 'a DBA with a member''s is none')) v (who, answer, what);
SELECT is(pg_temp.story(who, statement, 'SELECT users_is_admin()', 'SELECT users_id(''ann'') IS NULL', 'SELECT count(*) FROM users_keys', 'SELECT users_unlock()'), answer, what)
  FROM (VALUES ('=regress_users_36_app ' || :'ann', 'SET ROLE users_admin', 'done | false | 42501 | 0 | 42501', 'a member is none after SET ROLE users_admin'),
               (:'ann', 'SET ROLE users_admin', 'done | false | 42501 | 0 | 42501', 'also in a superuser''s session'),
               (:'ann', 'RESET ROLE', 'done | false | 42501 | 1 | 42501', 'or back in the superuser''s role, to which tables are open'),
               (:'ann', 'SET ROLE users_dba', 'done | false | 42501 | 0 | 42501', 'or as users_dba'),
               ('=regress_users_36_dba ' || :'ann', 'RESET ROLE', 'done | false | 42501 | 0 | 42501', 'or back in the DBA''s role'),
               (:'ann', 'SET SESSION AUTHORIZATION regress_users_36_dba', 'done | false | 42501 | 0 | 42501', 'or as another session user'),
               ('=regress_users_36_app ' || :'bob', 'SET ROLE users_anon', 'done | true | 42501 | 42501 | 42501', 'an administrator remains one in a role that may not call'),
               ('=regress_users_36_app ' || :'bob', 'RESET ROLE', 'done | true | 42501 | 42501 | 42501', 'or in the login''s')) v (who, statement, answer, what);

---- in functions (P3)

-- Each makes one definer and one invoker function with the same question.
CREATE FUNCTION ask() RETURNS text LANGUAGE plpgsql SET search_path = public AS $$ BEGIN RETURN users_is_admin() || CASE WHEN users_id('ann') IS NULL THEN ' unknown' ELSE ' found' END; EXCEPTION WHEN insufficient_privilege THEN RETURN users_is_admin() || ' refused'; END $$;
SET LOCAL check_function_bodies = off;
SELECT pg_temp.deed(format('CREATE FUNCTION definer_of_%s() RETURNS text LANGUAGE sql SECURITY DEFINER AS ''SELECT regress_users_36.ask()''', name)) || pg_temp.deed(format('ALTER FUNCTION definer_of_%s() OWNER TO %s', name, role)) ||
       pg_temp.deed(format('CREATE FUNCTION invoker_of_%s() RETURNS text LANGUAGE sql AS ''SELECT regress_users_36.ask()''', name)) || pg_temp.deed(format('ALTER FUNCTION invoker_of_%s() OWNER TO %s', name, role)) AS ignored
  FROM (VALUES ('super', 'regress_users_36_super'), ('me', 'postgres'), ('dba', 'regress_users_36_dba'), ('dba2', 'regress_users_36_dba2'), ('plain', 'regress_users_36_plain'), ('app', 'regress_users_36_app')) v (name, role) \g /dev/null
SELECT is(pg_temp.story(who, format('SELECT %s()', function)), answer, what)
  FROM (VALUES (NULL, 'definer_of_me', 'true found', 'a superuser''s own definer function changes nothing'),
               (NULL, 'definer_of_super', 'false refused', 'another superuser''s does'),
               (NULL, 'definer_of_dba', 'false refused', 'and a DBA''s'),
               (NULL, 'definer_of_plain', 'false refused', 'and anybody''s'),
               ('=regress_users_36_dba', 'definer_of_dba', 'true found', 'a DBA''s own changes nothing'),
               ('=regress_users_36_dba', 'definer_of_me', 'false refused', 'a superuser''s lends a DBA nothing'),
               ('=regress_users_36_dba', 'definer_of_dba2', 'false refused', 'nor does another DBA''s'),
               ('=regress_users_36_dba', 'definer_of_plain', 'false refused', 'nor anybody''s'),
               ('=regress_users_36_plain', 'definer_of_me', 'false refused', 'a superuser''s makes nobody an administrator'),
               ('=regress_users_36_plain', 'definer_of_dba', 'false refused', 'nor does a DBA''s'),
               ('=regress_users_36_app users_anon', 'definer_of_me', 'false refused', 'not for who is not signed in'),
               ('=regress_users_36_app users_admin', 'definer_of_me', 'false refused', 'nor after SET ROLE'),
               ('regress_users_36_dba', 'definer_of_dba', 'true found', 'a superuser as a DBA may use that DBA''s function'),
               ('=regress_users_36_app ' || :'ann', 'definer_of_me', 'false refused', 'not for a member'),
               (:'ann', 'definer_of_me', 'false refused', 'nor for a member in a superuser''s session'),
               ('=regress_users_36_app ' || :'bob', 'definer_of_me', 'true found', 'an administrator by token is one in all functions'),
               ('=regress_users_36_app ' || :'bob', 'definer_of_plain', 'true refused', 'if their owners may call'),
               ('=regress_users_36_dba', 'invoker_of_plain', 'true found', 'a function that is not SECURITY DEFINER is its caller''s'),
               ('=regress_users_36_plain', 'invoker_of_me', 'false refused', 'whoever wrote it')) v (who, function, answer, what);
CREATE FUNCTION nested() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT regress_users_36.invoker_of_me()';
ALTER FUNCTION nested() OWNER TO regress_users_36_super;
SELECT is(pg_temp.story(NULL, 'SELECT nested()'), 'false refused', 'a definer function counts from below others');
SELECT is(pg_temp.story(NULL, 'DO $f$ BEGIN IF NOT users_is_admin() THEN RAISE EXCEPTION ''no''; END IF; END $f$', 'WITH a AS MATERIALIZED (SELECT users_is_admin() AS x) SELECT x FROM a', 'SELECT x FROM (SELECT users_is_admin() AS x OFFSET 0) s'), 'done | true | true', 'blocks and queries are no functions');
CREATE VIEW view_of_plain AS SELECT users_is_admin() AS a;
GRANT SELECT ON view_of_plain TO PUBLIC;
ALTER VIEW view_of_plain OWNER TO regress_users_36_plain;
SELECT is(pg_temp.story(NULL, 'SELECT a FROM view_of_plain') || ' ' || pg_temp.story('=regress_users_36_plain', 'SELECT a FROM view_of_plain'), 'true false', 'a view is read as its reader');

---- in a security-restricted operation (P3)

SELECT is(pg_temp.story(who, 'CREATE MATERIALIZED VIEW seen AS SELECT users_is_admin() AS a', 'SELECT a FROM seen', 'REFRESH MATERIALIZED VIEW seen', 'SELECT a FROM seen'), 'done | false | done | false', format('a materialized view of %s asks as nobody', coalesce(who, 'a superuser')))
  FROM (VALUES (NULL), ('=regress_users_36_dba')) v (who);
SELECT is(pg_temp.story(NULL, format('CREATE MATERIALIZED VIEW seen AS SELECT %s', call)), '42501', 'and there does nothing: ' || split_part(call, '(', 1))
  FROM unnest(ARRAY['users_id(''ann'')', format('users_disable_user(%L)', :'ann_id'), '(users_rotate_key()).kid', format('(users_validate_token(%L)).status', :'ann'), '(users_login(''ann'', ''seven wet horses sing'')).status',
                    '(users_register(''eve@example.org'', ''eve'', ''seven wet horses sing'', ''Eve'', ''Elm'')).status', 'users_setup_owner(''regress_users_36_plain''::text::regrole)', 'users_renew_root_key()', '(users_refresh(''x'')).status']) call;
CREATE TABLE rows (id integer);
INSERT INTO rows VALUES (1);
CREATE FUNCTION ask_when_indexed() RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE EXCEPTION 'asked' USING ERRCODE = CASE WHEN public.users_is_admin() THEN 'ADMIN' ELSE 'NOADM' END; END $$;
SELECT is(pg_temp.story(NULL, 'CREATE INDEX ON rows ((id + ask_when_indexed()))'), 'NOADM', 'an index asks as nobody');
SELECT is(pg_temp.story(:'bob', 'RESET ROLE', 'CREATE INDEX ON rows ((id + ask_when_indexed()))', 'CREATE MATERIALIZED VIEW seen AS SELECT users_disable_user(users_id(''ann''))'), 'done | ADMIN | 42501', 'an administrator by token asks as one, and changes nothing there either');

---- services (P4)

SELECT is(pg_temp.story(who, format('SELECT status || '' '' || username FROM users_validate_token(%L)', :'ann'), 'SELECT status FROM users_validate_token(''x'')'), answer, what)
  FROM (VALUES (NULL, 'ok ann | invalid_token', 'a superuser validates tokens'),
               ('=regress_users_36_dba', 'ok ann | invalid_token', 'a DBA does'),
               ('=regress_users_36_service', 'ok ann | invalid_token', 'a service does'),
               ('=regress_users_36_service users_service', 'ok ann | invalid_token', 'also as users_service'),
               ('users_service', 'ok ann | invalid_token', 'so does a superuser'),
               ('=regress_users_36_quiet', '42501 | 42501', 'a service that does not inherit calls nothing'),
               ('=regress_users_36_quiet users_service', 'ok ann | invalid_token', 'before switching'),
               ('=regress_users_36_app ' || :'bob', 'ok ann | invalid_token', 'an administrator does'),
               ('users_admin', '42501 | 42501', 'users_admin without a token does not'),
               ('=regress_users_36_app users_admin', '42501 | 42501', 'from whatever login'),
               ('=regress_users_36_app users_anon', '42501 | 42501', 'nor who is not signed in'),
               ('=regress_users_36_app ' || :'ann', '42501 | 42501', 'nor a member'),
               ('=regress_users_36_plain', '42501 | 42501', 'nor anybody else')) v (who, answer, what);
GRANT users_service TO regress_users_36_plain;
CREATE FUNCTION service_of_plain(token text) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT status FROM public.users_validate_token(token)';
ALTER FUNCTION service_of_plain(text) OWNER TO regress_users_36_plain;
SELECT is(pg_temp.story(who, format('SELECT service_of_plain(%L)', :'ann')), answer, what)
  FROM (VALUES ('=regress_users_36_service', '42501', 'a service''s function lends another service nothing'), ('=regress_users_36_app users_anon', '42501', 'nor anybody'), (NULL, '42501', 'nor a superuser'),
               ('=regress_users_36_plain', 'ok', 'its own it may use')) v (who, answer, what);
GRANT users_anon, users_member TO regress_users_36_quiet;
SELECT is(pg_temp.story('=regress_users_36_quiet users_service', format('SELECT status FROM users_validate_token(%L)', :'bob'), 'SET ROLE users_anon', format('SELECT users_authenticate(%L) IS NULL', :'ann'), 'SET ROLE users_service', format('SELECT status FROM users_validate_token(%L)', :'bob')),
          'ok | done | false | done | 42501', 'and with somebody''s identity it is that person, no service');

SELECT * FROM finish();
ROLLBACK;
