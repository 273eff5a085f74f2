# Dumps: what they take along, what they must not hold, and that people sign in
# after a restore. With the root key in the table and with a key file.
use strict;
use warnings FATAL => 'all';

use Cwd qw(getcwd);
use FindBin;
use lib "$FindBin::RealBin/lib";

use File::Find;
use PostgreSQL::Test::Utils;
use Test::More;
use UsersTest;

my $folder = PostgreSQL::Test::Utils::tempdir;

# ---- before and after

# A server's people, with tokens, and what else a dump should take along.
sub populate
{
	my ($node) = @_;
	my %people = map { $_ => sign_up($node, $_) } qw(ann ben cai);

	prepare_login($node, 'application', trusted_client => 'true');
	$node->safe_psql('postgres', <<SQL);
INSERT INTO users.language (code, name) VALUES ('fr', 'Français');
INSERT INTO users.theme (name) VALUES ('RedDawn');
UPDATE users.account SET language = 'fr', theme = 'RedDawn' WHERE email LIKE 'ann%';
CREATE TABLE note (text text, owner uuid DEFAULT users_current_user_id() REFERENCES users.person_id (user_id));
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON note TO users_member
	USING (owner = (SELECT users_current_user_id())) WITH CHECK (owner = (SELECT users_current_user_id()));
GRANT SELECT, INSERT ON note TO users_member;
SELECT users_disable_user(users_id('cai'));
SQL
	answer($node, "SELECT (users_login('ann', 'a wrong one')).status");
	is(notes_of($node, $people{ann}, "INSERT INTO note VALUES ('first')"), '1|first', 'a note is written');
	# A spent token and a key that retires are part of the state too.
	$people{ben}{spent} = $people{ben}{refresh};
	@{ $people{ben} }{qw(access refresh)} = split /\|/,
	  answer($node, "SELECT access_token, refresh_token FROM users_refresh('$people{ben}{spent}')");
	is(answer($node, 'SELECT state FROM users_rotate_key()'), 'active', 'the key is rotated');
	return \%people;
}

# Does something as somebody, and tells the notes that are seen then.
sub notes_of
{
	my ($node, $person, $sql, %params) = @_;

	return (split /\n/, answer($node, <<SQL, user => 'application', %params))[-1];
BEGIN;
SELECT users_authenticate('$person->{access}') IS NOT NULL;
@{[ $sql // 'SELECT' ]};
SELECT count(*), string_agg(text, ' ') FROM note;
COMMIT;
SQL
}

# After a restore all is as it was, and goes on. (S64)
sub restored
{
	my ($node, $db, $people, $before, $what) = @_;
	my ($ann, $ben, $cai) = @$people{qw(ann ben cai)};
	my %here = (db => $db);

	is_deeply(table_contents($node, $db), $before, "$what: the same rows");
	is(token_status($node, $ann->{access}, %here), 'ok',            "$what: an access token holds");
	is(token_status($node, $cai->{access}, %here), 'invalid_token', "$what: one of a disabled account does not");
	is(notes_of($node, $ann, undef, %here), '1|first', "$what: the application's policies hold");
	is(notes_of($node, $ben, "INSERT INTO note VALUES ('second')", %here), '1|second',
		"$what: its defaults and foreign keys too");
	is(status_of($node, "users_refresh('$ann->{refresh}')",  %here), 'ok', "$what: a refresh token holds");
	is(status_of($node, "users_login('ann', '$password')",   %here), 'ok', "$what: one can sign in");
	is(status_of($node, "users_login('ann', 'a wrong one')", %here), 'invalid_credentials',
		"$what: not with another password");
	is(status_of($node, "users_login('cai', '$password')", %here), 'disabled', "$what: who was disabled is");
	is( answer(
			$node,
			"UPDATE users.session SET refreshed_at = refreshed_at - interval '1 hour'; SELECT status FROM users_refresh('$ben->{spent}')",
			%here),
		'invalid_token',
		"$what: a spent token is spent");
	is(token_status($node, $ben->{access}, %here), 'invalid_token', "$what: and ended its session");
	is(answer($node, "SELECT (users_register('ann\@example.org', 'anna', '$password', 'A', 'B')).status", %here),
		'23505', "$what: addresses are taken");
	is(answer($node, 'SELECT string_agg(code, \' \' ORDER BY code) FROM users_languages', %here), 'de en fr sr',
		"$what: languages");
	is(answer($node, 'SELECT count(*) FROM users_themes',                            %here), '5', "$what: themes");
	is(answer($node, 'SELECT state, count(*) FROM users_keys GROUP BY 1 ORDER BY 1', %here), "active|1\nretiring|1",
		"$what: no key was made");
	is( answer(
			$node,
			'SELECT string_agg(name, \' \') FROM users_health() WHERE NOT ok AND name IN (\'signing_key\', \'foreign_objects\', \'foreign_keys\', \'table_grants\')',
			%here),
		'',
		"$what: all is healthy");
	like(answer($node, 'SELECT users.prepare_statements()', %here), qr/^[1-9]\d*$/, "$what: library and tables fit");
	return;
}

sub dump_all
{
	my ($node, $name) = @_;

	$node->command_ok([ 'pg_dumpall', '--globals-only', '-f', "$folder/$name.globals" ],  'pg_dumpall -g');
	$node->command_ok([ 'pg_dump', '-d', 'postgres', '-f', "$folder/$name.sql" ],         'pg_dump');
	$node->command_ok([ 'pg_dump', '-d', 'postgres', '-Fc', '-f', "$folder/$name.dump" ], 'pg_dump -Fc');
	$node->command_ok([ 'pg_dump', '-d', 'postgres', '-Fd', '-j2', '-f', "$folder/$name.d" ], 'pg_dump -Fd -j');
	return;
}

# Indexes and tables fit each other.
sub sound
{
	my ($node, $db, $what) = @_;

	$node->command_ok([ 'pg_amcheck', '-d', $db, '--install-missing', '--heapallindexed', '--parent-check' ],
		"$what: pg_amcheck");
	return;
}

# ---- what must not be found (S43)

# Which of some secrets, given as bytes, are in a text or in files; by name.
sub found_in_text
{
	my ($text, %secrets) = @_;
	my @found;

	foreach my $name (sort keys %secrets)
	{
		my $hex = unpack 'H*', $secrets{$name};

		push @found, $name if index($text, $secrets{$name}) >= 0 || index($text, $hex) >= 0;
	}
	return @found;
}

sub found_in_files
{
	my ($path, %secrets) = @_;
	my %found;

	find(
		{
			no_chdir => 1,
			wanted   => sub {
				return unless -f;
				$found{$_} = 1 for found_in_text(slurp_file($_), %secrets);
			}
		},
		$path);
	return join ' ', sort keys %found;
}

# The signing keys' seeds, under a root key.
sub seeds
{
	my ($node, $root) = @_;
	my $program = "$folder/unseal";
	my $core    = getcwd() . '/src/core';
	my %seeds;

	system_or_bail(
		$ENV{CC} // 'cc', '-o', $program, "-I$core",
		"$FindBin::RealBin/lib/unseal.c", "$core/keyring.c", '-lsodium') unless -x $program;
	foreach my $row (split /\n/,
		$node->safe_psql('postgres', "SELECT kid, encode(sealed_secret, 'hex') FROM users.signing_key"))
	{
		my ($kid, $sealed) = split /\|/, $row;
		my ($seed, $stderr) = run_command([ $program, unpack('H*', $root), $kid, $sealed ]);

		$seeds{"seed-of-$kid"} = pack 'H*', $seed;
		is(length $seeds{"seed-of-$kid"}, 32, 'a seed to look for');
	}
	return %seeds;
}

# Tokens and passwords are nowhere; keys are, or are not, as $keys says.
sub look_for_secrets
{
	my ($node, $name, $people, $root, $keys) = @_;
	my %seeds   = seeds($node, $root);
	my %secrets = (%seeds, root => $root, password => $password, wrong => 'a wrong one');
	my $data    = $node->data_dir;

	foreach my $who (keys %$people)
	{
		$secrets{"$who-$_"} = $people->{$who}{$_} for grep { $people->{$who}{$_} } qw(access refresh spent);
	}
	$node->safe_psql('postgres', 'CHECKPOINT');
	is(join(' ', found_in_text(slurp_file("$folder/$name.sql"), %secrets)), $keys,
		"$name: secrets in the dump: '$keys'");
	is(found_in_files("$data/base",   %secrets), $keys, "$name: secrets in the tables: '$keys'");
	is(found_in_files("$data/pg_wal", %secrets), $keys, "$name: secrets in the WAL: '$keys'");
	is(found_in_files($node->logfile, %secrets), '',    "$name: none in the log");
	return;
}

# ---- a generated root key (P30)

sub generated
{
	my $origin = users_server('generated');
	my $people = populate($origin);
	my $before = table_contents($origin, 'postgres');
	my $node   = new_server('restored');
	my $root;

	dump_all($origin, 'generated');
	$root = pack 'H*', $origin->safe_psql('postgres', "SELECT encode(secret, 'hex') FROM users.root_key");
	look_for_secrets($origin, 'generated', $people, $root, 'root');
	dumped_by_others($origin);
	$origin->stop;

	# The library need not be preloaded for a restore.
	$node->append_conf('postgresql.conf', "shared_preload_libraries = ''\n");
	$node->start;
	is(run_file($node, 'postgres', "$folder/generated.globals"), '', 'globals are restored');
	is(run_file($node, 'postgres', "$folder/generated.sql"),     '', 'the dump is restored, without preload');
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'users'\n");
	$node->restart;
	restored($node, 'postgres', $people, $before, 'pg_dump');

	ways($node, $people, $before);

	# The extension is there already, and has made nothing of its own. (P29)
	$node->safe_psql('postgres', 'CREATE DATABASE prepared');
	$node->safe_psql('prepared', 'CREATE EXTENSION users');
	is(run_file($node, 'prepared', "$folder/generated.sql"), '', 'a dump into a database with the extension');
	restored($node, 'prepared', $people, $before, 'over CREATE EXTENSION');

	cleaned($node, $people, $before);
	$node->stop;
	return;
}

# With what pg_restore is told, in turn. The foreign keys between an extension's
# tables are there before their rows, which -j loads in any order: so nothing is
# checked then. An application's foreign keys are created and checked as soon as
# its own rows are there, so with -j the sections follow each other.
sub ways
{
	my ($node, $people, $before) = @_;
	my $replica  = '-c session_replication_role=replica';
	my @sections = map { "--section=$_" } 'pre-data', 'data', 'post-data';

	foreach my $case (
		[ 'custom',   'generated.dump', '', [] ],
		[ 'folder',   'generated.d',    '', [] ],
		[ 'jobs',     'generated.d',    $replica, map { [ '-j2', $_ ] } @sections ],
		[ 'filejobs', 'generated.dump', $replica, map { [ '-j2', $_ ] } @sections ],
		[ 'sections', 'generated.dump', '', map { [$_] } @sections ],
		[ 'unowned',  'generated.dump', '', ['--no-owner'] ],
		[ 'dumper',   'dumper.dump',    '', [] ])
	{
		my ($db, $dump, $options, @steps) = @$case;
		my $what = join ' ', 'pg_restore', map { @$_ } @steps;

		$node->safe_psql('postgres', "CREATE DATABASE $db");
		foreach my $step (@steps)
		{
			local $ENV{PGOPTIONS} = $options;
			$node->command_ok([ 'pg_restore', '-d', $db, '--exit-on-error', @$step, "$folder/$dump" ],
				"$db: pg_restore @$step");
		}
		restored($node, $db, $people, $before, "$db: $what");
		sound($node, $db, "$db: $what");
	}
	return;
}

# Who may dump: besides superusers, who reads everything and passes by policies.
# The owner of the application's tables may dump these, but for one with FORCE:
# pg_dump refuses, and would leave the rows out if it was told to obey policies.
sub dumped_by_others
{
	my ($node) = @_;
	my $refused = qr/row-level security policy for table "(?:language|forced)"/;

	$node->safe_psql('postgres', 'CREATE ROLE dumper LOGIN BYPASSRLS IN ROLE pg_read_all_data');
	$node->command_ok(
		[ 'pg_dump', '-d', $node->connstr('postgres') . ' user=dumper', '-Fc', '-f', "$folder/dumper.dump" ],
		'a dump by who reads everything and passes by policies');
	$node->safe_psql('postgres', 'CREATE DATABASE owned');
	$node->safe_psql('owned', <<'SQL');
CREATE EXTENSION users;
CREATE ROLE app_owner LOGIN;
SELECT users_setup_owner('app_owner');
CREATE SCHEMA app AUTHORIZATION app_owner;
SELECT users_define_object_type('device');
SET ROLE app_owner;
CREATE TABLE app.device (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), domain_id uuid, owner uuid REFERENCES users.person_id (user_id));
INSERT INTO app.device (domain_id) VALUES (gen_random_uuid());
CREATE TABLE app.forced AS TABLE app.device;
SELECT users_protect('app.device', 'device', owner_column => 'owner');
SELECT users_protect('app.forced', 'device', force => true);
SQL
	foreach my $case (
		[ $refused, 'the database' ],
		[ $refused, 'the database but for it', '--exclude-table=app.forced' ],
		[ $refused, 'a table with FORCE',      '--schema=app' ],
		[ undef,    'without its rows',        '--schema=app', '--enable-row-security' ],
		[ undef,    'without it',              '--schema=app', '--exclude-table=app.forced' ])
	{
		my ($said, $what, @options) = @$case;
		my @dump = ('pg_dump', '-d', $node->connstr('owned') . ' user=app_owner', '-f', "$folder/app.sql", @options);

		if   (defined $said) { $node->command_fails_like(\@dump, $said, "the owner's dump: $what: refused") }
		else                 { $node->command_ok(\@dump, "the owner's dump: $what") }
		$what eq 'without its rows' or next;
		like(slurp_file("$folder/app.sql"), qr/^COPY app\.device [^\n]*\n[0-9a-f]{8}-/m, 'rows of the other table');
		like(slurp_file("$folder/app.sql"), qr/^COPY app\.forced [^\n]*\n\\\./m,         'none of that one');
	}

	# The owner restores it, beside the extension that a superuser made.
	$node->safe_psql('owned', <<'SQL');
DROP SCHEMA app CASCADE;
CREATE SCHEMA app AUTHORIZATION app_owner;
SQL
	$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('owned') . ' user=app_owner', '-f', owned_script() ],
		'the owner restores it');
	is(answer($node, 'SELECT count(*) FROM app.device', db => 'owned'), '1', 'with its row');
	is( answer(
			$node, "SELECT string_agg(name, ' ') FROM users_health() WHERE NOT ok AND name IN ('protected_tables', 'open_views')",
			db => 'owned'),
		'',
		'protected as it was');
	$node->safe_psql('postgres', 'DROP DATABASE owned');
	$node->safe_psql('postgres', 'DROP ROLE app_owner');
	return;
}

# The schema itself is there.
sub owned_script
{
	my $sql = slurp_file("$folder/app.sql") =~ s/^CREATE SCHEMA app;$//mr;

	write_file("$folder/app.sql", $sql, 0600);
	return "$folder/app.sql";
}

# pg_restore --clean drops the extension: not while there are accounts, unless
# told to. (P32)
sub cleaned
{
	my ($node, $people, $before) = @_;
	my @restore =
	  ('pg_restore', '-d', 'custom', '--clean', '--if-exists', '--single-transaction', "$folder/generated.dump");
	my $accounts = answer($node, 'SELECT count(*) FROM users.account', db => 'custom');

	$node->command_fails_like(\@restore, qr/the extension "users" keeps its accounts/, 'pg_restore --clean is refused');
	is(answer($node, 'SELECT count(*) FROM users.account', db => 'custom'), $accounts, 'nothing was dropped');
	local $ENV{PGOPTIONS} = '-c users.allow_drop=on';
	$node->command_ok(\@restore, 'pg_restore --clean with users.allow_drop');
	delete $ENV{PGOPTIONS};
	restored($node, 'custom', $people, $before, 'pg_restore --clean');
	return;
}

# ---- a key file (S44)

sub use_file
{
	my ($node, $path) = @_;

	$node->safe_psql('postgres', "ALTER SYSTEM SET users.key_file = '$path'");
	$node->reload;
	$node->poll_query_until('postgres', "SELECT current_setting('users.key_file') = '$path'") or die 'no reload';
	return;
}

# Each thing that can be wrong with a file: what to write where and how, and
# what is said.
sub bad_files
{
	my ($node, $key) = @_;
	my $data   = $node->data_dir;
	my $inside = "$data/root.key";

	write_file("$folder/wrong", random_key(),        0600);
	write_file("$folder/open",  $key,                0644);
	write_file("$folder/group", $key,                0640);
	write_file("$folder/short", substr($key, 0, 31), 0600);
	write_file("$folder/long",  "$key\n",            0600);
	write_file("$folder/empty", '',                  0600);
	write_file($inside,         $key,                0600);
	symlink $inside, "$folder/link" or die $!;
	return (
		[ "$folder/wrong",   qr/not the one/ ],
		[ "$folder/missing", qr/does not exist/ ],
		[ "$folder/open",    qr/others than its owner may read it/ ],
		[ "$folder/group",   qr/others than its owner may read it/ ],
		[ "$folder/short",   qr/exactly 32 bytes/ ],
		[ "$folder/long",    qr/exactly 32 bytes/ ],
		[ "$folder/empty",   qr/exactly 32 bytes/ ],
		[ $folder,           qr/not a regular file|cannot be opened/ ],
		[ $inside,           qr/data directory/ ],
		[ 'root.key',        qr/data directory/ ],
		[ "$folder/link",    qr/data directory/ ],
		[ '',                qr/users\.key_file is not set/ ]);
}

# A bad file: everything that needs a secret fails, and no new key is made.
sub refused
{
	my ($node, $people, $files) = @_;
	my $before = table_contents($node, 'postgres');

	foreach my $file (@$files)
	{
		my ($path, $said) = @$file;
		my $what = $said =~ s/^\(\?\^:(.*)\)$/$1/r;

		use_file($node, $path);
		is(answer($node, "SELECT * FROM $_->[1]"), '55000', "$what: $_->[0]")
		  for (
			[ 'sign in', "users_login('ann', '$password')" ],
			[ 'sign up', "users_register('dan\@example.org', 'dan', '$password', 'Dan', 'Do')" ],
			[ 'refresh', "users_refresh('$people->{ann}{refresh}')" ],
			[ 'rotate',  'users_rotate_key()' ]);
		is(token_status($node, $people->{ann}{access}), 'ok', "$what: a public key still verifies");
		like(
			answer($node, "SELECT ok, detail FROM users_health() WHERE name = 'root_key'"),
			qr/^f\|.*$said.*nobody can sign in/, "$what: users_health says so");
	}
	is_deeply(table_contents($node, 'postgres'), $before, 'nothing was written');
	return;
}

# The same where there is no key yet: none is generated instead.
sub refused_from_the_start
{
	my ($node, $files) = @_;
	my %here = (db => 'fresh');

	$node->safe_psql('postgres', 'CREATE DATABASE fresh');
	$node->safe_psql('fresh',    'CREATE EXTENSION users');
	foreach my $path (map { $_->[0] } @$files)
	{
		# Any key would do here, and without a file one is generated.
		next if $path eq "$folder/wrong" || $path eq '';
		use_file($node, $path);
		is(answer($node, "SELECT users_register('dan\@example.org', 'dan', '$password', 'Dan', 'Do')", %here), '55000',
			'no first key');
	}
	is( answer(
			$node,
			'SELECT (SELECT count(*) FROM users.root_key), (SELECT count(*) FROM users.signing_key), (SELECT count(*) FROM users.account)',
			%here),
		'0|0|0',
		'neither a key nor an account was made');
	return;
}

# A lost file: everything signed with it is void, accounts and passwords stay.
sub renewed
{
	my ($node, $people) = @_;
	my $wrong = "$folder/wrong";
	my $old   = $node->safe_psql('postgres', 'SELECT count(*) FROM users.session WHERE ended_at IS NULL');

	cmp_ok($old, '>', 0, 'there are sessions');
	use_file($node, $wrong);
	is(answer($node, 'SELECT users_renew_root_key()'),               't',             'another file is taken up');
	is(token_status($node, $people->{ann}{access}),                  'invalid_token', 'access tokens are void');
	is(status_of($node, "users_refresh('$people->{ann}{refresh}')"), 'invalid_token', 'refresh tokens too');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM users.session WHERE ended_at IS NULL'), '0',
		'no session is left');
	is(status_of($node, "users_login('ann', '$password')"), 'ok', 'passwords are not');
	return;
}

sub key_file
{
	my $key = random_key();
	my ($origin, $node, $people, $before, @files);

	write_file("$folder/root", $key, 0600);
	$origin = users_server('keyfile', "users.key_file = '$folder/root'\n");
	$people = populate($origin);
	$before = table_contents($origin, 'postgres');
	dump_all($origin, 'keyfile');
	$origin->command_ok([ 'pg_dumpall', '-f', "$folder/keyfile.all" ], 'pg_dumpall');
	is($origin->safe_psql('postgres', 'SELECT secret IS NULL FROM users.root_key'), 't', 'the table holds no key');
	look_for_secrets($origin, 'keyfile', $people, $key, '');
	$origin->stop;

	$node = new_server('keyfile_restored');
	$node->start;
	is(run_file($node, 'postgres', "$folder/keyfile.all"), '', 'the dump of all is restored');
	@files = bad_files($node, $key);
	refused($node, $people, \@files);
	refused_from_the_start($node, \@files);
	use_file($node, "$folder/root");
	restored($node, 'postgres', $people, $before, 'the same key file');
	renewed($node, $people);
	$node->stop;
	return;
}

generated();
key_file();
done_testing();
