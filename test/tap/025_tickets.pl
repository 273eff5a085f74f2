# Signing in on standbys: they hash, the primary opens the session. What lags,
# is promoted or was revoked meanwhile gives no wrong answer.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use Test::More;
use UsersTest;

# How often in a row a session is ended on the primary and both standbys asked.
my $revocations = $ENV{USERS_REVOCATIONS} // 100;

my $primary = users_server('primary', undef, allows_streaming => 1);
my ($one, $two) = map { PostgreSQL::Test::Cluster->new($_) } qw(one two);
my $new_password = 'staple wrong donkey';

sub verify
{
	my ($node, $name, $with, %params) = @_;

	return status_of($node, "users_verify_password('$name', '" . ($with // $password) . "')", %params);
}

sub ticket
{
	my ($node, $name, %params) = @_;
	my $ticket = answer($node, "SELECT ticket FROM users_verify_password('$name', '$password')", %params);

	die "no ticket: $ticket" unless length $ticket == 96;
	return $ticket;
}

sub redeem
{
	my ($node, $ticket, %params) = @_;

	return status_of($node, "users_login_ticket('$ticket')", %params);
}

sub catch_up
{
	$primary->wait_for_catchup($_) for $one, $two;
	return;
}

sub pause
{
	my ($node) = @_;

	$node->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
	$node->poll_query_until('postgres', "SELECT pg_get_wal_replay_pause_state() = 'paused'")
	  or die 'replay does not pause';
	return;
}

# Ends a pause, and waits for what has been missed.
sub resume
{
	my ($node) = @_;

	$node->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
	$primary->wait_for_catchup($node);
	return;
}

# What is committed on the primary has arrived on a standby.
sub arrived
{
	my ($node) = @_;

	$primary->wait_for_catchup($node, 'flush');
	return;
}

sub person
{
	my ($name) = @_;

	sign_up($primary, $name);
	catch_up();
	return;
}

sub begin
{
	my ($standby) = @_;

	$primary->append_conf('postgresql.conf',
		"synchronous_standby_names = '2 (one, two)'\nsynchronous_commit = local\n");
	prepare_login($primary, 'application');
	$primary->backup('base');
	foreach $standby ($one, $two)
	{
		$standby->init_from_backup($primary, 'base', has_streaming => 1);
		$standby->start;
	}
	$primary->reload;
	$primary->poll_query_until('postgres', "SELECT count(*) = 2 FROM pg_stat_replication WHERE sync_state = 'sync'")
	  or die 'no synchronous standbys';
	person($_) foreach qw(ann ben cai dan eve);
	return;
}

# ---- a key that has not arrived

# A database in which nobody has needed a key yet.
sub without_key
{
	my %empty = (db => 'empty');

	$primary->safe_psql('postgres', 'CREATE DATABASE empty');
	$primary->safe_psql('empty',    'CREATE EXTENSION users');
	catch_up();
	is(verify($one,     'ann', $password, %empty), 'US013',               'a standby without a key cannot know');
	is(verify($primary, 'ann', $password, %empty), 'invalid_credentials', 'the primary makes one');
	catch_up();
	is(verify($one, 'ann', $password, %empty), 'invalid_credentials', 'then the standby has it');
	return;
}

# ---- hashed here, opened there

sub across
{
	my %anon = (user => 'application', set => { role => 'users_anon' });
	my ($ticket, $person);

	foreach my $node ($one, $two, $primary)
	{
		my $name = $node->name;

		$ticket = ticket($node, 'ann', %anon);
		is(redeem($one, $ticket, %anon), '25006', "$name: its ticket opens no session on a standby");
		$person = UsersTest::tokens($primary, <<SQL, %anon);
SELECT status, user_id, session_id, access_token, refresh_token FROM users_login_ticket('$ticket', 'from $name')
SQL
		is(redeem($primary, $ticket, %anon), 'invalid_token', "$name: one session and no more");
		catch_up();
		is(token_status($_, $person->{access}), 'ok', "$name: which is good on " . $_->name) for $primary, $one, $two;
	}
	is( $primary->safe_psql(
			'postgres', "SELECT string_agg(label, ',' ORDER BY created_at) FROM users.session WHERE label IS NOT NULL"),
		'from one,from two,from primary',
		'the sessions are labelled');
	is( $primary->safe_psql(
			'postgres',
			"SELECT count(*), count(session_id) FROM users.audit_event WHERE user_id = users_id('ann') AND event = 'login'"
		),
		'3|3',
		'and recorded');
	return;
}

# A copy of a database has the same key, accounts and nonces.
sub in_a_copy
{
	my %copy = (db => 'copy');
	my ($ticket, $its);

	$primary->safe_psql('template1', 'CREATE DATABASE copy TEMPLATE postgres');
	catch_up();
	$ticket = ticket($one, 'ann');
	$its    = ticket($one, 'ann', %copy);
	is(redeem($primary, $ticket, %copy), 'invalid_token', 'a ticket is none in a copy of the database');
	is(redeem($primary, $its),           'invalid_token', 'nor the other way round');
	is(redeem($primary, $ticket),        'ok',            'where it was made it is good');
	is(redeem($primary, $its, %copy),    'ok',            'both are');
	return;
}

# ---- refusals on a standby

sub refusals
{
	my $written = $primary->safe_psql('postgres', "SELECT count(*) FROM users.audit_event WHERE outcome = 'failure'");
	my ($lines, $offset);

	$primary->safe_psql('postgres', "SELECT users_disable_user(users_id('ben'))");
	catch_up();
	(undef, $offset) = log_from($one);
	is(verify($one, 'ann', 'wrong'),          'invalid_credentials', 'a wrong password');
	is(verify($one, 'nobody', 'wrong'),       'invalid_credentials', 'nobody');
	is(verify($one, 'ben', 'wrong'),          'invalid_credentials', 'who is disabled, with a wrong one');
	is(verify($one, 'ben', $password),        'disabled',            'with the right one');
	is(verify($one, 'cai', 'wrong'),          'invalid_credentials', "guess $_") for 1 .. 10;
	is(verify($one, 'cai'),                   'throttled',           'then the standby is throttled');
	is(verify($two, 'cai'),                   'ok',                  'and only that one');
	is(redeem($primary, ticket($two, 'cai')), 'ok',                  'the primary neither');
	($lines) = log_from($one, $offset);
	is( scalar(
			() =
			  $lines =~ /LOG:  users: users_verify_password failed: identifier [0-9a-f]{32}, client address unknown\n/g
		),
		13,
		'failures are lines in its log');
	like($lines, qr/LOG:  users: users_verify_password disabled: identifier/,  'the disabled account, too');
	like($lines, qr/LOG:  users: users_verify_password throttled: identifier/, 'and who is throttled');
	unlike($lines, qr/wrong|battery|\bann\b/, 'without what was typed');
	is($primary->safe_psql('postgres', "SELECT count(*) FROM users.audit_event WHERE outcome = 'failure'"),
		$written, 'nothing of it is in the audit');

	my $ticket = ticket($one, 'dan');
	answer($primary, 'SELECT ' . join ', ', ("users_login('dan', 'wrong')") x 10);
	is(redeem($primary, $ticket), 'throttled', "the primary's throttle holds for tickets");
	$primary->safe_psql('postgres', "SELECT users_unlock(users_id('dan'))");
	is(redeem($primary, $ticket), 'ok', 'which it does not spend');
	return;
}

# ---- a standby that lags

sub lagging
{
	my %now    = (set => { 'users.synchronous_revocation' => 'off' });
	my $change = "users_change_password('$password', '$new_password', '$new_password')";
	my $eve    = sign_in($primary, 'eve');
	my $ticket;

	catch_up();
	pause($one);
	is(verify($one, 'ann', 'wrong'), 'invalid_credentials', 'nothing is missed yet: a wrong password is one');
	is( answer(
			$primary, "BEGIN; SELECT users_authenticate('$eve->{access}') IS NULL; SELECT status FROM $change; COMMIT",
			%now),
		"f\nok",
		'a password is changed');
	is(answer($primary, "SELECT users_disable_user(users_id('ann')), users_enable_user(users_id('ben'))", %now),
		't|t', 'somebody is disabled, somebody enabled');
	sign_up($primary, 'fay');
	arrived($one);

	$ticket = ticket($one, 'eve');
	is(redeem($primary, $ticket),             'invalid_token',       'the old one: a ticket there, and no session');
	is(redeem($primary, ticket($one, 'ann')), 'invalid_token',       'who was disabled: no session');
	is(verify($one, 'eve', $new_password),    'US013',               'the new password: the standby cannot know');
	is(verify($one, 'ben'),                   'US013',               'nor who was enabled');
	is(verify($one, 'fay'),                   'US013',               'nor somebody new');
	is(verify($one, 'nobody', 'wrong'),       'US013',               'of nobody it says the same');
	is(verify($two, 'nobody', 'wrong'),       'invalid_credentials', 'a standby that is not behind says no');
	$primary->wait_for_catchup($two);
	is(verify($two, 'eve', $new_password), 'ok', 'and knows the new password');

	resume($one);
	is(verify($one, 'eve', $new_password), 'ok',                  'when it has caught up, so does the other');
	is(verify($one, 'eve'),                'invalid_credentials', 'and the old one is no password');
	is(redeem($primary, $ticket),          'invalid_token',       'its ticket stays void');
	is(verify($one, 'ben'),                'ok',                  'who was enabled signs in');
	is(verify($one, 'ann'),                'disabled',            'who was disabled hears it');
	$primary->safe_psql('postgres', "SELECT users_enable_user(users_id('ann'))");
	catch_up();
	return;
}

# ---- the end of a session, on both

# On the primary: ends sessions one by one, and asks both standbys the moment
# the COMMIT has returned. How many answers were stale.
sub prepare_revocations
{
	my $list = join ', ', map { "('" . $_->name . "', '" . $_->connstr . " dbname=postgres')" } $one, $two;

	$primary->safe_psql('postgres', <<SQL);
CREATE EXTENSION dblink;
CREATE TABLE standby (name text, connstr text);
INSERT INTO standby VALUES $list;
CREATE TABLE victim (n integer GENERATED ALWAYS AS IDENTITY, access text, refresh text);
CREATE TABLE load (n bigint, filler text);
CREATE PROCEDURE fill(times integer) LANGUAGE plpgsql AS \$\$
BEGIN
	INSERT INTO victim (access, refresh)
	SELECT access_token, refresh_token FROM generate_series(1, times) n, LATERAL users_login('ann', '$password', 'victim ' || n);
END \$\$;
CREATE PROCEDURE revoke(times integer, INOUT ended integer, INOUT valid integer, INOUT stale integer) LANGUAGE plpgsql AS \$\$
DECLARE
	one record;
	said text;
	name text;
BEGIN
	PERFORM dblink_connect(s.name, s.connstr) FROM standby s;
	FOR one IN SELECT * FROM victim ORDER BY n LIMIT times LOOP
		FOR name IN SELECT s.name FROM standby s LOOP
			SELECT t.status INTO said FROM dblink(name, format('SELECT status FROM users_validate_token(%L)', one.access)) t (status text);
			valid := valid + (said = 'ok')::integer;
		END LOOP;
		DELETE FROM victim v WHERE v.n = one.n;
		PERFORM users_logout(one.refresh);
		COMMIT;
		ended := ended + 1;
		FOR name IN SELECT s.name FROM standby s LOOP
			SELECT t.status INTO said FROM dblink(name, format('SELECT status FROM users_validate_token(%L)', one.access)) t (status text);
			stale := stale + (said <> 'invalid_token')::integer;
		END LOOP;
	END LOOP;
	PERFORM dblink_disconnect(s.name) FROM standby s;
END \$\$;
-- Now and then it waits for both: on a slow machine they would fall behind
-- without end, the revocations wait as long, and the disk would fill.
CREATE PROCEDURE write_until_told() LANGUAGE plpgsql AS \$\$
DECLARE
	round integer := 0;
BEGIN
	WHILE EXISTS (SELECT FROM victim) LOOP
		round := round + 1;
		INSERT INTO load SELECT i, repeat('x', 200) FROM generate_series(1, 200) i;
		IF round % 20 = 0 THEN
			TRUNCATE load;
			SET LOCAL synchronous_commit = 'remote_apply';
		END IF;
		COMMIT;
	END LOOP;
END \$\$;
SQL
	return;
}

sub revocations
{
	my $times = $revocations;
	my $load;

	prepare_revocations();
	# The procedure does see what is stale.
	$primary->safe_psql('postgres', 'CALL fill(3)');
	catch_up();
	pause($two);
	is( answer($primary, 'CALL revoke(3, 0, 0, 0)', set => { 'users.synchronous_revocation' => 'off' }) =~ s/\|\d+$//r,
		'3|6',
		'without users.synchronous_revocation sessions end');
	is($primary->safe_psql('postgres', 'SELECT count(*) FROM victim'), '0', 'three');
	resume($two);

	$primary->safe_psql('postgres', 'CALL fill(2)');
	catch_up();
	pause($two);
	like(answer($primary, 'CALL revoke(2, 0, 0, 0)', set => { 'users.synchronous_revocation' => 'off' }),
		qr/^2\|4\|[234]$/, 'and a standby that lags goes on to take their tokens');
	resume($two);

	$primary->safe_psql('postgres', "CALL fill($times)");
	catch_up();
	$load = background($primary, 'CALL write_until_told()', name => 'load', set => { synchronous_commit => 'off' });
	find_backend($primary, $load, 'true');
	is( answer($primary, "CALL revoke($times, 0, 0, 0)"),
		join('|', $times, 2 * $times, 0),
		"$times sessions ended, each refused on both standbys when the COMMIT had returned");
	$primary->safe_psql('postgres', 'DELETE FROM victim');
	is($load->finish, '', 'while others wrote');
	return;
}

# ---- promotion

# The primary is gone, one of the standbys takes its place; the other follows.
sub promotion
{
	my ($kept, $spent, $late) = map { ticket($_, 'ann') } $one, $one, $two;
	my ($held, $other);

	is(redeem($primary, $spent), 'ok', 'a ticket is spent on the primary');
	catch_up();
	$held = hold_slot($one, call => 'users_verify_password');
	$primary->stop;
	is(redeem($one, $kept), '25006', 'a standby is no primary, whatever became of that');
	$one->promote;
	is(redeem($one, $kept),  'ok',                  'promoted, it opens the session of its ticket');
	is(redeem($one, $kept),  'invalid_token',       'once');
	is(redeem($one, $late),  'ok',                  "another standby's ticket, too");
	is(redeem($one, $spent), 'invalid_token',       'what was spent before is spent');
	is(let_go($held),        'invalid_credentials', 'a password that was being judged meanwhile is judged');
	is(verify($one, 'ann'),  'ok',                  'and the next one');

	$two->append_conf('postgresql.conf', "primary_conninfo = '" . $one->connstr . " application_name=two'\n");
	$two->reload;
	$one->wait_for_catchup($two);
	is(redeem($one, ticket($two, 'ann')), 'ok', 'the other standby follows, and its tickets hold');
	$_->stop for $one, $two;
	return;
}

begin();
without_key();
across();
in_a_copy();
refusals();
lagging();
revocations();
promotion();
done_testing();
