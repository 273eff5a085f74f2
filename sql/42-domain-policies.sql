-- Who sees what of domains. Of each other's tables these policies ask in one
-- direction only: person -> role_assignment, role -> domain ->
-- role_assignment; a way back would be a circle.

-- What I hold, whatever became of the domain; who else is in it, for whom a
-- role there shows it; who is on an object whose roles I manage. Each of the
-- three is something that an index answers: which types there are is not known
-- here, so the objects and domains are asked for, once. A type need not have the
-- action, and asking for what there is not is an error.
CREATE POLICY users_own ON users.role_assignment FOR SELECT TO users_member
	USING (user_id = (SELECT @extschema@.users_current_user_id()));
CREATE POLICY users_viewed ON users.role_assignment FOR SELECT TO users_member
	USING (@extschema@.users_can_in('domain:view_members', domain_id));
CREATE POLICY users_rights_on_object ON users.role_assignment FOR SELECT TO users_member
	USING (object_type <> ''
	   AND object_id = ANY (ARRAY(SELECT unnest(@extschema@.users_permitted_objects(m.object_type || ':manage_roles'))
	                                FROM users.permission m WHERE m.action = 'manage_roles'))
	   AND CASE WHEN object_type = ANY (ARRAY(SELECT m.object_type FROM users.permission m WHERE m.action = 'manage_roles'))
	            THEN @extschema@.users_can_on(object_type || ':manage_roles', domain_id, object_id) ELSE false END);
CREATE POLICY users_rights_in_domain ON users.role_assignment FOR SELECT TO users_member
	USING (object_type <> ''
	   AND domain_id = ANY (ARRAY(SELECT unnest(@extschema@.users_permitted_domains(m.object_type || ':manage_roles'))
	                                FROM users.permission m WHERE m.action = 'manage_roles' AND m.object_type <> 'domain'))
	   AND CASE WHEN object_type = ANY (ARRAY(SELECT m.object_type FROM users.permission m WHERE m.action = 'manage_roles'))
	            THEN @extschema@.users_can_in(object_type || ':manage_roles', domain_id) ELSE false END);
CREATE POLICY users_all ON users.role_assignment FOR SELECT TO users_admin
	USING ((SELECT @extschema@.users_is_admin()));

-- In which I have a role, be it on one object.
CREATE POLICY users_mine ON users.domain FOR SELECT TO users_member
	USING (status <> 'deleted'
	   AND id = ANY (ARRAY(SELECT a.domain_id FROM users.role_assignment a
	                        WHERE a.user_id = (SELECT @extschema@.users_current_user_id()))));
CREATE POLICY users_all ON users.domain FOR SELECT TO users_admin
	USING ((SELECT @extschema@.users_is_admin()));

-- Of the domains that I see.
CREATE POLICY users_mine ON users.role FOR SELECT TO users_member
	USING (domain_id = ANY (ARRAY(SELECT d.id FROM users.domain d)));
CREATE POLICY users_all ON users.role FOR SELECT TO users_admin
	USING ((SELECT @extschema@.users_is_admin()));

-- Whose role I see, and myself.
CREATE POLICY users_own ON users.person FOR SELECT TO users_member
	USING (user_id = (SELECT @extschema@.users_current_user_id()));
CREATE POLICY users_seen ON users.person FOR SELECT TO users_member
	USING (listed AND EXISTS (SELECT FROM users.role_assignment a WHERE a.user_id = person.user_id));
CREATE POLICY users_all ON users.person FOR SELECT TO users_admin
	USING ((SELECT @extschema@.users_is_admin()));

CREATE POLICY users_listed ON users.object_type FOR SELECT TO users_member USING (true);
CREATE POLICY users_listed ON users.permission FOR SELECT TO users_member USING (true);
