-- Fills the tables of platform.sql with people, domains, things and roles, the
-- same ones every time. psql -v people=3000 -v hashes=300; needs pgcrypto.
--
-- The password of person n is 'old password ' || n % hashes: real bcrypt hashes
-- of cost 10, of which a processor core makes some fifteen a second.
\if :{?people}
\else
\set people 3000
\endif
\if :{?hashes}
\else
\set hashes 300
\endif
CREATE EXTENSION IF NOT EXISTS pgcrypto;

-- One of 0 to below - 1, by a word and a number.
CREATE FUNCTION pg_temp.pick(word text, n bigint, below integer) RETURNS integer
	LANGUAGE sql IMMUTABLE RETURN mod(('x' || left(md5(word || ' ' || n), 7))::bit(28)::integer, below);
CREATE FUNCTION pg_temp.uuid_of(word text, n bigint) RETURNS text
	LANGUAGE sql IMMUTABLE RETURN md5(word || ' ' || n)::uuid::text;
-- Who has the number.
CREATE FUNCTION pg_temp.person(n bigint) RETURNS text
	LANGUAGE sql IMMUTABLE RETURN CASE WHEN n % 1000 = 19 THEN 'person-' || n ELSE md5('user ' || n)::uuid::text END;

SET search_path = magistrala, public, pg_temp;

-- ---- people; what is wrong with some of them is what the platform let through

CREATE TEMP TABLE hash AS
SELECT n AS number, crypt('old password ' || n, '$2a$10$' || left(md5('salt ' || n), 22)) AS secret
  FROM generate_series(0, :hashes - 1) n;

INSERT INTO users (id, email, username, first_name, last_name, secret, profile_picture, tags, metadata, private_metadata,
	auth_provider, role, status, verified_at, created_at, updated_at, updated_by)
SELECT pg_temp.person(n),
	CASE
		WHEN n % 500 = 1 AND n > 1 THEN upper(format('person%s@example.org', n - 1))  -- of somebody else, but for its case
		WHEN n % 400 = 2 AND n > 2 THEN format('Person %s <person%s@example.org>', n, n)
		WHEN n % 800 = 21 THEN format('person %s@example.org', n)
		WHEN n % 11 = 0 THEN format('Person%s@Example.ORG', n)
		ELSE format('person%s@example.org', n)
	END,
	CASE
		WHEN n % 29 = 3 THEN NULL
		WHEN n % 200 = 4 THEN format('person%s@example.net', n)
		WHEN n % 200 = 5 THEN format('<b>Person</b> %s', n)
		WHEN n % 300 = 6 THEN 'a-name-longer-than-what-we-take-' || n
		WHEN n % 250 = 7 THEN upper(format('person-%s', n - 1))                       -- somebody else's, but for its case
		WHEN n % 5 = 0 THEN format('Person_%s', n)
		ELSE format('person-%s', n)
	END,
	CASE WHEN n % 17 = 8 THEN '' WHEN n % 600 = 9 THEN repeat('Anna-', 30) ELSE 'Jürgen' END,
	CASE WHEN n % 34 = 8 THEN '' WHEN n % 700 = 10 THEN E'Pet\x07rović' ELSE 'Petrović ' || n END,
	CASE
		WHEN n % 19 = 11 THEN NULL                                                     -- signs in with Google
		WHEN n % 900 = 12 THEN 'not a hash'
		WHEN n % 900 = 13 THEN overlay(h.secret PLACING '16' FROM 5)                   -- an absurd cost
		ELSE h.secret
	END,
	CASE WHEN n % 6 = 0 THEN format('https://pictures.example.org/%s.png', n) WHEN n % 6 = 1 THEN '' END,
	CASE
		WHEN n % 800 = 14 THEN ARRAY(SELECT 'tag ' || t FROM generate_series(1, 40) t)
		WHEN n % 7 = 0 THEN ARRAY['beta', 'region ' || n % 5]
	END,
	CASE
		WHEN n % 900 = 16 THEN jsonb_build_object('note', (SELECT string_agg(md5(n || ' ' || i), ' ') FROM generate_series(1, 600) i))
		WHEN n % 90 = 15 THEN '{"ui": {"language": "French", "theme": "Neon"}}'
		WHEN n % 4 = 0 THEN jsonb_build_object('ui', jsonb_build_object('language', (ARRAY['en', 'de', 'sr'])[1 + n % 3],
			'theme', (ARRAY['Default', 'MidnightSky', 'TealTide', 'GrayWave'])[1 + n % 4]), 'plan', 'gold')
		WHEN n % 4 = 1 THEN jsonb_build_object('language', (ARRAY['English', 'German', 'Serbian'])[1 + n % 3], 'phone', n)
		WHEN n % 4 = 2 THEN '{}'
	END,
	CASE WHEN n % 9 = 0 THEN jsonb_build_object('crm', n) END,
	CASE WHEN n % 19 = 11 THEN 'google' END,
	CASE WHEN n <= 2 THEN 1 ELSE 0 END,
	CASE WHEN n % 23 = 17 THEN 1 WHEN n % 31 = 18 THEN 2 ELSE 0 END,
	CASE WHEN n % 3 > 0 THEN timestamptz '2022-02-01 08:00+01' + n * interval '3 hours 1.000001 seconds' END,
	CASE WHEN n % 997 > 0 THEN timestamptz '2022-01-01 08:00+01' + n * interval '3 hours 0.000001 seconds' END,
	CASE WHEN n % 997 > 0 AND n % 2 = 0 THEN timestamptz '2025-01-01 08:00+01' + n * interval '1 hour 0.123456 seconds' END,
	CASE WHEN n % 2 = 0 THEN pg_temp.person(n) END
  FROM generate_series(1, :people) n
  LEFT JOIN hash h ON h.number = mod(n, :hashes);

-- ---- domains

INSERT INTO domains (id, name, route, tags, metadata, status, created_at, created_by, updated_at, updated_by)
SELECT pg_temp.uuid_of('domain', d),
	CASE d % 13 WHEN 5 THEN NULL WHEN 6 THEN repeat('A long name ', 15) ELSE 'Domain ' || d END,
	CASE
		WHEN d = 13 THEN 'not a route'                   -- sent together with an id, which skips the checks
		WHEN d = 21 THEN 'acme-20'                       -- another one's, but for its case
		WHEN d % 4 = 0 THEN 'Acme-' || d
		WHEN d % 4 = 1 THEN pg_temp.uuid_of('domain', d)
		ELSE 'site_' || d
	END,
	CASE WHEN d % 3 = 0 THEN ARRAY['plant'] END,
	CASE WHEN d % 2 = 0 THEN jsonb_build_object('ui', jsonb_build_object('colour', 'teal'), 'number', d) END,
	CASE d % 10 WHEN 3 THEN 1 WHEN 5 THEN 2 WHEN 7 THEN 3 ELSE 0 END,
	timestamptz '2022-06-01 12:00+02' + d * interval '1 day 0.000007 seconds',
	pg_temp.person(1 + pg_temp.pick('creator', d, :people)),
	CASE WHEN d % 2 = 0 THEN timestamptz '2024-06-01 12:00+02' + d * interval '1 day 0.000007 seconds' END,
	CASE WHEN d % 2 = 0 THEN pg_temp.person(1 + pg_temp.pick('editor', d, :people)) END
  FROM generate_series(1, greatest(:people / 50, 24)) d;

CREATE TEMP TABLE place AS
SELECT row_number() OVER (ORDER BY created_at) AS d, id FROM domains;

-- ---- things: groups in trees, and what lies in them

INSERT INTO groups (id, parent_id, domain_id, name, created_at)
SELECT pg_temp.uuid_of('group', d * 100 + g), CASE WHEN g > 1 AND g <> 5 THEN pg_temp.uuid_of('group', d * 100 + g / 2) END,
	id, 'Group ' || g, timestamptz '2023-01-01 00:00+00' + d * interval '1 hour'
  FROM place, generate_series(1, 9) g ORDER BY d, g;

INSERT INTO clients (id, name, domain_id, parent_group_id, created_at)
SELECT pg_temp.uuid_of('client', d * 100 + c), 'Client ' || c, id,
	CASE WHEN c % 4 > 0 THEN pg_temp.uuid_of('group', d * 100 + 1 + pg_temp.pick('client in', d * 100 + c, 9)) END,
	timestamptz '2023-02-01 00:00+00' + d * interval '1 hour'
  FROM place, generate_series(1, 24) c;

INSERT INTO channels (id, name, domain_id, parent_group_id, created_at)
SELECT pg_temp.uuid_of('channel', d * 100 + c), 'Channel ' || c, id,
	CASE WHEN c % 4 > 0 THEN pg_temp.uuid_of('group', d * 100 + 1 + pg_temp.pick('channel in', d * 100 + c, 9)) END,
	timestamptz '2023-03-01 00:00+00' + d * interval '1 hour'
  FROM place, generate_series(1, 12) c;

INSERT INTO rules (id, name, domain_id, created_at)
SELECT pg_temp.uuid_of('rule', d * 100 + r), 'Rule ' || r, id, timestamptz '2023-04-01 00:00+00' + d * interval '1 hour'
  FROM place, generate_series(1, 3) r;

INSERT INTO alarms (id, rule_id, domain_id, cause, created_at)
SELECT pg_temp.uuid_of('alarm', d * 100 + a), pg_temp.uuid_of('rule', d * 100 + 1 + a % 3), id, 'too hot',
	timestamptz '2023-05-01 00:00+00' + d * interval '1 hour'
  FROM place, generate_series(1, 6) a;

INSERT INTO report_config (id, name, domain_id, created_at)
SELECT pg_temp.uuid_of('report', d * 100 + r), 'Report ' || r, id, timestamptz '2023-06-01 00:00+00' + d * interval '1 hour'
  FROM place, generate_series(1, 2) r;

-- ---- the actions that each kind's roles choose from

CREATE TEMP TABLE verb AS
SELECT kind, verb
  FROM (VALUES ('client', '{update,read,delete,set_parent_group,connect_to_channel}'::text[]),
	('channel', '{update,read,delete,set_parent_group,connect_to_client,publish,subscribe}'),
	('group', '{update,read,membership,delete,set_child,set_parent}'),
	('rule', '{update,read,delete}'), ('report', '{update,read,delete}')) v (kind, verbs),
	unnest(verbs || '{manage_role,add_role_users,remove_role_users,view_role_users}') verb;

CREATE TEMP TABLE action AS
SELECT kind || 's' AS kind, verb AS action FROM verb
UNION ALL
SELECT 'rules', 'alarm_' || unnest('{read,assign,acknowledge,resolve}'::text[])
UNION ALL
SELECT 'groups', prefix || kind || '_' || verb FROM verb, unnest('{"",subgroup_}'::text[]) prefix WHERE kind IN ('client', 'channel')
UNION ALL
SELECT 'groups', 'subgroup_' || verb FROM verb WHERE kind = 'group'
UNION ALL
SELECT 'groups', unnest('{client_create,channel_create,subgroup_create,subgroup_client_create,subgroup_channel_create}'::text[])
UNION ALL
SELECT 'domains', kind || '_' || verb FROM verb
UNION ALL
SELECT 'domains', unnest('{update,enable,disable,read,delete,manage_role,add_role_users,remove_role_users,view_role_users,
	client_create,channel_create,group_create,rule_create,report_create,
	alarm_update,alarm_read,alarm_delete,alarm_assign,alarm_acknowledge,alarm_resolve}'::text[]);

-- ---- roles: on each domain some, on things the built-in one and some others

CREATE TEMP TABLE entity AS
SELECT 'domains' AS kind, d * 100 AS n, d, id FROM place
UNION ALL SELECT 'groups', p.d * 100 + g, p.d, t.id FROM place p, generate_series(1, 9) g JOIN groups t ON true WHERE t.id = pg_temp.uuid_of('group', p.d * 100 + g)
UNION ALL SELECT 'clients', p.d * 100 + g, p.d, pg_temp.uuid_of('client', p.d * 100 + g) FROM place p, generate_series(1, 24) g
UNION ALL SELECT 'channels', p.d * 100 + g, p.d, pg_temp.uuid_of('channel', p.d * 100 + g) FROM place p, generate_series(1, 12) g
UNION ALL SELECT 'rules', p.d * 100 + g, p.d, pg_temp.uuid_of('rule', p.d * 100 + g) FROM place p, generate_series(1, 3) g
UNION ALL SELECT 'reports', p.d * 100 + g, p.d, pg_temp.uuid_of('report', p.d * 100 + g) FROM place p, generate_series(1, 2) g;

-- What a role holds: every action, a list, or a part of them by chance.
CREATE TEMP TABLE given AS
SELECT e.kind, e.n, e.d, e.id AS entity_id, r.name, r.share, r.list,
	rtrim(e.kind, 's') || '_' || left(translate(encode(sha256((e.id || r.name)::bytea), 'base64'), '+/=', 'xyz'), 22) AS id
  FROM entity e
  JOIN (VALUES ('domains', 'admin', 100, NULL::text[], 1), ('domains', 'operator', NULL, '{read,client_read,client_update,client_connect_to_channel,
		channel_read,channel_publish,channel_subscribe,channel_connect_to_client,group_read,alarm_read,alarm_acknowledge}', 1),
	('domains', 'Editor', 50, NULL, 2), ('domains', 'editor', 30, NULL, 6), ('domains', 'viewer', NULL, '{read,client_read,channel_read,view_role_users}', 1),
	('domains', 'chance', 35, NULL, 1), ('domains', 'people', NULL, '{add_role_users,remove_role_users,view_role_users,client_view_role_users,
		channel_view_role_users,group_view_role_users,rule_view_role_users,report_view_role_users}', 3),
	('domains', E'odd\tname', NULL, '{read,thing_read}', 4), ('domains', 'nothing', 0, NULL, 5),
	('groups', 'admin', 100, NULL, 2), ('groups', 'chance', 35, NULL, 1), ('groups', 'below', NULL, '{subgroup_create,subgroup_client_read,channel_manage_role}', 3),
	('clients', 'admin', 100, NULL, 1), ('clients', 'chance', 40, NULL, 2), ('channels', 'admin', 100, NULL, 1), ('channels', 'chance', 40, NULL, 2),
	('rules', 'admin', 100, NULL, 1), ('rules', 'chance', 40, NULL, 1), ('reports', 'admin', 100, NULL, 1), ('reports', 'chance', 40, NULL, 1))
	r (kind, name, share, list, every) ON r.kind = e.kind AND (CASE WHEN e.kind = 'domains' THEN e.d ELSE e.n END) % r.every = 0;

-- Of some domains the built-in role lacks something.
UPDATE given SET share = 90 WHERE kind = 'domains' AND name = 'admin' AND d % 9 = 4;

-- One role a person and entity. Of domains: some forty people each. Of things:
-- members of the domain, and now and then somebody who is none any more.
CREATE TEMP TABLE belongs AS
SELECT DISTINCT ON (d, person) d, pg_temp.person(1 + pg_temp.pick('member of ' || d, m, :people)) AS person, m
  FROM place, generate_series(1, 40) m ORDER BY d, person, m;

CREATE TEMP TABLE holds AS
SELECT DISTINCT ON (kind, entity_id, person) * FROM (
	SELECT g.kind, g.entity_id, g.id AS role_id, b.person
	  FROM belongs b
	  JOIN (SELECT *, row_number() OVER (PARTITION BY entity_id ORDER BY name) AS i, count(*) OVER (PARTITION BY entity_id) AS c
		  FROM given WHERE kind = 'domains') g ON g.d = b.d AND b.m % g.c + 1 = g.i
	UNION ALL
	SELECT g.kind, g.entity_id, g.id, b.person
	  FROM given g, generate_series(1, 3) i
	  JOIN belongs b ON true
	 WHERE g.kind <> 'domains' AND b.d = g.d AND b.m = 1 + pg_temp.pick(g.id, i, 40)
	UNION ALL
	SELECT g.kind, g.entity_id, g.id, pg_temp.person(1 + pg_temp.pick('gone ' || g.id, 1, :people))
	  FROM given g
	 WHERE g.kind <> 'domains' AND pg_temp.pick(g.id, 7, 20) = 0) h
 ORDER BY kind, entity_id, person, role_id;

DO $$
DECLARE
	what text;
BEGIN
	FOREACH what IN ARRAY '{domains,groups,clients,channels,rules,reports}'::text[] LOOP
		EXECUTE format('INSERT INTO %s_roles (id, name, entity_id, created_at, created_by, updated_at)
			SELECT g.id, g.name, g.entity_id, timestamptz ''2023-07-01 00:00+00'' + g.n * interval ''1 minute 0.000001 seconds'',
				(SELECT min(h.person) FROM holds h WHERE h.role_id = g.id), CASE WHEN g.n %% 3 = 0 THEN timestamptz ''2024-07-01 00:00+00'' END
			  FROM given g WHERE g.kind = %L', what, what);
		EXECUTE format('INSERT INTO %s_role_actions (role_id, action)
			SELECT g.id, a.action FROM given g JOIN action a ON a.kind = g.kind AND pg_temp.pick(a.action || g.id, 1, 100) < g.share WHERE g.kind = %L
			UNION ALL
			SELECT g.id, unnest(g.list) FROM given g WHERE g.kind = %2$L', what, what);
		EXECUTE format('INSERT INTO %s_role_members (role_id, member_id, entity_id)
			SELECT role_id, person, entity_id FROM holds WHERE kind = %L', what, what);
	END LOOP;
END
$$;

-- ---- invitations: pending, accepted, rejected

INSERT INTO invitations (invited_by, invitee_user_id, domain_id, role_id, created_at, updated_at, confirmed_at, rejected_at)
SELECT DISTINCT ON (invitee, entity_id) inviter, invitee, entity_id, role_id, timestamptz '2025-03-01 00:00+00' + n * interval '1 minute',
	NULL::timestamptz, CASE n % 3 WHEN 1 THEN timestamptz '2025-04-01 00:00+00' END, CASE n % 3 WHEN 2 THEN timestamptz '2025-04-01 00:00+00' END
  FROM (SELECT g.entity_id, g.id AS role_id, g.d * 10 + i AS n, pg_temp.person(1 + pg_temp.pick('invited to ' || g.id, i, :people)) AS invitee,
			(SELECT min(h.person) FROM holds h JOIN given a ON a.id = h.role_id WHERE a.entity_id = g.entity_id AND a.name = 'admin') AS inviter
		  FROM given g, generate_series(1, 6) i
		 WHERE g.kind = 'domains' AND g.name IN ('operator', 'viewer')
		UNION ALL  -- by somebody, of somebody who is not there
		SELECT g.entity_id, g.id, 3, md5(g.id)::uuid::text, pg_temp.person(5) FROM given g WHERE g.kind = 'domains' AND g.name = 'viewer' AND g.d = 2
		UNION ALL  -- of somebody who has the role already
		SELECT g.entity_id, g.id, 3, (SELECT min(h.person) FROM holds h WHERE h.role_id = g.id), pg_temp.person(5) FROM given g
		 WHERE g.kind = 'domains' AND g.name = 'viewer' AND g.d % 10 IN (1, 2)) v
 WHERE inviter IS NOT NULL
 ORDER BY invitee, entity_id, n;

RESET search_path;
