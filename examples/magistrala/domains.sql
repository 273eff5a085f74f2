-- Domains, their roles, who holds them, and pending invitations. Run it as often
-- as you like: what is there already is left alone.

-- What cannot be used as it is, by the domain's id. It stays when the platform's
-- tables are copied anew.
CREATE TABLE IF NOT EXISTS moving.domain_correction (
	id text PRIMARY KEY,
	name text,
	route text);

-- Calls a function; what it refuses is written down, and the rest goes on.
CREATE OR REPLACE FUNCTION moving.attempt(kind text, id text, call text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	argument text;
BEGIN
	EXECUTE 'SELECT ' || call;
	RETURN true;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS argument = COLUMN_NAME;
	INSERT INTO moving.refused VALUES (kind, id, SQLSTATE, nullif(argument, ''), SQLERRM);
	RETURN false;
END
$$;
CREATE OR REPLACE FUNCTION moving.uuid_or_null(id text) RETURNS uuid
	LANGUAGE sql IMMUTABLE
	RETURN CASE WHEN id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN id::uuid END;
-- Somebody who is here; of others nothing is kept.
CREATE OR REPLACE FUNCTION moving.somebody(id text) RETURNS uuid
	LANGUAGE sql STABLE
	RETURN (SELECT a.id FROM users_accounts a WHERE a.id = moving.uuid_or_null(somebody.id));
-- An id for what has none that is a uuid; always the same.
CREATE OR REPLACE FUNCTION moving.id_of(VARIADIC words text[]) RETURNS uuid
	LANGUAGE sql IMMUTABLE
	RETURN md5(words::text)::uuid;

DELETE FROM moving.refused WHERE kind <> 'person';

-- ---- domains

SELECT count(*) FILTER (WHERE moving.attempt('domain', d.id, format(
		'users_import_domain(%L, %L, %L, %L, %L, %L, %L, %L, %L, %L)', d.id,
		left(coalesce(c.name, d.name, d.route), 100), coalesce(c.route, d.route),
		(ARRAY['enabled', 'disabled', 'frozen', 'deleted'])[d.status + 1], coalesce(d.tags, '{}'), coalesce(d.metadata, '{}'),
		d.created_at, moving.somebody(d.created_by), d.updated_at, moving.somebody(d.updated_by)))) AS domains
  FROM magistrala.domains d
  LEFT JOIN moving.domain_correction c USING (id)
 WHERE NOT EXISTS (SELECT FROM users_domains o WHERE o.id = moving.uuid_or_null(d.id));

-- ---- their roles, of every kind, with what they hold

DROP TABLE IF EXISTS moving.their_role CASCADE;
CREATE TABLE moving.their_role (
	kind text, id text PRIMARY KEY, name text, entity_id text, domain_id text, created_at timestamptz, created_by text, actions text[]);
DROP TABLE IF EXISTS moving.their_member CASCADE;
CREATE TABLE moving.their_member (
	kind text, role_id text, user_id text);
DO $$
DECLARE
	kind text;
	of text;
BEGIN
	FOR kind, of IN VALUES ('domains', 'domains'), ('groups', 'groups'), ('clients', 'clients'),
		('channels', 'channels'), ('rules', 'rules'), ('reports', 'report_config')
	LOOP
		EXECUTE format('INSERT INTO moving.their_role
			SELECT %1$L, r.id, r.name, r.entity_id, %3$s, r.created_at, r.created_by,
				ARRAY(SELECT a.action::text FROM magistrala.%1$s_role_actions a WHERE a.role_id = r.id ORDER BY 1)
			  FROM magistrala.%1$s_roles r JOIN magistrala.%2$s e ON e.id = r.entity_id',
			kind, of, CASE WHEN kind = 'domains' THEN 'e.id' ELSE 'e.domain_id' END);
		EXECUTE format('INSERT INTO moving.their_member SELECT %1$L, role_id, member_id FROM magistrala.%1$s_role_members', kind);
	END LOOP;
END
$$;

-- ---- ours: one for each role of a domain; those of things that are alike are
-- one role, held on many things

DROP TABLE IF EXISTS moving.role CASCADE;
CREATE TABLE moving.role AS
WITH meant AS (
	SELECT r.id AS their_id, r.kind, r.domain_id, m.reach, r.created_at, array_agg(DISTINCT m.permission ORDER BY m.permission) AS permissions,
		r.kind = 'domains' AND r.name = 'admin' AND r.actions @> (SELECT array_agg(a.action) FROM moving.action a WHERE a.kind = 'domains') AS built_in,
		coalesce(nullif(trim(left(regexp_replace(r.name, '[[:cntrl:]]+', ' ', 'g'), 80)), ''), 'role') AS name
	  FROM moving.their_role r
	  JOIN moving.meaning m ON m.kind = r.kind AND m.actions <@ r.actions
	 GROUP BY r.id, m.reach)
SELECT their_id, reach, moving.uuid_or_null(domain_id) AS domain_id, permissions, created_at, built_in,
	CASE kind WHEN 'domains' THEN '' WHEN 'clients' THEN 'device ' ELSE rtrim(kind, 's') || ' ' END || name
		|| CASE reach WHEN 'beneath' THEN ', beneath' ELSE '' END AS name,
	CASE kind WHEN 'domains' THEN moving.id_of('role', their_id)
		ELSE moving.id_of('role', kind, domain_id, name, reach, permissions::text) END AS id
  FROM meant;

-- Names are unique in a domain, whatever their case. Every domain begins with the
-- roles admin, editor and viewer: the first can be nothing else, the others give
-- way to roles of their names.
DROP TABLE IF EXISTS moving.named_role CASCADE;
CREATE TABLE moving.named_role AS
SELECT id, domain_id, CASE WHEN NOT built_in THEN permissions END AS permissions, created_at,
	name || CASE WHEN nth > 1 THEN format(' (%s)', nth) ELSE '' END AS name
  FROM (SELECT i.*, row_number() OVER (PARTITION BY domain_id, lower(name) ORDER BY created_at, id)
			+ (lower(name) = 'admin' AND NOT built_in)::integer AS nth
	  FROM (SELECT id, domain_id, permissions, name, built_in, min(created_at) AS created_at
			  FROM moving.role GROUP BY id, domain_id, permissions, name, built_in) i) n;

SELECT count(*) FILTER (WHERE moving.attempt('role', n.id::text, format(
		'users_import_role(%L, %L, %L, %L, %L)', n.id, n.domain_id, n.name, n.permissions, n.created_at))) AS roles
  FROM moving.named_role n
 WHERE EXISTS (SELECT FROM users_domains d WHERE d.id = n.domain_id)
   AND NOT EXISTS (SELECT FROM users_roles r WHERE r.id = n.id);

-- ---- who holds them, and on what

-- Each group with itself and what is beneath.
DROP TABLE IF EXISTS moving.branch CASCADE;
CREATE TABLE moving.branch AS
WITH RECURSIVE branch (id, member_id, reach, domain_id) AS (
	SELECT id, id, 'here', domain_id FROM magistrala.groups
	UNION
	SELECT b.id, g.id, 'beneath', g.domain_id FROM branch b JOIN magistrala.groups g ON g.parent_id = b.member_id AND g.domain_id = b.domain_id)
SELECT * FROM branch;
CREATE INDEX ON moving.branch (id, reach);

-- What a role on a thing reaches.
CREATE VIEW moving.reached AS
SELECT r.id AS their_id, 'here' AS reach, t.object_type, r.entity_id AS object_id
  FROM moving.their_role r
  JOIN (VALUES ('clients', 'device'), ('channels', 'channel'), ('rules', 'rule'), ('rules', 'alarm'), ('reports', 'report')) t (kind, object_type)
	ON t.kind = r.kind
UNION ALL
SELECT r.id, b.reach, t.object_type, t.id
  FROM moving.their_role r
  JOIN moving.branch b ON b.id = r.entity_id
  JOIN (SELECT 'group' AS object_type, id, id AS group_id, domain_id FROM magistrala.groups
		UNION ALL SELECT 'device', id, parent_group_id, domain_id FROM magistrala.clients
		UNION ALL SELECT 'channel', id, parent_group_id, domain_id FROM magistrala.channels) t
	ON t.group_id = b.member_id AND t.domain_id = b.domain_id
 WHERE r.kind = 'groups';

-- Who is in a domain: who has a role of it that holds any action.
CREATE VIEW moving.belongs AS
SELECT DISTINCT m.user_id, r.domain_id
  FROM moving.their_member m JOIN moving.their_role r ON r.id = m.role_id
 WHERE m.kind = 'domains' AND r.actions <> '{}';

-- On a thing a role counts for who is in its domain, as it did. A group's role is
-- held on the group and on everything that it reaches, so that whoever puts
-- something into a group later can see who holds what there.
DROP TABLE IF EXISTS moving.holding CASCADE;
CREATE TABLE moving.holding AS
SELECT o.id AS role_id, moving.uuid_or_null(m.user_id) AS user_id, NULL::text AS object_type, NULL::uuid AS object_id,
	min(r.created_at) AS granted_at, min(r.created_by) AS granted_by
  FROM moving.their_member m
  JOIN moving.their_role r ON r.id = m.role_id
  JOIN moving.role o ON o.their_id = r.id
 WHERE m.kind = 'domains'
 GROUP BY 1, 2
UNION ALL
SELECT o.id, moving.uuid_or_null(m.user_id), x.object_type, moving.uuid_or_null(x.object_id), min(r.created_at), min(r.created_by)
  FROM moving.their_member m
  JOIN moving.their_role r ON r.id = m.role_id
  JOIN moving.belongs b ON b.user_id = m.user_id AND b.domain_id = r.domain_id
  JOIN moving.role o ON o.their_id = r.id
  JOIN moving.reached x ON x.their_id = r.id AND x.reach = o.reach
 WHERE x.object_type = 'group' OR EXISTS (SELECT FROM unnest(o.permissions) p WHERE p LIKE x.object_type || ':%')
 GROUP BY 1, 2, 3, 4;

SELECT count(*) FILTER (WHERE moving.attempt('holding', h.role_id || ' ' || h.user_id || coalesce(' ' || h.object_type || ' ' || h.object_id, ''),
		format('users_import_grant(%L, %L, %L, %L, %L, %L)', h.role_id, h.user_id, h.object_type, h.object_id,
			h.granted_at, moving.somebody(h.granted_by)))) AS holdings
  FROM moving.holding h
 WHERE EXISTS (SELECT FROM users_roles r WHERE r.id = h.role_id)
   AND EXISTS (SELECT FROM users_accounts a WHERE a.id = h.user_id)
   AND NOT EXISTS (SELECT FROM users_role_members o WHERE o.role_id = h.role_id AND o.user_id = h.user_id
		AND o.object_id IS NOT DISTINCT FROM h.object_id AND o.object_type IS NOT DISTINCT FROM h.object_type);

-- ---- pending invitations, to the names that people bear here; they had no end,
-- and get a week from now

SELECT count(*) FILTER (WHERE moving.attempt('invitation', i.invitee_user_id || ' ' || i.domain_id, format(
		'users_import_invitation(%L, %L, %L, %L, %L, %L)',
		moving.id_of('invitation', i.invitee_user_id, i.domain_id), o.id, a.username,
		moving.somebody(i.invited_by), i.created_at, now() + interval '7 days'))) AS invitations
  FROM magistrala.invitations i
  JOIN moving.role o ON o.their_id = i.role_id
  JOIN users_accounts a ON a.id = moving.uuid_or_null(i.invitee_user_id)
 WHERE i.confirmed_at IS NULL AND i.rejected_at IS NULL
   AND EXISTS (SELECT FROM users_roles r WHERE r.id = o.id)
   AND moving.somebody(i.invited_by) IS NOT NULL   -- whose right to give the role counts
   AND NOT EXISTS (SELECT FROM users_invitations u WHERE u.id = moving.id_of('invitation', i.invitee_user_id, i.domain_id));

SELECT kind, sqlstate, argument, message, count(*) FROM moving.refused WHERE kind <> 'person' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4;
