-- The rules that the tables keep, so that standbys can read all of them and
-- their rows could be spread over several servers by user. Each table's COMMENT
-- begins with its kind; doc/internals.md has the rules. Each rule is seen to
-- find what breaks it.
\set ECHO none
\set QUIET 1
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only true
\pset pager off

SET client_min_messages = warning;
BEGIN;
SELECT plan(50);

-- Tables with their kind, and the column by which rows of the kind would be
-- spread.
CREATE TEMP VIEW kinds AS
SELECT k.*, CASE k.kind WHEN 'by-user' THEN 'user_id' WHEN 'by-identifier' THEN 'identifier' END AS key
  FROM (SELECT c.oid, c.relname::text AS name, c.relkind, c.relpersistence,
               substring(obj_description(c.oid, 'pg_class') FROM '^(by-user|by-identifier|reference|queue): \S') AS kind
          FROM pg_class c WHERE c.relnamespace = 'users'::regnamespace AND c.relkind NOT IN ('i', 'I', 'v', 'c', 'S', 't')) k;
CREATE TEMP VIEW keys AS
SELECT k.*, a.attnum, a.atttypid::regtype AS type, a.attnotnull, a.attgenerated, a.attidentity, a.attcollation::regcollation::text AS collated
  FROM kinds k LEFT JOIN pg_attribute a ON a.attrelid = k.oid AND a.attname = k.key;

CREATE TEMP VIEW broken (rule, what) AS
SELECT 1, name || ' is of no kind' FROM kinds WHERE kind IS NULL
-- The key column, the primary key, and every other unique one.
UNION ALL
SELECT 2, name || '.' || key || ' is not a plain ' || CASE kind WHEN 'by-user' THEN 'uuid' ELSE 'text COLLATE "C"' END || ' NOT NULL' FROM keys
 WHERE key IS NOT NULL
   AND (attnum IS NULL OR NOT attnotnull OR attgenerated <> '' OR attidentity <> ''
        OR (type::text, collated) IS DISTINCT FROM (CASE kind WHEN 'by-user' THEN 'uuid' ELSE 'text' END, CASE kind WHEN 'by-user' THEN '-' ELSE '"C"' END))
UNION ALL
SELECT 2, k.name || ' has no primary key' || coalesce(' that begins with ' || k.key, '') FROM keys k
 WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = k.oid AND i.indisprimary AND (k.key IS NULL OR i.indkey[0] = k.attnum))
UNION ALL
SELECT 2, i.indexrelid::regclass || ' is unique without ' || k.key FROM pg_index i JOIN keys k ON k.oid = i.indrelid
 WHERE k.key IS NOT NULL AND (i.indisunique OR i.indisexclusion) AND NOT coalesce(k.attnum = ANY (i.indkey::int2[]), false)
-- Addresses and names are unique in one table.
UNION ALL
SELECT 3, i.indexrelid::regclass || ' makes what names a person unique' FROM pg_index i JOIN keys k ON k.oid = i.indrelid
 WHERE (i.indisunique OR i.indisexclusion) AND k.kind IS DISTINCT FROM 'by-identifier'
   AND NOT coalesce(k.attnum = ANY (i.indkey::int2[]), false) AND pg_get_indexdef(i.indexrelid) ~ '\(.*\m(email|username|phone|identifier)\M'
-- Which no constraint ties to the account.
UNION ALL
SELECT 4, i.indexrelid::regclass || ' is a second unique key of an account' FROM pg_index i
 WHERE i.indrelid = 'users.account'::regclass AND (i.indisunique OR i.indisexclusion) AND NOT i.indisprimary
UNION ALL
SELECT 4, k.name || ' has the foreign key ' || f.conname FROM kinds k JOIN pg_constraint f ON f.conrelid = k.oid AND f.contype = 'f' WHERE k.kind = 'by-identifier'
-- Foreign keys stay with a user's rows, or lead to what every server has.
UNION ALL
SELECT 5, format('%s, from %s to %s', f.conname, k.kind, coalesce(r.kind, f.confrelid::regclass::text))
  FROM pg_constraint f JOIN keys k ON k.oid = f.conrelid LEFT JOIN keys r ON r.oid = f.confrelid
 WHERE f.contype = 'f' AND r.kind IS DISTINCT FROM 'reference'
   AND NOT (k.kind = 'by-user' AND coalesce(r.kind = 'by-user', false)
            AND array_position(f.conkey, k.attnum) = array_position(f.confkey, r.attnum) IS TRUE AND f.confdeltype = 'c')
UNION ALL
SELECT 5, format('%s changes %s.%s', f.conname, k.name, k.key) FROM pg_constraint f JOIN keys k ON k.oid = f.conrelid
 WHERE f.contype = 'f' AND k.attnum = ANY (f.conkey) AND (f.confdeltype IN ('n', 'd') OR f.confupdtype <> 'a')
-- Keys are made in C.
UNION ALL
SELECT 6, c.relname || ' is a sequence' FROM pg_class c WHERE c.relnamespace = 'users'::regnamespace AND c.relkind = 'S'
UNION ALL
SELECT 6, format('%s.%s is %s', k.name, a.attname, CASE WHEN a.attidentity <> '' THEN 'an identity' WHEN pg_get_expr(d.adbin, d.adrelid) ~ '\mnextval\(' THEN 'from a sequence' ELSE 'made by a default' END)
  FROM kinds k JOIN pg_attribute a ON a.attrelid = k.oid AND a.attnum > 0 AND NOT a.attisdropped LEFT JOIN pg_attrdef d ON d.adrelid = k.oid AND d.adnum = a.attnum
 WHERE a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) ~ '\m(nextval|gen_random_uuid|uuid_generate_\w+|uuidv\d|now|clock_timestamp)\('
UNION ALL
SELECT 6, format('%s.%s, in the primary key, is %s', k.name, a.attname, format_type(a.atttypid, NULL))
  FROM kinds k JOIN pg_index i ON i.indrelid = k.oid AND i.indisprimary JOIN pg_attribute a ON a.attrelid = k.oid AND a.attnum = ANY (i.indkey)
 WHERE a.atttypid NOT IN ('uuid'::regtype, 'bytea'::regtype) AND NOT (a.atttypid = 'text'::regtype AND a.attcollation = '"C"'::regcollation)
UNION ALL
SELECT 6, format('%s.%s is %s', k.name, a.attname, format_type(a.atttypid, NULL))
  FROM kinds k JOIN pg_attribute a ON a.attrelid = k.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE a.attname ~ '(^|_)id$' AND a.atttypid <> 'uuid'::regtype
-- C code writes all that is written, and all of it reaches the standbys.
UNION ALL
SELECT 7, format('%s has the trigger %s', k.name, t.tgname) FROM kinds k JOIN pg_trigger t ON t.tgrelid = k.oid AND NOT t.tgisinternal
UNION ALL
SELECT 7, format('%s has the rule %s', k.name, r.rulename) FROM kinds k JOIN pg_rewrite r ON r.ev_class = k.oid WHERE r.rulename <> '_RETURN'
UNION ALL
SELECT 7, name || ' is not a logged, plain table' FROM kinds WHERE relpersistence <> 'p' OR relkind NOT IN ('r', 'p');

---- the tables as they are

-- What breaks a rule on purpose, and why. One that does so no more has to go.
CREATE TEMP TABLE excepted (rule integer, what text, reason text);
INSERT INTO excepted VALUES
	(5, 'account_user_id_fkey, from by-user to by-user', 'rows of person_id are never deleted, so nothing cascades'),
	(6, 'event_mark.taken_at, in the primary key, is timestamp with time zone', 'a few rows of one server''s own: snapshots mean nothing elsewhere'),
	(6, 'event_position.xid, in the primary key, is xid8', 'rows of one server''s own, read in the order of its transactions'),
	(6, 'mail_request.class, in the primary key, is smallint', 'the order in which requests are claimed, before their id'),
	(6, 'mail_template.built_in, in the primary key, is boolean', 'beside two words'),
	(6, 'root_key.id is boolean', 'there is one row'),
	(6, 'root_key.id, in the primary key, is boolean', 'there is one row');

SELECT is((SELECT string_agg(format('rule %s: %s', rule, what), E'\n' ORDER BY rule, what) FROM (TABLE broken EXCEPT SELECT rule, what FROM excepted) b), NULL, 'the tables keep the rules');
SELECT is((SELECT string_agg(what, E'\n' ORDER BY what) FROM (SELECT rule, what FROM excepted EXCEPT TABLE broken) e), NULL, 'and what is excepted is there');
SELECT is((SELECT string_agg(c.oid::regclass::text, ', ') FROM pg_class c JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e' JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'users'
            WHERE c.relkind IN ('r', 'p', 'f', 'm', 'S') AND c.relnamespace <> 'users'::regnamespace), NULL, 'no other schema has tables of the extension');
SELECT is((SELECT string_agg(kind || ' ' || n, ', ' ORDER BY kind) FROM (SELECT kind, count(*) FROM kinds GROUP BY 1) v (kind, n)) ~ '^by-identifier 1, by-user \d+, queue \d+, reference \d+$', true, 'all kinds are there, and identifiers have one table');
SELECT is((SELECT string_agg(name, ' ' ORDER BY name) FROM kinds WHERE kind = 'by-identifier'), 'identifier', 'which is called so');

---- what breaks them

-- To refer to, since foreign keys of strangers to the tables above are refused.
CREATE TABLE users.person_here (user_id uuid PRIMARY KEY);
COMMENT ON TABLE users.person_here IS 'by-user: a test';
CREATE TABLE users.word_here (word text COLLATE "C" PRIMARY KEY);
COMMENT ON TABLE users.word_here IS 'reference: a test';
-- Of statements, what they break; then they are undone.
CREATE FUNCTION pg_temp.breaks(statements text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	CREATE TEMP TABLE before ON COMMIT DROP AS TABLE broken;
	EXECUTE statements;
	SELECT string_agg(DISTINCT rule::text, ' ') INTO found FROM (TABLE broken EXCEPT TABLE before) b;
	RAISE SQLSTATE 'UNDO0';
EXCEPTION
	WHEN SQLSTATE 'UNDO0' THEN
		RETURN coalesce(found, 'none');
END
$$;
CREATE FUNCTION pg_temp.is_broken(statements text, rules text) RETURNS text LANGUAGE sql AS
$$ SELECT is(pg_temp.breaks(statements), rules, CASE rules WHEN 'none' THEN 'allowed: ' ELSE 'breaks ' || rules || ': ' END || left(regexp_replace(statements, '; COMMENT ON TABLE users\.planted IS ''([a-z-]+): a test''', ', \1'), 160)) $$;
-- A table of a kind.
CREATE FUNCTION pg_temp.planted(kind text, columns text, extra text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT concat_ws('; ', format('CREATE TABLE users.planted (%s)', columns), format('COMMENT ON TABLE users.planted IS ''%s: a test''', kind), extra) $$;

SELECT pg_temp.is_broken(statements, rules) FROM (VALUES
	('SELECT', 'none'),
	-- rule 1
	('CREATE TABLE users.planted (user_id uuid PRIMARY KEY)', '1'),
	(pg_temp.planted('by-country', 'user_id uuid PRIMARY KEY'), '1'),
	(pg_temp.planted('by-user', 'user_id uuid PRIMARY KEY', 'COMMENT ON TABLE users.planted IS ''by-user'''), '1'),
	(pg_temp.planted('by-user', 'user_id uuid PRIMARY KEY', 'COMMENT ON TABLE users.planted IS ''A table by-user: a test'''), '1'),
	(pg_temp.planted('by-user', 'user_id uuid PRIMARY KEY'), 'none'),
	(pg_temp.planted('reference', 'name text COLLATE "C" PRIMARY KEY'), 'none'),
	(pg_temp.planted('queue', 'id uuid PRIMARY KEY, user_id uuid'), 'none'),
	-- rule 2
	(pg_temp.planted('by-user', 'user_id uuid, id uuid, PRIMARY KEY (user_id, id), UNIQUE (id, user_id)'), 'none'),
	(pg_temp.planted('by-user', 'id uuid PRIMARY KEY'), '2'),
	(pg_temp.planted('by-user', 'user_id uuid NOT NULL, id uuid'), '2'),
	(pg_temp.planted('by-user', 'user_id uuid, id uuid PRIMARY KEY'), '2'),
	(pg_temp.planted('by-user', 'user_id uuid, id uuid, PRIMARY KEY (id, user_id)'), '2'),
	(pg_temp.planted('by-user', 'user_id uuid PRIMARY KEY, id uuid UNIQUE'), '2'),
	(pg_temp.planted('by-user', 'user_id uuid PRIMARY KEY, a text, EXCLUDE USING hash (a WITH =)'), '2'),
	(pg_temp.planted('by-user', 'id uuid, user_id uuid GENERATED ALWAYS AS (id) STORED PRIMARY KEY'), '2'),
	(pg_temp.planted('by-user', 'user_id text COLLATE "C" PRIMARY KEY'), '2 6'),
	(pg_temp.planted('by-identifier', 'identifier text PRIMARY KEY, user_id uuid'), '2 6'),
	(pg_temp.planted('reference', 'id uuid'), '2'),
	('CREATE UNIQUE INDEX planted ON users.session (id)', '2'),
	-- rule 3
	(pg_temp.planted('reference', 'id uuid PRIMARY KEY, email text UNIQUE'), '3'),
	(pg_temp.planted('queue', 'id uuid PRIMARY KEY, username text', 'CREATE UNIQUE INDEX ON users.planted (lower(username))'), '3'),
	(pg_temp.planted('reference', 'id uuid PRIMARY KEY, email text', 'CREATE INDEX ON users.planted (email)'), 'none'),
	('CREATE UNIQUE INDEX planted ON users.person (lower(username))', '2 3'),
	-- rule 4
	('CREATE UNIQUE INDEX planted ON users.account (user_id, email)', '4'),
	('ALTER TABLE users.identifier ADD FOREIGN KEY (user_id) REFERENCES users.person_here', '4 5'),
	-- rule 5
	(pg_temp.planted('by-user', 'user_id uuid PRIMARY KEY REFERENCES users.person_here ON DELETE CASCADE'), 'none'),
	(pg_temp.planted('by-user', 'user_id uuid PRIMARY KEY, word text COLLATE "C" REFERENCES users.word_here ON DELETE SET NULL'), 'none'),
	(pg_temp.planted('by-user', 'user_id uuid PRIMARY KEY REFERENCES users.person_here'), '5'),
	(pg_temp.planted('by-user', 'user_id uuid PRIMARY KEY REFERENCES users.person_here ON DELETE CASCADE ON UPDATE CASCADE'), '5'),
	(pg_temp.planted('by-user', 'user_id uuid PRIMARY KEY, friend_id uuid REFERENCES users.person_here ON DELETE CASCADE'), '5'),
	(pg_temp.planted('reference', 'id uuid PRIMARY KEY, user_id uuid REFERENCES users.person_here ON DELETE CASCADE'), '5'),
	(pg_temp.planted('queue', 'id uuid PRIMARY KEY, user_id uuid REFERENCES users.person_here'), '5'),
	('CREATE TABLE public.planted (id uuid PRIMARY KEY); ALTER TABLE users.link ADD FOREIGN KEY (id) REFERENCES public.planted', '5'),
	-- rule 6
	('CREATE SEQUENCE users.planted', '6'),
	(pg_temp.planted('queue', 'id bigserial PRIMARY KEY'), '6'),
	(pg_temp.planted('queue', 'id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY'), '6'),
	(pg_temp.planted('reference', 'number integer PRIMARY KEY'), '6'),
	(pg_temp.planted('queue', 'id uuid PRIMARY KEY DEFAULT gen_random_uuid()'), '6'),
	(pg_temp.planted('queue', 'id uuid PRIMARY KEY, at timestamptz DEFAULT now()'), '6'),
	(pg_temp.planted('reference', 'id uuid PRIMARY KEY, session_id text'), '6'),
	-- rule 7
	(pg_temp.planted('by-user', 'user_id uuid PRIMARY KEY', 'CREATE TRIGGER planted BEFORE UPDATE ON users.planted FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()'), '7'),
	(pg_temp.planted('by-user', 'user_id uuid PRIMARY KEY', 'CREATE RULE planted AS ON DELETE TO users.planted DO INSTEAD NOTHING'), '7'),
	(pg_temp.planted('by-user', 'user_id uuid PRIMARY KEY', 'ALTER TABLE users.planted SET UNLOGGED'), '7'),
	('CREATE MATERIALIZED VIEW users.planted AS SELECT 1 AS n; COMMENT ON MATERIALIZED VIEW users.planted IS ''reference: a test''', '2 7')) v (statements, rules);

SELECT * FROM finish();
ROLLBACK;
