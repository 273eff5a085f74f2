-- The end of an account: what remains of it, and what maintenance removes.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET users.mail_kinds_off = '';
SET client_min_messages = error;
BEGIN;
SELECT plan(33);
\ir ../lib/story.sql

\set password '''seven wet horses sing'''
SELECT user_id AS bob_id FROM users_create_user('bob@example.org', 'bob', 'Bob', 'Ash', :password, platform_role => 'admin') \gset
SELECT user_id AS ann_id FROM users_create_user('Quokka@example.org', 'Wombat', 'Ann', 'Ash', :password) \gset
SELECT user_id AS ben_id FROM users_create_user('ben@example.org', 'ben', 'Ben', 'Oak', :password) \gset
SELECT access_token AS bob FROM users_login('bob', :password) \gset
SELECT access_token AS ann FROM users_login('wombat', :password, 'a phone') \gset
SELECT access_token AS ben FROM users_login('ben', :password) \gset

-- She has something everywhere.
SELECT status AS ignored FROM users_login('wombat', :password, 'another') \gset
SELECT (users_login('wombat', 'six wet horses sing')).status AS ignored \gset
SELECT users_authenticate(:'ann') IS NOT NULL AS ignored \gset
SELECT id AS domain_id FROM users_create_domain('Hers', 'hers') \gset
SELECT id AS role_id FROM users_roles WHERE domain_id = :'domain_id' AND name = 'viewer' \gset
SELECT (users_invite(:'role_id', 'ben')).status AS ignored, (users_invite(:'role_id', 'zoe@example.org')).status AS ignored_too \gset
SELECT (users_change_email(:password, 'quokka2@example.org')).status AS ignored \gset
COMMIT;
BEGIN;
SELECT id AS other_domain FROM users_create_domain('His', 'his', owner_id => :'ben_id') \gset
SELECT id AS other_role FROM users_roles WHERE domain_id = :'other_domain' AND name = 'viewer' \gset
SELECT (users_invite(:'other_role', 'wombat')).status AS ignored, (users_invite(:'other_role', 'QUOKKA@example.org')).status AS ignored_too \gset
SELECT (users_request_reset('quokka@example.org')).status AS ignored, (users_request_verification('quokka@example.org')).status AS ignored_too \gset
SELECT count(*) AS ignored FROM users_claim_mail(100) \gset
SELECT (users_request_reset('quokka@Example.org')).status AS ignored \gset
SELECT user_id AS ignored FROM users_issue_reset(:'ann_id', send_mail => false) \gset

-- Where a word stands: table.column, of all tables of ours.
CREATE FUNCTION pg_temp.found(word text, OUT places text) LANGUAGE plpgsql AS $$
DECLARE
	t record;
	hit text;
BEGIN
	places := '';
	FOR t IN SELECT c.oid::regclass AS relation, c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	          WHERE c.relnamespace = 'users'::regnamespace AND c.relkind = 'r' ORDER BY 2, 3 LOOP
		EXECUTE format('SELECT min(%L) FROM %s t WHERE t.%I::text ILIKE %L', t.relname || '.' || t.attname, t.relation, t.attname, '%' || word || '%') INTO hit;
		places := concat_ws(' ', nullif(places, ''), hit);
	END LOOP;
END
$$;
CREATE FUNCTION pg_temp.tables(word text) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(DISTINCT split_part(p, '.', 1), ' ' ORDER BY split_part(p, '.', 1)) FROM regexp_split_to_table(pg_temp.found(word), ' ') p $$;

SELECT is(pg_temp.tables(:'ann_id'), 'account audit_event credential domain event_position identifier invitation known_device link mail person person_id role role_assignment session', 'her id is in these tables');
SELECT is(pg_temp.tables('quokka'), 'account identifier invitation link mail mail_request', 'her address in these');
SELECT is(pg_temp.tables('wombat'), 'identifier invitation person', 'her username in these');
CREATE TEMP TABLE before AS SELECT (SELECT count(*) FROM users.audit_event WHERE user_id = :'ann_id') AS events, (SELECT count(*) FROM users.account) AS accounts, (SELECT count(*) FROM users.session) AS sessions, (SELECT count(*) FROM users.mail WHERE user_id = :'ben_id') AS mails;

CREATE FUNCTION pg_temp.age(id uuid, days integer) RETURNS text LANGUAGE sql AS $$
SELECT format('UPDATE users.account SET deleted_at = deleted_at - %1$L::interval WHERE user_id = %2$L; UPDATE users.invitation SET created_at = created_at - %1$L::interval;'
	' UPDATE users.link SET created_at = created_at - %1$L::interval; UPDATE users.mail SET created_at = created_at - %1$L::interval;'
	' UPDATE users.mail_request SET created_at = created_at - %1$L::interval', days || ' days', id) $$;
CREATE FUNCTION pg_temp.maintain(task text) RETURNS text LANGUAGE sql AS $$ SELECT format('SELECT row_count FROM users_maintain() WHERE name = %L', task) $$;
SELECT is(pg_temp.story(NULL, format('SELECT users_purge_user(%L)', :'ann_id')), 'US011 user_id', 'who is not deleted is not purged');
SELECT is(pg_temp.story(NULL, format('SELECT users_delete_user(%L)', :'ann_id'), pg_temp.maintain('accounts'), format('SELECT users_restore_user(%L)', :'ann_id'), format('SELECT count(*) FROM users_sessions WHERE user_id = %L', :'ann_id'), format('SELECT status FROM users_login(''wombat'', %L)', :password)),
          'true | 0 | true | 0 | ok', 'within the grace nothing is purged, and restoring brings it back');
SELECT is(pg_temp.story(NULL, format('SELECT users_delete_user(%L)', :'ann_id'), pg_temp.age(:'ann_id', days), 'SELECT users_maintain() IS NULL', format('SELECT count(*) FROM users_accounts WHERE id = %L', :'ann_id')), answer, days || ' days after')
  FROM (VALUES (29, 'true | done | false | 1'), (31, 'true | done | false | 0')) v (days, answer);
SELECT is(pg_temp.story(NULL, 'SET LOCAL users.deletion_grace = ''1d''', format('SELECT users_delete_user(%L)', :'ann_id'), pg_temp.age(:'ann_id', 2), pg_temp.maintain('accounts') || ' AND row_count > 3', format('SELECT count(*) FROM users_accounts WHERE id = %L', :'ann_id')) ~ '^done . true . done . \d+ . 0$', true, 'the grace is a setting');
SELECT is(pg_temp.story(NULL, format('SELECT users_delete_user(%L)', :'ann_id'), format('SELECT users_purge_user(%L)', :'ann_id'), format('SELECT pg_temp.found(%L)', :'ann_id'), 'SELECT pg_temp.found(''quokka'')', 'SELECT pg_temp.found(''wombat'')'),
          'true | true | audit_event.actor_id audit_event.user_id domain.created_by domain.updated_by event_position.user_id person_id.user_id role.created_by role.updated_by |  | ', 'purged at once');
SELECT is(pg_temp.story(NULL, format('SELECT users_delete_user(%L)', :'ann_id'), pg_temp.age(:'ann_id', 31), 'SELECT count(*) > 9 FROM users_maintain()', format('SELECT pg_temp.found(%L)', :'ann_id'), 'SELECT pg_temp.found(''quokka'')', 'SELECT pg_temp.found(''wombat'')'),
          'true | done | true | audit_event.actor_id audit_event.user_id domain.created_by domain.updated_by event_position.user_id person_id.user_id role.created_by role.updated_by |  | ', 'after the grace nothing remains but the id, where something was done');
SELECT is(pg_temp.story(NULL, format('SELECT users_delete_user(%L)', :'ann_id'), format('SELECT users_purge_user(%L)', :'ann_id'), format('SELECT count(*) - events FROM before, users.audit_event WHERE user_id = %L GROUP BY events', :'ann_id'), format('SELECT actor_id IS NULL FROM users.audit_event WHERE user_id = %L AND event = ''account_purged''', :'ann_id'),
                        'SELECT concat_ws('' '', accounts - (SELECT count(*) FROM users.account), (SELECT count(*) FROM users.account a JOIN users.credential c USING (user_id) JOIN users.person p USING (user_id)), mails - (SELECT count(*) FROM users.mail WHERE user_id = users_id(''ben''))) FROM before', format('SELECT status FROM users_login(''ben'', %L)', :password)),
          'true | true | 2 | true | 1 2 0 | ok', 'events remain, and others lose nothing');
SELECT is(pg_temp.story(NULL, format('SELECT users_delete_user(%L)', :'ann_id'), format('SELECT users_purge_user(%L)', :'ann_id'), format('SELECT %s(%L)', f, :'ann_id')), 'true | true | US014 user_id', 'gone for ' || f) FROM unnest('{users_purge_user,users_restore_user,users_delete_user,users_enable_user,users_update_account}'::text[]) f;
SELECT is(pg_temp.story(NULL, format('SELECT users_delete_user(%L)', :'ann_id'), 'SELECT status FROM users_register(''quokka@example.org'', ''wombat'', ''seven wet horses sing'', ''Z'', ''Z'')', 'SELECT (users_request_reset(''quokka@example.org'')).status', format('SELECT users_purge_user(%L)', :'ann_id'), format('SELECT status FROM users_login(''wombat'', %L)', :password), 'SELECT count(*) FROM users.identifier', 'SELECT count(*) FROM users.mail_request WHERE email ILIKE ''quokka@%'''),
          'true | ok | accepted | true | ok | 6 | 2', 'who has the address by now keeps it, and what was asked for it');
SELECT is(pg_temp.story(:'bob', format('SELECT users_delete_user(%L)', :'ann_id'), format('SELECT users_purge_user(%L)', :'ann_id'), 'SELECT count(*) > 9 FROM users_maintain()'), 'true | true | true', 'an administrator purges by token');

-- What an application refers to.
CREATE TABLE public.orders (id integer PRIMARY KEY, user_id uuid REFERENCES users.person_id (user_id));
INSERT INTO public.orders VALUES (1, :'ann_id');
SELECT is(pg_temp.story(NULL, format('SELECT users_delete_user(%L)', :'ann_id'), format('SELECT users_purge_user(%L)', :'ann_id'), 'SELECT count(*) FROM public.orders'), 'true | true | 1', 'an application''s reference stops nothing and stays');
SELECT is(pg_temp.story(NULL, 'INSERT INTO users.person_id SELECT gen_random_uuid() FROM generate_series(1, 250)', 'INSERT INTO users.account (user_id, email, status, deleted_at, created_at, updated_at) SELECT user_id, user_id::text, ''deleted'', now() - interval ''40 days'', now(), now() FROM users.person_id p WHERE NOT EXISTS (SELECT FROM users.account a WHERE a.user_id = p.user_id)',
                        'INSERT INTO users.person SELECT user_id, user_id::text, ''A'', ''B'' FROM users.account WHERE status = ''deleted''', 'INSERT INTO users.credential SELECT user_id, NULL, '''', now() FROM users.account WHERE status = ''deleted''', pg_temp.maintain('accounts'), 'SELECT count(*) FROM users.audit_event WHERE event = ''account_purged''', pg_temp.maintain('accounts')),
          'done | done | done | done | 250 | 250 | 0', 'many at once');

---- sessions

SELECT is(pg_temp.story(NULL, 'UPDATE users.session SET id = (''01800000-0000-7000'' || substr(id::text, 19))::uuid, ' || change || format(' WHERE user_id = %L', :'ann_id'), pg_temp.maintain('sessions'), format('SELECT count(*) FROM users.session WHERE user_id = %L', :'ann_id'), format('SELECT concat_ws('' '', last_login_at IS NOT NULL, (SELECT a.last_login_at IS NOT NULL FROM users.account a WHERE a.user_id = id)) FROM users_accounts WHERE id = %L', :'ann_id')), answer, 'sessions: ' || change)
  FROM (VALUES ('ended_at = now() - interval ''25 hours''', 'done | 2 | 0 | t t'), ('ended_at = now() - interval ''23 hours''', 'done | 0 | 2 | t f'), ('expires_at = now() - interval ''25 hours''', 'done | 2 | 0 | t t'), ('expires_at = now() - interval ''1 hour''', 'done | 0 | 2 | t f'), ('label = ''x''', 'done | 0 | 2 | t f')) v (change, answer);
SELECT is(pg_temp.story(NULL, 'UPDATE users.session SET ended_at = now() - interval ''2 days''', pg_temp.maintain('sessions')), 'done | 0', 'the id says how old a session is');

---- events

SELECT is(pg_temp.story(NULL, format('UPDATE users.audit_event SET id = (%L || substr(id::text, 14))::uuid, nobody = %L WHERE user_id = %L', stamp, nobody, :'ben_id'), 'SELECT row_count > 0 FROM users_maintain() WHERE name = ''audit_events''', format('SELECT count(*) > 0 FROM users.audit_event WHERE user_id = %L', :'ben_id')), answer, what)
  FROM (VALUES (366, false, 'done | true | false', 'events of a year ago'), (364, false, 'done | false | true', 'not of yesterday''s year'), (8, false, 'done | false | true', 'of a week ago'), (8, true, 'done | true | false', 'nobody''s of a week ago'), (6, true, 'done | false | true', 'not of six days ago')) v (days, nobody, answer, what),
       LATERAL (SELECT overlay(lpad(to_hex((extract(epoch FROM now() - make_interval(days => days)) * 1000)::bigint), 12, '0') PLACING '-' FROM 9 FOR 0)) s (stamp);
SELECT is(pg_temp.story(NULL, format('SET LOCAL users.audit_retention = %L', days || 'd'), format('UPDATE users.audit_event SET id = (%L || substr(id::text, 14))::uuid WHERE user_id = %L', stamp, :'ben_id'), 'SELECT row_count > 0 FROM users_maintain() WHERE name = ''audit_events'''), answer, 'a retention of ' || days)
  FROM (VALUES (9, 'done | done | true'), (11, 'done | done | false')) v (days, answer), (SELECT overlay(lpad(to_hex((extract(epoch FROM now() - interval '10 days') * 1000)::bigint), 12, '0') PLACING '-' FROM 9 FOR 0)) s (stamp);

SELECT * FROM finish();
ROLLBACK;
