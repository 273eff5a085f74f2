-- Writes doc/reference.md from the catalog: what COMMENTs say is what readers
-- are told, and a test compares the two.
\set ECHO none
\pset format unaligned
\pset tuples_only true
\pset pager off
\set ON_ERROR_STOP 1
SET client_min_messages = error;

CREATE TEMP VIEW member AS
	SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
	 WHERE e.extname = 'users' AND d.deptype = 'e';
-- Who may, in the words of the grants.
CREATE FUNCTION pg_temp.grantees(acl aclitem[], privilege text) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce('`' || string_agg(CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, '`, `'
	                                  ORDER BY array_position('{users_anon,users_member,users_service,users_relay,users_admin,users_dba}'::text[], a.grantee::regrole::text)) || '`', 'superusers')
	  FROM aclexplode(acl) a WHERE a.privilege_type = privilege AND a.grantee <> a.grantor $$;
-- A comment as Markdown: each line a paragraph of its own, with the lines behind
-- it that are indented.
CREATE FUNCTION pg_temp.told(comment text) RETURNS text LANGUAGE sql AS
	$$ SELECT replace(replace(replace(replace(comment, E'\n  ', ' '), E'\n', E'\n\n'), '<', '&lt;'), '*', '\*') $$;

SELECT $$# Reference

Every function, view and type, as `\df+ users_*`, `\dv+ users_*` and `\dT+ users_*` tell
them: written from their comments by `test/lib/reference.sql`, and compared with
them by a test. Statuses and SQLSTATEs are in [troubleshooting.md](troubleshooting.md).

## Who may call what

| role | functions | views |
|---|---|---|$$;
SELECT format('| `%s` | %s | %s |', r.name,
              (SELECT coalesce(string_agg(format('[`%s`](#%1$s)', p.proname), ' ' ORDER BY p.proname), '')
                 FROM pg_proc p JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
                WHERE p.pronamespace <> 'users'::regnamespace
                  AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                               WHERE CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END = r.name AND a.grantee <> a.grantor)),
              (SELECT coalesce(string_agg(format('[`%s`](#%1$s)', c.relname), ' ' ORDER BY c.relname), '')
                 FROM pg_class c JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
                WHERE c.relkind = 'v'
                  AND EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee::regrole::text = r.name AND a.grantee <> a.grantor)))
  FROM unnest('{PUBLIC,users_anon,users_member,users_service,users_relay,users_admin,users_dba}'::text[]) WITH ORDINALITY r (name, place)
 ORDER BY r.place;

SELECT E'\n`users_admin` may what `users_member` may, and `users_dba` what `users_admin` may. What no role may, superusers may.\n\n## Functions';
SELECT format(E'\n### %s\n\n```sql\n%1$s(%s) → %s\n```\n\n%s\n\nGranted to %s.', p.proname,
              replace(pg_get_function_arguments(p.oid), '::text', ''),
              replace(pg_get_function_result(p.oid), 'users_media.', ''),
              pg_temp.told(obj_description(p.oid, 'pg_proc')),
              pg_temp.grantees(coalesce(p.proacl, acldefault('f', p.proowner)), 'EXECUTE'))
  FROM pg_proc p JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
 WHERE p.pronamespace <> 'users'::regnamespace
 ORDER BY p.proname COLLATE "C";

SELECT E'\n## Views';
SELECT format(E'\n### %s\n\n%s\n\n| column | type |\n|---|---|\n%s\n\nGranted to %s.', c.relname, pg_temp.told(obj_description(c.oid, 'pg_class')),
              (SELECT string_agg(format('| %s | %s |', a.attname, format_type(a.atttypid, a.atttypmod)), E'\n' ORDER BY a.attnum)
                 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
              pg_temp.grantees(c.relacl, 'SELECT'))
  FROM pg_class c JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
 WHERE c.relkind = 'v' AND c.relnamespace <> 'users'::regnamespace
 ORDER BY c.relname COLLATE "C";

SELECT E'\n## Types';
SELECT format(E'\n### %s\n\n%s\n\n| member | type |\n|---|---|\n%s', t.typname, pg_temp.told(obj_description(t.oid, 'pg_type')),
              (SELECT string_agg(format('| %s | %s |', a.attname, format_type(a.atttypid, a.atttypmod)), E'\n' ORDER BY a.attnum)
                 FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped))
  FROM pg_type t JOIN member m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'
 WHERE t.typnamespace <> 'users'::regnamespace
 ORDER BY t.typname COLLATE "C";
