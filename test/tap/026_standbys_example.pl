# examples/standbys as its reader meets it: made, used, failed over, mended.
use strict;
use warnings FATAL => 'all';

use FindBin;

use Test::More;
use PostgreSQL::Test::Utils;

my $script = "$FindBin::RealBin/../../examples/standbys/standbys.sh";
my $folder = PostgreSQL::Test::Utils::tempdir_short();

my $primary = 'alpha';

# What a command says; a diagnosis, if it says more.
sub standbys
{
	my ($command) = @_;
	my ($stdout, $stderr) = run_command([ 'bash', $script, $folder, $command ]);

	diag "$command: $stderr" if $stderr ne '';
	return $stdout;
}

# Who is what: everybody, sorted, without names but that of the primary.
sub roles
{
	my ($status) = @_;

	($primary) = $status =~ /^(\w+): primary/m or return $status;
	return join ', ', sort map { s/^\w+: //r } split /\n/, $status =~ s/(?:alpha|beta|gamma)(?!:)/x/gr;
}

sub signs_in
{
	my ($what) = @_;

	like(
		standbys('sign-in'),
		qr/^password: ok, on (?!$primary)\w+\nsession: ok, on $primary\nthe same ticket again: invalid_token\nsigned in: ann$/,
		"$what: hashed on a standby, opened on the primary");
	return;
}

sub fails_over
{
	my $old = $primary;

	is(roles(standbys('fail-over')), 'down, primary, waits for: 1 (x), standby', "$old dies, another takes its place");
	isnt($primary, $old, 'which it was not before');
	return;
}

$ENV{QUICK} = 1;
$ENV{PATH} .= ':/usr/sbin';
plan skip_all => 'pgbouncer is not installed' unless grep { -x "$_/pgbouncer" } split /:/, $ENV{PATH};
# It would leave a server that root owns.
plan skip_all => 'not as root' if $> == 0;

chmod 0700, $folder;
is(roles(standbys('up')), 'primary, waits for: 2 (x,x), standby, standby', 'a primary and two standbys');
signs_in('at first');
fails_over();
signs_in('on what is left');
is(roles(standbys('rejoin')), 'primary, waits for: 2 (x,x), standby, standby', 'the one that died comes back');
signs_in('with all of them');
fails_over();
signs_in('once more');
is(standbys('down'), '', 'all of them are stopped');
done_testing();

END
{
	# Whatever went wrong, nothing goes on.
	my $status = $?;
	run_command([ 'bash', $script, $folder, 'down' ]) if -e "$folder/pool/pid";
	$? = $status;
}
