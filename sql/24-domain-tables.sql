-- Domains, their roles, and who holds them. Words such as device:read are
-- object_type:action.

CREATE TABLE users.object_type (
	object_type text COLLATE "C" PRIMARY KEY,
	built_in boolean NOT NULL DEFAULT false);
COMMENT ON TABLE users.object_type IS 'reference: what permissions are about. Built-in rows are never changed.';

CREATE TABLE users.permission (
	object_type text COLLATE "C" NOT NULL REFERENCES users.object_type,
	action text COLLATE "C" NOT NULL,
	built_in boolean NOT NULL DEFAULT false,
	PRIMARY KEY (object_type, action));
COMMENT ON TABLE users.permission IS 'reference: the actions of each object type. Built-in rows are never changed.';

-- A row of its own, since built-in types are never changed.
CREATE TABLE users.object_place (
	object_type text COLLATE "C" PRIMARY KEY REFERENCES users.object_type,
	relation regclass NOT NULL UNIQUE);
COMMENT ON TABLE users.object_place IS
'reference: the one table of a type, named by an administrator, that says in which
  domain an object lies. It counts only while it is protected for that type: a
  number that was a table elsewhere proves nothing.';

INSERT INTO users.object_type (object_type, built_in) VALUES ('domain', true), ('device', true), ('channel', true);
INSERT INTO users.permission (object_type, action, built_in)
SELECT t.object_type, a, true
  FROM (VALUES ('domain', '{read,update,enable,disable,delete,manage_roles,manage_members,view_members}'::text[]),
	('device', '{create,read,update,delete,connect,manage_roles}'),
	('channel', '{create,read,update,delete,connect,publish,subscribe,manage_roles}')) t (object_type, actions),
	unnest(t.actions) a;

CREATE TABLE users.domain (
	id uuid PRIMARY KEY,
	name text NOT NULL,
	route text NOT NULL,
	tags text[] NOT NULL DEFAULT '{}',
	metadata jsonb NOT NULL DEFAULT '{}',
	status text COLLATE "C" NOT NULL DEFAULT 'enabled' CHECK (status IN ('enabled', 'disabled', 'frozen', 'deleted')),
	created_at timestamptz NOT NULL,
	created_by uuid,
	updated_at timestamptz NOT NULL,
	updated_by uuid,
	deleted_at timestamptz);
CREATE UNIQUE INDEX users_domain_route_key ON users.domain (lower(route COLLATE "C"));
CREATE INDEX domain_route ON users.domain (route);
CREATE INDEX domain_name ON users.domain (name, id);
CREATE INDEX domain_creator ON users.domain (created_by);
CREATE INDEX domain_deleted ON users.domain (deleted_at) WHERE deleted_at IS NOT NULL;
COMMENT ON TABLE users.domain IS
'reference: domains, on which roles are held. Every change in a domain locks its
  row, so that two of them never cross.';

CREATE TABLE users.role (
	id uuid PRIMARY KEY,
	domain_id uuid NOT NULL REFERENCES users.domain ON DELETE CASCADE,
	name text NOT NULL,
	permissions text[] COLLATE "C" NOT NULL,
	built_in boolean NOT NULL DEFAULT false,
	created_at timestamptz NOT NULL,
	created_by uuid,
	updated_at timestamptz NOT NULL,
	updated_by uuid);
CREATE UNIQUE INDEX users_role_name_key ON users.role (domain_id, lower(name COLLATE "C"));
COMMENT ON TABLE users.role IS
'reference: roles of a domain. permissions are sorted words such as device:read or
  device:*; built_in is the role admin, which cannot be changed.';

-- No id: what is held is the key. A role on the whole domain has '' and the
-- nil UUID for its object, so that the key can be one.
CREATE TABLE users.role_assignment (
	user_id uuid NOT NULL REFERENCES users.account ON DELETE CASCADE,
	domain_id uuid NOT NULL REFERENCES users.domain ON DELETE CASCADE,
	role_id uuid NOT NULL REFERENCES users.role ON DELETE CASCADE,
	object_type text COLLATE "C" NOT NULL DEFAULT '',
	object_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
	granted_at timestamptz NOT NULL,
	granted_by uuid,
	PRIMARY KEY (user_id, domain_id, role_id, object_type, object_id),
	CHECK ((object_type = '') = (object_id = '00000000-0000-0000-0000-000000000000')));
CREATE INDEX role_assignment_role ON users.role_assignment (role_id);
CREATE INDEX role_assignment_domain ON users.role_assignment (domain_id, user_id);
CREATE INDEX role_assignment_object ON users.role_assignment (object_id, object_type) WHERE object_type <> '';
-- As the view users_role_members shows it, so that it can be asked by object.
CREATE INDEX role_assignment_shown ON users.role_assignment ((CASE WHEN object_type <> '' THEN object_id END))
	WHERE CASE WHEN object_type <> '' THEN object_id END IS NOT NULL;
COMMENT ON TABLE users.role_assignment IS
'by-user: which roles somebody holds, on the whole domain or on one object. One on
  an object counts only while the object lies in the role''s own domain.';

CREATE TABLE users.invitation (
	id uuid PRIMARY KEY,
	domain_id uuid NOT NULL REFERENCES users.domain ON DELETE CASCADE,
	role_id uuid NOT NULL REFERENCES users.role ON DELETE CASCADE,
	inviter_id uuid,
	invitee text NOT NULL,
	invitee_key text COLLATE "C" NOT NULL,
	by_email boolean NOT NULL,
	invitee_id uuid CHECK ((invitee_id IS NULL) = by_email),
	site text COLLATE "C",
	status text COLLATE "C" NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'accepted', 'rejected', 'withdrawn')),
	created_at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL,
	answered_at timestamptz CHECK ((answered_at IS NULL) = (status = 'pending')),
	accepted_by uuid CHECK ((accepted_by IS NOT NULL) = (status = 'accepted')));
CREATE UNIQUE INDEX invitation_pending ON users.invitation (role_id, invitee_key) WHERE status = 'pending';
CREATE INDEX invitation_role ON users.invitation (role_id);
CREATE INDEX invitation_invitee ON users.invitation (invitee_id) WHERE NOT by_email;
CREATE INDEX invitation_email ON users.invitation (invitee_key) WHERE by_email;
CREATE INDEX invitation_accepted ON users.invitation (accepted_by) WHERE accepted_by IS NOT NULL;
CREATE INDEX invitation_domain ON users.invitation (domain_id, created_at);
CREATE INDEX invitation_inviter ON users.invitation (inviter_id);
CREATE INDEX invitation_end ON users.invitation (expires_at);
COMMENT ON TABLE users.invitation IS
'reference: invitations to a role, by username or address, known or unknown: the
  rows are alike. Whoever changes one holds the domain''s lock.';
COMMENT ON COLUMN users.invitation.inviter_id IS
'Whose right to give the role counts: who sent it last. NULL: a DBA without a token.';
COMMENT ON COLUMN users.invitation.invitee IS 'As the inviter wrote it.';
COMMENT ON COLUMN users.invitation.invitee_key IS 'The same in lower case.';
COMMENT ON COLUMN users.invitation.invitee_id IS
'Who bore the username when it was sent, or for an unknown one an id derived from
  its keyed hash, which is nobody''s. NULL for an address: nobody is looked up.';
COMMENT ON COLUMN users.invitation.expires_at IS
'Moved by each renewal, and part of an index: so every renewal writes the same,
  whoever bears the name by now.';
COMMENT ON COLUMN users.invitation.status IS
'What is pending after expires_at has expired; the next invitation of the same
  renews it.';

ALTER TABLE users.object_type ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.permission ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.object_place ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.domain ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.role ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.role_assignment ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.invitation ENABLE ROW LEVEL SECURITY;

SELECT pg_extension_config_dump('users.object_type', 'WHERE NOT built_in');
SELECT pg_extension_config_dump('users.permission', 'WHERE NOT built_in');
-- A number that is no table any more may be a stranger's elsewhere.
SELECT pg_extension_config_dump('users.object_place', 'WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = relation)');
SELECT pg_extension_config_dump('users.domain', '');
SELECT pg_extension_config_dump('users.role', '');
SELECT pg_extension_config_dump('users.role_assignment', '');
SELECT pg_extension_config_dump('users.invitation', '');
