-- While there are accounts, nothing that keeps them is dropped or truncated,
-- whatever statement leads there. (S65)
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
SELECT plan(157);
\ir ../lib/story.sql

CREATE TEMP TABLE ours AS
	SELECT c.oid::regclass::text AS name, c.relkind FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'users'
	  JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid;
-- Whether a refusal is the guard's own.
CREATE FUNCTION pg_temp.guarded(VARIADIC statements text[]) RETURNS boolean LANGUAGE sql AS
$$ SELECT pg_temp.story(NULL, VARIADIC statements) ~ E'2BP01\ncannot (drop|truncate|take out) what the extension "users" keeps its accounts in\nDETAIL: [^\n]+\nHINT: [^\n]*users\\.allow_drop' $$;

---- no account

SELECT is(pg_temp.story(NULL, statement), 'done', 'without accounts: ' || statement)
  FROM unnest('{DROP EXTENSION users,DROP EXTENSION users CASCADE,DROP SCHEMA public CASCADE}'::text[]) statement;
SELECT is(pg_temp.story(NULL, format('TRUNCATE %s CASCADE', name)), 'done', 'without accounts: TRUNCATE ' || name) FROM ours WHERE relkind = 'r' ORDER BY name;

SELECT is(pg_temp.story(NULL, 'ALTER EXTENSION users DROP TABLE users.account', 'ALTER EXTENSION users ADD TABLE users.account'), 'done | done', 'without accounts: ALTER EXTENSION users DROP TABLE users.account');
SELECT is(pg_temp.story(NULL, 'ALTER TABLE users.credential DROP COLUMN password_hash CASCADE'), 'done', 'without accounts: ALTER TABLE users.credential DROP COLUMN');
-- Nobody knows whose the rows are.
SELECT is(pg_temp.story(NULL, 'ALTER TABLE users.account RENAME TO other', 'DROP EXTENSION users'), 'done | 2BP01', 'without a table of accounts');

---- one account (P32)

SELECT access_token AS ann, user_id AS ann_id FROM users_register('ann@example.org', 'ann', 'seven wet horses sing', 'Ann', 'Ash') \gset
SELECT is(pg_temp.guarded('!' || statement), true, 'with one: ' || statement)
  FROM unnest(ARRAY['DROP EXTENSION users', 'DROP EXTENSION IF EXISTS users', 'DROP EXTENSION users CASCADE', 'DROP EXTENSION pgtap, users', 'DROP SCHEMA public CASCADE', 'DO $f$ BEGIN DROP EXTENSION users; END $f$',
                    'TRUNCATE users.account, users.person, users.credential, users.session', 'TRUNCATE users.person_id CASCADE', 'TRUNCATE ONLY users.session RESTART IDENTITY']) statement;
SELECT is(pg_temp.guarded(format('!TRUNCATE %s CASCADE', name)), true, 'with one: TRUNCATE ' || name) FROM ours WHERE relkind = 'r' ORDER BY name;
SELECT is(pg_temp.guarded(VARIADIC statements), true, 'with one: ' || array_to_string(statements, '; '))
  FROM (VALUES ('{!ALTER EXTENSION users DROP TABLE users.account}'::text[]), ('{!ALTER EXTENSION users DROP TABLE users.credential}'), ('{ALTER EXTENSION users DROP SCHEMA users,!DROP SCHEMA users CASCADE}'), ('{ALTER SCHEMA users RENAME TO other,!DROP EXTENSION users}'),
               ('{ALTER TABLE users.account RENAME TO other,!DROP EXTENSION users}'), ('{ALTER TABLE users.account RENAME TO other,!TRUNCATE users.session}'),
               ('{!ALTER TABLE users.credential DROP COLUMN password_hash}'), ('{CREATE TYPE word AS (a text),ALTER TABLE users.theme ADD word word,!DROP TYPE word CASCADE}')) v (statements);
-- What is no table can be taken out and dropped, and no row is lost by it.
SELECT is(pg_temp.story(NULL, 'SELECT count(*) FROM users.account', 'ALTER EXTENSION users DROP FUNCTION users_can', 'DROP FUNCTION users_can CASCADE', 'DROP OWNED BY users_member CASCADE', 'SELECT count(*) FROM users.account', 'DROP EXTENSION users'), '1 | done | done | done | 1 | 2BP01', 'with one: functions and rights');
-- What PostgreSQL itself does not let go of is not let go of either.
SELECT is(pg_temp.story(NULL, statement), '2BP01', 'with one: ' || statement)
  FROM unnest(ARRAY['DROP SCHEMA users CASCADE', 'DROP SCHEMA users', 'DROP OWNED BY users_owner', 'DROP OWNED BY users_owner CASCADE', 'DROP TYPE users_session CASCADE', 'DROP TYPE users_person CASCADE', 'DROP DOMAIN users_media."application/jwk-set+json" CASCADE',
                    'DROP FUNCTION users_login CASCADE', 'DROP FUNCTION users_current_user_id CASCADE', 'DROP ROLE users_owner', 'ALTER TABLE users.account DROP COLUMN email CASCADE']) statement;
SELECT is(pg_temp.story(NULL, format('DROP %s %s CASCADE', CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, name)), '2BP01', 'with one: DROP ' || name) FROM ours ORDER BY name;
SELECT is(pg_temp.story('users_owner', 'DROP EXTENSION users', 'TRUNCATE users.account CASCADE', 'DROP TABLE users.account CASCADE', 'DROP OWNED BY users_owner CASCADE'), '42501 | 2BP01 | 2BP01 | 2BP01', 'not as their owner either');
SELECT is(pg_temp.guarded('CREATE FUNCTION go() RETURNS void LANGUAGE sql AS ''TRUNCATE users.account CASCADE''', '!SELECT go()'), true, 'nor in a function');
SELECT is(pg_temp.guarded('SET session_replication_role = replica', '!DROP EXTENSION users'), true, 'nor as a replica does');
SELECT is(pg_temp.guarded(format('UPDATE users.account SET status = %L', status), '!DROP EXTENSION users'), true, 'accounts that are ' || status || ' count') FROM unnest('{disabled,deleted}'::text[]) status;
SELECT is(pg_temp.story(:'ann', 'RESET ROLE', 'DROP EXTENSION users'), 'done | 2BP01', 'whoever is signed in');
SELECT is(pg_temp.story(NULL, 'DROP EXTENSION users', 'SELECT status FROM users_login(''ann'', ''seven wet horses sing'')', 'SELECT users.prepare_statements() > 50'), '2BP01 | ok | true', 'after a refusal all is as before');

---- unless one means it

SELECT is(pg_temp.story(NULL, 'SET LOCAL users.allow_drop = on', statement), 'done | done', 'with users.allow_drop: ' || statement)
  FROM unnest('{DROP EXTENSION users,DROP SCHEMA public CASCADE,TRUNCATE users.account CASCADE,TRUNCATE users.audit_event,ALTER TABLE users.credential DROP COLUMN password_hash CASCADE,ALTER EXTENSION users DROP TABLE users.account}'::text[]) statement;
SELECT is(pg_temp.story(NULL, 'SET LOCAL users.allow_drop = on', 'DROP EXTENSION users', 'CREATE EXTENSION users SCHEMA public', 'SELECT count(*) FROM users.account', 'SET LOCAL users.allow_drop = off', 'DROP EXTENSION users'), 'done | done | done | 0 | done | done', 'made anew, it has no accounts');
SELECT is(pg_temp.story(NULL, 'SET LOCAL users.allow_drop = on', 'SET LOCAL users.allow_drop = off', 'DROP EXTENSION users'), 'done | done | 2BP01', 'and not when one has changed one''s mind');
SELECT is(pg_temp.story(NULL, 'DELETE FROM users.account', 'DROP EXTENSION users'), 'done | done', 'nor when nobody is left');

---- what is others'

CREATE ROLE regress_users_39;
SELECT is(pg_temp.story(NULL, VARIADIC statements), array_to_string(array_fill('done'::text, ARRAY[array_length(statements, 1)]), ' | '), 'as ever: ' || statements[array_upper(statements, 1)])
  FROM (VALUES (ARRAY['CREATE TABLE note (user_id uuid REFERENCES users.person_id)', 'TRUNCATE note', 'DROP TABLE note']),
               (ARRAY['CREATE TABLE note (user_id uuid REFERENCES users.person_id, owner uuid DEFAULT users_current_user_id())', 'ALTER TABLE note DROP CONSTRAINT note_user_id_fkey', 'ALTER TABLE note DROP COLUMN owner']),
               (ARRAY['CREATE SCHEMA app', 'CREATE TABLE app.account (id integer)', 'CREATE VIEW app.seen AS SELECT * FROM users_sessions', 'CREATE FUNCTION app.me() RETURNS users_person LANGUAGE sql AS ''SELECT users_profile()''', 'TRUNCATE app.account', 'DROP SCHEMA app CASCADE']),
               (ARRAY['CREATE TABLE mine ()', 'ALTER TABLE mine OWNER TO regress_users_39', 'GRANT REFERENCES ON users.person_id TO regress_users_39', 'DROP OWNED BY regress_users_39']),
               (ARRAY['CREATE TEMP TABLE account ()', 'TRUNCATE pg_temp.account', 'DROP TABLE pg_temp.account']),
               (ARRAY['CREATE EXTENSION dblink', 'DROP EXTENSION dblink']),
               (ARRAY['DROP EXTENSION pgtap'])) v (statements)
 WHERE statements[1] <> 'CREATE EXTENSION dblink' OR EXISTS (SELECT FROM pg_available_extensions WHERE name = 'dblink')
UNION ALL SELECT skip('dblink is not installed', 1) WHERE NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'dblink');
DROP ROLE regress_users_39;
SELECT is(pg_temp.story(NULL, 'REINDEX TABLE users.session', 'CLUSTER users.session USING session_pkey', 'ANALYZE users.account', 'DELETE FROM users.session', 'ALTER TABLE users.session SET (fillfactor = 80)', 'ALTER TABLE users.audit_event ALTER COLUMN detail SET STORAGE EXTERNAL'),
          'done | done | done | done | done | done', 'tables may be looked after');
VACUUM FULL users.session;
REINDEX TABLE CONCURRENTLY users.session;
SELECT pass('VACUUM FULL and REINDEX CONCURRENTLY too');

SELECT * FROM finish();
