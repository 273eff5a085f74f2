-- The settings: names, defaults, units, who may change them, what they refuse.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET client_min_messages = warning;
BEGIN;
SELECT plan(310);
\ir ../lib/story.sql

CREATE TEMP TABLE promised (name text, kind text, shown text, unit text, context text);
INSERT INTO promised VALUES
	('access_token_ttl', 'integer', '15min', 's', 'superuser'),
	('refresh_token_ttl', 'integer', '7d', 's', 'superuser'),
	('session_ttl', 'integer', '30d', 's', 'superuser'),
	('refresh_grace', 'integer', '10s', 's', 'superuser'),
	('reset_token_ttl', 'integer', '1h', 's', 'superuser'),
	('verification_token_ttl', 'integer', '1d', 's', 'superuser'),
	('invitation_ttl', 'integer', '7d', 's', 'superuser'),
	('deletion_grace', 'integer', '30d', 's', 'superuser'),
	('max_failed_logins', 'integer', '10', NULL, 'superuser'),
	('max_failed_logins_per_identifier', 'integer', '100', NULL, 'superuser'),
	('max_failed_logins_per_address', 'integer', '300', NULL, 'superuser'),
	('failed_login_window', 'integer', '15min', 's', 'superuser'),
	('max_mail_requests', 'integer', '5', NULL, 'superuser'),
	('max_registrations', 'integer', '20', NULL, 'superuser'),
	('max_invitations', 'integer', '100', NULL, 'superuser'),
	('max_domains', 'integer', '100', NULL, 'superuser'),
	('reset_url', 'string', 'http://localhost:3000/password/reset?token={token}', NULL, 'superuser'),
	('mail_sender', 'string', '', NULL, 'superuser'),
	('product_name', 'string', 'Users', NULL, 'superuser'),
	('mail_max_attempts', 'integer', '12', NULL, 'superuser'),
	('mail_kinds_off', 'string', 'new_sign_in', NULL, 'superuser'),
	('issuer', 'string', 'users', NULL, 'superuser'),
	('audience', 'string', '', NULL, 'superuser'),
	('default_language', 'string', 'en', NULL, 'superuser'),
	('registration', 'enum', 'open', NULL, 'superuser'),
	('require_verified_email', 'bool', 'off', NULL, 'superuser'),
	('max_waiting_requests', 'integer', '100000', NULL, 'superuser'),
	('password_min_length', 'integer', '8', NULL, 'superuser'),
	('password_min_strength', 'integer', '3', NULL, 'superuser'),
	('argon2_memory', 'integer', '46MB', 'kB', 'superuser'),
	('argon2_iterations', 'integer', '1', NULL, 'superuser'),
	('max_concurrent_hashes', 'integer', '4', NULL, 'postmaster'),
	('hash_queue_timeout', 'integer', '5s', 's', 'superuser'),
	('key_file', 'string', '', NULL, 'sighup'),
	('signing_algorithm', 'enum', 'EdDSA', NULL, 'superuser'),
	('client_address_header', 'string', '', NULL, 'superuser'),
	('trust_socket_address', 'bool', 'off', NULL, 'superuser'),
	('synchronous_revocation', 'bool', 'on', NULL, 'superuser'),
	('picture_max_size', 'integer', '1MB', 'kB', 'superuser'),
	('public_pictures', 'bool', 'off', NULL, 'superuser'),
	('search_scope', 'enum', 'shared', NULL, 'superuser'),
	('audit_retention', 'integer', '365d', 's', 'superuser'),
	('event_retention', 'integer', '30d', 's', 'superuser'),
	('refresh_cookie', 'bool', 'off', NULL, 'superuser'),
	('allow_drop', 'bool', 'off', NULL, 'superuser'),
	('client_address', 'string', '', NULL, 'user'),
	('user_agent', 'string', '', NULL, 'user');
UPDATE promised SET name = 'users.' || name;

---- what there is (S8 P37)

SELECT set_eq($$ SELECT name FROM pg_settings WHERE name LIKE 'users.%' $$,
              $$ SELECT name FROM promised UNION VALUES ('users.verify_url'), ('users.invitation_url'), ('users.registration_url') $$,
              'there are the settings that are promised, and no other');
SELECT results_eq($$ SELECT s.name, s.vartype, s.unit, s.context FROM pg_settings s JOIN promised USING (name) ORDER BY name COLLATE "C" $$,
                  $$ SELECT name, kind, unit, context FROM promised ORDER BY name COLLATE "C" $$, 'each of its kind, unit and context');
-- The default as SHOW would show it: what is shown of the number is compared.
SELECT is(CASE WHEN context IN ('superuser', 'user') THEN
	           (SELECT current_setting(p.name) FROM set_config(p.name, s.boot_val || coalesce(s.unit, ''), true) OFFSET 0)
	       ELSE s.boot_val END, p.shown, p.name || ' is ' || coalesce(nullif(p.shown, ''), 'empty') || ' by default')
  FROM promised p JOIN pg_settings s USING (name, context) ORDER BY name COLLATE "C";
SELECT is(count(DISTINCT boot_val)::integer, 3, 'each page has an address of its own')
  FROM pg_settings WHERE name IN ('users.verify_url', 'users.invitation_url', 'users.registration_url') AND boot_val LIKE 'http://localhost:3000/%{token}%';
SELECT is_empty($$ SELECT name FROM pg_settings WHERE name LIKE 'users.%' AND (short_desc !~ '^[A-Z].*[.]$' OR length(short_desc) > 100) $$,
                'each has a line of description');
SELECT is(enumvals, v.words, name || ' is one of ' || v.words::text)
  FROM (VALUES ('users.registration', '{open,invited,closed}'::text[]), ('users.signing_algorithm', '{EdDSA,HS256}'), ('users.search_scope', '{shared,all}')) v (name, words)
  JOIN pg_settings USING (name);

---- the prefix (S59)

SELECT is(pg_temp.story(NULL, 'SET users.nonsense = 1', $$ SELECT set_config('users.access_token_tll', '5min', false) $$,
                        $$ SELECT current_setting('users.nonsense') $$, 'ALTER DATABASE template1 SET users.nonsense = 1'),
          '42602 | 42602 | 42704 | 42602', 'a name that is no setting is refused');

---- values (S1 P60)

SELECT is(pg_temp.story(NULL, format('SET LOCAL users.%I = %L', name, value)), '22023', format('%s is no %s', quote_literal(left(value, 30)), name))
  FROM (VALUES ('access_token_ttl', '{0,-1,29s,25h,forever}'), ('refresh_token_ttl', '{0,-1,59s,100000d}'), ('session_ttl', '{0,59s,100000d}'),
               ('refresh_grace', '{-1,301s,1h}'), ('reset_token_ttl', '{0,59s,8d}'), ('verification_token_ttl', '{0,31d}'), ('invitation_ttl', '{0,366d}'),
               ('deletion_grace', '{-1s,100000d}'), ('max_failed_logins', '{0,-1,1000000}'), ('max_failed_logins_per_identifier', '{0,1000000}'),
               ('max_failed_logins_per_address', '{0,-1}'), ('failed_login_window', '{0,29s,2d}'), ('max_mail_requests', '{0,-1}'), ('max_registrations', '{0,-1}'),
               ('max_invitations', '{-1}'), ('max_domains', '{-1}'), ('mail_max_attempts', '{0,101}'), ('max_waiting_requests', '{0,3000000000}'),
               ('password_min_length', '{0,-1,1025}'), ('password_min_strength', '{-1,5}'), ('argon2_memory', '{0,18MB,19455,2GB}'), ('argon2_iterations', '{0,11}'),
               ('hash_queue_timeout', '{-1,1h}'), ('picture_max_size', '{0,1GB}'), ('audit_retention', '{0,1h}'), ('event_retention', '{0,1min}'),
               ('registration', '{maybe,""}'), ('signing_algorithm', '{none,RS256,ES256,HS512}'), ('search_scope', '{everybody}'),
               ('trust_socket_address', '{perhaps}')) v (name, few), unnest(few::text[]) value;
SELECT is(pg_temp.story(NULL, format('SET LOCAL users.%I = %s', name, quote_literal(value))), '22023', format('%s is refused: %s', name, what))
  FROM (VALUES ('issuer', repeat('x', 1000), 'a very long text'), ('issuer', E'a\nb', 'two lines'), ('audience', E'a\tb', 'a control character'),
               ('product_name', E'Users\nBcc: eve@example.org', 'another header in a mail'), ('mail_sender', E'a@b\r\nx: y', 'another header in a mail'),
               ('product_name', repeat('x', 1025), 'a very long text'), ('client_address_header', E'x\n', 'two lines'), ('mail_kinds_off', repeat('x', 1025), 'a very long text')) v (name, value, what);
SELECT is(pg_temp.story(NULL, format('SET LOCAL users.%I = %L', name, value)), '22023', format('%s is no page for %s', quote_literal(left(translate(value, E'\n', '/'), 50)), name))
  FROM unnest('{reset_url,verify_url,invitation_url,registration_url}'::text[]) name,
       unnest(ARRAY['', 'https://example.org/', 'https://example.org/{token}{token}', 'https://{token}.example.org/', 'https://{token}/', 'https:///{token}', 'https://example.org{token}', 'https://ann@example.org/{token}', 'https://ann:secret@example.org/{token}',
                    'https://example.org/{token}" onclick="x', 'https://example.org/''{token}', 'https://example.org/<{token}>', 'https://example.org/a b/{token}', 'https://bücher.example/{token}', 'HTTPS://example.org/{token}', '//example.org/{token}', '/{token}', 'data:text/html,{token}',
                    'https://example.org\{token}', 'https://example.org/{TOKEN}', 'https://example.org/{token', 'javascript:alert({token})', 'ftp://example.org/{token}',
                    E'https://example.org/\n{token}', 'https://example.org/' || repeat('x', 1024) || '{token}']) value
 WHERE name = 'reset_url' OR value IN ('', 'https://example.org/', 'javascript:alert({token})', 'https://{token}/');
SELECT is(pg_temp.story(NULL, format('SET LOCAL users.%I = %L', name, value), format('SHOW users.%I', name)), 'done | ' || coalesce(shown, value), format('%s may be %s', name, value))
  FROM (VALUES ('reset_url', 'https://example.org/reset#{token}', NULL), ('verify_url', 'http://127.0.0.1:8080/{token}/verify?a=b&c=d', NULL), ('invitation_url', 'https://example.org?t={token}', NULL), ('registration_url', 'http://[::1]:3000/{token}', NULL), ('max_waiting_requests', '1', NULL), ('access_token_ttl', '30s', NULL), ('access_token_ttl', '1 d', '1d'), ('access_token_ttl', '90000ms', '90s'),
               ('refresh_token_ttl', '3650d', NULL), ('session_ttl', '3650d', NULL), ('refresh_grace', '0', NULL), ('deletion_grace', '0', NULL), ('argon2_memory', '19MB', NULL),
               ('argon2_memory', '1GB', NULL), ('password_min_length', '15', NULL), ('password_min_strength', '0', NULL), ('registration', 'closed', NULL),
               ('registration', 'INVITED', 'invited'), ('signing_algorithm', 'hs256', 'HS256'), ('issuer', 'https://example.org', NULL), ('audience', 'app', NULL)) v (name, value, shown);
SELECT is(pg_temp.story(NULL, format('SET LOCAL users.%I = %L', a, b), format('SET LOCAL users.%I = %L', c, d)), 'done | done', format('%s %s goes with %s %s: no setting looks at another', a, b, c, d))
  FROM (VALUES ('refresh_token_ttl', '60d', 'session_ttl', '1d'), ('max_failed_logins', '500', 'max_failed_logins_per_identifier', '5'), ('argon2_memory', '19MB', 'argon2_iterations', '1'),
               ('signing_algorithm', 'HS256', 'audience', '')) v (a, b, c, d);

SELECT is(pg_temp.story(NULL, 'SET LOCAL users.require_verified_email = on', 'SHOW users.require_verified_email', 'SELECT require_verified_email FROM users_options()', 'SET LOCAL users.require_verified_email = off', 'SELECT require_verified_email FROM users_options()'),
          'done | on | true | done | false', 'verified addresses can be required, and sign-up pages hear of it');
SELECT is(pg_temp.story(NULL, format('SET LOCAL users.mail_kinds_off = %L', list), 'SHOW users.mail_kinds_off'), 'done | ' || list, 'kinds of mail off: ' || quote_literal(list))
  FROM (SELECT DISTINCT kind FROM users.mail_template UNION ALL VALUES (''), ('new_sign_in,welcome'), (' welcome , new_sign_in, '), ('welcome welcome'), (',,')) v (list);
SELECT is(pg_temp.story(NULL, format('SET LOCAL users.mail_kinds_off = %L', list)), '22023', 'no kinds of mail: ' || quote_literal(translate(list, E'\n\t', '//')))
  FROM unnest(ARRAY['spam', 'Welcome', 'welcome,spam', 'welcome;new_sign_in', 'welcom', 'welcomes', 'reset-password', '*', 'all', E'welcome\nnew_sign_in', E'welcome\tnew_sign_in', '"welcome"']) list;
SELECT is(pg_temp.story(NULL, format('SET LOCAL users.mail_sender = %L', sender), 'SHOW users.mail_sender'), 'done | ' || sender, 'a sender: ' || quote_literal(sender))
  FROM unnest(ARRAY['', 'mail@example.org', 'Example <mail@example.org>', 'Example Ltd., Berlin <mail+x@example.org>', '<mail@example.org>', 'Žika & Söhne <mail@example.org>', 'Example<mail@example.org>']) sender
 WHERE sender <> '<mail@example.org>';
SELECT is(pg_temp.story(NULL, format('SET LOCAL users.mail_sender = %L', sender)), '22023', 'no sender: ' || quote_literal(left(translate(sender, E'\r\n\t', '///'), 50)))
  FROM unnest(ARRAY['example.org', 'Example', 'Example mail@example.org', 'mail@example.org, other@example.org', 'A <mail@example.org>, B <other@example.org>', 'A <mail@example.org> B', '"Example" <mail@example.org>', 'A\B <mail@example.org>',
                    'A > <mail@example.org>', 'A <mail@example.org', 'A mail@example.org>', 'A <>', '<mail@example.org>', 'A <<mail@example.org>>', E'A\r\nBcc: eve@example.org <mail@example.org>', E'mail@example.org\r\nBcc: eve@example.org', E'A\t<mail@example.org>',
                    ' mail@example.org', 'mail@example.org ', 'A <mail@example.org> ', 'A <mäil@example.org>', U&'A\202E <mail@example.org>', repeat('x', 101) || ' <mail@example.org>', repeat('x', 251) || '@x.y']) sender;

---- who may change them

CREATE ROLE regress_users_32 LOGIN NOINHERIT;
SELECT users_setup_login('regress_users_32', admin => true, trusted_client => true) IS NULL AS ignored \gset
SELECT is(pg_temp.story(who, format('SET LOCAL %s = DEFAULT', name), format('SELECT set_config(%L, %L, true)', name, boot_val)), '42501 | 42501', format('%s is not for %s', name, who))
  FROM pg_settings, unnest('{=regress_users_32,=regress_users_32 users_admin}'::text[]) who
 WHERE name LIKE 'users.%' AND context = 'superuser' AND (who = '=regress_users_32' OR name IN ('users.allow_drop', 'users.issuer', 'users.registration'));
SELECT is(pg_temp.story('=regress_users_32', $$ SET LOCAL users.client_address = '192.0.2.1' $$, $$ SET LOCAL users.user_agent = 'curl' $$, 'SHOW users.client_address', 'SHOW users.user_agent'),
          'done | done | 192.0.2.1 | curl', 'everybody may say who the client is; who is believed is another matter');
SELECT is(pg_temp.story('=regress_users_32', $$ SET LOCAL users.client_address = 'here' $$, $$ SELECT set_config('users.user_agent', repeat('x', 100000), true) IS NULL $$),
          'done | false', 'even nonsense, which is ignored later');
SELECT is(pg_temp.story(NULL, 'SET users.max_concurrent_hashes = 8', $$ SET users.key_file = '/dev/null' $$), '55P02 | 55P02', 'two are for the configuration file, to superusers too');
SELECT is(pg_temp.story('=regress_users_32', 'SHOW users.key_file', $$ SELECT count(*) FROM pg_settings WHERE name = 'users.key_file' AND setting IS NOT NULL $$, 'SHOW users.issuer'),
          '42501 | 0 | users', 'where the root key lies is told to superusers alone');

SELECT * FROM finish();
ROLLBACK;
