CREATE TYPE @extschema@.users_rejected_row AS (line bigint, email text, sqlstate text, argument text, message text);
COMMENT ON TYPE @extschema@.users_rejected_row IS
'A row that users_import_from refused.
Its number in the order of the table, its email, the SQLSTATE and message that
  users_import would have raised, and the argument at fault.';

CREATE FUNCTION @extschema@.users_import(
	email text, username text, password_hash text DEFAULT NULL, first_name text DEFAULT NULL, last_name text DEFAULT NULL,
	id uuid DEFAULT NULL, status text DEFAULT 'enabled', platform_role text DEFAULT 'user',
	email_verified_at timestamptz DEFAULT NULL, language text DEFAULT NULL, theme text DEFAULT NULL, tags text[] DEFAULT '{}',
	metadata jsonb DEFAULT '{}', admin_metadata jsonb DEFAULT '{}', created_at timestamptz DEFAULT NULL,
	updated_at timestamptz DEFAULT NULL)
	RETURNS uuid AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_import(text, text, text, text, text, uuid, text, text, timestamptz, text, text, text[], jsonb, jsonb, timestamptz, timestamptz) IS
'Make an account as another platform had it, with its id, times and password hash; returns the id.
No mail goes out.
email, username, language, theme, tags, metadata: as in users_register and
  users_update_profile. password_hash: Argon2id
  ($argon2id$v=19$m=...,t=...,p=...$salt$hash, at most 1 GB, 10 passes, 16 lanes)
  or bcrypt ($2a$, $2b$, $2y$, a cost of at most 15), made of the password as
  UTF-8; the next sign-in makes it anew. NULL: signing in needs a reset first.
  first_name, last_name: NULL when nobody knows them; mails then name the username.
  id: NULL makes a new one. status: enabled, disabled or deleted (which takes
  neither address nor username; users.deletion_grace begins now). platform_role:
  user or admin. email_verified_at: NULL when nobody verified the address.
  created_at, updated_at: NULL for as the other one, or now.
Errors: US001 email, US002 username, US005 first_name, last_name, tags, metadata or
  admin_metadata, US007 language or theme, 22023 password_hash (DETAIL "reason:
  malformed", "unsupported" or "too_costly"), status, platform_role, id (the nil
  UUID) or an infinite time, 23505 id (also that of a purged account),
  users_email_key or users_username_key, US016, 42501.
For users_dba, without a token. Many at once: users_import_from.';

CREATE FUNCTION @extschema@.users_import_from(relation regclass, dry_run boolean DEFAULT false)
	RETURNS SETOF @extschema@.users_rejected_row AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 100 COST 100000;
COMMENT ON FUNCTION @extschema@.users_import_from(regclass, boolean) IS
'Import the accounts of a table: one row for each that is refused; all others are imported.
relation: an ordinary table that you may SELECT from, whose columns are named like
  the arguments of users_import and have their types or text (varchar); email and
  username must be there, a column that is not means the argument''s default, and
  one of another name is left out with a WARNING. dry_run: say what would be
  refused, and take everything back.
A row that is there already is passed over, so a second run imports what is
  missing: the account of its id has its address and username, in any case; without
  an id, one account has both. line counts the table''s rows from 1 in their order
  on disk. A NOTICE after every 100000 rows says how far it is, and the last one
  the sums. One transaction: sign-ups with an address or username of the table hear
  busy until it ends. One event imported for all. Errors: 22023 relation, 42501.
For users_dba, without a token.';

CREATE FUNCTION @extschema@.users_import_domain(
	id uuid, name text, route text, status text DEFAULT 'enabled', tags text[] DEFAULT '{}', metadata jsonb DEFAULT '{}',
	created_at timestamptz DEFAULT NULL, created_by uuid DEFAULT NULL, updated_at timestamptz DEFAULT NULL,
	updated_by uuid DEFAULT NULL)
	RETURNS @extschema@.users_domains AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_import_domain(uuid, text, text, text, text[], jsonb, timestamptz, uuid, timestamptz, uuid) IS
'Make a domain as another platform had it, and return its row of users_domains.
It has the roles admin, editor and viewer, which nobody holds.
id: NULL makes a new one. name, route, tags, metadata: as in users_create_domain.
  status: enabled, disabled, frozen or deleted (users.deletion_grace begins now).
  created_at, updated_at: NULL for as the other one, or now. created_by,
  updated_by: somebody who was imported, or NULL.
Errors: US005 name, tags or metadata, US008 route, 22023 id (the nil UUID), status
  or an infinite time, 23505 id or users_domain_route_key, US014 created_by or
  updated_by, US016, 42501.
For users_dba, without a token.';

CREATE FUNCTION @extschema@.users_import_role(
	id uuid, domain_id uuid, name text, permissions text[], created_at timestamptz DEFAULT NULL)
	RETURNS @extschema@.users_roles AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_import_role(uuid, uuid, text, text[], timestamptz) IS
'Make a role of a domain as another platform had it; returns its row of users_roles.
id: NULL makes a new one. name, permissions: as in users_create_role. A role editor
  or viewer takes the place of the one that the domain began with, while nobody
  holds that and nobody changed it. The role admin is built in: with NULL for
  permissions it gets this id and time, while nobody holds it. created_at: NULL for
  now.
Errors: US005 name, US009 permissions, 22023 id (the nil UUID) or an infinite time,
  23505 id or users_role_name_key, US014 domain_id, US016, 42501.
For users_dba, without a token.';

CREATE FUNCTION @extschema@.users_import_grant(
	role_id uuid, user_id uuid, object_type text DEFAULT NULL, object_id uuid DEFAULT NULL, granted_at timestamptz DEFAULT NULL,
	granted_by uuid DEFAULT NULL)
	RETURNS @extschema@.users_role_members AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_import_grant(uuid, uuid, text, uuid, timestamptz, uuid) IS
'Put somebody into a role as another platform had it; returns the row of users_role_members.
Whoever holds it already keeps it as it is; the status of account and domain does
  not matter. role_id, user_id: a role and an account that are there. object_type,
  object_id: on one object, both or neither; where the type has its table the
  object''s row must be in it, in the role''s domain. granted_at: NULL for now.
  granted_by: somebody who was imported, or NULL.
Errors: US009 object_type, 22023 object_type, object_id or an infinite time, US014
  role_id, user_id, object_id or granted_by, US016, 42501 (also an object in
  another domain).
For users_dba, without a token.';

CREATE FUNCTION @extschema@.users_import_invitation(
	id uuid, role_id uuid, invitee text, inviter_id uuid DEFAULT NULL, created_at timestamptz DEFAULT NULL,
	expires_at timestamptz DEFAULT NULL)
	RETURNS @extschema@.users_invitations AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_import_invitation(uuid, uuid, text, uuid, timestamptz, timestamptz) IS
'Make a pending invitation as another platform had it; no mail goes out.
Returns its row of users_invitations, as one that was sent.
id: NULL makes a new one. role_id: on the whole domain. invitee: a username or an
  email address, known or not. inviter_id: whose right to give the role counts when
  it is accepted; NULL: a DBA''s. created_at: NULL for now. expires_at: NULL for
  users.invitation_ttl from now.
Errors: US001 US002 invitee, 22023 id (the nil UUID) or an infinite time, 23505 id
  or invitee (there is a pending one, or the bearer of the username holds the
  role), US014 role_id or inviter_id, US016, 42501.
For users_dba, without a token.';
