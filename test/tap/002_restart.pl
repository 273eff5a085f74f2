# What survives a restart and what does not; and the governor of hashing:
# its slots come back, whatever becomes of who held or waited for one.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);
use UsersTest;

plan skip_all => 'no /proc here, in which to see who is hashing'
  unless -r '/proc/self/status';

my $node = users_server('restart', <<'CONF');
users.max_concurrent_hashes = 2
users.hash_queue_timeout = 60
restart_after_crash = on
CONF
my $file      = $node->data_dir . '/pg_stat/users.throttle';
my $ann       = sign_up($node, 'ann');
my $strangers = 0;

prepare_login($node, 'application', trusted_client => 'true');

# ---- restarts

# Of two guesses the second at the latest is throttled: the first may be the one
# that is allowed after half a minute.
sub is_throttled
{
	my ($identifier) = @_;

	status_of($node, "users_login('$identifier', 'wrong')");
	return status_of($node, "users_login('$identifier', 'wrong')");
}

sub restarts
{
	status_of($node, "users_login('zoe', 'wrong')") for 1 .. 10;
	is(is_throttled('zoe'), 'throttled', 'throttled');

	$node->stop('fast');
	ok(-s $file, 'the throttle was saved');
	is((stat $file)[2] & 077, 0, 'for nobody else to read');
	$node->start;
	ok(!-e $file, 'and loaded');
	is(is_throttled('zoe'),                                  'throttled',           'throttled after a clean restart');
	is(is_throttled('zoey'),                                 'invalid_credentials', 'somebody else is not');
	is(token_status($node, $ann->{access}),                  'ok',                  'the access token lives on');
	is(status_of($node, "users_refresh('$ann->{refresh}')"), 'ok',                  'the refresh token too');

	$node->stop('immediate');
	$node->start;
	is(token_status($node, $ann->{access}), 'ok', 'the access token survives an immediate stop');
	crash();
	is(is_throttled('zoe'),                 'invalid_credentials', 'the throttle starts empty after a crash');
	is(token_status($node, $ann->{access}), 'ok',                  'the access token survives it');
	status_of($node, "users_login('zoe', 'wrong')") for 1 .. 10;
	$node->restart;
	is(is_throttled('zoe'), 'throttled', 'and is saved again later');
	return;
}

# Kills a backend, so that the server begins again with new shared memory.
sub crash
{
	my $psql  = background($node, 'SELECT pg_sleep(600)', name => 'victim');
	my $began = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');

	find_backend($node, $psql, "state = 'active'");
	kill 'KILL', $psql->{pid};
	$psql->finish;
	$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $psql->{pid}")
	  or die 'the server does not come back';
	is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $began, 'the server came back by itself');
	return;
}

# A file that is not one: empty, cut off, of another make.
sub damaged_files
{
	my $good;

	status_of($node, "users_login('zoe', 'wrong')") for 1 .. 10;
	$node->stop('fast');
	$good = slurp_file($file);
	foreach my $case (
		[ 'empty',         '' ],
		[ 'cut off',       substr $good, 0, length($good) / 2 ],
		[ 'another magic', 'x' . substr($good, 1) ],
		[ 'a byte short',  substr $good, 0, -1 ])
	{
		my ($what, $content) = @$case;

		open my $handle, '>:raw', $file or die "$file: $!";
		print $handle $content;
		close $handle;
		$node->start;
		is(is_throttled('zoe'), 'invalid_credentials', "$what: starts anew");
		$node->stop('fast');
	}
	open my $handle, '>:raw', $file or die "$file: $!";
	print $handle $good;
	close $handle;
	$node->start;
	is(is_throttled('zoe'), 'throttled', 'the file itself is good');
	return;
}

# ---- the governor (S12)

# A sign-in of a stranger in the background.
sub stranger
{
	my (%params) = @_;
	my $name = 'stranger' . ++$strangers;

	return background($node, "SELECT status FROM users_login('$name', 'wrong')", name => $name, %params);
}

# A stranger's sign-in that waits for its turn.
sub wait_in_queue
{
	my $psql = stranger(@_);

	find_backend($node, $psql, "wait_event_type = 'Extension' AND query = 'users_login(...)'");
	return $psql;
}

sub signal_backend
{
	my ($function, $psql) = @_;

	is($node->safe_psql('postgres', "SELECT $function($psql->{pid})"), 't', $function);
	return;
}

# Whether both slots are free: two more strangers hold them, and let go.
sub slots_are_free
{
	my ($what) = @_;
	my @holders = map { hold_slot($node, set => { 'users.hash_queue_timeout' => 0 }) } 1 .. 2;

	is( join(' ', map { let_go($_) } @holders),
		'invalid_credentials invalid_credentials', "both slots are free after $what");
	return;
}

sub busy
{
	my @holders = (hold_slot($node), hold_slot($node));
	my %at_once = (set => { 'users.hash_queue_timeout' => 0 });
	my $answer =
	  answer($node, "SELECT status, retry_after > 0, access_token IS NULL FROM users_login('ann', '$password')",
		%at_once);

	is($answer, 'busy|t|t', 'busy when the time is up');
	is( status_of($node, "users_register('eve\@example.org', 'eve', '$password', 'Eve', 'Oh')", %at_once),
		'busy', 'sign-up too');
	is( answer($node, 'SELECT count(*) FROM users_accounts WHERE username = \'eve\''),
		'0', 'and no account is made');
	is( answer($node, "SELECT users_create_user('eve\@example.org', 'eve', 'Eve', 'Oh', '$password')", %at_once),
		'US016', 'a function without a status raises');
	is( answer(
			$node,
			"BEGIN; SELECT users_authenticate('$ann->{access}') IS NOT NULL; SELECT status FROM users_confirm_password('$password')",
			%at_once),
		"t\nbusy",
		'one that confirms a password says so');
	is( status_of($node, "users_login('ann', '$password')", set => { 'users.hash_queue_timeout' => 1 }),
		'busy', 'busy after a wait');
	# No charge is kept, or ten of these would throttle.
	status_of($node, "users_login('ann', 'wrong')", %at_once) for 1 .. 12;
	is(let_go($holders[0]),                                           'invalid_credentials', 'a slot comes back');
	is(status_of($node, "users_login('ann', '$password')", %at_once), 'ok', 'busy counts as no attempt');
	let_go($holders[1]);
	return;
}

sub cancelled_waits
{
	my @holders    = (hold_slot($node), hold_slot($node));
	my $cancelled  = wait_in_queue();
	my $terminated = wait_in_queue();
	my $gone       = wait_in_queue();
	my $last       = wait_in_queue();
	my @live       = map { $node->background_psql('postgres', on_error_stop => 0) } 1 .. 2;

	signal_backend('pg_cancel_backend', $cancelled);
	is($cancelled->finish, '57014', 'a wait is cancelled');
	signal_backend('pg_terminate_backend', $terminated);
	is($terminated->finish,                                       '57P01', 'a wait is terminated');
	is(stranger(set => { statement_timeout => '100ms' })->finish, '57014', 'a wait runs into statement_timeout');
	# Backends that live on must not keep a place either.
	foreach my $live (@live)
	{
		$live->query_safe("SET statement_timeout = '100ms'");
	}
	$live[0]->query("SELECT users_login('ann', 'wrong')");
	$live[1]->query_safe('BEGIN');
	$live[1]->query_safe(<<'SQL');
DO $$ BEGIN PERFORM users_login('ann', 'wrong'); EXCEPTION WHEN query_canceled THEN NULL; END $$
SQL
	$gone->kill;
	is(let_go($holders[0]), 'invalid_credentials', 'who held a slot goes on');
	is($last->finish,       'invalid_credentials', 'so does who waited behind them');
	let_go($holders[1]);
	slots_are_free('waits that were given up');
	$_->quit for @live;
	return;
}

sub cancelled_hashes
{
	my @holders = (hold_slot($node), hold_slot($node));

	signal_backend('pg_cancel_backend',    $holders[0]);
	signal_backend('pg_terminate_backend', $holders[1]);
	is(let_go($holders[0]), '57014', 'cancelled while it hashed');
	is(let_go($holders[1]), '57P01', 'terminated while it hashed');
	slots_are_free('hashes that were given up');
	return;
}

# One client's address has at most half of the slots.
sub half_for_one_address
{
	my %at_once = ('users.hash_queue_timeout' => 0);
	my %here    = (user                       => 'application');
	my $holder;

	$node->safe_psql('postgres',
		'ALTER ROLE application SET role = users_anon; GRANT SET ON PARAMETER users.hash_queue_timeout, users.argon2_memory, users.argon2_iterations TO application'
	);
	$holder = hold_slot($node, %here, set => { 'users.client_address' => '2001:db8::1' });
	is( status_of(
			$node, "users_login('ann', '$password')", %here,
			set => { %at_once, 'users.client_address' => '2001:db8::ffff' }),
		'busy',
		'the same network has to wait');
	is( status_of(
			$node, "users_login('ann', '$password')", %here,
			set => { %at_once, 'users.client_address' => '2001:db8:0:1::1' }),
		'ok',
		'another one does not');
	is(status_of($node, "users_login('ann', '$password')", %here, set => {%at_once}), 'ok', 'nor who is unknown');
	let_go($holder);
	return;
}

# Twelve at once: never more than two hash, as their memory shows.
sub bounded
{
	my @all  = map { stranger(set => { 'users.argon2_memory' => '96MB', 'users.argon2_iterations' => 3 }) } 1 .. 12;
	my $most = 0;
	my %answers;

	while (grep { !$_->has_ended } @all)
	{
		my @pids = split /\n/, $node->safe_psql(
			'postgres',
			"SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'stranger%'");

		for (1 .. 20)
		{
			my $now = grep { memory_of($_) > 40 } @pids;

			$most = $now if $now > $most;
			usleep(1000);
		}
	}
	$answers{ $_->finish }++ for @all;
	is_deeply(\%answers, { invalid_credentials => 12 }, 'all of them are answered');
	cmp_ok($most, '>',  0, 'some were seen hashing');
	cmp_ok($most, '<=', 2, 'never more than users.max_concurrent_hashes');
	return;
}

restarts();
damaged_files();
busy();
cancelled_waits();
cancelled_hashes();
half_for_one_address();
bounded();
done_testing();
