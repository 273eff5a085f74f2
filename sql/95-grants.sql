-- The rights that the extension gives, all of them: 90-rights.sql has taken
-- away whatever there was.

-- Members and administrators read exactly the columns that the views show.
GRANT SELECT (user_id, id, label, client_address, user_agent, created_at, authenticated_at, refreshed_at, expires_at, ended_at)
	ON users.session TO users_member;
GRANT SELECT (code, name) ON users.language TO users_anon, users_member;
GRANT SELECT (name) ON users.theme TO users_anon, users_member;
GRANT SELECT (kid, algorithm, created_at, activated_at, retires_at, revoked_at) ON users.signing_key TO users_admin;
GRANT SELECT (user_id, id, kind, recipient, nobody, language, site, state, attempts, created_at, next_attempt_at, sent_at, last_error)
	ON users.mail TO users_admin, users_relay;
GRANT SELECT (id, kind, email, user_id, site, created_at) ON users.mail_request TO users_admin, users_relay;
GRANT SELECT (kind, language, subject, body_text, body_html, built_in) ON users.mail_template TO users_admin;
GRANT SELECT (name, reset_url, verify_url, invitation_url, registration_url, sender, product_name) ON users.site TO users_admin;

-- PostgREST names the types in its statements.
GRANT USAGE ON SCHEMA users_media TO users_anon, users_member, users_service;

-- Views
GRANT SELECT ON @extschema@.users_sessions TO users_member;
GRANT SELECT ON @extschema@.users_languages TO users_anon, users_member;
GRANT SELECT ON @extschema@.users_themes TO users_anon, users_member;
GRANT SELECT ON @extschema@.users_keys TO users_admin;
GRANT SELECT ON @extschema@.users_outbox TO users_admin, users_relay;
GRANT SELECT ON @extschema@.users_templates, @extschema@.users_sites TO users_admin;

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
	@extschema@.users_verify_password(text, text),
	@extschema@.users_login_ticket(text, text),
	@extschema@.users_refresh(text),
	@extschema@.users_logout(text),
	@extschema@.users_request_registration(text, text),
	@extschema@.users_request_reset(text, text),
	@extschema@.users_reset_password(text, text, text),
	@extschema@.users_request_verification(text, text),
	@extschema@.users_verify_email(text, text),
	@extschema@.users_options()
	TO users_anon, users_member;
GRANT EXECUTE ON FUNCTION @extschema@.users_authenticate(text), @extschema@.users_pre_request() TO users_anon, users_member;
GRANT EXECUTE ON FUNCTION @extschema@.users_validate_token(text) TO users_service, users_admin;
GRANT EXECUTE ON FUNCTION
	@extschema@.users_logout_all(boolean, uuid),
	@extschema@.users_revoke_session(uuid),
	@extschema@.users_confirm_password(text),
	@extschema@.users_change_password(text, text, text),
	@extschema@.users_change_email(text, text, text),
	@extschema@.users_cancel_email_change(),
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
	@extschema@.users_issue_reset(uuid, boolean, boolean, text),
	@extschema@.users_retry_mail(uuid),
	@extschema@.users_discard_mail(uuid),
	@extschema@.users_preview_template(text, text),
	@extschema@.users_maintain(),
	@extschema@.users_health()
	TO users_admin;
GRANT EXECUTE ON FUNCTION
	@extschema@.users_define_template(text, text, text, text, text),
	@extschema@.users_drop_template(text, text),
	@extschema@.users_define_site(text, text, text, text, text, text, text)
	TO users_dba;
GRANT EXECUTE ON FUNCTION
	@extschema@.users_claim_mail(integer, interval),
	@extschema@.users_mail_sent(uuid),
	@extschema@.users_mail_failed(uuid, text, boolean, interval)
	TO users_relay;
GRANT EXECUTE ON FUNCTION @extschema@.users_rotate_key(), @extschema@.users_revoke_key(text) TO users_admin;
GRANT EXECUTE ON FUNCTION @extschema@.users_jwks() TO users_anon, users_member, users_service;

-- Domains, roles, members
GRANT SELECT (id, name, route, tags, metadata, status, created_at, created_by, updated_at, updated_by) ON users.domain TO users_member;
GRANT SELECT (id, domain_id, name, permissions, built_in, created_at, created_by, updated_at, updated_by) ON users.role TO users_member;
GRANT SELECT (user_id, domain_id, role_id, object_type, object_id, granted_at, granted_by) ON users.role_assignment TO users_member;
GRANT SELECT (user_id, username, first_name, last_name, picture_updated_at) ON users.person TO users_member;
GRANT SELECT (object_type) ON users.object_type TO users_member;
GRANT SELECT (object_type, action) ON users.permission TO users_member;
GRANT SELECT ON @extschema@.users_domains, @extschema@.users_roles, @extschema@.users_members, @extschema@.users_role_members
	TO users_member;
GRANT EXECUTE ON FUNCTION
	@extschema@.users_create_domain(text, text, text[], jsonb, uuid),
	@extschema@.users_update_domain(uuid, text, text[], jsonb),
	@extschema@.users_set_domain_status(uuid, text),
	@extschema@.users_delete_domain(uuid),
	@extschema@.users_create_role(uuid, text, text[]),
	@extschema@.users_update_role(uuid, text, text[]),
	@extschema@.users_delete_role(uuid),
	@extschema@.users_grant_role(uuid, uuid, text, uuid),
	@extschema@.users_revoke_role(uuid, uuid, text, uuid),
	@extschema@.users_remove_member(uuid, uuid)
	TO users_member;
GRANT EXECUTE ON FUNCTION @extschema@.users_restore_domain(uuid) TO users_admin;

-- What policies ask, and what is asked of permissions
GRANT EXECUTE ON FUNCTION
	@extschema@.users_can_in(text, uuid),
	@extschema@.users_can_on(text, uuid, uuid),
	@extschema@.users_is_member(uuid),
	@extschema@.users_permitted_domains(text, uuid),
	@extschema@.users_permitted_objects(text, uuid),
	users.member_domains()
	TO PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.users_can(text, uuid, uuid), @extschema@.users_permissions(uuid, uuid) TO users_member;
GRANT EXECUTE ON FUNCTION
	@extschema@.users_check(uuid, text, uuid, uuid),
	@extschema@.users_check_many(uuid, text, uuid[])
	TO users_service, users_admin;

-- Types
GRANT USAGE ON TYPE
	@extschema@.users_session, @extschema@.users_outcome, @extschema@.users_claims, @extschema@.users_ticket, @extschema@.users_link,
	@extschema@.users_person, @extschema@.users_public_options, @extschema@.users_check_result
	TO users_anon, users_member, users_service;
GRANT USAGE ON TYPE users_media."application/jwk-set+json" TO users_anon, users_member, users_service;
GRANT USAGE ON TYPE @extschema@.users_task_result TO users_admin;
GRANT USAGE ON TYPE @extschema@.users_mail TO users_relay;

-- The application's own tables
GRANT SELECT (object_type, built_in) ON users.object_type TO users_member;
GRANT SELECT (object_type, action) ON users.permission TO users_member;
GRANT SELECT (object_type, relation) ON users.object_place TO users_member;
GRANT SELECT ON @extschema@.users_object_types TO users_member;
GRANT EXECUTE ON FUNCTION
	@extschema@.users_protect(regclass, text, name, name, name, boolean),
	@extschema@.users_unprotect(regclass),
	users.guard_row()
	TO PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.users_define_object_type(text, text[], regclass) TO users_admin;
GRANT EXECUTE ON FUNCTION @extschema@.users_forget_object(text, uuid) TO users_member, users_service;

-- Invitations
GRANT SELECT (id, domain_id, role_id, inviter_id, invitee, status, created_at, expires_at, answered_at, accepted_by)
	ON users.invitation TO users_member;
GRANT SELECT ON @extschema@.users_invitations TO users_member;
GRANT EXECUTE ON FUNCTION users.received_invitations(), users.inviter_of(uuid, uuid) TO users_member;
GRANT EXECUTE ON FUNCTION @extschema@.users_invitation(text) TO users_anon, users_member;
GRANT EXECUTE ON FUNCTION
	@extschema@.users_invite(uuid, text, text),
	@extschema@.users_accept_invitation(uuid, text),
	@extschema@.users_reject_invitation(uuid, text),
	@extschema@.users_withdraw_invitation(uuid)
	TO users_member;
GRANT USAGE ON TYPE @extschema@.users_invitation_info TO users_anon, users_member;
GRANT USAGE ON TYPE @extschema@.users_invite_result, users.received_invitation TO users_member;

-- Profile, pictures, search
GRANT EXECUTE ON FUNCTION
	@extschema@.users_update_profile(text, text, text, text[], jsonb),
	@extschema@.users_set_preferences(text, text),
	@extschema@.users_set_picture(bytea),
	@extschema@.users_remove_picture(),
	@extschema@.users_search(text, integer),
	@extschema@.users_export(uuid)
	TO users_member;
GRANT EXECUTE ON FUNCTION @extschema@.users_picture(uuid) TO users_anon, users_member;
GRANT EXECUTE ON FUNCTION @extschema@.users_define_language(text, text), @extschema@.users_define_theme(text) TO users_admin;
GRANT USAGE ON TYPE users_media."*/*" TO users_anon, users_member;
GRANT USAGE ON TYPE @extschema@.users_found_person TO users_member;

-- Accounts, for administrators
GRANT SELECT ON @extschema@.users_accounts TO users_admin;
GRANT EXECUTE ON FUNCTION
	users.throttled_until(uuid),
	users.same_id(uuid, uuid),
	@extschema@.users_update_account(uuid, text, text, text, text, text, text, boolean, text[], jsonb, jsonb),
	@extschema@.users_delete_user(uuid),
	@extschema@.users_restore_user(uuid),
	@extschema@.users_purge_user(uuid),
	@extschema@.users_why(text, inet)
	TO users_admin;

-- Audit, events, numbers
GRANT SELECT (user_id, id, occurred_at, event, outcome, actor_id, session_id, domain_id, object_type, object_id, client_address,
              user_agent, nobody, detail)
	ON users.audit_event TO users_member;
GRANT SELECT ON @extschema@.users_audit TO users_member;
GRANT SELECT ON @extschema@.users_stats TO users_admin, users_service;
GRANT EXECUTE ON FUNCTION users.metrics(), @extschema@.users_events(text, integer) TO users_admin, users_service;
GRANT USAGE ON TYPE @extschema@.users_event, users.metric TO users_admin, users_service;

-- Importing
GRANT EXECUTE ON FUNCTION
	@extschema@.users_import(text, text, text, text, text, uuid, text, text, timestamptz, text, text, text[], jsonb, jsonb, timestamptz, timestamptz),
	@extschema@.users_import_from(regclass, boolean),
	@extschema@.users_import_domain(uuid, text, text, text, text[], jsonb, timestamptz, uuid, timestamptz, uuid),
	@extschema@.users_import_role(uuid, uuid, text, text[], timestamptz),
	@extschema@.users_import_grant(uuid, uuid, text, uuid, timestamptz, uuid),
	@extschema@.users_import_invitation(uuid, uuid, text, uuid, timestamptz, timestamptz)
	TO users_dba;
GRANT USAGE ON TYPE @extschema@.users_rejected_row TO users_dba;
