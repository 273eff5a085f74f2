-- Arguments that no page sends: each gets the status or the error of the
-- contract, never an internal error, and never takes the server down. (S66)
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
BEGIN;
SELECT plan(3540);

\ir ../lib/answer.sql

SET LOCAL users.max_failed_logins = 1000;
SET LOCAL users.max_failed_logins_per_identifier = 10000;
SET LOCAL users.max_mail_requests = 1000;
CREATE TEMP TABLE backend AS SELECT pg_backend_pid() AS pid, pg_postmaster_start_time() AS started;

CREATE TEMP TABLE absurd (name text, t text);
INSERT INTO absurd VALUES
	('NULL', NULL), ('nothing', ''), ('spaces', '   '), ('line ends', E'\r\n\r\n'), ('hard spaces', U&'\00A0\2003\3000'),
	('a megabyte', repeat('x', 1048576)), ('a megabyte of three bytes each', repeat(U&'\20AC', 349525)), ('a megabyte of spaces', repeat(' ', 1048576)), ('a megabyte of dots', repeat('.', 1048576)),
	('control characters', E'\x01\x02\x07\x08\x1b[2J\x1f\x7f'), ('more of them', U&'\0080\0085\009F'), ('right to left', U&'\202Eeve\202C\200F\200E\2067\2069'), ('a byte order mark', U&'\FEFFeve'), ('nothing visible', U&'\200B\200C\200D\2060'),
	('no characters', U&'\FFFE\FFFF\+01FFFE\+10FFFF'), ('accents upon accents', 'e' || repeat(U&'\0301', 1000)), ('a family', U&'\+01F468\200D\+01F469\200D\+01F467\200D\+01F466'), ('replacement', U&'\FFFD\FFFD'),
	('quotes', '''"`$$;--/*'), ('SQL', '''); DROP TABLE users.account; --'), ('a format', '%s%n%p%1$s%%'), ('a pattern', '_%\%*?.[^a]'), ('backslashes', '\\\u0000\x00\n'), ('markup', '<script>alert(1)</script>'), ('JSON', '{"status": "ok"}'),
	('a link', 'https://example.org/?token=x'), ('an array', '{NULL,"",NULL}'), ('a number', '-9223372036854775809'), ('an id', '00000000-0000-0000-0000-000000000000'), ('what COPY writes for NULL', '\N');
-- For calls that hash each time.
CREATE TEMP TABLE few AS
	SELECT * FROM absurd WHERE name IN ('NULL', 'nothing', 'spaces', 'a megabyte', 'a megabyte of three bytes each', 'control characters', 'right to left', 'no characters', 'SQL');

SELECT is(user_id IS NOT NULL, true, 'somebody to try it on')
  FROM users_create_user('mia@example.org', 'mia', 'Mia', 'Ash', 'seven wet horses sing');
CREATE TEMP TABLE mia AS SELECT * FROM users_login('mia', 'seven wet horses sing');

-- Calls with one absurd argument; %s is its place.
SELECT matches(pg_temp.answer(replace(call, '%s', quote_nullable(t)), undo => true), '^(' || wanted || ')$', label || ': ' || name)
  FROM absurd, (VALUES
	('users_register: email', 'SELECT status FROM users_register(%s, ''eve'', ''seven wet horses sing'', ''A'', ''B'')', 'US001 email'),
	('users_register: username', 'SELECT status FROM users_register(''eve@example.org'', %s, ''seven wet horses sing'', ''A'', ''B'')', 'US002 username'),
	('users_register: password', 'SELECT status FROM users_register(''eve@example.org'', ''eve'', %s, ''A'', ''B'')', 'ok|US003 password [a-z_]+'),
	('users_register: first_name', 'SELECT status FROM users_register(''eve@example.org'', ''eve'', ''seven wet horses sing'', %s, ''B'')', 'ok|US005 first_name'),
	('users_register: last_name', 'SELECT status FROM users_register(''eve@example.org'', ''eve'', ''seven wet horses sing'', ''A'', %s)', 'ok|US005 last_name'),
	('users_register: token', 'SELECT status FROM users_register(''eve@example.org'', ''eve'', ''seven wet horses sing'', ''A'', ''B'', token => %s)', 'ok|invalid_token'),
	('users_refresh: refresh_token', 'SELECT r::text FROM users_refresh(%s) r', '\(invalid_token,,,,,,,,,,\)'),
	('users_login_ticket: ticket', 'SELECT s::text FROM users_login_ticket(%s) s', '\(invalid_token,,,,,,,,,,\)'),
	('users_logout: refresh_token', 'SELECT o::text FROM users_logout(%s) o', '\(ok,\)'),
	('users_authenticate: token', 'SELECT users_authenticate(%s)', '28000'),
	('users_validate_token: token', 'SELECT v::text FROM users_validate_token(%s) v', '\(invalid_token,,,,,,,\)'),
	('users_request_registration: email', 'SELECT o::text FROM users_request_registration(%s) o', 'US001 email'),
	('users_request_reset: email', 'SELECT o::text FROM users_request_reset(%s) o', 'US001 email'),
	('users_request_verification: email', 'SELECT o::text FROM users_request_verification(%s) o', 'US001 email|28000'),
	('users_reset_password: token', 'SELECT o::text FROM users_reset_password(%s, ''ten dry goats mumble'', ''ten dry goats mumble'') o', '\(invalid_token,\)'),
	('users_reset_password: passwords without a link', 'SELECT o::text FROM users_reset_password(''x'', %s, %s) o', '\(invalid_token,\)'),
	('users_verify_email: token', 'SELECT o::text FROM users_verify_email(%s) o', '\(invalid_token,\)'),
	('users_verify_email: token and password', 'SELECT o::text FROM users_verify_email(%s, %s) o', '\(invalid_token,\)'),
	('users_mail_failed: error', 'SELECT users_mail_failed(''00000000-0000-0000-0000-000000000000'', %s)', 'false'),
	('users_define_template: kind', 'SELECT (users_define_template(%s, ''en'', ''x'', ''x'', ''x'')).kind', '22023 kind'),
	('users_define_template: language', 'SELECT (users_define_template(''password_changed'', %s, ''x'', ''x'', ''x'')).kind', 'US007 language'),
	('users_define_template: subject', 'SELECT (users_define_template(''password_changed'', ''en'', %s, ''x'', ''x'')).kind', 'password_changed|22023 subject'),
	('users_define_template: body_text', 'SELECT (users_define_template(''password_changed'', ''en'', ''x'', %s, ''x'')).kind', 'password_changed|22023 body_text'),
	('users_define_template: body_html', 'SELECT (users_define_template(''password_changed'', ''en'', ''x'', ''x'', %s)).kind', 'password_changed|22023 body_html'),
	('users_define_template: body_text without a link', 'SELECT (users_define_template(''welcome'', ''en'', ''x'', %s, ''{{link}}'')).kind', '22023 body_text'),
	('users_define_template: body_html without a link', 'SELECT (users_define_template(''welcome'', ''en'', ''x'', ''{{link}}'', %s)).kind', '22023 body_html'),
	('users_drop_template: kind', 'SELECT users_drop_template(%s, ''en'')', '22023 kind'),
	('users_drop_template: language', 'SELECT users_drop_template(''welcome'', %s)', 'false'),
	('users_preview_template: kind', 'SELECT (users_preview_template(%s, ''en'')).kind', '22023 kind'),
	('users_preview_template: language', 'SELECT (users_preview_template(''welcome'', %s)).kind', 'US007 language'),
	('users_define_site: name', 'SELECT (users_define_site(%s, NULL, NULL, NULL, NULL, NULL, NULL)).reset_url IS NULL', 'true|US005 name'),
	('users_define_site: product_name', 'SELECT (users_define_site(''main'', NULL, NULL, NULL, NULL, NULL, %s)).name', 'main|US005 product_name'),
	('users_id: identifier', 'SELECT users_id(%s)', 'US014 identifier')) v (label, call, wanted);
-- What may be left out, and is refused otherwise.
SELECT is(pg_temp.answer(replace(call, '%s', quote_nullable(t)), undo => true), CASE WHEN t IS NULL OR t = '' AND wanted = '22023 sender' THEN absent ELSE wanted END, label || ': ' || name)
  FROM absurd, (VALUES
	('users_request_registration: site', 'SELECT o::text FROM users_request_registration(''eve@example.org'', %s) o', '(accepted,)', 'US015 site'),
	('users_request_reset: site', 'SELECT o::text FROM users_request_reset(''mia@example.org'', %s) o', '(accepted,)', 'US015 site'),
	('users_request_verification: site', 'SELECT o::text FROM users_request_verification(''mia@example.org'', %s) o', '(accepted,)', 'US015 site'),
	('users_issue_reset: site', 'SELECT url IS NULL FROM users_issue_reset(users_id(''mia''), site => %s)', 'true', 'US015 site'),
	('users_issue_reset: site, handed over', 'SELECT url IS NULL FROM users_issue_reset(users_id(''mia''), false, site => %s)', 'false', 'US015 site'),
	('users_create_user: site', 'SELECT url IS NULL FROM users_create_user(''eve@example.org'', ''eve'', ''A'', ''B'', site => %s)', 'true', 'US015 site'),
	('users_create_user: language', 'SELECT url IS NULL FROM users_create_user(''eve@example.org'', ''eve'', ''A'', ''B'', language => %s)', 'true', 'US007 language'),
	('users_define_site: reset_url', 'SELECT (users_define_site(''main'', %s, NULL, NULL, NULL, NULL, NULL)).name', 'main', '22023 reset_url'),
	('users_define_site: verify_url', 'SELECT (users_define_site(''main'', NULL, %s, NULL, NULL, NULL, NULL)).name', 'main', '22023 verify_url'),
	('users_define_site: invitation_url', 'SELECT (users_define_site(''main'', NULL, NULL, %s, NULL, NULL, NULL)).name', 'main', '22023 invitation_url'),
	('users_define_site: registration_url', 'SELECT (users_define_site(''main'', NULL, NULL, NULL, %s, NULL, NULL)).name', 'main', '22023 registration_url'),
	('users_define_site: sender', 'SELECT (users_define_site(''main'', NULL, NULL, NULL, NULL, %s, NULL)).name', 'main', '22023 sender')) v (label, call, absent, wanted);
SELECT is(pg_temp.answer(replace(call, '%s', quote_nullable(t)), undo => true), 'invalid_credentials', label || ': ' || name)
  FROM few, (VALUES ('users_login: identifier', 'SELECT status FROM users_login(%s, ''seven wet horses sing'')'), ('users_login: password', 'SELECT status FROM users_login(''mia'', %s)')) v (label, call);
SELECT is(pg_temp.answer(replace(call, '%s', quote_nullable(t)), undo => true), CASE WHEN t IS NULL THEN 'ok' ELSE wanted END, label || ': ' || name)
  FROM absurd, (VALUES
	('users_register: language', 'SELECT status FROM users_register(''eve@example.org'', ''eve'', ''seven wet horses sing'', ''A'', ''B'', language => %s)', 'US007 language'),
	('users_register: theme', 'SELECT status FROM users_register(''eve@example.org'', ''eve'', ''seven wet horses sing'', ''A'', ''B'', theme => %s)', 'US007 theme')) v (label, call, wanted);

-- What is left of a label is a line of text, if anything.
SELECT is(pg_temp.answer('SELECT users_login(''mia'', ''seven wet horses sing'', ' || quote_nullable(t) || '); SELECT coalesce(label <> '''' AND label !~ ''[\u0001-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]'' AND octet_length(label) <= 255, true) FROM users.session ORDER BY id DESC LIMIT 1', undo => true), 'true', 'users_login: label: ' || name) FROM absurd;

-- Links that are good, and absurd passwords.
CREATE TEMP TABLE link AS
	SELECT substring((users_issue_reset(user_id, false)).url FROM 'token=(.*)') AS reset, NULL::text AS verify FROM mia;
SELECT is(pg_temp.answer('SELECT o::text FROM users_request_verification(''mia@example.org'') o'), '(accepted,)', 'a link is asked for');
UPDATE link SET verify = (SELECT data ->> 'token' FROM users_claim_mail());
SELECT matches(pg_temp.answer('SELECT o::text FROM users_reset_password(' || quote_literal(reset) || ', ' || quote_nullable(t) || ', ' || quote_nullable(t) || ') o', undo => true), '^(\(ok,\)|US003 new_password [a-z_]+)$', 'users_reset_password: new_password: ' || name) FROM link, absurd;
SELECT is(pg_temp.answer('SELECT o::text FROM users_reset_password(' || quote_literal(reset) || ', ''ten dry goats mumble'', ' || quote_nullable(t) || ') o', undo => true), 'US004 confirm_password', 'users_reset_password: confirm_password: ' || name) FROM link, absurd;
SELECT is(pg_temp.answer('SELECT o::text FROM users_verify_email(' || quote_literal(verify) || ', ' || quote_nullable(t) || ') o', undo => true), '(invalid_credentials,)', 'users_verify_email: password: ' || name) FROM link, few;
SELECT is(pg_temp.answer('SELECT o::text FROM users_' || call || ' o', undo => true), '(ok,)', 'and none has spent the link: ' || call)
  FROM link, LATERAL (VALUES (format('reset_password(%L, ''ten dry goats mumble'', ''ten dry goats mumble'')', reset)), (format('verify_email(%L, ''seven wet horses sing'')', verify))) v (call);
-- What a relay says of a failure is shown as a line of text, if anything.
SELECT is(pg_temp.answer('SELECT url FROM users_issue_reset(users_id(''mia'')); SELECT users_mail_failed(id, ' || quote_nullable(t) || ') FROM users_claim_mail(); SELECT coalesce(last_error !~ ''[\u0001-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]'' AND octet_length(last_error) <= 500, true) FROM users_outbox WHERE state = ''waiting''', undo => true),
          'true', 'users_mail_failed: error of a claimed mail: ' || name) FROM absurd;

-- With an identity.
SELECT matches(pg_temp.answer(replace(call, '%s', quote_nullable(t)), (SELECT access_token FROM mia), true), '^(' || wanted || ')$', label || ': ' || name)
  FROM absurd, (VALUES
	('users_change_email: new_email', 'SELECT o::text FROM users_change_email(''seven wet horses sing'', %s) o', 'US001 email|US001 new_email'),
	('users_change_email: site', 'SELECT o::text FROM users_change_email(''six wet horses sing'', ''eve@example.org'', %s) o', '\(invalid_credentials,\)|US015 site'),
	('users_request_verification: own, site', 'SELECT o::text FROM users_request_verification(site => %s) o', '\(accepted,\)|US015 site'),
	('users_change_password: confirm_password', 'SELECT o::text FROM users_change_password(''seven wet horses sing'', ''ten dry goats mumble'', %s) o', 'US004 confirm_password'),
	('users_change_password: new_password', 'SELECT o::text FROM users_change_password(''seven wet horses sing'', %1$s, %1$s) o', '\(ok,\)|US003 new_password [a-z_]+')) v (label, raw, wanted),
       LATERAL (SELECT replace(raw, '%1$s', '%s')) c (call);

SELECT is(pg_temp.answer(replace(call, '%s', quote_nullable(t)), (SELECT access_token FROM mia), true), '(invalid_credentials,)', label || ': ' || name)
  FROM few, (VALUES
	('users_confirm_password: password', 'SELECT o::text FROM users_confirm_password(%s) o'),
	('users_change_email: current_password', 'SELECT o::text FROM users_change_email(%s, ''eve@example.org'') o'),
	('users_delete_account: current_password', 'SELECT o::text FROM users_delete_account(%s) o'),
	('users_change_password: current_password', 'SELECT o::text FROM users_change_password(%s, ''ten dry goats mumble'', ''ten dry goats mumble'') o')) v (label, call);

---- other types

SELECT is(pg_temp.answer('SELECT status FROM users_register(''eve@example.org'', ''eve'', ''seven wet horses sing'', ''A'', ''B'', metadata => ' || m || ')', undo => true), wanted, 'users_register: metadata: ' || left(m, 60) || ': ' || wanted)
  FROM (VALUES ('NULL', 'ok'), ('''{}''', 'ok'), ('''{"": ""}''', 'ok'), ('''{"a": null}''', 'ok'), ('''{"\u202e": "\ud83d\ude00", "n": 1e1000, "a": [[[[[[]]]]]]}''', 'ok'), ('''{"status": "ok", "role": "users_admin", "__proto__": {"a": 1}}''', 'ok'),
               ('(repeat(''{"a":'', 100) || ''1'' || repeat(''}'', 100))::jsonb', 'ok'), ('''[]''', 'US005 metadata'), ('''[{}]''', 'US005 metadata'), ('''null''', 'US005 metadata'), ('''0''', 'US005 metadata'), ('''""''', 'US005 metadata'), ('''"{}"''', 'US005 metadata'), ('''true''', 'US005 metadata'),
               ('jsonb_build_object(''a'', repeat(''x'', 1048576))', 'US005 metadata'), ('(SELECT jsonb_object_agg(i, i) FROM generate_series(1, 100000) i)', 'US005 metadata'), ('(SELECT jsonb_object_agg(repeat(''k'', i), 1) FROM generate_series(1, 1000) i)', 'US005 metadata')) v (m, wanted);
SELECT is(pg_temp.answer('SELECT users_revoke_session(' || id || ')', who, true), 'false', 'users_revoke_session(' || id || '), ' || CASE WHEN who IS NULL THEN 'a DBA' ELSE 'a member' END)
  FROM (VALUES ('NULL'), ('''00000000-0000-0000-0000-000000000000'''), ('''ffffffff-ffff-ffff-ffff-ffffffffffff''')) v (id), (VALUES (NULL), ((SELECT access_token FROM mia))) w (who);
SELECT is(pg_temp.answer('SELECT users_logout_all(' || arguments || ')', who, true), wanted, 'users_logout_all(' || arguments || '), ' || CASE WHEN who IS NULL THEN 'a DBA' ELSE 'a member' END || ': ' || wanted)
  FROM (VALUES ('NULL, NULL', '28000', '1'), ('NULL, ''00000000-0000-0000-0000-000000000000''', 'US014 user_id', '42501'), ('true, ''ffffffff-ffff-ffff-ffff-ffffffffffff''', 'US014 user_id', '42501')) v (arguments, a, b),
       LATERAL (VALUES (NULL, a), ((SELECT access_token FROM mia), b)) w (who, wanted);
SELECT is(pg_temp.answer('SELECT ' || call, undo => true), wanted, call || ': ' || wanted)
  FROM (VALUES ('users_disable_user(NULL)', 'US014 user_id'), ('users_disable_user(NULL, NULL)', 'US014 user_id'), ('users_enable_user(NULL)', 'US014 user_id'), ('users_disable_user(''00000000-0000-0000-0000-000000000000'')', 'US014 user_id'),
               ('users_set_platform_role(NULL, ''admin'')', 'US014 user_id'), ('users_set_platform_role(users_id(''mia''), NULL)', '22023 platform_role'), ('users_set_platform_role(users_id(''mia''), '''')', '22023 platform_role'),
               ('users_set_platform_role(users_id(''mia''), ''Admin'')', '22023 platform_role'), ('users_set_platform_role(users_id(''mia''), ''users_admin'')', '22023 platform_role'), ('users_set_platform_role(users_id(''mia''), repeat(''x'', 1048576))', '22023 platform_role'),
               ('users_disable_user(users_id(''mia''), repeat(''x'', 500))', 'true'), ('users_disable_user(users_id(''mia''), repeat(''x'', 501))', 'US005 reason'), ('users_disable_user(users_id(''mia''), E''a\x1bb'')', 'US005 reason'),
               ('users_unlock(NULL, NULL)', 'false'), ('users_unlock(''00000000-0000-0000-0000-000000000000'', ''0.0.0.0'')', 'false'), ('users_unlock(NULL, ''0.0.0.0/0'')', '22023 client_address'), ('users_unlock(NULL, ''::/0'')', '22023 client_address'),
               ('users_unlock(NULL, ''::'')', 'false'),
               ('users_mail_sent(NULL)', 'false'), ('users_mail_sent(''00000000-0000-0000-0000-000000000000'')', 'false'), ('users_mail_failed(NULL, NULL, NULL, NULL)', 'false'), ('users_mail_failed(''ffffffff-ffff-ffff-ffff-ffffffffffff'', '''', true, ''0'')', 'false'),
               ('users_mail_failed(NULL, ''x'', false, ''-1 s'')', 'false'), ('users_mail_failed(''ffffffff-ffff-ffff-ffff-ffffffffffff'', ''x'', false, ''-1 s'')', '22023 retry_after'), ('users_mail_failed(''ffffffff-ffff-ffff-ffff-ffffffffffff'', ''x'', false, ''178000000 years'')', '22023 retry_after'),
               ('users_mail_failed(''ffffffff-ffff-ffff-ffff-ffffffffffff'', ''x'', false, ''-178000000 years'')', '22023 retry_after'), ('users_retry_mail(NULL)', 'false'), ('users_retry_mail(''00000000-0000-0000-0000-000000000000'')', 'false'), ('users_discard_mail(NULL)', 'false'), ('users_discard_mail(''ffffffff-ffff-ffff-ffff-ffffffffffff'')', 'false'),
               ('count(*) FROM users_claim_mail()', '0'), ('count(*) FROM users_claim_mail(NULL)', '22023 batch'), ('count(*) FROM users_claim_mail(-2147483648)', '22023 batch'), ('count(*) FROM users_claim_mail(2147483647)', '22023 batch'), ('count(*) FROM users_claim_mail(10, NULL)', '22023 lease'),
               ('count(*) FROM users_claim_mail(10, ''178000000 years'')', '22023 lease'), ('count(*) FROM users_claim_mail(10, ''-178000000 years'')', '22023 lease'), ('count(*) FROM users_claim_mail(10, ''2147483647 months 2147483647 days 2562047788 hours'')', '22023 lease'),
               ('url FROM users_issue_reset(NULL)', 'US014 user_id'), ('url FROM users_issue_reset(NULL, NULL, NULL, NULL)', 'US014 user_id'), ('url FROM users_issue_reset(''00000000-0000-0000-0000-000000000000'')', 'US014 user_id'), ('url FROM users_issue_reset(users_id(''mia''), NULL, NULL, NULL)', 'NULL'),
               ('(users_define_template(NULL, NULL, NULL, NULL, NULL)).kind', '22023 kind'), ('users_drop_template(NULL, NULL)', '22023 kind'), ('(users_preview_template(NULL, NULL)).kind', '22023 kind'), ('(users_define_site(NULL, NULL, NULL, NULL, NULL, NULL, NULL)).name', 'US005 name'),
               ('users_cancel_email_change()', '28000'), ('count(*) FROM users_maintain()', '10')) v (call, wanted);

---- domains, roles, permissions

-- A domain of mia's, a role, a table of its devices and one that she shares.
SELECT id AS domain FROM users_create_domain('Acme', 'acme', owner_id => (SELECT user_id FROM mia)) \gset
SELECT id AS role FROM users_create_role(:'domain', 'reader', '{device:read}') \gset
CREATE TABLE public.thing (id uuid PRIMARY KEY, domain_id uuid, owner uuid, note text);
SELECT users_protect('public.thing', 'device') IS NULL AS ignored, relation FROM users_define_object_type('report') \gset
SELECT users_define_object_type('device', relation => 'public.thing') IS NULL AS ignored \gset
\set thing dddddddd-0000-0000-0000-000000000001
INSERT INTO public.thing VALUES (:'thing', :'domain');
-- Calls with <mia>, <domain>, <role> and <thing> in them.
CREATE TEMP TABLE filled (key text, id uuid);
INSERT INTO filled SELECT '<mia>', user_id FROM mia UNION ALL VALUES ('<domain>', :'domain'::uuid), ('<role>', :'role'), ('<thing>', :'thing');
CREATE FUNCTION pg_temp.fill(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE f record; BEGIN FOR f IN SELECT * FROM filled LOOP call := replace(call, f.key, quote_literal(f.id)); END LOOP; RETURN call; END $$;

-- Domains, roles and permissions: with one absurd argument, by a DBA and by who
-- holds everything in a domain.
SELECT matches(pg_temp.answer(replace(call, '%s', quote_nullable(t)), who, true), '^(' || CASE WHEN who IS NULL THEN wanted ELSE coalesce(instead, wanted) END || ')$', label || CASE WHEN who IS NULL THEN '' ELSE ', a member' END || ': ' || name)
  FROM absurd, (VALUES
	('users_create_domain: name', 'SELECT status FROM users_create_domain(%s, ''new'')', 'enabled|US005 name', NULL),
	('users_create_domain: route', 'SELECT status FROM users_create_domain(''New'', %s)', 'enabled|US008 route', NULL),
	('users_create_domain: a tag', 'SELECT status FROM users_create_domain(''New'', ''new'', ARRAY[%s])', 'enabled|US005 tags', NULL),
	('users_update_domain: name', 'SELECT status FROM users_update_domain(<domain>, %s)', 'enabled|US005 name', NULL),
	('users_update_domain: a tag', 'SELECT status FROM users_update_domain(<domain>, tags => ARRAY[%s])', 'enabled|US005 tags', NULL),
	('users_set_domain_status: status', 'SELECT status FROM users_set_domain_status(<domain>, %s)', '22023 status', NULL),
	('users_create_role: name', 'SELECT built_in FROM users_create_role(<domain>, %s, ''{device:read}'')', 'false|US005 name', NULL),
	('users_create_role: a permission', 'SELECT built_in FROM users_create_role(<domain>, ''new'', ARRAY[%s])', 'US009 permissions', NULL),
	('users_update_role: name', 'SELECT built_in FROM users_update_role(<role>, %s)', 'false|US005 name', NULL),
	('users_update_role: a permission', 'SELECT built_in FROM users_update_role(<role>, permissions => ARRAY[%s])', 'US009 permissions', NULL),
	('users_grant_role: object_type', 'SELECT role_name FROM users_grant_role(<role>, <mia>, %s, <thing>)', 'US009 object_type|22023 object_type', NULL),
	('users_revoke_role: object_type', 'SELECT users_revoke_role(<role>, <mia>, %s, <thing>)', 'US009 object_type|22023 object_type', NULL),
	('users_can: permission', 'SELECT users_can(%s)', 'US009 permission', NULL),
	('users_can: permission, a domain', 'SELECT users_can(%s, <domain>)', 'US009 permission', NULL),
	('users_can: permission, an object', 'SELECT users_can(%s, object_id => <thing>)', 'US009 permission', NULL),
	('users_check: permission', 'SELECT users_check(<mia>, %s)', 'US009 permission', '42501'),
	('users_check: permission, of nobody', 'SELECT users_check(NULL, %s)', 'US009 permission', '42501'),
	('users_check_many: permission', 'SELECT users_check_many(<mia>, %s, ARRAY[<thing>]::uuid[])', 'US009 permission', '42501'),
	('users_can_in: permission', 'SELECT users_can_in(%s, <domain>)', 'false|US009 permission', NULL),
	('users_can_on: permission', 'SELECT users_can_on(%s, <domain>, <thing>)', 'false|US009 permission', NULL),
	('users_permitted_domains: permission', 'SELECT users_permitted_domains(%s)', '\{\}|US009 permission', NULL),
	('users_permitted_objects: permission', 'SELECT users_permitted_objects(%s)', '\{\}|US009 permission', NULL),
	('users_permitted_domains: permission, somebody''s', 'SELECT users_permitted_domains(%s, <mia>)', '\{\}|US009 permission', NULL),
	('users_permitted_objects: permission, somebody''s', 'SELECT users_permitted_objects(%s, <mia>)', '\{\}|US009 permission', NULL),
	('users_define_object_type: object_type', 'SELECT built_in FROM users_define_object_type(%s)', '22023 object_type', '42501'),
	('users_define_object_type: an action', 'SELECT built_in FROM users_define_object_type(''report'', ARRAY[%s])', '22023 actions', '42501'),
	('users_forget_object: object_type', 'SELECT users_forget_object(%s, <thing>)', 'US009 object_type', NULL),
	('users_protect: object_type', 'SELECT users_protect(''public.thing'', %s)', 'US009 object_type', '42501')) v (label, raw, wanted, instead),
       LATERAL (SELECT pg_temp.fill(raw)) c (call), (VALUES (NULL), ((SELECT access_token FROM mia))) x (who)
 WHERE who IS NULL OR name IN (SELECT name FROM few);
SELECT matches(pg_temp.answer(pg_temp.fill(replace(call, '%s', a)), who, true), '^(' || CASE WHEN who IS NULL THEN wanted ELSE coalesce(instead, wanted) END || ')$', call || ': ' || left(a, 60) || CASE WHEN who IS NULL THEN ', a DBA' ELSE ', a member' END)
  FROM (VALUES ('NULL'), ('''{}'''), ('''{NULL}'''), ('''{""}'''), ('''{device:read,NULL}'''), ('''{{device:read,device:update},{channel:read,channel:update}}'''), ('''[-5:-4]={device:read,device:update}'''), ('''[2147483646:2147483646]={device:read}'''),
               ('''{device:read,device:read,DEVICE:read}'''), ('''{domain:enable,device:*,*:*,*}'''), ('array_fill(''device:read''::text, ARRAY[100000])'), ('ARRAY(SELECT ''device:a'' || n FROM generate_series(1, 10000) n)'), ('ARRAY[repeat(''x'', 1048576)]')) v (a),
       (VALUES ('SELECT status FROM users_create_domain(''New'', ''new'', %s)', 'enabled|US005 tags', NULL), ('SELECT status FROM users_update_domain(<domain>, tags => %s)', 'enabled|US005 tags', NULL),
               ('SELECT built_in FROM users_create_role(<domain>, ''new'', %s)', 'false|US009 permissions', NULL), ('SELECT built_in FROM users_update_role(<role>, permissions => %s)', 'false|US009 permissions', NULL),
               ('SELECT built_in FROM users_define_object_type(''report'', %s)', 'false|22023 actions', '42501'), ('SELECT built_in FROM users_define_object_type(''note'', %s)', 'false|22023 actions', '42501')) w (call, wanted, instead),
       (VALUES (NULL), ((SELECT access_token FROM mia))) x (who);
SELECT is(pg_temp.answer(pg_temp.fill('SELECT users_check_many(<mia>, ''device:read'', ' || a || ')'), who, true), CASE WHEN who IS NULL THEN wanted ELSE '42501' END, 'users_check_many(..., ' || left(a, 60) || ')' || CASE WHEN who IS NULL THEN ', a DBA' ELSE ', a member' END)
  FROM (VALUES ('NULL', '{}'), ('''{}''', '{}'), ('''{NULL}''', '{}'), ('ARRAY[NULL, <thing>, NULL, <thing>]::uuid[]', '{dddddddd-0000-0000-0000-000000000001,dddddddd-0000-0000-0000-000000000001}'), ('ARRAY[ARRAY[NULL, NULL], ARRAY[NULL, <thing>]]::uuid[]', '{dddddddd-0000-0000-0000-000000000001}'),
               ('''[-5:-5]={00000000-0000-0000-0000-000000000000}''', '{}'), ('ARRAY(SELECT gen_random_uuid() FROM generate_series(1, 10000))', '{}')) v (a, wanted), (VALUES (NULL), ((SELECT access_token FROM mia))) x (who);
SELECT matches(pg_temp.answer(pg_temp.fill(replace(call, '%s', id)), who, true), '^(' || CASE WHEN who IS NULL THEN wanted ELSE instead END || ')$', call || ': ' || id || CASE WHEN who IS NULL THEN ', a DBA' ELSE ', a member' END)
  FROM (VALUES ('NULL'), ('''00000000-0000-0000-0000-000000000000'''), ('''ffffffff-ffff-ffff-ffff-ffffffffffff''')) v (id),
       (VALUES ('SELECT status FROM users_create_domain(''New'', ''new'', owner_id => %s)', 'enabled|US014 owner_id', 'enabled|42501 owner_id'),
               ('SELECT status FROM users_update_domain(%s, ''New'')', 'US014 domain_id', '42501'), ('SELECT status FROM users_set_domain_status(%s, ''disabled'')', 'US014 domain_id', '42501'),
               ('SELECT users_delete_domain(%s)', 'US014 domain_id', '42501'), ('SELECT status FROM users_restore_domain(%s)', 'US014 domain_id', '42501'),
               ('SELECT built_in FROM users_create_role(%s, ''new'', ''{device:read}'')', 'US014 domain_id', '42501'), ('SELECT built_in FROM users_update_role(%s, ''new'')', 'US014 role_id', '42501'), ('SELECT users_delete_role(%s)', 'US014 role_id', '42501'),
               ('SELECT role_name FROM users_grant_role(%s, <mia>)', 'US014 role_id', '42501'), ('SELECT role_name FROM users_grant_role(<role>, %s)', 'US014 user_id', '42501'), ('SELECT role_name FROM users_grant_role(<role>, <mia>, ''device'', %s)', 'US014 object_id|22023 object_id', '42501|22023 object_id'),
               ('SELECT role_name FROM users_grant_role(<role>, <mia>, ''channel'', %s)', 'reader|22023 object_id', 'reader|22023 object_id'), ('SELECT role_name FROM users_grant_role(<role>, <mia>, object_id => %s)', 'reader|22023 object_type', 'reader|22023 object_type'),
               ('SELECT users_revoke_role(%s, <mia>)', 'US014 role_id', '42501'), ('SELECT users_revoke_role(<role>, %s)', 'false|US014 user_id', '42501|false'), ('SELECT users_revoke_role(<role>, <mia>, ''device'', %s)', 'false|22023 object_id', 'false|42501|22023 object_id'),
               ('SELECT users_remove_member(%s, <mia>)', 'US014 domain_id', '42501|0'), ('SELECT users_remove_member(<domain>, %s)', '0|28000 user_id|US014 user_id', '0|42501|US010 user_id'), ('SELECT users_remove_member(%s)', '28000 user_id', '42501|0'),
               ('SELECT users_forget_object(''device'', %s)', '0|22023 object_id', '42501|22023 object_id'),
               ('SELECT users_can(''device:read'', %s)', 'true', 'true|false'), ('SELECT users_can(''device:read'', NULL, %s)', 'true', 'true|false'), ('SELECT users_can(''device:read'', %s, <thing>)', 'true', 'true|false'), ('SELECT users_can(''report:read'', NULL, %s)', 'true', '22023 domain_id|true'),
               ('SELECT users_can_in(''device:read'', %s)', 'false', 'false'), ('SELECT users_can_on(''device:read'', %s, <thing>)', 'false', 'false'), ('SELECT users_can_on(''device:read'', <domain>, %s)', 'false', 'false'), ('SELECT users_is_member(%s)', 'false', 'false'),
               ('SELECT array_length(users_permissions(%s), 1) > 10', 'true', 'true|NULL'), ('SELECT array_length(users_permissions(<domain>, %s), 1) > 10', 'true', 'true|NULL'), ('SELECT array_length(users_permissions(%s, <thing>), 1) > 5', 'true', 'true|NULL'),
               ('SELECT users_check(%s, ''device:read'')', 'false', '42501'), ('SELECT users_check(<mia>, ''device:read'', %s)', 'true|false', '42501'), ('SELECT users_check(<mia>, ''device:read'', NULL, %s)', 'true|false', '42501'), ('SELECT users_check(<mia>, ''report:read'', NULL, %s)', 'true|22023 domain_id', '42501'),
               ('SELECT users_check_many(%s, ''device:read'', ARRAY[<thing>]::uuid[])', '{}', '42501'), ('SELECT users_permitted_domains(''device:read'', %s)', '{}', '{[-0-9a-f]+}|42501'), ('SELECT users_permitted_objects(''device:read'', %s)', '{}', '{}|42501')) w (call, wanted, instead),
       (VALUES (NULL), ((SELECT access_token FROM mia))) x (who);
SELECT is(pg_temp.answer('SELECT status FROM users_create_domain(''New'', ''new'', metadata => ' || m || ')', undo => true), wanted, 'users_create_domain: metadata: ' || left(m, 60) || ': ' || wanted)
  FROM (VALUES ('NULL', 'enabled'), ('''{}''', 'enabled'), ('''{"a": null}''', 'enabled'), ('''[]''', 'US005 metadata'), ('''null''', 'US005 metadata'), ('''0''', 'US005 metadata'), ('''""''', 'US005 metadata'), ('jsonb_build_object(''a'', repeat(''x'', 1048576))', 'US005 metadata')) v (m, wanted);
-- What owners of tables hear has the codes of PostgreSQL, and names what they named.
CREATE TEMP TABLE heard_by_people AS TABLE heard;
TRUNCATE heard;
CREATE TEMP TABLE brief (id uuid, domain_id uuid);
CREATE VIEW public.seen AS SELECT * FROM public.thing;
CREATE SEQUENCE public.counted;
SELECT matches(pg_temp.answer(replace(call, '%s', r), who, true), '^(' || CASE WHEN who IS NULL OR wanted LIKE '22023%' THEN wanted ELSE '42501' END || ')$', call || ': ' || r || CASE WHEN who IS NULL THEN ', a DBA' ELSE ', a member' END)
  FROM (VALUES ('NULL', '22023 relation'), ('0::regclass', '22023 relation'), ('4294967295::regclass', '22023 relation'), ('''pg_class''::regclass', '42809 relation'), ('''users.account''::regclass', '42809 relation'), ('''public.seen''::regclass', '42809 relation'), ('''public.users_sessions''::regclass', '42809 relation'),
               ('''public.counted''::regclass', '42809 relation'), ('''public.thing_pkey''::regclass', '42809 relation'), ('''pg_temp.brief''::regclass', 'false')) v (r, wanted),
       (VALUES ('SELECT users_protect(%s, ''device'') IS NULL'), ('SELECT users_unprotect(%s)')) w (call), (VALUES (NULL), ((SELECT access_token FROM mia))) x (who);
SELECT matches(pg_temp.answer('SELECT users_protect(''public.thing'', ''device'', ' || col || ' => ' || quote_nullable(t) || ') IS NULL', who, true), '^(' || CASE WHEN who IS NOT NULL THEN '42501' WHEN t IS NULL THEN 'false|22023 owner_column' ELSE '42703 ' || col END || ')$', 'users_protect: ' || col || CASE WHEN who IS NULL THEN '' ELSE ', a member' END || ': ' || name)
  FROM absurd, unnest('{id_column,domain_column,owner_column}'::text[]) col, (VALUES (NULL), ((SELECT access_token FROM mia))) x (who) WHERE who IS NULL OR name IN (SELECT name FROM few);
SELECT matches(pg_temp.answer('SELECT users_define_object_type(''device'', relation => ' || r || ') IS NULL', who, true), '^(' || CASE WHEN who IS NOT NULL THEN '42501' WHEN r IN ('NULL', '0::regclass') THEN 'false' ELSE 'US011 relation' END || ')$', 'users_define_object_type: relation: ' || r || CASE WHEN who IS NULL THEN ', a DBA' ELSE ', a member' END)
  FROM unnest(ARRAY['NULL', '0::regclass', '4294967295::regclass', '''pg_class''::regclass', '''users.account''::regclass', '''public.seen''::regclass', '''public.thing_pkey''::regclass', '''pg_temp.brief''::regclass']) r, (VALUES (NULL), ((SELECT access_token FROM mia))) x (who);
SELECT is_empty('SELECT said FROM heard WHERE said !~ ''^(42501|22023|42703|42809|US011)''', 'no error was another one');
SELECT is_empty('SELECT left(said, 200) FROM heard WHERE octet_length(said) > 400', 'none repeats more than a name');
INSERT INTO heard TABLE heard_by_people;
DELETE FROM heard WHERE said ~ '^(42703|42809)';
DROP VIEW public.seen;
DROP SEQUENCE public.counted;
DROP TABLE brief;

---- arguments as tables store them: packed, compressed, out of line

CREATE TEMP TABLE stored (packed text, compressed text, far text, token text, metadata jsonb, address inet, id uuid);
ALTER TABLE stored ALTER far SET STORAGE EXTERNAL;
INSERT INTO stored SELECT 'mia', 'mia' || repeat(' ', 100000), 'mia' || repeat(' ', 100000), access_token, jsonb_build_object('a', repeat('x', 15000)), '192.0.2.1', session_id FROM mia;
SELECT ok(pg_column_size(compressed) < 10000 AND pg_column_size(far) > 100000, 'some are stored in another form') FROM stored;
SELECT is(pg_temp.answer('SELECT (users_login(' || col || ', ''seven wet horses sing'', ' || col || ')).status FROM stored', undo => true), 'ok', 'users_login: ' || col) FROM (VALUES ('packed'), ('compressed'), ('far')) v (col);
SELECT is(pg_temp.answer('SELECT (users_register(''eve@example.org'', ''eve'', ''seven wet horses sing'', packed, packed, label => far, metadata => metadata)).status FROM stored', undo => true), 'ok', 'users_register');
SELECT is(pg_temp.answer('SELECT users_authenticate(token) IS NOT NULL FROM stored', undo => true), 'true', 'users_authenticate');
SELECT is(pg_temp.answer('SELECT (users_validate_token(token)).status FROM stored', undo => true), 'ok', 'users_validate_token');
SELECT is(pg_temp.answer('SELECT (users_refresh(far)).status FROM stored', undo => true), 'invalid_token', 'users_refresh');
SELECT is(pg_temp.answer('SELECT users_unlock(id, address) FROM stored', undo => true), 'false', 'users_unlock');
UPDATE stored SET packed = 'mia@example.org', compressed = 'mia@example.org' || repeat(' ', 100000), far = 'mia@example.org' || repeat(' ', 100000);
SELECT is(pg_temp.answer('SELECT (users_request_' || call || '(' || col || ')).status FROM stored', undo => true), 'accepted', 'users_request_' || call || ': ' || col) FROM (VALUES ('packed'), ('compressed'), ('far')) v (col), (VALUES ('reset'), ('verification'), ('registration')) w (call);
UPDATE stored SET packed = 'new', compressed = 'device:read' || repeat(' ', 100000), far = 'device:read' || repeat(' ', 100000), id = (SELECT domain_id FROM thing);
SELECT is(pg_temp.answer('SELECT (users_create_domain(' || col || ', packed, metadata => metadata)).status FROM stored', undo => true), 'enabled', 'users_create_domain: ' || col) FROM (VALUES ('packed'), ('compressed'), ('far')) v (col);
SELECT is(pg_temp.answer('SELECT (users_create_role(id, ' || col || ', ARRAY[''device:read'', packed])).name FROM stored', undo => true), 'US009 permissions', 'users_create_role: ' || col) FROM (VALUES ('packed'), ('compressed'), ('far')) v (col);
SELECT is(pg_temp.answer('SELECT (users_create_role(id, ' || col || ', ''{device:read}'')).built_in FROM stored', undo => true), 'false', 'users_create_role, well: ' || col) FROM (VALUES ('packed'), ('compressed'), ('far')) v (col);
SELECT is(pg_temp.answer('SELECT users_can(' || col || ', id) FROM stored', undo => true), 'US009 permission', 'users_can: ' || col) FROM (VALUES ('packed'), ('compressed'), ('far')) v (col);
UPDATE stored SET packed = 'device:read';
SELECT is(pg_temp.answer('SELECT users_can(packed, id)::text || users_can_in(packed, id) || cardinality(users_permitted_domains(packed)) FROM stored', (SELECT access_token FROM mia), true), '42501', 'users_can: this table is not for members');
GRANT SELECT ON stored TO users_member;
SELECT is(pg_temp.answer('SELECT users_can(packed, id)::text || users_can_in(packed, id) || users_can_on(packed, id, id) || cardinality(users_permitted_domains(packed)) FROM stored', (SELECT access_token FROM mia), true), 'truetruefalse1', 'users_can and its like');
UPDATE stored SET packed = 'x', compressed = '{{username}}' || repeat('x', 100000), far = '{{username}}' || repeat('x', 100000);
SELECT is(pg_temp.answer('SELECT (users_define_template(''password_changed'', ''en'', packed, compressed, far)).kind FROM stored', undo => true), 'password_changed', 'users_define_template');
SELECT is(pg_temp.answer('SELECT (users_reset_password(far, compressed, far)).status FROM stored', undo => true), 'invalid_token', 'users_reset_password');
UPDATE stored SET id = (SELECT session_id FROM mia);
SELECT is(pg_temp.answer('SELECT users_revoke_session(id) FROM stored', undo => true), 'true', 'users_revoke_session');

---- nothing has broken (S51)

SELECT is_empty('SELECT said FROM heard WHERE said !~ ''^(US0\d\d|28000|22023|42501)''', 'no error was another one');
SELECT is_empty('SELECT DISTINCT said FROM heard WHERE said ~ ''^(US|22023|28000)'' AND hint = ''''', 'every error of ours has a HINT');
SELECT is_empty('SELECT left(said, 200) FROM heard WHERE length(said) > 1000', 'none repeats what it was given');
SELECT is((pid, started)::text, (pg_backend_pid(), pg_postmaster_start_time())::text, 'it is the same server and the same session') FROM backend;
SELECT is(pg_temp.answer('SELECT status FROM users_login(''mia'', ''seven wet horses sing'')', undo => true), 'ok', 'where people sign in');
SELECT is((SELECT count(*) FROM users.account), 1::bigint, 'nobody has come');
SELECT is((SELECT count(*) FROM users.mail WHERE state <> 'claimed') + (SELECT count(*) FROM users.mail_request) + (SELECT count(*) FROM users.site) + (SELECT count(*) FROM users.mail_template WHERE NOT built_in), 0::bigint, 'and nothing has stayed');
SELECT is_empty('SELECT said FROM heard WHERE said ~* ''horses|goats|argon2id|eyJ|script|DROP''', 'no error shows a password, a hash, a token or what it was given');

SELECT * FROM finish();
ROLLBACK;
