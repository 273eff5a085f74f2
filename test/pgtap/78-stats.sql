-- users_stats: each number moves with what it counts; who reads them; that
-- they stay cheap. And the checks of users_health that look at the server.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
BEGIN;
SELECT plan(52);
\ir ../lib/story.sql

CREATE ROLE regress_users_78 LOGIN NOINHERIT;
CREATE ROLE regress_users_78_gateway LOGIN IN ROLE users_service;
CREATE ROLE regress_users_78_dba LOGIN IN ROLE users_dba;
SELECT users_setup_login('regress_users_78', admin => true) IS NULL AS ignored \gset
CREATE FUNCTION pg_temp.stat(metric text) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT value || '' '' || unit FROM users_stats WHERE metric = %L', metric) $$;

SELECT set_eq('SELECT metric FROM users_stats', $$ VALUES ('accounts_enabled'), ('accounts_disabled'), ('accounts_deleted'), ('sessions_live'), ('domains'), ('domains_deleted'), ('logins_last_hour'), ('failed_logins_last_hour'),
              ('throttled_logins_last_hour'), ('registrations_last_hour'), ('mails_waiting'), ('mail_requests_waiting'), ('mail_overdue'), ('mails_failed_last_day'), ('hashing'), ('hashing_waiting'), ('hashing_slots'), ('throttled'),
              ('signing_key_age') $$, 'these are the numbers');
SELECT is((SELECT count(*) FROM users_stats), 19::bigint, 'each once');
SELECT is_empty('SELECT * FROM users_stats WHERE value IS NULL OR value < 0 OR metric !~ ''^[a-z_]+$'' OR unit NOT IN (''count'', ''count up to 10000'', ''seconds'')', 'each has a value and a unit');
SELECT is_empty('SELECT * FROM users_stats WHERE value <> 0 AND metric NOT IN (''hashing_slots'', ''throttled'')', 'all is 0 at first') FROM (SELECT 1) x WHERE NOT EXISTS (SELECT FROM users.signing_key);
SELECT is((SELECT count(*) FROM users_keys), 1::bigint, 'asking makes no further key');

SELECT access_token AS ann, user_id AS ann_id FROM users_register('ann@example.org', 'ann', 'seven wet horses sing', 'Ann', 'Ash') \gset
SELECT user_id AS root_id FROM users_create_user('root@example.org', 'root', 'Rita', 'Root', 'seven wet horses sing', platform_role => 'admin') \gset
SELECT access_token AS root FROM users_login('root', 'seven wet horses sing') \gset

---- each follows what it counts

SELECT is(pg_temp.story(NULL, pg_temp.stat(metric), statement, pg_temp.stat(metric)), format('%s %s | %s | %s %2$s', before, unit, answer, after), metric || ': ' || left(statement, 50))
  FROM (VALUES
	('accounts_enabled', '2', 'count', format('SELECT users_disable_user(%L)', :'ann_id'), 'true', '1'),
	('accounts_disabled', '0', 'count', format('SELECT users_disable_user(%L)', :'ann_id'), 'true', '1'),
	('accounts_deleted', '0', 'count', 'UPDATE users.account SET status = ''deleted'' WHERE platform_role = ''user''', 'done', '1'),
	('sessions_live', '2', 'count', 'SELECT status FROM users_login(''ann'', ''seven wet horses sing'')', 'ok', '3'),
	('sessions_live', '2', 'count', format('SELECT users_logout_all(user_id => %L)', :'ann_id'), '1', '1'),
	('sessions_live', '2', 'count', 'UPDATE users.session SET expires_at = now()', 'done', '0'),
	('domains', '0', 'count', format('SELECT status FROM users_create_domain(''Acme'', ''acme'', owner_id => %L)', :'ann_id'), 'enabled', '1'),
	('domains_deleted', '0', 'count', format('WITH d AS (SELECT id FROM users_create_domain(''Acme'', ''acme'', owner_id => %L)) SELECT users_delete_domain(id) FROM d', :'ann_id'), 'true', '1'),
	('logins_last_hour', '1', 'count', 'SELECT status FROM users_login(''ann'', ''seven wet horses sing'')', 'ok', '2'),
	('logins_last_hour', '1', 'count', 'UPDATE users.audit_event SET occurred_at = now() - interval ''61 minutes''', 'done', '0'),
	('failed_logins_last_hour', '0', 'count', 'SELECT status FROM users_login(''ann'', ''a wrong one'')', 'invalid_credentials', '1'),
	('failed_logins_last_hour', '0', 'count', 'SELECT status FROM users_login(''nobody'', ''a wrong one'')', 'invalid_credentials', '1'),
	('registrations_last_hour', '1', 'count', 'SELECT status FROM users_register(''ben@example.org'', ''ben'', ''seven wet horses sing'', ''Ben'', ''Ash'')', 'ok', '2'),
	('mails_waiting', '0', 'count up to 10000', format('SELECT url IS NULL FROM users_issue_reset(%L)', :'ann_id'), 'true', '1'),
	('mail_requests_waiting', '0', 'count up to 10000', 'SELECT status FROM users_request_reset(''ann@example.org'')', 'accepted', '1'),
	('hashing_slots', current_setting('users.max_concurrent_hashes'), 'count', 'SELECT 1', '1', current_setting('users.max_concurrent_hashes'))) v (metric, before, unit, statement, answer, after);
SELECT is(pg_temp.story(NULL, 'SELECT status FROM users_request_reset(''ann@example.org'')', 'UPDATE users.mail_request SET created_at = now() - interval ''11 minutes''', 'SELECT value >= 660 AND value < 700 FROM users_stats WHERE metric = ''mail_overdue'''), 'accepted | done | true', 'mail_overdue');
SELECT is(pg_temp.story(NULL, 'SELECT url IS NULL FROM users_issue_reset(users_id(''ann''))', 'SELECT users_mail_failed(id, ''no'', true) FROM users_claim_mail()', pg_temp.stat('mails_failed_last_day')), 'true | true | 1 count', 'mails_failed_last_day');
SELECT is(pg_temp.story(NULL, 'UPDATE users.signing_key SET activated_at = now() - interval ''1 day''', 'SELECT value BETWEEN 86400 AND 86700 AND unit = ''seconds'' FROM users_stats WHERE metric = ''signing_key_age'''), 'done | true', 'signing_key_age');
SET LOCAL users.max_failed_logins = 1;
SELECT is(pg_temp.story(NULL, 'SELECT status FROM users_login(''somebody 78'', ''a wrong one'')', 'SELECT value FROM users_stats WHERE metric = ''throttled''', 'SELECT status FROM users_login(''somebody 78'', ''a wrong one'')',
                        'SELECT value > 0 FROM users_stats WHERE metric = ''throttled''', pg_temp.stat('throttled_logins_last_hour')) ~ '^invalid_credentials \| \d+ \| throttled \| true \| 1 count$', true, 'throttled');

---- who reads them

SELECT is(pg_temp.story(who, 'SELECT count(*) FROM users_stats'), answer, 'reading: ' || coalesce(left(who, 40), 'a superuser'))
  FROM (VALUES (NULL, '19'), ('=regress_users_78_gateway', '19'), ('=regress_users_78_dba', '19'), ('=regress_users_78 ' || :'root', '19'), ('=regress_users_78 ' || :'ann', '42501'), ('users_anon', '42501'), ('users_member', '42501'),
               ('=regress_users_78 users_admin', '42501'), ('users_relay', '42501')) v (who, answer);

---- much of it

INSERT INTO users.session (user_id, id, created_at, authenticated_at, refreshed_at, expires_at, ends_at, nonce, counter, current_random)
SELECT :'ann_id', gen_random_uuid(), now(), now(), now(), now() + CASE WHEN n % 2 = 0 THEN interval '1 day' ELSE interval '-1 day' END, now() + interval '1 day', '', 1, '' FROM generate_series(1, 30000) n;
INSERT INTO users.audit_event (user_id, id, occurred_at, event, outcome) SELECT :'ann_id', gen_random_uuid(), now() - n * interval '0.1 s', 'login', 'success' FROM generate_series(1, 20000) n;
INSERT INTO users.mail (user_id, id, class, kind, recipient, language, created_at, next_attempt_at) SELECT :'ann_id', gen_random_uuid(), 1, 'welcome', 'x@example.org', 'en', now(), now() FROM generate_series(1, 12000);
ANALYZE users.session;
SELECT is(unit || (value BETWEEN 12000 AND 18000), 'estimatetrue', 'of many sessions a part is read: ' || value) FROM users_stats WHERE metric = 'sessions_live';
SELECT is(unit || (value BETWEEN 34000 AND 37000), 'estimatetrue', 'of many events the newest: ' || value) FROM users_stats WHERE metric = 'logins_last_hour';
SELECT is(value || ' ' || unit, '10000 count up to 10000', 'no queue is counted further') FROM users_stats WHERE metric = 'mails_waiting';

---- users_health: what the server and maintenance do

CREATE FUNCTION pg_temp.check(what text, word text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT ok || coalesce('' '' || substring(detail FROM %L), '''') FROM users_health() WHERE name = %L', word, what) $$;
SET LOCAL log_statement = 'none';
SET LOCAL log_min_duration_statement = -1;
SET LOCAL log_min_duration_sample = -1;
SELECT is(pg_temp.story(NULL, pg_temp.check('parameter_log')), 'true', 'parameter_log: none');
SELECT is(pg_temp.story(NULL, format('SET LOCAL %s = %L', name, value), pg_temp.check('parameter_log', word)), answer, format('parameter_log: %s = %s', name, value))
  FROM (VALUES ('log_parameter_max_length_on_error', '-1', 'log_parameter_max_length_on_error', 'done | false log_parameter_max_length_on_error'), ('debug_print_plan', 'on', 'debug_print_plan', 'done | false debug_print_plan'),
               ('log_statement', 'all', 'log_parameter_max_length', 'done | false log_parameter_max_length'), ('log_min_duration_statement', '1h', 'log_parameter_max_length', 'done | false log_parameter_max_length'), ('log_statement', 'ddl', NULL, 'done | true')) v (name, value, word, answer);
SELECT is(pg_temp.story(NULL, 'SET LOCAL log_statement = ''all''', 'SET LOCAL log_parameter_max_length = 0', pg_temp.check('parameter_log')), 'done | done | true', 'parameter_log: not with parameters left out');
SELECT is(pg_temp.story(NULL, 'CREATE ROLE regress_users_78_x ' || attributes, pg_temp.check('bypass_rls', '\mregress_users_78_x\M')) ~ 'false regress_users_78_x', answer, 'bypass_rls: ' || attributes)
  FROM (VALUES ('BYPASSRLS IN ROLE users_member', true), ('BYPASSRLS IN ROLE users_admin', true), ('BYPASSRLS', false), ('SUPERUSER BYPASSRLS IN ROLE users_member', false), ('IN ROLE users_member', false)) v (attributes, answer);
SELECT is(pg_temp.story(NULL, pg_temp.check('maintenance')), 'true', 'maintenance: nothing is old');
SELECT is(pg_temp.story(NULL, 'UPDATE users.audit_event SET occurred_at = now() - interval ''366 days'' WHERE event = ''account_created''', pg_temp.check('maintenance')), 'done | true', 'maintenance: a day is no matter');
SELECT is(pg_temp.story(NULL, 'UPDATE users.audit_event SET occurred_at = now() - interval ''368 days'' WHERE event = ''account_created''', pg_temp.check('maintenance', ': audit_event$')), 'done | false : audit_event', 'maintenance: many are');
SELECT is(pg_temp.story(NULL, 'UPDATE users.audit_event SET occurred_at = now() - interval ''63 days'' WHERE event = ''register''', pg_temp.check('maintenance', ': event_position$')), 'done | false : event_position', 'maintenance: events');

SELECT * FROM finish();
ROLLBACK;
