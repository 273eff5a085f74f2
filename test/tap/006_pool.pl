# One connection for many people: an identity lasts as long as its transaction
# and its token, whatever happens in between.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use Test::More;
use UsersTest;

my $node   = users_server('pool');
my %people = map { $_ => sign_up($node, $_) } qw(ann ben);

prepare_login($node, 'application', admin => 'true');
$node->safe_psql('postgres', <<SQL);
CREATE TABLE note (owner uuid DEFAULT users_current_user_id());
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON note TO users_member USING (owner = (SELECT users_current_user_id()));
GRANT SELECT ON note TO users_member, application;
INSERT INTO note VALUES ('$people{ann}{user_id}'), ('$people{ben}{user_id}'), ('$people{ben}{user_id}');
CREATE FUNCTION who() RETURNS text LANGUAGE sql AS \$\$
	SELECT concat_ws(' ', CASE users_current_user_id()
	                      WHEN '$people{ann}{user_id}' THEN 'ann' WHEN '$people{ben}{user_id}' THEN 'ben' ELSE 'nobody' END,
	                 users_current_role(), current_user, (SELECT count(*) FROM note)) \$\$;
SQL

# What who() says.
my $nobody = 'nobody application 0';
my %as     = (ann => 'ann users_member users_member 1', ben => 'ben users_member users_member 2');

# ---- a thousand turns (S60)

my $prepare = <<'SQL';
PREPARE take_on (text) AS SELECT users_authenticate($1) IS NOT NULL;
PREPARE who AS SELECT who();
PREPARE notes AS SELECT count(*) FROM note;
SQL

# Each turn of somebody, with the other one at hand: statements, and what they
# print, an error as such. <me> and <other> take on an identity there, and are
# what who() says then here.
my @turns = (
	[ 'BEGIN; <me> EXECUTE who; COMMIT;',                     't', '<me>' ],
	[ 'BEGIN; <me> EXECUTE notes; ROLLBACK;',                 't', '<my notes>' ],
	[ 'BEGIN; <me> SELECT 1 / 0; EXECUTE who; ROLLBACK;',     't', 'error', 'error' ],
	[ q(BEGIN; <me> DO $$ BEGIN RAISE 'no'; END $$; COMMIT;), 't', 'error' ],
	[
		'BEGIN; <me> SAVEPOINT a; <other> EXECUTE who; ROLLBACK TO a; EXECUTE who; COMMIT;',
		't', 't', '<other>', '<me>'
	],
	[
		'BEGIN; SAVEPOINT a; <me> RELEASE a; EXECUTE who; <other> EXECUTE who; COMMIT;',
		't', '<me>', 't', '<other>'
	],
	[
		q(BEGIN; <me> SAVEPOINT a; EXECUTE take_on('nonsense'); ROLLBACK TO a; EXECUTE who; COMMIT;),
		't', 'error', '<me>'
	],
	[
		'BEGIN; SAVEPOINT a; <me> SELECT 1 / 0; ROLLBACK TO a; EXECUTE who; COMMIT;',
		't', 'error', $nobody
	],
	[ 'BEGIN; <me> COMMIT AND CHAIN; EXECUTE who; COMMIT;',     't', $nobody ],
	[ 'BEGIN; <me> ROLLBACK AND CHAIN; EXECUTE who; ROLLBACK;', 't', $nobody ],
	[ 'BEGIN; <me> RESET ROLE; EXECUTE who; COMMIT;',           't', '<name> users_member application 0' ],
	[
		'BEGIN; <me> RESET ROLE; SET ROLE users_admin; SELECT users_is_admin(); EXECUTE who; COMMIT; RESET ROLE;',
		't', 'f', '<name> users_member users_admin <my notes>'
	],
	[ q(BEGIN; <me> SET request.jwt.claims = '{}'; RESET ALL; EXECUTE who; COMMIT;), 't', '<me>' ],
	[ 'BEGIN; <me> SET LOCAL statement_timeout = 1; SELECT pg_sleep(10); ROLLBACK;', 't', 'error' ],
	[ "BEGIN; <me> COMMIT; DISCARD ALL; $prepare",                                   't' ],
	[ 'BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY; <me> EXECUTE who; COMMIT;',     't',     '<me>' ],
	[ 'BEGIN; EXECUTE who; EXECUTE notes; COMMIT;',                                  $nobody, 0 ]);

# A turn with its placeholders filled in.
sub take_turn
{
	my ($turn, $me, $other) = @_;
	my ($statements, @says) = @$turn;
	my %says  = (me => $as{$me}, other => $as{$other}, name => $me, 'my notes' => $me eq 'ann' ? 1 : 2);
	my %names = (me => $me, other => $other);

	$statements =~ s/<(\w+)>/EXECUTE take_on('$people{$names{$1}}{access}');/g;
	s/<([\w ]+)>/$says{$1}/g for @says;
	return ($statements, @says);
}

sub thousand_turns
{
	my ($turns, $mode) = @_;
	my @expected;
	my ($script, $stdout, $stderr, @lines) = ("\\set VERBOSITY sqlstate\nSET plan_cache_mode = $mode;\n$prepare");

	for my $i (1 .. $turns)
	{
		my @names = $i % 2 ? qw(ann ben) : qw(ben ann);
		my ($statements, @says) = take_turn($turns[ $i % @turns ], @names);

		# After each turn nobody is signed in.
		$script .= "$statements\nEXECUTE who;\n";
		push @expected, @says, $nobody;
	}
	$script .= "SELECT count(DISTINCT pg_backend_pid());\n";
	$node->psql(
		'postgres', $script,
		connstr       => $node->connstr('postgres') . ' user=application',
		stdout        => \$stdout,
		stderr        => \$stderr,
		on_error_stop => 0);
	@lines = split /\n/, $stdout;
	is(pop @lines, '1', "$mode: one backend");
	is_deeply(\@lines, [ grep { $_ ne 'error' } @expected ], "$mode: in $turns turns everybody is who they are");
	is(scalar(() = $stderr =~ /ERROR:/g), scalar(grep { $_ eq 'error' } @expected),
		"$mode: as many errors as were meant");
	unlike($stderr, qr/WARNING|FATAL/, "$mode: nothing else");
	return;
}

# ---- mistakes

sub in_one_session
{
	my ($script) = @_;
	my ($stdout, $stderr);

	$node->psql(
		'postgres', $script,
		connstr       => $node->connstr('postgres') . ' user=application',
		stdout        => \$stdout,
		stderr        => \$stderr,
		on_error_stop => 0);
	return ($stdout, $stderr, scalar(() = $stderr =~ /WARNING:\s+the identity ended with the statement that set it/g));
}

# A token given in autocommit mode is a common mistake, and is said so once.
sub autocommit
{
	my $ann = "SELECT users_authenticate('$people{ann}{access}')";
	my ($stdout, $stderr, $warnings) =
	  in_one_session("$ann IS NOT NULL; SELECT who(); $ann IS NOT NULL; $ann IS NOT NULL;");

	is($stdout,   "t\n$nobody\nt\nt", 'in autocommit mode an identity ends with its statement');
	is($warnings, 1,                  'one WARNING a backend');
	like($stderr, qr/HINT:  .*BEGIN/, 'that says what to do');
	is((in_one_session("BEGIN; $ann; COMMIT; BEGIN; $ann; ROLLBACK;"))[2], 0, 'none in a transaction');
	is((in_one_session("$ann, users_current_user_id();"))[2],              0, 'none when somebody asked');
	($stdout, $stderr, $warnings) = in_one_session("$ann IS NOT NULL\\; SELECT who();");
	is("$stdout $warnings", "t\n$as{ann} 0", 'none where statements are sent together, which is a transaction');
	is( (   in_one_session(
				"DO \$\$ BEGIN PERFORM users_authenticate('nonsense'); EXCEPTION WHEN OTHERS THEN NULL; END \$\$;"))[2],
		0,
		'none without an identity');
	return;
}

# A backend that has verified a token hears of the end of its session. (S38)
sub ended_elsewhere
{
	my $cai     = sign_up($node, 'cai');
	my $pool    = $node->background_psql('postgres', on_error_stop => 0);
	my $take_on = "SELECT 'signed in' FROM users_authenticate('$cai->{access}');";

	like($pool->query($take_on), qr/signed in/, 'a token') for 1 .. 3;
	status_of($node, "users_logout('$cai->{refresh}')");
	unlike($pool->query($take_on), qr/signed in/, 'refused in the same backend once its session has ended');
	$pool->quit;
	return;
}

# ---- time (S37)

# The tokens of a new session that ends in some seconds whatever happens; and so
# its access token does.
sub short_lived
{
	my ($seconds) = @_;
	my $person = sign_in($node, 'ann');
	my %short;

	$node->safe_psql(
		'postgres',
		"UPDATE users.session SET ends_at = clock_timestamp() + interval '$seconds seconds' WHERE id = '$person->{session_id}'"
	);
	@short{qw(access refresh until)} = split /\|/, answer($node, <<SQL);
SELECT access_token, refresh_token, expires_at FROM users_refresh('$person->{refresh}')
SQL
	return \%short;
}

# Within a statement the identity stays, with the next one it is gone. (S33)
sub expired
{
	my $short   = short_lived(5);
	my $answers = answer($node, <<SQL);
BEGIN;
SELECT users_authenticate('$short->{access}') IS NOT NULL;
SELECT users_current_user_id() IS NOT NULL, pg_sleep(extract(epoch FROM timestamptz '$short->{until}' - clock_timestamp()) + 0.1) IS NOT NULL,
       users_current_user_id() IS NOT NULL, clock_timestamp() > timestamptz '$short->{until}';
SELECT users_current_user_id() IS NULL, users_current_session_id() IS NULL, users_current_role() IS NULL, current_user, (SELECT count(*) FROM note);
RESET ROLE;
SELECT users_is_admin(), current_user = session_user;
COMMIT;
SELECT users_is_admin();
SQL

	is($answers, "t\nt|t|t|t\nt|t|t|users_member|0\nf|t\nt",
		'an identity ends with its token, between statements, and leaves no power');
	is(answer($node, "BEGIN; SELECT users_authenticate('$short->{access}')"), '28000', 'an expired token is refused');
	is(token_status($node, $short->{access}),                                 'invalid_token', 'in all ways');
	# Tokens know whole seconds only, sessions their parts.
	$node->safe_psql('postgres', 'SELECT pg_sleep(1)');
	is(status_of($node, "users_refresh('$short->{refresh}')"), 'invalid_token',
		'a session that has ended by itself is not refreshed');
	is(answer($node, 'SELECT count(*) FROM users_sessions WHERE expires_at < now()'), '0', 'nor listed');
	return;
}

# Moves the times of a session into the past.
sub move
{
	my ($person, $column, $seconds) = @_;

	$node->safe_psql(
		'postgres',
		"UPDATE users.session SET $column = clock_timestamp() - interval '$seconds seconds' WHERE id = '$person->{session_id}'"
	);
	return;
}

sub refresh_token
{
	return answer($node, "SELECT status, refresh_token FROM users_refresh('$_[0]')");
}

sub grace
{
	my $person    = sign_in($node, 'ben');
	my $successor = refresh_token($person->{refresh});

	like($successor, qr/^ok\|/, 'a refresh');
	is(refresh_token($person->{refresh}), $successor, 'the spent token gives the same successor at once');
	move($person, 'refreshed_at', 7);
	is(refresh_token($person->{refresh}), $successor, 'and seven seconds later');
	move($person, 'refreshed_at', 11);
	is(refresh_token($person->{refresh}),       'invalid_token|', 'eleven seconds later it is refused');
	is(refresh_token($successor =~ s/^ok\|//r), 'invalid_token|', 'and has ended the session');
	is(token_status($node, $person->{access}),  'invalid_token',  'access token included');
	is( $node->safe_psql(
			'postgres',
			"SELECT count(*) FROM users.audit_event WHERE session_id = '$person->{session_id}' AND event = 'refresh_reuse'"
		),
		'1',
		'which is in the audit');
	return;
}

sub expiry
{
	my ($idle, $absolute) = (sign_in($node, 'ben'), sign_in($node, 'ben'));

	move($idle, 'expires_at', 1);
	is(refresh_token($idle->{refresh}), 'invalid_token|', 'a session that was idle too long');
	move($idle, 'expires_at', -60);
	like(refresh_token($idle->{refresh}), qr/^ok/, 'and one that just was not');

	move($absolute, 'ends_at', -30);
	is( answer(
			$node,
			"SELECT status, refresh_expires_at < now() + interval '31 seconds', expires_in BETWEEN 1 AND 30 FROM users_refresh('$absolute->{refresh}')"
		),
		'ok|t|t',
		'no token outlives its session');
	return;
}

thousand_turns(1000, 'auto');
thousand_turns(160, $_) for 'force_generic_plan', 'force_custom_plan';
autocommit();
ended_elsewhere();
expired();
grace();
expiry();
done_testing();
