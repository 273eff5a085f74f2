# What the tests in this folder share: servers with the extension, people with
# tokens, and the answer of a statement as one string.
package UsersTest;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(usleep);

our @EXPORT = qw(
  $password
  new_server users_server prepare_login
  answer run_example sign_up sign_in status_of token_status
  background find_backend hold_slot let_go memory_of log_from
  run_file table_contents write_file random_key
);

# Strong enough, and in nobody's name.
our $password = 'correct horse battery';

my $holders = 0;

# A server that has not been started: the library preloaded, cheap hashes, a
# quiet log. %init goes to PostgreSQL::Test::Cluster's init, but install_path,
# where a PostgreSQL of another version lies.
sub new_server
{
	my ($name, %init) = @_;
	my $path = delete $init{install_path};
	my $node = PostgreSQL::Test::Cluster->new($name, $path ? (install_path => $path) : ());

	$node->init(%init);
	$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'users'
users.argon2_memory = '19MB'
log_statement = none
max_connections = 40
CONF
	return $node;
}

# Likewise, started and with the extension in the database postgres. $conf is
# more configuration.
sub users_server
{
	my ($name, $conf, %init) = @_;
	my $node = new_server($name, %init);

	$node->append_conf('postgresql.conf', $conf) if defined $conf;
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION users');
	return $node;
}

# A login for other people's requests; %arguments of users_setup_login.
sub prepare_login
{
	my ($node, $login, %arguments) = @_;
	my $more = join '', map { ", $_ => $arguments{$_}" } sort keys %arguments;

	$node->safe_psql(
		'postgres',
		"CREATE ROLE $login LOGIN NOINHERIT; SELECT users_setup_login('$login'$more)");
	return;
}

# What a statement says: its rows, or the SQLSTATE of its error. %params: user
# and db to connect as and to, set (a hash of settings), stderr (a reference).
sub answer
{
	my ($node, $sql, %params) = @_;
	my $connstr = $node->connstr($params{db} // 'postgres');
	my ($stdout, $stderr) = ('', '');

	$connstr .= " user=$params{user}" if defined $params{user};
	local $ENV{PGOPTIONS} = join ' ',
	  map { "-c $_=$params{set}{$_}" } sort keys %{ $params{set} // {} };
	$node->psql(
		'postgres', $sql,
		connstr       => $connstr,
		stdout        => \$stdout,
		stderr        => \$stderr,
		on_error_stop => 1,
		extra_params  => [ '-v', 'VERBOSITY=' . ($params{verbosity} // 'sqlstate') ]);
	${ $params{stderr} } = $stderr if defined $params{stderr};
	return $1                      if $stderr =~ /(?:ERROR|FATAL):\s+([0-9A-Z]{5})\b/;
	return $stdout;
}

# What files of an example print on stdout and stderr; an error in one dies.
# %params: user and db, set (a hash of psql's variables).
sub run_example
{
	my ($node, $example, $files, %params) = @_;
	my $connstr = $node->connstr($params{db} // 'postgres');
	my $set     = $params{set} // {};
	my ($stdout, $stderr) = ('', '');

	$connstr .= " user=$params{user}" if defined $params{user};
	IPC::Run::run(
		[
			$node->installed_command('psql'), '-XAtq',
			'-v',                             'ON_ERROR_STOP=1',
			'-d',                             $connstr,
			(map { ('-v', "$_=$set->{$_}") } sort keys %$set),
			(map { ('-f', "$FindBin::RealBin/../../examples/$example/$_") } @$files)
		],
		'>', \$stdout,
		'2>',
		\$stderr) or die "$example: @$files: $stderr";
	chomp $stdout;
	return ($stdout, $stderr);
}

# The tokens of a new account, named $name everywhere; of a new session of it.
sub sign_up
{
	my ($node, $name, %params) = @_;

	return tokens($node, <<SQL, %params);
SELECT status, user_id, session_id, access_token, refresh_token
  FROM users_register('$name\@example.org', '$name', '$password', '\u$name', 'Test')
SQL
}

sub sign_in
{
	my ($node, $name, %params) = @_;

	return tokens($node, <<SQL, %params);
SELECT status, user_id, session_id, access_token, refresh_token FROM users_login('$name', '$password')
SQL
}

sub tokens
{
	my ($node, $sql, %params) = @_;
	my @columns = split /\|/, answer($node, $sql, %params);
	my %person;

	@person{qw(status user_id session_id access refresh)} = @columns;
	die "no tokens: @columns" unless $person{status} eq 'ok';
	return \%person;
}

# The status that a function with one answers: status_of($node, "users_f(...)").
sub status_of
{
	my ($node, $call, %params) = @_;

	return answer($node, "SELECT status FROM $call", %params);
}

sub token_status
{
	my ($node, $token, %params) = @_;

	return status_of($node, "users_validate_token('$token')", %params);
}

# A psql that goes on by itself with some statements; finish waits for its
# answer. %params as answer has them, and name, its application_name.
sub background
{
	my ($node, $sql, %params) = @_;
	my %psql    = (name => $params{name}, stdout => '', stderr => '');
	my $connstr = $node->connstr($params{db} // 'postgres');

	$connstr .= " user=$params{user}" if defined $params{user};
	local $ENV{PGOPTIONS} = join ' ',
	  map { "-c $_=$params{set}{$_}" } sort keys %{ $params{set} // {} };
	local $ENV{PGAPPNAME} = $params{name} // $ENV{PGAPPNAME};
	$psql{run} = IPC::Run::start(
		[
			$node->installed_command('psql'), '-XAtq',
			'-v',                             'VERBOSITY=sqlstate',
			'-v',                             'ON_ERROR_STOP=1', '-d', $connstr, '-c', $sql
		],
		'<',  '/dev/null',
		'>',  \$psql{stdout},
		'2>', \$psql{stderr},
		IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	return bless \%psql, 'UsersTest::Background';
}

# The backend of a background psql with a name, in {pid}, once $condition is
# true of it in pg_stat_activity.
sub find_backend
{
	my ($node, $psql, $condition) = @_;
	my $where = "FROM pg_stat_activity WHERE application_name = '$psql->{name}' AND $condition";

	$node->poll_query_until('postgres', "SELECT count(*) = 1 $where") or die 'no such backend';
	$psql->{pid} = $node->safe_psql('postgres', "SELECT pid $where");
	return;
}

# Megabytes of its own that a process has; 0 when it is gone. Asks /proc.
sub memory_of
{
	my ($pid) = @_;

	open my $status, '<', "/proc/$pid/status" or return 0;
	my ($kilobytes) = map { /^RssAnon:\s+(\d+)/ ? $1 : () } <$status>;
	return int(($kilobytes // 0) / 1024);
}

# A stranger's sign-in that is stopped in the middle of its hash, and so keeps
# its slot until let_go. $params{call} is the function that hashes.
sub hold_slot
{
	my ($node, %params) = @_;
	my $call = $params{call} // 'users_login';

	$params{set} = {
		'users.argon2_memory'     => '160MB',
		'users.argon2_iterations' => 4,
		%{ $params{set} // {} }
	};
	for (1 .. 10)
	{
		my $name = "holder$$-" . ++$holders;
		my $psql = background($node, "SELECT status FROM $call('$name', 'wrong')", %params, name => $name);

		find_backend($node, $psql, "query = '$call(...)'");
		if ($psql->{pid} eq '')
		{
			# Seen, and gone before it was asked who it is.
			$psql->finish;
			next;
		}
		usleep(1000) until memory_of($psql->{pid}) > 50 || $psql->has_ended;
		kill 'STOP', $psql->{pid};
		return $psql if memory_of($psql->{pid}) > 50;
		# Too late: that hash is done.
		let_go($psql);
	}
	die 'no hash could be stopped';
}

sub let_go
{
	my ($psql) = @_;

	kill 'CONT', $psql->{pid};
	return $psql->finish;
}

# What the server has logged since $offset, and where it ends now.
sub log_from
{
	my ($node, $offset) = @_;
	my $text = slurp_file($node->logfile, $offset // 0);

	return wantarray ? ($text, ($offset // 0) + length $text) : $text;
}

# psql over a file; what goes wrong.
sub run_file
{
	my ($node, $db, $file) = @_;
	my ($stdout, $stderr) = run_command([ 'psql', '-XAtq', '-d', $node->connstr($db), '-f', $file ]);

	# The superuser of a new cluster is there already.
	return join "\n", grep { !/role "\w+" already exists/ && !/NOTICE/ } split /\n/, $stderr;
}

# Everything that the tables hold, but the transactions of events.
sub table_contents
{
	my ($node, $db) = @_;
	my @tables = split /\n/, answer($node, <<'SQL', db => $db);
SELECT c.oid::regclass FROM pg_class c
 WHERE c.relnamespace = 'users'::regnamespace AND c.relkind = 'r' AND c.relname NOT IN ('event_position', 'event_mark') ORDER BY 1
SQL

	return {
		map {
			$_ => answer(
				$node,
				"SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM $_ t",
				db => $db)
		} @tables
	};
}

# A file with a mode of its own, in the place of what was there.
sub write_file
{
	my ($path, $content, $mode) = @_;

	unlink $path;
	open my $handle, '>:raw', $path or die "$path: $!";
	print $handle $content;
	close $handle;
	chmod $mode, $path;
	return;
}

# 32 bytes, for a root key.
sub random_key
{
	open my $handle, '<:raw', '/dev/urandom' or die "/dev/urandom: $!";
	read $handle, my $bytes, 32;
	return $bytes;
}

package UsersTest::Background;

# Waits for the end; the rows, or the SQLSTATE of the error.
sub finish
{
	my ($self) = @_;

	eval { $self->{run}->finish };
	chomp(my $stdout = $self->{stdout});
	return $1     if $self->{stderr} =~ /(?:ERROR|FATAL):\s+([0-9A-Z]{5})\b/;
	return 'gone' if $self->{stderr} =~ /server closed the connection/;
	return $stdout;
}

# Whether it has ended by itself.
sub has_ended
{
	my ($self) = @_;

	$self->{run}->pump_nb if $self->{run}->pumpable;
	return !$self->{run}->pumpable;
}

# Ends it, as a client that dies.
sub kill
{
	my ($self) = @_;

	$self->{run}->kill_kill;
	return;
}

1;
