# What the tests of the mail relay share: SMTP servers, relays that run once or
# go on, and the mails that arrived.
package RelayTest;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use File::Basename;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(
  $relay $folder
  can_serve_smtp make_certificate start_smtp
  run_relay start_relay mails_in write_text until_true
);

my $top = dirname(dirname(dirname(dirname(__FILE__))));

# The program; PG_TEST's folders may be elsewhere, the checkout is not.
our $relay = $ENV{USERS_MAIL_RELAY} // "$top/relay/users-mail-relay";

# For certificates, settings and Maildirs.
our $folder = PostgreSQL::Test::Utils::tempdir();

my $python  = '/usr/bin/python3';
my $servers = 0;
my @running;    # what a test that dies would leave behind

sub can_serve_smtp
{
	return system("$python -c 'import aiosmtpd' 2>/dev/null") == 0;
}

# A certificate that nobody has signed, for localhost; the names of the files.
sub make_certificate
{
	my ($cert, $key) = map { "$folder/$_.pem" } qw(cert key);

	system_log(
		qw(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost),
		'-addext', 'subjectAltName=DNS:localhost', '-keyout', $key, '-out', $cert) == 0
	  or die 'no certificate';
	return ($cert, $key);
}

# Whether something comes true in time.
sub until_true
{
	my ($what) = @_;
	my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;

	while (!$what->())
	{
		return 0 if time > $deadline;
		sleep 0.05;
	}
	return 1;
}

sub write_text
{
	my ($name, $text, $mode) = @_;

	open my $file, '>', "$folder/$name" or die "$name: $!";
	print $file $text;
	close $file or die "$name: $!";
	chmod $mode // 0600, "$folder/$name";
	return "$folder/$name";
}

# ---- SMTP servers

# One with a new Maildir, unless %options has one to go on with; the others are
# those of smtpd.py, port => 2525 for --port 2525.
sub start_smtp
{
	my (%options) = @_;
	my $name = 'smtp' . ++$servers;
	my %smtp = (maildir => delete $options{maildir} // "$folder/$name", out => '');

	$options{log}         //= "$smtp{maildir}.log";
	$options{connections} //= "$smtp{maildir}.connections";
	my @options;

	foreach my $name (sort keys %options)
	{
		push @options, '--' . ($name =~ s/_/-/gr), defined $options{$name} ? $options{$name} : ();
	}
	$smtp{run} =
	  IPC::Run::start([ $python, "$top/test/lib/smtpd.py", $smtp{maildir}, @options ], '>', \$smtp{out}, '2>',
		"$smtp{maildir}.errors");
	push @running, $smtp{run};
	$smtp{$_} = $options{$_} for qw(log connections);
	$smtp{run}->pump until $smtp{out} =~ /^ready (\d+)$/m;
	$smtp{port} = $1;
	return bless \%smtp, 'RelayTest::Smtp';
}

# What has arrived in a server's Maildir, by recipient.
sub mails_in
{
	my ($smtp) = @_;
	my %mails;

	foreach my $line (split /\n/, qx{'$python' '$top/test/lib/read-mail' '$smtp->{maildir}'})
	{
		my $mail = decode_json($line);

		push @{ $mails{ $mail->{headers}{'x-envelope-to'}[0] } }, $mail;
	}
	return %mails;
}

# ---- relays

# Nothing of a setting that the caller's environment has.
sub environment
{
	my (%settings) = @_;
	my %environment = map { $_ => $ENV{$_} } grep { !/^USERS_MAIL_/ } keys %ENV;

	$environment{"USERS_MAIL_$_"} = $settings{$_} for grep { defined $settings{$_} } keys %settings;
	return %environment;
}

# Runs a relay with some settings to its end: exit code, output and log.
sub run_relay
{
	my ($settings, @arguments) = @_;
	my ($out, $log) = ('', '');

	local %ENV = environment(%$settings);
	my $run = IPC::Run::start([ $relay, @arguments ], '<', '/dev/null', '>', \$out, '2>', \$log,
		IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	$run->finish;
	return ($run->full_result >> 8, $out, $log) unless $run->full_result & 127;
	return (128 + ($run->full_result & 127), $out, $log);
}

# One that goes on.
sub start_relay
{
	my ($settings, @arguments) = @_;
	my %process = (log => "$folder/relay" . ++$servers . '.log');

	local %ENV = environment(%$settings);
	$process{run} = IPC::Run::start([ $relay, @arguments ], '<', '/dev/null', '>', '/dev/null', '2>', $process{log});
	push @running, $process{run};
	return bless \%process, 'RelayTest::Relay';
}

END
{
	my $status = $?;

	eval { $_->kill_kill(grace => 5) } for @running;
	$? = $status;
}

package RelayTest::Smtp;

use PostgreSQL::Test::Utils;

# Ends it; its port is free then.
sub stop
{
	my ($self) = @_;

	$self->{run}->signal('TERM');
	$self->{run}->finish;
	return;
}

# The lines of its log about a recipient: "TIME MESSAGE-ID RECIPIENT TLS LOGIN
# SMTPUTF8".
sub accepted
{
	my ($self, $recipient) = @_;

	my $log = -e $self->{log} ? slurp_file($self->{log}) : '';

	return grep { !defined $recipient || (split / /)[2] eq $recipient } split /\n/, $log;
}

sub connections
{
	my ($self) = @_;

	return -e $self->{connections} ? scalar(split /\n/, slurp_file($self->{connections})) : 0;
}

package RelayTest::Relay;

use PostgreSQL::Test::Utils;

sub log
{
	my ($self) = @_;

	return slurp_file($self->{log});
}

# Whether a line comes.
sub says
{
	my ($self, $pattern) = @_;

	return RelayTest::until_true(sub { $self->log =~ $pattern });
}

sub signal
{
	my ($self, $name) = @_;

	$self->{run}->signal($name);
	return;
}

# Asks it to end, unless told otherwise; the exit code.
sub stop
{
	my ($self, $name) = @_;

	$self->signal($name // 'TERM');
	$self->{run}->finish;
	return $self->{run}->full_result >> 8;
}

1;
