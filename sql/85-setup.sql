CREATE FUNCTION @extschema@.users_setup_login(login regrole, admin boolean DEFAULT false, trusted_client boolean DEFAULT false)
	RETURNS text[] AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_setup_login(regrole, boolean, boolean) IS
'Prepare a login that carries other people''s requests.
An application''s pool, or PostgREST''s authenticator.
It may then switch to users_anon and users_member (admin: to users_admin too)
  without inheriting them. trusted_client: what it says in users.client_address and
  users.user_agent is believed. Repeatable; returns what it did, a line each.
  Errors: 55000 for a role that has more power than such a login may have.
For superusers.';

CREATE FUNCTION @extschema@.users_setup_owner(owner regrole)
	RETURNS text[] AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_setup_owner(regrole) IS
'Prepare the role that owns an application''s tables.
It may then refer to people, user_id uuid REFERENCES users.person_id (user_id), and
  use the API''s functions in defaults and policies. Repeatable; returns what it
  did, a line each.
For superusers.';

-- For tests and upgrades: every statement that the library ever runs.
CREATE FUNCTION users.prepare_statements() RETURNS integer
	AS 'MODULE_PATHNAME', 'users_prepare_statements' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION users.prepare_statements() IS
'Prepares every SQL statement of the library and returns how many there are. An
  error here means that library and tables do not fit.';
