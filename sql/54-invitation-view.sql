CREATE VIEW @extschema@.users_invitations WITH (security_invoker) AS
	SELECT 'received' AS direction, r.id, r.domain_id, r.domain_name, r.domain_route, r.role_id, r.role_name, r.inviter_id,
	       r.inviter_name, r.invitee_id, r.invitee,
	       CASE WHEN r.status = 'pending' AND r.expires_at <= now() THEN 'expired' ELSE r.status END AS status,
	       r.created_at, r.expires_at, r.answered_at
	  FROM users.received_invitations() r
	UNION ALL
	SELECT 'sent', i.id, i.domain_id, d.name, d.route, i.role_id, o.name, i.inviter_id,
	       users.inviter_of(i.inviter_id, i.domain_id), i.accepted_by, i.invitee,
	       CASE WHEN i.status = 'pending' AND i.expires_at <= now() THEN 'expired' ELSE i.status END,
	       i.created_at, i.expires_at, i.answered_at
	  FROM users.invitation i
	  JOIN users.domain d ON d.id = i.domain_id
	  JOIN users.role o ON o.id = i.role_id;
COMMENT ON VIEW @extschema@.users_invitations IS
'Invitations to a role. For users_member.
direction: received (made for my account when it bore the username, or for my
  verified address, or accepted by me) or sent (in domains where I hold
  domain:view_members; administrators: all); one can be both. status: pending,
  accepted, rejected, withdrawn, expired. invitee is as the inviter wrote it;
  invitee_id is in sent rows who accepted, NULL before. inviter_id and inviter_name
  are NULL for a DBA''s, the name too when the account is gone. They are kept for 30
  days after expires_at.
Answer one with users_accept_invitation(id) or users_reject_invitation(id), take
  one back with users_withdraw_invitation(id).';
