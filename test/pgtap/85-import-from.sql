-- users_import_from: a whole table of accounts, with bad rows among them. The
-- good ones are imported as they were, the bad ones told one by one, and a
-- second run imports what is missing.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
SET TimeZone = 'UTC';
BEGIN;
SELECT plan(67);
\ir ../lib/story.sql

CREATE ROLE regress_users_85_dba LOGIN IN ROLE users_dba;
CREATE ROLE regress_users_85_owner LOGIN;
CREATE SCHEMA staging;
GRANT USAGE ON SCHEMA staging TO PUBLIC;
GRANT CREATE ON SCHEMA staging TO regress_users_85_owner;
SELECT access_token AS root FROM users_create_user('root@example.org', 'root', 'Ro', 'Ot', 'seven wet horses sing', platform_role => 'admin') made, users_login('root', 'seven wet horses sing') \gset

\set body abcdefghijklmnopqrstuuc4eVnKdrRiLl.YAW0QQYs4H.N59RoGO
-- What a run refuses: line, SQLSTATE, argument.
CREATE FUNCTION pg_temp.run(relation text, dry_run boolean DEFAULT false) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT coalesce(string_agg(concat_ws('' '', line, sqlstate, argument), '', '' ORDER BY line), ''nothing'') FROM users_import_from(%L, %L)', relation, dry_run) $$;

---- twenty thousand rows, three hundred of them bad in twenty ways

CREATE TEMP TABLE good AS
	SELECT n, md5(n::text)::uuid AS id, format('User.%s@Example.org', n) AS email, 'User-' || n AS username,
	       CASE n % 3 WHEN 0 THEN '$2b$04$' || :'body' WHEN 1 THEN '$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc' END AS password_hash,
	       'First ' || n AS first_name, CASE WHEN n % 5 > 0 THEN 'Last' END AS last_name, (ARRAY['enabled', 'disabled', 'deleted'])[1 + (n % 50 = 7)::int + (n % 50 = 9)::int * 2] AS status,
	       CASE n % 1000 WHEN 3 THEN 'admin' ELSE 'user' END AS platform_role, CASE WHEN n % 2 = 0 THEN '2020-03-01 00:00:00+02'::timestamptz END AS email_verified_at,
	       (ARRAY['en', 'de', 'sr', NULL])[1 + n % 4] AS language, (ARRAY['Default', NULL])[1 + n % 2] AS theme, CASE WHEN n % 7 > 0 THEN ARRAY['a', 'b "' || n] END AS tags,
	       CASE WHEN n % 11 > 0 THEN jsonb_build_object('n', n) END AS metadata, jsonb_build_object('old', n) AS admin_metadata,
	       '2020-01-01'::timestamptz + n * interval '1 minute' AS created_at, '2021-01-01T00:00:00.123456Z'::timestamptz AS updated_at
	  FROM generate_series(1, 20000) n;
-- What is wrong with row n, and what is said of it. Row n - 11 is a good one.
CREATE TEMP TABLE bad AS
	SELECT 31 + i * 66 AS n, i % 20 AS kind, split_part(words, ' ', 1) AS sqlstate, split_part(words, ' ', 2) AS argument
	  FROM generate_series(0, 299) i,
	       LATERAL (VALUES ((ARRAY['23505 email', '23505 username', '23505 id', 'US001 email', 'US001 email', 'US001 email', 'US002 username', 'US005 first_name', 'US005 last_name', 'US005 tags', '22P02 tags', 'US005 metadata', '22P02 metadata',
	                               'US007 language', 'US007 theme', '22023 password_hash', '22023 password_hash', '22023 status', '22P02 id', '22023 created_at'])[1 + i % 20])) v (words);
UPDATE good SET status = 'enabled' WHERE n IN (SELECT n FROM bad UNION SELECT n - 11 FROM bad);
-- Text where text will do, and the types of the arguments elsewhere.
CREATE TABLE staging.account (
	id text, email text, username varchar(40), password_hash text, first_name text, last_name text, status text, platform_role varchar,
	email_verified_at text, language text, theme text, tags text, metadata text, admin_metadata jsonb, created_at timestamptz, updated_at text);
INSERT INTO staging.account
	SELECT CASE kind WHEN 2 THEN md5((n - 11)::text) WHEN 18 THEN 'user-' || n ELSE id::text END,
	       CASE kind WHEN 0 THEN format('USER.%s@example.ORG', n - 11) WHEN 3 THEN 'User.example.org' WHEN 4 THEN format(E'User\x01%s@example.org', n) WHEN 5 THEN NULL ELSE email END,
	       CASE kind WHEN 1 THEN 'uSER-' || n - 11 WHEN 6 THEN 'User..' || n ELSE username END,
	       CASE kind WHEN 15 THEN '$2b$16$' || :'body' WHEN 16 THEN '$argon2id$v=19$m=2097152,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc' ELSE password_hash END,
	       CASE kind WHEN 7 THEN E'Fir\x7fst' ELSE first_name END, CASE kind WHEN 8 THEN repeat('x', 101) ELSE last_name END, CASE kind WHEN 17 THEN 'active' ELSE status END, platform_role,
	       email_verified_at, CASE kind WHEN 13 THEN 'fr' ELSE language END, CASE kind WHEN 14 THEN 'Dark' ELSE theme END,
	       CASE kind WHEN 9 THEN array_fill('x'::text, '{33}')::text WHEN 10 THEN '{a' ELSE tags::text END, CASE kind WHEN 11 THEN '[1]' WHEN 12 THEN '{"a": ' ELSE metadata::text END, admin_metadata,
	       CASE kind WHEN 19 THEN 'infinity' ELSE created_at END, updated_at
	  FROM good LEFT JOIN bad USING (n) ORDER BY n;

-- What should be refused, by line: rows do not lie in the order in which they
-- were inserted.
CREATE TEMP VIEW wanted AS
	SELECT line, sqlstate, argument FROM bad JOIN (SELECT row_number() OVER (ORDER BY ctid) AS line, (admin_metadata ->> 'old')::int AS n FROM staging.account) a USING (n);

CREATE TEMP TABLE refused AS SELECT * FROM users_import_from('staging.account', dry_run => true);
SELECT is((SELECT count(*) FROM users.account) + (SELECT count(*) FROM users.identifier) + (SELECT count(*) FROM users.person_id), 4::bigint, 'a dry run leaves nothing behind');
SELECT is((SELECT count(*) FROM users.audit_event WHERE event ~ 'import'), 0::bigint, 'nor an event');
SELECT set_eq('SELECT line, sqlstate, argument FROM refused', 'SELECT * FROM wanted', 'but says what would be refused, and of each why');
TRUNCATE refused;
INSERT INTO refused SELECT * FROM users_import_from('staging.account');
SELECT set_eq('SELECT line, sqlstate, argument FROM refused', 'SELECT * FROM wanted', 'exactly the bad ones are refused, and of each is said why');
SELECT is_empty($$ SELECT r.line, r.email FROM refused r JOIN (SELECT row_number() OVER (ORDER BY ctid) AS line, email FROM staging.account) a USING (line) WHERE r.email IS DISTINCT FROM a.email $$, 'with the address as it stands there');
SELECT set_eq('SELECT sqlstate, argument, message FROM refused', $$ VALUES
	('23505', 'email', 'this email address is taken'), ('23505', 'username', 'this username is taken'), ('23505', 'id', 'this id is taken'), ('US001', 'email', 'invalid email address'), ('US002', 'username', 'invalid username'),
	('US005', 'first_name', 'invalid name'), ('US005', 'last_name', 'invalid name'), ('US005', 'tags', 'invalid tags'), ('22P02', 'tags', 'the text is not of the argument''s type'), ('US005', 'metadata', 'invalid metadata'),
	('22P02', 'metadata', 'the text is not of the argument''s type'), ('US007', 'language', 'unknown language'), ('US007', 'theme', 'unknown theme'), ('22023', 'password_hash', 'this password hash cannot be used (reason: too_costly)'),
	('22023', 'status', 'not one of the allowed words (It is enabled, disabled or deleted.)'), ('22P02', 'id', 'the text is not of the argument''s type'), ('22023', 'created_at', 'value out of range (It is a finite time.)') $$, 'in words that name no value');
SELECT bag_eq($$ SELECT a.user_id, a.email, p.username, c.password_hash, p.first_name, p.last_name, a.status, a.platform_role, a.email_verified_at, a.language, a.theme, a.tags, a.metadata, a.admin_metadata, a.created_at, a.updated_at
                   FROM users.account a JOIN users.person p USING (user_id) JOIN users.credential c USING (user_id) WHERE p.username <> 'root' $$,
              $$ SELECT id, email, username, password_hash, first_name, coalesce(last_name, '') AS l, status, platform_role, email_verified_at, language, theme, coalesce(tags, '{}') AS t, coalesce(metadata, '{}') AS m, admin_metadata, created_at, updated_at
                   FROM good WHERE n NOT IN (SELECT n FROM bad) $$, 'all others are imported, as they were');
SELECT is_empty($$ SELECT user_id FROM users.account FULL JOIN users.person_id USING (user_id) FULL JOIN users.credential c USING (user_id) FULL JOIN users.person p USING (user_id)
                    WHERE email IS NULL OR username IS NULL OR nonce IS NULL OR listed <> (status <> 'deleted') OR (deleted_at IS NULL) <> (status <> 'deleted') OR username <> 'root' AND as_typed <> (password_hash IS NOT NULL) $$, 'whole accounts');
SELECT bag_eq($$ SELECT identifier, kind, user_id FROM users.identifier WHERE identifier !~ ':root' $$,
              $$ SELECT 'email:' || lower(email) AS a, 'email' AS b, id FROM good WHERE status <> 'deleted' AND n NOT IN (SELECT n FROM bad) UNION ALL SELECT 'username:' || lower(username), 'username', id FROM good WHERE status <> 'deleted' AND n NOT IN (SELECT n FROM bad) $$, 'found by what they had');
SELECT is(count(DISTINCT nonce), count(*), 'each with a nonce of its own') FROM users.credential;
SELECT is((SELECT string_agg(event || ' ' || outcome || ' ' || detail || ' ' || nobody, ',') FROM users.audit_event WHERE event ~ 'import'), 'imported success {"accounts": "19700"} true', 'one event for all');
SELECT is((SELECT count(*) FROM users.mail) + (SELECT count(*) FROM users.mail_request), 0::bigint, 'and no mail');
SELECT is(pg_temp.story(NULL, format('SELECT status FROM users_login(%L, ''seven wet horses sing'')', identifier), format('SELECT status FROM users_login(%L, ''six wet horses sing'')', identifier)), 'ok | invalid_credentials', identifier || ' signs in') FROM unnest('{user-6,USER.6@example.org}'::text[]) identifier;

TRUNCATE refused;
INSERT INTO refused SELECT * FROM users_import_from('staging.account');
SELECT set_eq('SELECT line, sqlstate, argument FROM refused', 'SELECT * FROM wanted', 'a second run refuses the same');
SELECT is((SELECT count(*) FROM users.account), 19701::bigint, 'and imports nothing');
SELECT is((SELECT count(*) FROM users.audit_event WHERE event ~ 'import'), 1::bigint, 'which is no event');
-- What was bad is mended; so a third run imports it, and nothing else.
UPDATE staging.account a SET language = 'en' WHERE language = 'fr';
SELECT is(pg_temp.story(NULL, 'SELECT count(*) FROM users_import_from(''staging.account'')', 'SELECT count(*) FROM users.account', 'SELECT detail FROM users.audit_event WHERE event = ''imported'' AND detail <> ''{"accounts": "19700"}'''), '285 | 19716 | {"accounts": "15"}', 'a third run imports what was mended');

---- who is there already

CREATE TABLE staging.some (id uuid, email text, username text, status text);
CREATE FUNCTION pg_temp.rows(VARIADIC rows text[]) RETURNS text LANGUAGE sql AS
$$ SELECT 'INSERT INTO staging.some VALUES ' || string_agg('(' || r || ')', ', ') FROM unnest(rows) r $$;
CREATE FUNCTION pg_temp.count() RETURNS text LANGUAGE sql AS $$ SELECT 'SELECT count(*) - 19701 FROM users.account' $$;
SELECT is(pg_temp.story(NULL, insertion, pg_temp.run('staging.some', true), pg_temp.run('staging.some'), pg_temp.count(), pg_temp.run('staging.some'), pg_temp.count()), format('done | %1$s | %1$s | %2$s | %1$s | %2$s', answer, new), what)
  FROM (VALUES (pg_temp.rows('NULL, ''eve@a.org'', ''eve'', ''enabled''', 'NULL, ''EVE@a.org'', ''Eve'', ''enabled'''), 'nothing', 1, 'the same row twice, without an id'),
               (pg_temp.rows('''eeeeeeee-0000-4000-8000-000000000001'', ''eve@a.org'', ''eve'', ''enabled''', '''eeeeeeee-0000-4000-8000-000000000001'', ''EVE@a.org'', ''Eve'', ''disabled'''), 'nothing', 1, 'or with one'),
               (pg_temp.rows('NULL, ''eve@a.org'', ''eve'', ''deleted''', 'NULL, ''EVE@a.org'', ''Eve'', ''deleted'''), 'nothing', 1, 'one that is deleted, without an id'),
               (pg_temp.rows('NULL, ''eve@a.org'', ''eve'', ''deleted''', 'NULL, ''eve@a.org'', ''eve'', ''enabled'''), 'nothing', 2, 'one that is deleted, and one that is not'),
               (pg_temp.rows('NULL, ''eve@a.org'', ''eve'', ''enabled''', 'NULL, ''eve@a.org'', ''eva'', ''enabled''', 'NULL, ''eva@a.org'', ''eve'', ''enabled'''), '2 23505 email, 3 23505 username', 1, 'address or username of one before it'),
               (pg_temp.rows('NULL, ''eve@a.org'', ''eve'', ''enabled''', 'NULL, ''eva@a.org'', ''eva'', ''enabled''', 'NULL, ''eva@a.org'', ''eve'', ''enabled'''), '3 23505 email', 2, 'address of one, username of another'),
               (pg_temp.rows('NULL, ''eve@a.org'', ''eve'', ''enabled''', '''eeeeeeee-0000-4000-8000-000000000001'', ''eve@a.org'', ''eve'', ''enabled'''), '2 23505 email', 1, 'another id'),
               (pg_temp.rows('''eeeeeeee-0000-4000-8000-000000000001'', ''eve@a.org'', ''eve'', ''enabled''', '''eeeeeeee-0000-4000-8000-000000000001'', ''eva@a.org'', ''eve'', ''enabled''', '''eeeeeeee-0000-4000-8000-000000000001'', ''eve@a.org'', ''eva'', ''enabled'''), '2 23505 id, 3 23505 id', 1, 'the same id'),
               (pg_temp.rows('''00000000-0000-0000-0000-000000000000'', ''eve@a.org'', ''eve'', ''enabled'''), '1 22023 id', 0, 'the nil UUID'),
               (pg_temp.rows('NULL, ''root@example.org'', ''root'', ''enabled'''), 'nothing', 0, 'somebody who was there before'),
               (pg_temp.rows('NULL, ''root@example.org'', ''eve'', ''enabled''', 'NULL, ''eve@a.org'', ''ROOT'', ''enabled'''), '1 23505 email, 2 23505 username', 0, 'or somebody else of that name')) v (insertion, answer, new, what);
SELECT is(pg_temp.story(NULL, pg_temp.rows('''eeeeeeee-0000-4000-8000-000000000001'', ''eve@a.org'', ''eve'', ''enabled'''), pg_temp.run('staging.some'), 'SELECT users_delete_user(users_id(''eve''))', pg_temp.run('staging.some'), 'SELECT users_purge_user(''eeeeeeee-0000-4000-8000-000000000001'')', pg_temp.run('staging.some'), pg_temp.count()),
          'done | nothing | true | nothing | true | 1 23505 id | 0', 'who was deleted since is there; who was purged comes back under no such id');
SELECT is(pg_temp.story(NULL, pg_temp.rows('''eeeeeeee-0000-4000-8000-000000000001'', ''eve@a.org'', ''eve'', ''enabled'''), pg_temp.run('staging.some'), 'SELECT (users_update_account(users_id(''eve''), username => ''eva'')).username', pg_temp.run('staging.some'), pg_temp.count()), 'done | nothing | eva | 1 23505 id | 1', 'who has another name since is told');

---- which tables

SELECT is(pg_temp.story(NULL, definition, pg_temp.run('staging.one')), 'done | ' || answer, definition)
  FROM (VALUES ('CREATE TABLE staging.one (email text, username text)', 'nothing'), ('CREATE TABLE staging.one AS SELECT ''eve@a.org'' AS email, ''eve'' AS username', 'nothing'), ('CREATE TABLE staging.one AS SELECT ''eve'' AS username, ''eve'' AS email', '1 US001 email'),
               ('CREATE TABLE staging.one AS SELECT NULL::text AS email, NULL::text AS username', '1 US001 email'), ('CREATE TABLE staging.one (email text)', '22023 relation'), ('CREATE TABLE staging.one (username text)', '22023 relation'), ('CREATE TABLE staging.one ()', '22023 relation'),
               ('CREATE TABLE staging.one (email text, username text, id int)', '22023 relation'), ('CREATE TABLE staging.one (email text, username text, created_at date)', '22023 relation'), ('CREATE TABLE staging.one (email text, username text, tags jsonb)', '22023 relation'),
               ('CREATE TABLE staging.one (email name, username text)', '22023 relation'), ('CREATE TABLE staging.one AS SELECT ''eve@a.org'' AS email, ''eve'' AS username, 1 AS row', 'nothing'), ('CREATE TABLE staging.one AS SELECT ''eve@a.org'' AS email, ''eve'' AS username, NULL::text AS status', '1 22023 status'),
               ('CREATE VIEW staging.one AS SELECT ''eve@a.org'' AS email, ''eve'' AS username', '22023 relation'), ('CREATE MATERIALIZED VIEW staging.one AS SELECT ''eve@a.org'' AS email, ''eve'' AS username', '22023 relation'), ('CREATE TABLE staging.one (email text, username text) PARTITION BY LIST (email)', '22023 relation'),
               ('CREATE SEQUENCE staging.one', '22023 relation'), ('CREATE TABLE staging.one (email text, username text, id uuid, dropped int); ALTER TABLE staging.one DROP dropped', 'nothing')) v (definition, answer);
SELECT is(pg_temp.story(NULL, call), answer, call) FROM (VALUES ('SELECT * FROM users_import_from(NULL)', '22023 relation'), ('SELECT * FROM users_import_from(0)', '22023 relation'), ('SELECT * FROM users_import_from(4294967295)', '22023 relation'), ('SELECT count(*) FROM users_import_from(''staging.some'', NULL)', '0'),
                                                                ('SELECT count(*) FROM users_import_from(''staging.account'', NULL)', '285')) v (call, answer);
-- An address that would fill a page, and metadata out of line.
SELECT is(pg_temp.story(NULL, 'CREATE TABLE staging.one AS SELECT ''eve@a.org'' AS email, ''eve'' AS username, jsonb_build_object(''a'', (SELECT string_agg(md5(i::text), '''') FROM generate_series(1, 500) i)) AS metadata UNION ALL SELECT repeat(''x'', 1000000), ''eva'', ''{}''', pg_temp.run('staging.one'), 'SELECT pg_column_size(metadata) > 8000 FROM users.account WHERE email = ''eve@a.org'''), 'done | 2 US001 email | true', 'big values');

---- who may

INSERT INTO staging.some VALUES (NULL, 'eve@a.org', 'eve', 'enabled');
GRANT SELECT ON staging.some TO PUBLIC;
SELECT is(pg_temp.story(who, pg_temp.run('staging.some')), answer, coalesce(who, 'a superuser') || ': ' || answer)
  FROM (VALUES (NULL, 'nothing'), ('=regress_users_85_dba', 'nothing'), ('users_member', '42501'), ('users_admin', '42501'), ('users_service', '42501'), (:'root', '42501')) v (who, answer);
SELECT is(pg_temp.story(NULL, 'DO $$ BEGIN SET LOCAL transaction_read_only = on; PERFORM users_import_from(''staging.some''); END $$'), '25006', 'not where nothing can be written');
REVOKE SELECT ON staging.some FROM PUBLIC;
SELECT is(pg_temp.story('=regress_users_85_dba', pg_temp.run('staging.some')), '42501', 'who may not read the table imports nothing of it');
GRANT SELECT (email, username) ON staging.some TO regress_users_85_dba;
SELECT is(pg_temp.story('=regress_users_85_dba', pg_temp.run('staging.some')), '42501', 'nor who may read a part of it');
-- Nothing of the table's owner runs: no policy, trigger, rule or function.
SELECT is(pg_temp.story('=regress_users_85_owner', 'CREATE FUNCTION staging.evil() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE ''it ran as %'', current_user; END $$', 'CREATE TABLE staging.trap (email text, username text)', 'INSERT INTO staging.trap VALUES (''eve@a.org'', ''eve'')',
	'CREATE POLICY trap ON staging.trap USING (staging.evil())', 'ALTER TABLE staging.trap ENABLE ROW LEVEL SECURITY', 'GRANT SELECT ON staging.trap TO PUBLIC', 'SET SESSION AUTHORIZATION DEFAULT', 'SET SESSION AUTHORIZATION regress_users_85_dba', pg_temp.run('staging.trap'), 'SELECT count(*) FROM staging.trap'),
	'done | done | done | done | done | done | done | done | 42501 | P0001', 'rows that a policy hides from a DBA are not imported behind its back');
SELECT is(pg_temp.story(NULL, 'CREATE FUNCTION staging.evil() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE ''it ran''; END $$', 'CREATE TABLE staging.trap (email text, username text)', 'INSERT INTO staging.trap VALUES (''eve@a.org'', ''eve'')', 'ALTER TABLE staging.trap OWNER TO regress_users_85_owner',
	'CREATE POLICY trap ON staging.trap USING (staging.evil())', 'ALTER TABLE staging.trap ENABLE ROW LEVEL SECURITY', 'ALTER TABLE staging.trap FORCE ROW LEVEL SECURITY', 'CREATE INDEX ON staging.trap (email)', pg_temp.run('staging.trap'), pg_temp.count()), 'done | done | done | done | done | done | done | done | nothing | 1', 'and for a superuser none is run');

-- An error that is caught ends no subtransaction but its own.
CREATE FUNCTION pg_temp.after(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		EXECUTE statement;
	EXCEPTION WHEN OTHERS THEN NULL;
	END;
	RETURN 'still ' || current_user;
END $$;
SELECT pg_temp.after('SELECT users_import_from(''pg_class'', dry_run => true)') AS after \gset
SELECT is(:'after'::text || ' ' || current_user, 'still ' || session_user || ' ' || session_user, 'after a caught error of a dry run nobody is anybody else');

SELECT * FROM finish();
ROLLBACK;
