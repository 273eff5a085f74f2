-- users_authenticate and users_validate_token: whom a token makes of the
-- caller, and every token that makes nobody of them.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
BEGIN;
SELECT plan(290);

\ir ../lib/answer.sql

CREATE EXTENSION pgcrypto; -- of PostgreSQL itself; its hmac signs forgeries

-- Tokens taken apart and put together.
CREATE FUNCTION pg_temp.enc(b bytea) RETURNS text LANGUAGE sql AS $$ SELECT translate(encode(b, 'base64'), E'+/=\n', '-_') $$;
CREATE FUNCTION pg_temp.enc(t text) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.enc(convert_to(t, 'UTF8')) $$;
CREATE FUNCTION pg_temp.dec(t text) RETURNS bytea LANGUAGE sql AS
$$ SELECT decode(rpad(translate(t, '-_', '+/'), (length(t) + 3) / 4 * 4, '='), 'base64') $$;
CREATE FUNCTION pg_temp.head(t text) RETURNS text LANGUAGE sql AS $$ SELECT convert_from(pg_temp.dec(split_part(t, '.', 1)), 'UTF8') $$;
CREATE FUNCTION pg_temp.body(t text) RETURNS text LANGUAGE sql AS $$ SELECT convert_from(pg_temp.dec(split_part(t, '.', 2)), 'UTF8') $$;
CREATE FUNCTION pg_temp.sig(t text) RETURNS text LANGUAGE sql AS $$ SELECT split_part(t, '.', 3) $$;
-- What both functions say of a token.
CREATE FUNCTION pg_temp.judge(token text) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.answer(format('SELECT users_authenticate(%L)', token), undo => true) || ' '
	    || pg_temp.answer(format('SELECT v::text FROM users_validate_token(%L) v', token), undo => true)
$$;

CREATE TEMP TABLE people AS
	SELECT name, user_id
	  FROM (VALUES ('mia', 'user'), ('lea', 'user'), ('dis', 'user'), ('root', 'admin')) v (name, role),
	       LATERAL users_create_user('X-' || name || '@example.org', 'X-' || name, 'Nam', 'Surnam', 'seven wet horses sing', platform_role => role);
CREATE TEMP TABLE s (name text, LIKE users_session);
CREATE FUNCTION pg_temp.login(who text, name text) RETURNS text LANGUAGE sql AS
$$ INSERT INTO s SELECT login.name, l.* FROM users_login('x-' || who, 'seven wet horses sing') l RETURNING status $$;
CREATE FUNCTION pg_temp.token(which text) RETURNS text LANGUAGE sql AS $$ SELECT access_token FROM s WHERE name = which $$;

SELECT is(pg_temp.login('mia', 'revoked'), 'ok', 'a token');
SELECT is((users_rotate_key()).state, 'active', 'another key');
SELECT is(pg_temp.login('mia', 'old'), 'ok', 'a token of that');
SELECT is((users_rotate_key()).state, 'active', 'a third key');
SELECT is(users_revoke_key(pg_temp.head(pg_temp.token('revoked'))::jsonb ->> 'kid'), true, 'the first is revoked');
SELECT is(pg_temp.login(who, name), 'ok', 'more tokens: ' || name)
  FROM (VALUES ('mia', 'mia'), ('mia', 'mia2'), ('lea', 'lea'), ('dis', 'dis'), ('root', 'root'), ('mia', 'gone'), ('mia', 'brief')) v (who, name);
SELECT is((SELECT status FROM users_logout(refresh_token)), 'ok', 'a session has ended') FROM s WHERE name = 'gone';
SELECT is(users_disable_user(user_id), true, 'an account is disabled') FROM people WHERE name = 'dis';

---- good tokens

SELECT is(pg_temp.head(pg_temp.token('mia'))::jsonb - 'kid', '{"alg": "EdDSA", "typ": "at+jwt"}', 'the header of a token');
SELECT is(pg_temp.body(pg_temp.token('mia'))::jsonb - '{exp,iat,auth_time,sid,sub}'::text[], '{"iss": "users", "role": "users_member"}', 'its claims');
SELECT is((SELECT count(*) FROM jsonb_each_text(pg_temp.body(pg_temp.token('mia'))::jsonb) e WHERE key IN ('exp', 'iat', 'auth_time') AND value ~ '^\d{10}$'), 3::bigint, 'all times are whole seconds');
SELECT ok(users_jwks()::jsonb -> 'keys' @> jsonb_build_array(jsonb_build_object('kid', pg_temp.head(pg_temp.token(name))::jsonb ->> 'kid')) = wanted, 'its key is published: ' || name || ': ' || wanted)
  FROM (VALUES ('mia', true), ('old', true), ('revoked', false)) v (name, wanted);
SELECT is_empty('SELECT k FROM jsonb_array_elements(users_jwks()::jsonb -> ''keys'') e, jsonb_object_keys(e) k WHERE k NOT IN (''kty'', ''crv'', ''x'', ''kid'', ''use'', ''alg'')', 'nothing secret is');
SELECT is(pg_temp.answer(format('SELECT users_authenticate(%L)', access_token), undo => true), user_id::text, 'gives the user: ' || name) FROM s WHERE name IN ('mia', 'mia2', 'lea', 'root', 'old');
SELECT is((v.status, v.user_id, v.session_id, v.role)::text, ('ok', s.user_id, s.session_id, s.role)::text, 'a service hears whose it is: ' || name)
  FROM s, LATERAL users_validate_token(access_token) v WHERE name IN ('mia', 'mia2', 'lea', 'root', 'old');
SELECT is((v.username, v.expires_at, extract(epoch FROM v.issued_at)::text)::text, ('X-mia', s.expires_at, (pg_temp.body(access_token)::jsonb ->> 'iat') || '.000000')::text, 'and since when and until when')
  FROM s, LATERAL users_validate_token(access_token) v WHERE name = 'mia';
SELECT is(date_trunc('second', v.authenticated_at), to_timestamp((pg_temp.body(access_token)::jsonb ->> 'auth_time')::integer), 'and when they authenticated')
  FROM s, LATERAL users_validate_token(access_token) v WHERE name = 'mia';

---- tokens that were made of good ones

SELECT is(pg_temp.judge(token), '28000 (invalid_token,,,,,,,)', 'refused: ' || name)
  FROM (SELECT access_token AS t, refresh_token AS r, pg_temp.head(access_token) AS h, pg_temp.body(access_token) AS b, pg_temp.sig(access_token) AS g,
	       pg_temp.head(access_token)::jsonb ->> 'kid' AS kid,
	       pg_temp.token('lea') AS other, pg_temp.token('root') AS admin,
	       (SELECT e ->> 'x' FROM jsonb_array_elements(users_jwks()::jsonb -> 'keys') e WHERE e ->> 'kid' = pg_temp.head(access_token)::jsonb ->> 'kid') AS x
	  FROM s WHERE name = 'mia') v,
       LATERAL (SELECT pg_temp.enc(replace(h, 'EdDSA', 'HS256')) || '.' || split_part(t, '.', 2)) w (hs),
       LATERAL (VALUES
	('NULL', NULL), ('nothing', ''), ('a space', ' '), ('a word', 'token'), ('two dots', '..'), ('JSON', b), ('much', repeat('x', 1000000)), ('many dots', repeat('.', 1000)),
	('of a session that has ended', pg_temp.token('gone')), ('of a disabled account', pg_temp.token('dis')), ('of a revoked key', pg_temp.token('revoked')),
	('a refresh token', r), ('a session''s id', b::jsonb ->> 'sid'), ('a refresh token in three parts', left(r, 30) || '.' || substr(r, 31, 2) || '.' || right(r, 86)),
	('alg none', pg_temp.enc(replace(h, 'EdDSA', 'none')) || '.' || split_part(t, '.', 2) || '.'),
	('alg None', pg_temp.enc(replace(h, 'EdDSA', 'None')) || '.' || split_part(t, '.', 2) || '.'),
	('alg NONE', pg_temp.enc(replace(h, 'EdDSA', 'NONE')) || '.' || split_part(t, '.', 2) || '.'),
	('alg nOnE', pg_temp.enc(replace(h, 'EdDSA', 'nOnE')) || '.' || split_part(t, '.', 2) || '.'),
	('alg none, signed', pg_temp.enc(replace(h, 'EdDSA', 'none')) || '.' || split_part(t, '.', 2) || '.' || g),
	('alg none, in two parts', pg_temp.enc(replace(h, 'EdDSA', 'none')) || '.' || split_part(t, '.', 2)),
	('no signature', split_part(t, '.', 1) || '.' || split_part(t, '.', 2) || '.'),
	('no third part', split_part(t, '.', 1) || '.' || split_part(t, '.', 2)),
	('a signature of zeros', split_part(t, '.', 1) || '.' || split_part(t, '.', 2) || '.' || repeat('A', 86)),
	('HS256 with the public key', hs || '.' || pg_temp.enc(hmac(convert_to(hs, 'UTF8'), pg_temp.dec(x), 'sha256'))),
	('HS256 with the public key as it is published', hs || '.' || pg_temp.enc(hmac(hs, x, 'sha256'))),
	('HS256 with the JWK', hs || '.' || pg_temp.enc(hmac(hs, '{"kty":"OKP","crv":"Ed25519","x":"' || x || '"}', 'sha256'))),
	('HS256 with the whole JWK Set', hs || '.' || pg_temp.enc(hmac(hs, users_jwks()::text, 'sha256'))),
	('HS256 with the key in PEM', hs || '.' || pg_temp.enc(hmac(hs, E'-----BEGIN PUBLIC KEY-----\n' || encode('\x302a300506032b6570032100'::bytea || pg_temp.dec(x), 'base64') || E'\n-----END PUBLIC KEY-----\n', 'sha256'))),
	('HS256 with the kid', hs || '.' || pg_temp.enc(hmac(hs, kid, 'sha256'))),
	('HS256 with an empty key', hs || '.' || pg_temp.enc(hmac(convert_to(hs, 'UTF8'), '\x', 'sha256'))),
	('HS256 with a key of zeros', hs || '.' || pg_temp.enc(hmac(convert_to(hs, 'UTF8'), decode(repeat('00', 32), 'hex'), 'sha256'))),
	('HS256 with a well-known secret', hs || '.' || pg_temp.enc(hmac(hs, 'reallyreallyreallyreallyverysafe', 'sha256'))),
	('HS256 with the signature of EdDSA', hs || '.' || g),
	('an unknown kid', pg_temp.enc(replace(h, kid, 'AAAAAAAAAAAAAAAA')) || '.' || split_part(t, '.', 2) || '.' || g),
	('another''s kid', pg_temp.enc(replace(h, kid, pg_temp.head(pg_temp.token('old'))::jsonb ->> 'kid')) || '.' || split_part(t, '.', 2) || '.' || g),
	('no kid', pg_temp.enc(replace(h, ',"kid":"' || kid || '"', '')) || '.' || split_part(t, '.', 2) || '.' || g),
	('a key of its own', pg_temp.enc(left(h, -1) || ',"jwk":{"kty":"OKP","crv":"Ed25519","x":"' || x || '"}}') || '.' || split_part(t, '.', 2) || '.' || g),
	('where to find a key', pg_temp.enc(left(h, -1) || ',"jku":"https://example.org/jwks"}') || '.' || split_part(t, '.', 2) || '.' || g),
	('a certificate', pg_temp.enc(left(h, -1) || ',"x5c":["AA=="]}') || '.' || split_part(t, '.', 2) || '.' || g),
	('crit', pg_temp.enc(left(h, -1) || ',"crit":["exp"]}') || '.' || split_part(t, '.', 2) || '.' || g),
	('b64', pg_temp.enc(left(h, -1) || ',"b64":false}') || '.' || split_part(t, '.', 2) || '.' || g),
	('b64, and the claims in the clear', pg_temp.enc(left(h, -1) || ',"b64":false,"crit":["b64"]}') || '.' || b || '.' || g),
	('alg twice', pg_temp.enc(left(h, -1) || ',"alg":"none"}') || '.' || split_part(t, '.', 2) || '.' || g),
	('kid twice', pg_temp.enc(left(h, -1) || ',"kid":"' || kid || '"}') || '.' || split_part(t, '.', 2) || '.' || g),
	('typ JWT', pg_temp.enc(replace(h, 'at+jwt', 'JWT')) || '.' || split_part(t, '.', 2) || '.' || g),
	('a space in the header', pg_temp.enc(' ' || h) || '.' || split_part(t, '.', 2) || '.' || g),
	('a header that is no object', pg_temp.enc('"' || kid || '"') || '.' || split_part(t, '.', 2) || '.' || g),
	('somebody else''s claims', split_part(t, '.', 1) || '.' || split_part(other, '.', 2) || '.' || g),
	('an administrator''s claims', split_part(t, '.', 1) || '.' || split_part(admin, '.', 2) || '.' || g),
	('somebody else''s signature', split_part(t, '.', 1) || '.' || split_part(t, '.', 2) || '.' || pg_temp.sig(other)),
	('the role of an administrator', split_part(t, '.', 1) || '.' || pg_temp.enc(replace(b, 'users_member', 'users_admin')) || '.' || g),
	('a later end', split_part(t, '.', 1) || '.' || pg_temp.enc(regexp_replace(b, '"exp":\d+', '"exp":4102444800')) || '.' || g),
	('the user of somebody else', split_part(t, '.', 1) || '.' || pg_temp.enc(replace(b, b::jsonb ->> 'sub', pg_temp.body(other)::jsonb ->> 'sub')) || '.' || g),
	('the session of another', split_part(t, '.', 1) || '.' || pg_temp.enc(replace(b, b::jsonb ->> 'sid', pg_temp.body(other)::jsonb ->> 'sid')) || '.' || g),
	('the parts in another order', split_part(t, '.', 2) || '.' || split_part(t, '.', 1) || '.' || g),
	('a fourth part', t || '.' || g), ('a dot after', t || '.'), ('a dot before', '.' || t), ('two dots inside', replace(t, '.', '..')), ('twice', t || t), ('two with a comma', t || ',' || other),
	('a space before', ' ' || t), ('a space after', t || ' '), ('a line end after', t || E'\n'), ('CR LF after', t || E'\r\n'), ('a space at a dot', replace(t, '.', ' .')), ('a line end inside', overlay(t PLACING E'\n' FROM 60 FOR 0)),
	('a tab inside', overlay(t PLACING E'\t' FROM 60 FOR 0)), ('quotes', '"' || t || '"'), ('Bearer', 'Bearer ' || t), ('padding after', t || '='), ('two of it', t || '=='),
	('padding in the header', pg_temp.enc(h) || '==.' || split_part(t, '.', 2) || '.' || g), ('padding in the claims', split_part(t, '.', 1) || '.' || split_part(t, '.', 2) || '=.' || g),
	('capitals', upper(t)), ('small letters', lower(t)), ('backwards', reverse(t)), ('a percent sign', replace(t, '.', '%2E')), ('a wide dot', replace(t, '.', U&'\FF0E')), ('a bit of white space that nobody sees', t || U&'\200B'),
	('the other alphabet', replace(replace(split_part(t, '.', 1) || '.' || split_part(t, '.', 2) || '.' || overlay(g PLACING '-_' FROM 1 FOR 2), '-', '+'), '_', '/')),
	('in hexadecimal', encode(convert_to(t, 'UTF8'), 'hex')), ('encoded once more', pg_temp.enc(t)), ('as a JSON object', format('{"protected": "%s", "payload": "%s", "signature": "%s"}', split_part(t, '.', 1), split_part(t, '.', 2), g))
       ) bad (name, token);

-- A character more or less, or another, anywhere.
SELECT is_empty($$
	SELECT n FROM (SELECT pg_temp.token('mia')) v (t), generate_series(1, length(t)) n
	 WHERE pg_temp.judge(overlay(t PLACING CASE substr(t, n, 1) WHEN 'A' THEN 'B' ELSE 'A' END FROM n FOR 1)) <> '28000 (invalid_token,,,,,,,)'
$$, 'no token with one character changed, wherever, is good');
SELECT is_empty($$
	SELECT n, c FROM (SELECT pg_temp.token('mia')) v (t), regexp_split_to_table('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. ', '') c,
	       LATERAL (VALUES (length(split_part(t, '.', 1))), (length(split_part(t, '.', 1)) + 1 + length(split_part(t, '.', 2))), (length(t))) e (n)
	 WHERE c <> substr(t, n, 1) AND pg_temp.judge(overlay(t PLACING c FROM n FOR 1)) <> '28000 (invalid_token,,,,,,,)'
$$, 'nor one with another last character of a part, though it may stand for the same bytes');
SELECT is_empty($$
	SELECT n FROM (SELECT pg_temp.token('mia')) v (t), generate_series(0, length(t) - 1) n
	 WHERE pg_temp.judge(left(t, n)) <> '28000 (invalid_token,,,,,,,)' OR pg_temp.judge(substr(t, n + 2)) <> '28000 (invalid_token,,,,,,,)'
$$, 'nor a beginning or an end of one');
SELECT isnt(pg_temp.judge(pg_temp.token('mia')), '28000 (invalid_token,,,,,,,)', 'what they were made of is as good as ever');

---- tokens signed with a key of ours, and yet (S31)

-- A key, an account and a session that everybody knows: the key's seed is the
-- bytes 0 to 31. Each token is its header and claims with one thing changed;
-- the signature is right.
INSERT INTO users.person_id VALUES ('00000000-0000-7000-8000-00000000000a');
INSERT INTO users.account (user_id, email, created_at, updated_at) VALUES ('00000000-0000-7000-8000-00000000000a', 'known@example.org', now(), now());
INSERT INTO users.person (user_id, username, first_name, last_name) VALUES ('00000000-0000-7000-8000-00000000000a', 'known', 'K', 'N');
INSERT INTO users.credential (user_id, nonce, changed_at) VALUES ('00000000-0000-7000-8000-00000000000a', '\x00', now());
INSERT INTO users.session (user_id, id, created_at, authenticated_at, refreshed_at, expires_at, ends_at, nonce, counter, current_random)
	VALUES ('00000000-0000-7000-8000-00000000000a', '00000000-0000-7000-8000-00000000000b', now(), now(), now(), 'infinity', 'infinity', decode(repeat('00', 16), 'hex'), 1, decode(repeat('00', 16), 'hex'));
CREATE TEMP TABLE vectors (name text, part text, old text, new text, signature text);
INSERT INTO vectors VALUES
	('nothing at all', 'h', 'alg', 'alg', 'kOKqHDg6dbfnYlIgEfD_rDehmZqIkexk9ZMqAM5Vp-OGGBRqgK3kz3nJuASUmjT5H272DEaBA3Wcf5w2yYzJCA'),
	('an administrators role', 'p', '"users_member"', '"users_admin"', '4sQkjLj7Kfm1pCwynn6U6AwMTHzqONcCIxKxStE7GwXmRGUQhJVye3eYV_jgRIugWuLqKzV-ro0QVGqrFZS-AA');
CREATE FUNCTION pg_temp.build(part text, old text, new text, signature text) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.enc(CASE part WHEN 'h' THEN replace(h, old, new) ELSE h END) || '.' || pg_temp.enc(CASE part WHEN 'p' THEN replace(p, old, new) ELSE p END) || '.' || signature
	  FROM (VALUES ('{"alg":"EdDSA","typ":"at+jwt","kid":"regress"}',
	                '{"iss":"users","sub":"00000000-0000-7000-8000-00000000000a","exp":4102444800,"iat":1700000000,"auth_time":1700000000,"sid":"00000000-0000-7000-8000-00000000000b","role":"users_member"}')) v (h, p)
$$;
SELECT is(pg_temp.judge(pg_temp.build(part, old, new, signature)), '28000 (invalid_token,,,,,,,)', 'refused while its key is a stranger''s: ' || name) FROM vectors;
INSERT INTO users.signing_key (kid, algorithm, public_key, sealed_secret, created_at, retires_at)
	VALUES ('regress', 'EdDSA', '\x03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8', '\x00', now(), now() + interval '1 hour');
SELECT matches(pg_temp.judge(pg_temp.build(part, old, new, signature)), '^00000000-0000-7000-8000-00000000000a \(ok,', 'good with its key: ' || name) FROM vectors;
SELECT is(pg_temp.judge(pg_temp.build(part, old, new, signature)), '28000 (invalid_token,,,,,,,)', 'refused: ' || name)
  FROM (VALUES
	('alg none', 'h', '"EdDSA"', '"none"', 'ONflaSGHMWgjHJvOkH1vFJlXNo5tnDmApBUESgDtYpVpeZBTZZcEbowk8HTvQPdZoX95gLl8JMFejLC6H41SBA'),
	('alg HS256', 'h', '"EdDSA"', '"HS256"', 'Tmc54a2WGK7OSVgmA5WAtaW30m1kzesNYvZjG-p89IOr19PV4gWXvnQRIU_y4VHLpQoolSaVLd62Ri9o0XKrAQ'),
	('alg ES256', 'h', '"EdDSA"', '"ES256"', 'ZaClNHUAH45YpklP6ymhetBk8WZLz_jf3oHcMc7lX_MA1TRHbKIacsZdMQbrsudKZiN9YVlAbJHGjVhBE94FAQ'),
	('no alg', 'h', '"alg":"EdDSA",', '', 'GQ1uSYO_1glfZR72I4zjgVvrjP6fA4yosAWBTBAkr4Pm4dMvB6SkZYABvtzWZ38w8bfIS0F5BUlUwP-VcM4RAg'),
	('typ JWT', 'h', 'at+jwt', 'JWT', 'n4x5IyCgTiJUrUuozHhKuTE-GZlM_2YaEbJOfR5a01-bYKZVPsE3ZuL7U2B6F97_DnKSIbHsH31hJdSHxzTJAw'),
	('no typ', 'h', '"typ":"at+jwt",', '', 'tZmN2Uqh-JLzFrGoCdls_wdNEE9X2njx6mN4gTj98-z_UPCdyxlISx7Y5td2ONeU8oYkJivL5AMKSDVgnqzbAw'),
	('no kid', 'h', ',"kid":"regress"', '', 'YDg8mNj4-pfxx7y_o4GC-6lJJ8JvRfQUeuGYiTq5xYt6QKp_C_zPOlmuiDXYAN4NjERtWHYXLGWy5xqPpSXMBw'),
	('another kid', 'h', '"regress"', '"regresS"', 'Osz2XfU55M6D9WOTAGuL2eAr72RBn3ZbocGNTuKWuYmr2VEouuI2DyHuTJeI1MSB1DE7Ap4p7AXAYEF0fo6DAw'),
	('a kid with a space', 'h', '"regress"', '"regress "', '1zAj8OqE64-m0wlbYHfITs2bKO509TK8dJvxRBoQjvNrqXLj9tWB7o6Is40RhfWetGCpkHCiCa2N2GmdppMuAg'),
	('a kid that is a path', 'h', '"regress"', '"../regress"', 'rGUVNo53vwE1PLcFV0XyGt7dRJGydKITInIevtRxD4vEmxpT2mXaNP87yLQJSeN5cXD9Rw6MnLFw4o5Zx-mPBg'),
	('a kid that is SQL', 'h', '"regress"', '"x'' OR kid=''regress"', 'M8F57T2NeEuab7XxzGfyF8yx3MA5ARAmOLN-vR-TSbv_mvZ558qbNI7JFa4vFYRwlouXQZhSmxF_gEqxoTAnCw'),
	('a kid that is a number', 'h', '"regress"', '1', 'd_kfM7tPLbUZaMEIBDS6uE4vxtyyk8kQ4XHlzDuu79YRs9mcjCQB-KEceoE17NZXGArF0fss8XIhrBKYjBt1CA'),
	('jwk', 'h', '"regress"', '"regress","jwk":{"kty":"OKP","crv":"Ed25519","x":"A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"}', 'q_9FIKfs3WBLJVVAK8relq_BoIJCTTDaGSNYKAjnosJ0F7d_QTS97A0pAuCxV6b8Mj_58mBQ1Sp0Q9_LT7yvAA'),
	('jku', 'h', '"regress"', '"regress","jku":"https://example.org/jwks"', 'wtAvY96IRrVdWzaSEtWqy1NRPSxYdsjr9Tmc_klBJviOdsJJH5K2bJOuEyNRdtynREnKWRpNaYgs4Xub1DDSCQ'),
	('x5c', 'h', '"regress"', '"regress","x5c":["AA=="]', 'nR0Z35rj8G1bNNJRxI1U1ZbferDQF8BOpZ_EcfNXTqXwehvs8JsWVTkTCgSPI3efXzv_BSw3UczSSicA1JicDg'),
	('crit', 'h', '"regress"', '"regress","crit":["exp"],"exp":1', 'm1bEITEfyL4N1rVDfBYprNQeGDvGOoL2KrLXsfdPAXQdaeNX6iADkZk9_rszgFGBLSxEhtkFZLxn8RM0FotqDA'),
	('b64', 'h', '"regress"', '"regress","b64":false', 'CcP4-ICdtCZviBUdNBUFRhE9BuAFtI8lVmM31EL9x6pec5rDeRP9hCQ0ddU5NHF8s08nXY1-FHMOaql82jRaCw'),
	('alg twice', 'h', '"alg":"EdDSA"', '"alg":"none","alg":"EdDSA"', '5jwd5GOEAj0E6Yj4YMHWST3jWiwFGMB5958HOapKvbgcCmH_ZF7oX3ufUgWLlzt3oNyQ-m-Mcqv1wihEAWw0Bg'),
	('kid twice', 'h', '"kid":"regress"', '"kid":"other","kid":"regress"', 'MQDBQyOVk47ipbpK5dNr5_RofZ0Tlxd70wPU-dFKRKlzHAPg7JmsaENfCTqDDqzX4SddObRlgNEIBA1WssYxBg'),
	('no iss', 'p', '"iss":"users",', '', 'TGJqmMWikV6T7ADth-10jl7FS3V2tX4kHvbstcyFpSjjd7ret7gTLEWCzl9CaJmnqi_nM2j20v2N1iP23OR4DA'),
	('no sub', 'p', '"sub":"00000000-0000-7000-8000-00000000000a",', '', 'IVfOjLvziBqbNNh1k5BG9lBPo3zdJVZ9B5tGW_fZ0V_wa0JZ8TZnOCj3CApnq_BwTm92eSBuCcB7Bb5PUPH6Bg'),
	('no sid', 'p', '"sid":"00000000-0000-7000-8000-00000000000b",', '', 'ifaBYJUDmFZB58p_L3rOujT8NxFOS8dk8RmYY_zEjKyAIvqSMYbfP9UdXb8-sj5jrdMu9PsibsztVbIxEhGoCA'),
	('no role', 'p', ',"role":"users_member"', '', '5SfBLDX6Zpz156FfI0qJ2SAOvr1w_5bDwkg70aDnIIcQS3IczXOqYpOMYasLlDR5a3ZPa5JsveowzJw7iRXoCA'),
	('no exp', 'p', '"exp":4102444800,', '', 'm8C7cgVvoL5hJnwSRcUf7D8vaMmVmJraFgWIWrJ9zZykNWaq-LQ5BYtuLlqCpZLLBp4Gokizu2ch3ZXHYugWDg'),
	('no iat', 'p', '"iat":1700000000,', '', 'Ov4bgGJ180SFFhubOquXCC4XdgBzffMCrOWY4psjSdzocqvs_6SUIJYCk3ts8DXfb35Z8c9pSLZCqpeW2CrsBQ'),
	('no auth_time', 'p', '"auth_time":1700000000,', '', '8IHdjWUaZ0-7JC7E2Tsvqc7Pj7Fp6LVSTI5tMWRUuhS7lB_nGtxzy73L1vOLIgB5s8MYUJCIO67enuq-mJ4nAA'),
	('exp past', 'p', '"exp":4102444800', '"exp":1700000001', '0V0Ow5McM6U1iqu5clWJuDjMZxBFtibFeE0r3Q6Im8tLIRfWprk3alX83IRztkcnbun5SdmR6bTuwrZWdTluBw'),
	('exp in quotes', 'p', '"exp":4102444800', '"exp":"4102444800"', 'KyoL86_FG2Txv4VtonF4Z1JWzstAMXb_QhAVQsINxOMb3Hj4hfFULq64LapmU2xxk7ogQzmW_-Axj9owfRLVAw'),
	('exp null', 'p', '"exp":4102444800', '"exp":null', 'TBFZRLGLnfdmiQy_eVMGTwkRgjwILJ9DGgNIE20rrY2d-1MePjHmi8pMbdyddMR4rXOZp8QtXvS0mNRBUyZvDg'),
	('exp with a fraction', 'p', '"exp":4102444800', '"exp":4102444800.5', 'xlUgdC-xSo-xLCjpSWo_TC_Y0sPNUJdC6csDiPgnfdm08hyXaGEdFAhZhQ8UD51HSab8WtisRsc1AFODxlnjBw'),
	('exp with an exponent', 'p', '"exp":4102444800', '"exp":41024448e2', 'WLRBfptAF1tb4edTCKop-QA1Bi93_h0cjusfh8SjHrbslGsc0uCt5KVzRFynZMuOBKhT0IrqMar0mHzhV1iAAA'),
	('exp infinite', 'p', '"exp":4102444800', '"exp":1e400', 's1SFcRZQCGBUVXaOzpR2Ao14Tk-SiLe6l8x81Eq-vnGsv3sU4XPmjjPDP3LdCSoGC8ulz6BKQ1q0q96hCoL2Dw'),
	('exp negative', 'p', '"exp":4102444800', '"exp":-1', 'YS6JRm2d9SHCX6yShAytopPVGhA8maMQTSA2VgmsB39qJYR3hT6DB95D339OsAW4tIMxQAiOZdEe1Fnm4ZQfBw'),
	('exp 2^63', 'p', '"exp":4102444800', '"exp":9223372036854775808', '2I9T0lVI9tVjXIRX6dvjfPzyxHGgK4mTlijDCeKLP0oJIp-Ji4SjynRV4irWEsvxZ4OY2YIKe4umQaxV9N0dBA'),
	('exp twice', 'p', '"exp":4102444800', '"exp":4102444800,"exp":4102444800', 'E3qu44EMzc9vgL4SlxT_ACyDV_5pTUCX8eFoQetcnKNkIUrz060_PEL47STizzvoUb1ojCaRfdw7RoPNFsWJBA'),
	('iat to come', 'p', '"iat":1700000000', '"iat":4102444700', '8B3RHTPEcuU1inbUkteQxRrov8y2B310g0OgYNk6vEjev-R8goBhXWPjr6_RTi40RPN-NlvLyPt2i6F8ODg-CA'),
	('iat in quotes', 'p', '"iat":1700000000', '"iat":"1700000000"', '7JaT9upMoGE8n6pyFf3WnJV--73Ff900aXeODDZBZv588TrfC-rZ4pIYFLTWsxNzGOTP6CDPKzqQ_6D6VGsBCw'),
	('nbf to come', 'p', '"iat":1700000000', '"iat":1700000000,"nbf":4102444700', 'fj4xBAXlsxhxVf_XvD4i8lE7G6RIhtLBCrbVlKAxHtKlczuzRvihGwektRBzpVhkdsKR9d7Isz6Qnnh7TPUyDA'),
	('nbf in quotes', 'p', '"iat":1700000000', '"iat":1700000000,"nbf":"1"', '1iXAXRacfSSoJEUtg3S8dMwvIkgVm_bFVKpq_tFT1iL-FpdvI5QNkwlj09CZJXG0IcGQxZSUV7x_otp8EnHnCg'),
	('another issuer', 'p', '"iss":"users"', '"iss":"Users"', 'BpQWZ4PnfgJ34izaZWtZzmGv82e_CZUpQfN0f2knpZS1q7u0XtuRXZveopoh5zX300pv8m3gY9iDCKd2ij9BAQ'),
	('an issuer in an array', 'p', '"iss":"users"', '"iss":["users"]', 'IPrfcRbFSvyJvtu4ZgM22uJYJbfNTgtFbT5UdNPMrbG4THa4lvnYzpAIggpErOxk1D__dBXRqJd40mU5z4l0BQ'),
	('an audience', 'p', '"iss":"users"', '"iss":"users","aud":"app"', 'zrfOxpAoojMYCtzqAfu5FAZMO-Hvz-fT1ZUq3t1Fg6Y0jkRl4oMYj_BGMIT44JaiXPrYnXbd8H-e6o7UJiieDw'),
	('an empty audience', 'p', '"iss":"users"', '"iss":"users","aud":""', 'YlIxTJPQkJ0DFhIMyAScMKWKoeN7MUvxOv7H1bIDlX5tWUDgyZfCISByilFM6UVNFwO8QsA1XwWBgg-oeyJQBg'),
	('an audience in an array', 'p', '"iss":"users"', '"iss":"users","aud":["app"]', '1c4ZT59qS8WHdtjbXVUQFfamjCi0RNeVpE1C9X9lsN5D-5OpgwzEugG5LtqL313cglcYQ-DQqR_ish0iFBctCA'),
	('role users_anon', 'p', '"users_member"', '"users_anon"', 'RYMAK7AJCZU1a_68fQgARO9A600PTffTjgGy5485f7E8PP3nBnUwvDQwDalupDfne4OqU6ZQUEOGyAzE8Oh7Dg'),
	('role users_dba', 'p', '"users_member"', '"users_dba"', 'ptl0vsGf8j95av8tkptRSIkCemcrDJ9kzh4NOYIrDju8hIji6_SotIBLQRT6TUJ7k2QxcAcC-akl9KaQ1Xf8DQ'),
	('role users_owner', 'p', '"users_member"', '"users_owner"', 'lI0sPUEiCTWwioop8MiDZGI_KXkzrcwsaS4jYMQyOarOjWpNCxu9vCpYG3HjrorafJYX6Kg05TvPwvU-atZdDA'),
	('role users_service', 'p', '"users_member"', '"users_service"', 'kwFFH9xupTZHK5-c7zdcP9edt_AFw8wGG6vvDmDy7rin-URVaLXPB4bJSaRS33tN2X3FzpDBHw4bjBi7n-3kDA'),
	('role users_relay', 'p', '"users_member"', '"users_relay"', 'Va7y3yQtn9ASp8o55jaKEiManuhxaznX1uzCYWUp0GU1q6dNV1Zp7yfYFIqslzeFRJPTM7U5PcwdkHX9xCoPAg'),
	('role postgres', 'p', '"users_member"', '"postgres"', 'yGyLtAod5ysxMAci1dnmqEn2K6wZj5vrO-V3YsPg5h5vDxNvTBTr2p124l0oD9MzdnEfGkB-yaU6uC1As8T8DQ'),
	('role USERS_MEMBER', 'p', '"users_member"', '"USERS_MEMBER"', 'qMcYXiY2TChkvnduX6e9sj7BTYLgUGwqG0u_zcysZI9GXwVvko6CbMSuDWbkzYbLl2rtQzxhdUUh_GsPitu6AQ'),
	('role users_member ', 'p', '"users_member"', '"users_member "', 'N85RESMlfJExWgl-9VmL7fZOGdw38phZiklm58Hj7-2QG89WvBt8nRtIRr2G45ovhSjivYTgzUGHHaBk01scBA'),
	('role of no name', 'p', '"users_member"', '""', 'tgoTjGjnTtQ-pWkP0V7fP7dAjzvbrE-_r3LDrfbgUljm5H2C0jOvl0lagg4s8yI0SWa1eilb7EHhTKrNQu-pDg'),
	('a role in an array', 'p', '"users_member"', '["users_member"]', 'JWAKEHthXkbKHc02HnqVBhq0-PO3zObMHAxgaRbx0ulUMOGRzDLtZuPhmLl6_dK0jx5qeTGkB3Mr7Im2gdOlCg'),
	('a role with NUL', 'p', '"users_member"', '"users_member\u0000"', 'VPcgQqtf4KzJ_mOP7syTjTr0RlO0UE75NRWw6v5qhkUvcswCBjPK9h8IFJ4L_7wD2bIfHHjYJbqPSp0lwD_CAA'),
	('role twice', 'p', '"role":"users_member"', '"role":"users_member","role":"users_admin"', 'YbDZ4dZVS1xoH9orU32SQgLayoNtd7oCQrYrgEx5pVNau_hOtAemY3l5FV1sKXdoeP1Q-Wtahrlj8IhJx1S0Dg'),
	('role twice in disguise', 'p', '"role":"users_member"', '"role":"users_member","r\u006fle":"users_admin"', '_Kn1GjaeQy6jE3h67K5_CapWfJGCaOIVUkqxnNWsCkHM6JfazH096W9tLTOQ8vHUbqgyS0M2KkiwgFZTSW8lBw'),
	('somebody else', 'p', '00000000000a"', '00000000000c"', 'weniEEkvzivdRAJyHs1GEq2cnETDc4wel63o2_VXZ-NjSoz2cATsqXsFyYuXSqSOca_wb7vrEuw5ogw2Zm-SBQ'),
	('another session', 'p', '00000000000b"', '00000000000c"', 'TghliGSuhejB2RCM_dCByRZsBqzdoNlpkjiRwCuKBM4Ar2TwbGlS5WKh629A3cLlMl1qkA0aZ1e3A1ZXR7oyBw'),
	('user for session', 'p', '00000000000b"', '00000000000a"', 'Q0IGiytBOZ9ktXAg4H8PNnXhVyM7z_jUd15PD1kEpAU6bVE7XohMr_eebVK9mLE2t5RpjpJJ3b4Dkn9PmWOPCQ'),
	('an id without hyphens', 'p', '"00000000-0000-7000-8000-00000000000a"', '"0000000000007000800000000000000a"', 'fwjMV3YB4954oa7GyXFUM1ml0VC70rwNYLOI745H98IxktRgTVGL-EgGQWsN7B8vbiFUGYWVWAhYE0r6Jb2WDw'),
	('an id in braces', 'p', '"00000000-0000-7000-8000-00000000000a"', '"{00000000-0000-7000-8000-00000000000a}"', 'niVW16QIlpFchODOtZjGzYIJJ9LOItV5mm4sJcs4NmuRNQWCpy67SipVYJTDKqKZFhFdE9W52YxvgSXa4v2jDQ')) v (name, part, old, new, signature);
CREATE TEMP TABLE known AS SELECT pg_temp.build(part, old, new, signature) AS token FROM vectors WHERE name = 'nothing at all';
UPDATE users.signing_key SET retires_at = now() - interval '1 second' WHERE kid = 'regress';
SELECT is(pg_temp.judge(token), '28000 (invalid_token,,,,,,,)', 'refused: its key is retired') FROM known;
UPDATE users.signing_key SET retires_at = now() + interval '1 hour' WHERE kid = 'regress';
SELECT isnt(pg_temp.judge(token), '28000 (invalid_token,,,,,,,)', 'good while it is not') FROM known;
UPDATE users.signing_key SET revoked_at = now() WHERE kid = 'regress';
SELECT is(pg_temp.judge(token), '28000 (invalid_token,,,,,,,)', 'refused: its key is revoked') FROM known;

---- one answer for all

SELECT is((SELECT count(DISTINCT said) FROM heard WHERE said LIKE '28000%'), 1::bigint, 'whatever is wrong with a token, the message is the same');
SELECT is_empty('SELECT FROM heard WHERE said NOT LIKE ''28000%''', 'and there is no other');

---- issuer and audience (S32)

SET LOCAL users.issuer = 'users2';
SELECT is(pg_temp.judge(pg_temp.token('mia')), '28000 (invalid_token,,,,,,,)', 'another issuer''s');
SET LOCAL users.issuer = 'users';
SET LOCAL users.audience = 'app';
SELECT is(pg_temp.judge(pg_temp.token('mia')), '28000 (invalid_token,,,,,,,)', 'for nobody in particular, when an audience is asked for');
SELECT is(pg_temp.login('mia', 'app'), 'ok', 'one for it');
SELECT isnt(pg_temp.judge(pg_temp.token('app')), '28000 (invalid_token,,,,,,,)', 'is good');
SELECT is(pg_temp.body(pg_temp.token('app'))::jsonb ->> 'aud', 'app', 'and says so');
SET LOCAL users.audience = 'App';
SELECT is(pg_temp.judge(pg_temp.token('app')), '28000 (invalid_token,,,,,,,)', 'for another audience it is not');
SET LOCAL users.audience = '';
SELECT is(pg_temp.judge(pg_temp.token('app')), '28000 (invalid_token,,,,,,,)', 'nor where none is asked for');
SELECT isnt(pg_temp.judge(pg_temp.token('mia')), '28000 (invalid_token,,,,,,,)', 'where the first one is good again');

---- HS256

SET LOCAL users.signing_algorithm = 'HS256';
SELECT is(pg_temp.login('mia', 'hs256'), 'ok', 'a token of HS256');
SELECT is(pg_temp.head(pg_temp.token('hs256'))::jsonb ->> 'alg', 'HS256', 'says so');
SELECT isnt(pg_temp.judge(pg_temp.token('hs256')), '28000 (invalid_token,,,,,,,)', 'and is good');
SELECT isnt(pg_temp.judge(pg_temp.token('mia')), '28000 (invalid_token,,,,,,,)', 'so is one of EdDSA still');
SELECT is(strpos(users_jwks()::text, pg_temp.head(pg_temp.token('hs256'))::jsonb ->> 'kid'), 0, 'its key is not published');
SELECT is(pg_temp.judge(token), '28000 (invalid_token,,,,,,,)', 'refused: ' || name)
  FROM (SELECT pg_temp.token('hs256') AS t, pg_temp.head(pg_temp.token('hs256')) AS h) v,
       LATERAL (VALUES ('alg none', pg_temp.enc(replace(h, 'HS256', 'none')) || '.' || split_part(t, '.', 2) || '.'),
	('alg EdDSA', pg_temp.enc(replace(h, 'HS256', 'EdDSA')) || '.' || split_part(t, '.', 2) || '.' || pg_temp.sig(t)),
	('its tag cut', left(t, -1)), ('another tag', overlay(t PLACING CASE right(t, 10) WHEN 'AAAAAAAAAA' THEN 'BBBBBBBBBB' ELSE 'AAAAAAAAAA' END FROM length(t) - 9)),
	('the role of an administrator', split_part(t, '.', 1) || '.' || pg_temp.enc(replace(pg_temp.body(t), 'users_member', 'users_admin')) || '.' || pg_temp.sig(t))) w (name, token);
SET LOCAL users.signing_algorithm = 'EdDSA';

---- who may call (S58)

CREATE ROLE regress_users_17_nobody;
CREATE ROLE regress_users_17_web LOGIN NOINHERIT;
CREATE ROLE regress_users_17_plain LOGIN NOINHERIT;
CREATE ROLE regress_users_17_heir LOGIN IN ROLE users_member;
CREATE ROLE regress_users_17_broker LOGIN IN ROLE users_service;
CREATE ROLE regress_users_17_dba LOGIN IN ROLE users_dba;
SET LOCAL client_min_messages = warning;
SELECT lives_ok('SELECT users_setup_login(''regress_users_17_web'')', 'a login is set up');
SELECT is(pg_temp.answer(format('SELECT users_authenticate(%L)', pg_temp.token('mia')), who, true), coalesce(wanted, (SELECT user_id::text FROM people WHERE name = 'mia')), who || ' may authenticate: ' || coalesce(wanted, 'yes'))
  FROM (VALUES ('users_anon', NULL), ('users_member', NULL), ('users_admin', NULL), ('users_dba', NULL), ('users_service', '42501'), ('users_relay', '42501'), ('users_proxy', '42501'), ('regress_users_17_nobody', '42501')) v (who, wanted);
SELECT is(pg_temp.answer(format('SELECT (users_validate_token(%L)).status', pg_temp.token('mia')), who, true), wanted, who || ' may ask what a token says: ' || wanted)
  FROM (VALUES ('users_anon', '42501'), ('users_member', '42501'), ('users_admin', '42501'), ('users_dba', 'ok'), ('users_service', 'ok'), ('users_relay', '42501'), ('users_proxy', '42501'), ('regress_users_17_nobody', '42501')) v (who, wanted);
SELECT is(pg_temp.answer(format('SELECT (users_validate_token(%L)).status', pg_temp.token('mia')), pg_temp.token(name), true), wanted, 'with the token of ' || name || ': ' || wanted)
  FROM (VALUES ('lea', '42501'), ('root', 'ok')) v (name, wanted);
SELECT is(pg_temp.answer(format('SET LOCAL SESSION AUTHORIZATION %I; SELECT users_authenticate(%L)', login, pg_temp.token(name)), undo => true), coalesce(wanted, (SELECT user_id::text FROM people p WHERE p.name = v.name)), login || ', the token of ' || name || ': ' || coalesce(wanted, 'yes'))
  FROM (VALUES ('regress_users_17_web', 'mia', NULL), ('regress_users_17_web', 'root', '42501'), ('regress_users_17_plain', 'mia', '42501'), ('regress_users_17_heir', 'mia', '55000'), ('regress_users_17_broker', 'mia', '42501'),
               ('regress_users_17_dba', 'mia', NULL), ('regress_users_17_dba', 'root', NULL)) v (login, name, wanted);
SELECT is(pg_temp.answer(format('SET LOCAL SESSION AUTHORIZATION %I; SELECT (users_validate_token(%L)).status', login, pg_temp.token('mia')), undo => true), wanted, login || ' asks what a token says: ' || wanted)
  FROM (VALUES ('regress_users_17_web', '42501'), ('regress_users_17_plain', '42501'), ('regress_users_17_heir', '42501'), ('regress_users_17_broker', 'ok'), ('regress_users_17_dba', 'ok')) v (login, wanted);
SELECT is(pg_temp.answer(format('SET LOCAL SESSION AUTHORIZATION regress_users_17_broker; SET LOCAL ROLE %I; SELECT (users_validate_token(%L)).status', who, pg_temp.token('mia')), undo => true), wanted, 'a service as ' || who || ': ' || wanted)
  FROM (VALUES ('users_service', 'ok'), ('users_admin', '42501')) v (who, wanted);
SELECT is(pg_temp.answer(format('SELECT users_setup_login(''regress_users_17_web'', admin => true); SET LOCAL SESSION AUTHORIZATION regress_users_17_web; SELECT users_authenticate(%L)', pg_temp.token('root')), undo => true),
          user_id::text, 'a login that was set up for administrators takes their tokens') FROM people WHERE name = 'root';
CREATE FUNCTION pg_temp.wrapped(t text) RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ SELECT users_authenticate(t)::text $$;
SELECT is(pg_temp.answer(format('SELECT %s.wrapped(%L)', (SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema()), pg_temp.token('mia')), undo => true), '42501', 'not in a definer function');
SELECT is(pg_temp.answer(format('CREATE MATERIALIZED VIEW regress_users_view AS SELECT users_authenticate(%L)', pg_temp.token('mia')), undo => true), '42501', 'not in a materialized view');
SELECT is(pg_temp.answer('SET LOCAL transaction_read_only = on; ' || format(call, pg_temp.token('mia')), undo => true), wanted, 'READ ONLY is good enough: ' || left(call, 28))
  FROM people, LATERAL (VALUES ('SELECT users_authenticate(%L)', user_id::text), ('SELECT (users_validate_token(%L)).status', 'ok'), ('SELECT (users_validate_token(%L || '' '')).status', 'invalid_token'),
                               ('SELECT users_authenticate(%L || '' '')', '28000')) v (call, wanted) WHERE name = 'mia';

---- the identity

SELECT is((users_current_user_id(), users_current_session_id(), users_current_role(), users_is_admin())::text, '(,,,t)', 'nobody is signed in; this is a superuser');
SAVEPOINT nobody;
SELECT is(users_authenticate(access_token), user_id, 'a member signs in') FROM s WHERE name = 'mia';
SELECT is(current_user::text, 'users_member', 'and has the role');
SELECT is((users_current_role(), users_is_admin())::text, '(users_member,f)', 'no more than that');
SAVEPOINT mia;
RESET ROLE;
SELECT is(users_current_user_id(), user_id, 'RESET ROLE leaves the identity') FROM people WHERE name = 'mia';
SELECT is((users_current_role(), users_is_admin())::text, '(users_member,f)', 'which makes no administrator of a superuser');
SELECT is(pg_temp.answer('SELECT users_disable_user(' || quote_literal(user_id) || ')'), '42501', 'and opens nothing') FROM people WHERE name = 'lea';
SELECT is(users_current_session_id(), session_id, 'the session is known') FROM s WHERE name = 'mia';
SELECT is(pg_temp.answer(format('SELECT users_authenticate(%L)', bad)), '28000', 'a bad token: ' || coalesce(left(bad, 5), 'NULL')) FROM (VALUES (NULL), ('nonsense'), (pg_temp.token('gone'))) v (bad);
SELECT is(users_current_user_id(), user_id, 'leaves the identity that was') FROM people WHERE name = 'mia';
SELECT is(pg_temp.answer(format('SELECT users_authenticate(%L)', pg_temp.token('lea')), undo => true), user_id::text, 'another token takes its place') FROM people WHERE name = 'lea';
SELECT is(users_current_user_id(), user_id, 'and what is undone gives the first one back') FROM people WHERE name = 'mia';
SELECT is(pg_temp.answer(format('SELECT users_authenticate(%L); SELECT 1 / 0', pg_temp.token('lea'))), '22012', 'an error after it');
SELECT is(users_current_user_id(), user_id, 'does the same') FROM people WHERE name = 'mia';
SELECT is(pg_temp.answer(format('SELECT users_authenticate(%L)', pg_temp.token('lea'))), user_id::text, 'another token') FROM people WHERE name = 'lea';
SELECT is(users_current_user_id(), user_id, 'stays after RELEASE') FROM people WHERE name = 'lea';
ROLLBACK TO mia;
SELECT is(current_user::text, 'users_member', 'ROLLBACK TO gives back the role');
RESET ROLE;
SELECT is(users_current_user_id(), user_id, 'and the identity that the savepoint found') FROM people WHERE name = 'mia';
SELECT is(pg_temp.answer('DECLARE c CURSOR WITH HOLD FOR SELECT 1'), '55000', 'no cursor outlives it');
SELECT is(pg_temp.answer('LOCK TABLE people'), '42501', 'nobody locks a table under it');
SELECT is(pg_temp.answer(format('SELECT set_config(%L, %L, true); SELECT users_current_user_id()', setting, value), undo => true), coalesce(wanted, user_id::text), 'no setting changes it: ' || setting)
  FROM people, (VALUES ('request.jwt.claims', '{"sub": "00000000-0000-7000-8000-00000000000a", "role": "users_admin"}', NULL), ('request.jwt.claim.sub', '00000000-0000-7000-8000-00000000000a', NULL),
                ('users.user_id', '00000000-0000-7000-8000-00000000000a', '42602'), ('role', 'users_admin', NULL), ('session_authorization', 'regress_users_17_dba', NULL)) v (setting, value, wanted) WHERE name = 'mia';
ROLLBACK TO nobody;
SELECT is((current_user = session_user, users_current_user_id(), users_is_admin())::text, '(t,,t)', 'before the savepoint there was nobody');
DECLARE held CURSOR WITH HOLD FOR SELECT 1;
SELECT is(pg_temp.answer(format('SELECT users_authenticate(%L)', pg_temp.token('mia')), undo => true), '55000', 'a cursor that would outlive it keeps it away');
CLOSE held;

-- Its end is judged each time, also of a token that this backend knows. (S33)
UPDATE users.session SET ends_at = clock_timestamp() + interval '3 seconds' WHERE id = (SELECT session_id FROM s WHERE name = 'brief');
CREATE TEMP TABLE brief AS SELECT r.* FROM s, LATERAL users_refresh(refresh_token) r WHERE name = 'brief';
SELECT is(users_authenticate(access_token), user_id, 'a token that ends soon') FROM brief;
RESET ROLE;
SELECT is(users_current_user_id(), user_id, 'is good') FROM brief;
SELECT is(pg_sleep(extract(epoch FROM expires_at - clock_timestamp()) + 0.01)::text, '', 'it ends') FROM brief;
SELECT is((users_current_user_id(), users_current_session_id(), users_current_role(), users_is_admin())::text, '(,,,f)', 'nobody is signed in; nor is this a superuser''s transaction again');
SELECT is(pg_temp.answer(format('SELECT users_authenticate(%L)', access_token)), '28000', 'and the token is not good any more') FROM brief;
SELECT is(pg_temp.answer('SELECT users_profile()'), '28000', 'for nothing');
COMMIT;

-- With the transaction it is over.
BEGIN;
SELECT is(users_current_user_id(), NULL, 'a new transaction is nobody''s');
SELECT is(users_authenticate(access_token), user_id, 'somebody signs in') FROM s WHERE name = 'mia';
COMMIT;
SELECT is((current_user = session_user, users_current_user_id(), users_is_admin())::text, '(t,,t)', 'COMMIT ends identity and role');
BEGIN;
SELECT is(users_authenticate(access_token), user_id, 'somebody signs in') FROM s WHERE name = 'mia';
SELECT is_empty('SELECT said FROM heard WHERE said ~* ''horses|x-mia|argon2|eyJ|nonsense''', 'no error shows a token, a name, a password or a hash') FROM set_config('role', 'none', true);
SELECT * FROM finish();
ROLLBACK;
DROP OWNED BY regress_users_17_web;
DROP ROLE regress_users_17_nobody, regress_users_17_web, regress_users_17_plain, regress_users_17_heir, regress_users_17_broker, regress_users_17_dba;
