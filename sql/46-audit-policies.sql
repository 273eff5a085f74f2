-- The audit: what is about me, and what I did. Nobody writes it but its owner.

CREATE POLICY users_own ON users.audit_event FOR SELECT TO users_member
	USING (user_id = (SELECT @extschema@.users_current_user_id()));
-- The second condition is the index's.
CREATE POLICY users_done ON users.audit_event FOR SELECT TO users_member
	USING (actor_id = (SELECT @extschema@.users_current_user_id()) AND actor_id <> user_id);
CREATE POLICY users_all ON users.audit_event FOR SELECT TO users_admin
	USING ((SELECT @extschema@.users_is_admin()));
