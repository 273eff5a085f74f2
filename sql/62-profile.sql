-- What people change of themselves, and what they see of each other.

-- PostgREST answers any Accept header with a domain of this name, and takes the
-- content type from the function.
CREATE DOMAIN users_media."*/*" AS bytea;
COMMENT ON DOMAIN users_media."*/*" IS 'Bytes of a media type that the function tells.';

CREATE TYPE @extschema@.users_found_person AS (id uuid, username text, first_name text, last_name text);
COMMENT ON TYPE @extschema@.users_found_person IS 'Somebody whom users_search has found.';

CREATE FUNCTION @extschema@.users_update_profile(
	first_name text DEFAULT NULL, last_name text DEFAULT NULL, username text DEFAULT NULL, tags text[] DEFAULT NULL,
	metadata jsonb DEFAULT NULL)
	RETURNS @extschema@.users_person AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_update_profile(text, text, text, text[], jsonb) IS
'Change one''s own profile, and return it as it is then. What is NULL or left out stays as it is.
first_name, last_name: 1 to 100 characters, trimmed, no control characters.
  username: 1 to 32 of A-Z a-z 0-9 _ - . unique without regard to case; the old one
  is free for others at once. tags: replace all there were, at most 32 of 1 to 64
  characters; an empty array takes them away. metadata: a JSON object that is
  merged into what there is, as RFC 7396 says: objects member by member, null takes
  a member away, anything else replaces; the patch and the result have at most 16
  kB. It is the person''s own: never trust it.
Events: username_changed, profile_updated; none when nothing changed. Errors: US002
  username, US005 name, tags or metadata, US016 a lock did not come, 23505 username
  taken, 28000.
For users_member.';

CREATE FUNCTION @extschema@.users_set_preferences(language text DEFAULT NULL, theme text DEFAULT NULL)
	RETURNS @extschema@.users_person AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_set_preferences(text, text) IS
'Choose one''s language and theme, and return the profile as it is then.
What is NULL or left out stays as it is.
language: a code of users_languages; mails are written in it. theme: a name of
  users_themes. Errors: US007 unknown language or theme, US016 a lock did not come,
  28000.
For users_member.';

CREATE FUNCTION @extschema@.users_define_language(code text, name text)
	RETURNS @extschema@.users_languages AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_define_language(text, text) IS
'Add a language that people may choose, or give one another name.
Returns its row of users_languages.
code: as in BCP 47 (en, pt-BR, zh-Hant), at most 35 characters, the same without
  regard to case; name: as its speakers call it, 1 to 100 characters. Mails stay in
  the default language until users_define_template gives them in this one. Errors:
  US005 name, US011 a built-in language has its name, US016 a lock did not come,
  22023 code, 42501.
For administrators.';

CREATE FUNCTION @extschema@.users_define_theme(name text)
	RETURNS @extschema@.users_themes AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_define_theme(text) IS
'Add a theme that people may choose. Returns its row of users_themes, also when there was one.
name: 1 to 100 characters, no control characters. Errors: US005 name, US016 a lock
  did not come, 42501.
For administrators.';

CREATE FUNCTION @extschema@.users_set_picture(bytea)
	RETURNS @extschema@.users_person AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_set_picture(bytea) IS
'Set one''s own picture, and return the profile as it is then.
The one argument, without a name: a PNG, JPEG, GIF or WebP file of at most
  users.picture_max_size, told by its content; each side 1 to 16384 pixels. Over
  HTTP send the file itself as application/octet-stream. A file that ends early, or
  goes on behind the picture''s end, is refused. What else is in it (a place, a
  camera''s number) is kept and shown: take it out before. Errors: US006 not such a
  picture, US016 a lock did not come, 28000.
For users_member.';

CREATE FUNCTION @extschema@.users_remove_picture()
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_remove_picture() IS
'Take one''s own picture away. Returns whether there was one.
Errors: US016 a lock did not come, 28000. For users_member.';

CREATE FUNCTION @extschema@.users_picture(user_id uuid DEFAULT NULL)
	RETURNS users_media."*/*" AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_picture(uuid) IS
'Somebody''s picture: the bytes of the file, or NULL.
user_id: whose; NULL: one''s own. Seen are one''s own, those of who holds a role (be
  it on one object) in a domain that one is a member of and reaches, and with
  users.public_pictures everybody''s, without signing in too; administrators see
  all. NULL when there is none, when there is no such person and when it is not
  shown: all three are the same. picture_updated_at in users_members tells when to
  ask again.
For users_anon and users_member.';

CREATE FUNCTION @extschema@.users_search(query text, max_rows integer DEFAULT 10)
	RETURNS SETOF @extschema@.users_found_person AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL UNSAFE ROWS 10 COST 1000;
COMMENT ON FUNCTION @extschema@.users_search(text, integer) IS
'Find people whose username, first, last or first and last name begin with a text.
query: at least 3 characters, without regard to case (of other letters than A-Z as
  the database''s locale has it), trimmed; nothing in it stands for anything else.
  Fewer find nobody. max_rows: how many at most, 1 to 50; more are 50, NULL is 10.
Enabled accounts only; those found by username come first. With users.search_scope
  = shared they are who holds a role (be it on one object) in a domain that one is
  a member of and reaches; with all, and for administrators, everybody. Errors:
  22023 max_rows, 28000.
For users_member.';

CREATE FUNCTION @extschema@.users_export(user_id uuid DEFAULT NULL)
	RETURNS jsonb AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_export(uuid) IS
'Everything that is held about a person, as one JSON object; never a hash, a token or a link.
user_id: whose; NULL: one''s own. Somebody else''s is for administrators.
Members: account, person, picture (type, size, updated_at, base64; null: none),
  identifiers, sessions, devices, roles, domains_created, invitations_sent,
  invitations_received, mails (to whom and when, not what they say), audit. Writes
  the event exported, which is in it. Errors: US014 unknown (administrators),
  28000, 42501.
For users_member.';
