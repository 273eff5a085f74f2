# users_maintain while people sign in and refresh: no error, nobody waits for
# it, and all goes that is over. With TEST_ROWS=1000000, of so many sessions and
# with how long people waited.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use PostgreSQL::Test::Utils;
use Test::More;
use UsersTest;

my $expired = $ENV{TEST_ROWS} // 20_000;
my $live    = int($expired / 20);
my $clients = 8;
my $folder  = PostgreSQL::Test::Utils::tempdir;

# Whoever waits for a lock is in the log, with who holds it.
my $node = users_server('maintain', <<'CONF');
log_lock_waits = on
deadlock_timeout = 10ms
max_wal_size = 8GB
CONF

prepare_login($node, 'pool');

# ---- people and their sessions

# Everybody has some that are over, and they are in the order of time, as they
# would be; who signs in too. Some ended, the others were not refreshed.
$node->safe_psql('postgres', <<SQL);
SELECT count(*) FROM generate_series(0, $clients - 1) n,
	LATERAL users_create_user('client' || n || '\@example.org', 'client' || n, 'Client', 'Test', '$password');
INSERT INTO users.person_id SELECT md5('crowd' || n)::uuid FROM generate_series(1, 1000) n;
INSERT INTO users.account (user_id, email, created_at, updated_at)
SELECT md5('crowd' || n)::uuid, 'crowd' || n || '\@example.org', now(), now() FROM generate_series(1, 1000) n;
CREATE FUNCTION put_sessions(rows integer, first timestamptz, last timestamptz) RETURNS void LANGUAGE sql AS \$\$
INSERT INTO users.session (user_id, id, created_at, authenticated_at, refreshed_at, expires_at, ends_at, ended_at, nonce, counter, current_random)
SELECT account.ids[1 + n % cardinality(account.ids)],
       (lpad(to_hex((extract(epoch FROM t) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text), 14))::uuid,
       t, t, t, t + interval '7 days', t + interval '30 days', CASE WHEN n % 3 = 0 AND last < now() - interval '8 days' THEN t + interval '1 day' END,
       sha256(n::text::bytea), 1, decode(md5(n::text), 'hex')
  FROM (SELECT array_agg(user_id ORDER BY user_id) AS ids FROM users.account) account,
       generate_series(1, rows) n, LATERAL (SELECT first + n * (last - first) / rows) moment (t)
\$\$;
SELECT put_sessions($expired, now() - interval '60 days', now() - interval '9 days');
SELECT put_sessions($live, now() - interval '6 days', now() - interval '1 hour');
CREATE TABLE newest AS SELECT user_id, max(created_at) AS created_at FROM users.session WHERE expires_at < now() GROUP BY user_id;
VACUUM ANALYZE users.session;
SQL

sub sessions
{
	my ($condition) = @_;

	return $node->safe_psql('postgres', "SELECT count(*) FROM users.session WHERE $condition");
}

my $over = "expires_at < now() - interval '1 day'";

is(sessions($over), $expired, "sessions that are over: $expired");

# ---- who signs in

# Each answer has to be ok, or the client gives up.
append_to_file("$folder/login", <<'PGBENCH');
SELECT 1 / (status = 'ok')::integer AS ok, refresh_token FROM users_login('client' || :client_id, :password)
\gset
\set begun 1
PGBENCH
append_to_file("$folder/refresh", <<'PGBENCH');
\if :begun
\else
SELECT refresh_token FROM users_login('client' || :client_id, :password)
\gset
\set begun 1
\endif
SELECT 1 / (status = 'ok')::integer AS ok, refresh_token FROM users_refresh(:refresh_token)
\gset
PGBENCH

sub start_people
{
	my ($name) = @_;
	my %people = (name => $name);
	my @command = (
		'pgbench', '-n', '-M', 'prepared', '-c', $clients, '-j', '2', '-R', '60', '-T', '3600',
		'-D', 'begun=0', '-D', "password=$password",
		'-f', "$folder/login\@1", '-f', "$folder/refresh\@4",
		'-l', "--log-prefix=$folder/$name",
		$node->connstr('postgres') . ' user=pool options=-crole=users_anon');

	$people{run} = IPC::Run::start(\@command, '<', '/dev/null', '>&', "$folder/$name.out");
	$node->poll_query_until('postgres', "SELECT count(DISTINCT user_id) = $clients FROM users.session WHERE created_at > now() - interval '10 seconds'")
	  or die 'nobody signs in';
	return \%people;
}

# Ends them as the end of their time would; whether all had gone on until then.
sub end_people
{
	my ($people) = @_;

	$people->{run}->signal('ALRM');
	my $ended = $people->{run}->finish;
	diag slurp_file("$folder/$people->{name}.out") unless $ended;
	note "$people->{name}: ", waits($people->{name});
	return $ended;
}

# How long they waited, from when each was to begin: of pgbench's log, a line
# "client count microseconds script ..." for each. At first all sign in at once.
sub waits
{
	my ($name) = @_;
	my @waits = ([], []);

	foreach my $file (glob "$folder/$name.[0-9]*")
	{
		foreach my $line (split /\n/, slurp_file($file))
		{
			my (undef, $count, $time, $script) = split / /, $line;

			push @{ $waits[$script] }, $time / 1000 if $count > 1;
		}
	}
	return join ', ', map { tell_waits($_, sort { $a <=> $b } @{ $waits[$_] }) } 0, 1;
}

sub tell_waits
{
	my ($script, @sorted) = @_;

	return sprintf '%s %d: median %.1f ms, 99 %% %.1f ms, worst %.1f ms',
	  (qw(sign-ins refreshes))[$script], scalar @sorted,
	  map { $sorted[$#sorted * $_] // 0 } 0.5, 0.99, 1;
}

# ---- who waited for whom

# The lines of the log since $offset about somebody who waited for a process.
# Making a file longer is nobody's lock on a row.
sub waited_for
{
	my ($pid, $offset) = @_;

	return grep { !/for ExtendLock/ && /holding the lock: (?:\d+, )*\b$pid\b/ }
	  log_from($node, $offset) =~ /(still waiting for .*\n.*DETAIL: .*)/g;
}

# That this finds those who wait: a sign-in that meets somebody who does what
# users_maintain does not.
my $rude = $node->background_psql('postgres');
my $pid  = $rude->query_safe('SELECT pg_backend_pid()');

$rude->query_safe("BEGIN; SELECT count(*) FROM (SELECT FROM users.account WHERE email = 'client0\@example.org' FOR UPDATE) a");
is(status_of($node, "users_login('client0', '$password')"), 'busy', 'who meets a lock waits');
is(scalar waited_for($pid, 0), 1, 'which the log says');
is(scalar waited_for($node->safe_psql('postgres', 'SELECT pg_backend_pid()'), 0), 0, 'of nobody else');
$rude->quit;

# ---- maintenance meanwhile

if (exists $ENV{TEST_ROWS})
{
	my $people = start_people('alone');

	sleep 30;
	ok(end_people($people), 'people alone');
}

my (undef, $offset) = log_from($node, 0);
my $people  = start_people('maintained');
my $janitor = $node->background_psql('postgres');
my ($began, $removed, $calls) = (time, 0, 0);

$pid = $janitor->query_safe('SELECT pg_backend_pid()');

# Until there is nothing to do, and at least until some more have signed in.
my $recent = "created_at > now() - interval '30 minutes'";
my $logins = sessions($recent);
my ($rows, $most) = (0, 0);

do
{
	$rows = $janitor->query_safe("SELECT row_count FROM users_maintain() WHERE name = 'sessions'");
	$most = $rows if $rows > $most;
	$removed += $rows;
	$calls++;
} until $rows == 0 && sessions($recent) >= $logins + $clients;
is($most, 10_000, 'a call removes so many at most');
ok(end_people($people), 'all that they asked for was answered');
note "$calls calls in " . (time - $began) . ' seconds';
$janitor->quit;

is($removed, $expired, 'all that is over was removed');
is(sessions($over), 0, 'nothing of it is left');
is(sessions("created_at BETWEEN now() - interval '7 days' AND now() - interval '30 minutes'"), $live, 'all that is not over is');
is( $node->safe_psql('postgres', 'SELECT count(*) FROM newest n JOIN users.account a USING (user_id) WHERE a.last_login_at = n.created_at'),
	$node->safe_psql('postgres', 'SELECT count(*) FROM newest'),
	'and when everybody was last there');
is_deeply([ waited_for($pid, $offset) ], [], 'nobody waited for a lock of it');
is_deeply([ log_from($node, $offset) =~ /(?:ERROR|FATAL|PANIC): .*/g ], [], 'no error');

$node->stop;
done_testing();
