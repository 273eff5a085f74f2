-- users_confirm_password and users_change_password: the signed-in person's
-- own password, asked for again and changed.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
BEGIN;
SELECT plan(102);

\ir ../lib/answer.sql

CREATE TEMP TABLE people AS
	SELECT name, user_id
	  FROM (VALUES ('mia', 'user'), ('lea', 'user'), ('root', 'admin')) v (name, role),
	       LATERAL users_create_user('X-' || name || '@example.org', 'X-' || name, 'Sieglinde', 'Sonnenschein', 'seven wet horses sing', platform_role => role);
CREATE TEMP TABLE s AS
	SELECT v.name, l.* FROM (VALUES ('mia1', 'mia'), ('mia2', 'mia'), ('mia3', 'mia'), ('lea', 'lea'), ('root', 'root')) v (name, who), LATERAL users_login('x-' || who, 'seven wet horses sing') l;
CREATE FUNCTION pg_temp.access(which text) RETURNS text LANGUAGE sql AS $$ SELECT access_token FROM s WHERE name = which $$;
CREATE FUNCTION pg_temp.confirm(password text) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT c::text FROM users_confirm_password(%L) c', password) $$;
CREATE FUNCTION pg_temp.change(current text, new text, again text) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT c::text FROM users_change_password(%L, %L, %L) c', current, new, again) $$;
CREATE FUNCTION pg_temp.live() RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(s.name, ' ' ORDER BY s.name) FROM s JOIN users.session ON id = s.session_id WHERE ended_at IS NULL $$;
CREATE FUNCTION pg_temp.hash(which text) RETURNS text LANGUAGE sql AS
$$ SELECT password_hash FROM users.credential c JOIN s USING (user_id) WHERE name = which $$;
SELECT is(array_agg(status), '{ok,ok,ok,ok,ok}', 'five sessions of three people') FROM s;
DELETE FROM users.audit_event;
DELETE FROM users.event_position;

---- where and by whom

CREATE ROLE regress_users_14_nobody;
SELECT is(pg_temp.answer(statement, who, true), wanted, coalesce(who, 'a superuser') || ' without a token: ' || name || ': ' || wanted)
  FROM (VALUES (NULL, '28000'), ('users_member', '28000'), ('users_admin', '28000'), ('users_dba', '28000'), ('users_anon', '42501'),
               ('users_service', '42501'), ('users_relay', '42501'), ('users_proxy', '42501'), ('regress_users_14_nobody', '42501')) v (who, wanted),
       (VALUES ('confirm', pg_temp.confirm('seven wet horses sing')), ('change', pg_temp.change('seven wet horses sing', 'ten dry goats mumble', 'ten dry goats mumble'))) w (name, statement);
SELECT is(pg_temp.answer('SET LOCAL transaction_read_only = on; ' || statement, token, true), '25006', 'READ ONLY, ' || name || ': refused alike')
  FROM (VALUES ('right', 'seven wet horses sing'), ('wrong', 'eight wet horses sing'), ('none', NULL)) v (name, password),
       (VALUES (NULL), (pg_temp.access('mia1'))) t (token),
       LATERAL (VALUES (pg_temp.confirm(password)), (pg_temp.change(password, 'ten dry goats mumble', 'ten dry goats mumble')), (pg_temp.change(password, 'x', 'y'))) w (statement);
SELECT is((SELECT count(DISTINCT said) FROM heard WHERE said LIKE '25006%'), 2::bigint, 'each in one set of words');
SELECT is(pg_temp.answer('CREATE MATERIALIZED VIEW regress_users_view AS ' || pg_temp.confirm('seven wet horses sing'), pg_temp.access('mia1'), true), '42501', 'not in a materialized view');
SELECT is((SELECT count(*) FROM users.audit_event), 0::bigint, 'none of that is an attempt');

---- confirming

UPDATE users.session SET authenticated_at = now() - interval '1 hour';
SELECT is(pg_temp.answer(pg_temp.confirm(password), pg_temp.access('mia1')), '(invalid_credentials,)', name || ' confirms nothing')
  FROM (VALUES ('a wrong password', 'eight wet horses sing'), ('another case', 'Seven wet horses sing'), ('a space more', 'seven wet horses sing '), ('an empty one', ''), ('none', NULL)) v (name, password);
SELECT is((SELECT count(*) FROM users.session WHERE authenticated_at = now() - interval '1 hour'), 5::bigint, 'nobody has authenticated');
SELECT is((SELECT array_agg(DISTINCT event || ' ' || outcome || ' ' || user_id) FROM users.audit_event), ARRAY['login_failed failure ' || (SELECT user_id FROM s WHERE name = 'mia1')], 'failures are recorded');
SELECT is((SELECT count(*) FROM users.audit_event), 5::bigint, 'each of them');
DELETE FROM users.audit_event;
SELECT is(pg_temp.answer(pg_temp.confirm('seven wet horses sing'), pg_temp.access('mia1')), '(ok,)', 'the right one does');
SELECT is((SELECT string_agg(name, ' ') FROM s JOIN users.session ON id = session_id WHERE authenticated_at >= now()), 'mia1', 'this session''s person has authenticated now, in no other session');
SELECT is((SELECT array_agg(event || ' ' || outcome) FROM users.audit_event), '{password_confirmed success}', 'it is recorded');
SELECT is((SELECT session_id = s.session_id AND actor_id = s.user_id AND e.user_id = s.user_id FROM users.audit_event e), true, 'with session and user') FROM s WHERE name = 'mia1';
SELECT is(pg_temp.answer(pg_temp.confirm('seven wet horses sing'), pg_temp.access('root')), '(ok,)', 'an administrator''s password is asked for alike');
SELECT ok((users_validate_token(pg_temp.access('mia1'))).authenticated_at >= now(), 'a service hears of it with the same token');
SELECT ok((users_validate_token((users_refresh(refresh_token)).access_token)).authenticated_at >= now(), 'and with the next') FROM s WHERE name = 'mia1';
SELECT is(pg_temp.live(), 'lea mia1 mia2 mia3 root', 'no session has ended');

---- a change that is refused (S7 S10)

CREATE TEMP TABLE before AS SELECT * FROM users.credential;
DELETE FROM users.audit_event;
SELECT is(pg_temp.answer(pg_temp.change('seven wet horses sing', new, again), pg_temp.access('mia1')), wanted, wanted || ': ' || name)
  FROM (VALUES ('another the second time', 'ten dry goats mumble', 'ten dry goats mumbl', 'US004 confirm_password'), ('another case', 'ten dry goats mumble', 'Ten dry goats mumble', 'US004 confirm_password'),
               ('a space more', 'ten dry goats mumble', 'ten dry goats mumble ', 'US004 confirm_password'), ('no second time', 'ten dry goats mumble', NULL, 'US004 confirm_password'),
               ('a second time only', NULL, 'ten dry goats mumble', 'US004 confirm_password'),
               ('none', NULL, NULL, 'US003 new_password too_short'), ('an empty one', '', '', 'US003 new_password too_short'), ('a short one', 'k7#qZ!9', 'k7#qZ!9', 'US003 new_password too_short'),
               ('too long a one', repeat('wx', 513), repeat('wx', 513), 'US003 new_password too_long'), ('a common one', 'password1', 'password1', 'US003 new_password common'),
               ('the address', 'x-mia@example.org', 'x-mia@example.org', 'US003 new_password contains_name'), ('a first name', 'Sieglinde', 'Sieglinde', 'US003 new_password contains_name'),
               ('a last name', 'sonnenschein1', 'sonnenschein1', 'US003 new_password contains_name'), ('a sequence', 'abcdefghij', 'abcdefghij', 'US003 new_password sequence')) v (name, new, again, wanted);
SELECT is(pg_temp.answer(pg_temp.change(NULL, 'password1', 'password1'), pg_temp.access('mia1')), 'US003 new_password common', 'whatever the present one is');
SELECT is(pg_temp.answer(pg_temp.change(NULL, 'password1', 'password2'), pg_temp.access('mia1')), 'US004 confirm_password', 'either way');
SELECT is((SELECT count(*) FROM users.audit_event), 0::bigint, 'such a call is no attempt');
SELECT is(pg_temp.answer(pg_temp.change(password, 'ten dry goats mumble', 'ten dry goats mumble'), pg_temp.access('mia1')), '(invalid_credentials,)', name || ' changes nothing')
  FROM (VALUES ('a wrong password', 'eight wet horses sing'), ('the new one', 'ten dry goats mumble'), ('an empty one', ''), ('none', NULL)) v (name, password);
SELECT is((SELECT array_agg(event || ' ' || outcome || ' ' || (detail ->> 'function')) FROM users.audit_event), array_fill('login_failed failure users_change_password'::text, ARRAY[4]), 'failures are recorded');
SELECT results_eq('TABLE users.credential', 'TABLE before', 'no hash has changed');
SELECT is(pg_temp.live(), 'lea mia1 mia2 mia3 root', 'no session has ended');

---- a change

DELETE FROM users.audit_event;
SELECT is(pg_temp.answer(pg_temp.change('seven wet horses sing', 'ten dry goats mumble', 'ten dry goats mumble'), pg_temp.access('mia1')), '(ok,)', 'the right password changes it');
SELECT isnt(pg_temp.hash('mia1'), b.password_hash, 'the hash is another') FROM before b JOIN s USING (user_id) WHERE name = 'mia1';
SELECT matches(pg_temp.hash('mia1'), '^\$argon2id\$v=19\$m=19456,t=2,p=1\$', 'of Argon2id');
SELECT isnt(c.nonce, b.nonce, 'what hung on the old one is void') FROM before b JOIN s USING (user_id) JOIN users.credential c USING (user_id) WHERE name = 'mia1';
SELECT is((SELECT count(*) FROM users.credential c JOIN before b USING (user_id, password_hash, nonce)), 2::bigint, 'nobody else''s has changed');
SELECT is(pg_temp.live(), 'lea root', 'every session of the person has ended, the present one too');
SELECT is(pg_temp.answer(format('SELECT users_authenticate(%L)', access_token)), '28000', 'its token is void: ' || name) FROM s WHERE name LIKE 'mia%';
SELECT is(pg_temp.answer(format('SELECT status FROM users_refresh(%L)', refresh_token)), 'invalid_token', 'so is its refresh token: ' || name) FROM s WHERE name LIKE 'mia%';
SELECT is((SELECT array_agg(event || ' ' || outcome) FROM users.audit_event), '{password_changed success}', 'it is recorded');
SELECT is((SELECT e.user_id = s.user_id AND actor_id = s.user_id AND e.session_id = s.session_id FROM users.audit_event e), true, 'with session and user') FROM s WHERE name = 'mia1';
SELECT is(pg_temp.answer('SELECT status FROM users_login(''x-mia'', ''seven wet horses sing'')'), 'invalid_credentials', 'the old one signs in no more');
SELECT is(pg_temp.answer('SELECT status FROM users_login(''x-mia'', ''ten dry goats mumble'')'), 'ok', 'the new one does');
SELECT is(pg_temp.answer('SELECT status FROM users_login(''x-lea'', ''seven wet horses sing'')'), 'ok', 'other people''s are what they were');
SELECT is(pg_temp.answer(pg_temp.change('seven wet horses sing', 'ten dry goats mumble', 'ten dry goats mumble'), pg_temp.access('root')), '(ok,)', 'an administrator changes theirs alike');
SELECT is(pg_temp.live(), 'lea', 'and must sign in again');

SELECT is_empty('SELECT said FROM heard WHERE said ~* ''horses|goats|password[12]|sieglinde|sonnen|x-mia|argon2|eyJ''', 'no error shows a password, a name, an address, a hash or a token');
SELECT is_empty('SELECT FROM users.audit_event WHERE detail::text ~* ''horses|goats|argon2''', 'nor does an event');
SELECT is_empty('SELECT said FROM heard WHERE said ~ ''^(US|28000)'' AND hint = ''''', 'every error of ours has a HINT');

SELECT * FROM finish();
ROLLBACK;
