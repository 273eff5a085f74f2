-- What CREATE EXTENSION leaves: owners, rights, comments, markings; which
-- roles it takes over; and that nothing of it looks along the search_path. (P65)
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = warning;
BEGIN;
SELECT plan(110);
\ir ../lib/story.sql

-- From 17 on the types of rows and arrays are members too; they go with theirs.
CREATE TEMP VIEW member AS
	SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS what
	  FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
	 WHERE d.deptype = 'e' AND e.extname = 'users'
	   AND NOT (d.classid = 'pg_type'::regclass AND EXISTS (
		SELECT FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid WHERE t.oid = d.objid AND (t.typcategory = 'A' OR c.relkind <> 'c')));
CREATE TEMP VIEW fn AS
	SELECT p.*, n.nspname FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
	  JOIN pg_namespace n ON n.oid = p.pronamespace;
CREATE TEMP VIEW api AS SELECT * FROM fn WHERE nspname <> 'users';
CREATE TEMP VIEW rel AS
	SELECT c.*, n.nspname FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
	  JOIN pg_namespace n ON n.oid = c.relnamespace;
CREATE TEMP VIEW tab AS SELECT * FROM rel WHERE relkind = 'r';
-- Types of its own and of its tables and views; an array's rights are its element's.
CREATE TEMP VIEW typ AS
	SELECT t.* FROM pg_type t
	 WHERE t.typcategory <> 'A'
	   AND (t.oid IN (SELECT objid FROM member WHERE classid = 'pg_type'::regclass) OR t.typrelid IN (SELECT oid FROM rel));

SELECT cmp_ok((SELECT count(*)::integer FROM member WHERE classid = k.class), '>=', k.least, 'the extension has ' || k.name)
  FROM (VALUES ('pg_proc'::regclass, 45, 'functions'), ('pg_class', 25, 'tables and views'), ('pg_type', 10, 'types'),
               ('pg_namespace', 1, 'a schema')) k (class, least, name);
SELECT is(array_agg(DISTINCT classid::regclass::text ORDER BY classid::regclass::text), '{pg_class,pg_namespace,pg_proc,pg_type}',
          'and objects of no other kind') FROM member;

---- comments

SELECT is_empty($$ SELECT what FROM member WHERE coalesce(obj_description(objid, classid::regclass::name), '') = '' $$,
                'every object has a COMMENT');
SELECT is_empty($$ SELECT oid::regprocedure FROM api WHERE split_part(obj_description(oid, 'pg_proc'), E'\n', 1) !~ '^[A-Z].{9,97}[.]?$' $$,
                'a function''s begins with a line of summary');
SELECT is_empty($$ SELECT what, line FROM member, regexp_split_to_table(obj_description(objid, classid::regclass::name), '\n') WITH ORDINALITY l (line, n)
                    WHERE length(line) > CASE WHEN n = 1 AND classid = 'pg_proc'::regclass THEN 98 ELSE 83 END $$,
                'lines fit beside psql''s other columns');
SELECT is_empty($$ SELECT oid::regprocedure FROM api WHERE obj_description(oid, 'pg_proc') !~ '(^|[.] |\n *)For\s+(DBAs|[a-z]).*[.]$' $$,
                'and says at its end who may call it');
SELECT is_empty($$ SELECT oid::regprocedure, a.name FROM api, unnest(proargnames) a (name)
                    WHERE pronargs > 1 AND obj_description(oid, 'pg_proc') !~ ('\m' || a.name || '\M') $$,
                'where there are several arguments it explains each');
SELECT is_empty($$ SELECT relname FROM rel WHERE relkind = 'v' AND obj_description(oid, 'pg_class') !~ '(^|[.] |\n *)For\s+[a-z]|administrators' $$,
                'a view''s says for whom it is');
SELECT is_empty($$ SELECT relname FROM tab WHERE obj_description(oid, 'pg_class') !~ '^(by-user|by-identifier|reference|queue): ' $$,
                'a table''s begins with its kind');
SELECT is_empty($$ SELECT t.relname FROM tab t JOIN pg_index i ON i.indrelid = t.oid AND i.indisprimary
                     JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
                    WHERE obj_description(t.oid, 'pg_class') LIKE 'by-user:%' AND a.attname <> 'user_id' $$,
                'by-user: its primary key begins with user_id');
SELECT is_empty($$ SELECT relname FROM tab t WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary) $$,
                'every table has a primary key');

---- owners and roles (S56 P7)

SELECT is_empty($$ SELECT m.what FROM member m
                     LEFT JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
                     LEFT JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
                     LEFT JOIN pg_type t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid
                     LEFT JOIN pg_namespace n ON m.classid = 'pg_namespace'::regclass AND n.oid = m.objid
                    WHERE coalesce(p.proowner, c.relowner, t.typowner, n.nspowner) <> 'users_owner'::regrole $$,
                'everything belongs to users_owner');
SELECT is_empty($$ SELECT c.oid::regclass FROM pg_index i JOIN tab t ON t.oid = i.indrelid JOIN pg_class c ON c.oid = i.indexrelid
                    WHERE c.relowner <> 'users_owner'::regrole $$, 'indexes too');
SELECT is(ARRAY(SELECT rolname FROM pg_roles WHERE rolname LIKE 'users\_%' ORDER BY 1),
          '{users_admin,users_anon,users_dba,users_member,users_owner,users_proxy,users_relay,users_service}'::name[],
          'there are eight roles');
SELECT is_empty($$ SELECT rolname FROM pg_authid WHERE rolname LIKE 'users\_%'
                      AND (rolcanlogin OR rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication OR rolpassword IS NOT NULL) $$,
                'none may log in or has an attribute');
SELECT is_empty($$ SELECT 1 FROM pg_auth_members WHERE 'users_owner'::regrole IN (roleid, member) $$,
                'users_owner has no members and is a member of nothing');
SELECT set_eq($$ SELECT member::regrole::text, roleid::regrole::text FROM pg_auth_members
                  WHERE member::regrole::text LIKE 'users\_%' AND roleid::regrole::text LIKE 'users\_%' $$,
              $$ VALUES ('users_admin', 'users_member'), ('users_dba', 'users_admin') $$,
              'administrators are members, DBAs administrators, and that is all');
SELECT is_empty($$ SELECT 1 FROM pg_auth_members WHERE member::regrole::text LIKE 'users\_%' AND roleid::regrole::text NOT LIKE 'users\_%' $$,
                'none is a member of another role');
SELECT is_empty($$ SELECT setrole FROM pg_db_role_setting WHERE setrole::regrole::text LIKE 'users\_%' $$, 'or has settings of its own');

---- rights (S55 S56 P6 P17)

SELECT is_empty($$ SELECT relname FROM tab WHERE NOT relrowsecurity $$, 'all tables have row-level security');
SELECT is_empty($$ SELECT relname FROM tab WHERE relforcerowsecurity $$, 'none has it forced on its owner');
SELECT set_eq($$ SELECT relname FROM rel WHERE relkind = 'v' AND NOT coalesce(reloptions, '{}') && '{security_invoker=true,security_invoker=on}' $$,
                  $$ VALUES ('users_accounts'::name) $$, 'views are security_invoker, but for one');
SELECT is_empty($$ SELECT polname FROM pg_policy JOIN tab ON tab.oid = polrelid WHERE polname !~ '^users_' OR polroles = '{0}' OR polcmd <> 'r' $$,
                'policies are named users_..., for reading only, and for certain roles');

CREATE TEMP VIEW granted AS
	SELECT 'function ' || f.proname AS what, a.* FROM fn f, aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a
	UNION ALL SELECT 'relation ' || r.relname, a.* FROM rel r, aclexplode(coalesce(r.relacl, acldefault('r', r.relowner))) a
	UNION ALL SELECT 'column ' || r.relname || '.' || t.attname, a.* FROM rel r JOIN pg_attribute t ON t.attrelid = r.oid, aclexplode(t.attacl) a
	UNION ALL SELECT 'type ' || t.typname, a.* FROM typ t, aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) a WHERE t.typrelid NOT IN (SELECT oid FROM rel)
	UNION ALL SELECT 'schema ' || n.nspname, a.* FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
	           WHERE n.nspname = 'users';

SELECT set_eq($$ SELECT what, privilege_type FROM granted WHERE grantee = 0 $$,
              $$ VALUES ('function users_current_user_id', 'EXECUTE'), ('function users_current_session_id', 'EXECUTE'),
                        ('function users_current_role', 'EXECUTE'), ('function users_is_admin', 'EXECUTE'),
                        ('function users_can_in', 'EXECUTE'), ('function users_can_on', 'EXECUTE'), ('function users_is_member', 'EXECUTE'),
                        ('function users_permitted_domains', 'EXECUTE'), ('function users_permitted_objects', 'EXECUTE'), ('function member_domains', 'EXECUTE'),
                        ('function users_protect', 'EXECUTE'), ('function users_unprotect', 'EXECUTE'), ('function guard_row', 'EXECUTE') $$,
              'PUBLIC may call what policies, defaults and owners of tables need and tells nothing without an identity, and nothing else');
SELECT is_empty($$ SELECT what, grantee::regrole, privilege_type FROM granted WHERE grantee NOT IN (0, 'users_owner'::regrole) AND is_grantable $$,
                'nothing may be granted on');
SELECT is_empty($$ SELECT what, grantee::regrole FROM granted WHERE grantee <> 0 AND grantee::regrole::text !~ '^users_' $$,
                'other roles than the extension''s have nothing');
SELECT is_empty($$ SELECT what, grantee::regrole, privilege_type FROM granted
                    WHERE what ~ '^(relation|column)' AND grantee <> 'users_owner'::regrole AND privilege_type <> 'SELECT' $$,
                'nobody writes tables but their owner');
SELECT is_empty($$ SELECT what, grantee::regrole FROM granted
                    WHERE what ~ '^column .*(hash|nonce|secret|random|check_value|counter)' AND grantee <> 'users_owner'::regrole $$,
                'and nobody else reads what is secret');
SELECT set_eq($$ SELECT DISTINCT substring(what FROM '^column (\w+)') FROM granted WHERE what LIKE 'column %' $$,
              $$ VALUES ('session'), ('language'), ('theme'), ('signing_key'), ('mail'), ('mail_request'), ('mail_template'), ('site'),
                        ('domain'), ('role'), ('role_assignment'), ('person'), ('object_type'), ('permission'), ('object_place'), ('invitation'), ('audit_event') $$, 'of seventeen tables some columns are read through views');
SELECT is_empty($$ SELECT what FROM granted WHERE what = 'schema users' AND grantee <> 'users_owner'::regrole $$,
                'the schema of the tables is closed');
SELECT is(ARRAY(SELECT grantee::regrole::text FROM pg_namespace n, aclexplode(n.nspacl) WHERE n.nspname = 'public' AND grantee::regrole::text ~ '^users_' ORDER BY 1),
          '{users_anon,users_member,users_relay,users_service}', 'who calls the API may use its schema');
-- A row's type is needed to name it in a function of one's own.
SELECT is_empty($$ SELECT f.proname, f.prorettype::regtype, r.role FROM api f
                     JOIN pg_type t ON t.oid = f.prorettype AND t.oid IN (SELECT oid FROM typ),
                     (VALUES ('users_anon'), ('users_member'), ('users_admin'), ('users_service'), ('users_relay')) r (role)
                    WHERE has_function_privilege(r.role, f.oid, 'EXECUTE') AND NOT has_type_privilege(r.role, t.oid, 'USAGE') $$,
                'who may call a function may use the type of its result');

---- functions (P23 P42 P44 P58)

SELECT is_empty($$ SELECT oid::regprocedure FROM fn WHERE prosecdef $$, 'no function is SECURITY DEFINER');
SELECT is_empty($$ SELECT oid::regprocedure FROM fn WHERE prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c') $$, 'all are in C');
SELECT is_empty($$ SELECT oid::regprocedure FROM fn WHERE proconfig IS NOT NULL $$, 'none has a SET clause');
SELECT is_empty($$ SELECT proname FROM fn GROUP BY proname HAVING count(*) > 1 $$, 'one signature per name');
SELECT is_empty($$ SELECT oid::regprocedure FROM api WHERE proname !~ '^users_' $$, 'they are called users_...');
SELECT is_empty($$ SELECT relname FROM rel WHERE relkind = 'v' AND relname !~ '^users_' $$, 'so are the views');
SELECT is_empty($$ SELECT oid::regprocedure FROM api WHERE proisstrict $$, 'none is STRICT');
SELECT is_empty($$ SELECT oid::regprocedure FROM api WHERE proargmodes IS NOT NULL OR prorettype = 'record'::regtype $$, 'none has OUT columns');
SELECT is_empty($$ SELECT oid::regprocedure FROM api WHERE pronargs > 0
                      AND (proargnames IS NULL OR '' = ANY (proargnames)) AND proname <> 'users_set_picture' $$, 'arguments have names');
SELECT is_empty($$ SELECT oid::regprocedure FROM api WHERE proleakproof $$, 'none is LEAKPROOF');
SELECT set_eq($$ SELECT proname FROM api WHERE proretset $$, $$ VALUES ('users_health'::name), ('users_claim_mail'), ('users_maintain'), ('users_search'), ('users_why'), ('users_events'), ('users_import_from') $$, 'only lists are sets');
SELECT set_eq($$ SELECT proname, provolatile FROM api WHERE provolatile <> 'v' $$,
              $$ VALUES ('users_current_user_id'::name, 's'::"char"), ('users_current_session_id', 's'), ('users_current_role', 's'),
                        ('users_is_admin', 's'), ('users_validate_token', 's'), ('users_options', 's'), ('users_profile', 's'),
                        ('users_id', 's'), ('users_health', 's'), ('users_jwks', 's'), ('users_preview_template', 's'), ('users_invitation', 's'), ('users_why', 's'), ('users_search', 's'), ('users_picture', 's'),
                        ('users_can_in', 's'), ('users_can_on', 's'), ('users_is_member', 's'), ('users_permitted_domains', 's'), ('users_permitted_objects', 's'),
                        ('users_can', 's'), ('users_permissions', 's'), ('users_check', 's'), ('users_check_many', 's') $$,
              'what only reads is STABLE, and nothing is IMMUTABLE');
SELECT is_empty($$ SELECT proname, proparallel FROM api
                    WHERE proparallel <> CASE WHEN proname ~ '^users_(current_|is_admin$|is_member$|can_in$|can_on$|permitted_)' THEN 's'
                                              WHEN proname ~ '^users_(can$|permissions$|check)' THEN 'r' ELSE 'u' END $$,
                'who one is and what policies ask may be asked in a parallel query''s workers, what pages ask in its leader; what reads the newest state, nowhere in one');

---- tables (S17 P29)

SELECT is_empty($$ SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'users'::regnamespace $$, 'no sequences');
SELECT is_empty($$ SELECT tgname FROM pg_trigger JOIN tab ON tab.oid = tgrelid WHERE NOT tgisinternal $$, 'no triggers');
SELECT is_empty($$ SELECT rulename FROM pg_rewrite JOIN tab ON tab.oid = ev_class $$, 'no rules');
SELECT is_empty($$ SELECT relname FROM tab WHERE relpersistence <> 'p' $$, 'no unlogged tables');
SELECT is_empty($$ SELECT oid::regclass FROM pg_class WHERE relnamespace = 'users'::regnamespace AND relkind IN ('r', 'v', 'm', 'p', 'f') AND oid NOT IN (SELECT oid FROM rel) $$,
                'the schema holds nothing that is not the extension''s');
SELECT is_empty($$ SELECT relname FROM rel WHERE relkind <> 'v' AND nspname <> 'users' $$, 'tables are in the schema users');
SELECT set_eq($$ SELECT unnest(extconfig)::regclass::text FROM pg_extension WHERE extname = 'users' $$,
              $$ SELECT oid::regclass::text FROM tab WHERE relname NOT IN ('event_position', 'event_mark') $$, 'a dump takes every table along but those that hold transaction ids');
SELECT is_empty($$ SELECT c.table, c.condition FROM pg_extension, unnest(extconfig::regclass[], extcondition) c ("table", condition)
                    WHERE extname = 'users' AND (c.condition = '') = (c.table::text IN ('users.language', 'users.theme', 'users.mail_template', 'users.object_type', 'users.permission', 'users.object_place')) $$,
                'whole, but for the rows that the script makes and the names of tables that are gone');
SELECT is_empty($$ SELECT * FROM users.root_key $$, 'no key is made by CREATE EXTENSION');
SELECT is_empty($$ SELECT * FROM users.signing_key $$, 'not for signing either');
SELECT is_empty($$ SELECT conname FROM pg_constraint JOIN tab t ON t.oid = conrelid WHERE contype = 'f' AND confrelid NOT IN (SELECT oid FROM tab) $$,
                'no foreign key leads out of the extension');

---- where and onto what it can be installed

SELECT is(pg_temp.story(NULL, 'ALTER EXTENSION users SET SCHEMA pg_temp'), '0A000', 'it cannot be moved');
SELECT is(pg_temp.story(NULL, 'DROP EXTENSION users', 'CREATE SCHEMA api', 'CREATE EXTENSION users SCHEMA api',
                        $$ SELECT string_agg(DISTINCT nspname, ',' ORDER BY nspname) FROM fn $$, 'SELECT users.prepare_statements() > 50',
                        $$ SELECT status FROM api.users_register('ann@example.org', 'ann', 'seven wet horses sing', 'Ann', 'Ash') $$,
                        'SELECT count(*) FROM api.users_sessions',
                        $$ SELECT pg_temp.rights(coalesce(nspacl, acldefault('n', nspowner))) FROM pg_namespace WHERE nspname = 'api' $$),
          'done | done | done | api,users | true | ok | 1 | users_anon,users_member,users_relay,users_service', 'but installed in another schema')
  FROM (SELECT pg_temp.deed($$ CREATE FUNCTION pg_temp.rights(acl aclitem[]) RETURNS text LANGUAGE sql AS
        'SELECT string_agg(grantee::regrole::text, '','' ORDER BY grantee::regrole::text) FROM aclexplode(acl) WHERE grantee <> ''postgres''::regrole' $$)) f;
SELECT is(pg_temp.story(NULL, 'DROP EXTENSION users', 'CREATE SCHEMA ' || quote_ident(schema), format('CREATE EXTENSION users SCHEMA %I', schema)),
          'done | done | 3F000', 'not in the schema ' || quote_ident(schema))
  FROM (VALUES ('users'), ('Api'), ('my api'), ('my;api')) v (schema);
SELECT is(pg_temp.story(NULL, 'DROP EXTENSION users', 'CREATE SCHEMA users', 'CREATE EXTENSION users SCHEMA public'), 'done | done | 42P06',
          'nor where there is a schema users already');

SELECT is(pg_temp.story(NULL, 'DROP EXTENSION users', format('ALTER ROLE %I %s', role, attribute), 'CREATE EXTENSION users SCHEMA public'),
          'done | done | 55000', format('a role %s with %s is not taken over', role, attribute))
  FROM unnest('{users_owner,users_anon,users_relay}'::text[]) role, unnest('{LOGIN,SUPERUSER,BYPASSRLS,CREATEROLE,CREATEDB,REPLICATION}'::text[]) attribute
 WHERE role = 'users_owner' OR attribute IN ('LOGIN', 'CREATEROLE');
CREATE ROLE regress_users_30;
SELECT is(pg_temp.story(NULL, 'DROP EXTENSION users', 'GRANT users_owner TO regress_users_30', 'CREATE EXTENSION users SCHEMA public'),
          'done | done | 55000', 'nor users_owner with a member');
SELECT is(pg_temp.story(NULL, 'DROP EXTENSION users', 'GRANT regress_users_30 TO users_owner', 'CREATE EXTENSION users SCHEMA public'),
          'done | done | 55000', 'or with a membership');
SELECT is(pg_temp.story(NULL, 'DROP EXTENSION users', 'GRANT users_member, users_service, users_relay TO regress_users_30', 'CREATE EXTENSION users SCHEMA public'),
          'done | done | done', 'members of the other roles keep their membership');
SELECT is(pg_temp.story(NULL, 'DROP EXTENSION users',
                        $$ SELECT count(*) FROM pg_roles WHERE rolname LIKE 'users\_%' $$, $$ SELECT count(*) FROM pg_namespace WHERE nspname = 'users' $$,
                        $$ SELECT count(*) FROM pg_proc WHERE probin LIKE '%/users' $$, 'CREATE EXTENSION users SCHEMA public'),
          'done | 8 | 0 | 0 | done', 'DROP EXTENSION leaves the roles and nothing else, and it can be installed again');

-- Whatever is there already under a name of ours, and whoever made it, stops the
-- script: nothing in it takes anything over. test/tap/008 has one of each kind. (S54)
SELECT is((SELECT string_agg(line, E'\n') FROM pg_config, pg_available_extensions a, regexp_split_to_table(pg_read_file(format('%s/extension/users--%s.sql', setting, a.default_version)), '\n') line
            WHERE pg_config.name = 'SHAREDIR' AND a.name = 'users' AND line ~* '\mor replace\M|create .*if not exists'), NULL, 'no part of the script takes over what it finds');

---- the search_path (S53)

SELECT cmp_ok(users.prepare_statements(), '>', 50, 'all statements of the library can be prepared');

\ir ../lib/hostile.sql
CREATE ROLE regress_users_30_login LOGIN NOINHERIT;
SELECT is(pg_temp.falls(), 'found along the search_path', 'a trap is laid');

SET LOCAL search_path = hostile, pg_catalog, public;
SELECT users.prepare_statements() AS prepared \gset
SELECT public.users_setup_login('regress_users_30_login', true, true) IS NULL AS set_up \gset
SELECT status, access_token, refresh_token, user_id FROM public.users_register('ann@example.org', 'ann', 'seven wet horses sing', 'Ann', 'Ash', 'de', 'TealTide') \gset registered_
SELECT user_id FROM public.users_create_user('bob@example.org', 'bob', 'Bob', 'Ash', 'seven wet horses sing', platform_role => 'admin') \gset bob_
SELECT status, access_token, refresh_token FROM public.users_login('ann', 'seven wet horses sing') \gset login_
SELECT status FROM public.users_login('ann', 'six wet horses sing') \gset wrong_
SELECT status FROM public.users_login('nobody', 'six wet horses sing') \gset nobody_
SELECT status, access_token, refresh_token FROM public.users_refresh(:'login_refresh_token') \gset refresh_
SELECT status, username FROM public.users_validate_token(:'refresh_access_token') \gset claims_
SELECT public.users_id('bob@example.org') AS found \gset
SELECT public.users_set_platform_role(:'registered_user_id', 'admin') AS promoted \gset
SELECT public.users_disable_user(:'bob_user_id') AS disabled \gset
SELECT public.users_enable_user(:'bob_user_id') AS enabled \gset
SELECT public.users_set_platform_role(:'registered_user_id', 'user') AS demoted \gset
SELECT public.users_unlock(:'registered_user_id') AS unlocked \gset
SELECT kid FROM public.users_rotate_key() \gset rotated_
SELECT kid FROM public.users_keys LIMIT 1 \gset listed_
SELECT public.users_revoke_key(:'rotated_kid') AS revoked \gset
SELECT public.users_jwks() IS NULL AS jwks \gset
SELECT name FROM public.users_health() LIMIT 1 \gset health_
SELECT public.users_options() IS NULL AS options \gset
SELECT status, access_token FROM public.users_login('ann', 'seven wet horses sing') \gset again_
SAVEPOINT identified;
SELECT public.users_authenticate(:'again_access_token') AS user_id \gset authenticated_
SELECT username FROM public.users_profile() \gset profile_
SELECT is_current AS session FROM public.users_sessions LIMIT 1 \gset seen_
SELECT status FROM public.users_confirm_password('seven wet horses sing') \gset confirmed_
SELECT public.users_logout_all(true) AS others \gset
SELECT status FROM public.users_change_password('seven wet horses sing', 'seven dry horses sing', 'seven dry horses sing') \gset changed_
SELECT status FROM public.users_delete_account('seven dry horses sing') \gset deleted_
ROLLBACK TO identified;
SELECT status FROM public.users_logout(:'refresh_refresh_token') \gset logout_
SELECT status FROM public.users_request_registration('eve@example.org') \gset asked_
SELECT data OPERATOR(pg_catalog.->>) 'token' AS token, subject FROM public.users_claim_mail() WHERE kind OPERATOR(pg_catalog.=) 'registration' \gset link_
SELECT status, access_token FROM public.users_register('eve@example.org', 'eve', 'seven wet horses sing', 'Eve', 'Elm', token => :'link_token') \gset linked_
SELECT name FROM public.users_define_site('main', 'https://example.org/{token}', NULL, NULL, NULL, NULL, 'Main') \gset site_
SELECT subject FROM public.users_define_template('reset_password', 'en', '{{product_name}}: reset', '{{link}}', '{{link}}') \gset defined_
SELECT subject FROM public.users_preview_template('reset_password', 'en') \gset preview_
SELECT status FROM public.users_request_reset('eve@example.org', 'main') \gset reset_asked_
SELECT id, data OPERATOR(pg_catalog.->>) 'token' AS token, subject FROM public.users_claim_mail() WHERE kind OPERATOR(pg_catalog.=) 'reset_password' \gset reset_
SELECT public.users_mail_failed(:'reset_id', 'no') AS not_sent, public.users_retry_mail(:'reset_id') AS again \gset
SELECT public.users_mail_sent(id) AS sent FROM public.users_claim_mail() \gset
SELECT status FROM public.users_reset_password(:'reset_token', 'seven dry horses sing', 'seven dry horses sing') \gset reset_done_
SELECT public.users_discard_mail(id) AS discarded FROM public.users_outbox WHERE kind OPERATOR(pg_catalog.=) 'password_changed' LIMIT 1 \gset
SELECT public.users_drop_template('reset_password', 'en') AS dropped \gset
SELECT url FROM public.users_issue_reset(public.users_id('eve'), false) \gset issued_
SELECT url IS NULL AS mailed FROM public.users_create_user('fay@example.org', 'fay', 'Fay', 'Fir') \gset made_
SELECT count(*) AS tasks FROM public.users_maintain() \gset
SELECT id FROM public.users_create_domain('Acme', 'acme', owner_id => :'registered_user_id') \gset domain_
SELECT name FROM public.users_update_domain(:'domain_id', 'Acme & Sons') \gset domain_
SELECT id FROM public.users_create_role(:'domain_id', 'reader', '{device:read}') \gset role_
SELECT permissions FROM public.users_update_role(:'role_id', permissions => '{device:read,device:update}') \gset role_
SELECT username FROM public.users_grant_role(:'role_id', :'bob_user_id') \gset granted_
CREATE TABLE public.device (id pg_catalog.uuid PRIMARY KEY, domain_id pg_catalog.uuid, owner pg_catalog.uuid);
SELECT pg_catalog.array_length(public.users_protect('public.device', 'device', owner_column => 'owner'), 1) OPERATOR(pg_catalog.>) 5 AS protected \gset
SELECT relation FROM public.users_define_object_type('device', '{wipe}', 'public.device') \gset type_
INSERT INTO public.device VALUES ('dddddddd-0000-0000-0000-000000000001', :'domain_id');
SELECT public.users_id('eve') AS id \gset eve_
SELECT object_type FROM public.users_grant_role(:'role_id', :'eve_id', 'device', 'dddddddd-0000-0000-0000-000000000001') \gset shared_
SELECT public.users_check(:'bob_user_id', 'device:read', object_id => 'dddddddd-0000-0000-0000-000000000001') AS checked \gset
SELECT pg_catalog.array_length(public.users_check_many(:'eve_id', 'device:read', '{dddddddd-0000-0000-0000-000000000001}'), 1) AS many \gset
SELECT pg_catalog.array_length(public.users_permitted_objects('device:read', :'eve_id'), 1) AS objects \gset
SELECT access_token FROM public.users_login('eve', 'seven dry horses sing') \gset eve_
SAVEPOINT roles;
SELECT public.users_authenticate(:'again_access_token') AS user_id \gset holder_
SELECT public.users_can('device:wipe', :'domain_id') AS can, public.users_can_in('device:read', :'domain_id') AS can_in, public.users_is_member(:'domain_id') AS is_member \gset
SELECT pg_catalog.array_length(public.users_permissions(:'domain_id'), 1) OPERATOR(pg_catalog.>) 20 AS permissions, pg_catalog.array_length(public.users_permitted_domains('device:read'), 1) AS domains \gset
INSERT INTO public.device (id, domain_id) VALUES ('dddddddd-0000-0000-0000-000000000002', :'domain_id');
UPDATE public.device SET owner = :'bob_user_id' WHERE id OPERATOR(pg_catalog.=) 'dddddddd-0000-0000-0000-000000000002';
SELECT count(*) AS devices FROM public.device \gset
SELECT my_roles FROM public.users_domains LIMIT 1 \gset mine_
SELECT (SELECT count(*) FROM public.users_roles) AS roles, (SELECT count(*) FROM public.users_members) AS members, (SELECT count(*) FROM public.users_role_members) AS role_members, (SELECT count(*) FROM public.users_object_types) AS types \gset seen_
SELECT public.users_authenticate(:'eve_access_token') AS user_id \gset guest_
SELECT (SELECT count(*) FROM public.device) AS devices, public.users_can_on('device:update', :'domain_id', 'dddddddd-0000-0000-0000-000000000001') AS can_on \gset guest_
ROLLBACK TO roles;
SELECT ok FROM public.users_health() WHERE name OPERATOR(pg_catalog.=) 'protected_tables' \gset health_
SELECT public.users_forget_object('device', 'dddddddd-0000-0000-0000-000000000001') AS forgotten, public.users_revoke_role(:'role_id', :'bob_user_id') AS taken, public.users_remove_member(:'domain_id', :'bob_user_id') AS removed \gset
SELECT public.users_delete_role(:'role_id') AS role, public.users_unprotect('public.device') AS table \gset ended_
SELECT (public.users_set_domain_status(:'domain_id', 'disabled')).status AS disabled, public.users_delete_domain(:'domain_id') AS deleted, (public.users_restore_domain(:'domain_id')).status AS restored \gset domain_
SELECT access_token FROM public.users_login('ann', 'seven wet horses sing') \gset late_
SET LOCAL users.mail_kinds_off = '';
SELECT status FROM public.users_login('ann', 'seven wet horses sing', 'phone') \gset phone_
SAVEPOINT verifying;
SELECT public.users_authenticate(:'late_access_token') AS user_id \gset late_
SELECT status FROM public.users_request_verification() \gset verification_
SELECT status FROM public.users_change_email('seven wet horses sing', 'ann2@example.org') \gset change_
RESET ROLE;
SELECT data OPERATOR(pg_catalog.->>) 'token' AS token FROM public.users_claim_mail() WHERE recipient OPERATOR(pg_catalog.=) 'ann2@example.org' \gset new_
SELECT status FROM public.users_verify_email(:'new_token', 'seven wet horses sing') \gset verified_
SELECT public.users_cancel_email_change() AS cancelled \gset
ROLLBACK TO verifying;
SELECT public.users_renew_root_key() AS renewed \gset
SET LOCAL search_path = public;

SELECT is((SELECT last_value FROM hostile.ran), 1::bigint, 'nothing of it has run since');
SELECT is(:'prepared'::integer, users.prepare_statements(), 'they can with another''s functions, operators, types and tables first in the search_path');
SELECT is(:'set_up'::text, 'f', 'so can a login');
SELECT is(:'registered_status'::text, 'ok', 'and people sign up');
SELECT is(:'bob_user_id', users_id('bob')::text, 'are made');
SELECT is(:'login_status'::text, 'ok', 'sign in');
SELECT is(:'wrong_status'::text, 'invalid_credentials', 'or do not');
SELECT is(:'nobody_status'::text, 'invalid_credentials', 'when they are nobody');
SELECT is(:'refresh_status'::text, 'ok', 'refresh');
SELECT is(:'claims_status' || :'claims_username', 'okann', 'are recognised');
SELECT is(:'found'::text, :'bob_user_id', 'and found');
SELECT is(:'disabled' || :'enabled' || :'promoted' || :'demoted' || :'unlocked', 'ttttf', 'administrators work');
SELECT is(:'revoked' || :'jwks' || :'options', 'tff', 'with keys too');
SELECT is(:'health_name'::text, 'preload', 'and ask how all is');
SELECT is(:'authenticated_user_id'::text, :'registered_user_id', 'people authenticate');
SELECT is(:'profile_username' || :'seen_session', 'annt', 'see themselves');
SELECT is(concat_ws(' ', :'confirmed_status', :'changed_status', :'deleted_status', :'logout_status', :'renewed'), 'ok ok ok ok t', 'and do all that they may');
SELECT is(concat_ws(' ', :'asked_status', :'link_subject', :'linked_status'), 'accepted Users: finish signing up ok', 'mail brings people');
SELECT is(concat_ws(' ', :'site_name', :'defined_subject', :'preview_subject', :'dropped'), 'main {{product_name}}: reset Users: reset t', 'sites and templates are defined');
SELECT is(concat_ws(' ', :'reset_asked_status', :'reset_subject', :'not_sent', :'again', :'sent', :'reset_done_status', :'discarded'), 'accepted Main: reset t t t ok t', 'mails go out or do not');
SELECT matches(concat_ws(' ', :'issued_url', :'made_mailed', :'tasks'), '^http://localhost:3000/password/reset[?]token=[A-Za-z0-9_-]{86} t 10$', 'links are handed over, and what is over is removed');
SELECT is(concat_ws(' ', :'phone_status', :'verification_status', :'change_status', :'verified_status', :'cancelled'), 'ok accepted accepted ok f', 'addresses change');
SELECT is(concat_ws(' ', :'domain_name', :'role_permissions', :'granted_username', :'shared_object_type'), 'Acme & Sons {device:read,device:update} bob device', 'domains, roles and members are made');
SELECT is(concat_ws(' ', :'protected', :'type_relation', :'checked', :'many', :'objects', :'health_ok'), 't public.device t 1 1 t', 'tables are protected, and services ask');
SELECT is(concat_ws(' ', :'can', :'can_in', :'is_member', :'permissions', :'domains', :'devices', :'mine_my_roles'), 't t t t 1 2 {admin}', 'people ask what they hold, and see rows');
SELECT is(concat_ws(' ', :'seen_roles', :'seen_members', :'seen_role_members', :'seen_types', :'guest_devices', :'guest_can_on'), '4 2 3 3 1 t', 'views show them, and guests their one row');
SELECT is(concat_ws(' ', :'forgotten', :'taken', :'removed', :'ended_role', :'ended_table', :'domain_disabled', :'domain_deleted', :'domain_restored'), '1 t 0 t t disabled t enabled', 'and it ends');

SELECT * FROM finish();
ROLLBACK;
