# users_events while many commit at once; after a crash, a restore and a
# fail-over; on a standby; what NOTIFY tells; and the example of a reader.
use strict;
use warnings FATAL => 'all';

use Cwd qw(getcwd);
use FindBin;
use lib "$FindBin::RealBin/lib";

use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);
use UsersTest;

my $folder  = PostgreSQL::Test::Utils::tempdir;
my $primary = users_server(
	'primary', "shared_buffers = 32MB\nmax_prepared_transactions = 2\n",
	allows_streaming => 1);

# ---- readers

# A reader of pages of so many rows, in a session of its own.
sub reader
{
	my ($node, $rows) = @_;

	return {
		psql     => $node->background_psql('postgres'),
		rows     => $rows,
		position => undef,
		read     => []
	};
}

# Reads a page; how many events there were.
sub read_page
{
	my ($reader) = @_;
	my $after  = defined $reader->{position} ? "'$reader->{position}'" : 'NULL';
	my @events = split /\n/,
	  $reader->{psql}->query_safe("SELECT position || ' ' || extract(epoch FROM occurred_at) FROM users_events($after, $reader->{rows})");

	foreach my $event (@events)
	{
		my ($position, $time) = split / /, $event;

		push @{ $reader->{read} }, $time;
		$reader->{position} = $position;
	}
	return scalar @events;
}

sub audited
{
	my ($node) = @_;

	return [
		split /\n/,
		$node->safe_psql('postgres',
			"SELECT extract(epoch FROM occurred_at) FROM users.audit_event WHERE outcome = 'success' ORDER BY 1")
	];
}

# The position behind all that there is.
sub last_position
{
	my ($node, %params) = @_;
	my $after = 'NULL';

	while (my @positions = split /\n/, answer($node, "SELECT position FROM users_events($after, 1000)", %params))
	{
		$after = "'$positions[-1]'";
	}
	return $after =~ s/'//gr;
}

sub events_after
{
	my ($node, $position, %params) = @_;
	my $after = defined $position ? "'$position'" : 'NULL';

	return answer($node, "SELECT string_agg(event, ' ') FROM users_events($after, 1000)", %params);
}

# ---- many at once

# Writes an event or three, and takes its time, or its deeds back.
my $script = <<'PGBENCH';
\set r random(1, 20)
\set ms random(0, 80)
\set n random(1, 1000000000)
BEGIN;
SELECT name FROM users_define_site('c' || :client_id, NULL, NULL, NULL, NULL, NULL, 'n' || :n);
\sleep :ms ms
\if :r <= 4
SAVEPOINT a;
SELECT name FROM users_define_site('s' || :client_id, NULL, NULL, NULL, NULL, NULL, 'n' || :n);
ROLLBACK TO a;
\endif
\if :r = 20
\sleep 2 s
\endif
SELECT name FROM users_define_site('d' || :client_id, NULL, NULL, NULL, NULL, NULL, 'n' || :n);
\if :r >= 17
ROLLBACK;
\else
COMMIT;
\endif
PGBENCH

sub many_at_once
{
	my $idle     = $primary->background_psql('postgres');
	my $prepared = "BEGIN; SELECT users_define_site('prepared', NULL, NULL, NULL, NULL, NULL, NULL) IS NULL; PREPARE TRANSACTION 'slow'";
	my @readers  = map { reader($primary, $_) } (1000, 7, 1);
	my $calls = 0;

	append_to_file("$folder/script", $script);
	$idle->query_safe("BEGIN; SELECT users_define_site('idle', NULL, NULL, NULL, NULL, NULL, NULL) IS NULL");
	is(answer($primary, $prepared), 'f', 'one is prepared');
	my $bench = IPC::Run::start(
		[
			$primary->installed_command('pgbench'),
			'-n', '-c', '16', '-j', '2', '-T', '20', '-f', "$folder/script",
			'-d', $primary->connstr('postgres')
		],
		'<', '/dev/null', '>&', "$folder/pgbench.log");
	my $end = time + 20;
	while (time < $end)
	{
		read_page($_) for @readers;
		$calls++;
		usleep(10_000);
	}
	ok($bench->finish, "all clients came to their end") or diag slurp_file("$folder/pgbench.log");

	cmp_ok($calls, '>', 50, "read $calls times meanwhile");
	# The one who is idle keeps nobody from reading on.
	foreach my $reader (@readers)
	{
		1 while read_page($reader);
	}
	my $before = audited($primary);
	cmp_ok(scalar @$before, '>', 500, 'events: ' . @$before);
	is_deeply([ sort { $a <=> $b } @{ $_->{read} } ], [ sort { $a <=> $b } @$before ], "each was read once, by $_->{rows}")
	  for @readers;
	$idle->query_safe('COMMIT');
	$primary->safe_psql('postgres', "COMMIT PREPARED 'slow'");
	is(read_page($readers[0]), 2, 'who was idle, and who was prepared, comes at last');
	is(read_page($readers[1]), 2, 'to each');
	is(read_page($_), 0, 'and once') for @readers[ 0, 1 ];
	is(scalar @{ audited($primary) }, @{ $readers[0]{read} }, 'all was read');
	$_->{psql}->quit for @readers;
	$idle->quit;
	return;
}

# ---- NOTIFY

# What somebody who listens hears of statements; how often, or with what.
sub heard
{
	my ($listener, @statements) = @_;

	$primary->psql('postgres', $_) for @statements;
	my @lines = grep { /"users_events"/ } split /\n/, $listener->query('SELECT 1');
	return join ' ', map { /payload/ ? 'payload' : 'heard' } @lines;
}

sub notified
{
	my $listener = $primary->background_psql('postgres');
	my $login    = "SELECT status FROM users_login('ann', '$password')";

	sign_up($primary, 'ann');
	$listener->query_safe('LISTEN users_events');
	is(heard($listener, $login), 'heard', 'who listens is woken, and told nothing');
	is(heard($listener, "BEGIN; $login; $login; COMMIT"), 'heard', 'once a transaction');
	is(heard($listener, "BEGIN; $login; ROLLBACK"), '', 'not by what is rolled back');
	is(heard($listener, "BEGIN; SAVEPOINT a; $login; ROLLBACK TO a; COMMIT"), '', 'in a savepoint either');
	is(heard($listener, "BEGIN; SAVEPOINT a; $login; RELEASE a; COMMIT"), 'heard', 'but by one that is released');
	is(heard($listener, "BEGIN; $login; SAVEPOINT a; $login; ROLLBACK TO a; COMMIT"), 'heard',
		'and by what came before one');
	is(heard($listener, "SELECT status FROM users_login('ann', 'a wrong one')"), '', 'not by failures');
	# A claim finds out which of the addresses that were asked for are known.
	is( heard(
			$listener,
			map { "SELECT users_request_reset('$_\@example.org')" } qw(ann nobody)),
		'',
		'not by what is asked for');
	my $before = last_position($primary);
	is(heard($listener, 'SELECT count(*) FROM users_claim_mail()'), '', 'nor by a claim');
	is(events_after($primary, $before), 'reset_requested', 'though it is an event');
	is(heard($listener, "BEGIN; SELECT count(*) FROM users_claim_mail(); $login; COMMIT"), 'heard', 'but by others beside it');
	$primary->append_conf('postgresql.conf', "synchronous_standby_names = 'standby'\n");
	$primary->reload;
	$primary->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'")
	  or die 'no synchronous standby';
	is(heard($listener, $login), '', 'not by what waits for a standby');
	is(heard($listener, "SET synchronous_commit = local; $login"), 'heard', 'unless it does not');
	$primary->append_conf('postgresql.conf', "synchronous_standby_names = ''\n");
	$primary->reload;
	$primary->poll_query_until('postgres', "SELECT current_setting('synchronous_standby_names') = ''") or die 'no reload';
	$listener->quit;
	return;
}

# ---- the example

sub example
{
	my $purge = <<'SQL';
WITH e AS (INSERT INTO users.audit_event (user_id, id, occurred_at, event, outcome)
           SELECT users_id('%s'), gen_random_uuid(), now(), 'account_purged', 'success' RETURNING user_id, id)
INSERT INTO users.event_position (user_id, event_id, xid) SELECT user_id, id, pg_current_xact_id() FROM e;
SQL

	sign_up($primary, $_) for qw(ben cai);
	$primary->safe_psql('postgres', <<'SQL');
CREATE SCHEMA app;
CREATE TABLE app.note (owner uuid REFERENCES users.person_id (user_id), text text);
ALTER TABLE app.note ENABLE ROW LEVEL SECURITY;
INSERT INTO app.note SELECT users_id(name), name FROM unnest('{ann,ben,cai}'::text[]) name;
SQL
	$primary->command_ok(
		[ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $primary->connstr('postgres'), '-f', getcwd() . '/examples/events/setup.sql' ],
		'the example is set up');
	is(answer($primary, 'CALL eraser.follow()', user => 'eraser'), '', 'it reads');
	is($primary->safe_psql('postgres', "SELECT string_agg(text, ' ' ORDER BY text) FROM app.note"),
		'ann ben cai', 'and erases nothing that is not purged');
	$primary->safe_psql('postgres', sprintf $purge, 'ben');
	is(answer($primary, 'CALL eraser.follow()', user => 'eraser'), '', 'it reads on');
	is($primary->safe_psql('postgres', "SELECT string_agg(text, ' ' ORDER BY text) FROM app.note"),
		'ann cai', 'and erases what is');
	is(answer($primary, 'CALL eraser.follow()', user => 'eraser'), '', 'there need not be anything');
	return;
}

# ---- what happens to servers (P55 P57)

# What was read is there after a crash, although its commit did not wait.
sub crash
{
	my $before = last_position($primary);

	$primary->psql('postgres',
		"SET synchronous_commit = off; SELECT status FROM users_login('ann', '$password')");
	is(events_after($primary, $before), 'login', 'a commit that nobody waited for is read');
	my $after = last_position($primary);
	$primary->stop('immediate');
	$primary->start;
	is(events_after($primary, $before), 'login', 'and is there after a crash');
	is(events_after($primary, $after), '', 'a position holds');
	return;
}

sub restore
{
	my $position = last_position($primary);

	$primary->command_ok([ 'pg_dump', '-d', $primary->connstr('postgres'), '-Fc', '-f', "$folder/dump" ], 'pg_dump');
	$primary->safe_psql('postgres', 'CREATE DATABASE restored');
	$primary->command_ok([ 'pg_restore', '-d', $primary->connstr('restored'), '--exit-on-error', "$folder/dump" ], 'pg_restore');
	is(events_after($primary, $position, db => 'restored'), 'US011', 'a position of before a restore is refused');
	is(events_after($primary, undef, db => 'restored'), '', 'there is nothing to read of before it');
	sign_in($primary, 'ann', db => 'restored');
	is(events_after($primary, undef, db => 'restored'), 'login', 'but what happens then');
	is(events_after($primary, last_position($primary, db => 'restored'), db => 'restored'), '', 'once');
	is(events_after($primary, last_position($primary, db => 'restored')), 'US011', 'nor does one hold the other way');
	is(events_after($primary, $position), '', 'where it is from it holds');
	return;
}

sub fail_over
{
	my ($standby) = @_;
	my $position = last_position($primary);

	$primary->wait_for_catchup($standby);
	is(events_after($standby, undef),     '25006', 'a standby does not tell');
	is(events_after($standby, $position), '25006', 'whatever the position');
	is(answer($standby, "SELECT count(*) FROM users_events(NULL, 0)"), '25006', 'or the rest');
	$primary->stop('immediate');
	$standby->promote;
	is(events_after($standby, $position), 'US011', 'after a promotion a position is refused');
	like(events_after($standby, undef), qr/^site_defined /, 'one begins anew');
	my $here = last_position($standby);
	sign_in($standby, 'ann');
	is(events_after($standby, $here), 'login', 'and goes on');
	return;
}

$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

many_at_once();
notified();
example();
crash();
restore();
fail_over($standby);
$standby->stop;

done_testing();
