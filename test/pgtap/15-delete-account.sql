-- users_delete_account: one's own, with the password; never the last
-- administrator's.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
BEGIN;
SELECT plan(49);

\ir ../lib/answer.sql

CREATE TEMP TABLE people AS
	SELECT name, user_id
	  FROM (VALUES ('mia', 'user'), ('lea', 'user'), ('root', 'admin'), ('boss', 'admin'), ('dis', 'admin')) v (name, role),
	       LATERAL users_create_user('X-' || name || '@example.org', 'X-' || name, 'Nam', 'Surnam', 'seven wet horses sing', platform_role => role);
CREATE TEMP TABLE s AS
	SELECT v.name, l.* FROM (VALUES ('mia1', 'mia'), ('mia2', 'mia'), ('lea', 'lea'), ('root', 'root'), ('boss', 'boss')) v (name, who), LATERAL users_login('x-' || who, 'seven wet horses sing') l;
SELECT is(users_disable_user(user_id), true, 'one of three administrators is disabled') FROM people WHERE name = 'dis';
DELETE FROM users.audit_event;
DELETE FROM users.event_position;
CREATE FUNCTION pg_temp.access(which text) RETURNS text LANGUAGE sql AS $$ SELECT access_token FROM s WHERE name = which $$;
CREATE FUNCTION pg_temp.go(password text) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT c::text FROM users_delete_account(%L) c', password) $$;

---- where and by whom

CREATE ROLE regress_users_15_nobody;
SELECT is(pg_temp.answer(pg_temp.go('seven wet horses sing'), who, true), wanted, coalesce(who, 'a superuser') || ' without a token: ' || wanted)
  FROM (VALUES (NULL, '28000'), ('users_member', '28000'), ('users_admin', '28000'), ('users_dba', '28000'), ('users_anon', '42501'),
               ('users_service', '42501'), ('users_relay', '42501'), ('users_proxy', '42501'), ('regress_users_15_nobody', '42501')) v (who, wanted);
SELECT is(pg_temp.answer('SET LOCAL transaction_read_only = on; ' || pg_temp.go(password), pg_temp.access('mia1'), true), '25006', 'READ ONLY, ' || name || ': refused alike')
  FROM (VALUES ('right', 'seven wet horses sing'), ('wrong', 'eight wet horses sing'), ('none', NULL)) v (name, password);
SELECT is((SELECT count(DISTINCT said) FROM heard WHERE said LIKE '25006%'), 1::bigint, 'in the same words');
SELECT is(pg_temp.answer('CREATE MATERIALIZED VIEW regress_users_view AS ' || pg_temp.go('seven wet horses sing'), pg_temp.access('mia1'), true), '42501', 'not in a materialized view');

---- with a wrong password

SELECT is(pg_temp.answer(pg_temp.go(password), pg_temp.access('mia1')), '(invalid_credentials,)', name || ' deletes nothing')
  FROM (VALUES ('a wrong password', 'eight wet horses sing'), ('an empty one', ''), ('none', NULL)) v (name, password);
SELECT is((SELECT array_agg(event || ' ' || outcome || ' ' || (detail ->> 'function')) FROM users.audit_event), array_fill('login_failed failure users_delete_account'::text, ARRAY[3]), 'each is recorded');
SELECT is_empty('SELECT FROM users.account WHERE status = ''deleted''', 'nobody is deleted');
SELECT is_empty('SELECT FROM users.session WHERE ended_at IS NOT NULL', 'nobody is signed out');
DELETE FROM users.audit_event;

---- with the right one

SELECT is(pg_temp.answer(pg_temp.go('seven wet horses sing'), pg_temp.access('mia1')), '(ok,)', 'the right password deletes the account');
SELECT is((SELECT string_agg(p.name || ' ' || (a.deleted_at >= now()), ',') FROM users.account a JOIN people p USING (user_id) WHERE status = 'deleted'), 'mia true', 'this one, now');
SELECT is((SELECT array_agg(name ORDER BY name) FROM s JOIN users.session ON id = s.session_id WHERE ended_at IS NULL), '{boss,lea,root}', 'its sessions have ended');
SELECT is(pg_temp.answer(format('SELECT users_authenticate(%L)', access_token)), '28000', 'their tokens are void: ' || name) FROM s WHERE name LIKE 'mia%';
SELECT is(pg_temp.answer(format('SELECT status FROM users_refresh(%L)', refresh_token)), 'invalid_token', 'their refresh tokens too: ' || name) FROM s WHERE name LIKE 'mia%';
SELECT is((SELECT array_agg(event || ' ' || outcome) FROM users.audit_event), '{account_deleted success}', 'it is recorded');
SELECT is((SELECT e.user_id = s.user_id AND actor_id = s.user_id AND e.session_id = s.session_id FROM users.audit_event e), true, 'with session and user') FROM s WHERE name = 'mia1';
SELECT is((SELECT count(*) FROM users.event_position p JOIN users.audit_event e ON e.id = p.event_id), 1::bigint, 'and those who follow will hear of it');
SELECT is(pg_temp.answer(format('SELECT l::text FROM users_login(%L, %L) l', identifier, 'seven wet horses sing')), '(invalid_credentials,,,,,,,,,,)', 'signing in says no more: ' || identifier)
  FROM (VALUES ('x-mia'), ('x-mia@example.org')) v (identifier);
SELECT is(pg_temp.answer(pg_temp.go('seven wet horses sing')), '(invalid_credentials,)', 'once more, in the same transaction: it is nobody''s');
SELECT is((SELECT count(*) FROM users.person_id JOIN people USING (user_id) WHERE name = 'mia'), 1::bigint, 'what refers to the id still can');
SELECT is((SELECT count(*) FROM users.identifier), 8::bigint, 'its address and username are free');
SELECT is(pg_temp.answer('SELECT status FROM users_register(''x-MIA@example.org'', ''x-MIA'', ''ten dry goats mumble'', ''Mia'', ''II'')'), 'ok', 'somebody else takes them');
SELECT is(pg_temp.answer('SELECT status FROM users_login(''x-mia'', ''seven wet horses sing'')'), 'invalid_credentials', 'the old password is not theirs');
SELECT is(pg_temp.answer('SELECT status FROM users_login(''x-mia'', ''ten dry goats mumble'')'), 'ok', 'their own is');

---- administrators

SELECT is(pg_temp.answer(pg_temp.go('seven wet horses sing'), pg_temp.access('boss')), '(ok,)', 'one of two administrators may go');
SELECT is(pg_temp.answer(pg_temp.go('eight wet horses sing'), pg_temp.access('root')), '(invalid_credentials,)', 'the last one with a wrong password is told nothing');
DELETE FROM users.audit_event;
SELECT is(pg_temp.answer(pg_temp.go('seven wet horses sing'), pg_temp.access('root')), 'US010', 'the last one must stay: who is disabled does not count');
SELECT is((SELECT status FROM users.account JOIN people USING (user_id) WHERE name = 'root'), 'enabled', 'and stays');
SELECT is((SELECT ended_at FROM users.session JOIN s ON id = s.session_id WHERE name = 'root'), NULL, 'signed in');
SELECT is_empty('SELECT FROM users.audit_event WHERE outcome = ''success''', 'nothing is recorded as done');
SELECT is(pg_temp.answer(format('SELECT users_set_platform_role(%L, ''admin'')', user_id), pg_temp.access('root')), 'true', 'another is made administrator') FROM people WHERE name = 'lea';
SELECT is(pg_temp.answer(pg_temp.go('seven wet horses sing'), pg_temp.access('root')), '(ok,)', 'then the first may go');

SELECT is_empty('SELECT said FROM heard WHERE said ~* ''horses|goats|x-|argon2|eyJ''', 'no error shows a password, an identifier, a hash or a token');
SELECT is_empty('SELECT said FROM heard WHERE said ~ ''^(US|28000)'' AND hint = ''''', 'every error of ours has a HINT');

SELECT * FROM finish();
ROLLBACK;
