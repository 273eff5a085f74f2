CREATE FUNCTION @extschema@.users_register(
	email text, username text, password text, first_name text, last_name text,
	language text DEFAULT NULL, theme text DEFAULT NULL, label text DEFAULT NULL,
	metadata jsonb DEFAULT '{}', token text DEFAULT NULL)
	RETURNS @extschema@.users_session AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_register(text, text, text, text, text, text, text, text, jsonb, text) IS
'Sign up: makes an account and signs it in.
email: at most 254 octets, unique without regard to case. username: 1 to 32 of A-Z
  a-z 0-9 _ - . unique likewise. password: see users_options(). first_name,
  last_name: 1 to 100 characters, no control characters. language, theme: from
  users_languages and users_themes. label names the device. metadata is the
  person''s own, at most 16 kB. token: of a sign-up link or an invitation; the
  account is verified then, and with an invitation it is in its domain at once.
Status: ok, invalid_token, throttled, busy. Errors: US001 email, US002 username,
  US003 password, US005 name or metadata, US007 language or theme, US011 token for
  another address, US012 registration closed, 23505 address or username taken.
For users_anon.';

CREATE FUNCTION @extschema@.users_login(identifier text, password text, label text DEFAULT NULL)
	RETURNS @extschema@.users_session AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_login(text, text, text) IS
'Sign in with username or email address.
identifier in any case, trimmed; label names the device in the list of sessions.
  The answer counts when the caller commits.
Status: ok, invalid_credentials, throttled, busy; only after the right password
  disabled, reset_required, unverified. Never tells whether an account exists.
For users_anon.';

CREATE FUNCTION @extschema@.users_verify_password(identifier text, password text)
	RETURNS @extschema@.users_ticket AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_verify_password(text, text) IS
'The first half of signing in, where the cores are.
A ticket for the right password, on a standby as on the primary.
identifier in any case, trimmed. Within ten seconds users_login_ticket on the
  primary makes one session of the ticket, unless account, status or password have
  changed. On a standby and in a READ ONLY transaction a failure is a line in the
  log and no audit event.
Status: ok, invalid_credentials, throttled, busy; only after the right password
  disabled, reset_required, unverified. Never tells whether an account exists.
  Errors: US013 on a standby that cannot know yet, instead of any no: ask the
  primary.
For users_anon.';

CREATE FUNCTION @extschema@.users_login_ticket(ticket text, label text DEFAULT NULL)
	RETURNS @extschema@.users_session AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_login_ticket(text, text) IS
'The second half of signing in, on the primary: a session for a ticket of users_verify_password.
label names the device in the list of sessions. The answer counts when the caller
  commits, and so does the ticket''s being spent.
Status: ok, invalid_token (forged, older than ten seconds, spent, of another
  database, or account, status or password have changed since), throttled, busy. At
  REPEATABLE READ the loser of a race gets 40001. Errors: 25006 on a standby.
For users_anon.';

CREATE FUNCTION @extschema@.users_refresh(refresh_token text DEFAULT NULL)
	RETURNS @extschema@.users_session AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_refresh(text) IS
'New tokens for a refresh token, which is spent by it.
A spent token used again ends the session, except within users.refresh_grace, where
  it gives the same successor again. Commit, or the new token is void and the old
  one stays valid.
Status: ok, invalid_token, disabled, busy. At REPEATABLE READ the loser of a race
  gets 40001.
For users_anon.';

CREATE FUNCTION @extschema@.users_logout(refresh_token text DEFAULT NULL)
	RETURNS @extschema@.users_outcome AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_logout(text) IS
'Sign out: ends the session of the token given, or without one the present session.
Status: ok always (busy when a lock did not come); a token that is not valid ends
  nothing.
For users_anon and users_member.';

CREATE FUNCTION @extschema@.users_logout_all(keep_current boolean DEFAULT false, user_id uuid DEFAULT NULL)
	RETURNS integer AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_logout_all(boolean, uuid) IS
'Ends all sessions of the signed-in user and returns how many.
keep_current spares the present one. user_id: somebody else''s, for administrators
  (an administrator''s, for DBAs). Errors: 28000, 42501, US014.
For users_member.';

CREATE FUNCTION @extschema@.users_revoke_session(session_id uuid)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_revoke_session(uuid) IS
'Ends one session: one''s own, for administrators anybody''s.
Returns whether it was live. Errors: 28000, 42501 (an administrator''s, for others
  than DBAs).
For users_member.';

CREATE FUNCTION @extschema@.users_authenticate(token text)
	RETURNS uuid AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_authenticate(text) IS
'Take on the identity of an access token, to the end of the transaction.
A statement of its own, first in the transaction: BEGIN; SELECT
  users_authenticate($1); ...; COMMIT. Sets the role to the token''s, and returns
  the user''s id.
Errors: 28000 whatever is wrong with the token (a former identity stays), US013 on
  a standby that cannot know yet, 55000 when the login inherits users_member, 42501
  inside a SECURITY DEFINER function.
For logins prepared by users_setup_login.';

CREATE FUNCTION @extschema@.users_validate_token(token text)
	RETURNS @extschema@.users_claims AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_validate_token(text) IS
'Whether an access token is valid now, and what it says; sets no identity.
Status: ok, invalid_token, ask_primary (a standby that has not heard of the key or
  the session yet). Never raises for a bad token; works in READ ONLY transactions
  and on standbys.
For users_service and administrators.';

CREATE FUNCTION @extschema@.users_confirm_password(password text)
	RETURNS @extschema@.users_outcome AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_confirm_password(text) IS
'Ask for the password again, before a dangerous button.
On ok the session''s authenticated_at is now. Status: ok, invalid_credentials,
  throttled, busy. Errors: 28000.
For users_member.';

CREATE FUNCTION @extschema@.users_change_password(current_password text, new_password text, confirm_password text)
	RETURNS @extschema@.users_outcome AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_change_password(text, text, text) IS
'Change the password. Ends every session, the present one too: the user signs in again.
current_password must be right; new_password as strong as at sign-up;
  confirm_password the same as new_password.
Status: ok, invalid_credentials, throttled, busy. Errors: US003 weak (DETAIL with
  reason and score), US004 the two differ, 28000.
For users_member.';

CREATE FUNCTION @extschema@.users_delete_account(current_password text)
	RETURNS @extschema@.users_outcome AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_delete_account(text) IS
'Delete one''s own account. Address and username are free at once.
An administrator can restore it within users.deletion_grace. Status: ok,
  invalid_credentials, throttled, busy. Errors: US010 for the last administrator,
  of the platform or of a domain (DETAIL "domains: <routes>"), 28000.
For users_member.';

CREATE FUNCTION @extschema@.users_profile()
	RETURNS @extschema@.users_person AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_profile() IS
'The signed-in person''s own profile, one row.
Errors: 28000 without identity. For users_member.';

CREATE FUNCTION @extschema@.users_options()
	RETURNS @extschema@.users_public_options AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_options() IS
'What a sign-up page must know: who may register, what a password needs, languages and themes.
For users_anon and users_member.';
