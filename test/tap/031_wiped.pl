# What the extension itself has made of a secret is gone from the memory of the
# backend when the call is over, however it ended. What PostgreSQL keeps of what
# was sent and answered (texts of statements, parameters, buffers) is not ours;
# so passwords are sent with their accents apart, and looked for in the form
# that only the extension makes of them, and tokens as the bytes of their tags. (S11)
use strict;
use warnings FATAL => 'all';

use Encode qw(encode);
use FindBin;
use lib "$FindBin::RealBin/lib";

use MIME::Base64 qw(decode_base64url);
use Test::More;
use Unicode::Normalize qw(NFC NFD);
use UsersTest;

plan skip_all => 'the memory of processes cannot be read here' unless memory_is_readable();

my $node = users_server('wiped', "users.max_concurrent_hashes = 1\nusers.max_failed_logins = 1000\n",
	extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
my $number = 0;

# Each backend lives for one call only, but is idle when it is looked at.
my ($psql, $pid);

sub memory_is_readable
{
	open my $memory, '<', '/proc/self/mem' or return 0;
	open my $hint, '<', '/proc/sys/kernel/yama/ptrace_scope' or return 1;
	return <$hint> == 0;
}

# ---- reading a backend

sub connect_anew
{
	$psql->quit if defined $psql;
	$psql = $node->background_psql('postgres', on_error_stop => 0);
	$psql->query_safe("SET client_encoding = 'UTF8'");
	$pid = $psql->query('SELECT pg_backend_pid()');
	return;
}

# All that is its own and can be written: heap, stacks, data of libraries.
sub memory
{
	my $all = '';

	no warnings 'portable';    # of addresses, which have 64 bits
	open my $maps,   '<',     "/proc/$pid/maps" or die "maps: $!";
	open my $memory, '<:raw', "/proc/$pid/mem"  or die "mem: $!";
	while (my $line = <$maps>)
	{
		next unless $line =~ /^(\w+)-(\w+) rw-p/;
		my ($from, $to) = (hex $1, hex $2);

		next if $to - $from > 512 * 1024 * 1024;
		sysseek $memory, $from, 0;
		while ($from < $to)
		{
			my $got = sysread $memory, my $bytes, $to - $from;

			last unless $got;
			$all .= $bytes;
			$from += $got;
		}
	}
	return $all;
}

# ---- secrets

# Strong, new, and full of letters that have a form apart.
sub phrase
{
	my @letters = (map { chr } 0xe0 .. 0xe5, 0xe8 .. 0xef, 0xf2 .. 0xf6);

	$number++;
	return join ' ', map { join '', map { $letters[ rand @letters ], chr(97 + rand 26) } 1 .. 4 } 1 .. 4;
}

sub sent { return encode('UTF-8', NFD($_[0])) }

# How many pieces of the normal form there are, in UTF-8 and as code points. A
# piece of eight letters is enough to know it by.
sub pieces
{
	my ($phrase) = @_;
	my $memory   = memory();
	my $found    = 0;

	for my $at (0, 9, 18, 27)
	{
		my $piece = NFC(substr $phrase, $at, 8);

		$found += index($memory, encode($_, $piece)) >= 0 for 'UTF-8', 'UTF-32LE';
	}
	return $found;
}

# Runs a statement with <phrase> and <other> in it; nothing is left of either.
sub wiped
{
	my ($what, $wanted, $sql, %with) = @_;
	my %phrase = (phrase => $with{phrase} // phrase(), other => phrase());

	$sql =~ s/<(\w+)>/sent($phrase{$1})/ge;
	connect_anew();
	$psql->query($with{first}) if defined $with{first};
	$psql->{stderr} = '';
	my $answer = $psql->query("\\set VERBOSITY sqlstate\n$sql");
	my $error  = $psql->{stderr} =~ /ERROR:\s+(\w+)/ ? $1 : '';

	like("$answer$error", $wanted, "$what: $wanted");
	is(pieces($_), 0, "$what: nothing is left of the password") for values %phrase;
	return;
}

# ---- passwords

my $right = phrase();

sub account
{
	my $name = 'person' . ++$number;

	$node->safe_psql('postgres',
		"SET client_encoding = 'UTF8'; SELECT users_create_user('$name\@example.org', '$name', 'A', 'B', '@{[ sent($right) ]}')");
	return $name;
}

# The look itself: of a backend that waits for its turn to hash, the normal form
# is found, and no more once it was cancelled.
sub waiting
{
	my ($what, $end) = @_;
	my $name   = account();
	my $phrase = phrase();
	my $holder = hold_slot($node);

	connect_anew();
	$psql->query("SET statement_timeout = '3s'") if $what eq 'timed out';
	$psql->{stdin} .= "SELECT status FROM users_login('$name', '@{[ sent($phrase) ]}');\n";
	$psql->{run}->pump_nb;
	$node->poll_query_until('postgres',
		"SELECT query LIKE '%users_login%' AND state = 'active' AND wait_event IS NOT NULL FROM pg_stat_activity WHERE pid = $pid")
	  or die 'it does not wait';
	cmp_ok(pieces($phrase), '>', 0, "$what: while it waits, the password is there");
	$end->() if defined $end;
	$node->poll_query_until('postgres', "SELECT state LIKE 'idle%' FROM pg_stat_activity WHERE pid = $pid")
	  or die 'it does not end';
	is(pieces($phrase), 0, "$what: nothing is left of the password");
	let_go($holder);
	return;
}

sub interrupted
{
	waiting('cancelled', sub { $node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)") });
	waiting('timed out');
	return;
}

sub passwords
{
	my $ann = account();
	my $in  = "SELECT users_authenticate(access_token) FROM users_login('$ann', '@{[ sent($right) ]}')";
	my $reset =
	  $node->safe_psql('postgres', "SELECT substring(url FROM 'token=(.*)') FROM users_issue_reset(users_id('$ann'), false)");

	wiped('sign in', qr/^ok$/, "SELECT status FROM users_login('$ann', '<phrase>')", phrase => $right);
	wiped('wrong password', qr/^invalid_credentials$/, "SELECT status FROM users_login('$ann', '<phrase>')");
	wiped('unknown identifier', qr/^invalid_credentials$/, "SELECT status FROM users_login('nobody', '<phrase>')");
	wiped('a ticket', qr/^ok$/, "SELECT status FROM users_verify_password('$ann', '<phrase>')", phrase => $right);
	wiped('sign up', qr/^ok$/, "SELECT status FROM users_register('eve\@example.org', 'eve', '<phrase>', 'A', 'B')");
	wiped('taken', qr/^23505$/, "SELECT status FROM users_register('$ann\@example.org', 'eve2', '<phrase>', 'A', 'B')");
	wiped('too weak', qr/^US003$/, "SELECT users_register('bob\@example.org', 'bob', '<phrase>', 'A', 'B')",
		first => "SET users.password_min_length = 100");
	wiped('too long', qr/^US003$/,
		"SELECT users_register('bob\@example.org', 'bob', repeat('<phrase> ', 40), 'A', 'B')");
	wiped('an error later', qr/^22012$/,
		"SELECT status = 'ok' AND 1 / (length(status) - 2) = 1 FROM users_login('$ann', '<phrase>')", phrase => $right);
	wiped('in a savepoint', qr/US003$/, "BEGIN; SAVEPOINT s; SELECT users_register('bob\@example.org', 'bob', '<phrase>', 'A', 'B'); ROLLBACK TO s; COMMIT",
		first => "SET users.password_min_length = 100");
	wiped('made by an administrator', qr/^t$/,
		"SELECT user_id IS NOT NULL FROM users_create_user('joe\@example.org', 'joe', 'A', 'B', '<phrase>')");
	wiped('two passwords', qr/US004$/, "SELECT users_change_password('<phrase>', '<other>', 'x')", first => "BEGIN; $in");
	wiped('wrong present password', qr/invalid_credentials$/,
		"SELECT status FROM users_change_password('<phrase>', '<other>', '<other>')", first => "BEGIN; $in");
	wiped('confirm', qr/^invalid_credentials$/, "SELECT status FROM users_confirm_password('<phrase>')",
		first => "BEGIN; $in");
	wiped('delete', qr/^invalid_credentials$/, "SELECT status FROM users_delete_account('<phrase>')",
		first => "BEGIN; $in");
	wiped('change', qr/ok$/, "$in; SELECT status FROM users_change_password('@{[ sent($right) ]}', '<phrase>', '<phrase>'); ROLLBACK",
		first => 'BEGIN');
	wiped('reset', qr/^ok$/, "SELECT status FROM users_reset_password('$reset', '<phrase>', '<phrase>')");
	return;
}

# ---- tokens

# The last bytes of a token are its tag, which no table has.
sub tag { return substr decode_base64url($_[0]), -32 }

sub tokens
{
	my $name = account();
	my $in   = "FROM users_login('$name', '@{[ sent($right) ]}')";

	connect_anew();
	my $refresh = $psql->query("SELECT refresh_token $in");
	my $memory  = memory();
	ok(index($memory, $name) >= 0, 'what PostgreSQL keeps is found');
	is(index($memory, tag($refresh)), -1, 'sign in: nothing is left of the tag of the refresh token');

	connect_anew();
	my $next = $psql->query("SELECT refresh_token FROM users_refresh('$refresh')");
	$memory = memory();
	isnt($next, $refresh, 'another token');
	is(index($memory, tag($_)), -1, 'refresh: nothing is left of either tag') for $refresh, $next;

	connect_anew();
	is($psql->query("SELECT status FROM users_logout('$next')"), 'ok', 'sign out');
	is(index(memory(), tag($next)), -1, 'sign out: nothing is left of the tag');

	connect_anew();
	my $link = $psql->query("SELECT substring(url FROM 'token=(.*)') FROM users_issue_reset(users_id('$name'), false)");
	is(index(memory(), tag($link)), -1, 'a link: nothing is left of its tag');

	my $ticket = $node->safe_psql('postgres', "SELECT ticket FROM users_verify_password('$name', '@{[ sent($right) ]}')");
	connect_anew();
	is($psql->query("SELECT status FROM users_login_ticket('$ticket')"), 'ok', 'a ticket');
	is(index(memory(), tag($ticket)), -1, 'a ticket: nothing is left of its tag');
	return;
}

passwords();
interrupted();
tokens();
$psql->quit;
done_testing();
