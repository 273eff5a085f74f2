CREATE FUNCTION @extschema@.users_create_user(
	email text, username text, first_name text, last_name text, password text DEFAULT NULL, language text DEFAULT NULL,
	platform_role text DEFAULT 'user', metadata jsonb DEFAULT '{}', send_mail boolean DEFAULT true, site text DEFAULT NULL)
	RETURNS @extschema@.users_link AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_create_user(text, text, text, text, text, text, text, jsonb, boolean, text) IS
'Make an account for somebody; this makes the first administrator too (platform_role => ''admin'').
email, username, first_name, last_name, language, metadata: as in users_register.
  platform_role: user or admin. password: from a DBA only, and as strong as at
  sign-up; without one a link to choose it is mailed, or with send_mail => false
  handed over as url, shown this once. site: whose page it opens, see users_sites.
  Errors: as users_register, 22023 platform_role, US015 site, 42501.
For administrators.';

CREATE FUNCTION @extschema@.users_disable_user(user_id uuid, reason text DEFAULT NULL)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_disable_user(uuid, text) IS
'Disable an account: its sessions end and signing in says disabled.
user_id: see users_id(). reason (at most 500 characters) is for administrators.
  Returns whether something changed. Errors: US010 the last administrator, US011 a
  deleted account, US014, 42501 (an administrator''s account, for others than DBAs).
For administrators.';

CREATE FUNCTION @extschema@.users_enable_user(user_id uuid)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_enable_user(uuid) IS
'Enable a disabled account. Returns whether something changed.
Errors: US011 a deleted account, US014, 42501. For administrators.';

CREATE FUNCTION @extschema@.users_set_platform_role(user_id uuid, platform_role text)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_set_platform_role(uuid, text) IS
'Make somebody a platform administrator (admin) or not (user). Ends the user''s sessions.
user_id: see users_id(). platform_role: user or admin. Returns whether something
  changed. Errors: US010 the last administrator, US011 a deleted account, US014,
  22023, 42501 (another administrator is demoted by DBAs only).
For administrators.';

CREATE FUNCTION @extschema@.users_unlock(user_id uuid DEFAULT NULL, client_address inet DEFAULT NULL)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_unlock(uuid, inet) IS
'Lift a throttle: of a user, of a client address, or of the two together.
user_id: see users_id(). client_address: one address, or a /64 of IPv6. Returns
  whether there was one. Works at once, on this server, whether or not the
  transaction commits. For administrators.';

CREATE FUNCTION @extschema@.users_id(identifier text)
	RETURNS uuid AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_id(text) IS
'The id of an email address or username: SELECT users_disable_user(users_id(''ann'')).
Errors: US014 when nobody has it. For administrators.';

CREATE FUNCTION @extschema@.users_health()
	RETURNS SETOF @extschema@.users_check_result AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL UNSAFE ROWS 20;
COMMENT ON FUNCTION @extschema@.users_health() IS
'What a DBA should know: SELECT * FROM users_health() WHERE NOT ok.
One row a check, with what to do in detail. For administrators.';
