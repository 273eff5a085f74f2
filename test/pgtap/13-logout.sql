-- users_logout, users_logout_all and users_revoke_session: what is ended is
-- ended at once, and nothing else is.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
BEGIN;
SELECT plan(111);

\ir ../lib/answer.sql

CREATE TEMP TABLE people AS
	SELECT name, user_id
	  FROM (VALUES ('mia', 'user'), ('lea', 'user'), ('eve', 'user'), ('root', 'admin'), ('boss', 'admin')) v (name, role),
	       LATERAL users_create_user('X-' || name || '@example.org', 'X-' || name, 'Nam', 'Surnam', 'seven wet horses sing', platform_role => role);
CREATE TEMP TABLE s AS
	SELECT v.name, l.*
	  FROM (VALUES ('mia1', 'mia'), ('mia2', 'mia'), ('mia3', 'mia'), ('mia4', 'mia'), ('mia5', 'mia'), ('lea1', 'lea'), ('lea2', 'lea'), ('lea3', 'lea'), ('eve1', 'eve'),
	               ('eve2', 'eve'), ('root1', 'root'), ('root2', 'root'), ('boss1', 'boss'), ('boss2', 'boss')) v (name, who),
	       LATERAL users_login('x-' || who, 'seven wet horses sing') l;
DELETE FROM users.audit_event;
DELETE FROM users.event_position;
CREATE FUNCTION pg_temp.access(which text) RETURNS text LANGUAGE sql AS $$ SELECT access_token FROM s WHERE name = which $$;
CREATE FUNCTION pg_temp.refresh(which text) RETURNS text LANGUAGE sql AS $$ SELECT refresh_token FROM s WHERE name = which $$;
CREATE FUNCTION pg_temp.id(which text) RETURNS uuid LANGUAGE sql AS $$ SELECT session_id FROM s WHERE name = which $$;
CREATE FUNCTION pg_temp.live() RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(s.name, ' ' ORDER BY s.name) FROM s JOIN users.session ON id = s.session_id WHERE ended_at IS NULL AND s.name !~ 'boss|root' $$;
CREATE FUNCTION pg_temp.logout(token text) RETURNS text LANGUAGE sql AS $$ SELECT format('SELECT status FROM users_logout(%L)', token) $$;

---- by refresh token, with nobody signed in

SELECT is(pg_temp.live(), 'eve1 eve2 lea1 lea2 lea3 mia1 mia2 mia3 mia4 mia5', 'all of them are signed in');
SELECT is(pg_temp.answer(format('SELECT o::text FROM users_logout(%L) o', pg_temp.refresh('mia1')), 'users_anon'), '(ok,)', 'signing out with a refresh token');
SELECT is(pg_temp.live(), 'eve1 eve2 lea1 lea2 lea3 mia2 mia3 mia4 mia5', 'ends its session');
SELECT is(pg_temp.answer(format('SELECT users_authenticate(%L)', pg_temp.access('mia1')), undo => true), '28000', 'the access token is void');
SELECT is(pg_temp.answer(format('SELECT status FROM users_refresh(%L)', pg_temp.refresh('mia1'))), 'invalid_token', 'so is the refresh token');
SELECT is((SELECT array_agg(event || ' ' || outcome) FROM users.audit_event), '{logout success}', 'it is recorded');
SELECT is((SELECT session_id FROM users.audit_event), pg_temp.id('mia1'), 'with the session');
SELECT is(pg_temp.answer(pg_temp.logout(pg_temp.refresh('mia1'))), 'ok', 'once more is ok');
SELECT is((SELECT count(*) FROM users.audit_event), 1::bigint, 'and not worth a record');

CREATE TEMP TABLE mia2 AS SELECT * FROM users_refresh(pg_temp.refresh('mia2'));
SELECT is(pg_temp.answer(pg_temp.logout(token)), 'ok', 'signing out is ok with ' || name)
  FROM (VALUES ('nothing', NULL), ('an empty token', ''), ('a word', 'token'), ('an access token', pg_temp.access('mia3')),
               ('a changed one', overlay(pg_temp.refresh('mia3') PLACING CASE substr(pg_temp.refresh('mia3'), 100, 2) WHEN '__' THEN '--' ELSE '__' END FROM 100 FOR 2)), ('half a one', left(pg_temp.refresh('mia3'), 50)),
               ('a session''s id', pg_temp.id('mia3')::text), ('much', repeat('x', 1000000))) v (name, token);
UPDATE users.session SET refreshed_at = refreshed_at - interval '1 minute' WHERE id = pg_temp.id('mia2');
SELECT is(pg_temp.answer(pg_temp.logout(pg_temp.refresh('mia2'))), 'ok', 'signing out is ok with a spent token');
SELECT is(pg_temp.live(), 'eve1 eve2 lea1 lea2 lea3 mia2 mia3 mia4 mia5', 'none of them ends anything');
SELECT is((SELECT count(*) FROM users.audit_event), 1::bigint, 'or is recorded');
SELECT is(pg_temp.answer(pg_temp.logout(refresh_token)), 'ok', 'the present token') FROM mia2;
SELECT is(pg_temp.live(), 'eve1 eve2 lea1 lea2 lea3 mia3 mia4 mia5', 'ends it');

---- an administrator without a token: a DBA

SELECT is(pg_temp.answer('SELECT users_logout_all()'), '28000', 'a DBA is nobody whose sessions could end');
SELECT is(pg_temp.answer(format('SELECT users_logout_all(user_id => %L)', user_id), undo => true), wanted, 'a DBA ends those of ' || name)
  FROM (SELECT name, user_id, wanted FROM people JOIN (VALUES ('mia', '3'), ('root', '2')) v (name, wanted) USING (name)
        UNION ALL SELECT 'nobody', gen_random_uuid(), 'US014 user_id') v;
SELECT is(pg_temp.answer(format('SELECT users_revoke_session(%L)', id), undo => true), wanted, 'a DBA ends ' || name)
  FROM (VALUES ('anybody''s', pg_temp.id('lea1'), 'true'), ('an administrator''s', pg_temp.id('root1'), 'true'), ('one that is over', pg_temp.id('mia1'), 'false'),
               ('one that never was', gen_random_uuid(), 'false'), ('none', NULL, 'false')) v (name, id, wanted);

---- where and by whom

CREATE ROLE regress_users_13_nobody;
SELECT is(pg_temp.answer(statement, who, true), wanted, who || ': ' || statement)
  FROM (VALUES ('users_anon', 'ok', '42501', '42501'), ('users_member', 'ok', '28000', '28000'), ('users_admin', 'ok', '28000', '28000'),
               ('users_dba', 'ok', '28000', 'false'), ('users_service', '42501', '42501', '42501'), ('users_relay', '42501', '42501', '42501'),
               ('users_proxy', '42501', '42501', '42501'), ('regress_users_13_nobody', '42501', '42501', '42501')) v (who, one, two, three),
       LATERAL (VALUES ('SELECT status FROM users_logout()', one), ('SELECT users_logout_all()', two), ('SELECT users_revoke_session(NULL)', three)) w (statement, wanted);
SELECT is(pg_temp.answer(format('SELECT users_logout_all(user_id => %L)', user_id), who, true), '42501', who || ' without a token ends nobody''s')
  FROM people, (VALUES ('users_member'), ('users_admin')) v (who) WHERE name = 'mia';
SELECT is(pg_temp.answer('SET LOCAL transaction_read_only = on; ' || statement, undo => true), '25006', 'READ ONLY: ' || left(statement, 40))
  FROM (VALUES (pg_temp.logout(pg_temp.refresh('mia3'))), (pg_temp.logout('nonsense')), (pg_temp.logout(NULL)), ('SELECT users_logout_all()'), ('SELECT users_revoke_session(NULL)'),
               (format('SELECT users_revoke_session(%L)', pg_temp.id('mia3')))) v (statement);
SELECT is(pg_temp.answer('CREATE MATERIALIZED VIEW regress_users_view AS ' || statement), '42501', 'not in a materialized view: ' || left(statement, 30))
  FROM (VALUES (pg_temp.logout(pg_temp.refresh('mia3'))), (format('SELECT users_revoke_session(%L)', pg_temp.id('mia3')))) v (statement);
SELECT is(pg_temp.live(), 'eve1 eve2 lea1 lea2 lea3 mia3 mia4 mia5', 'none of that ended anything');

---- a member

DELETE FROM users.audit_event;
SELECT is(pg_temp.answer('SELECT users_revoke_session(' || quote_nullable(id) || ')', pg_temp.access('mia3')), wanted, 'a member ends ' || name)
  FROM (VALUES ('another of their own', pg_temp.id('mia4'), 'true'), ('it once more', pg_temp.id('mia4'), 'false'), ('somebody else''s', pg_temp.id('lea1'), 'false'),
               ('an administrator''s', pg_temp.id('root1'), 'false'), ('what never was', gen_random_uuid(), 'false'), ('nothing', NULL, 'false')) v (name, id, wanted);
SELECT is(pg_temp.live(), 'eve1 eve2 lea1 lea2 lea3 mia3 mia5', 'their own alone is over');
SELECT is((SELECT array_agg(event || ' ' || outcome) FROM users.audit_event), '{session_revoked success}', 'that is recorded');
SELECT is((SELECT session_id FROM users.audit_event), pg_temp.id('mia4'), 'with the session');
SELECT is((SELECT actor_id = e.user_id FROM users.audit_event e JOIN people p ON p.user_id = e.actor_id AND p.name = 'mia'), true, 'and who did it');
SELECT is(pg_temp.answer(format('SELECT users_authenticate(%L)', pg_temp.access('mia4'))), '28000', 'its token is void at once');
SELECT is(pg_temp.answer(format('SELECT users_logout_all(user_id => %L)', user_id), pg_temp.access('mia3')), '42501', 'a member ends nobody else''s: ' || name)
  FROM (SELECT name, user_id FROM people WHERE name IN ('lea', 'root') UNION ALL SELECT 'nobody', gen_random_uuid()) v;
SELECT is((SELECT count(DISTINCT said) FROM heard WHERE said LIKE '42501%administrators%'), 1::bigint, 'and is told the same whoever it is, and whether there is anybody');

SELECT is(pg_temp.answer(pg_temp.logout(pg_temp.refresh('eve1')), pg_temp.access('mia3')), 'ok', 'a refresh token signs out its own session');
SELECT is(pg_temp.live(), 'eve2 lea1 lea2 lea3 mia3 mia5', 'not that of who hands it in');
SELECT is(pg_temp.answer(pg_temp.logout('nonsense'), pg_temp.access('mia3')), 'ok', 'a wrong one');
SELECT is(pg_temp.live(), 'eve2 lea1 lea2 lea3 mia3 mia5', 'does not sign out the present session in its place');
SELECT is(pg_temp.answer('SELECT status FROM users_logout()', pg_temp.access('mia3')), 'ok', 'without a token');
SELECT is(pg_temp.live(), 'eve2 lea1 lea2 lea3 mia5', 'the present session ends');
SELECT is(pg_temp.answer(format('SELECT users_authenticate(%L)', pg_temp.access('mia3'))), '28000', 'its token is void at once');
SELECT is((SELECT count(*) FROM users.audit_event WHERE event = 'logout' AND session_id = pg_temp.id('mia3') AND actor_id = user_id), 1::bigint, 'it is recorded');

SELECT is(pg_temp.answer('SELECT users_logout_all(true)', pg_temp.access('lea2')), '2', 'all sessions but the present one: two');
SELECT is(pg_temp.live(), 'eve2 lea2 mia5', 'the present one goes on, and everybody else''s');
SELECT is(pg_temp.answer('SELECT users_logout_all(true)', pg_temp.access('lea2')), '0', 'there are no others now');
SELECT is(pg_temp.answer('SELECT users_logout_all(keep_current => NULL)', pg_temp.access('lea2')), '1', 'without a word for it the present one ends too');
SELECT is(pg_temp.live(), 'eve2 mia5', 'it is over');
SELECT is(pg_temp.answer('SELECT users_logout_all()', pg_temp.access('eve2')), '1', 'all of them is one');
SELECT is(pg_temp.live(), 'mia5', 'it is over');
SELECT is((SELECT count(*) FROM users.audit_event e JOIN people p USING (user_id) WHERE p.name = 'lea' AND e.actor_id = e.user_id AND e.outcome = 'success'), 2::bigint, 'each time that something ended it is recorded');

---- an administrator by token

SELECT is(pg_temp.answer(format('SELECT users_logout_all(user_id => %L)', user_id), pg_temp.access('root1')), '42501', 'an administrator does not end another''s') FROM people WHERE name = 'boss';
SELECT is(pg_temp.answer(format('SELECT users_revoke_session(%L)', pg_temp.id('boss1')), pg_temp.access('root1')), '42501', 'not even one');
SELECT is(pg_temp.answer(format('SELECT users_logout_all(user_id => %L)', gen_random_uuid()), pg_temp.access('root1')), 'US014 user_id', 'is told that there is nobody');
SELECT is(pg_temp.answer(format('SELECT users_revoke_session(%L)', gen_random_uuid()), pg_temp.access('root1')), 'false', 'or no such session');
SELECT is(pg_temp.answer(format('SELECT users_revoke_session(%L)', pg_temp.id('mia5')), pg_temp.access('root1')), 'true', 'ends a member''s session');
SELECT is(pg_temp.live(), NULL, 'it is over');
SELECT is((SELECT p.name FROM users.audit_event e JOIN people p ON p.user_id = e.actor_id WHERE e.session_id = pg_temp.id('mia5')), 'root', 'recorded with who did it');
SELECT is((SELECT status FROM users_login('x-mia', 'seven wet horses sing')), 'ok', 'the member signs in again');
UPDATE users.session SET expires_at = now() - interval '1 second' WHERE id = (SELECT id FROM users.session JOIN people p USING (user_id) WHERE p.name = 'mia' AND ended_at IS NULL);
SELECT is((SELECT status FROM users_login('x-mia', 'seven wet horses sing')), 'ok', 'and again, when that has expired');
SELECT is(pg_temp.answer(format('SELECT users_logout_all(true, %L)', user_id), pg_temp.access('root1')), '1', 'all of a member''s sessions; who expired does not count') FROM people WHERE name = 'mia';
SELECT is(pg_temp.answer('SELECT users_logout_all(true)', pg_temp.access('root1')), '1', 'an administrator''s own');
SELECT is((users_validate_token(pg_temp.access('root2'))).status, 'invalid_token', 'are over');
SELECT is((users_validate_token(pg_temp.access('root1'))).status, 'ok', 'but the present one');

SELECT is_empty($$
	SELECT said FROM heard WHERE said ~* 'horses|x-|argon2|eyJ|nonsense' OR EXISTS (SELECT FROM s WHERE strpos(said, refresh_token) > 0)
$$, 'no error shows a token, an identifier, a password or a hash');

SELECT * FROM finish();
ROLLBACK;
