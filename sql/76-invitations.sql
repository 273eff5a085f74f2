CREATE TYPE @extschema@.users_invite_result AS (status text, invitation_id uuid, retry_after integer);
COMMENT ON TYPE @extschema@.users_invite_result IS
'What inviting somebody answers: status, and with status ok the invitation.
With throttled and busy the seconds to wait.';

CREATE TYPE @extschema@.users_invitation_info AS (
	status text, invitation_id uuid, domain_name text, role_name text, inviter_name text, email text, expires_at timestamptz,
	account_exists boolean, retry_after integer);
COMMENT ON TYPE @extschema@.users_invitation_info IS
'What an invitation''s token tells its bearer.
Everything but status and retry_after (seconds) is NULL unless status = ''ok''.';

CREATE FUNCTION @extschema@.users_invite(role_id uuid, invitee text, site text DEFAULT NULL)
	RETURNS @extschema@.users_invite_result AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_invite(uuid, text, text) IS
'Invite somebody to a role, on the whole domain.
role_id: see users_roles. invitee: a username or an email address, known or not;
  the answer is the same. A username is the account that bears it now: it finds the
  invitation in users_invitations, and a mail when its address is verified; whoever
  takes the name later gets nothing. An address gets a mail with a link, which
  opens registration too where that is by invitation; nothing when its account
  holds the role. site: whose page the link opens, see users_sites. Inviting the
  same to the same role again renews a pending invitation (users.invitation_ttl
  from now, and the last inviter counts), and mails again.
Status: ok with invitation_id; throttled (users.max_invitations a day and inviter,
  users.max_mail_requests an invitee), busy. Errors: US001 or US002 invitee, US011
  the domain is not enabled, US015 site, 23505 the username holds the role, 28000,
  42501 (also when there is no such role; administrators: US014).
For users_member with domain:manage_members and every permission of the role on the
  whole domain; for administrators always.';

CREATE FUNCTION @extschema@.users_invitation(token text)
	RETURNS @extschema@.users_invitation_info AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_invitation(text) IS
'What an invitation is about, for the page that its link opens.
token: of the link. email: the address it was mailed to. account_exists: whether
  somebody has that address already, so that the page can ask to sign in rather
  than to sign up (users_register with this token). expires_at: until when the
  token counts.
Status: ok, invalid_token (also when the invitation was answered or withdrawn, or
  the inviter may not give the role any more), busy. Works in READ ONLY
  transactions and on standbys.
For users_anon and users_member.';

CREATE FUNCTION @extschema@.users_accept_invitation(invitation_id uuid DEFAULT NULL, token text DEFAULT NULL)
	RETURNS @extschema@.users_outcome AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_accept_invitation(uuid, text) IS
'Accept an invitation: the signed-in person gets its role. The inviter is told by mail.
invitation_id: see users_invitations, when it was made for this account or names
  its verified address. token: of its link, instead; whoever is signed in accepts,
  once. Both: they must belong together.
Status: ok, invalid_token (not this person''s, answered, withdrawn, expired, the
  domain not enabled, or the inviter may not give the role any more), busy. Errors:
  28000.
For users_member.';

CREATE FUNCTION @extschema@.users_reject_invitation(invitation_id uuid DEFAULT NULL, token text DEFAULT NULL)
	RETURNS @extschema@.users_outcome AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_reject_invitation(uuid, text) IS
'Decline an invitation. The inviter is told by mail.
invitation_id, token: as for users_accept_invitation. Status: ok, invalid_token,
  busy. Errors: 28000.
For users_member.';

CREATE FUNCTION @extschema@.users_withdraw_invitation(invitation_id uuid)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_withdraw_invitation(uuid) IS
'Take an invitation back: its links are over, and a mail that waits is not sent.
invitation_id: see users_invitations. Returns whether it was pending. Errors: US016
  a lock did not come, 28000, 42501 (also when there is no such invitation;
  administrators: US014).
For users_member with domain:manage_members.';
