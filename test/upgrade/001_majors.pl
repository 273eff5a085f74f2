# pg_upgrade from each version of PostgreSQL to the next, and a dump of the
# oldest in the newest: all that is known is as it was, and goes on. The
# arguments are the versions, each of which has the library.
use strict;
use warnings FATAL => 'all';

use File::Basename;
use FindBin;
use lib "$FindBin::RealBin/../tap/lib";

use HarbourTest;
use PostgreSQL::Test::Utils;
use Test::More;
use UsersTest;

my @majors  = @ARGV;
my $folder  = PostgreSQL::Test::Utils::tempdir;
my $catalog = "$FindBin::RealBin/../lib/catalog.sql";
my ($bin)   = run_command([ 'pg_config', '--bindir' ]);
my $servers = dirname(dirname($bin));

# A server of a version that has not been started.
sub server_of
{
	my ($major, $name) = @_;

	return new_server("$name$major", install_path => "$servers/$major",
		extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
}

# ---- before

# People with tokens and roles in a house and a harbour, and a row or more of
# everything else that there is.
sub fill
{
	my ($node) = @_;
	my $people = populate_harbour($node);
	my $ben    = $people->{ben};

	$node->safe_psql('postgres', <<SQL);
SELECT users_define_language('fr', 'Français'), users_define_theme('Sea');
SELECT users_define_site('shop', 'https://shop.example.org/r?token={token}', 'https://shop.example.org/v?token={token}', 'https://shop.example.org/i?token={token}', 'https://shop.example.org/s?token={token}', 'shop\@example.org', 'Shop');
SELECT users_define_template('reset_password', 'fr', '{{product_name}}', '{{link}}', '{{link}}');
SELECT users_request_reset('cat\@example.org', 'shop');
SELECT users_request_verification('dan\@example.org');
SELECT users_create_user('gus\@example.org', 'gus', 'Gus', 'Test');
SELECT users_delete_user(users_id('gus'));
SELECT users_create_user('max\@example.org', 'max', 'Max', 'Test', '$password', platform_role => 'admin');
SELECT users_create_user('hal\@example.org', 'hal', 'Hal', 'Test', '$password');
SELECT users_disable_user(users_id('hal'));
SELECT users_rotate_key();
CREATE TABLE forced (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), domain_id uuid);
ALTER TABLE forced OWNER TO app_owner;
SELECT users_protect('forced', 'device', force => true);
INSERT INTO forced (domain_id) SELECT id FROM users_domains WHERE route = 'harbour';
SQL
	is(told($node, $people->{ann}, <<'SQL'), 'ok', 'somebody is invited');
SELECT status FROM users_invite((SELECT r.id FROM users_roles r JOIN users_domains d ON d.id = r.domain_id WHERE d.route = 'house' AND r.name = 'viewer'), 'eve')
SQL
	is( told(
			$node,
			$people->{ann},
			"SELECT count(*) FROM users_set_picture(decode('iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAHElEQVR4nGM8IWfDwMDAwMDAxMDA4HTnEQMDAwAejAMmPFk0cQAAAABJRU5ErkJggg==', 'base64'))"
		),
		'1',
		'a picture');
	$ben->{spent} = $ben->{refresh};
	@$ben{qw(access refresh)} = split /\|/,
	  answer($node, "SELECT access_token, refresh_token FROM users_refresh('$ben->{spent}')");
	is(status_of($node, "users_login('eve', 'a wrong one')"), 'invalid_credentials', 'a wrong password');
	is(answer($node, "SET users.mail_kinds_off = ''; SELECT status FROM users_login('fay', '$password', 'telephone')"),
		'ok', 'a known device');
	my $tables = table_contents($node, 'postgres');
	is(join(' ', grep { $tables->{$_} =~ /^0\|/ } sort keys %$tables), '', 'no table is empty');
	return $people;
}

# ---- after

# What the catalogs say of the extension.
sub catalog_of
{
	my ($node, $db) = @_;

	my ($lines) = run_command([ $node->installed_command('psql'), '-XAtq', '-d', $node->connstr($db), '-f', $catalog ]);

	return split /\n/, $lines;
}

# What users_health() finds; a library or a table that does not fit is there.
sub ailments
{
	my ($node) = @_;

	return answer($node, "SELECT string_agg(name, ' ' ORDER BY name) FROM users_health() WHERE NOT ok");
}

# What is to be the same on every server: rows, what is dumped of tables that
# are protected, and health.
sub state_of
{
	my ($node) = @_;

	return {
		tables    => table_contents($node, 'postgres'),
		protected => answer($node, 'SELECT * FROM device ORDER BY id; SELECT * FROM reading ORDER BY 1; TABLE forced'),
		health    => ailments($node)
	};
}

# Tokens, passwords, roles and rows go on as they were. (S64 S65)
sub goes_on
{
	my ($node, $people, $before, $what) = @_;
	my ($ann, $ben) = @$people{qw(ann ben)};

	is_deeply(state_of($node), $before, "$what: the same rows, and as healthy");
	everybody_reads($node, $people, $what);
	everybody_writes($node, $people, $what);
	is(told($node, $ben, 'SELECT count(*) FROM forced'), '1', "$what: a table with FORCE too");
	is(told($node, $people->{cat}, 'SELECT count(*) FROM forced'), '0', "$what: for those who may");
	is(answer($node, 'SET ROLE app_owner; SELECT count(*) FROM forced'), '0', "$what: not for its owner");
	is(token_status($node, $people->{$_}{access}), 'ok', "$what: the access token of $_") for sort keys %$people;
	is(answer($node, "SELECT platform_role FROM users_accounts WHERE username = 'max'"), 'admin', "$what: an administrator is one");

	# What changes state is undone: the next version meets the same rows.
	is(undone($node, "SELECT status FROM users_refresh('$ann->{refresh}')"), 'ok', "$what: a refresh token");
	is(undone($node, "SELECT status FROM users_refresh('$ben->{refresh}')"), 'ok', "$what: a second one");
	is( undone(
			$node,
			"UPDATE users.session SET refreshed_at = refreshed_at - interval '1 hour'; SELECT status FROM users_refresh('$ben->{spent}')"
		),
		'invalid_token',
		"$what: a spent token is spent");
	foreach my $case (
		[ 'ok',                  'ann', $password ],
		[ 'ok',                  'fay', $password ],
		[ 'invalid_credentials', 'ann', 'a wrong one' ],
		[ 'disabled',            'hal', $password ],
		[ 'invalid_credentials', 'gus', $password ])
	{
		my ($status, $name, $word) = @$case;

		is(undone($node, "SELECT status FROM users_login('$name', '$word')"), $status, "$what: $name: $status");
	}
	is( undone(
			$node,
			"SELECT (users_register('ida\@example.org', 'ida', '$password', 'Ida', 'Test')).status; SELECT state FROM users_rotate_key()"
		),
		"ok\nactive",
		"$what: new people, and new keys");
	is(answer($node, 'SELECT state, count(*) FROM users_keys GROUP BY 1 ORDER BY 1'), "active|1\nretiring|1",
		"$what: none was made");
	is( undone(
			$node,
			"SELECT count(*) > 0 FROM users_outbox; SELECT count(*) > 0 FROM users_audit"
		),
		"t\nt",
		"$what: mails and the audit");
	like(answer($node, 'SELECT users.prepare_statements()'), qr/^[1-9]\d+$/, "$what: library and tables fit");
	is(answer($node, 'DROP EXTENSION users'), '2BP01', "$what: the accounts are guarded");
	return;
}

sub undone
{
	my ($node, $sql) = @_;

	return answer($node, "BEGIN; $sql; ROLLBACK");
}

# Indexes and tables fit each other, and the catalogs say what they do where the
# extension has just been made.
sub sound
{
	my ($node, $what) = @_;

	$node->safe_psql('postgres', 'CREATE DATABASE fresh');
	$node->safe_psql('fresh',    'CREATE EXTENSION users');
	my %here  = map { $_ => 1 } catalog_of($node, 'postgres');
	my %fresh = map { $_ => 1 } catalog_of($node, 'fresh');
	is(join("\n", grep { !$fresh{$_} } sort keys %here), '', "$what: the extension has nothing that CREATE EXTENSION does not make");
	is(join("\n", grep { !$here{$_} } sort keys %fresh), '', "$what: and lacks nothing");
	cmp_ok(scalar(keys %fresh), '>', 1000, "$what: which was looked at");
	$node->safe_psql('postgres', 'DROP DATABASE fresh');
	$node->command_ok(
		[
			$node->installed_command('pg_amcheck'), '--database=postgres',
			'--install-missing',   '--heapallindexed', '--parent-check'
		],
		"$what: pg_amcheck");
	$node->safe_psql('postgres', 'DROP EXTENSION amcheck');
	return;
}

# ---- the ways (P33)

sub upgrade
{
	my ($old, $new, @how) = @_;
	my ($from, $to) = map { $_->installed_command('postgres') =~ s{/postgres$}{}r } $old, $new;

	chdir PostgreSQL::Test::Utils::tempdir or die $!;
	return [
		"$to/pg_upgrade", '--no-sync', '-d', $old->data_dir, '-D', $new->data_dir,
		'-b', $from, '-B', $to, '-s', $new->host, '-p', $old->port, '-P', $new->port, @how
	];
}

# From one version to the next, with what the two are to say.
sub step
{
	my ($old, $major, $people, $before, @how) = @_;
	my $what   = @how ? "to $major, @how" : "to $major";
	my $events = events_of($old);
	my $mark   = position_of($old);
	my $new  = server_of($major, 'upgraded');

	# From 18 on clusters have checksums; the older is given them.
	$old->stop;
	if (data_checksums($new) && !data_checksums($old))
	{
		$new->command_checks_all(upgrade($old, $new, '--check'),
			1, [qr/checksums/], [], "$what: not without checksums");
		command_ok([ $old->installed_command('pg_checksums'), '--enable', '-D', $old->data_dir ], "$what: pg_checksums");
	}
	$new->command_ok(upgrade($old, $new, @how), "$what: pg_upgrade");
	$new->append_conf('postgresql.conf', "users.key_file = '$folder/root'\n");
	$new->start;
	is($new->safe_psql('postgres', 'SHOW server_version_num') =~ s/\d{4}$//r, $major, "$what: the version");
	goes_on($new, $people, $before, $what);
	is(events_of($new), $events, "$what: the same events");
	is(answer($new, "SELECT users_events('$mark')"), 'US011', "$what: for readers who begin anew");
	sound($new, $what);
	return $new;
}

sub data_checksums
{
	my ($node) = @_;
	my ($said) = run_command([ $node->installed_command('pg_controldata'), $node->data_dir ]);

	return $said =~ /^Data page checksum version:\s+[1-9]/m;
}

# What readers of events are given, and a position to go on from.
sub events_of
{
	my ($node) = @_;

	return answer($node, "SELECT md5(string_agg((to_jsonb(e) - 'position')::text, '')) FROM users_events(max_rows => 1000) e");
}

sub position_of
{
	my ($node) = @_;

	return answer($node, 'SELECT max(position) FROM users_events()');
}

# With the programs of the new version, as PostgreSQL recommends.
sub restore
{
	my ($origin, $major) = @_;
	my $node = server_of($major, 'restored');

	command_ok([ "$bin/pg_dumpall", '-d', $origin->connstr('postgres'), '-g', '-f', "$folder/globals" ], 'pg_dumpall -g');
	command_ok([ "$bin/pg_dump", '-d', $origin->connstr('postgres'), '-Fd', '-j2', '-f', "$folder/dump" ], 'pg_dump -j');
	$node->append_conf('postgresql.conf', "users.key_file = '$folder/root'\n");
	$node->start;
	run_file($node, 'postgres', "$folder/globals");
	local $ENV{PGOPTIONS} = '-c session_replication_role=replica';
	$node->command_ok([ "$bin/pg_restore", '-d', 'postgres', '-j2', '--exit-on-error', "$folder/dump" ], 'pg_restore -j');
	return $node;
}

write_file("$folder/root", random_key(), 0600);

my $node = server_of($majors[0], 'origin');
$node->append_conf('postgresql.conf', "users.key_file = '$folder/root'\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION users');

my $people = fill($node);
my $before = state_of($node);

goes_on($node, $people, $before, "on $majors[0]");
sound($node, "on $majors[0]");

my $mark     = position_of($node);
my $restored = restore($node, $majors[-1]);
goes_on($restored, $people, $before, "$majors[0] to $majors[-1], dumped");
is(events_of($restored), '', "$majors[0] to $majors[-1], dumped: events begin anew");
is(answer($restored, "SELECT users_events('$mark')"), 'US011', "$majors[0] to $majors[-1], dumped: and readers too");
sound($restored, "$majors[0] to $majors[-1], dumped");
$restored->stop;

my @how;
foreach my $major (@majors[ 1 .. $#majors ])
{
	# By copies of the files, then by links to them, and so on.
	$node = step($node, $major, $people, $before, @how);
	@how  = @how ? () : ('--link');
}
$node->stop;
done_testing();
