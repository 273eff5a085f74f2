# doc/monitoring.md's way to Prometheus, with the real postgres_exporter: the
# login, the queries file and the metrics that alerts name.
use strict;
use warnings FATAL => 'all';

use Cwd qw(getcwd);
use FindBin;
use lib "$FindBin::RealBin/lib";

use HTTP::Tiny;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RelayTest qw(until_true);
use Test::More;
use UsersTest;

my ($program) = grep { -x } '/usr/bin/prometheus-postgres-exporter', '/usr/bin/postgres_exporter';

plan skip_all => 'no postgres_exporter: script/bootstrap --test installs it where there is a package' unless defined $program;

my $doc  = getcwd() . '/doc';
my $page = slurp_file("$doc/monitoring.md");
my $node = users_server('exporter');
my @running;

# The statements of the page after a line; what is indented by four.
sub statements_after
{
	my ($line) = @_;
	my ($block) = $page =~ /^\Q$line\E\n\n((?:    .*\n)+)/m or die "no statements after: $line";

	return $block;
}

# One for a login, and where it answers.
sub start_exporter
{
	my ($user) = @_;
	my $port = PostgreSQL::Test::Cluster::get_free_port();
	my %exporter = (url => "http://127.0.0.1:$port/metrics", log => '');

	local $ENV{DATA_SOURCE_NAME} = $node->connstr('postgres') . " user=$user sslmode=disable";
	$exporter{run} = IPC::Run::start(
		[ $program, "--web.listen-address=127.0.0.1:$port", "--extend.query-path=$doc/postgres_exporter.yml" ],
		'<', '/dev/null', '>&', \$exporter{log});
	push @running, $exporter{run};
	until_true(sub { !$exporter{run}->pump_nb || HTTP::Tiny->new->get("http://127.0.0.1:$port/")->{success} });
	return \%exporter;
}

END
{
	my $status = $?;

	$_->kill_kill(grace => 5) for @running;
	$? = $status;
}

# What it says: a number for each metric and its labels.
sub scrape
{
	my ($exporter) = @_;
	my $answer = HTTP::Tiny->new(timeout => 60)->get($exporter->{url});

	die "$answer->{status}: $answer->{content}" unless $answer->{success};
	return { $answer->{content} =~ /^([^#\s].*) (\S+)$/mg };
}

# Of ours, by their label.
sub numbers
{
	my ($scraped) = @_;
	my %numbers;

	foreach my $metric (keys %$scraped)
	{
		$numbers{$1} = $scraped->{$metric} if $metric =~ /^users_value\{.*\bmetric="([^"]*)"/;
	}
	return \%numbers;
}

sub stats
{
	my ($columns) = @_;

	return { map { (split /\|/)[ 0, 1 ] } split /\n/, $node->safe_psql('postgres', "SELECT $columns FROM users_stats") };
}

# ---- as the page says

sign_up($node, $_) for qw(ann ben);
sign_in($node, 'ann');
status_of($node, "users_login('ann', 'a wrong one')");
$node->safe_psql('postgres', statements_after('For administrators and services. A login that scrapes:'));
$node->safe_psql('postgres', 'CREATE ROLE stranger LOGIN');

my (undef, $offset) = log_from($node, 0);
my $exporter = start_exporter('exporter');
my $scraped  = scrape($exporter);
my $numbers  = numbers($scraped);

is($scraped->{pg_up}, 1, 'the exporter is connected');
is_deeply([ sort keys %$numbers ], [ sort keys %{ stats('metric, 1') } ], 'it has every metric, and no other');
is($numbers->{accounts_enabled},       2, 'two people');
is($numbers->{sessions_live},          3, 'three sessions');
is($numbers->{failed_logins_last_hour}, 1, 'a wrong password');
is_deeply([ grep { $numbers->{$_} !~ /^[0-9.e+]+$/ } keys %$numbers ], [], 'all are numbers');
is_deeply([ grep { !exists $numbers->{$_} } $page =~ /users_value\{metric="([^"]*)"/g ], [], 'alerts name what there is');

sign_in($node, 'ben');
is(numbers(scrape($exporter))->{sessions_live}, 4, 'the next one is new');
scrape($exporter) for 1 .. 5;
is_deeply([ grep { /users_stats|FATAL/ } log_from($node, $offset) =~ /(?:ERROR|FATAL): .*\n.*/g ], [], 'in its own connections, and without an error');
unlike($exporter->{log}, qr/users_stats|too many connections/, 'of which it has enough');

# ---- who may not

my $stranger = scrape(start_exporter('stranger'));

is($stranger->{pg_up}, 1, 'somebody else connects');
is_deeply(numbers($stranger), {}, 'and learns nothing of ours');

done_testing();
