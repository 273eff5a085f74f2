-- The hooks of PostgREST.

CREATE FUNCTION @extschema@.users_pre_request()
	RETURNS void AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_pre_request() IS
'For PostgREST''s db-pre-request: takes on the identity of the request''s token.
PostgREST checks a signature; this checks that the session is still there. An
  application with a hook of its own calls this one in it, first. Nothing without
  an Authorization header. Errors: 28000 (401 over HTTP) for a token that is
  revoked, expired or of another kind, and for a member''s role without a token;
  US013 on a standby that cannot know yet.
For users_anon and users_member.';

CREATE FUNCTION @extschema@.users_pre_config()
	RETURNS void AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_pre_config() IS
'For PostgREST''s db-pre-config: keys, the role of who is not signed in, the hook.
Sets pgrst.jwt_secret, pgrst.db_anon_role and pgrst.db_pre_request for the
  transaction. NOTIFY pgrst, ''reload config'' has PostgREST read it anew, and is
  sent with every new key. With HS256 the keys'' secrets are in it.
For logins prepared by users_setup_login.';
