-- Whether everybody may do here what they could do there, and no more. Theirs is
-- worked out from the platform's tables as its schema of permissions says, thing
-- by thing and upwards; nothing that moves anybody is used. Ours is what
-- users_permitted_domains and users_permitted_objects answer about everybody who
-- holds a role.

-- A line of their schema: what a permission on a thing comes from. by_group: a
-- role on the group that the thing is in (of a group: its parent); by_above: on a
-- group above that one.
DROP TABLE IF EXISTS moving.law;
CREATE TABLE moving.law (thing text, permission text, own text, by_domain text, by_group text, by_above text);
INSERT INTO moving.law VALUES
	('device', 'device:read', 'read', 'client_read', 'client_read', 'subgroup_client_read'),
	('device', 'device:update', 'update', 'client_update', 'client_update', 'subgroup_client_update'),
	('device', 'device:delete', 'delete', 'client_delete', 'client_delete', 'subgroup_client_delete'),
	('device', 'device:set_parent_group', 'set_parent_group', 'client_set_parent_group', 'client_set_parent_group', 'subgroup_client_set_parent_group'),
	('device', 'device:connect', 'connect_to_channel', 'client_connect_to_channel', 'client_connect_to_channel', 'subgroup_client_connect_to_channel'),
	('device', 'device:manage_roles', 'manage_role', 'client_manage_role', 'client_manage_role', 'subgroup_client_manage_role'),
	('channel', 'channel:read', 'read', 'channel_read', 'channel_read', 'subgroup_channel_read'),
	('channel', 'channel:update', 'update', 'channel_update', 'channel_update', 'subgroup_channel_update'),
	('channel', 'channel:delete', 'delete', 'channel_delete', 'channel_delete', 'subgroup_channel_delete'),
	('channel', 'channel:set_parent_group', 'set_parent_group', 'channel_set_parent_group', 'channel_set_parent_group', 'subgroup_channel_set_parent_group'),
	('channel', 'channel:connect', 'connect_to_client', 'channel_connect_to_client', 'channel_connect_to_client', 'subgroup_channel_connect_to_client'),
	('channel', 'channel:publish', 'publish', 'channel_publish', 'channel_publish', 'subgroup_channel_publish'),
	('channel', 'channel:subscribe', 'subscribe', 'channel_subscribe', 'channel_subscribe', 'subgroup_channel_subscribe'),
	('channel', 'channel:manage_roles', 'manage_role', 'channel_manage_role', 'channel_manage_role', 'channel_manage_role'),
	('group', 'group:read', 'read', 'group_read', 'subgroup_read', 'subgroup_read'),
	('group', 'group:update', 'update', 'group_update', 'subgroup_create', 'subgroup_create'),
	('group', 'group:membership', 'membership', 'group_membership', 'subgroup_membership', 'subgroup_membership'),
	('group', 'group:delete', 'delete', 'group_delete', 'subgroup_delete', 'subgroup_delete'),
	('group', 'group:set_child', 'set_child', 'group_set_child', 'subgroup_set_child', 'subgroup_set_child'),
	('group', 'group:set_parent', 'set_parent', 'group_set_parent', 'subgroup_set_parent', 'subgroup_set_parent'),
	('group', 'group:manage_roles', 'manage_role', 'group_manage_role', 'subgroup_manage_role', 'subgroup_manage_role'),
	('rule', 'rule:read', 'read', 'rule_read', NULL, NULL),
	('rule', 'rule:update', 'update', 'rule_update', NULL, NULL),
	('rule', 'rule:delete', 'delete', 'rule_delete', NULL, NULL),
	('rule', 'rule:manage_roles', 'manage_role', 'rule_manage_role', NULL, NULL),
	('alarm', 'alarm:read', 'alarm_read', 'alarm_read', NULL, NULL),
	('alarm', 'alarm:assign', 'alarm_assign', 'alarm_assign', NULL, NULL),
	('alarm', 'alarm:acknowledge', 'alarm_acknowledge', 'alarm_acknowledge', NULL, NULL),
	('alarm', 'alarm:resolve', 'alarm_resolve', 'alarm_resolve', NULL, NULL),
	('alarm', 'alarm:update', NULL, 'alarm_update', NULL, NULL),
	('alarm', 'alarm:delete', NULL, 'alarm_delete', NULL, NULL),
	('report', 'report:read', 'read', 'report_read', NULL, NULL),
	('report', 'report:update', 'update', 'report_update', NULL, NULL),
	('report', 'report:delete', 'delete', 'report_delete', NULL, NULL),
	('report', 'report:manage_roles', 'manage_role', 'report_manage_role', NULL, NULL);

-- What has a permission here that is asked of the whole domain.
DROP TABLE IF EXISTS moving.domain_law;
CREATE TABLE moving.domain_law (permission text, needs text[]);
INSERT INTO moving.domain_law
SELECT permission, ARRAY[by_domain] FROM moving.law
UNION ALL VALUES ('device:create', '{client_create}'::text[]), ('channel:create', '{channel_create}'), ('group:create', '{group_create}'),
	('rule:create', '{rule_create}'), ('report:create', '{report_create}'),
	('domain:read', '{read}'), ('domain:update', '{update}'), ('domain:disable', '{disable}'), ('domain:delete', '{delete}'),
	('domain:manage_roles', '{manage_role}'), ('domain:manage_members', '{add_role_users,remove_role_users}'),
	('domain:enable', '{read,update,enable,disable,delete,manage_role,add_role_users,remove_role_users,view_role_users}'),
	('domain:view_members', '{view_role_users,client_view_role_users,channel_view_role_users,group_view_role_users,rule_view_role_users,report_view_role_users}');

-- Who has which action on which entity, by a role on that entity.
CREATE OR REPLACE VIEW moving.has AS
SELECT entity_id, action, member_id FROM magistrala.domains_role_actions JOIN magistrala.domains_role_members USING (role_id)
UNION ALL SELECT entity_id, action, member_id FROM magistrala.groups_role_actions JOIN magistrala.groups_role_members USING (role_id)
UNION ALL SELECT entity_id, action, member_id FROM magistrala.clients_role_actions JOIN magistrala.clients_role_members USING (role_id)
UNION ALL SELECT entity_id, action, member_id FROM magistrala.channels_role_actions JOIN magistrala.channels_role_members USING (role_id)
UNION ALL SELECT entity_id, action, member_id FROM magistrala.rules_role_actions JOIN magistrala.rules_role_members USING (role_id)
UNION ALL SELECT entity_id, action, member_id FROM magistrala.reports_role_actions JOIN magistrala.reports_role_members USING (role_id);

CREATE OR REPLACE VIEW moving.thing AS
SELECT 'device' AS thing, id, domain_id, parent_group_id AS group_id FROM magistrala.clients
UNION ALL SELECT 'channel', id, domain_id, parent_group_id FROM magistrala.channels
UNION ALL SELECT 'group', id, domain_id, parent_id FROM magistrala.groups
UNION ALL SELECT 'rule', id, domain_id, NULL FROM magistrala.rules
UNION ALL SELECT 'alarm', id, domain_id, NULL FROM magistrala.rules
UNION ALL SELECT 'report', id, domain_id, NULL FROM magistrala.report_config;

-- What each enabled person could do there: on domains (without a thing), and on
-- things. An enabled domain was open to who had any action on it, a disabled one
-- to who had nine of them, the others to nobody but administrators. People and
-- domains that were refused are not looked for.
DROP TABLE IF EXISTS moving.theirs;
CREATE TABLE moving.theirs AS
WITH RECURSIVE on_domain AS MATERIALIZED (
	SELECT h.entity_id AS domain_id, h.member_id, array_agg(h.action::text) AS actions
	  FROM moving.has h
	  JOIN magistrala.domains d ON d.id = h.entity_id
	  JOIN magistrala.users u ON u.id = h.member_id AND u.status = 0
	 GROUP BY 1, 2, d.status
	HAVING d.status = 0 OR d.status = 1
		AND array_agg(h.action::text) @> '{read,update,enable,disable,delete,manage_role,add_role_users,remove_role_users,view_role_users}'),
upwards (thing, id, domain_id, group_id, first) AS (
	SELECT thing, id, domain_id, group_id, true FROM moving.thing WHERE group_id IS NOT NULL
	UNION
	SELECT u.thing, u.id, u.domain_id, g.parent_id, false FROM upwards u JOIN magistrala.groups g ON g.id = u.group_id WHERE g.parent_id IS NOT NULL),
on_thing (member_id, permission, domain_id, id) AS (
	SELECT h.member_id, l.permission, t.domain_id, t.id
	  FROM moving.thing t JOIN moving.law l USING (thing) JOIN moving.has h ON h.entity_id = t.id AND h.action = l.own
	UNION
	SELECT h.member_id, l.permission, t.domain_id, t.id
	  FROM moving.thing t JOIN moving.law l USING (thing) JOIN moving.has h ON h.entity_id = t.domain_id AND h.action = l.by_domain
	UNION
	SELECT h.member_id, l.permission, u.domain_id, u.id
	  FROM upwards u JOIN moving.law l USING (thing)
	  JOIN moving.has h ON h.entity_id = u.group_id AND h.action = CASE WHEN u.first THEN l.by_group ELSE l.by_above END)
SELECT o.member_id AS user_id, l.permission, o.domain_id, NULL AS object_id
  FROM on_domain o JOIN moving.domain_law l ON o.actions @> l.needs
UNION ALL
SELECT t.member_id, t.permission, t.domain_id, t.id
  FROM on_thing t JOIN on_domain o USING (member_id, domain_id);
DELETE FROM moving.theirs t
 WHERE NOT EXISTS (SELECT FROM users_accounts a WHERE a.id::text = t.user_id)
	OR NOT EXISTS (SELECT FROM users_domains d WHERE d.id::text = t.domain_id);

DROP TABLE IF EXISTS moving.ours;
CREATE TABLE moving.ours AS
WITH question AS MATERIALIZED (
	SELECT h.user_id, t.object_type AS thing, t.object_type || ':' || unnest(t.actions) AS permission
	  FROM (SELECT DISTINCT user_id FROM users_role_members) h, users_object_types t
	 ORDER BY user_id),
on_domain AS MATERIALIZED (
	SELECT user_id, thing, permission, unnest(users_permitted_domains(permission, user_id)) AS domain_id FROM question),
on_object AS MATERIALIZED (
	SELECT user_id, thing, permission, unnest(users_permitted_objects(permission, user_id)) AS object_id FROM question)
SELECT user_id::text, permission, domain_id::text, NULL AS object_id FROM on_domain
UNION
-- What may be created in a domain is asked of the domain alone.
SELECT o.user_id::text, o.permission, t.domain_id, t.id FROM on_domain o JOIN moving.thing t ON t.thing = o.thing AND t.domain_id = o.domain_id::text
 WHERE o.permission NOT LIKE '%:create'
UNION
SELECT o.user_id::text, o.permission, t.domain_id, o.object_id::text FROM on_object o
  LEFT JOIN moving.thing t ON t.thing = o.thing AND t.id = o.object_id::text;

DROP TABLE IF EXISTS moving.difference;
CREATE TABLE moving.difference AS
SELECT 'missing' AS what, m.* FROM (SELECT * FROM moving.theirs EXCEPT SELECT * FROM moving.ours) m
UNION ALL
SELECT 'too much', m.* FROM (SELECT * FROM moving.ours EXCEPT SELECT * FROM moving.theirs) m;

SELECT (SELECT count(*) FROM moving.theirs) AS theirs, (SELECT count(*) FROM moving.ours) AS ours,
	count(*) FILTER (WHERE what = 'missing') AS missing, count(*) FILTER (WHERE what = 'too much') AS too_much
  FROM moving.difference;

-- What is not as it was, of people, domains and roles of domains that are here;
-- what was corrected, times that were missing, and people who are not here are
-- left out.
DROP TABLE IF EXISTS moving.changed;
CREATE TABLE moving.changed AS
SELECT 'person' AS kind, u.id, v.*
  FROM magistrala.users u
  JOIN users_accounts a ON a.id::text = u.id
  LEFT JOIN moving.person_correction c ON c.id = u.id,
	LATERAL (VALUES ('email', u.email, a.email, c.email IS NULL), ('username', u.username, a.username, c.username IS NULL),
		('first_name', u.first_name, coalesce(a.first_name, ''), c.first_name IS NULL),
		('last_name', u.last_name, coalesce(a.last_name, ''), c.last_name IS NULL),
		('status', CASE u.status WHEN 0 THEN 'enabled' WHEN 1 THEN 'disabled' WHEN 2 THEN 'deleted' END, a.status, true),
		('platform_role', CASE u.role WHEN 1 THEN 'admin' ELSE 'user' END, a.platform_role, true),
		('email_verified_at', u.verified_at::text, a.email_verified_at::text, true),
		('created_at', u.created_at::text, a.created_at::text, u.created_at IS NOT NULL),
		('updated_at', u.updated_at::text, a.updated_at::text, u.updated_at IS NOT NULL)) v (field, theirs, ours, kept)
 WHERE v.kept AND v.theirs IS DISTINCT FROM v.ours
UNION ALL
SELECT 'domain', d.id, v.*
  FROM magistrala.domains d
  JOIN users_domains o ON o.id::text = d.id
  LEFT JOIN moving.domain_correction c ON c.id = d.id,
	LATERAL (VALUES ('name', d.name, o.name, c.name IS NULL AND length(d.name) <= 100), ('route', d.route, o.route, c.route IS NULL),
		('status', CASE d.status WHEN 0 THEN 'enabled' WHEN 1 THEN 'disabled' WHEN 2 THEN 'frozen' WHEN 3 THEN 'deleted' END, o.status, true),
		('tags', coalesce(d.tags, '{}')::text, o.tags::text, true), ('metadata', coalesce(d.metadata, '{}')::text, o.metadata::text, true),
		('created_at', d.created_at::text, o.created_at::text, true),
		('created_by', d.created_by, o.created_by::text, EXISTS (SELECT FROM users_accounts a WHERE a.id::text = d.created_by)),
		('updated_at', d.updated_at::text, o.updated_at::text, d.updated_at IS NOT NULL),
		('updated_by', d.updated_by, o.updated_by::text, EXISTS (SELECT FROM users_accounts a WHERE a.id::text = d.updated_by))) v (field, theirs, ours, kept)
 WHERE v.kept AND v.theirs IS DISTINCT FROM v.ours
UNION ALL
SELECT 'role', r.id, 'created_at', r.created_at::text, o.created_at::text, true
  FROM magistrala.domains_roles r
  JOIN users_roles o ON o.id = moving.id_of('role', r.id)
 WHERE r.created_at IS DISTINCT FROM o.created_at;

SELECT kind, field, count(*) FROM moving.changed GROUP BY 1, 2 ORDER BY 1, 2;
