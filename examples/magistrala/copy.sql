-- As a superuser: the platform's tables, anew, from foreign tables of their names
-- in the schema remote; doc/migration.md says how those are made.
DO $$
DECLARE
	kind text;
	wanted text[] := '{users,domains,invitations,groups,clients,channels,rules,alarms,report_config}';
	columns text;
	name text;
BEGIN
	FOREACH kind IN ARRAY '{domains,groups,clients,channels,rules,reports}'::text[] LOOP
		wanted := wanted || ARRAY[kind || '_roles', kind || '_role_actions', kind || '_role_members'];
	END LOOP;
	EXECUTE (SELECT 'TRUNCATE ' || string_agg(format('magistrala.%I', w), ', ') FROM unnest(wanted) w);
	FOREACH name IN ARRAY wanted LOOP
		SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO columns
		  FROM pg_attribute a
		 WHERE a.attrelid = format('magistrala.%I', name)::regclass AND a.attnum > 0 AND NOT a.attisdropped;
		EXECUTE format('INSERT INTO magistrala.%I (%s) SELECT %2$s FROM remote.%1$I', name, columns);
	END LOOP;
END
$$;
ANALYZE;
