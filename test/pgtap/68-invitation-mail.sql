-- Invitations by mail: who gets one, what it says, what its token opens, and
-- what the inviter hears.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET client_min_messages = warning;
SET users.argon2_memory = '19MB';
SET users.max_mail_requests = 1000;
SET users.product_name = 'Prod';
SELECT plan(165);

\ir ../lib/answer.sql
\ir ../lib/domain.sql

-- All that is due, claimed. got(recipient) is the last one's, as "kind: ..."
CREATE TEMP TABLE claimed (n serial, LIKE users_mail);
CREATE FUNCTION pg_temp.claim() RETURNS text LANGUAGE sql AS $$
	WITH taken AS (INSERT INTO claimed SELECT nextval('claimed_n_seq'), m.* FROM users_claim_mail(1000) m RETURNING kind, recipient)
	SELECT coalesce(string_agg(kind || ' ' || recipient, ', ' ORDER BY recipient, kind), 'nothing') FROM taken
$$;
CREATE FUNCTION pg_temp.data(of text, what text) RETURNS text LANGUAGE sql AS
$$ SELECT data ->> what FROM claimed WHERE recipient = of ORDER BY n DESC LIMIT 1 $$;
CREATE FUNCTION pg_temp.accept_by(who text, token text, undo boolean DEFAULT false) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.tell(who, format('SELECT status FROM users_accept_invitation(token => %L)', token), undo) $$;
CREATE FUNCTION pg_temp.register(email text, username text, token text, undo boolean DEFAULT false) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.tell('users_anon', format('SELECT status FROM users_register(%L, %L, ''seven wet horses sing'', ''Nia'', ''Noor'', token => %L)',
                                            email, username, token), undo) $$;
CREATE FUNCTION pg_temp.info(token text, what text DEFAULT 'status') RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.tell('users_anon', format('SELECT %s FROM users_invitation(%L)', what, token)) $$;

SELECT count(pg_temp.add_person(name)) FROM unnest('{ann,ben,cem,dua,fay,gil}'::text[]) name \g /dev/null
SELECT pg_temp.add_person('eva', 'user', 'de'), pg_temp.add_person('ada', 'admin'), pg_temp.add_person('ida', 'admin') \g /dev/null
SELECT pg_temp.add_domain('Farm <& "Co"', 'farm', 'ann') \g /dev/null
UPDATE users.person SET first_name = 'An<n>' WHERE username = 'ann';
UPDATE users.account SET email_verified_at = now() WHERE user_id IN (pg_temp.person('ben'), pg_temp.person('eva'));
INSERT INTO thing VALUES ('nothing', gen_random_uuid());
SELECT pg_temp.claim() \g /dev/null

---- to whom one goes

SELECT is(pg_temp.invite('ann', 'farm/viewer', invitee), 'ok', invitee || ' is invited')
  FROM unnest('{New@Example.org,Cem@Example.org,eva@example.org,ben,dua,nobody,ann@example.org}'::text[]) invitee;
SELECT is((SELECT string_agg(recipient || ' ' || state, ', ' ORDER BY recipient COLLATE "C") FROM users_outbox),
          'Cem@Example.org waiting, New@Example.org waiting, ann@example.org waiting, ben waiting, dua waiting, eva@example.org waiting, nobody waiting',
          'seven requests wait, each as it was written');
SELECT is(pg_temp.claim(), 'invitation New@Example.org, invitation ann@example.org, invitation ben@example.org, invitation cem@example.org, invitation eva@example.org',
          'by username to a verified address only; by address to everybody, as its owner writes it');
SELECT is(pg_temp.claim(), 'nothing', 'once');
SELECT is((SELECT count(*) FROM users.mail_request), 0::bigint, 'nothing is left waiting');
SELECT is((SELECT count(*) FROM users_outbox WHERE user_id IS NOT NULL), 1::bigint, 'one by address is the mailbox''s, whoever has that address');
SELECT is((SELECT user_id FROM users_outbox WHERE user_id IS NOT NULL), pg_temp.person('ben'), 'one by username the account''s');
SELECT is((SELECT string_agg(recipient || ' ' || language, ', ' ORDER BY recipient) FROM claimed WHERE recipient ~ '^(eva|cem|New)'),
          'New@Example.org en, cem@example.org en, eva@example.org de', 'in the language of who has the address');

SELECT is(pg_temp.invite('ann', 'farm/admin', 'ann@example.org'), 'ok', 'who holds the role by that address');
SELECT is(pg_temp.invite('ann', 'farm/viewer', 'gil'), 'ok', 'an account');
SELECT ok(users_disable_user(pg_temp.person('gil')), 'that is disabled meanwhile');
UPDATE users.account SET email_verified_at = now() WHERE user_id = pg_temp.person('gil');
SELECT is(pg_temp.invite('ann', 'farm/editor', 'gil@example.org'), 'ok', 'or invited by its address');
SELECT is(pg_temp.invite('ann', 'farm/viewer', 'hal'), 'ok', 'a name of nobody''s');
SELECT pg_temp.add_person('hal') \g /dev/null
UPDATE users.account SET email_verified_at = now() WHERE user_id = pg_temp.person('hal');
SELECT is(pg_temp.claim(), 'nothing', 'and that is taken meanwhile: none of them');
SELECT is(pg_temp.invite('ann', 'farm/viewer', 'Hal'), 'ok', 'invited again');
SELECT is(pg_temp.claim(), 'invitation hal@example.org', 'hal is meant');

SELECT is(pg_temp.invite('ann', 'farm/viewer', 'w1@example.org', 'w1'), 'ok', 'invited');
SELECT is(pg_temp.tell('ann', 'SELECT users_withdraw_invitation({w1})'), 'true', 'withdrawn');
SELECT is(pg_temp.claim(), 'nothing', 'before the relay came');
SELECT is(pg_temp.invite('ann', 'farm/viewer', 'w2@example.org', 'w2'), 'ok', 'invited');
UPDATE users.invitation SET expires_at = now() - interval '1 second' WHERE id = pg_temp.thing('w2');
SELECT is(pg_temp.claim(), 'nothing', 'expired before');
SELECT is(pg_temp.invite('ann', 'farm/viewer', 'w3@example.org', 'w3'), 'ok', 'invited');
SELECT is(pg_temp.claim(), 'invitation w3@example.org', 'and claimed');
SELECT is((SELECT users_mail_failed(id, 'no', retry_after => '0')::text FROM claimed WHERE recipient = 'w3@example.org'), 'true', 'but not sent');
SELECT is(pg_temp.tell('ann', 'SELECT users_withdraw_invitation({w3})'), 'true', 'withdrawn');
SELECT is(pg_temp.claim(), 'nothing', 'before the next attempt');
SELECT is((SELECT state || ': ' || last_error FROM users_outbox WHERE recipient = 'w3@example.org'), 'expired: the invitation is over', 'that is why');
SELECT is(pg_temp.info(pg_temp.data('w3@example.org', 'token')), 'invalid_token', 'and its token opens nothing');
SET users.mail_kinds_off = 'invitation';
SELECT is(pg_temp.invite('ann', 'farm/viewer', 'off@example.org'), 'ok', 'the kind is off');
SELECT is(pg_temp.claim(), 'nothing', 'and nothing goes out');
RESET users.mail_kinds_off;

---- what it says

SELECT is(pg_temp.data('New@Example.org', 'domain_name'), 'Farm <& "Co"', 'the domain');
SELECT is(pg_temp.data('New@Example.org', 'role_name'), 'viewer', 'the role');
SELECT is(pg_temp.data('New@Example.org', 'inviter_name'), 'An<n> Ash', 'the inviter');
SELECT is(pg_temp.data('New@Example.org', 'email'), 'New@Example.org', 'where it went');
SELECT is((SELECT count(*) FROM claimed WHERE kind = 'invitation' AND data ?| '{first_name,username,last_name}'), 2::bigint,
          'nobody is named but who was invited by name, ben and hal');
SELECT is(recipient_name, NULL, 'nor greeted: whoever made the account may not be who reads the mail')
  FROM claimed WHERE recipient = 'cem@example.org';
SELECT matches(body_text, 'An<n> Ash invites you to join Farm <& "Co" at Prod', 'text as it is') FROM claimed WHERE recipient = 'New@Example.org';
SELECT matches(body_html, 'An&lt;n&gt; Ash invites you to join Farm &lt;&amp; &quot;Co&quot; at Prod', 'HTML escaped') FROM claimed WHERE recipient = 'New@Example.org';
SELECT is(pg_temp.data('New@Example.org', 'link'), 'http://localhost:3000/invitation?token=' || pg_temp.data('New@Example.org', 'token'), 'the link is to users.invitation_url');
SELECT is(pg_temp.data('New@Example.org', 'expires_at'), to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'and ends with the invitation')
  FROM users.invitation WHERE invitee = 'New@Example.org';
SELECT is(position(to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') IN (SELECT body_text FROM claimed WHERE recipient = 'New@Example.org')) > 0,
          true, 'as the text says') FROM users.invitation WHERE invitee = 'New@Example.org';

SELECT is((users_define_site('shop', NULL, NULL, 'https://shop.example/i/{token}', NULL, 'Shop <shop@shop.example>', 'Shop')).name, 'shop', 'another front end');
SELECT is(pg_temp.invite('ada', 'farm/viewer', 'shop@example.org', 'shop1', ', ''shop'''), 'ok', 'invites to its page');
SELECT is(pg_temp.invite(NULL, 'farm/viewer', 'dba@example.org', 'dba1', ', ''shop'''), 'ok', 'and so does a DBA');
SELECT is(pg_temp.claim(), 'invitation dba@example.org, invitation shop@example.org', 'both are mailed');
SELECT matches(pg_temp.data('shop@example.org', 'link'), '^https://shop.example/i/[A-Za-z0-9_-]{86}$', 'with its link');
SELECT is(pg_temp.data('shop@example.org', 'inviter_name'), 'Ada Ash', 'an administrator is named');
SELECT is(pg_temp.data('dba@example.org', 'inviter_name'), 'Shop', 'for a DBA the product speaks');

---- the end that holds

SET users.invitation_ttl = '60s';
SELECT is(pg_temp.invite('ann', 'farm/viewer', 'e1@example.org', 'e1'), 'ok', 'a minute');
SET users.invitation_ttl = '7d';
SELECT is(pg_temp.claim(), 'invitation e1@example.org', 'claimed under another setting');
SELECT is(l.expires_at, i.expires_at, 'the link ends with the invitation') FROM users.link l JOIN users.invitation i ON i.id = l.invitation_id WHERE i.id = pg_temp.thing('e1');
SELECT pg_temp.data('e1@example.org', 'token') AS e1 \gset
SELECT is(pg_temp.invite('ann', 'farm/viewer', 'e1@example.org'), 'ok', 'again, for seven days');
SELECT is(pg_temp.claim(), 'invitation e1@example.org', 'is mailed again');
SELECT is(pg_temp.data('e1@example.org', 'token'), :'e1', 'within five minutes the same link');
SELECT ok(pg_temp.data('e1@example.org', 'expires_at')::timestamptz < now() + interval '2 minutes', 'with its first end, which it says');
SELECT ok(pg_temp.info(:'e1', 'expires_at')::timestamptz < now() + interval '2 minutes', 'and so does users_invitation');
UPDATE users.link SET created_at = created_at - interval '10 minutes' WHERE invitation_id = pg_temp.thing('e1');
SELECT is(pg_temp.invite('ann', 'farm/viewer', 'e1@example.org'), 'ok', 'later again');
SELECT is(pg_temp.claim(), 'invitation e1@example.org', 'is mailed again');
SELECT isnt(pg_temp.data('e1@example.org', 'token'), :'e1', 'with another link');
SELECT is(pg_temp.info(:'e1'), 'ok', 'the one before leads there, too');
SELECT is(pg_temp.info(:'e1', 'invitation_id'), pg_temp.info(pg_temp.data('e1@example.org', 'token'), 'invitation_id'), 'both to the same');
SET users.invitation_ttl = '60s';
SELECT is(pg_temp.invite('ann', 'farm/viewer', 'e1@example.org'), 'ok', 'for a minute again');
SELECT is(pg_temp.claim(), 'invitation e1@example.org', 'the link has days left');
SELECT ok(pg_temp.data('e1@example.org', 'expires_at')::timestamptz < now() + interval '2 minutes', 'but the mail says what holds');
SELECT ok(pg_temp.info(pg_temp.data('e1@example.org', 'token'), 'expires_at')::timestamptz < now() + interval '2 minutes', 'and so does users_invitation');
RESET users.invitation_ttl;
SELECT is(pg_temp.invite('ann', 'farm/editor', 'e1@example.org', 'e2'), 'ok', 'to another role in the same five minutes');
SELECT is(pg_temp.claim(), 'invitation e1@example.org', 'is another mail');
SELECT is(pg_temp.info(pg_temp.data('e1@example.org', 'token'), 'role_name'), 'editor', 'and another link');

---- looking at it

SELECT is(pg_temp.info(pg_temp.data('New@Example.org', 'token'), 'concat_ws('' '', status, domain_name, role_name, inviter_name, email, account_exists, retry_after)'),
          'ok Farm <& "Co" viewer An<n> Ash New@Example.org f', 'what its bearer hears');
SELECT is(pg_temp.info(pg_temp.data(who || '@example.org', 'token'), 'account_exists'), 'true', 'whether somebody has the address: ' || who)
  FROM unnest('{cem,ben}'::text[]) who;
SELECT is(pg_temp.info(token), 'invalid_token', 'no token: ' || left(token, 20))
  FROM (VALUES (''), ('x'), (repeat('A', 86)), (repeat('A', 10000)), (pg_temp.data('New@Example.org', 'token') || 'A'),
               (left(pg_temp.data('New@Example.org', 'token'), 85)), (reverse(pg_temp.data('New@Example.org', 'token')))) v (token);
SELECT is(pg_temp.tell('users_anon', 'SELECT concat_ws('' '', invitation_id, domain_name, role_name, inviter_name, email, expires_at, account_exists)
                                        FROM users_invitation(''x'')'), '', 'which opens nothing');
BEGIN READ ONLY;
SELECT (users_invitation(pg_temp.data('New@Example.org', 'token'))).status AS read_only \gset
COMMIT;
SELECT is(:'read_only'::text, 'ok', 'it works in READ ONLY transactions');
SELECT is((users_request_reset('ben@example.org')).status || (users_request_verification('cem@example.org')).status || (users_request_registration('r@example.org')).status,
          'acceptedacceptedaccepted', 'links of other kinds');
SELECT is(pg_temp.claim(), 'reset_password ben@example.org, verify_email cem@example.org, registration r@example.org', 'are mailed');
SELECT is(pg_temp.info(data ->> 'token'), 'invalid_token', kind || ' is not one') FROM claimed WHERE kind IN ('verify_email', 'registration', 'reset_password');
SELECT is(pg_temp.accept_by('fay', data ->> 'token'), 'invalid_token', kind || ' accepts nothing') FROM claimed WHERE kind IN ('verify_email', 'registration', 'reset_password');
SELECT pg_temp.data('New@Example.org', 'token') AS new \gset
SELECT is((users_reset_password(:'new', 'eight dry cows hum', 'eight dry cows hum')).status, 'invalid_token', 'an invitation resets nothing');
SELECT is((users_verify_email(:'new')).status, 'invalid_token', 'and verifies nothing');

---- accepting by token

SELECT is(pg_temp.accept_by('fay', :'new', undo => true), 'ok', 'whoever is signed in accepts: the token shows the mailbox');
SELECT is(pg_temp.accept_by('users_anon', :'new'), '42501', 'somebody has to be');
SELECT is(pg_temp.tell('fay', format('SELECT status FROM users_accept_invitation({w1}, %L)', :'new')), 'invalid_token', 'an id that is another''s');
SELECT is(pg_temp.tell('fay', format('SELECT status FROM users_accept_invitation({nothing}, %L)', :'new')), 'invalid_token', 'or nobody''s');
SELECT is(pg_temp.tell('fay', format('SELECT status FROM users_accept_invitation((SELECT invitation_id FROM users_invitation(%L)), %L)', :'new', :'new'), true), 'ok', 'its own is welcome');
SELECT is(pg_temp.tell('fay', format('SELECT status FROM users_reject_invitation(token => %L)', :'new'), true), 'ok', 'who may accept may reject');
SELECT is(pg_temp.accept_by('cem', pg_temp.data('cem@example.org', 'token'), undo => true), 'invalid_token', 'of a mail of another kind nothing');
SELECT data ->> 'token' AS cem FROM claimed WHERE recipient = 'cem@example.org' AND kind = 'invitation' \gset
SELECT is(pg_temp.accept_by('cem', :'cem'), 'ok', 'cem, whose address is not verified, by the token');
SELECT ok(pg_temp.holds('cem', 'farm/viewer'), 'holds the role');
SELECT is(email_verified_at, NULL, 'which verifies nothing') FROM users.account WHERE user_id = pg_temp.person('cem');
SELECT is(pg_temp.accept_by(who, :'cem'), 'invalid_token', 'once: ' || who) FROM unnest('{cem,fay}'::text[]) who;
SELECT is(pg_temp.info(:'cem'), 'invalid_token', 'it is spent');
SELECT is(pg_temp.register('cem2@example.org', 'cem2', :'cem'), 'invalid_token', 'for everything');

SELECT is(pg_temp.tell('eva', format('SELECT status FROM users_reject_invitation(token => %L)', pg_temp.data('eva@example.org', 'token'))), 'ok', 'eva rejects by hers');
SELECT is(pg_temp.accept_by('eva', pg_temp.data('eva@example.org', 'token')), 'invalid_token', 'that is that');

-- Of a username, the account's.
SELECT data ->> 'token' AS ben FROM claimed WHERE recipient = 'ben@example.org' AND kind = 'invitation' \gset
SELECT is(pg_temp.info(:'ben'), 'ok', 'ben has a link');
SELECT is(pg_temp.tell('ben', 'SELECT status FROM users_change_password(''seven wet horses sing'', ''nine blue boats row'', ''nine blue boats row'')'), 'ok', 'he changes his password');
SELECT is(pg_temp.info(:'ben'), 'invalid_token', 'his links are over');
UPDATE person SET token = (SELECT access_token FROM users_login('ben', 'nine blue boats row')) WHERE name = 'ben';
SELECT is(pg_temp.tell('ben', 'SELECT status FROM users_invitations'), 'pending', 'the invitation is not');
SELECT is(pg_temp.invite('ann', 'farm/editor', 'dua@example.org'), 'ok', 'dua is invited by address');
SELECT pg_temp.claim() \g /dev/null
SELECT is(pg_temp.tell('dua', 'SELECT status FROM users_change_password(''seven wet horses sing'', ''nine blue boats row'', ''nine blue boats row'')'), 'ok', 'whose account changes its password');
SELECT is(pg_temp.info(pg_temp.data('dua@example.org', 'token')), 'ok', 'the mailbox stays invited');

-- A name that goes from one to the other.
SELECT pg_temp.add_person('kay'), pg_temp.add_person('lou'), pg_temp.claim() \g /dev/null
UPDATE users.account SET email_verified_at = now() WHERE user_id IN (pg_temp.person('kay'), pg_temp.person('lou'));
SELECT pg_temp.invite('ann', 'farm/viewer', 'kay') \g /dev/null
SELECT is(pg_temp.claim(), 'invitation kay@example.org', 'kay is invited');
UPDATE users.identifier SET user_id = pg_temp.person('lou') WHERE identifier = 'username:kay';
SELECT is(pg_temp.info(pg_temp.data('kay@example.org', 'token')), 'ok', 'the name becomes lou''s, the invitation does not');
SELECT pg_temp.invite('ann', 'farm/viewer', 'kay') \g /dev/null
SELECT is(pg_temp.claim(), 'invitation lou@example.org', 'invited again, lou is meant');
SELECT is(pg_temp.info(pg_temp.data('kay@example.org', 'token')), 'invalid_token', 'and kay''s link is over');
SELECT is(pg_temp.info(pg_temp.data('lou@example.org', 'token')), 'ok', 'not lou''s');

---- signing up with it

SELECT is(pg_temp.register('other@example.org', 'nia', :'new'), 'US011 email', 'with another address');
SELECT is(pg_temp.register('new@example.org', 'ann', :'new'), '23505 username users_username_key', 'with a name that is taken');
SELECT is(pg_temp.register('new@example.org', 'n!', :'new'), 'US002 username', 'or is none');
SELECT is(pg_temp.info(:'new'), 'ok', 'leaves the token as it was');
SET users.registration = 'closed';
SELECT is(pg_temp.register('new@example.org', 'nia', :'new'), 'US012', 'closed is closed');
SET users.registration = 'invited';
SET users.require_verified_email = on;
SELECT is(pg_temp.register('new@example.org', 'nia', NULL), 'US012 token', 'by invitation: not without one');
SELECT is(pg_temp.register('new@example.org', 'nia', token), 'invalid_token', 'nor with: ' || left(token, 10))
  FROM (VALUES (''), ('x'), (:'cem'), (pg_temp.data('w3@example.org', 'token'))) v (token);
SELECT is(pg_temp.tell('ann', 'SELECT status FROM users_set_domain_status({farm}, ''disabled'')'), 'disabled', 'the domain is disabled');
SELECT is(pg_temp.register('new@example.org', 'nia', :'new'), 'invalid_token', 'nobody joins it');
SELECT is((SELECT count(*) FROM users.account WHERE email ~* '^new@'), 0::bigint, 'nor signs up: all or nothing');
SELECT is(pg_temp.tell('ann', 'SELECT status FROM users_set_domain_status({farm}, ''enabled'')'), 'enabled', 'enabled again');
SELECT is(pg_temp.register('new@EXAMPLE.org', 'nia', :'new'), 'ok', 'then it opens');
INSERT INTO person SELECT 'nia', user_id FROM users.person WHERE username = 'nia';
SELECT pg_temp.sign_in('nia') \g /dev/null
SELECT ok(email_verified_at IS NOT NULL, 'the address is verified') FROM users.account WHERE user_id = pg_temp.person('nia');
SELECT ok(pg_temp.holds('nia', 'farm/viewer'), 'nia is in the domain');
SELECT is(pg_temp.tell('nia', 'SELECT string_agg(route, '' '') FROM users_domains'), 'farm', 'and sees it');
SELECT is((SELECT status || ' ' || (accepted_by = pg_temp.person('nia')) FROM users.invitation WHERE invitee = 'New@Example.org'), 'accepted true', 'the invitation is accepted');
SELECT is((SELECT string_agg(event, ' ' ORDER BY event) FROM users.audit_event WHERE user_id = pg_temp.person('nia') AND outcome = 'success'),
          'invitation_accepted login register role_granted', 'all of it audited');
SELECT is((SELECT count(DISTINCT session_id) FROM users.audit_event WHERE user_id = pg_temp.person('nia') AND event <> 'login'), 1::bigint, 'in the session that it opened');
SELECT is(pg_temp.register('new2@example.org', 'nia2', :'new'), 'invalid_token', 'once');
SELECT is(pg_temp.accept_by('fay', :'new'), 'invalid_token', 'for everything');
RESET users.registration;
RESET users.require_verified_email;
SELECT is(pg_temp.register('e1@example.org', 'eli', pg_temp.data('e1@example.org', 'token')), 'ok', 'invited twice, signs up with the one');
INSERT INTO person SELECT 'eli', user_id FROM users.person WHERE username = 'eli';
SELECT pg_temp.sign_in('eli') \g /dev/null
SELECT is(pg_temp.tell('eli', 'SELECT string_agg(role_name || '' '' || status, '', '' ORDER BY role_name) FROM users_invitations'), 'editor accepted, viewer pending', 'and finds the other');
SELECT is(pg_temp.accept('eli', 'e1'), 'ok', 'for the address is verified');

---- what the inviter hears

SELECT pg_temp.claim() \g /dev/null
SELECT is((SELECT string_agg(kind || ' ' || (data ->> 'invitee_name') || ' ' || (data ->> 'role_name'), ', ' ORDER BY data ->> 'invitee_name', data ->> 'role_name')
             FROM claimed WHERE recipient = 'ann@example.org' AND kind <> 'invitation'),
          'invitation_accepted Cem Ash viewer, invitation_rejected Eva Ash viewer, invitation_accepted Nia Noor editor, invitation_accepted Nia Noor viewer, invitation_accepted Nia Noor viewer',
          'each answer, with who it was and to what');
SELECT is((SELECT count(DISTINCT data ->> 'domain_name') FROM claimed WHERE recipient = 'ann@example.org' AND kind <> 'invitation'), 1::bigint, 'and where');
SELECT matches(body_text, 'Cem Ash has accepted your invitation to Farm <& "Co"', 'in words')
  FROM claimed WHERE kind = 'invitation_accepted' AND data ->> 'invitee_name' = 'Cem Ash';
SELECT matches(body_text, 'Eva Ash has declined your invitation to Farm <& "Co"', 'both ways') FROM claimed WHERE kind = 'invitation_rejected';
SELECT is(pg_temp.accept_by('fay', pg_temp.data('dba@example.org', 'token')), 'ok', 'a DBA''s invitation');
SELECT is(pg_temp.claim(), 'nothing', 'has nobody to tell');
SELECT is(pg_temp.invite('ada', 'farm/editor', 'fay', 'fay1'), 'ok', 'ada invites');
SELECT ok(users_disable_user(pg_temp.person('ada')), 'and is disabled');
SELECT is(pg_temp.tell('fay', 'SELECT status FROM users_reject_invitation({fay1})'), 'ok', 'fay says no');
SELECT is(pg_temp.claim(), 'nothing', 'which nobody hears');
SET users.mail_kinds_off = 'invitation_accepted, invitation_rejected';
SELECT is(pg_temp.tell('ben', 'SELECT status FROM users_accept_invitation((SELECT id FROM users_invitations))'), 'ok', 'ben accepts');
SELECT is(pg_temp.claim(), 'nothing', 'kinds that are off are not sent');

---- no token is stored

SELECT is((SELECT count(*) FROM users.link l, claimed c WHERE c.data ? 'token' AND (encode(l.nonce, 'hex') || l.id || l.user_id) ~ (c.data ->> 'token')), 0::bigint, 'no link is one');
SELECT is((SELECT count(*) FROM users.mail m, claimed c WHERE c.data ? 'token' AND position(c.data ->> 'token' IN m::text) > 0), 0::bigint, 'nor a mail');
SELECT is((SELECT count(*) FROM users.invitation i, claimed c WHERE c.data ? 'token' AND position(c.data ->> 'token' IN i::text) > 0), 0::bigint, 'nor an invitation');

SELECT * FROM finish();
