-- Results of the API. Named, so that they can grow at the end without another
-- signature.

CREATE TYPE @extschema@.users_session AS (
	status text, user_id uuid, session_id uuid, role text, access_token text, token_type text,
	expires_at timestamptz, expires_in integer, refresh_token text, refresh_expires_at timestamptz, retry_after integer);
COMMENT ON TYPE @extschema@.users_session IS
'What signing in and refreshing answer: status, and with status ok the tokens.
Everything but status and retry_after (seconds) is NULL otherwise.';

CREATE TYPE @extschema@.users_outcome AS (status text, retry_after integer);
COMMENT ON TYPE @extschema@.users_outcome IS
'A status word and, with throttled and busy, the seconds to wait.
Treat a status that you do not know as a refusal.';

CREATE TYPE @extschema@.users_claims AS (
	status text, user_id uuid, session_id uuid, username text, role text,
	authenticated_at timestamptz, issued_at timestamptz, expires_at timestamptz);
COMMENT ON TYPE @extschema@.users_claims IS
'What a valid access token says: ok with the claims.
invalid_token or ask_primary with nothing else.';

CREATE TYPE @extschema@.users_ticket AS (status text, ticket text, retry_after integer);
COMMENT ON TYPE @extschema@.users_ticket IS
'Answer of the first half of signing in: status, and with ok a ticket.
Everything but status and retry_after (seconds) is NULL otherwise.';

CREATE TYPE @extschema@.users_link AS (user_id uuid, url text, expires_at timestamptz);
COMMENT ON TYPE @extschema@.users_link IS
'An account and, where one was asked for in place of a mail, a link to its password.';

CREATE TYPE @extschema@.users_person AS (
	id uuid, email text, pending_email text, username text, first_name text, last_name text, status text,
	email_verified_at timestamptz, platform_role text, language text, theme text, tags text[], metadata jsonb,
	admin_metadata jsonb, picture_type text, picture_updated_at timestamptz, created_at timestamptz, updated_at timestamptz);
COMMENT ON TYPE @extschema@.users_person IS 'A person''s own profile.';

CREATE TYPE @extschema@.users_public_options AS (
	registration text, require_verified_email boolean, password_min_length integer, password_min_strength integer,
	picture_max_size integer, default_language text, languages text[], themes text[]);
COMMENT ON TYPE @extschema@.users_public_options IS 'What a sign-up page must know. picture_max_size is in bytes.';

CREATE TYPE @extschema@.users_check_result AS (name text, ok boolean, detail text);
COMMENT ON TYPE @extschema@.users_check_result IS 'One check: its name, whether all is well, and what was found.';

CREATE TYPE @extschema@.users_mail AS (
	id uuid, kind text, recipient text, recipient_name text, language text, subject text, body_text text, body_html text,
	message_id text, attempt integer, site text, sender text, data jsonb);
COMMENT ON TYPE @extschema@.users_mail IS
'A mail for the relay to send.
All that it says, and in data the link, the token, expires_at and the names, for
  other templates and other channels.';

CREATE TYPE @extschema@.users_task_result AS (name text, row_count bigint);
COMMENT ON TYPE @extschema@.users_task_result IS 'A task of maintenance, and how many rows it removed or changed.';
