# The mail relay: what it sends and how, what it does when a server refuses or
# is away, when it is told to stop, and what it keeps to itself.
use strict;
use warnings FATAL => 'all';
use utf8;

use FindBin;
use lib "$FindBin::RealBin/lib";

use Encode qw(encode_utf8);
use PostgreSQL::Test::Utils;
use RelayTest;
use Test::More;
use Time::HiRes qw(sleep);
use UsersTest;

plan skip_all => "no $relay; make -C relay builds it" unless -x $relay;
plan skip_all => 'no aiosmtpd for /usr/bin/python3'   unless can_serve_smtp();

my $node = users_server('relay', "users.mail_max_attempts = 12\n");
my ($cert, $key) = make_certificate();
my $secret   = 'smtp-s3cr3t';
my $password = write_text('password', "$secret\n");
my %all_logs;    # what every relay here has logged, by what it was there for

my %database = (
	DATABASE => $node->connstr('postgres') . ' user=mailer',
	FROM     => encode_utf8('Bücher, "Lesen" & mehr <accounts@example.org>'),
	TIMEOUT  => 10,
	POLL     => 1);

$node->safe_psql('postgres', 'CREATE ROLE mailer LOGIN IN ROLE users_relay');

# ---- mails

# Asks for a sign-up link for somebody unknown: one mail to this address.
sub request_mail
{
	my (@addresses) = @_;

	foreach my $address (@addresses)
	{
		is($node->safe_psql('postgres', "SELECT status FROM users_request_registration('$address')"),
			'accepted', "$address asks for a mail");
	}
	return;
}

# What the outbox says of a recipient: state, attempts, error.
sub outbox
{
	my ($recipient) = @_;

	return $node->safe_psql('postgres',
		"SELECT state, attempts, last_error FROM users_outbox WHERE recipient = '$recipient'");
}

# A schema whose users_claim_mail hands out what the extension's does, but for
# some columns: those that the extension would never let be so.
sub altered
{
	my (%columns) = @_;
	my $list = join ', ',
	  map { ($columns{$_} // "m.$_") . " AS $_" } qw(id kind recipient recipient_name language subject body_text
	  body_html message_id attempt site sender data);

	$node->safe_psql('postgres', encode_utf8(<<SQL));
CREATE SCHEMA IF NOT EXISTS altered;
GRANT USAGE ON SCHEMA altered TO users_relay;
DROP FUNCTION IF EXISTS altered.users_claim_mail;
CREATE FUNCTION altered.users_claim_mail(batch integer, lease interval) RETURNS SETOF users_mail LANGUAGE sql
    AS \$\$ SELECT $list FROM public.users_claim_mail(batch, lease) m \$\$;
CREATE OR REPLACE FUNCTION altered.users_mail_sent(id uuid) RETURNS boolean LANGUAGE sql
    AS 'SELECT public.users_mail_sent(\$1)';
CREATE OR REPLACE FUNCTION altered.users_mail_failed(id uuid, error text, permanent boolean, retry_after interval)
    RETURNS boolean LANGUAGE sql AS 'SELECT public.users_mail_failed(\$1, \$2, \$3, \$4)';
SQL
	return;
}

# Runs the relay once; what it was there for names its tests and log.
sub once
{
	my ($what, $wanted, $settings, @arguments) = @_;
	my ($code, $out, $log) = run_relay($settings, '--once', '--verbose', @arguments);

	is($code, $wanted, "$what: exit code $wanted") or diag $log;
	$all_logs{$what} = $log;
	return $log;
}

# Takes what is left of one test out of the way of the next.
sub clear_outbox
{
	$node->safe_psql('postgres', 'SELECT users_discard_mail(id) FROM users_outbox WHERE sent_at IS NULL');
	return;
}

# ---- sending

my $smtp = start_smtp(cert => $cert, key => $key, user => 'app', password => $secret);
my %encrypted = (
	%database,
	SMTP_URL           => "smtp://localhost:$smtp->{port}",
	SMTP_USER          => 'app',
	SMTP_PASSWORD_FILE => $password,
	SMTP_CA_FILE       => $cert,
	REPLY_TO           => 'Help <help@example.org>',
	SMTP_TLS           => 'required');

sub happy
{
	altered(
		subject        => encode_utf8q('Grüße, Žarko 😀 ' . 'und viel mehr, ' x 10),
		recipient_name => encode_utf8q('Žarko "Ž" Ćosić'),
		body_text      => "E'.\\n..\\n' || m.body_text || E'\\n' || repeat('ž', 500)");
	request_mail('happy@example.org', 'second@example.org');
	my $log = once('STARTTLS and AUTH', 0, { %encrypted, SCHEMA => 'altered' });
	my %mails = mails_in($smtp);
	my $mail  = $mails{'happy@example.org'}[0];
	my $id    = $node->safe_psql('postgres', "SELECT id FROM users_outbox WHERE recipient = 'happy\@example.org'");

	is(scalar @{ $mails{$_} }, 1, "one mail for $_") for qw(happy@example.org second@example.org);
	is_deeply($mail->{defects}, [], 'nothing wrong with it');
	is($mail->{headers}{subject}[0], 'Grüße, Žarko 😀 ' . 'und viel mehr, ' x 10, 'the subject comes back');
	is($mail->{to_name},             'Žarko "Ž" Ćosić',                           'and the recipient\'s name');
	is($mail->{from_name},           'Bücher, "Lesen" & mehr',                    'and the sender\'s');
	is($mail->{headers}{'reply-to'}[0],       'Help <help@example.org>', 'Reply-To');
	is($mail->{headers}{'auto-submitted'}[0], 'auto-generated',          'Auto-Submitted');
	like($mail->{headers}{date}[0],         qr/ \+0000$/,                      'Date in UTC');
	like($mail->{headers}{'message-id'}[0], qr/^<\Q$id\E@.+>$/,                'Message-ID of the outbox');
	is($mail->{type}, 'multipart/alternative', 'two parts');
	like($mail->{text}, qr/^\.\n\.\.\n.*http.*\n(ž){500}$/s, 'the text with its dots and its link');
	like($mail->{html}, qr/<a [^>]*href/i,                   'the HTML');
	cmp_ok($mail->{longest_line}, '<=', 78, 'no line is long');
	like(($smtp->accepted('happy@example.org'))[0], qr/ tls login ascii$/, 'encrypted, with login');
	is($smtp->connections, 1, 'on one connection');
	like($log, qr/^mail id=\Q$id\E kind=registration attempt=1 to=[0-9a-f]{16} result=sent code=250 ms=\d+$/m,
		'a line in the log');
	is(outbox('happy@example.org'), 'sent|1|', 'settled');
	return;
}

# A string of SQL with any characters.
sub encode_utf8q
{
	my ($text) = @_;

	$text =~ s/'/''/g;
	return "'$text'::text";
}

# Nothing is claimed while we would not get in, so no attempt is used up.
sub shut_out
{
	my ($what, $pattern, %settings) = @_;
	my $log = once($what, 1, { %encrypted, %settings });

	like($log, $pattern, "$what: said so");
	unlike($log, qr/result=/, "$what: no mail was tried");
	like(outbox('waits@example.org'), qr/^\w+\|0\|$/, "$what: no attempt was used up");
	is(scalar $smtp->accepted('waits@example.org'), 0, "$what: nothing was sent");
	return;
}

sub all_shut_out
{
	request_mail('waits@example.org');
	shut_out('wrong password', qr/535.*USERS_MAIL_SMTP_PASSWORD/, SMTP_PASSWORD_FILE => write_text('wrong', 'wrong'));
	shut_out('untrusted certificate', qr/certificate.*USERS_MAIL_SMTP_CA_FILE/, SMTP_CA_FILE => undef);
	shut_out('no login', qr/530.*USERS_MAIL_SMTP_USER/, SMTP_USER => undef, SMTP_PASSWORD_FILE => undef);
	shut_out('no encryption', qr/530.*USERS_MAIL_SMTP_TLS/, SMTP_TLS => 'off');
	shut_out('nobody there', qr/connect.*USERS_MAIL_SMTP_URL/, SMTP_URL => 'smtp://localhost:1');
	shut_out('TLS from the start', qr/USERS_MAIL_SMTP_URL/, SMTP_URL => "smtps://localhost:$smtp->{port}");
	once('in the end', 0, \%encrypted);
	is(outbox('waits@example.org'), 'sent|1|', 'and then it is sent');
	return;
}

# Whether the server has it nobody can say, so there is no attempt at once.
sub broken
{
	request_mail('lost@dropped.test');
	my $log = once('a connection that breaks after the message', 1, \%encrypted);

	is(scalar $smtp->accepted('lost@dropped.test'), 1, 'a broken connection: sent once');
	like($log, qr/result=later code=0 /, 'and later again');
	like(outbox('lost@dropped.test'), qr/^waiting\|1\|/, 'when the database says so');
	clear_outbox();
	return;
}

sub implicit
{
	my $server = start_smtp(cert => $cert, key => $key, implicit => undef);

	request_mail('implicit@example.org');
	once('TLS from the start', 0, { %database, SMTP_URL => "smtps://localhost:$server->{port}", SMTP_CA_FILE => $cert });
	like(($server->accepted)[0], qr/ tls anonymous ascii$/, 'smtps: encrypted');
	$server->stop;
	return;
}

sub refusals
{
	request_mail('no@reject.test', 'ann@later.test', 'bob@echo.test', 'yes@example.org');
	my $log = once('refusals', 1, \%encrypted);

	like($log, qr/result=failed code=550 /, '550 is for good');
	like($log, qr/result=later code=451 /,  '451 for now');
	is(outbox('no@reject.test'),  'failed|1|550 5.1.1 No such user here', 'the outbox knows');
	like(outbox('ann@later.test'), qr/^\w+\|1\|451 4.7.1 Try again later$/, 'for now');
	unlike(outbox('ann@later.test'), qr/^failed/, 'and will try again');
	is(outbox('bob@echo.test'),   'failed|1|550 5.7.1 Not wanted: [...]', 'but no link that a server repeats');
	is(outbox('yes@example.org'), 'sent|1|',                              'the others are not kept back');
	clear_outbox();
	return;
}

# ---- values that would break out of their header or command

sub injection
{
	my $hostile = q{E'x\r\nBcc: eve@example.org\r\n\r\nbody'};
	my %bad     = (
		recipient  => q{E'a@example.org\r\nRCPT TO:<eve@example.org>'},
		message_id => q{E'<a@b>\r\nBcc: eve@example.org'},
		sender     => q{E'a@b>\r\nRCPT TO:<eve@example.org'});

	altered(subject => $hostile, recipient_name => $hostile, sender => q{E'x\r\nBcc: y <site@example.net>'});
	request_mail('clean@example.org');
	once('injection', 0, { %encrypted, SCHEMA => 'altered' });
	my %mails = mails_in($smtp);
	my $mail  = $mails{'clean@example.org'}[0];

	is($mail->{headers}{bcc},         undef,                              'no header was added');
	is($mail->{headers}{subject}[0],  'x  Bcc: eve@example.org    body', 'the subject kept to its line');
	like($mail->{to_name},   qr/^x +Bcc: eve\@example.org +body$/, 'the name too');
	like($mail->{from_name}, qr/^x +Bcc: y$/,                       'the sender\'s name too');
	is($mail->{headers}{'x-envelope-from'}[0], 'site@example.net',       'its address is the envelope\'s');
	unlike($mail->{text}, qr/^body/, 'nor was the body begun');

	foreach my $column (sort keys %bad)
	{
		altered($column => $bad{$column});
		request_mail("$column\@example.org");
		once("hostile $column", 1, { %encrypted, SCHEMA => 'altered' });
		like(outbox("$column\@example.org"), qr/^failed\|1\|/, "hostile $column: refused for good");
	}
	%mails = mails_in($smtp);
	is_deeply([ grep { /eve|recipient|message_id|sender/ } keys %mails ], [], 'nothing of it was sent');
	return;
}

# ---- servers that come and go

sub down_then_up
{
	my $server   = start_smtp();
	my %settings = (%database, SMTP_URL => "smtp://localhost:$server->{port}", LOG_KEY => 'a key of many letters');
	my $again;

	$server->stop;
	request_mail('patient@example.org');
	my $process = start_relay(\%settings);
	ok($process->says(qr/^smtp: .*no mail is claimed/m), 'the server is down: said so');
	sleep 4;
	is(() = $process->log =~ /^smtp: /mg, 1, 'once');
	like(outbox('patient@example.org'), qr/^\w+\|0\|$/, 'no attempt was used up');
	$again = start_smtp(port => $server->{port}, maildir => $server->{maildir});
	ok($process->says(qr/attempt=1 .*result=sent/), 'the server is up: sent');
	ok($process->says(qr/^smtp: works again/m),     'and said so');

	# A forged notification is a hint and no more. (S46)
	$node->safe_psql('postgres', "NOTIFY users_mail, 'eve\@example.org'") for 1 .. 20;
	sleep 1;
	is(scalar $again->accepted, 1, 'a forged NOTIFY sends nothing');

	# A server that has gone on the idle connection costs nothing.
	$again->stop;
	$again = start_smtp(port => $server->{port}, maildir => $server->{maildir});
	request_mail('after@example.org');
	ok($process->says(qr/attempt=1 .*result=sent.*attempt=1 .*result=sent/s), 'a connection that died is no failure');

	$node->safe_psql('postgres',
		q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'users-mail-relay'});
	ok($process->says(qr/^database: .*trying again/m), 'the database has gone: said so');
	request_mail('third@example.org');
	ok($process->says(qr/(?:result=sent.*){3}/s), 'it is back: sent');
	is($process->stop, 0, 'SIGTERM: exit code 0');
	$all_logs{'down then up'} = $process->log;
	is(outbox("$_\@example.org"), 'sent|1|', "$_: sent at once") for qw(patient after third);
	$again->stop;
	return;
}

# ---- signals

sub stopping
{
	my $server  = start_smtp();
	my $process = start_relay({ %database, SMTP_URL => "smtp://localhost:$server->{port}" });

	ok($process->says(qr/^database: connected/m), 'it runs');
	$node->safe_psql(
		'postgres', <<'SQL');
SELECT status FROM generate_series(1, 3) i, LATERAL users_request_registration(i || '@slow.test');
SQL
	ok(until_true(sub { $server->accepted > 0 }), 'a mail is in flight');
	is($process->stop, 0, 'SIGTERM then: exit code 0');
	is(() = $process->log =~ /result=sent/g, 1, 'it was sent to its end');
	is($node->safe_psql('postgres', q{SELECT count(*) FROM users_outbox WHERE state = 'sent' AND recipient LIKE '%@slow.test'}),
		1, 'and settled');
	is( $node->safe_psql(
			'postgres', q{SELECT count(*) FROM users_outbox WHERE sent_at IS NULL
				AND next_attempt_at <= now() AND attempts = 0 AND recipient LIKE '%@slow.test'}),
		2,
		'the rest is due again, and has lost no attempt');
	$all_logs{'SIGTERM'} = $process->log;
	clear_outbox();
	$server->stop;
	return;
}

# A relay that was killed between sending and settling sends once more, under
# the same Message-ID.
sub killed
{
	my $server  = start_smtp();
	my %settings = (%database, SMTP_URL => "smtp://localhost:$server->{port}", TIMEOUT => 5, LEASE => 20);
	my $process = start_relay(\%settings);

	request_mail('once@slow.test');
	ok(until_true(sub { $server->accepted > 0 }), 'a mail is in flight');
	$process->stop('KILL');
	is(outbox('once@slow.test') =~ /^sent/ ? 1 : 0, 0, 'SIGKILL then: not settled');
	$process = start_relay(\%settings);
	ok(until_true(sub { $server->accepted == 2 }), 'another relay sends it after the lease');
	is((split / /, ($server->accepted)[0])[1], (split / /, ($server->accepted)[1])[1], 'under the same Message-ID');
	ok($process->says(qr/result=sent/), 'and settles it');
	$process->stop;
	$server->stop;
	return;
}

sub reloading
{
	my @servers = map { start_smtp() } 1 .. 2;
	my @urls    = map { "USERS_MAIL_SMTP_URL=smtp://localhost:$_->{port}\n" } @servers;
	my $file    = write_text('relay.conf', "# a comment\n$urls[0]");
	my $process = start_relay(\%database, '--config', $file);

	request_mail('old@example.org');
	ok(until_true(sub { $servers[0]->accepted('old@example.org') }), 'the first server gets a mail');
	write_text('relay.conf', "USERS_MAIL_SMTP_URL=http://localhost\n");
	$process->signal('HUP');
	ok($process->says(qr/^settings: .*USERS_MAIL_SMTP_URL.*old ones stay/m), 'SIGHUP with a bad file: said so');
	request_mail('still@example.org');
	ok(until_true(sub { $servers[0]->accepted('still@example.org') }), 'and the first server stays');
	write_text('relay.conf', $urls[1]);
	$process->signal('HUP');
	ok($process->says(qr/^settings: reloaded/m), 'SIGHUP with a good one');
	request_mail('new@example.org');
	ok(until_true(sub { $servers[1]->accepted('new@example.org') }), 'the second server gets a mail');
	is($process->stop('INT'), 0, 'SIGINT: exit code 0');
	$all_logs{'SIGHUP'} = $process->log;
	$_->stop for @servers;
	return;
}

# Two relays at once: every mail goes out once.
sub two_at_once
{
	my $server  = start_smtp();
	my @relays = map { start_relay({ %database, SMTP_URL => "smtp://localhost:$server->{port}", BATCH => 3 }) } 1 .. 2;

	$node->safe_psql('postgres',
		q{SELECT count(status) FROM generate_series(1, 60) i, LATERAL users_request_registration(i || '@two.test')});
	ok(until_true(sub { $server->accepted >= 60 }), 'two relays send sixty mails');
	is($_->stop, 0, 'both end well') for @relays;
	my %count;
	$count{ (split / /)[2] }++ for $server->accepted;
	is(scalar(grep { $_ == 1 } values %count), 60, 'each of them once');
	$server->stop;
	return;
}

# ---- programs

# A program in Perl that writes down what it got, and then does as it is told.
sub program
{
	my ($what) = @_;
	my $program = write_text("program", <<PERL, 0700);
#!$^X
open my \$out, '>', "$folder/got" or die;
print \$out map { "\$_=\$ENV{\$_}\\n" } sort keys %ENV;
print \$out "argument \$_\\n" for \@ARGV;
opendir my \$files, '/proc/self/fd';
my \$own = fileno \$out;
print \$out "file \$_ ", readlink("/proc/self/fd/\$_"), "\\n"
  for grep { /^[0-9]+\$/ && readlink("/proc/self/fd/\$_") !~ m{/fd\$|/got\$|/program\$} } readdir \$files;
print \$out "json ", <STDIN>;
close \$out;
print "to standard output\\n";
$what
PERL
	return $program;
}

sub with_program
{
	my ($what, $wanted, $does, $pattern) = @_;
	my $address = ($what =~ s/\W+/-/gr) . '@program.test';
	my $program = program($does);

	request_mail($address);
	local $ENV{PGPASSWORD} = 'pg-s3cr3t';
	my $log = once("program: $what", $wanted, { %database, TIMEOUT => 2, SMTP_PASSWORD => $secret, SMTP_USER => 'u' },
		'--exec', $program, '--', 'one argument', '$(two)');
	like($log, $pattern, "$what: logged");
	return outbox($address);
}

sub programs
{
	is(with_program('ends well', 0, 'exit 0', qr/result=sent code=0/), 'sent|1|', 'exit 0: sent');
	my $got = slurp_file("$folder/got");
	my ($json) = $got =~ /^json (\{.*\})$/m;
	my $mail = JSON::PP->new->utf8->decode($json);

	is($mail->{recipient}, 'ends-well@program.test', 'it gets the mail');
	like($mail->{data}{link}, qr/^http/, 'with its data');
	is_deeply(
		[ sort keys %$mail ],
		[
			sort qw(id kind recipient recipient_name language subject body_text body_html message_id attempt site
			  sender data)
		],
		'all columns');
	is_deeply([ $got =~ /^argument (.*)$/mg ], [ 'one argument', '$(two)' ], 'its arguments, and no shell');
	unlike($got, qr/USERS_MAIL|PG[A-Z]+=|s3cr3t/, 'no settings and no secrets in its environment');
	is_deeply([ grep { !/^[012] / } $got =~ /^file (.*)$/mg ], [], 'no files of ours');

	like(with_program('later', 1, 'print STDERR "not now\nbut soon\n"; exit 75', qr/result=later code=75/),
		qr/^\w+\|1\|not now$/, 'exit 75: later, with the first line it said');
	is( with_program('never', 1, 'print STDERR "no:\x01 see http://x/?t=1\n"; exit 1', qr/result=failed code=1/),
		'failed|1|no: see [...]',
		'exit 1: failed, without the link');
	like(with_program('is killed', 1, 'kill 9, $$', qr/result=later code=137/), qr/^\w+\|1\|/, 'a signal: later');
	like(with_program('hangs', 1, '$SIG{TERM} = sub { }; sleep 1 while 1', qr/result=later/),
		qr/^\w+\|1\|the program took too long/, 'one that hangs is ended');
	like(with_program('does not read', 0, '1', qr/result=sent/), qr/^sent/, 'the input is of no concern to it');
	clear_outbox();

	request_mail('startless@program.test');
	my $log = once('no program', 1, \%database, '--exec', "$folder/nothing");
	like($log, qr/^program: .*cannot be started/m, 'none there: said so');
	like(outbox('startless@program.test'), qr/^\w+\|0\|$/, 'and no attempt was used up');
	clear_outbox();
	return;
}

# ---- the log

# No line has an address, a link or a secret, whatever happened.
sub logs_are_clean
{
	my $all  = join "\n", values %all_logs;
	my $line = qr/^mail\ id=[0-9a-f-]{36}\ kind=\w+\ attempt=\d+\ to=[0-9a-f]{16}
		\ result=(?:sent|later|failed)\ code=\d+\ ms=\d+$/x;

	like($all, qr/result=sent/, 'there is a log');
	foreach my $what (sort keys %all_logs)
	{
		my $log = $all_logs{$what};

		unlike($log, qr/$_/, "$what: nothing matches $_ in the log")
		  for (qr/[\w.]@(?:example\.(?:org|net)|\w+\.test)/, qr{https?://}, qr/token/i, qr/s3cr3t/, qr/Subject|Gr..?.?e,/,
			qr/No such user|Try again later|Not wanted/);
		is_deeply([ grep { /result=/ && !/$line/ } split /\n/, $log ], [], "$what: one kind of line for mails");
	}
	return;
}

happy();
all_shut_out();
refusals();
broken();
implicit();
injection();
down_then_up();
stopping();
reloading();
two_at_once();
programs();
killed();
logs_are_clean();
$smtp->stop;
done_testing();
