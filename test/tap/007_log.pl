# Passwords and tokens stay out of the server log and of pg_stat_activity:
# no error of ours, nor one that strikes while a function of ours runs, shows
# the statement that it came from.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use PostgreSQL::Test::Utils;
use Test::More;
use UsersTest;

plan skip_all => 'no /proc here, in which to see who is hashing'
  unless -r '/proc/self/status';

my $node = users_server('log', <<'CONF');
log_min_error_statement = error
log_error_verbosity = verbose
users.max_concurrent_hashes = 1
CONF
my $ann    = sign_up($node, 'ann');
my $number = 0;
# Nothing is long enough for this.
my %short = ('users.password_min_length' => 100);
my $in    = "BEGIN; SELECT users_authenticate('$ann->{access}');";

prepare_login($node, 'application');

# A word that is in no statement but one.
sub secret
{
	return 's3cr3t-' . ++$number;
}

# Whether the log, from an offset on, has neither secret nor statement.
sub is_clean
{
	my ($offset, $secret, $what) = @_;
	my $log = log_from($node, $offset);

	unlike($log, qr/\Q$secret\E/,                "$what: no secret in the log");
	unlike($log, qr/STATEMENT:|CONTEXT:|QUERY:/, "$what: nor statement or context");
	unlike($log, qr/\Q$ann->{$_}\E/,             "$what: nor token") for qw(access refresh);
	return $log;
}

# Runs a statement with <secret> in it, which fails with a SQLSTATE.
sub fails
{
	my ($sqlstate, $what, $sql, %set) = @_;
	my $secret = secret();
	my (undef, $offset) = log_from($node, 0);
	my ($stderr, $log);

	$sql =~ s/<secret>/$secret/g;
	is(answer($node, $sql, set => \%set, stderr => \$stderr), $sqlstate, "$what: $sqlstate");
	$log = is_clean($offset, $secret, $what);
	like($log, qr/ERROR:  $sqlstate: /, "$what: the error is logged all the same");
	return;
}

# ---- errors of ours (S47)

sub refused_sign_ups
{
	my $register = "SELECT users_register('dan\@example.org', 'dan', 'correct <secret> battery', 'Dan', 'Do'";

	fails('US001', 'address',  "SELECT users_register('dan', 'dan', '<secret>', 'Dan', 'Do')");
	fails('US002', 'username', "SELECT users_register('dan\@example.org', '.dan', '<secret>', 'Dan', 'Do')");
	fails('US003', 'weak password', "SELECT users_register('dan\@example.org', 'dan', '<secret>', 'Dan', 'Do')",
		%short);
	fails('US003', 'password too long',
		"SELECT users_register('dan\@example.org', 'dan', repeat('<secret>', 200), 'Dan', 'Do')");
	fails('US005', 'name',     "SELECT users_register('dan\@example.org', 'dan', '<secret>', '', 'Do')");
	fails('US005', 'metadata', "$register, metadata => '[\"<secret>\"]')");
	fails('US007', 'language', "$register, language => '<secret>')");
	fails('US007', 'theme',    "$register, theme => '<secret>')");
	fails('US012', 'closed',   "$register)", 'users.registration' => 'closed');
	fails('23505', 'taken address',
		"SELECT users_register('Ann\@example.org', 'dan', 'correct <secret> battery', 'Dan', 'Do')");
	fails('23505', 'taken username',
		"SELECT users_register('dan\@example.org', 'ann', 'correct <secret> battery', 'Dan', 'Do')");
	fails('42501', 'a materialized view', "CREATE MATERIALIZED VIEW v AS $register)");
	return;
}

sub refused_changes
{
	my $create = "SELECT users_create_user('eve\@example.org', 'eve', 'Eve', 'Oh', 'correct <secret> battery'";

	fails('US003', 'weak new password', "$in SELECT users_change_password('$password', '<secret>', '<secret>')",
		%short);
	fails('US004', 'two passwords',
		"$in SELECT users_change_password('$password', 'correct <secret> battery', '<secret>')");
	fails('28000', 'nobody confirms', "SELECT users_confirm_password('<secret>')");
	fails('28000', 'nobody changes',  "SELECT users_change_password('<secret>', '<secret>', '<secret>')");
	fails('28000', 'nobody deletes',  "SELECT users_delete_account('<secret>')");
	fails('28000', 'no token',        "SELECT users_authenticate('<secret>')");
	fails('28000', 'a refresh token as an access token', "SELECT users_authenticate('$ann->{refresh}'), '<secret>'");
	fails('22023', 'platform role',                      "$create, platform_role => 'king')");
	fails('US001', 'made by an administrator', "SELECT users_create_user('eve', 'eve', 'Eve', 'Oh', '<secret>')");
	fails('US003', 'weak, by an administrator',
		"SELECT users_create_user('eve\@example.org', 'eve', 'Eve', 'Oh', '<secret>')", %short);
	fails('US014', 'unknown', "SELECT users_id('<secret>')");
	fails('US003', 'in a block',
		"DO \$\$ BEGIN PERFORM users_register('dan\@example.org', 'dan', '<secret>', 'Dan', 'Do'); END \$\$", %short);
	fails('US003', 'in a prepared statement',
		"PREPARE p AS SELECT users_register('dan\@example.org', 'dan', \$1, 'Dan', 'Do'); EXECUTE p('<secret>')",
		%short);
	return;
}

sub read_only
{
	fails('25006', "read only: $_->[0]", "BEGIN READ ONLY; SELECT $_->[1]")
	  for (
		[ 'sign in',     "users_login('ann', '<secret>')" ],
		[ 'sign up',     "users_register('dan\@example.org', 'dan', '<secret>', 'Dan', 'Do')" ],
		[ 'a ticket',    "users_login_ticket('<secret>')" ],
		[ 'refresh',     "users_refresh('<secret>')" ],
		[ 'sign out',    "users_logout('<secret>')" ],
		[ 'make a user', "users_create_user('eve\@example.org', 'eve', 'Eve', 'Oh', '<secret>')" ]);
	fails('25006', "read only: $_->[0]", "BEGIN READ ONLY; SELECT users_authenticate('$ann->{access}'); SELECT $_->[1]")
	  for (
		[ 'confirm', "users_confirm_password('<secret>')" ],
		[ 'change',  "users_change_password('<secret>', '<secret>', '<secret>')" ],
		[ 'delete',  "users_delete_account('<secret>')" ]);
	return;
}

# ---- no errors

# A status is no error, and leaves a line without the secret.
sub statuses
{
	foreach my $call (
		"users_login('ann', '<secret>')",
		"users_login('<secret>', '<secret>')",
		"users_login('ann', repeat('<secret>', 10000))",
		"users_verify_password('ann', '<secret>')",
		"users_verify_password('<secret>', '<secret>')",
		"users_login_ticket('<secret>')",
		"users_refresh('<secret>')",
		"users_logout('<secret>')",
		"users_validate_token('<secret>')")
	{
		my $secret = secret();
		my (undef, $offset) = log_from($node, 0);
		my $sql = $call =~ s/<secret>/$secret/gr;

		like(status_of($node, $sql), qr/^(invalid_credentials|invalid_token|ok)$/, "$call answers");
		is_clean($offset, $secret, $call);
	}
	return;
}

# ---- while a function waits for its turn (S47 P34)

# What pg_stat_activity shows of a background psql that waits.
sub shown
{
	my ($psql) = @_;

	find_backend($node, $psql, "wait_event_type IN ('Extension', 'Lock')");
	return $node->safe_psql('postgres', "SELECT query FROM pg_stat_activity WHERE pid = $psql->{pid}");
}

# Ends a statement that waits for a slot, from outside; the log stays clean.
sub interrupted
{
	my ($sqlstate, $what, $sql, $end, %set) = @_;
	my $secret = secret();
	my (undef, $offset) = log_from($node, 0);
	my $psql = background($node, $sql =~ s/<secret>/$secret/gr, name => "waiting$number", set => \%set);

	if (defined $end)
	{
		unlike(shown($psql), qr/\Q$secret\E/, "$what: pg_stat_activity shows no secret");
		$node->safe_psql('postgres', "SELECT $end($psql->{pid})");
	}
	is($psql->finish, $sqlstate, "$what: $sqlstate");
	is_clean($offset, $secret, $what);
	return;
}

sub waiting
{
	my $holder  = hold_slot($node);
	my %at_once = ('users.hash_queue_timeout' => 0);
	my %calls   = (
		users_login    => "SELECT users_login('ann', '<secret>')",
		users_register => "SELECT users_register('dan\@example.org', 'dan', 'correct <secret> battery', 'Dan', 'Do')",
		users_confirm_password => "$in SELECT users_confirm_password('<secret>')",
		users_change_password  =>
		  "$in SELECT users_change_password('<secret>', 'correct <secret> battery', 'correct <secret> battery')",
		users_delete_account => "$in SELECT users_delete_account('<secret>')",
		users_create_user    =>
		  "SELECT users_create_user('dan\@example.org', 'dan', 'Dan', 'Do', 'correct <secret> battery')");

	foreach my $name (sort keys %calls)
	{
		interrupted('57014', "$name cancelled", $calls{$name}, 'pg_cancel_backend');
	}
	interrupted('57P01', 'users_login terminated', $calls{users_login}, 'pg_terminate_backend');
	interrupted('57014', 'users_login, statement_timeout', $calls{users_login}, undef, statement_timeout => '100ms');
	fails('US016', 'busy', $calls{users_create_user}, %at_once);
	let_go($holder);
	return;
}

# Names, not arguments, from the beginning of a function to the next statement. (S49)
sub activity
{
	my $secret = secret();
	my $locker = $node->background_psql('postgres');
	my $person = $node->background_psql('postgres');
	my $psql;

	$locker->query_safe('BEGIN; SELECT 1 FROM users.account FOR UPDATE');
	$psql = background($node, "SELECT status, '$secret' FROM users_login('ann', '$password')", name => 'locked');
	is(shown($psql), 'users_login(...)', 'a function is shown by its name while it waits');
	$locker->query_safe('ROLLBACK');
	$locker->quit;
	is($psql->finish, "ok|$secret", 'and goes on');

	$person->query_safe('BEGIN');
	$person->query("SELECT users_login('ann', '$secret')");
	is( $node->safe_psql('postgres', "SELECT query FROM pg_stat_activity WHERE state = 'idle in transaction'"),
		'users_login(...)', 'and when it has ended');
	$person->query_safe('ROLLBACK');
	$person->quit;
	return;
}

# An error that strikes in the rest of a statement, after the function. (P34)
sub afterwards
{
	fails('22012', 'another error in the same statement',
		"SELECT users_login('ann', '<secret>'), 1 / (random() * 0)::integer");
	return;
}

refused_sign_ups();
refused_changes();
read_only();
statuses();
activity();
waiting();
afterwards();
done_testing();
