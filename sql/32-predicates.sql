-- What policies and pages ask of roles. Before policies and views, which use
-- them.

CREATE FUNCTION users.predicate_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'users_predicate_support' LANGUAGE c STRICT;
COMMENT ON FUNCTION users.predicate_support(internal) IS
'Tells the planner which index finds what users_can_in, users_can_on and
  users_is_member let through.';

CREATE FUNCTION users.member_domains() RETURNS uuid[]
	AS 'MODULE_PATHNAME', 'users_member_domains' LANGUAGE c STABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION users.member_domains() IS
'The ids of the domains on whose whole the signed-in user holds a role, sorted.
What the planner makes of users_is_member on an index. For everyone; empty without
  identity.';

CREATE FUNCTION @extschema@.users_can_in(permission text, domain_id uuid) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL SAFE COST 1 SUPPORT users.predicate_support;
COMMENT ON FUNCTION @extschema@.users_can_in(text, uuid) IS
'Whether the signed-in user holds a permission by a role on the whole domain: made for policies.
permission: object_type:action, or object_type:* for every action of the type;
  US009 when there is no such.
domain_id: a column of the row; NULL: false.
False without identity, for a disabled account, for a domain that is frozen or
  deleted, and for a disabled one unless one holds domain:enable on it. Roles alone
  count: give administrators a policy of their own, USING ((SELECT
  users_is_admin())). Judged under the statement''s snapshot, own changes included.
An index on the column is used: USING (users_can_in(''device:read'', domain_id) OR
  users_can_on(''device:read'', domain_id, id)). For everyone.';

CREATE FUNCTION @extschema@.users_can_on(permission text, domain_id uuid, object_id uuid) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL SAFE COST 1 SUPPORT users.predicate_support;
COMMENT ON FUNCTION @extschema@.users_can_on(text, uuid, uuid) IS
'Whether the signed-in user holds a permission through an assignment on that one object.
Made for policies.
permission: object_type:action, or object_type:* for every action of the type;
  US009 when there is no such. Only assignments on objects of that type count.
domain_id: the row''s domain; NULL: false. Only roles of this domain count, so that
  nobody reaches a stranger''s row by a role of their own domain.
object_id: the row''s id; NULL: false. An index on this column is used.
A role on the whole domain is users_can_in. Otherwise as that one. For everyone.';

CREATE FUNCTION @extschema@.users_is_member(domain_id uuid) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL SAFE COST 1 SUPPORT users.predicate_support;
COMMENT ON FUNCTION @extschema@.users_is_member(uuid) IS
'Whether the signed-in user holds any role on the whole domain: made for policies.
domain_id: a column of the row; NULL: false. An index on it is used.
A role on single objects makes no member. False where users_can_in is false for
  everything. Write the arm of an owner so: owner = (SELECT
  users_current_user_id()) AND users_is_member(domain_id). For everyone.';

CREATE FUNCTION @extschema@.users_permitted_domains(permission text, user_id uuid DEFAULT NULL) RETURNS uuid[]
	AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION @extschema@.users_permitted_domains(text, uuid) IS
'The ids of the domains on whose whole somebody holds a permission, sorted.
permission: object_type:action or object_type:*; US009 when there is no such; NULL:
  no domain.
user_id: whose; NULL: the signed-in user''s, none without identity. Somebody else''s
  are for services and administrators (42501).
By roles alone: an administrator''s list is not longer for being one. For everyone.';

CREATE FUNCTION @extschema@.users_permitted_objects(permission text, user_id uuid DEFAULT NULL) RETURNS uuid[]
	AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION @extschema@.users_permitted_objects(text, uuid) IS
'The ids of the objects on which somebody holds a permission through assignments on them.
permission: object_type:action or object_type:*; US009 when there is no such; NULL:
  no object.
user_id: whose; NULL: the signed-in user''s, none without identity. Somebody else''s
  are for services and administrators (42501).
Objects that are reached by a role on the whole domain are not listed, and whether
  an object still lies in the role''s domain is not looked up. For everyone.';

CREATE FUNCTION @extschema@.users_can(permission text, domain_id uuid DEFAULT NULL, object_id uuid DEFAULT NULL) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL RESTRICTED COST 100;
COMMENT ON FUNCTION @extschema@.users_can(text, uuid, uuid) IS
'Whether the signed-in user holds a permission, there or anywhere.
permission: object_type:action or object_type:*; US009 when there is no such.
domain_id: on the whole domain; with object_id, false when the object lies in
  another one.
object_id: on the object, judged by the domain in which the type''s table says it
  lies (no such row: false); the owner of the row holds every action but
  manage_roles while a member of that domain. Where the type has no table,
  domain_id is needed (22023), and that the two belong together is the caller''s
  promise.
Neither: on any domain or any object at all.
True for administrators. US016 when the look-up in the type''s table has waited two
  seconds for a lock. For members; false without identity.';

CREATE FUNCTION @extschema@.users_permissions(domain_id uuid, object_id uuid DEFAULT NULL) RETURNS text[]
	AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION @extschema@.users_permissions(uuid, uuid) IS
'Every permission for which users_can says yes there, sorted.
What a page needs to know which buttons to show.
domain_id: the domain; NULL with an object: the one in which it lies.
object_id: the object; NULL: the whole domain. Both NULL: what one holds anywhere.
Each action is written out: object_type:* stands as all actions that are defined.
  Actions of types without a table are left out for an object whose domain is not
  given. For administrators all there are. US016 as for users_can. For members;
  empty without identity.';

CREATE FUNCTION @extschema@.users_check(user_id uuid, permission text, domain_id uuid DEFAULT NULL, object_id uuid DEFAULT NULL) RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION @extschema@.users_check(uuid, text, uuid, uuid) IS
'Whether somebody holds a permission: users_can for a service that asks about a user.
user_id: about whom; unknown, disabled, deleted or NULL: false. True for a platform
  administrator.
permission, domain_id, object_id: as in users_can, US009, 22023 and US016 too.
For services and administrators (42501).';

CREATE FUNCTION @extschema@.users_check_many(user_id uuid, permission text, object_ids uuid[]) RETURNS uuid[]
	AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION @extschema@.users_check_many(uuid, text, uuid[]) IS
'Of many objects those on which somebody holds a permission, in the order given.
user_id: about whom; unknown, disabled, deleted or NULL: none. All of them for a
  platform administrator.
permission: as in users_check, of a type that has a table (22023 otherwise); US009
  when there is no such.
object_ids: the objects; NULLs are left out, NULL: none.
US016 as for users_check. For services and administrators (42501).';
