-- Fills a database that has the extension, and in it nothing has happened yet,
-- with accounts as users_register and users_grant_role would, in minutes instead
-- of days. Run by a superuser; `accounts` says how many, and `hash` is of the
-- password that they share. They are user1, user2 and so on, with addresses
-- user1@example.org, who signed up in the last five days and have a session
-- since. Each thousand has a domain, of which the first is the administrator and
-- the others are viewers.
--
-- The tables are new files of one transaction, so that with wal_level = minimal
-- nothing is written twice. Indexes are made of finished tables, and foreign keys
-- are checked all at once in the end.
SET client_min_messages = warning;
SET maintenance_work_mem = '1GB';
SET work_mem = '256MB';
SET users.allow_drop = on;

BEGIN;
SELECT 1 / (NOT EXISTS (SELECT FROM users.person_id) AND NOT EXISTS (SELECT FROM users.audit_event)
		AND NOT EXISTS (SELECT FROM users.domain))::integer AS empty
\gset
TRUNCATE users.person_id, users.account, users.person, users.credential, users.identifier, users.session,
	users.audit_event, users.event_position, users.domain, users.role, users.role_assignment,
	users.known_device, users.picture, users.invitation;
CREATE TEMPORARY TABLE filled AS
SELECT oid::regclass AS relation FROM pg_class
 WHERE oid = ANY ('{users.person_id,users.account,users.person,users.credential,users.identifier,users.session,users.audit_event,users.event_position,users.domain,users.role,users.role_assignment}'::regclass[]);

-- No foreign key is checked row by row, and no index grows with a row.
SET LOCAL session_replication_role = replica;
UPDATE pg_index SET indisready = false WHERE indrelid IN (SELECT relation FROM filled);

-- ---- who there is

-- Of version 7, for a time in milliseconds; random is of version 4.
CREATE FUNCTION pg_temp.id(ms bigint, random uuid DEFAULT gen_random_uuid()) RETURNS uuid
RETURN (lpad(to_hex(ms), 12, '0') || '-7' || substr(random::text, 16))::uuid;
CREATE FUNCTION pg_temp.random_bytes() RETURNS bytea
RETURN uuid_send(gen_random_uuid());
CREATE FUNCTION pg_temp.time(ms bigint) RETURNS timestamptz
RETURN timestamptz '1970-01-01 00:00:00+00' + ms * interval '1 millisecond';

SELECT floor(extract(epoch FROM now() - interval '5 days') * 1000)::bigint AS begun, 4.9 * 86400 * 1000 / :accounts AS step
\gset
CREATE TEMPORARY TABLE place AS
SELECT d, ms, pg_temp.id(ms) AS domain_id, pg_temp.id(ms) AS admin_id, pg_temp.id(ms) AS editor_id, pg_temp.id(ms) AS viewer_id,
       pg_temp.id(ms) AS event_id
  FROM (SELECT d, (:begun + 1000 * d * :step)::bigint AS ms FROM generate_series(0, (:accounts - 1) / 1000) AS d) AS s;
CREATE TEMPORARY TABLE someone AS
SELECT n, ms, (n - 1) / 1000 AS d, n % 1000 = 1 AS administers,
       pg_temp.id(ms) AS user_id, pg_temp.id(ms) AS session_id, pg_temp.id(ms) AS registered_id, pg_temp.id(ms) AS granted_id
  FROM (SELECT n, (:begun + n * :step)::bigint AS ms FROM generate_series(1, :accounts) AS n) AS s;
ANALYZE place, someone;

-- ---- the accounts

INSERT INTO users.person_id SELECT user_id FROM someone;
INSERT INTO users.account (user_id, email, created_at, updated_at)
SELECT user_id, 'user' || n || '@example.org', pg_temp.time(ms), pg_temp.time(ms) FROM someone;
INSERT INTO users.person (user_id, username, first_name, last_name)
SELECT user_id, 'user' || n, 'First' || n % 1000, 'Last' || n % 5000 FROM someone;
INSERT INTO users.credential (user_id, password_hash, nonce, changed_at)
SELECT user_id, :'hash', pg_temp.random_bytes(), pg_temp.time(ms) FROM someone;
INSERT INTO users.identifier (identifier, kind, user_id)
SELECT kind || ':user' || n || CASE kind WHEN 'email' THEN '@example.org' ELSE '' END, kind, user_id
  FROM someone, (VALUES ('email'), ('username')) AS k (kind);
INSERT INTO users.session (user_id, id, created_at, authenticated_at, refreshed_at, expires_at, ends_at, nonce, counter, current_random)
SELECT user_id, session_id, at, at, at, at + current_setting('users.refresh_token_ttl')::interval,
       at + current_setting('users.session_ttl')::interval, pg_temp.random_bytes(), 1, pg_temp.random_bytes()
  FROM (SELECT *, pg_temp.time(ms) AS at FROM someone) AS s;

-- ---- their domains

INSERT INTO users.domain (id, name, route, created_at, updated_at)
SELECT domain_id, 'Domain ' || d, 'domain' || d, pg_temp.time(ms), pg_temp.time(ms) FROM place;
INSERT INTO users.role (id, domain_id, name, permissions, built_in, created_at, updated_at)
SELECT r.id, domain_id, r.name, r.permissions::text[], r.name = 'admin', pg_temp.time(ms), pg_temp.time(ms)
  FROM place, LATERAL (VALUES (admin_id, 'admin', '{}'),
	(editor_id, 'editor', '{channel:connect,channel:create,channel:delete,channel:publish,channel:read,channel:subscribe,channel:update,device:connect,device:create,device:delete,device:read,device:update,domain:read}'),
	(viewer_id, 'viewer', '{channel:read,channel:subscribe,device:read,domain:read}')) AS r (id, name, permissions);
INSERT INTO users.role_assignment (user_id, domain_id, role_id, granted_at)
SELECT user_id, domain_id, CASE WHEN administers THEN admin_id ELSE viewer_id END, pg_temp.time(s.ms) FROM someone AS s JOIN place USING (d);

-- ---- what is in the audit of it

INSERT INTO users.audit_event (user_id, id, occurred_at, event, outcome, session_id)
SELECT user_id, registered_id, pg_temp.time(ms), 'register', 'success', session_id FROM someone;
INSERT INTO users.audit_event (user_id, id, occurred_at, event, outcome, domain_id, detail)
SELECT user_id, granted_id, pg_temp.time(s.ms), 'role_granted', 'success', domain_id, jsonb_build_object('role_id', viewer_id)
  FROM someone AS s JOIN place USING (d) WHERE NOT administers;
INSERT INTO users.audit_event (user_id, id, occurred_at, event, outcome, domain_id, nobody)
SELECT '00000000-0000-0000-0000-000000000000', event_id, pg_temp.time(ms), 'domain_created', 'success', domain_id, true FROM place;
INSERT INTO users.event_position (user_id, event_id, xid)
SELECT user_id, id, pg_current_xact_id() FROM users.audit_event;

DROP TABLE someone, place;
SELECT format('REINDEX TABLE %s', relation) FROM filled
\gexec
COMMIT;

-- ---- foreign keys; each is a key of one column here

SELECT format('SELECT 1 / (NOT EXISTS (SELECT FROM %s AS r WHERE %I IS NOT NULL AND NOT EXISTS (SELECT FROM %s AS k WHERE k.%I = r.%I)))::integer',
		c.conrelid::regclass, r.attname, c.confrelid::regclass, k.attname, r.attname)
  FROM pg_constraint AS c
  JOIN pg_attribute AS r ON r.attrelid = c.conrelid AND r.attnum = c.conkey[1]
  JOIN pg_attribute AS k ON k.attrelid = c.confrelid AND k.attnum = c.confkey[1]
 WHERE c.contype = 'f' AND c.conrelid IN (SELECT relation FROM filled)
\gexec
DROP TABLE filled;
VACUUM (FREEZE, ANALYZE);
