-- user_id is the expression of an index. Where somebody else was when he did
-- something is his own affair; a DBA without a token is no actor, so without one
-- only what people do before they are signed in shows where they were.
CREATE VIEW @extschema@.users_audit WITH (security_invoker) AS
	SELECT e.id, e.occurred_at, e.event, e.outcome, CASE WHEN NOT e.nobody THEN e.user_id END AS user_id, e.actor_id,
	       CASE WHEN o.own OR (SELECT @extschema@.users_is_admin()) THEN e.session_id END AS session_id,
	       e.domain_id, e.object_type, e.object_id,
	       CASE WHEN o.own OR (SELECT @extschema@.users_is_admin()) THEN e.client_address END AS client_address,
	       CASE WHEN o.own OR (SELECT @extschema@.users_is_admin()) THEN e.user_agent END AS user_agent,
	       e.detail
	  FROM users.audit_event e
	 CROSS JOIN LATERAL (
		SELECT e.actor_id = (SELECT @extschema@.users_current_user_id()) OR e.actor_id IS NULL AND e.event = ANY (
			'{register,login,login_failed,login_throttled,refresh_reuse,logout,password_reset,reset_requested,email_verified,email_changed}'::text[])) o (own);
COMMENT ON VIEW @extschema@.users_audit IS
'What happened.
Events about oneself and those that one caused (administrators: all). For
  users_member.
outcome is success or failure. user_id is whom it is about, NULL for attempts on an
  identifier that is nobody''s and for what concerns no person; actor_id is who was
  signed in, NULL otherwise and for a DBA. session_id, client_address and
  user_agent are NULL where somebody else did it. detail has words of ours, never
  what was typed. Kept for users.audit_retention. Filter by user_id; sort and page
  by occurred_at and id, newest first.';
