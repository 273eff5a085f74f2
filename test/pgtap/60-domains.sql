-- Domains: made, changed, enabled, disabled, frozen, deleted, restored, purged;
-- who sees them.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
BEGIN;
SELECT plan(196);
\ir ../lib/story.sql

\set password '''seven wet horses sing'''
SELECT user_id AS root_id FROM users_create_user('root@example.org', 'root', 'Ro', 'Ot', :password, platform_role => 'admin') \gset
SELECT user_id AS ann_id FROM users_create_user('ann@example.org', 'ann', 'Ann', 'Ash', :password) \gset
SELECT user_id AS ben_id FROM users_create_user('ben@example.org', 'ben', 'Ben', 'Bay', :password) \gset
SELECT user_id AS cat_id FROM users_create_user('cat@example.org', 'cat', 'Cat', 'Cox', :password) \gset
SELECT access_token AS root, session_id AS root_session FROM users_login('root', :password) \gset
SELECT access_token AS ann, session_id AS ann_session FROM users_login('ann', :password) \gset
SELECT access_token AS ben FROM users_login('ben', :password) \gset
SELECT access_token AS cat FROM users_login('cat', :password) \gset
\set nobody '''01234567-89ab-7def-8123-456789abcdef'''

-- A call of users_create_domain with only what matters, as text.
CREATE FUNCTION pg_temp.make(route text DEFAULT 'new', more text DEFAULT '', name text DEFAULT 'Name') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT id IS NOT NULL FROM users_create_domain(%L, %L%s)', name, route, more) $$;
-- Whether what a call returned is what its view shows after it; two statements.
CREATE FUNCTION pg_temp.returns(call text, view text, key text) RETURNS text[] LANGUAGE sql AS
$$ SELECT ARRAY['CREATE TEMP TABLE got AS SELECT * FROM ' || call,
                format('SELECT g::text = v::text FROM got g, %s v WHERE (%s)', view, key)] $$;
CREATE FUNCTION pg_temp.events(about uuid) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT string_agg(concat_ws('' '', e.event, coalesce((SELECT p.username FROM users.person p WHERE p.user_id = e.user_id), ''nobody'' || e.nobody), (SELECT p.username FROM users.person p WHERE p.user_id = e.actor_id), (e.session_id IS NOT NULL)::text, e.detail), ''; '' ORDER BY e.occurred_at)
                    FROM users.audit_event e JOIN users.event_position o ON o.event_id = e.id WHERE e.domain_id = %L', about) $$;

---- making one

SELECT is(pg_temp.story(:'ann', 'CREATE TEMP TABLE got AS SELECT * FROM users_create_domain(''  Acme '', ''Acme_1-x'', ''{a," b "}'', ''{"x": 1}'')',
                        'SELECT concat_ws('' '', name, route, tags, metadata, status, my_roles, my_permissions) FROM got',
                        format('SELECT created_by = %L AND updated_by = created_by AND created_at = updated_at AND created_at BETWEEN now() AND clock_timestamp() FROM got', :'ann_id'),
                        'SELECT g::text = v::text FROM got g, users_domains v', 'SELECT count(*) FROM users_domains'),
          'done | Acme Acme_1-x {a,b} {"x": 1} enabled {admin} {channel:*,device:*,domain:*} | true | true | 1', 'who makes a domain holds admin in it, which is everything');
SELECT is(pg_temp.story(:'ann', pg_temp.make(), 'SELECT string_agg(concat_ws('' '', name, built_in::text, permissions), ''; '' ORDER BY name) FROM users_roles'),
          'true | admin true {channel:*,device:*,domain:*}; editor false {channel:connect,channel:create,channel:delete,channel:publish,channel:read,channel:subscribe,channel:update,device:connect,device:create,device:delete,device:read,device:update,domain:read}; viewer false {channel:read,channel:subscribe,device:read,domain:read}',
          'it begins with three roles');
SELECT is(pg_temp.story(:'ann', pg_temp.make(), format('SELECT concat_ws('' '', username, roles, since = granted_at, user_id = %L, granted_by = user_id, role_name) FROM users_members JOIN users_role_members USING (user_id, domain_id, username)', :'ann_id')),
          'true | ann {admin} t t t admin', 'and one member');
SELECT is(pg_temp.story(NULL, pg_temp.make(), 'SELECT concat_ws('' '', created_by IS NULL, my_roles, my_permissions, (SELECT count(*) FROM users.role_assignment)) FROM users_domains'), 'true | t {} {} 0', 'a DBA is nobody, and may leave it without an administrator');
SELECT is(pg_temp.story(who, pg_temp.make(more => format(', owner_id => %L', :'ben_id')), format('SELECT concat_ws('' '', d.created_by, d.my_roles, (SELECT string_agg(username, '','') FROM users_members)) FROM users_domains d')), answer, 'an administrator makes one for somebody: ' || coalesce(left(who, 2), 'a DBA'))
  FROM (VALUES (NULL, 'true | {} ben'), (:'root', 'true | ' || :'root_id' || ' {} ben')) v (who, answer);
SELECT is(pg_temp.story(:'root', pg_temp.make(), 'SELECT concat_ws('' '', my_roles, my_permissions) FROM users_domains'), 'true | {admin} {channel:*,device:*,domain:*}', 'without one it is his own');
SELECT is(pg_temp.story(:'ann', pg_temp.make(more => format(', owner_id => %L', id))), '42501', 'nobody else does, not even for themselves')
  FROM unnest(ARRAY[:'ben_id', :'ann_id', :nobody]) id;
SELECT is(pg_temp.story(NULL, format('SELECT users_disable_user(%L)', :'ben_id'), pg_temp.make(more => format(', owner_id => %L', :nobody)), pg_temp.make(more => format(', owner_id => %L', :'ben_id'))),
          'true | US014 owner_id | US011 owner_id', 'the owner is somebody who is enabled');
SELECT is(pg_temp.story(who, pg_temp.make()), answer, answer || ': ' || who)
  FROM (VALUES ('users_anon', '42501'), ('users_member', '28000'), ('users_admin', '28000'), ('users_dba', 'true'), ('users_service', '42501'), ('users_relay', '42501')) v (who, answer);

---- its fields

SELECT is(pg_temp.story(:'ann', pg_temp.make(route)), 'true', 'a route: ' || route) FROM unnest('{a,Z,0,a_,a-,A-z_0,xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}'::text[]) route;
SELECT is(pg_temp.story(:'ann', pg_temp.make(route)), 'US008 route', 'no route: ' || coalesce(route, 'NULL')) FROM unnest(ARRAY['', ' ', '_a', '-a', 'a b', ' a', 'a ', 'a.b', 'a/b', 'ä', 'aä', E'a\n', repeat('x', 37), repeat('x', 100000), NULL]) route;
SELECT is(pg_temp.story(:'ann', pg_temp.make('Acme'), pg_temp.make(route)), 'true | 23505 route users_domain_route_key', 'taken: ' || route) FROM unnest('{Acme,ACME,acme}'::text[]) route;
SELECT is(pg_temp.story(:'ann', pg_temp.make('Acme'), '!' || pg_temp.make('aCME')) ~* 'acme', false, 'what is taken is not repeated');
SELECT is(pg_temp.story(:'ann', pg_temp.make(name => name)), answer, format('name %s: %s', left(translate(quote_nullable(name), E'\n\t', '  '), 12), answer))
  FROM (VALUES ('x', 'true'), (repeat('ü', 100), 'true'), (repeat('ü', 101), 'US005 name'), ('', 'US005 name'), (E' \t', 'US005 name'), (E'a\nb', 'US005 name'), (NULL, 'US005 name')) v (name, answer);
SELECT is(pg_temp.story(:'ann', pg_temp.make(more => ', ' || tags)), answer, format('tags %s: %s', left(tags, 20), answer))
  FROM (VALUES ('''{}''', 'true'), ('NULL', 'true'), ('''{a,a}''', 'true'), ('array_fill(''t''::text, ARRAY[32])', 'true'), ('array_fill(''t''::text, ARRAY[33])', 'US005 tags'), ('ARRAY[repeat(''ü'', 64)]', 'true'), ('ARRAY[repeat(''ü'', 65)]', 'US005 tags'),
               ('''{""}''', 'US005 tags'), ('''{" "}''', 'US005 tags'), ('''{NULL}''', 'US005 tags'), ('''{a,NULL}''', 'US005 tags'), ('ARRAY[E''a\tb'']', 'US005 tags'), ('''{{a,b}}''', 'US005 tags'), ('''[5:6]={a,b}''', 'true')) v (tags, answer);
SELECT is(pg_temp.story(:'ann', pg_temp.make(more => ', metadata => ' || metadata)), answer, format('metadata %s: %s', left(metadata, 20), answer))
  FROM (VALUES ('''{}''', 'true'), ('NULL', 'true'), ('''[]''', 'US005 metadata'), ('''1''', 'US005 metadata'), ('''null''', 'US005 metadata'), ('jsonb_build_object(''a'', repeat(''x'', 16000))', 'true'), ('jsonb_build_object(''a'', repeat(''x'', 17000))', 'US005 metadata')) v (metadata, answer);

---- how many

SET LOCAL users.max_domains = 2;
SELECT is(pg_temp.story(:'ann', pg_temp.make('a'), 'SELECT users_delete_domain(id) FROM users_domains', pg_temp.make('b'), pg_temp.make('c')), 'true | true | true | US011', 'as many as users.max_domains, deleted ones too');
SELECT is(pg_temp.story(who, pg_temp.make('a'), pg_temp.make('b'), pg_temp.make('c')), 'true | true | true', 'administrators make more') FROM (VALUES (NULL), (:'root')) v (who);
SET LOCAL users.max_domains = 0;
SELECT is(pg_temp.story(:'ann', '!' || pg_temp.make('a')) LIKE 'US011%users.max_domains allows: 0.%', true, 'or none at all');
RESET users.max_domains;

---- what follows needs some

SELECT id AS acme FROM users_create_domain('Acme', 'Acme', '{x}', '{"a": 1}', :'ann_id') \gset
SELECT id AS other FROM users_create_domain('Other', 'other', owner_id => :'ben_id') \gset
SELECT id AS acme_viewer FROM users.role WHERE domain_id = :'acme' AND name = 'viewer' \gset
SELECT id AS acme_editor FROM users.role WHERE domain_id = :'acme' AND name = 'editor' \gset
SELECT users_grant_role(:'acme_viewer', :'ben_id') IS NULL AS ignored \gset
SELECT users_grant_role(:'acme_viewer', :'cat_id', 'device', :nobody) IS NULL AS ignored \gset
-- Holds exactly these words there, too.
CREATE FUNCTION pg_temp.gets(who text, words text) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT count(users_grant_role(r.id, p.user_id)) FROM users_create_role((SELECT id FROM users.domain WHERE route = ''Acme''), ''extra'', %L) r, users.person p WHERE p.username = %L', words, who) $$;
CREATE FUNCTION pg_temp.as_(token text) RETURNS text LANGUAGE sql AS $$ SELECT format('SELECT users_authenticate(%L) IS NULL', token) $$;

---- updating

SELECT is(pg_temp.story(:'ann', format('SELECT concat_ws('' '', name, route, tags, metadata, status, updated_by = %L, updated_at > created_at) FROM users_update_domain(%L%s)', :'ann_id', :'acme', more)), answer, 'updated' || more)
  FROM (VALUES ('', 'Acme Acme {x} {"a": 1} enabled f'), (', '' New ''', 'New Acme {x} {"a": 1} enabled t t'), (', tags => ''{}''', 'Acme Acme {} {"a": 1} enabled t t'), (', tags => ''{y,z}''', 'Acme Acme {y,z} {"a": 1} enabled t t'),
               (', metadata => ''{"b": 2}''', 'Acme Acme {x} {"b": 2} enabled t t'), (', ''N'', ''{y}'', ''{}''', 'N Acme {y} {} enabled t t'),
               (', ''''', 'US005 name'), (', tags => ''{NULL}''', 'US005 tags'), (', metadata => ''[]''', 'US005 metadata')) v (more, answer);
SELECT is(pg_temp.story(:'ann', VARIADIC pg_temp.returns(format('users_update_domain(%L, ''N'')', :'acme'), 'users_domains', 'v.id = g.id')), 'done | true', 'its row is returned, as its view shows it');
SELECT is(pg_temp.story(who, format('SELECT name FROM users_update_domain(%L, ''N'')', id), format('SELECT name FROM users_update_domain(%L)', id)), answer, what)
  FROM (VALUES (NULL, :'acme', 'N | N', 'a DBA may'), (:'root', :'acme', 'N | N', 'an administrator may'), (:'ben', :'acme', '42501 | 42501', 'a viewer may not'), (:'cat', :'acme', '42501 | 42501', 'a guest may not'), (:'ann', :'other', '42501 | 42501', 'a stranger may not'),
               (:'ann', :nobody, '42501 | 42501', 'what is not there sounds the same'), (:'ann', NULL, '42501 | 42501', 'as does NULL'), (:'root', :nobody, 'US014 domain_id | US014 domain_id', 'but not to administrators'), (NULL, NULL, 'US014 domain_id | US014 domain_id', 'nor does NULL'),
               ('users_anon', :'acme', '42501 | 42501', 'no right'), ('users_member', :'acme', '28000 | 28000', 'no identity')) v (who, id, answer, what);
SELECT is(pg_temp.story(:'ann', format('!SELECT users_update_domain(%L, ''N'')', :'other')), pg_temp.story(:'ann', format('!SELECT users_update_domain(%L, ''N'')', :nobody)), 'word for word');
SELECT is(pg_temp.story(NULL, pg_temp.gets('ben', words), pg_temp.as_(:'ben'), format('SELECT name FROM users_update_domain(%L, ''N'')', :'acme')), '1 | false | ' || answer, words || ': ' || answer)
  FROM (VALUES ('{domain:update}', 'N'), ('{domain:*}', 'N'), ('{domain:read,domain:enable,domain:disable,domain:delete,domain:manage_roles,domain:manage_members,domain:view_members}', '42501'), ('{device:update,device:*}', '42501'), ('{}', '42501')) v (words, answer);

---- status

CREATE FUNCTION pg_temp.set_(status text, route text DEFAULT 'Acme') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT status FROM users_set_domain_status(%L, %L)', d.id, set_.status) FROM users.domain d WHERE d.route = set_.route $$;
SELECT is(pg_temp.story(who, pg_temp.set_(status)), answer, format('%s: %s', what, answer))
  FROM (VALUES (NULL, 'enabled', 'enabled', 'a DBA'), (NULL, 'disabled', 'disabled', 'a DBA'), (NULL, 'frozen', 'frozen', 'a DBA'), (:'root', 'frozen', 'frozen', 'an administrator'), (:'ann', 'disabled', 'disabled', 'a domain''s admin'), (:'ann', 'enabled', 'enabled', 'as it is'),
               (:'ann', 'frozen', '42501', 'a domain''s admin, frozen'), (:'ben', 'disabled', '42501', 'a viewer'), (:'ben', 'enabled', '42501', 'a viewer, as it is'), (:'cat', 'disabled', '42501', 'a guest'),
               (NULL, 'deleted', '22023 status', 'deleted'), (:'ann', 'deleted', '22023 status', 'deleted'), (NULL, 'Enabled', '22023 status', 'Enabled'), (NULL, '', '22023 status', 'nothing'), (NULL, NULL, '22023 status', 'NULL'),
               ('users_anon', 'enabled', '42501', 'no right'), ('users_member', 'enabled', '28000', 'no identity')) v (who, status, answer, what);
SELECT is(pg_temp.story(who, format('SELECT users_set_domain_status(%L, ''enabled'')', id)), answer, answer) FROM (VALUES (:'ann', :nobody, '42501'), (:'ann', NULL, '42501'), (:'root', :nobody, 'US014 domain_id'), (NULL, NULL, 'US014 domain_id')) v (who, id, answer);
SELECT is(pg_temp.story(:'ann', VARIADIC pg_temp.returns(format('users_set_domain_status(%L, ''disabled'')', :'acme'), 'users_domains', 'v.id = g.id')), 'done | true', 'its row is returned');
SELECT is(pg_temp.story(NULL, pg_temp.gets('ben', words), pg_temp.as_(:'ben'), pg_temp.set_('disabled'), pg_temp.set_('disabled'), pg_temp.set_('enabled')), '1 | false | ' || answer, words || ': ' || answer)
  FROM (VALUES ('{domain:disable}', 'disabled | 42501 | 42501'), ('{domain:enable}', '42501 | 42501 | enabled'), ('{domain:disable,domain:enable}', 'disabled | disabled | enabled'), ('{domain:update,domain:delete}', '42501 | 42501 | 42501')) v (words, answer);

-- Who reaches it then: its admin, a viewer, an administrator.
SELECT is(pg_temp.story(NULL, pg_temp.set_(status), format('SELECT users_authenticate(%L) IS NULL', who), format('SELECT name FROM users_update_domain(%L, ''N'')', :'acme'),
                        format('SELECT string_agg(concat_ws('' '', status, my_roles, my_permissions), '','') FROM users_domains WHERE id = %L', :'acme'),
                        format('SELECT string_agg(username, '','' ORDER BY username) FROM users_members WHERE domain_id = %L', :'acme'), pg_temp.set_('enabled')),
          status || ' | false | ' || answer, format('%s, %s: %s', status, what, answer))
  FROM (VALUES ('enabled', :'ann', 'N | enabled {admin} {channel:*,device:*,domain:*} | ann,ben | enabled', 'its admin'), ('enabled', :'ben', '42501 | enabled {viewer} {channel:read,channel:subscribe,device:read,domain:read} | ben | 42501', 'a viewer'),
               ('disabled', :'ann', 'N | disabled {admin} {channel:*,device:*,domain:*} | ann,ben | enabled', 'its admin'), ('disabled', :'ben', '42501 | disabled {viewer} {} | ben | 42501', 'a viewer'),
               ('frozen', :'ann', '42501 | frozen {admin} {} | ann | 42501', 'its admin'), ('frozen', :'ben', '42501 | frozen {viewer} {} | ben | 42501', 'a viewer'),
               ('disabled', :'root', 'N | disabled {} {} | ann,ben | enabled', 'an administrator'), ('frozen', :'root', 'N | frozen {} {} | ann,ben | enabled', 'an administrator')) v (status, who, answer, what);

---- deleting and restoring

SELECT is(pg_temp.story(:'ann', format('SELECT users_delete_domain(%L)', :'acme'), format('SELECT users_delete_domain(%L)', :'acme'), 'SELECT count(*) FROM users_domains', 'SELECT count(*) FROM users_roles', 'SELECT count(*) FROM users_members', 'SELECT count(*) FROM users_role_members',
                        format('SELECT users_update_domain(%L)', :'acme'), pg_temp.set_('enabled'), format('SELECT users_restore_domain(%L)', :'acme')), 'true | 42501 | 0 | 0 | 0 | 0 | 42501 | 42501 | 42501', 'deleted, it is not there for its members');
SELECT is(pg_temp.story(who, format('SELECT users_delete_domain(%L)', :'acme'), format('SELECT users_delete_domain(%L)', :'acme'), format('SELECT concat_ws('' '', status, (SELECT count(*) FROM users_roles WHERE domain_id = d.id), (SELECT count(*) FROM users_members WHERE domain_id = d.id)) FROM users_domains d WHERE id = %L', :'acme'),
                        format('SELECT users_update_domain(%L)', :'acme'), pg_temp.set_('frozen'), format('SELECT users_create_role(%L, ''n'', ''{}'')', :'acme'), format('SELECT users_grant_role(%L, %L)', :'acme_viewer', :'cat_id'), format('SELECT users_revoke_role(%L, %L)', :'acme_viewer', :'ben_id'), format('SELECT users_delete_role(%L)', :'acme_viewer'), format('SELECT users_remove_member(%L, %L)', :'acme', :'ben_id'),
                        format('SELECT status FROM users_restore_domain(%L)', :'acme'), format('SELECT status FROM users_restore_domain(%L)', :'acme')),
          'true | false | deleted 3 2 | US011 domain_id | US011 domain_id | US011 domain_id | US011 role_id | US011 role_id | US011 role_id | US011 domain_id | enabled | enabled', 'administrators see it, and restore it before all else') FROM (VALUES (NULL), (:'root')) v (who);
SELECT is(pg_temp.story(NULL, pg_temp.set_(status), format('SELECT users_delete_domain(%L)', :'acme'), format('SELECT status FROM users_restore_domain(%L)', :'acme')), status || ' | true | enabled', 'it is enabled then: was ' || status) FROM unnest('{disabled,frozen}'::text[]) status;
SELECT is(pg_temp.story(NULL, pg_temp.set_('frozen'), format('SELECT status FROM users_restore_domain(%L)', :'acme')), 'frozen | frozen', 'what is not deleted stays as it is');
SELECT is(pg_temp.story(who, format('SELECT users_delete_domain(%L)', id)), answer, answer) FROM (VALUES (:'ben', :'acme', '42501'), (:'cat', :'acme', '42501'), (:'ann', :'other', '42501'), (:'ann', :nobody, '42501'), (:'ann', NULL, '42501'), (:'root', :nobody, 'US014 domain_id'), (NULL, NULL, 'US014 domain_id'), ('users_anon', :'acme', '42501'), ('users_member', :'acme', '28000')) v (who, id, answer);
SELECT is(pg_temp.story(who, format('SELECT users_restore_domain(%L)', id)), answer, answer) FROM (VALUES (:'ann', :'acme', '42501'), ('users_member', :'acme', '42501'), ('users_admin', :'acme', '42501'), (:'root', :nobody, 'US014 domain_id'), (NULL, NULL, 'US014 domain_id')) v (who, id, answer);
SELECT is(pg_temp.story(NULL, pg_temp.gets('ben', words), pg_temp.as_(:'ben'), format('SELECT users_delete_domain(%L)', :'acme')), '1 | false | ' || answer, words || ': ' || answer) FROM (VALUES ('{domain:delete}', 'true'), ('{domain:update,domain:enable,domain:disable}', '42501')) v (words, answer);
SELECT is(pg_temp.story(:'ann', format('SELECT users_delete_domain(%L)', :'acme'), pg_temp.make('acme')), 'true | 23505 route users_domain_route_key', 'the route stays taken');
SELECT is(pg_temp.story(NULL, VARIADIC format('SELECT users_delete_domain(%L)', :'acme') || pg_temp.returns(format('users_restore_domain(%L)', :'acme'), 'users_domains', 'v.id = g.id')), 'true | done | true', 'its row is returned');

---- purging

SELECT is(pg_temp.story(NULL, format('SELECT users_delete_domain(%L)', :'acme'), 'SELECT row_count FROM users_maintain() WHERE name = ''domains''', 'SELECT set_config(''users.deletion_grace'', ''0'', true)', 'SELECT row_count FROM users_maintain() WHERE name = ''domains''',
                        'SELECT string_agg(route, '','') FROM users.domain', format('SELECT count(*) FROM users.role WHERE domain_id = %L', :'acme'), format('SELECT count(*) FROM users.role_assignment WHERE domain_id = %L', :'acme'), 'SELECT row_count FROM users_maintain() WHERE name = ''domains''', pg_temp.make('ACME')),
          'true | 0 | 0 | 7 | other | 0 | 0 | 0 | true', 'after users.deletion_grace it goes with its roles and members, and its route is free');
SELECT is(pg_temp.story(NULL, pg_temp.set_(status), 'SELECT set_config(''users.deletion_grace'', ''0'', true)', 'SELECT row_count FROM users_maintain() WHERE name = ''domains'''), status || ' | 0 | 0', 'not one that is ' || status) FROM unnest('{enabled,disabled,frozen}'::text[]) status;
SELECT is(pg_temp.story(NULL, format('SELECT users_delete_domain(%L)', :'acme'), format('SELECT status FROM users_restore_domain(%L)', :'acme'), 'SELECT set_config(''users.deletion_grace'', ''0'', true)', 'SELECT row_count FROM users_maintain() WHERE name = ''domains'''), 'true | enabled | 0 | 0', 'nor one that was restored');

---- what is recorded

SELECT is(pg_temp.story(:'ann', format('SELECT name FROM users_update_domain(%L, ''N'')', :'acme'), format('SELECT name FROM users_update_domain(%L)', :'acme'), pg_temp.set_('enabled'), pg_temp.set_('disabled'), format('SELECT users_delete_domain(%L)', :'acme'), 'RESET ROLE', pg_temp.events(:'acme')),
          'N | N | enabled | disabled | true | done | domain_created nobodytrue false {}; role_granted ben false {"role_id": "' || :'acme_viewer' || '"}; role_granted cat false {"role_id": "' || :'acme_viewer' || '"}; domain_updated ann ann true {}; domain_status_changed ann ann true {"status": "disabled"}; domain_deleted ann ann true {}',
          'each change is recorded once, with who did it');
SELECT is(pg_temp.story(NULL, 'DELETE FROM users.audit_event', format('SELECT users_delete_domain(%L)', :'acme'), format('SELECT users_delete_domain(%L)', :'acme'), format('SELECT status FROM users_restore_domain(%L)', :'acme'), format('SELECT status FROM users_restore_domain(%L)', :'acme'), format('SELECT users_delete_domain(%L)', :'acme'),
                        'SELECT set_config(''users.deletion_grace'', ''0'', true)', 'SELECT count(*) FROM users_maintain()', pg_temp.events(:'acme')) LIKE
          'done | true | false | enabled | enabled | true | 0 | % | domain_deleted nobodytrue false {}; domain_restored nobodytrue false {}; domain_deleted nobodytrue false {}; domain_purged nobodytrue false {}', true, 'of a DBA as nobody''s');
SELECT is(pg_temp.story(:'ben', 'SELECT count(*) FROM users.audit_event', format('SELECT users_update_domain(%L, ''N'')', :'acme'), 'RESET ROLE', 'SELECT count(*) FROM users.audit_event WHERE event = ''domain_updated'''), '42501 | 42501 | done | 0', 'a refusal is no change');

---- who sees what (P22)

SELECT is(pg_temp.story(who, 'SELECT string_agg(route, '','' ORDER BY route) FROM users_domains', 'SELECT string_agg(DISTINCT name, '','' ORDER BY name) FROM users_roles', 'SELECT count(*) FROM users_roles', 'SELECT string_agg(username || roles::text, '','' ORDER BY username, roles) FROM users_members', 'SELECT string_agg(concat_ws('' '', username, role_name, object_type), '','' ORDER BY username, role_name) FROM users_role_members'), answer, what)
  FROM (VALUES (:'ann', 'Acme | admin,editor,viewer | 3 | ann{admin},ben{viewer} | ann admin,ben viewer,cat viewer device', 'an admin'), (:'ben', 'Acme,other | admin,editor,viewer | 6 | ben{admin},ben{viewer} | ben admin,ben viewer', 'a viewer here, an admin there'),
               (:'cat', 'Acme | admin,editor,viewer | 3 | NULL | cat viewer device', 'a guest'), (:'root', 'Acme,other | admin,editor,viewer | 6 | ann{admin},ben{admin},ben{viewer} | ann admin,ben admin,ben viewer,cat viewer device', 'an administrator'), (NULL, 'Acme,other | admin,editor,viewer | 6 | ann{admin},ben{admin},ben{viewer} | ann admin,ben admin,ben viewer,cat viewer device', 'a superuser'),
               ('users_member', 'NULL | NULL | 0 | NULL | NULL', 'a member without a token'), ('users_admin', 'NULL | NULL | 0 | NULL | NULL', 'an administrator without a token'), ('users_anon', '42501 | 42501 | 42501 | 42501 | 42501', 'nobody'), ('users_service', '42501 | 42501 | 42501 | 42501 | 42501', 'a service')) v (who, answer, what);
SELECT is(pg_temp.story(NULL, pg_temp.gets('ben', words), pg_temp.as_(:'ben'), format('SELECT string_agg(username, '','' ORDER BY username) FROM users_members WHERE domain_id = %L', :'acme'), format('SELECT string_agg(DISTINCT username, '','' ORDER BY username) FROM users_role_members WHERE domain_id = %L', :'acme')), '1 | false | ' || answer, words || ': ' || answer)
  FROM (VALUES ('{domain:view_members}', 'ann,ben | ann,ben,cat'), ('{domain:*}', 'ann,ben | ann,ben,cat'), ('{domain:manage_members,domain:manage_roles}', 'ben | ben'), ('{device:manage_roles}', 'ben | ben,cat'), ('{channel:manage_roles}', 'ben | ben')) v (words, answer);
SELECT is(pg_temp.story(NULL, format('SELECT count(users_grant_role(r.id, %L, ''device'', %L)) FROM users_create_role(%L, ''dm'', ''{%s}'') r', :'ben_id', object, :'acme', word), pg_temp.as_(:'ben'), format('SELECT string_agg(DISTINCT username, '','' ORDER BY username) FROM users_role_members WHERE domain_id = %L', :'acme')), '1 | false | ' || answer, format('%s on %s object: %s', word, what, answer))
  FROM (VALUES (:nobody, 'device:manage_roles', 'this', 'ben,cat'), ('11111111-89ab-7def-8123-456789abcdef', 'device:manage_roles', 'another', 'ben'), (:nobody, 'channel:manage_roles', 'this', 'ben'), (:nobody, 'domain:view_members', 'this', 'ben')) v (object, word, what, answer);
SELECT is(pg_temp.story(:'ann', 'SELECT count(*) FROM users.' || t), '42501', 'tables are not for reading: ' || t) FROM unnest('{domain,role,role_assignment,person}'::text[]) t;
SELECT is(pg_temp.story(NULL, format('UPDATE users.account SET status = ''deleted'' WHERE user_id = %L', :'ben_id'), format('UPDATE users.person SET listed = false WHERE user_id = %L', :'ben_id'), pg_temp.as_(:'ann'), 'SELECT string_agg(username, '','' ORDER BY username) FROM users_members', 'SELECT string_agg(username, '','' ORDER BY username) FROM users_role_members'), 'done | done | false | ann | ann,cat', 'a deleted account is not listed');

---- where nothing can be written

SELECT is(pg_temp.story(:'ann', 'SELECT f FROM set_config(''transaction_read_only'', ''on'', true) c, LATERAL ' || call || ' f'), '25006', 'READ ONLY: ' || split_part(call, '(', 1))
  FROM unnest(ARRAY['users_create_domain(c, c)', 'users_update_domain(nullif(c, c)::uuid)', 'users_set_domain_status(nullif(c, c)::uuid, c)', 'users_delete_domain(nullif(c, c)::uuid)']) call;
SELECT is(pg_temp.story(:'ann', 'CREATE MATERIALIZED VIEW v AS ' || pg_temp.make()), '42501', 'not in a materialized view');

SELECT * FROM finish();
ROLLBACK;
