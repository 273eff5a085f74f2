-- Who reaches which row of a protected table: every person of a town of roles,
-- every row, every command, every status of a domain, against a second
-- reckoning of the same rules in SQL. Then the ways around it.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET users.max_registrations = 1000;
SET client_min_messages = error;
BEGIN;
SELECT plan(96);
\ir ../lib/story.sql

CREATE ROLE regress_users_66_app;
CREATE SCHEMA app AUTHORIZATION regress_users_66_app;
GRANT USAGE ON SCHEMA app TO users_member, users_admin, users_anon, users_service;
SELECT users_setup_owner('regress_users_66_app') IS NULL AS ignored \gset

---- a town

CREATE TEMP TABLE person (name text PRIMARY KEY, id uuid, token text);
INSERT INTO person SELECT p.name, s.user_id, s.access_token
  FROM unnest('{nobody,reader,editor,blind,maker,remover,mover,both,all,admin,guest,visitor,thief,owner,former,opener,boss}'::text[]) p (name),
       users_register(p.name || '@example.org', p.name, 'seven wet horses sing', 'Ann', 'Ash') s;
CREATE FUNCTION pg_temp.id(name text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM person p WHERE p.name = id.name $$;
SELECT users_set_platform_role(pg_temp.id('boss'), 'admin') IS NULL AS ignored \gset
UPDATE person SET token = (SELECT access_token FROM users_login('boss', 'seven wet horses sing')) WHERE name = 'boss';

\set a '''a0000000-0000-0000-0000-000000000000'''
\set b '''b0000000-0000-0000-0000-000000000000'''
INSERT INTO users.domain (id, name, route, created_at, updated_at) VALUES (:a, 'A', 'a', now(), now()), (:b, 'B', 'b', now(), now());
-- Who holds what where: on a whole domain, or on one object.
CREATE TEMP TABLE held (name text, domain uuid, permissions text[], object uuid, id uuid DEFAULT gen_random_uuid());
INSERT INTO held (name, domain, permissions, object) VALUES
	('reader', :a, '{device:read}', NULL), ('editor', :a, '{device:read,device:update}', NULL), ('blind', :a, '{device:update,device:delete}', NULL),
	('maker', :a, '{device:create,device:read}', NULL), ('remover', :a, '{device:delete,device:read}', NULL),
	('mover', :a, '{device:delete,device:read,device:update}', NULL), ('mover', :b, '{device:create,device:read}', NULL),
	('both', :a, '{device:read,device:update}', NULL), ('both', :b, '{device:read,device:update}', NULL),
	('all', :a, '{device:*}', NULL), ('admin', :a, '{}', NULL),
	('guest', :a, '{device:read,device:update}', '00000000-0000-0000-0000-0000000000a1'),
	('visitor', :a, '{device:*}', '00000000-0000-0000-0000-0000000000a1'), ('visitor', :b, '{device:create,device:read}', NULL),
	('thief', :b, '{}', NULL), ('thief', :b, '{device:*}', '00000000-0000-0000-0000-0000000000a1'),
	('owner', :a, '{channel:read}', NULL), ('former', :a, '{device:read}', '00000000-0000-0000-0000-0000000000a3'),
	('opener', :a, '{device:*,domain:enable}', NULL);
INSERT INTO users.role (id, domain_id, name, permissions, built_in, created_at, updated_at)
SELECT id, domain, id::text, permissions, permissions = '{}', now(), now() FROM held;
INSERT INTO users.role_assignment (user_id, domain_id, role_id, object_type, object_id, granted_at)
SELECT pg_temp.id(name), domain, id, CASE WHEN object IS NULL THEN '' ELSE 'device' END, coalesce(object, '00000000-0000-0000-0000-000000000000'), now() FROM held;

CREATE TEMP TABLE place (id uuid, domain_id uuid, owner uuid, name text);
INSERT INTO place VALUES
	('00000000-0000-0000-0000-0000000000a1', :a, NULL, 'a1'), ('00000000-0000-0000-0000-0000000000a2', :a, pg_temp.id('owner'), 'a2'),
	('00000000-0000-0000-0000-0000000000a3', :a, pg_temp.id('former'), 'a3'), ('00000000-0000-0000-0000-0000000000b1', :b, NULL, 'b1'),
	('00000000-0000-0000-0000-0000000000b2', :b, pg_temp.id('owner'), 'b2'), ('00000000-0000-0000-0000-0000000000f1', NULL, NULL, 'f1'),
	('00000000-0000-0000-0000-0000000000f2', NULL, pg_temp.id('owner'), 'f2');
-- Three tables of the same rows: with an owner, without, and in parts.
CREATE TABLE app.owned (LIKE place);
CREATE TABLE app.plain (id uuid, domain_id uuid, name text);
CREATE TABLE app.parted (name text, owner uuid, domain_id uuid, id uuid) PARTITION BY LIST (domain_id);
CREATE TABLE app.parted_a PARTITION OF app.parted FOR VALUES IN (:a);
CREATE TABLE app.parted_other PARTITION OF app.parted DEFAULT;
INSERT INTO app.owned SELECT * FROM place;
INSERT INTO app.plain SELECT id, domain_id, name FROM place;
INSERT INTO app.parted (id, domain_id, owner, name) SELECT * FROM place;
ALTER TABLE app.owned ADD PRIMARY KEY (id);
DO $$ DECLARE t text; BEGIN
	FOREACH t IN ARRAY '{owned,plain,parted,parted_a,parted_other}'::text[] LOOP EXECUTE format('ALTER TABLE app.%I OWNER TO regress_users_66_app', t); END LOOP;
END $$;
SET LOCAL ROLE regress_users_66_app;
SELECT users_protect('app.owned', 'device', owner_column => 'owner') IS NULL AS ignored \gset
SELECT users_protect('app.plain', 'device') IS NULL AS ignored \gset
SELECT users_protect('app.parted', 'device', owner_column => 'owner') IS NULL AS ignored \gset
RESET ROLE;

---- the second reckoning (S68 P16)

CREATE FUNCTION pg_temp.gives(who text, word text, domain uuid, object uuid) RETURNS boolean LANGUAGE sql AS $$
	SELECT EXISTS (SELECT FROM held h WHERE h.name = who AND h.domain = gives.domain AND h.object IS NOT DISTINCT FROM gives.object
	                  AND (word IS NULL OR h.permissions = '{}' OR h.permissions && ARRAY[word, split_part(word, ':', 1) || ':*'])) $$;
CREATE FUNCTION pg_temp.reaches(who text, domain uuid) RETURNS boolean LANGUAGE sql AS $$
	SELECT coalesce((SELECT CASE d.status WHEN 'enabled' THEN true WHEN 'disabled' THEN pg_temp.gives(who, 'domain:enable', domain, NULL) ELSE false END
	                   FROM users.domain d WHERE d.id = domain), false) $$;
CREATE FUNCTION pg_temp.inside(who text, word text, domain uuid) RETURNS boolean LANGUAGE sql AS
$$ SELECT pg_temp.reaches(who, domain) AND pg_temp.gives(who, word, domain, NULL) $$;
CREATE FUNCTION pg_temp.may(who text, word text, domain uuid, object uuid, owner uuid) RETURNS boolean LANGUAGE sql AS $$
	SELECT who = 'boss' OR pg_temp.inside(who, word, domain)
	    OR (pg_temp.reaches(who, domain) AND pg_temp.gives(who, word, domain, object))
	    OR (coalesce(owner = pg_temp.id(who), false) AND pg_temp.inside(who, NULL, domain)) $$;
-- What becomes of UPDATE ... WHERE id = a row's, to these values.
CREATE FUNCTION pg_temp.updated(who text, was place, new_id uuid, new_domain uuid, new_owner uuid) RETURNS text LANGUAGE sql AS $$
	SELECT CASE
		WHEN who = 'boss' THEN '1'
		WHEN NOT (pg_temp.may(who, 'device:read', was.domain_id, was.id, was.owner) AND pg_temp.may(who, 'device:update', was.domain_id, was.id, was.owner)) THEN '0'
		WHEN new_id IS DISTINCT FROM was.id THEN '42501'
		WHEN new_domain IS DISTINCT FROM was.domain_id
		 AND NOT (pg_temp.may(who, 'device:delete', was.domain_id, was.id, was.owner) AND pg_temp.inside(who, 'device:create', new_domain)) THEN '42501'
		WHEN new_owner IS DISTINCT FROM was.owner
		 AND NOT (pg_temp.inside(who, 'device:delete', was.domain_id) AND pg_temp.inside(who, 'device:delete', new_domain)
		          AND coalesce((SELECT pg_temp.inside(p.name, NULL, new_domain) FROM person p WHERE p.id = new_owner), false)) THEN '42501'
		-- What one sees no more one cannot write.
		WHEN NOT pg_temp.may(who, 'device:read', new_domain, new_id, new_owner) THEN '42501'
		ELSE '1' END $$;

-- What statements do, each undone; as who a token says.
CREATE FUNCTION pg_temp.deeds(token text, statements text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	answers text[] := '{}';
	statement text;
	n integer;
BEGIN
	PERFORM users_authenticate(token);
	FOREACH statement IN ARRAY statements LOOP
		BEGIN
			EXECUTE statement;
			GET DIAGNOSTICS n = ROW_COUNT;
			RAISE SQLSTATE 'UNDO0';
		EXCEPTION
			WHEN SQLSTATE 'UNDO0' THEN answers := answers || n::text;
			WHEN OTHERS THEN answers := answers || SQLSTATE::text;
		END;
	END LOOP;
	RAISE SQLSTATE 'UNDO1';
EXCEPTION WHEN SQLSTATE 'UNDO1' THEN
	RETURN answers;
END $$;
-- Every case of a table: who, what, what ought to come of it.
CREATE FUNCTION pg_temp.cases(t text) RETURNS TABLE (who text, statement text, expected text) LANGUAGE sql AS $$
	WITH p AS (SELECT name FROM person),
	     r AS (SELECT CASE WHEN t = 'plain' THEN ROW(id, domain_id, NULL, name)::place ELSE place END AS place FROM place),
	     d (domain) AS (VALUES ('a0000000-0000-0000-0000-000000000000'::uuid), ('b0000000-0000-0000-0000-000000000000'), (NULL))
	SELECT p.name, format('SELECT FROM app.%I WHERE id = %L', t, (r.place).id),
	       CASE WHEN pg_temp.may(p.name, 'device:read', (r.place).domain_id, (r.place).id, (r.place).owner) THEN '1' ELSE '0' END FROM p, r
	UNION ALL
	SELECT p.name, format('DELETE FROM app.%I WHERE id = %L', t, (r.place).id),
	       CASE WHEN pg_temp.may(p.name, 'device:read', (r.place).domain_id, (r.place).id, (r.place).owner)
	             AND pg_temp.may(p.name, 'device:delete', (r.place).domain_id, (r.place).id, (r.place).owner) THEN '1' ELSE '0' END FROM p, r
	UNION ALL
	SELECT p.name, format('UPDATE app.%I SET name = ''x'' WHERE id = %L', t, (r.place).id),
	       pg_temp.updated(p.name, r.place, (r.place).id, (r.place).domain_id, (r.place).owner) FROM p, r
	UNION ALL
	SELECT p.name, format('UPDATE app.%I SET domain_id = %L WHERE id = %L', t, d.domain, (r.place).id),
	       pg_temp.updated(p.name, r.place, (r.place).id, d.domain, (r.place).owner) FROM p, r, d
	UNION ALL
	SELECT p.name, format('UPDATE app.%I SET id = %L WHERE id = %L', t, i, (r.place).id),
	       pg_temp.updated(p.name, r.place, i, (r.place).domain_id, (r.place).owner) FROM p, r, (VALUES ('00000000-0000-0000-0000-0000000000c1'::uuid)) i (i)
	UNION ALL
	SELECT p.name, format('UPDATE app.%I SET owner = %L WHERE id = %L', t, o.id, (r.place).id),
	       pg_temp.updated(p.name, r.place, (r.place).id, (r.place).domain_id, o.id) FROM p, r, (SELECT id FROM person WHERE name IN ('owner', 'guest', 'thief', 'reader') UNION SELECT NULL) o (id)
	 WHERE t <> 'plain'
	UNION ALL
	SELECT p.name, format('UPDATE app.%I SET domain_id = %L, owner = %L WHERE id = %L', t, d.domain, o.id, (r.place).id),
	       pg_temp.updated(p.name, r.place, (r.place).id, d.domain, o.id) FROM p, r, d, (SELECT id FROM person WHERE name IN ('thief', 'reader')) o (id)
	 WHERE t <> 'plain'
	UNION ALL
	SELECT p.name, format('INSERT INTO app.%I (id, domain_id, name) VALUES (gen_random_uuid(), %L, ''x'')', t, d.domain),
	       CASE WHEN p.name = 'boss' OR pg_temp.inside(p.name, 'device:create', d.domain) THEN '1' ELSE '42501' END FROM p, d
	UNION ALL
	SELECT p.name, format('INSERT INTO app.%I (id, domain_id, name) VALUES (gen_random_uuid(), %L, ''x'') RETURNING id', t, d.domain),
	       CASE WHEN p.name = 'boss' OR (pg_temp.inside(p.name, 'device:create', d.domain) AND (t <> 'plain' OR pg_temp.inside(p.name, 'device:read', d.domain))) THEN '1' ELSE '42501' END FROM p, d
	UNION ALL
	SELECT p.name, format('INSERT INTO app.%I (id, domain_id, owner) VALUES (gen_random_uuid(), %L, %L)', t, d.domain, o.id),
	       CASE WHEN p.name = 'boss' OR (pg_temp.inside(p.name, 'device:create', d.domain) AND o.id = pg_temp.id(p.name)) THEN '1' ELSE '42501' END FROM p, d, (SELECT id FROM person WHERE name IN ('all', 'maker', 'thief') UNION SELECT NULL) o (id)
	 WHERE t <> 'plain'
	UNION ALL
	SELECT p.name, format('WITH d AS (DELETE FROM app.%I WHERE true RETURNING id) SELECT FROM d', t),
	       count(*) FILTER (WHERE pg_temp.may(p.name, 'device:read', (r.place).domain_id, (r.place).id, (r.place).owner)
	                          AND pg_temp.may(p.name, 'device:delete', (r.place).domain_id, (r.place).id, (r.place).owner))::text FROM p, r GROUP BY p.name
	UNION ALL
	SELECT p.name, format('SELECT FROM app.%I', t),
	       count(*) FILTER (WHERE pg_temp.may(p.name, 'device:read', (r.place).domain_id, (r.place).id, (r.place).owner))::text FROM p, r GROUP BY p.name
$$;
CREATE TEMP TABLE found (run text, status text, t text, who text, statement text, expected text, answer text);
-- Does the cases whose statement matches.
CREATE FUNCTION pg_temp.find(run text, pattern text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	status_of_a text;
	tab text;
BEGIN
	FOREACH status_of_a IN ARRAY '{enabled,disabled,frozen,deleted}'::text[] LOOP
		UPDATE users.domain SET status = status_of_a WHERE id = 'a0000000-0000-0000-0000-000000000000';
		FOREACH tab IN ARRAY '{owned,plain,parted}'::text[] LOOP
			CONTINUE WHEN tab <> 'owned' AND status_of_a IN ('frozen', 'deleted');
			INSERT INTO found
			SELECT run, status_of_a, tab, g.who, s.statement, s.expected, s.answer
			  FROM (SELECT c.who, array_agg(c.statement) AS statements, array_agg(c.expected) AS expected FROM pg_temp.cases(tab) c WHERE c.statement ~ pattern GROUP BY c.who) g
			  JOIN person p ON p.name = g.who
			  CROSS JOIN LATERAL unnest(g.statements, g.expected, pg_temp.deeds(p.token, g.statements)) s (statement, expected, answer);
		END LOOP;
	END LOOP;
	UPDATE users.domain SET status = 'enabled' WHERE id = 'a0000000-0000-0000-0000-000000000000';
END $$;
SELECT pg_temp.find('alone', '.') \gset
-- What is read, once more by workers alone.
DO $$ DECLARE t text; BEGIN
	FOREACH t IN ARRAY '{owned,plain,parted_a,parted_other}'::text[] LOOP EXECUTE format('ALTER TABLE app.%I SET (parallel_workers = 2)', t); END LOOP;
END $$;
SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL max_parallel_workers_per_gather = 2; SET LOCAL parallel_leader_participation = off;
SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off;
SELECT pg_temp.find('by workers', '^SELECT FROM app.[a-z]+$') \gset
SELECT is(pg_temp.story((SELECT token FROM person WHERE name = who), format('EXPLAIN (FORMAT JSON, COSTS OFF) SELECT FROM app.%I WHERE id = %L', t, '00000000-0000-0000-0000-0000000000a1')) ~ '"Node Type": "Gather".*"Parallel Aware": true.*"Filter": ".*users_can_in\(', true, format('%s''s rows of %s are judged by workers', who, t))
  FROM unnest('{reader,guest}'::text[]) who, unnest('{owned,plain,parted}'::text[]) t;
SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL enable_indexscan = on; SET LOCAL enable_bitmapscan = on;
SELECT is_empty(format('SELECT who, statement, expected, answer FROM found WHERE run = %L AND status = %L AND t = %L AND answer IS DISTINCT FROM expected', r, s, t), format('%s, domain %s, %s: all as reckoned', t, s, r))
  FROM (SELECT DISTINCT run, status, t FROM found) c (r, s, t) ORDER BY r, s, t;
SELECT cmp_ok(count(*)::integer, '>', 14000, 'of more than fourteen thousand cases') FROM found;
SELECT cmp_ok(count(*)::integer, '>', least, format('of which %s or more end with %s', least, answer)) FROM (VALUES ('0', 1000), ('1', 300), ('42501', 500)) v (answer, least) JOIN found USING (answer) GROUP BY answer, least;


---- other commands (S57 P18)

SELECT token AS reader FROM person WHERE name = 'reader' \gset
SELECT token AS editor FROM person WHERE name = 'editor' \gset
SELECT token AS maker FROM person WHERE name = 'maker' \gset
SELECT token AS mover FROM person WHERE name = 'mover' \gset
SELECT token AS everything FROM person WHERE name = 'all' \gset
SELECT token AS thief FROM person WHERE name = 'thief' \gset
SELECT token AS boss FROM person WHERE name = 'boss' \gset
\set a1 '''00000000-0000-0000-0000-0000000000a1'''
CREATE FUNCTION pg_temp.tell(who text, VARIADIC statements text[]) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.story((SELECT token FROM person WHERE name = who), VARIADIC statements) $$;
CREATE FUNCTION pg_temp.count(statement text) RETURNS text LANGUAGE sql AS
$$ SELECT format('WITH w AS (%s RETURNING 1) SELECT count(*) FROM w', statement) $$;
CREATE FUNCTION pg_temp.upsert(act text, id text DEFAULT '00000000-0000-0000-0000-0000000000a1') RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.count(format('INSERT INTO app.owned (id, domain_id, name) VALUES (%L, ''a0000000-0000-0000-0000-000000000000'', ''new'') ON CONFLICT (id) DO %s', id, act)) $$;
SELECT is(pg_temp.tell(who, pg_temp.upsert(act)), answer, format('ON CONFLICT DO %s: %s', act, who))
  FROM (VALUES ('all', 'UPDATE SET name = ''x''', '1'), ('maker', 'UPDATE SET name = ''x''', '42501'), ('editor', 'UPDATE SET name = ''x''', '42501'), ('reader', 'UPDATE SET name = ''x''', '42501'), ('boss', 'UPDATE SET name = ''x''', '1'),
               ('all', 'UPDATE SET domain_id = ''b0000000-0000-0000-0000-000000000000''', '42501'), ('all', 'UPDATE SET id = gen_random_uuid()', '42501'), ('boss', 'UPDATE SET id = gen_random_uuid()', '1'),
               ('all', 'NOTHING', '0'), ('maker', 'NOTHING', '0'), ('reader', 'NOTHING', '42501'), ('thief', 'NOTHING', '42501')) v (who, act, answer);
SELECT is(pg_temp.tell(who, format('MERGE INTO app.owned t USING (VALUES (''00000000-0000-0000-0000-0000000000a1''::uuid)) s (id) ON t.id = s.id WHEN MATCHED THEN %s WHEN NOT MATCHED THEN INSERT (id, domain_id) VALUES (gen_random_uuid(), ''a0000000-0000-0000-0000-000000000000'')', act), 'SELECT count(*) FROM app.owned WHERE name = ''merged'''), answer, format('MERGE ... %s: %s', act, who))
  FROM (VALUES ('all', 'UPDATE SET name = ''merged''', 'done | 1'), ('editor', 'UPDATE SET name = ''merged''', 'done | 1'), ('reader', 'UPDATE SET name = ''merged''', '42501 | 0'), ('editor', 'UPDATE SET domain_id = ''b0000000-0000-0000-0000-000000000000''', '42501 | 0'),
               ('all', 'UPDATE SET id = gen_random_uuid()', '42501 | 0'), ('editor', 'DELETE', '42501 | 0'), ('all', 'DELETE', 'done | 0'), ('thief', 'DELETE', '42501 | 0'), ('nobody', 'DELETE', '42501 | 0')) v (who, act, answer);

SET LOCAL ROLE regress_users_66_app;
CREATE VIEW app.asking WITH (security_invoker) AS SELECT * FROM app.owned;
CREATE VIEW app.showing AS SELECT * FROM app.owned;
CREATE FUNCTION app.number_of() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM app.owned';
CREATE FUNCTION app.number_of_all() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT count(*) FROM app.owned';
CREATE FUNCTION app.transfer() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'UPDATE app.owned SET domain_id = ''b0000000-0000-0000-0000-000000000000'', id = gen_random_uuid() WHERE name = ''a1''';
GRANT SELECT, UPDATE ON app.asking, app.showing TO users_member;
RESET ROLE;
SELECT is(pg_temp.tell('reader', statement), answer, statement)
  FROM (VALUES ('SELECT count(*) FROM app.owned', '3'), ('SELECT count(*) FROM app.asking', '3'), ('SELECT app.number_of()', '3'), ('SELECT count(*) FROM app.showing', '7'), ('SELECT app.number_of_all()', '7')) v (statement, answer);
SELECT is(pg_temp.tell('editor', pg_temp.count('UPDATE app.asking SET domain_id = ''b0000000-0000-0000-0000-000000000000'' WHERE name = ''a1''')), '42501', 'moving a row through a view is judged');
SELECT is(pg_temp.tell('reader', 'SELECT app.transfer()', 'SELECT count(*) FROM app.owned'), 'NULL | 2', 'a definer function of the owner''s does what its owner may');
SELECT is(pg_temp.story(who, 'SELECT count(*) FROM app.owned', pg_temp.count('UPDATE app.owned SET name = ''x'''), pg_temp.upsert('NOTHING', '00000000-0000-0000-0000-0000000000c9')), answer, coalesce(who, 'nobody at all') || ' without a token')
  FROM (VALUES ('users_member', '0 | 0 | 42501'), ('users_admin', '0 | 0 | 42501'), ('users_anon', '42501 | 42501 | 42501'), ('users_service', '42501 | 42501 | 42501'), ('users_dba', '7 | 7 | 1')) v (who, answer);
SELECT matches(pg_temp.story(:'reader', 'SET LOCAL enable_seqscan = off', 'EXPLAIN (COSTS OFF, FORMAT JSON) SELECT * FROM app.owned'), 'BitmapOr.*domain_id = ANY.*users_permitted_domains.*id = ANY.*users_permitted_objects', 'the planner makes index scans of it');

---- ways around (S19 S57 P19)

CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN IF $1 IN ('b1', 'f1') THEN RAISE division_by_zero; END IF; RETURN true; END $$;
GRANT pg_read_server_files TO users_service;
SELECT is(pg_temp.tell(who, VARIADIC statements), answer, what)
  FROM (VALUES ('reader', ARRAY['SELECT count(*) FROM app.owned WHERE pg_temp.leak(name)', 'SELECT count(*) FROM app.asking WHERE pg_temp.leak(name)', 'SELECT count(*) FROM app.parted WHERE pg_temp.leak(name)'], '3 | 3 | 3', 'a leaky function in WHERE sees no hidden row'),
               ('reader', ARRAY['SELECT count(*) FROM app.owned o JOIN app.owned p ON pg_temp.leak(p.name) AND o.id = p.id'], '3', 'nor in a join'),
               ('maker', ARRAY['UPDATE app.owned SET name = ''x'' WHERE pg_temp.leak(name)', 'DELETE FROM app.owned WHERE pg_temp.leak(name)'], 'done | done', 'nor in UPDATE and DELETE'),
               ('reader', ARRAY['SET LOCAL row_security = off', 'SELECT count(*) FROM app.owned'], 'done | 42501', 'row_security = off is refused'),
               ('all', ARRAY['TRUNCATE app.owned', 'LOCK TABLE app.owned', 'CREATE TRIGGER t BEFORE INSERT ON app.owned FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()', 'ALTER TABLE app.owned DISABLE ROW LEVEL SECURITY', 'DROP POLICY users_read ON app.owned', 'SELECT users_unprotect(''app.owned'')', 'SELECT users_protect(''app.owned'', ''channel'')'], '42501 | 42501 | 42501 | 42501 | 42501 | 42501 | 42501', 'nor TRUNCATE, LOCK TABLE and what is the owner''s'),
               ('all', ARRAY['SELECT count(*) FROM app.parted_a', 'UPDATE app.parted_a SET name = ''x'''], '42501 | 42501', 'a partition is not reached by its own name'),
               ('reader', ARRAY['SET ROLE users_admin', 'SELECT count(*) FROM app.owned', 'SELECT set_config(''request.jwt.claims'', ''{"role":"users_admin","sub":"00000000-0000-0000-0000-000000000000"}'', true) IS NULL', 'SELECT set_config(''users.user_id'', ''x'', true)', 'SELECT count(*) FROM app.owned'], 'done | 3 | false | 42602 | 3', 'neither a role nor a setting makes somebody else of one'),
               ('editor', ARRAY['SET ROLE users_admin', pg_temp.count('UPDATE app.owned SET domain_id = ''b0000000-0000-0000-0000-000000000000'' WHERE name = ''a1''')], 'done | 42501', 'as another role the guard judges all the same'),
               ('editor', ARRAY['SET ROLE users_anon', pg_temp.count('UPDATE app.owned SET name = ''x''')], 'done | 42501', 'as users_anon one has no rights')) v (who, statements, answer, what);
SELECT is(pg_temp.story('users_member', 'LOCK TABLE app.owned IN ACCESS SHARE MODE', 'TRUNCATE app.owned'), '42501 | 42501', 'LOCK TABLE without a token neither');
SELECT is(pg_temp.story(NULL, 'GRANT pg_read_server_files TO users_member', 'SET ROLE users_member', 'COPY app.owned FROM ''/dev/null'''), 'done | done | 0A000', 'COPY FROM is refused');
SELECT is(pg_temp.story(NULL, 'GRANT ALL ON app.parted_a TO users_member', format('SELECT users_authenticate(%L) IS NULL', token), 'SELECT count(*) FROM app.parted_a', pg_temp.count('UPDATE app.parted_a SET name = ''x'''), pg_temp.count('UPDATE app.parted_a SET id = gen_random_uuid()'), pg_temp.count('DELETE FROM app.parted_a')), answer, 'a partition that was granted has the same policies: ' || name)
  FROM (VALUES ('reader', 'done | false | 3 | 0 | 0 | 0'), ('editor', 'done | false | 3 | 3 | 42501 | 0'), ('thief', 'done | false | 0 | 0 | 0 | 0')) v (name, answer) JOIN person USING (name);
SELECT is(pg_temp.story(NULL, 'PREPARE q AS SELECT count(*) FROM app.owned', format('SELECT users_authenticate(%L) IS NULL', :'reader'), 'EXECUTE q', 'RESET ROLE', format('SELECT users_authenticate(%L) IS NULL', :'thief'), 'EXECUTE q', 'RESET ROLE', format('SELECT users_authenticate(%L) IS NULL', :'boss'), 'EXECUTE q'), 'done | false | 3 | done | false | 2 | done | false | 7', 'a prepared statement asks anew');
-- The application's own policy lets everybody through: the guard still stands. (S62)
SELECT is(pg_temp.story(NULL, 'CREATE POLICY mine ON app.owned TO users_member, users_anon USING (true)', 'GRANT ALL ON app.owned TO users_anon', CASE WHEN token IS NULL THEN 'SELECT true' ELSE format('SELECT users_authenticate(%L) IS NULL', token) END, 'SET ROLE ' || role, pg_temp.count('UPDATE app.owned SET name = ''x'''), pg_temp.count('UPDATE app.owned SET domain_id = ''b0000000-0000-0000-0000-000000000000'' WHERE id = ''00000000-0000-0000-0000-0000000000a1'''), pg_temp.count('UPDATE app.owned SET id = gen_random_uuid() WHERE id = ''00000000-0000-0000-0000-0000000000a1'''), pg_temp.count('UPDATE app.owned SET owner = NULL')), answer, format('where a policy lets everybody through: %s as %s', coalesce(name, 'without a token'), role))
  FROM (VALUES (NULL, 'users_member', 'done | done | true | done | 7 | 42501 | 42501 | 42501'), ('nobody', 'users_member', 'done | done | false | done | 7 | 42501 | 42501 | 42501'), ('nobody', 'users_anon', 'done | done | false | done | 7 | 42501 | 42501 | 42501'),
               ('boss', 'users_admin', 'done | done | false | done | 7 | 1 | 1 | 7')) v (name, role, answer) LEFT JOIN person USING (name);

---- whom the guard leaves alone

CREATE ROLE regress_users_66_service IN ROLE users_service;
CREATE ROLE regress_users_66_bypass BYPASSRLS;
GRANT USAGE ON SCHEMA app TO regress_users_66_service, regress_users_66_bypass;
GRANT ALL ON app.owned TO regress_users_66_service, regress_users_66_bypass;
CREATE POLICY service ON app.owned TO regress_users_66_service USING (true);
SELECT is(pg_temp.story(who, pg_temp.count('UPDATE app.owned SET domain_id = ''b0000000-0000-0000-0000-000000000000'', id = gen_random_uuid(), owner = NULL')), '7', 'moves what it likes: ' || coalesce(who, 'a superuser'))
  FROM unnest(ARRAY[NULL, 'regress_users_66_app', 'regress_users_66_service', 'regress_users_66_bypass']) who;
SELECT is(pg_temp.tell('editor', 'SET ROLE ' || role, pg_temp.count('UPDATE app.owned SET domain_id = ''b0000000-0000-0000-0000-000000000000'', id = gen_random_uuid(), owner = NULL')), 'done | 7', 'in somebody''s name too: ' || role)
  FROM unnest('{regress_users_66_app,regress_users_66_service,regress_users_66_bypass}'::text[]) role;
SELECT is(pg_temp.story(NULL, 'SET ROLE regress_users_66_app', 'ALTER TABLE app.owned ADD UNIQUE (domain_id, id)', 'CREATE TABLE app.child (device_id uuid, domain_id uuid, FOREIGN KEY (domain_id, device_id) REFERENCES app.owned (domain_id, id) ON UPDATE CASCADE ON DELETE CASCADE)',
	'INSERT INTO app.child SELECT id, domain_id FROM app.owned WHERE domain_id IS NOT NULL', 'SELECT count(*) FROM unnest(users_protect(''app.child'', ''device'', ''device_id'')) l WHERE l ~ ''foreign key''', 'RESET ROLE', format('SELECT users_authenticate(%L) IS NULL', token),
	pg_temp.count('UPDATE app.owned SET domain_id = ''b0000000-0000-0000-0000-000000000000'' WHERE name = ''a1'''), 'SELECT count(*) FROM app.child WHERE domain_id = ''b0000000-0000-0000-0000-000000000000''', 'UPDATE app.child SET domain_id = ''a0000000-0000-0000-0000-000000000000''', 'UPDATE app.child SET device_id = gen_random_uuid()'), answer, 'cascades: ' || name)
  FROM (VALUES ('mover', 'done | done | done | done | 0 | done | false | 1 | 3 | done | 42501'), ('boss', 'done | done | done | done | 0 | done | false | 1 | 3 | 23503 | 23503')) v (name, answer) JOIN person USING (name);

---- what the application does itself (P15)

-- A trigger of the application that moves what is named so. (P41 P49)
CREATE FUNCTION app.move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF NEW.name = 'move' THEN NEW.domain_id := 'b0000000-0000-0000-0000-000000000000'; END IF;
	IF NEW.name = 'change' THEN NEW.id := gen_random_uuid(); END IF;
	RETURN NEW; END $$;
SELECT is(pg_temp.story(NULL, format('CREATE TRIGGER %I BEFORE UPDATE ON app.%I FOR EACH ROW EXECUTE FUNCTION app.move()', trigger, t), format('SELECT users_authenticate(%L) IS NULL', token),
	pg_temp.count(format('UPDATE app.%I SET name = ''move'' WHERE id = ''00000000-0000-0000-0000-0000000000a1''', target)), pg_temp.count(format('UPDATE app.%I SET name = ''change'' WHERE id = ''00000000-0000-0000-0000-0000000000a1''', target))), answer, format('a trigger %s on %s: %s', trigger, t, name))
  FROM (VALUES ('zzz', 'owned', 'owned', 'editor', 'done | false | 42501 | 42501'), ('~u', 'owned', 'owned', 'both', 'done | false | 42501 | 42501'), ('zzz', 'owned', 'owned', 'mover', 'done | false | 1 | 0'),
               ('zzz', 'parted_a', 'parted', 'both', 'done | false | 42501 | 42501'), ('zzz', 'parted_a', 'parted', 'editor', 'done | false | 42501 | 42501')) v (trigger, t, target, name, answer) JOIN person USING (name);
SELECT is(pg_temp.story(NULL, 'SET ROLE regress_users_66_app', 'CREATE TABLE app.heir () INHERITS (app.owned)', 'INSERT INTO app.heir SELECT gen_random_uuid(), domain_id, owner, ''heir'' FROM app.owned WHERE name = ''a1''', 'SELECT users_protect(''app.owned'', ''device'', owner_column => ''owner'') IS NULL', 'RESET ROLE', format('SELECT users_authenticate(%L) IS NULL', token), 'SELECT count(*) FROM app.owned',
	pg_temp.count('UPDATE app.owned SET name = ''x'' WHERE name = ''heir'''), pg_temp.count('UPDATE app.owned SET domain_id = ''b0000000-0000-0000-0000-000000000000'' WHERE name = ''x''')), 'done | done | done | false | done | false | 6 | 1 | 42501', 'rows of a table that inherits') FROM person WHERE name = 'both';
SELECT is(pg_temp.story(NULL, 'CREATE TRIGGER x BEFORE UPDATE ON app.owned FOR EACH ROW EXECUTE FUNCTION users.guard_row()', 'UPDATE app.owned SET name = ''x''', 'CREATE TRIGGER y BEFORE INSERT ON app.owned FOR EACH ROW EXECUTE FUNCTION users.guard_row()', pg_temp.upsert('NOTHING', '00000000-0000-0000-0000-0000000000c9'), 'SELECT users.guard_row()'), 'done | done | done | 39P01 | 39P01', 'the guard''s function by itself does nothing');

-- Force: the owner too. (P17)
SELECT is(pg_temp.story(NULL, 'SET ROLE regress_users_66_app', 'SELECT users_protect(''app.owned'', ''device'', owner_column => ''owner'', force => true) IS NULL', 'SELECT count(*) FROM app.owned', pg_temp.count('UPDATE app.owned SET name = ''x'''), 'RESET ROLE', 'SELECT count(*) FROM app.owned', format('SELECT users_authenticate(%L) IS NULL', :'reader'), 'SELECT count(*) FROM app.owned'), 'done | false | 0 | 0 | done | 7 | false | 3', 'forced, the owner sees no row, people theirs');

SELECT * FROM finish();
ROLLBACK;
