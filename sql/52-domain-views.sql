CREATE VIEW @extschema@.users_domains WITH (security_invoker) AS
	SELECT d.id, d.name, d.route, d.tags, d.metadata, d.status,
	       ARRAY(SELECT r.name
	               FROM users.role_assignment a JOIN users.role r ON r.id = a.role_id
	              WHERE a.user_id = (SELECT @extschema@.users_current_user_id()) AND a.domain_id = d.id AND a.object_type = ''
	              ORDER BY lower(r.name COLLATE "C")) AS my_roles,
	       CASE WHEN d.status = 'enabled' OR d.status = 'disabled' AND @extschema@.users_can_in('domain:enable', d.id)
	            THEN ARRAY(SELECT DISTINCT w.word
	                         FROM users.role_assignment a JOIN users.role r ON r.id = a.role_id
	                        CROSS JOIN LATERAL unnest(CASE WHEN r.built_in
	                              THEN (SELECT array_agg(t.object_type || ':*' ORDER BY t.object_type || ':*') FROM users.object_type t)
	                              ELSE r.permissions END) w (word)
	                        WHERE a.user_id = (SELECT @extschema@.users_current_user_id()) AND a.domain_id = d.id AND a.object_type = ''
	                        ORDER BY w.word)
	            ELSE '{}' END AS my_permissions,
	       d.created_at, d.created_by, d.updated_at, d.updated_by
	  FROM users.domain d;
COMMENT ON VIEW @extschema@.users_domains IS
'The domains that one has a role in, be it on one object.
Deleted ones are seen by administrators only, who see all.
route is fixed and unique, for addresses. status: enabled; disabled, and only who
  holds domain:enable reaches it; frozen, and only administrators reach it;
  deleted. my_roles and my_permissions are one''s own on the whole domain, sorted:
  permissions are object_type:action or object_type:*, none where one does not
  reach the domain. A role on one object only shows in users_role_members.
  created_by and updated_by are NULL for a DBA. Sort and page by id (which is by
  time), by name or by route.';

CREATE VIEW @extschema@.users_roles WITH (security_invoker) AS
	SELECT r.id, r.domain_id, r.name,
	       CASE WHEN r.built_in
	            THEN (SELECT array_agg(t.object_type || ':*' ORDER BY t.object_type || ':*') FROM users.object_type t)
	            ELSE r.permissions END AS permissions,
	       r.built_in, r.created_at, r.created_by, r.updated_at, r.updated_by
	  FROM users.role r;
COMMENT ON VIEW @extschema@.users_roles IS
'The roles of the domains that one has a role in; administrators see all.
permissions are sorted: object_type:action, or object_type:* for every action of
  the type, those defined later included. built_in is the role admin, which holds
  everything and cannot be changed. Filter by domain_id.';

CREATE VIEW @extschema@.users_members WITH (security_invoker) AS
	SELECT a.domain_id, a.user_id, p.username, p.first_name, p.last_name, p.picture_updated_at,
	       array_agg(r.name ORDER BY lower(r.name COLLATE "C")) AS roles,
	       array_agg(r.id ORDER BY lower(r.name COLLATE "C")) AS role_ids,
	       min(a.granted_at) AS since
	  FROM users.role_assignment a
	  JOIN users.role r ON r.id = a.role_id
	  JOIN users.person p ON p.user_id = a.user_id
	 WHERE a.object_type = ''
	 GROUP BY a.domain_id, a.user_id, p.user_id;
COMMENT ON VIEW @extschema@.users_members IS
'Members, one row a person and domain: who holds a role on the whole of it.
One''s own rows; everybody''s with domain:view_members, but for deleted accounts;
  administrators see all.
roles and role_ids are in the same order, by name; since is when the first of them
  was granted. Who holds a role on single objects only shows in users_role_members.
  Filter by domain_id or user_id; page by user_id within a domain.';

CREATE VIEW @extschema@.users_role_members WITH (security_invoker) AS
	SELECT a.role_id, r.name AS role_name, a.domain_id, a.user_id, p.username, p.first_name, p.last_name,
	       CASE WHEN a.object_type <> '' THEN a.object_type END AS object_type,
	       CASE WHEN a.object_type <> '' THEN a.object_id END AS object_id,
	       a.granted_at, a.granted_by
	  FROM users.role_assignment a
	  JOIN users.role r ON r.id = a.role_id
	  JOIN users.person p ON p.user_id = a.user_id;
COMMENT ON VIEW @extschema@.users_role_members IS
'Who holds which role, and on what: one row a person, role and object.
One''s own rows; of a domain with domain:view_members; of an object with
  object_type:manage_roles on it; administrators see all.
object_type and object_id are NULL for a role on the whole domain. granted_by is
  NULL for a DBA. Filter by role_id, domain_id, user_id or object_id.';
