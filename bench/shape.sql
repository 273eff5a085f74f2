-- Whether what bench/load.sql has made is like what the functions make: an
-- account made by them beside user2, who was loaded.
BEGIN;
SET LOCAL users.max_registrations = 1000;
SELECT s.user_id AS made, (SELECT user_id FROM users.person WHERE username = 'user2') AS loaded
  FROM users_register('user0@example.org', 'user0', :'password', 'First0', 'Last0') AS s
\gset
SELECT 1 / (count(*) = 1)::integer FROM users.role AS r, users_grant_role(r.id, :'made')
 WHERE r.name = 'viewer' AND r.domain_id IN (SELECT domain_id FROM users.role_assignment WHERE user_id = :'loaded');

-- Somebody's rows, with what differs from one to the next replaced by its kind.
CREATE FUNCTION pg_temp.rows_of(person uuid) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	relation regclass;
	found text;
BEGIN
	FOR relation IN SELECT attrelid::regclass FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
		WHERE relnamespace = 'users'::regnamespace AND relkind = 'r' AND attname = 'user_id'
	LOOP
		FOR found IN EXECUTE format('SELECT to_jsonb(t)::text FROM %s AS t WHERE user_id = $1', relation) USING person
		LOOP
			found := regexp_replace(found, '[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}', 'uuid', 'g');
			found := regexp_replace(found, '\d{4}-\d\d-\d\dT[0-9:.]+\+00:00', 'time', 'g');
			found := regexp_replace(found, '\\x[0-9a-f]{32}"', '16 bytes"', 'g');
			found := regexp_replace(found, '\$argon2id\$[^"]*', 'hash', 'g');
			found := regexp_replace(found, '(user|First|Last)\d+', '\1', 'g');
			RETURN NEXT relation || ' ' || regexp_replace(found, '("xid": )"?\d+"?', '\1xid', 'g');
		END LOOP;
	END LOOP;
END $$;
CREATE TEMPORARY TABLE difference AS
SELECT '-' AS side, * FROM (SELECT pg_temp.rows_of(:'made') EXCEPT ALL SELECT pg_temp.rows_of(:'loaded')) AS s
UNION ALL
SELECT '+', * FROM (SELECT pg_temp.rows_of(:'loaded') EXCEPT ALL SELECT pg_temp.rows_of(:'made')) AS s;
TABLE difference;
SELECT 1 / (count(*) = 0)::integer FROM difference;
ROLLBACK;
