# Domains, roles and protected tables where SQL alone does not reach: dumps, a
# hot standby, and one connection for many people.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use HarbourTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use UsersTest;

my $folder = PostgreSQL::Test::Utils::tempdir;

# Objects are looked up in the tables that were named.
sub places
{
	my ($node, $people, $what, %params) = @_;
	my $check = sub {
		my ($who, $word, $device) = @_;
		return answer(
			$node,
			"SELECT users_check('$people->{$who}{user_id}', '$word', NULL, '00000000-0000-0000-0000-00000000000$device')",
			%params,
			user => 'gateway');
	};

	is( answer(
			$node,
			"SELECT object_type, relation, array_to_string(protected_tables, ' ') FROM users_object_types WHERE relation IS NOT NULL ORDER BY 1",
			%params),
		"device|public.device|public.device public.reading\nreport|public.report|public.report",
		"$what: types have their tables");
	is($check->('ann', 'device:calibrate', 'a'), 't', "$what: a service hears of an admin");
	is($check->('cat', 'device:read',      'a'), 't', "$what: of a viewer");
	is($check->('cat', 'device:update',    'a'), 'f', "$what: who may not change it");
	is($check->('dan', 'device:read',      'd'), 't', "$what: of a guest");
	is($check->('dan', 'device:read',      'e'), 'f', "$what: who has the one device only");
	is($check->('fay', 'device:delete',    'c'), 't', "$what: of an owner");
	is($check->('fay', 'device:read',      'a'), 'f', "$what: of that row alone");
	is($check->('ann', 'device:read',      'f'), 'f', "$what: and of what is not there nothing");
	return;
}

# ---- dump and restore (S64 P31)

# All that a database has of domains, and of the tables as they are protected.
sub contents
{
	my ($node, $db) = @_;

	return answer($node, <<'SQL', db => $db);
SELECT 'domain', d::text FROM users.domain d
UNION ALL SELECT 'role', r::text FROM users.role r
UNION ALL SELECT 'assignment', a::text FROM users.role_assignment a
UNION ALL SELECT 'type', t::text FROM users.object_type t
UNION ALL SELECT 'permission', p::text FROM users.permission p
UNION ALL SELECT 'place', object_type || ' ' || relation::text FROM users.object_place
UNION ALL SELECT 'policy', concat_ws(' ', tablename, policyname, roles, cmd, qual, with_check) FROM pg_policies WHERE schemaname = 'public'
UNION ALL SELECT 'trigger', pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE t.tgfoid = 'users.guard_row'::regproc
UNION ALL SELECT 'table', concat_ws(' ', c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relacl) FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
 ORDER BY 1, 2
SQL
}

sub restored
{
	my ($node, $db, $people, $before, $what) = @_;
	my %here = (db => $db);

	is(contents($node, $db), $before, "$what: domains, places, policies and guards are as they were");
	everybody_reads($node, $people, $what, %here);
	everybody_writes($node, $people, $what, %here);
	places($node, $people, $what, %here);
	is( answer(
			$node,
			"SELECT string_agg(name, ' ') FROM users_health() WHERE NOT ok AND name IN ('protected_tables', 'open_views', 'foreign_objects', 'table_grants')",
			%here),
		'',
		"$what: all is healthy");
	is( answer(
			$node, "SET ROLE app_owner; SELECT unnest(users_protect('device', 'device', owner_column => 'owner'))",
			%here),
		'nothing to do: it is protected so already',
		"$what: nothing is missing of a protection");
	return;
}

sub dumped
{
	my ($origin, $people) = @_;
	my $node   = new_server('restored');
	my $before = contents($origin, 'postgres');

	$origin->command_ok([ 'pg_dumpall', '--globals-only', '-f', "$folder/globals" ],    'pg_dumpall -g');
	$origin->command_ok([ 'pg_dump', '-d', 'postgres', '-f', "$folder/sql" ],           'pg_dump');
	$origin->command_ok([ 'pg_dump', '-d', 'postgres', '-Fc', '-f', "$folder/custom" ], 'pg_dump -Fc');
	$node->start;
	# Other numbers than where it comes from.
	$node->safe_psql('postgres', "CREATE TABLE t$_ (); DROP TABLE t$_") for 1 .. 20;
	is(run_file($node, 'postgres', "$folder/globals"), '', 'globals are restored');
	is(run_file($node, 'postgres', "$folder/sql"),     '', 'the dump is restored');
	restored($node, 'postgres', $people, $before, 'pg_dump');
	isnt(
		answer($node,   "SELECT 'device'::regclass::oid"),
		answer($origin, "SELECT 'device'::regclass::oid"),
		'the table has another number there');

	$node->safe_psql('postgres', 'CREATE DATABASE custom');
	$node->command_ok([ 'pg_restore', '-d', 'custom', '--exit-on-error', "$folder/custom" ], 'pg_restore');
	restored($node, 'custom', $people, $before, 'pg_restore');

	# Of a table that is gone no number is taken along: it may be a stranger's there.
	$origin->safe_psql('postgres', 'DROP TABLE report');
	is(answer($origin, "SELECT count(*) FROM users.object_place"), '2', 'a table that is dropped leaves its number');
	is(answer($origin, "SELECT relation FROM users_object_types WHERE object_type = 'report'"),
		'', 'which counts for nothing');
	$origin->command_ok([ 'pg_dump', '-d', 'postgres', '-f', "$folder/less" ], 'pg_dump');
	$node->safe_psql('postgres', 'CREATE DATABASE less');
	is(run_file($node, 'less', "$folder/less"), '', 'restored without it');
	is(answer($node, 'SELECT object_type, relation FROM users.object_place', db => 'less'),
		'device|device', 'that number stayed');
	everybody_reads($node, $people, 'without it', db => 'less');
	$node->stop;
	return;
}

# ---- a hot standby

sub standby
{
	my ($primary, $people) = @_;
	my $standby   = PostgreSQL::Test::Cluster->new('standby');
	my $house     = $primary->safe_psql('postgres', "SELECT id FROM users_domains WHERE route = 'house'");
	my @questions = (
		[ 'ann', "users_can('device:delete', '$house')",                                         't' ],
		[ 'cat', "users_can('device:delete', '$house')",                                         'f' ],
		[ 'cat', "users_can('device:read', NULL, '00000000-0000-0000-0000-00000000000a')",       't' ],
		[ 'dan', "users_can('device:read', NULL, '00000000-0000-0000-0000-00000000000e')",       'f' ],
		[ 'fay', "users_can('device:delete', '$house', '00000000-0000-0000-0000-00000000000c')", 't' ],
		[ 'cat', "users_permissions('$house')", '{channel:read,channel:subscribe,device:read,domain:read}' ],
		[ 'dan', "cardinality(users_permitted_objects('device:read'))",               '1' ],
		[ 'eve', "cardinality(users_permitted_domains('device:read'))",               '0' ],
		[ 'ben', "(SELECT string_agg(route, ' ' ORDER BY route) FROM users_domains)", 'harbour house' ],
		[ 'ben', "(SELECT count(*) FROM users_members)",                              '2' ],
		[ 'ann', "(SELECT count(*) FROM users_members)",                              '4' ],
		[ 'ann', "(SELECT count(*) FROM users_roles)",                                '4' ]);
	my @changes = (
		"users_create_domain('New', 'new')",
		"users_update_domain('$house', 'New')",
		"users_set_domain_status('$house', 'disabled')",
		"users_delete_domain('$house')",
		"users_create_role('$house', 'new', '{device:read}')",
		"users_grant_role(NULL, NULL)",
		"users_revoke_role(NULL, NULL)",
		"users_remove_member('$house')",
		"users_forget_object('device', NULL)");
	my @dba = (
		"users_restore_domain('$house')",    "users_define_object_type('new')",
		"users_protect('report', 'report')", "users_unprotect('device')");

	$primary->backup('base');
	$standby->init_from_backup($primary, 'base', has_streaming => 1);
	$standby->start;
	$primary->wait_for_catchup($standby);

	foreach my $case ([ $standby, 'the standby' ], [ $primary, 'READ ONLY', mode => 'READ ONLY' ])
	{
		my ($node, $what, %params) = @$case;

		everybody_reads($node, $people, $what, %params);
		places($node, $people, $what, set => { default_transaction_read_only => 'on' });
		is(told($node, $people->{ $_->[0] }, "SELECT $_->[1]", %params), $_->[2], "$what: $_->[0]: $_->[1]")
		  for @questions;
		is(told($node, $people->{ann}, "SELECT $_", %params), '25006', "$what: $_ changes nothing") for @changes;
		is(answer($node, "BEGIN READ ONLY; SELECT $_"),       '25006', "$what: $_ changes nothing") for @dba;
		is(told($node, $people->{ann}, "UPDATE device SET name = 'x'", %params), '25006',
			"$what: nor does a statement");
	}

	# What is revoked on the primary is revoked there once it is replayed.
	$primary->safe_psql('postgres', "SELECT users_remove_member('$house', '$people->{cat}{user_id}')");
	$primary->wait_for_catchup($standby);
	is(told($standby, $people->{cat}, $names), '',         'a role that was taken is taken on the standby');
	is(told($standby, $people->{ann}, $names), $rows{ann}, 'others keep theirs');
	$standby->stop;
	$primary->safe_psql('postgres', "SELECT grant_role('house', 'viewer', '$people->{cat}{user_id}')");
	return;
}

# ---- one connection for many

# Turns of somebody: statements, and what they print, an error as such. <me> and
# <other> take on an identity; there they stand for what is read then.
my @turns = (
	[ 'BEGIN; <me> EXECUTE names; COMMIT;',                                           '<me>' ],
	[ 'BEGIN; <me> EXECUTE named(\'lamp\'); EXECUTE readings; ROLLBACK;',             '<me lamp>', '<me count>' ],
	[ 'BEGIN; <me> SELECT 1 / 0; EXECUTE names; ROLLBACK;',                           'error',     'error' ],
	[ 'BEGIN; <me> SAVEPOINT a; SELECT 1 / 0; ROLLBACK TO a; EXECUTE names; COMMIT;', 'error',     '<me>' ],
	[   'BEGIN; <me> EXECUTE names; SAVEPOINT a; <other> EXECUTE names; ROLLBACK TO a; EXECUTE names; COMMIT;',
		'<me>', '<other>', '<me>' ],
	[ 'BEGIN; <me> SAVEPOINT a; <other> EXECUTE names; RELEASE a; EXECUTE names; COMMIT;', '<other>',      '<other>' ],
	[ 'BEGIN; SAVEPOINT a; <me> EXECUTE names; ROLLBACK TO a; EXECUTE asked; COMMIT;',     '<me>',         'error' ],
	[ 'BEGIN; <me> SAVEPOINT a; EXECUTE strange; ROLLBACK TO a; EXECUTE names; COMMIT;',   'error',        '<me>' ],
	[ 'BEGIN; <me> EXECUTE renamed; ROLLBACK; BEGIN; <other> EXECUTE names; COMMIT;',      '<me renamed>', '<other>' ],
	[ 'BEGIN; <me> SAVEPOINT a; EXECUTE renamed; ROLLBACK TO a; EXECUTE names; COMMIT;',   '<me renamed>', '<me>' ],
	[ 'BEGIN; <me> COMMIT AND CHAIN; EXECUTE asked; COMMIT;',                              'error' ],
	[ 'BEGIN READ ONLY; <me> EXECUTE names; EXECUTE asked; COMMIT;',                       '<me>', '<me asked>' ]);

my %ways = (
	ben => { lamp => 1, count => 5, renamed => 5, asked => 't' },
	fay => { lamp => 1, count => 0, renamed => 1, asked => 'f' },
	dan => { lamp => 0, count => 1, renamed => 0, asked => 't' });

sub alternate
{
	my ($node, $people, $mode, @two) = @_;
	my $buoy = q('00000000-0000-0000-0000-00000000000d');
	my $what = "$mode, $two[0] and $two[1]";
	my ($stdout, $stderr, @expected);
	my $script = <<SQL;
\\set VERBOSITY sqlstate
SET plan_cache_mode = $mode;
PREPARE take_on (text) AS SELECT users_authenticate(\$1);
PREPARE names AS SELECT coalesce(string_agg(name, ' ' ORDER BY name), '') FROM device;
PREPARE named (text) AS SELECT count(*) FROM device WHERE name = \$1;
PREPARE readings AS SELECT count(*) FROM reading;
PREPARE asked AS SELECT users_can('device:read', NULL, $buoy);
PREPARE renamed AS WITH c AS (UPDATE device SET name = name || '!' RETURNING 1) SELECT count(*) FROM c;
PREPARE strange AS INSERT INTO device (id, domain_id) VALUES (gen_random_uuid(), gen_random_uuid());
SQL

	for my $i (1 .. 200)
	{
		my ($statements, @says) = @{ $turns[ $i % @turns ] };
		my ($me, $other)        = $i % 2 ? @two : reverse @two;
		my %token = (me => $people->{$me}{access}, other => $people->{$other}{access});
		my %says = (me => $rows{$me}, other => $rows{$other}, map { ("me $_" => $ways{$me}{$_}) } keys %{ $ways{$me} });

		$statements =~ s/<(\w+)>/\\o \/dev\/null\nEXECUTE take_on('$token{$1}');\n\\o\n/g;
		s/<([\w ]+)>/$says{$1}/g for @says;
		# Each turn leaves nobody, who has no right to the table at all.
		$script .= "$statements\nEXECUTE names;\n";
		push @expected, @says, 'error';
	}
	$script .= "SELECT count(DISTINCT pg_backend_pid());\n";
	$node->psql(
		'postgres', $script,
		connstr       => $node->connstr('postgres') . ' user=application',
		stdout        => \$stdout,
		stderr        => \$stderr,
		on_error_stop => 0);
	my @lines = split /\n/, $stdout, -1;
	is(pop @lines, '1', "$what: one backend");
	is_deeply(\@lines, [ grep { $_ ne 'error' } @expected ], "$what: in 200 turns everybody reads their own rows");
	is( scalar(() = $stderr =~ /ERROR:/g),
		scalar(grep { $_ eq 'error' } @expected),
		"$what: as many errors as were meant");
	unlike($stderr, qr/WARNING|FATAL|XX000/, "$what: nothing else");
	return;
}

my $node   = users_server('domains', undef, allows_streaming => 1);
my $people = populate_harbour($node);

everybody_reads($node, $people, 'here');
everybody_writes($node, $people, 'here');
places($node, $people, 'here');
foreach my $mode ('force_generic_plan', 'auto', 'force_custom_plan')
{
	alternate($node, $people, $mode, 'ben', 'fay');
	alternate($node, $people, $mode, 'dan', 'ben');
}
standby($node, $people);
dumped($node, $people);
$node->stop;
done_testing();
