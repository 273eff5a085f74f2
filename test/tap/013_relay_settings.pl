# The mail relay before it works: what --check finds and says, and how settings
# that cannot be right are refused.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use PostgreSQL::Test::Utils;
use RelayTest;
use Test::More;
use UsersTest;

plan skip_all => "no $relay; make -C relay builds it" unless -x $relay;
plan skip_all => 'no aiosmtpd for /usr/bin/python3'   unless can_serve_smtp();

my $node = users_server('relay_settings');
my ($cert, $key) = make_certificate();
my $secret    = 'smtp-s3cr3t';
my $smtp      = start_smtp(cert => $cert, key => $key, user => 'app', password => $secret);
my %database  = (DATABASE => $node->connstr('postgres') . ' user=mailer', FROM => 'accounts@example.org', TIMEOUT => 10);
my %encrypted = (
	%database,
	SMTP_URL           => "smtp://localhost:$smtp->{port}",
	SMTP_USER          => 'app',
	SMTP_PASSWORD_FILE => write_text('password', "$secret\n"),
	SMTP_CA_FILE       => $cert,
	SMTP_TLS           => 'required');

$node->safe_psql('postgres', 'CREATE ROLE mailer LOGIN IN ROLE users_relay; CREATE ROLE nobody_much LOGIN');
# One that must stay where it is.
$node->safe_psql('postgres', q{SELECT users_request_registration('waits@example.org')});

# ---- --check

sub check
{
	my ($what, $wanted, $pattern, %settings) = @_;
	my ($code, $out, $log) = run_relay({ %encrypted, %settings }, '--check');

	is($code, $wanted, "--check, $what: exit code $wanted");
	like($out, $pattern, "--check, $what: said so");
	unlike($out . $log, qr/s3cr3t/, "--check, $what: without the secret");
	return;
}

sub checks
{
	my $other  = start_smtp(refuse_sender => 'accounts@example.org');
	my $connstr = $node->connstr('postgres');

	check('good', 0,
		qr/\A(?:ok +(?:settings|database connection|database role|database functions|smtp login|smtp sender)\n){6}\z/);
	check('superuser', 0, qr/^warning +database role: .*superuser.*CREATE ROLE/m, DATABASE => $connstr);
	check('no database', 1, qr/^FAILED +database connection: .*USERS_MAIL_DATABASE/m,
		DATABASE => "$connstr dbname=nowhere");
	check('no extension', 1, qr/^FAILED +database connection: .*CREATE EXTENSION/m,
		DATABASE => "$connstr dbname=template1 user=mailer");
	check('no rights', 1, qr/^FAILED +database functions: .*GRANT users_relay/m, DATABASE => "$connstr user=nobody_much");
	check('another schema', 1, qr/^FAILED +database functions: .*USERS_MAIL_SCHEMA/m, SCHEMA => 'pg_catalog');
	check('wrong password', 1, qr/^FAILED +smtp login: .*USERS_MAIL_SMTP_PASSWORD/m,
		SMTP_PASSWORD_FILE => write_text('wrong', 'wrong'));
	check('certificate', 1, qr/^FAILED +smtp login: .*USERS_MAIL_SMTP_CA_FILE/m, SMTP_CA_FILE => undef);
	check('no server',   1, qr/^FAILED +smtp login: .*USERS_MAIL_SMTP_URL/m,     SMTP_URL => 'smtp://localhost:1');
	check('no STARTTLS', 1, qr/^FAILED +smtp login: .*STARTTLS/m, SMTP_URL => "smtp://localhost:$other->{port}");
	check('sender', 1, qr/^FAILED +smtp sender: .*USERS_MAIL_FROM/m,
		SMTP_URL => "smtp://localhost:$other->{port}", SMTP_TLS => 'off', SMTP_USER => undef,
		SMTP_PASSWORD_FILE => undef);
	check('settings', 1, qr/^FAILED +settings: USERS_MAIL_POLL/m, POLL => 60);
	is(scalar $smtp->accepted, 0, '--check sends nothing');
	is($node->safe_psql('postgres', 'SELECT state, attempts FROM users_outbox'), 'waiting|0', 'and claims nothing');
	$other->stop;
	return;
}

# ---- settings

sub refused
{
	my ($what, $pattern, $text, %settings) = @_;
	my $mode = delete $settings{mode};
	my $file = write_text('bad.conf', $text, $mode);
	my ($code, undef, $log) =
	  run_relay({ %database, SMTP_URL => 'smtp://localhost', %settings }, '--once', '--config', $file);

	is($code, 78, "$what: refused");
	like($log, $pattern, "$what: said so");
	unlike($log, qr/s3cr3t/, "$what: without the secret");
	return;
}

sub settings
{
	my $host = 'USERS_MAIL_SMTP_URL=smtp://mail.example.org';
	my $user = "USERS_MAIL_SMTP_USER=app\nUSERS_MAIL_SMTP_PASSWORD='s3cr3t'";
	my %none = (SMTP_URL => undef);

	refused('an unknown name',   qr/line 2 of .*bad.conf.*USERS_MAIL_BACH/, "# x\nUSERS_MAIL_BACH=3\n");
	refused('no assignment',     qr/line 1 of .*KEY=value/,                 "USERS_MAIL_BATCH 3\n");
	refused('twice',             qr/line 2 of .*USERS_MAIL_BATCH once more/, "USERS_MAIL_BATCH=1\nUSERS_MAIL_BATCH=2\n");
	refused('an open quote',     qr/line 1 of .*quotes/,                    "USERS_MAIL_LOG_KEY='x\n");
	refused('not a number',      qr/USERS_MAIL_BATCH .*'many'.*1 to 1000/,  "USERS_MAIL_BATCH=many\n");
	refused('out of range',      qr/USERS_MAIL_LEASE .*20 to 86400/,        "USERS_MAIL_LEASE=5s\n");
	refused('a short lease',     qr/USERS_MAIL_LEASE.*at least 70/,         "USERS_MAIL_LEASE=30\n", TIMEOUT => 30);
	refused('not a choice',      qr/USERS_MAIL_SMTP_TLS .*required, optional, off/, "USERS_MAIL_SMTP_TLS=maybe\n");
	refused('an http URL',       qr/USERS_MAIL_SMTP_URL .*smtps:/, "USERS_MAIL_SMTP_URL=http://x\n", %none);
	refused('a password in the URL', qr/USERS_MAIL_SMTP_PASSWORD_FILE/, "USERS_MAIL_SMTP_URL=smtp://a:s3cr3t\@x\n", %none);
	refused('a user alone',      qr/set both or none/, "USERS_MAIL_SMTP_USER=app\n");
	refused('a password in clear', qr/USERS_MAIL_SMTP_TLS.*unencrypted/, "$host\n$user\nUSERS_MAIL_SMTP_TLS=optional\n", %none);
	refused('a password for all', qr/everybody can read/, "$user\n", mode => 0644);
	refused('a password for all in the database', qr/everybody can read/, "USERS_MAIL_DATABASE=postgres://a:s3cr3t\@x/y\n",
		mode => 0644, DATABASE => undef);
	refused('a password file for all', qr/everybody/,
		"USERS_MAIL_SMTP_USER=a\nUSERS_MAIL_SMTP_PASSWORD_FILE=" . write_text('open', 's3cr3t', 0644) . "\n");
	refused('an empty password file', qr/empty/,
		"USERS_MAIL_SMTP_USER=a\nUSERS_MAIL_SMTP_PASSWORD_FILE=" . write_text('none', "\n") . "\n");
	refused('no password file', qr/cannot read .*nothing-there/, "USERS_MAIL_SMTP_PASSWORD_FILE=/nothing-there\n");
	refused('no sender',   qr/USERS_MAIL_FROM .*Example <accounts/, '', FROM => undef);
	refused('a bad sender', qr/USERS_MAIL_FROM .*Example <accounts/, "USERS_MAIL_FROM=accounts\n", FROM => undef);
	refused('a bad HELO',   qr/USERS_MAIL_SMTP_HELO/, "USERS_MAIL_SMTP_HELO=a b\n");
	refused('a relative program', qr/USERS_MAIL_EXEC .*beginning with/, "USERS_MAIL_EXEC=deliver\n");
	is((run_relay(\%database, '--exec', 'no-such-program', '--once'))[0], 78, 'a program that is not in PATH');
	is((run_relay({}, '--nonsense'))[0],        64, 'an unknown option');
	is((run_relay({}, 'deliver'))[0],           64, 'an argument without --exec');
	like((run_relay({}, '--help'))[1], qr/^usage: .*--check/s, '--help');
	like((run_relay({}, '--version'))[1], qr/^users-mail-relay \d+\.\d+$/, '--version');
	is((run_relay({}, '--config', '/nothing-there'))[0], 78, 'no file');
	return;
}

checks();
settings();
$smtp->stop;
done_testing();
