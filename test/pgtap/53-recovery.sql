-- A forgotten password: asking for a reset link, using it, what ends it; links
-- that administrators give. Each statement is a transaction of its own, and a
-- story leaves nothing behind.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET client_min_messages = error;
SET users.argon2_memory = '19MB';
SET users.max_mail_requests = 1000;
SELECT plan(275);
\ir ../lib/answer.sql
\ir ../lib/story.sql
\ir ../lib/mail.sql

CREATE TEMP TABLE people AS SELECT name, pg_temp.person(name, role) AS id
  FROM (VALUES ('ann', 'user'), ('bob', 'user'), ('dis', 'user'), ('del', 'user'), ('kim', 'user'), ('lou', 'user'), ('off', 'user'), ('root', 'admin'), ('boss', 'admin')) v (name, role);
CREATE FUNCTION pg_temp.id(which text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM people WHERE name = which $$;
CREATE TEMP TABLE s AS SELECT name, l.* FROM people, LATERAL users_login(name, 'seven wet horses sing') l;
CREATE FUNCTION pg_temp.access(which text) RETURNS text LANGUAGE sql AS $$ SELECT access_token FROM s WHERE name = which $$;
SELECT is(pg_temp.answer('SELECT o::text FROM users_delete_account(''seven wet horses sing'') o', pg_temp.access('del')), '(ok,)', 'somebody is deleted');
SELECT is(users_disable_user(pg_temp.id(name)), true, name || ' is disabled') FROM unnest('{dis,off}'::text[]) name;
SELECT is((users_define_site('shop', 'https://shop.example/new?t={token}', NULL, NULL, NULL, NULL, NULL)).name, 'shop', 'there is a site');
SELECT pg_temp.fetch() IS NULL AS ignored \gset
DELETE FROM users.audit_event;

---- asking

SELECT is(pg_temp.answer(pg_temp.ask('reset', email), who), '(accepted,)', format('%s asks for %L: accepted', coalesce(left(who, 12), 'a DBA'), trim(E' \t\n' FROM email)))
  FROM (VALUES ('ann@example.org', 'users_anon'), ('ANN@Example.ORG', 'users_anon'), (E' \tann@example.org\n', 'users_anon'), ('nobody@example.org', 'users_anon'), ('dis@example.org', 'users_anon'), ('del@example.org', 'users_anon'),
               ('root@example.org', 'users_anon'), (repeat('x', 242) || '@example.org', 'users_anon'), ('bob@example.org', 'users_member'), ('bob@example.org', NULL), ('bob@example.org', pg_temp.access('ann'))) v (email, who);
SELECT is((SELECT count(*) || ' ' || count(DISTINCT class || kind || coalesce(site, '')) FROM users.mail_request WHERE user_id IS NULL), '11 1', 'each is a row, alike for all');
SELECT is((SELECT count(*) FROM users.mail WHERE state <> 'sent') + (SELECT count(*) FROM users.link) + (SELECT count(*) FROM users.audit_event), 0::bigint, 'and no mail, no link, no event: nobody has been looked up');
SELECT is(pg_temp.answer(pg_temp.ask('reset', email), 'users_anon'), 'US001 email', format('%s is no address', coalesce(quote_literal(replace(email, E'\n', ' ')), 'NULL')))
  FROM (VALUES (NULL), (''), ('ann'), ('ann@'), ('@example.org'), ('ann@example..org'), ('ann @example.org'), ('ann@example.org, eve@example.org'), (E'ann@example.org\nBcc: eve@example.org'), ('<ann@example.org>'), (repeat('x', 243) || '@example.org')) v (email);
SELECT is(pg_temp.answer(pg_temp.ask('reset', email, site), 'users_anon'), 'US015 site', format('%L is no site, for %s', site, email)) FROM (VALUES ('ann@example.org'), ('nobody@example.org')) v (email), (VALUES ('nowhere'), (''), ('SHOP'), ('shop '), ('https://evil.example/{token}'), (repeat('x', 1000))) w (site);
SELECT is(pg_temp.answer(pg_temp.ask('reset', 'ann', 'nowhere'), 'users_anon'), 'US001 email', 'the address is looked at first');
SELECT is(pg_temp.answer(pg_temp.ask('reset', 'ann@example.org'), who), '42501', 'not for ' || who) FROM unnest('{users_service,users_relay,users_proxy}'::text[]) who;
SELECT is(pg_temp.answer('SET LOCAL transaction_read_only = on; ' || pg_temp.ask('reset', email), undo => true), '25006', 'nor READ ONLY: ' || email) FROM unnest('{ann@example.org,nobody@example.org,nonsense}'::text[]) email;
SELECT is((SELECT count(*) FROM users.mail_request), 11::bigint, 'what is refused leaves nothing');
SELECT is(pg_temp.fetch(), 'reset_password ann@example.org, reset_password ann@example.org, reset_password ann@example.org, reset_password bob@example.org, reset_password bob@example.org, reset_password bob@example.org, reset_password root@example.org',
          'mail goes to those who have an enabled account, to the address as it is in there');
SELECT is((SELECT count(*) FROM users.mail_request), 0::bigint, 'nothing is left of the others');
SELECT is(pg_temp.events(name), wanted, coalesce(name || ': ' || wanted, name || ' has no event'))
  FROM (VALUES ('ann', 'reset_requested, reset_requested, reset_requested'), ('root', 'reset_requested'), ('dis', NULL), ('del', NULL)) v (name, wanted);
SELECT is((SELECT count(*) FROM users.audit_event WHERE nobody), 0::bigint, 'nobody''s address leaves no event');
SELECT is((SELECT count(*) FROM post WHERE kind = 'reset_password' AND data ->> 'token' ~ '^[A-Za-z0-9_-]{86}$' AND data ->> 'link' = 'http://localhost:3000/password/reset?token=' || (data ->> 'token')
                                       AND strpos(body_text, data ->> 'link') > 0 AND strpos(body_html, data ->> 'link') > 0 AND site IS NULL), 7::bigint, 'each shows its link, to the page that the settings name');
SELECT is(pg_temp.answer(pg_temp.ask('reset', 'ann@example.org', 'shop'), 'users_anon') || ' ' || pg_temp.fetch(), '(accepted,) reset_password ann@example.org', 'a site is named');
SELECT is((SELECT concat_ws(' ', site, data ->> 'link' = 'https://shop.example/new?t=' || (data ->> 'token'), strpos(body_text, data ->> 'link') > 0) FROM post ORDER BY n DESC LIMIT 1), 'shop t t', 'whose page the link opens');
SELECT is(pg_temp.answer(pg_temp.ask('reset', 'ann@example.org', 'shop'), 'users_anon', true) || ' ' || pg_temp.fetch(), '(accepted,) nothing', 'a ROLLBACK takes it back');

---- how often

SET users.max_mail_requests = 3;
SELECT is(string_agg(pg_temp.answer(pg_temp.ask(function, email), 'users_anon', undo), ' ' ORDER BY n), '(accepted,) (accepted,) (accepted,)', min(email) || ': so many are accepted, those rolled back too')
  FROM (VALUES ('thr1', 1, 'reset', 'Thr1@example.org', false), ('thr1', 2, 'reset', 'thr1@EXAMPLE.org', true), ('thr1', 3, 'reset', 'thr1@example.org', false),
               ('off', 1, 'reset', 'off@example.org', true), ('off', 2, 'reset', 'off@example.org', true), ('off', 3, 'reset', 'off@example.org', true),
               ('kim', 1, 'reset', 'kim@example.org', false), ('kim', 2, 'reset', 'kim@example.org', false), ('kim', 3, 'reset', ' KIM@example.org', false)) v (name, n, function, email, undo)
 GROUP BY name ORDER BY name;
SELECT matches(pg_temp.answer(pg_temp.ask('reset', email), 'users_anon'), '^\(throttled,([1-9]|[12]\d|30)\)$', format('the next reset for %L is throttled, and says for how long', email))
  FROM (VALUES ('thr1@example.org'), ('THR1@example.org'), (' off@example.org '), ('kim@example.org'), ('Kim@Example.org')) v (email);
SELECT is(string_agg(pg_temp.answer(pg_temp.ask(function, 'kim@example.org'), 'users_anon', true), ' ' ORDER BY n), '(accepted,) (accepted,) (accepted,) (throttled,30)', function || ': each kind has a budget of its own, so that what mails nothing cannot use up a reset''s')
  FROM (VALUES ('verification'), ('registration')) v (function), generate_series(1, 4) n GROUP BY function ORDER BY function;
SELECT is(pg_temp.answer(pg_temp.ask('reset', 'lou@example.org'), 'users_anon'), '(accepted,)', 'another address is not concerned');
SELECT is(pg_temp.answer(pg_temp.ask('reset', 'kim@example.org', 'nowhere'), 'users_anon'), 'US015 site', 'a site that there is not is told all the same');
SELECT is(pg_temp.answer(pg_temp.ask('reset', email), 'users_anon'), 'US001 email', 'and what is no address') FROM unnest('{ann,kim@}'::text[]) email;
SELECT is(pg_temp.answer(pg_temp.sign_in('kim')), 'ok', 'signing in is another matter');
SELECT is((SELECT count(*) FROM users.mail_request), 6::bigint, 'throttled requests leave no row');
SELECT is(pg_temp.fetch(), 'reset_password kim@example.org, reset_password kim@example.org, reset_password kim@example.org, reset_password lou@example.org', 'nor a mail');
SET users.max_mail_requests = 1000;

CREATE ROLE regress_users_53_trusted LOGIN NOINHERIT;
SELECT users_setup_login('regress_users_53_trusted', trusted_client => true) IS NULL AS ignored \gset
CREATE FUNCTION pg_temp.from_client(statement text, address text) RETURNS text LANGUAGE sql AS
$$ SELECT format('SET LOCAL SESSION AUTHORIZATION regress_users_53_trusted; SET LOCAL ROLE users_anon; SELECT set_config(''users.client_address'', %L, true); %s', address, statement) $$;
SET users.max_registrations = 3;
SELECT matches(string_agg(pg_temp.answer(pg_temp.from_client(pg_temp.ask('reset', 'spray' || n || '@example.org'), address), undo => true), ' ' ORDER BY n), '^\(accepted,\) \(accepted,\) \(accepted,\) \(throttled,\d+\)$', 'a client asks for so many addresses, and no more: ' || address)
  FROM generate_series(1, 4) n, unnest('{192.0.2.1,2001:db8::1}'::text[]) address GROUP BY address;
SELECT matches(pg_temp.answer(pg_temp.from_client(pg_temp.ask('reset', email), address), undo => true), wanted, format('%s for %s: %s', address, email, wanted))
  FROM (VALUES ('192.0.2.1', 'lou@example.org', '^\(throttled,\d+\)$'), ('2001:db8::ffff:2', 'lou@example.org', '^\(throttled,\d+\)$'), ('192.0.2.2', 'lou@example.org', '^\(accepted,\)$'), ('2001:db8:0:1::1', 'lou@example.org', '^\(accepted,\)$'),
               ('somewhere', 'lou@example.org', '^\(accepted,\)$')) v (address, email, wanted);
SELECT is(pg_temp.answer(pg_temp.from_client(pg_temp.sign_in('kim'), '192.0.2.1'), undo => true), 'ok', 'signing in from there is another matter');
RESET users.max_registrations;
DROP OWNED BY regress_users_53_trusted;
DROP ROLE regress_users_53_trusted;

SET users.max_waiting_requests = 2;
SET users.max_mail_requests = 3;
SELECT is(string_agg(pg_temp.answer(pg_temp.ask('reset', email), 'users_anon'), ' '), wanted, 'when two wait: ' || wanted)
  FROM (VALUES (1, 'many1@example.org', '(accepted,) (accepted,)'), (1, 'many2@example.org', '(accepted,) (accepted,)'), (2, 'dis@example.org', '(busy,2) (busy,2)'), (2, 'many3@example.org', '(busy,2) (busy,2)')) v (n, email, wanted) GROUP BY n, wanted ORDER BY n;
SELECT is(pg_temp.fetch(), 'nothing', 'the relay takes them away');
SELECT is(string_agg(pg_temp.answer(pg_temp.ask('reset', 'many3@example.org'), 'users_anon', true), ' '), '(accepted,) (accepted,) (accepted,)', 'then there is room, and what was busy was charged to nobody') FROM generate_series(1, 3);
RESET users.max_waiting_requests;
SET users.max_mail_requests = 1000;

---- the same link for five minutes

DELETE FROM users.link;
SELECT pg_temp.answer(pg_temp.ask('reset', 'ann@example.org'), 'users_anon') || pg_temp.fetch() AS ignored \gset
SELECT pg_temp.token('reset_password') AS first \gset
UPDATE users.link SET created_at = created_at - interval '4 minutes', expires_at = expires_at - interval '4 minutes';
SELECT pg_temp.answer(pg_temp.ask('reset', 'ANN@example.org'), 'users_anon') || pg_temp.fetch() AS ignored \gset
SELECT is(pg_temp.token('reset_password'), :'first', 'within five minutes the same link is mailed again');
SELECT is((SELECT count(*) || ' ' || count(DISTINCT data ->> 'expires_at') FROM (SELECT data FROM post ORDER BY n DESC LIMIT 1) l JOIN users.link k ON (l.data ->> 'expires_at')::timestamptz = date_trunc('second', k.expires_at)), '1 1', 'with its first expiry');
UPDATE users.link SET created_at = created_at - interval '61 seconds';
SELECT pg_temp.answer(pg_temp.ask('reset', 'ann@example.org'), 'users_anon') || pg_temp.fetch() AS ignored \gset
SELECT pg_temp.token('reset_password') AS second \gset
SELECT isnt(:'second'::text, :'first', 'after that another');
SELECT is(pg_temp.story('users_anon', pg_temp.reset(token)), '(ok,)', 'both are good: the ' || name) FROM (VALUES ('first', :'first'), ('second', :'second')) v (name, token);
SELECT is(pg_temp.story('users_anon', pg_temp.reset(a), pg_temp.reset(b, 'nine old cats yodel'), pg_temp.reset(a, 'nine old cats yodel'), 'RESET ROLE', pg_temp.sign_in('ann', 'ten dry goats mumble'), pg_temp.sign_in('ann', 'nine old cats yodel')),
          '(ok,) | (invalid_token,) | (invalid_token,) | done | ok | invalid_credentials', 'until one of them is used') FROM (VALUES (:'first'::text, :'second'::text), (:'second', :'first')) v (a, b);
SELECT is(pg_temp.story(NULL, pg_temp.reset(:'second'), pg_temp.ask('reset', 'ann@example.org'), 'SELECT pg_temp.fetch()', format('SELECT pg_temp.token(''reset_password'') IN (%L, %L)', :'first', :'second'), 'SELECT count(*) FROM users.link WHERE spent_at IS NULL AND version = 2'),
          '(ok,) | (accepted,) | password_changed ann@example.org, reset_password ann@example.org | false | 1', 'one that is over is not mailed again');
SELECT is(pg_temp.story(NULL, 'UPDATE users.link SET created_at = clock_timestamp(), expires_at = clock_timestamp() - interval ''1 second''', pg_temp.ask('reset', 'ann@example.org'), 'SELECT pg_temp.fetch()', format('SELECT pg_temp.token(''reset_password'') IN (%L, %L)', :'first', :'second')),
          'done | (accepted,) | reset_password ann@example.org | false', 'nor one whose time is over');
SELECT is(pg_temp.story(NULL, pg_temp.ask('reset', 'bob@example.org'), 'SELECT pg_temp.fetch()', format('SELECT pg_temp.token(''reset_password'') IN (%L, %L)', :'first', :'second')), '(accepted,) | reset_password bob@example.org | false', 'nor one of somebody else');

---- a link's time (S29)

-- Days after it was asked for nothing goes out; hours do not count.
SELECT is(pg_temp.story(NULL, pg_temp.ask('reset', 'ann@example.org'), format('UPDATE users.mail_request SET created_at = created_at - interval %L', age), 'SELECT pg_temp.fetch()'), '(accepted,) | done | ' || wanted, age || ': ' || wanted)
  FROM (VALUES ('23 hours', 'reset_password ann@example.org'), ('25 hours', 'nothing')) v (age, wanted);
SELECT is(pg_temp.story(NULL, pg_temp.ask('reset', 'ann@example.org'), 'UPDATE users.mail_request SET created_at = created_at - interval ''5 hours''', 'SELECT pg_temp.fetch()',
                        'SELECT expires_at BETWEEN clock_timestamp() + interval ''59 minutes'' AND clock_timestamp() + interval ''1 hour'' FROM users.link ORDER BY id DESC LIMIT 1'), '(accepted,) | done | reset_password ann@example.org | true',
          'its time begins when the relay first claims its mail');
SELECT is(pg_temp.story(NULL, 'SET LOCAL users.reset_token_ttl = ''1min''', pg_temp.ask('reset', 'bob@example.org'), 'SELECT pg_temp.fetch()', 'SELECT expires_at BETWEEN clock_timestamp() AND clock_timestamp() + interval ''1 minute'' FROM users.link ORDER BY id DESC LIMIT 1'),
          'done | (accepted,) | reset_password bob@example.org | true', 'and lasts as the setting says');
SELECT is(pg_temp.story(NULL, 'SET LOCAL users.reset_token_ttl = ''1min''', format('SELECT user_id IS NOT NULL FROM users_issue_reset(%L)', pg_temp.id('bob')), 'SELECT count(*) FROM users.link WHERE expires_at IS NULL', 'UPDATE users.link SET created_at = created_at - interval ''2 hours'' WHERE expires_at IS NULL',
                        'SELECT pg_temp.fetch()', 'SELECT expires_at > clock_timestamp() FROM users.link ORDER BY id DESC LIMIT 1'), 'done | true | 1 | done | reset_password bob@example.org | true', 'a mail that waited has the whole of it');
SELECT is(pg_temp.story(NULL, 'UPDATE users.link SET expires_at = NULL', pg_temp.reset(:'second')), 'done | (invalid_token,)', 'before it has begun no token counts');
SELECT is(pg_temp.story(NULL, pg_temp.ask('reset', 'bob@example.org'),
                        'CREATE TEMP TABLE claimed ON COMMIT DROP AS SELECT * FROM users_claim_mail()', 'SELECT count(*) FROM users_claim_mail()', 'UPDATE users.mail SET next_attempt_at = clock_timestamp() - interval ''1 second'' WHERE state = ''claimed''', 'UPDATE users.link SET expires_at = expires_at - interval ''30 minutes''',
                        'SELECT concat_ws('' '', a.data ->> ''token'' = c.data ->> ''token'', a.message_id = c.message_id, (a.data ->> ''expires_at'')::timestamptz - (c.data ->> ''expires_at'')::timestamptz, c.attempt, a.attempt) FROM users_claim_mail() a, claimed c'),
          '(accepted,) | done | 0 | done | done | t t -00:30:00 1 2', 'claimed again after its lease it is the same link, whose time goes on');

BEGIN;
UPDATE users.link SET expires_at = now() + interval '2 seconds';
SELECT ok(now() < expires_at, 'the transaction began before the link was over') FROM users.link ORDER BY id DESC LIMIT 1;
SELECT pg_sleep(greatest(0, extract(epoch FROM expires_at - clock_timestamp()) + 0.1)) IS NULL AS ignored FROM users.link ORDER BY id DESC LIMIT 1 \gset
SELECT is(pg_temp.answer(pg_temp.reset(token), 'users_anon'), '(invalid_token,)', 'and yet: over is what the clock says, ' || name) FROM (VALUES ('first', :'first'), ('second', :'second')) v (name, token);
ROLLBACK;
SELECT is(pg_temp.story(NULL, 'UPDATE users.link SET expires_at = clock_timestamp() + interval ''1 hour''', pg_temp.reset(:'second')), 'done | (ok,)', 'with time left it counts');

---- using it (S7 S22 S39)

UPDATE users.link SET created_at = created_at - interval '10 minutes';
SELECT count(pg_temp.answer(pg_temp.ask('reset', name || '@example.org'), 'users_anon')) AS ignored FROM people WHERE name <> 'ann' \gset
SELECT pg_temp.fetch() AS ignored \gset
SELECT pg_temp.token('reset_password', 'bob@%') AS bob \gset
DELETE FROM users.audit_event;
CREATE TEMP TABLE before AS SELECT * FROM users.credential;
CREATE TEMP TABLE links AS SELECT * FROM users.link;
SELECT is(pg_temp.answer(format('SELECT o::text FROM users_reset_password(%L, %L, %L) o', :'second', new, again), 'users_anon'), wanted, wanted || ': ' || name)
  FROM (VALUES ('another the second time', 'ten dry goats mumble', 'ten dry goats mumbl', 'US004 confirm_password'), ('another case', 'ten dry goats mumble', 'Ten dry goats mumble', 'US004 confirm_password'), ('no second time', 'ten dry goats mumble', NULL, 'US004 confirm_password'),
               ('a second time only', NULL, 'ten dry goats mumble', 'US004 confirm_password'), ('weak and another', 'x', 'y', 'US004 confirm_password'), ('none', NULL, NULL, 'US003 new_password too_short'), ('an empty one', '', '', 'US003 new_password too_short'),
               ('a short one', 'k7#qZ!9', 'k7#qZ!9', 'US003 new_password too_short'), ('too long a one', repeat('wx', 513), repeat('wx', 513), 'US003 new_password too_long'), ('a common one', 'password1', 'password1', 'US003 new_password common'),
               ('the address', 'ann@example.org', 'ann@example.org', 'US003 new_password contains_name'), ('a name', 'Sieglinde', 'Sieglinde', 'US003 new_password contains_name'), ('a sequence', 'abcdefghij', 'abcdefghij', 'US003 new_password sequence')) v (name, new, again, wanted);
SELECT is(pg_temp.answer(pg_temp.reset(token, password), 'users_anon'), '(invalid_token,)', format('%s is no token, whatever the password: %s', name, password))
  FROM (VALUES ('nothing', NULL), ('an empty text', ''), ('a word', 'token'), ('a token cut short', left(:'second', 85)), ('a token and more', :'second' || 'A'), ('a token in brackets', '<' || :'second' || '>'), ('a token and a line', :'second' || E'\n'),
               ('a changed one', translate(left(:'second', 1), 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-', 'BCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-A') || substr(:'second', 2)),
               ('half of one and half of the other', left(:'first', 43) || right(:'second', 43)), ('the other''s tag', left(:'first', 42) || right(:'second', 44)), ('another user''s tag', left(:'second', 42) || right(:'bob', 44)), ('much', repeat('x', 1000000)), ('86 of a kind', repeat('A', 86)), ('an access token', pg_temp.access('ann'))) v (name, token),
       unnest('{ten dry goats mumble,x}'::text[]) password;
SELECT is(pg_temp.answer('SET LOCAL transaction_read_only = on; ' || pg_temp.reset(token), undo => true), '25006', 'READ ONLY, alike') FROM (VALUES (:'second'), ('token'), (NULL)) v (token);
SELECT is(pg_temp.answer(pg_temp.reset(:'second'), who), '42501', 'not for ' || who) FROM unnest('{users_service,users_relay,users_proxy}'::text[]) who;
SELECT results_eq('SELECT * FROM users.credential ORDER BY user_id', 'SELECT * FROM before ORDER BY user_id', 'no password has changed');
SELECT results_eq('SELECT * FROM users.link ORDER BY id', 'SELECT * FROM links ORDER BY id', 'no link is spent');
SELECT is((SELECT count(*) FROM users.audit_event) + (SELECT count(*) FROM users.mail WHERE state <> 'sent'), 0::bigint, 'nothing is recorded, nothing is mailed');
SELECT is(pg_temp.sessions('ann') > 0, true, 'and the sessions go on');

SELECT is(pg_temp.story(who, pg_temp.reset(:'second')), '(ok,)', 'it works for ' || name) FROM (VALUES ('nobody signed in', 'users_anon'), ('a session of somebody else', pg_temp.access('bob')), ('an own session', pg_temp.access('ann'))) v (name, who);
SELECT is(pg_temp.story(pg_temp.access('ann'), pg_temp.reset(:'second'), 'RESET ROLE', 'SELECT pg_temp.sessions(''ann'')'), '(ok,) | done | 0', 'the own session ends too');
SELECT is(pg_temp.answer(pg_temp.reset(:'second'), 'users_anon', true), '(ok,)', 'rolled back, it can be used again') FROM generate_series(1, 2);

UPDATE users.account SET reset_required = true, pending_email = 'ann@elsewhere.example' WHERE user_id = pg_temp.id('ann');
SET users.max_failed_logins = 2;
SELECT is(string_agg(pg_temp.answer(pg_temp.sign_in('ann', 'wrong')), ' '), 'invalid_credentials invalid_credentials throttled', 'somebody guesses, until the account is throttled') FROM generate_series(1, 3);
DELETE FROM users.audit_event;
SELECT is(pg_temp.answer(pg_temp.reset(:'second'), 'users_anon'), '(ok,)', 'a new password');
SELECT is(pg_temp.events('ann'), 'email_verified, password_reset', 'is recorded, and that the address was shown');
SELECT is((SELECT bool_and(actor_id IS NULL AND session_id IS NULL AND e.detail = '{}' AND EXISTS (SELECT FROM users.event_position o WHERE o.event_id = e.id)) FROM users.audit_event e), true, 'of nobody signed in; followers of events hear of it');
SELECT is(pg_temp.sessions('ann'), 0::bigint, 'every session has ended');
SELECT is(pg_temp.answer(format('SELECT users_authenticate(%L)', pg_temp.access('ann'))) || ' ' || pg_temp.answer(format('SELECT status FROM users_refresh(%L)', refresh_token)), '28000 invalid_token', 'with their tokens') FROM s WHERE name = 'ann';
SELECT is(pg_temp.sessions('bob') > 0, true, 'nobody else''s');
SELECT is((SELECT concat_ws(' ', reset_required, pending_email, email_verified_at BETWEEN now() - interval '1 minute' AND clock_timestamp()) FROM users.account WHERE user_id = pg_temp.id('ann')), 'f t', 'reset_required is lifted, a change of address given up, the address verified');
SELECT is(pg_temp.answer(pg_temp.sign_in('ann', 'ten dry goats mumble'), undo => true), 'ok', 'the new password signs in: the throttle is lifted');
SELECT is(pg_temp.answer(pg_temp.sign_in('ann'), undo => true), 'invalid_credentials', 'the old one does not');
RESET users.max_failed_logins;
SELECT is((SELECT count(*) FROM users.credential c JOIN before b USING (user_id, password_hash, nonce)), 8::bigint, 'nobody else''s has changed');
SELECT is(pg_temp.fetch(), 'password_changed ann@example.org', 'a notice is mailed');
SELECT is((SELECT concat_ws(' ', data ? 'link', data ? 'token', body_text ~* 'goats') FROM post ORDER BY n DESC LIMIT 1), 'f f f', 'without a link, and without the password');
SELECT is(pg_temp.answer(pg_temp.reset(token, 'nine old cats yodel'), 'users_anon'), '(invalid_token,)', 'no second time: the ' || name) FROM (VALUES ('first', :'first'), ('second', :'second')) v (name, token);
SELECT is(pg_temp.answer(pg_temp.reset(token, 'x'), 'users_anon'), '(invalid_token,)', 'nor is a weak password then worth a word') FROM (VALUES (:'first'), (:'second')) v (token);
SELECT is(pg_temp.events('ann'), 'email_verified, password_reset', 'of that nothing is recorded');
SELECT is(pg_temp.fetch(), 'nothing', 'nor mailed');
SELECT is(pg_temp.story(NULL, pg_temp.reset(:'bob'), 'SELECT pg_temp.address(''bob'')', 'SELECT pg_temp.events(''bob'')'), '(ok,) | bob@example.org verified | email_verified, password_reset', 'it verifies an address');
SELECT is(pg_temp.story(NULL, format('UPDATE users.account SET email_verified_at = ''2020-01-01Z'' WHERE user_id = %L', pg_temp.id('bob')), pg_temp.reset(:'bob'), format('SELECT email_verified_at = ''2020-01-01Z'' FROM users.account WHERE user_id = %L', pg_temp.id('bob')), 'SELECT pg_temp.events(''bob'')'),
          'done | (ok,) | true | password_reset', 'one that was verified stays as it was');

---- what ends it

SELECT is(pg_temp.answer(pg_temp.reset(pg_temp.token('reset_password', name || '@%')), 'users_anon', true), wanted, format('%s: %s', name, wanted)) FROM (VALUES ('bob', '(ok,)'), ('root', '(ok,)')) v (name, wanted);
SELECT is(pg_temp.answer(statement, NULL, true), wanted, name)
  FROM (VALUES ('disabled', format('SELECT users_disable_user(%L); %s', pg_temp.id('bob'), pg_temp.reset(:'bob')), '(invalid_token,)'),
               ('disabled and enabled again', format('SELECT users_disable_user(%1$L); SELECT users_enable_user(%1$L); %2$s', pg_temp.id('bob'), pg_temp.reset(:'bob')), '(invalid_token,)'),
               ('enabled, when it was enabled', format('SELECT users_enable_user(%L); %s', pg_temp.id('bob'), pg_temp.reset(:'bob')), '(ok,)'),
               ('a new root key', format('SELECT users_renew_root_key(); %s', pg_temp.reset(:'bob')), '(invalid_token,)'),
               ('a new signing key', format('SELECT users_rotate_key(); %s', pg_temp.reset(:'bob')), '(ok,)'),
               ('another platform role', format('SELECT users_set_platform_role(%L, ''admin''); %s', pg_temp.id('bob'), pg_temp.reset(:'bob')), '(invalid_token,)'),
               ('its row is gone', format('DELETE FROM users.link WHERE user_id = %L; %s', pg_temp.id('bob'), pg_temp.reset(:'bob')), '(invalid_token,)'),
               ('its row is somebody else''s', format('UPDATE users.link SET user_id = %L; %s', pg_temp.id('ann'), pg_temp.reset(:'bob')), '(invalid_token,)'),
               ('its row names another mailbox', format('UPDATE users.link SET recipient = %L; %s', 'eve@example.org', pg_temp.reset(:'bob')), '(invalid_token,)'),
               ('its row names another kind', format('UPDATE users.link SET kind = %L; %s', 'welcome', pg_temp.reset(:'bob')), '(invalid_token,)'),
               ('its row has another nonce', format('UPDATE users.link SET nonce = %L; %s', '\x00000000000000000000000000000000', pg_temp.reset(:'bob')), '(invalid_token,)'),
               ('signing in', pg_temp.sign_in('bob') || '; ' || pg_temp.reset(:'bob'), '(ok,)')) v (name, statement, wanted);
SELECT is(pg_temp.story(pg_temp.access('bob'), 'SELECT status FROM users_change_password(''seven wet horses sing'', ''nine old cats yodel'', ''nine old cats yodel'')', pg_temp.reset(:'bob')), 'ok | (invalid_token,)', 'a change of the password');
SELECT is(pg_temp.story(pg_temp.access('bob'), 'SELECT status FROM users_change_password(''wrong'', ''nine old cats yodel'', ''nine old cats yodel'')', pg_temp.reset(:'bob')), 'invalid_credentials | (ok,)', 'but not an attempt at it');
SELECT is(pg_temp.story(pg_temp.access('bob'), 'SELECT status FROM users_delete_account(''seven wet horses sing'')', pg_temp.reset(:'bob')), 'ok | (invalid_token,)', 'deleting the account');
SELECT is(pg_temp.story(pg_temp.access('bob'), pg_temp.move('bob@elsewhere.example'), pg_temp.reset(:'bob')), '(accepted,) | (ok,)', 'asking for another address does not end it');
SELECT is(pg_temp.story(pg_temp.access('bob'), pg_temp.move('bob@elsewhere.example'), 'RESET ROLE', 'SELECT pg_temp.fetch()', 'SELECT o::text FROM users_verify_email(pg_temp.token(''verify_email'', ''bob@elsewhere%''), ''seven wet horses sing'') o', 'SELECT pg_temp.address(''bob'')', pg_temp.reset(:'bob')),
          '(accepted,) | done | email_change_requested bob@example.org, verify_email bob@elsewhere.example | (ok,) | bob@elsewhere.example verified | (invalid_token,)', 'the change of the address does');
SELECT is(pg_temp.story(NULL, pg_temp.ask('reset', 'bob@example.org'), format('SELECT users_disable_user(%L)', pg_temp.id('bob')), 'SELECT pg_temp.fetch()'), '(accepted,) | true | nothing', 'who is disabled before the relay comes gets none');
SELECT is(pg_temp.story(NULL, 'UPDATE users.link SET created_at = created_at - interval ''10 minutes''', format('SELECT user_id IS NOT NULL FROM users_issue_reset(%L)', pg_temp.id('bob')), format('SELECT users_disable_user(%L)', pg_temp.id('bob')), format('SELECT users_enable_user(%L)', pg_temp.id('bob')), 'SELECT pg_temp.fetch()',
                        'SELECT state || '' '' || last_error FROM users.mail ORDER BY id DESC LIMIT 1'), 'done | true | true | true | nothing | expired the link is over', 'nor whose link was over before the relay came');

---- links that administrators give (S9)

CREATE FUNCTION pg_temp.issue(name text, more text DEFAULT '') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT concat_ws('' '', l.user_id = %1$L, l.url ~ ''^http://localhost:3000/password/reset\?token=[A-Za-z0-9_-]{86}$'', l.expires_at > now()) FROM users_issue_reset(%1$L%2$s) l', pg_temp.id(name), more) $$;
UPDATE users.link SET created_at = created_at - interval '10 minutes';
DELETE FROM users.audit_event;
SELECT is(pg_temp.story(NULL, pg_temp.issue('bob'), 'SELECT pg_temp.fetch()', 'SELECT o::text FROM users_reset_password(pg_temp.token(''reset_password''), ''ten dry goats mumble'', ''ten dry goats mumble'') o', 'SELECT pg_temp.address(''bob'')', pg_temp.sign_in('bob', 'ten dry goats mumble'), 'SELECT pg_temp.events(''bob'')'),
          't | reset_password bob@example.org | (ok,) | bob@example.org verified | ok | email_verified, login, password_reset, reset_issued', 'mailed: nothing is shown to the administrator');
SELECT is(pg_temp.story(NULL, pg_temp.issue('bob', more)), wanted, format('%s: %s', more, wanted))
  FROM (VALUES (', true', 't'), (', NULL', 't'), (', send_mail => false', 't t t'), (', expire_password => true', 't'), (', expire_password => NULL', 't'), (', site => ''shop''', 't'), (', site => ''nowhere''', 'US015 site'), (', false, site => ''nowhere''', 'US015 site'), (', site => ''''', 'US015 site')) v (more, wanted);
SELECT is(pg_temp.story(NULL, format('SELECT url ~ ''^https://shop.example/new\?t=[A-Za-z0-9_-]{86}$'' FROM users_issue_reset(%L, false, site => ''shop'')', pg_temp.id('bob'))), 'true', 'a site''s page');
SELECT is(pg_temp.story(NULL, pg_temp.issue('bob', ', site => ''shop'''), 'SELECT pg_temp.fetch()', 'SELECT site || '' '' || (data ->> ''link'' LIKE ''https://shop.example/new?t=%'') FROM post ORDER BY n DESC LIMIT 1'), 't | reset_password bob@example.org | shop true', 'in a mail too');
SELECT pg_temp.token_of(url) AS handed FROM users_issue_reset(pg_temp.id('bob'), send_mail => false) \gset
SELECT is(pg_temp.fetch(), 'nothing', 'one that is handed over is not mailed as well');
SELECT is((SELECT recipient || '|' || (expires_at BETWEEN clock_timestamp() + interval '59 minutes' AND clock_timestamp() + interval '1 hour') FROM users.link ORDER BY id DESC LIMIT 1), '|true', 'its time has begun');
SELECT is(pg_temp.story('users_anon', pg_temp.reset(:'handed'), 'RESET ROLE', 'SELECT pg_temp.address(''bob'')', 'SELECT pg_temp.sessions(''bob'')', pg_temp.sign_in('bob', 'ten dry goats mumble'), pg_temp.reset(:'handed'), 'SELECT pg_temp.events(''bob'')', 'SELECT pg_temp.fetch()'),
          '(ok,) | done | bob@example.org | 0 | ok | (invalid_token,) | login, password_reset, reset_issued | password_changed bob@example.org', 'it sets the password, once, and verifies no address; a notice tells the owner');
SELECT is(pg_temp.story(NULL, format('UPDATE users.account SET email_verified_at = now() WHERE user_id = %L', pg_temp.id('bob')), pg_temp.reset(:'handed'), 'SELECT pg_temp.address(''bob'')'), 'done | (ok,) | bob@example.org verified', 'nor takes it away');
SELECT is(pg_temp.story(NULL, format('SELECT pg_temp.token_of(url) = %L FROM users_issue_reset(%L, false)', :'handed', pg_temp.id('bob')), pg_temp.reset(:'handed')), 'false | (ok,)', 'each is another; the first still holds');
SELECT is(pg_temp.story(NULL, pg_temp.issue('bob', ', expire_password => true'), 'SELECT pg_temp.sessions(''bob'')', pg_temp.sign_in('bob'), pg_temp.sign_in('bob', 'wrong'), format('SELECT users_authenticate(%L)', pg_temp.access('bob')), 'SELECT pg_temp.fetch()',
                        'SELECT o::text FROM users_reset_password(pg_temp.token(''reset_password''), ''ten dry goats mumble'', ''ten dry goats mumble'') o', pg_temp.sign_in('bob', 'ten dry goats mumble')),
          't | 0 | reset_required | invalid_credentials | 28000 | reset_password bob@example.org | (ok,) | ok', 'expire_password: every session ends, and the password is good for nothing but hearing so');
SELECT is(pg_temp.story(NULL, pg_temp.issue('bob'), 'SELECT pg_temp.sessions(''bob'') > 0', pg_temp.sign_in('bob')), 't | true | ok', 'without it nothing ends');
SELECT is(pg_temp.story(NULL, pg_temp.issue('bob', ', expire_password => true'), pg_temp.reset(:'handed'), pg_temp.sign_in('bob', 'ten dry goats mumble')), 't | (ok,) | ok', 'a link that was given before still holds then');
SELECT alike(pg_temp.story(NULL, '!' || pg_temp.issue('dis')), E'US011 user_id\n%The account is not enabled.%', 'not for who is disabled');
SELECT is(pg_temp.story(NULL, pg_temp.issue('del'), pg_temp.issue('dis', ', false'), pg_temp.issue('del', ', false, true')), 'US011 user_id | US011 user_id | US011 user_id', 'nor deleted, in no way');
SELECT is(pg_temp.story(NULL, format('SELECT url FROM users_issue_reset(%L)', id)), 'US014 user_id', coalesce(id::text, 'NULL') || ' is nobody') FROM (VALUES (NULL::uuid), ('00000000-0000-0000-0000-000000000000')) v (id);
SELECT is(pg_temp.story(who, pg_temp.issue(name), pg_temp.issue(name, ', false'), pg_temp.issue(name, ', expire_password => true')), wanted, format('%s for %s: %s', whose, name, wanted))
  FROM (VALUES ('an administrator by token', pg_temp.access('root'), 'bob', 't | t t t | t'), ('an administrator by token', pg_temp.access('root'), 'boss', '42501 | 42501 | 42501'), ('an administrator by token', pg_temp.access('root'), 'root', 't | 42501 | t'),
               ('a DBA', NULL, 'boss', 't | t t t | t'), ('a DBA by role', 'users_dba', 'boss', 't | t t t | t'), ('nobody', 'users_admin', 'bob', '42501 | 42501 | 42501'), ('a member', pg_temp.access('bob'), 'bob', '42501 | 42501 | 42501'), ('a stranger', 'users_anon', 'bob', '42501 | 42501 | 42501'),
               ('a relay', 'users_relay', 'bob', '42501 | 42501 | 42501'), ('a service', 'users_service', 'bob', '42501 | 42501 | 42501')) v (whose, who, name, wanted);
SELECT is(pg_temp.story(pg_temp.access('root'), pg_temp.issue('bob'), 'RESET ROLE', format('SELECT concat_ws('' '', actor_id = %L, session_id IS NOT NULL, detail) FROM users.audit_event WHERE event = ''reset_issued'' ORDER BY id DESC LIMIT 1', pg_temp.id('root'))), 't | done | t t {}', 'who did it is recorded');
SELECT is(pg_temp.answer('SET LOCAL transaction_read_only = on; ' || pg_temp.issue(name), undo => true), '25006', 'READ ONLY: ' || name) FROM unnest('{bob,dis}'::text[]) name;

---- an account without a password

CREATE FUNCTION pg_temp.create_user(more text DEFAULT '') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT concat_ws('' '', l.user_id IS NOT NULL, l.url ~ ''^http://localhost:3000/password/reset\?token=[A-Za-z0-9_-]{86}$'', l.expires_at > now()) FROM users_create_user(''eve@example.org'', ''eve'', ''Sieglinde'', ''Sonnenschein''%s) l', more) $$;
SELECT is(pg_temp.story(who, pg_temp.create_user(), pg_temp.create_user()), 't | 23505 email users_email_key', 'made by ' || name) FROM (VALUES ('a DBA', NULL), ('an administrator', pg_temp.access('root'))) v (name, who);
SELECT is(pg_temp.story(who, pg_temp.create_user()), '42501', 'but not by ' || name) FROM (VALUES ('a member', pg_temp.access('bob')), ('nobody', 'users_anon')) v (name, who);
SELECT is(pg_temp.story(NULL, pg_temp.create_user(more)), wanted, format('%s: %s', more, wanted))
  FROM (VALUES (', send_mail => true', 't'), (', send_mail => NULL', 't'), (', send_mail => false', 't t t'), (', site => ''nowhere''', 'US015 site'), (', send_mail => false, site => ''nowhere''', 'US015 site'), (', language => ''de''', 't')) v (more, wanted);
SELECT is(pg_temp.story(NULL, pg_temp.create_user(', site => ''nowhere'''), 'SELECT count(*) FROM users.person WHERE username = ''eve''', 'SELECT pg_temp.fetch()'), 'US015 site | 0 | nothing', 'refused, there is no account and no mail');
SELECT is(pg_temp.story(NULL, pg_temp.create_user(', language => ''de'', site => ''shop'''), 'SELECT pg_temp.fetch()', 'SELECT concat_ws('' '', kind, language, site, recipient_name, data ->> ''link'' LIKE ''https://shop.example/new?t=%'') FROM post ORDER BY n DESC LIMIT 1'), 't | welcome eve@example.org | welcome de shop Sieglinde Sonnenschein t', 'the welcome is in their language, with a link to the site''s page');
SELECT is(pg_temp.answer(pg_temp.create_user()) || ' ' || pg_temp.fetch(), 't welcome eve@example.org', 'somebody is welcome');
SELECT pg_temp.token('welcome') AS welcome \gset
SELECT is(pg_temp.answer(pg_temp.sign_in('eve', password), 'users_anon'), 'invalid_credentials', format('and cannot sign in with %s', coalesce(quote_literal(password), 'NULL'))) FROM (VALUES (NULL), (''), ('seven wet horses sing')) v (password);
SELECT is(pg_temp.story(NULL, 'SELECT expires_at BETWEEN clock_timestamp() + interval ''23 hours'' AND clock_timestamp() + interval ''24 hours'' FROM users.link ORDER BY id DESC LIMIT 1'), 'true', 'the link holds for as long as one that verifies');
SELECT is(pg_temp.story('users_anon', pg_temp.reset(:'welcome', 'Sieglinde'), pg_temp.reset(:'welcome'), 'RESET ROLE', 'SELECT pg_temp.address(''eve'')', pg_temp.sign_in('eve', 'ten dry goats mumble'), pg_temp.reset(:'welcome', 'nine old cats yodel'), 'SELECT pg_temp.fetch()', 'SELECT pg_temp.events(''eve'')'),
          'US003 new_password | (ok,) | done | eve@example.org verified | ok | (invalid_token,) | password_changed eve@example.org | account_created, email_verified, login, login_failed failure users_login, login_failed failure users_login, login_failed failure users_login, password_reset', 'until they have chosen a password, once, which verifies the address');
SELECT is(pg_temp.story(NULL, format('SELECT users_disable_user(%L)', user_id), format('SELECT users_enable_user(%L)', user_id), pg_temp.reset(:'welcome')), 'true | true | (invalid_token,)', 'it ends as others do') FROM users.person WHERE username = 'eve';
SELECT is(pg_temp.story(NULL, pg_temp.ask('reset', 'eve@example.org'), 'SELECT pg_temp.fetch()', 'SELECT o::text FROM users_reset_password(pg_temp.token(''reset_password''), ''ten dry goats mumble'', ''ten dry goats mumble'') o', pg_temp.reset(:'welcome')), '(accepted,) | reset_password eve@example.org | (ok,) | (invalid_token,)', 'a reset does as well, and ends it');
DELETE FROM users.account WHERE email = 'eve@example.org';
DELETE FROM users.identifier WHERE identifier ~ ':eve(@|$)';
SELECT pg_temp.token_of(url) AS handed, user_id AS eve FROM users_create_user('eve@example.org', 'eve', 'Eve', 'Elm', send_mail => false) \gset
SELECT is(pg_temp.fetch(), 'nothing', 'one that is handed over is not mailed as well');
SELECT is(pg_temp.story('users_anon', pg_temp.reset(:'handed'), 'RESET ROLE', 'SELECT pg_temp.address(''eve'')', pg_temp.sign_in('eve', 'ten dry goats mumble'), pg_temp.reset(:'handed')), '(ok,) | done | eve@example.org | ok | (invalid_token,)', 'it sets the password and verifies no address');
SELECT is(pg_temp.story(NULL, 'SELECT concat_ws('' '', url, expires_at) FROM users_create_user(''fay@example.org'', ''fay'', ''Fay'', ''Fir'', ''seven wet horses sing'', send_mail => false)', 'SELECT pg_temp.fetch()', pg_temp.sign_in('fay')), ' | nothing | ok', 'with a password there is no link and no mail');

---- what nobody reads

SELECT is_empty('SELECT said FROM heard WHERE replace(said, ''such as ann@example.org'', '''') ~* ''horses|goats|cats|password1|sieglinde|(ann|bob|eve|dis)@|argon2|eyJ|[a-z0-9_-]{80}''', 'no error shows a password, a name, an address or a token');
SELECT is_empty('SELECT said FROM heard WHERE said ~ ''^(US|28000)'' AND hint = ''''', 'every error of ours has a HINT');
SELECT is_empty(format('SELECT FROM %s t WHERE strpos(t::text, %L) > 0 OR strpos(t::text, %L) > 0 OR strpos(t::text, %L) > 0', relation, :'first', :'bob', :'handed'), 'no token stands in ' || relation)
  FROM unnest('{users.link,users.mail,users.mail_request,users.audit_event,users_outbox}'::text[]) relation;

SELECT * FROM finish();
