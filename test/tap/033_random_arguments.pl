# Every function with random arguments, as everybody who may connect, for some
# seconds; script/fuzz does it for as long as one likes. (S66)
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use UsersTest;

my $python  = '/usr/bin/python3';
my $fuzz    = "$FindBin::RealBin/../fuzz";
my $seconds = 15;

plan skip_all => 'no psycopg here' if system("$python -c 'import psycopg' 2>/dev/null") != 0;

# Runs it on a server of its own; what it prints.
sub fuzz
{
	my ($name, $sql, @arguments) = @_;
	my $node = users_server($name, slurp_file("$fuzz/calls.conf"), extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
	my $conninfo = "host=@{[ $node->host ]} port=@{[ $node->port ]} dbname=postgres";

	# What the sanitizers set aside is no growth.
	push @arguments, '--growth', 500 if $ENV{SANITIZE};
	$node->safe_psql('postgres', $sql) if defined $sql;
	my ($out, $err) = run_command([ $python, "$fuzz/calls.py", @arguments, $node->logfile, $conninfo ]);
	$node->stop;
	return "$out\n$err";
}

my $out = fuzz('random', undef, '--seconds', 15);
unlike($out, qr/^finding: /m, 'no finding');
like($out, qr/ of (\d+) functions of \1, .* 0 findings$/m, 'every function was called') or diag($out);

# What is wrong is found.
$out = fuzz('wrong', <<'SQL', '--seconds', 3, '--only', '^users_(show|wrong|login)$');
CREATE FUNCTION users_show(password text, token text) RETURNS text LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION 'not %, nor %', password, token USING ERRCODE = 'XX000'; END$$;
CREATE FUNCTION users_wrong(email text, username text) RETURNS text LANGUAGE plpgsql AS
$$BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'US001', DETAIL = 'argument: name'; END$$;
ALTER EXTENSION users ADD FUNCTION users_show(text, text);
ALTER EXTENSION users ADD FUNCTION users_wrong(text, text);
INSERT INTO users.person_id VALUES ('00000000-0000-0000-0000-000000000001');
INSERT INTO users.account (user_id, email, created_at, updated_at)
VALUES ('00000000-0000-0000-0000-000000000001', 'x@example.org', now(), now());
SQL
like($out, qr/^finding: $_/m, "found: $_")
  for ('sqlstate: users_show', 'secret in an error: users_show', 'secret in the log', 'log: ', 'argument: users_wrong has no name', 'rows: accounts without person');
like($out, qr/ [1-9]\d* findings$/m, 'and counted');

done_testing();
