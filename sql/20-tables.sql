-- Each table's COMMENT begins with its kind: by-user (primary key begins with
-- user_id, and every query names one), by-identifier, reference or queue.
-- No sequences, no triggers: keys and times are made in C.

CREATE TABLE users.person_id (
	user_id uuid PRIMARY KEY);
COMMENT ON TABLE users.person_id IS
'by-user: an id for everybody who was ever registered. The one table that an
  application may refer to: user_id uuid REFERENCES users.person_id (user_id). Rows
  are never deleted, so no such foreign key ever fires.';

CREATE TABLE users.language (
	code text COLLATE "C" PRIMARY KEY,
	name text NOT NULL,
	built_in boolean NOT NULL DEFAULT false);
COMMENT ON TABLE users.language IS 'reference: languages that a person may choose. Built-in rows are never changed.';

CREATE TABLE users.theme (
	name text COLLATE "C" PRIMARY KEY,
	built_in boolean NOT NULL DEFAULT false);
COMMENT ON TABLE users.theme IS 'reference: themes that a person may choose. Built-in rows are never changed.';

INSERT INTO users.language (code, name, built_in) VALUES ('en', 'English', true), ('de', 'Deutsch', true), ('sr', 'Srpski', true);
INSERT INTO users.theme (name, built_in) VALUES ('Default', true), ('MidnightSky', true), ('TealTide', true), ('GrayWave', true);

CREATE TABLE users.account (
	user_id uuid PRIMARY KEY REFERENCES users.person_id,
	email text NOT NULL,
	pending_email text,
	status text NOT NULL DEFAULT 'enabled' CHECK (status IN ('enabled', 'disabled', 'deleted')),
	platform_role text NOT NULL DEFAULT 'user' CHECK (platform_role IN ('user', 'admin')),
	version bigint NOT NULL DEFAULT 1,
	link_version bigint NOT NULL DEFAULT 1,
	email_verified_at timestamptz,
	reset_required boolean NOT NULL DEFAULT false,
	language text COLLATE "C" REFERENCES users.language,
	theme text COLLATE "C" REFERENCES users.theme,
	tags text[] NOT NULL DEFAULT '{}',
	metadata jsonb NOT NULL DEFAULT '{}',
	admin_metadata jsonb NOT NULL DEFAULT '{}',
	disabled_reason text,
	deleted_from text CHECK (deleted_from IS NULL OR deleted_from IN ('enabled', 'disabled') AND status = 'deleted'),
	created_at timestamptz NOT NULL,
	updated_at timestamptz NOT NULL,
	last_login_at timestamptz,
	deleted_at timestamptz);
COMMENT ON TABLE users.account IS
'by-user: what a person alone sees of the account, and what decides whether it may
  sign in.';
COMMENT ON COLUMN users.account.version IS
'Counts changes of password, address, status and platform role: a sign-in that began
  under another version opens no session.';
COMMENT ON COLUMN users.account.link_version IS
'Counts changes of password, address, status and platform role: each of them ends
  every link that was made before, be it by somebody who may not do so any more.';
COMMENT ON COLUMN users.account.last_login_at IS 'Of sessions whose row is gone; the newest session knows better.';
CREATE INDEX account_deleted ON users.account (deleted_at) WHERE deleted_at IS NOT NULL;
COMMENT ON COLUMN users.account.deleted_from IS 'What the status was before it was deleted: restoring opens no door that was shut.';
CREATE INDEX account_admin ON users.account (user_id) WHERE platform_role = 'admin';

CREATE TABLE users.person (
	user_id uuid PRIMARY KEY REFERENCES users.account ON DELETE CASCADE,
	username text NOT NULL,
	first_name text NOT NULL,
	last_name text NOT NULL,
	picture_type text,
	picture_updated_at timestamptz,
	listed boolean NOT NULL DEFAULT true);
COMMENT ON TABLE users.person IS 'by-user: what others who share a domain may see of a person.';
COMMENT ON COLUMN users.person.listed IS
'False while the account is deleted: nobody sees the person any more. Here, since no
  policy on this table may read users.account.';

CREATE TABLE users.credential (
	user_id uuid PRIMARY KEY REFERENCES users.account ON DELETE CASCADE,
	password_hash text,
	nonce bytea NOT NULL,
	changed_at timestamptz NOT NULL,
	as_typed boolean NOT NULL DEFAULT false);
COMMENT ON TABLE users.credential IS 'by-user: the password''s hash (NULL: none yet) and a nonce that changes with it.';
COMMENT ON COLUMN users.credential.as_typed IS
'The hash was imported: another program made it, of the bytes that were typed, not
  of their normal form. The next sign-in makes it anew.';

CREATE TABLE users.identifier (
	identifier text COLLATE "C" PRIMARY KEY,
	kind text COLLATE "C" NOT NULL CHECK (kind IN ('email', 'username')),
	user_id uuid NOT NULL);
COMMENT ON TABLE users.identifier IS
'by-identifier: the only place where addresses and usernames are unique: kind,
  colon, the identifier in lower case.';

CREATE TABLE users.session (
	user_id uuid NOT NULL REFERENCES users.account ON DELETE CASCADE,
	id uuid NOT NULL,
	label text,
	client_address inet,
	user_agent text,
	created_at timestamptz NOT NULL,
	authenticated_at timestamptz NOT NULL,
	refreshed_at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL,
	ends_at timestamptz NOT NULL,
	ended_at timestamptz,
	nonce bytea NOT NULL,
	counter bigint NOT NULL,
	current_random bytea NOT NULL,
	previous_random bytea,
	PRIMARY KEY (user_id, id))
	WITH (fillfactor = 70);
CREATE INDEX session_id ON users.session (id);
COMMENT ON TABLE users.session IS
'by-user: the authority on who is signed in. A token counts only while its row here
  has not ended; the row stays a day longer, the longest life of an access token.';
COMMENT ON COLUMN users.session.expires_at IS 'When it ends unless refreshed; never after ends_at.';
COMMENT ON COLUMN users.session.ends_at IS 'When it ends whatever happens.';
COMMENT ON COLUMN users.session.current_random IS
'With the counter, the nonce and a key that is not here, the present refresh token;
  by itself no token.';

CREATE TABLE users.root_key (
	id boolean PRIMARY KEY DEFAULT true CHECK (id),
	generation uuid NOT NULL,
	secret bytea,
	check_value bytea NOT NULL,
	created_at timestamptz NOT NULL);
COMMENT ON TABLE users.root_key IS
'reference: tells whether a root key is the right one. Holds the key itself only
  where users.key_file is not set.';

CREATE TABLE users.signing_key (
	kid text COLLATE "C" PRIMARY KEY,
	algorithm text NOT NULL CHECK (algorithm IN ('EdDSA', 'HS256')),
	public_key bytea,
	sealed_secret bytea NOT NULL,
	created_at timestamptz NOT NULL,
	activated_at timestamptz,
	retires_at timestamptz,
	revoked_at timestamptz);
COMMENT ON TABLE users.signing_key IS
'reference: keys of access tokens, sealed under the root key. activated_at NULL: the
  next one, which PostgREST knows already; else retires_at NULL: signs.';

CREATE TABLE users.audit_event (
	user_id uuid NOT NULL,
	id uuid NOT NULL,
	occurred_at timestamptz NOT NULL,
	event text NOT NULL,
	outcome text NOT NULL CHECK (outcome IN ('success', 'failure')),
	actor_id uuid,
	session_id uuid,
	domain_id uuid,
	object_type text,
	object_id uuid,
	client_address inet,
	user_agent text,
	nobody boolean NOT NULL DEFAULT false,
	detail jsonb NOT NULL DEFAULT '{}',
	PRIMARY KEY (user_id, id));
-- For maintenance. Not two partial ones: how they grow would tell attempts on
-- unknown identifiers from others.
CREATE INDEX audit_event_age ON users.audit_event (nobody, id);
COMMENT ON TABLE users.audit_event IS
'by-user: who did what, and who failed to. No foreign key: an event outlives its
  account.';
COMMENT ON COLUMN users.audit_event.nobody IS
'An attempt on an identifier that is nobody''s: user_id is derived from the
  identifier''s keyed hash.';

CREATE TABLE users.event_position (
	user_id uuid NOT NULL,
	event_id uuid NOT NULL,
	xid xid8 NOT NULL,
	PRIMARY KEY (xid, event_id));
COMMENT ON TABLE users.event_position IS
'queue: the transaction of each successful event, for readers that follow. Not
  dumped: transaction ids mean nothing elsewhere.';

CREATE TABLE users.link (
	user_id uuid NOT NULL,
	id uuid NOT NULL,
	kind text COLLATE "C" NOT NULL,
	recipient text NOT NULL,
	nobody boolean NOT NULL DEFAULT false,
	version bigint NOT NULL,
	nonce bytea NOT NULL,
	created_at timestamptz NOT NULL,
	expires_at timestamptz,
	spent_at timestamptz,
	invitation_id uuid,
	PRIMARY KEY (user_id, id));
CREATE INDEX link_id ON users.link (id);
COMMENT ON TABLE users.link IS
'by-user: links that mails carry. A token is derived from its row and a key that is
  not here; no token is stored. No foreign key: the link to sign up is nobody''s
  yet.';
COMMENT ON COLUMN users.link.recipient IS
'The mailbox that the link shows its bearer to have; empty for one that was handed
  over.';
COMMENT ON COLUMN users.link.nobody IS
'For an address without an account: user_id is derived from the address''s keyed
  hash.';
COMMENT ON COLUMN users.link.version IS 'The account''s link_version when it was made; it counts while the two are equal.';
COMMENT ON COLUMN users.link.invitation_id IS
'What it leads to, of the kind invitation; NULL otherwise. Such a link counts no
  longer than its invitation.';
COMMENT ON COLUMN users.link.expires_at IS
'NULL until its mail is first claimed, which is when its time begins; no token
  counts before.';

CREATE TABLE users.mail (
	user_id uuid NOT NULL,
	id uuid NOT NULL,
	class smallint NOT NULL,
	kind text COLLATE "C" NOT NULL,
	recipient text NOT NULL,
	nobody boolean NOT NULL DEFAULT false,
	language text COLLATE "C" NOT NULL,
	site text COLLATE "C",
	link_id uuid,
	data jsonb NOT NULL DEFAULT '{}',
	state text COLLATE "C" NOT NULL DEFAULT 'waiting'
		CHECK (state IN ('waiting', 'claimed', 'sent', 'failed', 'expired', 'discarded')),
	attempts integer NOT NULL DEFAULT 0,
	created_at timestamptz NOT NULL,
	next_attempt_at timestamptz CHECK ((next_attempt_at IS NOT NULL) = (state IN ('waiting', 'claimed'))),
	sent_at timestamptz,
	last_error text,
	PRIMARY KEY (user_id, id))
	WITH (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000);
CREATE INDEX mail_id ON users.mail (id);
CREATE INDEX mail_due ON users.mail (class, next_attempt_at) WHERE next_attempt_at IS NOT NULL;
COMMENT ON TABLE users.mail IS
'by-user: the outbox. Neither a body nor a token is kept: the relay gets them when
  it claims a mail.';
COMMENT ON COLUMN users.mail.class IS
'1 resets and security notices, 2 verification and sign-up, 3 invitations: the relay
  takes from each in turn.';
COMMENT ON COLUMN users.mail.next_attempt_at IS 'When it is due, or its lease ends; NULL once settled.';

CREATE TABLE users.mail_request (
	class smallint NOT NULL,
	id uuid NOT NULL,
	kind text COLLATE "C" NOT NULL,
	email text NOT NULL,
	user_id uuid,
	site text COLLATE "C",
	client_address inet,
	user_agent text,
	created_at timestamptz NOT NULL,
	invitation_id uuid,
	PRIMARY KEY (class, id))
	WITH (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000);
COMMENT ON TABLE users.mail_request IS
'queue: mails that were asked for by address. Nobody is looked up before the relay
  claims mail, so that nothing tells who has an account.';
COMMENT ON COLUMN users.mail_request.email IS 'The address asked for; of an invitation, the username or address that was invited.';
COMMENT ON COLUMN users.mail_request.invitation_id IS 'What the mail is to tell of, of the kind invitation; NULL otherwise.';
COMMENT ON COLUMN users.mail_request.user_id IS 'Who wants to change to this address; NULL otherwise.';

CREATE TABLE users.mail_template (
	kind text COLLATE "C" NOT NULL,
	language text COLLATE "C" NOT NULL,
	subject text NOT NULL,
	body_text text NOT NULL,
	body_html text NOT NULL,
	built_in boolean NOT NULL DEFAULT false,
	PRIMARY KEY (kind, language, built_in));
COMMENT ON TABLE users.mail_template IS
'reference: what mails say. Built-in rows are never changed; one that is not goes
  before the built-in one of its kind and language.';

CREATE TABLE users.site (
	name text COLLATE "C" PRIMARY KEY,
	reset_url text,
	verify_url text,
	invitation_url text,
	registration_url text,
	sender text,
	product_name text);
COMMENT ON TABLE users.site IS
'reference: front ends with pages of their own for the links in mails. What is NULL
  is as the settings say.';

CREATE TABLE users.known_device (
	user_id uuid NOT NULL REFERENCES users.account ON DELETE CASCADE,
	device bytea NOT NULL,
	seen_at timestamptz NOT NULL,
	PRIMARY KEY (user_id, device));
COMMENT ON TABLE users.known_device IS
'by-user: keyed hashes of the devices that somebody signed in from in the last 90
  days; only while mails of the kind new_sign_in are on.';

-- Row-level security on every table: the owner passes as owner, nobody else
-- without a policy.
ALTER TABLE users.person_id ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.language ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.theme ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.account ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.person ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.credential ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.identifier ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.session ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.root_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.signing_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.audit_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.event_position ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.link ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.mail ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.mail_request ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.mail_template ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.site ENABLE ROW LEVEL SECURITY;
ALTER TABLE users.known_device ENABLE ROW LEVEL SECURITY;

-- What pg_dump takes along. Rows that the script itself makes are left out.
SELECT pg_extension_config_dump('users.person_id', '');
SELECT pg_extension_config_dump('users.language', 'WHERE NOT built_in');
SELECT pg_extension_config_dump('users.theme', 'WHERE NOT built_in');
SELECT pg_extension_config_dump('users.account', '');
SELECT pg_extension_config_dump('users.person', '');
SELECT pg_extension_config_dump('users.credential', '');
SELECT pg_extension_config_dump('users.identifier', '');
SELECT pg_extension_config_dump('users.session', '');
SELECT pg_extension_config_dump('users.root_key', '');
SELECT pg_extension_config_dump('users.signing_key', '');
SELECT pg_extension_config_dump('users.audit_event', '');
SELECT pg_extension_config_dump('users.link', '');
SELECT pg_extension_config_dump('users.mail', '');
SELECT pg_extension_config_dump('users.mail_request', '');
SELECT pg_extension_config_dump('users.mail_template', 'WHERE NOT built_in');
SELECT pg_extension_config_dump('users.site', '');
SELECT pg_extension_config_dump('users.known_device', '');
