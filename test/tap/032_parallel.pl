# Parallel workers have the identity of their leader, and nobody else's.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use IPC::Run;
use Test::More;
use UsersTest;

my $turns = 400;

my $node   = users_server('parallel');
my %people = map { $_ => sign_up($node, $_) } qw(ann ben);

# Each has rows of their own, of which only workers may judge.
prepare_login($node, 'application', admin => 'true');
$node->append_conf('postgresql.conf', <<'CONF');
max_worker_processes = 16
max_parallel_workers = 16
max_parallel_workers_per_gather = 2
parallel_leader_participation = off
parallel_setup_cost = 0
parallel_tuple_cost = 0
min_parallel_table_scan_size = 0
CONF
$node->restart;
$node->safe_psql('postgres', <<SQL);
CREATE TABLE note (n serial, owner uuid) WITH (parallel_workers = 2);
INSERT INTO note (owner) SELECT '$people{ann}{user_id}' FROM generate_series(1, 300);
INSERT INTO note (owner) SELECT '$people{ben}{user_id}' FROM generate_series(1, 500);
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON note TO users_member USING (owner = users_current_user_id());
GRANT SELECT ON note TO users_member, application;
CREATE FUNCTION pid() RETURNS integer LANGUAGE plpgsql PARALLEL SAFE AS 'BEGIN RETURN pg_backend_pid(); END';
CREATE FUNCTION nap(seconds float8) RETURNS boolean LANGUAGE plpgsql PARALLEL SAFE AS 'BEGIN PERFORM pg_sleep(seconds); RETURN true; END';
SQL
my %rows = (ann => 300, ben => 500);

# Whose rows there are, and whether a worker found any.
my $whose =
  'SELECT count(*), count(DISTINCT owner), coalesce(bool_and(pid <> pg_backend_pid()), true) FROM (SELECT owner, pid() AS pid FROM note OFFSET 0) n;';

sub take_on { return "SELECT users_authenticate('$people{$_[0]}{access}') IS NOT NULL;" }

# Sessions that take turns with two identities, all at once: nobody ever meets
# another's row, through savepoints, errors and with nobody signed in. (S61)
sub other_peoples_rows
{
	my @turns = (
		sub { [ "BEGIN; @{[take_on($_[0])]} $whose COMMIT;", "t\n$rows{$_[0]}|1" ] },
		sub { [ $whose, '0|0' ] },
		sub {
			[
				"BEGIN; @{[take_on($_[0])]} SAVEPOINT a; @{[take_on($_[1])]} $whose ROLLBACK TO a; $whose COMMIT;",
				"t\nt\n$rows{$_[1]}|1\n$rows{$_[0]}|1"
			]
		},
		sub { [ "BEGIN; @{[take_on($_[0])]} SELECT count(1 / (n - n)) FROM note; ROLLBACK; $whose", "t\n0|0" ] },
		sub { [ "BEGIN; @{[take_on($_[0])]} ROLLBACK; BEGIN; $whose COMMIT;", "t\n0|0" ] });
	my @sessions;

	foreach my $session (0 .. 3)
	{
		my %run     = (script => "SET SESSION AUTHORIZATION application;\n", expected => '', out => '', err => '');
		my @members = $session % 2 ? qw(ann ben) : qw(ben ann);

		foreach my $turn (1 .. $turns)
		{
			my ($script, $expected) = @{ $turns[ ($turn + $session) % @turns ]->(@members) };

			$run{script} .= "RESET ROLE; SET ROLE users_member;\n" if $script eq $whose;
			$run{script}   .= "$script\n";
			$run{expected} .= "$expected\n";
			@members = reverse @members;
		}
		push @sessions, \%run;
	}
	$_->{run} = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres') ], '<', \$_->{script}, '>', \$_->{out}, '2>', \$_->{err})
	  for @sessions;
	$_->{run}->finish for @sessions;
	foreach my $session (0 .. $#sessions)
	{
		my $run     = $sessions[$session];
		my $workers = () = $run->{out} =~ /\|t$/mg;

		is($run->{out} =~ s/\|[tf]$//mgr, $run->{expected}, "session $session: in $turns turns no other's row");
		is_deeply([ grep { !/division by zero|^CONTEXT|^$/ } split /\n/, $run->{err} ],
			[], "session $session: no error that was not meant");
		cmp_ok($workers, '>', $turns / 2, "session $session: workers have found them");
	}
	return;
}

# A token ends between statements, in workers too. (S33)
sub expired
{
	my $person = sign_in($node, 'ann');

	$node->safe_psql('postgres',
		"UPDATE users.session SET ends_at = clock_timestamp() + interval '4 seconds' WHERE id = '$person->{session_id}'");
	my ($access) = split /\|/, answer($node, "SELECT access_token FROM users_refresh('$person->{refresh}')");

	is(answer($node, <<SQL), "t\n300|t\n0", 'in a statement that goes on after the end of its token workers know whose it is');
BEGIN;
SELECT users_authenticate('$access') IS NOT NULL;
SELECT count(owner), bool_and(nap(CASE WHEN n IN (1, 300) THEN 5 ELSE 0 END)) FROM note;
SELECT count(*) FROM note;
SQL
	return;
}

# What a cancelled leader leaves behind is nobody's.
sub cancelled
{
	my $slow = "SET LOCAL statement_timeout = 300; SELECT count(*) FROM note WHERE nap(1);";
	my ($out, $err);

	$node->psql(
		'postgres',
		"SET SESSION AUTHORIZATION application; BEGIN; @{[take_on('ann')]} $slow ROLLBACK; SET ROLE users_member; $whose BEGIN; @{[take_on('ben')]} $whose COMMIT;",
		stdout => \$out, stderr => \$err, on_error_stop => 0);
	is($out, "t\n0|0|t\nt\n500|1|t", 'after a leader that was cancelled its workers serve nobody');
	like($err, qr/statement timeout/, 'it was cancelled');
	return;
}

# In autocommit mode a worker's question counts as one, too.
sub asked_by_workers
{
	my ($out, $err);

	$node->psql('postgres',
		"SET SESSION AUTHORIZATION application; DO \$\$ BEGIN PERFORM users_authenticate('$people{ann}{access}'); PERFORM count(*) FROM note; END \$\$",
		stdout => \$out, stderr => \$err);
	unlike($err, qr/WARNING/, 'an identity that only workers asked for was of use');
	return;
}

# Without preload nobody can sign in, and workers say so.
sub without_preload
{
	$node->append_conf('postgresql.conf', "shared_preload_libraries = ''");
	$node->restart;
	is($node->safe_psql('postgres', "SET ROLE users_member; $whose RESET ROLE; SELECT count(*) > 0 FROM note WHERE users_current_user_id() IS NULL"),
		"0|0|t\nt", 'without preload workers know nobody');
	return;
}

other_peoples_rows();
expired();
cancelled();
asked_by_workers();
without_preload();
done_testing();
