-- People: from the platform's table to one that users_import_from reads, and in.
-- Run it as often as you like; psql -v dry_run=true only says what is wrong.
\if :{?dry_run}
\else
\set dry_run false
\endif

-- What to do about somebody who is refused, by id. It stays when the platform's
-- tables are copied anew. correct.sql makes proposals.
CREATE TABLE IF NOT EXISTS moving.person_correction (
	id text PRIMARY KEY,
	email text,
	username text,
	first_name text,
	last_name text,
	leave_out text[] NOT NULL DEFAULT '{}');   -- password_hash, tags, metadata

CREATE TABLE IF NOT EXISTS moving.refused (
	kind text NOT NULL,
	id text,
	sqlstate text NOT NULL,
	argument text,
	message text NOT NULL);

-- The interface's language and theme, under the key ui or, since release 0.30,
-- beside the others.
CREATE OR REPLACE VIEW moving.preference AS
SELECT u.id, coalesce(p.ui ->> 'language', u.metadata ->> 'language') AS language,
	coalesce(p.ui ->> 'theme', u.metadata ->> 'theme') AS theme,
	u.metadata - '{ui,language,theme}'::text[] AS metadata
  FROM magistrala.users u,
	LATERAL (SELECT CASE WHEN jsonb_typeof(u.metadata -> 'ui') = 'object' THEN u.metadata -> 'ui' END AS ui) p;

-- The order matters: of two people with one address but for its case, the first
-- gets in.
DROP TABLE IF EXISTS moving.person CASCADE;
CREATE TABLE moving.person AS
SELECT u.id::text,
	coalesce(c.email, u.email) AS email,
	coalesce(c.username, u.username) AS username,
	CASE WHEN 'password_hash' = ANY (c.leave_out) THEN NULL ELSE u.secret END AS password_hash,
	nullif(trim(coalesce(c.first_name, u.first_name)), '') AS first_name,
	nullif(trim(coalesce(c.last_name, u.last_name)), '') AS last_name,
	(ARRAY['enabled', 'disabled', 'deleted'])[u.status + 1] AS status,
	CASE WHEN u.role = 1 THEN 'admin' ELSE 'user' END AS platform_role,
	u.verified_at AS email_verified_at,
	CASE WHEN lower(p.language) IN ('en', 'english') THEN 'en'
		WHEN lower(p.language) IN ('de', 'german') THEN 'de'
		WHEN lower(p.language) IN ('sr', 'serbian') THEN 'sr' END AS language,
	CASE WHEN p.theme IN ('Default', 'MidnightSky', 'TealTide', 'GrayWave') THEN p.theme END AS theme,
	CASE WHEN 'tags' = ANY (c.leave_out) THEN '{}' ELSE coalesce(u.tags, '{}') END AS tags,
	-- Nobody but the person and administrators reads metadata here, so what was
	-- private goes along; admin_metadata is not for what people wrote themselves.
	CASE WHEN 'metadata' = ANY (c.leave_out) THEN '{}' ELSE coalesce(p.metadata, '{}') END
		|| CASE WHEN u.private_metadata IS NULL THEN '{}' ELSE jsonb_build_object('private', u.private_metadata) END
		|| CASE WHEN u.profile_picture LIKE 'https://%' THEN jsonb_build_object('profile_picture', u.profile_picture) ELSE '{}' END
		AS metadata,
	u.created_at, u.updated_at
  FROM magistrala.users u
  JOIN moving.preference p USING (id)
  LEFT JOIN moving.person_correction c USING (id)
 ORDER BY u.status, u.updated_at DESC NULLS LAST, u.id;

DELETE FROM moving.refused WHERE kind = 'person';
INSERT INTO moving.refused (kind, id, sqlstate, argument, message)
SELECT 'person', p.id, r.sqlstate, r.argument, r.message
  FROM users_import_from('moving.person', :dry_run) r
  LEFT JOIN (SELECT id, row_number() OVER (ORDER BY ctid) AS line FROM moving.person) p USING (line);

SELECT sqlstate, argument, message, count(*) AS people
  FROM moving.refused WHERE kind = 'person' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
