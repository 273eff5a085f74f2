-- Everything that belongs to the extension, as text, a row each: what an upgrade
-- or a restore must leave as CREATE EXTENSION makes it. Numbers of objects are
-- not in it, nor is the order in which rights were given, or what users_setup_login and
-- users_setup_owner gave to roles of others.
SET search_path = pg_catalog;

WITH member AS (
	SELECT d.classid, d.objid, i.type, i.identity
	  FROM pg_depend d
	  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
	 CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) i
	 WHERE e.extname = 'users'
), relation AS (
	SELECT m.*, c.* FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
), rights (classid, objid, subid, owner, kind, acl) AS (
	SELECT 'pg_class'::regclass, oid, 0, relowner, 'r'::"char", relacl FROM pg_class
	UNION ALL SELECT 'pg_class'::regclass, attrelid, attnum, relowner, 'c', attacl FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE attnum > 0 AND NOT attisdropped
	UNION ALL SELECT 'pg_proc'::regclass, oid, 0, proowner, 'f'::"char", proacl FROM pg_proc
	UNION ALL SELECT 'pg_type'::regclass, oid, 0, typowner, 'T'::"char", typacl FROM pg_type
	UNION ALL SELECT 'pg_namespace'::regclass, oid, 0, nspowner, 'n'::"char", nspacl FROM pg_namespace
)
SELECT identity, what, definition FROM (
	SELECT identity, 'member', type FROM member
	UNION ALL SELECT m.identity, 'owner', r.owner::regrole::text FROM member m JOIN rights r USING (classid, objid) WHERE r.subid = 0
	UNION ALL SELECT m.identity, concat('right ', r.subid), concat_ws(' ', CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, a.privilege_type, a.is_grantable, a.grantor::regrole)
	  FROM member m JOIN rights r USING (classid, objid), aclexplode(coalesce(r.acl, acldefault(r.kind, r.owner))) a
	 WHERE a.grantee = 0 OR a.grantee::regrole::text LIKE 'users\_%'
	-- What pg_dump compares rights with; none is kept where they are PostgreSQL's.
	UNION ALL SELECT m.identity, concat('first right ', r.subid), concat_ws(' ', CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, a.privilege_type, a.is_grantable)
	  FROM member m JOIN rights r USING (classid, objid) LEFT JOIN pg_init_privs p ON p.classoid = r.classid AND p.objoid = r.objid AND p.objsubid = r.subid,
	       aclexplode(coalesce(p.initprivs, acldefault(r.kind, r.owner))) a
	UNION ALL SELECT m.identity, concat('comment ', d.objsubid), d.description FROM member m JOIN pg_description d ON d.classoid = m.classid AND d.objoid = m.objid
	UNION ALL SELECT m.identity, 'function', pg_get_functiondef(m.objid) FROM member m WHERE m.classid = 'pg_proc'::regclass
	UNION ALL SELECT m.identity, 'function', concat_ws(' ', p.prosupport, p.procost, p.prorows) FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
	UNION ALL SELECT r.identity, 'relation', concat_ws(' ', relkind, relpersistence, relrowsecurity, relforcerowsecurity, relreplident, array_to_string(reloptions, ' ')) FROM relation r
	UNION ALL SELECT r.identity, 'view', pg_get_viewdef(r.oid) FROM relation r WHERE relkind = 'v'
	UNION ALL SELECT r.identity, concat('column ', a.attnum), concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attcollation::regcollation, a.attstorage, a.attcompression, a.attidentity, a.attgenerated, a.attisdropped, pg_get_expr(d.adbin, d.adrelid))
	  FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	UNION ALL SELECT r.identity, concat('constraint ', k.conname), concat_ws(' ', pg_get_constraintdef(k.oid), k.convalidated, k.condeferrable)
	  FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid
	UNION ALL SELECT r.identity, 'index', concat_ws(' ', pg_get_indexdef(x.indexrelid), x.indisclustered, x.indisvalid, x.indisreplident) FROM relation r JOIN pg_index x ON x.indrelid = r.oid
	UNION ALL SELECT r.identity, 'trigger', concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled) FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
	UNION ALL SELECT r.identity, concat('policy ', p.polname), concat_ws(' ', p.polcmd, p.polpermissive, p.polroles::regrole[], pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
	  FROM relation r JOIN pg_policy p ON p.polrelid = r.oid
	UNION ALL SELECT m.identity, 'domain', concat_ws(' ', t.typtype, format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault, (SELECT string_agg(pg_get_constraintdef(k.oid), ' ' ORDER BY k.conname) FROM pg_constraint k WHERE k.contypid = t.oid))
	  FROM member m JOIN pg_type t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid
	UNION ALL SELECT m.identity, concat('attribute ', a.attnum), concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attcollation::regcollation)
	  FROM member m JOIN pg_type t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid AND t.typtype = 'c' JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0
	UNION ALL SELECT 'users', 'extension', concat_ws(' ', e.extversion, e.extowner::regrole, e.extnamespace::regnamespace, e.extrelocatable) FROM pg_extension e WHERE e.extname = 'users'
	UNION ALL SELECT 'users', 'dumped', concat_ws(' ', u.relation::regclass, u.condition) FROM pg_extension e, unnest(e.extconfig, e.extcondition) u (relation, condition) WHERE e.extname = 'users'
) o (identity, what, definition)
 ORDER BY identity COLLATE "C", what COLLATE "C", definition COLLATE "C";
