-- For \ir in test/pgtap: a schema with all that pg_catalog and the API have, by
-- the same names and types and with evil in it. Whatever of it runs is counted,
-- whoever catches the error.
CREATE SCHEMA hostile;
CREATE SEQUENCE hostile.ran;
CREATE FUNCTION hostile.evil() RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN PERFORM pg_catalog.nextval('hostile.ran'); RAISE EXCEPTION 'found along the search_path'; END $$;
DO $do$
DECLARE
	f record;
BEGIN
	FOR f IN SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace
	            AND typname IN ('text', 'uuid', 'name', 'oid', 'regclass', 'regrole', 'jsonb', 'bytea', 'inet', 'timestamptz', 'xid8', 'float8', 'int8', 'bool') LOOP
		EXECUTE format('CREATE DOMAIN hostile.%I AS pg_catalog.%I CHECK (hostile.evil())', f.typname, f.typname);
	END LOOP;
	FOR f IN SELECT DISTINCT relname FROM pg_class WHERE relnamespace IN ('pg_catalog'::regnamespace, 'users'::regnamespace) AND relkind IN ('r', 'v')
	            OR relnamespace = 'public'::regnamespace AND relkind IN ('v', 'c') AND relname LIKE 'users\_%' LOOP
		EXECUTE format('CREATE VIEW hostile.%I AS SELECT hostile.evil()', f.relname);
	END LOOP;
	FOR f IN SELECT p.proname, p.proretset, p.prorettype::regtype AS result, array_to_string(p.proargtypes::regtype[], ', ') AS arguments
	           FROM pg_proc p
	          WHERE (p.pronamespace = 'pg_catalog'::regnamespace OR p.pronamespace = 'public'::regnamespace AND p.proname LIKE 'users\_%')
	            AND p.prokind = 'f' AND p.prorettype <> 'trigger'::regtype
	            AND NOT EXISTS (SELECT FROM pg_type t WHERE t.typtype = 'p' AND (t.oid = p.prorettype OR t.oid = ANY (p.proargtypes))) LOOP
		EXECUTE format('CREATE FUNCTION hostile.%I(%s) RETURNS %s%s LANGUAGE plpgsql AS %L',
		               f.proname, f.arguments, CASE WHEN f.proretset THEN 'SETOF ' END, f.result,
		               format('BEGIN PERFORM hostile.evil(); RETURN%s; END', CASE WHEN NOT f.proretset THEN ' NULL' END));
	END LOOP;
	FOR f IN SELECT o.oprname, o.oprleft::regtype AS l, o.oprright::regtype AS r, p.proname
	           FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode
	          WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprleft <> 0
	            AND to_regprocedure(format('hostile.%I(%s, %s)', p.proname, o.oprleft::regtype, o.oprright::regtype)) IS NOT NULL LOOP
		EXECUTE format('CREATE OPERATOR hostile.%s (FUNCTION = hostile.%I, LEFTARG = %s, RIGHTARG = %s)', f.oprname, f.proname, f.l, f.r);
	END LOOP;
END
$do$;
GRANT USAGE ON SCHEMA hostile TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA hostile TO PUBLIC;

-- That it is a trap.
CREATE FUNCTION pg_temp.falls() RETURNS text LANGUAGE plpgsql SET search_path = hostile, pg_catalog AS $$
BEGIN
	PERFORM 1 WHERE 'a'::pg_catalog.text = 'a'::pg_catalog.text;
	RETURN NULL;
EXCEPTION WHEN raise_exception THEN
	RETURN SQLERRM;
END
$$;
