-- users_import_domain, users_import_role, users_import_grant,
-- users_import_invitation: what a platform's domains were; who may, what is
-- refused, what it is worth afterwards.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
SET TimeZone = 'UTC';
BEGIN;
SELECT plan(126);
\ir ../lib/story.sql

CREATE ROLE regress_users_84_dba LOGIN IN ROLE users_dba;
SELECT user_id AS root_id FROM users_create_user('root@example.org', 'root', 'Ro', 'Ot', 'seven wet horses sing', platform_role => 'admin') \gset
SELECT access_token AS root FROM users_login('root', 'seven wet horses sing') \gset
SELECT access_token AS ann, user_id AS ann_id FROM users_register('ann@example.org', 'ann', 'seven wet horses sing', 'Ann', 'Ash') \gset
SELECT access_token AS bob, user_id AS bob_id FROM users_register('bob@example.org', 'bob', 'seven wet horses sing', 'Bob', 'Bay') \gset
\set d dddddddd-0000-4000-8000-000000000001
\set r aaaaaaaa-0000-4000-8000-000000000001
\set i cccccccc-0000-4000-8000-000000000001
\set nobody ffffffff-ffff-4fff-8fff-ffffffffffff
\set nil 00000000-0000-0000-0000-000000000000

-- Calls as text, with what differs.
CREATE FUNCTION pg_temp.domain(more text DEFAULT '', id text DEFAULT '''dddddddd-0000-4000-8000-000000000001''', name text DEFAULT '''Acme''', route text DEFAULT '''ACME-1''') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT (users_import_domain(%s, %s, %s%s)).id IS NOT NULL', id, name, route, more) $$;
CREATE FUNCTION pg_temp.role(more text DEFAULT '', id text DEFAULT '''aaaaaaaa-0000-4000-8000-000000000001''', domain text DEFAULT '''dddddddd-0000-4000-8000-000000000001''', name text DEFAULT '''reader''', permissions text DEFAULT '''{device:read}''') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT (users_import_role(%s, %s, %s, %s%s)).name', id, domain, name, permissions, more) $$;
CREATE FUNCTION pg_temp.give(who text, more text DEFAULT '', role text DEFAULT '''aaaaaaaa-0000-4000-8000-000000000001''') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT (users_import_grant(%s, %s%s)).username', role, who, more) $$;
CREATE FUNCTION pg_temp.invite(who text, more text DEFAULT '', id text DEFAULT '''cccccccc-0000-4000-8000-000000000001''', role text DEFAULT '''aaaaaaaa-0000-4000-8000-000000000001''') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT (users_import_invitation(%s, %s, %s%s)).status', id, role, who, more) $$;
CREATE TEMP TABLE person AS SELECT quote_literal(:'ann_id') AS ann, quote_literal(:'bob_id') AS bob;

---- who may

SELECT is(pg_temp.story(who, call), answer, format('%s: %s', coalesce(who, 'a superuser'), left(call, 40)))
  FROM (VALUES (NULL, NULL), ('=regress_users_84_dba', NULL), ('users_member', '42501'), ('users_admin', '42501'), (:'root', '42501'), (:'ann', '42501')) v (who, refusal),
       (VALUES (pg_temp.domain(), 'true'), (pg_temp.role(), 'US014 domain_id'), (pg_temp.give('''00000000-0000-4000-8000-000000000000'''), 'US014 role_id'), (pg_temp.invite('''eve'''), 'US014 role_id')) w (call, works),
       LATERAL (SELECT coalesce(refusal, works)) a (answer);
SELECT is(pg_temp.story(NULL, 'DO $$ BEGIN SET LOCAL transaction_read_only = on; PERFORM users_import_domain(NULL, ''Acme'', ''acme''); END $$'), '25006', 'nor where nothing can be written');

---- domains

SELECT is(pg_temp.story(NULL, format($$ SELECT to_jsonb(d) FROM users_import_domain(%L, ' Acme ', 'ACME-1', 'disabled', '{a}', '{"x": 1}', '2020-01-01', %L, '2021-01-01', %L) d $$, :'d', :'ann_id', :'bob_id'), 'SELECT to_jsonb(v) FROM users_domains v'),
          format('%1$s | %1$s', format('{"id": "%s", "name": "Acme", "tags": ["a"], "route": "ACME-1", "status": "disabled", "metadata": {"x": 1}, "my_roles": [], "created_at": "2020-01-01T00:00:00+00:00", "created_by": "%s", "updated_at": "2021-01-01T00:00:00+00:00", "updated_by": "%s", "my_permissions": []}', :'d', :'ann_id', :'bob_id')), 'everything is as it was');
SELECT is(pg_temp.story(NULL, pg_temp.domain(), 'SELECT concat_ws('' '', status, tags, metadata, created_at = updated_at, created_at > now() - interval ''1 hour'', created_by, updated_by, deleted_at) FROM users.domain', 'SELECT string_agg(name || '' '' || built_in || (created_at = (SELECT d.created_at FROM users.domain d)), '' '' ORDER BY name) FROM users.role', 'SELECT count(*) FROM users.role_assignment',
                        'SELECT string_agg(event || '' '' || outcome || domain_id || detail || nobody, '' '') FROM users.audit_event WHERE event = ''imported'''),
          'true | enabled {} {} t t | admin truetrue editor falsetrue viewer falsetrue | 0 | imported successdddddddd-0000-4000-8000-000000000001{"what": "domain"}true', 'what is left out has its default; three roles that nobody holds; one event');
SELECT is(pg_temp.story(NULL, pg_temp.domain(id => 'NULL')), 'true', 'a new id');
SELECT is(pg_temp.story(NULL, pg_temp.domain(times), 'SELECT created_at || '' '' || updated_at FROM users.domain'), 'true | ' || kept, 'times' || times)
  FROM (VALUES (', created_at => ''2020-01-01''', '2020-01-01 00:00:00+00 2020-01-01 00:00:00+00'), (', updated_at => ''2021-01-01''', '2021-01-01 00:00:00+00 2021-01-01 00:00:00+00')) v (times, kept);
SELECT is(pg_temp.story(NULL, pg_temp.domain(', status => ' || quote_nullable(status)), 'SELECT deleted_at > now() - interval ''1 hour'' FROM users.domain', 'SELECT (users_restore_domain(''dddddddd-0000-4000-8000-000000000001'')).status'), answer, 'status ' || coalesce(status, 'NULL'))
  FROM (VALUES ('enabled', 'true | NULL | enabled'), ('disabled', 'true | NULL | disabled'), ('frozen', 'true | NULL | frozen'), ('deleted', 'true | true | enabled'), ('Enabled', '22023 status | NULL | US014 domain_id'), ('', '22023 status | NULL | US014 domain_id'), (NULL, '22023 status | NULL | US014 domain_id')) v (status, answer);
SELECT is(pg_temp.story(NULL, call, 'SELECT count(*) FROM users.domain'), answer || ' | 0', answer || ': ' || left(call, 100))
  FROM (VALUES (pg_temp.domain(id => '''00000000-0000-0000-0000-000000000000'''), '22023 id'), (pg_temp.domain(name => 'NULL'), 'US005 name'), (pg_temp.domain(name => 'repeat(''x'', 101)'), 'US005 name'), (pg_temp.domain(route => 'NULL'), 'US008 route'), (pg_temp.domain(route => '''a/b'''), 'US008 route'),
               (pg_temp.domain(route => '''_a'''), 'US008 route'), (pg_temp.domain(route => 'repeat(''x'', 37)'), 'US008 route'), (pg_temp.domain(', tags => ''{NULL}'''), 'US005 tags'), (pg_temp.domain(', metadata => ''[]'''), 'US005 metadata'), (pg_temp.domain(', created_at => ''infinity'''), '22023 created_at'),
               (pg_temp.domain(', updated_at => ''infinity'''), '22023 updated_at'), (pg_temp.domain(', created_by => ''ffffffff-ffff-4fff-8fff-ffffffffffff'''), 'US014 created_by'), (pg_temp.domain(', updated_by => ''00000000-0000-0000-0000-000000000000'''), 'US014 updated_by')) v (call, answer);
SELECT is(pg_temp.story(NULL, pg_temp.domain(), second), 'true | ' || answer, answer)
  FROM (VALUES (pg_temp.domain(), '23505 id'), (pg_temp.domain(route => '''other'''), '23505 id'), (pg_temp.domain(id => 'NULL', route => '''acme-1'''), '23505 route users_domain_route_key'), (pg_temp.domain(id => 'NULL', route => '''acme-2'''), 'true')) v (second, answer);
SELECT is(pg_temp.story(NULL, format('SELECT users_delete_user(%L)', :'bob_id'), format('SELECT users_purge_user(%L)', :'bob_id'), pg_temp.domain(format(', created_by => %L', :'bob_id'))), 'true | true | true', 'who made it may be gone');
SELECT is(pg_temp.story(NULL, pg_temp.domain(), format('SELECT (users_grant_role(r.id, %L)).role_name FROM users.role r WHERE r.name = ''admin''', :'ann_id'), format('SELECT users_authenticate(%L) IS NOT NULL', :'ann'), 'SELECT concat_ws('' '', route, my_roles) FROM users_domains', 'SELECT (users_update_domain(''dddddddd-0000-4000-8000-000000000001'', ''New'')).name'),
          'true | admin | true | ACME-1 {admin} | New', 'it is a domain like any other');

---- roles

SELECT is(pg_temp.story(NULL, pg_temp.domain(), format($$ SELECT to_jsonb(r) FROM users_import_role(%L, %L, ' Reader ', '{device:read,channel:*,device:read}', '2020-01-01') r $$, :'r', :'d'), 'SELECT string_agg(detail ->> ''what'', '' '' ORDER BY detail) FROM users.audit_event WHERE event = ''imported'''),
          format('true | {"id": "%s", "name": "Reader", "built_in": false, "domain_id": "%s", "created_at": "2020-01-01T00:00:00+00:00", "created_by": null, "updated_at": "2020-01-01T00:00:00+00:00", "updated_by": null, "permissions": ["channel:*", "device:read"]} | domain role', :'r', :'d'), 'everything is as it was');
SELECT is(pg_temp.story(NULL, pg_temp.domain(), call), 'true | ' || answer, answer || ': ' || call)
  FROM (VALUES (pg_temp.role(id => 'NULL'), 'reader'), (pg_temp.role(id => '''00000000-0000-0000-0000-000000000000'''), '22023 id'), (pg_temp.role(domain => 'NULL'), 'US014 domain_id'), (pg_temp.role(domain => '''ffffffff-ffff-4fff-8fff-ffffffffffff'''), 'US014 domain_id'),
               (pg_temp.role(name => 'NULL'), 'US005 name'), (pg_temp.role(name => 'repeat(''x'', 101)'), 'US005 name'), (pg_temp.role(permissions => 'NULL'), 'US009 permissions'), (pg_temp.role(permissions => '''{device:fly}'''), 'US009 permissions'), (pg_temp.role(permissions => '''{}'''), 'reader'),
               (pg_temp.role(', ''infinity'''), '22023 created_at'), (pg_temp.role(', NULL'), 'reader')) v (call, answer);
SELECT is(pg_temp.story(NULL, pg_temp.domain(), pg_temp.role(), second), 'true | reader | ' || answer, answer)
  FROM (VALUES (pg_temp.role(), '23505 id'), (pg_temp.role(name => '''other'''), '23505 id'), (pg_temp.role(id => 'NULL'), '23505 name users_role_name_key'), (pg_temp.role(id => 'NULL', name => '''READER'''), '23505 name users_role_name_key')) v (second, answer);
SELECT is(pg_temp.story(NULL, pg_temp.domain(', status => ' || quote_literal(status)), pg_temp.role()), 'true | reader', 'in a domain that is ' || status) FROM unnest('{disabled,frozen,deleted}'::text[]) status;
-- The roles that a domain begins with give way while they are as they were.
SELECT is(pg_temp.story(NULL, pg_temp.domain(), pg_temp.role(name => '''Editor'''), 'SELECT string_agg(name || cardinality(permissions), '' '' ORDER BY lower(name)) FROM users.role', pg_temp.role(id => 'NULL', name => '''editor''')), 'true | Editor | admin0 Editor1 viewer4 | 23505 name users_role_name_key', 'editor of theirs instead of ours, once');
SELECT is(pg_temp.story(NULL, pg_temp.domain(), before, pg_temp.role(name => '''viewer''')), 'true | ' || answer, what)
  FROM (VALUES ('SELECT (users_update_role((SELECT id FROM users.role WHERE name = ''viewer''), permissions => ''{device:read}'')).name', 'viewer | 23505 name users_role_name_key', 'not one that was changed'),
               (format('SELECT (users_grant_role((SELECT id FROM users.role WHERE name = ''viewer''), %L)).username', :'ann_id'), 'ann | 23505 name users_role_name_key', 'nor one that is held'),
               ('SELECT (users_invite((SELECT id FROM users.role WHERE name = ''viewer''), ''eve'')).status', 'ok | 23505 name users_role_name_key', 'nor one that somebody is invited to')) v (before, answer, what);
SELECT is(pg_temp.story(NULL, pg_temp.domain(), pg_temp.role(name => '''Admin''', permissions => 'NULL'), 'SELECT string_agg(id || name || built_in, '' '') FROM users.role WHERE built_in', pg_temp.give(ann), pg_temp.role(id => 'NULL', name => '''admin''', permissions => 'NULL')),
          'true | admin | aaaaaaaa-0000-4000-8000-000000000001admintrue | ann | 23505 name users_role_name_key', 'admin gets their id, until it is held') FROM person;
SELECT is(pg_temp.story(NULL, pg_temp.domain(), pg_temp.role(name => '''Admin''', permissions => permissions), 'SELECT count(*) FROM users.role WHERE built_in'), 'true | 23505 name users_role_name_key | 1', 'admin holds everything: nobody says what') FROM unnest(ARRAY['''{}''', '''{device:read}''']) permissions;

---- grants

SELECT is(pg_temp.story(NULL, pg_temp.domain(), pg_temp.role(), format($$ SELECT to_jsonb(g) FROM users_import_grant(%L, %L, granted_at => '2020-01-01', granted_by => %L) g $$, :'r', :'ann_id', :'bob_id'),
                        'SELECT string_agg(e.detail::text || '' '' || p.username || '' '' || coalesce(e.object_type, ''-''), '''') FROM users.audit_event e JOIN users.person p USING (user_id) WHERE e.event = ''imported''', format('SELECT users_check(%L, ''device:read'', %L)', :'ann_id', :'d'), format('SELECT users_check(%L, ''device:update'', %L)', :'ann_id', :'d')),
          format('true | reader | {"role_id": "%s", "user_id": "%s", "username": "ann", "domain_id": "%s", "last_name": "Ash", "object_id": null, "role_name": "reader", "first_name": "Ann", "granted_at": "2020-01-01T00:00:00+00:00", "granted_by": "%s", "object_type": null} | {"what": "grant"} ann - | true | false', :'r', :'ann_id', :'d', :'bob_id'), 'on a whole domain');
SELECT is(pg_temp.story(NULL, pg_temp.domain(), pg_temp.role(), pg_temp.give(ann, ', ''device'', ''eeeeeeee-0000-4000-8000-000000000001'', ''2020-01-01'''), 'SELECT object_type || object_id || granted_at FROM users.role_assignment', 'SELECT e.object_type || e.object_id FROM users.audit_event e WHERE e.event = ''imported'' AND object_id IS NOT NULL'),
          'true | reader | ann | deviceeeeeeeee-0000-4000-8000-0000000000012020-01-01 00:00:00+00 | deviceeeeeeeee-0000-4000-8000-000000000001', 'on one object') FROM person;
SELECT is(pg_temp.story(NULL, pg_temp.domain(), pg_temp.role(), pg_temp.give(ann, ', granted_at => ''2020-01-01'''), pg_temp.give(ann, ', granted_at => ''2021-01-01'''), 'SELECT string_agg(granted_at::text, '' '') FROM users.role_assignment', 'SELECT count(*) FROM users.audit_event WHERE event = ''imported'' AND NOT nobody'),
          'true | reader | ann | ann | 2020-01-01 00:00:00+00 | 1', 'twice is once') FROM person;
SELECT is(pg_temp.story(NULL, pg_temp.domain(), pg_temp.role(), pg_temp.give(who, more, role)), 'true | reader | ' || answer, answer || ': ' || who || more)
  FROM person, LATERAL (VALUES ('NULL', '', '''aaaaaaaa-0000-4000-8000-000000000001''', 'US014 user_id'), ('''ffffffff-ffff-4fff-8fff-ffffffffffff''', '', '''aaaaaaaa-0000-4000-8000-000000000001''', 'US014 user_id'), (ann, '', 'NULL', 'US014 role_id'),
               (ann, '', '''ffffffff-ffff-4fff-8fff-ffffffffffff''', 'US014 role_id'), (ann, ', ''device''', '''aaaaaaaa-0000-4000-8000-000000000001''', '22023 object_id'), (ann, ', NULL, ''eeeeeeee-0000-4000-8000-000000000001''', '''aaaaaaaa-0000-4000-8000-000000000001''', '22023 object_type'),
               (ann, ', ''device'', ''00000000-0000-0000-0000-000000000000''', '''aaaaaaaa-0000-4000-8000-000000000001''', '22023 object_id'), (ann, ', ''plane'', ''eeeeeeee-0000-4000-8000-000000000001''', '''aaaaaaaa-0000-4000-8000-000000000001''', 'US009 object_type'),
               (ann, ', ''domain'', ''eeeeeeee-0000-4000-8000-000000000001''', '''aaaaaaaa-0000-4000-8000-000000000001''', 'US009 object_type'), (ann, ', granted_at => ''infinity''', '''aaaaaaaa-0000-4000-8000-000000000001''', '22023 granted_at'),
               (ann, ', granted_by => ''ffffffff-ffff-4fff-8fff-ffffffffffff''', '''aaaaaaaa-0000-4000-8000-000000000001''', 'US014 granted_by')) v (who, more, role, answer);
SELECT is(pg_temp.story(NULL, pg_temp.domain(format(', status => %L', status)), pg_temp.role(), pg_temp.give(ann)), 'true | reader | ann', 'in a domain that is ' || status) FROM person, unnest('{disabled,frozen,deleted}'::text[]) status;
SELECT is(pg_temp.story(NULL, pg_temp.domain(), pg_temp.role(), format('SELECT users_%s_user(%L)', deed, :'bob_id'), pg_temp.give(bob)), 'true | reader | true | bob', 'to who is ' || deed || 'd') FROM person, unnest('{disable,delete}'::text[]) deed;
-- Where a type has its table, the object lies in it, in this domain.
CREATE TABLE public.regress_users_84 (id uuid PRIMARY KEY, domain_id uuid);
SELECT users_protect('public.regress_users_84', 'device') IS NULL AS ignored \gset
SELECT is(pg_temp.story(NULL, 'SELECT (users_define_object_type(''device'', relation => ''public.regress_users_84'')).object_type', pg_temp.domain(), pg_temp.domain(id => 'NULL', route => '''other'''), pg_temp.role(),
                        format('INSERT INTO public.regress_users_84 SELECT ''eeeeeeee-0000-4000-8000-000000000001'', id FROM users.domain WHERE route = %L', route), pg_temp.give(ann, ', ''device'', ' || quote_literal(object))), 'device | true | true | reader | done | ' || answer, 'with a table: ' || answer)
  FROM person, (VALUES ('ACME-1', 'eeeeeeee-0000-4000-8000-000000000001', 'ann'), ('other', 'eeeeeeee-0000-4000-8000-000000000001', '42501'), ('ACME-1', 'eeeeeeee-0000-4000-8000-000000000002', 'US014 object_id')) v (route, object, answer);

---- invitations

SELECT is(pg_temp.story(NULL, pg_temp.domain(), pg_temp.role(), format($$ SELECT to_jsonb(i) FROM users_import_invitation(%L, %L, ' Bob@Example.org ', %L, '2020-01-01', '2099-01-01') i $$, :'i', :'r', :'ann_id'), 'SELECT to_jsonb(v) FROM users_invitations v',
                        'SELECT count(*) FROM users.mail_request', 'SELECT string_agg(detail ->> ''what'', '' '' ORDER BY detail) FROM users.audit_event WHERE event = ''imported'''),
          format('true | reader | %1$s | %1$s | 0 | domain invitation role', format('{"id": "%s", "status": "pending", "invitee": "Bob@Example.org", "role_id": "%s", "direction": "sent", "domain_id": "%s", "role_name": "reader", "created_at": "2020-01-01T00:00:00+00:00", "expires_at": "2099-01-01T00:00:00+00:00", "invitee_id": null, "inviter_id": "%s", "answered_at": null, "domain_name": "Acme", "domain_route": "ACME-1", "inviter_name": "Ann Ash"}', :'i', :'r', :'d', :'ann_id')),
          'everything is as it was, and no mail goes out');
SELECT is(pg_temp.story(NULL, pg_temp.domain(), pg_temp.role(), pg_temp.invite('''bob'''), 'SELECT round(extract(epoch FROM expires_at - created_at)) FROM users.invitation'), 'true | reader | pending | 604800', 'by username, with seven days from now');
SELECT is(pg_temp.story(NULL, pg_temp.domain(), pg_temp.role(), pg_temp.invite('''bob''', ', ' || ann), format('SELECT users_authenticate(%L) IS NOT NULL', :'bob'), 'SELECT concat_ws('' '', direction, status, inviter_name) FROM users_invitations', 'SELECT (users_accept_invitation(''cccccccc-0000-4000-8000-000000000001'')).status'),
          'true | reader | pending | true | received pending Ann Ash | invalid_token', 'whoever invited must hold what the role gives') FROM person;
SELECT is(pg_temp.story(NULL, pg_temp.domain(), pg_temp.role(), 'SELECT (users_grant_role((SELECT id FROM users.role WHERE built_in), ' || ann || ')).username', pg_temp.invite('''bob''', ', ' || ann), format('SELECT users_authenticate(%L) IS NOT NULL', :'bob'), 'SELECT (users_accept_invitation(''cccccccc-0000-4000-8000-000000000001'')).status', 'SELECT my_roles FROM users_domains'),
          'true | reader | ann | pending | true | ok | {reader}', 'and it is accepted like any other') FROM person;
SELECT is(pg_temp.story(NULL, pg_temp.domain(), pg_temp.role(), pg_temp.invite('''bob''', more)), 'true | reader | ' || answer, more || ': ' || answer)
  FROM (VALUES (', expires_at => ''2020-01-01''', 'expired'), (', created_at => ''infinity''', '22023 created_at'), (', expires_at => ''infinity''', '22023 expires_at'), (', inviter_id => ''ffffffff-ffff-4fff-8fff-ffffffffffff''', 'US014 inviter_id'), (', NULL, NULL, NULL', 'pending')) v (more, answer);
SELECT is(pg_temp.story(NULL, pg_temp.domain(), pg_temp.role(), pg_temp.invite(who, '', id, role)), 'true | reader | ' || answer, answer || ': ' || who)
  FROM (VALUES ('NULL', 'NULL', '''aaaaaaaa-0000-4000-8000-000000000001''', 'US002 invitee'), ('''''', 'NULL', '''aaaaaaaa-0000-4000-8000-000000000001''', 'US002 invitee'), ('''@''', 'NULL', '''aaaaaaaa-0000-4000-8000-000000000001''', 'US001 invitee'), ('''.x''', 'NULL', '''aaaaaaaa-0000-4000-8000-000000000001''', 'US002 invitee'),
               ('''eve''', 'NULL', 'NULL', 'US014 role_id'), ('''eve''', 'NULL', '''ffffffff-ffff-4fff-8fff-ffffffffffff''', 'US014 role_id'), ('''eve''', '''00000000-0000-0000-0000-000000000000''', '''aaaaaaaa-0000-4000-8000-000000000001''', '22023 id'), ('''eve''', 'NULL', '''aaaaaaaa-0000-4000-8000-000000000001''', 'pending'), ('''eve@example.org''', 'NULL', '''aaaaaaaa-0000-4000-8000-000000000001''', 'pending')) v (who, id, role, answer);
SELECT is(pg_temp.story(NULL, pg_temp.domain(), pg_temp.role(), pg_temp.invite('''bob'''), second), 'true | reader | pending | ' || answer, answer)
  FROM (VALUES (pg_temp.invite('''eve'''), '23505 id'), (pg_temp.invite('''BOB''', id => 'NULL'), '23505 invitee'), (pg_temp.invite('''eve''', id => 'NULL'), 'pending')) v (second, answer);
SELECT is(pg_temp.story(NULL, pg_temp.domain(), pg_temp.role(), pg_temp.give(bob), pg_temp.invite('''bob'''), pg_temp.invite('''bob@example.org''')), 'true | reader | bob | 23505 invitee | pending', 'who holds the role, by username; by address nothing is told') FROM person;

SELECT * FROM finish();
ROLLBACK;
