-- Row-level security for the application's own tables, and object types.

CREATE FUNCTION users.guard_row() RETURNS trigger
	AS 'MODULE_PATHNAME', 'users_guard_row' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION users.guard_row() IS
'The trigger that users_protect puts on a table: judges moving a row to another
  domain, and giving it another id or owner.';

CREATE FUNCTION @extschema@.users_protect(
	relation regclass, object_type text, id_column name DEFAULT 'id', domain_column name DEFAULT 'domain_id',
	owner_column name DEFAULT NULL, force boolean DEFAULT false)
	RETURNS text[] AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_protect(regclass, text, name, name, name, boolean) IS
'Let people reach the rows of a table by their roles.
Row-level security, policies, grants and indexes in one call.
relation: a table, with its partitions. object_type: whose permissions count, see
  users_object_types: SELECT needs type:read, INSERT type:create on the domain,
  UPDATE type:update, DELETE type:delete.
id_column: a uuid that names the object, not necessarily unique; NULL: the domain
  alone decides. domain_column: a uuid; NULL: only the owner reaches a row.
  owner_column: a uuid that gets DEFAULT users_current_user_id() and gives its user
  every action while a member of the domain.
For members a row''s id is fixed; moving it to another domain needs type:delete
  where it was and type:create where it goes, another owner type:delete on the
  domain and a member as the new owner.
force: the table''s owner is bound too, and sees no row in migrations.
Again with the same arguments it changes nothing; with others, or after a partition
  was attached, it makes the difference. Returns what it did and what is still
  missing, a line each. Indexes are made while writers wait. Errors: 42501 (not the
  owner), 42703, 42804, 22023 (a column), 42809 (no table of the application''s),
  US009 (object_type), US011 (a part of a protected table).
For owners of tables, prepared by users_setup_owner.';

CREATE FUNCTION @extschema@.users_unprotect(relation regclass)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_unprotect(regclass) IS
'Take back what users_protect did to a table, and nothing else.
Row-level security stays on when it was on before or when other policies remain.
  Returns whether something changed. Errors: 42501 (not the owner), 42809, US011 (a
  part of a protected table).
For owners of tables.';

CREATE POLICY users_listed ON users.object_place FOR SELECT TO users_member USING (true);

CREATE VIEW @extschema@.users_object_types WITH (security_invoker) AS
	SELECT t.object_type,
	       ARRAY(SELECT p.action FROM users.permission p WHERE p.object_type = t.object_type ORDER BY p.action) AS actions,
	       t.built_in,
	       (SELECT format('%I.%I', n.nspname, c.relname)
	          FROM users.object_place o
	          JOIN pg_trigger g ON g.tgrelid = o.relation AND g.tgfoid = 'users.guard_row'::regproc AND g.tgname = '~users_guard' AND g.tgparentid = 0
	          JOIN pg_class c ON c.oid = g.tgrelid
	          JOIN pg_namespace n ON n.oid = c.relnamespace
	         WHERE o.object_type = t.object_type
	           AND split_part(encode(g.tgargs, 'escape'), '\000', 1) = t.object_type) AS relation,
	       ARRAY(SELECT format('%I.%I', n.nspname, c.relname)
	               FROM pg_trigger g
	               JOIN pg_class c ON c.oid = g.tgrelid
	               JOIN pg_namespace n ON n.oid = c.relnamespace
	              WHERE g.tgfoid = 'users.guard_row'::regproc AND g.tgname = '~users_guard' AND g.tgparentid = 0
	                AND split_part(encode(g.tgargs, 'escape'), '\000', 1) = t.object_type
	              ORDER BY 1) AS protected_tables
	  FROM users.object_type t;
COMMENT ON VIEW @extschema@.users_object_types IS
'What permissions are about: object_type:action, and object_type:* for every action.
For members.
relation is the one table that says in which domain an object lies, NULL where
  there is none; protected_tables are all tables that users_protect protects for
  the type.';

CREATE FUNCTION @extschema@.users_define_object_type(
	object_type text, actions text[] DEFAULT NULL, relation regclass DEFAULT NULL)
	RETURNS @extschema@.users_object_types AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_define_object_type(text, text[], regclass) IS
'Add an object type, add actions to one, or name its table. Returns its row of users_object_types.
object_type, actions: words of 1 to 32 of a-z 0-9 _, beginning with a letter.
  Actions are added to those that there are; a new type without any begins with
  create, read, update, delete, manage_roles. Holders of object_type:* hold the new
  ones at once.
relation: the one table that says in which domain an object of the type lies. It
  must be protected for the type (users_protect) and its id column have a unique
  key of its own; it counts while it is so. Whoever owns it decides where objects
  lie.
Errors: 22023 (a name), US011 (relation does not serve), 42501. For administrators.';

CREATE FUNCTION @extschema@.users_forget_object(object_type text, object_id uuid)
	RETURNS integer AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_forget_object(text, uuid) IS
'Remove the assignments of roles on one object, before or after its row is deleted.
Returns how many.
object_type, object_id: the object. Assignments of a domain in which one does not
  hold object_type:delete, on the whole of it or on the object, stay. Once the row
  and its assignments are gone there is nothing that could be judged: 42501.
Errors: US009 (object_type), 22023 (object_id), 42501, US016. For members who hold
  object_type:delete on it, services and administrators.';
