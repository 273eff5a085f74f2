-- Addresses: verifying one, changing one, signing up with a link. Each
-- statement is a transaction of its own, and a story leaves nothing behind.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET client_min_messages = error;
SET users.argon2_memory = '19MB';
SET users.max_mail_requests = 1000;
SET users.max_failed_logins = 1000;
SET users.max_failed_logins_per_identifier = 1000;
SELECT plan(253);
\ir ../lib/answer.sql
\ir ../lib/story.sql
\ir ../lib/mail.sql

CREATE TEMP TABLE people AS SELECT name, pg_temp.person(name, role) AS id
  FROM (VALUES ('ann', 'user'), ('bob', 'user'), ('ver', 'user'), ('dis', 'user'), ('thr', 'user'), ('root', 'admin')) v (name, role);
CREATE FUNCTION pg_temp.id(which text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM people WHERE name = which $$;
CREATE TEMP TABLE s AS SELECT name, l.* FROM people, LATERAL users_login(name, 'seven wet horses sing') l;
CREATE FUNCTION pg_temp.access(which text) RETURNS text LANGUAGE sql AS $$ SELECT access_token FROM s WHERE name = which $$;
-- Who somebody is in the names of tests.
CREATE FUNCTION pg_temp.called(who text) RETURNS text LANGUAGE sql AS $$ SELECT coalesce((SELECT name FROM s WHERE access_token = who), who, 'a DBA') $$;
UPDATE users.account SET email_verified_at = now() WHERE user_id = pg_temp.id('ver');
SELECT is(users_disable_user(pg_temp.id('dis')), true, 'somebody is disabled');
SELECT is((users_define_site('shop', NULL, 'https://shop.example/v?t={token}', NULL, 'https://shop.example/r?t={token}', NULL, NULL)).name, 'shop', 'there is a site');
DELETE FROM users.audit_event;

---- asking for a link, by address

SELECT is(pg_temp.answer(pg_temp.ask('verification', email), who), '(accepted,)', format('%s asks for %s: accepted', pg_temp.called(who), email))
  FROM (VALUES ('ann@example.org', 'users_anon'), (' ANN@Example.ORG ', 'users_anon'), ('nobody@example.org', 'users_anon'), ('dis@example.org', 'users_anon'), ('ver@example.org', 'users_anon'), ('bob@example.org', 'users_member'), ('bob@example.org', pg_temp.access('ann')), ('bob@example.org', NULL)) v (email, who);
SELECT is((SELECT count(*) || ' ' || count(DISTINCT class || kind || coalesce(site, '')) FROM users.mail_request WHERE user_id IS NULL), '8 1', 'each is a row, alike for all');
SELECT is((SELECT count(*) FROM users.mail) + (SELECT count(*) FROM users.link) + (SELECT count(*) FROM users.audit_event), 0::bigint, 'and no mail, no link, no event: nobody has been looked up');
SELECT is(pg_temp.answer(pg_temp.ask('verification', email), 'users_anon'), 'US001 email', format('%L is no address', email)) FROM (VALUES (''), ('ann'), ('ann@'), ('ann @example.org'), (repeat('x', 243) || '@example.org')) v (email);
SELECT is(pg_temp.answer(pg_temp.ask('verification', email, site), who), wanted, format('%s for %L at %L: %s', pg_temp.called(who), email, site, wanted))
  FROM (VALUES ('users_anon', 'ann@example.org', 'nowhere', 'US015 site'), ('users_anon', 'nobody@example.org', '', 'US015 site'), (pg_temp.access('ann'), NULL, 'nowhere', 'US015 site'), (pg_temp.access('ver'), NULL, 'nowhere', 'US015 site'),
               ('users_anon', NULL, NULL, '28000'), ('users_member', NULL, NULL, '28000'), (NULL, NULL, NULL, '28000'), ('users_anon', NULL, 'nowhere', '28000'), ('users_service', 'ann@example.org', NULL, '42501'), ('users_relay', NULL, NULL, '42501')) v (who, email, site, wanted);
SELECT is(pg_temp.answer('SET LOCAL transaction_read_only = on; ' || pg_temp.ask('verification', email), undo => true), '25006', format('READ ONLY: %L', email)) FROM (VALUES ('ann@example.org'), ('nonsense'), (NULL)) v (email);
SELECT is(pg_temp.fetch(), 'verify_email ann@example.org, verify_email ann@example.org, verify_email bob@example.org, verify_email bob@example.org, verify_email bob@example.org', 'mail goes to those whose address is not verified, and who are enabled');
SELECT is((SELECT count(*) FROM users.mail_request), 0::bigint, 'nothing is left of the others');
SELECT is((SELECT count(DISTINCT data ->> 'token') || ' ' || bool_and(data ->> 'link' = 'http://localhost:3000/email/verify?token=' || (data ->> 'token') AND strpos(body_text, data ->> 'link') > 0 AND strpos(body_html, data ->> 'link') > 0) FROM post WHERE recipient LIKE 'ann@%'), '1 true', 'one link within five minutes, to the page that the settings name');
SELECT is(pg_temp.story(NULL, 'UPDATE users.link SET created_at = created_at - interval ''301 seconds''', pg_temp.ask('verification', 'ann@example.org', 'shop'), 'SELECT pg_temp.fetch()', 'SELECT (data ->> ''link'' = ''https://shop.example/v?t='' || (data ->> ''token'')) || '' '' || site FROM post ORDER BY n DESC LIMIT 1', 'SELECT count(DISTINCT data ->> ''token'') FROM post WHERE recipient LIKE ''ann@%'''),
          'done | (accepted,) | verify_email ann@example.org | true shop | 2', 'then another; and to a site''s page');
SELECT is((SELECT bool_and(expires_at BETWEEN clock_timestamp() + interval '23 hours' AND clock_timestamp() + interval '24 hours') FROM users.link), true, 'for a day');

---- asking for one's own

SELECT is(pg_temp.story(pg_temp.access(name), 'SELECT o::text FROM users_request_verification() o', 'SELECT o::text FROM users_request_verification(NULL, ''shop'') o', 'RESET ROLE', 'SELECT pg_temp.fetch()'), '(accepted,) | (accepted,) | done | ' || wanted, format('%s: %s', name, wanted))
  FROM (VALUES ('ann', 'verify_email ann@example.org, verify_email ann@example.org'), ('root', 'verify_email root@example.org, verify_email root@example.org'), ('ver', 'nothing')) v (name, wanted);
SELECT is(pg_temp.story(pg_temp.access('ann'), pg_temp.move('ann@elsewhere.example'), 'SELECT o::text FROM users_request_verification() o', 'RESET ROLE', 'SELECT count(DISTINCT user_id) FROM users.mail_request', 'SELECT pg_temp.fetch()', 'SELECT count(DISTINCT data ->> ''token'') FROM post WHERE recipient LIKE ''%elsewhere%'''),
          '(accepted,) | (accepted,) | done | 1 | email_change_requested ann@example.org, verify_email ann@elsewhere.example, verify_email ann@elsewhere.example | 1', 'a new address that waits comes first');
SELECT is(pg_temp.story(pg_temp.access('ver'), pg_temp.move('ver@elsewhere.example'), 'SELECT o::text FROM users_request_verification() o', 'RESET ROLE', 'SELECT pg_temp.fetch()'), '(accepted,) | (accepted,) | done | email_change_requested ver@example.org, verify_email ver@elsewhere.example, verify_email ver@elsewhere.example', 'of somebody verified too');
SELECT is(pg_temp.story(pg_temp.access('ann'), pg_temp.move('ann@elsewhere.example'), 'RESET ROLE', 'SELECT pg_temp.fetch()', pg_temp.ask('verification', 'ann@elsewhere.example'), 'SELECT pg_temp.fetch()'), '(accepted,) | done | email_change_requested ann@example.org, verify_email ann@elsewhere.example | (accepted,) | nothing', 'by address it is nobody''s yet');

---- the present address

SELECT pg_temp.token('verify_email', 'ann@%') AS ann, pg_temp.token('verify_email', 'bob@%') AS bob \gset
DELETE FROM users.audit_event;
SELECT is(pg_temp.story(who, pg_temp.verify(:'ann', password), 'RESET ROLE', 'SELECT pg_temp.address(''ann'')'), wanted, format('%s with %s: %s', pg_temp.called(who), coalesce(quote_literal(password), 'no password'), wanted))
  FROM (VALUES ('users_anon', 'seven wet horses sing', '(ok,) | done | ann@example.org verified'), ('users_anon', 'eight wet horses sing', '(invalid_credentials,) | done | ann@example.org'), ('users_anon', NULL, '(invalid_credentials,) | done | ann@example.org'), ('users_anon', '', '(invalid_credentials,) | done | ann@example.org'),
               (pg_temp.access('ann'), NULL, '(ok,) | done | ann@example.org verified'), (pg_temp.access('ann'), 'seven wet horses sing', '(ok,) | done | ann@example.org verified'), (pg_temp.access('ann'), 'eight wet horses sing', '(ok,) | done | ann@example.org verified'),
               (pg_temp.access('bob'), NULL, '(invalid_credentials,) | done | ann@example.org'), (pg_temp.access('bob'), 'eight wet horses sing', '(invalid_credentials,) | done | ann@example.org'), (pg_temp.access('bob'), 'seven wet horses sing', '(ok,) | done | ann@example.org verified'),
               (pg_temp.access('root'), NULL, '(invalid_credentials,) | done | ann@example.org'), (NULL, NULL, '(invalid_credentials,) | done | ann@example.org'), (NULL, 'seven wet horses sing', '(ok,) | done | ann@example.org verified'), ('users_member', NULL, '(invalid_credentials,) | done | ann@example.org')) v (who, password, wanted);
SELECT is(pg_temp.story(who, pg_temp.verify(token, 'seven wet horses sing'), pg_temp.verify(token)), '(invalid_token,) | (invalid_token,)', format('%s is no token, for %s', name, pg_temp.called(who)))
  FROM (VALUES ('nothing', NULL), ('an empty text', ''), ('a word', 'token'), ('one cut short', left(:'ann', 85)), ('one and more', :'ann' || '='), ('half of one and half of another', left(:'ann', 43) || right(:'bob', 43)), ('an access token', pg_temp.access('ann')), ('much', repeat('x', 1000000))) v (name, token),
       (VALUES ('users_anon'), (pg_temp.access('ann'))) w (who);
SELECT is(pg_temp.answer(pg_temp.verify(:'ann', 'seven wet horses sing'), who), '42501', 'not for ' || who) FROM unnest('{users_service,users_relay,users_proxy}'::text[]) who;
SELECT is(pg_temp.answer('SET LOCAL transaction_read_only = on; ' || pg_temp.verify(token, password), undo => true), '25006', 'READ ONLY, alike') FROM (VALUES (:'ann', 'seven wet horses sing'), (:'ann', 'wrong'), ('token', NULL), (NULL, NULL)) v (token, password);
SELECT is(pg_temp.story('users_anon', pg_temp.verify(:'ann', 'eight wet horses sing'), pg_temp.verify(:'ann'), pg_temp.verify(:'ann', 'seven wet horses sing'), pg_temp.verify(:'ann', 'seven wet horses sing'), 'RESET ROLE', 'SELECT pg_temp.events(''ann'')', 'SELECT pg_temp.fetch()'),
          '(invalid_credentials,) | (invalid_credentials,) | (ok,) | (invalid_token,) | done | email_verified, login_failed failure users_verify_email | nothing', 'a wrong password leaves the token; the right one spends it; each attempt is recorded');
SELECT is(pg_temp.story(pg_temp.access('ann'), pg_temp.verify(:'ann'), pg_temp.verify(:'ann'), 'SELECT email_verified_at >= now() FROM users_profile()'), '(ok,) | (invalid_token,) | true', 'in the own session it is spent likewise');
SELECT is(pg_temp.story(NULL, pg_temp.verify(:'bob', 'seven wet horses sing'), 'SELECT pg_temp.address(''ann'')', pg_temp.verify(:'ann', 'seven wet horses sing')), '(ok,) | ann@example.org | (ok,)', 'one person''s link is not another''s');
SELECT is(pg_temp.story(NULL, pg_temp.verify(:'ann', 'seven wet horses sing'), pg_temp.sign_in('ann'), 'SELECT pg_temp.sessions(''ann'')'), '(ok,) | ok | 2', 'no session ends');
SELECT is(pg_temp.answer(statement || '; ' || pg_temp.verify(:'ann', 'seven wet horses sing'), NULL, true), wanted, name)
  FROM (VALUES ('it has not begun', 'UPDATE users.link SET expires_at = NULL', '(invalid_token,)'), ('it is over', 'UPDATE users.link SET expires_at = clock_timestamp()', '(invalid_token,)'), ('it is not over yet', 'UPDATE users.link SET expires_at = clock_timestamp() + interval ''1 minute''', '(ok,)'),
               ('disabled', format('SELECT users_disable_user(%L)', pg_temp.id('ann')), '(invalid_token,)'), ('disabled and enabled again', format('SELECT users_disable_user(%1$L); SELECT users_enable_user(%1$L)', pg_temp.id('ann')), '(invalid_token,)'),
               ('a new root key', 'SELECT users_renew_root_key()', '(invalid_token,)'), ('an address of the same letters', 'UPDATE users.account SET email = ''ANN@example.org'' WHERE email = ''ann@example.org''', '(invalid_token,)'),
               ('signing in', pg_temp.sign_in('ann'), '(ok,)'), ('a platform role', format('SELECT users_set_platform_role(%L, ''admin'')', pg_temp.id('ann')), '(invalid_token,)')) v (name, statement, wanted);
SELECT is(pg_temp.story(pg_temp.access('ann'), statement, pg_temp.verify(:'ann')), wanted, format('%s: %s', name, wanted))
  FROM (VALUES ('a change of the password', 'SELECT status FROM users_change_password(''seven wet horses sing'', ''nine old cats yodel'', ''nine old cats yodel'')', 'ok | (invalid_token,)'), ('one that fails', 'SELECT status FROM users_change_password(''wrong'', ''nine old cats yodel'', ''nine old cats yodel'')', 'invalid_credentials | (ok,)'),
               ('another address that waits', pg_temp.move('ann@elsewhere.example'), '(accepted,) | (ok,)'), ('the account is deleted', 'SELECT status FROM users_delete_account(''seven wet horses sing'')', 'ok | (invalid_token,)')) v (name, statement, wanted);

-- Guessing the password with a link is throttled as signing in is. (S24)
SELECT pg_temp.answer(pg_temp.ask('verification', 'thr@example.org')) || pg_temp.fetch() || pg_temp.answer(pg_temp.verify('token', 'wrong')) AS ignored FROM generate_series(1, 4) LIMIT 1 \gset
SET users.max_failed_logins = 2;
SELECT matches(string_agg(pg_temp.answer(pg_temp.verify(pg_temp.token('verify_email', 'thr@%'), 'wrong'), 'users_anon', true), ' '), '^\(invalid_credentials,\) \(invalid_credentials,\) \(throttled,\d+\)$', 'two guesses, then throttled') FROM generate_series(1, 3);
SELECT matches(pg_temp.answer(pg_temp.verify(pg_temp.token('verify_email', 'thr@%'), 'seven wet horses sing'), 'users_anon'), '^\(throttled,\d+\)$', 'with the right one too');
SELECT is(pg_temp.answer(pg_temp.sign_in('thr')), 'throttled', 'it is the same budget');
SELECT is(pg_temp.answer(pg_temp.verify(pg_temp.token('verify_email', 'thr@%')), pg_temp.access('thr'), true), '(ok,)', 'the own session needs none');
SELECT is(pg_temp.answer(pg_temp.verify('token', 'wrong'), 'users_anon', true), '(invalid_token,)', 'what is no token is charged to nobody') FROM generate_series(1, 4);
SET users.max_failed_logins = 1000;

---- a new address: asking (S41)

DELETE FROM users.audit_event;
SELECT is(pg_temp.story(pg_temp.access('ann'), pg_temp.move(email, password, site)), wanted, format('%s with %s: %s', coalesce(quote_literal(email), 'NULL'), coalesce(quote_literal(password), 'no password'), wanted))
  FROM (VALUES ('ann@elsewhere.example', 'seven wet horses sing', NULL, '(accepted,)'), ('ann@elsewhere.example', 'eight wet horses sing', NULL, '(invalid_credentials,)'), ('ann@elsewhere.example', '', NULL, '(invalid_credentials,)'), ('ann@elsewhere.example', NULL, NULL, '(invalid_credentials,)'),
               ('bob@example.org', 'seven wet horses sing', NULL, '(accepted,)'), ('bob@example.org', 'eight wet horses sing', NULL, '(invalid_credentials,)'), ('BOB@example.org', 'seven wet horses sing', NULL, '(accepted,)'), ('ann@example.org', 'seven wet horses sing', NULL, '(accepted,)'), ('ANN@example.org', 'seven wet horses sing', NULL, '(accepted,)'),
               (' ann@elsewhere.example ', 'seven wet horses sing', 'shop', '(accepted,)'), (NULL, 'seven wet horses sing', NULL, 'US001 new_email'), ('', 'seven wet horses sing', NULL, 'US001 new_email'), ('ann', 'seven wet horses sing', NULL, 'US001 new_email'), ('ann@', 'eight wet horses sing', NULL, 'US001 new_email'),
               (repeat('x', 243) || '@example.org', 'seven wet horses sing', NULL, 'US001 new_email'), ('ann@elsewhere.example', 'seven wet horses sing', 'nowhere', 'US015 site'), ('ann@elsewhere.example', 'eight wet horses sing', 'nowhere', 'US015 site'), ('bob@example.org', 'seven wet horses sing', '', 'US015 site')) v (email, password, site, wanted);
SELECT is(pg_temp.answer(pg_temp.move('ann@elsewhere.example'), who), wanted, format('%s: %s', pg_temp.called(who), wanted))
  FROM (VALUES ('users_anon', '42501'), ('users_member', '28000'), ('users_admin', '28000'), ('users_service', '42501'), ('users_relay', '42501'), (NULL, '28000')) v (who, wanted);
SELECT is(pg_temp.answer('SELECT users_cancel_email_change()', who), wanted, format('cancelling, %s: %s', pg_temp.called(who), wanted)) FROM (VALUES ('users_anon', '42501'), ('users_member', '28000'), ('users_service', '42501'), (NULL, '28000'), (pg_temp.access('ann'), 'false')) v (who, wanted);
SELECT is(pg_temp.answer('SET LOCAL transaction_read_only = on; ' || pg_temp.move(email, password), pg_temp.access('ann'), true) || pg_temp.answer('SET LOCAL transaction_read_only = on; SELECT users_cancel_email_change()', pg_temp.access('ann'), true), '2500625006', format('READ ONLY: %s', email)) FROM (VALUES ('ann@elsewhere.example', 'seven wet horses sing'), ('ann@elsewhere.example', 'wrong'), ('bob@example.org', 'seven wet horses sing')) v (email, password);
SELECT is((SELECT count(*) FROM users.mail_request) + (SELECT count(*) FROM users.mail WHERE state <> 'sent') + (SELECT count(*) FROM users.audit_event), 0::bigint, 'none of that remains');
SELECT is(pg_temp.story(pg_temp.access('ann'), pg_temp.move('Ann@Elsewhere.example'), 'SELECT concat_ws('' '', email, pending_email, email_verified_at) FROM users_profile()', 'RESET ROLE', 'SELECT pg_temp.events(''ann'')', 'SELECT pg_temp.fetch()', pg_temp.sign_in('ann@elsewhere.example'), pg_temp.sign_in('ann@example.org'), 'SELECT pg_temp.address(''bob'')',
                        format('SELECT concat_ws('' '', actor_id = %L, session_id IS NOT NULL, detail) FROM users.audit_event WHERE event = ''email_change_requested''', pg_temp.id('ann'))),
          '(accepted,) | ann@example.org Ann@Elsewhere.example | done | email_change_requested | email_change_requested ann@example.org, verify_email Ann@Elsewhere.example | invalid_credentials | ok | bob@example.org | t t {}', 'nothing changes but what waits; the old address hears of it');
SELECT is(pg_temp.story(pg_temp.access('ann'), pg_temp.move('ann@elsewhere.example', site => 'shop'), 'RESET ROLE', 'SELECT pg_temp.fetch()', 'SELECT concat_ws('' '', recipient_name, site, data ->> ''link'' = ''https://shop.example/v?t='' || (data ->> ''token'')) FROM post WHERE kind = ''verify_email'' ORDER BY n DESC LIMIT 1'),
          '(accepted,) | done | email_change_requested ann@example.org, verify_email ann@elsewhere.example | shop t', 'the link is to the page of the site');
SELECT is(pg_temp.story(pg_temp.access('ann'), pg_temp.move('ann@elsewhere.example', 'wrong'), 'SELECT pending_email FROM users_profile()', 'RESET ROLE', 'SELECT pg_temp.events(''ann'')', 'SELECT pg_temp.fetch()'), '(invalid_credentials,) | NULL | done | login_failed failure users_change_email | nothing', 'with a wrong password nobody hears');
SELECT is(pg_temp.story(pg_temp.access('ann'), pg_temp.move(email), 'SELECT pending_email FROM users_profile()', 'RESET ROLE', 'SELECT count(*) FROM users.mail_request', 'SELECT pg_temp.events(''ann'')', 'SELECT pg_temp.fetch()'), format('(accepted,) | %s | done | 1 | email_change_requested | %s', email, mails), 'a taken address is answered alike: ' || email)
  FROM (VALUES ('bob@example.org', 'already_registered bob@example.org, email_change_requested ann@example.org'), ('BOB@example.org', 'already_registered bob@example.org, email_change_requested ann@example.org'), ('dis@example.org', 'already_registered dis@example.org, email_change_requested ann@example.org'),
               ('new@example.org', 'email_change_requested ann@example.org, verify_email new@example.org')) v (email, mails);
SELECT is(pg_temp.story(pg_temp.access('ann'), pg_temp.move('bob@example.org'), 'RESET ROLE', 'SELECT pg_temp.fetch()', 'SELECT concat_ws('' '', recipient, recipient_name, data ? ''link'', data ? ''token'', body_text ~* ''ann@|\mann\M'') FROM post WHERE kind = ''already_registered'' ORDER BY n DESC LIMIT 1'),
          '(accepted,) | done | already_registered bob@example.org, email_change_requested ann@example.org | bob@example.org Sieglinde Sonnenschein f f f', 'its owner gets a notice, without a link, and not who asked');
SET users.max_mail_requests = 2;
SELECT matches(pg_temp.story(pg_temp.access('ann'), pg_temp.move('often@example.org'), pg_temp.move('often@EXAMPLE.org'), pg_temp.move('often@example.org'), 'SELECT pending_email FROM users_profile()'), '^\(accepted,\) \| \(accepted,\) \| \(throttled,\d+\) \| often@EXAMPLE.org$', 'an address is written to so often and no more; what waits stays');
SET users.max_mail_requests = 1000;

---- a new address: using the link

DELETE FROM users.audit_event;
SELECT is(pg_temp.answer(pg_temp.move('Ann@Elsewhere.example'), pg_temp.access('ann')), '(accepted,)', 'somebody moves');
SELECT is(pg_temp.fetch(), 'email_change_requested ann@example.org, verify_email Ann@Elsewhere.example', 'both addresses hear');
SELECT pg_temp.token('verify_email', 'Ann@Else%') AS new \gset
SELECT is(pg_temp.story(who, pg_temp.verify(:'new', password), 'RESET ROLE', 'SELECT pg_temp.address(''ann'')'), wanted, format('%s with %s: %s', pg_temp.called(who), coalesce(quote_literal(password), 'no password'), wanted))
  FROM (VALUES ('users_anon', 'seven wet horses sing', '(ok,) | done | Ann@Elsewhere.example verified'), ('users_anon', 'eight wet horses sing', '(invalid_credentials,) | done | ann@example.org pending Ann@Elsewhere.example'), ('users_anon', NULL, '(invalid_credentials,) | done | ann@example.org pending Ann@Elsewhere.example'),
               (pg_temp.access('ann'), NULL, '(invalid_credentials,) | done | ann@example.org pending Ann@Elsewhere.example'), (pg_temp.access('ann'), 'eight wet horses sing', '(invalid_credentials,) | done | ann@example.org pending Ann@Elsewhere.example'), (pg_temp.access('ann'), 'seven wet horses sing', '(ok,) | done | Ann@Elsewhere.example verified'),
               (pg_temp.access('bob'), NULL, '(invalid_credentials,) | done | ann@example.org pending Ann@Elsewhere.example'), (pg_temp.access('bob'), 'seven wet horses sing', '(ok,) | done | Ann@Elsewhere.example verified'), (pg_temp.access('root'), NULL, '(invalid_credentials,) | done | ann@example.org pending Ann@Elsewhere.example'),
               (NULL, NULL, '(invalid_credentials,) | done | ann@example.org pending Ann@Elsewhere.example')) v (who, password, wanted);
SELECT is(pg_temp.story('users_anon', pg_temp.verify(:'new', 'wrong'), pg_temp.verify(:'new', 'seven wet horses sing'), pg_temp.verify(:'new', 'seven wet horses sing'), 'RESET ROLE', 'SELECT pg_temp.address(''ann'')', pg_temp.sign_in('ann@elsewhere.example'), pg_temp.sign_in('ann@example.org'), pg_temp.sign_in('ann'), 'SELECT pg_temp.events(''ann'')', 'SELECT pg_temp.fetch()',
                        'SELECT string_agg(identifier, '' '' ORDER BY identifier) FROM users.identifier WHERE identifier ~ ''ann''', 'SELECT pg_temp.sessions(''ann'')'),
          '(invalid_credentials,) | (ok,) | (invalid_token,) | done | Ann@Elsewhere.example verified | ok | invalid_credentials | ok | email_change_requested, email_changed, login, login, login_failed failure users_verify_email | email_changed ann@example.org | email:ann@elsewhere.example username:ann | 3',
          'once; one signs in with the new address, the old one is free, and hears of the change');
SELECT is(pg_temp.story(NULL, pg_temp.verify(:'new', 'seven wet horses sing'), pg_temp.join_with(NULL, 'ANN@example.org', 'other'), 'SELECT pg_temp.address(''other'')', 'SELECT pg_temp.address(''ann'')'), '(ok,) | ok | ANN@example.org | Ann@Elsewhere.example verified', 'free for somebody else');
SELECT is(pg_temp.story(NULL, pg_temp.join_with(NULL, 'ann@elsewhere.example', 'other'), pg_temp.verify(:'new', 'seven wet horses sing'), 'SELECT pg_temp.address(''ann'')', 'SELECT pg_temp.events(''ann'')', 'SELECT pg_temp.fetch()', pg_temp.sign_in('ann@elsewhere.example', 'five red cows whistle'), pg_temp.verify(:'new', 'seven wet horses sing')),
          'ok | (invalid_token,) | ann@example.org pending Ann@Elsewhere.example | email_change_requested | nothing | ok | (invalid_token,)', 'taken meanwhile, the link is of no use');
SELECT is(pg_temp.story(NULL, pg_temp.verify(:'ann', 'seven wet horses sing'), 'SELECT pg_temp.address(''ann'')', pg_temp.verify(:'new', 'seven wet horses sing'), 'SELECT pg_temp.address(''ann'')'), '(ok,) | ann@example.org pending Ann@Elsewhere.example verified | (ok,) | Ann@Elsewhere.example verified', 'the present one can be verified meanwhile');
SELECT is(pg_temp.story(NULL, pg_temp.verify(:'new', 'seven wet horses sing'), pg_temp.verify(:'ann', 'seven wet horses sing')), '(ok,) | (invalid_token,)', 'the change ends links to the old one');
SELECT is(pg_temp.story(NULL, pg_temp.ask('reset', 'ann@example.org'), 'SELECT pg_temp.fetch()', pg_temp.verify(:'new', 'seven wet horses sing'), 'SELECT o::text FROM users_reset_password(pg_temp.token(''reset_password''), ''ten dry goats mumble'', ''ten dry goats mumble'') o', pg_temp.ask('reset', 'ann@example.org'), pg_temp.ask('reset', 'ANN@elsewhere.example'), 'SELECT pg_temp.fetch()'),
          '(accepted,) | reset_password ann@example.org | (ok,) | (invalid_token,) | (accepted,) | (accepted,) | email_changed ann@example.org, reset_password Ann@Elsewhere.example', 'and reset links; new ones go to the new address');

---- what ends it

SELECT is(pg_temp.story(pg_temp.access('ann'), 'SELECT users_cancel_email_change()', 'SELECT users_cancel_email_change()', 'SELECT coalesce(pending_email, ''none'') FROM users_profile()', pg_temp.verify(:'new', 'seven wet horses sing')), 'true | false | none | (invalid_token,)', 'a cancel');
SELECT is(pg_temp.story(pg_temp.access('ann'), pg_temp.move(email), pg_temp.verify(:'new', 'seven wet horses sing'), 'RESET ROLE', 'SELECT pg_temp.fetch()', format('SELECT pg_temp.token(''verify_email'') = %L', :'new'), 'SELECT o::text FROM users_verify_email(pg_temp.token(''verify_email''), ''seven wet horses sing'') o', 'SELECT pg_temp.address(''ann'')'),
          format('(accepted,) | (invalid_token,) | done | email_change_requested ann@example.org, verify_email %s | false | (ok,) | %1$s verified', email), 'a new request, for ' || email) FROM unnest('{ann@third.example,Ann@Elsewhere.example,ann@elsewhere.example,ANN@example.org}'::text[]) email;
SELECT is(pg_temp.story(pg_temp.access('ann'), pg_temp.move('bob@example.org'), pg_temp.verify(:'new', 'seven wet horses sing')), '(accepted,) | (invalid_token,)', 'a new request for a taken one');
SELECT is(pg_temp.story(pg_temp.access('ann'), pg_temp.move('ann@third.example', 'wrong'), pg_temp.verify(:'new', 'seven wet horses sing')), '(invalid_credentials,) | (ok,)', 'but not an attempt at one');
SELECT is(pg_temp.story(pg_temp.access('ann'), 'SELECT status FROM users_change_password(''seven wet horses sing'', ''nine old cats yodel'', ''nine old cats yodel'')', pg_temp.verify(:'new', 'nine old cats yodel'), 'RESET ROLE', 'SELECT pg_temp.address(''ann'')'), 'ok | (invalid_token,) | done | ann@example.org', 'a change of the password');
SELECT is(pg_temp.story(NULL, pg_temp.ask('reset', 'ann@example.org'), 'SELECT pg_temp.fetch()', 'SELECT o::text FROM users_reset_password(pg_temp.token(''reset_password''), ''ten dry goats mumble'', ''ten dry goats mumble'') o', pg_temp.verify(:'new', 'ten dry goats mumble'), 'SELECT pg_temp.address(''ann'')'), '(accepted,) | reset_password ann@example.org | (ok,) | (invalid_token,) | ann@example.org verified', 'a reset of it');
SELECT is(pg_temp.story(NULL, format('SELECT pg_temp.token_of(url) IS NOT NULL FROM users_issue_reset(%L, false)', pg_temp.id('ann')), pg_temp.verify(:'new', 'seven wet horses sing')), 'true | (ok,)', 'but not a link to do so');
SELECT is(pg_temp.story(NULL, format('SELECT users_disable_user(%L)', pg_temp.id('ann')), format('SELECT users_enable_user(%L)', pg_temp.id('ann')), pg_temp.verify(:'new', 'seven wet horses sing'), 'SELECT pg_temp.address(''ann'')'), 'true | true | (invalid_token,) | ann@example.org', 'disabling');
SELECT is(pg_temp.story(NULL, 'SELECT users_renew_root_key()', pg_temp.verify(:'new', 'seven wet horses sing')), 'true | (invalid_token,)', 'a new root key');
SELECT is(pg_temp.story(NULL, 'UPDATE users.link SET expires_at = clock_timestamp()', pg_temp.verify(:'new', 'seven wet horses sing')), 'done | (invalid_token,)', 'its time');
-- What was asked for waits for the relay, and then is not wanted any more.
SELECT is(pg_temp.story(pg_temp.access('bob'), pg_temp.move('bob@elsewhere.example'), 'SELECT users_cancel_email_change()', 'RESET ROLE', 'SELECT pg_temp.fetch()'), '(accepted,) | true | done | email_change_requested bob@example.org', 'cancelled before the relay came, no link goes out');
SELECT is(pg_temp.story(pg_temp.access('bob'), pg_temp.move('bob@elsewhere.example'), pg_temp.move('bob@third.example'), 'RESET ROLE', 'SELECT pg_temp.fetch()'), '(accepted,) | (accepted,) | done | email_change_requested bob@example.org, email_change_requested bob@example.org, verify_email bob@third.example', 'asked for anew, one goes to the newest only');
SELECT is(pg_temp.story(pg_temp.access('bob'), pg_temp.move('bob@elsewhere.example'), 'RESET ROLE', 'SELECT count(*) FROM users_claim_mail(1000)', 'UPDATE users.mail SET next_attempt_at = clock_timestamp() WHERE state = ''claimed''', 'SELECT users_cancel_email_change()', 'SELECT pg_temp.fetch()', 'SELECT last_error FROM users.mail WHERE state = ''expired'''),
          '(accepted,) | done | 2 | done | true | email_change_requested bob@example.org | the link is over', 'nor is one tried again that was cancelled');

---- the own address, spelled anew

SELECT is(pg_temp.story(pg_temp.access('ann'), pg_temp.move('ANN@Example.org'), 'RESET ROLE', 'SELECT pg_temp.fetch()', 'SELECT o::text FROM users_verify_email(pg_temp.token(''verify_email'')) o', 'SELECT o::text FROM users_verify_email(pg_temp.token(''verify_email''), ''seven wet horses sing'') o', 'SELECT pg_temp.address(''ann'')', pg_temp.sign_in('ann@example.org'),
                        'SELECT count(*) FROM users.identifier WHERE identifier = ''email:ann@example.org'''), '(accepted,) | done | email_change_requested ann@example.org, verify_email ANN@Example.org | (invalid_credentials,) | (ok,) | ANN@Example.org verified | ok | 1', 'in another case it is a change like any other');
SELECT is(pg_temp.story(pg_temp.access('ann'), pg_temp.move('ann@example.org'), 'RESET ROLE', 'SELECT pg_temp.fetch()', 'SELECT o::text FROM users_verify_email(pg_temp.token(''verify_email''), ''seven wet horses sing'') o', 'SELECT pg_temp.address(''ann'')', pg_temp.sign_in('ann@example.org')), '(accepted,) | done | email_change_requested ann@example.org, verify_email ann@example.org | (ok,) | ann@example.org verified | ok',
          'the very same waits no more once it is verified');

---- where verification is required

SET users.require_verified_email = on;
SELECT is(pg_temp.answer(pg_temp.sign_in(name, password), 'users_anon', true), wanted, format('%s with %L: %s', name, password, wanted))
  FROM (VALUES ('ann', 'seven wet horses sing', 'unverified'), ('ann@example.org', 'seven wet horses sing', 'unverified'), ('ann', 'wrong', 'invalid_credentials'), ('ver', 'seven wet horses sing', 'ok'), ('ver', 'wrong', 'invalid_credentials'), ('nobody', 'seven wet horses sing', 'invalid_credentials'), ('dis', 'seven wet horses sing', 'disabled')) v (name, password, wanted);
SELECT is(pg_temp.story(NULL, pg_temp.sign_in('ann'), 'SELECT concat_ws('' '', l.access_token, l.refresh_token, l.user_id, l.session_id, l.role) FROM users_login(''ann'', ''seven wet horses sing'') l', 'SELECT pg_temp.events(''ann'')', pg_temp.verify(:'ann', 'seven wet horses sing'), pg_temp.sign_in('ann')),
          'unverified |  | email_change_requested, login_failed failure, login_failed failure | (ok,) | ok', 'no token, nor an id; once verified one signs in');
SELECT is(pg_temp.story(NULL, pg_temp.ask('reset', 'bob@example.org'), 'SELECT pg_temp.fetch()', 'SELECT o::text FROM users_reset_password(pg_temp.token(''reset_password''), ''ten dry goats mumble'', ''ten dry goats mumble'') o', pg_temp.sign_in('bob', 'ten dry goats mumble')), '(accepted,) | reset_password bob@example.org | (ok,) | ok', 'a reset link that was mailed shows the address as well');
SELECT is(pg_temp.story(NULL, format('SELECT o::text FROM users_issue_reset(%L, false) l, users_reset_password(pg_temp.token_of(l.url), ''ten dry goats mumble'', ''ten dry goats mumble'') o', pg_temp.id('bob')), pg_temp.sign_in('bob', 'ten dry goats mumble')), '(ok,) | unverified', 'one that was handed over does not');
SELECT is(pg_temp.story(pg_temp.access('bob'), 'SELECT status FROM users_refresh((SELECT refresh_token FROM s WHERE name = ''bob''))'), '42501', 'a member reads no table of ours');
SELECT is(pg_temp.story(NULL, format('SELECT status FROM users_refresh(%L)', refresh_token)), 'ok', 'who was signed in stays so') FROM s WHERE name = 'bob';
SELECT is(pg_temp.story('users_anon', pg_temp.join_with(NULL, 'eve@example.org', 'eve'), '!' || pg_temp.join_with(NULL, 'ann@example.org', 'eve')) ~ '^US012 token \| US012 token\n.*HINT: [^\n]*users_request_registration', true, 'without a token nobody signs up, known or not; the HINT says how');

---- signing up with a link

SELECT is(pg_temp.answer(pg_temp.ask('registration', email), who), '(accepted,)', format('%s asks for %s', pg_temp.called(who), email)) FROM (VALUES ('Eve@Example.org', 'users_anon'), ('ann@example.org', 'users_anon'), ('DIS@example.org', 'users_anon'), (' gus@example.org ', 'users_member')) v (email, who);
SELECT is((SELECT count(*) || ' ' || count(DISTINCT class || kind || coalesce(site, '')) FROM users.mail_request WHERE user_id IS NULL), '4 1', 'each is a row, alike for all');
SELECT is(pg_temp.answer(pg_temp.ask('registration', email, site), who), wanted, format('%s for %L at %L: %s', pg_temp.called(who), email, site, wanted))
  FROM (VALUES ('users_anon', NULL, NULL, 'US001 email'), ('users_anon', 'eve', NULL, 'US001 email'), ('users_anon', 'eve@example.org', 'nowhere', 'US015 site'), ('users_anon', 'ann@example.org', 'nowhere', 'US015 site'), ('users_service', 'eve@example.org', NULL, '42501'), ('users_relay', 'eve@example.org', NULL, '42501')) v (who, email, site, wanted);
SELECT is(pg_temp.fetch(), 'already_registered ann@example.org, already_registered dis@example.org, registration Eve@Example.org, registration gus@example.org', 'a link, or a notice to the owner as he spells himself');
SELECT is((SELECT concat_ws(' ', recipient_name IS NULL, data ->> 'link' = 'http://localhost:3000/register?token=' || (data ->> 'token'), data ? 'first_name', strpos(body_text, data ->> 'link') > 0) FROM post WHERE recipient = 'Eve@Example.org'), 't t f t', 'to the page that the settings name; nobody is greeted by a name');
SELECT is((SELECT count(*) FROM users.account WHERE email ~* 'eve|gus') + (SELECT count(*) FROM users.person_id WHERE user_id IN (SELECT user_id FROM users.link WHERE nobody)), 0::bigint, 'no account is prepared');
SELECT is((SELECT bool_and(NOT data ? 'link' AND NOT data ? 'token') FROM post WHERE kind = 'already_registered'), true, 'a notice has no link');
SELECT pg_temp.token('registration', 'Eve@%') AS eve, pg_temp.token('registration', 'gus@%') AS gus \gset
SELECT is(pg_temp.story('users_anon', pg_temp.join_with(token, email, 'eve', password)), wanted, format('%s: %s', name, wanted))
  FROM (VALUES ('the link', :'eve', 'eve@example.org', 'five red cows whistle', 'ok'), ('in another case', :'eve', 'EVE@EXAMPLE.ORG', 'five red cows whistle', 'ok'), ('another address', :'eve', 'eva@example.org', 'five red cows whistle', 'US011 email'), ('an address that was mailed another', :'eve', 'gus@example.org', 'five red cows whistle', 'US011 email'),
               ('a taken address', :'eve', 'ann@example.org', 'five red cows whistle', 'US011 email'), ('a weak password', :'eve', 'eve@example.org', 'password1', 'US003 password'), ('no address', :'eve', 'eve', 'five red cows whistle', 'US001 email'), ('a word', 'token', 'eve@example.org', 'five red cows whistle', 'invalid_token'),
               ('an empty text', '', 'eve@example.org', 'five red cows whistle', 'invalid_token'), ('one cut short', left(:'eve', 85), 'eve@example.org', 'five red cows whistle', 'invalid_token'), ('the other''s tag', left(:'eve', 43) || right(:'gus', 43), 'eve@example.org', 'five red cows whistle', 'invalid_token'),
               ('much', repeat('x', 1000000), 'eve@example.org', 'five red cows whistle', 'invalid_token'), ('nothing', NULL, 'eve@example.org', 'five red cows whistle', 'US012 token')) v (name, token, email, password, wanted);
SELECT is(pg_temp.story('users_anon', pg_temp.join_with(:'eve', 'eva@example.org', 'eve'), pg_temp.join_with(:'eve', 'eve@example.org', 'eve', 'password1'), pg_temp.join_with(:'eve', 'eve@example.org', 'ann'), pg_temp.join_with(:'eve', 'Eve@example.org', 'Eve'), pg_temp.join_with(:'eve', 'eve@example.org', 'evy'), 'RESET ROLE', 'SELECT pg_temp.address(''Eve'')', 'SELECT pg_temp.events(''Eve'')',
                        pg_temp.sign_in('eve', 'five red cows whistle'), 'SELECT pg_temp.fetch()'),
          'US011 email | US003 password | 23505 username users_username_key | ok | invalid_token | done | Eve@example.org verified | register | ok | nothing', 'refused calls leave the token; it signs up once, and the address is verified');
SELECT is(pg_temp.story('users_anon', 'SELECT concat_ws('' '', r.status, r.role, r.access_token LIKE ''ey%'', r.refresh_token IS NOT NULL) FROM users_register(''eve@example.org'', ''eve'', ''five red cows whistle'', ''Eve'', ''Elm'', token => ' || quote_literal(:'eve') || ') r'), 'ok users_member t t', 'one is signed in at once');
SELECT is(pg_temp.answer(pg_temp.join_with(:'eve', 'eve@example.org', 'eve'), 'users_anon', true), 'ok', 'rolled back, the link can be used again') FROM generate_series(1, 2);
SELECT is(pg_temp.story(NULL, statement, pg_temp.join_with(:'eve', 'eve@example.org', 'eve')), wanted, format('%s: %s', name, wanted))
  FROM (VALUES ('it has not begun', 'UPDATE users.link SET expires_at = NULL', 'done | invalid_token'), ('it is over', 'UPDATE users.link SET expires_at = clock_timestamp()', 'done | invalid_token'), ('a new root key', 'SELECT users_renew_root_key()', 'true | invalid_token'), ('registration is closed', 'SET LOCAL users.registration = ''closed''', 'done | US012'),
               ('its row is somebody''s', 'UPDATE users.link SET nobody = false', 'done | invalid_token'), ('its row names another mailbox', 'UPDATE users.link SET recipient = ''eva@example.org''', 'done | invalid_token')) v (name, statement, wanted);
UPDATE users.link SET created_at = created_at - interval '10 minutes';
SELECT is(pg_temp.answer(pg_temp.ask('registration', 'EVE@example.org', 'shop'), 'users_anon') || ' ' || pg_temp.fetch(), '(accepted,) registration EVE@example.org', 'one asks again');
SELECT pg_temp.token('registration', 'EVE@%') AS again \gset
SELECT is((SELECT data ->> 'link' = 'https://shop.example/r?t=' || (data ->> 'token') FROM post ORDER BY n DESC LIMIT 1), true, 'at a site');
SELECT isnt(:'again'::text, :'eve', 'another link');
SELECT is(pg_temp.story(NULL, pg_temp.join_with(token, 'eve@example.org', 'eve')), 'ok', 'both are good') FROM (VALUES (:'eve'), (:'again')) v (token);
SELECT is(pg_temp.story(NULL, pg_temp.join_with(a, 'eve@example.org', 'eve'), pg_temp.join_with(b, 'eve@example.org', 'evy'), format('DELETE FROM users.account WHERE email = %L', 'eve@example.org'), 'DELETE FROM users.identifier WHERE identifier ~ '':eve''', pg_temp.join_with(b, 'eve@example.org', 'evy'), pg_temp.join_with(:'gus', 'gus@example.org', 'gus')),
          'ok | invalid_token | done | done | invalid_token | ok', 'until one is used, in whatever state the address is then; another address''s is not concerned') FROM (VALUES (:'eve'::text, :'again'::text), (:'again', :'eve')) v (a, b);
SELECT is(pg_temp.story(NULL, 'SET LOCAL users.require_verified_email = off', pg_temp.join_with(NULL, 'eve@example.org', 'evy'), pg_temp.join_with(:'eve', 'eve@example.org', 'eve'), 'SELECT pg_temp.address(''evy'')'), 'done | ok | 23505 email users_email_key | eve@example.org', 'an address that was taken meanwhile');
SELECT is(pg_temp.story(NULL, pg_temp.ask('registration', 'eve@example.org'), 'SET LOCAL users.require_verified_email = off', pg_temp.join_with(NULL, 'eve@example.org', 'evy'), 'SELECT pg_temp.fetch()'), '(accepted,) | done | ok | already_registered eve@example.org', 'who has it when the relay comes is told');
SELECT is(pg_temp.story(NULL, 'SET LOCAL users.require_verified_email = off', pg_temp.join_with(:'eve', 'eve@example.org', 'eve'), 'SELECT pg_temp.address(''eve'')', pg_temp.join_with(NULL, 'gus@example.org', 'gus'), 'SELECT pg_temp.address(''gus'')', pg_temp.join_with('token', 'hal@example.org', 'hal')), 'done | ok | eve@example.org verified | ok | gus@example.org | invalid_token', 'where it is not required a link verifies all the same');
RESET users.require_verified_email;

SELECT is(pg_temp.story('users_anon', pg_temp.ask('registration', 'gus@example.org')), '(accepted,)', 'registration is open');
SET users.registration = 'invited';
SELECT is(pg_temp.story('users_anon', pg_temp.ask('registration', email), pg_temp.join_with(NULL, email, 'evy')), 'US012 | US012 token', 'by invitation: ' || email) FROM unnest('{gus@example.org,ann@example.org,nonsense}'::text[]) email;
SET users.registration = 'closed';
SELECT is(pg_temp.story('users_anon', pg_temp.ask('registration', email), pg_temp.join_with(NULL, email, 'evy'), pg_temp.join_with(:'gus', email, 'evy')), 'US012 | US012 | US012', 'closed: ' || email) FROM unnest('{gus@example.org,ann@example.org,nonsense}'::text[]) email;
SELECT is(pg_temp.story('users_anon', pg_temp.ask('reset', 'ann@example.org'), pg_temp.ask('verification', 'ann@example.org')), '(accepted,) | (accepted,)', 'those who are in are not concerned');
RESET users.registration;
SELECT is(pg_temp.fetch(), 'nothing', 'nothing of all this goes out');

SELECT is_empty('SELECT said FROM heard WHERE replace(said, ''such as ann@example.org'', '''') ~* ''horses|goats|cats|cows|password1|sieglinde|(ann|bob|eve|dis|gus)@|argon2|eyJ|[a-z0-9_-]{80}''', 'no error shows a password, a name, an address or a token');
SELECT is_empty('SELECT said FROM heard WHERE said ~ ''^(US|28000)'' AND hint = ''''', 'every error of ours has a HINT');

SELECT * FROM finish();
