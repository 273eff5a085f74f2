-- Nothing here is found through a path that others can write to.
SET LOCAL search_path = pg_catalog, pg_temp;

DO $do$
DECLARE
	api_schema name := (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'users');
BEGIN
	IF api_schema !~ '^[a-z_][a-z0-9_]{0,62}$' OR api_schema IN ('users', 'pg_catalog', 'information_schema') THEN
		RAISE EXCEPTION 'the extension "users" cannot be installed in the schema %', quote_ident(api_schema)
			USING ERRCODE = 'invalid_schema_name',
			      HINT = 'Name a schema of lower-case letters, digits and underscores other than "users", which holds the tables.';
	END IF;
END
$do$;

-- Roles belong to the whole cluster: a missing one is made, an existing one is
-- taken over only when it is as harmless as the one that would be made. None
-- is ever dropped.
DO $do$
DECLARE
	wanted name;
	existing pg_roles;
	members text;
	level CONSTANT text := current_setting('client_min_messages');
BEGIN
	FOREACH wanted IN ARRAY ARRAY['users_owner', 'users_anon', 'users_member', 'users_admin', 'users_dba',
	                              'users_service', 'users_proxy', 'users_relay']::name[] LOOP
		SELECT r.* INTO existing FROM pg_roles r WHERE r.rolname = wanted;
		IF NOT FOUND THEN
			EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
			CONTINUE;
		END IF;
		IF existing.rolcanlogin OR existing.rolsuper OR existing.rolbypassrls OR existing.rolcreaterole
		   OR existing.rolcreatedb OR existing.rolreplication THEN
			RAISE EXCEPTION 'the role "%" exists with more rights than the extension "users" gives it', wanted
				USING ERRCODE = 'object_not_in_prerequisite_state',
				      DETAIL = 'It must be NOLOGIN, without SUPERUSER, BYPASSRLS, CREATEROLE, CREATEDB and REPLICATION.',
				      HINT = format('ALTER ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION; or drop it.', wanted);
		END IF;
		SELECT string_agg(quote_ident(m.rolname), ', ' ORDER BY m.rolname) INTO members
		  FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member
		 WHERE a.roleid = existing.oid
		   AND (wanted, m.rolname) NOT IN (('users_member', 'users_admin'), ('users_admin', 'users_dba'));
		IF wanted = 'users_owner' THEN
			IF members IS NOT NULL OR EXISTS (SELECT FROM pg_auth_members a WHERE a.member = existing.oid) THEN
				RAISE EXCEPTION 'the role "users_owner" exists with members or memberships'
					USING ERRCODE = 'object_not_in_prerequisite_state',
					      DETAIL = 'It will own all accounts; whoever is a member of it owns them too.',
					      HINT = 'Revoke them, or drop the role.';
			END IF;
		ELSIF members IS NOT NULL THEN
			-- CREATE EXTENSION shows warnings only, unless told otherwise.
			PERFORM set_config('client_min_messages', 'notice', true);
			RAISE NOTICE 'the role "%" exists already; its members keep it: %', wanted, members;
			PERFORM set_config('client_min_messages', level, true);
		END IF;
	END LOOP;
	IF NOT EXISTS (SELECT FROM pg_auth_members a WHERE a.roleid = 'users_member'::regrole AND a.member = 'users_admin'::regrole) THEN
		GRANT users_member TO users_admin;
	END IF;
	IF NOT EXISTS (SELECT FROM pg_auth_members a WHERE a.roleid = 'users_admin'::regrole AND a.member = 'users_dba'::regrole) THEN
		GRANT users_admin TO users_dba;
	END IF;
END
$do$;

CREATE SCHEMA users;
COMMENT ON SCHEMA users IS
'Tables and internals of the extension "users". Nobody but users_owner reads or
  writes here; the API is in the schema that CREATE EXTENSION named.';

-- Apart from the tables, since whoever calls PostgREST needs USAGE on it; and
-- apart from the API, where an application may have domains of these names.
CREATE SCHEMA users_media;
COMMENT ON SCHEMA users_media IS
'Media types of the extension "users": PostgREST serves a function that returns such
  a domain with the type that it is named like.';
