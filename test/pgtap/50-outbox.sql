-- The outbox: what the relay is given, in which order, how often and when it
-- is given up; what the administrator sees of it, and what stays of it.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
BEGIN;
SELECT plan(303);
\ir ../lib/story.sql
\ir ../lib/mails.sql
SET LOCAL users.max_mail_requests = 1000;

CREATE ROLE regress_users_50 LOGIN NOINHERIT;
CREATE ROLE regress_users_50_trusted LOGIN NOINHERIT;
CREATE ROLE regress_users_50_dba LOGIN IN ROLE users_dba;
CREATE ROLE regress_users_50_relay LOGIN IN ROLE users_relay;
SELECT users_setup_login('regress_users_50', admin => true) IS NULL AS ignored, users_setup_login('regress_users_50_trusted', trusted_client => true) IS NULL AS ignored_too \gset
SELECT user_id AS mia_id FROM users_create_user('mia@mails.example', 'mia', 'Mia', 'Ash', 'seven wet horses sing') \gset
SELECT user_id AS bob_id FROM users_create_user('bob@mails.example', 'bob', 'Bob', 'Birch', 'seven wet horses sing', platform_role => 'admin') \gset
SELECT access_token AS mia FROM users_login('mia', 'seven wet horses sing') \gset
SELECT access_token AS bob FROM users_login('bob', 'seven wet horses sing') \gset

-- For stories: what a claim answers, sorted and put together.
CREATE FUNCTION pg_temp.claim(what text DEFAULT 'kind', arguments text DEFAULT '') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT count(*) || coalesce('' '' || string_agg(%s, '','' ORDER BY %1$s), '''') FROM users_claim_mail(%s)', what, arguments) $$;
CREATE FUNCTION pg_temp.outbox(what text DEFAULT 'kind || '' '' || state') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT count(*) || coalesce('' '' || string_agg(%s, '','' ORDER BY %1$s), '''') FROM users_outbox', what) $$;
-- Rows of requests, mails and links.
CREATE FUNCTION pg_temp.rows() RETURNS text LANGUAGE sql AS
$$ SELECT 'SELECT concat_ws('' '', (SELECT count(*) FROM users.mail_request), (SELECT count(*) FROM users.mail), (SELECT count(*) FROM users.link))'::text $$;
-- A mail with a link, and a notice, to mia.
CREATE FUNCTION pg_temp.link() RETURNS text LANGUAGE sql AS $$ SELECT 'SELECT url IS NULL FROM users_issue_reset(users_id(''mia''))'::text $$;
CREATE FUNCTION pg_temp.notice() RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.insert_mail('mia', 1, 'password_changed') $$;
-- All that waits is due, a lease that runs is over.
CREATE FUNCTION pg_temp.later() RETURNS text LANGUAGE sql AS
$$ SELECT 'UPDATE users.mail SET next_attempt_at = clock_timestamp() - interval ''1 second'' WHERE next_attempt_at IS NOT NULL'::text $$;
-- An id of some time ago.
CREATE FUNCTION pg_temp.id_of(age interval) RETURNS uuid LANGUAGE sql VOLATILE AS
$$ SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp() - age) * 1000)::bigint), 12, '0') || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid $$;

---- columns

SELECT is((SELECT string_agg(attname || ' ' || format_type(atttypid, NULL), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'users_mail'::regclass),
          'id uuid, kind text, recipient text, recipient_name text, language text, subject text, body_text text, body_html text, message_id text, attempt integer, site text, sender text, data jsonb', 'the columns of a claimed mail');
SELECT is((SELECT string_agg(attname || ' ' || format_type(atttypid, NULL), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'users_outbox'::regclass),
          'id uuid, kind text, user_id uuid, recipient text, language text, site text, state text, attempts integer, created_at timestamp with time zone, next_attempt_at timestamp with time zone, sent_at timestamp with time zone, last_error text', 'the columns of users_outbox');
SELECT is(pg_temp.story(NULL, 'SELECT pg_typeof(c)::text || count(*) OVER () FROM users_claim_mail() c RIGHT JOIN (VALUES (1)) v ON true', pg_temp.outbox(), pg_temp.rows()), 'users_mail1 | 0 | 0 0 0', 'nothing is due where nothing was caused');

---- one with a link, column by column

SELECT status AS asked FROM users_request_reset(' MIA@mails.EXAMPLE ') \gset
SELECT is(concat_ws(' ', :'asked', kind, user_id, recipient, language, site, state, attempts, created_at = next_attempt_at, sent_at, last_error), 'accepted reset_password MIA@mails.EXAMPLE waiting 0 t', 'what was asked for waits as it was written, and nobody has been looked up')
  FROM users_outbox;
SELECT is((SELECT count(*) FROM users.mail) + (SELECT count(*) FROM users.link) + (SELECT count(*) FROM users.audit_event WHERE event LIKE 'reset%'), 0::bigint, 'there is no mail, no link and no event yet');
CREATE TEMP TABLE first AS SELECT clock_timestamp() AS asked_at, * FROM users_claim_mail();
SELECT is((SELECT count(*) FROM first), 1::bigint, 'the relay is given one mail');
SELECT is(substr(id::text, 15, 1), '7', 'id: a UUIDv7') FROM first;
SELECT is(kind, 'reset_password', 'kind') FROM first;
SELECT is(recipient, 'mia@mails.example', 'recipient: the address as its owner writes it') FROM first;
SELECT is(recipient_name, 'Mia Ash', 'recipient_name') FROM first;
SELECT is(language, 'en', 'language') FROM first;
SELECT is(subject, 'Users: choose a new password', 'subject') FROM first;
SELECT ok(position('Hello Mia,' IN body_text) = 1 AND position(E'\n' || (data ->> 'link') || E'\n' IN body_text) > 0, 'body_text: with name and link') FROM first;
SELECT ok(body_html LIKE '<!DOCTYPE html>%Hello Mia,%<a href="' || (data ->> 'link') || '"%</html>%', 'body_html: with name and link') FROM first;
SELECT is(message_id, format('<%s@localhost>', id), 'message_id: the id, at the host of the link') FROM first;
SELECT is(attempt, 1, 'attempt') FROM first;
SELECT is(site, NULL, 'site: none') FROM first;
SELECT is(sender, NULL, 'sender: the relay''s own') FROM first;
SELECT is(array_agg(key ORDER BY key), '{email,expires_at,first_name,last_name,link,product_name,token,username}', 'data: its members') FROM first, jsonb_object_keys(data) key;
SELECT is(array_agg(DISTINCT jsonb_typeof(value)), '{string}', 'data: all of them texts') FROM first, jsonb_each(data);
SELECT is(data - '{link,token,expires_at}'::text[], '{"email": "mia@mails.example", "first_name": "Mia", "last_name": "Ash", "username": "mia", "product_name": "Users"}', 'data: names') FROM first;
SELECT matches(data ->> 'token', '^[A-Za-z0-9_-]{86}$', 'data: the token') FROM first;
SELECT is(data ->> 'link', 'http://localhost:3000/password/reset?token=' || (data ->> 'token'), 'data: the link') FROM first;
SELECT matches(data ->> 'expires_at', '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$', 'data: expires_at as programs read it') FROM first;
SELECT is(date_trunc('second', l.expires_at), (f.data ->> 'expires_at')::timestamptz, 'which is what holds') FROM first f, users.link l;
SELECT ok(l.expires_at - f.asked_at BETWEEN '59 minutes' AND '61 minutes', 'and is an hour from now') FROM first f, users.link l;
SELECT is(concat_ws(' ', kind, user_id = :'mia_id', recipient, language, site, state, attempts, sent_at, last_error), 'reset_password t mia@mails.example en claimed 1', 'the outbox shows it as claimed, and whose it is') FROM users_outbox;
SELECT ok(next_attempt_at - f.asked_at BETWEEN '4 minutes' AND '6 minutes', 'until its lease ends') FROM users_outbox, first f;
SELECT is(string_agg(event || ' ' || outcome || ' ' || (user_id = :'mia_id'), ','), 'reset_requested success true', 'that it was asked for is recorded, for who has an account') FROM users.audit_event WHERE event LIKE 'reset%';
SELECT is_empty($$ SELECT 1 FROM first f, (SELECT to_jsonb(m)::text FROM users.mail m UNION ALL SELECT to_jsonb(l)::text FROM users.link l UNION ALL SELECT to_jsonb(e)::text FROM users.audit_event e UNION ALL SELECT to_jsonb(o)::text FROM users_outbox o) r (row)
                    WHERE position(f.data ->> 'token' IN row) > 0 OR position(right(f.data ->> 'token', 43) IN row) > 0 OR row LIKE '%Hello%' $$, 'neither the token nor the body is in a row');
SELECT is(pg_temp.story('users_anon', format('SELECT status FROM users_reset_password(%L, ''ten dry goats mumble'', ''ten dry goats mumble'')', data ->> 'token')), 'ok', 'the token is good') FROM first;
SELECT is(pg_temp.story(NULL, format('SELECT users_mail_sent(%L)', id), format('SELECT status FROM users_reset_password(%L, ''ten dry goats mumble'', ''ten dry goats mumble'')', data ->> 'token')), 'true | ok', 'whatever has become of the mail') FROM first;

---- other kinds

SELECT is(pg_temp.story(NULL, VARIADIC pg_temp.cause(kind) || ARRAY[format('SELECT concat_ws('' '', recipient, recipient_name, (SELECT string_agg(key, '','' ORDER BY key) FROM jsonb_object_keys(data) key)) FROM users_claim_mail() WHERE kind = %L', kind)]) ~ ('\| ' || answer || '$'), true, kind || ': ' || answer)
  FROM (VALUES ('registration', 'new@mails.example email,expires_at,link,product_name,token'), ('verify_email', 'mia@mails.example email,expires_at,first_name,last_name,link,product_name,token,username'),
               ('welcome', 'wim@mails.example Wim Wolf email,expires_at,first_name,last_name,link,product_name,token,username'), ('password_changed', 'mia@mails.example Mia Ash email,first_name,last_name,product_name,time,username'),
               ('email_change_requested', 'mia@mails.example Mia Ash email,first_name,last_name,product_name,time,username'), ('email_changed', 'mia@mails.example Mia Ash email,first_name,last_name,product_name,time,username'),
               ('already_registered', 'mia@mails.example Mia Ash email,first_name,last_name,product_name,time,username'), ('account_deleted', 'mia@mails.example Mia Ash email,first_name,last_name,product_name,time,username')) v (kind, answer);
SELECT is(pg_temp.story(NULL, 'SET LOCAL users.mail_kinds_off = ''''', 'SELECT status FROM users_login(''mia'', ''seven wet horses sing'', ''a telephone'')', 'SELECT concat_ws('' '', recipient, data ->> ''device'', data ->> ''client_address'', (SELECT string_agg(key, '','' ORDER BY key) FROM jsonb_object_keys(data) key)) FROM users_claim_mail()'),
          'done | ok | mia@mails.example a telephone - client_address,device,email,first_name,last_name,product_name,time,username', 'new_sign_in: with device and address');
SELECT is(pg_temp.story(NULL, VARIADIC pg_temp.cause('registration') || ARRAY[pg_temp.claim(), pg_temp.outbox('concat_ws('' '', kind, user_id, recipient, state)')]) ~ '\| 1 registration \| 2 registration new@mails.example claimed,reset_password [0-9a-f-]+ mia@mails.example claimed$', true, 'who has no account has no user_id in the outbox');
SELECT is(pg_temp.story(NULL, VARIADIC pg_temp.cause(kind) || ARRAY[format('SELECT class FROM users.mail WHERE kind = %L UNION ALL SELECT class FROM users.mail_request WHERE kind = %L', kind, kind)]) ~ ('\| ' || class || '$'), true, kind || ' is of class ' || class)
  FROM kinds WHERE kind <> 'new_sign_in' AND class < 3 AND kind <> 'already_registered';

---- leases

DELETE FROM users.mail;
DELETE FROM users.link;
SELECT is(pg_temp.story(NULL, format('SELECT count(*) FROM users_claim_mail(%s)', batch)), answer, format('a batch of %s: %s', batch, answer)) FROM (VALUES ('1', '0'), ('1000', '0'), ('0', '22023 batch'), ('-1', '22023 batch'), ('1001', '22023 batch'), ('NULL', '22023 batch')) v (batch, answer);
SELECT is(pg_temp.story(NULL, format('SELECT count(*) FROM users_claim_mail(lease => %s)', lease)), answer, format('a lease of %s: %s', lease, answer))
  FROM (VALUES ('''10 seconds''', '0'), ('''9 seconds''', '22023 lease'), ('''1 day''', '0'), ('''24 hours''', '0'), ('''24:00:01''', '22023 lease'), ('''1 day 1 second''', '22023 lease'), ('''1 month''', '22023 lease'), ('''0''', '22023 lease'), ('''-1 hour''', '22023 lease'), ('NULL', '22023 lease')) v (lease, answer);
SELECT is(pg_temp.story(NULL, pg_temp.link(), pg_temp.claim(), pg_temp.claim(), pg_temp.claim('kind', '1000')), 'true | 1 reset_password | 0 | 0', 'what is claimed is nobody else''s');
SELECT is(pg_temp.story(NULL, pg_temp.link(), pg_temp.claim('kind', 'lease => ''' || lease || ''''), 'SELECT next_attempt_at BETWEEN clock_timestamp() + interval ''' || lease || ''' - interval ''2 seconds'' AND clock_timestamp() + interval ''' || lease || ''' FROM users_outbox'), 'true | 1 reset_password | true', 'a lease of ' || lease || ' ends then') FROM unnest('{10 seconds,1 hour,1 day}'::text[]) lease;
CREATE TEMP TABLE given (LIKE first);
ALTER TABLE given DROP asked_at;
SELECT is(pg_temp.story(NULL, pg_temp.link(), 'INSERT INTO given SELECT * FROM users_claim_mail()', pg_temp.later(), 'INSERT INTO given SELECT * FROM users_claim_mail()', pg_temp.claim(), pg_temp.later(), 'INSERT INTO given SELECT * FROM users_claim_mail()',
                        'SELECT count(DISTINCT (id, message_id, data, subject, body_text, body_html)) || '' '' || string_agg(attempt::text, '','' ORDER BY attempt) FROM given', pg_temp.outbox('state || attempts'), 'SELECT count(*) FROM users.link'),
          'true | done | done | done | 0 | done | done | 1 1,2,3 | 1 claimed3 | 1', 'it is claimed again when its lease has ended: the same mail, the same link, the next attempt');
SELECT is(pg_temp.story(NULL, pg_temp.notice(), pg_temp.claim('attempt::text'), pg_temp.later(), pg_temp.claim('attempt::text')), 'done | 1 1 | done | 1 2', 'a notice too');
SELECT is(pg_temp.story(NULL, pg_temp.insert_mail('mia', 1, 'password_changed', n => 25), pg_temp.claim('''''', '20'), pg_temp.claim('''''', '20'), pg_temp.claim('''''', '20')), 'done | 20 ' || repeat(',', 19) || ' | 5 ,,,, | 0', 'a batch is not exceeded, and the next goes on');
SELECT is(pg_temp.story(NULL, pg_temp.link(), 'UPDATE users.mail SET next_attempt_at = now() + interval ''1 minute''', pg_temp.claim()), 'true | done | 0', 'what is not due is not claimed');
SELECT is(pg_temp.story(NULL, pg_temp.insert_mail('mia', 1, 'password_changed', n => 10), 'UPDATE users.mail SET next_attempt_at = now() - interval ''2 hours'' WHERE id = (SELECT max(id::text)::uuid FROM users.mail)', 'SELECT id = (SELECT max(id::text)::uuid FROM users.mail) FROM users_claim_mail(1)'), 'done | done | true', 'what is due for longest comes first');

---- classes in turn

CREATE TEMP TABLE flood AS SELECT 1 AS class, 'password_changed' AS kind UNION ALL VALUES (2, 'already_registered'), (3, 'invitation_accepted');
SELECT is(pg_temp.story(NULL, pg_temp.insert_mail('mia', f.class, f.kind, n => 300), 'UPDATE users.mail SET next_attempt_at = now() - interval ''2 hours''', pg_temp.insert_mail('mia', o.class, o.kind), pg_temp.insert_mail('mia', p.class, p.kind),
                        'SELECT string_agg(kind || n, '','' ORDER BY kind) FROM (SELECT kind, count(*) FROM users_claim_mail() GROUP BY kind) v (kind, n)', 'SELECT string_agg(kind || n, '','' ORDER BY kind) FROM (SELECT kind, count(*) FROM users_claim_mail() GROUP BY kind) v (kind, n)'),
          format('done | done | done | done | %s | %s10', (SELECT string_agg(x.kind || CASE x.kind WHEN f.kind THEN 8 ELSE 1 END, ',' ORDER BY x.kind) FROM flood x), f.kind), 'a flood of class ' || f.class || ' keeps the others not back')
  FROM flood f, flood o, flood p WHERE o.class = f.class % 3 + 1 AND p.class = o.class % 3 + 1;
SELECT is(pg_temp.story(NULL, pg_temp.insert_mail('mia', 1, 'password_changed', n => 300), pg_temp.insert_mail('mia', 2, 'already_registered', n => 300), pg_temp.insert_mail('mia', 3, 'invitation_accepted', n => 300),
                        'SELECT string_agg(kind || n, '','' ORDER BY kind) FROM (SELECT kind, count(*) FROM users_claim_mail(30) GROUP BY kind) v (kind, n)'), 'done | done | done | already_registered10,invitation_accepted10,password_changed10', 'each has a third of a batch');
SELECT is(pg_temp.story(NULL, pg_temp.insert_mail('mia', 1, 'password_changed', n => 300), pg_temp.insert_mail('mia', 2, 'already_registered', n => 300), pg_temp.insert_mail('mia', 3, 'invitation_accepted', n => 300),
                        format('SELECT count(DISTINCT kind) FROM generate_series(1, 90), LATERAL users_claim_mail(%s + 0 * generate_series)', batch)), 'done | done | done | 3', format('batches of %s come to all of them', batch)) FROM generate_series(1, 2) batch;
SELECT is(pg_temp.story(NULL, 'INSERT INTO users.mail_request (class, id, kind, email, created_at) SELECT 2, gen_random_uuid(), ''registration'', ''flood'' || i || ''@mails.example'', now() FROM generate_series(1, 300) i', pg_temp.link(),
                        'SELECT string_agg(kind || n, '','' ORDER BY kind) FROM (SELECT kind, count(*) FROM users_claim_mail() GROUP BY kind) v (kind, n)', 'SELECT count(*) BETWEEN 1 AND 290 FROM users.mail_request', pg_temp.claim('''''', '1000')),
          'done | true | registration9,reset_password1 | true | 291 ' || repeat(',', 290), 'a flood of requests does not either, and is worked through bit by bit');
SELECT is(pg_temp.story(NULL, 'INSERT INTO users.mail_request (class, id, kind, email, created_at) SELECT 1, gen_random_uuid(), ''reset_password'', ''flood'' || i || ''@mails.example'', now() FROM generate_series(1, 3000) i', 'SELECT status FROM users_request_reset(''mia@mails.example'')', pg_temp.claim(), pg_temp.rows()),
          'done | accepted | 1 reset_password | 0 1 1', 'thousands for nobody are thrown away in a call');

---- sent

SELECT is(pg_temp.story(NULL, pg_temp.link(), 'SELECT users_mail_sent(id) FROM users_outbox', 'SELECT users_mail_failed(id, ''no'') FROM users_outbox', pg_temp.outbox()), 'true | false | false | 1 reset_password waiting', 'what was not claimed is not settled');
SELECT is(pg_temp.story(NULL, pg_temp.link(), 'SELECT users_mail_sent(id) FROM users_claim_mail()', 'SELECT users_mail_sent(id) FROM users_outbox', 'SELECT users_mail_failed(id, ''no'', true) FROM users_outbox', 'SELECT users_retry_mail(id) FROM users_outbox', 'SELECT users_discard_mail(id) FROM users_outbox', pg_temp.claim(),
                        'SELECT concat_ws('' '', state, attempts, next_attempt_at, sent_at BETWEEN now() AND clock_timestamp(), last_error) FROM users_outbox'),
          'true | true | false | false | false | false | 0 | sent 1 t', 'sent is sent, whatever is said later');
SELECT is(pg_temp.story(NULL, pg_temp.link(), 'SELECT users_mail_failed(id, ''no'') FROM users_claim_mail()', 'SELECT users_mail_sent(id) FROM users_outbox', 'SELECT concat_ws('' '', state, last_error) FROM users_outbox', pg_temp.later(), pg_temp.claim()), 'true | true | true | sent | done | 0', 'also when a slower relay says so after another has failed');
SELECT is(pg_temp.story(NULL, pg_temp.link(), pg_temp.notice(), 'SELECT users_mail_sent(id) FROM users_claim_mail() WHERE kind = ''password_changed''', pg_temp.outbox()), 'true | done | true | 2 password_changed sent,reset_password claimed', 'and nothing else is');

---- failed

CREATE FUNCTION pg_temp.fail(more text DEFAULT '') RETURNS text LANGUAGE sql AS $$ SELECT format('SELECT users_mail_failed(id, ''451 no room''%s) FROM users_claim_mail()', more) $$;
SELECT is(pg_temp.story(NULL, pg_temp.link(), pg_temp.fail(), 'SELECT concat_ws('' '', state, attempts, next_attempt_at > clock_timestamp(), sent_at, last_error) FROM users_outbox', pg_temp.claim(), pg_temp.later(), pg_temp.claim('attempt::text'), 'SELECT concat_ws('' '', state, last_error) FROM users_outbox'),
          'true | true | waiting 1 t 451 no room | 0 | done | 1 2 | claimed 451 no room', 'a failed attempt is followed by another, later');
SELECT is(pg_temp.story(NULL, pg_temp.link(), pg_temp.fail(', true'), 'SELECT concat_ws('' '', state, attempts, next_attempt_at, sent_at, last_error) FROM users_outbox', pg_temp.claim(), 'SELECT users_mail_failed(id, ''no'') FROM users_outbox', 'SELECT users_mail_sent(id) FROM users_outbox'),
          'true | true | failed 1 451 no room | 0 | false | false', 'but when it is permanent');
SELECT is(pg_temp.story(NULL, pg_temp.link(), pg_temp.fail(', false'), 'SELECT state FROM users_outbox'), 'true | true | waiting', 'false is not permanent');
SELECT is(pg_temp.story(NULL, pg_temp.link(), pg_temp.fail(', NULL, NULL'), 'SELECT state FROM users_outbox'), 'true | true | waiting', 'NULL neither');
SELECT is(pg_temp.story(NULL, pg_temp.link(), pg_temp.fail(format(', retry_after => %L', after)), format('SELECT next_attempt_at BETWEEN clock_timestamp() - interval ''2 seconds'' + %L AND clock_timestamp() + %1$L FROM users_outbox', after)), 'true | true | true', 'again after ' || after) FROM unnest('{0,10 minutes,30 days}'::interval[]) after;
SELECT is(pg_temp.story(NULL, pg_temp.link(), pg_temp.fail(format(', retry_after => %L', after)), 'SELECT state FROM users_outbox'), 'true | 22023 retry_after | waiting', 'not after ' || after) FROM unnest('{-1 seconds,-1 day,30 days 1 second,1 year}'::text[]) after;
SELECT is(pg_temp.story(NULL, pg_temp.link(), pg_temp.fail(', true, ''1 minute'''), 'SELECT state FROM users_outbox'), 'true | true | failed', 'permanent goes before a time');

CREATE TEMP TABLE waited (attempt integer, seconds double precision);
GRANT ALL ON waited TO PUBLIC;
CREATE FUNCTION pg_temp.waits(tries integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	n integer;
BEGIN
	EXECUTE pg_temp.insert_mail('mia', 1, 'password_changed');
	FOR n IN SELECT i FROM generate_series(1, 20) i, generate_series(1, tries) LOOP
		UPDATE users.mail SET attempts = n, state = 'claimed', next_attempt_at = now();
		PERFORM users_mail_failed(id, 'no') FROM users.mail;
		INSERT INTO waited SELECT n, extract(epoch FROM next_attempt_at - clock_timestamp()) FROM users.mail;
	END LOOP;
	DELETE FROM users.mail;
END
$$;
SET LOCAL users.mail_max_attempts = 100;
SELECT pg_temp.waits(40) IS NULL AS ignored \gset
SELECT is_empty($$ SELECT * FROM waited, LATERAL (SELECT least(30 * 2 ^ (attempt - 1), 21600)) l (seconds_wanted) WHERE seconds NOT BETWEEN 0.75 * seconds_wanted - 2 AND 1.25 * seconds_wanted + 1 $$,
                'the wait begins with 30 seconds, doubles up to six hours, and is a quarter more or less');
SELECT is_empty($$ SELECT attempt FROM waited GROUP BY attempt HAVING count(DISTINCT round(seconds)) < 5 $$, 'not together with the others that failed with it');
SELECT ok(avg(seconds) FILTER (WHERE attempt = 20) BETWEEN 18000 AND 25000, 'about six hours in the end') FROM waited;

SET LOCAL users.mail_max_attempts = 2;
SELECT is(pg_temp.story(NULL, pg_temp.link(), pg_temp.fail(), pg_temp.later(), pg_temp.fail(), 'SELECT concat_ws('' '', state, attempts, next_attempt_at, last_error) FROM users_outbox', pg_temp.claim()), 'true | true | done | true | failed 2 451 no room | 0', 'after users.mail_max_attempts it has failed');
SELECT is(pg_temp.story(NULL, pg_temp.link(), pg_temp.claim(), pg_temp.later(), pg_temp.claim('attempt::text'), pg_temp.later(), pg_temp.claim(), 'SELECT concat_ws('' '', state, next_attempt_at, last_error) FROM users_outbox'), 'true | 1 reset_password | done | 1 2 | done | 0 | failed no relay said what became of it', 'also when nobody ever said a word');
RESET users.mail_max_attempts;
SELECT is(pg_temp.story(NULL, pg_temp.link(), 'SELECT users_mail_failed(id, repeat(''ü'', 400)) FROM users_claim_mail()', 'SELECT last_error = repeat(''ü'', 249) FROM users_outbox'), 'true | true | true', 'of a long error the beginning is kept, in whole characters');
SELECT is(pg_temp.story(NULL, pg_temp.link(), 'SELECT users_mail_failed(id, NULL) FROM users_claim_mail()', 'SELECT coalesce(last_error, '''') = '''' FROM users_outbox'), 'true | true | true', 'there need not be one');

---- retry and discard

SELECT is(pg_temp.story(NULL, pg_temp.link(), 'INSERT INTO given SELECT * FROM users_claim_mail()', 'SELECT users_mail_failed(id, ''no'', true) FROM users_outbox', 'SELECT users_retry_mail(id) FROM users_outbox', 'SELECT concat_ws('' '', state, attempts, next_attempt_at <= clock_timestamp()) FROM users_outbox',
                        'INSERT INTO given SELECT * FROM users_claim_mail()', 'SELECT count(DISTINCT data) || '' '' || string_agg(attempt::text, '','') FROM given'), 'true | done | true | true | waiting 0 t | done | 1 1,1', 'what has failed is sent again at once, with the same link, counted anew');
SELECT is(pg_temp.story(NULL, pg_temp.link(), pg_temp.fail(', false, ''1 day'''), pg_temp.claim(), 'SELECT users_retry_mail(id) FROM users_outbox', pg_temp.claim('attempt::text')), 'true | true | 0 | true | 1 1', 'what waits for its next attempt too');
SELECT is(pg_temp.story(NULL, VARIADIC ARRAY[pg_temp.link()] || statements || ARRAY['SELECT users_retry_mail(id) FROM users_outbox', 'SELECT state FROM users_outbox']) ~ ('\| false \| ' || state || '$'), true, 'nothing is to be sent again that is ' || state)
  FROM (VALUES (ARRAY[pg_temp.claim()], 'claimed'), (ARRAY['SELECT users_mail_sent(id) FROM users_claim_mail()'], 'sent'), (ARRAY['SELECT users_discard_mail(id) FROM users_outbox'], 'discarded'), (ARRAY['UPDATE users.link SET spent_at = now()', pg_temp.claim()], 'expired')) v (statements, state);
SELECT is(pg_temp.story(NULL, 'SELECT status FROM users_request_reset(''mia@mails.example'')', 'SELECT users_retry_mail(id) FROM users_outbox', pg_temp.claim()), 'accepted | false | 1 reset_password', 'a request is due as it is');
SELECT is(pg_temp.story(NULL, VARIADIC ARRAY[pg_temp.link()] || statements || ARRAY['SELECT users_discard_mail(id) FROM users_outbox', 'SELECT concat_ws('' '', state, next_attempt_at) FROM users_outbox', 'SELECT users_discard_mail(id) FROM users_outbox', 'SELECT users_mail_sent(id) FROM users_outbox', 'SELECT users_mail_failed(id, ''no'') FROM users_outbox', pg_temp.later(), pg_temp.claim()])
          ~ '\| true \| discarded \| false \| false \| false \| done \| 0$', true, 'never sent: one that ' || what)
  FROM (VALUES ('{}'::text[], 'waits'), (ARRAY[pg_temp.claim()], 'is claimed'), (ARRAY[pg_temp.fail()], 'waits for the next attempt'), (ARRAY[pg_temp.fail(', true')], 'has failed')) v (statements, what);
SELECT is(pg_temp.story(NULL, 'SELECT status FROM users_request_reset(''mia@mails.example'')', 'SELECT status FROM users_request_reset(''nobody@mails.example'')', 'SELECT users_discard_mail(id) FROM users_outbox WHERE recipient LIKE ''mia%''', pg_temp.outbox('recipient'), 'SELECT users_discard_mail(id) FROM users_outbox', pg_temp.claim(), pg_temp.rows()), 'accepted | accepted | true | 1 nobody@mails.example | true | 0 | 0 0 0', 'requests are discarded too, for whomever');
SELECT is(pg_temp.story(NULL, format('SELECT users_%s_mail(%L)', f, id)), 'false', format('users_%s_mail(%s): false', f, coalesce(id::text, 'NULL'))) FROM unnest('{retry,discard}'::text[]) f, (VALUES (NULL::uuid), ('01234567-89ab-7def-8123-456789abcdef'), (:'mia_id')) v (id);

---- what is of no use any more

SELECT is(pg_temp.story(NULL, pg_temp.link(), pg_temp.notice(), format('UPDATE users.mail SET created_at = now() - interval %L', age), pg_temp.claim(), pg_temp.outbox('concat_ws('' '', kind, state, last_error)'), pg_temp.claim()), answer, age || ': ' || substring(answer FROM '\| 2.*'))
  FROM (VALUES ('23 hours 59 minutes', 'true | done | done | 2 password_changed,reset_password | 2 password_changed claimed,reset_password claimed | 0'), ('24 hours 1 minute', 'true | done | done | 1 password_changed | 2 password_changed claimed,reset_password expired no relay claimed it in time | 0'),
               ('400 days', 'true | done | done | 1 password_changed | 2 password_changed claimed,reset_password expired no relay claimed it in time | 0')) v (age, answer);
SELECT is(pg_temp.story(NULL, 'SET LOCAL users.reset_token_ttl = ''7d''', pg_temp.link(), pg_temp.claim(), 'UPDATE users.mail SET created_at = now() - interval ''2 days'', next_attempt_at = now() - interval ''1 second''', pg_temp.claim('attempt::text')), 'done | true | 1 reset_password | done | 1 2', 'who was claimed in time may be late');
SELECT is(pg_temp.story(NULL, 'SELECT status FROM users_request_reset(''mia@mails.example'')', format('UPDATE users.mail_request SET created_at = now() - interval %L', age), pg_temp.claim(), pg_temp.rows()), answer, 'a request of ' || age || ' ago') FROM (VALUES ('23 hours', 'accepted | done | 1 reset_password | 0 1 1'), ('25 hours', 'accepted | done | 0 | 0 0 0')) v (age, answer);
SELECT is(pg_temp.story(NULL, VARIADIC ARRAY[pg_temp.link()] || statements || ARRAY[pg_temp.claim('kind || coalesce(data ->> ''token'', '''')'), 'SELECT concat_ws('' '', kind, state, next_attempt_at, last_error) FROM users_outbox WHERE kind = ''reset_password''', 'SELECT expires_at IS NULL FROM users.link'])
          ~ ('\| ' || answer || '$'), true, 'no dead link is mailed: ' || what)
  FROM (VALUES (pg_temp.cause('password_changed'), '1 password_changed \| reset_password expired the link is over \| true', 'the password was changed meanwhile'),
               (ARRAY['SELECT users_disable_user(users_id(''mia''))'], '0 \| reset_password expired the link is over \| true', 'the account was disabled'),
               (ARRAY['SELECT users_disable_user(users_id(''mia''))', 'SELECT users_enable_user(users_id(''mia''))'], '0 \| reset_password expired the link is over \| true', 'or has been'),
               (pg_temp.cause('account_deleted'), '1 account_deleted \| reset_password expired the link is over \| true', 'it was deleted'),
               (ARRAY['UPDATE users.link SET spent_at = now()'], '0 \| reset_password expired the link is over \| true', 'it was used'),
               (ARRAY['DELETE FROM users.link'], '0 \| reset_password expired the link is over \| NULL', 'there is no such link')) v (statements, answer, what);
SELECT is(pg_temp.story(NULL, pg_temp.link(), pg_temp.claim(), 'UPDATE users.link SET expires_at = now() - interval ''1 second''', pg_temp.later(), pg_temp.claim(), pg_temp.outbox('state')), 'true | 1 reset_password | done | done | 0 | 1 expired', 'nor one that has expired between two attempts');
SELECT is(pg_temp.story(NULL, VARIADIC pg_temp.cause('password_changed') || ARRAY['SELECT users_disable_user(users_id(''mia''))', pg_temp.claim()]) ~ '\| 1 password_changed$', true, 'a notice goes to who is disabled');
SELECT is(pg_temp.story(NULL, pg_temp.notice(), 'DELETE FROM users.account WHERE user_id = users_id(''mia'')', pg_temp.claim(), pg_temp.outbox('state || '' '' || last_error')), 'done | done | 0 | 1 expired the account is gone', 'and not to who is gone');
SELECT is(pg_temp.story(NULL, pg_temp.notice(), 'UPDATE users.mail SET kind = ''postcard''', pg_temp.link(), pg_temp.claim(), pg_temp.outbox('kind || '' '' || state || coalesce('' '' || last_error, '''')')), 'done | done | true | 1 reset_password | 2 postcard failed there is no such kind of mail,reset_password claimed', 'what cannot be sent keeps nothing back: no such kind');
SELECT is(pg_temp.story(NULL, pg_temp.notice(), 'DELETE FROM users.mail_template WHERE kind = ''password_changed''', pg_temp.link(), pg_temp.claim(), pg_temp.outbox('kind || '' '' || state || coalesce('' '' || last_error, '''')')), 'done | done | true | 1 reset_password | 2 password_changed failed it has no template, or becomes too long,reset_password claimed', 'no template');

---- what is asked for by address

SELECT is(pg_temp.story('users_anon', format('SELECT r::text FROM users_request_%s(%L) r', f, address), 'RESET ROLE', pg_temp.outbox('recipient || '' '' || state || coalesce(user_id::text, '''')'), pg_temp.claim('kind || '' '' || recipient'), pg_temp.rows(), 'SELECT count(*) FROM users.audit_event WHERE occurred_at >= now() AND event ~ ''reset|verif|regist'''), format('(accepted,) | done | 1 %s waiting | %s', address, after), format('%s, %s: %s', f, address, after))
  FROM (VALUES ('reset', 'nobody@mails.example', '0 | 0 0 0 | 1'), ('reset', 'mia@mails.example', '1 reset_password mia@mails.example | 0 1 1 | 2'), ('verification', 'nobody@mails.example', '0 | 0 0 0 | 1'), ('verification', 'mia@mails.example', '1 verify_email mia@mails.example | 0 1 1 | 1'),
               ('registration', 'nobody@mails.example', '1 registration nobody@mails.example | 0 1 1 | 1'), ('registration', 'mia@mails.example', '1 already_registered mia@mails.example | 0 1 0 | 1')) v (f, address, after);
SELECT is(pg_temp.story(NULL, format('UPDATE users.account SET %s WHERE user_id = users_id(''mia'')', change), format('SELECT status FROM users_request_%s(''mia@mails.example'')', f), pg_temp.claim(), pg_temp.rows()), 'done | accepted | ' || answer, format('%s, %s', f, change))
  FROM (VALUES ('verification', 'email_verified_at = now()', '0 | 0 0 0'), ('verification', 'status = ''disabled''', '0 | 0 0 0'), ('reset', 'status = ''disabled''', '0 | 0 0 0'), ('reset', 'reset_required = true', '1 reset_password | 0 1 1'), ('registration', 'status = ''disabled''', '1 already_registered | 0 1 0')) v (f, change, answer);
SELECT is(pg_temp.story(NULL, 'SELECT status FROM users_request_reset(''mia@mails.example'')', 'SELECT users_disable_user(users_id(''mia''))', pg_temp.claim()), 'accepted | true | 0', 'what counts is the moment of the claim');
SELECT is(pg_temp.story('=regress_users_50_trusted users_anon', 'SET LOCAL users.client_address = ''192.0.2.50''', 'SET LOCAL users.user_agent = ''Browser/1''', 'SELECT status FROM users_request_reset(''mia@mails.example'')', 'RESET SESSION AUTHORIZATION', 'RESET users.client_address', pg_temp.claim(), 'SELECT concat_ws('' '', event, host(client_address), user_agent) FROM users.audit_event WHERE event = ''reset_requested'' AND client_address IS NOT NULL'),
          'done | done | accepted | done | done | 1 reset_password | reset_requested 192.0.2.50 Browser/1', 'the event has the client who asked');
SELECT is(pg_temp.story('users_anon', format('SELECT r::text FROM users_request_%s(%L) r', f, address)), 'US001 email', format('%s, %L', f, address)) FROM unnest('{reset,verification,registration}'::text[]) f, unnest('{"",mia,mia@,@mails.example,"mia@mails.example, bob@mails.example"}'::text[]) address;

-- Too many wait.
CREATE FUNCTION pg_temp.asking(f text, address text) RETURNS text LANGUAGE sql AS $$ SELECT format('SELECT concat_ws('' '', status, retry_after > 0) FROM users_request_%s(%L)', f, address) $$;
SET LOCAL users.max_waiting_requests = 2;
SELECT is(pg_temp.story('users_anon', pg_temp.asking('reset', 'one@mails.example'), pg_temp.asking('registration', 'two@mails.example'), pg_temp.asking(f, 'nobody@mails.example'), pg_temp.asking(f, 'mia@mails.example'), pg_temp.asking(f, 'one@mails.example'), 'RESET ROLE', pg_temp.rows(), pg_temp.claim(), 'SET LOCAL ROLE users_anon', pg_temp.asking(f, 'mia@mails.example')),
          'accepted | accepted | busy t | busy t | busy t | done | 2 0 0 | 1 registration | done | accepted', 'too many wait: everybody hears busy alike, until the relay has come: ' || f)
  FROM unnest('{reset,verification,registration}'::text[]) f;
SELECT is(pg_temp.story(NULL, pg_temp.asking('reset', 'one@mails.example'), pg_temp.asking('reset', 'two@mails.example'), pg_temp.as_person('mia'), 'SELECT status FROM users_change_email(''seven wet horses sing'', ''other@mails.example'')', 'SELECT pending_email FROM users_profile()', 'SELECT status FROM users_request_verification()', 'RESET ROLE', pg_temp.link(), pg_temp.rows()) ~ '^accepted \| accepted \| true \| busy \| NULL \| busy \| done \| ', true, 'who is signed in too');
SELECT is(pg_temp.story(NULL, pg_temp.asking('reset', 'one@mails.example'), pg_temp.asking('reset', 'two@mails.example'), pg_temp.link(), pg_temp.claim()), 'accepted | accepted | true | 1 reset_password', 'an administrator''s links are not asked for by address');
SET LOCAL users.max_mail_requests = 1;
SELECT is(pg_temp.story('users_anon', pg_temp.asking('reset', 'one@mails.example'), pg_temp.asking('reset', 'one@mails.example')) ~ '\| (throttled|busy) t$', true, 'an address has a budget');
SELECT is(pg_temp.story('users_anon', pg_temp.asking('reset', 'three@mails.example'), pg_temp.asking('reset', 'four@mails.example'), pg_temp.asking('reset', 'five@mails.example'), pg_temp.asking('reset', 'five@mails.example'), 'RESET ROLE', pg_temp.claim(), pg_temp.asking('reset', 'five@mails.example'), pg_temp.asking('reset', 'five@mails.example')), 'accepted | accepted | busy t | busy t | done | 0 | accepted | throttled t', 'busy is not charged to it');
SET LOCAL users.max_mail_requests = 1000;
RESET users.max_waiting_requests;

---- kinds that are off

SELECT is(pg_temp.story(NULL, VARIADIC ARRAY[format('SET LOCAL users.mail_kinds_off = %L', off)] || pg_temp.cause(k.kind) || ARRAY[format('SELECT count(*) FROM users_claim_mail() WHERE kind = %L', k.kind), format('SELECT count(*) FROM users.mail WHERE kind = %L', k.kind)])
          ~ format('\| %s \| %s$', n, n), true, format('%s, off: %s', k.kind, coalesce(nullif(off, ''), 'none')))
  FROM kinds k, LATERAL (VALUES ('', 1), (k.kind, 0), ('invitation, ' || k.kind || ',new_sign_in', 0), ((SELECT string_agg(o.kind, ',') FROM kinds o WHERE o.kind NOT IN (k.kind, 'verify_email')), 1)) v (off, n)
 WHERE k.kind NOT LIKE 'invitation%';
SELECT is(pg_temp.story(NULL, 'SET LOCAL users.mail_kinds_off = ''reset_password''', 'SELECT url LIKE ''http%'' FROM users_issue_reset(users_id(''mia''), false)', pg_temp.link(), pg_temp.claim()), 'done | true | US011 send_mail | 0', 'a link that is handed over is no mail, one that is to be mailed is refused');
SELECT is(pg_temp.story(NULL, pg_temp.link(), 'SET LOCAL users.mail_kinds_off = ''reset_password''', pg_temp.claim()), 'true | done | 1 reset_password', 'what was written before goes out');

---- maintenance

DELETE FROM users.audit_event;
CREATE TEMP TABLE old (what text, kept boolean, statement text);
INSERT INTO old
SELECT format('a request of %s ago', age), kept, format('INSERT INTO users.mail_request (class, id, kind, email, created_at) VALUES (%s, %L, ''reset_password'', ''mia@mails.example'', now())', class, pg_temp.id_of(age))
  FROM (VALUES ('25 hours'::interval, false), ('23 hours', true)) v (age, kept), generate_series(1, 3) class
UNION ALL SELECT format('a mail of %s ago, %s', age, state), age < '30 days' OR state IN ('waiting', 'claimed'), format('INSERT INTO users.mail (user_id, id, class, kind, recipient, language, state, created_at, next_attempt_at) VALUES (%L, %L, 1, ''password_changed'', ''mia@mails.example'', ''en'', %L, now(), %s)', :'mia_id', pg_temp.id_of(age), state, CASE WHEN state IN ('waiting', 'claimed') THEN 'now()' ELSE 'NULL' END)
  FROM unnest('{31 days,29 days}'::interval[]) age, unnest('{waiting,claimed,sent,failed,expired,discarded}'::text[]) state
UNION ALL SELECT format('a link of %s ago, over %s', age, coalesce(over || ' ago', 'never')), age < '30 days' OR over < '30 days', format('INSERT INTO users.link (user_id, id, kind, recipient, version, nonce, created_at, expires_at) VALUES (%L, %L, ''reset_password'', '''', 1, ''\x00'', now(), now() - %L::interval)', :'mia_id', pg_temp.id_of(age), over)
  FROM (VALUES ('31 days'::interval, NULL::interval), ('29 days', NULL), ('40 days', '31 days'), ('40 days', '29 days'), ('40 days', '-1 day'), ('29 days', '28 days')) v (age, over)
UNION ALL SELECT format('a device seen %s ago', age), kept, format('INSERT INTO users.known_device VALUES (%L, %L, now() - %L::interval)', :'mia_id', '\x' || md5(age::text), age)
  FROM (VALUES ('91 days'::interval, false), ('89 days', true)) v (age, kept);
UPDATE old SET kept = false WHERE kept IS NULL;
SELECT is(pg_temp.story(NULL, statement, 'SELECT string_agg(name || row_count, '','') FILTER (WHERE row_count > 0) FROM users_maintain()', 'SELECT (SELECT count(*) FROM users.mail_request) + (SELECT count(*) FROM users.mail) + (SELECT count(*) FROM users.link) + (SELECT count(*) FROM users.known_device)'),
          format('done | %s | %s', CASE WHEN kept THEN 'NULL' ELSE CASE split_part(what, ' ', 2) WHEN 'request' THEN 'mail_requests1' ELSE split_part(what, ' ', 2) || 's1' END END, kept::integer), what || CASE WHEN kept THEN ': kept' ELSE ': removed' END) FROM old ORDER BY what COLLATE "C";
SELECT is(pg_temp.story(NULL, 'SELECT string_agg(name || '' '' || row_count, '','' ORDER BY name) FROM users_maintain()', 'SELECT concat_ws('' '', (SELECT count(*) FROM users.account), (SELECT count(*) FROM users.session), (SELECT count(*) FROM users.mail_template), (SELECT count(*) FROM users.audit_event))'), 'accounts 0,audit_events 0,devices 0,domains 0,events 0,invitations 0,links 0,mail_requests 0,mails 0,sessions 0 | 2 2 52 0', 'it says what it does, and does nothing else');
SELECT is(pg_temp.story(NULL, format('INSERT INTO users.known_device SELECT %L, decode(lpad(to_hex(i), 32, ''0''), ''hex''), now() - interval ''91 days'' FROM generate_series(1, 10001) i', :'mia_id'), 'SELECT row_count FROM users_maintain() WHERE name = ''devices''', 'SELECT row_count FROM users_maintain() WHERE name = ''devices''', 'SELECT row_count FROM users_maintain() WHERE name = ''devices'''), 'done | 10000 | 1 | 0', 'in bounded batches');

---- who may

SELECT users_request_reset('nobody@mails.example') IS NULL AS ignored, (users_issue_reset(:'mia_id')).url IS NULL AS ignored_too \gset
SELECT is(pg_temp.story(who, 'SELECT count(*) FROM users_claim_mail(1)', 'SELECT users_mail_sent(gen_random_uuid())', 'SELECT users_mail_failed(gen_random_uuid(), ''no'')'), answer, what || CASE answer WHEN '1 | false | false' THEN ' claims mail' ELSE ' does not claim mail' END)
  FROM (VALUES ('users_relay', '1 | false | false', 'users_relay'), ('=regress_users_50_relay', '1 | false | false', 'a login of the relay''s'), ('=regress_users_50 ' || :'bob', '42501 | 42501 | 42501', 'an administrator by token'), ('=regress_users_50 users_admin', '42501 | 42501 | 42501', 'users_admin'),
               ('=regress_users_50_dba', '42501 | 42501 | 42501', 'a DBA'), ('=regress_users_50 ' || :'mia', '42501 | 42501 | 42501', 'a member'), ('users_anon', '42501 | 42501 | 42501', 'who is not signed in'), ('users_service', '42501 | 42501 | 42501', 'a service'), ('users_proxy', '42501 | 42501 | 42501', 'users_proxy')) v (who, answer, what);
SELECT is(pg_temp.story(who, 'SELECT users_retry_mail(gen_random_uuid())', 'SELECT users_discard_mail(gen_random_uuid())', 'SELECT count(*) FROM users_maintain()', 'SELECT count(*) FROM users_issue_reset(gen_random_uuid())', 'SELECT count(*) FROM users_preview_template(''welcome'', ''en'')'), CASE WHEN may THEN 'false | false | 10 | US014 user_id | 1' ELSE '42501 | 42501 | 42501 | 42501 | 42501' END, what || CASE WHEN may THEN ' administers it' ELSE ' does not administer it' END)
  FROM (VALUES ('users_relay', false, 'users_relay'), ('=regress_users_50_relay', false, 'a login of the relay''s'), ('=regress_users_50 ' || :'bob', true, 'an administrator by token'), ('=regress_users_50 users_admin', false, 'users_admin without a token'), ('=regress_users_50_dba', true, 'a DBA'), (NULL, true, 'a superuser'),
               ('=regress_users_50 ' || :'mia', false, 'a member'), ('users_anon', false, 'who is not signed in'), ('users_service', false, 'a service')) v (who, may, what);
SELECT is(pg_temp.story(who, 'SELECT string_agg(recipient, '','' ORDER BY recipient) FROM users_outbox'), answer, format('users_outbox, read by %s: %s', what, answer))
  FROM (VALUES ('users_relay', 'mia@mails.example,nobody@mails.example', 'users_relay'), ('=regress_users_50_relay', 'mia@mails.example,nobody@mails.example', 'a login of the relay''s'), ('=regress_users_50 ' || :'bob', 'mia@mails.example,nobody@mails.example', 'an administrator by token'), ('=regress_users_50_dba', 'mia@mails.example,nobody@mails.example', 'a DBA'),
               ('=regress_users_50 users_admin', 'NULL', 'users_admin without a token'), ('=regress_users_50 ' || :'mia', '42501', 'a member'), ('users_anon', '42501', 'who is not signed in'), ('users_service', '42501', 'a service'), ('users_proxy', '42501', 'users_proxy')) v (who, answer, what);
SELECT is(pg_temp.story('=regress_users_50 ' || :'bob', 'SELECT users_discard_mail(id) FROM users_outbox WHERE recipient = ''mia@mails.example''', 'SELECT state FROM users_outbox WHERE recipient = ''mia@mails.example'''), 'true | discarded', 'an administrator by token discards what is listed');
SELECT is(pg_temp.story('users_relay', statement), '42501', 'the relay does nothing else: ' || statement)
  FROM unnest(ARRAY['SELECT * FROM users_templates', 'SELECT * FROM users_sites', 'SELECT * FROM users_sessions', 'SELECT * FROM users.mail', 'SELECT users_id(''mia'')', 'SELECT users_request_reset(''mia@mails.example'')', 'SELECT users_reset_password(''x'', ''x'', ''x'')', 'SELECT users_authenticate(''x'')', 'SELECT users_health()',
                    'SELECT users_define_template(''welcome'', ''en'', ''x'', ''{{link}}'', ''{{link}}'')', 'SELECT users_drop_template(''welcome'', ''en'')', 'SELECT users_define_site(''x'', NULL, NULL, NULL, NULL, NULL, NULL)']) statement;

---- READ ONLY

SET TRANSACTION READ ONLY;
SELECT is(pg_temp.story(NULL, statement), '25006', 'READ ONLY is told: ' || statement)
  FROM unnest(ARRAY['SELECT * FROM users_claim_mail()', 'SELECT * FROM users_claim_mail(0)', 'SELECT users_mail_sent(NULL)', 'SELECT users_mail_failed(NULL, NULL)', 'SELECT users_retry_mail(NULL)', 'SELECT users_discard_mail(NULL)', 'SELECT * FROM users_maintain()', 'SELECT users_request_reset(''x'')',
                    'SELECT users_request_verification(''x'')', 'SELECT users_request_verification()', 'SELECT users_request_registration(''x'')', 'SELECT users_issue_reset(NULL)', 'SELECT users_reset_password(''x'', ''x'', ''x'')', 'SELECT users_verify_email(''x'')', 'SELECT users_change_email(''x'', ''x'')', 'SELECT users_cancel_email_change()']) statement;
SELECT is(pg_temp.story(NULL, 'SELECT count(*) FROM users_outbox', 'SELECT subject FROM users_preview_template(''welcome'', ''en'')'), '2 | Users: your new account', 'what only reads works');

SELECT * FROM finish();
ROLLBACK;
