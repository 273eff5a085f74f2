# examples/notes: what its README shows is what its programs print, in Python
# and in Node, where the drivers are installed.
use strict;
use warnings FATAL => 'all';

use File::Basename;
use FindBin;
use lib "$FindBin::RealBin/lib";

use PostgreSQL::Test::Utils;
use Test::More;
use UsersTest;

my $example = dirname(dirname($FindBin::RealBin)) . '/examples/notes';
my ($shown) = slurp_file("$example/README.md") =~ /Both print:\n\n(.*)\z/s;
$shown =~ s/^ {4}//mg;

my $node = new_server('notes');
$node->start;
my $host     = $node->host;
my %programs = (
	python => {
		command => [ '/usr/bin/python3', "$example/notes.py", "host=$host port=@{[ $node->port ]} dbname=python user=notes_pool" ],
		needs   => q(/usr/bin/python3 -c 'import psycopg, psycopg_pool')
	},
	node => {
		command => [ 'node', "$example/notes.mjs", "postgres://notes_pool@/node?host=$host&port=@{[ $node->port ]}" ],
		needs   => "node -e 'require(\"pg\")'"
	});

for my $name (sort keys %programs)
{
  SKIP:
	{
		skip "no driver for $name here", 2 if system("$programs{$name}{needs} >/dev/null 2>&1") != 0;
		$node->safe_psql('postgres', "DROP OWNED BY notes_pool; DROP ROLE notes_pool")
		  if $node->safe_psql('postgres', q(SELECT count(*) FROM pg_roles WHERE rolname = 'notes_pool'));
		$node->safe_psql('postgres', "CREATE DATABASE $name TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
		$node->command_ok([ 'psql', '-X', '-q', '-v', 'password=of the pool', '-d', $node->connstr($name), '-f', "$example/setup.sql" ], "$name: the set-up works");
		my ($printed, $stderr) = run_command($programs{$name}{command});
		is($printed, $shown =~ s/\n\z//r, "$name: it prints what the README shows") or diag($stderr);
		$node->safe_psql($name, 'DROP OWNED BY notes_pool');
	}
}

done_testing();
