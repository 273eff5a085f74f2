CREATE FUNCTION @extschema@.users_create_domain(
	name text, route text, tags text[] DEFAULT '{}', metadata jsonb DEFAULT '{}', owner_id uuid DEFAULT NULL)
	RETURNS @extschema@.users_domains AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_create_domain(text, text, text[], jsonb, uuid) IS
'Make a domain, with the roles admin, editor and viewer; returns its row of users_domains.
name: 1 to 100 characters, trimmed. route: 1 to 36 of A-Z a-z 0-9 _ - beginning
  with a letter or digit, kept as written, unique without regard to case, fixed for
  ever. tags: at most 32 of at most 64 characters. metadata: an object of at most
  16 kB. owner_id: who holds admin in it, administrators only; without it whoever
  calls, and for a DBA without a token nobody yet. admin holds every permission;
  editor reads and changes devices and channels, connects, publishes, subscribes;
  viewer reads and subscribes.
Errors: US005 name, tags or metadata, US008 route, 23505 users_domain_route_key
  (deleted domains keep their route), US011 more than users.max_domains made, or
  owner_id is not enabled, US014 owner_id, 28000, 42501.
For users_member.';

CREATE FUNCTION @extschema@.users_update_domain(
	domain_id uuid, name text DEFAULT NULL, tags text[] DEFAULT NULL, metadata jsonb DEFAULT NULL)
	RETURNS @extschema@.users_domains AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_update_domain(uuid, text, text[], jsonb) IS
'Change a domain; returns its row of users_domains.
domain_id: see users_domains. name, tags, metadata: as in users_create_domain, each
  as a whole; NULL leaves it as is.
Errors: US005 name, tags or metadata, US011 a deleted domain, US014
  (administrators), 28000, 42501 not permitted or not there.
For who holds domain:update, and administrators.';

CREATE FUNCTION @extschema@.users_set_domain_status(domain_id uuid, status text)
	RETURNS @extschema@.users_domains AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_set_domain_status(uuid, text) IS
'Enable, disable or freeze a domain; returns its row of users_domains.
domain_id: see users_domains. status: enabled (needs domain:enable), disabled
  (needs domain:disable; then only who holds domain:enable reaches the domain),
  frozen (administrators set and lift it, and they alone reach the domain).
Errors: 22023 status, US011 a deleted domain, US014 (administrators), 28000, 42501
  not permitted or not there.
For users_member.';

CREATE FUNCTION @extschema@.users_delete_domain(domain_id uuid)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_delete_domain(uuid) IS
'Delete a domain: only administrators see it then, and can restore it within users.deletion_grace.
domain_id: see users_domains. After that time users_maintain purges it with its
  roles and invitations; until then the route stays taken. Rows of the application
  stay, and nobody reaches them. Returns whether something changed.
Errors: US014 (administrators), 28000, 42501 not permitted or not there.
For who holds domain:delete, and administrators.';

CREATE FUNCTION @extschema@.users_restore_domain(domain_id uuid)
	RETURNS @extschema@.users_domains AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_restore_domain(uuid) IS
'Restore a deleted domain, with its roles, members and invitations.
Returns its row of users_domains.
domain_id: see users_domains. It is enabled then; one that is not deleted stays as
  it is. Errors: US014, 42501.
For administrators.';

CREATE FUNCTION @extschema@.users_create_role(domain_id uuid, name text, permissions text[])
	RETURNS @extschema@.users_roles AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_create_role(uuid, text, text[]) IS
'Make a role in a domain; returns its row of users_roles.
domain_id: see users_domains. name: 1 to 100 characters, trimmed, unique in the
  domain without regard to case. permissions: object_type:action, or object_type:*
  for every action of the type, those defined later included; the view
  users_object_types lists them. One gives only what one holds on the whole domain,
  and object_type:* only who holds that.
Errors: US005 name, US009 permissions, 23505 users_role_name_key, US011 a deleted
  domain, US014 (administrators), 28000, 42501 not permitted or not there.
For who holds domain:manage_roles, and administrators.';

CREATE FUNCTION @extschema@.users_update_role(role_id uuid, name text DEFAULT NULL, permissions text[] DEFAULT NULL)
	RETURNS @extschema@.users_roles AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_update_role(uuid, text, text[]) IS
'Change a role for all who hold it; returns its row of users_roles.
role_id: see users_roles. name, permissions: as in users_create_role, permissions
  as a whole; NULL leaves it as is. One adds and removes only what one holds on the
  whole domain.
Errors: US005 name, US009 permissions, 23505 users_role_name_key, US011 the role
  admin, or a deleted domain, US014 (administrators), 28000, 42501 not permitted or
  not there.
For who holds domain:manage_roles, and administrators.';

CREATE FUNCTION @extschema@.users_delete_role(role_id uuid)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_delete_role(uuid) IS
'Delete a role, and so take it from all who hold it; invitations to it end.
role_id: see users_roles. One takes only what one holds on the whole domain.
  Returns true.
Errors: US011 the role admin, or a deleted domain, US014 (administrators), 28000,
  42501 not permitted or not there.
For who holds domain:manage_roles, and administrators.';

CREATE FUNCTION @extschema@.users_grant_role(
	role_id uuid, user_id uuid, object_type text DEFAULT NULL, object_id uuid DEFAULT NULL)
	RETURNS @extschema@.users_role_members AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_grant_role(uuid, uuid, text, uuid) IS
'Put somebody into a role, on the whole domain or on one object.
Returns the row of users_role_members. Who is in it already stays so.
role_id: see users_roles. user_id: on the whole domain a member of it (others are
  invited with users_invite; administrators may name anybody), on an object
  anybody. object_type, object_id: both or neither; where the type has its table,
  the object is a row of it in the role''s domain. On an object only the role''s
  permissions of its type count. One grants only what one holds there.
Errors: US009 object_type, 22023 one of the two is missing, US011 (administrators)
  a deleted domain, or an account that is not enabled, US014 (administrators),
  28000, 42501 not permitted or not there.
For who holds domain:manage_members, on an object object_type:manage_roles on it;
  and administrators.';

CREATE FUNCTION @extschema@.users_revoke_role(
	role_id uuid, user_id uuid, object_type text DEFAULT NULL, object_id uuid DEFAULT NULL)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_revoke_role(uuid, uuid, text, uuid) IS
'Take somebody out of a role, on the whole domain or on one object.
Returns whether they were in it.
role_id, user_id, object_type, object_id: as in users_grant_role; the object need
  not be there any more. One takes only what one holds there.
Errors: US010 the last admin of the domain, US009 object_type, 22023 one of the two
  is missing, US011 a deleted domain (administrators), US014 (administrators),
  28000, 42501 not permitted or not there.
For who holds domain:manage_members, on an object object_type:manage_roles on it;
  and administrators.';

CREATE FUNCTION @extschema@.users_remove_member(domain_id uuid, user_id uuid DEFAULT NULL)
	RETURNS integer AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_remove_member(uuid, uuid) IS
'Take all roles in a domain from somebody, single objects included; returns how many that were.
domain_id: see users_domains. user_id: see users_members; NULL or oneself leaves
  the domain, which needs no permission. One takes only what one holds there.
Errors: US010 the last admin of the domain, US011 a deleted domain
  (administrators), US014 (administrators), 28000, 42501 not permitted or not
  there.
For who holds domain:manage_members, for oneself, and administrators.';
