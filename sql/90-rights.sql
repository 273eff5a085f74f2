-- Everything belongs to users_owner, and PUBLIC keeps nothing but what
-- policies, defaults and table owners need and what tells nothing without an
-- identity.
DO $do$
DECLARE
	api_schema name := (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'users');
	for_public CONSTANT text[] := ARRAY['users_current_user_id', 'users_current_session_id', 'users_current_role', 'users_is_admin'];
	member record;
BEGIN
	FOR member IN
		SELECT d.classid, d.objid, c.relkind, c.relname, p.proname, t.typname
		  FROM pg_depend d
		  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'users'
		  LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
		  LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
		  LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
		 WHERE d.deptype = 'e'
		   -- From 17 on row types and array types are members too; they follow their table or element.
		   AND (t.oid IS NULL OR t.typtype = 'd'
		        OR EXISTS (SELECT FROM pg_class r WHERE r.oid = t.typrelid AND r.relkind = 'c'))
	LOOP
		CASE
			WHEN member.proname IS NOT NULL THEN
				EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', member.objid::regprocedure);
				IF member.proname = ANY (for_public) THEN
					EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', member.objid::regprocedure);
				END IF;
				EXECUTE format('ALTER FUNCTION %s OWNER TO users_owner', member.objid::regprocedure);
			WHEN member.relkind IN ('r', 'v') THEN
				EXECUTE format('REVOKE ALL ON TABLE %s FROM PUBLIC', member.objid::regclass);
				EXECUTE format('REVOKE ALL ON TYPE %s FROM PUBLIC', (SELECT c.reltype FROM pg_class c WHERE c.oid = member.objid)::regtype);
				EXECUTE format('ALTER %s %s OWNER TO users_owner',
				               CASE member.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, member.objid::regclass);
			WHEN member.typname IS NOT NULL THEN
				EXECUTE format('REVOKE ALL ON TYPE %s FROM PUBLIC', member.objid::regtype);
				EXECUTE format('ALTER TYPE %s OWNER TO users_owner', member.objid::regtype);
			ELSE
				NULL;
		END CASE;
	END LOOP;
	ALTER SCHEMA users OWNER TO users_owner;
	REVOKE ALL ON SCHEMA users FROM PUBLIC;
	EXECUTE format('GRANT USAGE ON SCHEMA %I TO users_anon, users_member, users_service, users_relay', api_schema);
END
$do$;

GRANT USAGE ON TYPE
	@extschema@.users_session, @extschema@.users_outcome, @extschema@.users_claims, @extschema@.users_link,
	@extschema@.users_person, @extschema@.users_public_options, @extschema@.users_check_result
	TO users_anon, users_member, users_service;
GRANT USAGE ON TYPE @extschema@.users_sessions, @extschema@.users_languages, @extschema@.users_themes TO users_anon, users_member;
GRANT USAGE ON TYPE @extschema@.users_keys TO users_admin;
GRANT USAGE ON TYPE users."application/jwk-set+json" TO users_anon, users_member, users_service;
