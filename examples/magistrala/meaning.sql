-- What the platform's actions are in ours. Rows are yours to change before
-- domains.sql is run.

-- Every action there is, by whose role has it. note: why it has no meaning of its
-- own; covered_by: the action whose meaning includes it.
DROP TABLE IF EXISTS moving.action CASCADE;
CREATE TABLE moving.action (
	kind text NOT NULL,
	action text NOT NULL,
	covered_by text,
	note text,
	PRIMARY KEY (kind, action));

-- A role with all of these actions holds this permission. reach: on the thing
-- that the role is on and on what lies in it, or on what lies beneath that; they
-- differ for groups.
DROP TABLE IF EXISTS moving.meaning CASCADE;
CREATE TABLE moving.meaning (
	kind text NOT NULL,
	actions text[] NOT NULL,
	reach text NOT NULL DEFAULT 'here' CHECK (reach IN ('here', 'beneath')),
	permission text NOT NULL);

-- What is done to a thing.
CREATE TEMP TABLE deed (thing text, verb text, permission text);
INSERT INTO deed VALUES
	('client', 'update', 'device:update'), ('client', 'read', 'device:read'), ('client', 'delete', 'device:delete'),
	('client', 'set_parent_group', 'device:set_parent_group'), ('client', 'connect_to_channel', 'device:connect'),
	('client', 'manage_role', 'device:manage_roles'),
	('channel', 'update', 'channel:update'), ('channel', 'read', 'channel:read'), ('channel', 'delete', 'channel:delete'),
	('channel', 'set_parent_group', 'channel:set_parent_group'), ('channel', 'connect_to_client', 'channel:connect'),
	('channel', 'publish', 'channel:publish'), ('channel', 'subscribe', 'channel:subscribe'),
	('channel', 'manage_role', 'channel:manage_roles'),
	('group', 'update', 'group:update'), ('group', 'read', 'group:read'), ('group', 'membership', 'group:membership'),
	('group', 'delete', 'group:delete'), ('group', 'set_child', 'group:set_child'), ('group', 'set_parent', 'group:set_parent'),
	('group', 'manage_role', 'group:manage_roles'),
	('rule', 'update', 'rule:update'), ('rule', 'read', 'rule:read'), ('rule', 'delete', 'rule:delete'),
	('rule', 'manage_role', 'rule:manage_roles'),
	('report', 'update', 'report:update'), ('report', 'read', 'report:read'), ('report', 'delete', 'report:delete'),
	('report', 'manage_role', 'report:manage_roles');

-- On a thing itself; on every one of a domain; on those in a group; on those in
-- groups beneath it.
INSERT INTO moving.meaning (kind, actions, reach, permission)
SELECT thing || 's', ARRAY[verb], 'here', permission FROM deed
UNION ALL
SELECT 'domains', ARRAY[thing || '_' || verb], 'here', permission FROM deed
UNION ALL
SELECT 'groups', ARRAY[thing || '_' || verb], 'here', permission FROM deed WHERE thing IN ('client', 'channel')
UNION ALL
SELECT 'groups', ARRAY['subgroup_' || thing || '_' || verb], 'beneath', permission FROM deed WHERE thing IN ('client', 'channel')
UNION ALL
SELECT 'groups', ARRAY['subgroup_' || verb], 'beneath', permission FROM deed WHERE thing = 'group'
UNION ALL
SELECT 'domains', ARRAY[action], 'here', permission
  FROM (VALUES ('client_create', 'device:create'), ('channel_create', 'channel:create'), ('group_create', 'group:create'),
	('rule_create', 'rule:create'), ('report_create', 'report:create')) c (action, permission)
UNION ALL
SELECT 'domains', ARRAY['alarm_' || verb], 'here', 'alarm:' || verb FROM unnest('{read,update,delete,assign,acknowledge,resolve}'::text[]) verb
UNION ALL
-- An alarm's object is its rule: so roles on a rule reach alarms still to come.
SELECT 'rules', ARRAY['alarm_' || verb], 'here', 'alarm:' || verb FROM unnest('{read,assign,acknowledge,resolve}'::text[]) verb;

-- On the domain itself. A disabled one was reached by those alone who held nine
-- actions, which here is domain:enable. Who lists members here sees the roles on
-- single things too.
INSERT INTO moving.meaning (kind, actions, permission) VALUES
	('domains', '{read}', 'domain:read'),
	('domains', '{update}', 'domain:update'),
	('domains', '{disable}', 'domain:disable'),
	('domains', '{delete}', 'domain:delete'),
	('domains', '{read,update,enable,disable,delete,manage_role,add_role_users,remove_role_users,view_role_users}', 'domain:enable'),
	('domains', '{manage_role}', 'domain:manage_roles'),
	('domains', '{add_role_users,remove_role_users}', 'domain:manage_members'),
	('domains', '{view_role_users,client_view_role_users,channel_view_role_users,group_view_role_users,rule_view_role_users,report_view_role_users}',
		'domain:view_members');

-- Where the platform's schema of permissions (docker/spicedb/schema.zed) says
-- something else than the names: who may create groups in a group changes those
-- beneath, who manages the roles of a group's channels does so all the way down,
-- and the actions meant for that give nothing.
DELETE FROM moving.meaning WHERE kind = 'groups' AND actions IN ('{subgroup_update}', '{subgroup_channel_manage_role}');
INSERT INTO moving.meaning (kind, actions, reach, permission) VALUES
	('groups', '{subgroup_create}', 'beneath', 'group:update'),
	('groups', '{channel_manage_role}', 'beneath', 'channel:manage_roles');

-- ---- what has no meaning of its own

INSERT INTO moving.action (kind, action)
SELECT DISTINCT kind, unnest(actions) FROM moving.meaning;

-- Whoever makes roles puts people into them, and out by deleting them.
INSERT INTO moving.action (kind, action, covered_by, note)
SELECT a.kind, prefix || verb, prefix || 'manage_role', 'part of manage_roles here, which the role lacks'
  FROM moving.action a,
	LATERAL (SELECT left(a.action, -length('manage_role')) AS prefix) p,
	unnest('{add_role_users,remove_role_users,view_role_users}'::text[]) verb
 WHERE a.action LIKE '%manage\_role' AND (a.kind, a.action) <> ('domains', 'manage_role')
ON CONFLICT (kind, action) DO UPDATE SET covered_by = excluded.covered_by, note = excluded.note;

INSERT INTO moving.action (kind, action, note)
SELECT 'groups', unnest('{client_create,channel_create,subgroup_client_create,subgroup_channel_create}'::text[]),
	'the platform asks the domain'
UNION ALL
SELECT 'groups', unnest('{subgroup_update,subgroup_channel_manage_role,subgroup_channel_add_role_users,subgroup_channel_remove_role_users,
	subgroup_channel_view_role_users}'::text[]), 'gives nothing in the platform';

UPDATE moving.action SET note = 'counts with others only' WHERE kind = 'domains' AND note IS NULL
	AND NOT EXISTS (SELECT FROM moving.meaning m WHERE m.kind = 'domains' AND m.actions = ARRAY[action]);
