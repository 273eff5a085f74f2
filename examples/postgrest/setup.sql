-- An application over PostgREST, set up by a superuser in an empty database:
--   psql -v password=... -d app -f setup.sql
\set ON_ERROR_STOP on
CREATE SCHEMA api;
CREATE EXTENSION users SCHEMA api;

-- PostgREST's login. It does not inherit: what a request may do comes from its
-- token. psql's \password would keep the password out of the log as well.
SET password_encryption = 'scram-sha-256';
CREATE ROLE authenticator LOGIN NOINHERIT PASSWORD :'password';
SELECT unnest(api.users_setup_login('authenticator', admin => true)) AS done;

-- The application's table, protected by roles, and its endpoint: a view in the
-- exposed schema.
CREATE ROLE app_owner NOLOGIN;
SELECT unnest(api.users_setup_owner('app_owner')) AS done;
CREATE SCHEMA app AUTHORIZATION app_owner;
GRANT USAGE ON SCHEMA app TO users_member;
SET ROLE app_owner;
CREATE TABLE app.device (
	id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	domain_id uuid NOT NULL,
	name text NOT NULL);
SELECT unnest(api.users_protect('app.device', 'device')) AS done;
RESET ROLE;
CREATE VIEW api.devices WITH (security_invoker) AS SELECT id, domain_id, name FROM app.device;
COMMENT ON VIEW api.devices IS 'The devices of one''s domains.';
GRANT SELECT, INSERT, UPDATE, DELETE ON api.devices TO users_member;
SELECT api.users_define_object_type('device', relation => 'app.device') IS NOT NULL AS device_is_known;

-- There is no default administrator.
SELECT user_id IS NOT NULL AS first_administrator
  FROM api.users_create_user('root@example.org', 'root', 'Rita', 'Root', 'nine brave lamps glow', platform_role => 'admin');
