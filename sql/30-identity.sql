-- What policies, defaults and every statement may ask: who is signed in.

CREATE FUNCTION @extschema@.users_current_user_id() RETURNS uuid
	AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.users_current_user_id() IS
'The signed-in user''s id, or NULL.
Known from the token that users_authenticate verified in this transaction; no
  setting changes it. NULL once the token had expired at the start of the
  statement. For everyone; made for policies (write (SELECT
  users_current_user_id())) and column defaults.';

CREATE FUNCTION @extschema@.users_current_session_id() RETURNS uuid
	AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.users_current_session_id() IS
'The present session''s id, or NULL without identity. For everyone.';

CREATE FUNCTION @extschema@.users_current_role() RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.users_current_role() IS
'The database role in the verified token, users_member or users_admin, or NULL without identity.
SET ROLE does not change it. For everyone.';

CREATE FUNCTION @extschema@.users_is_admin() RETURNS boolean
	AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.users_is_admin() IS
'Whether this statement is an administrator''s.
True with an administrator''s token, or with no identity at all for a superuser or a
  member of users_dba, when both the session''s user and the calling role are that.
  SET ROLE users_admin alone opens nothing. For everyone; in policies write USING
  ((SELECT users_is_admin())).';
