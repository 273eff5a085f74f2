-- Secrets against functions: every kind of token at every function that takes
-- one, in every state that ends it, cut off anywhere, put together from others,
-- and as it is stored. Each statement is a transaction of its own, and a story
-- leaves nothing behind.
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
SELECT plan(416);
\ir ../lib/answer.sql
\ir ../lib/story.sql
\ir ../lib/mail.sql
\ir ../lib/doors.sql

CREATE TEMP TABLE people AS SELECT name, pg_temp.person(name) AS id FROM unnest('{ann,tom}'::text[]) name;
CREATE FUNCTION pg_temp.id(which text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM people WHERE name = which $$;
SELECT count(users_create_domain('Acme', 'acme', owner_id => pg_temp.id('ann'))) AS ignored \gset
SELECT id AS viewer FROM users_roles WHERE name = 'viewer' \gset
CREATE TEMP TABLE s AS SELECT name, l.* FROM people, LATERAL users_login(name, 'seven wet horses sing') l;
CREATE FUNCTION pg_temp.access(which text) RETURNS text LANGUAGE sql AS $$ SELECT access_token FROM s WHERE name = which $$;
INSERT INTO visitor VALUES (pg_temp.access('tom'));

---- none is forgotten

-- A password that is set is no secret yet; users_verify_email's is below.
SELECT set_eq($$ SELECT p.proname::text, a.name FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e', unnest(p.proargnames) WITH ORDINALITY a (name, n)
                  WHERE p.proargtypes[a.n - 1] = 'text'::regtype AND a.name ~ '(token|ticket|password)$' AND a.name !~ '^(new|confirm)_' AND p.proname || ' ' || a.name NOT IN ('users_register password', 'users_create_user password') $$,
              $$ SELECT door, argument FROM doors WHERE argument <> 'authorization' UNION SELECT door, argument FROM password_doors UNION VALUES ('users_verify_email', 'password') $$,
              'every argument that is a secret has its door');

---- tokens of every kind (S30)

SELECT is(pg_temp.answer(pg_temp.move('ann@new.example'), pg_temp.access('ann')), '(accepted,)', 'a change of address');
SELECT is(string_agg(DISTINCT pg_temp.answer(pg_temp.ask(function, email), 'users_anon'), ' '), '(accepted,)', 'all that can be asked for') FROM (VALUES ('reset', 'ann@example.org'), ('verification', 'ann@example.org'), ('registration', 'new@example.org')) v (function, email);
SELECT is(pg_temp.answer(format('SELECT status FROM users_invite(%L, ''new@example.org'')', :'viewer'), pg_temp.access('ann')), 'ok', 'an invitation');
SELECT pg_temp.token_of(url) AS issued FROM users_issue_reset(pg_temp.id('ann'), false) \gset
SELECT pg_temp.token_of(url) AS welcome_by_hand, user_id AS hand_id FROM users_create_user('hand@example.org', 'hand', 'Eve', 'Elm', send_mail => false) \gset
SELECT user_id AS wel_id FROM users_create_user('wel@example.org', 'wel', 'Eve', 'Elm') \gset
SELECT is(pg_temp.fetch(), 'email_change_requested ann@example.org, invitation new@example.org, registration new@example.org, reset_password ann@example.org, verify_email ann@example.org, verify_email ann@new.example, welcome wel@example.org', 'all that is mailed');
CREATE TEMP TABLE tokens AS
	SELECT * FROM (VALUES ('access', pg_temp.access('ann')), ('refresh', (SELECT refresh_token FROM s WHERE name = 'ann')), ('reset', pg_temp.token('reset_password', 'ann%')), ('issued', :'issued'), ('welcome', pg_temp.token('welcome')), ('welcome by hand', :'welcome_by_hand'),
	                      ('verify', pg_temp.token('verify_email', 'ann@example%')), ('verify new', pg_temp.token('verify_email', 'ann@new%')), ('registration', pg_temp.token('registration', 'new%')), ('invitation', pg_temp.token('invitation')), ('ticket', NULL)) v (kind, token);
-- A ticket lives for ten seconds: a new one is made where it is to hold.
\set new_ticket 'UPDATE tokens SET token = (users_verify_password(''ann'', ''seven wet horses sing'')).ticket WHERE kind = ''ticket'''
:new_ticket;
SELECT is((SELECT count(DISTINCT token) FROM tokens WHERE token IS NOT NULL), 11::bigint, 'eleven kinds of token');
SELECT is_empty('SELECT kind FROM doors, unnest(opened_by) kind WHERE kind NOT IN (SELECT kind FROM tokens)', 'and all that open anything');
CREATE FUNCTION pg_temp.doors_of(of text) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(door, ' ') FROM doors WHERE of = ANY (opened_by) AND door <> 'users_logout' $$;
-- All that a token could change, in one word; of one person alone.
CREATE FUNCTION pg_temp.state(about uuid DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	relation text; part text; whole text := '';
BEGIN
	FOREACH relation IN ARRAY '{link,session,account,person,credential,mail,role_assignment,identifier}'::text[] LOOP
		EXECUTE format('SELECT string_agg(t::text, '','' ORDER BY t::text) FROM users.%I t WHERE user_id = coalesce(%L, user_id)', relation, about) INTO part;
		whole := concat_ws('|', whole, md5(part));
	END LOOP;
	RETURN md5(concat_ws('|', whole, (SELECT string_agg(i::text, ',' ORDER BY i.id) FROM users.invitation i WHERE about IS NULL),
	                     (SELECT string_agg(e::text, ',' ORDER BY e.id) FROM users.audit_event e WHERE outcome = 'success' AND user_id IS NOT DISTINCT FROM coalesce(about, user_id))));
END
$$;

:new_ticket;
SELECT pg_temp.state() AS before \gset
SELECT is(pg_temp.answer(format(statement, token)), refusal, format('%s with a token of the kind %s: %s', door, kind, refusal)) FROM doors, tokens WHERE kind <> ALL (opened_by) AND NOT signed_in;
SELECT is(pg_temp.answer(format(statement, token), pg_temp.access('tom')), refusal, format('%s with a token of the kind %s: %s', door, kind, refusal)) FROM doors, tokens WHERE kind <> ALL (opened_by) AND signed_in;
SELECT is(pg_temp.state(), :'before', 'and all of them together changed nothing');
SELECT is(pg_temp.answer(format(statement, token), pg_temp.access('ann')), refusal, format('%s in the own session with a token of the kind %s: %s', door, kind, refusal)) FROM doors, tokens WHERE kind <> ALL (opened_by) AND door !~ 'validate';
SELECT is(pg_temp.answer(format(statement, token || padding), who), refusal, format('%s with one of the kind %s and a %L: %s', door, kind, padding, refusal)) FROM doors, tokens, LATERAL (SELECT CASE WHEN signed_in THEN pg_temp.access('tom') ELSE 'users_anon' END) w (who), unnest('{=,.,A}'::text[]) padding WHERE kind = ANY (opened_by) AND door !~ 'validate' ORDER BY signed_in;
SELECT is(pg_temp.state(), :'before', 'and nothing is changed');
:new_ticket;
SELECT is(pg_temp.story(CASE WHEN signed_in THEN pg_temp.access('tom') END, format(statement, token), 'RESET ROLE', 'SELECT pg_temp.state() = ' || quote_literal(:'before')), 'ok | done | ' || (door ~ '(authenticate|validate_token|request|users_invitation)$'), format('%s with one of the kind %s: ok', door, kind)) FROM doors, tokens WHERE kind = ANY (opened_by);
:new_ticket;
SELECT is(pg_temp.story(CASE WHEN signed_in THEN pg_temp.access('tom') END, format(statement, token), format(statement, token)), 'ok | ' || refusal, format('%s with one of the kind %s: once', door, kind)) FROM doors, tokens WHERE kind = ANY (opened_by) AND door !~ '(authenticate|validate_token|request|users_invitation|refresh|logout)$';

---- in another's session

-- Whose link it is it says itself: the session that it is used in is no part of it.
SELECT pg_temp.state(pg_temp.id('tom')) AS toms \gset
SELECT matches(pg_temp.story(pg_temp.access('tom'), format(statement, token), 'RESET ROLE', format('SELECT pg_temp.state(%L) = %L', pg_temp.id('tom'), :'toms')), '\| done \| true$', format('%s with ann''s token of the kind %s in tom''s session: nothing of his changes', door, kind))
  FROM doors, tokens WHERE kind = ANY (opened_by) AND door !~ 'invitation|validate';

---- passwords (S41)

SELECT is(pg_temp.answer(format(statement, secret), CASE WHEN signed_in THEN pg_temp.access('ann') END), refusal, format('%s with %s for a password: %s', door, kind, refusal))
  FROM password_doors, (TABLE tokens UNION ALL SELECT 'the hash', password_hash FROM users.credential WHERE user_id = pg_temp.id('ann') UNION ALL VALUES ('another''s name', 'tom'), ('a new one', 'ten dry goats mumble')) t (kind, secret) WHERE kind ~ '^(access|refresh|reset|the|a)';
SELECT is(pg_temp.story(CASE WHEN signed_in THEN pg_temp.access('ann') END, format(statement, 'seven wet horses sing')), CASE door WHEN 'users_change_email' THEN 'accepted' ELSE 'ok' END, format('(%s with the password)', door)) FROM password_doors WHERE door <> 'users_delete_account';
SELECT is(pg_temp.answer(format('SELECT status FROM users_verify_email(%L, %L)', pg_temp.token('verify_email', 'ann@new%'), token), 'users_anon'), 'invalid_credentials', format('users_verify_email with %s for a password', kind)) FROM tokens WHERE kind ~ '^(access|refresh|reset)';
SELECT is(pg_temp.state(), :'before', 'and nothing is changed');

---- cut off anywhere

SELECT is_empty('SELECT kind, n FROM tokens, generate_series(0, length(token) - 1) n WHERE pg_temp.opens(left(token, n)) IS NOT NULL', 'a beginning opens nothing');
SELECT is_empty('SELECT kind, n FROM tokens, generate_series(1, length(token) - 1, 11) n WHERE pg_temp.opens(right(token, n)) IS NOT NULL', 'nor does an end');
SELECT is_empty('SELECT a.kind, b.kind FROM tokens a, tokens b WHERE pg_temp.opens(a.token || b.token) IS NOT NULL', 'nor two in one');

---- what ends them (S38)

-- Each of these ends the tokens of these kinds, for every door, and no others.
-- rejecting: an invitation that nobody can accept may still be rejected.
CREATE FUNCTION pg_temp.as_person(who text, VARIADIC statements text[]) RETURNS text[] LANGUAGE sql AS
$$ SELECT format('SELECT users_authenticate(%L) IS NOT NULL', pg_temp.access(who)) || statements || 'RESET ROLE'::text $$;
CREATE TEMP TABLE endings (name text, statements text[], ended text[]);
\set hers '{access,refresh,ticket,reset,issued,verify,verify new}'
\set hers_and_rejecting '{access,refresh,ticket,reset,issued,verify,verify new,rejecting}'
\set visit 'UPDATE visitor SET token = (users_login(''tom'', ''seven wet horses sing'')).access_token'
INSERT INTO endings VALUES
	('nothing', ARRAY['SELECT 1'], '{}'),
	('signing out', ARRAY[format('SELECT users_logout(%L)', (SELECT refresh_token FROM s WHERE name = 'ann'))], '{access,refresh}'),
	('signing out everywhere', pg_temp.as_person('ann', 'SELECT users_logout_all()'), '{access,refresh}'),
	('ending the session', ARRAY[format('SELECT users_revoke_session(%L)', (SELECT session_id FROM s WHERE name = 'ann'))], '{access,refresh}'),
	('a change of password', pg_temp.as_person('ann', 'SELECT users_change_password(''seven wet horses sing'', ''nine old cats yodel'', ''nine old cats yodel'')'), :'hers'),
	('a reset', ARRAY[pg_temp.reset(pg_temp.token('reset_password', 'ann%'))], :'hers'),
	('a change of address', ARRAY[pg_temp.verify(pg_temp.token('verify_email', 'ann@new%'), 'seven wet horses sing')], '{ticket,reset,issued,verify,verify new}'),
	('giving it up', pg_temp.as_person('ann', 'SELECT users_cancel_email_change()'), '{verify new}'),
	('another one', pg_temp.as_person('ann', pg_temp.move('ann@else.example')), '{verify new}'),
	('disabling', ARRAY[format('SELECT users_disable_user(%L)', pg_temp.id('ann'))], :'hers_and_rejecting'),
	('disabling and enabling', ARRAY[format('SELECT users_disable_user(%L)', pg_temp.id('ann')), format('SELECT users_enable_user(%L)', pg_temp.id('ann'))], :'hers'),
	('deleting the account', ARRAY[format('SELECT users_delete_user(%L)', pg_temp.id('ann'))], :'hers_and_rejecting'),
	('restoring it', ARRAY[format('SELECT users_delete_user(%L)', pg_temp.id('ann')), format('SELECT users_restore_user(%L)', pg_temp.id('ann'))], :'hers'),
	('purging it', ARRAY[format('SELECT users_delete_user(%L)', pg_temp.id('ann')), format('SELECT users_purge_user(%L)', pg_temp.id('ann'))], '{access,refresh,ticket,reset,issued,verify,verify new,invitation}'),
	('another platform role', ARRAY[format('SELECT users_set_platform_role(%L, ''admin'')', pg_temp.id('ann'))], :'hers'),
	('the end of the sessions'' time', ARRAY['UPDATE users.session SET ends_at = clock_timestamp() - interval ''1 second'', expires_at = clock_timestamp() - interval ''1 second'' WHERE id = ' || quote_literal((SELECT session_id FROM s WHERE name = 'ann'))], '{refresh}'),
	('the end of the links'' time', ARRAY['UPDATE users.link SET expires_at = clock_timestamp() - interval ''1 second'''], '{reset,issued,welcome,welcome by hand,verify,verify new,registration,invitation}'),
	('revoking the key', ARRAY['SELECT users_revoke_key(kid) FROM users_keys WHERE state = ''active''', :'visit'], '{access}'),
	('a new root key', ARRAY['SELECT users_renew_root_key()', :'visit'], '{access,refresh,ticket,reset,issued,welcome,welcome by hand,verify,verify new,registration,invitation}'),
	('withdrawing the invitation', ARRAY['SELECT users_withdraw_invitation(id) FROM users.invitation'], '{invitation}'),
	('inviting again', pg_temp.as_person('ann', format('SELECT users_invite(%L, ''new@example.org'')', :'viewer')), '{}'),
	('disabling the domain', ARRAY['SELECT users_set_domain_status(id, ''disabled'') FROM users.domain'], '{rejecting}'),
	('deleting the domain', ARRAY['SELECT users_delete_domain(id) FROM users.domain'], '{rejecting}'),
	('deleting the role', ARRAY[format('SELECT users_delete_role(%L)', :'viewer')], '{invitation}'),
	('taking the inviter''s right', ARRAY['DELETE FROM users.role_assignment'], '{rejecting}');
-- What each token opens after that; or what went wrong.
CREATE TEMP TABLE new_ticket AS SELECT :'new_ticket'::text;
CREATE FUNCTION pg_temp.opened() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(kind || ': ' || coalesce(pg_temp.opens(token), 'nothing'), '; ' ORDER BY kind) FROM tokens $$;
CREATE FUNCTION pg_temp.opened_after(VARIADIC statements text[]) RETURNS text LANGUAGE sql AS
$$ SELECT CASE WHEN s ~ '(^| )[0-9A-Z]{5} ' OR s ~ '(false|NULL) \|' THEN s ELSE substring(s FROM '.* \| (.*)') END FROM pg_temp.story(NULL, VARIADIC (TABLE new_ticket) || statements || 'SELECT pg_temp.opened()'::text) s $$;
-- Who has become somebody cannot ask as a service what a token says.
SELECT is(pg_temp.opened_after(VARIADIC statements),
          (SELECT string_agg(kind || ': ' || CASE WHEN kind = ANY (ended) THEN 'nothing' WHEN kind = 'invitation' AND 'rejecting' = ANY (ended) THEN 'users_reject_invitation'
                                                  WHEN statements[1] ~ 'authenticate' THEN replace(pg_temp.doors_of(kind), ' users_validate_token', '') ELSE pg_temp.doors_of(kind) END, '; ' ORDER BY kind) FROM tokens),
          format('%s ends %s', name, coalesce(nullif(array_to_string(ended, ', '), ''), 'none'))) FROM endings;

---- tokens put together from others

CREATE FUNCTION pg_temp.bytes(token text) RETURNS bytea LANGUAGE sql AS $$ SELECT decode(translate(token, '-_', '+/') || repeat('=', (4 - length(token) % 4) % 4), 'base64') $$;
CREATE FUNCTION pg_temp.text(bytes bytea) RETURNS text LANGUAGE sql AS $$ SELECT translate(encode(bytes, 'base64'), E'+/=\n', '-_') $$;
CREATE TEMP TABLE links AS SELECT kind, pg_temp.bytes(token) AS b FROM tokens WHERE length(token) = 86;
SELECT is((SELECT bool_and(pg_temp.text(b) = token AND length(b) = 64) FROM links JOIN tokens USING (kind)), true, 'they can be taken apart');
:new_ticket;
SELECT is(pg_temp.opens(token), pg_temp.doors_of(kind), format('(one of the kind %s opens what it should)', kind)) FROM tokens;
SELECT is_empty('SELECT a.kind, b.kind FROM links a, links b WHERE a.kind <> b.kind AND pg_temp.opens(pg_temp.text(substring(a.b FROM 1 FOR 16) || substring(b.b FROM 17))) IS NOT NULL AND substring(a.b FROM 1 FOR 16) <> substring(b.b FROM 1 FOR 16)', 'one user''s id and another''s link');
SELECT is_empty('SELECT a.kind, b.kind FROM links a, links b WHERE a.kind <> b.kind AND pg_temp.opens(pg_temp.text(substring(a.b FROM 1 FOR 32) || substring(b.b FROM 33))) IS NOT NULL', 'one link''s ids and another''s tag');
SELECT is_empty('SELECT a.kind, b.kind FROM links a, links b WHERE a.kind <> b.kind AND pg_temp.opens(pg_temp.text(substring(a.b FROM 1 FOR 16) || substring(b.b FROM 17 FOR 16) || substring(a.b FROM 33))) IS NOT NULL', 'one link''s user and tag, another''s id');
SELECT is_empty('SELECT kind, n FROM links, generate_series(0, 63) n WHERE pg_temp.opens(pg_temp.text(set_byte(b, n, get_byte(b, n) # 1))) IS NOT NULL', 'a bit changed anywhere');
SELECT is_empty(format('SELECT kind FROM links, unnest(ARRAY[%L, %L, %L]::uuid[]) u WHERE uuid_send(u) <> substring(b FROM 1 FOR 16) AND pg_temp.opens(pg_temp.text(uuid_send(u) || substring(b FROM 17))) IS NOT NULL', pg_temp.id('ann'), pg_temp.id('bob'), pg_temp.id('tom')), 'somebody else''s id');
SELECT is_empty('SELECT t.kind, l.kind, l.id FROM tokens t JOIN links b USING (kind), users.link l WHERE pg_temp.opens(pg_temp.text(uuid_send(l.user_id) || uuid_send(l.id) || substring(b.b FROM 33))) IS NOT NULL AND uuid_send(l.id) <> substring(b.b FROM 17 FOR 16)', 'the id of any other link');

---- what is stored, as a token (S27)

SELECT is(pg_temp.answer(pg_temp.ask('reset', 'ann@example.org', NULL), 'users_anon') || pg_temp.answer(pg_temp.ask('registration', 'ivy@example.org'), 'users_anon'), '(accepted,)(accepted,)', 'some requests wait');
CREATE TEMP TABLE stored AS
	WITH stored_rows (relation, r) AS (SELECT 'link', to_jsonb(l) FROM users.link l UNION ALL SELECT 'mail', to_jsonb(m) FROM users.mail m UNION ALL SELECT 'mail_request', to_jsonb(q) FROM users.mail_request q),
	     columns (relation, name, value) AS (SELECT relation, c.key, c.value FROM stored_rows, LATERAL jsonb_each_text(r) c WHERE c.value IS NOT NULL),
	     binary_columns (relation, name, b) AS (SELECT relation, name, CASE WHEN value ~ '^\\x' THEN value::bytea WHEN value ~ '^[0-9a-f]{8}-[0-9a-f]{4}-' THEN uuid_send(value::uuid) ELSE convert_to(value, 'UTF8') END FROM columns),
	     -- As long as a token, with what stands in the row in the tag's place.
	     made (name, b) AS (SELECT name, uuid_send(user_id) || uuid_send(id) || tag
	                          FROM users.link l, LATERAL (VALUES ('the nonce twice', nonce || nonce), ('zeros', decode(repeat('00', 32), 'hex')), ('a hash of the nonce', sha256(nonce)), ('a hash of the row', sha256(convert_to(kind, 'UTF8') || uuid_send(user_id) || uuid_send(id) || convert_to(recipient, 'UTF8') || nonce)),
	                                                             ('a hash of the tag''s parts', sha256(convert_to('link' || kind, 'UTF8') || uuid_send(user_id) || uuid_send(id) || convert_to(recipient, 'UTF8') || nonce)), ('its ids', uuid_send(user_id) || uuid_send(id))) t (name, tag))
	SELECT relation || '.' || name AS name, value FROM columns
	UNION SELECT relation || '.' || name || ' in hex', encode(b, 'hex') FROM binary_columns
	UNION SELECT relation || '.' || name || ' in base64url', pg_temp.text(b) FROM binary_columns
	UNION SELECT relation || ', the row', r::text FROM stored_rows
	UNION SELECT 'link: ids and ' || name, pg_temp.text(b) FROM made
	UNION SELECT 'link: ids and ' || name || ' in hex', encode(b, 'hex') FROM made;
SELECT cmp_ok((SELECT count(*) FROM stored), '>', 200::bigint, 'there is much that is stored');
SELECT is((SELECT count(*) FROM stored WHERE length(value) = 86) > 40, true, 'and some of it is as long as a token');
SELECT is_empty('SELECT name FROM stored WHERE pg_temp.opens(value) IS NOT NULL', 'nothing of it opens anything');
SELECT is_empty('SELECT FROM stored, tokens WHERE strpos(value, token) > 0', 'nor is a token among it');
SELECT is_empty('SELECT FROM stored, links WHERE strpos(value, encode(substring(b FROM 33), ''hex'')) > 0 OR strpos(value, pg_temp.text(substring(b FROM 33))) > 0', 'nor a token''s tag');

SELECT is_empty('SELECT said FROM heard WHERE replace(said, ''such as ann@example.org'', '''') ~* ''horses|goats|cats|cows|(ann|tom|eve|owner)@|argon2|eyJ|[a-z0-9_-]{80}''', 'no error shows a password, an address or a token');

SELECT * FROM finish();
