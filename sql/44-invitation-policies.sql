-- Invitations. Who may see the members of a domain sees what was sent there, by
-- the policy; what was received comes from a function, which answers for the
-- signed-in person alone: the conditions need columns that readers of the
-- policy's rows must not see (whether an invited username is somebody's), and
-- the names of a domain in which one has no role yet.

CREATE TYPE users.received_invitation AS (
	id uuid, domain_id uuid, domain_name text, domain_route text, role_id uuid, role_name text, inviter_id uuid,
	inviter_name text, invitee_id uuid, invitee text, status text, created_at timestamptz, expires_at timestamptz,
	answered_at timestamptz);
COMMENT ON TYPE users.received_invitation IS 'What users.received_invitations() returns.';

CREATE FUNCTION users.received_invitations() RETURNS SETOF users.received_invitation
	AS 'MODULE_PATHNAME', 'users_received_invitations' LANGUAGE c STABLE PARALLEL UNSAFE ROWS 10 COST 1000;
COMMENT ON FUNCTION users.received_invitations() IS
'The invitations of the signed-in person: made for the account when it bore the
  username, for its verified address, or accepted by it. For the view
  users_invitations.';

CREATE FUNCTION users.inviter_of(inviter_id uuid, domain_id uuid) RETURNS text
	AS 'MODULE_PATHNAME', 'users_inviter_of' LANGUAGE c STABLE PARALLEL UNSAFE COST 100;
COMMENT ON FUNCTION users.inviter_of(uuid, uuid) IS
'First and last name of who sent an invitation in a domain; NULL for those who do
  not see the domain''s members. For the view users_invitations.
inviter_id, domain_id: of a row of users.invitation.';

CREATE POLICY users_sent ON users.invitation FOR SELECT TO users_member
	USING (@extschema@.users_can_in('domain:view_members', domain_id));
CREATE POLICY users_all ON users.invitation FOR SELECT TO users_admin
	USING ((SELECT @extschema@.users_is_admin()));
