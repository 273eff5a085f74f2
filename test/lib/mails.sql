-- For \ir in test/pgtap, after story.sql: how mails come about.

-- Signs somebody in, for the statements that follow.
CREATE FUNCTION pg_temp.as_person(username text) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT users_authenticate(access_token) IS NOT NULL FROM users_login(%L, ''seven wet horses sing'', ''known'')', username) $$;

-- A mail, by hand, that is due.
CREATE FUNCTION pg_temp.insert_mail(username text, class integer, kind text, link text DEFAULT NULL, n integer DEFAULT 1) RETURNS text LANGUAGE sql AS $$
	SELECT format('INSERT INTO users.mail (user_id, id, class, kind, recipient, language, link_id, data, created_at, next_attempt_at)
	               SELECT user_id, gen_random_uuid(), %s, %L, email, coalesce(language, current_setting(''users.default_language'')), %L,
	                      ''{"domain_name": "Harbour & Sons", "role_name": "editor", "inviter_name": "Bea Brook", "invitee_name": "Cem Carver"}'', now(), now() - interval ''1 hour''
	                 FROM users.account, generate_series(1, %s) WHERE user_id = users_id(%L)', class, kind, link, n, username) $$;

-- Statements for a story that cause a mail of a kind, to username@mails.example
-- (registration: to new@, welcome: to wim@), in the end as who began. more:
-- further arguments. Invitations and their mails are made by hand.
CREATE FUNCTION pg_temp.cause(kind text, username text DEFAULT 'mia', more text DEFAULT '') RETURNS text[] LANGUAGE sql AS $$
	SELECT CASE kind
		WHEN 'welcome' THEN ARRAY[format('SELECT users_create_user(%L, %L, ''Wim'', ''Wolf'', language => (SELECT language FROM users.account WHERE user_id = users_id(%L))%s)', 'wim@mails.example', 'wim', username, more)]
		WHEN 'registration' THEN ARRAY[format('SELECT users_request_registration(''new@mails.example''%s)', more)]
		WHEN 'verify_email' THEN ARRAY[format('SELECT users_request_verification(%L%s)', address, more)]
		WHEN 'reset_password' THEN ARRAY[format('SELECT users_request_reset(%L%s)', address, more)]
		WHEN 'password_changed' THEN ARRAY[pg_temp.as_person(username), 'SELECT users_change_password(''seven wet horses sing'', ''ten dry goats mumble'', ''ten dry goats mumble'')', 'RESET ROLE']
		WHEN 'email_change_requested' THEN ARRAY[pg_temp.as_person(username), format('SELECT users_change_email(''seven wet horses sing'', ''other@mails.example''%s)', more), 'RESET ROLE']
		WHEN 'email_changed' THEN ARRAY[pg_temp.as_person(username), 'SELECT users_change_email(''seven wet horses sing'', ''other@mails.example'')', 'RESET ROLE',
			'SELECT users_verify_email((SELECT data ->> ''token'' FROM users_claim_mail() WHERE recipient = ''other@mails.example''), ''seven wet horses sing'')']
		WHEN 'already_registered' THEN ARRAY[format('SELECT users_request_registration(%L%s)', address, more)]
		WHEN 'account_deleted' THEN ARRAY[pg_temp.as_person(username), 'SELECT users_delete_account(''seven wet horses sing'')', 'RESET ROLE']
		WHEN 'new_sign_in' THEN ARRAY[format('SELECT users_login(%L, ''seven wet horses sing'', ''a new telephone'')', username)]
		WHEN 'invitation' THEN ARRAY['INSERT INTO users.domain (id, name, route, created_at, updated_at) VALUES (''01900000-0000-7000-8000-000000000002'', ''Farm'', ''farm'', now(), now())',
			'INSERT INTO users.role (id, domain_id, name, permissions, created_at, updated_at) SELECT ''01900000-0000-7000-8000-000000000003'', id, ''viewer'', ''{}'', now(), now() FROM users.domain WHERE route = ''farm''',
			format('INSERT INTO users.invitation (id, domain_id, role_id, invitee, invitee_key, by_email, created_at, expires_at) SELECT ''01900000-0000-7000-8000-000000000004'', domain_id, id, %1$L, %1$L, true, now(), now() + interval ''7 days'' FROM users.role WHERE name = ''viewer''', address),
			format('INSERT INTO users.link (user_id, id, kind, recipient, version, nonce, created_at, invitation_id) SELECT user_id, ''01900000-0000-7000-8000-000000000001'', ''invitation'', email, link_version, ''\x00112233445566778899aabbccddeeff'', now(), ''01900000-0000-7000-8000-000000000004'' FROM users.account WHERE user_id = users_id(%L)', username),
			pg_temp.insert_mail(username, 3, kind, '01900000-0000-7000-8000-000000000001')]
		ELSE ARRAY[pg_temp.insert_mail(username, 3, kind)] END
	  FROM (SELECT username || '@mails.example') a (address) $$;

-- The kinds, with class and whether there is a link.
CREATE TEMP TABLE kinds (kind text, class integer, has_link boolean);
INSERT INTO kinds VALUES
	('welcome', 2, true), ('registration', 2, true), ('verify_email', 2, true), ('reset_password', 1, true), ('password_changed', 1, false),
	('email_change_requested', 1, false), ('email_changed', 1, false), ('already_registered', 2, false), ('invitation', 3, true),
	('invitation_accepted', 3, false), ('invitation_rejected', 3, false), ('account_deleted', 1, false), ('new_sign_in', 1, false);
