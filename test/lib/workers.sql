-- For \ir in test/pgtap: what parallel workers answer.

CREATE TABLE many (n integer) WITH (parallel_workers = 2);
INSERT INTO many SELECT generate_series(1, 1000);
GRANT SELECT ON many TO PUBLIC;
CREATE FUNCTION pg_temp.pid() RETURNS integer PARALLEL SAFE LANGUAGE plpgsql AS $$ BEGIN RETURN pg_backend_pid(); END $$;

-- The different answers to an expression that two workers are asked, the leader
-- not; with "leader" before them where it was.
CREATE FUNCTION pg_temp.by_workers(expression text) RETURNS text LANGUAGE plpgsql
	SET parallel_setup_cost = 0 SET parallel_tuple_cost = 0 SET min_parallel_table_scan_size = 0
	SET max_parallel_workers_per_gather = 2 SET parallel_leader_participation = off AS $$
DECLARE
	answers text;
BEGIN
	EXECUTE format('SELECT concat(CASE WHEN bool_or(pid = %s) THEN ''leader '' END, array_to_string(array_agg(DISTINCT answer), '','', ''NULL''))'
	               ' FROM (SELECT (%s)::text AS answer, pg_temp.pid() AS pid FROM many OFFSET 0) a', pg_backend_pid(), expression) INTO answers;
	RETURN answers;
END
$$;
