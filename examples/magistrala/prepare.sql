-- As a superuser, in a database with the extension users and the platform's
-- tables in the schema magistrala: who moves, who owns the application's tables,
-- and where both work.
CREATE ROLE mover LOGIN;
GRANT users_dba TO mover;
CREATE ROLE app_owner;
GRANT app_owner TO mover;
SELECT unnest(users_setup_owner('app_owner'));

GRANT USAGE ON SCHEMA magistrala TO mover, app_owner;
GRANT SELECT ON ALL TABLES IN SCHEMA magistrala TO mover;
GRANT SELECT ON magistrala.groups, magistrala.clients, magistrala.channels, magistrala.rules, magistrala.alarms,
	magistrala.report_config TO app_owner;
CREATE SCHEMA moving AUTHORIZATION mover;
CREATE SCHEMA app AUTHORIZATION app_owner;
GRANT USAGE ON SCHEMA app TO mover, users_member, users_admin;
