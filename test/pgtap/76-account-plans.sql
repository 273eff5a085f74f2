-- users_accounts among many: the gate is asked once and stands above all that
-- is read; what people search by is found by an index.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
BEGIN;
SELECT plan(43);
\ir ../lib/story.sql

SELECT user_id AS bob_id FROM users_create_user('bob@example.org', 'bob', 'Bob', 'Ash', 'seven wet horses sing', platform_role => 'admin') \gset
SELECT access_token AS bob FROM users_login('bob', 'seven wet horses sing') \gset
\getenv rows TEST_ROWS
\if :{?rows}
\else
\set rows 50000
\endif
-- As many begin with 0012 however many there are.
CREATE TEMP TABLE crowd AS SELECT gen_random_uuid() AS id, lpad(g::text, greatest(5, length(g::text)), '0') AS n FROM generate_series(1, :rows) g;
INSERT INTO users.person_id SELECT id FROM crowd;
INSERT INTO users.account (user_id, email, created_at, updated_at) SELECT id, 'Mail' || n || '@example.org', now(), now() FROM crowd;
INSERT INTO users.person SELECT id, 'Name' || n, 'First' || n, 'Last' || n FROM crowd;
INSERT INTO users.session (user_id, id, created_at, authenticated_at, refreshed_at, expires_at, ends_at, nonce, counter, current_random)
SELECT id, gen_random_uuid(), now(), now(), now(), now() + interval '1 day', now() + interval '1 day', '', 1, '' FROM crowd;
ANALYZE users.account, users.person, users.session;

SELECT is_empty($$ SELECT tablename, attname FROM pg_stats WHERE schemaname = 'users' AND tablename ~ '^(account|person)' $$, 'no samples of accounts are kept');

-- The plan of a query on the view, as whom; what it says of one thing.
CREATE FUNCTION pg_temp.plan_of(who text, query text) RETURNS jsonb LANGUAGE sql AS $$ SELECT pg_temp.story(who, 'EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, FORMAT json) ' || query)::jsonb $$;
CREATE FUNCTION pg_temp.nodes(plan jsonb) RETURNS SETOF jsonb LANGUAGE sql AS
$$ WITH RECURSIVE n (node) AS (SELECT plan -> 0 -> 'Plan' UNION ALL SELECT c FROM n, jsonb_array_elements(n.node -> 'Plans') c) SELECT node FROM n $$;
CREATE FUNCTION pg_temp.indexes(plan jsonb) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(DISTINCT n ->> 'Index Name', ' ' ORDER BY n ->> 'Index Name') FROM pg_temp.nodes(plan) n WHERE n ->> 'Index Name' IS NOT NULL $$;
CREATE FUNCTION pg_temp.scans(plan jsonb) RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM pg_temp.nodes(plan) n WHERE n ->> 'Node Type' = 'Seq Scan' $$;

SELECT is((SELECT concat_ws(' ', pg_temp.scans(p), pg_temp.indexes(p)) FROM pg_temp.plan_of(who, 'SELECT id, email, username, sessions, throttled_until FROM users_accounts WHERE ' || condition) p), '0 ' || wanted, coalesce(left(who, 2), 'a DBA') || ': ' || condition)
  FROM (VALUES (NULL), (:'bob')) w (who),
       (VALUES ('email LIKE ''Mail0012%''', 'account_email person_pkey session_pkey'), ('email = ''Mail00123@example.org''', 'account_email person_pkey session_pkey'), ('lower(email) LIKE ''mail0012%''', 'account_email_lower person_pkey session_pkey'),
               ('username LIKE ''Name0012%''', 'account_pkey person_username session_pkey'), ('username = ''Name00123''', 'account_pkey person_username session_pkey'), ('lower(username) LIKE ''name0012%''', 'account_pkey person_username_lower session_pkey'),
               ('last_name LIKE ''Last0012%''', 'account_pkey person_last_name session_pkey'), ('lower(last_name) LIKE ''last0012%''', 'account_pkey person_last_name_lower session_pkey'),
               ('first_name LIKE ''First0012%''', 'account_pkey person_first_name session_pkey'), ('lower(first_name) = ''first00123''', 'account_pkey person_first_name_lower session_pkey'),
               ('id = ''00000000-0000-0000-0000-000000000001''', 'account_pkey person_pkey session_pkey')) v (condition, wanted);
SELECT is((SELECT pg_temp.scans(p) FROM pg_temp.plan_of(:'bob', 'SELECT * FROM users_accounts ORDER BY id DESC LIMIT 20') p), 0::bigint, 'pages by id too');
-- The planner has no samples, and so reads by id for a page of what was searched.
SELECT is((SELECT concat_ws(' ', pg_temp.scans(p), pg_temp.indexes(p)) FROM pg_temp.plan_of(:'bob', 'WITH found AS MATERIALIZED (' || query || ') SELECT * FROM found ORDER BY id DESC LIMIT 20') p), '0 ' || wanted, 'pages of ' || query)
  FROM (VALUES ('SELECT id FROM users_accounts WHERE lower(username) LIKE ''name0012%''', 'account_pkey person_username_lower'),
               ('SELECT id FROM users_accounts WHERE lower(username) LIKE ''name0012%'' UNION SELECT id FROM users_accounts WHERE lower(email) LIKE ''mail0013%''', 'account_email_lower account_pkey person_pkey person_username_lower')) v (query, wanted);

-- Nor does it make more of a search than it is worth, as many as it expects.
CREATE FUNCTION pg_temp.efforts(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
	RETURN concat_ws(', ', CASE WHEN plan -> 0 ? 'JIT' THEN 'compiled' END, CASE WHEN plan::text LIKE '%"Gather%' THEN 'with workers' END);
END
$$;
SAVEPOINT effort;
SELECT set_config(name, '0', true) FROM unnest('{jit_above_cost,parallel_setup_cost,parallel_tuple_cost,min_parallel_table_scan_size,min_parallel_index_scan_size}'::text[]) name \g /dev/null
SET LOCAL jit = on;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT is(pg_temp.efforts('SELECT * FROM users.session WHERE counter > 1'), CASE WHEN pg_jit_available() THEN 'compiled, ' ELSE '' END || 'with workers', 'what is dear is compiled and has workers');
SELECT is(pg_temp.efforts(query), '', query || ' is and has not') FROM (VALUES ('SELECT id, email FROM users_accounts WHERE lower(username) LIKE ''name0012%'''), ('SELECT count(*) FROM users_accounts a JOIN users.session s ON s.user_id = a.id WHERE status = ''enabled''')) v (query);
ROLLBACK TO effort;

-- The gate: evaluated once, above every scan, and with it shut none begins.
CREATE FUNCTION pg_temp.gate(who text, query text) RETURNS text LANGUAGE sql AS $$
	WITH RECURSIVE p AS (SELECT pg_temp.plan_of(who, query) AS plan),
	n (node, gated) AS (
		SELECT plan -> 0 -> 'Plan', false FROM p
		UNION ALL
		SELECT c, n.gated OR n.node ? 'One-Time Filter' AND c ->> 'Parent Relationship' IN ('Outer', 'SubPlan')
		  FROM n, jsonb_array_elements(n.node -> 'Plans') c)
	SELECT concat_ws(' ', count(*) FILTER (WHERE node ? 'Relation Name' AND node ->> 'Relation Name' <> 'mine' AND NOT gated) || ' outside,',
	                 sum((node ->> 'Actual Loops')::integer) FILTER (WHERE node ->> 'Parent Relationship' = 'InitPlan' AND node ->> 'Subplan Name' LIKE 'InitPlan%'), 'asked,',
	                 coalesce(sum((node ->> 'Actual Loops')::integer) FILTER (WHERE node ? 'Relation Name' AND node ->> 'Relation Name' <> 'mine'), 0) > 0, 'read')
	  FROM n
$$;
SET LOCAL max_parallel_workers_per_gather = 0;
CREATE TABLE public.mine (t text);
INSERT INTO public.mine VALUES ('Name00001'), ('x');
GRANT SELECT ON public.mine TO PUBLIC;
SELECT is(pg_temp.gate(who, query), '0 outside, 1 asked, ' || CASE WHEN who = 'users_admin' THEN 'f' ELSE 't' END || ' read', left(who, 11) || ': ' || query)
  FROM (VALUES (:'bob'), ('users_admin')) w (who),
       (VALUES ('SELECT id, email FROM users_accounts WHERE email LIKE ''Mail0012%'''), ('SELECT id, sessions FROM users_accounts WHERE username LIKE ''Name0012%'''), ('SELECT count(*) FROM users_accounts'),
               ('SELECT 1 FROM public.mine m LEFT JOIN users_accounts a ON a.username = m.t'), ('SELECT 1 FROM public.mine m JOIN users_accounts a ON a.username LIKE m.t'), ('SELECT 1 FROM public.mine m WHERE NOT EXISTS (SELECT FROM users_accounts a WHERE a.username = m.t)'),
               ('SELECT a.id FROM users_accounts a ORDER BY a.id DESC LIMIT 5')) v (query);

SELECT * FROM finish();
ROLLBACK;
