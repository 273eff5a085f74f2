# A guess counts, whatever the caller does afterwards to undo it; and guesses
# made at the same time are no way around the limit.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use Test::More;
use UsersTest;

my $limit = 5;
my $node  = users_server('attempts', <<CONF);
users.max_failed_logins = $limit
client_connection_check_interval = 100
CONF
my $offset = 0;

# As many wrong guesses as are judged, one after the other; an expression.
sub guesses
{
	my ($name) = @_;

	return "(SELECT count((users_login('$name', 'wrong')).status) FROM generate_series(1, $limit))";
}

# How often the log has said since the last call that something happened.
sub logged
{
	my ($what) = @_;
	my $text;

	$node->safe_psql('postgres', 'SELECT 1');
	$text = log_from($node, $offset);
	return scalar(() = $text =~ /LOG:  users: \Q$what\E: /g);
}

sub forget_log
{
	(undef, $offset) = log_from($node, 0);
	return;
}

# Failures in the audit of somebody who is known.
sub audited
{
	my ($name, $event) = @_;

	return $node->safe_psql('postgres', <<SQL);
SELECT count(*) FROM users.audit_event JOIN users.person USING (user_id)
 WHERE username = '$name' AND event = '$event' AND outcome = 'failure'
SQL
}

# A statement that goes on sleeping after the guesses, and what then ends it.
sub interrupted
{
	my ($name, $end) = @_;
	my $psql = background($node, 'BEGIN; SELECT ' . guesses($name) . ', pg_sleep(600)', name => $name);

	$node->poll_query_until(
		'postgres',
		"SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = '$name' AND wait_event = 'PgSleep'"
	) or die 'the guesses do not end';
	$end->($psql);
	$psql->finish;
	$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = '$name'")
	  or die 'the backend does not end';
	return;
}

sub with_function
{
	my ($function) = @_;

	return sub {
		my ($name) = @_;

		interrupted(
			$name,
			sub {
				$node->safe_psql(
					'postgres',
					"SELECT $function(pid) FROM pg_stat_activity WHERE application_name = '$name'");
			});
	};
}

sub with_sql
{
	my ($before, $after) = @_;

	return sub { answer($node, $before . guesses(shift) . $after) };
}

# Each makes $limit guesses for somebody; and how many of them are audited. (S20)
my @ways = (
	[ 'autocommit',  with_sql('SELECT ',                     ''),                        $limit ],
	[ 'ROLLBACK',    with_sql('BEGIN; SELECT ',              '; ROLLBACK'),              0 ],
	[ 'ROLLBACK TO', with_sql('BEGIN; SAVEPOINT a; SELECT ', '; ROLLBACK TO a; COMMIT'), 0 ],
	[
		'an exception that is caught',
		with_sql('DO $$ BEGIN PERFORM ', '; RAISE division_by_zero; EXCEPTION WHEN OTHERS THEN NULL; END $$'), 0
	],
	[ 'an error',             with_sql('SELECT 1 / (', ' - ' . $limit . ')'),                       0 ],
	[ 'statement_timeout',    with_sql("SET statement_timeout = '2s'; SELECT ", ', pg_sleep(600)'), 0 ],
	[ 'a cancel',             with_function('pg_cancel_backend'),                                   0 ],
	[ 'a terminated backend', with_function('pg_terminate_backend'),                                0 ],
	[
		'a client that dies',
		sub {
			interrupted(shift, sub { shift->kill });
		},
		0
	],
	[ 'a connection closed without COMMIT', with_sql('BEGIN; SELECT ', ''), 0 ],
	[
		'REPEATABLE READ, rolled back',
		with_sql('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1; SELECT ', '; ROLLBACK'), 0
	]);

sub each_way
{
	my $number = 0;

	foreach my $way (@ways)
	{
		my ($what, $guess, $rows) = @$way;
		my $name = 'way' . ++$number;

		sign_up($node, $name);
		forget_log();
		$guess->($name);
		is(logged('users_login failed'),   $limit, "$what: every guess is in the log");
		is(audited($name, 'login_failed'), $rows,  "$what: $rows of them are in the audit");
		is(status_of($node, "users_login('$name', '$password')"), 'throttled',
			"$what: the right password comes too late");
		is(status_of($node, "users_login('$name\@example.org', '$password')"), 'throttled',
			"$what: by the address too");
	}
	is(status_of($node, "users_login('way', '$password')"), 'invalid_credentials', 'nobody else is throttled');
	return;
}

# One fewer is no reason to be throttled, and success begins anew.
sub below_the_limit
{
	my $fewer = $limit - 1;

	sign_up($node, 'careful');
	for (1 .. 3)
	{
		answer($node, "SELECT (users_login('careful', 'wrong')).status FROM generate_series(1, $fewer)");
		is(status_of($node, "users_login('careful', '$password')"), 'ok', 'in time');
	}
	answer($node, "SELECT (users_login('careful', 'wrong')).status FROM generate_series(1, $fewer)");
	is(answer($node, "BEGIN; SELECT status FROM users_login('careful', '$password'); ROLLBACK"), 'ok',
		'in time, and rolled back');
	is(status_of($node, "users_login('careful', 'wrong')"), 'invalid_credentials', 'success counts even so');
	return;
}

# The other functions that ask for the present password. (S10)
sub other_functions
{
	my %calls = (
		users_confirm_password => "users_confirm_password('wrong')",
		users_change_password  => "users_change_password('wrong', 'staple wrong donkey', 'staple wrong donkey')",
		users_delete_account   => "users_delete_account('wrong')");

	foreach my $name (sort keys %calls)
	{
		my $who    = $name =~ s/_//gr;
		my $person = sign_up($node, $who);

		forget_log();
		is(answer($node, <<SQL), "t\n$limit", "$name: guesses are answered");
BEGIN;
SELECT users_authenticate('$person->{access}') IS NOT NULL;
SELECT count(*) FILTER (WHERE ($calls{$name}).status = 'invalid_credentials') FROM generate_series(1, $limit);
ROLLBACK;
SQL
		is(logged("$name failed"),                               $limit,      "$name: and logged");
		is(status_of($node, "users_login('$who', '$password')"), 'throttled', "$name: and count");
	}
	return;
}

# What is refused before it looks at a secret costs nothing. (S63)
sub not_charged
{
	sign_up($node, 'reader');
	forget_log();
	is(answer($node, "BEGIN READ ONLY; SELECT users_login('reader', 'wrong')"), '25006', 'a wrong password, read only')
	  for 1 .. 2 * $limit;
	is(answer($node, "BEGIN READ ONLY; SELECT users_login('reader', '$password')"), '25006',
		'the right one, read only');
	is(logged('users_login failed') + logged('users_login throttled'), 0,    'nothing is logged');
	is(status_of($node, "users_login('reader', '$password')"),         'ok', 'nor counted');
	return;
}

# Twenty clients guess at the same time. (S21)
sub in_parallel
{
	foreach my $who ('known', 'unknown')
	{
		sign_up($node, $who) if $who eq 'known';
		forget_log();
		$node->pgbench(
			'-n -c 20 -j 2 -t 2 -M prepared',                       0,
			[qr{number of transactions actually processed: 40/40}], [qr{^$}],
			"40 guesses, $who",
			{ "guess_$who" => "SELECT status FROM users_login('$who', 'wrong');" });
		is(logged('users_login failed'),                         $limit,      "$who: as many are judged as may be");
		is(logged('users_login throttled'),                      40 - $limit, "$who: the others are not");
		is(status_of($node, "users_login('$who', '$password')"), 'throttled', "$who: nor is the right password");
	}
	is(audited('known', 'login_failed'),    $limit,                                    'those judged are in the audit');
	is(audited('known', 'login_throttled'), 1,                                         'and the first refusal');
	is($node->safe_psql('postgres', 'SELECT users_unlock(users_id(\'known\'))'), 't',  'an administrator lifts it');
	is(status_of($node, "users_login('known', '$password')"),                    'ok', 'and one can sign in');
	return;
}

each_way();
below_the_limit();
other_functions();
not_charged();
in_parallel();
done_testing();
