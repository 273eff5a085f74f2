# Accounts whose hashes other programs made: they sign in, once with the foreign
# hash and ever after with one of ours; and nothing of a hash reaches the log.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use PostgreSQL::Test::Utils;
use Test::More;
use UsersTest;

my $node = users_server('import', <<'CONF');
users.max_concurrent_hashes = 1
users.hash_queue_timeout = 1s
log_min_duration_statement = -1
log_min_error_statement = error
CONF
my $each = 25;

# What a program prints, given some lines.
sub output_of
{
	my ($command, $input) = @_;
	my $output = '';

	IPC::Run::run($command, '<', \$input, '>', \$output) or die "$command->[0] failed";
	$output =~ s/\s+\z//;
	return $output;
}

sub htpasswd
{
	my ($password) = @_;

	return (split /:/, output_of([ 'htpasswd', '-niB', '-C', '5', 'x' ], $password))[1];
}

sub argon2
{
	my ($password, $i, @cost) = @_;

	return output_of([ 'argon2', sprintf('salt of %d..', $i), '-id', '-e', @cost ], $password);
}

# libxcrypt by way of Python, with a prefix of our choice.
sub python
{
	my ($password, $prefix) = @_;
	my $code = <<'PY';
import ctypes, ctypes.util, secrets, sys
crypt = ctypes.CDLL(ctypes.util.find_library("crypt")).crypt
crypt.restype = ctypes.c_char_p
salt = "".join(secrets.choice("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") for _ in range(21)) + "u"
print(crypt(sys.stdin.buffer.read(), (sys.argv[1] + salt).encode()).decode())
PY
	return output_of([ '/usr/bin/python3', '-c', $code, $prefix ], $password);
}

# Each kind, and what its hashes begin with.
my %kinds = (
	'htpasswd'  => [ '$2y$05$',                          sub { htpasswd($_[0]) } ],
	'crypt-2b'  => [ '$2b$06$',                          sub { python($_[0], '$2b$06$') } ],
	'crypt-2a'  => [ '$2a$04$',                          sub { python($_[0], '$2a$04$') } ],
	'argon2'    => [ '$argon2id$v=19$m=256,t=3,p=1$',    sub { argon2(@_, qw(-t 3 -k 256 -p 1)) } ],
	'argon2-p4' => [ '$argon2id$v=19$m=1024,t=1,p=4$',   sub { argon2(@_, qw(-t 1 -k 1024 -p 4)) } ],
	'argon2-l'  => [ '$argon2id$v=19$m=19456,t=2,p=1$',  sub { argon2(@_, qw(-t 2 -k 19456 -p 1 -l 24)) } ]);

sub password_of
{
	my ($name) = @_;

	return "Gr\xc3\xbc\xc3\x9fe \xe2\x82\xac an $name";
}

my @rows;
foreach my $kind (sort keys %kinds)
{
	my ($beginning, $make) = @{ $kinds{$kind} };

	foreach my $i (1 .. $each)
	{
		my $name = "$kind.$i";
		my $hash = $make->(password_of($name), $i);

		die "$kind made $hash" unless index($hash, $beginning) == 0;
		push @rows, "('$name\@example.org', '$name', '$hash')";
	}
}
$node->safe_psql('postgres',
	'CREATE TABLE staging (email text, username text, password_hash text); INSERT INTO staging VALUES ' . join ', ', @rows);
is(answer($node, "SELECT * FROM users_import_from('staging')"), '', 'every hash is taken');

sub hash_of
{
	my ($name) = @_;

	return $node->safe_psql('postgres',
		"SELECT password_hash || ' ' || as_typed FROM users.credential WHERE user_id = users_id('$name')");
}

my $ours = qr/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[^ ]{22}\$[^ ]{43} false$/;

foreach my $kind (sort keys %kinds)
{
	foreach my $i (1, $each)
	{
		my $name  = "$kind.$i";
		my $good  = password_of($name);
		my $login = "users_login('$name', '$good')";
		my $before = hash_of($name);

		like($before, qr/^\Q$kinds{$kind}[0]\E.* true$/, "$name has the hash that the program made");
		is(status_of($node, "users_login('$name', '${good}x')"), 'invalid_credentials', "$name: a wrong password");
		is(hash_of($name),            $before, 'changes nothing');
		is(status_of($node, $login), 'ok',    'the right one signs in');
		like(hash_of($name), $ours, 'and the hash is ours from then on');
		is(status_of($node, $login), 'ok', 'and signs in again');
	}
}

# ---- the hashing slots are for foreign hashes, too

my $held = hold_slot($node);
is(status_of($node, "users_login('htpasswd.2', '" . password_of('htpasswd.2') . "')"), 'busy', 'bcrypt waits for a slot');
let_go($held);
is(status_of($node, "users_login('htpasswd.2', '" . password_of('htpasswd.2') . "')"), 'ok', 'and gets one');

# ---- what reaches the log

my $hash = '$2b$16$abcdefghijklmnopqrstuuc4eVnKdrRiLl.YAW0QQYs4H.N59RoGO';
my ($before) = length log_from($node, 0);
is(answer($node, "SELECT users_import('eve\@example.org', 'eve', '$hash')"), '22023', 'a hash that costs too much');
is(answer($node, "SELECT users_import('htpasswd.1\@example.org', 'eve', '\$2b\$04\$' || substr('$hash', 8))"),
	'23505', 'an address that is taken');
my $log = log_from($node, $before);
like($log, qr/ERROR:  this password hash cannot be used/, 'the error is in the log');
unlike($log, qr/abcdefghijkl|htpasswd\.1|users_import\('/, 'and neither a hash, nor an address, nor the statement');

# ---- a dump keeps the hashes as they are

my $dump = PostgreSQL::Test::Utils::tempdir . '/dump';
$node->safe_psql('postgres', 'CREATE DATABASE restored');
command_ok([ 'pg_dump', '-f', $dump, '-d', $node->connstr('postgres') ], 'a dump');
command_ok([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('restored') ], 'is restored');
is(status_of($node, "users_login('argon2-p4.3', '" . password_of('argon2-p4.3') . "')", db => 'restored'),
	'ok', 'where an imported hash signs in');

done_testing();
