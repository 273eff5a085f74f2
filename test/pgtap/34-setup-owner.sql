-- users_setup_owner, and the one table that others may refer to.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
BEGIN;
SELECT plan(58);
\ir ../lib/story.sql

CREATE ROLE regress_users_34 LOGIN;
CREATE ROLE regress_users_34_other LOGIN;
CREATE ROLE regress_users_34_dba LOGIN IN ROLE users_dba;
CREATE ROLE regress_users_34_login LOGIN NOINHERIT;
CREATE SCHEMA regress_users_34 AUTHORIZATION regress_users_34;
CREATE SCHEMA regress_users_34_other AUTHORIZATION regress_users_34_other;
SET LOCAL search_path = regress_users_34, public;

---- what it does

SELECT is(array_to_string(users_setup_owner('regress_users_34'), '; '),
          'GRANT USAGE ON SCHEMA users TO regress_users_34; GRANT REFERENCES (user_id) ON users.person_id TO regress_users_34; GRANT USAGE ON SCHEMA public TO regress_users_34',
          'it says what it does, a line each');
SELECT is(array_length(users_setup_owner('regress_users_34'), 1), 3, 'and can do it again');
SELECT is((SELECT count(*) FROM users.root_key) + (SELECT count(*) FROM users.signing_key), 3::bigint, 'it makes the keys');
SELECT is(pg_temp.story(NULL, 'CREATE ROLE "regress_users_34 ""x""; --"', $$ SELECT cardinality(users_setup_owner('"regress_users_34 ""x""; --"')) $$), 'done | 3', 'any name will do');
SELECT is(pg_temp.story(NULL, 'SELECT users_setup_owner(NULL)', $$ SELECT users_setup_owner('regress_users_34_nobody') $$, 'SELECT users_setup_owner(0)'), '22023 owner | 42704 | 22023 owner', 'but it must be a role');
SELECT is(pg_temp.story(NULL, format('SELECT users_setup_owner(%L)', role)), '55000', role || ' owns no application''s tables')
  FROM unnest('{users_owner,users_member,pg_database_owner}'::text[]) role;
SELECT is(pg_temp.story('=regress_users_34_dba', $$ SELECT users_setup_owner('regress_users_34_other') $$, 'RESET SESSION AUTHORIZATION', 'GRANT EXECUTE ON FUNCTION users_setup_owner TO users_dba',
                        'SET SESSION AUTHORIZATION regress_users_34_dba', $$ SELECT users_setup_owner('regress_users_34_other') $$), '42501 | done | done | done | 42501', 'it is for superusers');
SAVEPOINT read_only;
SET TRANSACTION READ ONLY;
SELECT is(pg_temp.story(NULL, $$ SELECT users_setup_owner('regress_users_34_other') $$), '25006', 'READ ONLY is told');
ROLLBACK TO read_only;

SELECT access_token AS ann, user_id AS ann_id FROM users_register('ann@example.org', 'ann', 'seven wet horses sing', 'Ann', 'Ash') \gset
SELECT access_token AS bob, user_id AS bob_id FROM users_register('bob@example.org', 'bob', 'seven wet horses sing', 'Bob', 'Ash') \gset
SELECT users_setup_login('regress_users_34_login') IS NULL AS ignored \gset

SELECT is(pg_temp.story('=regress_users_34', 'SELECT count(*) FROM users.person_id', $$ INSERT INTO users.person_id VALUES (gen_random_uuid()) $$, 'DELETE FROM users.person_id',
                        'LOCK TABLE users.person_id IN ACCESS SHARE MODE', 'CREATE TRIGGER t AFTER INSERT ON users.person_id EXECUTE FUNCTION suppress_redundant_updates_trigger()',
                        'CREATE RULE r AS ON INSERT TO users.person_id DO NOTHING', 'CREATE TABLE users.mine ()', 'GRANT REFERENCES (user_id) ON users.person_id TO PUBLIC', $$ SELECT has_column_privilege('public', 'users.person_id', 'user_id', 'REFERENCES') $$, 'SELECT users_id(''ann'')', 'SELECT users_is_admin()'),
          '42501 | 42501 | 42501 | 42501 | 42501 | 42501 | 42501 | done | false | 42501 | false', 'an owner may refer to people, and do nothing else with them');

---- keys that are allowed

SELECT is(pg_temp.story('=regress_users_34', format('CREATE TABLE note (id integer, user_id uuid REFERENCES users.person_id (user_id)%s)', clause), format('INSERT INTO note VALUES (1, %L)', :'ann_id'),
                        'INSERT INTO note VALUES (2, gen_random_uuid())', 'DELETE FROM note', 'TRUNCATE note', 'DROP TABLE note'),
          'done | done | 23503 | done | done | done', 'a reference to a person' || clause)
  FROM unnest('{""," ON DELETE NO ACTION"," ON DELETE RESTRICT"," ON DELETE CASCADE"," ON DELETE SET NULL"," ON DELETE SET DEFAULT"," ON UPDATE CASCADE"," MATCH FULL"," DEFERRABLE"}'::text[]) clause;
SELECT is(pg_temp.story('=regress_users_34', 'CREATE TABLE note (user_id uuid, by uuid REFERENCES users.person_id)', 'ALTER TABLE note ADD CONSTRAINT late FOREIGN KEY (user_id) REFERENCES users.person_id (user_id) NOT VALID',
                        'ALTER TABLE note VALIDATE CONSTRAINT late', 'ALTER TABLE note ALTER CONSTRAINT late DEFERRABLE', 'ALTER TABLE note ALTER COLUMN user_id TYPE uuid', 'ALTER TABLE note DROP CONSTRAINT late'),
          'done | done | done | done | done | done', 'it may be added, altered and dropped');
SELECT is(pg_temp.story('=regress_users_34', 'CREATE TABLE note (n integer, user_id uuid REFERENCES users.person_id) PARTITION BY LIST (n)', 'CREATE TABLE note1 PARTITION OF note FOR VALUES IN (1)',
                        'CREATE TABLE note2 (n integer, user_id uuid)', 'ALTER TABLE note ATTACH PARTITION note2 FOR VALUES IN (2)', format('INSERT INTO note VALUES (2, %L)', :'ann_id'),
                        'INSERT INTO note VALUES (2, gen_random_uuid())', 'ALTER TABLE note DETACH PARTITION note1', 'DROP TABLE note, note1'),
          'done | done | done | done | done | 23503 | done | done', 'and a partitioned table may have it');
SELECT is(pg_temp.story(NULL, 'CREATE TABLE note (user_id uuid REFERENCES users.person_id)', 'DROP TABLE note'), 'done | done', 'a superuser''s table too');

---- keys that are not (P62)

SELECT is(pg_temp.story(NULL, format('CREATE TABLE note (user_id uuid, id uuid, t text, FOREIGN KEY (%s) REFERENCES users.%s)', columns, target)), '55000', 'nobody refers to users.' || target)
  FROM (VALUES ('user_id', 'account'), ('user_id', 'account (user_id)'), ('user_id', 'person'), ('user_id', 'credential'), ('t', 'identifier'), ('user_id, id', 'session'), ('t', 'language'), ('t', 'theme'), ('t', 'signing_key'),
               ('user_id, id', 'audit_event')) v (columns, target);
SELECT is(pg_temp.story(NULL, 'CREATE TABLE note (user_id uuid)', 'ALTER TABLE note ADD FOREIGN KEY (user_id) REFERENCES users.account', 'ALTER TABLE note ADD FOREIGN KEY (user_id) REFERENCES users.account NOT VALID'),
          'done | 55000 | 55000', 'not later either');
SELECT is(pg_temp.story('=regress_users_34', 'CREATE TABLE note (user_id uuid REFERENCES users.account)', 'CREATE TABLE note (code text REFERENCES users.language)'), '42501 | 42501', 'to an owner they are closed anyway');
SELECT is(pg_temp.story('=regress_users_34_other', 'CREATE TABLE regress_users_34_other.note (user_id uuid REFERENCES users.person_id)'), '42501', 'who was not prepared refers to nobody');
SELECT is(pg_temp.story(NULL, 'GRANT REFERENCES ON users.account TO regress_users_34', 'SET SESSION AUTHORIZATION regress_users_34', 'CREATE TABLE note (user_id uuid REFERENCES users.account)'), 'done | done | 55000',
          'a grant does not open them');

-- The check runs as users_owner, with the casts of the referring column's type. (P47)
SET LOCAL SESSION AUTHORIZATION regress_users_34;
CREATE DOMAIN person AS uuid;
CREATE TYPE trap AS ENUM ('a');
CREATE FUNCTION spring(trap) RETURNS uuid LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE EXCEPTION 'as %', current_user; END $$;
CREATE CAST (trap AS uuid) WITH FUNCTION spring(trap) AS IMPLICIT;
RESET SESSION AUTHORIZATION;
SELECT is(pg_temp.story(who, format('CREATE TABLE note (user_id %s REFERENCES users.person_id)', type)), '55000', format('not from a %s, as %s', what, coalesce(who, 'superuser')))
  FROM unnest('{=regress_users_34,NULL}'::text[]) who, (VALUES ('person', 'domain over uuid'), ('trap', 'type with a cast to uuid')) v (type, what);
SELECT is(pg_temp.story('=regress_users_34', 'CREATE TABLE note (user_id text REFERENCES users.person_id)', 'CREATE TABLE note (user_id uuid[] REFERENCES users.person_id)'), '42804 | 42804', 'from text or an array PostgreSQL itself makes none');
-- From 18 on PostgreSQL refuses that one too, with an error of another kind.
SELECT is(pg_temp.story(NULL, 'CREATE CAST (text AS uuid) WITH INOUT AS IMPLICIT', 'CREATE TABLE note (user_id text REFERENCES users.person_id)') ~ '^done \| (55000|XX000)$', true, 'nor do we when text has a cast');
SELECT is(pg_temp.story('=regress_users_34', format('CREATE TABLE note (user_id %s)', type), 'ALTER TABLE note ADD FOREIGN KEY (user_id) REFERENCES users.person_id', 'ALTER TABLE note ADD FOREIGN KEY (user_id) REFERENCES users.person_id NOT VALID'),
          'done | 55000 | 55000', 'not to a table that has the column already: ' || type)
  FROM unnest('{person,trap}'::text[]) type;
SELECT is(pg_temp.story('=regress_users_34', 'CREATE TABLE note (user_id uuid REFERENCES users.person_id, n integer)', 'ALTER TABLE note ALTER COLUMN user_id TYPE ' || type, 'ALTER TABLE note ALTER COLUMN n TYPE bigint, ALTER COLUMN user_id TYPE ' || type,
                        $$ SELECT atttypid::regtype FROM pg_attribute WHERE attrelid = 'note'::regclass AND attname = 'user_id' $$),
          'done | 55000 | 55000 | uuid', 'not by ALTER COLUMN TYPE ' || type)
  FROM unnest('{person,trap USING ''a''}'::text[]) type;
SELECT is(pg_temp.story('=regress_users_34', format('CREATE TABLE note (n integer, user_id %s) PARTITION BY LIST (n)', type), 'CREATE TABLE note1 PARTITION OF note FOR VALUES IN (1)', 'ALTER TABLE note ADD FOREIGN KEY (user_id) REFERENCES users.person_id',
                        'ALTER TABLE note1 ADD FOREIGN KEY (user_id) REFERENCES users.person_id', format('CREATE TABLE all_at_once (n integer, user_id %s REFERENCES users.person_id) PARTITION BY LIST (n)', type)),
          'done | done | 55000 | 55000 | 55000', 'not by way of partitions: ' || type)
  FROM unnest('{person,trap}'::text[]) type;
SELECT is(pg_temp.story('=regress_users_34', 'CREATE TABLE note (n integer, user_id uuid REFERENCES users.person_id) PARTITION BY LIST (n)', 'CREATE TABLE note1 PARTITION OF note FOR VALUES IN (1)',
                        'ALTER TABLE note ALTER COLUMN user_id TYPE person', 'ALTER TABLE note1 ALTER COLUMN user_id TYPE person'), 'done | done | 55000 | 42P16', 'and a partition keeps its type');
SELECT is(pg_temp.story('=regress_users_34', 'CREATE TYPE row_of_note AS (user_id person)', 'CREATE TABLE note OF row_of_note (FOREIGN KEY (user_id) REFERENCES users.person_id)'), 'done | 55000', 'nor by way of a typed table');
SELECT is(pg_temp.story('=regress_users_34', 'CREATE SCHEMA AUTHORIZATION regress_users_34 CREATE TABLE note (user_id person REFERENCES users.person_id)') LIKE '42%', true, 'or of CREATE SCHEMA, which an owner may not');
SELECT is(regexp_replace(pg_temp.story('=regress_users_34', '!CREATE TABLE note (user_id person REFERENCES users.person_id)'), E'DETAIL: [^\n]*\n', ''),
          E'55000\na foreign key can refer to users.person_id only, from a column of type uuid\nHINT: Write user_id uuid REFERENCES users.person_id (user_id).', 'the refusal says what to write');
SELECT is(pg_temp.story('=regress_users_34', 'CREATE TABLE account (user_id person PRIMARY KEY)', 'CREATE TABLE note (user_id person REFERENCES account)', 'CREATE TABLE person_id (user_id trap PRIMARY KEY)', 'CREATE TABLE letter (user_id trap REFERENCES person_id)'),
          'done | done | done | done', 'tables that are only called like ours are nobody''s business');

---- defaults and policies (P43)

SET LOCAL SESSION AUTHORIZATION regress_users_34;
CREATE TABLE note (id integer, owner uuid NOT NULL DEFAULT users_current_user_id() REFERENCES users.person_id, session uuid DEFAULT users_current_session_id());
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON note TO users_member USING (owner = (SELECT users_current_user_id()));
CREATE POLICY everything ON note TO users_admin USING ((SELECT users_is_admin()));
GRANT SELECT, INSERT, UPDATE, DELETE ON note TO users_member;
GRANT USAGE ON SCHEMA regress_users_34 TO users_member;
INSERT INTO note VALUES (1, :'ann_id'), (2, :'bob_id');
RESET SESSION AUTHORIZATION;
SELECT is(pg_temp.story('=regress_users_34_login ' || :'ann', 'SELECT string_agg(id::text, '','') FROM note', format('INSERT INTO note (id) VALUES (3) RETURNING owner = %L', :'ann_id'), format('INSERT INTO note VALUES (4, %L)', :'bob_id'),
                        'UPDATE note SET id = id + 10', 'SELECT string_agg(id::text, '','' ORDER BY id) FROM note'), '1 | true | 42501 | done | 11,13', 'an owner''s defaults and policies know who it is');
SELECT is(pg_temp.story('=regress_users_34_login users_member', 'SELECT count(*) FROM note', 'INSERT INTO note (id) VALUES (3)'), '0 | 42501', 'without a token nobody is anybody');
SELECT is(pg_temp.story('=regress_users_34', 'SELECT count(*) FROM note', 'INSERT INTO note (id) VALUES (3)', format('INSERT INTO note (id, owner) VALUES (3, %L)', :'ann_id')), '2 | 23502 | done', 'the owner itself sees all');
SELECT is(pg_temp.story('=regress_users_34_login ' || :'ann', 'INSERT INTO note (id, owner) VALUES (5, gen_random_uuid())'), '42501', 'and the key needs no rights of who inserts');

SELECT * FROM finish();
ROLLBACK;
