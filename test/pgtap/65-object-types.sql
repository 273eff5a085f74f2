-- Object types and their tables: users_define_object_type, users_object_types,
-- users_forget_object, and where an object lies: whose rights the look-up has,
-- and what proves nothing.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET users.max_registrations = 1000;
SET client_min_messages = error;
BEGIN;
SELECT plan(110);
\ir ../lib/story.sql

CREATE ROLE regress_users_65_app;
CREATE ROLE regress_users_65_stranger;
CREATE ROLE regress_users_65_service LOGIN IN ROLE users_service;
CREATE ROLE regress_users_65_dba LOGIN IN ROLE users_dba;
CREATE SCHEMA app AUTHORIZATION regress_users_65_app;
CREATE SCHEMA strange AUTHORIZATION regress_users_65_stranger;
GRANT USAGE ON SCHEMA app, strange TO users_member, users_service;
SELECT count(users_setup_owner(r)) AS ignored FROM unnest('{regress_users_65_app,regress_users_65_stranger}'::regrole[]) r \gset
CREATE TEMP TABLE person (name text PRIMARY KEY, id uuid, token text);
INSERT INTO person SELECT p.name, s.user_id, s.access_token
  FROM unnest('{ann,bob,eve,guest,boss}'::text[]) p (name), users_register(p.name || '@example.org', p.name, 'seven wet horses sing', 'Ann', 'Ash') s;
SELECT users_set_platform_role((SELECT id FROM person WHERE name = 'boss'), 'admin') IS NULL AS ignored \gset
UPDATE person SET token = (SELECT access_token FROM users_login('boss', 'seven wet horses sing')) WHERE name = 'boss';
CREATE FUNCTION pg_temp.tell(who text, VARIADIC statements text[]) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.story((SELECT token FROM person WHERE name = who), VARIADIC statements) $$;
SELECT token AS ann, id AS ann_id FROM person WHERE name = 'ann' \gset
SELECT id AS bob_id FROM person WHERE name = 'bob' \gset
SELECT id AS eve_id FROM person WHERE name = 'eve' \gset
SELECT id AS guest_id FROM person WHERE name = 'guest' \gset

-- Ann and Eve have a domain each. Bob may read and delete devices in Ann's, the
-- guest has a role on one of them; Eve gave herself one of hers on it.
\set a '''a0000000-0000-0000-0000-000000000000'''
\set e '''e0000000-0000-0000-0000-000000000000'''
\set d1 '''00000000-0000-0000-0000-0000000000d1'''
INSERT INTO users.domain (id, name, route, created_at, updated_at) VALUES (:a, 'A', 'a', now(), now()), (:e, 'E', 'e', now(), now());
INSERT INTO users.role (id, domain_id, name, permissions, built_in, created_at, updated_at) VALUES
	('a0000000-0000-0000-0000-0000000000aa', :a, 'admin', '{}', true, now(), now()), ('e0000000-0000-0000-0000-0000000000ee', :e, 'admin', '{}', true, now(), now()),
	('a0000000-0000-0000-0000-0000000000ab', :a, 'remover', '{device:delete,device:read}', false, now(), now()), ('a0000000-0000-0000-0000-0000000000ac', :a, 'reader', '{device:read}', false, now(), now()),
	('e0000000-0000-0000-0000-0000000000ef', :e, 'all', '{device:*}', false, now(), now());
INSERT INTO users.role_assignment (user_id, domain_id, role_id, object_type, object_id, granted_at) VALUES
	(:'ann_id', :a, 'a0000000-0000-0000-0000-0000000000aa', DEFAULT, DEFAULT, now()), (:'eve_id', :e, 'e0000000-0000-0000-0000-0000000000ee', DEFAULT, DEFAULT, now()),
	(:'bob_id', :a, 'a0000000-0000-0000-0000-0000000000ab', DEFAULT, DEFAULT, now()), (:'guest_id', :a, 'a0000000-0000-0000-0000-0000000000ac', 'device', :d1, now()),
	(:'bob_id', :a, 'a0000000-0000-0000-0000-0000000000ac', 'device', :d1, now()), (:'eve_id', :e, 'e0000000-0000-0000-0000-0000000000ef', 'device', :d1, now());

---- defining a type

SELECT is(string_agg(t::text, E'\n' ORDER BY object_type), '(channel,"{connect,create,delete,manage_roles,publish,read,subscribe,update}",t,,{})
(device,"{connect,create,delete,manage_roles,read,update}",t,,{})
(domain,"{delete,disable,enable,manage_members,manage_roles,read,update,view_members}",t,,{})', 'three types to begin with') FROM users_object_types t;
SELECT is(pg_temp.story(who, call), answer, format('%s: %s', coalesce(who, 'superuser'), call))
  FROM (VALUES (NULL, 'SELECT users_define_object_type(''note'')', '(note,"{create,delete,manage_roles,read,update}",f,,{})'),
               (NULL, 'SELECT users_define_object_type(''note'', ''{write,read,read}'')', '(note,"{read,write}",f,,{})'),
               (NULL, 'SELECT users_define_object_type(''note'', ''{}'')', '(note,{},f,,{})'),
               (NULL, 'SELECT users_define_object_type(''device'', ''{reboot}'')', '(device,"{connect,create,delete,manage_roles,read,reboot,update}",t,,{})'),
               (NULL, 'SELECT users_define_object_type(''device'', ''{read}'')', '(device,"{connect,create,delete,manage_roles,read,update}",t,,{})'),
               (NULL, 'SELECT users_define_object_type(''device'')', '(device,"{connect,create,delete,manage_roles,read,update}",t,,{})'),
               (NULL, format('SELECT object_type FROM users_define_object_type(%L)', repeat('a', 32)), repeat('a', 32)),
               (NULL, 'SELECT object_type FROM users_define_object_type(''a_1'')', 'a_1'),
               (NULL, format('SELECT users_define_object_type(%L)', repeat('a', 33)), '22023 object_type'),
               (NULL, 'SELECT users_define_object_type(''Note'')', '22023 object_type'), (NULL, 'SELECT users_define_object_type('''')', '22023 object_type'),
               (NULL, 'SELECT users_define_object_type(''1a'')', '22023 object_type'), (NULL, 'SELECT users_define_object_type(''_a'')', '22023 object_type'),
               (NULL, 'SELECT users_define_object_type(''a-b'')', '22023 object_type'), (NULL, 'SELECT users_define_object_type(''a:b'')', '22023 object_type'),
               (NULL, 'SELECT users_define_object_type(NULL)', '22023 object_type'), (NULL, 'SELECT users_define_object_type(''note'', ''{*}'')', '22023 actions'),
               (NULL, 'SELECT users_define_object_type(''note'', ''{NULL}'')', '22023 actions'), (NULL, 'SELECT users_define_object_type(''note'', ''{""}'')', '22023 actions'),
               (NULL, 'SELECT users_define_object_type(''note'', ''{read,"write it"}'')', '22023 actions'),
               ('=regress_users_65_dba', 'SELECT object_type FROM users_define_object_type(''note'')', 'note'),
               ('regress_users_65_app', 'SELECT users_define_object_type(''note'')', '42501'), ('users_member', 'SELECT users_define_object_type(''note'')', '42501'),
               ('users_anon', 'SELECT users_define_object_type(''note'')', '42501'), ('users_admin', 'SELECT users_define_object_type(''note'')', '42501'),
               ('=regress_users_65_service', 'SELECT users_define_object_type(''note'')', '42501')) v (who, call, answer);
SELECT is(pg_temp.tell(name, 'SELECT object_type FROM users_define_object_type(''note'')'), answer, 'by token: ' || name) FROM (VALUES ('ann', '42501'), ('boss', 'note')) v (name, answer);
SELECT is(pg_temp.story(NULL, 'SELECT users_define_object_type(''device'', ''{reboot}'') IS NULL', 'SELECT string_agg(action, '','') FROM users.permission WHERE object_type = ''device'' AND NOT built_in', 'SELECT built_in FROM users.object_type WHERE object_type = ''device''',
	'SELECT event || '' '' || outcome || '' '' || detail::text FROM users.audit_event WHERE event = ''object_type_defined'''), 'false | reboot | true | object_type_defined success {"object_type": "device"}', 'built-in rows stay, additions are rows of their own, and an event tells');
SELECT is(pg_temp.story(NULL, 'SELECT users_define_object_type(''note'') IS NULL', format('SELECT users_authenticate(%L) IS NULL', :'ann'), 'SELECT users_can(''note:read'', ''a0000000-0000-0000-0000-000000000000'')', 'SELECT count(*) FROM users_object_types', 'SELECT users_can(''nothing:read'', ''a0000000-0000-0000-0000-000000000000'')'), 'false | false | true | 4 | US009 permission', 'who holds everything holds the new ones at once');
SELECT is(pg_temp.story(who, 'SELECT count(*) FROM users_object_types', 'SELECT count(*) FROM users.object_place'), answer, 'may look at the types: ' || who)
  FROM (VALUES ('users_member', '3 | 42501'), ('users_admin', '3 | 42501'), ('users_anon', '42501 | 42501'), ('users_service', '42501 | 42501')) v (who, answer);

---- naming its table (P31)

SET LOCAL ROLE regress_users_65_app;
CREATE TABLE app.device (id uuid, domain_id uuid, owner uuid, name text);
CREATE TABLE app.reading (device_id uuid, domain_id uuid);
INSERT INTO app.device VALUES (:d1, :a, NULL, 'd1'), ('00000000-0000-0000-0000-0000000000d2', :a, :'bob_id', 'd2'), ('00000000-0000-0000-0000-0000000000d3', :a, :'guest_id', 'd3'), ('00000000-0000-0000-0000-0000000000d4', NULL, NULL, 'd4');
RESET ROLE;
SELECT is(pg_temp.story(NULL, VARIADIC statements || 'SELECT relation FROM users_define_object_type(''device'', relation => ''app.device'')'::text || 'SELECT relation FROM users_object_types WHERE object_type = ''device'''::text), answer, what)
  FROM (VALUES (ARRAY['SELECT 1'], '1 | US011 relation | NULL', 'it must be protected'),
               (ARRAY['SELECT users_protect(''app.device'', ''device'') IS NULL'], 'false | US011 relation | NULL', 'its id unique'),
               (ARRAY['SELECT users_protect(''app.device'', ''channel'') IS NULL', 'CREATE UNIQUE INDEX u ON app.device (id)'], 'false | done | US011 relation | NULL', 'for that type'),
               (ARRAY['SELECT users_protect(''app.device'', ''device'', NULL) IS NULL', 'CREATE UNIQUE INDEX u ON app.device (id)'], 'false | done | US011 relation | NULL', 'with an id'),
               (ARRAY['SELECT users_protect(''app.device'', ''device'') IS NULL', 'CREATE UNIQUE INDEX u ON app.device (id, domain_id)'], 'false | done | US011 relation | NULL', 'which alone is unique'),
               (ARRAY['SELECT users_protect(''app.device'', ''device'') IS NULL', 'CREATE UNIQUE INDEX u ON app.device (id) WHERE name > '''''], 'false | done | US011 relation | NULL', 'in every row'),
               (ARRAY['SELECT users_protect(''app.device'', ''device'') IS NULL', 'ALTER TABLE app.device ADD UNIQUE (id) DEFERRABLE'], 'false | done | US011 relation | NULL', 'at once'),
               (ARRAY['SELECT users_protect(''app.device'', ''device'') IS NULL', 'CREATE UNIQUE INDEX u ON app.device (id)', 'ALTER TABLE app.device DISABLE ROW LEVEL SECURITY'], 'false | done | done | US011 relation | NULL', 'with row-level security'),
               (ARRAY['SELECT users_protect(''app.device'', ''device'') IS NULL', 'CREATE UNIQUE INDEX u ON app.device (id)', 'ALTER TABLE app.device DISABLE TRIGGER "~users_guard"'], 'false | done | done | US011 relation | NULL', 'and the guard'),
               (ARRAY['SELECT users_protect(''app.device'', ''device'') IS NULL', 'CREATE UNIQUE INDEX u ON app.device (id)'], 'false | done | app.device | app.device', 'then it serves'),
               (ARRAY['SELECT users_protect(''app.device'', ''device'') IS NULL', 'CREATE UNIQUE INDEX u ON app.device (id) INCLUDE (name)'], 'false | done | app.device | app.device', 'with INCLUDE too')) v (statements, answer, what);
SELECT is(pg_temp.story(NULL, 'SELECT users_define_object_type(''device'', relation => ''' || relation || ''')'), answer, 'not: ' || relation)
  FROM (VALUES ('users_sessions', 'US011 relation'), ('users.domain', 'US011 relation'), ('pg_class', 'US011 relation'), ('4711', 'US011 relation')) v (relation, answer);
SELECT users_protect('app.device', 'device', owner_column => 'owner') IS NULL AS ignored \gset
CREATE UNIQUE INDEX device_id ON app.device (id);
SELECT is(pg_temp.story(NULL, 'SELECT users_define_object_type(''domain'', relation => ''app.device'')', 'SELECT users_define_object_type(''device'', relation => ''app.device'') IS NULL', 'UPDATE users.object_place SET object_type = ''channel''', 'SELECT users_define_object_type(''device'', relation => ''app.device'')'), 'US011 relation | false | done | US011 relation', 'neither for domains nor for two types');
-- Somebody protects a table of their own, with the same objects in their domain.
SET LOCAL ROLE regress_users_65_stranger;
CREATE TABLE strange.device (id uuid PRIMARY KEY, domain_id uuid, owner uuid);
INSERT INTO strange.device VALUES (:d1, :e, :'eve_id');
SELECT users_protect('strange.device', 'device', owner_column => 'owner') IS NULL AS ignored \gset
RESET ROLE;
CREATE FUNCTION pg_temp.can(object text DEFAULT '00000000-0000-0000-0000-0000000000d1', domain text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT concat_ws('' '', users_can(''device:read'', %L, %L), users_can(''device:delete'', %L, %L))', domain, object, domain, object) $$;
SELECT is(pg_temp.tell('eve', 'SELECT users_define_object_type(''device'', relation => ''strange.device'')', pg_temp.can()), '42501 | 22023 domain_id', 'a stranger''s table is not named by a stranger') ;
SELECT users_define_object_type('device', relation => 'app.device') IS NULL AS ignored \gset
SELECT is(protected_tables, '{app.device,strange.device}', 'both are protected tables') FROM users_object_types WHERE object_type = 'device';
SELECT is(pg_temp.tell(who, pg_temp.can(), pg_temp.can(domain => 'a0000000-0000-0000-0000-000000000000'), pg_temp.can(domain => 'e0000000-0000-0000-0000-000000000000')), answer, 'where the object lies decides: ' || who)
  FROM (VALUES ('ann', 't t | t t | f f'), ('bob', 't t | t t | f f'), ('guest', 't f | t f | f f'), ('eve', 'f f | f f | f f'), ('boss', 't t | t t | t t')) v (who, answer) WHERE who <> 'boss';
SELECT is(pg_temp.tell('bob', pg_temp.can('00000000-0000-0000-0000-0000000000d2')), 't t', 'the owner''s');
SELECT is(pg_temp.tell('guest', pg_temp.can('00000000-0000-0000-0000-0000000000d3')), 'f f', 'a guest owns nothing');
SELECT is(pg_temp.tell('ann', pg_temp.can('00000000-0000-0000-0000-0000000000d4'), pg_temp.can('00000000-0000-0000-0000-0000000000d9')), 'f f | f f', 'no domain, no row: nobody''s');

---- the look-up has nobody's rights but the table's owner's (P40)

-- The owner of the table tries what it can: policies, views, functions, rules.
CREATE TABLE app.seen (what text);
GRANT INSERT ON app.seen TO PUBLIC;
CREATE FUNCTION app.evil(uuid) RETURNS boolean LANGUAGE plpgsql VOLATILE COST 0.0001 AS $$ BEGIN RAISE EXCEPTION 'ran as %', current_user USING ERRCODE = 'ZZZZZ'; END $$;
SELECT is(pg_temp.story(NULL, 'SET ROLE regress_users_65_app', statement, 'RESET ROLE', format('SELECT users_authenticate(%L) IS NULL', :'ann'), pg_temp.can()), 'done | done | done | false | ' || answer, 'tried in vain: ' || statement)
  FROM (VALUES ('CREATE POLICY evil ON app.device USING (app.evil(id))', 't t'),
               ('CREATE POLICY evil ON app.device AS RESTRICTIVE USING (app.evil(id))', 't t'),
               ('DO ''BEGIN ALTER TABLE app.device FORCE ROW LEVEL SECURITY; CREATE POLICY evil ON app.device TO regress_users_65_app USING (app.evil(id)); END''', 't t'),
               ('ALTER TABLE app.device ADD CHECK (name <> ''x'')', 't t'),
               ('CREATE SCHEMA evil CREATE TABLE evil.device (id uuid)', '')) v (statement, answer) WHERE answer <> '';
SELECT is(pg_temp.story(NULL, statement, format('SELECT users_authenticate(%L) IS NULL', :'ann'), pg_temp.can()), 'done | false | ' || answer, what)
  FROM (VALUES ('REVOKE ALL ON app.device FROM users_member', 't t', 'rights of the reader are not asked for'),
               ('REVOKE SELECT ON app.device FROM regress_users_65_app', '42501', 'those of the owner are: an error is no "no such row"'),
               ('DROP TABLE app.device', '22023 domain_id', 'a table that is gone is none'),
               ('DROP INDEX app.device_id', '22023 domain_id', 'nor one whose ids are not unique any more'),
               ('ALTER TABLE app.device DISABLE ROW LEVEL SECURITY', '22023 domain_id', 'nor one without row-level security'),
               ('DROP TRIGGER "~users_guard" ON app.device', '22023 domain_id', 'nor one without a guard'),
               ('ALTER TABLE app.device RENAME id TO "ID"', 't t', 'a renamed column'),
               ('ALTER TABLE app.device RENAME TO "De vice"', 't t', 'a renamed table'),
               ('ALTER SCHEMA app RENAME TO "Ap p"', 't t', 'a renamed schema'),
               ('ALTER TABLE app.device OWNER TO regress_users_65_stranger', '42501', 'another owner, who may not use the schema'),
               ('DO ''BEGIN ALTER TABLE app.device OWNER TO regress_users_65_stranger; GRANT USAGE ON SCHEMA app TO regress_users_65_stranger; END''', 't t', 'who may'),
               ('ALTER TABLE app.device DROP name', 't t', 'fewer columns'),
               ('SET LOCAL search_path = evil, public', 't t', 'another search_path'),
               ('SET LOCAL plan_cache_mode = force_custom_plan', 't t', 'another plan'),
               ('SET LOCAL row_security = off', 't t', 'row_security is our own')) v (statement, answer, what);
-- In the same backend, after it has been looked up.
SELECT is(pg_temp.story(NULL, format('SELECT users_authenticate(%L) IS NULL', :'ann'), pg_temp.can(), 'RESET ROLE', 'ALTER SCHEMA app RENAME TO app2', 'ALTER TABLE app2.device RENAME domain_id TO tenant', pg_temp.can(), 'CREATE SCHEMA app', 'CREATE TABLE app.device (id uuid, domain_id uuid, owner uuid)', pg_temp.can(), 'SELECT users_unprotect(''app2.device'')', pg_temp.can()),
	'false | t t | done | done | done | t t | done | done | t t | true | 22023 domain_id', 'what is kept follows every change');
SELECT is(pg_temp.story(NULL, format('SELECT users_authenticate(%L) IS NULL', :'ann'), 'SHOW search_path', pg_temp.can(), 'SHOW search_path', 'SHOW lock_timeout', 'SHOW row_security', 'SELECT current_user'), 'false | "$user", public | t t | "$user", public | 0 | on | users_member', 'settings and role are as before');
SELECT is(pg_temp.story('=regress_users_65_service', format('SELECT users_check(%L, ''device:read'', NULL, %L)', :'guest_id', :d1::text), format('SELECT users_check_many(%L, ''device:read'', %L)', :'bob_id', '{00000000-0000-0000-0000-0000000000d4,00000000-0000-0000-0000-0000000000d2,00000000-0000-0000-0000-0000000000d9,00000000-0000-0000-0000-0000000000d1,00000000-0000-0000-0000-0000000000d2,NULL}')),
	'true | {00000000-0000-0000-0000-0000000000d2,00000000-0000-0000-0000-0000000000d1,00000000-0000-0000-0000-0000000000d2}', 'services ask about one and about many');
SELECT is(pg_temp.story(NULL, format('SELECT users_authenticate(%L) IS NULL', :'ann'), 'SELECT CASE WHEN set_config(''transaction_read_only'', ''on'', true) = ''on'' THEN users_can(''device:read'', NULL, ''00000000-0000-0000-0000-0000000000d1'') END'), 'false | true', 'in a READ ONLY transaction');
SELECT is(pg_temp.story(NULL, 'CREATE TABLE app.parted (name text, id uuid, domain_id uuid) PARTITION BY HASH (id)', 'CREATE TABLE app.parted1 (domain_id uuid, gone text, id uuid, name text)', 'ALTER TABLE app.parted1 DROP gone', 'ALTER TABLE app.parted ATTACH PARTITION app.parted1 FOR VALUES WITH (MODULUS 1, REMAINDER 0)', 'ALTER TABLE app.parted ADD PRIMARY KEY (id)',
	format('INSERT INTO app.parted SELECT name, id, domain_id FROM app.device'), 'SELECT users_protect(''app.parted'', ''device'') IS NULL', 'SELECT relation FROM users_define_object_type(''device'', relation => ''app.parted'')', format('SELECT users_authenticate(%L) IS NULL', :'ann'), pg_temp.can()), 'done | done | done | done | done | done | false | app.parted | false | t t', 'a partitioned table');
SELECT is(pg_temp.story(NULL, 'CREATE TABLE app.heir () INHERITS (app.device)', 'INSERT INTO app.heir (id, domain_id) VALUES (''00000000-0000-0000-0000-0000000000d8'', ''a0000000-0000-0000-0000-000000000000'')', format('SELECT users_authenticate(%L) IS NULL', :'ann'), pg_temp.can('00000000-0000-0000-0000-0000000000d8')), 'done | done | false | f f', 'rows of a table that inherits prove nothing: no key covers them');

---- forgetting an object

CREATE FUNCTION pg_temp.forget(object text DEFAULT '00000000-0000-0000-0000-0000000000d1', type text DEFAULT 'device') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT users_forget_object(%L, %L)', type, object) $$;
SELECT is(pg_temp.tell(who, pg_temp.forget(), 'RESET ROLE', 'SELECT string_agg(domain_id::text, '','') FROM users.role_assignment WHERE object_type <> '''''), answer, 'forgetting d1: ' || who)
  FROM (VALUES ('ann', '2 | done | e0000000-0000-0000-0000-000000000000'), ('bob', '2 | done | e0000000-0000-0000-0000-000000000000'), ('boss', '3 | done | NULL')) v (who, answer);
SELECT is(pg_temp.tell('guest', pg_temp.forget()), '42501', 'forgetting d1: who may not delete it');
SELECT is(pg_temp.tell('eve', pg_temp.forget(), 'RESET ROLE', 'SELECT count(*) FROM users.role_assignment WHERE object_type <> '''' AND domain_id = ''a0000000-0000-0000-0000-000000000000'''), '1 | done | 2', 'a stranger takes but what is of their own domain');
SELECT is(pg_temp.story(who, pg_temp.forget(), pg_temp.forget()), answer, 'forgetting d1: ' || coalesce(who, 'superuser'))
  FROM (VALUES (NULL, '3 | 0'), ('=regress_users_65_service', '3 | 0'), ('=regress_users_65_dba', '3 | 0'), ('users_member', '28000 | 28000'), ('users_anon', '42501 | 42501'), ('users_service', '3 | 0'), ('regress_users_65_app', '42501 | 42501')) v (who, answer);
SELECT is(pg_temp.tell(who, pg_temp.forget(object, type)), answer, format('%s forgets %s %s', who, type, object))
  FROM (VALUES ('ann', '00000000-0000-0000-0000-0000000000d2', 'device', '0'), ('bob', '00000000-0000-0000-0000-0000000000d2', 'device', '0'), ('guest', '00000000-0000-0000-0000-0000000000d3', 'device', '42501'), ('eve', '00000000-0000-0000-0000-0000000000d2', 'device', '42501'),
               ('ann', '00000000-0000-0000-0000-0000000000d9', 'device', '42501'), ('ann', '00000000-0000-0000-0000-0000000000d1', 'nothing', 'US009 object_type'), ('ann', '00000000-0000-0000-0000-0000000000d1', NULL, 'US009 object_type'), ('ann', NULL, 'device', '22023 object_id'), ('boss', NULL, 'device', '22023 object_id'),
               ('boss', '00000000-0000-0000-0000-0000000000d9', 'device', '0')) v (who, object, type, answer);
SELECT is(pg_temp.tell('ann', 'DELETE FROM app.device WHERE name = ''d1''', pg_temp.forget(), 'RESET ROLE', 'SELECT string_agg(concat_ws('' '', event, user_id = ''' || :'guest_id' || ''', actor_id = ''' || :'ann_id' || ''', domain_id, object_type, object_id, detail->>''role_id''), ''; '' ORDER BY user_id = ''' || :'guest_id' || ''') FROM users.audit_event WHERE event = ''role_revoked'''),
	'done | 2 | done | role_revoked f t a0000000-0000-0000-0000-000000000000 device 00000000-0000-0000-0000-0000000000d1 a0000000-0000-0000-0000-0000000000ac; role_revoked t t a0000000-0000-0000-0000-000000000000 device 00000000-0000-0000-0000-0000000000d1 a0000000-0000-0000-0000-0000000000ac', 'once the row is gone, by the assignments'' domains; an event each');
SELECT is(pg_temp.tell('guest', 'RESET ROLE', 'DELETE FROM app.device WHERE name = ''d1''', 'SET ROLE users_member', pg_temp.forget()), 'done | done | done | 42501', 'nobody else');
SELECT is(pg_temp.tell('ann', 'SELECT CASE WHEN set_config(''transaction_read_only'', ''on'', true) = ''on'' THEN users_forget_object(''device'', gen_random_uuid()) END'), '25006', 'not in a READ ONLY transaction');

SELECT * FROM finish();
ROLLBACK;
