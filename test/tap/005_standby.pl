# A hot standby reads tokens; what ends sessions on the primary ends them there
# before COMMIT returns; what is not replayed yet is asked elsewhere.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use Test::More;
use UsersTest;

my $primary = users_server('primary', "max_prepared_transactions = 2\n", allows_streaming => 1);
my $standby = PostgreSQL::Test::Cluster->new('standby');
my $session;    # on the standby, always the same backend
my ($ann, $ben);
my $number = 0;

sub pause_replay
{
	$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
	$standby->poll_query_until('postgres', "SELECT pg_get_wal_replay_pause_state() = 'paused'")
	  or die 'replay does not pause';
	return;
}

sub resume_replay
{
	$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
	return;
}

sub catch_up
{
	$primary->wait_for_catchup($standby);
	return;
}

# Somebody new, known on the standby too.
sub somebody
{
	my $person = sign_up($primary, 'person' . ++$number);

	$person->{name} = "person$number";
	catch_up();
	return $person;
}

sub begin
{
	$ann = sign_up($primary, 'ann');
	prepare_login($primary, 'application');
	$primary->safe_psql('postgres', 'CREATE ROLE gateway LOGIN; GRANT users_service TO gateway');
	$primary->backup('base');
	$standby->init_from_backup($primary, 'base', has_streaming => 1);
	$standby->start;
	$primary->append_conf('postgresql.conf', "synchronous_standby_names = 'standby'\n");
	$primary->reload;
	$primary->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'")
	  or die 'no synchronous standby';
	catch_up();
	$session = $standby->background_psql('postgres');
	return;
}

# ---- reading

sub reading
{
	my $profile = "BEGIN; SELECT users_authenticate('$ann->{access}') = users_current_user_id(), current_user;";

	is(token_status($standby, $ann->{access}),                        'ok',            'a token is validated');
	is(token_status($standby, $ann->{access}, user => 'gateway'),     'ok',            'by a service');
	is(token_status($standby, $ann->{access}, user => 'application'), '42501',         'not by just anybody');
	is(token_status($standby, $ann->{refresh}),                       'invalid_token', 'another kind of token is none');
	is(answer($standby, "$profile SELECT username FROM users_profile()", user => 'application'), "t|users_member\nann",
		'an identity is taken on');
	is(answer($standby, "$profile SELECT count(*), bool_and(is_current) FROM users_sessions", user => 'application'),
		"t|users_member\n1|t", 'views work');
	is(answer($standby, "SELECT users_authenticate('$ann->{refresh}')", user => 'application'), '28000', 'or refused');
	is(answer($standby, "SELECT users_jwks()"), $primary->safe_psql('postgres', 'SELECT users_jwks()'),
		'the public keys');
	is(answer($standby, "SELECT users_id('ann')"),                  $ann->{user_id}, 'administrators look somebody up');
	is(answer($standby, 'SELECT count(*) > 5 FROM users_health()'), 't',             'users_health works');
	return;
}

# Whatever writes is refused, before it looks at a secret or counts an attempt. (S63)
sub writing
{
	my @anonymous = (
		"users_login('ann', '$password')",
		"users_login('ann', 'wrong')",
		"users_register('eve\@example.org', 'eve', '$password', 'Eve', 'Oh')",
		"users_register('', '', '', '', '')",
		"users_login_ticket('nonsense')",
		"users_refresh('$ann->{refresh}')",
		"users_refresh('nonsense')",
		"users_logout('$ann->{refresh}')",
		"users_logout()",
		"users_create_user('eve\@example.org', 'eve', 'Eve', 'Oh', '$password')",
		"users_disable_user(users_id('ann'))",
		"users_enable_user(users_id('ann'))",
		"users_set_platform_role(users_id('ann'), 'admin')",
		"users_unlock(users_id('ann'))",
		"users_rotate_key()",
		"users_revoke_key('kid')",
		"users_renew_root_key()",
		"users_setup_login('application')",
		"users_setup_owner('application')");
	my @own = (
		"users_confirm_password('$password')",
		"users_confirm_password('wrong')",
		"users_change_password('$password', 'a', 'b')",
		"users_delete_account('wrong')",
		"users_logout()",
		"users_logout_all()",
		"users_revoke_session('$ann->{session_id}')");

	is(answer($standby, "SELECT * FROM $_"), '25006', "$_ on the standby") for @anonymous;
	is(answer($standby, "BEGIN; SELECT users_authenticate('$ann->{access}'); SELECT * FROM $_"), '25006',
		"$_ on the standby, signed in")
	  for @own;
	answer($standby, 'SELECT ' . join ', ', ("users_login('ann', 'wrong')") x 3) for 1 .. 10;
	unlike(log_from($standby), qr/users: users_\w+ (failed|throttled)/, 'nothing is counted or logged');
	return;
}

# ---- ending sessions (S38 P26)

# Does something on the primary while replay is paused: it must wait until the
# standby, which still says ok, has heard of it.
sub waits
{
	my ($what, $sql, %settings) = @_;
	my $person = somebody();
	my $psql;

	$sql =~ s/<(\w+)>/$person->{$1}/g;
	like($session->query("SELECT status FROM users_validate_token('$person->{access}')"), qr/^ok$/, "$what: a session");
	pause_replay();
	$psql = background($primary, $sql, name => 'ending', set => \%settings);
	$primary->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'ending' AND wait_event = 'SyncRep'")
	  or die "$what does not wait";
	is(token_status($standby, $person->{access}), 'ok', "$what: waits while the standby has not heard of it");
	resume_replay();
	isnt($psql->finish, '', "$what: done");
	is($psql->{stderr},                           '',              "$what: without an error");
	is(token_status($standby, $person->{access}), 'invalid_token', "$what: the standby refuses the token");
	like($session->query("SELECT status FROM users_validate_token('$person->{access}')"), qr/^invalid_token$/,
		"$what: so does a backend that had verified it");
	is(answer($standby, "SELECT users_authenticate('$person->{access}')", user => 'application'), '28000',
		"$what: nobody takes it on");
	return;
}

sub waiting
{
	my $in     = "BEGIN; SELECT users_authenticate('<access>'); SELECT";
	my $change = "users_change_password('$password', 'staple wrong donkey', 'staple wrong donkey')";
	my %off    = (synchronous_commit => 'off');

	waits('sign-out',                           "SELECT users_logout('<refresh>')");
	waits('sign-out, synchronous_commit off',   "SELECT users_logout('<refresh>')", %off);
	waits('sign-out, synchronous_commit local', "SELECT users_logout('<refresh>')", synchronous_commit => 'local');
	waits('sign-out, synchronous_commit off at the end',
		"BEGIN; SELECT users_logout('<refresh>'); SET LOCAL synchronous_commit = off; COMMIT");
	waits('sign-out in a savepoint', "BEGIN; SAVEPOINT a; SELECT users_logout('<refresh>'); RELEASE a; COMMIT", %off);
	waits('users_logout_all',        "$in users_logout_all(); COMMIT",                                          %off);
	waits('users_revoke_session',    "SELECT users_revoke_session('<session_id>')",                             %off);
	waits('users_change_password',   "$in $change; COMMIT",                                                     %off);
	waits('users_delete_account',    "$in users_delete_account('$password'); COMMIT",                           %off);
	waits('users_disable_user',      "SELECT users_disable_user('<user_id>')",                                  %off);
	waits('users_set_platform_role', "SELECT users_set_platform_role('<user_id>', 'admin')",                    %off);
	waits('users_revoke_key',        "SELECT users_revoke_key(kid) FROM users_keys WHERE state = 'active'",     %off);
	return;
}

# What need not wait, and so does not. (P45)
sub not_waiting
{
	my ($cai, $dan, $eve) = (somebody(), somebody(), somebody());

	pause_replay();
	is( status_of($primary, "users_logout('$cai->{refresh}')", set => { 'users.synchronous_revocation' => 'off' }),
		'ok', 'users.synchronous_revocation off: COMMIT returns');
	is(token_status($primary, $cai->{access}), 'invalid_token', 'the primary refuses the token');
	is(token_status($standby, $cai->{access}), 'ok',            'the standby does not yet');

	is(status_of($primary, "users_refresh('$dan->{refresh}')"), 'ok', 'a refresh does not wait');
	$primary->safe_psql('postgres', "UPDATE users.session SET refreshed_at = refreshed_at - interval '1 hour'");
	is(status_of($primary, "users_refresh('$dan->{refresh}')"), 'invalid_token',
		'nor does a spent token, so that nobody can hang connections with one');
	is(token_status($primary, $dan->{access}),          'invalid_token', 'which ends the session');
	is(status_of($primary, "users_logout('nonsense')"), 'ok',            'nor does a sign-out that ends nothing');
	is(answer($primary, "BEGIN; SELECT status FROM users_logout('$eve->{refresh}'); ROLLBACK"), 'ok',
		'nor one that is rolled back');
	is(status_of($primary, "users_login('ann', '$password')", set => { synchronous_commit => 'off' }), 'ok',
		'nor what comes after it');
	resume_replay();
	catch_up();
	is(token_status($standby, $cai->{access}), 'invalid_token', 'when it has heard of it, the standby refuses too');
	is(token_status($standby, $dan->{access}), 'invalid_token', 'the one with the spent token too');
	is(token_status($standby, $eve->{access}), 'ok',            'and the one rolled back lives on');

	is(answer($primary, "BEGIN; SELECT status FROM users_logout('$eve->{refresh}'); PREPARE TRANSACTION 'p'"), '0A000',
		'two-phase commit would not wait');
	is(answer($primary, "BEGIN; SELECT status FROM users_login('ann', '$password'); PREPARE TRANSACTION 'p'"), 'ok',
		'without an end of a session it may');
	is(answer($primary, "COMMIT PREPARED 'p'"), '', 'and be committed');
	return;
}

# ---- what is not replayed yet

sub ahead
{
	my ($fresh, $other_key, $hs256, $forged);

	pause_replay();
	$fresh = sign_in($primary, 'ann');
	$primary->safe_psql('postgres', 'SELECT users_rotate_key()');
	$other_key = sign_in($primary, 'ann');
	$hs256     = sign_in($primary, 'ann', set => { 'users.signing_algorithm' => 'HS256' });
	foreach my $case ([ 'session', $fresh ], [ 'key', $other_key ], [ 'HS256 key', $hs256 ])
	{
		my ($what, $person) = @$case;

		is(token_status($primary, $person->{access}), 'ok',          "a new $what: the primary knows it");
		is(token_status($standby, $person->{access}), 'ask_primary', "a new $what: ask the primary");
		is(answer($standby, "SELECT users_authenticate('$person->{access}')", user => 'application'), 'US013',
			"a new $what: US013");
	}
	$forged = $fresh->{access} =~ s/(.)$/$1 eq 'A' ? 'Q' : 'A'/er;
	is(token_status($standby, $forged),             'invalid_token', 'what is forged is no question for the primary');
	is(token_status($standby, "$fresh->{access}."), 'invalid_token', 'nor what is malformed');
	resume_replay();
	catch_up();
	is(token_status($standby, $_->{access}), 'ok', 'replayed') for $fresh, $other_key, $hs256;

	# The primary itself never says so.
	$primary->safe_psql('postgres', "DELETE FROM users.session WHERE id = '$fresh->{session_id}'");
	is(token_status($primary, $fresh->{access}), 'invalid_token', 'a session that is gone');
	catch_up();
	is(token_status($standby, $fresh->{access}), 'ask_primary', 'of which the standby cannot know why');
	return;
}

# ---- promotion

sub promoted
{
	my $cai = sign_in($primary, 'ann');
	my %person;

	catch_up();
	$primary->stop;
	$standby->promote;
	like($session->query("SELECT status FROM users_login('ann', '$password')"), qr/^ok$/,
		'one can sign in, in a session from before');
	$session->quit;
	is(token_status($standby, $cai->{access}),                  'ok', 'access tokens hold');
	is(status_of($standby, "users_refresh('$cai->{refresh}')"), 'ok', 'refresh tokens too');
	%person = %{ sign_up($standby, 'zoe') };
	is(token_status($standby, $person{access}),                  'ok',            'one can sign up');
	is(status_of($standby, "users_logout('$person{refresh}')"),  'ok',            'and sign out');
	is(token_status($standby, $person{access}),                  'invalid_token', 'at once');
	is(answer($standby, 'SELECT state FROM users_rotate_key()'), 'active',        'the key can be rotated');
	answer($standby, 'SELECT ' . join ', ', ("(users_login('zoe', 'wrong')).status") x 10);
	is(status_of($standby, "users_login('zoe', '$password')"), 'throttled', 'attempts count');
	$standby->stop;
	return;
}

begin();
reading();
writing();
waiting();
not_waiting();
ahead();
promoted();
done_testing();
