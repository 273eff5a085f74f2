CREATE VIEW @extschema@.users_sessions WITH (security_invoker) AS
	SELECT s.id, s.user_id, s.label, s.client_address, s.user_agent, s.created_at, s.authenticated_at, s.refreshed_at,
	       s.expires_at, s.id = (SELECT @extschema@.users_current_session_id()) AS is_current
	  FROM users.session s
	 WHERE s.ended_at IS NULL AND s.expires_at > now();
COMMENT ON VIEW @extschema@.users_sessions IS
'Where a person is signed in: live sessions, one''s own (administrators: all).
label is what the device was called at sign-in; expires_at is when the session ends
  unless refreshed. End one with users_revoke_session(id).';

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
	  FROM users.signing_key k
	 WHERE k.activated_at IS NOT NULL;
COMMENT ON VIEW @extschema@.users_keys IS
'Keys that sign access tokens; no secret. For administrators.
state: active (signs), retiring (only verifies, until retires_at), retired,
  revoked.';

CREATE VIEW @extschema@.users_outbox WITH (security_invoker) AS
	SELECT m.id, m.kind, CASE WHEN NOT m.nobody THEN m.user_id END AS user_id, m.recipient, m.language, m.site, m.state,
	       m.attempts, m.created_at, m.next_attempt_at, m.sent_at, m.last_error
	  FROM users.mail m
	UNION ALL
	SELECT r.id, r.kind, r.user_id, r.email, NULL, r.site, 'waiting', 0, r.created_at, r.created_at, NULL, NULL
	  FROM users.mail_request r;
COMMENT ON VIEW @extschema@.users_outbox IS
'Mails: waiting, claimed by a relay, sent, failed, expired, discarded.
Never a body or a token. For administrators and the relay.
What was asked for by address shows no language: nobody is looked up before the
  relay claims it, and then the row stays only if there is somebody to write to.
  attempts counts claims; next_attempt_at is when it is due or its lease ends.
  users_retry_mail(id) and users_discard_mail(id) act on one.';

CREATE VIEW @extschema@.users_templates WITH (security_invoker) AS
	SELECT DISTINCT ON (t.kind, t.language) t.kind, t.language, t.subject, t.body_text, t.body_html, t.built_in
	  FROM users.mail_template t
	 ORDER BY t.kind, t.language, t.built_in;
COMMENT ON VIEW @extschema@.users_templates IS
'What mails say, by kind and language. For administrators.
built_in tells whether it is the one that came with the extension;
  users_define_template overrides it, users_drop_template goes back to it.';

CREATE VIEW @extschema@.users_sites WITH (security_invoker) AS
	SELECT s.name, s.reset_url, s.verify_url, s.invitation_url, s.registration_url, s.sender, s.product_name
	  FROM users.site s;
COMMENT ON VIEW @extschema@.users_sites IS
'Front ends with pages of their own for the links in mails.
NULL is what the settings say. For administrators.
Callers name one as site; DBAs define one with users_define_site.';
