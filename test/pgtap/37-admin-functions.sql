-- What administrators do to accounts: make, disable, enable, promote, unlock,
-- find; over whom they have power; what is recorded.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
BEGIN;
SELECT plan(128);
\ir ../lib/story.sql

CREATE ROLE regress_users_37_trusted LOGIN NOINHERIT;
SELECT users_setup_login('regress_users_37_trusted', trusted_client => true) IS NULL AS ignored \gset
\set password '''seven wet horses sing'''

-- A call of users_create_user with only what matters, as text.
CREATE FUNCTION pg_temp.make(username text, more text DEFAULT '', password text DEFAULT 'seven wet horses sing', email text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT user_id IS NOT NULL FROM users_create_user(%L, %L, ''Ann'', ''Ash'', %L%s)', coalesce(email, username || '@example.org'), username, password, more) $$;
CREATE FUNCTION pg_temp.sign_in(username text, password text DEFAULT 'seven wet horses sing') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT status FROM users_login(%L, %L)', username, password) $$;
-- The newest event of a kind about somebody: outcome, actor's name, detail.
CREATE FUNCTION pg_temp.event(kind text, about uuid) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT concat_ws('' '', e.outcome, coalesce(p.username, ''nobody''), (e.session_id IS NOT NULL)::text, e.detail, (SELECT count(*) FROM users.event_position o WHERE o.event_id = e.id AND o.user_id = e.user_id))
                    FROM users.audit_event e LEFT JOIN users.person p ON p.user_id = e.actor_id WHERE e.event = %L AND e.user_id = %L ORDER BY e.id DESC LIMIT 1', kind, about) $$;

---- making accounts (S7)

SELECT user_id AS bob_id, url AS bob_url, expires_at AS bob_expires FROM users_create_user('Bob@Example.org', 'Bob', ' Bob ', 'Ash', :password, 'de', 'admin', '{"a": 1}') \gset
SELECT is(a.email || ' ' || p.username || ' ' || p.first_name || ' ' || a.language || ' ' || a.platform_role || ' ' || a.status || ' ' || a.metadata, 'Bob@Example.org Bob Bob de admin enabled {"a": 1}', 'a DBA makes the first administrator')
  FROM users.account a JOIN users.person p USING (user_id) WHERE user_id = :'bob_id';
SELECT is(:{?bob_url} OR :{?bob_expires}, false, 'without a link, since there is a password');
SELECT is((SELECT count(*) FROM users.root_key) + (SELECT count(*) FROM users.signing_key), 3::bigint, 'with the keys');
SELECT is(pg_temp.deed(pg_temp.event('account_created', :'bob_id')), 'success nobody false {} 1', 'recorded as nobody''s by token');
SELECT is(pg_temp.story(NULL, format('SELECT role FROM users_login(''bob'', %L)', :password)), 'users_admin', 'who signs in as administrator');
SELECT user_id AS ann_id FROM users_create_user('ann@example.org', 'ann', 'Ann', 'Ash', :password) \gset
SELECT is(concat_ws(' ', a.platform_role, a.metadata, a.language), 'user {}', 'the rest may be left out') FROM users.account a WHERE user_id = :'ann_id';
SELECT access_token AS bob, refresh_token AS bob_refresh, session_id AS bob_session FROM users_login('bob', :password) \gset
SELECT access_token AS ann, refresh_token AS ann_refresh, session_id AS ann_session FROM users_login('ann', :password) \gset
SELECT is(pg_temp.story(NULL, pg_temp.make('eve', more)), answer, format('with%s: %s', translate(more, ',', ''), answer))
  FROM (VALUES (', platform_role => ''user''', 'true'), (', platform_role => ''root''', '22023 platform_role'), (', platform_role => ''Admin''', '22023 platform_role'), (', platform_role => ''''', '22023 platform_role'),
               (', platform_role => NULL', '22023 platform_role'), (', platform_role => ''users_admin''', '22023 platform_role'), (', language => ''fr''', 'US007 language'), (', language => NULL', 'true'),
               (', metadata => ''[]''', 'US005 metadata'), (', metadata => NULL', 'true'), (', send_mail => false', 'true'), (', send_mail => NULL', 'true'), (', site => NULL', 'true'), (', site => ''main''', 'US015 site')) v (more, answer);
SELECT is(pg_temp.story(NULL, pg_temp.make('eve', more, NULL)), answer, format('without a password, with%s: %s', translate(more, ',', ''), answer))
  FROM (VALUES (', send_mail => true', 'true'), (', send_mail => false', 'true'), (', site => NULL', 'true'), (', site => ''main''', 'US015 site'), (', site => ''''', 'US015 site'), (', send_mail => false, site => ''main''', 'US015 site'), (', platform_role => ''root''', '22023 platform_role')) v (more, answer);
SELECT is(pg_temp.story(NULL, 'SELECT concat_ws('' '', user_id IS NOT NULL, url IS NULL, expires_at IS NULL) FROM users_create_user(''eve@example.org'', ''eve'', ''Eve'', ''Elm'', send_mail => ' || send_mail || ')', pg_temp.sign_in('eve'),
                        'SELECT concat_ws('' '', kind, recipient, data ->> ''username'', data ->> ''link'' LIKE ''http://localhost:3000/password/reset?token=%'') FROM users_claim_mail()', 'SELECT c.password_hash IS NULL FROM users.credential c WHERE c.user_id = users_id(''eve'')'), answer, what)
  FROM (VALUES ('true', 't t t | invalid_credentials | welcome eve@example.org eve t | true', 'it is mailed a link for one'), ('NULL', 't t t | invalid_credentials | welcome eve@example.org eve t | true', 'unless told otherwise'),
               ('false', 't f f | invalid_credentials | NULL | true', 'and then the link is handed over and not mailed')) v (send_mail, answer, what);
CREATE FUNCTION pg_temp.redeem(mailed boolean) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT (users_reset_password(%s, ''six dry goats mumble'', ''six dry goats mumble'')).status', CASE WHEN mailed THEN '(SELECT data ->> ''token'' FROM users_claim_mail())' ELSE '(SELECT substring(url FROM ''token=(.*)'') FROM users_create_user(''eve@example.org'', ''eve'', ''Eve'', ''Elm'', send_mail => false))' END) $$;
SELECT is(pg_temp.story(NULL, pg_temp.make('eve', password => NULL), pg_temp.redeem(true), pg_temp.sign_in('eve', 'six dry goats mumble'), 'SELECT email_verified_at IS NOT NULL FROM users.account WHERE user_id = users_id(''eve'')'), 'true | ok | ok | true', 'with the link that was mailed one chooses a password, and has verified the address');
SELECT is(pg_temp.story(NULL, pg_temp.redeem(false), pg_temp.sign_in('eve', 'six dry goats mumble'), 'SELECT email_verified_at IS NOT NULL FROM users.account WHERE user_id = users_id(''eve'')'), 'ok | ok | false', 'with one that was handed over too, but has verified nothing');
SELECT is(pg_temp.story(NULL, pg_temp.make('eve', password => password)), 'US003 password', format('not with the password %s', quote_literal(password))) FROM unnest('{"",password1,eve@example.org}'::text[]) password;
SELECT is(pg_temp.story(NULL, pg_temp.make(username, email => email)), answer, format('%s, %s: %s', coalesce(email, 'NULL'), coalesce(username, 'NULL'), answer))
  FROM (VALUES ('eve', 'eve', 'US001 email'), ('', 'eve@example.org', 'US002 username'), (NULL, 'eve@example.org', 'US002 username'), (NULL, NULL, 'US001 email'), ('eve', 'BOB@example.ORG', '23505 email users_email_key'),
               ('BOB', 'eve@example.org', '23505 username users_username_key'), ('bob', 'bob@example.org', '23505 email users_email_key')) v (username, email, answer);
SELECT is(pg_temp.story(NULL, '!' || pg_temp.make('bob', email => email)) ~* 'bob', false, 'what is taken is not repeated') FROM unnest('{bob@example.org,eve@example.org}'::text[]) email;
SELECT is(pg_temp.story(NULL, format('SELECT users_create_user(''eve@example.org'', ''eve'', %L, %L, %L)', a, b, :password)), answer, answer) FROM (VALUES (NULL, 'Elm', 'US005 first_name'), ('Eve', '', 'US005 last_name')) v (a, b, answer);
SELECT is(pg_temp.story(:'bob', pg_temp.make('eve'), pg_temp.make('eve', password => NULL)), '42501 | true', 'an administrator by token gives nobody a password, but makes accounts');
SELECT is(pg_temp.story(who, pg_temp.make('eve')), '42501', 'nobody else makes accounts') FROM (VALUES ('users_anon'), ('users_admin'), ('users_service'), (:'ann')) v (who);
SET LOCAL users.registration = 'closed';
SELECT is(pg_temp.story(NULL, pg_temp.make('eve')), 'true', 'it is possible when registration is closed');
RESET users.registration;

---- disabling and enabling

SELECT is(pg_temp.story(NULL, format('SELECT users_disable_user(%L, ''spam'')', :'ann_id'), pg_temp.sign_in('ann'), pg_temp.sign_in('ann@example.org'), pg_temp.sign_in('ann', 'six wet horses sing'), format('SELECT users_authenticate(%L)', :'ann'),
                        format('SELECT status FROM users_validate_token(%L)', :'ann'), format('SELECT status FROM users_refresh(%L)', :'ann_refresh'), 'SELECT status || '' '' || disabled_reason FROM users.account WHERE disabled_reason IS NOT NULL'),
          'true | disabled | disabled | invalid_credentials | 28000 | invalid_token | disabled | disabled spam', 'disabled, one is told after the right password only; sessions end');
SELECT is(pg_temp.story(NULL, format('SELECT users_disable_user(%L, ''spam'')', :'ann_id'), format('SELECT count(*) FROM users.session WHERE user_id = %L AND ended_at IS NULL', :'ann_id'), format('SELECT users_enable_user(%L)', :'ann_id'), pg_temp.sign_in('ann'),
                        format('SELECT status FROM users_refresh(%L)', :'ann_refresh'), format('SELECT users_authenticate(%L)', :'ann'), format('SELECT status || coalesce(disabled_reason, '''') FROM users.account WHERE user_id = %L', :'ann_id')),
          'true | 0 | true | ok | invalid_token | 28000 | enabled', 'enabled, one signs in again; what has ended has ended');
SELECT is(pg_temp.story(NULL, format('SELECT users_enable_user(%L)', :'ann_id'), format('SELECT users_disable_user(%L)', :'ann_id'), format('SELECT users_disable_user(%L)', :'ann_id'), format('SELECT users_enable_user(%L)', :'ann_id'), format('SELECT users_enable_user(%L)', :'ann_id')),
          'false | true | false | true | false', 'both say whether something changed');
SELECT is(pg_temp.story(NULL, format('SELECT users_enable_user(%L)', :'ann_id'), format('SELECT users_authenticate(%L) IS NULL', :'ann')), 'false | false', 'enabling who is enabled ends no session');
SELECT is(pg_temp.story(NULL, format('SELECT users_disable_user(%L, %L)', :'ann_id', reason), format('SELECT length(disabled_reason) FROM users.account WHERE user_id = %L', :'ann_id')), answer, what)
  FROM (VALUES (NULL, 'true | NULL', 'a reason may be left out'), (repeat('x', 500), 'true | 500', 'it has 500 characters'), (repeat('ü', 500), 'true | 500', 'not octets'), (repeat('x', 501), 'US005 reason | NULL', 'and no more')) v (reason, answer, what);
SELECT is(pg_temp.story(NULL, format('SELECT users_disable_user(%L)', id), format('SELECT users_enable_user(%L)', id), format('SELECT users_set_platform_role(%L, ''admin'')', id)), 'US014 user_id | US014 user_id | US014 user_id', coalesce(id::text, 'NULL') || ' is nobody')
  FROM (VALUES (NULL::uuid), ('00000000-0000-0000-0000-000000000000'), ('01234567-89ab-7def-8123-456789abcdef')) v (id);
SELECT is(pg_temp.story(NULL, format('SELECT users_disable_user(%L, ''spam'')', :'ann_id'), pg_temp.event('account_disabled', :'ann_id'), format('SELECT users_enable_user(%L)', :'ann_id'), pg_temp.event('account_enabled', :'ann_id'), pg_temp.sign_in('ann'),
                        format('SELECT users_disable_user(%L)', :'ann_id'), pg_temp.sign_in('ann'), pg_temp.event('login_failed', :'ann_id')),
          'true | success nobody false {} 1 | true | success nobody false {} 1 | ok | true | disabled | failure nobody false {"status": "disabled"} 0', 'it is recorded: a DBA has no account');
SELECT is(pg_temp.story(:'bob', format('SELECT users_disable_user(%L, ''spam'')', :'ann_id'), format('SELECT users_enable_user(%L)', :'ann_id'), 'RESET ROLE', pg_temp.event('account_disabled', :'ann_id'), pg_temp.event('account_enabled', :'ann_id')),
          'true | true | done | success Bob true {} 1 | success Bob true {} 1', 'who has one by token is the actor');
SELECT is(pg_temp.story(:'bob', format('SELECT users_disable_user(%L)', :'ann_id'), format('SELECT e.actor_id = %L AND e.session_id = %L FROM users_current_user_id(), users.audit_event e WHERE false', :'bob_id', :'bob_session')), 'true | 42501', 'who reads no table');
SELECT is(pg_temp.story(NULL, format('SELECT updated_at < clock_timestamp() AND version = 1 FROM users.account WHERE user_id = %L', :'ann_id'), format('SELECT users_disable_user(%L)', :'ann_id'), format('SELECT version FROM users.account WHERE user_id = %L', :'ann_id')), 'true | true | 2', 'a change counts the version');

---- platform roles

SELECT is(pg_temp.story(NULL, format('SELECT users_set_platform_role(%L, ''admin'')', :'ann_id'), format('SELECT users_authenticate(%L)', :'ann'), format('SELECT status FROM users_refresh(%L)', :'ann_refresh'), format('SELECT role FROM users_login(''ann'', %L)', :password),
                        format('SELECT users_set_platform_role(%L, ''admin'')', :'ann_id'), format('SELECT users_set_platform_role(%L, ''user'')', :'ann_id'), format('SELECT role FROM users_login(''ann'', %L)', :password)),
          'true | 28000 | invalid_token | users_admin | false | true | users_member', 'a change of role ends the sessions and holds at once');
SELECT is(pg_temp.story(NULL, format('SELECT users_set_platform_role(%L, ''user'')', :'ann_id'), format('SELECT users_authenticate(%L) IS NULL', :'ann')), 'false | false', 'no change ends none');
SELECT is(pg_temp.story(NULL, format('SELECT users_set_platform_role(%L, %L)', :'ann_id', word)), '22023 platform_role', coalesce(word, 'NULL') || ' is no platform role') FROM (VALUES (NULL), (''), ('Admin'), ('users_admin'), ('root')) v (word);
SELECT is(pg_temp.story(:'bob', format('SELECT users_set_platform_role(%L, ''admin'')', :'ann_id'), 'RESET ROLE', pg_temp.event('platform_role_changed', :'ann_id')), 'true | done | success Bob true {"platform_role": "admin"} 1', 'it is recorded, with actor and role');

SELECT is(pg_temp.story(NULL, format('SELECT users_set_platform_role(%L, ''user'')', :'bob_id'), format('SELECT users_disable_user(%L)', :'bob_id')), 'US010 user_id | US010 user_id', 'the last administrator stays, for a DBA too');
SELECT is(pg_temp.story(:'bob', format('SELECT users_set_platform_role(%L, ''user'')', :'bob_id'), format('SELECT users_disable_user(%L)', :'bob_id'), format('SELECT status FROM users_delete_account(%L)', :password), 'SELECT users_is_admin()'), 'US010 user_id | US010 user_id | US010 | true', 'or on its own will');
SELECT is(pg_temp.story(NULL, format('SELECT users_set_platform_role(%L, ''admin'')', :'ann_id'), format('SELECT users_disable_user(%L)', :'ann_id'), format('SELECT users_disable_user(%L)', :'bob_id'), format('SELECT users_set_platform_role(%L, ''user'')', :'bob_id'),
                        format('SELECT users_set_platform_role(%L, ''user'')', :'ann_id')), 'true | true | US010 user_id | US010 user_id | true', 'a disabled one is not counted, and can be demoted');
SELECT is(pg_temp.story(NULL, format('SELECT users_set_platform_role(%L, ''admin'')', :'ann_id'), format('SELECT users_disable_user(%L)', :'bob_id'), format('SELECT users_set_platform_role(%L, ''user'')', :'ann_id'), format('SELECT users_enable_user(%L)', :'bob_id'), format('SELECT users_set_platform_role(%L, ''user'')', :'ann_id')),
          'true | true | US010 user_id | true | true', 'of two one may go');

SELECT user_id AS cal_id FROM users_create_user('cal@example.org', 'cal', 'Cal', 'Ash', :password, platform_role => 'admin') \gset
SELECT session_id AS cal_session, access_token AS cal FROM users_login('cal', :password) \gset
SELECT is(pg_temp.story(:'bob', format('SELECT users_disable_user(%L)', :'cal_id'), format('SELECT users_enable_user(%L)', :'cal_id'), format('SELECT users_set_platform_role(%L, ''user'')', :'cal_id'), format('SELECT users_logout_all(user_id => %L)', :'cal_id'), format('SELECT users_revoke_session(%L)', :'cal_session'),
                        format('SELECT users_disable_user(%L)', :'ann_id'), format('SELECT users_logout_all(user_id => %L)', :'ann_id')), '42501 | 42501 | 42501 | 42501 | 42501 | true | 0', 'an administrator by token has no power over another');
SELECT is(pg_temp.story(NULL, format('SELECT users_disable_user(%L)', :'cal_id'), format('SELECT users_enable_user(%L)', :'cal_id'), format('SELECT users_set_platform_role(%L, ''user'')', :'cal_id'), format('SELECT users_logout_all(user_id => %L)', :'bob_id')), 'true | true | true | 1', 'a DBA has');
SELECT is(pg_temp.story(NULL, format('SELECT users_revoke_session(%L)', :'cal_session'), format('SELECT users_authenticate(%L)', :'cal')), 'true | 28000', 'over sessions too');
SELECT is(pg_temp.story(:'bob', format('SELECT users_set_platform_role(%L, ''user'')', :'bob_id'), 'SELECT current_user'), 'true | users_admin', 'everybody over themselves');
SELECT is(pg_temp.story(:'bob', format('SELECT users_disable_user(%L)', :'bob_id'), format('SELECT users_authenticate(%L)', :'bob')), 'true | 28000', 'to the end of the transaction');
SELECT is(regexp_replace(pg_temp.story(:'bob', format('!SELECT users_disable_user(%L)', :'cal_id')), 'Call it .*', ''), E'42501\nan administrator''s account is changed by DBAs only\nHINT: ', 'which is what the refusal says');
SELECT is(pg_temp.story(who, format('SELECT users_disable_user(%L)', :'ann_id'), format('SELECT users_enable_user(%L)', :'ann_id'), format('SELECT users_set_platform_role(%L, ''admin'')', :'ann_id'), format('SELECT users_unlock(%L)', :'ann_id'), 'SELECT users_id(''ann'')'),
          '42501 | 42501 | 42501 | 42501 | 42501', 'not for ' || what)
  FROM (VALUES (:'ann', 'a member'), ('users_anon', 'who is not signed in'), ('users_admin', 'users_admin without a token'), ('users_service', 'services')) v (who, what);

---- deleted accounts

SELECT user_id AS eve_id, access_token AS eve FROM users_register('eve@example.org', 'eve', :password, 'Eve', 'Elm') \gset
SAVEPOINT gone;
SELECT users_authenticate(:'eve') AS ignored \gset
SELECT status AS gone FROM users_delete_account(:password) \gset
SELECT users_authenticate(:'cal') AS ignored \gset
SELECT is(pg_temp.story(NULL, format('SELECT users_disable_user(%L)', :'eve_id'), format('SELECT users_enable_user(%L)', :'eve_id'), format('SELECT users_set_platform_role(%L, ''admin'')', :'eve_id'), 'SELECT users_id(''eve'')', 'SELECT users_id(''eve@example.org'')'),
          'US011 user_id | US011 user_id | US011 user_id | US014 identifier | US014 identifier', 'of a deleted account nothing is changed, and it has no name');
ROLLBACK TO gone;

---- throttles

SET LOCAL users.max_failed_logins = 1;
SELECT is(pg_temp.story(NULL, pg_temp.sign_in('ann', 'no'), pg_temp.sign_in('ann'), format('SELECT users_unlock(%L)', :'ann_id'), format('SELECT users_unlock(%L)', :'ann_id'), pg_temp.sign_in('ann'), pg_temp.event('account_unlocked', :'ann_id')),
          'invalid_credentials | throttled | true | false | ok | success nobody false {} 1', 'a throttle is lifted');
SELECT is(pg_temp.story(NULL, pg_temp.sign_in('eve', 'no'), pg_temp.sign_in('eve')), 'invalid_credentials | throttled', 'a throttle outlives ROLLBACK');
SELECT is(pg_temp.story(:'bob', format('SELECT users_unlock(%L)', :'eve_id'), 'RESET ROLE', pg_temp.event('account_unlocked', :'eve_id')), 'true | done | success Bob true {} 1', 'an administrator by token lifts it');
SELECT is(pg_temp.story(NULL, pg_temp.sign_in('eve')), 'ok', 'for good, though that was rolled back');
SELECT is(pg_temp.story(NULL, pg_temp.sign_in('cal', 'no'), pg_temp.sign_in('cal')) || ' ' || pg_temp.story(:'bob', format('SELECT users_unlock(%L)', :'cal_id')), 'invalid_credentials | throttled true', 'another administrator''s too');
CREATE FUNCTION pg_temp.fail_from(address text) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.story('=regress_users_37_trusted users_anon', format('SET LOCAL users.client_address = %L', address), pg_temp.sign_in('ann', 'no'), format('SET LOCAL users.client_address = %L', address), pg_temp.sign_in('ann')) $$;
CREATE FUNCTION pg_temp.from_there(address text) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.story('=regress_users_37_trusted users_anon', format('SELECT set_config(''users.client_address'', %L, true) || (users_login(''ann'', ''seven wet horses sing'')).status', address)) $$;
SELECT is(pg_temp.fail_from('192.0.2.37'), 'done | invalid_credentials | done | throttled', 'somebody fails from an address');
SELECT is(pg_temp.story(NULL, pg_temp.sign_in('ann')), 'ok', 'which harms nobody elsewhere');
SELECT is(pg_temp.story(NULL, format('SELECT users_unlock(%L, ''198.51.100.1'')', :'ann_id'), 'SELECT users_unlock(gen_random_uuid(), ''192.0.2.37'')'), 'false | false', 'it is not lifted for others');
SELECT is(pg_temp.story(NULL, format('SELECT users_unlock(%L, ''192.0.2.37'')', :'ann_id')), 'true', 'but for the two together');
SELECT is(pg_temp.from_there('192.0.2.37'), '192.0.2.37ok', 'and there one signs in again');
SELECT is(pg_temp.fail_from('192.0.2.37') || ', ' || pg_temp.fail_from('192.0.2.38'), 'done | invalid_credentials | done | throttled, done | invalid_credentials | done | throttled', 'or fails again, from two addresses');
SELECT is(pg_temp.story(NULL, 'SELECT users_unlock(client_address => ''192.0.2.37'')') || pg_temp.from_there('192.0.2.37') || pg_temp.story(NULL, format('SELECT users_unlock(%L)', :'ann_id')) || pg_temp.from_there('192.0.2.38'),
          'true192.0.2.37oktrue192.0.2.38ok', 'the address alone is enough, or the person');
SET LOCAL users.max_failed_logins = 1000;
SET LOCAL users.max_failed_logins_per_address = 1;
SELECT is(pg_temp.fail_from('2001:db8:37::1'), 'done | invalid_credentials | done | throttled', 'an address is throttled');
SELECT is(pg_temp.story(NULL, 'SELECT users_unlock(client_address => ''2001:db8:38::/64'')', 'SELECT users_unlock(client_address => ''2001:db8:37::/64'')', 'SELECT users_unlock(client_address => ''2001:db8:37::5'')'), 'false | true | false', 'and lifted, with its /64');
SELECT is(pg_temp.from_there('2001:db8:37::2'), '2001:db8:37::2ok', 'where one signs in again');
SELECT is(pg_temp.story(NULL, format('SELECT users_unlock(client_address => %L)', network)), '22023 client_address', network || ' is no client''s address') FROM unnest('{192.0.2.0/24,0.0.0.0/0,2001:db8::/32,::/0,192.0.2.1/31}'::text[]) network;
SELECT is(pg_temp.story(NULL, 'SELECT users_unlock()', 'SELECT users_unlock(NULL, NULL)', 'SELECT users_unlock(gen_random_uuid())'), 'false | false | false', 'nobody''s is not lifted');

---- finding

SELECT is(pg_temp.story(NULL, format('SELECT users_id(%L) = %L', typed, :'bob_id')), 'true', quote_literal(translate(typed, E'\t\n', '  ')) || ' is found') FROM unnest(ARRAY['bob', 'BOB', 'Bob', 'bob@example.org', 'BOB@EXAMPLE.ORG', ' bob ', E'\tBob@example.org\n']) typed;
SELECT is(pg_temp.story(NULL, format('SELECT users_id(%L)', typed)), 'US014 identifier', coalesce(quote_literal(left(typed, 20)), 'NULL') || ' is not') FROM (VALUES (NULL), (''), ('bo'), ('b%'), ('bob@example.com'), ('bob@'), ('email:bob@example.org'), (repeat('x', 100000))) v (typed);
SELECT is(pg_temp.story(:'bob', format('SELECT users_id(''ann'') = %L', :'ann_id'), 'SELECT users_id(''nobody'')'), 'true | US014 identifier', 'an administrator by token finds people');

---- READ ONLY

SET TRANSACTION READ ONLY;
SELECT is(pg_temp.story(NULL, pg_temp.make('zoe'), format('SELECT users_disable_user(%L)', :'ann_id'), format('SELECT users_enable_user(%L)', :'ann_id'), format('SELECT users_set_platform_role(%L, ''admin'')', :'ann_id'), format('SELECT users_unlock(%L)', :'ann_id'), 'SELECT users_id(''ann'') IS NULL'),
          '25006 | 25006 | 25006 | 25006 | 25006 | false', 'READ ONLY is told');

SELECT * FROM finish();
ROLLBACK;
