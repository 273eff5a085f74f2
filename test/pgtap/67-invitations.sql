-- Invitations: who may invite whom to what, who may accept, and who sees them.
-- What goes by mail is in 68-invitation-mail.sql.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET client_min_messages = warning;
SET users.argon2_memory = '19MB';
SET users.max_mail_requests = 1000;
SELECT plan(235);

\ir ../lib/answer.sql
\ir ../lib/domain.sql

SELECT count(pg_temp.add_person(name)) FROM unnest('{ann,ben,cem,dua,eli,fay}'::text[]) name \g /dev/null
SELECT pg_temp.add_person('ada', 'admin') \g /dev/null
SELECT pg_temp.add_domain('Farm', 'farm', 'ann'), pg_temp.add_domain('Barn', 'barn', 'eli') \g /dev/null
SELECT pg_temp.add_role('farm', 'host', '{domain:manage_members}'),
       pg_temp.add_role('farm', 'guide', '{domain:view_members,device:read}'),
       pg_temp.add_role('farm', 'wide', '{domain:manage_members,device:*}') \g /dev/null
-- ben may manage members, and gives away nothing but that.
SELECT pg_temp.grant_role('farm/host', 'ben') \g /dev/null
INSERT INTO thing VALUES ('nothing', gen_random_uuid());

---- who may call what

SELECT is(pg_temp.answer(statement, 'users_anon'), '42501', 'not for anon: ' || substr(statement, 8, 30))
  FROM (VALUES ('SELECT users_invite(NULL, NULL)'), ('SELECT users_accept_invitation()'), ('SELECT users_reject_invitation()'),
               ('SELECT users_withdraw_invitation(NULL)'), ('SELECT count(*) FROM users_invitations'),
               ('SELECT count(*) FROM users.invitation'), ('SELECT users.received_invitations()'),
               ('SELECT users.inviter_of(NULL, NULL)')) v (statement);
SELECT is(pg_temp.answer(statement, 'users_member'), '28000', 'a member''s role alone is nobody: ' || substr(statement, 8, 30))
  FROM (VALUES ('SELECT users_invite(NULL, NULL)'), ('SELECT users_accept_invitation()'), ('SELECT users_reject_invitation()'),
               ('SELECT users_withdraw_invitation(NULL)')) v (statement);
SELECT is(pg_temp.answer('SELECT count(*) FROM users_invitations', 'users_member'), '0', 'and sees none');
SELECT is(pg_temp.answer('SELECT (users_invitation(NULL)).status', who), 'invalid_token', 'users_invitation is for ' || who)
  FROM unnest('{users_anon,users_member}'::text[]) who;
SELECT is(pg_temp.answer('SELECT ' || f, r), '42501', r || ' may not ' || f)
  FROM unnest('{users_service,users_relay}'::text[]) r,
       unnest('{users_invitation(NULL),users_accept_invitation()}'::text[]) f;
SELECT is(pg_temp.answer('BEGIN; SELECT 1', NULL), '0A000', 'statements run by themselves');

---- inviting

SELECT is(pg_temp.invite('ann', 'farm/viewer', 'Cem', 'cem1'), 'ok', 'ann invites cem by username');
SELECT is(pg_temp.invite('ann', 'farm/viewer', 'No-Body', 'nobody1'), 'ok', 'a username that nobody bears is answered alike');
SELECT is(pg_temp.invite('ann', 'farm/viewer', ' New@Example.org ', 'new1'), 'ok', 'an address that nobody has');
SELECT is(pg_temp.invite('ann', 'farm/viewer', 'dua@example.org', 'dua1'), 'ok', 'and one that somebody has');
SELECT is(i.invitee || ' ' || invitee_key || ' ' || by_email, said, 'invitee: ' || said)
  FROM (VALUES ('cem1', 'Cem cem false'), ('nobody1', 'No-Body no-body false'), ('new1', 'New@Example.org new@example.org true')) v (name, said)
  JOIN thing USING (name) JOIN users.invitation i USING (id);
SELECT is((SELECT invitee_id FROM users.invitation WHERE id = pg_temp.thing('cem1')), pg_temp.person('cem'), 'the username is cem''s, now');
SELECT is((SELECT substr(invitee_id::text, 15, 1) FROM users.invitation WHERE id = pg_temp.thing('nobody1')), '8', 'the other one has an id of nobody''s');
SELECT is((SELECT invitee_id FROM users.invitation WHERE id = pg_temp.thing('dua1')), NULL, 'an address is not looked up');
SELECT is((SELECT inviter_id FROM users.invitation WHERE id = pg_temp.thing('cem1')), pg_temp.person('ann'), 'the inviter is ann');
SELECT ok((SELECT bool_and(expires_at - created_at = '7 days') FROM users.invitation), 'they count for users.invitation_ttl');
SELECT is((SELECT count(*) FROM users.audit_event WHERE event = 'invitation_sent' AND user_id = pg_temp.person('ann')
              AND actor_id = user_id AND domain_id = pg_temp.thing('farm') AND detail ? 'invitation'), 4::bigint, 'each is audited');
SELECT is((SELECT count(*) FROM users.audit_event WHERE detail::text ~* 'example|cem'), 0::bigint, 'without who it was');

SELECT is(pg_temp.invite('ann', 'farm/viewer', invitee), said, coalesce('invitee: ' || left(invitee, 30), 'invitee: NULL'))
  FROM (VALUES (NULL, 'US002 invitee'), ('', 'US002 invitee'), ('a b', 'US002 invitee'), ('.a', 'US002 invitee'),
               (repeat('x', 33), 'US002 invitee'), ('@', 'US001 invitee'), ('a@', 'US001 invitee'), ('a@b@c', 'US001 invitee'),
               (repeat('x', 255) || '@x.y', 'US001 invitee'), ('Ann <a@b.c>', 'US001 invitee')) v (invitee, said);
SELECT is(pg_temp.invite('ann', 'farm/viewer', 'a@b.c', more => ', ''nowhere'''), 'US015 site', 'a site that is not there');
SELECT is(pg_temp.tell('ann', 'SELECT users_invite(NULL, ''a@b.c'')'), '42501', 'no role');
SELECT is(pg_temp.tell(who, 'SELECT users_invite({nothing}, ''a@b.c'')'), said, who || ' and a role that is not there: ' || said)
  FROM (VALUES ('ann', '42501'), ('ada', 'US014 role_id')) v (who, said);
SELECT is(pg_temp.tell(NULL, 'SELECT users_invite({nothing}, ''a@b.c'')'), 'US014 role_id', 'a DBA and a role that is not there');
SELECT is(pg_temp.tell('ada', 'SELECT users_invite(NULL, ''a@b.c'')'), 'US014 role_id', 'an administrator and no role');

-- Judged on the very scope.
SELECT is(pg_temp.invite(who, role, 'gil@example.org'), said, coalesce(who, 'a DBA') || ' to ' || role || ': ' || said)
  FROM (VALUES ('ben', 'farm/host', 'ok'), ('ben', 'farm/viewer', '42501'), ('ben', 'farm/wide', '42501'), ('ben', 'farm/admin', '42501'),
               ('cem', 'farm/viewer', '42501'), ('cem', 'farm/host', '42501'), ('ann', 'barn/viewer', '42501'), ('ann', 'farm/admin', 'ok'),
               ('ann', 'farm/wide', 'ok'), ('ada', 'barn/viewer', 'ok'), ('ada', 'barn/admin', 'ok')) v (who, role, said);
SELECT is(pg_temp.invite(NULL, 'farm/guide', 'gil@example.org'), 'ok', 'a DBA to anything');
SELECT is((SELECT inviter_id FROM users.invitation WHERE role_id = pg_temp.thing('farm/guide')), NULL, 'a DBA is nobody');

-- To whom holds the role.
SELECT is(pg_temp.invite('ann', 'farm/host', 'BEN'), '23505 invitee', 'a username that holds the role');
SELECT is(pg_temp.invite('ann', 'farm/viewer', 'ben', undo), 'ok', 'of another role') FROM (VALUES (NULL)) v (undo);
SELECT is(pg_temp.invite('ann', 'farm/host', 'ben@example.org', 'ben1'), 'ok', 'by address nothing is told');

-- Domains.
SELECT is(pg_temp.tell('ann', 'SELECT status FROM users_set_domain_status({farm}, ''disabled'')'), 'disabled', 'a disabled domain');
SELECT is(pg_temp.invite('ann', 'farm/viewer', 'a@b.c'), 'US011 role_id', 'invites nobody');
SELECT is(pg_temp.invite('ben', 'farm/host', 'a@b.c'), '42501', 'and who does not reach it hears nothing');
SELECT is(pg_temp.accept('cem', 'cem1'), 'invalid_token', 'nobody joins it');
SELECT is(pg_temp.tell(NULL, 'SELECT status FROM users_set_domain_status({farm}, ''frozen'')'), 'frozen', 'a frozen one');
SELECT is(pg_temp.invite('ann', 'farm/viewer', 'a@b.c'), '42501', 'is not reached');
SELECT is(pg_temp.invite('ada', 'farm/viewer', 'a@b.c'), 'US011 role_id', 'and invites nobody');
SELECT is(pg_temp.accept('cem', 'cem1'), 'invalid_token', 'nor does anybody join it');
SELECT is(pg_temp.tell(NULL, 'SELECT status FROM users_set_domain_status({farm}, ''enabled'')'), 'enabled', 'enabled again');

---- known and unknown (S14)

-- What a statement writes, by table and kind, in a transaction of its own.
CREATE FUNCTION pg_temp.writes(who text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before jsonb;
	result text;
BEGIN
	SELECT jsonb_object_agg(relname, jsonb_build_array(n_tup_ins, n_tup_upd, n_tup_hot_upd, n_tup_del)) INTO before
	  FROM pg_stat_xact_user_tables WHERE schemaname = 'users';
	PERFORM pg_temp.tell(who, statement);
	SELECT string_agg(concat_ws(' ', relname, n_tup_ins - (before -> relname ->> 0)::bigint, n_tup_upd - (before -> relname ->> 1)::bigint,
	                            n_tup_hot_upd - (before -> relname ->> 2)::bigint, n_tup_del - (before -> relname ->> 3)::bigint), ', ' ORDER BY relname)
	  INTO result FROM pg_stat_xact_user_tables
	 WHERE schemaname = 'users' AND before -> relname IS DISTINCT FROM jsonb_build_array(n_tup_ins, n_tup_upd, n_tup_hot_upd, n_tup_del);
	RETURN result;
END
$$;
CREATE TEMP TABLE written AS
SELECT invitee, n, pg_temp.writes('ann', format('SELECT users_invite({farm/editor}, %L)', invitee)) AS what
  FROM unnest('{cem,somebody,cem@example.org,somebody@example.org}'::text[]) invitee, generate_series(1, 2) n;
SELECT is(what, 'audit_event 1 0 0 0, event_position 1 0 0 0, invitation 1 0 0 0, mail_request 1 0 0 0', 'inviting writes the same: ' || invitee)
  FROM written WHERE n = 1;
SELECT is(what, 'audit_event 1 0 0 0, event_position 1 0 0 0, invitation 0 1 0 0, mail_request 1 0 0 0', 'and so does doing it again: ' || invitee)
  FROM written WHERE n = 2;
SELECT pg_temp.add_person('somebody') \g /dev/null
SELECT is(pg_temp.writes('ann', 'SELECT users_invite({farm/editor}, ''somebody'')'),
          (SELECT what FROM written WHERE n = 2 AND invitee = 'cem'), 'and when somebody took the name meanwhile');
SELECT is((SELECT count(*) FROM users.mail_request WHERE user_id IS NOT NULL OR invitation_id IS NULL), 0::bigint, 'and name nobody');

---- again

SELECT id, expires_at AS ends FROM users.invitation WHERE id = pg_temp.thing('cem1') \gset was_
SELECT is(pg_temp.invite('ada', 'farm/viewer', 'CEM', 'cem2'), 'ok', 'inviting again');
SELECT is(pg_temp.thing('cem2'), :'was_id', 'renews the same invitation');
SELECT ok(expires_at > :'was_ends', 'which counts longer') FROM users.invitation WHERE id = :'was_id';
SELECT is(inviter_id, pg_temp.person('ada'), 'and is the last inviter''s') FROM users.invitation WHERE id = :'was_id';
SELECT is(pg_temp.invite('ann', 'farm/viewer', 'cem'), 'ok', 'ann again');
SELECT isnt(pg_temp.tell('ann', 'SELECT invitation_id FROM users_invite({farm/guide}, ''cem'')'), :'was_id', 'another role is another invitation');
UPDATE users.invitation SET expires_at = now() - interval '1 hour' WHERE id = :'was_id';
SELECT is(pg_temp.accept('cem', 'cem1'), 'invalid_token', 'one that has expired is over');
SELECT is(pg_temp.tell('cem', 'SELECT status FROM users_reject_invitation({cem1})'), 'invalid_token', 'cannot be rejected');
SELECT is(pg_temp.tell('ann', 'SELECT users_withdraw_invitation({cem1})'), 'false', 'nor withdrawn');
SELECT is(pg_temp.tell('cem', 'SELECT status FROM users_invitations WHERE id = {cem1}'), 'expired', 'and looks like that');
SELECT is(pg_temp.invite('ann', 'farm/viewer', 'cem', 'cem3'), 'ok', 'it can be renewed');
SELECT is(pg_temp.thing('cem3'), :'was_id', 'too');
SELECT is(pg_temp.tell('cem', 'SELECT status FROM users_invitations WHERE id = {cem1}'), 'pending', 'and is pending');

---- accepting by id

SELECT is(pg_temp.accept(who, 'cem1'), 'invalid_token', 'not made for ' || who) FROM unnest('{dua,ann,ada}'::text[]) who;
SELECT is(pg_temp.tell('cem', statement), 'invalid_token', statement)
  FROM (VALUES ('SELECT status FROM users_accept_invitation()'), ('SELECT status FROM users_accept_invitation({nothing})'),
               ('SELECT status FROM users_accept_invitation({cem1}, '''')'), ('SELECT status FROM users_accept_invitation({cem1}, ''x'')'),
               ('SELECT status FROM users_reject_invitation()'), ('SELECT status FROM users_reject_invitation({new1})')) v (statement);
SELECT is(pg_temp.tell(NULL, 'SELECT users_accept_invitation({cem1})'), '28000', 'a DBA is not invited');

-- The inviter's right, as it is now.
SELECT is(pg_temp.invite('ben', 'farm/host', 'fay', 'fay1'), 'ok', 'ben invites fay');
SELECT ok(users_revoke_role(pg_temp.thing('farm/host'), pg_temp.person('ben')) IS NOT NULL, 'ben loses his role');
SELECT is(pg_temp.accept('fay', 'fay1'), 'invalid_token', 'what he has given counts no more');
SELECT ok(users_set_platform_role(pg_temp.person('ben'), 'admin'), 'he becomes a platform administrator');
SELECT is(pg_temp.accept('fay', 'fay1', undo => true), 'ok', 'who may always');
SELECT ok(users_disable_user(pg_temp.person('ben')), 'he is disabled');
SELECT is(pg_temp.accept('fay', 'fay1'), 'invalid_token', 'and may nothing');
SELECT ok(users_enable_user(pg_temp.person('ben')) AND users_set_platform_role(pg_temp.person('ben'), 'user'), 'he is nobody in particular again');
SELECT pg_temp.grant_role('farm/host', 'ben') \g /dev/null
SELECT is(pg_temp.tell('ann', 'SELECT cardinality(permissions) FROM users_update_role({farm/host}, permissions => ''{domain:manage_members,domain:update}'')'),
          '2', 'his role grows');
SELECT is(pg_temp.accept('fay', 'fay1', undo => true), 'ok', 'with him: he holds what he gives');
SELECT pg_temp.add_role('farm', 'small', '{domain:manage_members}') \g /dev/null
SELECT ok(pg_temp.grant_role('farm/small', 'ben'), 'he holds another one');
SELECT ok(users_revoke_role(pg_temp.thing('farm/host'), pg_temp.person('ben')), 'which is less than that');
SELECT pg_temp.sign_in('ben') \g /dev/null
SELECT is(pg_temp.accept('fay', 'fay1'), 'invalid_token', 'and cannot give it any more');

SELECT is(pg_temp.accept('cem', 'cem1'), 'ok', 'cem accepts');
SELECT ok(pg_temp.holds('cem', 'farm/viewer'), 'and holds the role');
SELECT is(granted_by, pg_temp.person('ann'), 'by ann') FROM users.role_assignment WHERE user_id = pg_temp.person('cem');
SELECT is(status || ' ' || (accepted_by = pg_temp.person('cem')) || ' ' || (answered_at IS NOT NULL), 'accepted true true', 'the invitation is accepted')
  FROM users.invitation WHERE id = :'was_id';
SELECT is(string_agg(event, ' ' ORDER BY event), 'invitation_accepted role_granted', 'both are audited')
  FROM users.audit_event WHERE user_id = pg_temp.person('cem') AND domain_id = pg_temp.thing('farm');
SELECT is(pg_temp.accept('cem', 'cem1'), 'invalid_token', 'once');
SELECT is(pg_temp.tell('cem', 'SELECT status FROM users_reject_invitation({cem1})'), 'invalid_token', 'it cannot be rejected then');
SELECT is(pg_temp.tell('ann', 'SELECT users_withdraw_invitation({cem1})'), 'false', 'nor withdrawn');
SELECT is(pg_temp.invite('ann', 'farm/viewer', 'cem'), '23505 invitee', 'nor given again');

-- By address: a verified one only.
SELECT is(pg_temp.accept('dua', 'dua1'), 'invalid_token', 'an address that is not verified is not theirs');
SELECT is(pg_temp.tell('dua', 'SELECT status FROM users_reject_invitation({dua1})'), 'invalid_token', 'to reject either');
SELECT is(pg_temp.tell('dua', 'SELECT count(*) FROM users_invitations'), '0', 'nor to see');
UPDATE users.account SET email_verified_at = now() WHERE user_id IN (pg_temp.person('dua'), pg_temp.person('cem'));
SELECT is(pg_temp.tell('dua', 'SELECT direction || '' '' || status FROM users_invitations'), 'received pending', 'a verified one is');
SELECT is(pg_temp.accept('cem', 'dua1'), 'invalid_token', 'somebody else''s is not');
UPDATE users.account SET email = 'dora@example.org' WHERE user_id = pg_temp.person('dua');
SELECT is(pg_temp.accept('dua', 'dua1'), 'invalid_token', 'nor one that was');
UPDATE users.account SET email = 'DUA@example.org' WHERE user_id = pg_temp.person('dua');
SELECT is(pg_temp.accept('dua', 'dua1'), 'ok', 'in any case');
SELECT ok(pg_temp.holds('dua', 'farm/viewer'), 'and dua is in');

-- By name: who bore it then.
SELECT is(pg_temp.invite('ann', 'farm/viewer', 'hal', 'hal1'), 'ok', 'nobody is called hal');
SELECT pg_temp.add_person('hal') \g /dev/null
SELECT is(pg_temp.accept('hal', 'hal1'), 'invalid_token', 'who takes the name later has no part in it');
SELECT is(pg_temp.tell('hal', 'SELECT count(*) FROM users_invitations'), '0', 'nor sees it');
SELECT is(pg_temp.invite('ann', 'farm/viewer', 'hal'), 'ok', 'invited again');
SELECT is(pg_temp.accept('hal', 'hal1', undo => true), 'ok', 'hal is who is meant');
UPDATE users.identifier SET identifier = 'username:hale' WHERE identifier = 'username:hal';
UPDATE users.person SET username = 'hale' WHERE username = 'hal';
SELECT is(pg_temp.accept('hal', 'hal1', undo => true), 'ok', 'by whatever name');
SELECT pg_temp.tell('hal', 'SELECT status FROM users_delete_account(''seven wet horses sing'')') \g /dev/null
SELECT is(pg_temp.accept('hal', 'hal1'), '28000', 'deleted, hal accepts nothing');

-- Who has got the role by another way.
SELECT is(pg_temp.invite('ann', 'farm/viewer', 'eli', 'eli1'), 'ok', 'eli is invited');
SELECT pg_temp.grant_role('farm/viewer', 'eli') \g /dev/null
SELECT is(pg_temp.accept('eli', 'eli1'), 'ok', 'and accepts what he holds already');
SELECT is((SELECT count(*) FROM users.audit_event WHERE user_id = pg_temp.person('eli') AND event = 'role_granted'
              AND detail ? 'invitation'), 0::bigint, 'nothing was granted by that');

---- rejecting and withdrawing

SELECT is(pg_temp.invite('ann', 'farm/guide', 'eli', 'eli2'), 'ok', 'eli is invited to more');
SELECT is(pg_temp.tell('dua', 'SELECT status FROM users_reject_invitation({eli2})'), 'invalid_token', 'dua cannot say no for him');
SELECT is(pg_temp.tell('eli', 'SELECT status FROM users_reject_invitation({eli2})'), 'ok', 'he says no');
SELECT is(pg_temp.accept('eli', 'eli2'), 'invalid_token', 'and cannot take it back');
SELECT is(pg_temp.tell('eli', 'SELECT status FROM users_reject_invitation({eli2})'), 'invalid_token', 'nor say it twice');
SELECT ok(NOT pg_temp.holds('eli', 'farm/guide'), 'he holds nothing by that');
SELECT is((SELECT count(*) FROM users.audit_event WHERE event = 'invitation_rejected' AND user_id = pg_temp.person('eli')), 1::bigint, 'it is audited');
SELECT isnt(pg_temp.tell('ann', 'SELECT invitation_id FROM users_invite({farm/guide}, ''eli'')'), pg_temp.thing('eli2')::text, 'he can be asked anew');

SELECT is(pg_temp.invite('ann', 'farm/guide', 'fay', 'fay2'), 'ok', 'fay is invited');
SELECT is(pg_temp.tell(who, 'SELECT users_withdraw_invitation({' || what || '})'), said, concat(who, ' withdraws ', what, ': ', said))
  FROM (VALUES ('fay', 'fay2', '42501'), ('cem', 'fay2', '42501'), ('eli', 'fay2', '42501'), ('ann', 'nothing', '42501'),
               ('ada', 'nothing', 'US014 invitation_id'), ('ben', 'fay2', 'true'),
               ('ann', 'fay2', 'false'), ('ada', 'fay2', 'false')) v (who, what, said);
SELECT is(pg_temp.tell(who, 'SELECT users_withdraw_invitation(NULL)'), said, 'withdrawing nothing: ' || said)
  FROM (VALUES ('ann', '42501'), ('ada', 'US014 invitation_id')) v (who, said);
SELECT is(pg_temp.tell(NULL, 'SELECT users_withdraw_invitation({nothing})'), 'US014 invitation_id', 'a DBA withdraws nothing');
SELECT is(pg_temp.accept('fay', 'fay2'), 'invalid_token', 'it is over');
SELECT is((SELECT count(*) FROM users.audit_event WHERE event = 'invitation_withdrawn' AND user_id = pg_temp.person('ben')), 1::bigint, 'and audited');

---- the view

SELECT is(pg_temp.tell('ann', 'SELECT string_agg(DISTINCT direction, '' '') FROM users_invitations'), 'sent', 'ann sees what was sent in her domain');
SELECT is(pg_temp.tell('ann', 'SELECT count(*) FROM users_invitations WHERE domain_id <> {farm}'), '0', 'in no other');
SELECT is(pg_temp.tell(who, 'SELECT count(*) FROM users_invitations'), n, who || ' sees ' || n)
  FROM (VALUES ('ben', '1'), ('somebody', '1'), ('fay', '2'), ('cem', '4')) v (who, n);
SELECT is(pg_temp.tell('ada', 'SELECT count(*) FROM users_invitations'), (SELECT count(*)::text FROM users.invitation), 'administrators see all');
SELECT is(pg_temp.tell(NULL, 'SELECT count(*) FROM users_invitations'), (SELECT count(*)::text FROM users.invitation), 'and DBAs');
SELECT is(pg_temp.tell('ann', 'SELECT count(invitee_id) || '' '' || count(*) FILTER (WHERE status = ''accepted'') FROM users_invitations'), '3 3',
          'who it is shows only when they have accepted');
SELECT is(pg_temp.tell('cem', 'SELECT concat_ws('' '', domain_name, domain_route, role_name, inviter_name, invitee, status, invitee_id = {cem})
                                 FROM users_invitations WHERE id = {cem1}'), 'Farm farm viewer Ann Ash cem accepted t', 'a received one with all its names');
SELECT is(pg_temp.tell('fay', 'SELECT concat_ws('' '', domain_name, role_name, inviter_name, status, answered_at IS NOT NULL)
                                 FROM users_invitations WHERE id = {fay2}'), 'Farm guide Ann Ash withdrawn t', 'of a domain that she is not in');
SELECT is(pg_temp.tell('fay', 'SELECT count(*) FROM users_domains'), '0', 'and that she does not see otherwise');
SELECT is(pg_temp.tell('ann', 'SELECT inviter_name FROM users_invitations WHERE invitee = ''new@example.org'' OR id = {new1}'), 'Ann Ash', 'a sent one names the inviter');
SELECT is(pg_temp.tell('eli', 'SELECT count(*) FROM users_invitations WHERE direction = ''sent'' AND domain_id = {barn}'), '2', 'eli sees what ada sent in his');
SELECT is(pg_temp.tell('eli', 'SELECT inviter_name FROM users_invitations WHERE domain_id = {barn} LIMIT 1'), 'Ada Ash', 'by name, though she is not in it');
SELECT is(pg_temp.tell('ann', 'SELECT ' || c || ' FROM users.invitation'), '42501', 'nobody reads ' || c) FROM unnest('{invitee_id,invitee_key,by_email,site}'::text[]) c;
SELECT is(pg_temp.tell('cem', 'SELECT users.inviter_of({ann}, {farm})'), '42501', 'the schema is closed');
GRANT USAGE ON SCHEMA users TO users_member;
SELECT is(pg_temp.tell(who, 'SELECT users.inviter_of({' || whom || '}, {' || d || '})'), said, concat_ws(' ', 'even open, to', who, 'about', whom, d, said))
  FROM (VALUES ('dua', 'ann', 'farm', 'NULL'), ('fay', 'ann', 'farm', 'NULL'), ('eli', 'ann', 'barn', 'NULL'), ('eli', 'fay', 'barn', 'NULL'),
               ('eli', 'ada', 'barn', 'Ada Ash'), ('ann', 'ann', 'farm', 'Ann Ash'), ('ada', 'ann', 'farm', 'Ann Ash'), ('ada', 'fay', 'farm', 'NULL')) v (who, whom, d, said);
SELECT is(pg_temp.tell('cem', 'SELECT count(*) FROM users.invitation'), '0', 'and without view_members no row of the table');
REVOKE USAGE ON SCHEMA users FROM users_member;
SELECT is(pg_temp.tell('ann', 'SELECT status FROM users_invitations WHERE direction = ''received'''), 'NULL', 'ann was invited by nobody');

---- budgets

SET users.max_invitations = 2;
SELECT pg_temp.add_person('lea'), pg_temp.add_person('max') \g /dev/null
SELECT pg_temp.grant_role('farm/admin', 'lea'), pg_temp.grant_role('farm/admin', 'max') \g /dev/null
SELECT is(pg_temp.invite('lea', 'farm/viewer', invitee), said, 'two a day: ' || said)
  FROM (VALUES ('i1@example.org', 'ok'), ('i2', 'ok'), ('i3@example.org', 'throttled'), ('i4', 'throttled'), ('i2', 'throttled'), ('cem', '23505 invitee')) v (invitee, said);
SELECT is(pg_temp.tell('lea', 'SELECT retry_after BETWEEN 86000 AND 86400 AND invitation_id IS NULL FROM users_invite({farm/viewer}, ''i5'')'), 'true', 'until tomorrow');
SELECT is(pg_temp.invite('max', 'farm/viewer', 'i2'), 'ok', 'somebody else may');
UPDATE users.audit_event SET id = overlay(id::text PLACING '0000' FROM 1 FOR 4)::uuid
 WHERE user_id = pg_temp.person('lea') AND event = 'invitation_sent' AND id = (SELECT min(id::text)::uuid FROM users.audit_event
       WHERE user_id = pg_temp.person('lea') AND event = 'invitation_sent');
SELECT is(pg_temp.invite('lea', 'farm/viewer', 'i2'), 'ok', 'what is older than a day does not count; doing it again does');
SELECT is(pg_temp.invite('lea', 'farm/viewer', 'i2'), 'throttled', 'enough again');
SET users.max_invitations = 0;
SELECT is(pg_temp.invite('max', 'farm/viewer', 'i5'), 'throttled', 'none at all');
SELECT is(pg_temp.invite(NULL, 'farm/viewer', 'i5'), 'ok', 'but for DBAs');
RESET users.max_invitations;
SET users.max_mail_requests = 2;
SELECT is(pg_temp.invite(who, 'farm/viewer', invitee), said, concat_ws(' ', 'an invitee has a budget:', invitee, said))
  FROM (VALUES (1, 'lea', 'k@example.org', 'ok'), (2, 'max', 'K@example.org', 'ok'), (3, 'ann', 'k@Example.org', 'throttled'), (4, 'lea', 'kk', 'ok'),
               (5, 'lea', 'KK', 'ok'), (6, 'max', 'kk', 'throttled'), (7, 'max', 'kkk', 'ok')) v (n, who, invitee, said);
SELECT is(pg_temp.tell('ann', 'SELECT retry_after > 0 FROM users_invite({farm/viewer}, ''kk'')'), 'true', 'which comes back');
SELECT is((SELECT status FROM users_request_reset('k@example.org')), 'accepted', 'and is not that of resets');
SET users.max_mail_requests = 1000;
SET users.max_waiting_requests = 1;
SELECT is(pg_temp.tell('ann', 'SELECT status || retry_after FROM users_invite({farm/viewer}, ''z'')'), 'busy2', 'too many mails wait');
SELECT is((SELECT count(*) FROM users.invitation WHERE invitee = 'z'), 0::bigint, 'and nothing was written');
RESET users.max_waiting_requests;

---- what goes with what

SELECT is(pg_temp.invite('ann', 'farm/small', 'fay', 'fay3'), 'ok', 'fay and a role');
SELECT is(pg_temp.tell('ann', 'SELECT users_delete_role({farm/small})'), 'true', 'that is deleted');
SELECT is(pg_temp.accept('fay', 'fay3'), 'invalid_token', 'there is nothing to accept');
SELECT is(pg_temp.tell('fay', 'SELECT count(*) FROM users_invitations WHERE id = {fay3}'), '0', 'nor to see');
SELECT is(pg_temp.invite('eli', 'barn/viewer', 'fay', 'fay4'), 'ok', 'fay and a domain');
SELECT is(pg_temp.tell('eli', 'SELECT users_delete_domain({barn})'), 'true', 'that is deleted');
SELECT is(pg_temp.accept('fay', 'fay4'), 'invalid_token', 'nobody joins it');
SELECT is(pg_temp.tell('fay', 'SELECT count(*) FROM users_invitations WHERE id = {fay4}'), '0', 'or hears of it');
SELECT is(pg_temp.invite('ada', 'barn/viewer', 'fay'), 'US011 role_id', 'or is invited to it');

UPDATE users.invitation SET expires_at = now() - interval '31 days', created_at = now() - interval '38 days' WHERE invitee LIKE 'i_@example.org' OR id = pg_temp.thing('cem1');
SELECT is((SELECT row_count FROM users_maintain() WHERE name = 'invitations'), 2::bigint, 'maintenance removes what was over 30 days ago');
SELECT is((SELECT count(*) FROM users.invitation WHERE id = pg_temp.thing('cem1')), 0::bigint, 'whatever it was');
SELECT is((SELECT row_count FROM users_maintain() WHERE name = 'invitations'), 0::bigint, 'and nothing else');

SELECT * FROM finish();
