-- Why can this person not sign in.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
BEGIN;
SELECT plan(49);
\ir ../lib/story.sql

\set password '''seven wet horses sing'''
CREATE ROLE regress_users_75 LOGIN NOINHERIT;
SELECT users_setup_login('regress_users_75', trusted_client => true) IS NULL AS ignored \gset
SELECT user_id AS bob_id FROM users_create_user('bob@example.org', 'bob', 'Bob', 'Ash', :password, platform_role => 'admin') \gset
SELECT user_id AS ann_id FROM users_create_user('ann@example.org', 'ann', 'Ann', 'Ash', :password) \gset
SELECT user_id AS new_id FROM users_create_user('new@example.org', 'new', 'New', 'Ash', send_mail => false) \gset
SELECT access_token AS bob FROM users_login('bob', :password) \gset
SELECT access_token AS ann FROM users_login('ann', :password) \gset

-- What is wrong, by name.
CREATE FUNCTION pg_temp.wrong(arguments text) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT string_agg(name, '' '') FROM users_why(%s) WHERE NOT ok', arguments) $$;
CREATE FUNCTION pg_temp.detail(who text, check_name text) RETURNS text LANGUAGE sql AS $$ SELECT format('SELECT detail FROM users_why(%L) WHERE name = %L', who, check_name) $$;

SELECT is((SELECT string_agg(name, ' ') FROM users_why('ann')), 'root_key signing_key exists status password reset_required verified attempts throttle_account_and_address throttle_account', 'the checks');
SELECT is((SELECT string_agg(name, ' ') FROM users_why('ann', '192.0.2.1')), 'root_key signing_key exists status password reset_required verified attempts throttle_account_and_address throttle_account throttle_address', 'with an address one more');
SELECT is((SELECT string_agg(name, ' ') FROM users_why('nobody')), 'root_key signing_key exists throttle_account_and_address throttle_account', 'of nobody there is less to say');
SELECT is(pg_temp.story(NULL, pg_temp.wrong(quote_nullable(who))), answer, coalesce(who, 'NULL') || ': ' || answer)
  FROM (VALUES ('ann', 'NULL'), (' ANN@example.org ', 'NULL'), ('new', 'password'), ('nobody', 'exists'), ('', 'exists'), (NULL, 'exists'), ('ann''; --', 'exists'), (repeat('x', 100000), 'exists')) v (who, answer);
SELECT is(pg_temp.story(NULL, change, pg_temp.wrong('''ann'''), pg_temp.detail('ann', check_name)), answer, change)
  FROM (VALUES ('SELECT users_disable_user(users_id(''ann''), ''by phone'')', 'status', 'true | status | disabled, by phone: users_enable_user(user_id)'), ('SELECT users_disable_user(users_id(''ann''))', 'status', 'true | status | disabled: users_enable_user(user_id)'),
               ('SELECT url IS NULL FROM users_issue_reset(users_id(''ann''), expire_password => true)', 'reset_required', 'true | reset_required | the password has to be reset first: users_issue_reset(user_id)'),
               ('SET LOCAL users.require_verified_email = on', 'verified', 'done | verified | the address is not verified: users_update_account(user_id, email_verified => true)'),
               ('SELECT users_update_account(users_id(''ann''), email_verified => true) IS NULL', 'verified', 'false | NULL | the address is verified')) v (change, check_name, answer);
SELECT is(regexp_replace(pg_temp.story(NULL, format('SELECT users_delete_user(%L)', :'ann_id'), pg_temp.wrong(quote_literal(who)), pg_temp.detail(who, 'exists')), '\d{4}-\d\d-\d\d \d\d:\d\d', 'T'), format('true | exists | deleted at T UTC: users_restore_user(''%s'')', :'ann_id'), 'deleted, by ' || who) FROM unnest('{ann,Ann@example.org}'::text[]) who;
SELECT is(pg_temp.story(NULL, 'SET LOCAL users.registration = ' || how, pg_temp.detail('nobody', 'exists')), answer, how)
  FROM (VALUES ('open', 'done | nobody has this address or username; registration is open'), ('closed', 'done | nobody has this address or username; registration is not open, see users.registration')) v (how, answer);

---- attempts

SELECT is(regexp_replace(pg_temp.story(NULL, 'SELECT status FROM users_login(''ann'', ''x'')', 'SELECT status FROM users_login(''ann'', ''x'')', pg_temp.wrong('''ann'''), pg_temp.detail('ann', 'attempts')), '\d{4}-\d\d-\d\d \d\d:\d\d', 'T'), 'invalid_credentials | invalid_credentials | attempts | 2 failed in the last day, the last at T UTC', 'a wrong password shows in attempts');
SELECT is(pg_temp.story(NULL, 'SELECT status FROM users_login(''ann'', ''x'')', 'UPDATE users.audit_event SET id = ''01800000-0000-7000-8000-000000000000'' WHERE event = ''login_failed'' AND user_id = ' || quote_literal(:'ann_id'), pg_temp.wrong('''ann''')), 'invalid_credentials | done | NULL', 'not one of long ago');

---- the throttle

SET LOCAL users.max_failed_logins = 2;
CREATE FUNCTION pg_temp.fail(who text, address text, times integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	last text;
BEGIN
	PERFORM set_config('users.client_address', address, true);
	FOR i IN 1 .. times LOOP
		SELECT status INTO last FROM users_login(who, 'x');
	END LOOP;
	RETURN last;
END
$$;
GRANT USAGE ON SCHEMA public TO regress_users_75;
SELECT is(pg_temp.story('=regress_users_75 users_anon', format('SELECT pg_temp.fail(%L, %L, 3)', who, '192.0.2.7')), 'throttled', who || ' is throttled from one address') FROM unnest('{ann,stranger}'::text[]) who;
SELECT is(pg_temp.story(NULL, pg_temp.wrong(arguments)), answer, arguments || ': ' || answer)
  FROM (VALUES ('''ann''', 'throttle_account_and_address'), ('''ann'', ''192.0.2.7''', 'throttle_account_and_address'), ('''ann'', ''192.0.2.8''', 'NULL'), ('''bob'', ''192.0.2.7''', 'NULL'), ('''stranger''', 'exists throttle_account_and_address')) v (arguments, answer);
SELECT is(pg_temp.story(NULL, 'SELECT string_agg(username, '' '') FROM users_accounts WHERE throttled_until > now() AND throttled_until < now() + interval ''1 minute'''), 'ann', 'users_accounts shows it too');
SELECT is(pg_temp.story(NULL, 'SELECT throttled_until > now() FROM users_update_account(users_id(''ann''), first_name => ''A'')'), 'true', 'and so does the row that a change returns');
SELECT matches((SELECT detail FROM users_why('ann', '192.0.2.7') WHERE name = 'throttle_account_and_address'), '^until \d{4}-\d\d-\d\d \d\d:\d\d UTC: users_unlock\(user_id, client_address\)$', 'with the time, and what lifts it');
SELECT is(pg_temp.story(NULL, pg_temp.wrong('''ann'''), 'SELECT pg_temp.fail(''ann'', '''', 0) IS NULL', pg_temp.wrong('''ann''')), 'throttle_account_and_address | true | throttle_account_and_address', 'asking changes nothing');
SELECT is(users_unlock(:'ann_id', '192.0.2.7'), true, 'lifted');
SELECT is(pg_temp.story(NULL, pg_temp.wrong('''ann'''), 'SELECT count(*) FROM users_accounts WHERE throttled_until IS NOT NULL'), 'NULL | 0', 'it is so no more');
SET LOCAL users.max_failed_logins_per_identifier = 1;
SELECT is(pg_temp.story('=regress_users_75 users_anon', 'SELECT pg_temp.fail(''bob'', ''192.0.2.9'', 2)'), 'throttled', 'from everywhere');
SELECT is(pg_temp.story(NULL, pg_temp.wrong('''bob'''), pg_temp.wrong('''bob'', ''2001:db8::1''')), 'throttle_account | throttle_account', 'is told of every address');
SELECT is(users_unlock(:'bob_id'), true, 'lifted');
SET LOCAL users.max_failed_logins_per_identifier = 100;
SET LOCAL users.max_failed_logins_per_address = 1;
SELECT is(pg_temp.story('=regress_users_75 users_anon', 'SELECT pg_temp.fail(''new'', ''192.0.2.10'', 2)'), 'throttled', 'whoever it is');
SELECT is(pg_temp.story(NULL, pg_temp.wrong('''ann'''), pg_temp.wrong('''ann'', ''192.0.2.10''')), 'NULL | throttle_address', 'is told of that address');

---- who, and what else

SELECT is(pg_temp.story(who, 'SELECT count(*) FROM users_why(''ann'')'), answer, coalesce(left(who, 12), 'a DBA') || ': ' || answer)
  FROM (VALUES (NULL, '10'), (:'bob', '10'), (:'ann', '42501'), ('users_anon', '42501'), ('users_admin', '42501'), ('users_service', '42501')) v (who, answer);
SELECT is(pg_temp.story(NULL, 'SELECT count(*) FROM users_why(''ann'', ''10.0.0.0/8'')'), '22023 client_address', 'an address is one');
SELECT is(pg_temp.story(NULL, 'SET LOCAL transaction_read_only = on; SELECT count(*) FROM users_why(''ann'')', 'DELETE FROM users.signing_key', pg_temp.wrong('''bob'''), pg_temp.detail('bob', 'signing_key')), 'done | done | NULL | none is active; the next sign-in makes one', 'it writes nothing');
SELECT is(pg_temp.story(NULL, 'UPDATE users.root_key SET check_value = decode(repeat(''00'', 32), ''hex''), generation = gen_random_uuid()', pg_temp.wrong('''bob'''), 'SELECT string_agg(name, '' '') FROM users_why(''bob'')'), 'done | root_key | root_key signing_key', 'without the root key nobody is found');

SELECT * FROM finish();
ROLLBACK;
