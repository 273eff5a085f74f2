-- The owner of a table writes triggers like ours by hand, and adds parts to it
-- later: nothing of that opens anything, and nothing crashes. (P52)
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET client_min_messages = warning;
BEGIN;
SELECT plan(12);
\ir ../lib/story.sql

CREATE ROLE regress_users_69_owner LOGIN;
SELECT users_setup_owner('regress_users_69_owner') IS NULL AS ignored \gset
CREATE SCHEMA app AUTHORIZATION regress_users_69_owner;
GRANT USAGE ON SCHEMA app TO users_member;
SELECT user_id AS ann_id, access_token AS ann FROM users_register('ann@example.org', 'ann', 'seven wet horses sing', 'Ann', 'Ash') \gset
SELECT id AS yard FROM users_create_domain('Yard', 'yard') \gset
SELECT id AS role FROM users_create_role(:'yard', 'updater', '{device:read,device:update}') \gset
SELECT users_grant_role(:'role', :'ann_id') IS NULL AS ignored \gset

SET ROLE regress_users_69_owner;
CREATE TABLE app.device (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), domain_id uuid NOT NULL, name text);
SELECT users_protect('app.device', 'device') IS NULL AS ignored \gset
CREATE TABLE app.number (id uuid, domain_id uuid, number bigint);
INSERT INTO app.number VALUES (NULL, NULL, 1);
ALTER TABLE app.number ENABLE ROW LEVEL SECURITY;
CREATE POLICY open ON app.number USING (true);
GRANT ALL ON app.number TO users_member;
CREATE FUNCTION pg_temp.guarded(condition text, layout text) RETURNS text LANGUAGE sql AS $$
SELECT format('CREATE TRIGGER "~users_guard" BEFORE UPDATE ON app.number FOR EACH ROW WHEN (%s) EXECUTE FUNCTION users.guard_row(''device'', %L)', condition, layout) $$;
RESET ROLE;

-- A number is no address.
SELECT is(pg_temp.story(NULL, pg_temp.guarded(condition, layout), format('SELECT users_authenticate(%L) IS NOT NULL', :'ann'), 'UPDATE app.number SET number = number + 1'),
          'done | true | 39P01', condition || ' as ' || layout)
  FROM (VALUES ('OLD.number IS DISTINCT FROM NEW.number', 'domain'), ('OLD.id IS DISTINCT FROM NEW.id OR OLD.number IS DISTINCT FROM NEW.number', 'id domain'),
               ('OLD.domain_id IS DISTINCT FROM NEW.domain_id AND OLD.number IS DISTINCT FROM NEW.number OR NEW.number > 0', 'domain'),
               ('OLD.ctid IS DISTINCT FROM ''(77,1)''::tid', 'domain'), ('OLD.number IS DISTINCT FROM 7', 'domain')) v (condition, layout);

-- Another trigger of ours on the type's table.
SELECT is(pg_temp.story(NULL, 'SELECT relation FROM users_define_object_type(''device'', relation => ''app.device'')',
                        'CREATE TRIGGER second BEFORE UPDATE ON app.device FOR EACH ROW WHEN (OLD.id IS DISTINCT FROM NEW.id) EXECUTE FUNCTION users.guard_row(''device'', ''id'')',
                        'SELECT relation FROM users_object_types WHERE object_type = ''device''', 'SELECT protected_tables FROM users_object_types WHERE object_type = ''device'''),
          'app.device | done | app.device | {app.device}', 'a second trigger of the kind is not looked at');

-- A part that comes later.
SET ROLE regress_users_69_owner;
CREATE TABLE app.part (id uuid NOT NULL DEFAULT gen_random_uuid(), domain_id uuid NOT NULL, name text, number integer) PARTITION BY LIST (number);
CREATE TABLE app.part_1 PARTITION OF app.part FOR VALUES IN (1);
SELECT users_protect('app.part', 'device') IS NULL AS ignored \gset
CREATE TABLE app.part_2 PARTITION OF app.part FOR VALUES IN (2);
INSERT INTO app.part (domain_id, name, number) VALUES (:'yard', 'one', 1), (:'yard', 'two', 2);
RESET ROLE;
SELECT id AS own FROM users_create_domain('Own', 'own', owner_id => :'ann_id') \gset
SELECT is(pg_temp.story(:'ann', format('UPDATE app.part SET name = name || ''!'' WHERE name = %L', name), format('UPDATE app.part SET id = gen_random_uuid() WHERE name = %L', name || '!'),
                        format('UPDATE app.part SET domain_id = %L WHERE name = %L', :'own', name || '!'), 'SELECT count(*) FROM app.part WHERE domain_id = ' || quote_literal(:'yard')),
          'done | 42501 | 42501 | 2', 'a row of part ' || name || ' is not moved away')
  FROM (VALUES ('one'), ('two')) v (name);
SELECT is(pg_temp.story(:'ann', 'SELECT count(*) FROM app.part_2'), '42501', 'nobody reaches the part itself');
SELECT is(pg_temp.story(NULL, 'SELECT ok FROM users_health() WHERE name = ''protected_tables''', 'SELECT detail LIKE ''%app.part_2%'' FROM users_health() WHERE name = ''protected_tables'''), 'false | true', 'and users_health names it');

-- Views over views, and rules.
SELECT is(pg_temp.story(NULL, 'CREATE VIEW app.inner_view AS SELECT * FROM app.device', 'CREATE VIEW app.outer_view AS SELECT * FROM app.inner_view', 'GRANT SELECT ON app.outer_view TO users_member', 'SELECT detail LIKE ''%app.outer_view%'' FROM users_health() WHERE name = ''open_views'''), 'done | done | done | true', 'a view over a view is found');
SELECT is(pg_temp.story(NULL, 'CREATE TABLE app.door (x integer)', 'CREATE RULE r AS ON DELETE TO app.door DO INSTEAD DELETE FROM app.device', 'GRANT DELETE ON app.door TO users_member', 'SELECT detail LIKE ''%app.door%'' FROM users_health() WHERE name = ''open_views'''), 'done | done | done | true', 'so is a rule on a table');

SELECT * FROM finish();
ROLLBACK;
