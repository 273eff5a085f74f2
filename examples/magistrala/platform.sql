-- The tables of Magistrala 0.30 that a move reads, as they are after they were
-- copied into one schema: the platform keeps them in a database for each
-- service. Columns that nobody needs for moving are left out. Ids are text
-- there, and status and role are numbers.
CREATE SCHEMA IF NOT EXISTS magistrala;
SET search_path = magistrala, pg_temp;

-- Status: 0 enabled, 1 disabled, 2 deleted. Role: 0 user, 1 administrator.
CREATE TABLE users (
	id varchar(36) PRIMARY KEY,
	email varchar(254) NOT NULL UNIQUE,
	username varchar(254) UNIQUE,
	first_name varchar(254) NOT NULL,
	last_name varchar(254) NOT NULL,
	secret text,
	profile_picture text,
	tags text[],
	metadata jsonb,
	private_metadata jsonb,
	auth_provider varchar(254),
	role smallint DEFAULT 0,
	status smallint NOT NULL DEFAULT 0,
	verified_at timestamptz,
	created_at timestamptz,
	updated_at timestamptz,
	updated_by varchar(254));

-- Status: 0 enabled, 1 disabled, 2 freezed, 3 deleted.
CREATE TABLE domains (
	id varchar(36) PRIMARY KEY,
	name varchar(254),
	route varchar(254) NOT NULL UNIQUE,
	tags text[],
	metadata jsonb,
	status smallint NOT NULL DEFAULT 0,
	created_at timestamptz,
	created_by varchar(254),
	updated_at timestamptz,
	updated_by varchar(254));

-- One for a person and a domain. Pending: neither confirmed nor rejected.
CREATE TABLE invitations (
	invited_by varchar(36) NOT NULL,
	invitee_user_id varchar(36) NOT NULL,
	domain_id varchar(36) NOT NULL REFERENCES domains ON DELETE CASCADE,
	role_id varchar(36) NOT NULL,
	created_at timestamptz NOT NULL,
	updated_at timestamptz,
	confirmed_at timestamptz,
	rejected_at timestamptz,
	PRIMARY KEY (invitee_user_id, domain_id));

CREATE TABLE groups (
	id varchar(36) PRIMARY KEY,
	parent_id varchar(36) REFERENCES groups ON DELETE SET NULL CHECK (id <> parent_id),
	domain_id varchar(36) NOT NULL,
	name varchar(1024) NOT NULL,
	status smallint NOT NULL DEFAULT 0,
	created_at timestamptz);

CREATE TABLE clients (
	id varchar(36) PRIMARY KEY,
	name varchar(1024),
	domain_id varchar(36) NOT NULL,
	parent_group_id varchar(36),
	status smallint NOT NULL DEFAULT 0,
	created_at timestamptz);

CREATE TABLE channels (
	id varchar(36) PRIMARY KEY,
	name varchar(1024),
	domain_id varchar(36) NOT NULL,
	parent_group_id varchar(36),
	status smallint NOT NULL DEFAULT 0,
	created_at timestamptz);

CREATE TABLE rules (
	id varchar(36) PRIMARY KEY,
	name varchar(1024),
	domain_id varchar(36) NOT NULL,
	created_at timestamptz);

CREATE TABLE alarms (
	id varchar(36) PRIMARY KEY,
	rule_id varchar(36) NOT NULL,
	domain_id varchar(36) NOT NULL,
	cause text NOT NULL,
	created_at timestamptz NOT NULL);

CREATE TABLE report_config (
	id varchar(36) PRIMARY KEY,
	name varchar(1024),
	domain_id varchar(36) NOT NULL,
	created_at timestamptz);

-- Each kind of thing has roles of its own, in three tables: on one thing a
-- person holds one role.
DO $$
DECLARE
	kind text;
	of text;
BEGIN
	FOR kind, of IN VALUES ('domains', 'domains'), ('groups', 'groups'), ('clients', 'clients'),
		('channels', 'channels'), ('rules', 'rules'), ('reports', 'report_config')
	LOOP
		EXECUTE format('CREATE TABLE %s_roles (
			id varchar(254) PRIMARY KEY,
			name varchar(200) NOT NULL,
			entity_id varchar(36) NOT NULL REFERENCES %s ON DELETE CASCADE,
			created_at timestamptz,
			created_by varchar(254),
			updated_at timestamptz,
			updated_by varchar(254),
			UNIQUE (name, entity_id))', kind, of);
		EXECUTE format('CREATE TABLE %1$s_role_actions (
			role_id varchar(254) NOT NULL REFERENCES %1$s_roles ON DELETE CASCADE,
			action varchar(254) NOT NULL,
			UNIQUE (role_id, action))', kind);
		EXECUTE format('CREATE TABLE %1$s_role_members (
			role_id varchar(254) NOT NULL REFERENCES %1$s_roles ON DELETE CASCADE,
			member_id varchar(254) NOT NULL,
			entity_id varchar(36) NOT NULL,
			UNIQUE (role_id, member_id),
			UNIQUE (member_id, entity_id))', kind);
	END LOOP;
END
$$;

RESET search_path;
