-- users_verify_password and users_login_ticket: signing in in two steps. The
-- first says what users_login says, the second makes one session of its ticket,
-- while nothing has changed.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
BEGIN;
SELECT plan(164);

\ir ../lib/answer.sql

CREATE FUNCTION pg_temp.verify(identifier text, password text DEFAULT 'seven wet horses sing') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT status FROM users_verify_password(%L, %L)', identifier, password) $$;
-- All of an answer, so that nothing else in it can differ.
CREATE FUNCTION pg_temp.whole_verify(identifier text, password text) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT v::text FROM users_verify_password(%L, %L) v', identifier, password) $$;
CREATE FUNCTION pg_temp.ticket(identifier text) RETURNS text LANGUAGE sql AS
$$ SELECT ticket FROM users_verify_password(identifier, 'seven wet horses sing') $$;
CREATE FUNCTION pg_temp.redeem(ticket text, label text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT status FROM users_login_ticket(%L, %L)', ticket, label) $$;
-- What becomes of a new ticket of somebody's after a statement.
CREATE FUNCTION pg_temp.after(statement text, name text DEFAULT 'x-mia') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	ticket CONSTANT text := pg_temp.ticket(name);
BEGIN
	RETURN pg_temp.answer(statement || '; ' || pg_temp.redeem(ticket), undo => true);
END
$$;

CREATE TEMP TABLE people AS
	SELECT name, user_id
	  FROM (VALUES ('mia', 'user'), ('root', 'admin'), ('dis', 'user'), ('res', 'user'), ('del', 'user'), ('bare', 'user'), ('hot', 'user'), ('all', 'user')) v (name, role),
	       LATERAL users_create_user('X-' || name || '@example.org', 'X-' || name, 'Nam', 'Surnam', 'seven wet horses sing', platform_role => role);
SELECT is(users_disable_user(user_id, 'hidden reason'), true, 'one of them is disabled') FROM people WHERE name = 'dis';
UPDATE users.account SET reset_required = true FROM people p WHERE p.user_id = account.user_id AND name = 'res';
UPDATE users.credential SET password_hash = NULL FROM people p WHERE p.user_id = credential.user_id AND name = 'bare';
SELECT is(pg_temp.answer('SELECT status FROM users_delete_account(''seven wet horses sing'')',
	(SELECT access_token FROM users_login('x-del', 'seven wet horses sing'))), 'ok', 'one of them deletes the account');
COMMIT; -- with it ends the identity
BEGIN;
DELETE FROM users.audit_event;
DELETE FROM users.event_position;
DELETE FROM users.session;

---- a ticket

CREATE TEMP TABLE old AS SELECT clock_timestamp() AS made, pg_temp.ticket('x-mia') AS ticket;
SELECT is(pg_temp.answer(pg_temp.verify(identifier)), 'ok', 'the right password of "' || translate(identifier, E'\t\n', '//') || '"')
  FROM (VALUES ('x-mia@example.org'), ('X-Mia@EXAMPLE.org'), ('x-mia'), ('X-MIA'), (' x-mia '), (E'\tx-mia@example.org\n'),
               (U&'\00A0x-mia\3000')) v (identifier);
SELECT matches(v::text, '^\(ok,[A-Za-z0-9_-]{96},\)$', 'it gives a ticket, and asks for no patience') FROM users_verify_password('x-mia', 'seven wet horses sing') v;
SELECT isnt(pg_temp.ticket('x-mia'), pg_temp.ticket('x-mia'), 'each time another one');
SELECT is((SELECT count(*) FROM users.session), 0::bigint, 'no session is opened');
SELECT is_empty('SELECT FROM users.audit_event', 'nor anything recorded: nobody has signed in');
SELECT is(users_current_user_id(), NULL, 'and nobody is somebody');

---- a session for it

CREATE TEMP TABLE mine AS SELECT pg_temp.ticket('x-mia') AS ticket;
CREATE TEMP TABLE mia AS SELECT s.* FROM mine, users_login_ticket(ticket, E'\n Mia''s desk ') s;
SELECT is(status, 'ok', 'a ticket signs in') FROM mia;
SELECT is(retry_after, NULL, 'and asks for no patience') FROM mia;
SELECT is(mia.user_id, p.user_id, 'its user') FROM mia, people p WHERE name = 'mia';
SELECT is((role, token_type, expires_in)::text, '(users_member,Bearer,900)', 'a member, for fifteen minutes') FROM mia;
SELECT is((users_validate_token(access_token)).session_id, session_id, 'the access token is of this session') FROM mia;
SELECT is(pg_temp.answer(format('SELECT status FROM users_refresh(%L)', refresh_token), undo => true), 'ok', 'the refresh token is good') FROM mia;
SELECT is(s.label, 'Mia''s desk', 'the label is kept, trimmed') FROM users.session s JOIN mia ON mia.session_id = s.id;
SELECT is(users_current_user_id(), NULL, 'signing in sets no identity');
SELECT is((SELECT array_agg(event || ' ' || outcome) FROM users.audit_event), '{login success}', 'it is recorded as signing in is');
SELECT is(count(*), 1::bigint, 'with user and session') FROM users.audit_event JOIN mia USING (user_id, session_id);
SELECT is(count(*), 1::bigint, 'those who follow hear of it') FROM users.event_position JOIN mia USING (user_id);
SELECT is(role, 'users_admin', 'an administrator gets an administrator''s token') FROM users_login_ticket(pg_temp.ticket('x-root'));
SELECT is(pg_temp.answer(pg_temp.redeem(pg_temp.ticket('x-mia'), label)), 'ok', 'a label may be anything: ' || coalesce(left(label, 12), 'NULL'))
  FROM (VALUES (NULL), (''), (repeat('x', 100000)), (E'\x01\x02')) v (label);

---- once (S28)

DELETE FROM users.audit_event;
SELECT is(pg_temp.answer(format('SELECT s::text FROM users_login_ticket(%L) s', ticket)), '(invalid_token,,,,,,,,,,)', 'the same ticket again: ' || n) FROM generate_series(1, 2) n, mine;
SELECT is((SELECT array_agg(DISTINCT event || ' ' || outcome || ' ' || (detail ->> 'function')) FROM users.audit_event), '{login_failed failure users_login_ticket}', 'which is recorded: somebody has a copy');
SELECT is((SELECT count(*) FROM users.audit_event JOIN people USING (user_id) WHERE name = 'mia' AND NOT nobody), 2::bigint, 'each time, with whose it was');
SELECT is(pg_temp.answer(format('SELECT status FROM users_logout(%L)', refresh_token)), 'ok', 'the session ends') FROM mia;
SELECT is(pg_temp.answer(pg_temp.redeem(ticket)), 'invalid_token', 'its ticket stays spent') FROM mine;
CREATE TEMP TABLE twice AS SELECT pg_temp.ticket('x-mia') AS ticket;
SELECT is(pg_temp.answer(pg_temp.redeem(ticket), undo => true), 'ok', 'rolled back to a savepoint') FROM twice;
SELECT is(pg_temp.answer(pg_temp.redeem(ticket), undo => true), 'ok', 'it is as good as before') FROM twice;
COMMIT;
BEGIN;
SELECT is(pg_temp.answer(pg_temp.redeem(ticket)), 'ok', 'in a transaction') FROM twice;
ROLLBACK;
BEGIN;
SELECT is(pg_temp.answer(pg_temp.redeem(ticket)), 'ok', 'that is rolled back, too') FROM twice;
SELECT is(pg_temp.answer(pg_temp.redeem(ticket)), 'invalid_token', 'until one is kept') FROM twice;
SELECT is((SELECT count(*) FROM users.session WHERE user_id = mia.user_id AND ended_at IS NULL AND session_id <> id), 5::bigint, 'of all these there are as many sessions as said ok') FROM mia;

---- what is no ticket

DELETE FROM users.audit_event;
CREATE TEMP TABLE whole AS SELECT pg_temp.ticket('x-mia') AS t;
-- Another character at each place; in the last one each bit counts.
SELECT is((SELECT string_agg(DISTINCT pg_temp.answer(pg_temp.redeem(overlay(t PLACING translate(substr(t, n, 1), 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', 'BADCFEHGJILKNMPORQTSVUXWZYbadcfehgjilknmporqtsvuxwzy1032547698_-') FROM n))), ',') FROM whole, generate_series(1, 96) n), 'invalid_token', 'with any character changed it is none');
SELECT is(pg_temp.answer(pg_temp.redeem(given)), 'invalid_token', name || ' is none')
  FROM whole, (SELECT access_token AS a, refresh_token AS r, session_id AS s FROM users_login('x-mia', 'seven wet horses sing')) l,
       LATERAL (VALUES ('NULL', NULL), ('nothing', ''), ('a space before', ' ' || t), ('a line end after', t || E'\n'), ('padding', t || '='), ('half of it', left(t, 48)), ('one less', left(t, 95)), ('two of them', t || t),
	('base64 of the other kind', translate(t, '-_', '+/') || '+'), ('another case', upper(t)), ('a refresh token', r), ('the beginning of one', left(r, 96)), ('an access token', a), ('the beginning of that', left(a, 96)), ('a session''s id', s::text),
	('a link''s token', substring((users_issue_reset((SELECT user_id FROM people WHERE name = 'mia'), send_mail => false)).url FROM 'token=(.*)')), ('as many zeros', repeat('A', 96)), ('a megabyte', repeat('A', 1048576))) v (name, given);
SELECT is(pg_temp.answer(format('SELECT status FROM users_refresh(%L)', t)), 'invalid_token', 'a ticket is no refresh token') FROM whole;
SELECT is(pg_temp.answer(format('SELECT status FROM users_validate_token(%L)', t)), 'invalid_token', 'nor an access token') FROM whole;
SELECT is(pg_temp.answer(format('SELECT users_authenticate(%L)', t)), '28000', 'with which one is somebody') FROM whole;
SELECT is(pg_temp.answer(format('SELECT status FROM users_reset_password(%L, ''ten dry goats mumble'', ''ten dry goats mumble'')', t)), 'invalid_token', 'nor a link''s') FROM whole;
SELECT is_empty('SELECT FROM users.audit_event WHERE event = ''login_failed''', 'what anybody can make up records nothing');
SELECT is(pg_temp.answer(pg_temp.redeem(t)), 'ok', 'as it was it is good') FROM whole;

---- what has changed since

SELECT is(pg_temp.after(statement), wanted, name || ': ' || wanted)
  FROM (SELECT user_id FROM people WHERE name = 'mia') p, LATERAL (VALUES
	('nothing', 'SELECT 1', 'ok'), ('disabled', format('SELECT users_disable_user(%L)', user_id), 'invalid_token'),
	('disabled and enabled again', format('SELECT users_disable_user(%1$L); SELECT users_enable_user(%1$L)', user_id), 'invalid_token'),
	('deleted', format('SELECT users_delete_user(%L)', user_id), 'invalid_token'), ('deleted and restored', format('SELECT users_delete_user(%1$L); SELECT users_restore_user(%1$L)', user_id), 'invalid_token'),
	('purged', format('SELECT users_delete_user(%1$L); SELECT users_purge_user(%1$L)', user_id), 'invalid_token'),
	('made an administrator', format('SELECT users_set_platform_role(%L, ''admin'')', user_id), 'invalid_token'),
	('a new address', format('SELECT users_update_account(%L, email => ''x-mia@example.net'')', user_id), 'invalid_token'),
	('a reset is required', format('SELECT users_issue_reset(%L, expire_password => true, send_mail => false)', user_id), 'invalid_token'),
	('a link to reset it', format('SELECT users_issue_reset(%L, send_mail => false)', user_id), 'ok'),
	('the password was reset', format('SELECT status FROM users_reset_password(substring((users_issue_reset(%L, send_mail => false)).url FROM ''token=(.*)''), ''ten dry goats mumble'', ''ten dry goats mumble'')', user_id), 'invalid_token'),
	('to the same one', format('SELECT status FROM users_reset_password(substring((users_issue_reset(%L, send_mail => false)).url FROM ''token=(.*)''), ''seven wet horses sing'', ''seven wet horses sing'')', user_id), 'invalid_token'),
	('another version', format('UPDATE users.account SET version = version + 1 WHERE user_id = %L', user_id), 'invalid_token'), ('an older one', format('UPDATE users.account SET version = version - 1 WHERE user_id = %L', user_id), 'invalid_token'),
	('another nonce', format('UPDATE users.credential SET nonce = set_byte(nonce, 15, get_byte(nonce, 15) # 1) WHERE user_id = %L', user_id), 'invalid_token'),
	('another hash of the same password', 'SET LOCAL users.argon2_iterations = 3; SELECT users_login(''x-mia'', ''seven wet horses sing'')', 'ok'),
	('all sessions ended', format('SELECT users_logout_all(user_id => %L)', user_id), 'ok'), ('another username', 'UPDATE users.person SET username = ''x-mira'' WHERE username = ''X-mia''', 'ok'),
	('another signing key', 'SELECT users_rotate_key()', 'ok'), ('the signing key revoked', 'SELECT users_revoke_key(kid) FROM users_keys WHERE state = ''active''', 'ok'),
	('another root key', 'SELECT users_renew_root_key()', 'invalid_token'),
	('verification is required', 'UPDATE users.account SET email_verified_at = now(); SET LOCAL users.require_verified_email = on', 'ok'),
	('and the address is not verified', format('UPDATE users.account SET email_verified_at = NULL WHERE user_id = %L; SET LOCAL users.require_verified_email = on', user_id), 'invalid_token')) v (name, statement, wanted);
SELECT is(pg_temp.answer('SELECT status FROM users_change_password(''seven wet horses sing'', ''ten dry goats mumble'', ''ten dry goats mumble''); ' || pg_temp.redeem(pg_temp.ticket('x-mia')), access_token, true), 'invalid_token', 'the person''s own change of password: invalid_token')
  FROM users_login('x-mia', 'seven wet horses sing');
SELECT is(pg_temp.answer(pg_temp.redeem(pg_temp.ticket('x-all'))), 'ok', 'another person''s is as good as ever');

---- refusals: one answer for all (S13)

DELETE FROM users.audit_event;
DELETE FROM users.event_position;
SELECT is(pg_temp.answer(pg_temp.whole_verify(identifier, password)), '(invalid_credentials,,)', name || ' is refused, without more')
  FROM (VALUES ('a wrong password', 'x-mia', 'seven wet horses sin'), ('no password', 'x-mia', NULL), ('an empty one', 'x-mia', ''),
               ('an unknown username', 'x-who', 'seven wet horses sing'), ('an unknown address', 'x-who@example.org', 'seven wet horses sing'),
               ('nobody', NULL, 'seven wet horses sing'), ('nothing at all', NULL, NULL), ('a deleted account', 'x-del', 'seven wet horses sing'),
               ('a disabled one with a wrong password', 'x-dis', 'wrong'), ('one without a password', 'x-bare', 'seven wet horses sing'),
               ('too long a password', 'x-mia', repeat('x', 1048576))) v (name, identifier, password);
SELECT is((SELECT count(*) FROM users.audit_event), 11::bigint, 'each is recorded');
SELECT is_empty('SELECT FROM users.audit_event WHERE event <> ''login_failed'' OR outcome <> ''failure'' OR session_id IS NOT NULL OR detail ->> ''function'' <> ''users_verify_password''', 'as login_failed, by this function');
SELECT is((SELECT count(*) FROM users.audit_event WHERE nobody), 5::bigint, 'those on nobody''s identifier are marked');
SELECT is_empty('SELECT FROM users.event_position', 'those who follow hear of no failure');
DELETE FROM users.audit_event;
SELECT is(pg_temp.answer(pg_temp.whole_verify(identifier, 'seven wet horses sing')), '(' || wanted || ',,)', 'only after the right password: ' || wanted)
  FROM (VALUES ('x-dis', 'disabled'), ('x-res', 'reset_required')) v (identifier, wanted);
SELECT is(pg_temp.answer('SET LOCAL users.require_verified_email = on; UPDATE users.account SET email_verified_at = NULL; ' || pg_temp.whole_verify('x-mia', 'seven wet horses sing'), undo => true), '(unverified,,)', 'only after the right password: unverified');
SELECT is((SELECT array_agg(event || ' ' || (detail ->> 'status') ORDER BY id) FROM users.audit_event), '{login_failed disabled,login_failed reset_required}', 'both are recorded as failures');

---- the throttle, twice

SET LOCAL users.max_failed_logins = 3;
DELETE FROM users.audit_event;
CREATE TEMP TABLE hot AS SELECT n, pg_temp.ticket('x-hot') AS ticket FROM generate_series(1, 2) n;
SELECT is((SELECT string_agg(pg_temp.answer(pg_temp.redeem(pg_temp.ticket('x-hot'))), ',') FROM generate_series(1, 5)), 'ok,ok,ok,ok,ok', 'success costs nothing');
SELECT is((SELECT string_agg(pg_temp.answer(pg_temp.verify('x-hot', 'wrong')), ',') FROM generate_series(1, 4)), 'invalid_credentials,invalid_credentials,invalid_credentials,throttled', 'three failures are judged');
SELECT matches(pg_temp.answer(pg_temp.whole_verify('x-hot', 'seven wet horses sing')), '^\(throttled,,([1-9]|[12]\d|30)\)$', 'the right password is throttled, too');
SELECT is(pg_temp.answer(format('SELECT status FROM users_login(''x-hot'', ''seven wet horses sing'')')), 'throttled', 'and so is users_login: one budget');
SELECT matches(pg_temp.answer(format('SELECT s::text FROM users_login_ticket(%L) s', ticket)), '^\(throttled,{10}([1-9]|[12]\d|30)\)$', 'a ticket of before is throttled where it is redeemed') FROM hot WHERE n = 1;
SELECT is((SELECT array_agg(event ORDER BY event) FROM users.audit_event WHERE outcome = 'failure'), '{login_failed,login_failed,login_failed,login_throttled}', 'recorded are the failures and the first refusal');
SELECT is(pg_temp.answer(format('SELECT users_unlock(%L)', user_id)), 'true', 'a DBA lifts it') FROM people WHERE name = 'hot';
SELECT is(pg_temp.answer(pg_temp.redeem(ticket)), 'ok', 'and it was not spent') FROM hot WHERE n = 1;
SELECT is((SELECT string_agg(pg_temp.answer(pg_temp.redeem(ticket)), ',') FROM hot h, generate_series(1, 4) WHERE h.n = 1), 'invalid_token,invalid_token,invalid_token,throttled', 'a spent one is a failure');
SELECT is(pg_temp.answer(format('SELECT users_unlock(%L)', user_id)), 'true', 'lifted once more') FROM people WHERE name = 'hot';
SELECT is((SELECT string_agg(DISTINCT pg_temp.answer(pg_temp.redeem(left(ticket, 95) || CASE right(ticket, 1) WHEN '_' THEN '-' ELSE '_' END)), ',') FROM hot h, generate_series(1, 10) WHERE h.n = 2), 'invalid_token', 'one that was made up is not');
SELECT is((SELECT string_agg(pg_temp.answer(pg_temp.verify('x-hot', 'wrong')), ',') FROM generate_series(1, 2)), 'invalid_credentials,invalid_credentials', 'two failures');
SELECT is(pg_temp.answer(pg_temp.redeem(ticket)), 'ok', 'and a session') FROM hot WHERE n = 2;
SELECT is((SELECT string_agg(pg_temp.answer(pg_temp.verify('x-hot', 'wrong')), ',') FROM generate_series(1, 4)), 'invalid_credentials,invalid_credentials,invalid_credentials,throttled', 'after which they are counted from the beginning');
RESET users.max_failed_logins;

---- where nothing can be written

CREATE FUNCTION pg_temp.read_only(statement text) RETURNS text LANGUAGE sql AS $$ SELECT 'SET LOCAL transaction_read_only = on; ' || statement $$;
DELETE FROM users.audit_event;
SELECT is(pg_temp.answer(pg_temp.read_only(pg_temp.verify(identifier, password)), 'users_anon', true), wanted, 'READ ONLY, ' || identifier || ': ' || wanted)
  FROM (VALUES ('x-mia', 'seven wet horses sing', 'ok'), ('x-mia', 'wrong', 'invalid_credentials'), ('x-who', 'wrong', 'invalid_credentials'), ('x-dis', 'seven wet horses sing', 'disabled'), ('x-hot', 'wrong', 'throttled')) v (identifier, password, wanted);
SELECT is(pg_temp.answer(pg_temp.read_only('SET LOCAL users.argon2_iterations = 3; ' || pg_temp.verify('x-mia')), undo => true), 'ok', 'a hash of other parameters is judged, and left as it is');
SELECT is(pg_temp.answer(pg_temp.read_only(pg_temp.redeem(t)), 'users_anon', true), '25006', 'READ ONLY, a session: ' || coalesce(left(t, 8), 'NULL')) FROM (VALUES (NULL), ('nonsense'), (pg_temp.ticket('x-mia'))) v (t);
SELECT is((SELECT count(DISTINCT said) FROM heard WHERE said LIKE '25006%'), 1::bigint, 'in the same words');
SELECT is_empty('SELECT FROM users.audit_event', 'nothing of that is recorded');

---- where and by whom

CREATE ROLE regress_users_82_nobody;
SELECT is(pg_temp.answer(pg_temp.verify('x-mia'), who, true) || ' ' || pg_temp.answer(pg_temp.redeem(pg_temp.ticket('x-mia')), who, true), wanted || ' ' || wanted, who || ' may sign in: ' || wanted)
  FROM (VALUES ('users_anon', 'ok'), ('users_member', 'ok'), ('users_admin', 'ok'), ('users_dba', 'ok'), ('users_service', '42501'),
               ('users_relay', '42501'), ('users_proxy', '42501'), ('regress_users_82_nobody', '42501')) v (who, wanted);
SELECT is(pg_temp.answer('CREATE MATERIALIZED VIEW regress_users_view AS ' || statement), '42501', 'not in a materialized view')
  FROM (VALUES (pg_temp.verify('x-mia')), (pg_temp.redeem(pg_temp.ticket('x-mia')))) v (statement);
SELECT is(pg_temp.answer(pg_temp.redeem(pg_temp.ticket('x-all')), (SELECT access_token FROM users_login('x-mia', 'seven wet horses sing'))), 'ok', 'somebody signed in may sign in as somebody else');
SELECT is(users_current_user_id(), (SELECT user_id FROM people WHERE name = 'mia'), 'and stays who they were');
COMMIT;

---- over HTTP

BEGIN;
SELECT is(pg_temp.answer('SELECT set_config(''request.method'', ''POST'', true), set_config(''request.headers'', ''{}'', true); ' || statement || '; SELECT current_setting(''response.status'') || '' '' || (current_setting(''response.headers'') ~ ''no-store'')', undo => true), wanted, 'over HTTP: ' || wanted || ' ' || left(statement, 40))
  FROM (VALUES (pg_temp.verify('x-mia'), '200 true'), (pg_temp.verify('x-mia', 'wrong'), '401 true'), (pg_temp.redeem(pg_temp.ticket('x-mia')), '200 true'), (pg_temp.redeem('nonsense'), '401 true')) v (statement, wanted);
COMMIT;

---- a device is told of where the session is opened

BEGIN;
SET LOCAL users.mail_kinds_off = '';
CREATE TEMP TABLE telephone AS SELECT pg_temp.ticket('x-all') AS ticket;
SELECT is_empty('SELECT FROM users.mail WHERE kind = ''new_sign_in''', 'a ticket is no sign-in');
SELECT is(pg_temp.answer(pg_temp.redeem(ticket, 'a telephone')), 'ok', 'a session') FROM telephone;
SELECT is((SELECT count(*) FROM users.mail WHERE kind = 'new_sign_in'), 1::bigint, 'is told of');

---- whatever the transaction is like

COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT is((SELECT string_agg(pg_temp.answer(statement), ',') FROM (VALUES (pg_temp.verify('x-mia')), (pg_temp.verify('x-mia', 'wrong')), (pg_temp.redeem(pg_temp.ticket('x-mia')))) v (statement)), 'ok,invalid_credentials,ok', 'SERIALIZABLE');
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT is((SELECT string_agg(pg_temp.answer(pg_temp.redeem(t)), ',') FROM (SELECT pg_temp.ticket('x-mia')) v (t), generate_series(1, 2)), 'ok,invalid_token', 'REPEATABLE READ');
COMMIT;
BEGIN;
CREATE SCHEMA regress_users_evil;
CREATE FUNCTION regress_users_evil.trap(uuid, uuid) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE OPERATOR regress_users_evil.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = regress_users_evil.trap);
CREATE TEMP TABLE session (user_id uuid);
SELECT is(pg_temp.answer('SET LOCAL search_path = ' || path || '; SELECT status FROM public.users_login_ticket(' || quote_literal(pg_temp.ticket('x-mia')) || ')', undo => true), 'ok', 'search_path = ' || path)
  FROM (VALUES (''''''), ('regress_users_evil, pg_temp, pg_catalog'), ('pg_temp')) v (path);

---- ten seconds

SELECT pg_sleep(greatest(0, 11 - extract(epoch FROM clock_timestamp() - made))) IS NULL AS ignored FROM old \gset
SELECT is(pg_temp.answer(pg_temp.redeem(ticket)), 'invalid_token', 'a ticket of ten seconds ago is over') FROM old;
SELECT is(pg_temp.answer(pg_temp.redeem(pg_temp.ticket('x-mia'))), 'ok', 'a new one is not');

SELECT is_empty('SELECT said FROM heard WHERE said ~* ''horses|goats|wrong|x-|argon2|eyJ''', 'no error shows an identifier, a password, a hash or a token');
SELECT is_empty('SELECT FROM users.audit_event WHERE detail::text ~* ''horses|wrong|x-|example''', 'nor does an event');

SELECT * FROM finish();
ROLLBACK;
DROP ROLE regress_users_82_nobody;
