-- Taking over what is somebody else's by way of mail: each of these must fail.
-- And nobody learns by asking who has an account. Each statement is a
-- transaction of its own, and a story leaves nothing behind.
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
SELECT plan(77);
\ir ../lib/answer.sql
\ir ../lib/story.sql
\ir ../lib/mail.sql

CREATE TEMP TABLE people AS SELECT name, pg_temp.person(name) AS id FROM unnest('{ann,bob,tom}'::text[]) name;
CREATE FUNCTION pg_temp.id(which text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM people WHERE name = which $$;
CREATE TEMP TABLE s AS SELECT name, l.* FROM people, LATERAL users_login(name, 'seven wet horses sing') l;
CREATE FUNCTION pg_temp.access(which text) RETURNS text LANGUAGE sql AS $$ SELECT access_token FROM s WHERE name = which $$;
-- The newest token of a kind as a part of a statement, read when that runs.
CREATE FUNCTION pg_temp.reset_by(kind text, recipient text DEFAULT '%', password text DEFAULT 'ten dry goats mumble') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT o::text FROM users_reset_password(pg_temp.token(%L, %L), %L, %3$L) o', kind, recipient, password) $$;
CREATE FUNCTION pg_temp.verify_by(recipient text, password text DEFAULT 'seven wet horses sing') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT o::text FROM users_verify_email(pg_temp.token(''verify_email'', %L), %L) o', recipient, password) $$;
SET "regress.retry" = 'UPDATE users.mail SET state = ''claimed'', attempts = greatest(attempts, 1), next_attempt_at = clock_timestamp() WHERE kind ~ ''reset|verify''';

---- the old mailbox is somebody else's now

CREATE FUNCTION pg_temp.moved(VARIADIC statements text[]) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.story(pg_temp.access('ann'), VARIADIC ARRAY[pg_temp.move('ann@new.example'), 'RESET ROLE', 'SELECT pg_temp.fetch()'] || statements) $$;
\set moves '''(accepted,) | done | email_change_requested ann@example.org, verify_email ann@new.example | '''
SELECT is(pg_temp.moved(pg_temp.ask('reset', 'ann@example.org'), 'SELECT pg_temp.fetch()', pg_temp.verify_by('ann@new%'), pg_temp.reset_by('reset_password')), :moves || '(accepted,) | reset_password ann@example.org | (ok,) | (invalid_token,)', 'a link to the old mailbox, sent before the change');
SELECT is(pg_temp.moved(pg_temp.ask('reset', 'ann@example.org'), 'SELECT pg_temp.fetch()', pg_temp.reset_by('reset_password'), pg_temp.sign_in('ann', 'ten dry goats mumble')), :moves || '(accepted,) | reset_password ann@example.org | (ok,) | ok', '(without the change it is good)');
SELECT is(pg_temp.moved(pg_temp.ask('reset', 'ann@example.org'), 'SELECT pg_temp.fetch()', pg_temp.verify_by('ann@new%'), current_setting('regress.retry'), 'SELECT pg_temp.fetch()'), :moves || '(accepted,) | reset_password ann@example.org | (ok,) | done | email_changed ann@example.org', 'one that is to be sent again goes nowhere after the change');
SELECT is(pg_temp.moved(pg_temp.ask('reset', 'ann@example.org'), pg_temp.verify_by('ann@new%'), 'SELECT pg_temp.fetch()'), :moves || '(accepted,) | (ok,) | email_changed ann@example.org', 'one asked for before the change and not sent yet goes nowhere');
SELECT is(pg_temp.story(NULL, format('SELECT count(*) FROM users_issue_reset(%L)', pg_temp.id('ann')), 'SELECT string_agg(m.kind, '' '') FROM users_claim_mail(1) m', format('UPDATE users.account SET pending_email = ''ann@new.example'' WHERE user_id = %L', pg_temp.id('ann')), 'INSERT INTO users.mail_request SELECT 2, gen_random_uuid(), ''verify_email'', ''ann@new.example'', ' || quote_literal(pg_temp.id('ann')) || ', NULL, NULL, NULL, now()',
                        'SELECT pg_temp.fetch()', pg_temp.verify_by('ann@new%'), 'UPDATE users.mail SET state = ''waiting'', next_attempt_at = clock_timestamp() WHERE kind = ''reset_password''', 'SELECT pg_temp.fetch()', 'SELECT state || '': '' || last_error FROM users.mail WHERE kind = ''reset_password'' ORDER BY created_at DESC LIMIT 1'),
          '1 | reset_password | done | done | verify_email ann@new.example | (ok,) | done | email_changed ann@example.org | expired: the link is over', 'one that an administrator had mailed goes nowhere after the change');
SELECT is(pg_temp.moved(pg_temp.verify_by('ann@new%'), pg_temp.ask('reset', 'ann@example.org'), pg_temp.ask('verification', 'ann@example.org'), 'SELECT pg_temp.fetch()'), :moves || '(ok,) | (accepted,) | (accepted,) | email_changed ann@example.org', 'asking for one after the change');
SELECT is(pg_temp.moved(pg_temp.ask('verification', 'ann@example.org'), 'SELECT pg_temp.fetch()', pg_temp.verify_by('ann@new%'), pg_temp.verify_by('ann@example%'), 'SELECT pg_temp.address(''ann'')'), :moves || '(accepted,) | verify_email ann@example.org | (ok,) | (invalid_token,) | ann@new.example verified', 'verifying the old one after the change, with the password even');
SELECT is(pg_temp.moved(pg_temp.verify_by('ann@new%'), pg_temp.ask('registration', 'ann@example.org'), 'SELECT pg_temp.fetch()', 'SELECT status FROM users_register(''ann@example.org'', ''heir'', ''five red cows whistle'', ''H'', ''R'', token => pg_temp.token(''registration''))', pg_temp.ask('reset', 'ann@example.org'), 'SELECT pg_temp.fetch()', pg_temp.reset_by('reset_password'), 'SELECT pg_temp.address(''ann'')', pg_temp.sign_in('ann')),
          :moves || '(ok,) | (accepted,) | email_changed ann@example.org, registration ann@example.org | ok | (accepted,) | reset_password ann@example.org | (ok,) | ann@new.example verified | ok', 'an heir of the old mailbox has an account of his own, and that alone');

---- the password was changed, because somebody had a link

SELECT is(pg_temp.story(NULL, pg_temp.ask('reset', 'ann@example.org'), 'SELECT pg_temp.fetch()', format('SELECT users_authenticate(%L) IS NULL', pg_temp.access('ann')), 'SELECT status FROM users_change_password(''seven wet horses sing'', ''nine old cats yodel'', ''nine old cats yodel'')', 'RESET ROLE', pg_temp.reset_by('reset_password'), pg_temp.sign_in('ann', 'nine old cats yodel')),
          '(accepted,) | reset_password ann@example.org | false | ok | done | (invalid_token,) | ok', 'a reset link from before');
SELECT is(pg_temp.story(pg_temp.access('ann'), pg_temp.ask('reset', 'ann@example.org'), 'RESET ROLE', 'SELECT pg_temp.fetch()', current_setting('regress.retry'), 'SELECT status FROM users_change_password(''seven wet horses sing'', ''nine old cats yodel'', ''nine old cats yodel'')', 'SELECT pg_temp.fetch()'), '(accepted,) | done | reset_password ann@example.org | done | ok | password_changed ann@example.org', 'one that is to be sent again goes nowhere');
SELECT is(pg_temp.story(pg_temp.access('ann'), pg_temp.move('thief@evil.example'), 'RESET ROLE', 'SELECT pg_temp.fetch()', 'SELECT status FROM users_change_password(''seven wet horses sing'', ''nine old cats yodel'', ''nine old cats yodel'')', pg_temp.verify_by('thief%', 'nine old cats yodel'), pg_temp.verify_by('thief%'), 'SELECT pg_temp.address(''ann'')'),
          '(accepted,) | done | email_change_requested ann@example.org, verify_email thief@evil.example | ok | (invalid_token,) | (invalid_token,) | ann@example.org', 'a thief with the password had asked for his address');

---- a thief has a session, and not the password

SELECT is(pg_temp.story(pg_temp.access('ann'), pg_temp.move('thief@evil.example', password), 'SELECT o::text FROM users_request_verification() o', 'RESET ROLE', 'SELECT pg_temp.address(''ann'')', 'SELECT pg_temp.fetch()'), '(invalid_credentials,) | (accepted,) | done | ann@example.org | verify_email ann@example.org', format('moving the account with %L', password)) FROM (VALUES ('wrong'), (''), (NULL)) v (password);
SELECT is(pg_temp.story(pg_temp.access('ann'), pg_temp.move('bob@new.example'), 'RESET ROLE', 'SELECT pg_temp.fetch()', pg_temp.verify_by('bob@new%', NULL), pg_temp.verify_by('bob@new%', 'wrong'), 'SELECT pg_temp.address(''ann'')'), '(accepted,) | done | email_change_requested ann@example.org, verify_email bob@new.example | (invalid_credentials,) | (invalid_credentials,) | ann@example.org pending bob@new.example', 'finishing what the owner began, with the new mailbox and the session');

---- links that were handed over have been in no mailbox

SELECT is(pg_temp.story(NULL, format('SELECT o::text FROM users_issue_reset(%L, false) l, users_reset_password(pg_temp.token_of(l.url), ''ten dry goats mumble'', ''ten dry goats mumble'') o', pg_temp.id('ann')), 'SELECT pg_temp.address(''ann'')'), '(ok,) | ann@example.org', 'a reset link by hand verifies nothing');
SELECT is(pg_temp.story(NULL, 'SELECT o::text FROM users_create_user(''owner@example.org'', ''eve'', ''Eve'', ''Elm'', send_mail => false) l, users_reset_password(pg_temp.token_of(l.url), ''ten dry goats mumble'', ''ten dry goats mumble'') o', 'SELECT pg_temp.address(''eve'')', 'SET LOCAL users.require_verified_email = on', pg_temp.sign_in('eve', 'ten dry goats mumble')),
          '(ok,) | owner@example.org | done | unverified', 'nor does a welcome, and where that is required one does not get in');

---- a stranger signs up with the owner's address

SELECT is(pg_temp.answer(pg_temp.join_with(NULL, 'owner@example.org', 'eve')), 'ok', 'a stranger takes somebody''s address');
SELECT access_token AS eve, refresh_token AS eve_refresh, user_id AS eve_id FROM users_login('eve', 'five red cows whistle') \gset
SELECT is(pg_temp.answer('SELECT o::text FROM users_request_verification() o', :'eve') || ' ' || pg_temp.fetch(), '(accepted,) verify_email owner@example.org', 'and has a link sent to the owner');
SELECT is(pg_temp.story(who, pg_temp.verify(pg_temp.token('verify_email', 'owner%'), password), 'RESET ROLE', 'SELECT pg_temp.address(''eve'')'), '(invalid_credentials,) | done | owner@example.org', format('who clicks on it %s: nothing is verified', name))
  FROM (VALUES ('users_anon', NULL, 'without a password'), ('users_anon', 'seven wet horses sing', 'with a password of theirs'), (pg_temp.access('tom'), NULL, 'being signed in somewhere'), (pg_temp.access('tom'), 'seven wet horses sing', 'being signed in, with the password of that'), (pg_temp.access('tom'), '', 'with an empty password')) v (who, password, name);
SELECT is(pg_temp.story('users_anon', pg_temp.verify(pg_temp.token('verify_email', 'owner%'), 'five red cows whistle')), '(ok,)', '(with the stranger''s own password it would be)');
SELECT is(pg_temp.answer(pg_temp.move('eve@evil.example', 'five red cows whistle'), :'eve') || ' ' || pg_temp.fetch(), '(accepted,) email_change_requested owner@example.org, verify_email eve@evil.example', 'the stranger prepares to move away with the account; the owner hears');
SELECT pg_temp.token('verify_email', 'eve@evil%') AS away \gset
SELECT is(pg_temp.answer(pg_temp.ask('reset', 'owner@example.org'), 'users_anon') || ' ' || pg_temp.fetch(), '(accepted,) reset_password owner@example.org', 'the owner asks for a reset');
SELECT is(pg_temp.story('users_anon', pg_temp.reset(pg_temp.token('reset_password', 'owner%')), 'RESET ROLE', 'SELECT pg_temp.address(''eve'')', 'SELECT pg_temp.sessions(''eve'')', format('SELECT users_authenticate(%L)', :'eve'), format('SELECT status FROM users_refresh(%L)', :'eve_refresh'), pg_temp.sign_in('eve', 'five red cows whistle'), pg_temp.sign_in('owner@example.org', 'five red cows whistle'),
                        pg_temp.verify(:'away', 'five red cows whistle'), pg_temp.verify(:'away', 'ten dry goats mumble'), pg_temp.verify_by('owner%', 'five red cows whistle'), pg_temp.sign_in('owner@example.org', 'ten dry goats mumble'), 'SELECT pg_temp.fetch()', 'SELECT pg_temp.address(''eve'')'),
          '(ok,) | done | owner@example.org verified | 0 | 28000 | invalid_token | invalid_credentials | invalid_credentials | (invalid_token,) | (invalid_token,) | (invalid_token,) | ok | password_changed owner@example.org | owner@example.org verified', 'which gives them the account, and nothing of the stranger is left');
SELECT is(pg_temp.story('users_anon', pg_temp.verify(:'away', 'five red cows whistle'), pg_temp.reset(pg_temp.token('reset_password', 'owner%')), 'RESET ROLE', pg_temp.ask('registration', 'owner@example.org'), 'SELECT pg_temp.fetch()'), '(ok,) | (invalid_token,) | done | (accepted,) | email_changed owner@example.org, registration owner@example.org', 'who had moved away before has left the address, and the link moves nobody back');
SELECT is(pg_temp.story(NULL, pg_temp.ask('registration', 'owner@example.org'), 'SELECT pg_temp.fetch()'), '(accepted,) | already_registered owner@example.org', 'asking to sign up the owner is told');
DELETE FROM users.account WHERE user_id = :'eve_id';
DELETE FROM users.identifier WHERE user_id = :'eve_id';

---- a stranger asks for the owner's sign-up link

SELECT is(pg_temp.answer(pg_temp.ask('registration', 'owner@example.org'), 'users_anon') || ' ' || pg_temp.fetch(), '(accepted,) registration owner@example.org', 'it goes to the owner');
SELECT is(pg_temp.story('users_anon', pg_temp.join_with(NULL, 'owner@example.org', 'eve')), 'ok', '(where verification is off, the stranger needs none)');
SET users.require_verified_email = on;
SELECT is(pg_temp.story('users_anon', pg_temp.join_with(NULL, 'owner@example.org', 'eve'), pg_temp.join_with(pg_temp.token('registration'), 'eve@evil.example', 'eve')), 'US012 token | US011 email', 'the stranger has prepared nothing, and the link serves for no other address');
SELECT is(pg_temp.story('users_anon', pg_temp.join_with(pg_temp.token('registration'), 'owner@example.org', 'own'), pg_temp.sign_in('own', 'five red cows whistle')), 'ok | ok', 'the owner chooses name and password');
RESET users.require_verified_email;

---- a mistyped new address

CREATE FUNCTION pg_temp.mistyped(VARIADIC statements text[]) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.story(pg_temp.access('ann'), VARIADIC ARRAY[pg_temp.move('typo@example.com'), 'RESET ROLE', 'SELECT pg_temp.fetch()', 'CREATE TEMP TABLE typo ON COMMIT DROP AS SELECT pg_temp.token(''verify_email'', ''typo%'')', 'GRANT SELECT ON typo TO PUBLIC'] || statements) $$;
\set mistypes '''(accepted,) | done | email_change_requested ann@example.org, verify_email typo@example.com | done | done | '''
\set typo '''SELECT o::text FROM users_verify_email((TABLE typo), ''''seven wet horses sing'''') o'''
SELECT is(pg_temp.mistyped(:typo, 'SELECT pg_temp.address(''ann'')'), :mistypes || '(ok,) | typo@example.com verified', '(a link with the password is good)');
SELECT is(pg_temp.mistyped('SELECT users_cancel_email_change()', :typo, 'SELECT pg_temp.address(''ann'')'), :mistypes || 'true | (invalid_token,) | ann@example.org', 'cancelled');
SELECT is(pg_temp.mistyped('SELECT users_cancel_email_change()', current_setting('regress.retry'), 'SELECT pg_temp.fetch()'), :mistypes || 'true | done | nothing', 'cancelled, it is not sent again');
SELECT is(pg_temp.mistyped(pg_temp.move('ann@new.example'), :typo, 'SELECT pg_temp.fetch()', :typo, pg_temp.verify_by('ann@new%'), :typo, 'SELECT pg_temp.address(''ann'')'), :mistypes || '(accepted,) | (invalid_token,) | email_change_requested ann@example.org, verify_email ann@new.example | (invalid_token,) | (ok,) | (invalid_token,) | ann@new.example verified', 'made anew with the right one');
SELECT is(pg_temp.mistyped(pg_temp.move('typo@example.com'), :typo, 'SELECT pg_temp.fetch()', :typo, 'SELECT pg_temp.token(''verify_email'') <> (TABLE typo)', pg_temp.verify_by('typo%')), :mistypes || '(accepted,) | (invalid_token,) | email_change_requested ann@example.org, verify_email typo@example.com | (invalid_token,) | true | (ok,)', 'made anew with the very same: only the new link counts');
SELECT is(pg_temp.mistyped('SELECT users_cancel_email_change()', pg_temp.move('typo@example.com'), :typo, 'SELECT pg_temp.fetch()', :typo), :mistypes || 'true | (accepted,) | (invalid_token,) | email_change_requested ann@example.org, verify_email typo@example.com | (invalid_token,)', 'cancelled and made anew with the same');
SELECT is(pg_temp.mistyped(pg_temp.move('TYPO@example.com'), :typo, 'SELECT pg_temp.fetch()', :typo), :mistypes || '(accepted,) | (invalid_token,) | email_change_requested ann@example.org, verify_email TYPO@example.com | (invalid_token,)', 'made anew with the same in another case');
SELECT is(pg_temp.mistyped(pg_temp.verify_by('typo%', NULL), pg_temp.verify_by('typo%', 'wrong'), pg_temp.ask('reset', 'typo@example.com'), pg_temp.ask('verification', 'typo@example.com'), 'SELECT pg_temp.fetch()', pg_temp.sign_in('typo@example.com'), 'SELECT pg_temp.address(''ann'')'), :mistypes || '(invalid_credentials,) | (invalid_credentials,) | (accepted,) | (accepted,) | nothing | invalid_credentials | ann@example.org pending typo@example.com', 'who has that mailbox gets no further with it');
SELECT is(pg_temp.mistyped(format('SELECT users_authenticate(%L) IS NULL', pg_temp.access('bob')), :typo), :mistypes || 'false | (ok,)', '(in whatever session, the password is the account''s)');
SELECT is(pg_temp.story(NULL, format('UPDATE users.account SET pending_email = ''both@example.com'' WHERE user_id IN (%L, %L)', pg_temp.id('ann'), pg_temp.id('bob')),
                        'INSERT INTO users.mail_request SELECT 2, gen_random_uuid(), ''verify_email'', ''both@example.com'', ' || quote_literal(pg_temp.id('ann')) || ', NULL, NULL, NULL, now()', 'SELECT pg_temp.fetch()', pg_temp.verify_by('both%'), 'SELECT pg_temp.address(''ann'')', 'SELECT pg_temp.address(''bob'')', pg_temp.verify_by('both%')),
          'done | done | verify_email both@example.com | (ok,) | both@example.com verified | bob@example.org pending both@example.com | (invalid_token,)', 'two want one address: a link is of one of them');

---- an account that is gone

SELECT is(pg_temp.story(NULL, pg_temp.ask('reset', 'ann@example.org'), pg_temp.ask('verification', 'ann@example.org'), 'SELECT pg_temp.fetch()', format('SELECT users_authenticate(%L) IS NULL', pg_temp.access('ann')), 'SELECT status FROM users_delete_account(''seven wet horses sing'')', 'RESET ROLE', pg_temp.join_with(NULL, 'ann@example.org', 'ann'),
                        pg_temp.reset_by('reset_password', 'ann%'), pg_temp.verify_by('ann%', 'five red cows whistle'), pg_temp.sign_in('ann', 'five red cows whistle'), 'SELECT pg_temp.address(''ann'') IS NULL', 'SELECT count(*) FROM users.account WHERE email_verified_at IS NOT NULL'),
          '(accepted,) | (accepted,) | reset_password ann@example.org, verify_email ann@example.org | false | ok | done | ok | (invalid_token,) | (invalid_token,) | ok | false | 0', 'links of before do nothing to who has the address and the name now');

---- a relay that rolls back has handed out nothing

CREATE FUNCTION pg_temp.rolled_back(OUT tokens text[]) LANGUAGE plpgsql AS $$
BEGIN
	tokens := ARRAY(SELECT m.data ->> 'token' FROM users_claim_mail() m);
	RAISE SQLSTATE 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
	NULL;
END
$$;
SELECT is(pg_temp.answer(pg_temp.ask('reset', 'ann@example.org'), 'users_anon'), '(accepted,)', 'a request');
SELECT count(*) AS ignored FROM users_issue_reset(pg_temp.id('bob')) \gset
SELECT t.tokens[1] AS one, t.tokens[2] AS two FROM pg_temp.rolled_back() t \gset
SELECT is(pg_temp.answer(pg_temp.reset(token), 'users_anon'), '(invalid_token,)', 'its tokens are void') FROM (VALUES (:'one'), (:'two')) v (token);
SELECT is(pg_temp.fetch(), 'reset_password ann@example.org, reset_password bob@example.org', 'and the mail is still to come');

---- who has an account: nobody learns that by asking (S14 S16 P27)

SELECT pg_temp.fetch() IS NULL AS ignored \gset
CREATE TEMP TABLE asked AS SELECT * FROM (VALUES ('known, verified', 'ver@example.org'), ('known, not verified', 'unv@example.org'), ('disabled', 'off@example.org'), ('deleted', 'del@example.org'), ('unknown', 'nil@example.org'), ('unknown too', 'non@example.org')) v (name, email);
SELECT count(pg_temp.person(left(email, 3))) AS ignored FROM asked WHERE name !~ 'unknown' \gset
UPDATE users.account SET email_verified_at = now() WHERE email = 'ver@example.org';
SELECT users_disable_user(users_id('off')) AS ignored \gset
SELECT pg_temp.answer('SELECT status FROM users_delete_account(''seven wet horses sing'')', (users_login('del', 'seven wet horses sing')).access_token) AS ignored \gset
SET stats_fetch_consistency = none;
-- What every role may read of the tables: rows and scans of each, of this
-- transaction and of all.
CREATE FUNCTION pg_temp.counts(source text) RETURNS TABLE (relation name, what text, n numeric) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_stat_force_next_flush();
	RETURN QUERY EXECUTE format('SELECT relname, c.key, c.value::numeric FROM %s t, LATERAL jsonb_each_text(to_jsonb(t)) c WHERE schemaname = ''users'' AND c.key ~ ''^(n_tup_|seq_|idx_(scan|tup))'' AND c.value IS NOT NULL', source);
END
$$;
CREATE TEMP TABLE observed (act text, name text, source text, relation name, what text, n numeric);
CREATE TEMP TABLE answered (act text, name text, answer text);
CREATE TEMP TABLE zero AS SELECT * FROM pg_temp.counts('pg_stat_user_tables') WITH NO DATA;
-- Statistics are handed over between statements only, so these are three.
CREATE PROCEDURE pg_temp.look() LANGUAGE sql AS $$ DELETE FROM zero; INSERT INTO zero SELECT * FROM pg_temp.counts('pg_stat_user_tables') $$;
CREATE PROCEDURE pg_temp.act(act text, about text, statement text, who text) LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	IF who LIKE 'ey%' THEN
		PERFORM users_authenticate(who);
	ELSE
		PERFORM set_config('role', who, true);
	END IF;
	EXECUTE statement INTO answer;
	PERFORM set_config('role', 'none', true);
	INSERT INTO answered VALUES (act, about, answer);
	INSERT INTO observed SELECT act, about, 'in the transaction', c.* FROM pg_temp.counts('pg_stat_xact_user_tables') c;
END
$$;
CREATE PROCEDURE pg_temp.look_again(act text, about text) LANGUAGE sql AS
$$ INSERT INTO observed SELECT act, about, 'after it', c.relation, c.what, c.n - z.n FROM pg_temp.counts('pg_stat_user_tables') c JOIN zero z USING (relation, what) $$;
CREATE TEMP TABLE acts AS
	SELECT 1000 * f.n + 10 * a.n + v.n AS n, v.act || f.name AS act, a.name, v.statement, v.who
	  FROM unnest('{reset,verification,registration}'::text[]) WITH ORDINALITY f (name, n), (SELECT *, row_number() OVER () AS n FROM asked) a,
	       LATERAL (VALUES (1, 'asking for a ', pg_temp.ask(f.name, a.email), 'users_anon'), (2, 'sending a ', 'SELECT count(users_mail_sent(m.id)) >= 0 FROM users_claim_mail() m', 'users_relay')) v (n, act, statement, who)
	UNION ALL
	SELECT 10000 + 10 * a.n + v.n, v.act, a.name, v.statement, v.who
	  FROM (SELECT *, row_number() OVER () AS n FROM asked WHERE name <> 'deleted') a,
	       LATERAL (VALUES (1, 'moving to it', pg_temp.move(a.email), pg_temp.access('tom')), (2, 'sending after moving', 'SELECT count(users_mail_sent(m.id)) >= 0 FROM users_claim_mail() m', 'users_relay'), (3, 'giving that up', 'SELECT users_cancel_email_change()', pg_temp.access('tom')), (4, 'signing in', pg_temp.sign_in(a.email, 'wrong'), 'users_anon')) v (n, act, statement, who);
-- Each once, for what is prepared and loaded the first time; then for all.
SELECT 'CALL pg_temp.look()', format('CALL pg_temp.act(%L, %L, %L, %L)', act, name, statement, who), format('CALL pg_temp.look_again(%L, %L)', act, name) FROM acts WHERE name ~ '^unknown$|not verified' ORDER BY n \gexec
DELETE FROM observed;
DELETE FROM answered;
SELECT 'CALL pg_temp.look()', format('CALL pg_temp.act(%L, %L, %L, %L)', act, name, statement, who), format('CALL pg_temp.look_again(%L, %L)', act, name) FROM acts ORDER BY n \gexec
SELECT is((SELECT count(*) FROM (SELECT DISTINCT act, name FROM observed) o), (3 * 2 * 6 + 4 * 5)::bigint, 'all of it was observed');
SELECT is((SELECT string_agg(DISTINCT answer, ' ') FROM answered a WHERE a.act = b.act), wanted, format('%s: %s, for all', act, wanted))
  FROM (VALUES ('asking for a reset', '(accepted,)'), ('asking for a verification', '(accepted,)'), ('asking for a registration', '(accepted,)'), ('moving to it', '(accepted,)'), ('giving that up', 'true'), ('sending a reset', 'true'), ('signing in', 'invalid_credentials')) b (act, wanted);
SELECT is((SELECT string_agg(DISTINCT concat_ws(' ', relation, what, n), ', ' ORDER BY concat_ws(' ', relation, what, n)) FROM observed WHERE act = 'asking for a reset' AND source = 'after it' AND n <> 0 AND what ~ 'n_tup'), 'mail_request n_tup_ins 1', 'asking counts one row, of one table');
SELECT is((SELECT count(*) FROM observed WHERE act = 'asking for a reset' AND source = 'in the transaction' AND what = 'n_tup_ins' AND n = 1), 6::bigint, 'in the transaction as well');
SELECT is_empty(format('SELECT relation, what, array_agg(DISTINCT n) FROM observed WHERE act = %L AND source = %L GROUP BY relation, what HAVING count(DISTINCT n) > 1', act, source), format('%s: the same rows and scans for all, %s', act, source))
  FROM (SELECT DISTINCT act, source FROM observed) a WHERE act !~ '^sending' OR source = 'after it' ORDER BY act, source;
SELECT is((SELECT count(DISTINCT kind) FROM users.mail WHERE recipient ~ '^(ver|unv|off|nil|non)@'), 4::bigint, 'though mail was written, of four kinds');

SELECT is_empty('SELECT said FROM heard WHERE replace(said, ''such as ann@example.org'', '''') ~* ''horses|goats|cats|cows|(ann|bob|eve|owner)@|argon2|eyJ|[a-z0-9_-]{80}''', 'no error shows a password, an address or a token');

SELECT * FROM finish();
