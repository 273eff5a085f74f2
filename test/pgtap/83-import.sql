-- users_import: an account as another platform had it; who may, what is
-- refused, and how its hash signs in.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
SET TimeZone = 'UTC';
BEGIN;
SELECT plan(129);
\ir ../lib/story.sql

CREATE ROLE regress_users_83_dba LOGIN IN ROLE users_dba;
CREATE ROLE regress_users_83_trusted LOGIN NOINHERIT;
SELECT users_setup_login('regress_users_83_trusted', admin => true) IS NULL AS ignored \gset
SELECT user_id AS root_id FROM users_create_user('root@example.org', 'root', 'Ro', 'Ot', 'seven wet horses sing', platform_role => 'admin') \gset
SELECT access_token AS root FROM users_login('root', 'seven wet horses sing') \gset
SELECT access_token AS ann FROM users_register('ann@example.org', 'ann', 'seven wet horses sing', 'Ann', 'Ash') \gset
-- Of "seven wet horses sing", made by others: libxcrypt, OpenBSD's by way of
-- htpasswd, the argon2 command.
\set bcrypt '$2b$04$abcdefghijklmnopqrstuuc4eVnKdrRiLl.YAW0QQYs4H.N59RoGO'

-- A call with only what matters.
CREATE FUNCTION pg_temp.import(more text DEFAULT '', email text DEFAULT 'eve@example.org', username text DEFAULT 'eve') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT users_import(%L, %L%s) IS NOT NULL', email, username, more) $$;
CREATE FUNCTION pg_temp.sign_in(identifier text, password text) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT status FROM users_login(%L, %L)', identifier, password) $$;
CREATE FUNCTION pg_temp.account(columns text) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT concat_ws('' '', %s) FROM users.account a JOIN users.person p USING (user_id) JOIN users.credential c USING (user_id) WHERE p.username = ''eve''', columns) $$;

---- who may

SELECT is(pg_temp.story(who, pg_temp.import()), answer, coalesce(who, 'a superuser') || ': ' || answer)
  FROM (VALUES (NULL, 'true'), ('=regress_users_83_dba', 'true'), ('users_anon', '42501'), ('users_member', '42501'), ('users_admin', '42501'), ('users_service', '42501'), ('users_dba', 'true'),
               (:'root', '42501'), (:'ann', '42501'), ('=regress_users_83_trusted ' || :'root', '42501'), ('=regress_users_83_dba ' || :'root', '42501')) v (who, answer);
CREATE FUNCTION public.regress_users_83() RETURNS uuid LANGUAGE sql SECURITY DEFINER AS $$ SELECT users_import('eve@example.org', 'eve') $$;
SELECT is(pg_temp.story('=regress_users_83_dba', 'SELECT public.regress_users_83()'), '42501', 'nor inside somebody else''s definer function');
SELECT is(pg_temp.story(NULL, 'DO $$ BEGIN SET LOCAL transaction_read_only = on; PERFORM users_import(''eve@example.org'', ''eve''); END $$'), '25006', 'nor where nothing can be written');

---- what is kept

SELECT is(pg_temp.story(NULL, $$ SELECT users_import('Eve@Example.org', 'Eve', NULL, ' Eve ', 'Elm', 'eeeeeeee-0000-4000-8000-000000000001', 'disabled', 'admin', '2020-01-02', 'de', 'TealTide', '{a," b "}', '{"x": 1}', '{"y": 2}', '2020-01-01', '2021-01-01') $$,
                        'SELECT to_jsonb(a) - ''{last_login_at,sessions,throttled_until,reset_required,disabled_reason,deleted_at,purge_at}''::text[] FROM users_accounts a WHERE username = ''Eve'''),
          'eeeeeeee-0000-4000-8000-000000000001 | {"id": "eeeeeeee-0000-4000-8000-000000000001", "tags": ["a", "b"], "email": "Eve@Example.org", "theme": "TealTide", "status": "disabled", "language": "de", "metadata": {"x": 1}, "username": "Eve", "last_name": "Elm", "created_at": "2020-01-01T00:00:00+00:00", "first_name": "Eve", "updated_at": "2021-01-01T00:00:00+00:00", "platform_role": "admin", "admin_metadata": {"y": 2}, "email_verified_at": "2020-01-02T00:00:00+00:00"}',
          'everything is as it was');
SELECT is(pg_temp.story(NULL, pg_temp.import(), pg_temp.account('first_name = '''', last_name = '''', status, platform_role, email_verified_at IS NULL, language IS NULL, theme IS NULL, tags, metadata, admin_metadata, a.created_at = a.updated_at, a.created_at > now() - interval ''1 hour'', password_hash IS NULL, as_typed, version, link_version, listed')),
          'true | t t enabled user t t t {} {} {} t t t f 1 1 t', 'what is left out has its default');
SELECT is(pg_temp.story(NULL, pg_temp.import(', tags => NULL, metadata => NULL, admin_metadata => NULL, first_name => NULL, id => NULL'), pg_temp.account('tags, metadata, admin_metadata')), 'true | {} {} {}', 'NULL means as much');
SELECT is(pg_temp.story(NULL, pg_temp.import(times), pg_temp.account('a.created_at AT TIME ZONE ''UTC'', a.updated_at AT TIME ZONE ''UTC''')), 'true | ' || kept, 'times' || times)
  FROM (VALUES (', created_at => ''2020-01-01Z''', '2020-01-01 00:00:00 2020-01-01 00:00:00'), (', updated_at => ''2021-01-01Z''', '2021-01-01 00:00:00 2021-01-01 00:00:00'),
               (', created_at => ''2020-01-01Z'', updated_at => ''2021-01-01 10:00:00.123456Z''', '2020-01-01 00:00:00 2021-01-01 10:00:00.123456')) v (times, kept);
SELECT is(pg_temp.story(NULL, pg_temp.import(', id => ''eeeeeeee-0000-4000-8000-000000000001'''), 'SELECT count(*) FROM users.mail', 'SELECT count(*) FROM users.mail_request', 'SELECT string_agg(event || outcome || user_id || detail, '' '') FROM users.audit_event WHERE user_id = ''eeeeeeee-0000-4000-8000-000000000001''',
                        'SELECT count(*) FROM users.event_position WHERE user_id = ''eeeeeeee-0000-4000-8000-000000000001'''),
          'true | 0 | 0 | account_importedsuccesseeeeeeee-0000-4000-8000-000000000001{} | 1', 'no mail, one event');
SELECT is(pg_temp.story(NULL, pg_temp.import(', id => ''eeeeeeee-0000-4000-8000-000000000001'''), 'SELECT string_agg(identifier, '' '' ORDER BY identifier) FROM users.identifier WHERE user_id = ''eeeeeeee-0000-4000-8000-000000000001''', 'SELECT users_id(''EVE'')', 'SELECT users_id(''Eve@Example.org'')'),
          'true | email:eve@example.org username:eve | eeeeeeee-0000-4000-8000-000000000001 | eeeeeeee-0000-4000-8000-000000000001', 'found by address and username');
SELECT is(pg_temp.story(NULL, 'SET LOCAL users.registration = ''closed''', pg_temp.import()), 'done | true', 'whether or not one may sign up');

---- status

SELECT is(pg_temp.story(NULL, pg_temp.import(format(', %L, status => %L', :'bcrypt', status)), pg_temp.sign_in('eve', 'seven wet horses sing'), pg_temp.sign_in('eve', 'six wet horses sing')), 'true | ' || answer || ' | invalid_credentials', status)
  FROM (VALUES ('enabled', 'ok'), ('disabled', 'disabled'), ('deleted', 'invalid_credentials')) v (status, answer);
SELECT is(pg_temp.story(NULL, pg_temp.import(format(', %L, status => ''deleted''', :'bcrypt')), 'SELECT count(*) FROM users.identifier WHERE identifier LIKE ''%eve%''', pg_temp.account('status, listed, deleted_at = now() OR deleted_at > now() - interval ''1 hour'', deleted_from'),
                        pg_temp.sign_up('eve'), pg_temp.account('count(*)')), 'true | 0 | deleted f t enabled | ok | 2', 'a deleted account keeps neither address nor username');
SELECT is(pg_temp.story(NULL, pg_temp.import(format(', %L, id => ''eeeeeeee-0000-4000-8000-000000000001'', status => ''deleted''', :'bcrypt')), 'SELECT users_restore_user(''eeeeeeee-0000-4000-8000-000000000001'')', pg_temp.sign_in('eve', 'seven wet horses sing')), 'true | true | ok', 'and can be restored');
SELECT is(pg_temp.story(NULL, pg_temp.import(', email_verified_at => ' || at), 'SET LOCAL users.require_verified_email = on', 'UPDATE users.credential SET password_hash = (SELECT c.password_hash FROM users.credential c JOIN users.person p USING (user_id) WHERE p.username = ''ann''), as_typed = false WHERE user_id = users_id(''eve'')', pg_temp.sign_in('eve', 'seven wet horses sing')),
          'true | done | done | ' || answer, answer) FROM (VALUES ('NULL', 'unverified'), ('''2020-01-01''', 'ok')) v (at, answer);

---- what is refused

SELECT is(pg_temp.story(NULL, pg_temp.import(more), 'SELECT count(*) FROM users.person_id'), answer || ' | 2', answer || more)
  FROM (VALUES (', first_name => ''''', 'US005 first_name'), (', first_name => E''a\x01b''', 'US005 first_name'), (', last_name => repeat(''x'', 101)', 'US005 last_name'), (', last_name => ''  ''', 'US005 last_name'),
               (', id => ''00000000-0000-0000-0000-000000000000''', '22023 id'), (', status => ''Enabled''', '22023 status'), (', status => NULL', '22023 status'), (', status => ''frozen''', '22023 status'), (', status => ''''', '22023 status'),
               (', platform_role => ''root''', '22023 platform_role'), (', platform_role => NULL', '22023 platform_role'), (', platform_role => ''users_admin''', '22023 platform_role'),
               (', language => ''fr''', 'US007 language'), (', language => ''EN''', 'US007 language'), (', language => ''''', 'US007 language'), (', theme => ''Dark''', 'US007 theme'), (', theme => repeat(''x'', 1048576)', 'US007 theme'),
               (', tags => ''{NULL}''', 'US005 tags'), (', tags => ''{{a},{b}}''', 'US005 tags'), (', tags => array_fill(''x''::text, ''{33}'')', 'US005 tags'), (', tags => ARRAY[repeat(''x'', 65)]', 'US005 tags'),
               (', metadata => ''[]''', 'US005 metadata'), (', metadata => ''null''', 'US005 metadata'), (', admin_metadata => ''1''', 'US005 admin_metadata'), (', admin_metadata => jsonb_build_object(''a'', repeat(''x'', 20000))', 'US005 admin_metadata'),
               (', created_at => ''infinity''', '22023 created_at'), (', updated_at => ''-infinity''', '22023 updated_at'), (', email_verified_at => ''infinity''', '22023 email_verified_at')) v (more, answer);
SELECT is(pg_temp.story(NULL, pg_temp.import(email => email, username => username)), answer, format('%s, %s: %s', coalesce(left(email, 20), 'NULL'), coalesce(username, 'NULL'), answer))
  FROM (VALUES (NULL, NULL, 'US001 email'), ('eve', 'eve', 'US001 email'), (E'e\x01e@example.org', 'eve', 'US001 email'), (repeat('x', 250) || '@example.org', 'eve', 'US001 email'), ('eve@example.org', NULL, 'US002 username'), ('eve@example.org', '', 'US002 username'),
               ('eve@example.org', '.eve', 'US002 username'), ('eve@example.org', 'e e', 'US002 username'), ('eve@example.org', repeat('e', 33), 'US002 username'), ('eve@example.org', 'e@e', 'US002 username'),
               ('ANN@Example.org', 'eve', '23505 email users_email_key'), ('eve@example.org', 'ANN', '23505 username users_username_key'), ('ann@example.org', 'ann', '23505 email users_email_key'), (' eve@example.org ', ' eve ', 'true')) v (email, username, answer);
SELECT is(pg_temp.story(NULL, pg_temp.import(format(', id => %L', id))), '23505 id', 'an id that is taken') FROM (VALUES (:'root_id')) v (id);
SELECT is(pg_temp.story(NULL, pg_temp.import(', id => ''eeeeeeee-0000-4000-8000-000000000001''', 'eve@example.org', 'eve'), pg_temp.import(', id => ''eeeeeeee-0000-4000-8000-000000000001''', 'eve@example.org', 'eve')), 'true | 23505 id', 'the same account twice');
SELECT is(pg_temp.story(NULL, pg_temp.import(), pg_temp.import()), 'true | 23505 email users_email_key', 'or without an id');
SELECT is(pg_temp.story(NULL, pg_temp.import(', id => ''eeeeeeee-0000-4000-8000-000000000001'', status => ''deleted'''), 'SELECT users_purge_user(''eeeeeeee-0000-4000-8000-000000000001'')', pg_temp.import(', id => ''eeeeeeee-0000-4000-8000-000000000001'''), pg_temp.import()),
          'true | true | 23505 id | true', 'the id of a purged account is never anybody''s again');
SELECT is(pg_temp.story(NULL, '!' || pg_temp.import(more, email, username)) ~* '\mann|abcdefgh', false, 'no error repeats what it was given' || more)
  FROM (VALUES ('', 'ann@example.org', 'eve'), ('', 'eve@example.org', 'ann'), (format(', %L', '$2b$16$' || substr(:'bcrypt', 8)), 'eve@example.org', 'eve')) v (more, email, username);

---- hashes: which are taken

SELECT is(pg_temp.story(NULL, pg_temp.import(format(', %L', hash))), answer, answer || ': ' || left(hash, 40))
  FROM (VALUES (:'bcrypt', 'true'), ('$2a$04$' || substr(:'bcrypt', 8), 'true'), ('$2y$15$' || substr(:'bcrypt', 8), 'true'), ('$2y$16$' || substr(:'bcrypt', 8), '22023 password_hash'), ('$2b$31$' || substr(:'bcrypt', 8), '22023 password_hash'),
               ('$2x$04$' || substr(:'bcrypt', 8), '22023 password_hash'), (:'bcrypt' || ' ', '22023 password_hash'), ('', '22023 password_hash'), ('plain', '22023 password_hash'), ('5f4dcc3b5aa765d61d8327deb882cf99', '22023 password_hash'),
               ('$6$salt$hash', '22023 password_hash'), ('$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', '22023 password_hash'), ('$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', 'true'),
               ('$argon2id$v=19$m=1048577,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', '22023 password_hash'), ('$argon2id$v=19$m=64,t=11,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', '22023 password_hash'),
               ('$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', '22023 password_hash'), ('$argon2id$v=19$m=1048576,t=1,p=17$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', '22023 password_hash'),
               (repeat('x', 1048576), '22023 password_hash'), (:'bcrypt' || repeat(' ', 1048576), '22023 password_hash')) v (hash, answer);
SELECT is(substring(pg_temp.story(NULL, '!' || pg_temp.import(format(', %L', hash))) FROM 'reason: \w+'), 'reason: ' || reason, reason)
  FROM (VALUES ('$2b$16$' || substr(:'bcrypt', 8), 'too_costly'), ('$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', 'too_costly'), ('$6$salt$hash', 'unsupported'), ('$2x$04$' || substr(:'bcrypt', 8), 'unsupported'), ('plain', 'malformed'), ('$2b$04$', 'malformed')) v (hash, reason);

---- hashes: how they sign in

-- Known answers of crypt_blowfish's own tests, and of the reference
-- implementation of Argon2: one lane, two and four.
CREATE TEMP TABLE known (what text, hash text, password text);
INSERT INTO known VALUES
	('bcrypt', :'bcrypt', 'seven wet horses sing'),
	('$2a$', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'),
	('$2y$', '$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'),
	('72 bytes', '$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui', '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored'),
	('Argon2id', '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', 'password'),
	('Argon2id of two lanes', '$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc', 'password'),
	('Argon2id of four lanes', '$argon2id$v=19$m=1024,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg$6etCbJRWzg49vfIFNRCzuA', 'pass');
SELECT is(pg_temp.story(NULL, pg_temp.import(format(', %L', hash)), pg_temp.sign_in('eve', password || 'x'), pg_temp.sign_in('eve', ''), pg_temp.account('password_hash = ' || quote_literal(hash) || ', as_typed'), pg_temp.sign_in('eve', password),
                        pg_temp.account('password_hash LIKE ''$argon2id$v=19$m=19456,t=2,p=1$%'', as_typed'), pg_temp.sign_in('eve', password), pg_temp.sign_in('eve', password || 'x')),
          'true | invalid_credentials | invalid_credentials | t t | ok | t f | ok | invalid_credentials', what || ': the first sign-in makes the hash anew')
  FROM known WHERE what <> '72 bytes';
-- What stands behind 72 bytes bcrypt has never seen. So it does not count at
-- the first sign-in, and does from then on.
SELECT is(pg_temp.story(NULL, pg_temp.import(format(', %L', hash)), pg_temp.sign_in('eve', left(password, 71)), pg_temp.sign_in('eve', left(password, 72) || 'x'), pg_temp.sign_in('eve', left(password, 72) || 'y'), pg_temp.sign_in('eve', left(password, 72)), pg_temp.sign_in('eve', left(password, 72) || 'x')),
          'true | invalid_credentials | ok | invalid_credentials | invalid_credentials | ok', '72 bytes')
  FROM known WHERE what = '72 bytes';
SELECT is(pg_temp.story(NULL, pg_temp.import(format(', %L', h)), pg_temp.sign_in('eve', '')), 'true | invalid_credentials', 'an empty password is nobody''s')
  FROM unnest('{$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy}'::text[]) h;
-- Another program's hash is of what was typed, ours of its normal form. Here
-- the typed form is e and an accent, the normal form one letter.
CREATE TEMP TABLE accent AS SELECT U&'seven caf\0065\0301 horses' AS typed, U&'seven caf\00e9 horses' AS normal,
	'$2b$04$abcdefghijklmnopqrstuuEI/AhtOCIhUcXYJH0PgEYSft/lt5SPm'::text AS of_typed, '$2b$04$abcdefghijklmnopqrstuuji7hwFBsN0YotmHvpUGiHvjc9rM5R/S'::text AS of_normal;
SELECT is(pg_temp.story(NULL, pg_temp.import(format(', %L', of_typed)), pg_temp.sign_in('eve', normal), pg_temp.sign_in('eve', typed), pg_temp.sign_in('eve', normal), pg_temp.sign_in('eve', typed)), 'true | invalid_credentials | ok | ok | ok', 'a hash of what was typed decomposed') FROM accent;
SELECT is(pg_temp.story(NULL, pg_temp.import(format(', %L', of_normal)), pg_temp.sign_in('eve', typed), pg_temp.sign_in('eve', normal), pg_temp.sign_in('eve', typed), pg_temp.sign_in('eve', normal)), 'true | invalid_credentials | ok | ok | ok', 'and composed') FROM accent;
SELECT is(pg_temp.story(NULL, pg_temp.import(format(', %L', :'bcrypt')), pg_temp.sign_in('eve', repeat('x', 1025)), pg_temp.sign_in('eve', repeat(U&'\20AC', 1000)), pg_temp.sign_in('eve', repeat(U&'e\0301', 1000))), 'true | invalid_credentials | invalid_credentials | invalid_credentials', 'passwords that are long');
-- The salt's last character has four bits that do not count; some programs set
-- them.
SELECT is(pg_temp.story(NULL, pg_temp.import(format(', %L', overlay(:'bcrypt' PLACING 'v' FROM 29))), pg_temp.sign_in('eve', 'seven wet horses sing'), pg_temp.sign_in('eve', 'six wet horses sing')), 'true | ok | invalid_credentials', 'a salt with bits that do not count');

---- other ways in

SELECT is(pg_temp.story(NULL, pg_temp.import(), pg_temp.sign_in('eve', 'seven wet horses sing'), 'SELECT detail FROM users_why(''eve'') WHERE name = ''password''', 'SELECT (users_reset_password((SELECT substring(url FROM ''token=(.*)'') FROM users_issue_reset(users_id(''eve''), false)), ''six dry goats mumble'', ''six dry goats mumble'')).status',
                        pg_temp.sign_in('eve', 'six dry goats mumble')), 'true | invalid_credentials | none was ever set: users_issue_reset(user_id) | ok | ok', 'without a hash one signs in after a reset');
SELECT is(pg_temp.story(NULL, pg_temp.import(format(', %L', :'bcrypt')), 'SELECT (users_reset_password((SELECT substring(url FROM ''token=(.*)'') FROM users_issue_reset(users_id(''eve''), false)), ''six dry goats mumble'', ''six dry goats mumble'')).status', pg_temp.account('as_typed'),
                        pg_temp.sign_in('eve', 'six dry goats mumble'), pg_temp.sign_in('eve', 'seven wet horses sing')), 'true | ok | f | ok | invalid_credentials', 'a reset takes the place of the hash');
SELECT is(pg_temp.story(NULL, pg_temp.import(format(', %L', :'bcrypt')), 'SELECT users_authenticate(access_token) IS NOT NULL FROM users_login(''eve'', ''seven wet horses sing'')', 'SELECT (users_change_password(''seven wet horses sing'', ''six dry goats mumble'', ''six dry goats mumble'')).status'), 'true | true | ok', 'and it is changed as any other');
-- No name is known: mails name the username.
SELECT is(pg_temp.story(NULL, pg_temp.import(), 'SELECT url IS NULL FROM users_issue_reset(users_id(''eve''))', 'SELECT recipient_name || '' '' || (data ->> ''first_name'') FROM users_claim_mail()'), 'true | true | eve eve', 'a mail to who has no name');
SELECT is(pg_temp.story(NULL, pg_temp.import(', last_name => ''Elm'''), 'SELECT url IS NULL FROM users_issue_reset(users_id(''eve''))', 'SELECT recipient_name || '' '' || (data ->> ''first_name'') FROM users_claim_mail()'), 'true | true | Elm Elm', 'or only one');

---- planted hashes

-- Beyond the caps: nobody's, and not computed. 4 GB of memory would not be
-- there, 2^31 rounds would not end.
SELECT is(pg_temp.story(NULL, pg_temp.import(format(', %L', :'bcrypt')), format('UPDATE users.credential SET password_hash = %L WHERE user_id = users_id(''eve'')', hash), pg_temp.sign_in('eve', 'seven wet horses sing'), pg_temp.account('password_hash = ' || quote_literal(hash))), 'true | done | invalid_credentials | t', 'planted: ' || left(hash, 35))
  FROM (VALUES ('$2b$31$' || substr(:'bcrypt', 8)), ('$2b$16$' || substr(:'bcrypt', 8)), ('$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'), ('$argon2id$v=19$m=64,t=4294967295,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'),
               ('$2x$04$' || substr(:'bcrypt', 8)), ('$1$salt$qJH7.N4xYta3aEG/dfqo/0'), ('$6$salt$hash'), ('*0'), ('')) v (hash);

SELECT * FROM finish();
ROLLBACK;
