-- users_register: what it makes, what it refuses, and who may call it.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
BEGIN;
SELECT plan(174);

\ir ../lib/answer.sql

-- A call of users_register, as text.
CREATE FUNCTION pg_temp.register(
	email text, username text, password text DEFAULT 'seven wet horses sing', first_name text DEFAULT 'Ann',
	last_name text DEFAULT 'Ash', more text DEFAULT '') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT status FROM users_register(%L, %L, %L, %L, %L%s)', email, username, password, first_name, last_name, more) $$;

-- A part of a token, decoded.
CREATE FUNCTION pg_temp.part(token text, n integer) RETURNS jsonb LANGUAGE sql AS
$$ SELECT convert_from(decode(rpad(translate(p, '-_', '+/'), (length(p) + 3) / 4 * 4, '='), 'base64'), 'UTF8')::jsonb
     FROM split_part(token, '.', n) p $$;

---- what it makes (S34)

CREATE TEMP TABLE mia AS
	SELECT * FROM users_register('Mia@Example.org', 'Mia.Ash', 'seven wet horses sing', ' Mia ', 'Ash', 'de', 'TealTide',
	                             E' Mia''s phone\t', '{"role": "users_admin", "sub": "x", "aud": "y", "exp": 1, "sid": 2}');

SELECT is(status, 'ok', 'signing up answers ok') FROM mia;
SELECT is(retry_after, NULL, 'and asks for no patience') FROM mia;
SELECT is(role, 'users_member', 'who signs up is a member') FROM mia;
SELECT is(token_type, 'Bearer', 'with a bearer token') FROM mia;
SELECT is(expires_in, 900, 'for fifteen minutes') FROM mia;
SELECT ok(expires_at - now() BETWEEN '14 minutes' AND '16 minutes', 'expires_at says the same') FROM mia;
SELECT ok(refresh_expires_at - now() BETWEEN '6 days 23 hours' AND '7 days 1 hour', 'the refresh token lives for seven days') FROM mia;
SELECT matches(access_token, '^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$', 'the access token is a JWT') FROM mia;
SELECT matches(refresh_token, '^[A-Za-z0-9_-]{40,}$', 'the refresh token is opaque') FROM mia;
SELECT is(substr(user_id::text, 15, 1), '7', 'the user''s id is a UUIDv7') FROM mia;
SELECT is(substr(session_id::text, 15, 1), '7', 'the session''s id is a UUIDv7') FROM mia;
SELECT is(users_current_user_id(), NULL, 'signing up sets no identity');
SELECT is((users_validate_token(access_token)).status, 'ok', 'the token is valid in the same transaction') FROM mia;
SELECT is((users_validate_token(access_token)).username, 'Mia.Ash', 'and is this person''s') FROM mia;
SELECT is((SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(pg_temp.part(access_token, 2)) k),
          '{auth_time,exp,iat,iss,role,sid,sub}'::text[], 'nothing of the metadata is in the claims') FROM mia;
SELECT is(pg_temp.part(access_token, 2) ->> 'role', 'users_member', 'and the role is not the one in them') FROM mia;
SELECT is(pg_temp.part(access_token, 2) ->> 'sub', user_id::text, 'nor the subject') FROM mia;

SELECT is(email, 'Mia@Example.org', 'the address is kept as it was written') FROM users.account;
SELECT is(language, 'de', 'the language is kept') FROM users.account;
SELECT is(theme, 'TealTide', 'the theme is kept') FROM users.account;
SELECT is(metadata, '{"role": "users_admin", "sub": "x", "aud": "y", "exp": 1, "sid": 2}'::jsonb, 'the metadata is kept') FROM users.account;
SELECT is(email_verified_at, NULL, 'nobody has verified the address') FROM users.account;
SELECT is(platform_role, 'user', 'the platform role is user') FROM users.account;
SELECT is(admin_metadata, '{}'::jsonb, 'admin_metadata is empty') FROM users.account;
SELECT is(username, 'Mia.Ash', 'the username is kept as it was written') FROM users.person;
SELECT is(first_name, 'Mia', 'names are trimmed') FROM users.person;
SELECT is(label, 'Mia''s phone', 'the session has its label, trimmed') FROM users.session;
SELECT is((SELECT user_id FROM users.person_id), user_id, 'there is an id to refer to') FROM mia;
SELECT is((SELECT count(*) FROM users.audit_event), 1::bigint, 'one event is recorded');
SELECT is(event || ' ' || outcome, 'register success', 'register, a success') FROM users.audit_event;
SELECT is(e.user_id, mia.user_id, 'of this user') FROM users.audit_event e, mia;
SELECT is(e.session_id, mia.session_id, 'in this session') FROM users.audit_event e, mia;
SELECT is((SELECT count(*) FROM users.event_position p JOIN users.audit_event e ON e.id = p.event_id), 1::bigint, 'and those who follow will hear of it');

SELECT is(pg_temp.answer(pg_temp.register('bare@example.org', 'bare')), 'ok', 'the rest may be left out');
SELECT is(a.language || a.theme || s.label, NULL, 'and is NULL then')
  FROM users.account a JOIN users.session s USING (user_id) WHERE a.email = 'bare@example.org';
SELECT is(metadata, '{}'::jsonb, 'but the metadata, which is empty') FROM users.account WHERE email = 'bare@example.org';

---- email

SELECT is(pg_temp.answer(pg_temp.register(email, 'eve'), undo => true), 'ok', 'address: ' || left(email, 40))
  FROM (VALUES ('a@b'), ('ann@example.co.uk'), ('ann.o''hara+tag@example.org'), ('.!#$%&''*+/=?^_`{|}~-@x.y'), ('..@x.y'),
               ('1@2.3'), ('ann@a--b.c-d'), ('ann@' || repeat('x', 63) || '.org'), (repeat('x', 250) || '@x.y'),
               (' ann@x.y '), ('ANN@X.Y')) v (email);
SELECT is(pg_temp.answer(pg_temp.register(email, 'eve'), undo => true), 'US001 email', 'no address: ' || coalesce(left(translate(email, E'\n\t', '//'), 40), 'NULL'))
  FROM (VALUES (NULL), (''), ('  '), ('ann'), ('@x.y'), ('ann@'), ('ann@@x.y'), ('ann@x@y'), ('ann@-x.y'), ('ann@x-.y'), ('ann@x..y'),
               ('ann@.x'), ('ann@x.'), ('ann@x_y.z'), ('a b@x.y'), ('ann@x y'), ('ann@[127.0.0.1]'), ('"ann"@x.y'), ('Ann <ann@x.y>'),
               ('ann(her)@x.y'), ('ann,bob@x.y'), ('ann;bob@x.y'), ('ann\@x.y'), ('änn@x.y'), ('ann@bücher.de'), (E'ann@x.y\nbcc:bob@x.y'),
               (E'ann\t@x.y'), ('ann@' || repeat('x', 64) || '.org'), (repeat('x', 251) || '@x.y')) v (email);

---- username

SELECT is(pg_temp.answer(pg_temp.register('eve@example.org', username), undo => true), 'ok', 'username: ' || username)
  FROM (VALUES ('a'), ('A1'), ('9'), ('a.b-c_d.e'), ('a--'), ('a__b_'), (repeat('x', 32)), (' eve ')) v (username);
SELECT is(pg_temp.answer(pg_temp.register('eve@example.org', username), undo => true), 'US002 username', 'no username: ' || coalesce(translate(username, E'\n', '/'), 'NULL'))
  FROM (VALUES (NULL), (''), (' '), ('.a'), ('_a'), ('-a'), ('a.'), ('a..b'), ('a b'), ('ä'), ('a@b'), ('a/b'), ('a%'), (E'a\nb'),
               (U&'a\200Db'), (U&'\0430nn'), (repeat('x', 33))) v (username);

---- names, choices, metadata

SELECT is(pg_temp.answer(pg_temp.register('eve@example.org', 'eve', first_name => name, last_name => name), undo => true), 'ok', 'name: ' || left(name, 40))
  FROM (VALUES ('O''Brien'), ('de la Cruz'), ('李'), ('Зоя'), (repeat('ü', 100)), (U&'\+01F469\200D\+01F680')) v (name);
SELECT is(pg_temp.answer(pg_temp.register('eve@example.org', 'eve', first_name => name), undo => true), 'US005 first_name', 'no first name: ' || coalesce(left(translate(name, E'\n\t\x1b\x7f', '////'), 40), 'NULL'))
  FROM (VALUES (NULL), (''), (E' \n '), (repeat('x', 101)), (E'A\nB'), (E'A\tB'), (E'A\x1b[31m'), (E'A\x7f'), (U&'A\0085B'), (U&'A\202EB')) v (name);
SELECT is(pg_temp.answer(pg_temp.register('eve@example.org', 'eve', last_name => name), undo => true), 'US005 last_name', 'no last name: ' || coalesce(left(translate(name, E'\n', '/'), 40), 'NULL'))
  FROM (VALUES (NULL), (''), (repeat('x', 101)), (E'A\nB')) v (name);
SELECT is(pg_temp.answer(pg_temp.register('eve@example.org', 'eve', more => more), undo => true), wanted, 'with' || translate(more, ',', ' ') || ': ' || wanted)
  FROM (VALUES (', language => NULL, theme => NULL, metadata => NULL, token => NULL', 'ok'), (', language => ''sr''', 'ok'), (', theme => ''GrayWave''', 'ok'),
               (', language => ''fr''', 'US007 language'), (', language => ''EN''', 'US007 language'), (', language => ''''', 'US007 language'),
               (', theme => ''graywave''', 'US007 theme'), (', theme => ''''', 'US007 theme'),
               (', metadata => ''[]''', 'US005 metadata'), (', metadata => ''null''', 'US005 metadata'), (', metadata => ''"x"''', 'US005 metadata'),
               (', metadata => ''1''', 'US005 metadata'), (', metadata => ''true''', 'US005 metadata'),
               (', metadata => jsonb_build_object(''a'', repeat(''x'', 15000))', 'ok'),
               (', metadata => jsonb_build_object(''a'', repeat(''x'', 16384))', 'US005 metadata')) v (more, wanted);
SELECT is(pg_temp.answer(pg_temp.register('eve@example.org', 'eve', 'password1'), undo => true), 'US003 password common', 'a weak password is refused with a reason');
SELECT is(pg_temp.answer(pg_temp.register('eve@example.org', 'eve', NULL), undo => true), 'US003 password too_short', 'no password is too short');

---- taken (S18)

SELECT is(pg_temp.answer(pg_temp.register(email, username), undo => true), wanted, wanted || ': ' || email || ', ' || username)
  FROM (VALUES ('Mia@Example.org', 'eve', '23505 email users_email_key'), ('mia@example.ORG', 'eve', '23505 email users_email_key'),
               (' mia@example.org', 'eve', '23505 email users_email_key'), ('eve@example.org', 'Mia.Ash', '23505 username users_username_key'),
               ('eve@example.org', 'mIA.aSH', '23505 username users_username_key')) v (email, username, wanted);
SELECT is((SELECT count(*) FROM users.person_id), 2::bigint, 'a refused sign-up leaves nothing');
SELECT is((SELECT count(*) FROM users.identifier), 4::bigint, 'no identifier either');

---- who may sign up

SET LOCAL users.registration = 'closed';
SELECT is(pg_temp.answer(pg_temp.register('eve@example.org', 'eve'), 'users_anon'), 'US012', 'closed registration is closed');
SET LOCAL users.registration = 'invited';
SELECT is(pg_temp.answer(pg_temp.register('eve@example.org', 'eve'), 'users_anon'), 'US012 token', 'by invitation it needs a token');
SELECT is(pg_temp.answer(pg_temp.register('eve@example.org', 'eve', more => ', token => ''abc'''), 'users_anon'), 'invalid_token', 'which must be one');
SELECT is_empty('SELECT said FROM heard WHERE said LIKE ''US012%users_request_registration%''', 'and there is no link to ask for');
SET LOCAL users.require_verified_email = on;
SELECT is(pg_temp.answer(pg_temp.register('eve@example.org', 'eve'), 'users_anon'), 'US012 token', 'nor where addresses must be verified');
SET LOCAL users.registration = 'open';
SELECT is(pg_temp.answer(pg_temp.register('eve@example.org', 'eve'), 'users_anon'), 'US012 token', 'open, but with verified addresses only, it needs one too');
SELECT ok(EXISTS (SELECT FROM heard WHERE hint LIKE '%users_request_registration(email)%'), 'and the HINT says where to get one');
SELECT is(pg_temp.answer(pg_temp.register('eve@example.org', 'eve', more => ', token => ''abc'''), 'users_anon'), 'invalid_token', 'it must be one then');
SET LOCAL users.registration = 'closed';
SELECT is(pg_temp.answer(pg_temp.register('eve@example.org', 'eve', more => ', token => ''abc'''), 'users_anon'), 'US012', 'closed is closed, with a token too');
SET LOCAL users.registration = 'open';
SET LOCAL users.require_verified_email = off;
SELECT is(pg_temp.answer(pg_temp.register('eve@example.org', 'eve', more => ', token => ' || quote_literal(token)), 'users_anon'), 'invalid_token', 'where none is needed, a wrong one is refused still: ' || what)
  FROM (VALUES ('nonsense', 'abc'), ('empty', ''), ('of the right length', repeat('A', 86))) v (what, token);
SELECT is((SELECT count(*) FROM users.account), 2::bigint, 'and nobody was made');
SELECT is(pg_temp.answer('SET LOCAL users.registration = ''open''', 'users_anon', true), '42501', 'not everybody opens it');
SELECT is(pg_temp.answer('SET LOCAL users.password_min_length = 1', 'users_member', true), '42501', 'or asks for less of a password');

CREATE ROLE regress_users_10_nobody;
SELECT is(pg_temp.answer(pg_temp.register('eve@example.org', 'eve'), who, true), wanted, who || ' may sign up: ' || wanted)
  FROM (VALUES ('users_anon', 'ok'), ('users_member', 'ok'), ('users_admin', 'ok'), ('users_dba', 'ok'), ('users_service', '42501'),
               ('users_relay', '42501'), ('users_proxy', '42501'), ('regress_users_10_nobody', '42501')) v (who, wanted);
SELECT is(pg_temp.answer('SET LOCAL transaction_read_only = on; ' || statement, 'users_anon', true), '25006', 'not in a READ ONLY transaction: ' || name)
  FROM (VALUES ('good', pg_temp.register('eve@example.org', 'eve')), ('weak', pg_temp.register('eve@example.org', 'eve', 'x')),
               ('taken', pg_temp.register('mia@example.org', 'eve')), ('nonsense', pg_temp.register(NULL, NULL, NULL, NULL, NULL))) v (name, statement);

---- what is never said (S51)

SELECT is_empty('SELECT said FROM heard WHERE said ~* ''mia|horses|password1|argon2|eyJ|eve@''',
                'no error shows an address, a username, a password, a hash or a token');
SELECT is_empty('SELECT said FROM heard WHERE said ~ ''^(US|23505)'' AND hint = ''''', 'every error of ours has a HINT');

SELECT * FROM finish();
ROLLBACK;
