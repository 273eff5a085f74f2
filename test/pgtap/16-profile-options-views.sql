-- users_profile, users_options, users_languages, users_themes, users_sessions:
-- what each shows to whom, and that nothing else shows anything.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
BEGIN;
SELECT plan(416);

\ir ../lib/answer.sql

CREATE TEMP TABLE people AS
	SELECT name, user_id
	  FROM (VALUES ('mia', 'user', 'de'), ('lea', 'user', NULL), ('root', 'admin', NULL)) v (name, role, lang),
	       LATERAL users_create_user('X-' || name || '@example.org', 'X-' || name, 'Nam-' || name, 'Surnam', 'seven wet horses sing', lang, role, format('{"of": "%s"}', name)::jsonb);
CREATE TEMP TABLE s AS
	SELECT v.name, l.*
	  FROM (VALUES ('mia1', 'mia'), ('mia2', 'mia'), ('mia3', 'mia'), ('mia4', 'mia'), ('lea', 'lea'), ('root', 'root')) v (name, who),
	       LATERAL users_login('x-' || who, 'seven wet horses sing', 'device of ' || who) l;
CREATE FUNCTION pg_temp.access(which text) RETURNS text LANGUAGE sql AS $$ SELECT access_token FROM s WHERE name = which $$;
SELECT is((SELECT status FROM users_logout(refresh_token)), 'ok', 'one session has ended') FROM s WHERE name = 'mia3';
UPDATE users.session SET expires_at = now() - interval '1 second' WHERE id = (SELECT session_id FROM s WHERE name = 'mia4');
CREATE ROLE regress_users_16_nobody;

---- the profile

SELECT is(pg_temp.answer('SELECT (users_profile()).id', who, true), wanted, coalesce(who, 'a superuser') || ' without a token has no profile: ' || wanted)
  FROM (VALUES (NULL, '28000'), ('users_member', '28000'), ('users_admin', '28000'), ('users_dba', '28000'), ('users_anon', '42501'),
               ('users_service', '42501'), ('users_relay', '42501'), ('users_proxy', '42501'), ('regress_users_16_nobody', '42501')) v (who, wanted);
SELECT is(pg_temp.answer('SELECT row_to_json(p)::jsonb - ''{id,created_at,updated_at}''::text[] FROM users_profile() p', pg_temp.access('mia1'), true)::jsonb,
	'{"email": "X-mia@example.org", "pending_email": null, "username": "X-mia", "first_name": "Nam-mia", "last_name": "Surnam", "status": "enabled",
	  "email_verified_at": null, "platform_role": "user", "language": "de", "theme": null, "tags": [], "metadata": {"of": "mia"}, "admin_metadata": {},
	  "picture_type": null, "picture_updated_at": null}', 'it is what was written');
SELECT is(pg_temp.answer('SELECT id FROM users_profile()', pg_temp.access(token), true), user_id::text, name || ' sees their own')
  FROM (VALUES ('mia2', 'mia'), ('lea', 'lea'), ('root', 'root')) v (token, name) JOIN people USING (name);
SELECT is(pg_temp.answer('SELECT platform_role FROM users_profile()', pg_temp.access('root'), true), 'admin', 'an administrator''s says so');
SELECT is(pg_temp.answer('SELECT created_at BETWEEN now() AND clock_timestamp() AND updated_at = created_at FROM users_profile()', pg_temp.access('mia1'), true), 'true', 'made and changed when it was');
SELECT is(pg_temp.answer('SET LOCAL transaction_read_only = on; SELECT username FROM users_profile()', pg_temp.access('mia1'), true), 'X-mia', 'READ ONLY is good enough');
SELECT is(pg_temp.answer('SELECT set_config(''request.jwt.claims'', ' || quote_literal(format('{"sub": "%s", "role": "users_admin"}', user_id)) || ', true); SELECT username FROM users_profile()',
                         pg_temp.access('mia1'), true), 'X-mia', 'no setting makes anybody somebody else') FROM people WHERE name = 'lea';

---- the options

SELECT is(pg_temp.answer('SELECT o::text FROM users_options() o', who, true), wanted, who || ' may see the options: ' || left(wanted, 5))
  FROM (VALUES ('users_anon', '(open,f,8,3,1048576,en,"{de,en,sr}","{Default,GrayWave,MidnightSky,TealTide}")'), ('users_member', '(open,f,8,3,1048576,en,"{de,en,sr}","{Default,GrayWave,MidnightSky,TealTide}")'),
               ('users_service', '42501'), ('users_relay', '42501'), ('users_proxy', '42501'), ('regress_users_16_nobody', '42501')) v (who, wanted);
SET LOCAL users.registration = 'invited';
SET LOCAL users.password_min_length = 15;
SET LOCAL users.password_min_strength = 4;
SET LOCAL users.picture_max_size = '64kB';
SET LOCAL users.default_language = 'sr';
SELECT is((registration, require_verified_email, password_min_length, password_min_strength, picture_max_size, default_language)::text, '(invited,f,15,4,65536,sr)',
          'they follow the settings') FROM users_options();
RESET users.registration;
SELECT is((SELECT provolatile FROM pg_proc WHERE oid = 'users_options()'::regprocedure), 's', 'they are STABLE: PostgREST serves them to GET');
SELECT is(pg_temp.answer('SET LOCAL transaction_read_only = on; SELECT registration FROM users_options()', 'users_anon', true), 'open', 'READ ONLY is good enough');

---- languages and themes

SELECT is(string_agg(code || ' ' || name, ', ' ORDER BY code), 'de Deutsch, en English, sr Srpski', 'languages') FROM users_languages;
SELECT is(string_agg(name, ', ' ORDER BY name), 'Default, GrayWave, MidnightSky, TealTide', 'themes') FROM users_themes;
SELECT is(pg_temp.answer('SELECT count(*) FROM ' || view, who, true), wanted, who || ' may see ' || view || ': ' || wanted)
  FROM (VALUES ('users_anon', '3', '4'), ('users_member', '3', '4'), ('users_admin', '3', '4'), ('users_dba', '3', '4'), ('users_service', '42501', '42501'),
               ('users_relay', '42501', '42501'), ('users_proxy', '42501', '42501'), ('regress_users_16_nobody', '42501', '42501')) v (who, languages, themes),
       LATERAL (VALUES ('users_languages', languages), ('users_themes', themes)) w (view, wanted);
SELECT is(pg_temp.answer(statement, who, true), '42501', who || ' changes nothing: ' || statement)
  FROM (VALUES ('INSERT INTO users_languages VALUES (''fr'', ''Francais'')'), ('UPDATE users_languages SET name = ''x'''), ('DELETE FROM users_languages'),
               ('INSERT INTO users_themes VALUES (''x'')'), ('UPDATE users_themes SET name = ''x'''), ('DELETE FROM users_themes'),
               ('UPDATE users_sessions SET label = ''x'''), ('DELETE FROM users_sessions')) v (statement),
       (VALUES ('users_anon'), ('users_member'), ('users_dba')) w (who);

---- sessions

SELECT is(pg_temp.answer('SELECT string_agg(s.name, '' '' ORDER BY s.name) FROM users_sessions u JOIN s ON s.session_id = u.id', pg_temp.access(token), true), '42501', 'the list of this test is not for members')
  FROM (VALUES ('lea')) v (token);
GRANT SELECT ON s TO PUBLIC;
SELECT is(pg_temp.answer('SELECT string_agg(s.name, '' '' ORDER BY s.name) FROM users_sessions u JOIN s ON s.session_id = u.id', pg_temp.access(token), true), wanted, token || ' sees: ' || wanted)
  FROM (VALUES ('mia1', 'mia1 mia2'), ('mia2', 'mia1 mia2'), ('lea', 'lea'), ('root', 'lea mia1 mia2 root')) v (token, wanted);
SELECT is(pg_temp.answer('SELECT count(*) FROM users_sessions', who, true), wanted, who || ' without a token sees: ' || wanted)
  FROM (VALUES ('users_anon', '42501'), ('users_member', '0'), ('users_admin', '0'), ('users_dba', '4'), ('users_service', '42501'), ('users_relay', '42501'),
               ('users_proxy', '42501'), ('regress_users_16_nobody', '42501')) v (who, wanted);
SELECT is(pg_temp.answer('SELECT array_agg(s.name || is_current ORDER BY s.name) FROM users_sessions u JOIN s ON s.session_id = u.id', pg_temp.access('mia1'), true), '{mia1true,mia2false}', 'one of them is the present one');
SELECT is(pg_temp.answer('SELECT bool_or(is_current) FROM users_sessions', 'users_dba', true), 'NULL', 'without a token none is');
SELECT is(pg_temp.answer('SELECT (label, client_address, user_agent)::text || (user_id = users_current_user_id()) || (created_at = authenticated_at AND refreshed_at = created_at) || (expires_at - created_at)
                          FROM users_sessions WHERE is_current', pg_temp.access('mia1'), true), '("device of mia",,)truetrue7 days', 'with label and times');
SELECT is(pg_temp.answer('SELECT count(*) FROM users_sessions WHERE user_id = ' || quote_literal(user_id), pg_temp.access('lea'), true), '0', 'asking for somebody else''s shows none') FROM people WHERE name = 'mia';
SELECT is(pg_temp.answer('SELECT count(*) FROM users_sessions WHERE 1 / (CASE WHEN label = ''device of mia'' THEN 0 ELSE 1 END) = 1', pg_temp.access('lea'), true), '1', 'no condition of the reader''s is tried on them');
CREATE FUNCTION pg_temp.leak(t text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE EXCEPTION 'seen: %', t USING ERRCODE = 'LEAK0'; END $$;
SELECT is(pg_temp.answer(format('SELECT count(*) FROM users_sessions WHERE user_id <> users_current_user_id() AND %s.leak(label)', (SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema())),
                         pg_temp.access('lea'), true), '0', 'nor is the cheapest function');
SELECT is(pg_temp.answer('SET LOCAL row_security = off; SELECT count(*) FROM users_sessions', pg_temp.access('lea'), true), '42501', 'row security is not theirs to switch off');
SELECT is(pg_temp.answer('SET LOCAL transaction_read_only = on; SELECT count(*) FROM users_sessions', pg_temp.access('mia1'), true), '2', 'READ ONLY is good enough');
SELECT is(pg_temp.answer('SET LOCAL ROLE users_admin; SELECT count(*) FROM users_sessions', pg_temp.access('mia1'), true), '2', 'a member who becomes users_admin sees their own');
SELECT is(pg_temp.answer('SET LOCAL ROLE users_member; SELECT count(*) FROM users_sessions', pg_temp.access('root'), true), '1', 'an administrator who becomes users_member too');
PREPARE mine AS SELECT count(*) FROM users_sessions;
SELECT is(pg_temp.answer('EXECUTE mine', pg_temp.access(token), true), wanted, 'a prepared statement, as ' || token || ': ' || wanted)
  FROM generate_series(1, 7) n, (VALUES ('mia1', '2'), ('lea', '1'), ('root', '4')) v (token, wanted) WHERE n IN (1, 6, 7);

---- nothing else

SELECT is(pg_temp.answer(format('SELECT 1 FROM %s', t), who, true), '42501', who || ' does not read ' || t)
  FROM (SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'users'::regnamespace AND c.relkind = 'r' ORDER BY 1) v (t),
       (VALUES ('users_anon'), ('users_member'), ('users_dba'), ('users_service'), ('users_relay'), ('users_proxy'), ('regress_users_16_nobody')) w (who);
GRANT USAGE ON SCHEMA users TO users_member;
SELECT is(pg_temp.answer(format('SELECT %s FROM users.%s', col, t), who, true), '42501', 'even in the schema, ' || left(who, 12) || ' does not read ' || t || '.' || col)
  FROM (VALUES ('session', 'nonce'), ('session', 'current_random'), ('session', 'previous_random'), ('session', 'counter'), ('credential', 'password_hash'), ('credential', 'user_id'),
               ('root_key', 'secret'), ('signing_key', 'sealed_secret'), ('account', 'email'), ('person', 'listed'), ('identifier', 'identifier'),
               ('person_id', 'user_id'), ('event_position', 'xid'), ('link', 'nonce'), ('link', 'recipient'), ('mail', 'data'), ('mail', 'link_id'), ('mail_request', 'client_address'), ('known_device', 'device'), ('domain', 'deleted_at'), ('invitation', 'invitee_key')) v (t, col), (VALUES (pg_temp.access('mia1')), (pg_temp.access('root')), ('users_dba')) w (who);
SELECT isnt(pg_temp.answer('TRUNCATE users.session', pg_temp.access('root'), true), 'NULL', 'an administrator does not empty a table');
SELECT is(pg_temp.answer(statement, pg_temp.access('root'), true), '42501', 'an administrator does not write: ' || statement)
  FROM (VALUES ('UPDATE users.session SET ended_at = NULL'), ('DELETE FROM users.session'), ('INSERT INTO users.person_id VALUES (gen_random_uuid())'),
               ('UPDATE users.account SET platform_role = ''admin'''), ('DELETE FROM users.audit_event'), ('UPDATE users.audit_event SET detail = ''{}'''),
               ('SELECT users.prepare_statements()')) v (statement);

---- of people, whom one shares a domain with

-- Their names are columns that views show, and a policy hides them: what is
-- read here is all that there is to read.
INSERT INTO people SELECT 'eve', user_id FROM users_create_user('X-eve@example.org', 'X-eve', 'Nam-eve', 'Surnam', 'seven wet horses sing');
INSERT INTO s SELECT 'eve', l.* FROM users_login('x-eve', 'seven wet horses sing') l;
CREATE FUNCTION pg_temp.names(who text) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.answer('SELECT string_agg(username, '' '' ORDER BY username) FROM users.person', coalesce(pg_temp.access(who), who), true) $$;
-- Whom lea, mia and eve read, in this order.
CREATE FUNCTION pg_temp.read_by() RETURNS text LANGUAGE sql AS $$ SELECT concat_ws('; ', pg_temp.names('lea'), pg_temp.names('mia1'), pg_temp.names('eve')) $$;
SELECT is(pg_temp.names(who), wanted, who || ' reads the names of people: ' || wanted)
  FROM (VALUES ('mia1', 'X-mia'), ('lea', 'X-lea'), ('eve', 'X-eve'), ('root', 'X-eve X-lea X-mia X-root'), ('users_member', 'NULL'), ('users_admin', 'NULL'), ('users_dba', 'X-eve X-lea X-mia X-root'),
               ('users_anon', '42501'), ('users_service', '42501'), ('users_relay', '42501'), ('users_proxy', '42501'), ('regress_users_16_nobody', '42501')) v (who, wanted);

CREATE TEMP TABLE place AS SELECT d.* FROM (VALUES ('Acme', 'lea'), ('Beta', 'eve')) v (at, who) JOIN people ON name = who, LATERAL users_create_domain(at, at, owner_id => user_id) d;
CREATE FUNCTION pg_temp.role_of(place text, role text) RETURNS uuid LANGUAGE sql AS $$ SELECT r.id FROM users_roles r JOIN place p ON p.id = r.domain_id WHERE p.route = place AND r.name = role $$;
CREATE FUNCTION pg_temp.person(who text) RETURNS uuid LANGUAGE sql AS $$ SELECT user_id FROM people WHERE name = who $$;
SELECT is(pg_temp.read_by(), 'X-lea; X-mia; X-eve', 'in different domains one reads nobody but oneself');
SELECT is((users_grant_role(pg_temp.role_of('Acme', 'viewer'), pg_temp.person('mia'))).username, 'X-mia', 'mia comes into lea''s domain');
SELECT is(pg_temp.read_by(), 'X-lea X-mia; X-mia; X-eve', 'who may see members reads whom they share it with, others themselves, strangers nothing');
SELECT is(pg_temp.answer(format('SELECT count(*) FROM users.person WHERE %s', condition), pg_temp.access(who), true), wanted, who || ': ' || wanted || ' where ' || condition)
  FROM (VALUES ('mia1', 'username = ''X-lea''', '0'), ('lea', 'username = ''X-mia''', '1'), ('lea', 'username = ''X-eve''', '0'), ('mia1', 'user_id <> users_current_user_id()', '0'),
               ('mia1', '1 / (CASE WHEN username = ''X-lea'' THEN 0 ELSE 1 END) = 1', '1'), ('lea', '1 / (CASE WHEN username = ''X-eve'' THEN 0 ELSE 1 END) = 1', '2')) v (who, condition, wanted);
SELECT is((users_update_role(pg_temp.role_of('Acme', 'viewer'), permissions => '{device:read,domain:view_members}')).name, 'viewer', 'mia may see members');
SELECT is(pg_temp.read_by(), 'X-lea X-mia; X-lea X-mia; X-eve', 'and reads whom she shares it with');
SELECT is((users_grant_role(pg_temp.role_of('Acme', 'editor'), pg_temp.person('eve'), 'device', 'dddddddd-0000-0000-0000-000000000001')).object_type, 'device', 'eve comes onto one object of it');
SELECT is(pg_temp.read_by(), 'X-eve X-lea X-mia; X-eve X-lea X-mia; X-eve', 'is seen there and sees nobody');
SELECT is((users_set_domain_status(id, 'disabled')).status, 'disabled', 'the domain is disabled') FROM place WHERE route = 'Acme';
SELECT is(pg_temp.read_by(), 'X-eve X-lea X-mia; X-mia; X-eve', 'and only who reaches it reads who is in it');
SELECT is((users_set_domain_status(id, 'frozen')).status, 'frozen', 'it is frozen') FROM place WHERE route = 'Acme';
SELECT is(pg_temp.read_by(), 'X-lea; X-mia; X-eve', 'and nobody does');
SELECT is((users_set_domain_status(id, 'enabled')).status, 'enabled', 'it is enabled again') FROM place WHERE route = 'Acme';
SELECT is(users_remove_member(id, pg_temp.person('eve')), 1, 'eve is taken out') FROM place WHERE route = 'Acme';
SELECT is(pg_temp.read_by(), 'X-lea X-mia; X-lea X-mia; X-eve', 'and no longer read');
SAVEPOINT deleted;
SELECT is(pg_temp.answer('SELECT status FROM users_delete_account(''seven wet horses sing'')', pg_temp.access('mia1')), 'ok', 'mia deletes her account');
SELECT is(pg_temp.names(who), wanted, who || ' reads of who is deleted: ' || wanted) FROM (VALUES ('lea', 'X-lea'), ('eve', 'X-eve'), ('root', 'X-eve X-lea X-mia X-root')) v (who, wanted);
ROLLBACK TO deleted;
REVOKE USAGE ON SCHEMA users FROM users_member;
SELECT is(pg_temp.names(who), '42501', who || ' reads none outside of views') FROM unnest('{lea,root,users_dba}'::text[]) who;

---- as the catalog has it

SELECT is_empty('SELECT relname FROM pg_class WHERE relnamespace = ''users''::regnamespace AND relkind IN (''r'', ''p'') AND NOT relrowsecurity', 'row security is on for every table');
SELECT is_empty('SELECT relname FROM pg_class WHERE relnamespace = ''users''::regnamespace AND relowner <> ''users_owner''::regrole', 'they are users_owner''s');
SELECT is_empty('SELECT relname FROM pg_class WHERE relkind = ''v'' AND relname IN (''users_sessions'', ''users_languages'', ''users_themes'') AND coalesce(reloptions::text, '''') !~ ''security_invoker=(true|on|1)''', 'views show what their reader may see');
SELECT is((SELECT array_agg(column_name ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name = 'users_sessions')::text[],
          '{id,user_id,label,client_address,user_agent,created_at,authenticated_at,refreshed_at,expires_at,is_current}', 'the columns of users_sessions');
SELECT is(pg_temp.answer('SELECT (users_current_user_id() IS NULL, users_current_session_id() IS NULL, users_current_role() IS NULL, users_is_admin())::text', who, true), wanted, who || ' may ask who is signed in')
  FROM (VALUES ('users_anon', '(t,t,t,f)'), ('users_member', '(t,t,t,f)'), ('users_admin', '(t,t,t,f)'), ('users_dba', '(t,t,t,t)'), ('users_service', '(t,t,t,f)'), ('users_relay', '(t,t,t,f)'),
               ('users_proxy', '(t,t,t,f)'), ('regress_users_16_nobody', '(t,t,t,f)')) v (who, wanted);

CREATE FUNCTION public.regress_users_wrapped() RETURNS boolean LANGUAGE sql SECURITY DEFINER AS 'SELECT users_is_admin()';
SELECT is(pg_temp.answer('SELECT regress_users_wrapped()', who), wanted, 'a superuser''s definer function, called by ' || coalesce(who, 'the superuser') || ': ' || wanted) FROM (VALUES ('users_anon', 'false'), ('regress_users_16_nobody', 'false'), (NULL, 'true')) v (who, wanted);

SELECT is_empty('SELECT said FROM heard WHERE said ~* ''horses|x-(mia|lea|eve)|device of|argon2|eyJ''', 'no error shows anybody''s data');

SELECT * FROM finish();
ROLLBACK;
