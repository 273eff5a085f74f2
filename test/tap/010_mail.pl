# What mail does outside of one session: it wakes the relay, or says nothing
# where the commit waits for standbys; a token of it is nowhere but in the mail;
# and somebody who asks without end cannot spoil a link.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use File::Find;
use MIME::Base64 qw(decode_base64);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);
use UsersTest;

my $uuid = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

# The token and kind of every mail that is due.
sub claim
{
	my ($node) = @_;
	my $rows = answer($node, <<'SQL', user => 'postman');
SELECT kind, recipient, coalesce(data->>'token', '-'), users_mail_sent(id) FROM users_claim_mail(1000)
SQL

	return map {
		my %mail;
		@mail{qw(kind recipient token)} = split /\|/;
		\%mail
	} split /\n/, $rows;
}

# The token that was mailed to an address last.
sub token_for
{
	my ($kind, $recipient, @mails) = @_;
	my @found = grep { $_->{kind} eq $kind && $_->{recipient} eq $recipient } @mails;

	die "no $kind to $recipient" unless @found;
	return $found[-1]{token};
}

sub mail_server
{
	my ($name, $conf, %init) = @_;
	my $node = users_server($name, $conf, %init);

	$node->safe_psql('postgres', 'CREATE ROLE postman LOGIN; GRANT users_relay TO postman');
	return $node;
}

# ---- notifications (S16)

# A session that only listens, as a role that may do nothing else.
sub listen_to
{
	my ($node, $db) = @_;
	my $psql = $node->background_psql($db // 'postgres', on_error_stop => 0);

	$psql->query_safe('SET ROLE stranger');
	$psql->query_safe('LISTEN users_mail');
	return $psql;
}

# What it has heard since.
sub heard
{
	my ($psql) = @_;
	# psql shows what has come after a statement.
	my $text = $psql->query('SELECT 1');

	return join ' ', sort $text =~ /Asynchronous notification "users_mail" with payload "([^"]*)"/g;
}

sub notifications
{
	my $node = mail_server('notifying', "max_prepared_transactions = 2\n");
	my $ann  = sign_up($node, 'ann');
	my $waiting =
	  "SELECT string_agg(id::text, ' ' ORDER BY id::text COLLATE \"C\") FROM users_outbox WHERE state = 'waiting'";
	my ($listener, $known, $unknown);

	$node->safe_psql('postgres', 'CREATE ROLE stranger');
	$listener = listen_to($node);
	is(heard($listener), '', 'nothing is heard of nothing');

	status_of($node, "users_request_reset('ann\@example.org')");
	$known = heard($listener);
	is($known, $node->safe_psql('postgres', $waiting), 'a request wakes the relay with its id');
	status_of($node, "users_request_reset('nobody\@example.org')");
	$unknown = heard($listener);
	like($unknown, qr/^$uuid$/, 'one for nobody too, with the same sort of id');
	is(length $known, length $unknown, 'of the same length');

	answer($node, "BEGIN; SELECT users_request_reset('ann\@example.org'); ROLLBACK");
	is(heard($listener), '', 'what is rolled back says nothing');
	answer($node, <<'SQL');
BEGIN;
SELECT users_request_reset('one@example.org');
SAVEPOINT s;
SELECT users_request_reset('two@example.org');
ROLLBACK TO s;
SAVEPOINT s;
SELECT users_request_reset('three@example.org');
RELEASE s;
COMMIT;
SQL
	is(
		heard($listener),
		$node->safe_psql(
			'postgres',
			"SELECT string_agg(id::text, ' ' ORDER BY id::text COLLATE \"C\") FROM users_outbox WHERE recipient ~ '^(one|three)'"),
		'nor what is rolled back to a savepoint');

	answer($node, "BEGIN; SELECT users_request_reset('four\@example.org'); PREPARE TRANSACTION 'p'");
	is(answer($node, "COMMIT PREPARED 'p'"), '', 'a transaction that mails can be prepared');
	is(heard($listener), '', 'and leaves the mail to the poll');

	answer($node,
		"BEGIN; SELECT users_authenticate('$ann->{access}'); SELECT status FROM users_change_password('$password', '$password two', '$password two'); COMMIT");
	like(heard($listener), qr/^$uuid$/, 'a notice wakes it, while there are no standbys');
	$listener->quit;
	$node->stop;
	return;
}

# ---- the wait for standbys (P24)

sub standbys
{
	my $node    = mail_server('primary', "synchronous_commit = local\n", allows_streaming => 1);
	my $ann     = sign_up($node, 'ann');
	my $standby = PostgreSQL::Test::Cluster->new('standby');
	my ($change, $request);
	my $waits = "wait_event = 'SyncRep'";

	$node->safe_psql('postgres', 'CREATE ROLE stranger');
	$node->safe_psql('postgres', 'CREATE DATABASE other');
	$node->backup('base');
	$standby->init_from_backup($node, 'base', has_streaming => 1);
	$standby->start;
	$node->append_conf('postgresql.conf', "synchronous_standby_names = 'standby'\n");
	$node->reload;
	$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'")
	  or die 'no synchronous standby';
	$standby->stop;

	$change = background(
		$node,
		"BEGIN; SELECT users_authenticate('$ann->{access}'); SELECT status FROM users_change_password('$password', '$password two', '$password two'); COMMIT; SELECT 'committed'",
		name => 'change');
	find_backend($node, $change, $waits);
	ok(!$change->has_ended, 'a change of password waits for a standby that is stopped');
	is(answer($node, 'NOTIFY other_channel; SELECT 1', db => 'other'), '1', 'a NOTIFY in another database does not');
	is(answer($node, 'NOTIFY users_mail; SELECT 1'),                   '1', 'nor one in this');

	$request = background(
		$node, "SET synchronous_commit = on; SELECT status FROM users_request_reset('ann\@example.org')",
		name => 'request');
	find_backend($node, $request, $waits);
	is(answer($node, 'NOTIFY other_channel; SELECT 1', db => 'other'),
		'1', 'and none waits for a request that waits because its caller wants that');
	is(status_of($node, "users_request_reset('ben\@example.org')"),
		'accepted', 'a request whose caller does not is answered at once');

	$standby->start;
	like($change->finish, qr/ok\ncommitted$/, 'it goes on when the standby is back');
	is($request->finish, 'accepted', 'so does the request');
	is(
		join(' ', sort map { $_->{kind} } claim($node)),
		'password_changed reset_password',
		'and the mails that were not announced are found by polling');
	$standby->stop;
	$node->stop;
	return;
}

# ---- nothing is stored (S43 S45)

# The names of files below a folder that hold any of some strings.
sub files_with
{
	my ($folder, @needles) = @_;
	my $pattern = join '|', map { quotemeta } @needles;
	my @found;

	find({
			no_chdir => 1,
			wanted   => sub {
				return unless -f;
				push @found, $_ if slurp_file($_) =~ /$pattern/;
			}
		},
		$folder);
	return @found;
}

# As a token may stand in a binary page: as text, or the bytes of its tag.
sub traces
{
	my ($token) = @_;
	my $base64 = $token =~ tr{-_}{+/}r;
	my $bytes  = decode_base64($base64 . '=' x (-length($base64) % 4));

	return ($token, substr($token, 45), substr($bytes, 32));
}

sub nothing_stored
{
	my $node = mail_server('storing', <<'CONF');
log_min_duration_statement = 0
log_min_error_statement = error
log_error_verbosity = verbose
wal_level = logical
users.mail_kinds_off = ''
CONF
	my $ann = sign_up($node, 'ann');
	my $own = "BEGIN; SELECT users_authenticate('$ann->{access}');";
	my (@mails, @tokens, $listener, $payloads, $dump, $url);

	$node->safe_psql('postgres', 'CREATE ROLE stranger');
	$listener = listen_to($node);
	$node->safe_psql('postgres', <<'SQL');
SELECT users_create_user('cem@example.org', 'cem', 'Cem', 'Carver');
SELECT users_request_registration('new@example.org');
SELECT users_request_registration('ann@example.org');
SELECT users_request_verification('ann@example.org');
SELECT users_request_reset('ann@example.org');
SELECT users_request_reset('nobody@example.org');
SQL
	answer($node, "$own SELECT users_change_email('$password', 'ann2\@example.org'); COMMIT");
	@mails = claim($node);
	is(
		join(' ', sort map { $_->{kind} } @mails),
		'already_registered email_change_requested registration reset_password verify_email verify_email welcome',
		'mails of many kinds');
	is(status_of($node, "users_verify_email('" . token_for('verify_email', 'ann@example.org', @mails) . "', '$password')"),
		'ok', 'a link verifies an address');
	is(status_of($node, "users_verify_email('" . token_for('verify_email', 'ann2@example.org', @mails) . "', '$password')"),
		'ok', 'another one changes it');
	is(
		status_of(
			$node,
			"users_reset_password('" . token_for('reset_password', 'ann@example.org', @mails) . "', '$password 2', '$password 2')"),
		'invalid_token',
		'which ends a reset');
	is(
		status_of(
			$node, "users_reset_password('" . token_for('welcome', 'cem@example.org', @mails) . "', '$password 2', '$password 2')"),
		'ok',
		'a link sets a password');
	is(
		status_of(
			$node,
			"users_register('new\@example.org', 'new', '$password', 'New', 'Test', token => '"
			  . token_for('registration', 'new@example.org', @mails) . "')"),
		'ok',
		'a link signs up');
	# One that stays unspent, and one that was handed over.
	status_of($node, "users_request_reset('cem\@example.org')");
	$url = answer($node, "SELECT url FROM users_issue_reset(users_id('new'), send_mail => false)");
	push @mails, claim($node), { token => $url =~ s/.*token=//r };
	# An error of ours, and one of another's after ours has begun.
	is(answer($node, "SELECT users_reset_password('$mails[-1]{token}', 'x', 'y')"), 'US004', 'an error is raised');
	is(answer($node, "SELECT 1 / (length(status) - 13) FROM users_verify_email('$mails[-1]{token}')"),
		'22012', 'and another one');

	@tokens = grep { $_ ne '-' } map { $_->{token} } @mails;
	cmp_ok(scalar @tokens, '>=', 7, 'there are tokens to look for');
	$payloads = heard($listener);
	$listener->quit;
	$dump = $node->basedir . '/dump.sql';
	$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('postgres') ], 'a dump is made');
	$node->safe_psql('postgres', 'CHECKPOINT');
	$node->stop;
	for my $token (@tokens)
	{
		my @traces = traces($token);
		my $any    = join '|', map { quotemeta } @traces;

		is_deeply([ files_with($node->data_dir, @traces) ], [], 'it is in no file of the server: heap, indexes, WAL');
		unlike(slurp_file($dump),          qr/$any/, 'nor in a dump');
		unlike(slurp_file($node->logfile), qr/$any/, 'nor in the log');
		unlike($payloads,                  qr/$any/, 'nor in a notification');
	}
	# That what is there would be found.
	isnt(scalar files_with($node->data_dir, 'ann2@example.org'), 0, 'an address is found, in the heap');
	like(slurp_file($dump),          qr/ann2\@example\.org/, 'and in the dump');
	like(slurp_file($node->logfile), qr/users_claim_mail|duration:/, 'the log was on');
	unlike(slurp_file($node->logfile), qr/ann2\@example/, 'but no address got there');
	return;
}

# ---- by the clock (S29)

sub by_the_clock
{
  SKIP:
	{
		my ($library) = glob '/usr/lib/*/faketime/libfaketime.so.1';
		my $clock = "$PostgreSQL::Test::Utils::tmp_check/clock";
		my ($node, $token, $later, @mails, %seen);

		skip 'no libfaketime here', 1 unless $library;
		append_to_file($clock, "+0\n");
		$node = new_server('clock');
		{
			local $ENV{LD_PRELOAD}                     = $library;
			local $ENV{FAKETIME_TIMESTAMP_FILE}        = $clock;
			local $ENV{FAKETIME_NO_CACHE}              = 1;
			local $ENV{FAKETIME_DONT_FAKE_MONOTONIC}   = 1;
			$node->start;
		}
		$node->safe_psql('postgres', 'CREATE EXTENSION users; CREATE ROLE postman LOGIN; GRANT users_relay TO postman');
		sign_up($node, 'ann');
		status_of($node, "users_request_reset('ann\@example.org')");
		@mails = claim($node);
		$token = $mails[0]{token};

		# Each second for half an hour somebody else asks, and a relay sends.
		for my $second (1 .. 1800)
		{
			open my $file, '>', "$clock.new" or die;
			print $file "+$second\n";
			close $file;
			rename "$clock.new", $clock or die;
			$seen{ status_of($node, "users_request_reset('ann\@example.org')") }++;
			push @mails, claim($node) if $second % 60 == 0;
		}
		is(join(' ', sort keys %seen), 'accepted throttled', 'a stranger asks each second, and is throttled');
		cmp_ok($seen{accepted}, '<=', 20, 'few mails go to the owner');
		cmp_ok(scalar @mails,   '>=', 2,  'though some do');
		is(status_of($node, "users_reset_password('$token', '$password 2', '$password 2')"),
			'ok', 'and the link that the owner had first still works');
		$later = $mails[-1]{token};
		isnt($later, $token, 'the last link is another one');
		is(status_of($node, "users_reset_password('$later', '$password 3', '$password 3')"),
			'invalid_token', 'which is over with the first');
		$node->stop;
	}
	return;
}

notifications();
standbys();
nothing_stored();
by_the_clock();
done_testing();
