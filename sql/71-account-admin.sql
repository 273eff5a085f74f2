CREATE FUNCTION @extschema@.users_update_account(
	user_id uuid, email text DEFAULT NULL, username text DEFAULT NULL, first_name text DEFAULT NULL, last_name text DEFAULT NULL,
	language text DEFAULT NULL, theme text DEFAULT NULL, email_verified boolean DEFAULT NULL, tags text[] DEFAULT NULL,
	metadata jsonb DEFAULT NULL, admin_metadata jsonb DEFAULT NULL)
	RETURNS @extschema@.users_accounts AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_update_account(uuid, text, text, text, text, text, text, boolean, text[], jsonb, jsonb) IS
'Change somebody''s account; what is NULL stays as it is. Returns its row of users_accounts.
user_id: see users_id(). email: both addresses hear of the change, links that were
  mailed before are over, and the new one is not verified unless email_verified is
  true. username, first_name, last_name, language, theme: as in users_register.
  email_verified: whether the address counts as shown. tags (at most 32 of 64
  characters), metadata and admin_metadata (JSON objects of at most 16 kB) take the
  place of what was there.
Errors: US001 US002 US005 US007, 23505 address or username taken, US011 a deleted
  account, US014, US016, 42501 (an administrator''s account, for others than DBAs;
  by token one''s own email and email_verified: users_change_email asks for the
  password).
For administrators.';

CREATE FUNCTION @extschema@.users_delete_user(user_id uuid)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_delete_user(uuid) IS
'Delete somebody''s account.
Its sessions end, its address and username are free at once, and a notice is
  mailed.
user_id: see users_id(). It can be restored until it is purged,
  users.deletion_grace later. A domain may lose its last administrator so. Returns
  whether something changed. Errors: US010 the last administrator of the platform,
  US014, US016, 42501 (an administrator''s account, for others than DBAs).
For administrators.';

CREATE FUNCTION @extschema@.users_restore_user(user_id uuid)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_restore_user(uuid) IS
'Restore a deleted account, with its password and roles, as it was before.
One that was disabled is disabled.
user_id: see users_accounts, or users_why(identifier). Returns whether something
  changed. Errors: US011 when address or username is somebody else''s by now (DETAIL
  "taken: email" or "taken: username"), US014, US016, 42501 (an administrator''s
  account, for others than DBAs).
For administrators.';

CREATE FUNCTION @extschema@.users_purge_user(user_id uuid)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_purge_user(uuid) IS
'Remove a deleted account for good, now; users_maintain() does it after users.deletion_grace.
user_id: see users_accounts. What remains is the bare id: in users.person_id, in
  audit events, and where the person made or granted something. Rows of the
  application remain: it removes them when users_events says account_purged.
  Returns true. Errors: US011 an account that is not deleted, US014, US016, 42501
  (an administrator''s account, for others than DBAs).
For administrators.';

CREATE FUNCTION @extschema@.users_why(identifier text, client_address inet DEFAULT NULL)
	RETURNS SETOF @extschema@.users_check_result AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL UNSAFE ROWS 12;
COMMENT ON FUNCTION @extschema@.users_why(text, inet) IS
'Why can this person not sign in: SELECT * FROM users_why(''ann'') WHERE NOT ok.
identifier: email address or username, in any case; nobody''s too. client_address:
  from where, one address or a /64 of IPv6; without it a throttle from any address
  is told. One row a check, with what to do in detail: root_key, signing_key,
  exists, status, password, reset_required, verified, attempts (failures since the
  last sign-in, within a day: a wrong password), throttle_account_and_address,
  throttle_account, throttle_address. Changes and charges nothing; knows the
  throttle of this server only. Errors: 22023 client_address.
For administrators.';
