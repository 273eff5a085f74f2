-- Keys of access tokens: rotated, revoked, published without their secrets; and
-- the root key.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
BEGIN;
SELECT plan(79);
\ir ../lib/story.sql

CREATE ROLE regress_users_38 LOGIN NOINHERIT;
CREATE ROLE regress_users_38_dba LOGIN IN ROLE users_dba;
\set password '''seven wet horses sing'''
-- A part of a token, decoded; bytes as a token has them.
CREATE FUNCTION pg_temp.part(token text, n integer) RETURNS jsonb LANGUAGE sql AS
$$ SELECT convert_from(decode(rpad(translate(p, '-_', '+/'), (length(p) + 3) / 4 * 4, '='), 'base64'), 'UTF8')::jsonb FROM split_part(token, '.', n) p $$;
CREATE FUNCTION pg_temp.base64url(bytes bytea) RETURNS text LANGUAGE sql AS
$$ SELECT rtrim(translate(encode(bytes, 'base64'), E'+/\n', '-_'), '=') $$;
CREATE FUNCTION pg_temp.sign_in(username text DEFAULT 'ann') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT pg_temp.part(access_token, 1) FROM users_login(%L, ''seven wet horses sing'')', username) $$;
CREATE FUNCTION pg_temp.authenticate(token text) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT users_authenticate(%L) IS NOT NULL', token) $$;

---- the first key

SELECT is((SELECT count(*) FROM users.root_key) + (SELECT count(*) FROM users.signing_key), 0::bigint, 'CREATE EXTENSION inserts no key');
SELECT is(users_jwks()::jsonb, '{"keys": []}', 'so none is published');
SELECT is(pg_typeof(users_jwks())::text, 'users_media."application/jwk-set+json"', 'by a name that makes PostgREST serve it as what it is');
SELECT access_token AS ann, refresh_token AS ann_refresh, user_id AS ann_id FROM users_register('ann@example.org', 'ann', :password, 'Ann', 'Ash') \gset
SELECT is(array_agg(algorithm || ' ' || state), '{EdDSA active}', 'the first call that mints makes one') FROM users_keys;
SELECT kid AS first FROM users_keys \gset
SELECT alike(:'first'::text, '________________', 'its id has sixteen characters');
SELECT is(pg_temp.part(:'ann', 1), jsonb_build_object('alg', 'EdDSA', 'typ', 'at+jwt', 'kid', :'first'), 'a token names it');
SELECT users_setup_login('regress_users_38', admin => true) IS NULL AS ignored \gset
SELECT user_id AS bob_id FROM users_create_user('bob@example.org', 'bob', 'Bob', 'Ash', :password, platform_role => 'admin') \gset
SELECT access_token AS bob, session_id AS bob_session FROM users_login('bob', :password) \gset
SELECT is(count(*)::integer, 1, 'what needs a key finds it then') FROM users_keys;
SELECT is(count(*)::integer, 1, 'and there is one to come after it, which nobody is shown') FROM users.signing_key WHERE activated_at IS NULL;

---- what is published

SELECT is(users_jwks()::jsonb, jsonb_build_object('keys', jsonb_build_array(jsonb_build_object('kty', 'OKP', 'crv', 'Ed25519', 'alg', 'EdDSA', 'use', 'sig', 'kid', kid, 'x', pg_temp.base64url(public_key)))), 'a key is published with its public half')
  FROM users.signing_key WHERE activated_at IS NOT NULL;
SELECT is(pg_temp.story(who, 'SELECT jsonb_array_length(users_jwks()::jsonb -> ''keys'')'), '1', 'to ' || who) FROM unnest('{users_anon,users_member,users_admin,users_service,=regress_users_38_dba}'::text[]) who;
SELECT is(pg_temp.story('=regress_users_38', 'SELECT users_jwks()', 'SET ROLE users_anon', 'SELECT users_jwks() IS NULL'), '42501 | done | false', 'not to a login before it has switched');

SELECT columns_are('public', 'users_keys', '{kid,algorithm,state,created_at,retires_at}', 'administrators see no secret');
SELECT is(pg_temp.story(who, 'SELECT count(*) FROM users_keys', 'SELECT count(sealed_secret) FROM users.signing_key', 'SELECT count(*) FROM users.root_key'), answer, what)
  FROM (VALUES ('=regress_users_38 ' || :'bob', '1 | 42501 | 42501', 'an administrator by token'), ('=regress_users_38_dba', '1 | 42501 | 42501', 'a DBA'), ('=regress_users_38 ' || :'ann', '42501 | 42501 | 42501', 'a member sees no keys'),
               ('=regress_users_38 users_anon', '42501 | 42501 | 42501', 'nor who is not signed in'), ('=regress_users_38 users_admin', '0 | 42501 | 42501', 'nor users_admin without a token'), ('users_service', '42501 | 42501 | 42501', 'nor services')) v (who, answer, what);

---- what is stored

SELECT is(octet_length(sealed_secret), 24 + 32 + 16, 'the secret is sealed: nonce, 32 bytes, tag') FROM users.signing_key;
SELECT is(position(public_key IN sealed_secret), 0, 'and not to be seen') FROM users.signing_key;
SELECT is(pg_temp.story(NULL, 'SELECT (users_rotate_key()).kid IS NULL', format('UPDATE users.signing_key SET sealed_secret = %s, activated_at = clock_timestamp() WHERE activated_at IS NULL', forged), pg_temp.sign_in()), 'false | done | 55000', 'it cannot be replaced: ' || what)
  FROM (VALUES ('set_byte(sealed_secret, 70, get_byte(sealed_secret, 70) # 1)', 'by a changed one'), (format('(SELECT o.sealed_secret FROM users.signing_key o WHERE o.kid = %L)', :'first'), 'by another''s'),
               ('decode(repeat(''00'', 72), ''hex'')', 'by zeros'), ('substr(sealed_secret, 1, 71)', 'by a shorter one')) v (forged, what);
SELECT is(pg_temp.story(NULL, 'UPDATE users.root_key SET generation = gen_random_uuid(), secret = sha256(secret)', pg_temp.sign_in(), format('SELECT status FROM users_refresh(%L)', :'ann_refresh'), 'SELECT (users_rotate_key()).kid', 'SELECT ok::text || detail FROM users_health() WHERE name = ''root_key'''),
          'done | 55000 | 55000 | 55000 | falsethe key is not the one that the accounts'' keys were sealed with: nobody can sign in', 'nor is a wrong root key taken for the right one');
SELECT is(pg_temp.story(NULL, pg_temp.sign_in()), jsonb_build_object('alg', 'EdDSA', 'typ', 'at+jwt', 'kid', :'first')::text, 'when all is put back, all is well');

---- rotating (S42)

SELECT is(pg_temp.story(NULL, 'SELECT (users_rotate_key()).kid IS NULL', pg_temp.authenticate(:'ann')), 'false | true', 'a key can be rotated');
SELECT is(pg_temp.part((SELECT access_token FROM users_login('ann', :password)), 1) ->> 'kid', :'first', 'one that was rolled back does not sign');
SELECT kid AS second, algorithm || ' ' || state AS second_is, created_at AS second_created, retires_at IS NULL AS second_stays FROM users_rotate_key() \gset
SELECT isnt(:'second'::text, :'first', 'a new key has a new id');
SELECT is(:'second_is' || ' ' || :'second_stays', 'EdDSA active t', 'its row is returned');
SELECT is(string_agg(concat_ws(' ', kid, state, retires_at IS NULL), ', ' ORDER BY created_at), :'first' || ' retiring f, ' || :'second' || ' active t', 'as administrators see it, after the old one') FROM users_keys;
SELECT is((SELECT retires_at > clock_timestamp() + current_setting('users.access_token_ttl')::interval FROM users_keys WHERE kid = :'first'), true, 'the old one verifies until its last token is dead');
SELECT access_token AS ann2, refresh_token AS ann2_refresh FROM users_login('ann', :password) \gset
SELECT is(pg_temp.part(:'ann2', 1) ->> 'kid', :'second', 'new tokens are signed with the new one');
SELECT is(pg_temp.story(NULL, pg_temp.authenticate(:'ann'), pg_temp.authenticate(:'ann2'), format('SELECT status FROM users_validate_token(%L)', :'bob')), 'true | true | 42501', 'old and new ones are valid');
SELECT is((SELECT array_agg(k ->> 'kid' ORDER BY n) FROM jsonb_array_elements(users_jwks()::jsonb -> 'keys') WITH ORDINALITY j (k, n)), ARRAY[:'second', :'first'], 'both keys are published, the new one first');
SELECT is(pg_temp.story('=regress_users_38 ' || :'bob', 'SELECT algorithm FROM users_rotate_key()', 'RESET SESSION AUTHORIZATION', 'SELECT e.outcome || e.nobody || (e.detail ->> ''kid'' = k.kid) || (e.actor_id = ' || quote_literal(:'bob_id') || ') FROM users.audit_event e, users.signing_key k WHERE e.event = ''key_rotated'' AND k.retires_at IS NULL ORDER BY e.id DESC LIMIT 1'),
          'EdDSA | done | successtruetruetrue', 'an administrator by token may rotate, which is recorded');
SELECT is(pg_temp.story(who, 'SELECT users_rotate_key()', format('SELECT users_revoke_key(%L)', :'first'), 'SELECT users_renew_root_key()'), '42501 | 42501 | 42501', 'nobody else: ' || what)
  FROM (VALUES ('=regress_users_38 ' || :'ann', 'no member'), ('=regress_users_38 users_anon', 'nobody who is not signed in'), ('=regress_users_38 users_admin', 'not users_admin without a token'), ('users_service', 'no service')) v (who, what);

-- Past its time.
SELECT is(pg_temp.story(NULL, format('UPDATE users.signing_key SET retires_at = now() - interval ''1 second'' WHERE kid = %L', :'first'), format('SELECT state FROM users_keys WHERE kid = %L', :'first'), pg_temp.authenticate(:'ann'), format('SELECT users_jwks()::text ~ %L', :'first')),
          'done | retired | 28000 | false', 'a key that has retired verifies nothing and is not published');

---- revoking (S42)

SELECT is(users_revoke_key(:'first'), true, 'a key is revoked');
SELECT is(pg_temp.story(NULL, pg_temp.authenticate(:'ann'), pg_temp.authenticate(:'ann2'), format('SELECT status FROM users_validate_token(%L)', :'ann')), '28000 | true | 42501', 'its tokens are void at once, known ones too, others are not');
SELECT is(pg_temp.story(NULL, format('SELECT status FROM users_validate_token(%L)', :'ann'), format('SELECT status FROM users_validate_token(%L)', :'ann2')), 'invalid_token | ok', 'to services as well');
SELECT is(pg_temp.story(NULL, format('SELECT status || (pg_temp.part(access_token, 1) ->> ''kid'' = %L) FROM users_refresh(%L)', :'second', :'ann_refresh')), 'oktrue', 'sessions go on with a refresh');
SELECT is((SELECT state FROM users_keys WHERE kid = :'first'), 'revoked', 'it is seen to be revoked');
SELECT is(users_jwks()::text ~ :'first', false, 'and published no more');
SELECT is(users_revoke_key(:'first'), false, 'once is enough');
SELECT is(pg_temp.deed(format('SELECT users_revoke_key(%L)', kid)), 'US014 kid', coalesce(quote_literal(left(kid, 20)), 'NULL') || ' is no key') FROM (VALUES (NULL), (''), ('nonsense'), (repeat('x', 10000))) v (kid);
SELECT is((SELECT outcome || nobody || (detail ->> 'kid' = :'first') || coalesce(actor_id::text, ' a DBA') FROM users.audit_event WHERE event = 'key_revoked'), 'successtruetrue a DBA', 'it is recorded, once');
SELECT is(pg_temp.story('=regress_users_38_dba', format('SELECT users_revoke_key(%L)', :'second'), 'SELECT string_agg(state, '' '' ORDER BY created_at) FROM users_keys', 'RESET SESSION AUTHORIZATION', pg_temp.authenticate(:'ann2'), pg_temp.sign_in() || ' WHERE pg_temp.part(access_token, 1) ->> ''kid'' NOT IN (' || quote_literal(:'first') || ', ' || quote_literal(:'second') || ')',
                        'SELECT string_agg(state, '' '' ORDER BY created_at) FROM users_keys') ~ '^true \| revoked revoked active \| done \| 28000 \| \{.*\} \| revoked revoked active$', true, 'when the only one is revoked, another takes its place at once');

---- HS256 (S35)

SELECT is(pg_temp.story(NULL, 'SET LOCAL users.signing_algorithm = ''HS256''', pg_temp.sign_in() || ' WHERE pg_temp.part(access_token, 1) ->> ''alg'' = ''HS256''', 'SELECT string_agg(algorithm || '' '' || state, '', '' ORDER BY created_at) FROM users_keys') ~ '^done \| \{.*\} \| EdDSA revoked, EdDSA retiring, HS256 active$', true,
          'with HS256 the next sign-in makes such a key');
SET LOCAL users.signing_algorithm = 'HS256';
SELECT kid AS third, algorithm AS third_is FROM users_rotate_key() \gset
SELECT is(:'third_is'::text, 'HS256', 'so does a rotation');
SELECT access_token AS ann3 FROM users_login('ann', :password) \gset
SELECT is(pg_temp.part(:'ann3', 1), jsonb_build_object('alg', 'HS256', 'typ', 'at+jwt', 'kid', :'third'), 'tokens say so');
SELECT is(length(split_part(:'ann3', '.', 3)), 43, 'and carry 32 bytes');
SELECT is(pg_temp.story(NULL, format('SELECT status FROM users_validate_token(%L)', :'ann3'), pg_temp.authenticate(left(:'ann3', -2) || 'AA'), pg_temp.authenticate(:'ann2'), pg_temp.authenticate(:'ann3')), 'ok | 28000 | true | true', 'they verify, forged ones do not, those of the key before still do');
SELECT is(users_jwks()::text ~ :'third', false, 'such a key is never published');
SELECT is_empty($$ SELECT k FROM jsonb_array_elements(users_jwks()::jsonb -> 'keys') k WHERE k ?| '{d,k,p,q}' OR k ->> 'kty' <> 'OKP' $$, 'nor is any secret');
SELECT is((SELECT public_key FROM users.signing_key WHERE kid = :'third'), NULL, 'it has no public half');
SELECT is((SELECT octet_length(sealed_secret) FROM users.signing_key WHERE kid = :'third'), 72, 'and is sealed as others are');
SET LOCAL users.signing_algorithm = 'EdDSA';
SELECT access_token AS ann4 FROM users_login('ann', :password) \gset
SELECT is(pg_temp.part(:'ann4', 1) ->> 'alg', 'EdDSA', 'back at EdDSA, so are the tokens');
SELECT is(pg_temp.story(NULL, pg_temp.authenticate(:'ann3'), pg_temp.authenticate(:'ann4')), 'true | true', 'and both kinds are valid');
SELECT is(string_agg(algorithm || ' ' || state, ', ' ORDER BY created_at), 'EdDSA revoked, EdDSA retiring, HS256 retiring, EdDSA active', 'while the older key retires') FROM users_keys;
SELECT is(pg_temp.story(NULL, format('SELECT users_revoke_key(%L)', :'third'), pg_temp.authenticate(:'ann3')), 'true | 28000', 'it can be revoked too');

---- the root key

SELECT is(pg_temp.story(NULL, 'SELECT users_renew_root_key()', pg_temp.authenticate(:'ann4'), format('SELECT status FROM users_validate_token(%L)', :'bob'), format('SELECT status FROM users_refresh(%L)', :'ann2_refresh'), 'SELECT count(*) FROM users.session WHERE ended_at IS NULL', 'SELECT string_agg(algorithm || '' '' || state, '', '') FROM users_keys',
                        format('SELECT count(*) FROM users.signing_key WHERE kid IN (%L, %L, %L)', :'first', :'second', :'third'), format('SELECT status FROM users_login(''ann'', %L)', :password), format('SELECT role FROM users_login(''bob'', %L)', :password), 'SELECT count(*) FROM users.account'),
          'true | 28000 | invalid_token | invalid_token | 0 | EdDSA active | 0 | ok | users_admin | 2', 'a new root key voids sessions and keys; accounts and passwords stay');
SELECT generation AS generation, encode(secret, 'hex') AS secret FROM users.root_key \gset
SELECT is(pg_temp.story(NULL, 'SELECT users_renew_root_key()', format('SELECT generation <> %L AND secret <> decode(%L, ''hex'') AND octet_length(secret) = 32 AND octet_length(check_value) > 0 AND position(secret IN check_value) = 0 FROM users.root_key', :'generation', :'secret'), 'SELECT count(*) FROM users.root_key',
                        'SELECT outcome || nobody || coalesce(actor_id::text, '' a superuser'') FROM users.audit_event WHERE event = ''root_key_renewed'''), 'true | true | 1 | successtrue a superuser', 'it is another one, and recorded');
SELECT is(pg_temp.story(NULL, pg_temp.authenticate(:'ann4'), pg_temp.sign_in()) ~ '^true \| \{', true, 'rolled back, all is as before');
SELECT is(pg_temp.story('=regress_users_38_dba', 'SELECT users_renew_root_key()', 'RESET SESSION AUTHORIZATION', 'GRANT EXECUTE ON FUNCTION users_renew_root_key TO users_admin', 'SET SESSION AUTHORIZATION regress_users_38_dba', 'SELECT users_renew_root_key()', 'RESET SESSION AUTHORIZATION', 'SET ROLE users_dba', 'SELECT users_renew_root_key()', 'RESET ROLE',
                        pg_temp.authenticate(:'ann4'), 'SELECT users_renew_root_key()', 'RESET ROLE', 'SELECT users_renew_root_key()'),
          '42501 | done | done | done | 42501 | done | done | 42501 | done | true | 42501 | done | 42501', 'it is for superusers, as such: no DBA, no other role, nobody''s token');
SELECT is(pg_temp.story(NULL, 'DELETE FROM users.signing_key', 'DELETE FROM users.root_key', 'SELECT users_renew_root_key()', pg_temp.sign_in()) ~ '^done \| done \| true \| \{', true, 'where there was none, one is made');

SET TRANSACTION READ ONLY;
SELECT is(pg_temp.story(NULL, 'SELECT users_rotate_key()', format('SELECT users_revoke_key(%L)', :'second'), 'SELECT users_renew_root_key()', 'SELECT jsonb_array_length(users_jwks()::jsonb -> ''keys'')', 'SELECT count(*) FROM users_keys', pg_temp.authenticate(:'ann4')),
          '25006 | 25006 | 25006 | 2 | 4 | true', 'READ ONLY is told, and reading goes on');

SELECT * FROM finish();
ROLLBACK;
