-- users_login: by address or username, one refusal for all who may not, and
-- the truth only after the right password.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
BEGIN;
SELECT plan(92);

\ir ../lib/answer.sql

CREATE FUNCTION pg_temp.login(identifier text, password text DEFAULT 'seven wet horses sing', label text DEFAULT NULL)
	RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT status FROM users_login(%L, %L, %L)', identifier, password, label) $$;

-- All of a refusal, so that nothing else in it can differ.
CREATE FUNCTION pg_temp.whole_login(identifier text, password text) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT l::text FROM users_login(%L, %L) l', identifier, password) $$;

CREATE TEMP TABLE people AS
	SELECT name, user_id
	  FROM (VALUES ('mia', 'user'), ('root', 'admin'), ('dis', 'user'), ('res', 'user'), ('del', 'user'), ('bare', 'user')) v (name, role),
	       LATERAL users_create_user('X-' || name || '@example.org', 'X-' || name, 'Nam', 'Surnam', 'seven wet horses sing', platform_role => role);
SELECT is(users_disable_user(user_id, 'hidden reason'), true, 'one of them is disabled') FROM people WHERE name = 'dis';
UPDATE users.account SET reset_required = true FROM people p WHERE p.user_id = account.user_id AND name = 'res';
UPDATE users.credential SET password_hash = NULL FROM people p WHERE p.user_id = credential.user_id AND name = 'bare';
SELECT is(pg_temp.answer('SELECT status FROM users_delete_account(''seven wet horses sing'')',
	(SELECT access_token FROM users_login('x-del', 'seven wet horses sing'))), 'ok', 'one of them deletes the account');
COMMIT; -- with it ends the identity
BEGIN;
DELETE FROM users.audit_event;
DELETE FROM users.event_position;

---- the right password

SELECT is(pg_temp.answer(pg_temp.login(identifier), undo => true), 'ok', 'signs in: "' || translate(identifier, E'\t\n', '//') || '"')
  FROM (VALUES ('x-mia@example.org'), ('X-Mia@EXAMPLE.org'), ('x-mia'), ('X-MIA'), (' x-mia '), (E'\tx-mia@example.org\n'),
               (U&'\00A0x-mia\3000')) v (identifier);

CREATE TEMP TABLE mia AS SELECT * FROM users_login('x-mia', 'seven wet horses sing', E'\n Mia''s desk ');
CREATE TEMP TABLE again AS SELECT * FROM users_login('x-mia@example.org', 'seven wet horses sing');
SELECT is(status, 'ok', 'signing in answers ok') FROM mia;
SELECT is(retry_after, NULL, 'and asks for no patience') FROM mia;
SELECT is(mia.user_id, p.user_id, 'of this user') FROM mia, people p WHERE name = 'mia';
SELECT is(role, 'users_member', 'a member') FROM mia;
SELECT is(token_type, 'Bearer', 'with a bearer token') FROM mia;
SELECT is(expires_in, 900, 'for fifteen minutes') FROM mia;
SELECT ok(expires_at > now() AND refresh_expires_at > expires_at, 'the refresh token lives longer') FROM mia;
SELECT is((users_validate_token(access_token)).session_id, session_id, 'the access token is of this session') FROM mia;
SELECT is((users_validate_token(access_token)).username, 'X-mia', 'and of this person') FROM mia;
SELECT is(users_current_user_id(), NULL, 'signing in sets no identity');
SELECT is(s.label, 'Mia''s desk', 'the label is kept, trimmed') FROM users.session s JOIN mia ON mia.session_id = s.id;
SELECT is(s.label, NULL, 'or NULL') FROM users.session s JOIN again ON again.session_id = s.id;
SELECT isnt(again.session_id, mia.session_id, 'each time another session') FROM again, mia;
SELECT isnt(again.refresh_token, mia.refresh_token, 'with another refresh token') FROM again, mia;
SELECT is(array_agg(event || ' ' || outcome), '{login success,login success}', 'each is recorded') FROM users.audit_event;
SELECT is(count(*), 2::bigint, 'with user and session') FROM users.audit_event e JOIN (TABLE mia UNION TABLE again) s USING (user_id, session_id);
SELECT is(role, 'users_admin', 'an administrator gets an administrator''s token') FROM users_login('x-root', 'seven wet horses sing');
DELETE FROM users.audit_event;
DELETE FROM users.event_position;

---- refusals: one answer for all (S13)

SELECT is(pg_temp.answer(pg_temp.whole_login(identifier, password)), '(invalid_credentials,,,,,,,,,,)', name || ' is refused, without more')
  FROM (VALUES ('a wrong password', 'x-mia', 'seven wet horses sin'), ('a prefix of it', 'x-mia', 'seven wet horses'),
               ('more than it', 'x-mia', 'seven wet horses sing '), ('another case', 'x-mia', 'Seven wet horses sing'),
               ('no password', 'x-mia', NULL), ('an empty one', 'x-mia', ''),
               ('an unknown username', 'x-who', 'seven wet horses sing'), ('an unknown address', 'x-who@example.org', 'seven wet horses sing'),
               ('nobody', NULL, 'seven wet horses sing'), ('an empty identifier', '', 'seven wet horses sing'), ('nothing at all', NULL, NULL),
               ('what is neither', 'x mia', 'seven wet horses sing'), ('the kind spelt out', 'username:x-mia', 'seven wet horses sing'),
               ('a wildcard', 'x-m%', 'seven wet horses sing'), ('a deleted account', 'x-del', 'seven wet horses sing'),
               ('a deleted account by address', 'x-del@example.org', 'seven wet horses sing'),
               ('a disabled one with a wrong password', 'x-dis', 'wrong'), ('one to be reset with a wrong password', 'x-res', 'wrong'),
               ('one without a password', 'x-bare', 'seven wet horses sing'), ('that one with an empty one', 'x-bare', ''),
               ('that one with none', 'x-bare', NULL)) v (name, identifier, password);
SELECT is((SELECT count(*) FROM users.session WHERE ended_at IS NULL AND user_id <> (SELECT user_id FROM people WHERE name = 'root')), 2::bigint, 'none of them opens a session');
SELECT is((SELECT count(*) FROM users.audit_event), 21::bigint, 'each is recorded');
SELECT is_empty('SELECT FROM users.audit_event WHERE event <> ''login_failed'' OR outcome <> ''failure'' OR session_id IS NOT NULL', 'as login_failed');
SELECT is((SELECT count(*) FROM users.audit_event WHERE nobody), 10::bigint, 'those on nobody''s identifier are marked');
SELECT is_empty('SELECT FROM users.audit_event WHERE nobody AND user_id IN (SELECT user_id FROM users.person_id)', 'and are nobody''s');
SELECT is((SELECT count(DISTINCT user_id) FROM users.audit_event e JOIN people p USING (user_id)), 4::bigint, 'the others are the users'' own');
SELECT is_empty('SELECT FROM users.event_position', 'those who follow hear of no failure');
SELECT is_empty('SELECT FROM users.audit_event WHERE detail::text ~* ''horses|wrong|x-|example''', 'no event shows what was typed');

---- the right password, and yet

DELETE FROM users.audit_event;
DELETE FROM users.event_position;
SELECT is(pg_temp.answer(pg_temp.whole_login('x-dis', 'seven wet horses sing')), '(disabled,,,,,,,,,,)', 'a disabled account says so after the right password');
SELECT is(pg_temp.answer(pg_temp.whole_login('x-res', 'seven wet horses sing')), '(reset_required,,,,,,,,,,)', 'so does one whose password must be reset');
SELECT is((SELECT array_agg(event || ' ' || outcome || ' ' || (detail ->> 'status') ORDER BY id) FROM users.audit_event),
          '{login_failed failure disabled,login_failed failure reset_required}', 'both are recorded as failures');
SELECT is(users_enable_user(user_id), true, 'enabled again') FROM people WHERE name = 'dis';
SELECT is(pg_temp.answer(pg_temp.login('x-dis')), 'ok', 'it signs in again');

---- where and by whom

CREATE ROLE regress_users_11_nobody;
SELECT is(pg_temp.answer(pg_temp.login('x-mia'), who, true), wanted, who || ' may sign in: ' || wanted)
  FROM (VALUES ('users_anon', 'ok'), ('users_member', 'ok'), ('users_admin', 'ok'), ('users_dba', 'ok'), ('users_service', '42501'),
               ('users_relay', '42501'), ('users_proxy', '42501'), ('regress_users_11_nobody', '42501')) v (who, wanted);
SELECT is(pg_temp.answer('SET LOCAL transaction_read_only = on; ' || pg_temp.login(identifier, password), 'users_anon', true), '25006',
          'READ ONLY, ' || name || ': refused alike')
  FROM (VALUES ('the right password', 'x-mia', 'seven wet horses sing'), ('a wrong one', 'x-mia', 'wrong'), ('nobody', 'x-who', 'wrong'),
               ('disabled', 'x-dis', 'seven wet horses sing')) v (name, identifier, password);
SELECT is((SELECT count(DISTINCT said) FROM heard WHERE said LIKE '25006%'), 1::bigint, 'in the same words');
SELECT is(pg_temp.answer('CREATE MATERIALIZED VIEW regress_users_view AS ' || pg_temp.login('x-mia')), '42501', 'not in a materialized view');
CREATE FUNCTION pg_temp.wrapped() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ SELECT status FROM users_login('x-mia', 'seven wet horses sing') $$;
SELECT is(pg_temp.answer(format('SELECT %s.wrapped()', (SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema()))), 'ok', 'a definer function may wrap it');

CREATE ROLE regress_users_11_web LOGIN NOINHERIT;
SELECT lives_ok('SELECT users_setup_login(''regress_users_11_web'')', 'a login is set up');
SELECT is(pg_temp.answer('SET LOCAL SESSION AUTHORIZATION regress_users_11_web; ' || pg_temp.login('x-mia'), undo => true), '42501', 'which must switch first');
SELECT is(pg_temp.answer('SET LOCAL SESSION AUTHORIZATION regress_users_11_web; SET LOCAL ROLE users_anon; ' || pg_temp.login('x-mia'), undo => true), 'ok', 'and then signs people in');

SELECT is(pg_temp.answer(pg_temp.login('x-dis'), (SELECT access_token FROM mia)), 'ok', 'somebody signed in may sign in as somebody else');
SELECT is(users_current_user_id(), (SELECT user_id FROM mia), 'and stays who they were');

COMMIT;

---- whatever the transaction is like

BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT is(pg_temp.answer(statement), wanted, 'SERIALIZABLE: ' || wanted)
  FROM (VALUES (pg_temp.login('x-mia'), 'ok'), (pg_temp.login('x-mia', 'wrong'), 'invalid_credentials'), ('SELECT status FROM users_register(''x-new@example.org'', ''x-new'', ''seven wet horses sing'', ''A'', ''B'')', 'ok'),
               (pg_temp.login('x-new'), 'ok'), ('SELECT (users_refresh(refresh_token)).status FROM users_login(''x-new'', ''seven wet horses sing'')', 'ok')) v (statement, wanted);
SELECT is(pg_temp.answer('SELECT username FROM users_profile()', access_token), 'X-mia', 'the token is good in it') FROM users_login('x-mia', 'seven wet horses sing');
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT is(pg_temp.answer(statement), wanted, 'REPEATABLE READ: ' || wanted)
  FROM (VALUES (pg_temp.login('x-new'), 'ok'), (pg_temp.login('x-new', 'wrong'), 'invalid_credentials')) v (statement, wanted);
COMMIT;
BEGIN;
CREATE SCHEMA regress_users_evil;
CREATE FUNCTION regress_users_evil.trap(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE FUNCTION regress_users_evil.trap(uuid, uuid) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE OPERATOR regress_users_evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = regress_users_evil.trap);
CREATE OPERATOR regress_users_evil.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = regress_users_evil.trap);
CREATE TABLE regress_users_evil.identifier (identifier text, user_id uuid);
CREATE TEMP TABLE account (user_id uuid);
GRANT USAGE ON SCHEMA regress_users_evil TO PUBLIC;
SELECT is(pg_temp.answer('SET LOCAL search_path = ' || path || '; SET LOCAL row_security = off; SET LOCAL bytea_output = escape; SET LOCAL datestyle = german; SELECT status FROM public.users_login(''x-mia'', ''seven wet horses sing'')', 'users_anon', true), 'ok', 'search_path = ' || path)
  FROM (VALUES (''''''), ('regress_users_evil, pg_temp, pg_catalog'), ('pg_temp')) v (path);

SELECT is_empty('SELECT said FROM heard WHERE said ~* ''horses|wrong|x-|argon2|eyJ''', 'no error shows an identifier, a password, a hash or a token');

SELECT * FROM finish();
ROLLBACK;
DROP OWNED BY regress_users_11_web;
DROP ROLE regress_users_11_nobody, regress_users_11_web;
