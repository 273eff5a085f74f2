-- users_events: each success once, from any position on; positions that do not
-- hold; who may ask; what maintenance removes. What a transaction sees of its
-- own is the matter here, so these commit.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
SELECT plan(91);
\ir ../lib/story.sql

CREATE ROLE regress_users_77 LOGIN NOINHERIT;
CREATE ROLE regress_users_77_gateway LOGIN IN ROLE users_service;
CREATE ROLE regress_users_77_dba LOGIN IN ROLE users_dba;
SELECT users_setup_login('regress_users_77', admin => true) IS NULL AS ignored \gset

-- What comes after a position: the events' words, and where they end.
CREATE FUNCTION pg_temp.after(since text, max_rows integer DEFAULT 100) RETURNS text LANGUAGE sql AS
$$ SELECT coalesce(string_agg(event, ' '), 'nothing') FROM users_events(since, max_rows) $$;
CREATE FUNCTION pg_temp.last(since text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT coalesce((array_agg(e.position))[count(*)], since) FROM users_events(since, 1000) e $$;

---- what is delivered

SELECT is(pg_temp.after(NULL), 'nothing', 'at first nothing has happened');
SELECT access_token AS ann, user_id AS ann_id, session_id AS ann_session FROM users_register('ann@example.org', 'ann', 'seven wet horses sing', 'Ann', 'Ash') \gset
SELECT user_id AS root_id FROM users_create_user('root@example.org', 'root', 'Rita', 'Root', 'seven wet horses sing', platform_role => 'admin') \gset
SELECT access_token AS root FROM users_login('root', 'seven wet horses sing') \gset
SELECT is(pg_temp.after(NULL), 'register account_created login', 'then what has');
SELECT status FROM users_login('ann', 'a wrong one') \gset ignored_
SELECT status FROM users_login('nobody', 'a wrong one') \gset ignored_
SELECT is(pg_temp.after(NULL), 'register account_created login', 'no failures');
SELECT results_eq('SELECT occurred_at, event, user_id, session_id, domain_id FROM users_events()', $$ SELECT occurred_at, event, user_id, session_id, domain_id FROM users.audit_event WHERE outcome = 'success' ORDER BY id $$, 'as the audit has it');
SELECT is((SELECT concat_ws(' ', user_id = :'ann_id', session_id = :'ann_session', coalesce(domain_id::text, 'none')) FROM users_events(NULL, 1)), 't t none', 'with who and where');
SELECT kid FROM users_rotate_key() \gset
SELECT is((SELECT coalesce(user_id::text, 'nobody') FROM users_events(pg_temp.last()) UNION ALL SELECT coalesce(user_id::text, 'nobody') FROM users_events() WHERE event = 'key_rotated'), 'nobody', 'what concerns no person has no user_id');

---- positions

SELECT is(pg_temp.after(pg_temp.last()), 'nothing', 'after the last there is nothing');
SELECT is(pg_temp.after(pg_temp.last(pg_temp.last())), 'nothing', 'and nothing has a position');
SELECT is(string_agg(pg_temp.after(e.position), '; ' ORDER BY n), 'account_created login key_rotated; login key_rotated; key_rotated; nothing', 'after each comes the rest')
  FROM users_events() WITH ORDINALITY e (position, occurred_at, event, user_id, session_id, domain_id, n);
WITH RECURSIVE page AS (
	SELECT 1 AS n, e.event, e.position FROM users_events(NULL, 1) e
	UNION ALL SELECT p.n + 1, e.event, e.position FROM page p CROSS JOIN LATERAL users_events(p.position, 1) e)
SELECT is(string_agg(event, ' ' ORDER BY n), 'register account_created login key_rotated', 'page by page too') FROM page;
SELECT pg_temp.last() AS here \gset
SELECT is(pg_temp.after(:'here'), pg_temp.after(:'here'), 'reading changes nothing');
SELECT status FROM users_login('ann', 'seven wet horses sing') \gset ignored_
SELECT is(pg_temp.after(:'here'), 'login', 'what happens later comes then');
-- A page that ends within a window goes on in the next.
SELECT (SELECT position FROM users_events(NULL, 2) OFFSET 1) AS middle \gset
SELECT status FROM users_login('ann', 'seven wet horses sing') \gset ignored_
SELECT is(pg_temp.after(:'middle'), 'login key_rotated login login', 'and after the rest of a window that was begun');
SELECT is(pg_temp.after(:'middle', 3), 'login key_rotated login', 'as many as one wants');
-- Events of which the audit is gone keep nobody waiting.
BEGIN;
DELETE FROM users.audit_event WHERE event <> 'key_rotated';
SELECT is(pg_temp.after(NULL, 1), 'key_rotated', 'what the audit keeps no more is passed over');
ROLLBACK;

---- one's own transaction

SELECT pg_temp.last() AS here \gset
BEGIN;
SELECT status FROM users_login('ann', 'seven wet horses sing') \gset ignored_
SELECT is(pg_temp.after(:'here'), 'nothing', 'what is not committed has not happened, not for oneself either');
ROLLBACK;
SELECT is(pg_temp.after(:'here'), 'nothing', 'what was rolled back never has');
BEGIN;
SELECT status FROM users_login('ann', 'seven wet horses sing') \gset ignored_
SELECT pg_temp.last((SELECT position FROM users_events() LIMIT 1)) AS within \gset
COMMIT;
SELECT is(pg_temp.after(:'within'), 'login', 'a position taken before the commit does not pass by it');
SELECT is(pg_temp.after(pg_temp.last(:'within')), 'nothing', 'and it comes once');
BEGIN;
SELECT pg_temp.last() AS within \gset
SELECT status FROM users_login('ann', 'seven wet horses sing') \gset ignored_
COMMIT;
SELECT is(pg_temp.after(:'within'), 'login', 'nor one from before the transaction wrote');
BEGIN;
SAVEPOINT a;
SELECT status FROM users_login('ann', 'seven wet horses sing') \gset ignored_
ROLLBACK TO a;
SELECT status FROM users_login('root', 'seven wet horses sing') \gset ignored_
COMMIT;
SELECT is((SELECT string_agg((user_id = :'root_id')::text, ' ') FROM users_events(pg_temp.last(:'within'))), NULL, 'a savepoint''s');
SELECT is((SELECT count(*) FROM users_events()), (SELECT count(*) FROM users.event_position), 'none is missing');
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT is(pg_temp.story(NULL, format('SELECT pg_temp.after(%L)', :'within')), 'login login', 'REPEATABLE READ and READ ONLY make no difference');
ROLLBACK;

---- what is no position

SELECT (SELECT position FROM users_events(NULL, 1)) AS paging \gset

SELECT is(pg_temp.story(NULL, format('SELECT count(*) FROM users_events(%L)', t)), '22023 after', 'not a position: ' || left(t, 40))
  FROM unnest(ARRAY['', ' ', '1', 'x', '1.2.3', '1.1.1.1.1.1:1:.', '.....', '1.....1:1:', :'here' || ' ', ' ' || :'here', :'here' || '.1', :'here' || '1', replace(:'here', '.', ' '), repeat('1.', 100000), '2' || substr(:'here', 2),
                    '01' || substr(:'here', 2), regexp_replace(:'paging', ':\.', ':,.'), upper(regexp_replace(:'paging', '[0-9a-f]{8}-', 'abcdef01-')), regexp_replace(:'here', '^1\.\d+', '1.99999999999999999999'), regexp_replace(:'here', '^1\.\d+', '1.-1'),
                    split_part(:'here', '.', 1) || '.1.1.1.1.5:3:', '1.1.1.1.1.5:9:4', '1.1.1.1.1.5:9:9', '1.1.1.1.1.5:9:6,6', '1.1.1.1.1.5:9:7,6', '1.1.1.1.1.0:9:', '1.1.1.1.1.5:9:.1:1:.1.' || gen_random_uuid(), U&'1\066B1']) t;
SELECT is(pg_temp.story(NULL, format('SELECT count(*) FROM users_events(%L)', regexp_replace(since, pattern, becomes))), 'US011 after', 'not of here: ' || what)
  FROM (VALUES (:'here', '^1\.\d+', '1.1', 'another system'), (:'here', '^(1\.\d+)\.\d+', '\1.77', 'another timeline'), (:'here', '^(1\.\d+\.\d+)\.\d+', '\1.1', 'another database'),
               (:'paging', '^(1\.\d+\.\d+\.\d+)\.\d+', '\1.1', 'another table'), (:'here', '\.\d+:\d+:[0-9,]*$', '.900000000:900000000:', 'the future'),
               (:'paging', '\.\d+:\d+:[0-9,]*(\.\d+\.[^.]*)$', '.900000000:900000000:\1', 'a page of the future')) v (since, pattern, becomes, what);
SELECT is(pg_temp.story(NULL, '! SELECT count(*) FROM users_events(''x'')'), E'22023 after\nnot a position of users_events\nDETAIL: argument: after\nHINT: Give the position of a row that users_events returned, or NULL to begin with.', 'what to do is said');
SELECT is(pg_temp.story(NULL, format('! SELECT count(*) FROM users_events(%L)', regexp_replace(:'here', '^1\.\d+', '1.1'))),
          E'US011 after\nthis position holds no longer\nDETAIL: argument: after\nreason: restored\nHINT: Events after it may be missing: read everything anew, and begin with after => NULL.', 'in both cases');
-- Tampering moves a reader about among what he may read anyway.
SELECT is(pg_temp.after(regexp_replace(:'here', '\.\d+:\d+:[0-9,]*$', '.3:3:')), pg_temp.after(NULL), 'who changes a position reads again');
SELECT is(pg_temp.story(NULL, 'SELECT count(*) FROM users_events(NULL, ' || n || ')'), '22023 max_rows', 'max_rows: ' || n) FROM unnest('{"NULL",0,-1,1001,2147483647,-2147483648}'::text[]) n;
SELECT is(pg_temp.story(NULL, 'SELECT count(*) FROM users_events(NULL, ' || n || ')'), answer, 'max_rows: ' || n) FROM (VALUES ('1', '1'), ('1000', (SELECT count(*)::text FROM users.event_position))) v (n, answer);

---- who may ask

SELECT is(pg_temp.story(who, 'SELECT count(*) > 0 FROM users_events()'), answer, 'asking: ' || coalesce(left(who, 40), 'a superuser'))
  FROM (VALUES (NULL, 'true'), ('=regress_users_77_gateway', 'true'), ('=regress_users_77_gateway users_service', 'true'), ('=regress_users_77_dba', 'true'), ('=regress_users_77 ' || :'root', 'true'),
               ('=regress_users_77 ' || :'ann', '42501'), ('users_anon', '42501'), ('users_member', '42501'), ('users_service', 'true'), ('users_relay', '42501'), ('=regress_users_77 users_admin', '42501')) v (who, answer);

---- what maintenance removes

SELECT is((SELECT row_count FROM users_maintain() WHERE name = 'events'), 0::bigint, 'what is new stays');
SELECT is((SELECT count(*) FROM users.event_mark), 1::bigint, 'its time begins');
SELECT pg_temp.last() AS here \gset
SELECT (SELECT position FROM users_events(NULL, 1)) AS first \gset
SELECT status FROM users_login('ann', 'seven wet horses sing') \gset ignored_
UPDATE users.event_mark SET taken_at = now() - interval '29 days';
SELECT is((SELECT row_count FROM users_maintain() WHERE name = 'events'), 0::bigint, 'what could be read for 29 days too');
UPDATE users.event_mark SET taken_at = now() - interval '31 days' WHERE taken_at < now() - interval '1 day';
SELECT is((SELECT row_count > 5 FROM users_maintain() WHERE name = 'events'), true, 'after 30 days it goes');
SELECT is(pg_temp.after(NULL), 'login', 'what came after stays');
SELECT is(pg_temp.after(:'here'), 'login', 'for who had read all that is gone');
SELECT is(pg_temp.story(NULL, format('! SELECT count(*) FROM users_events(%L)', :'first')),
          E'US011 after\nthis position holds no longer\nDETAIL: argument: after\nreason: removed\nHINT: Events after it may be missing: read everything anew, and begin with after => NULL.', 'who had not is told');
SELECT is(pg_temp.after(pg_temp.last()), 'nothing', 'and begins anew');
SELECT is((SELECT row_count FROM users_maintain() WHERE name = 'events'), 0::bigint, 'once');
UPDATE users.event_mark SET taken_at = now() - interval '70 days' + n * interval '1 day' FROM (SELECT taken_at AS t, row_number() OVER (ORDER BY taken_at) AS n FROM users.event_mark) o WHERE o.t = taken_at;
SELECT is((SELECT row_count FROM users_maintain() WHERE name = 'events'), 0::bigint, 'marks do not pile up') FROM users_maintain() LIMIT 1;
SELECT cmp_ok((SELECT count(*)::integer FROM users.event_mark), '<=', 3, 'few are kept');
SELECT status FROM users_login('ann', 'seven wet horses sing') \gset ignored_
SET users.audit_retention = '10d';
UPDATE users.event_mark SET taken_at = now() - interval '9 days 1 hour', snapshot = pg_current_snapshot() WHERE NOT used;
SELECT is((SELECT row_count > 0 FROM users_maintain() WHERE name = 'events'), true, 'nothing is kept that the audit is about to forget');
RESET users.audit_retention;

SELECT * FROM finish();
DROP OWNED BY regress_users_77;
DROP ROLE regress_users_77, regress_users_77_gateway, regress_users_77_dba;
