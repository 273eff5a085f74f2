-- users_refresh: each token once, a spent one ends the session, a lost answer
-- does not.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
BEGIN;
SELECT plan(87);

\ir ../lib/answer.sql

CREATE FUNCTION pg_temp.refresh(token text) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT status FROM users_refresh(%L)', token) $$;
-- Another character in a place of a text.
CREATE FUNCTION pg_temp.flip(t text, n integer, c text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT overlay(t PLACING coalesce(c, CASE substr(t, n, 1) WHEN 'A' THEN 'B' ELSE 'A' END) FROM n FOR 1) $$;
CREATE FUNCTION pg_temp.is_live(which uuid) RETURNS boolean LANGUAGE sql AS
$$ SELECT ended_at IS NULL FROM users.session WHERE id = which $$;

CREATE TEMP TABLE people AS
	SELECT name, user_id
	  FROM (VALUES ('mia', 'user'), ('lea', 'user'), ('dis', 'user'), ('del', 'user'), ('root', 'admin'), ('sub', 'admin')) v (name, role),
	       LATERAL users_create_user('X-' || name || '@example.org', 'X-' || name, 'Nam', 'Surnam', 'seven wet horses sing', platform_role => role);
-- Sessions by name of their first tokens.
CREATE TEMP TABLE s AS
	SELECT v.name, l.* FROM (VALUES ('mia', 'mia'), ('replay', 'mia'), ('old', 'mia'), ('undo', 'mia'), ('out', 'mia'), ('idle', 'mia'), ('end', 'mia'), ('late', 'mia'),
		('grace', 'mia'), ('lea', 'lea'), ('dis', 'dis'), ('del', 'del'), ('root', 'root'), ('sub', 'sub')) v (name, who), LATERAL users_login('x-' || who, 'seven wet horses sing') l;
DELETE FROM users.audit_event;
DELETE FROM users.event_position;
CREATE FUNCTION pg_temp.first(which text) RETURNS text LANGUAGE sql AS $$ SELECT refresh_token FROM s WHERE name = which $$;

---- rotation

CREATE TEMP TABLE next AS SELECT * FROM users_refresh(pg_temp.first('mia'));
SELECT is(n.status, 'ok', 'a refresh token is good') FROM next n;
SELECT is(n.retry_after, NULL, 'without waiting') FROM next n;
SELECT is(n.user_id, s.user_id, 'for its user') FROM next n, s WHERE s.name = 'mia';
SELECT is(n.session_id, s.session_id, 'in its session') FROM next n, s WHERE s.name = 'mia';
SELECT is(n.role, 'users_member', 'and role') FROM next n;
SELECT is(n.token_type, 'Bearer', 'with a bearer token') FROM next n;
SELECT is(n.expires_in, 900, 'for fifteen minutes') FROM next n;
SELECT isnt(n.refresh_token, s.refresh_token, 'it is spent, another takes its place') FROM next n, s WHERE s.name = 'mia';
SELECT is((users_validate_token(n.access_token)).session_id, n.session_id, 'the access token is of the session') FROM next n;
SELECT is((users_validate_token(n.access_token)).authenticated_at, (users_validate_token(s.access_token)).authenticated_at, 'who refreshes has not authenticated anew') FROM next n, s WHERE s.name = 'mia';
SELECT is((users_validate_token(s.access_token)).status, 'ok', 'the access token before it goes on') FROM s WHERE s.name = 'mia';
SELECT is(users_current_user_id(), NULL, 'refreshing sets no identity');
SELECT is((SELECT count(*) FROM users.session), 14::bigint, 'nor does it open a session');
SELECT is(pg_temp.answer(pg_temp.refresh(refresh_token), undo => true), 'ok', 'the new one is good') FROM next;
SELECT is((users_refresh(pg_temp.first('root'))).role, 'users_admin', 'an administrator stays one');

---- the same successor within the grace

UPDATE users.session SET refreshed_at = refreshed_at - interval '5 seconds' WHERE id = (SELECT session_id FROM next);
CREATE TEMP TABLE twice AS SELECT * FROM users_refresh(pg_temp.first('mia'));
SELECT is(t.status, 'ok', 'the token before it, five seconds later, is good') FROM twice t;
SELECT is(t.refresh_token, n.refresh_token, 'and gives the same successor') FROM twice t, next n;
SELECT is((users_validate_token(t.access_token)).status, 'ok', 'with an access token') FROM twice t;
SELECT is(pg_temp.answer(pg_temp.refresh(refresh_token), undo => true), 'ok', 'which is good after that') FROM next;

---- reuse ends the session (S36)

UPDATE users.session SET refreshed_at = refreshed_at - interval '6 seconds' WHERE id = (SELECT session_id FROM next);
SELECT is(pg_temp.answer(format('SELECT r::text FROM users_refresh(%L) r', pg_temp.first('mia'))), '(invalid_token,,,,,,,,,,)', 'after the grace it is refused');
SELECT is(pg_temp.is_live(session_id), false, 'and has ended the session') FROM next;
SELECT is(pg_temp.answer(pg_temp.refresh(refresh_token)), 'invalid_token', 'its successor is void') FROM next;
SELECT is((users_validate_token(access_token)).status, 'invalid_token', 'so are its access tokens') FROM next;
SELECT is(pg_temp.answer(format('SELECT users_authenticate(%L)', access_token)), '28000', 'for everybody') FROM next;
SELECT is(pg_temp.is_live(session_id), true, 'other sessions go on') FROM s WHERE name = 'replay';
SELECT is((SELECT array_agg(e.event || ' ' || e.outcome) FROM users.audit_event e JOIN next USING (user_id, session_id)), '{refresh_reuse failure}', 'it is recorded once, as a failure');
SELECT is(pg_temp.answer(pg_temp.refresh(pg_temp.first('mia'))), 'invalid_token', 'again: refused');
SELECT is((SELECT count(*) FROM users.audit_event), 1::bigint, 'and not recorded again; nor are the refreshes that were good');

CREATE TEMP TABLE chain AS SELECT * FROM users_refresh((users_refresh(pg_temp.first('replay'))).refresh_token);
SELECT is(status, 'ok', 'two rotations later') FROM chain;
SELECT is(pg_temp.answer(pg_temp.refresh(pg_temp.first('replay'))), 'invalid_token', 'the first is refused, however soon');
SELECT is(pg_temp.is_live(session_id), false, 'and has ended the session') FROM chain;

SET LOCAL users.refresh_grace = 0;
SELECT is(pg_temp.answer(pg_temp.refresh(pg_temp.first('grace'))), 'ok', 'without any grace');
SELECT is(pg_temp.answer(pg_temp.refresh(pg_temp.first('grace'))), 'invalid_token', 'a spent token is refused at once');
SELECT is(pg_temp.is_live(session_id), false, 'and has ended the session') FROM s WHERE name = 'grace';
RESET users.refresh_grace;

---- a refresh that was rolled back never was

CREATE TEMP TABLE lost AS
	SELECT pg_temp.answer(format('SELECT refresh_token FROM users_refresh(%L)', pg_temp.first('undo')), undo => true) AS refresh_token;
SELECT is(length(refresh_token), length(pg_temp.first('undo')), 'a rotation is rolled back after its answer') FROM lost;
SELECT is(pg_temp.answer(pg_temp.refresh(refresh_token)), 'invalid_token', 'its token is void') FROM lost;
SELECT is(pg_temp.answer(pg_temp.refresh(pg_temp.first('undo'))), 'ok', 'the one before it still good');
SELECT is(pg_temp.answer(pg_temp.refresh(refresh_token)), 'invalid_token', 'the lost one stays void') FROM lost;
SELECT is(pg_temp.is_live(session_id), true, 'and the session goes on') FROM s WHERE name = 'undo';

---- what ends (S37)

UPDATE users.session SET ends_at = now() + interval '5 minutes' WHERE id = (SELECT session_id FROM s WHERE name = 'late');
SELECT ok(status = 'ok' AND expires_in BETWEEN 200 AND 300 AND refresh_expires_at = now() + interval '5 minutes',
          'no token outlives the session') FROM users_refresh(pg_temp.first('late'));
UPDATE users.session SET expires_at = now() - interval '1 second' WHERE id = (SELECT session_id FROM s WHERE name = 'idle');
SELECT is(pg_temp.answer(pg_temp.refresh(pg_temp.first('idle'))), 'invalid_token', 'a session that was left alone for too long is over');
SELECT is(pg_temp.answer(format('SELECT status FROM users_logout(%L)', pg_temp.first('out'))), 'ok', 'signing out');
SELECT is(pg_temp.answer(pg_temp.refresh(pg_temp.first('out'))), 'invalid_token', 'ends it');
SELECT is(users_disable_user(user_id), true, 'an account is disabled') FROM s WHERE name = 'dis';
SELECT is(pg_temp.answer(format('SELECT r::text FROM users_refresh(%L) r', pg_temp.first('dis'))), '(disabled,,,,,,,,,,)', 'its token says so, and no more');
SELECT is(users_enable_user(user_id), true, 'enabled again') FROM s WHERE name = 'dis';
SELECT is(pg_temp.answer(pg_temp.refresh(pg_temp.first('dis'))), 'invalid_token', 'it must sign in again');
SELECT is(users_set_platform_role(user_id, 'user'), true, 'an administrator is one no more') FROM s WHERE name = 'sub';
SELECT is(pg_temp.answer(pg_temp.refresh(pg_temp.first('sub'))), 'invalid_token', 'and must sign in again');
UPDATE users.account SET status = 'deleted' WHERE user_id = (SELECT user_id FROM s WHERE name = 'del');
SELECT is(pg_temp.answer(pg_temp.refresh(pg_temp.first('del'))), 'invalid_token', 'a deleted account has no sessions');

---- what is no refresh token

SELECT is(pg_temp.answer(format('SELECT r::text FROM users_refresh(%L) r', token)), '(invalid_token,,,,,,,,,,)', 'no refresh token: ' || name)
  FROM (SELECT 'NULL', NULL
        UNION ALL SELECT 'nothing', ''
        UNION ALL SELECT 'a word', 'token'
        UNION ALL SELECT 'zeros', repeat('A', length(pg_temp.first('lea')))
        UNION ALL SELECT 'an access token', access_token FROM s WHERE name = 'lea'
        UNION ALL SELECT 'a part of one', split_part(access_token, '.', 2) FROM s WHERE name = 'lea'
        UNION ALL SELECT 'white space before', ' ' || pg_temp.first('lea')
        UNION ALL SELECT 'a line end after', pg_temp.first('lea') || E'\n'
        UNION ALL SELECT 'white space inside', overlay(pg_temp.first('lea') PLACING ' ' FROM 9 FOR 0)
        UNION ALL SELECT 'padding', pg_temp.first('lea') || '=='
        UNION ALL SELECT 'one character less', left(pg_temp.first('lea'), -1)
        UNION ALL SELECT 'one more', pg_temp.first('lea') || 'A'
        UNION ALL SELECT 'twice', pg_temp.first('lea') || pg_temp.first('lea')
        UNION ALL SELECT 'two joined', left(pg_temp.first('lea'), 59) || right(pg_temp.first('undo'), 59)
        UNION ALL SELECT 'one''s own tag on somebody else''s session', left(pg_temp.first('lea'), 74) || right(pg_temp.first('undo'), 44)
        UNION ALL SELECT 'in hexadecimal', encode(decode(translate(pg_temp.first('lea'), '-_', '+/') || '==', 'base64'), 'hex')
        UNION ALL SELECT 'what is stored: random', translate(encode(current_random, 'base64'), E'+/=\n', '-_') FROM users.session WHERE id = (SELECT session_id FROM s WHERE name = 'lea')
        UNION ALL SELECT 'what is stored: nonce', encode(nonce, 'hex') FROM users.session WHERE id = (SELECT session_id FROM s WHERE name = 'lea')
        UNION ALL SELECT 'what is stored: id', session_id::text FROM s WHERE name = 'lea'
        UNION ALL SELECT 'much', repeat('x', 1000000)) v (name, token);
SELECT is_empty($$
	SELECT n FROM generate_series(1, length(pg_temp.first('lea'))) n
	 WHERE pg_temp.answer(pg_temp.refresh(pg_temp.flip(pg_temp.first('lea'), n))) <> 'invalid_token'
$$, 'no token with one character changed, wherever, is good');
SELECT is_empty($$
	SELECT c FROM regexp_split_to_table('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. ', '') c
	 WHERE c <> right(pg_temp.first('lea'), 1)
	   AND pg_temp.answer(pg_temp.refresh(pg_temp.flip(pg_temp.first('lea'), length(pg_temp.first('lea')), c))) <> 'invalid_token'
$$, 'nor one whose last character stands for the same bits');
SELECT is_empty('SELECT FROM users.audit_event e JOIN s USING (user_id) WHERE s.name = ''lea''', 'nobody is blamed for them');
SELECT is(pg_temp.answer(pg_temp.refresh(pg_temp.first('lea')), undo => true), 'ok', 'the token that they were made of is as good as ever');

---- where and by whom

CREATE ROLE regress_users_12_nobody;
SELECT is(pg_temp.answer(pg_temp.refresh(pg_temp.first('lea')), who, true), wanted, who || ' may refresh: ' || wanted)
  FROM (VALUES ('users_anon', 'ok'), ('users_member', 'ok'), ('users_admin', 'ok'), ('users_dba', 'ok'), ('users_service', '42501'),
               ('users_relay', '42501'), ('users_proxy', '42501'), ('regress_users_12_nobody', '42501')) v (who, wanted);
SELECT is(pg_temp.answer('SET LOCAL transaction_read_only = on; ' || pg_temp.refresh(token), 'users_anon', true), '25006', 'READ ONLY, ' || name || ': refused alike')
  FROM (VALUES ('a good token', pg_temp.first('lea')), ('a spent one', pg_temp.first('mia')), ('none', NULL)) v (name, token);
SELECT is(pg_temp.answer('CREATE MATERIALIZED VIEW regress_users_view AS ' || pg_temp.refresh(pg_temp.first('lea'))), '42501', 'not in a materialized view');

SELECT is_empty($$
	SELECT said FROM heard WHERE said ~* 'horses|x-|argon2|eyJ' OR EXISTS (SELECT FROM s WHERE strpos(said, refresh_token) > 0 OR strpos(said, access_token) > 0)
$$, 'no error shows a token, an identifier, a password or a hash');

SELECT * FROM finish();
ROLLBACK;
