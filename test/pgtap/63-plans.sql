-- Policies that the planner likes: what is behind them is found by an index,
-- and a row that was found by its key stays found by its key. (P20)
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off
\set ON_ERROR_ROLLBACK off
\set VERBOSITY sqlstate

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
SELECT plan(61);

SELECT access_token AS nobody FROM users_register('nobody@example.org', 'nobody', 'seven wet horses sing', 'N', 'N') \gset
SELECT access_token AS one, user_id AS one_id FROM users_register('one@example.org', 'one', 'seven wet horses sing', 'O', 'O') \gset
SELECT access_token AS hundred, user_id AS hundred_id FROM users_register('hundred@example.org', 'hundred', 'seven wet horses sing', 'H', 'H') \gset
SELECT access_token AS guest, user_id AS guest_id FROM users_register('guest@example.org', 'guest', 'seven wet horses sing', 'G', 'G') \gset
SELECT access_token AS owner, user_id AS owner_id FROM users_register('owner@example.org', 'owner', 'seven wet horses sing', 'G', 'G') \gset
CREATE FUNCTION d(n integer) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$ SELECT md5('domain' || n)::uuid $$;
CREATE FUNCTION o(n integer) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$ SELECT md5('object' || n)::uuid $$;
INSERT INTO users.domain (id, name, route, created_at, updated_at) SELECT d(n), 'd' || n, 'd' || n, now(), now() FROM generate_series(1, 1000) n;
INSERT INTO users.role (id, domain_id, name, permissions, created_at, updated_at)
SELECT md5('role' || n)::uuid, d(n), 'editor', '{device:delete,device:read,device:update}', now(), now() FROM generate_series(1, 1000) n;
INSERT INTO users.role (id, domain_id, name, permissions, created_at, updated_at)
SELECT md5('mere' || n)::uuid, d(n), 'member', '{}', now(), now() FROM generate_series(1, 1000) n;
INSERT INTO users.role_assignment (user_id, domain_id, role_id, granted_at)
SELECT :'one_id'::uuid, d(7), md5('role7')::uuid, now()
UNION ALL SELECT :'hundred_id', d(n), md5('role' || n)::uuid, now() FROM generate_series(1, 100) n
UNION ALL SELECT :'owner_id', d(n), md5('mere' || n)::uuid, now() FROM generate_series(1, 3) n;
INSERT INTO users.role_assignment (user_id, domain_id, role_id, object_type, object_id, granted_at)
VALUES (:'guest_id', d(8), md5('role8')::uuid, 'device', o(7), now());

CREATE TABLE device (id uuid PRIMARY KEY, domain_id uuid NOT NULL, owner uuid, at integer NOT NULL, name text);
INSERT INTO device SELECT o(n), d(1 + n % 1000), CASE WHEN n % 1000 < 4 AND n <= 20000 THEN :'owner_id'::uuid END, n, 'device ' || n FROM generate_series(1, 100000) n;
CREATE INDEX device_domain ON device (domain_id);
CREATE INDEX device_owner ON device (owner);
ALTER TABLE device ENABLE ROW LEVEL SECURITY;
CREATE POLICY reading ON device FOR SELECT TO users_member USING (
	users_can_in('device:read', domain_id) OR users_can_on('device:read', domain_id, id)
	OR (owner = (SELECT users_current_user_id()) AND users_is_member(domain_id)));
CREATE POLICY changing ON device FOR UPDATE TO users_member USING (
	users_can_in('device:update', domain_id) OR users_can_on('device:update', domain_id, id)
	OR (owner = (SELECT users_current_user_id()) AND users_is_member(domain_id)));
CREATE POLICY deleting ON device FOR DELETE TO users_member USING (
	users_can_in('device:delete', domain_id) OR users_can_on('device:delete', domain_id, id)
	OR (owner = (SELECT users_current_user_id()) AND users_is_member(domain_id)));
GRANT SELECT, UPDATE, DELETE ON device TO users_member;
VACUUM ANALYZE;

-- The nodes of a plan that read tables: their kind and index, sorted.
CREATE FUNCTION reads(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || statement INTO plan;
	RETURN (WITH RECURSIVE node (n) AS (
			SELECT plan -> 0 -> 'Plan'
			UNION ALL SELECT json_array_elements(n -> 'Plans') FROM node)
		SELECT string_agg(DISTINCT concat_ws(' ', n ->> 'Node Type', n ->> 'Index Name'), ', ')
		  FROM node WHERE n ->> 'Node Type' ~ 'Scan' AND n ->> 'Node Type' <> 'Bitmap Heap Scan');
END
$$;
-- How many rows the planner expects of a table, to a factor of two and a bit.
CREATE FUNCTION expects_about(statement text, wanted integer) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || statement INTO plan;
	RETURN (plan -> 0 -> 'Plan' ->> 'Plan Rows')::numeric BETWEEN wanted * 0.4 AND wanted * 2.5;
END
$$;
-- What three statements read, and how many rows they meet; nothing remains.
CREATE FUNCTION met(token text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	counts text[];
	n bigint;
BEGIN
	PERFORM users_authenticate(token);
	SELECT count(*) INTO n FROM device;
	counts := counts || n::text;
	UPDATE device SET name = name || '!';
	GET DIAGNOSTICS n = ROW_COUNT;
	counts := counts || n::text;
	DELETE FROM device;
	GET DIAGNOSTICS n = ROW_COUNT;
	counts := counts || n::text;
	RAISE SQLSTATE 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
	RETURN array_to_string(counts, ' ');
END
$$;

SELECT is(met(:'nobody'), '0 0 0', 'who holds nothing meets nothing');
SELECT is(met(:'one'), '100 100 100', 'a member of one domain its rows');
SELECT is(met(:'hundred'), '10000 10000 10000', 'of a hundred theirs');
SELECT is(met(:'guest'), '1 1 1', 'a guest the one object');
SELECT is(met(:'owner'), '60 60 60', 'an owner what is theirs in their domains');

-- The owner's arm goes by the owner or by the domains, whichever are fewer.
\set three '^Bitmap Index Scan device_domain(, Bitmap Index Scan device_owner)?, Bitmap Index Scan device_pkey$'
BEGIN; SELECT users_authenticate(:'nobody') AS id \gset
SELECT matches(reads(statement), :'three', 'nobody''s indexes: ' || statement) FROM unnest(ARRAY['SELECT * FROM device', 'UPDATE device SET name = ''x''', 'DELETE FROM device', 'SELECT count(*) FROM device', 'SELECT * FROM device WHERE name LIKE ''device 1%''']) statement;
ROLLBACK;
BEGIN; SELECT users_authenticate(:'one') AS id \gset
SELECT matches(reads(statement), :'three', 'one''s indexes: ' || statement) FROM unnest(ARRAY['SELECT * FROM device', 'UPDATE device SET name = ''x''', 'DELETE FROM device', 'SELECT count(*) FROM device', 'SELECT * FROM device WHERE name LIKE ''device 1%''']) statement;
SELECT is(expects_about('SELECT * FROM device', 100), true, 'so many rows are expected');
ROLLBACK;
BEGIN; SELECT users_authenticate(:'hundred') AS id \gset
SELECT matches(reads(statement), :'three', 'a hundred''s indexes: ' || statement) FROM unnest(ARRAY['SELECT * FROM device', 'UPDATE device SET name = ''x''', 'DELETE FROM device', 'SELECT count(*) FROM device', 'SELECT * FROM device WHERE name LIKE ''device 1%''']) statement;
SELECT is(expects_about('SELECT * FROM device', 10000), true, 'so many rows are expected');
ROLLBACK;
BEGIN; SELECT users_authenticate(:'owner') AS id \gset
SELECT matches(reads(statement), 'device_owner', 'an owner''s index: ' || statement) FROM unnest(ARRAY['SELECT * FROM device', 'UPDATE device SET name = ''x''', 'DELETE FROM device']) statement;
SELECT matches(reads(statement), :'three', 'and the others: ' || statement) FROM unnest(ARRAY['SELECT * FROM device', 'UPDATE device SET name = ''x''', 'DELETE FROM device']) statement;
ROLLBACK;
BEGIN; SELECT users_authenticate(:'guest') AS id \gset
SELECT matches(reads(statement), :'three', 'a guest''s indexes: ' || statement) FROM unnest(ARRAY['SELECT * FROM device', 'UPDATE device SET name = ''x''', 'DELETE FROM device', 'SELECT count(*) FROM device', 'SELECT * FROM device WHERE name LIKE ''device 1%''']) statement;
ROLLBACK;

-- By key: that index and no other, whoever asks.
SELECT format('SELECT * FROM device WHERE id = %L', o(n)) AS by_key, format('UPDATE device SET name = ''x'' WHERE id = %L', o(n)) AS update_by_key, format('DELETE FROM device WHERE id = %L', o(n)) AS delete_by_key FROM (VALUES (7)) v (n) \gset
BEGIN; SELECT users_authenticate(:'one') AS id \gset
SELECT is(reads(statement), 'Index Scan device_pkey', 'by its key: ' || left(statement, 6)) FROM unnest(ARRAY[:'by_key', :'update_by_key', :'delete_by_key']) statement;
SELECT users_authenticate(:'hundred') AS id \gset
SELECT is(reads(statement), 'Index Scan device_pkey', 'by its key, for many: ' || left(statement, 6)) FROM unnest(ARRAY[:'by_key', :'update_by_key', :'delete_by_key']) statement;
SELECT matches(reads(format('SELECT * FROM device WHERE domain_id = %L', d(7))), '^Bitmap Index Scan device_domain', 'one domain''s rows by their domain');
SELECT is(reads(format('SELECT * FROM device d JOIN (VALUES (%L::uuid), (%L)) v (id) USING (id)', o(7), o(8))), 'Index Scan device_pkey, Values Scan', 'in a join, too');
ROLLBACK;

-- Generic plans, made for one and used by another
SET plan_cache_mode = force_generic_plan;
PREPARE read_all AS SELECT * FROM device;
PREPARE read_one (uuid) AS SELECT * FROM device WHERE id = $1;
PREPARE read_for (text) AS SELECT count(*) FROM device WHERE users_can_in($1, domain_id);
EXPLAIN EXECUTE read_all \g /dev/null
BEGIN; SELECT users_authenticate(:'one') AS id \gset
SELECT matches(reads('EXECUTE read_all'), :'three', 'a generic plan');
SELECT is(reads(format('EXECUTE read_one(%L)', o(7))), 'Index Scan device_pkey', 'by key');
ROLLBACK;
BEGIN; SELECT users_authenticate(:'hundred') AS id \gset
SELECT matches(reads('EXECUTE read_all'), :'three', 'is the next one''s, too');
EXECUTE read_for('device:read') \gset
SELECT is(:count, 10000, 'its permission may be a parameter');
ROLLBACK;
RESET plan_cache_mode;

-- Each predicate by itself; what is not a constant is no reason to fail.
CREATE TABLE plain AS TABLE device;
CREATE INDEX plain_domain ON plain (domain_id);
CREATE INDEX plain_id ON plain (id);
CREATE INDEX plain_at_domain ON plain (at, domain_id);
CREATE INDEX plain_hash ON plain USING hash (domain_id);
CREATE INDEX plain_brin ON plain USING brin (domain_id);
CREATE INDEX plain_some ON plain (domain_id) WHERE at > 99000;
CREATE INDEX plain_text ON plain ((domain_id::text));
GRANT SELECT ON plain TO PUBLIC;
CREATE TABLE wanted AS SELECT 'device:read' AS permission, d(7) AS domain_id UNION ALL SELECT 'device:connect', d(8);
GRANT SELECT ON wanted TO PUBLIC;
VACUUM ANALYZE plain, wanted;
BEGIN; SELECT users_authenticate(:'one') AS id \gset
SELECT is(reads('SELECT * FROM plain WHERE users_is_member(domain_id)'), 'Bitmap Index Scan plain_domain', 'members by domain');
SELECT is(reads('SELECT * FROM plain WHERE users_can_on(''device:read'', domain_id, id)'), 'Index Scan plain_id', 'objects by id');
SELECT is(reads('SELECT domain_id FROM plain WHERE users_can_in(''device:read'', domain_id)'), 'Index Only Scan plain_domain', 'by the index alone');
SELECT is(reads('SELECT * FROM plain WHERE users_can_in(''device:read'', domain_id) AND at > 99000'), 'Index Scan plain_some', 'by an index on some rows');
SELECT is(reads('SELECT * FROM plain WHERE NOT users_can_in(''device:read'', domain_id)'), 'Seq Scan', 'its opposite by none');
SELECT is((SELECT count(*) FROM wanted w JOIN plain p ON users_can_in(w.permission, p.domain_id)), 100::bigint, 'a permission from another table');
SELECT is((SELECT count(*) FROM plain WHERE users_can_in(CASE WHEN at % 2 = 0 THEN 'device:read' ELSE 'device:connect' END, domain_id)), 100 * (SELECT count(*) FROM generate_series(6, 6) n WHERE n % 2 = 0), 'or from the row');
SELECT is((SELECT count(*) FROM wanted WHERE users_can_in(permission, domain_id)), 1::bigint, 'or both');
ROLLBACK;
DROP INDEX plain_domain, plain_some;
BEGIN; SELECT users_authenticate(:'one') AS id \gset
SELECT doesnt_match(reads('SELECT * FROM plain WHERE users_can_in(''device:read'', domain_id)'), 'plain_(hash|brin|text)', 'no other kind of index is taken');
SELECT is((SELECT count(*) FROM plain WHERE users_can_in('device:read', domain_id)), 100::bigint, 'with the same answer');
ROLLBACK;

-- A column behind another one must not cost the order.
BEGIN; SELECT users_authenticate(:'hundred') AS id \gset
SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off;
CREATE TEMP TABLE come AS SELECT row_number() OVER () AS place, at FROM (SELECT at FROM plain WHERE users_can_in('device:read', domain_id) AND at BETWEEN 1 AND 50000 ORDER BY at) p;
SELECT is((SELECT array_agg(at ORDER BY place) FROM come), (SELECT array_agg(at ORDER BY at) FROM come), 'ORDER BY is kept');
SELECT is((SELECT count(*) FROM come), 5000::bigint, 'and nothing lost');
COMMIT;

-- Many rows are shared among workers, in a plan that is kept, too.
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
CREATE FUNCTION workers(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plan text;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON, COSTS OFF) ' || statement INTO plan;
	RETURN regexp_replace(plan, '^.*"Node Type": "Gather".*"Workers Planned": (\d+).*"Parallel Aware": true.*"Filter": "[^"]*users_can_in\(.*$', '\1');
END
$$;
INSERT INTO users.role_assignment (user_id, domain_id, role_id, granted_at) SELECT :'hundred_id', d(n), md5('role' || n)::uuid, now() FROM generate_series(101, 1000) n;
PREPARE count_all AS SELECT count(name) FROM device;
SET plan_cache_mode = force_generic_plan;
BEGIN; SELECT users_authenticate(:'hundred') AS id \gset
SELECT is(workers('SELECT count(name) FROM device'), '2', 'a member of all domains has workers');
SELECT is(workers('EXECUTE count_all'), '2', 'in a plan that is kept');
EXECUTE count_all \gset
SELECT is(:count, 100000, 'which count all rows');
ROLLBACK;
BEGIN; SELECT users_authenticate(:'nobody') AS id \gset
EXECUTE count_all \gset
SELECT is(:count, 0, 'and none for nobody');
COMMIT;

SELECT * FROM finish();
