-- Mails about sign-ins from new devices: off unless one wants them; which
-- devices are new, and what is remembered of them.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
BEGIN;
SELECT plan(45);
\ir ../lib/story.sql

CREATE ROLE regress_users_52 LOGIN NOINHERIT;
CREATE ROLE regress_users_52_trusted LOGIN NOINHERIT;
SELECT users_setup_login('regress_users_52') IS NULL AS ignored, users_setup_login('regress_users_52_trusted', trusted_client => true) IS NULL AS ignored_too \gset
SELECT user_id AS mia_id FROM users_create_user('mia@mails.example', 'mia', 'Mia', 'Ash', 'seven wet horses sing') \gset
SELECT user_id AS lea_id FROM users_create_user('lea@mails.example', 'lea', 'Lea', 'Linde', 'seven wet horses sing') \gset

CREATE FUNCTION pg_temp.sign_in(label text DEFAULT NULL, username text DEFAULT 'mia', password text DEFAULT 'seven wet horses sing') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT status FROM users_login(%L, %L, %L)', username, password, label) $$;
CREATE FUNCTION pg_temp.turn_on() RETURNS text LANGUAGE sql AS $$ SELECT 'SET LOCAL users.mail_kinds_off = '''''::text $$;
-- Mails that wait, devices that are remembered.
CREATE FUNCTION pg_temp.count() RETURNS text LANGUAGE sql AS
$$ SELECT 'SELECT concat_ws('' '', (SELECT count(*) FROM users.mail WHERE kind = ''new_sign_in''), (SELECT count(*) FROM users.known_device))'::text $$;
-- A sign-in through the login that is believed, from a program at an address.
CREATE FUNCTION pg_temp.sign_in_with(agent text, address text DEFAULT '192.0.2.52', label text DEFAULT NULL) RETURNS text[] LANGUAGE sql AS
$$ SELECT ARRAY['SET LOCAL SESSION AUTHORIZATION regress_users_52_trusted', 'SET LOCAL ROLE users_anon', format('SELECT set_config(''users.user_agent'', %L, true) || set_config(''users.client_address'', %L, true)', agent, address), pg_temp.sign_in(label), 'RESET ROLE', 'RESET SESSION AUTHORIZATION'] $$;

---- off

SELECT is(pg_temp.story(NULL, 'SHOW users.mail_kinds_off', pg_temp.sign_in('a telephone'), pg_temp.sign_in('a tablet'), 'SELECT status FROM users_register(''eve@mails.example'', ''eve'', ''seven wet horses sing'', ''Eve'', ''Elm'', label => ''a laptop'')', pg_temp.sign_in('a desk', 'eve'), pg_temp.count()), 'new_sign_in | ok | ok | ok | ok | 0 0', 'unless one wants them, no mails, and nothing is remembered');
SELECT is(pg_temp.story(NULL, 'SET LOCAL users.mail_kinds_off = ''welcome, new_sign_in''', pg_temp.sign_in('a telephone'), pg_temp.count()), 'done | ok | 0 0', 'off among others is off');
SELECT is(pg_temp.story(NULL, pg_temp.turn_on(), pg_temp.sign_in('a telephone'), 'RESET users.mail_kinds_off', pg_temp.sign_in('a tablet'), pg_temp.count(), pg_temp.turn_on(), pg_temp.sign_in('a tablet'), pg_temp.count()), 'done | ok | done | ok | 1 1 | done | ok | 2 2', 'what was seen meanwhile is new still');

---- on

SELECT is(pg_temp.story(NULL, pg_temp.turn_on(), 'SELECT status FROM users_register(''eve@mails.example'', ''eve'', ''seven wet horses sing'', ''Eve'', ''Elm'', label => ''a laptop'')', pg_temp.count(), pg_temp.sign_in('a laptop', 'eve'), pg_temp.count(), pg_temp.sign_in('a telephone', 'eve'), pg_temp.count(), pg_temp.sign_in('a telephone', 'eve'), pg_temp.sign_in('a laptop', 'eve'), pg_temp.count()),
          'done | ok | 0 1 | ok | 0 1 | ok | 1 2 | ok | ok | 1 2', 'the device of the sign-up is silent, another is told of once');
SELECT is(pg_temp.story(NULL, pg_temp.turn_on(), pg_temp.sign_in('a telephone'), pg_temp.sign_in(label), pg_temp.count()), 'done | ok | ok | ' || CASE WHEN new THEN '2 2' ELSE '1 1' END, format('%s is %s', coalesce(quote_literal(translate(label, E'\n', '/')), 'no label'), CASE WHEN new THEN 'another' ELSE 'the same' END))
  FROM (VALUES ('a telephone', false), (E' a telephone\n', false), ('A Telephone', true), ('a telephon', true), (NULL, true), ('', true)) v (label, new);
SELECT is(pg_temp.story(NULL, pg_temp.turn_on(), pg_temp.sign_in(), pg_temp.sign_in(''), pg_temp.sign_in('  '), pg_temp.count()), 'done | ok | ok | ok | 1 1', 'without a label there is one device');
SELECT is(pg_temp.story(NULL, VARIADIC ARRAY[pg_temp.turn_on()] || pg_temp.sign_in_with('Browser/1') || pg_temp.sign_in_with('Browser/1') || ARRAY[pg_temp.count()] || pg_temp.sign_in_with('Browser/2') || ARRAY[pg_temp.count()] || pg_temp.sign_in_with('Browser/1', label => 'x') || ARRAY[pg_temp.count()]) ~ '\| 1 1 \|.*\| 2 2 \|.*\| 3 3$', true, 'another program is another device');
SELECT is(pg_temp.story(NULL, VARIADIC ARRAY[pg_temp.turn_on()] || pg_temp.sign_in_with('Browser/1') || pg_temp.sign_in_with('Browser/1', '198.51.100.52') || pg_temp.sign_in_with('Browser/1', '2001:db8::52') || ARRAY[pg_temp.count()]) ~ '\| 1 1$', true, 'another address is not');
SELECT is(pg_temp.story('=regress_users_52 users_anon', 'RESET ROLE', 'RESET SESSION AUTHORIZATION', pg_temp.turn_on(), 'SET LOCAL SESSION AUTHORIZATION regress_users_52', 'SET LOCAL ROLE users_anon', 'SET LOCAL users.user_agent = ''Browser/1''', pg_temp.sign_in(), 'SET LOCAL users.user_agent = ''Browser/2''', pg_temp.sign_in(), 'RESET ROLE', 'RESET SESSION AUTHORIZATION', pg_temp.count()) ~ '\| 1 1$', true, 'nor what somebody says who is not believed');
SELECT is(pg_temp.story(NULL, pg_temp.turn_on(), pg_temp.sign_in('a telephone'), pg_temp.sign_in('a telephone', 'lea'), pg_temp.count()), 'done | ok | ok | 2 2', 'each person has devices of their own');
SELECT is(pg_temp.story(NULL, pg_temp.turn_on(), pg_temp.sign_in('a telephone', password => 'six wet horses sing'), pg_temp.sign_in('a telephone', 'nobody'), 'SELECT users_disable_user(users_id(''lea''))', pg_temp.sign_in('a telephone', 'lea'), pg_temp.count()), 'done | invalid_credentials | invalid_credentials | true | disabled | 0 0', 'who is refused is not signed in');
SELECT is(pg_temp.story(NULL, pg_temp.turn_on(), 'SELECT (users_refresh((users_login(''mia'', ''seven wet horses sing'', ''a telephone'')).refresh_token)).status', pg_temp.count()), 'done | ok | 1 1', 'refreshing is no sign-in');
SELECT is(pg_temp.story(NULL, pg_temp.turn_on(), 'SELECT users_authenticate(access_token) IS NOT NULL FROM users_login(''mia'', ''seven wet horses sing'', ''a telephone'')', 'SELECT status FROM users_confirm_password(''seven wet horses sing'')', 'RESET ROLE', pg_temp.count()), 'done | true | ok | done | 1 1', 'neither is confirming one''s password');
SELECT is(pg_temp.story(NULL, pg_temp.turn_on(), pg_temp.sign_in(label), pg_temp.sign_in(label), pg_temp.count()), 'done | ok | ok | 1 1', 'absurd devices are devices: ' || what) FROM (VALUES (repeat('x', 100000), 'a long label'), (E'\x01"\\'' {{link}}</b>', 'characters of all kinds'), (U&'\202E\FEFF', 'nothing visible')) v (label, what);

---- not seen for long

SELECT is(pg_temp.story(NULL, pg_temp.turn_on(), pg_temp.sign_in('a telephone'), format('UPDATE users.known_device SET seen_at = now() - interval %L', age), pg_temp.sign_in('a telephone'), pg_temp.count(), 'SELECT seen_at >= now() FROM users.known_device', pg_temp.sign_in('a telephone'), pg_temp.count()), format('done | ok | done | ok | %s | true | ok | %1$s', CASE WHEN age > '90 days' THEN '2 1' ELSE '1 1' END), 'seen ' || age || ' ago' || CASE WHEN age > '90 days' THEN ', it is new again' ELSE ', it is known, and seen now' END)
  FROM unnest('{1 day,89 days,91 days,10 years}'::interval[]) age;
SELECT is(pg_temp.story(NULL, pg_temp.turn_on(), pg_temp.sign_in('a telephone'), pg_temp.sign_in('a tablet'), format('UPDATE users.known_device SET seen_at = now() - interval %L', age), 'SELECT row_count FROM users_maintain() WHERE name = ''devices''', pg_temp.count()), 'done | ok | ok | done | ' || answer, age || ' later, ' || what) FROM (VALUES ('89 days', '0 | 2 2', 'it is remembered'), ('91 days', '2 | 2 0', 'it is forgotten')) v (age, answer, what);
SELECT is(pg_temp.story(NULL, pg_temp.turn_on(), pg_temp.sign_in('a telephone'), pg_temp.sign_in('a telephone', 'lea'), 'DELETE FROM users.account WHERE user_id = users_id(''mia'')', pg_temp.count()), 'done | ok | ok | done | 2 1', 'with the account its devices go');

---- the mail

SELECT is(pg_temp.story(NULL, VARIADIC ARRAY[pg_temp.turn_on()] || pg_temp.sign_in_with(agent, address, label) || ARRAY['SELECT concat_ws('' / '', kind, recipient, data ->> ''device'', data ->> ''client_address'', position(E''\nDevice: '' || (data ->> ''device'') || E''\n\nNetwork address: '' || (data ->> ''client_address'') || E''\n'' IN body_text) > 0, data ? ''token'') FROM users_claim_mail()']) ~ ('\| new_sign_in / mia@mails\.example / ' || answer || ' / t / f$'), true, 'it says: ' || answer)
  FROM (VALUES ('Browser/1', '192.0.2.52', 'a telephone', 'a telephone / 192\.0\.2\.52'), ('Browser/1', '192.0.2.52', NULL, 'Browser/1 / 192\.0\.2\.52'), ('Browser/1', '2001:db8::52', NULL, 'Browser/1 / 2001:db8::52'), ('', '', NULL, '- / -'), ('', 'nonsense', 'a telephone', 'a telephone / -')) v (agent, address, label, answer);
SELECT is(pg_temp.story(NULL, VARIADIC ARRAY[pg_temp.turn_on()] || pg_temp.sign_in_with(E'<b>"x"</b>\nBcc: eve@mails.example') || ARRAY['SELECT position(''&lt;b&gt;&quot;x&quot;&lt;/b&gt;'' IN body_html) > 0 AND body_html !~ ''<b>'' AND body_text !~ ''\nBcc'' FROM users_claim_mail()']) ~ '\| true$', true, 'what a program calls itself is a line of text, escaped in the page');
SELECT is(pg_temp.story(NULL, pg_temp.turn_on(), pg_temp.sign_in('a telephone'), 'SELECT concat_ws('' '', kind, user_id, recipient, state) FROM users_outbox', 'SELECT class FROM users.mail'), format('done | ok | new_sign_in %s mia@mails.example waiting | 1', :'mia_id'), 'it is a security notice in the outbox');

---- what is remembered

SELECT is((SELECT string_agg(attname || ' ' || format_type(atttypid, NULL), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'users.known_device'::regclass AND attnum > 0), 'user_id uuid, device bytea, seen_at timestamp with time zone', 'of a device: whose, a hash, and when');
SET LOCAL users.mail_kinds_off = '';
SELECT users_login('mia', 'seven wet horses sing', 'a telephone') IS NULL AS ignored, users_login('lea', 'seven wet horses sing', 'a telephone') IS NULL AS ignored_too, users_login('mia', 'seven wet horses sing', 'a tablet') IS NULL AS ignored_as_well \gset
SELECT is((SELECT string_agg(DISTINCT length(device)::text, ',') || ' ' || count(DISTINCT device) FROM users.known_device), '16 3', 'three hashes of 16 bytes, of one label for two people too');
SELECT is_empty($$ SELECT k.* FROM users.known_device k, unnest(ARRAY['a telephone', 'a tablet', k.user_id || 'a telephone', 'a telephone' || k.user_id]) t,
                     unnest(ARRAY[decode(md5(t), 'hex'), substr(sha256(t::bytea), 1, 16), substr(sha512(t::bytea), 1, 16), t::bytea]) guess WHERE k.device = guess OR position('telephone'::bytea IN k.device) > 0 $$, 'that nobody can guess without the key');
CREATE TEMP TABLE before AS SELECT device FROM users.known_device WHERE user_id = :'mia_id';
SELECT is(pg_temp.story(NULL, 'DELETE FROM users.known_device', pg_temp.sign_in('a telephone'), 'SELECT count(*) FROM users.known_device JOIN before USING (device)', 'DELETE FROM users.known_device', 'SELECT users_renew_root_key()', pg_temp.sign_in('a telephone'), 'SELECT count(*) FROM users.known_device JOIN before USING (device)'), 'done | ok | 1 | done | true | ok | 0', 'the same device has the same hash, under another root key another');
SELECT is_empty($$ SELECT 1 FROM users.audit_event WHERE detail::text ~ 'telephone|tablet' $$, 'no event names a device');
SELECT is(pg_temp.story(who, 'SELECT count(*) FROM users.known_device'), '42501', who || ' does not read them') FROM unnest('{users_anon,users_member,users_admin,users_relay,users_service}'::text[]) who;

SELECT * FROM finish();
ROLLBACK;
