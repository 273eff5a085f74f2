CREATE VIEW @extschema@.users_sessions WITH (security_invoker) AS
	SELECT s.id, s.user_id, s.label, s.client_address, s.user_agent, s.created_at, s.authenticated_at, s.refreshed_at,
	       s.expires_at, s.id = (SELECT @extschema@.users_current_session_id()) AS is_current
	  FROM users.session s
	 WHERE s.ended_at IS NULL AND s.expires_at > now();
COMMENT ON VIEW @extschema@.users_sessions IS
'Where a person is signed in: live sessions, one''s own (administrators: all).
label is what the device was called at sign-in; expires_at is when the session ends unless refreshed. End one with users_revoke_session(id).';

CREATE VIEW @extschema@.users_languages WITH (security_invoker) AS
	SELECT l.code, l.name FROM users.language l;
COMMENT ON VIEW @extschema@.users_languages IS 'Languages that a person may choose. For everybody, signed in or not.';

CREATE VIEW @extschema@.users_themes WITH (security_invoker) AS
	SELECT t.name FROM users.theme t;
COMMENT ON VIEW @extschema@.users_themes IS 'Themes that a person may choose. For everybody, signed in or not.';

CREATE VIEW @extschema@.users_keys WITH (security_invoker) AS
	SELECT k.kid, k.algorithm,
	       CASE WHEN k.revoked_at IS NOT NULL THEN 'revoked'
	            WHEN k.retires_at IS NULL THEN 'active'
	            WHEN k.retires_at > now() THEN 'retiring'
	            ELSE 'retired' END AS state,
	       k.created_at, k.retires_at
	  FROM users.signing_key k;
COMMENT ON VIEW @extschema@.users_keys IS
'Keys that sign access tokens; no secret. For administrators.
state: active (signs), retiring (only verifies, until retires_at), retired, revoked.';
