# Where the extension can be installed and where not, what others may have
# prepared for it, several databases in one cluster, and pg_upgrade.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use PostgreSQL::Test::Utils;
use Test::More;
use UsersTest;

my $node = new_server('schemas');

$node->start;

# A database and what is done in it first.
sub database
{
	my ($name, $sql) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name,      $sql) if defined $sql;
	return;
}

# CREATE EXTENSION fails, and nothing of it remains.
sub fails
{
	my ($db, $sqlstate, $what, $schema) = @_;
	my $in     = defined $schema ? ' SCHEMA "' . $schema =~ s/"/""/gr . '"' : '';
	my $roles  = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'users\\_%'";
	my $before = answer($node, $roles);

	like(answer($node, "CREATE EXTENSION users$in", db => $db), qr/^(?:$sqlstate)$/, "$what: refused");
	is(answer($node, "SELECT count(*) FROM pg_extension WHERE extname = 'users'", db => $db), '0',
		"$what: not installed");
	is(answer($node, $roles), $before, "$what: no role was made");
	return;
}

# ---- hostile preparations, in a cluster where the roles are not there yet (S54 P5 P50)

sub roles_in_the_way
{
	database('roles');
	$node->safe_psql('postgres', 'CREATE ROLE mallory LOGIN; CREATE ROLE group_of_many');
	foreach my $case (
		[ 'users_owner',   'LOGIN' ],
		[ 'users_anon',    'BYPASSRLS' ],
		[ 'users_member',  'CREATEDB' ],
		[ 'users_admin',   'SUPERUSER' ],
		[ 'users_dba',     'LOGIN' ],
		[ 'users_service', 'REPLICATION' ],
		[ 'users_proxy',   'CREATEROLE' ],
		[ 'users_relay',   'LOGIN' ])
	{
		my ($role, $attribute) = @$case;

		$node->safe_psql('postgres', "CREATE ROLE $role $attribute");
		fails('roles', '55000', "$role with $attribute");
		$node->safe_psql('postgres', "DROP ROLE $role");
	}

	$node->safe_psql('postgres', 'CREATE ROLE users_owner; GRANT users_owner TO mallory');
	fails('roles', '55000', 'users_owner with a member');
	$node->safe_psql('postgres', 'REVOKE users_owner FROM mallory; GRANT group_of_many TO users_owner');
	fails('roles', '55000', 'users_owner in another role');
	$node->safe_psql('postgres', 'DROP ROLE users_owner');
	return;
}

# Objects of somebody who may create some, under the names of ours.
sub objects_in_the_way
{
	my $number = 0;

	foreach my $case (
		[ '42P06', 'the schema users', 'CREATE SCHEMA users AUTHORIZATION mallory' ],
		[
			'42723', 'a function',
			'CREATE FUNCTION users_login(text, text, text) RETURNS text LANGUAGE sql AS $$ SELECT $2 $$'
		],
		[
			'42723', 'a function of policies',
			'CREATE FUNCTION users_current_user_id() RETURNS uuid LANGUAGE sql AS $$ SELECT gen_random_uuid() $$'
		],
		[
			'42723', 'a function of other arguments',
			'CREATE FUNCTION users_login(identifier text, password text) RETURNS text LANGUAGE sql AS $$ SELECT $2 $$'
		],
		[ '42710',       'a type',   'CREATE TYPE users_session AS (status text)' ],
		[ '42710|42P07', 'a domain', 'CREATE DOMAIN users_outcome AS text' ],
		[ '42P07',       'a table',  'CREATE TABLE users_sessions (id uuid)' ],
		[ '42P07',       'a view',   'CREATE VIEW users_keys AS SELECT 1 AS kid' ])
	{
		my ($sqlstate, $what, $sql) = @$case;
		my $db = 'hostile' . ++$number;

		database($db,
			"GRANT CREATE ON SCHEMA public TO mallory; GRANT CREATE ON DATABASE $db TO mallory; SET ROLE mallory; $sql"
		);
		fails($db, $sqlstate, $what);
	}
	return;
}

# Names that cannot be quoted everywhere, and those that are taken.
sub odd_schemas
{
	database('odd', 'CREATE SCHEMA users');
	foreach my $schema ("a'b\$c", 'a"b', 'With Capitals', '1st', 'a-b', "na\xc3\xafve", 'users', 'pg_catalog',
		'information_schema', 'missing')
	{
		$node->safe_psql('odd', 'CREATE SCHEMA IF NOT EXISTS "' . $schema =~ s/"/""/gr . '"')
		  unless $schema =~ /^pg_|missing/;
		# Quotes are PostgreSQL's own to refuse.
		fails('odd', $schema =~ /['"\$]/ ? '3F000|22P02|42P17' : '3F000', "schema $schema", $schema);
	}
	return;
}

# Functions and operators that come first in everybody's search_path.
sub hostile_search_path
{
	database('path', <<'SQL');
CREATE SCHEMA evil AUTHORIZATION mallory;
ALTER DATABASE path SET search_path = evil, pg_catalog, public;
SET ROLE mallory;
SET search_path = evil, pg_catalog;
CREATE FUNCTION said(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'slipped in: %', $1; END $$;
CREATE FUNCTION equal(anyelement, anyelement) RETURNS boolean LANGUAGE sql AS $$ SELECT evil.said('=') $$;
CREATE FUNCTION matches(name, text) RETURNS boolean LANGUAGE sql AS $$ SELECT evil.said('!~') $$;
CREATE FUNCTION quote_ident(name) RETURNS text LANGUAGE sql AS $$ SELECT evil.said('quote_ident')::text $$;
CREATE FUNCTION format(text, name) RETURNS text LANGUAGE sql AS $$ SELECT evil.said('format')::text $$;
CREATE FUNCTION format(text, regprocedure) RETURNS text LANGUAGE sql AS $$ SELECT evil.said('format')::text $$;
CREATE FUNCTION now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT NULL::timestamptz FROM evil.said('now') $$;
CREATE FUNCTION pg_extension_config_dump(regclass, text) RETURNS void LANGUAGE sql AS $$ SELECT evil.said('config_dump') $$;
CREATE OPERATOR = (LEFTARG = anyelement, RIGHTARG = anyelement, FUNCTION = equal);
CREATE OPERATOR !~ (LEFTARG = name, RIGHTARG = text, FUNCTION = matches);
CREATE TABLE pg_extension (oid oid, extname name, extnamespace oid);
CREATE TABLE pg_roles (rolname name);
CREATE TYPE text AS ENUM ('evil');
SQL
	my %here = (db => 'path');
	my $ann;

	is(answer($node, 'CREATE EXTENSION users SCHEMA public', %here), '', 'a hostile search_path is not asked');
	$ann = sign_up($node, 'ann', %here);
	is(token_status($node, $ann->{access}, %here),                  'ok', 'nor by functions');
	is(status_of($node, "users_refresh('$ann->{refresh}')", %here), 'ok', 'users_refresh');
	is( answer(
			$node,
			"BEGIN; SELECT users_authenticate('$ann->{access}') IS NOT NULL; SELECT username FROM users_profile()",
			%here),
		"t\nann",
		'users_profile');
	is(answer($node, 'SELECT users_disable_user(users_id(\'ann\'))', %here), 't',                 'users_disable_user');
	is(answer($node, 'SELECT state FROM users_rotate_key()',         %here), 'active',            'users_rotate_key');
	is(answer($node, 'SELECT count(*) OPERATOR(pg_catalog.>) 0 FROM users_health()', %here), 't', 'users_health');
	is(answer($node, "SELECT users_setup_login('path_login') IS NOT NULL",           %here), 't', 'users_setup_login');
	return;
}

sub default_privileges
{
	database('defaults', <<'SQL');
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO mallory, PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO mallory, PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TYPES TO mallory, PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO mallory, PUBLIC;
CREATE EXTENSION users;
SQL
	is(answer($node, <<'SQL', db => 'defaults'), '', 'default privileges give nobody anything');
SELECT string_agg(what, ' ') FROM (
	SELECT oid::regclass::text, relacl FROM pg_class WHERE relowner = 'users_owner'::regrole
	UNION ALL SELECT oid::regprocedure::text, proacl FROM pg_proc WHERE proowner = 'users_owner'::regrole
	UNION ALL SELECT oid::regtype::text, typacl FROM pg_type WHERE typowner = 'users_owner'::regrole
	UNION ALL SELECT oid::regnamespace::text, nspacl FROM pg_namespace WHERE nspowner = 'users_owner'::regrole
) o (what, acl), aclexplode(acl) a WHERE a.grantee = 'mallory'::regrole
SQL
	return;
}

# Members that a role has already are told, not taken. (P5)
sub members_are_told
{
	my $stderr;

	database('members');
	$node->safe_psql('postgres', 'GRANT users_relay TO mallory');
	answer($node, 'CREATE EXTENSION users', db => 'members', verbosity => 'terse', stderr => \$stderr);
	like($stderr, qr/(?:NOTICE|WARNING):.*users_relay.*mallory/, 'members of a role are named');
	$node->safe_psql('postgres', 'REVOKE users_relay FROM mallory');
	return;
}

# ---- two databases (S68)

sub two_databases
{
	my %api    = (db => 'api');
	my %public = (db => 'other');
	my ($ann, $other);

	database('api',   'CREATE SCHEMA api; CREATE EXTENSION users SCHEMA api');
	database('other', 'CREATE EXTENSION users');
	is( answer(
			$node,
			"SELECT string_agg(DISTINCT n.nspname, ' ') FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE proname LIKE 'users\\_%'",
			%api),
		'api',
		'the API is in its schema');
	is(answer($node, "SELECT users_login('ann', 'x')",              %api), '42883', 'and nowhere else');
	is(answer($node, "SELECT (api.users_login('ann', 'x')).status", %api), 'invalid_credentials',
		'where it works without a search_path');

	$node->safe_psql('postgres', 'CREATE ROLE application LOGIN NOINHERIT');
	$node->safe_psql('api',      "SELECT api.users_setup_login('application')");
	$node->safe_psql('other',    "SELECT users_setup_login('application')");
	$api{set} = { search_path => 'api' };
	$ann      = sign_up($node, 'ann', %api);
	$other    = sign_up($node, 'ann', %public);
	isnt($ann->{user_id}, $other->{user_id}, 'one name in two databases is two people');

	foreach my $case ([ 'api', \%api, $ann, $other ], [ 'other', \%public, $other, $ann ])
	{
		my ($name, $here, $mine, $theirs) = @$case;
		my $take_on = 'SELECT users_authenticate(';

		is(token_status($node, $mine->{access},   %$here), 'ok',            "$name: a token of its own");
		is(token_status($node, $theirs->{access}, %$here), 'invalid_token', "$name: one of the other database");
		is( answer(
				$node,  "BEGIN; $take_on'$mine->{access}') = users_current_user_id(), count(*) FROM users_sessions",
				%$here, user => 'application'),
			'42501',
			"$name: nothing in the statement itself");
		is( answer(
				$node,
				"BEGIN; $take_on'$mine->{access}') IS NOT NULL; SELECT count(*), bool_and(is_current) FROM users_sessions",
				%$here, user => 'application'),
			"t\n1|t",
			"$name: its views");
		is(answer($node, "$take_on'$theirs->{access}')", %$here, user => 'application'), '28000',
			"$name: no identity of the other");
		is(status_of($node, "users_refresh('$theirs->{refresh}')", %$here), 'invalid_token', "$name: nor refresh");
		is(status_of($node, "users_logout('$theirs->{refresh}')",  %$here), 'ok',            "$name: nor sign-out");
		is(status_of($node, "users_refresh('$mine->{refresh}')",   %$here), 'ok', "$name: the other way round");
	}

	answer($node, "SELECT (users_login('ann', 'x')).status FROM generate_series(1, 11)", %api);
	is(status_of($node, "users_login('ann', '$password')", %api),    'throttled', 'throttled in one database');
	is(status_of($node, "users_login('ann', '$password')", %public), 'ok',        'not in the other');
	return;
}

# ---- the life of an installation (S65)

sub fixed
{
	my %api = (db => 'api');

	is( answer(
			$node,
			'SELECT relocatable, superuser, trusted, schema FROM pg_available_extension_versions WHERE name = \'users\''
		),
		'f|t|f|',
		'as the control file says');
	is(answer($node, 'CREATE EXTENSION users', db => 'odd', user => 'mallory'), '42501', 'superusers only');
	is(answer($node, 'ALTER EXTENSION users SET SCHEMA public', %api), '0A000', 'it does not move');
	is(answer($node, 'ALTER EXTENSION users UPDATE',            %api), '',      'the newest version updates to itself');
	is(answer($node, "ALTER EXTENSION users UPDATE TO '0.1'",   %api), '22023', 'there is no way back');
	is(answer($node, $_,                                        %api), '2BP01', "$_ would lose accounts")
	  for (
		'DROP EXTENSION users',
		'DROP EXTENSION users CASCADE',
		'DROP SCHEMA users CASCADE',
		'DROP SCHEMA api CASCADE',
		'DROP TABLE users.account CASCADE',
		'DROP OWNED BY users_owner CASCADE',
		'TRUNCATE users.account CASCADE');
	is(answer($node, 'SELECT count(*) FROM users.account', %api), '1', 'they are there');
	my $script = $node->config_data('--sharedir') . '/extension/users--1.0--0.9.sql';
	write_file($script, <<'SQL', 0644);
ALTER TABLE users.credential DROP COLUMN as_typed CASCADE;
DROP VIEW users_audit;
DROP FUNCTION users_can;
TRUNCATE users.mail_request;
SQL
	is(answer($node, "BEGIN; ALTER EXTENSION users UPDATE TO '0.9'; SELECT count(*) FROM users.account; ROLLBACK", %api),
		'1', 'an update may drop what it does not need any more');
	unlink $script or die $!;
	is( answer(
			$node, 'SET users.allow_drop = on; DROP EXTENSION users CASCADE; CREATE EXTENSION users SCHEMA api', %api),
		'',
		'dropped and made again, as told');
	is(answer($node, 'SELECT count(*) FROM users.account', %api), '0', 'and empty');
	like(
		answer($node, "SELECT (api.users_register('ann\@example.org', 'ann', '$password', 'Ann', 'Lee')).status", %api),
		qr/^ok$/, 'and works');
	return;
}

# pg_upgrade, to the same version: it restores the members of the extension one
# by one. (P33)
sub upgraded
{
	my $new = new_server('upgraded');
	my $bin = $node->config_data('--bindir');
	my ($ann, $rows);
	my %public = (db => 'other');
	my $all =
	  "SELECT (SELECT md5(string_agg(s::text, '' ORDER BY s.id)) FROM users.session s), (SELECT count(*) FROM users.audit_event), (SELECT count(*) FROM users_keys)";

	$ann  = sign_in($node, 'ann', %public);
	$rows = answer($node, $all, %public);
	$node->stop;
	chdir PostgreSQL::Test::Utils::tempdir or die $!;
	$new->command_ok(
		[
			'pg_upgrade', '--no-sync', '-d', $node->data_dir, '-D', $new->data_dir,
			'-b', $bin, '-B', $bin, '-s', $new->host, '-p', $node->port, '-P', $new->port
		],
		'pg_upgrade');
	$new->start;
	is(answer($new, $all, %public),                                  $rows, 'the same rows');
	is(token_status($new, $ann->{access}, %public),                  'ok',  'access tokens hold');
	is(status_of($new, "users_refresh('$ann->{refresh}')", %public), 'ok',  'refresh tokens too');
	is(status_of($new, "users_login('ann', '$password')", %public),  'ok',  'one can sign in');
	is( answer(
			$new,
			"BEGIN; SELECT users_authenticate('$ann->{access}') IS NOT NULL; SELECT username FROM users_profile()",
			%public, user => 'application'),
		"t\nann",
		'through the application\'s login');
	is(answer($new, 'DROP EXTENSION users',     %public), '2BP01', 'the accounts are still guarded');
	is(answer($new, 'DROP TABLE users.session', %public), '2BP01', 'each table as a member of the extension');
	$new->stop;
	return;
}

roles_in_the_way();
objects_in_the_way();
odd_schemas();
$node->safe_psql('postgres', 'CREATE ROLE path_login LOGIN NOINHERIT');
hostile_search_path();
default_privileges();
members_are_told();
two_databases();
fixed();
upgraded();
done_testing();
