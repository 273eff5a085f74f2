# Two relays that are killed at random moments, while the mail server and the
# database are restarted: no mail is lost, and none is sent twice but those that
# were in flight at a kill, which keep their Message-ID.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use PostgreSQL::Test::Utils;
use RelayTest;
use Test::More;
use Time::HiRes qw(sleep time);
use UsersTest;

plan skip_all => "no $relay; make -C relay builds it" unless -x $relay;
plan skip_all => 'no aiosmtpd for /usr/bin/python3'   unless can_serve_smtp();

my $mails = 2000;
my $seed  = $ENV{USERS_CHAOS_SEED} // time * 1000 % 2**31;
my $node  = users_server('chaos', "users.registration_url = 'https://example.org/{token}'\n");
my $smtp  = start_smtp();
my %relay = (
	DATABASE => $node->connstr('postgres') . ' user=mailer',
	FROM     => 'accounts@example.org',
	SMTP_URL => "smtp://localhost:$smtp->{port}",
	TIMEOUT  => 5,
	LEASE    => 20,
	POLL     => 1);

$node->safe_psql('postgres', 'CREATE ROLE mailer LOGIN IN ROLE users_relay; CREATE ROLE stranger LOGIN');
srand $seed;
note "USERS_CHAOS_SEED=$seed";

# Lines of the mail server's log: [Message-ID, recipient].
sub accepted
{
	return map { [ (split / /)[ 1, 2 ] ] } $smtp->accepted;
}

sub unsettled
{
	return $node->safe_psql('postgres', "SELECT count(*) FROM users_outbox WHERE state IN ('waiting', 'claimed')");
}

sub crash
{
	$node->stop('immediate');
	$node->start;
	return;
}

# The same port, the same folder and log.
sub restart_smtp
{
	my ($port, $maildir) = @$smtp{qw(port maildir)};

	$smtp->stop;
	sleep rand 1;
	$smtp = start_smtp(port => $port, maildir => $maildir);
	return;
}

sub chaos
{
	my @relays = map { start_relay(\%relay) } 1 .. 2;
	my ($kills, $restarts) = (0, 0);
	my $deadline = time + 240;

	$node->safe_psql('postgres',
		"SELECT count(users_request_registration('person' || i || '\@example.org')) FROM generate_series(1, $mails) i");
	while (time < $deadline)
	{
		my $sent = scalar(accepted());
		my $one  = int rand 2;

		last if $sent >= $mails && unsettled() == 0;
		sleep 0.05 + rand 0.4;
		# Then it is the leases' turn to end.
		next if $sent >= $mails - 100 || $kills == 20;
		$relays[$one]->stop('KILL');
		$kills++;
		$relays[$one] = start_relay(\%relay);
		if ($kills % 5 == 2)
		{
			restart_smtp();
			$restarts++;
		}
		$node->restart if $kills % 5 == 3;
		crash() if $kills == 9;
	}
	is($_->stop, 0, 'a relay ends as it is told') for @relays;
	return ($kills, $restarts);
}

sub judge
{
	my ($kills, $restarts) = @_;
	my (%ids, %count);

	foreach my $line (accepted())
	{
		$ids{ $line->[1] }{ $line->[0] } = 1;
		$count{ $line->[1] }++;
	}
	my $twice = grep { $_ > 1 } values %count;

	note "$kills kills, $restarts restarts of the mail server, $twice mails twice";
	cmp_ok($kills,    '>=', 4, 'relays were killed');
	cmp_ok($restarts, '>=', 1, 'and the mail server restarted');
	is(unsettled(), 0, 'every mail is settled');
	is($node->safe_psql('postgres', "SELECT count(*) FROM users_outbox WHERE state = 'sent'"), $mails, 'as sent');
	is(scalar keys %count,                      $mails, 'every mail has arrived');
	is(scalar(grep { keys %$_ > 1 } values %ids), 0,      'a copy has the Message-ID of the first');
	# One on its way, and one of which the database was being told.
	cmp_ok($twice, '<=', 2 * $kills + $restarts, 'only what was in flight at a kill arrives twice');
	cmp_ok((sort { $b <=> $a } values %count)[0], '<=', 3, 'and hardly any more often');
	return;
}

# A relay was down for three hours, in which people asked.
sub catching_up
{
	my ($token, $left, $process);
	my $before = scalar(accepted());

	$node->safe_psql('postgres', <<'SQL');
SELECT users_request_registration('late@example.org');
UPDATE users.mail_request SET created_at = created_at - interval '3 hours';
SQL
	$process = start_relay(\%relay);
	ok(until_true(sub { accepted() > $before }), 'what waited is sent');
	$left = $node->safe_psql('postgres',
		"SELECT expires_at - now() > interval '23 hours 50 minutes' FROM users.link WHERE recipient = 'late\@example.org'");
	is($left, 't', 'the time of its link has only begun');
	my %arrived = mails_in($smtp);
	($token) = $arrived{'late@example.org'}[0]{text} =~ m{example\.org/([A-Za-z0-9_-]{86})};
	is(status_of($node, "users_register('late\@example.org', 'late', '$password', 'L', 'T', token => '$token')"),
		'ok', 'and it works');

	# Notifications that are forged, or of what was sent.
	$before = scalar(accepted());
	answer($node, "SELECT pg_notify('users_mail', i::text) FROM generate_series(1, 100) i", user => 'stranger');
	answer(
		$node,
		"SELECT pg_notify('users_mail', '"
		  . $node->safe_psql('postgres', "SELECT id FROM users_outbox WHERE state = 'sent' LIMIT 1") . "')",
		user => 'stranger');
	$node->safe_psql('postgres', "SELECT users_request_registration('last\@example.org')");
	ok(until_true(sub { accepted() > $before }), 'a mail that is asked for after forged notifications is sent');
	is(scalar(accepted()), $before + 1, 'and nothing else');
	is($process->stop, 0, 'it ends');
	return;
}

judge(chaos());
catching_up();
$smtp->stop;
$node->stop;
done_testing();
