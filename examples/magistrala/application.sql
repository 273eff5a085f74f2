-- The application's tables, filled from the platform's and protected by roles.
-- Yours will have more columns; what counts is who owns them, the domain of each
-- row, and that each type has its table. An alarm's object is its rule, so the
-- type alarm has none.
SELECT object_type, actions FROM users_define_object_type('device', '{set_parent_group}');
SELECT object_type, actions FROM users_define_object_type('channel', '{set_parent_group}');
SELECT object_type, actions FROM users_define_object_type('group', '{create,read,update,delete,membership,set_child,set_parent,manage_roles}');
SELECT object_type, actions FROM users_define_object_type('rule', '{create,read,update,delete,manage_roles}');
SELECT object_type, actions FROM users_define_object_type('report', '{create,read,update,delete,manage_roles}');
SELECT object_type, actions FROM users_define_object_type('alarm', '{read,update,delete,assign,acknowledge,resolve}');

SET ROLE app_owner;
CREATE TABLE IF NOT EXISTS app.device_group (id uuid PRIMARY KEY, domain_id uuid NOT NULL, parent_id uuid, name text NOT NULL);
CREATE TABLE IF NOT EXISTS app.device (id uuid PRIMARY KEY, domain_id uuid NOT NULL, group_id uuid, name text);
CREATE TABLE IF NOT EXISTS app.channel (id uuid PRIMARY KEY, domain_id uuid NOT NULL, group_id uuid, name text);
CREATE TABLE IF NOT EXISTS app.rule (id uuid PRIMARY KEY, domain_id uuid NOT NULL, name text);
CREATE TABLE IF NOT EXISTS app.report (id uuid PRIMARY KEY, domain_id uuid NOT NULL, name text);
CREATE TABLE IF NOT EXISTS app.alarm (id uuid PRIMARY KEY, domain_id uuid NOT NULL, rule_id uuid NOT NULL, cause text NOT NULL);

INSERT INTO app.device_group SELECT id::uuid, domain_id::uuid, parent_id::uuid, name FROM magistrala.groups ON CONFLICT DO NOTHING;
INSERT INTO app.device SELECT id::uuid, domain_id::uuid, parent_group_id::uuid, name FROM magistrala.clients ON CONFLICT DO NOTHING;
INSERT INTO app.channel SELECT id::uuid, domain_id::uuid, parent_group_id::uuid, name FROM magistrala.channels ON CONFLICT DO NOTHING;
INSERT INTO app.rule SELECT id::uuid, domain_id::uuid, name FROM magistrala.rules ON CONFLICT DO NOTHING;
INSERT INTO app.report SELECT id::uuid, domain_id::uuid, name FROM magistrala.report_config ON CONFLICT DO NOTHING;
INSERT INTO app.alarm SELECT id::uuid, domain_id::uuid, rule_id::uuid, cause FROM magistrala.alarms ON CONFLICT DO NOTHING;

SELECT unnest(users_protect('app.device_group', 'group'));
SELECT unnest(users_protect('app.device', 'device'));
SELECT unnest(users_protect('app.channel', 'channel'));
SELECT unnest(users_protect('app.rule', 'rule'));
SELECT unnest(users_protect('app.report', 'report'));
SELECT unnest(users_protect('app.alarm', 'alarm', id_column => 'rule_id'));
RESET ROLE;

SELECT object_type, relation FROM users_define_object_type('group', relation => 'app.device_group');
SELECT object_type, relation FROM users_define_object_type('device', relation => 'app.device');
SELECT object_type, relation FROM users_define_object_type('channel', relation => 'app.channel');
SELECT object_type, relation FROM users_define_object_type('rule', relation => 'app.rule');
SELECT object_type, relation FROM users_define_object_type('report', relation => 'app.report');
