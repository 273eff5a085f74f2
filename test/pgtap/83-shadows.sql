-- Every function and view of the API under a hostile search_path, and among
-- hostile temporary objects: for each who may call, with nothing and with
-- plausible arguments, the calls end as they do without, and no shadow has run. (S53)
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET client_min_messages = error;
SET users.argon2_memory = '19MB';
SET users.max_failed_logins = 1000;
SET users.max_failed_logins_per_identifier = 1000;
SET users.max_mail_requests = 1000;
BEGIN;
SELECT plan(14);
\ir ../lib/hostile.sql
\ir ../lib/pictures.sql

---- what is called

SELECT user_id AS ann FROM users_create_user('ann@example.org', 'ann', 'Ann', 'Ash', 'seven wet horses sing') \gset
SELECT user_id AS root FROM users_create_user('root@example.org', 'root', 'Ro', 'Ot', 'seven wet horses sing', platform_role => 'admin') \gset
SELECT user_id AS ben FROM users_create_user('ben@example.org', 'ben', 'Ben', 'Bay', 'seven wet horses sing') \gset
SELECT user_id AS gone, users_delete_user(user_id) AS ignored FROM users_create_user('gone@example.org', 'gone', 'Go', 'Ne', 'seven wet horses sing') \gset
SELECT id AS domain FROM users_create_domain('Acme', 'acme', owner_id => :'ann') \gset
SELECT id AS role FROM users_create_role(:'domain', 'reader', '{device:read}') \gset
SELECT user_id AS ignored FROM users_grant_role(:'role', :'ben') \gset
CREATE TABLE public.staging AS SELECT 'eve@example.org' AS email, 'eve' AS username, '{a,b}' AS tags, '{"a": 1}' AS metadata;
CREATE TABLE public.device (id uuid PRIMARY KEY, domain_id uuid, owner uuid);
CREATE ROLE regress_users_82 LOGIN NOINHERIT;
SELECT access_token AS access, refresh_token AS refresh, session_id AS session FROM users_login('ann', 'seven wet horses sing') \gset
SELECT access_token AS admin FROM users_login('root', 'seven wet horses sing') \gset
SELECT count(*) AS ignored FROM users_request_reset('ann@example.org'), users_request_verification('ann@example.org'), users_request_registration('new@example.org'), users_invite(:'role', 'new@example.org') \gset
CREATE TEMP TABLE post AS SELECT * FROM users_claim_mail(100);
SELECT count(users_mail_sent(id)) AS ignored FROM post WHERE kind <> 'invitation' \gset
SELECT id AS invitation FROM users.invitation \gset
SELECT kid FROM users_keys WHERE state = 'active' \gset

-- Arguments by function and name, by name, and by type; the narrowest counts.
CREATE TEMP TABLE plausible (function text, argument text, type regtype, value text);
INSERT INTO plausible VALUES
	('users_authenticate', 'token', 'text', :'access'), ('users_validate_token', 'token', 'text', :'access'),
	('users_register', 'token', 'text', (SELECT data ->> 'token' FROM post WHERE kind = 'registration')),
	('users_reset_password', 'token', 'text', (SELECT data ->> 'token' FROM post WHERE kind = 'reset_password')),
	('users_verify_email', 'token', 'text', (SELECT data ->> 'token' FROM post WHERE kind = 'verify_email')),
	('users_restore_domain', 'domain_id', 'uuid', :'domain'), ('users_define_template', 'kind', 'text', 'reset_password'),
	('users_set_domain_status', 'status', 'text', 'disabled'), ('users_import', 'status', 'text', 'enabled'), ('users_import_domain', 'status', 'text', 'enabled'),
	('users_import', 'password_hash', 'text', '$2b$10$abcdefghijklmnopqrstuuc4eVnKdrRiLl.YAW0QQYs4H.N59RoGO'),
	('users_import_from', 'relation', 'regclass', 'public.staging'), ('users_import_from', 'dry_run', 'boolean', 'false'),
	('users_purge_user', 'user_id', 'uuid', :'gone'), ('users_restore_user', 'user_id', 'uuid', :'gone'), ('users_remove_member', 'user_id', 'uuid', :'ben'), ('users_revoke_role', 'user_id', 'uuid', :'ben'),
	('users_withdraw_invitation', 'invitation_id', 'uuid', :'invitation'), ('users_define_object_type', 'object_type', 'text', 'report'), ('users_define_object_type', 'relation', 'regclass', NULL),
	(NULL, 'token', 'text', (SELECT data ->> 'token' FROM post WHERE kind = 'invitation')),
	(NULL, 'refresh_token', 'text', :'refresh'), (NULL, 'identifier', 'text', 'ann'), (NULL, 'email', 'text', 'new@example.org'), (NULL, 'new_email', 'text', 'ann@new.example'), (NULL, 'username', 'text', 'new'),
	(NULL, 'password', 'text', 'seven wet horses sing'), (NULL, 'current_password', 'text', 'seven wet horses sing'), (NULL, 'new_password', 'text', 'ten dry goats mumble'), (NULL, 'confirm_password', 'text', 'ten dry goats mumble'),
	(NULL, 'language', 'text', 'de'), (NULL, 'theme', 'text', 'TealTide'), (NULL, 'site', 'text', NULL), (NULL, 'user_id', 'uuid', :'ann'), (NULL, 'owner_id', 'uuid', :'ann'), (NULL, 'session_id', 'uuid', :'session'),
	(NULL, 'domain_id', 'uuid', :'domain'), (NULL, 'role_id', 'uuid', :'role'), (NULL, 'invitation_id', 'uuid', NULL), (NULL, 'object_type', 'text', 'device'), (NULL, 'object_id', 'uuid', 'dddddddd-0000-0000-0000-000000000001'),
	(NULL, 'id', 'uuid', (SELECT id::text FROM post WHERE kind = 'invitation')), (NULL, 'permission', 'text', 'device:read'), (NULL, 'permissions', 'text[]', '{device:read}'), (NULL, 'actions', 'text[]', '{wipe}'), (NULL, 'relation', 'regclass', 'public.device'),
	(NULL, 'route', 'text', 'new'), (NULL, 'kind', 'text', 'reset_password'), (NULL, 'subject', 'text', 'Reset'), (NULL, 'body_text', 'text', '{{link}}'), (NULL, 'body_html', 'text', '{{link}}'), (NULL, 'kid', 'text', :'kid'),
	(NULL, 'reset_url', 'text', 'https://example.org/{token}'), (NULL, 'verify_url', 'text', 'https://example.org/{token}'), (NULL, 'invitation_url', 'text', 'https://example.org/{token}'), (NULL, 'registration_url', 'text', 'https://example.org/{token}'), (NULL, 'sender', 'text', 'a@example.org'),
	(NULL, 'platform_role', 'text', 'admin'), (NULL, 'status', 'text', NULL), (NULL, 'after', 'text', NULL), (NULL, 'invitee', 'text', 'else@example.org'), (NULL, 'login', 'regrole', 'regress_users_82'), (NULL, 'owner', 'regrole', 'regress_users_82'),
	(NULL, 'id_column', 'name', 'id'), (NULL, 'domain_column', 'name', 'domain_id'), (NULL, 'owner_column', 'name', 'owner'), (NULL, 'code', 'text', 'fr'), (NULL, 'query', 'text', 'ann'),
	(NULL, NULL, 'text', 'New'), (NULL, NULL, 'uuid', :'ann'), (NULL, NULL, 'boolean', 'true'), (NULL, NULL, 'integer', '10'), (NULL, NULL, 'jsonb', '{"a": 1}'), (NULL, NULL, 'text[]', '{a}'), (NULL, NULL, 'uuid[]', '{dddddddd-0000-0000-0000-000000000001}'),
	(NULL, NULL, 'interval', '5 minutes'), (NULL, NULL, 'inet', '192.0.2.1'), (NULL, NULL, 'timestamptz', '2026-01-01'), (NULL, NULL, 'bytea', pg_temp.file('png')::text), (NULL, NULL, 'regclass', 'public.device'), (NULL, NULL, 'regrole', 'regress_users_82');

CREATE SCHEMA probe;
CREATE TABLE probe.call (n integer GENERATED ALWAYS AS IDENTITY, what text, who text, statement text);
INSERT INTO probe.call (what, who, statement)
	SELECT f.proname || CASE WHEN filled THEN '(...)' ELSE '()' END, w.who,
	       format('SELECT pg_catalog.count(*) FROM public.%I(%s) t', f.proname,
	              (SELECT string_agg(CASE WHEN filled THEN quote_nullable(p.value) ELSE 'NULL' END || '::pg_catalog.' || quote_ident(t.type), ', ' ORDER BY t.n)
	                 FROM unnest(f.proargtypes) WITH ORDINALITY a (oid, n), LATERAL (SELECT typname, a.n FROM pg_type WHERE oid = a.oid) t (type, n),
	                      LATERAL (SELECT v.value FROM plausible v WHERE v.type = a.oid AND coalesce(v.function, f.proname) = f.proname AND coalesce(v.argument, f.proargnames[a.n], '') = coalesce(f.proargnames[a.n], '')
	                                ORDER BY v.function, v.argument LIMIT 1) p))
	  FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'users'
	  JOIN pg_proc f ON d.classid = 'pg_proc'::regclass AND f.oid = d.objid AND f.proname LIKE 'users\_%',
	       unnest('{true,false}'::boolean[]) filled, (VALUES (NULL), ('users_anon'), (:'access'), (:'admin')) w (who)
	 ORDER BY f.proname COLLATE "C", filled, w.who;
INSERT INTO probe.call (what, who, statement)
	SELECT c.relname, w.who, format('SELECT pg_catalog.count(*) FROM (SELECT * FROM public.%I OFFSET 0) t', c.relname)
	  FROM pg_class c, (VALUES (NULL), ('users_anon'), (:'access'), (:'admin')) w (who) WHERE c.relkind = 'v' AND c.relnamespace = 'public'::regnamespace AND c.relname LIKE 'users\_%';

SELECT cmp_ok((SELECT count(*) FROM probe.call)::integer, '>', 800, 'many calls');
SELECT is_empty($$ SELECT f.proname, a.name FROM pg_proc f JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = f.oid AND d.deptype = 'e', unnest(f.proargtypes, f.proargnames) a (type, name)
                    WHERE d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'users') AND f.proname LIKE 'users\_%' AND NOT EXISTS (SELECT FROM plausible p WHERE p.type = a.type) $$, 'with arguments of every type');

-- How a call ends, as somebody; nothing of it remains. What is in it is
-- qualified, for the names that it finds are whose search_path it is.
CREATE TABLE probe.ending (pass text, n integer, state text);
CREATE FUNCTION probe.run(statement text, who text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	rows pg_catalog.int8;
BEGIN
	IF who OPERATOR(pg_catalog.~~) 'ey%'::pg_catalog.text THEN
		PERFORM public.users_authenticate(who);
	ELSIF who IS NOT NULL THEN
		PERFORM pg_catalog.set_config('role', who, true);
	END IF;
	EXECUTE statement INTO rows;
	RAISE SQLSTATE 'UNDO0';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE::pg_catalog.text;
END
$$;
CREATE FUNCTION probe.pass(name text) RETURNS void LANGUAGE sql AS
$$ INSERT INTO probe.ending SELECT name, c.n, probe.run(c.statement, c.who) FROM probe.call c ORDER BY c.n $$;
-- What ended otherwise than without any shadow.
CREATE FUNCTION probe.otherwise(name text) RETURNS TABLE (what text, who text, without text, "with" text) LANGUAGE sql AS $$
	SELECT c.what, left(c.who, 10), o.state, e.state FROM probe.call c JOIN probe.ending o USING (n) JOIN probe.ending e USING (n)
	 WHERE o.pass = 'plain' AND e.pass = name AND e.state <> o.state $$;
CREATE FUNCTION probe.times() RETURNS bigint LANGUAGE sql AS $$ SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM hostile.ran $$;

SELECT probe.pass('plain') IS NULL AS ignored \gset
SELECT cmp_ok((SELECT count(*) FROM probe.ending WHERE state = 'UNDO0')::integer, '>', 300, 'many of which succeed');
-- That one needs a table of the type: it is called in 30-install.
SELECT set_eq($$ SELECT DISTINCT split_part(what, '(', 1) FROM probe.call EXCEPT SELECT split_part(what, '(', 1) FROM probe.call JOIN probe.ending USING (n) WHERE pass = 'plain' AND state = 'UNDO0' $$,
              $$ VALUES ('users_check_many') $$, 'each of them somewhere, but one');

---- a schema in front

SELECT is(pg_temp.falls(), 'found along the search_path', 'a trap is laid');
SELECT is(probe.times(), 1::bigint, 'and tells when it was met');
SET LOCAL search_path = hostile, pg_catalog, public;
SELECT probe.pass('schema') IS NULL AS ignored \gset
SET LOCAL search_path = public;
SELECT is(probe.times(), 1::bigint, 'nothing of the schema has run');
SELECT is_empty($$ SELECT * FROM probe.otherwise('schema') $$, 'and all ends as it does without');

---- temporary objects, which come before pg_catalog (P54)

CREATE TABLE probe.temporary (name text, kind text);
INSERT INTO probe.temporary
	SELECT relname, 'VIEW' FROM pg_class WHERE relkind = 'v' AND relnamespace = 'hostile'::regnamespace
	UNION ALL SELECT typname, 'DOMAIN' FROM pg_type WHERE typtype = 'd' AND typnamespace = 'hostile'::regnamespace;
CREATE TABLE probe.statement (making text, undoing text);
INSERT INTO probe.statement
	SELECT CASE kind WHEN 'VIEW' THEN format('CREATE TEMP VIEW %I AS SELECT hostile.evil(); GRANT ALL ON pg_temp.%1$I TO PUBLIC', name)
	                 ELSE format('CREATE DOMAIN pg_temp.%I AS pg_catalog.%1$I CHECK (hostile.evil())', name) END,
	       format('DROP %s pg_temp.%I', kind, name) FROM probe.temporary;
SELECT making FROM probe.statement \gexec
SELECT probe.run('SELECT * FROM pg_class', NULL) AS relation, probe.run('SELECT NULL::text', NULL) AS null_type, probe.run('SELECT 1 FROM pg_catalog.pg_class WHERE relname::text IS NULL', NULL) AS type \gset met_
SELECT probe.times() AS met \gset
SELECT probe.pass('temporary') IS NULL AS ignored \gset
SELECT undoing FROM probe.statement \gexec
SELECT is(concat_ws(' ', :'met_relation', :'met_null_type', :'met_type', :'met'), 'P0001 P0001 P0001 4', 'a trap is laid');
SELECT is(probe.times(), :'met'::bigint, 'no temporary object was met');
SELECT is_empty($$ SELECT * FROM probe.otherwise('temporary') $$, 'and all ends as it does without');
SELECT is((SELECT count(DISTINCT (pass, n)) FROM probe.ending), 3 * (SELECT count(*) FROM probe.call), 'three times all calls');

---- CREATE EXTENSION with a poisoned search_path

SET LOCAL users.allow_drop = on;
DROP EXTENSION users CASCADE;
SET LOCAL search_path = hostile, pg_catalog;
CREATE EXTENSION users SCHEMA public;
SET LOCAL search_path = public;
SELECT is(probe.times(), :'met'::bigint, 'nothing of the schema has run');
SELECT is((SELECT count(*) FROM pg_proc WHERE proname LIKE 'users\_%' AND pronamespace = 'public'::regnamespace AND probin IS NOT NULL) * 8, (SELECT count(*) FROM probe.call WHERE what LIKE '%(%'), 'and all functions are there again');

SELECT * FROM finish();
ROLLBACK;
