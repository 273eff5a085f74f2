-- What the figures rls-… need, run once by a superuser after bench/setup.sql.
SET client_min_messages = warning;
SET maintenance_work_mem = '256MB';

CREATE ROLE rls_owner;
SELECT users_setup_owner('rls_owner');
CREATE SCHEMA rls AUTHORIZATION rls_owner;
GRANT USAGE ON SCHEMA rls TO users_member;

-- A thousand domains, each with a role; who has it in one of them, in ten, in all,
-- and on 10,000 single objects.
CREATE FUNCTION pg_temp.d(n integer) RETURNS uuid IMMUTABLE RETURN md5('domain' || n)::uuid;
CREATE FUNCTION pg_temp.o(n integer) RETURNS uuid IMMUTABLE RETURN md5('object' || n)::uuid;
CREATE FUNCTION pg_temp.r(n integer) RETURNS uuid IMMUTABLE RETURN md5('role' || n)::uuid;
INSERT INTO users.domain (id, name, route, created_at, updated_at)
SELECT pg_temp.d(n), 'd' || n, 'd' || n, now(), now() FROM generate_series(1, 1000) n;
INSERT INTO users.role (id, domain_id, name, permissions, created_at, updated_at)
SELECT pg_temp.r(n), pg_temp.d(n), 'editor', '{device:create,device:delete,device:read,device:update}', now(), now()
  FROM generate_series(1, 1000) n;

CREATE TABLE rls.member AS
SELECT name, user_id, NULL::uuid[] AS given FROM unnest(ARRAY['one', 'ten', 'thousand', 'guest']) AS name,
	LATERAL users_register(name || '@example.com', name, :'password', 'Rls', 'Member') WHERE status = 'ok';
INSERT INTO users.role_assignment (user_id, domain_id, role_id, granted_at)
SELECT user_id, pg_temp.d(n), pg_temp.r(n), now()
  FROM rls.member, generate_series(1, 1000) n
 WHERE name = 'thousand' OR name = 'ten' AND n % 100 = 7 OR name = 'one' AND n = 7;
INSERT INTO users.role_assignment (user_id, domain_id, role_id, object_type, object_id, granted_at)
SELECT user_id, pg_temp.d(1 + n % 1000), pg_temp.r(1 + n % 1000), 'device', pg_temp.o(n), now()
  FROM rls.member, generate_series(97, 970000, 97) n WHERE name = 'guest';
-- What an explicit WHERE names.
UPDATE rls.member m SET given =
	(SELECT array_agg(CASE object_type WHEN '' THEN a.domain_id ELSE a.object_id END) FROM users.role_assignment a WHERE a.user_id = m.user_id);

-- What the two other kinds of policy ask.
CREATE TABLE rls.membership AS
SELECT user_id, domain_id FROM users.role_assignment WHERE object_type = '' AND user_id IN (SELECT user_id FROM rls.member);
ALTER TABLE rls.membership ADD PRIMARY KEY (user_id, domain_id);
CREATE FUNCTION rls.may_read(domain uuid) RETURNS boolean STABLE LANGUAGE plpgsql AS $$
BEGIN
	RETURN EXISTS (SELECT FROM rls.membership m WHERE m.user_id = users_current_user_id() AND m.domain_id = domain);
END
$$;

-- The rows, with policies and without; and 100,000 of them.
CREATE TABLE rls.device (id uuid NOT NULL, domain_id uuid NOT NULL, name text);
INSERT INTO rls.device SELECT pg_temp.o(n), pg_temp.d(1 + n % 1000), 'device ' || n FROM generate_series(1, :rows) n;
CREATE TABLE rls.plain (LIKE rls.device);
INSERT INTO rls.plain TABLE rls.device;
CREATE TABLE rls.tenth (LIKE rls.device);
INSERT INTO rls.tenth SELECT * FROM rls.device LIMIT 100000;
CREATE TABLE rls.fresh AS
SELECT pg_temp.o(n) AS id, pg_temp.d(1 + n % 1000) AS domain_id, 'device ' || n AS name FROM generate_series(:rows + 1, :rows + 100000) n;
ALTER TABLE rls.device ADD PRIMARY KEY (id);
ALTER TABLE rls.device OWNER TO rls_owner;
SET ROLE rls_owner;
SELECT users_protect('rls.device', 'device');
RESET ROLE;
SELECT regexp_replace(indexdef, 'INDEX \S+ ON (ONLY )?rls\.device ', format('INDEX ON rls.%s ', name))
  FROM pg_indexes, unnest(ARRAY['plain', 'tenth']) AS name WHERE schemaname = 'rls' AND tablename = 'device'
\gexec
SELECT 1 / (count(DISTINCT number) = 1 AND min(number) >= 2)::integer
  FROM (SELECT count(*) AS number FROM pg_indexes WHERE schemaname = 'rls' AND tablename IN ('device', 'plain', 'tenth') GROUP BY tablename) i;

GRANT SELECT ON rls.member, rls.membership, rls.plain, rls.tenth, rls.fresh TO users_member;
GRANT INSERT ON rls.plain TO users_member;
VACUUM (FREEZE, ANALYZE) rls.device, rls.plain, rls.tenth, rls.fresh, rls.member, rls.membership;
VACUUM (ANALYZE) users.domain, users.role, users.role_assignment;
CREATE TABLE rls.ready ();
