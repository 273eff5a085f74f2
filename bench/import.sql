-- What the figures about importing need, run once by a superuser.
SET client_min_messages = warning;
CREATE SCHEMA import;

-- Accounts of another platform. The ids are random, as most are.
CREATE TABLE import.staging AS
SELECT format('user%s@example.org', n) AS email, 'user' || n AS username,
       '$2b$10$abcdefghijklmnopqrstuuc4eVnKdrRiLl.YAW0QQYs4H.N59RoGO' AS password_hash,
       'First' || n % 1000 AS first_name, 'Last' || n % 5000 AS last_name, gen_random_uuid() AS id, 'enabled' AS status,
       'user' AS platform_role, now() AS email_verified_at, 'en' AS language, 'Default' AS theme, '{a,b}'::text[] AS tags,
       '{"a": 1}'::jsonb AS metadata, '{}'::jsonb AS admin_metadata, now() AS created_at, now() AS updated_at
  FROM generate_series(1, :rows) n;
VACUUM (FREEZE, ANALYZE) import.staging;
COPY import.staging TO :'file';

-- A plain table with the indexes that ours have on the same columns.
CREATE TABLE import.plain (LIKE import.staging);
ALTER TABLE import.plain ADD PRIMARY KEY (id);
CREATE UNIQUE INDEX ON import.plain (lower(email COLLATE "C"));
CREATE UNIQUE INDEX ON import.plain (lower(username COLLATE "C"));
SELECT format('CREATE %sINDEX ON import.plain %s%s', CASE WHEN i.indisunique THEN 'UNIQUE ' END,
              replace(substring(pg_get_indexdef(i.indexrelid) FROM '\(.*?\)(?= WHERE|$)'), 'user_id', 'id'),
              substring(pg_get_indexdef(i.indexrelid) FROM ' WHERE .*'))
  FROM pg_index i
 WHERE i.indrelid IN ('users.account'::regclass, 'users.person'::regclass) AND NOT i.indisprimary
   AND pg_get_indexdef(i.indexrelid) !~ 'deleted_at'
\gexec
CREATE TABLE import.ready ();
