# examples/postgrest on a PostgREST that POSTGREST_BIN names: what its README
# shows is what the walk prints, ids, times and tokens aside.
use strict;
use warnings FATAL => 'all';

use File::Basename;
use FindBin;
use lib "$FindBin::RealBin/lib";

use PostgreSQL::Test::Utils;
use Requests;
use Test::More;
use UsersTest;

plan skip_all => 'POSTGREST_BIN names no PostgREST' unless $ENV{POSTGREST_BIN};
for my $program (qw(curl jq))
{
	plan skip_all => "no $program here" if system("command -v $program >/dev/null") != 0;
}

my $example = dirname(dirname($FindBin::RealBin)) . '/examples/postgrest';
my $node    = new_server('example');

$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE app');
$node->command_ok(
	[ 'psql', '-X', '-q', '-v', 'password=secret', '-d', $node->connstr('app'), '-f', "$example/setup.sql" ],
	'the set-up works');
is( $node->safe_psql('app', q(SELECT rolpassword ~ '^SCRAM-SHA-256' FROM pg_authid WHERE rolname = 'authenticator')),
	't', 'authenticator has a SCRAM password');

my ($three) = slurp_file("$example/postgrest.conf") =~ /\A(.*?)\n\n# Where/s;
my %conf = $three =~ /^([\w-]+)\s*=\s*"(.*)"$/mg;
is("@{[ sort keys %conf ]}", 'db-pre-config db-schemas db-uri', 'three lines of configuration');
delete $conf{'db-uri'};
my $front = postgrest($node, 'authenticator', database => 'app', %conf);
my ($printed, $stderr) = run_command([ "$example/walk", $front->url, $node->connstr('app') ]);
$front->stop;
is($stderr, '', 'the walk has nothing to complain of');

# Requests and statuses, and the answers without what differs each time.
sub masked
{
	my ($text) = @_;

	$text =~ s/\n+/\n/g;
	$text =~ s/^ {4}//mg;
	$text =~ s/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/ID/g;
	$text =~ s/\d{4}-\d\d-\d\dT[\d:.+]+/TIME/g;
	$text =~ s/"[\w-]{12}\.\.\."/"TOKEN"/g;
	# Long lines are cut in the README.
	return [ map { substr $_, 0, 80 } grep { /\S/ } split /\n/, $text ];
}
my ($shown) = slurp_file("$example/README.md") =~ /## What `walk` prints\n\n(.*)\z/s;
is_deeply(masked($printed), masked($shown), 'and prints what the README shows');
is(scalar(() = $printed =~ /^5\d\d\b/mg), 0, 'the server never fails');

done_testing();
