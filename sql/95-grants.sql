-- The rights that the extension gives, all of them: 90-rights.sql has taken
-- away whatever there was.

-- Members and administrators read exactly the columns that the views show.
GRANT SELECT (user_id, id, label, client_address, user_agent, created_at, authenticated_at, refreshed_at, expires_at, ended_at)
	ON users.session TO users_member;
GRANT SELECT (code, name) ON users.language TO users_anon, users_member;
GRANT SELECT (name) ON users.theme TO users_anon, users_member;
GRANT SELECT (kid, algorithm, created_at, retires_at, revoked_at) ON users.signing_key TO users_admin;

-- Views
GRANT SELECT ON @extschema@.users_sessions TO users_member;
GRANT SELECT ON @extschema@.users_languages TO users_anon, users_member;
GRANT SELECT ON @extschema@.users_themes TO users_anon, users_member;
GRANT SELECT ON @extschema@.users_keys TO users_admin;

-- Functions
GRANT EXECUTE ON FUNCTION
	@extschema@.users_current_user_id(),
	@extschema@.users_current_session_id(),
	@extschema@.users_current_role(),
	@extschema@.users_is_admin()
	TO PUBLIC;
GRANT EXECUTE ON FUNCTION
	@extschema@.users_register(text, text, text, text, text, text, text, text, jsonb, text),
	@extschema@.users_login(text, text, text),
	@extschema@.users_refresh(text),
	@extschema@.users_logout(text),
	@extschema@.users_options()
	TO users_anon, users_member;
GRANT EXECUTE ON FUNCTION @extschema@.users_authenticate(text) TO users_anon, users_member;
GRANT EXECUTE ON FUNCTION @extschema@.users_validate_token(text) TO users_service, users_admin;
GRANT EXECUTE ON FUNCTION
	@extschema@.users_logout_all(boolean, uuid),
	@extschema@.users_revoke_session(uuid),
	@extschema@.users_confirm_password(text),
	@extschema@.users_change_password(text, text, text),
	@extschema@.users_delete_account(text),
	@extschema@.users_profile()
	TO users_member;
GRANT EXECUTE ON FUNCTION
	@extschema@.users_create_user(text, text, text, text, text, text, text, jsonb, boolean, text),
	@extschema@.users_disable_user(uuid, text),
	@extschema@.users_enable_user(uuid),
	@extschema@.users_set_platform_role(uuid, text),
	@extschema@.users_unlock(uuid, inet),
	@extschema@.users_id(text),
	@extschema@.users_health()
	TO users_admin;
GRANT EXECUTE ON FUNCTION @extschema@.users_rotate_key(), @extschema@.users_revoke_key(text) TO users_admin;
GRANT EXECUTE ON FUNCTION @extschema@.users_jwks() TO users_anon, users_member, users_service;

-- Types
GRANT USAGE ON TYPE
	@extschema@.users_session, @extschema@.users_outcome, @extschema@.users_claims, @extschema@.users_link,
	@extschema@.users_person, @extschema@.users_public_options, @extschema@.users_check_result
	TO users_anon, users_member, users_service;
GRANT USAGE ON TYPE users."application/jwk-set+json" TO users_anon, users_member, users_service;
GRANT USAGE ON TYPE @extschema@.users_keys TO users_admin;
