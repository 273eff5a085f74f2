-- Roles of domains: made, changed, deleted; granted and revoked, on the whole
-- domain and on one object; nobody gives or takes what they do not hold.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
BEGIN;
SELECT plan(194);
\ir ../lib/story.sql

\set password '''seven wet horses sing'''
SELECT user_id AS root_id FROM users_create_user('root@example.org', 'root', 'Ro', 'Ot', :password, platform_role => 'admin') \gset
SELECT user_id AS ann_id FROM users_create_user('ann@example.org', 'ann', 'Ann', 'Ash', :password) \gset
SELECT user_id AS ben_id FROM users_create_user('ben@example.org', 'ben', 'Ben', 'Bay', :password) \gset
SELECT user_id AS cat_id FROM users_create_user('cat@example.org', 'cat', 'Cat', 'Cox', :password) \gset
SELECT user_id AS dan_id FROM users_create_user('dan@example.org', 'dan', 'Dan', 'Day', :password) \gset
SELECT access_token AS root FROM users_login('root', :password) \gset
SELECT access_token AS ann FROM users_login('ann', :password) \gset
SELECT access_token AS ben FROM users_login('ben', :password) \gset
SELECT access_token AS cat FROM users_login('cat', :password) \gset
\set nobody '''01234567-89ab-7def-8123-456789abcdef'''
\set thing '''11111111-89ab-7def-8123-456789abcdef'''
\set thing2 '''22222222-89ab-7def-8123-456789abcdef'''

SELECT id AS acme FROM users_create_domain('Acme', 'acme', owner_id => :'ann_id') \gset
SELECT id AS other FROM users_create_domain('Other', 'other', owner_id => :'cat_id') \gset
SELECT id AS admin FROM users.role WHERE domain_id = :'acme' AND name = 'admin' \gset
SELECT id AS editor FROM users.role WHERE domain_id = :'acme' AND name = 'editor' \gset
SELECT id AS viewer FROM users.role WHERE domain_id = :'acme' AND name = 'viewer' \gset
SELECT id AS other_viewer FROM users.role WHERE domain_id = :'other' AND name = 'viewer' \gset
SELECT users_grant_role(:'viewer', :'ben_id') IS NULL AS ignored \gset

CREATE FUNCTION pg_temp.as_(token text) RETURNS text LANGUAGE sql AS $$ SELECT format('SELECT users_authenticate(%L) IS NULL', token) $$;
-- A role of Acme, made by a DBA, and given to ben: on the whole domain, or on a thing.
CREATE FUNCTION pg_temp.gets(words text, type text DEFAULT NULL, thing text DEFAULT NULL, who text DEFAULT 'ben') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT count(users_grant_role(r.id, p.user_id, %L, %L)) FROM users_create_role((SELECT id FROM users.domain WHERE route = ''acme''), %L, %L) r, users.person p WHERE p.username = %L', type, thing, 'of ' || who || coalesce(thing, ''), words, who) $$;
CREATE FUNCTION pg_temp.role(words text, name text DEFAULT 'new') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT permissions FROM users_create_role(%L, %L, %L)', d.id, role.name, words) FROM users.domain d WHERE route = 'acme' $$;
CREATE FUNCTION pg_temp.grants(role text, who text, type text DEFAULT NULL, thing text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT user_id = %L FROM users_grant_role(%L, %L, %L, %L)', who, role, who, type, thing) $$;
CREATE FUNCTION pg_temp.revokes(role text, who text, type text DEFAULT NULL, thing text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT users_revoke_role(%L, %L, %L, %L)', role, who, type, thing) $$;
CREATE FUNCTION pg_temp.returns(call text, view text, key text) RETURNS text[] LANGUAGE sql AS
$$ SELECT ARRAY['CREATE TEMP TABLE got AS SELECT * FROM ' || call,
                format('SELECT g::text = v::text FROM got g, %s v WHERE (%s)', view, key)] $$;

---- making a role

SELECT is(pg_temp.story(:'ann', pg_temp.role('{device:read,channel:read,device:read,domain:*}')), '{channel:read,device:read,domain:*}', 'its words are sorted, each once');
SELECT is(pg_temp.story(:'ann', VARIADIC pg_temp.returns(format('users_create_role(%L, '' New '', ''{device:read}'')', :'acme'), 'users_roles', 'v.id = g.id') ||
          format('SELECT concat_ws('' '', name, built_in, created_by = %L, updated_by = created_by, created_at = updated_at, domain_id = %L) FROM got', :'ann_id', :'acme')), 'done | true | New f t t t t', 'its row is returned');
SELECT is(pg_temp.story(:'ann', pg_temp.role(words)), answer, format('%s: %s', words, answer))
  FROM (VALUES ('{}', '{}'), ('{device:*}', '{device:*}'), ('{device:fly}', 'US009 permissions'), ('{gadget:read}', 'US009 permissions'), ('{gadget:*}', 'US009 permissions'), ('{*}', 'US009 permissions'), ('{*:*}', 'US009 permissions'), ('{device}', 'US009 permissions'), ('{device:}', 'US009 permissions'),
               ('{"device: read"}', 'US009 permissions'), ('{Device:read}', 'US009 permissions'), ('{NULL}', 'US009 permissions'), ('{""}', 'US009 permissions'), (NULL, 'US009 permissions')) v (words, answer);
SELECT is(pg_temp.story(:'ann', pg_temp.role('{}', 'Crew'), pg_temp.role('{}', name)), '{} | ' || answer, format('after Crew %s: %s', quote_nullable(left(name, 10)), answer))
  FROM (VALUES ('crew', '23505 name users_role_name_key'), (' CREW ', '23505 name users_role_name_key'), ('Admin', '23505 name users_role_name_key'), ('viewer', '23505 name users_role_name_key'), ('crew2', '{}'), ('', 'US005 name'), (repeat('x', 101), 'US005 name'), (NULL, 'US005 name')) v (name, answer);
SELECT is(pg_temp.story(:'cat', format('SELECT name FROM users_create_role(%L, ''new'', ''{}'')', :'other')), 'new', 'another domain may have the same name');
SELECT is(pg_temp.story(who, format('SELECT name FROM users_create_role(%L, ''new'', ''{device:read}'')', id)), answer, answer)
  FROM (VALUES (NULL, :'acme', 'new'), (:'root', :'acme', 'new'), (:'ann', :'acme', 'new'), (:'ben', :'acme', '42501'), (:'ann', :'other', '42501'), (:'ann', :nobody, '42501'), (:'ann', NULL, '42501'), (:'root', :nobody, 'US014 domain_id'), (NULL, NULL, 'US014 domain_id'), ('users_anon', :'acme', '42501'), ('users_member', :'acme', '28000'), ('users_service', :'acme', '42501')) v (who, id, answer);
SELECT is(pg_temp.story(NULL, pg_temp.gets(held), pg_temp.as_(:'ben'), pg_temp.role(words)), '1 | false | ' || answer, format('%s gives %s: %s', held, words, answer))
  FROM (VALUES ('{domain:manage_roles}', '{}', '{}'), ('{domain:manage_roles}', '{device:read,channel:subscribe}', '{channel:subscribe,device:read}'), ('{domain:manage_roles}', '{device:update}', '42501'), ('{domain:manage_roles}', '{device:read,device:update}', '42501'), ('{domain:manage_roles}', '{domain:manage_roles}', '{domain:manage_roles}'),
               ('{domain:manage_roles}', '{domain:manage_members}', '42501'), ('{domain:manage_roles,device:*}', '{device:*}', '{device:*}'), ('{domain:manage_roles,device:*}', '{device:update}', '{device:update}'),
               ('{domain:manage_roles,device:create,device:read,device:update,device:delete,device:connect,device:manage_roles}', '{device:*}', '42501'), ('{domain:*}', '{domain:*}', '{domain:*}'), ('{domain:*}', '{device:*}', '42501'),
               ('{domain:manage_members,domain:update,device:manage_roles}', '{}', '42501'), ('{device:read}', '{}', '42501')) v (held, words, answer);
SELECT is(pg_temp.story(NULL, pg_temp.gets('{domain:manage_roles,device:*}', 'device', :thing), pg_temp.as_(:'ben'), pg_temp.role('{}')), '1 | false | 42501', 'what is held on an object is not held on the domain');

---- changing a role

SELECT is(pg_temp.story(:'ann', format('SELECT concat_ws('' '', name, permissions, updated_by = %L) FROM users_update_role(%L%s)', :'ann_id', :'viewer', more)), answer, 'updated' || more)
  FROM (VALUES ('', 'viewer {channel:read,channel:subscribe,device:read,domain:read}'), (', '' Seer ''', 'Seer {channel:read,channel:subscribe,device:read,domain:read} t'), (', permissions => ''{device:read}''', 'viewer {device:read} t'), (', ''VIEWER'', ''{}''', 'VIEWER {} t'),
               (', ''editor''', '23505 name users_role_name_key'), (', ''ADMIN''', '23505 name users_role_name_key'), (', ''''', 'US005 name'), (', permissions => ''{device:fly}''', 'US009 permissions'), (', permissions => ''{NULL}''', 'US009 permissions')) v (more, answer);
SELECT is(pg_temp.story(:'ann', VARIADIC pg_temp.returns(format('users_update_role(%L, ''Seer'')', :'viewer'), 'users_roles', 'v.id = g.id')), 'done | true', 'its row is returned');
SELECT is(pg_temp.story(:'ann', format('SELECT name FROM users_update_role(%L, ''Seer'', ''{device:read}'')', :'viewer'), pg_temp.as_(:'ben'), 'SELECT concat_ws('' '', my_roles, my_permissions) FROM users_domains'), 'Seer | false | {Seer} {device:read}', 'it changes for all who hold it');
SELECT is(pg_temp.story(who, format('SELECT name FROM users_update_role(%L, ''New'')', id), format('SELECT name FROM users_update_role(%L)', id), format('SELECT users_delete_role(%L)', id)), answer, what)
  FROM (VALUES (NULL, :'viewer', 'New | New | true', 'a DBA'), (:'root', :'viewer', 'New | New | true', 'an administrator'), (:'ann', :'viewer', 'New | New | true', 'the admin'), (:'ben', :'viewer', '42501 | 42501 | 42501', 'who holds it'), (:'ann', :'other_viewer', '42501 | 42501 | 42501', 'of another domain'),
               (:'ann', :nobody, '42501 | 42501 | 42501', 'not there'), (:'ann', NULL, '42501 | 42501 | 42501', 'NULL'), (:'root', :nobody, 'US014 role_id | US014 role_id | US014 role_id', 'not there, an administrator'), (NULL, NULL, 'US014 role_id | US014 role_id | US014 role_id', 'NULL, a DBA'),
               ('users_anon', :'viewer', '42501 | 42501 | 42501', 'no right'), ('users_member', :'viewer', '28000 | 28000 | 28000', 'no identity'),
               (:'ann', :'admin', 'US011 role_id | US011 role_id | US011 role_id', 'admin stays'), (:'root', :'admin', 'US011 role_id | US011 role_id | US011 role_id', 'for administrators too'), (NULL, :'admin', 'US011 role_id | US011 role_id | US011 role_id', 'and DBAs'), (:'ben', :'admin', '42501 | 42501 | 42501', 'who may not hears no more')) v (who, id, answer, what);
SELECT is(pg_temp.story(NULL, pg_temp.gets(held), format('SELECT permissions FROM users_update_role(%L, permissions => %L)', :'editor', before), pg_temp.as_(:'ben'), format('SELECT permissions FROM users_update_role(%L, permissions => %L)', :'editor', words), format('SELECT users_delete_role(%L)', :'editor')), concat_ws(' | ', '1', before, 'false', answer), format('%s: %s to %s: %s', held, before, words, answer))
  FROM (VALUES ('{domain:manage_roles}', '{device:update}', '{device:update}', '{device:update} | 42501'), ('{domain:manage_roles}', '{device:update}', '{device:read,device:update}', '{device:read,device:update} | 42501'), ('{domain:manage_roles}', '{device:update}', '{}', '42501 | 42501'), ('{domain:manage_roles}', '{device:read}', '{device:update}', '42501 | true'),
               ('{domain:manage_roles}', '{device:read}', '{}', '{} | true'), ('{domain:manage_roles}', '{device:*}', '{device:read}', '42501 | 42501'), ('{domain:manage_roles}', '{device:read}', '{device:*}', '42501 | true'), ('{domain:manage_roles,device:*}', '{device:*}', '{device:update}', '{device:update} | true'), ('{domain:manage_members,device:*}', '{device:read}', '{}', '42501 | 42501')) v (held, before, words, answer);

---- deleting a role

SELECT is(pg_temp.story(:'ann', pg_temp.grants(:'viewer', :'cat_id', 'device', :thing), format('SELECT users_delete_role(%L)', :'viewer'), format('SELECT users_delete_role(%L)', :'viewer'), 'SELECT string_agg(name, '','' ORDER BY name) FROM users_roles', 'SELECT string_agg(username, '','') FROM users_role_members', pg_temp.as_(:'ben'), 'SELECT count(*) FROM users_domains'),
          'true | true | 42501 | admin,editor | ann | false | 0', 'it is taken from all who hold it');
SELECT is(pg_temp.story(NULL, format('SELECT count(*) FROM users.invitation'), format('INSERT INTO users.invitation (id, domain_id, role_id, inviter_id, invitee, invitee_key, by_email, status, created_at, expires_at) VALUES (%L, %L, %L, %L, ''x@example.org'', ''x@example.org'', true, ''pending'', now(), now())', :nobody, :'acme', :'viewer', :'ann_id'), pg_temp.as_(:'ann'), format('SELECT users_delete_role(%L)', :'viewer'), 'RESET ROLE', 'SELECT count(*) FROM users.invitation'), '0 | done | false | true | done | 0', 'and so are invitations to it');

---- granting

SELECT is(pg_temp.story(:'ann', VARIADIC pg_temp.returns(format('users_grant_role(%L, %L)', :'editor', :'ben_id'), 'users_role_members', 'v.role_id = g.role_id AND v.user_id = g.user_id') || format('SELECT concat_ws('' '', role_name, username, first_name, last_name, object_type IS NULL AND object_id IS NULL, granted_by = %L, domain_id = %L) FROM got', :'ann_id', :'acme')),
          'done | true | editor ben Ben Bay t t t', 'its row is returned');
SELECT is(pg_temp.story(:'ann', VARIADIC pg_temp.returns(format('users_grant_role(%L, %L, ''device'', %L)', :'editor', :'cat_id', :thing), 'users_role_members', 'v.role_id = g.role_id AND v.user_id = g.user_id') || format('SELECT concat_ws('' '', role_name, username, object_type, object_id = %L) FROM got', :thing)),
          'done | true | editor cat device t', 'of a grant on an object, too');
SELECT is(pg_temp.story(:'ann', pg_temp.grants(:'editor', :'ben_id'), 'SELECT granted_at FROM users_role_members WHERE role_name = ''editor''', pg_temp.grants(:'editor', :'ben_id'), 'SELECT count(*) FROM users_role_members', 'SELECT roles FROM users_members WHERE username = ''ben''', pg_temp.as_(:'ben'), 'SELECT my_roles FROM users_domains')
          LIKE 'true | % | true | 3 | {editor,viewer} | false | {editor,viewer}', true, 'who has it keeps it');
SELECT is(pg_temp.story(who, pg_temp.grants(role, person)), answer, what)
  FROM (VALUES (NULL, :'viewer', :'cat_id', 'true', 'a DBA to anybody'), (:'root', :'viewer', :'cat_id', 'true', 'an administrator to anybody'), (:'ann', :'editor', :'ben_id', 'true', 'the admin to a member'), (:'ann', :'admin', :'ben_id', 'true', 'even admin'),
               (:'ann', :'viewer', :'cat_id', '42501', 'but not to others'), (:'ann', :'viewer', :nobody, '42501', 'nor to who is not there'), (:'ann', :'viewer', NULL, '42501', 'nor to NULL'), (:'root', :'viewer', :nobody, 'US014 user_id', 'an administrator hears so'), (NULL, :'viewer', NULL, 'US014 user_id', 'as of NULL'),
               (:'ben', :'viewer', :'ann_id', '42501', 'a viewer to nobody'), (:'ben', :'admin', :'ben_id', '42501', 'not to himself'), (:'ann', :'other_viewer', :'ben_id', '42501', 'no role of another domain'), (:'ann', :nobody, :'ben_id', '42501', 'none that is not there'), (:'ann', NULL, :'ben_id', '42501', 'nor NULL'),
               (:'root', :nobody, :'ben_id', 'US014 role_id', 'an administrator hears so'), ('users_anon', :'viewer', :'ben_id', '42501', 'no right'), ('users_member', :'viewer', :'ben_id', '28000', 'no identity'), ('users_service', :'viewer', :'ben_id', '42501', 'a service')) v (who, role, person, answer, what);
SELECT is(pg_temp.story(:'ann', '!' || pg_temp.grants(:'viewer', :'cat_id')), pg_temp.story(:'ann', '!' || pg_temp.grants(:'viewer', :nobody)), 'who is not a member sounds like who is not there');
SELECT is(pg_temp.story(NULL, format('SELECT users_disable_user(%L)', :'ben_id'), pg_temp.grants(:'editor', :'ben_id'), pg_temp.as_(:'ann'), pg_temp.grants(:'editor', :'ben_id'), pg_temp.grants(:'editor', :'ben_id', 'device', :thing), pg_temp.revokes(:'viewer', :'ben_id')), 'true | US011 user_id | false | 42501 | 42501 | true', 'who is disabled gets none, but loses some');
SELECT is(pg_temp.story(NULL, pg_temp.gets(held), pg_temp.gets(words, who => 'ann'), format('SELECT id FROM users.role WHERE name = ''of ann'' AND set_config(''pgtap.role'', id::text, true) IS NOT NULL'), pg_temp.as_(:'ben'),
                        format('SELECT users_grant_role(current_setting(''pgtap.role'')::uuid, %L) IS NULL', :'ben_id'), format('SELECT users_revoke_role(current_setting(''pgtap.role'')::uuid, %L)', :'ann_id')) LIKE '1 | 1 | % | false | ' || answer, true, format('%s and a role %s: %s', held, words, answer))
  FROM (VALUES ('{domain:manage_members}', '{device:read}', 'false | true'), ('{domain:manage_members}', '{}', 'false | true'), ('{domain:manage_members}', '{device:update}', '42501 | 42501'), ('{domain:manage_members}', '{device:*}', '42501 | 42501'), ('{domain:manage_members,device:*}', '{device:*,device:update}', 'false | true'),
               ('{domain:manage_members}', '{domain:manage_members}', 'false | true'), ('{domain:manage_members}', '{domain:manage_roles}', '42501 | 42501'), ('{domain:manage_roles,domain:update}', '{}', '42501 | 42501'), ('{device:manage_roles,device:read}', '{device:read}', '42501 | 42501')) v (held, words, answer);
SELECT is(pg_temp.story(NULL, pg_temp.gets('{domain:*,device:*,channel:*}'), pg_temp.as_(:'ben'), pg_temp.grants(:'admin', :'ben_id'), pg_temp.revokes(:'admin', :'ann_id'), pg_temp.grants(:'editor', :'ann_id')), '1 | false | 42501 | 42501 | true', 'admin is more than every word of every type that there is now');
SELECT is(pg_temp.story(NULL, pg_temp.gets('{domain:*,device:*}'), pg_temp.as_(:'ben'), pg_temp.grants(:'admin', :'ben_id'), pg_temp.revokes(:'admin', :'ann_id'), pg_temp.grants(:'editor', :'ben_id')), '1 | false | 42501 | 42501 | 42501', 'who lacks a type does not');

---- on one object

SELECT is(pg_temp.story(:'ann', pg_temp.grants(:'viewer', :'cat_id', type, thing)), answer, format('%s %s: %s', type, thing, answer))
  FROM (VALUES ('device', :thing, 'true'), ('channel', :thing, 'true'), ('gadget', :thing, 'US009 object_type'), ('', :thing, 'US009 object_type'), ('Device', :thing, 'US009 object_type'), ('domain', :thing, 'US009 object_type'), ('domain', :'acme', 'US009 object_type'), (repeat('x', 1000), :thing, 'US009 object_type'),
               ('device', NULL, '22023 object_id'), (NULL, :thing, '22023 object_type'), ('device', '00000000-0000-0000-0000-000000000000', '22023 object_id')) v (type, thing, answer);
SELECT is(pg_temp.story(:'ann', pg_temp.revokes(:'viewer', :'cat_id', type, thing)), answer, format('revoked %s %s: %s', type, thing, answer))
  FROM (VALUES ('device', :thing, 'false'), ('gadget', :thing, 'US009 object_type'), ('domain', :thing, 'US009 object_type'), ('device', NULL, '22023 object_id'), (NULL, :thing, '22023 object_type')) v (type, thing, answer);
SELECT is(pg_temp.story(who, pg_temp.grants(:'viewer', person, 'device', :thing)), answer, what)
  FROM (VALUES (NULL, :'cat_id', 'true', 'a DBA'), (:'root', :'cat_id', 'true', 'an administrator'), (:'ann', :'dan_id', 'true', 'the admin, to anybody'), (:'ann', :nobody, '42501', 'who is there'), (:'root', :nobody, 'US014 user_id', 'an administrator hears so'), (:'ben', :'cat_id', '42501', 'a viewer, to nobody'), (:'cat', :'cat_id', '42501', 'a stranger, not to himself')) v (who, person, answer, what);
SELECT is(pg_temp.story(:'ann', pg_temp.grants(:'viewer', :'cat_id', 'device', :thing), pg_temp.grants(:'viewer', :'cat_id', 'device', :thing), pg_temp.grants(:'viewer', :'cat_id', 'channel', :thing), 'SELECT count(*) FROM users_role_members', pg_temp.revokes(:'viewer', :'cat_id', 'device', :thing), pg_temp.revokes(:'viewer', :'cat_id', 'device', :thing), pg_temp.revokes(:'viewer', :'cat_id'),
                        'SELECT string_agg(username || object_type, '','') FROM users_role_members', pg_temp.grants(:'viewer', :'cat_id')), 'true | true | true | 4 | true | false | false | catchannel | 42501', 'each is by itself, and makes no member');
SELECT is(pg_temp.story(NULL, pg_temp.gets(held, 'device', :thing), pg_temp.as_(:'ben'), pg_temp.grants(:'viewer', :'cat_id', 'device', :thing), pg_temp.revokes(:'viewer', :'cat_id', 'device', :thing), pg_temp.grants(:'viewer', :'cat_id', 'device', :thing2), pg_temp.grants(:'viewer', :'cat_id', 'channel', :thing), pg_temp.grants(:'editor', :'cat_id', 'device', :thing)), '1 | false | ' || answer, format('%s on one device: %s', held, answer))
  FROM (VALUES ('{device:manage_roles,device:read}', 'true | true | 42501 | 42501 | 42501'), ('{device:*}', 'true | true | 42501 | 42501 | true')) v (held, answer);
SELECT is(pg_temp.story(NULL, pg_temp.gets('{device:read,channel:manage_roles,domain:manage_members}', 'device', :thing), pg_temp.as_(:'ben'), pg_temp.grants(:'viewer', :'cat_id', 'device', :thing), pg_temp.revokes(:'viewer', :'cat_id', 'device', :thing), pg_temp.grants(:'viewer', :'ann_id')), '1 | false | 42501 | 42501 | 42501', 'other words on a device do not count there');
SELECT is(pg_temp.story(NULL, pg_temp.gets('{device:manage_roles}'), pg_temp.as_(:'ben'), pg_temp.grants(:'viewer', :'cat_id', 'device', :thing), pg_temp.grants(:'viewer', :'cat_id', 'channel', :thing), pg_temp.grants(:'editor', :'cat_id', 'device', :thing), pg_temp.grants(:'admin', :'cat_id', 'device', :thing), pg_temp.grants(:'editor', :'ben_id')), '1 | false | true | 42501 | 42501 | 42501 | 42501', 'on the whole domain it counts for each device');
SELECT is(pg_temp.story(NULL, pg_temp.gets('{device:*}'), pg_temp.as_(:'ben'), pg_temp.grants(:'admin', :'cat_id', 'device', :thing), pg_temp.grants(:'admin', :'cat_id', 'channel', :thing)), '1 | false | true | 42501', 'admin on a device is every word of devices');

---- the last admin

SELECT is(pg_temp.story(who, pg_temp.revokes(:'admin', :'ann_id'), format('SELECT users_remove_member(%L, %L)', :'acme', :'ann_id')), 'US010 user_id | US010 user_id', 'stays') FROM (VALUES (:'ann'), (:'root'), (NULL)) v (who);
SELECT is(pg_temp.story(:'ann', format('SELECT users_remove_member(%L)', :'acme'), pg_temp.grants(:'admin', :'ben_id'), format('SELECT users_remove_member(%L)', :'acme'), pg_temp.as_(:'ben'), format('SELECT users_remove_member(%L)', :'acme'), 'SELECT string_agg(username || roles::text, '','') FROM users_members'), 'US010 user_id | true | 1 | false | US010 user_id | ben{admin,viewer}', 'until there is another');
SELECT is(pg_temp.story(:'ann', pg_temp.grants(:'admin', :'ben_id'), pg_temp.revokes(:'admin', :'ben_id'), pg_temp.revokes(:'admin', :'ben_id'), pg_temp.revokes(:'admin', :'cat_id'), pg_temp.revokes(:'admin', :'ann_id')), 'true | true | false | false | US010 user_id', 'others may go');
SELECT is(pg_temp.story(NULL, pg_temp.grants(:'admin', :'ben_id'), format('SELECT users_disable_user(%L)', :'ben_id'), pg_temp.as_(:'ann'), format('SELECT users_remove_member(%L)', :'acme'), format('SELECT users_remove_member(%L, %L)', :'acme', :'ben_id')), 'true | true | false | US010 user_id | 2', 'who is disabled is no other');
SELECT is(pg_temp.story(:'ann', pg_temp.grants(:'admin', :'ben_id', 'device', :thing), format('SELECT users_remove_member(%L)', :'acme'), format('SELECT users_remove_member(%L, %L)', :'acme', :'ben_id')), 'true | US010 user_id | 2', 'nor is admin on an object');
SELECT is(pg_temp.story(NULL, format('SELECT users_disable_user(%L)', :'ann_id')), 'true', 'administrators may disable the last one');

---- deleting one's account

SELECT is(pg_temp.story(:'ann', format('!SELECT status FROM users_delete_account(%L)', :password), pg_temp.grants(:'admin', :'ben_id'), format('SELECT status FROM users_delete_account(%L)', :password), pg_temp.as_(:'ben'), 'SELECT string_agg(username, '','') FROM users_members'),
          E'US010\nthe last administrator must stay\nDETAIL: domains: acme\nHINT: Make somebody else an administrator first. | true | ok | false | ben', 'not while a domain would be left alone');
SELECT is(pg_temp.story(NULL, 'SELECT status FROM users_create_domain(''B'', ''Abc'', owner_id => ''' || :'ann_id' || ''')', pg_temp.as_(:'ann'), format('!SELECT status FROM users_delete_account(%L)', :password)) LIKE '%DETAIL: domains: Abc, acme%', true, 'all of them are named');
SELECT is(pg_temp.story(NULL, format('SELECT status FROM users_set_domain_status(%L, %L)', :'acme', status), pg_temp.as_(:'ann'), format('SELECT status FROM users_delete_account(%L)', :password)), status || ' | false | US010', status || ': not either') FROM unnest('{disabled,frozen}'::text[]) status;
SELECT is(pg_temp.story(:'ann', format('SELECT users_delete_domain(%L)', :'acme'), format('SELECT status FROM users_delete_account(%L)', :password)), 'true | ok', 'a deleted one does not count');
SELECT is(pg_temp.story(:'ben', format('SELECT status FROM users_delete_account(%L)', :password), pg_temp.as_(:'ann'), 'SELECT string_agg(username, '','') FROM users_members', 'SELECT string_agg(username, '','') FROM users_role_members'), 'ok | false | ann | ann', 'who administers none may go');

---- removing and leaving

SELECT is(pg_temp.story(NULL, pg_temp.grants(:'editor', :'ben_id'), pg_temp.grants(:'viewer', :'ben_id', 'device', :thing), pg_temp.as_(token), format('SELECT users_remove_member(%L%s)', :'acme', more), pg_temp.as_(:'ann'), 'SELECT string_agg(username, '','') FROM users_role_members'), 'true | true | false | 3 | false | ann', what || ': single objects too')
  FROM (VALUES (:'ann', format(', %L', :'ben_id'), 'removed by the admin'), (:'root', format(', %L', :'ben_id'), 'by an administrator'), (:'ben', '', 'by oneself'), (:'ben', ', NULL', 'by oneself, NULL'), (:'ben', format(', %L', :'ben_id'), 'by oneself, named')) v (token, more, what);
SELECT is(pg_temp.story(who, format('SELECT users_remove_member(%L, %L)', domain, person)), answer, what)
  FROM (VALUES (NULL, :'acme', :'ben_id', '1', 'a DBA'), (NULL, :'acme', NULL, '28000', 'a DBA is nobody'), (:'ben', :'acme', :'ann_id', '42501', 'a viewer'), (:'ann', :'other', :'cat_id', '42501', 'a stranger'), (:'ann', :'other', NULL, '0', 'where one is not'), (:'ann', :nobody, NULL, '0', 'where nothing is'),
               (:'ann', :nobody, :'ben_id', '42501', 'nor is there somebody'), (:'ann', NULL, NULL, '42501', 'NULL'), (:'root', :nobody, :'ben_id', 'US014 domain_id', 'an administrator hears so'), (:'ann', :'acme', :'cat_id', '0', 'who is not in it'), (:'ann', :'acme', :nobody, '0', 'who is not there'),
               ('users_anon', :'acme', NULL, '42501', 'no right'), ('users_member', :'acme', NULL, '28000', 'no identity')) v (who, domain, person, answer, what);
SELECT is(pg_temp.story(NULL, pg_temp.gets(held), format('SELECT count(users_grant_role(%L, %L, %L, %L))', role, :'cat_id', type, thing), pg_temp.as_(:'ben'), format('SELECT users_remove_member(%L, %L)', :'acme', :'cat_id')), '1 | 1 | false | ' || answer, format('%s: %s', held, answer))
  FROM (VALUES ('{domain:manage_members}', :'viewer', NULL, NULL, '1'), ('{domain:manage_members}', :'editor', NULL, NULL, '42501'), ('{domain:manage_members}', :'admin', NULL, NULL, '42501'), ('{domain:manage_members}', :'viewer', 'device', :thing, '1'), ('{domain:manage_members}', :'editor', 'device', :thing, '42501'),
               ('{domain:manage_members,device:*}', :'editor', 'device', :thing, '1'), ('{domain:manage_members,device:*}', :'editor', 'channel', :thing, '42501'), ('{domain:manage_roles,device:manage_roles}', :'viewer', NULL, NULL, '42501')) v (held, role, type, thing, answer);
SELECT is(pg_temp.story(NULL, format('SELECT status FROM users_set_domain_status(%L, %L)', :'acme', status), pg_temp.as_(:'ben'), format('SELECT users_remove_member(%L)', :'acme'), pg_temp.as_(:'ann'), format('SELECT users_remove_member(%L, %L)', :'acme', :'ben_id')), format('%s | false | 1 | false | %s', status, answer), 'one may leave what is ' || status) FROM (VALUES ('disabled', '0'), ('frozen', '42501')) v (status, answer);

---- what is recorded

SELECT is(pg_temp.story(NULL, 'DELETE FROM users.audit_event', pg_temp.as_(:'ann'), pg_temp.role('{}'), pg_temp.grants(:'editor', :'ben_id'), pg_temp.grants(:'editor', :'ben_id'), pg_temp.grants(:'viewer', :'cat_id', 'device', :thing), pg_temp.revokes(:'editor', :'ben_id'), pg_temp.revokes(:'editor', :'ben_id'), format('SELECT name FROM users_update_role(%L, ''E'')', :'editor'), format('SELECT name FROM users_update_role(%L)', :'editor'),
                        format('SELECT users_delete_role(%L)', :'editor'), format('SELECT users_remove_member(%L, %L)', :'acme', :'cat_id'), format('SELECT users_remove_member(%L, %L)', :'acme', :'cat_id'), 'RESET ROLE',
                        format('SELECT string_agg(concat_ws('' '', e.event, p.username, a.username, e.domain_id = %L, e.object_type, e.object_id = %L, e.session_id IS NOT NULL, e.detail ->> ''role_id'' = %L), ''; '' ORDER BY e.occurred_at)
                                  FROM users.audit_event e JOIN users.event_position o ON o.event_id = e.id JOIN users.person p ON p.user_id = e.user_id JOIN users.person a ON a.user_id = e.actor_id', :'acme', :thing, :'editor')),
          'done | false | {} | true | true | true | true | false | E | E | true | 1 | 0 | done | role_created ann ann t t f; role_granted ben ann t t t; role_granted cat ann t device t t f; role_revoked ben ann t t t; role_updated ann ann t t t; role_deleted ann ann t t t; member_removed cat ann t t',
          'each change once, with whom it is about and who did it');

SELECT * FROM finish();
ROLLBACK;
