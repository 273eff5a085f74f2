-- Proposals for people who were refused for something that can be put right
-- without asking them. Look at moving.person_correction, change what you like
-- otherwise, and run people.sql again. What is left after that is yours to decide:
-- two people with one address, an address that is none, an id that is no uuid.

-- A username of ours, made of theirs or of the address, and of the id.
CREATE OR REPLACE FUNCTION moving.username_of(name text, id text) RETURNS text
	LANGUAGE sql IMMUTABLE
	RETURN coalesce(nullif(trim(BOTH '-_.' FROM left(
			regexp_replace(regexp_replace(split_part(name, '@', 1), '[^A-Za-z0-9_.-]+', '-', 'g'), '\.+', '.', 'g'), 25)), ''), 'user')
		|| '-' || left(md5(id), 6);
CREATE OR REPLACE FUNCTION moving.name_of(name text) RETURNS text
	LANGUAGE sql IMMUTABLE
	RETURN trim(left(regexp_replace(name, '[[:cntrl:]]+', ' ', 'g'), 100));

INSERT INTO moving.person_correction AS c (id, email, username, first_name, last_name, leave_out)
SELECT id,
	max(CASE WHEN r.argument = 'email' THEN substring(p.email FROM '^[^<>]*<([^<>]+)>$') END),
	max(CASE WHEN r.argument = 'username' THEN moving.username_of(coalesce(p.username, p.email), p.id) END),
	max(CASE WHEN r.argument = 'first_name' THEN moving.name_of(p.first_name) END),
	max(CASE WHEN r.argument = 'last_name' THEN moving.name_of(p.last_name) END),
	coalesce(array_agg(r.argument) FILTER (WHERE r.argument IN ('password_hash', 'tags', 'metadata')), '{}')
  FROM moving.refused r
  JOIN moving.person p USING (id)
 WHERE r.kind = 'person'
 GROUP BY id
ON CONFLICT (id) DO UPDATE SET
	email = coalesce(excluded.email, c.email), username = coalesce(excluded.username, c.username),
	first_name = coalesce(excluded.first_name, c.first_name), last_name = coalesce(excluded.last_name, c.last_name),
	leave_out = c.leave_out || excluded.leave_out;
