-- users.person_id: an application's foreign keys on it, with every action,
-- never fire, whatever becomes of an account; and no trigger of theirs runs. (P39)
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
BEGIN;
SELECT plan(33);
\ir ../lib/story.sql

CREATE ROLE regress_users_79 LOGIN;
SELECT users_setup_owner('regress_users_79') IS NULL AS ignored \gset
CREATE SCHEMA regress_users_79 AUTHORIZATION regress_users_79;
SET LOCAL users.deletion_grace = 0;
SELECT access_token AS ann, user_id AS ann_id FROM users_register('ann@example.org', 'ann', 'seven wet horses sing', 'Ann', 'Ash') \gset
SELECT access_token AS ben, user_id AS ben_id FROM users_register('ben@example.org', 'ben', 'seven wet horses sing', 'Ben', 'Ash') \gset

-- A table for every pair of actions, with rows of both and triggers that tell.
SET LOCAL SESSION AUTHORIZATION regress_users_79;
CREATE TABLE regress_users_79.fired (what text);
CREATE FUNCTION regress_users_79.tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO regress_users_79.fired VALUES (TG_TABLE_NAME || TG_OP); RETURN coalesce(NEW, OLD); END $$;
CREATE TEMP TABLE action (name text, n serial);
INSERT INTO action (name) VALUES ('NO ACTION'), ('RESTRICT'), ('CASCADE'), ('SET NULL'), ('SET DEFAULT');
SELECT format('CREATE TABLE regress_users_79.t%s_%s (user_id uuid DEFAULT %L REFERENCES users.person_id (user_id) ON DELETE %s ON UPDATE %s)', d.n, u.n, :'ben_id', d.name, u.name) FROM action d, action u \gexec
SELECT format('INSERT INTO regress_users_79.t%s_%s VALUES (%L), (%L)', d.n, u.n, :'ann_id', :'ben_id') FROM action d, action u \gexec
SELECT format('CREATE TRIGGER tell BEFORE INSERT OR UPDATE OR DELETE ON regress_users_79.t%s_%s FOR EACH ROW EXECUTE FUNCTION regress_users_79.tell()', d.n, u.n) FROM action d, action u \gexec
RESET SESSION AUTHORIZATION;

CREATE FUNCTION pg_temp.rows_left() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	t regclass; ann bigint; answer text := '';
BEGIN
	FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'regress_users_79'::regnamespace AND relname ~ '^t\d' ORDER BY relname LOOP
		EXECUTE format('SELECT count(*) FROM %s WHERE user_id IN (SELECT user_id FROM users.person_id)', t) INTO ann;
		IF ann <> 2 THEN
			answer := answer || t || ' ' || ann || ' ';
		END IF;
	END LOOP;
	RETURN answer || (SELECT count(*) FROM regress_users_79.fired) || ' fired';
END
$$;
SELECT is(pg_temp.rows_left(), '0 fired', 'there are rows of both');

---- whatever becomes of the account

SELECT is(pg_temp.story(NULL, statement, 'SELECT pg_temp.rows_left()'), answer || ' | 0 fired', what) FROM (VALUES
	('disabled', format('SELECT users_disable_user(%L)', :'ann_id'), 'true'),
	('made an administrator', format('SELECT users_set_platform_role(%L, ''admin'')', :'ann_id'), 'true'),
	('maintained', 'SELECT count(*) > 0 FROM users_maintain()', 'true'),
	('removed, as a purge does', format('DELETE FROM users.account WHERE user_id = %L', :'ann_id'), 'done'),
	('removed with the address', format('WITH i AS (DELETE FROM users.identifier WHERE user_id = %L) DELETE FROM users.account WHERE user_id = %1$L RETURNING true', :'ann_id'), 'true')) v (what, statement, answer);
SELECT is(pg_temp.story(:'ann', 'SELECT status FROM users_delete_account(''seven wet horses sing'')', 'RESET ROLE', 'SELECT pg_temp.rows_left()'), 'ok | done | 0 fired', 'deleted by its owner');
SELECT is(pg_temp.story(NULL, format('UPDATE users.account SET status = ''deleted'', deleted_at = now() - interval ''1 year'' WHERE user_id = %L', :'ann_id'), 'SELECT count(*) > 0 FROM users_maintain()', 'SELECT pg_temp.rows_left()'), 'done | true | 0 fired', 'due to be purged, and maintained');

---- and nothing of ours takes an id away

SELECT is_empty($$ SELECT conname FROM pg_constraint WHERE contype = 'f' AND conrelid = 'users.person_id'::regclass $$, 'person_id follows nobody');
SELECT is(pg_temp.story(who, statement), '42501', format('%s: %s', who, left(statement, 30)))
  FROM unnest('{=regress_users_79,users_admin,users_dba,users_service,users_member}'::text[]) who,
       unnest(ARRAY['DELETE FROM users.person_id', 'UPDATE users.person_id SET user_id = gen_random_uuid()', 'TRUNCATE users.person_id CASCADE']) statement;
\set statements `grep -lE '(DELETE FROM|UPDATE) users\.person_id' src/*.c | wc -l`
SELECT is(:statements, 0, 'no statement of ours removes or changes one');

---- what an owner cannot refer to, or refer with

SELECT is(pg_temp.story('=regress_users_79', format('CREATE TABLE regress_users_79.x (a %s REFERENCES users.%s)', type, target)), '42501', format('no reference from %s to %s', type, target))
  FROM (VALUES ('uuid', 'account (user_id)'), ('uuid', 'person (user_id)'), ('uuid', 'credential (user_id)'), ('text', 'identifier (identifier)')) v (type, target);
SELECT is(pg_temp.story('=regress_users_79', 'CREATE DOMAIN regress_users_79.person AS uuid', 'CREATE TABLE regress_users_79.x (a regress_users_79.person REFERENCES users.person_id (user_id))'), 'done | 55000', 'nor from a domain over uuid');
SELECT is(pg_temp.story('=regress_users_79', format('INSERT INTO regress_users_79.t1_1 VALUES (%L)', gen_random_uuid()), format('INSERT INTO regress_users_79.t3_3 VALUES (%L)', :'ann_id')), '23503 | done', 'and the keys do hold');
-- The application removes its own rows.
SELECT is(pg_temp.story('=regress_users_79', format('DELETE FROM regress_users_79.t3_3 WHERE user_id = %L', :'ann_id'), 'SELECT count(*) FROM regress_users_79.t3_3'), 'done | 1', 'the application removes its rows itself');
SELECT is(pg_temp.story(NULL, 'CREATE TABLE regress_users_79.x (user_id uuid REFERENCES users.person_id)', 'SELECT status FROM users_login(''ann'', ''seven wet horses sing'')'), 'done | ok', 'who refers keeps nobody from signing in');

SELECT * FROM finish();
ROLLBACK;
