-- The hooks of PostgREST: what it is given to verify with, whom a request's
-- token makes one, and how errors and statuses are told. test/tap/020 has whole
-- requests.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
BEGIN;
SELECT plan(51);
\ir ../lib/story.sql

CREATE ROLE regress_users_80 LOGIN NOINHERIT;
\set password '''seven wet horses sing'''
SELECT users_setup_login('regress_users_80', admin => true) IS NULL AS ignored \gset
SELECT access_token AS ann, refresh_token AS ann_refresh, user_id AS ann_id FROM users_register('ann@example.org', 'ann', :password, 'Ann', 'Ash') \gset
SELECT kid AS first FROM users_keys \gset
-- The set that PostgREST gets.
CREATE FUNCTION pg_temp.key_set() RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	PERFORM FROM users_pre_config();
	RETURN current_setting('pgrst.jwt_secret')::jsonb;
END $$;
CREATE FUNCTION pg_temp.kids() RETURNS text LANGUAGE sql AS
$$ SELECT coalesce(string_agg(k ->> 'kid', ' ' ORDER BY k ->> 'kid'), 'none') FROM jsonb_array_elements(pg_temp.key_set() -> 'keys') k $$;
-- A request's settings, as PostgREST makes them.
CREATE FUNCTION pg_temp.request(authorization_header text, role text DEFAULT 'users_member') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT set_config(''role'', %L, true) IS NULL, set_config(''request.method'', ''GET'', true) IS NULL, set_config(''request.headers'', %L, true) IS NULL', role,
                 CASE WHEN authorization_header IS NULL THEN '{}' ELSE jsonb_build_object('authorization', authorization_header)::text END) $$;

---- configuration (S35)

SELECT is(pg_temp.story('=regress_users_80', 'SET LOCAL transaction_read_only = on', 'SELECT 1 FROM (SELECT 1) a JOIN users_pre_config() _ ON true', 'SELECT current_setting(''pgrst.db_anon_role'')', 'SELECT current_setting(''pgrst.db_pre_request'')', 'SELECT current_setting(''pgrst.jwt_secret_is_base64'')'),
          'done | 1 | users_anon | public.users_pre_request | false', 'a login that was prepared is told role and hook, in a read-only transaction and in FROM');
SELECT is(pg_temp.story(who, 'SELECT FROM users_pre_config()'), '42501', 'but not ' || who) FROM unnest('{users_anon,users_member,users_admin,users_service}'::text[]) who;
SELECT is(pg_temp.story('=regress_users_80 ' || :'ann', 'SELECT FROM users_pre_config()'), '42501', 'nor who is signed in');
SELECT is((SELECT count(*)::integer FROM jsonb_array_elements(pg_temp.key_set() -> 'keys')), 2, 'two keys: one that signs, and the next');
SELECT is(pg_temp.kids() LIKE '%' || :'first' || '%', true, 'the one that signs is one of them');
SELECT is_empty($$ SELECT k FROM jsonb_array_elements(pg_temp.key_set() -> 'keys') k
                    WHERE ARRAY(SELECT jsonb_object_keys(k) ORDER BY 1) <> '{alg,crv,kid,kty,use,x}' OR k ->> 'alg' <> 'EdDSA' OR k ->> 'crv' <> 'Ed25519' OR k ->> 'kty' <> 'OKP' OR k ->> 'use' <> 'sig' OR k ->> 'x' !~ '^[\w-]{43}$' $$,
                'each is whole, and nothing but public');
SELECT alike(pg_temp.key_set() ->> 'unpublished', repeat('_', 32), 'with a member that is no key''s');
SELECT isnt(pg_temp.key_set() ->> 'unpublished', pg_temp.key_set() ->> 'unpublished', 'and cannot be foretold');
SELECT is(users_jwks()::jsonb ? 'unpublished', false, 'nobody is shown it');
SELECT is((SELECT string_agg(k ->> 'kid', ' ') FROM jsonb_array_elements(users_jwks()::jsonb -> 'keys') k), :'first', 'nor the next key');
SELECT k ->> 'kid' AS next FROM jsonb_array_elements(pg_temp.key_set() -> 'keys') k WHERE k ->> 'kid' <> :'first' \gset
SELECT is((SELECT kid FROM users_rotate_key()), :'next', 'which signs after a rotation: PostgREST knew it before');
SELECT is((SELECT count(*)::integer FROM jsonb_array_elements(pg_temp.key_set() -> 'keys')), 3, 'and there is another next one; the old one verifies still');
SELECT is(pg_temp.story(NULL, format('SELECT users_revoke_key(%L)', :'first'), 'SELECT pg_temp.kids()') !~ :'first', true, 'a revoked one is not in the set');
SELECT is(pg_temp.story(NULL, format('UPDATE users.signing_key SET retires_at = now() - interval ''1 second'' WHERE kid = %L', :'first'), 'SELECT pg_temp.kids()') !~ :'first', true, 'nor a retired one');
SELECT k ->> 'kid' AS third FROM jsonb_array_elements(pg_temp.key_set() -> 'keys') k WHERE k ->> 'kid' NOT IN (:'first', :'next') \gset
SELECT is(pg_temp.story(NULL, format('SELECT users_revoke_key(%L)', :'next'), 'SELECT kid FROM users_keys WHERE state = ''active''', 'SELECT count(*) FROM users.signing_key WHERE activated_at IS NULL'), 'true | ' || :'third' || ' | 1', 'when the one that signs is revoked the next one signs');
SELECT is(pg_temp.story(NULL, format('SELECT users_revoke_key(%L)', :'third'), format('SELECT pg_temp.kids() ~ %L', :'third'), 'SELECT count(*) FROM users.signing_key WHERE activated_at IS NULL AND revoked_at IS NULL', 'SELECT kid FROM users_rotate_key()') ~ ('^true \| false \| 1 \| (?!' || :'third' || ')'), true, 'the next one can be revoked as well');

SET LOCAL users.signing_algorithm = 'HS256';
SELECT kid AS shared FROM users_rotate_key() \gset
SELECT k AS shared_jwk FROM jsonb_array_elements(pg_temp.key_set() -> 'keys') k WHERE k ->> 'kid' = :'shared' \gset
SELECT is(:'shared_jwk'::jsonb - 'k', jsonb_build_object('kty', 'oct', 'kid', :'shared', 'use', 'sig', 'alg', 'HS256'), 'an HS256 key is given with its secret');
SELECT alike(:'shared_jwk'::jsonb ->> 'k', repeat('_', 43), 'of 32 bytes');
SELECT is(users_jwks()::text ~ '"k"', false, 'which is never published');
SELECT is(pg_temp.story(NULL, 'UPDATE users.root_key SET generation = gen_random_uuid(), check_value = decode(repeat(''00'', 32), ''hex'')', format('SELECT pg_temp.kids() ~ %L', :'next'), format('SELECT pg_temp.kids() ~ %L', :'shared')), 'done | true | false', 'when the root key is of no use, public keys are given all the same');
SELECT is(pg_temp.story(NULL, 'UPDATE users.signing_key SET sealed_secret = decode(repeat(''00'', 72), ''hex'')', format('SELECT pg_temp.kids() ~ %L', :'next'), format('SELECT pg_temp.kids() ~ %L', :'shared')), 'done | true | false', 'so when secrets are damaged: no empty one is given');
SELECT is(pg_temp.story(NULL, 'UPDATE users.signing_key SET public_key = ''\x00''', 'SELECT pg_temp.kids() ~ ''^[^ ]+( [^ ]+)?$''', format('SELECT pg_temp.kids() ~ %L', :'next')), 'done | true | false', 'so when a public key is');
SET LOCAL users.signing_algorithm = 'EdDSA';
SELECT is(pg_temp.story(NULL, 'DELETE FROM users.signing_key', 'SELECT pg_temp.kids()', 'SELECT pg_temp.key_set() ->> ''unpublished'' ~ ''^.{32}$'''), 'done | none | true', 'without a key the set is empty, and unpublished');
SELECT is(pg_temp.story(NULL, 'ALTER TABLE users.signing_key RENAME TO lost', 'SELECT pg_temp.kids()', 'SELECT length(pg_temp.key_set() ->> ''unpublished'')', 'SELECT current_setting(''pgrst.db_anon_role'')'), 'done | none | 48 | users_anon', 'whatever happens it does not fail');

---- before a request

SELECT is(pg_temp.story('=regress_users_80', pg_temp.request('Bearer ' || :'ann'), 'SELECT users_pre_request()', 'SELECT users_current_user_id()', 'SELECT current_user'), 'false |  | ' || :'ann_id' || ' | users_member', 'a token makes one who it says');
SELECT is(pg_temp.story('=regress_users_80', pg_temp.request(header), 'SELECT users_pre_request()', 'SELECT users_current_user_id()'), 'false |  | ' || :'ann_id', 'so in the form ' || left(header, 9))
  FROM (VALUES ('bearer ' || :'ann'), ('BEARER   ' || :'ann')) v (header);
SELECT is(pg_temp.story('=regress_users_80', pg_temp.request(header, 'users_anon'), 'SELECT users_pre_request()', 'SELECT users_current_user_id()'), 'false |  | NULL', 'nothing for ' || coalesce(header, 'nobody'))
  FROM (VALUES (NULL), ('Basic YTpi'), ('')) v (header);
SELECT is(pg_temp.story('=regress_users_80', pg_temp.request(header, role), 'SELECT users_pre_request()', 'SELECT users_current_user_id()'), 'false | PGRST | NULL', what)
  FROM (VALUES ('Bearer x', 'users_anon', 'a token that is none'), ('Bearer', 'users_member', 'a member''s role without a token'), (NULL, 'users_member', 'likewise without a header'), (NULL, 'users_admin', 'or an administrator''s'),
               ('Bearer ' || :'ann_refresh', 'users_member', 'a refresh token'), ('Bearer ' || left(:'ann', -4) || 'AAAA', 'users_member', 'a forged one')) v (header, role, what);
-- PostgREST reads the first of two headers, and hands on the second.
SELECT convert_from(decode(rpad(translate(split_part(:'ann', '.', 2), '-_', '+/'), (length(split_part(:'ann', '.', 2)) + 3) / 4 * 4, '='), 'base64'), 'UTF8') AS claims \gset
SELECT is(pg_temp.story('=regress_users_80', pg_temp.request('Bearer ' || :'ann'), format('SELECT set_config(''request.jwt.claims'', %L, true) IS NULL', claims), 'SELECT users_pre_request()', 'SELECT users_current_user_id()'), 'false | false | ' || answer, 'when PostgREST has read ' || what)
  FROM (VALUES (:'claims', ' | ' || :'ann_id', 'the same token'), ('{"role":"users_anon"}', ' | ' || :'ann_id', 'none'),
               ((:'claims'::jsonb || '{"sid":"00000000-0000-7000-8000-000000000000"}')::text, 'PGRST | NULL', 'one of another session'),
               ((:'claims'::jsonb || '{"sub":"00000000-0000-7000-8000-000000000000"}')::text, 'PGRST | NULL', 'one of somebody else')) v (claims, answer, what);
SELECT is(pg_temp.story('=regress_users_80', 'SET ROLE users_member', 'SELECT users_pre_request()'), 'done | 28000', 'without a request the SQLSTATE is its own');
CREATE FUNCTION pg_temp.hook() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN PERFORM public.users_pre_request(); END $$;
GRANT EXECUTE ON FUNCTION pg_temp.hook TO PUBLIC;
SELECT is(pg_temp.story('=regress_users_80', pg_temp.request('Bearer ' || :'ann'), 'SELECT pg_temp.hook()'), 'false | 42501', 'not in a definer function, which cannot switch the role');

---- what is told

SELECT is(pg_temp.story(NULL, 'SELECT status FROM users_login(''ann'', ''wrong'')', 'SELECT current_setting(''response.status'', true)'), 'invalid_credentials | NULL', 'without a request nothing is told');
SELECT is(pg_temp.story(NULL, 'SELECT set_config(''request.method'', ''POST'', true) IS NULL, set_config(''response.headers'', '' [ {"X-Mine": "a]{b"} ] '', true)', 'SELECT status FROM users_login(''ann'', ''wrong'')', 'SELECT current_setting(''response.status'') || '' '' || (current_setting(''response.headers'')::jsonb)::text'),
          'false | invalid_credentials | 401 [{"X-Mine": "a]{b"}, {"WWW-Authenticate": "Bearer"}, {"Cache-Control": "no-store"}]', 'the application''s own headers stay');
SELECT is(pg_temp.story(NULL, 'SELECT set_config(''request.method'', ''POST'', true) IS NULL, set_config(''response.headers'', ''[]'', true)', 'SELECT status FROM users_login(''ann'', ''seven wet horses sing'')', 'SELECT current_setting(''response.status'') || '' '' || current_setting(''response.headers'')'),
          'false | ok | 200 [{"Cache-Control":"no-store"}]', 'an empty list of them is one');
CREATE FUNCTION pg_temp.told(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text; message text; detail text;
BEGIN
	PERFORM set_config('request.method', 'POST', true);
	EXECUTE statement;
	RETURN 'nothing';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RETURN CASE WHEN state = 'PGRST' THEN concat_ws(' ', message::jsonb ->> 'code', message::jsonb ->> 'details', detail::jsonb ->> 'status', detail::jsonb -> 'headers') ELSE state END;
END $$;
SELECT is(pg_temp.told('SELECT users_disable_user(gen_random_uuid())'), 'US014 argument: user_id 404 {}', 'US014 is 404, and says which argument');
SELECT is(pg_temp.told('SELECT users_authenticate(''x'')'), '28000 401 {"WWW-Authenticate": "Bearer error=\"invalid_token\""}', '28000 is 401');
SELECT is(pg_temp.told('SELECT users_register(''x'', ''x'', ''x'', ''x'', ''x'')'), 'US001', 'what PostgREST answers with 400 stays as it is');

SELECT * FROM finish();
ROLLBACK;
