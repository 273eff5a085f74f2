-- Who may call which function and read which view: all of them, for every
-- role. Whoever adds one says here for whom it is. (S55)
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET client_min_messages = warning;
BEGIN;
SELECT plan(17);

CREATE ROLE regress_users_31_login LOGIN NOINHERIT;
CREATE ROLE regress_users_31_admin_login LOGIN NOINHERIT;
CREATE ROLE regress_users_31_owner LOGIN;
CREATE ROLE regress_users_31_person LOGIN IN ROLE users_dba;
CREATE ROLE regress_users_31_stranger LOGIN;
SELECT users_setup_login('regress_users_31_login', trusted_client => true) IS NULL AS ignored,
       users_setup_login('regress_users_31_admin_login', admin => true) IS NULL AS ignored_too,
       users_setup_owner('regress_users_31_owner') IS NULL AS ignored_as_well \gset

-- What each is called below.
CREATE TEMP TABLE who (short text, role text);
INSERT INTO who VALUES ('anon', 'users_anon'), ('member', 'users_member'), ('admin', 'users_admin'), ('dba', 'users_dba'),
	('service', 'users_service'), ('relay', 'users_relay'), ('proxy', 'users_proxy'),
	('person', 'regress_users_31_person'), ('login', 'regress_users_31_login'), ('login+admin', 'regress_users_31_admin_login'),
	('owner', 'regress_users_31_owner'), ('stranger', 'regress_users_31_stranger');
CREATE FUNCTION pg_temp.everybody() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(short, ' ' ORDER BY short COLLATE "C") FROM who $$;
CREATE FUNCTION pg_temp.sorted(shorts text) RETURNS text LANGUAGE sql AS
$$ SELECT CASE shorts WHEN 'everybody' THEN pg_temp.everybody() ELSE (SELECT string_agg(w, ' ' ORDER BY w COLLATE "C") FROM regexp_split_to_table(shorts, ' +') w) END $$;

---- functions

CREATE TEMP TABLE function_rights (name text, shorts text);
INSERT INTO function_rights VALUES
	('users_current_user_id',     'everybody'),
	('users_current_session_id',  'everybody'),
	('users_current_role',        'everybody'),
	('users_is_admin',            'everybody'),
	('users_authenticate',        'anon member admin dba person login login+admin'),
	('users_pre_request',         'anon member admin dba person'),
	('users_pre_config',          'login login+admin'),
	('users_register',            'anon member admin dba person'),
	('users_login',               'anon member admin dba person'),
	('users_verify_password',     'anon member admin dba person'),
	('users_login_ticket',        'anon member admin dba person'),
	('users_refresh',             'anon member admin dba person'),
	('users_logout',              'anon member admin dba person'),
	('users_options',             'anon member admin dba person'),
	('users_request_registration','anon member admin dba person'),
	('users_request_reset',       'anon member admin dba person'),
	('users_reset_password',      'anon member admin dba person'),
	('users_request_verification','anon member admin dba person'),
	('users_verify_email',        'anon member admin dba person'),
	('users_change_email',        'member admin dba person'),
	('users_cancel_email_change', 'member admin dba person'),
	('users_invite',              'member admin dba person'),
	('users_invitation',          'anon member admin dba person'),
	('users_accept_invitation',   'member admin dba person'),
	('users_reject_invitation',   'member admin dba person'),
	('users_withdraw_invitation', 'member admin dba person'),
	('received_invitations',      'member admin dba person'),
	('inviter_of',                'member admin dba person'),
	('users_update_profile',      'member admin dba person'),
	('users_set_preferences',     'member admin dba person'),
	('users_set_picture',         'member admin dba person'),
	('users_remove_picture',      'member admin dba person'),
	('users_picture',             'anon member admin dba person'),
	('users_search',              'member admin dba person'),
	('users_export',              'member admin dba person'),
	('users_define_language',     'admin dba person'),
	('users_define_theme',        'admin dba person'),
	('users_claim_mail',          'relay'),
	('users_mail_sent',           'relay'),
	('users_mail_failed',         'relay'),
	('users_retry_mail',          'admin dba person'),
	('users_discard_mail',        'admin dba person'),
	('users_issue_reset',         'admin dba person'),
	('users_preview_template',    'admin dba person'),
	('users_maintain',            'admin dba person'),
	('users_define_template',     'dba person'),
	('users_drop_template',       'dba person'),
	('users_define_site',         'dba person'),
	('users_import',              'dba person'),
	('users_import_from',         'dba person'),
	('users_import_domain',       'dba person'),
	('users_import_role',         'dba person'),
	('users_import_grant',        'dba person'),
	('users_import_invitation',   'dba person'),
	('users_jwks',                'anon member admin dba person service'),
	('users_validate_token',      'admin dba person service'),
	('users_profile',             'member admin dba person'),
	('users_logout_all',          'member admin dba person'),
	('users_revoke_session',      'member admin dba person'),
	('users_confirm_password',    'member admin dba person'),
	('users_change_password',     'member admin dba person'),
	('users_delete_account',      'member admin dba person'),
	('users_create_user',         'admin dba person'),
	('users_disable_user',        'admin dba person'),
	('users_enable_user',         'admin dba person'),
	('users_set_platform_role',   'admin dba person'),
	('users_unlock',              'admin dba person'),
	('users_update_account',      'admin dba person'),
	('users_delete_user',         'admin dba person'),
	('users_restore_user',        'admin dba person'),
	('users_purge_user',          'admin dba person'),
	('users_why',                 'admin dba person'),
	('throttled_until',           'admin dba person'),
	('same_id',                   'admin dba person'),
	('same_id_support',           ''),
	('users_id',                  'admin dba person'),
	('users_health',              'admin dba person'),
	('users_events',              'admin dba person service'),
	('metrics',                   'admin dba person service'),
	('users_rotate_key',          'admin dba person'),
	('users_revoke_key',          'admin dba person'),
	('users_create_domain',         'member admin dba person'),
	('users_update_domain',         'member admin dba person'),
	('users_set_domain_status',     'member admin dba person'),
	('users_delete_domain',         'member admin dba person'),
	('users_restore_domain',        'admin dba person'),
	('users_create_role',           'member admin dba person'),
	('users_update_role',           'member admin dba person'),
	('users_delete_role',           'member admin dba person'),
	('users_grant_role',            'member admin dba person'),
	('users_revoke_role',           'member admin dba person'),
	('users_remove_member',         'member admin dba person'),
	('users_can_in',                'everybody'),
	('users_can_on',                'everybody'),
	('users_is_member',             'everybody'),
	('users_permitted_domains',     'everybody'),
	('users_permitted_objects',     'everybody'),
	('users_can',                   'member admin dba person'),
	('users_permissions',           'member admin dba person'),
	('users_check',                 'admin dba person service'),
	('users_check_many',            'admin dba person service'),
	('users_protect',               'everybody'),
	('users_unprotect',             'everybody'),
	('users_define_object_type',    'admin dba person'),
	('users_forget_object',         'member admin dba person service'),
	('guard_row',                   'everybody'),
	('member_domains',              'everybody'),
	('predicate_support',           ''),
	('users_renew_root_key',      ''),
	('users_setup_login',         ''),
	('users_setup_owner',         ''),
	('prepare_statements',        '');

CREATE TEMP VIEW functions AS
	SELECT p.oid, p.proname FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'users'
	  JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid;
SELECT set_eq('SELECT proname::text FROM functions', 'SELECT name FROM function_rights', 'every function is here');
SELECT bag_eq($$ SELECT proname::text, coalesce(string_agg(short, ' ' ORDER BY short COLLATE "C") FILTER (WHERE has_function_privilege(role, oid, 'EXECUTE')), '')
                   FROM functions CROSS JOIN who GROUP BY proname $$,
              $$ SELECT name, coalesce(pg_temp.sorted(shorts), '') FROM function_rights $$, 'and may be called by whom it says');
SELECT is_empty($$ SELECT proname, short FROM functions CROSS JOIN who WHERE has_function_privilege(role, oid, 'EXECUTE WITH GRANT OPTION') $$,
                'nobody may let others call one');

---- views (P21 P52)

CREATE TEMP TABLE view_rights (name text, shorts text);
INSERT INTO view_rights VALUES
	('users_languages', 'anon member admin dba person'),
	('users_themes',    'anon member admin dba person'),
	('users_sessions',  'member admin dba person'),
	('users_invitations', 'member admin dba person'),
	('users_domains',   'member admin dba person'),
	('users_roles',     'member admin dba person'),
	('users_members',   'member admin dba person'),
	('users_role_members', 'member admin dba person'),
	('users_object_types', 'member admin dba person'),
	('users_outbox',    'admin dba person relay'),
	('users_templates', 'admin dba person'),
	('users_sites',     'admin dba person'),
	('users_accounts',  'admin dba person'),
	('users_audit',     'member admin dba person'),
	('users_stats',     'admin dba person service'),
	('users_keys',      'admin dba person');

CREATE TEMP VIEW relations AS
	SELECT c.oid, c.relname, c.relkind, n.nspname
	  FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'users'
	  JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid JOIN pg_namespace n ON n.oid = c.relnamespace;
SELECT set_eq($$ SELECT relname::text FROM relations WHERE relkind <> 'r' $$, 'SELECT name FROM view_rights', 'every view is here');
SELECT bag_eq($$ SELECT relname::text, coalesce(string_agg(short, ' ' ORDER BY short COLLATE "C") FILTER (WHERE has_table_privilege(role, oid, 'SELECT')), '')
                   FROM relations CROSS JOIN who WHERE relkind <> 'r' GROUP BY relname $$,
              $$ SELECT name, pg_temp.sorted(shorts) FROM view_rights $$, 'and is read by whom it says');
SELECT is_empty($$ SELECT relname, short FROM relations CROSS JOIN who
                    WHERE has_table_privilege(role, oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') $$,
                'nobody has more than SELECT on a view or a table');
-- An invoker's view needs rights on each column that it mentions.
SELECT is_empty($$ SELECT v.relname, t.relname, a.attname, short
                     FROM relations v
                     JOIN pg_rewrite w ON w.ev_class = v.oid
                     JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
                     JOIN relations t ON t.oid = d.refobjid AND t.relkind = 'r'
                     JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
                    CROSS JOIN who
                    WHERE v.relkind = 'v' AND v.relname <> 'users_accounts' AND has_table_privilege(role, v.oid, 'SELECT') AND NOT has_column_privilege(role, t.oid, a.attnum, 'SELECT') $$,
                'who may read a view may read what it reads');

---- tables

SELECT is_empty($$ SELECT relname, short FROM relations CROSS JOIN who WHERE relkind = 'r' AND has_table_privilege(role, oid, 'SELECT') $$,
                'nobody reads a whole table');
SELECT set_eq($$ SELECT relname::text || '.' || attname, string_agg(short, ' ' ORDER BY short COLLATE "C")
                   FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 CROSS JOIN who
                  WHERE relkind = 'r' AND has_column_privilege(role, r.oid, a.attnum, 'SELECT') GROUP BY 1 $$,
              $$ SELECT relation || '.' || col, pg_temp.sorted(shorts)
                   FROM (VALUES ('session', 'user_id id label client_address user_agent created_at authenticated_at refreshed_at expires_at ended_at', 'member admin dba person'),
                                ('domain', 'id name route tags metadata status created_at created_by updated_at updated_by', 'member admin dba person'),
                                ('role', 'id domain_id name permissions built_in created_at created_by updated_at updated_by', 'member admin dba person'),
                                ('role_assignment', 'user_id domain_id role_id object_type object_id granted_at granted_by', 'member admin dba person'),
                                ('person', 'user_id username first_name last_name picture_updated_at', 'member admin dba person'),
                                ('object_type', 'object_type built_in', 'member admin dba person'), ('permission', 'object_type action', 'member admin dba person'), ('object_place', 'object_type relation', 'member admin dba person'),
                                ('language', 'code name', 'anon member admin dba person'), ('theme', 'name', 'anon member admin dba person'),
                                ('signing_key', 'kid algorithm created_at activated_at retires_at revoked_at', 'admin dba person'),
                                ('mail', 'user_id id kind recipient nobody language site state attempts created_at next_attempt_at sent_at last_error', 'admin dba person relay'),
                                ('mail_request', 'id kind email user_id site created_at', 'admin dba person relay'),
                                ('invitation', 'id domain_id role_id inviter_id invitee status created_at expires_at answered_at accepted_by', 'member admin dba person'),
                                ('audit_event', 'user_id id occurred_at event outcome actor_id session_id domain_id object_type object_id client_address user_agent nobody detail', 'member admin dba person'),
                                ('mail_template', 'kind language subject body_text body_html built_in', 'admin dba person'),
                                ('site', 'name reset_url verify_url invitation_url registration_url sender product_name', 'admin dba person')) v (relation, columns, shorts),
                        regexp_split_to_table(columns, ' ') col $$, 'columns are read for the views alone');
SELECT set_eq($$ SELECT relname::text || '.' || attname, short, privilege
                   FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 CROSS JOIN who, unnest('{INSERT,UPDATE,REFERENCES}'::text[]) privilege
                  WHERE has_column_privilege(role, r.oid, a.attnum, privilege) $$,
              $$ VALUES ('person_id.user_id', 'owner', 'REFERENCES') $$, 'an owner of tables may refer to people, and nobody write anything');

---- types (P6 P33)

-- Nobody uses what is not here. Row types of tables and views are as PostgreSQL makes them.
CREATE TEMP TABLE type_rights (name text, shorts text);
INSERT INTO type_rights VALUES
	('users_session', 'anon member admin dba person service'),
	('users_ticket', 'anon member admin dba person service'),
	('users_rejected_row', 'dba person'),
	('users_outcome', 'anon member admin dba person service'),
	('users_claims', 'anon member admin dba person service'),
	('users_link', 'anon member admin dba person service'),
	('users_person', 'anon member admin dba person service'),
	('users_check_result', 'anon member admin dba person service'),
	('users_public_options', 'anon member admin dba person service'),
	('application/jwk-set+json', 'anon member admin dba person service'),
	('users_invitation_info', 'anon member admin dba person'),
	('*/*', 'anon member admin dba person'),
	('users_found_person', 'member admin dba person'),
	('users_invite_result', 'member admin dba person'),
	('received_invitation', 'member admin dba person'),
	('users_task_result', 'admin dba person'),
	('users_event', 'admin dba person service'),
	('metric', 'admin dba person service'),
	('users_mail', 'relay');
CREATE TEMP VIEW types AS
	SELECT t.oid, t.typname FROM pg_type t
	 WHERE t.typcategory <> 'A' AND t.typrelid NOT IN (SELECT oid FROM relations)
	   AND t.oid IN (SELECT d.objid FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'users' WHERE d.classid = 'pg_type'::regclass);
SELECT is_empty($$ SELECT t.typname FROM pg_type t JOIN relations r ON r.oid = t.typrelid WHERE t.typacl IS NOT NULL $$, 'row types of tables and views have no rights of ours, which pg_upgrade would lose');
SELECT bag_eq($$ SELECT typname::text, string_agg(short, ' ' ORDER BY short COLLATE "C") FROM types CROSS JOIN who WHERE has_type_privilege(role, oid, 'USAGE') GROUP BY typname $$,
              $$ SELECT name, pg_temp.sorted(shorts) FROM type_rights $$, 'a type is used by whom it says');

---- roles

SELECT set_eq($$ SELECT w.short AS who, r.short AS whose FROM who w, who r WHERE w.role <> r.role AND pg_has_role(w.role, r.role, 'USAGE') $$,
              $$ VALUES ('admin', 'member'), ('dba', 'admin'), ('dba', 'member'), ('person', 'dba'), ('person', 'admin'), ('person', 'member') $$, 'who has the rights of whom');
SELECT set_eq($$ SELECT w.short AS who, r.short AS whose FROM who w, who r WHERE w.role <> r.role AND pg_has_role(w.role, r.role, 'MEMBER') AND NOT pg_has_role(w.role, r.role, 'USAGE') $$,
              $$ VALUES ('login', 'anon'), ('login', 'member'), ('login+admin', 'anon'), ('login+admin', 'member'), ('login+admin', 'admin'), ('login', 'proxy') $$, 'and who may become whom without having them');
SELECT is_empty($$ SELECT short FROM who WHERE pg_has_role(role, 'users_owner', 'MEMBER') $$, 'nobody may become the owner');

---- schemas

SELECT set_eq($$ SELECT short FROM who WHERE has_schema_privilege(role, 'users', 'USAGE') $$, $$ VALUES ('owner') $$, 'the schema of the tables is opened for owners alone');
SELECT is_empty($$ SELECT short FROM who WHERE has_schema_privilege(role, 'users', 'CREATE') $$, 'and nobody makes anything in it');

SELECT * FROM finish();
ROLLBACK;
