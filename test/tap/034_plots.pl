# What script/bench makes of what was measured: tables and plots.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use UsersTest;

my $bench  = "$FindBin::RealBin/../../bench";
my $script = "$FindBin::RealBin/../../script/bench";
my $folder = PostgreSQL::Test::Utils::tempdir();
my $file   = "$folder/results.json";

# Baseline and figure where they are not 10 and 11 ± 1.
my %measured = (
	'login'          => [ 10, 20 ],
	'login-pgcrypto' => [ 10, 5 ],
	'register'       => [ 10, 10 ],
	'ticket-redeem'  => [ 30, 0.06 ],
	'mail-latency'   => [ 25, 40 ],
);
my %group = map { (split /\t/)[ 0, 1 ] } split /\n/, slurp_file("$bench/figures.tsv");

# ---- results

my $node = users_server('plots');

# What bench/results.sql makes of three rounds of each figure.
sub results
{
	my ($output) = @_;
	my %variables = (
		output      => $output,
		figures     => "$bench/figures.tsv",
		measured    => "$folder/measured",
		date        => '2026-01-02',
		quick       => 'false',
		rows        => 1000000,
		load        => 0.5,
		cores       => 2,
		cpu         => 'a processor',
		memory      => '8.0',
		kernel      => '6.1',
		file_system => 'ext4',
	);

	local $ENV{PGCLIENTENCODING} = 'UTF8';
	my ($stdout, $stderr) = run_command([
		'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'),
		(map { ('-v', "$_=$variables{$_}") } sort keys %variables), '-f', "$bench/results.sql"
	]);
	is($stderr, '', "$output is made without a word");
	return $stdout;
}

my $lines = '';
for my $name (sort keys %group)
{
	my ($baseline, $value) = @{ $measured{$name} // [ 10, 11 ] };
	$lines .= join("\t", $name, $baseline, $value * $_, '\N') . "\n" for 0.9, 1, 1.1;
}
write_file("$folder/measured", $lines, 0644);

my $json = results('json');
write_file($file, $json, 0644);
my $results = decode_json($json);
my %figure  = map { $_->{name} => $_ } @{ $results->{figures} };
is_deeply({ map { $_ => $figure{$_}{group} } keys %figure }, \%group, 'each figure is in its group');

my %table;
my $heading = 'none';
for (split /\n/, results('markdown'))
{
	$heading = lc $1 if /^### (.*)/;
	$table{$1} = $heading if /^\| `([^`]*)` /;
}
is_deeply(\%table, \%group, 'and in the table of its group');

# ---- plots

sub plots
{
	my ($into) = @_;
	my ($stdout, $stderr) = run_command([ $script, '--plots', $into, $file ]);

	is("$stdout$stderr", '', 'plots are drawn without a word');
	return { map { /(\w+)\.svg$/ ? ($1 => slurp_file($_)) : ($_ => '') } glob "$into/*" };
}

# The parts of a picture that bench/plot.gp draws one after another, by name, and
# where a ratio is in it, by two of the axis' marks.
sub read_picture
{
	my ($svg) = @_;
	my ($frame, @drawn) = split /<g id="gnuplot_plot_\d"[^>]*>/, $svg;
	my %mark = reverse $frame =~ m{translate\(([\d.]+),[^>]*>\s*<text>([\d.]+)</text>}g;
	my ($far) = sort { abs($mark{$b} - $mark{1}) <=> abs($mark{$a} - $mark{1}) } keys %mark;
	my $scale = ($mark{$far} - $mark{1}) / log $far;

	my %part;
	@part{qw(area bar goal spread name verdict)} = @drawn;
	$part{x} = sub { $mark{1} + $scale * log $_[0] };
	return \%part;
}

sub texts
{
	my ($part) = @_;

	return [ $part =~ m{<text>([^<]*)</text>}g ];
}

# Left and right of each box, and colour.
sub boxes
{
	my ($part) = @_;
	my @boxes;

	while ($part =~ /fill = 'rgb\(([\d, ]+)\)' points = '([\d.]+),[\d.]+ ([\d.]+),/g)
	{
		push @boxes, [ (sort { $a <=> $b } $2, $3), $1 ];
	}
	return @boxes;
}

# Left and right of each horizontal line.
sub horizontals
{
	my ($part) = @_;
	my @ends;

	while ($part =~ /M([\d.]+),([\d.]+) L([\d.]+),\2\b/g) { push @ends, $1, $3; }
	return @ends;
}

# Whether numbers are in places: as near as a tenth of a pixel.
sub are_at
{
	my ($found, $expected, $name) = @_;
	my $far = grep { abs($found->[$_] - $expected->[$_]) > 0.1 } 0 .. $#$expected;

	ok(@$found == @$expected && !$far, $name) or diag "@$found, not @$expected";
	return;
}

# A figure's goal as a ratio, and what is said of it beside its ratio.
sub goal_of
{
	my ($figure) = @_;

	return $figure->{goal} / ($figure->{goal_is} eq 'figure <' ? $figure->{baseline} : 1);
}

sub verdict_of
{
	my ($figure) = @_;
	my $missed = defined $figure->{goal_met} && !$figure->{goal_met};

	return sprintf($figure->{ratio} < 0.1 ? '%.4f' : '%.2f', $figure->{ratio}) . ($missed ? ' missed' : '');
}

my %colour  = (met => '42,157,116', missed => '217,98,43', none => '143,163,186');
my $picture = plots("$folder/plots");
my %in_group;
push @{ $in_group{ $_->{group} } }, $_ for @{ $results->{figures} };
is_deeply([ sort keys %$picture ], [ sort keys %in_group ], 'each group has its picture');
for my $group (sort keys %$picture)
{
	my $part    = read_picture($picture->{$group});
	my $x       = $part->{x};
	my @figures = @{ $in_group{$group} };
	my @aims    = grep { defined $_->{goal} } @figures;
	my @boxes   = boxes($part->{bar});

	is_deeply(texts($part->{name}), [ map { $_->{name} } @figures ], "$group: names, in the table's order");
	is_deeply(texts($part->{verdict}), [ map { verdict_of($_) } @figures ], "$group: ratios, and what is missed");
	are_at(
		[ map { @$_[ 0, 1 ] } @boxes ],
		[ map { sort { $a <=> $b } $x->(1), $x->($_->{ratio}) } @figures ],
		"$group: a bar each, from 1 to its ratio");
	is_deeply(
		[ map { $_->[2] =~ s/ //gr } @boxes ],
		[ map { $colour{ !defined $_->{goal_met} ? 'none' : $_->{goal_met} ? 'met' : 'missed' } } @figures ],
		"$group: of the verdict's colour");
	are_at(
		[ horizontals($part->{spread}) ],
		[ map { $x->($_->{lowest}), $x->($_->{highest}) } @figures ],
		"$group: a spread each");
	are_at(
		[ $part->{spread} =~ /<use .*? transform='translate\(([\d.]+),/g ],
		[ map { $x->($_->{ratio}) } @figures ],
		"$group: and a dot, nothing behind it");
	are_at([ $part->{goal} =~ /M([\d.]+),/g ], [ map { $x->(goal_of($_)) } @aims ], "$group: a mark at each goal");
	are_at(
		[ map { $_->[0] == 215 ? $_->[1] : -$_->[0] } boxes($part->{area}) ],
		[ map { $_->{goal_is} eq '>=' ? -$x->(goal_of($_)) : $x->(goal_of($_)) } @aims ],
		"$group: an area on its better side");
}
is_deeply(plots("$folder/again"), $picture, 'the same bytes once more');
my ($stdout, $stderr) = run_command([
	'python3', '-c', 'import sys, xml.etree.ElementTree as tree; [tree.parse(file) for file in sys.argv[1:]]',
	glob "$folder/plots/*.svg"
]);
is($stderr, '', 'all are well-formed');

# ---- what is no result

# With one figure changed in one place.
sub spoilt
{
	my ($key, $value) = @_;
	my $copy = decode_json($json);

	$copy->{figures}[1]{$key} = $value;
	return encode_json($copy);
}

my $no_figure = '"login-pgcrypto" is no figure with group, ratio, spread and goal';
for my $case (
	[ 'an empty file',            '',                 '0 documents' ],
	[ 'two',                      "$json $json",      '2 documents' ],
	[ 'a list',                   '[1]',              'no figures' ],
	[ 'a number for figures',     '{"figures": 1}',   'no figures' ],
	[ 'no figures',               '{"figures": []}',  'no figures' ],
	[ 'a number for one',         '{"figures": [1]}', '1 is no figure with group, ratio, spread and goal' ],
	[ 'no group',                spoilt(group   => undef),         $no_figure ],
	[ 'a group elsewhere',       spoilt(group   => '../mail'),     $no_figure ],
	[ 'a group of two lines',    spoilt(group   => "mail\nEND"),   $no_figure ],
	[ 'no ratio',                spoilt(ratio   => undef),         $no_figure ],
	[ 'a ratio as text',         spoilt(ratio   => '0.5'),         $no_figure ],
	[ 'a ratio of 0',            spoilt(ratio   => 0),             $no_figure ],
	[ 'a spread above the ratio',spoilt(lowest  => 0.51),          $no_figure ],
	[ 'a spread below it',       spoilt(highest => 0.49),          $no_figure ],
	[ 'a goal as text',          spoilt(goal    => 'fast'),        $no_figure ],
	[ 'a goal of neither kind',  spoilt(goal_is => '=='),          $no_figure ],
	[ 'a name with markup',      spoilt(name    => '<b>'),         $no_figure =~ s/login-pgcrypto/<b>/r ],
	[ 'a name of two lines',     spoilt(name    => "login\nexit"), $no_figure =~ s/login-pgcrypto/login\\nexit/r ])
{
	my ($what, $content, $why) = @$case;

	write_file($file, $content, 0644);
	is_deeply(
		[ run_command([ $script, '--plots', "$folder/none", $file ]) ],
		[ '', "bench: $file: no results of script/bench: $why" ],
		"refused: $what");
}
write_file($file, substr($json, 0, 1000), 0644);
command_fails_like(
	[ $script, '--plots', "$folder/none", $file ],
	qr/^bench: \Q$file\E: (?:jq: )?parse error: \N+$/,
	'half of it');
command_fails_like(
	[ $script, '--plots', "$folder/none", "$folder/missing" ],
	qr/^bench: cannot read \Q$folder\E\/missing$/,
	'no file');
for my $arguments ([ '--plots', "$folder/none" ],
	[ '--quick', '--plots', "$folder/none", $file ],
	[ '--plots', '', $file ])
{
	command_fails_like(
		[ $script, @$arguments ],
		qr/^bench: --plots needs a folder and a file, and goes alone$/,
		@$arguments . ' arguments');
}
ok(!-e "$folder/none", 'nothing is drawn of any');

done_testing();
