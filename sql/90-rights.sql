-- Everything belongs to users_owner, and nobody else keeps any right on it:
-- neither PUBLIC, which PostgreSQL gives some, nor whom the installing
-- superuser's ALTER DEFAULT PRIVILEGES names. A stranger's TRIGGER on a table
-- would be his code run with our rights.
DO $do$
DECLARE
	api_schema name := (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'users');
	member record;
	grantee text;
BEGIN
	FOR member IN
		SELECT o.type, o.identity, o.kind, o.acl
		  FROM pg_depend d
		  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'users'
		  CROSS JOIN LATERAL (
			SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, c.oid::regclass::text, 'TABLE', c.relacl
			  FROM pg_class c WHERE d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind IN ('r', 'v')
			UNION ALL
			SELECT 'FUNCTION', p.oid::regprocedure::text, 'FUNCTION', coalesce(p.proacl, acldefault('f', p.proowner))
			  FROM pg_proc p WHERE d.classid = 'pg_proc'::regclass AND p.oid = d.objid
			UNION ALL
			-- Not row types of tables and views: neither a dump nor pg_upgrade keeps their
			-- rights, and PostgreSQL's default lets nobody see a row. Array types follow
			-- their element. (From 17 on both are members too.)
			SELECT 'TYPE', t.oid::regtype::text, 'TYPE', coalesce(t.typacl, acldefault('T', t.typowner))
			  FROM pg_type t WHERE d.classid = 'pg_type'::regclass AND t.oid = d.objid
			   AND (t.typtype = 'd' OR EXISTS (SELECT FROM pg_class r WHERE r.oid = t.typrelid AND r.relkind = 'c'))
			UNION ALL
			SELECT 'SCHEMA', n.oid::regnamespace::text, 'SCHEMA', n.nspacl
			  FROM pg_namespace n WHERE d.classid = 'pg_namespace'::regclass AND n.oid = d.objid
		  ) o (type, identity, kind, acl)
		 WHERE d.deptype = 'e'
	LOOP
		FOR grantee IN
			SELECT DISTINCT coalesce(quote_ident(r.rolname), 'PUBLIC')
			  FROM aclexplode(member.acl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
			 WHERE a.grantee <> a.grantor
		LOOP
			EXECUTE format('REVOKE ALL ON %s %s FROM %s', member.kind, member.identity, grantee);
		END LOOP;
		EXECUTE format('ALTER %s %s OWNER TO users_owner', member.type, member.identity);
	END LOOP;
	EXECUTE format('GRANT USAGE ON SCHEMA %I TO users_anon, users_member, users_service, users_relay', api_schema);
END
$do$;

-- Somebody who could make functions in the API's schema may have been there
-- first: under a name of ours, with other arguments, theirs would be called or
-- make the call ambiguous.
DO $do$
DECLARE
	others text := (
		SELECT string_agg(p.oid::regprocedure::text, ', ' ORDER BY p.oid::regprocedure::text)
		  FROM pg_depend d
		  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'users'
		  JOIN pg_proc o ON d.classid = 'pg_proc'::regclass AND o.oid = d.objid
		  JOIN pg_proc p ON p.pronamespace = o.pronamespace AND p.proname = o.proname AND p.oid <> o.oid
		 WHERE d.deptype = 'e');
BEGIN
	IF others IS NOT NULL THEN
		RAISE EXCEPTION 'functions of others have names of the extension "users"'
			USING ERRCODE = 'duplicate_function', DETAIL = 'These: ' || others || '.',
			      HINT = 'Drop or rename them, or name another schema, to which nobody else can add anything.';
	END IF;
END
$do$;
