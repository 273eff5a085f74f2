# doc/daily.md, "On a terminal": with those settings of psql every view and what
# explains the extension fit in 120 columns, and so do the lists of columns there
# without them.
use strict;
use warnings FATAL => 'all';

use Cwd qw(getcwd);
use FindBin;
use lib "$FindBin::RealBin/lib";

use List::Util qw(max);
use PostgreSQL::Test::Utils;
use Test::More;
use UsersTest;

my $width = 120;
my $node  = users_server('terminal', undef, extra => [ '--encoding=UTF8', '--locale=C' ]);

$ENV{PGCLIENTENCODING} = 'UTF8';

# Names, addresses and programs as they are, and a row in every view.
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE device (id uuid PRIMARY KEY, domain_id uuid NOT NULL, name text);
DO $$ BEGIN PERFORM users_protect('device', 'device'); PERFORM users_define_object_type('device', relation => 'device'); END $$;
SET users.user_agent = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';
SET users.client_address = '2001:db8:85a3:1234:5678:8a2e:370:7334';
CREATE TEMP TABLE ada AS SELECT user_id FROM users_create_user('ada.archer@mail.example.org', 'ada.archer', 'Ada', 'Archer', platform_role => 'admin');
CREATE TEMP TABLE bea AS SELECT user_id FROM users_register('beatrice.novakovic@mail.example.org', 'beatrice.novakovic',
	'seven wet horses sing', 'Beatrice', 'Novaković', metadata => '{"department": "heating", "phone": "+381 11 1234567"}');
CREATE TEMP TABLE acme AS SELECT d.id FROM ada, users_create_domain('Acme Heating and Cooling', 'acme-heating', owner_id => user_id) d;
CREATE TEMP TABLE editor AS SELECT r.id FROM acme, users_create_role(acme.id, 'editor of devices', '{device:read,device:update}') r;
INSERT INTO device SELECT gen_random_uuid(), id, 'heater' FROM acme;
SELECT users_grant_role(e.id, user_id), users_grant_role(e.id, user_id, 'device', d.id) FROM editor e, bea, device d;
SELECT status FROM editor, users_invite(id, 'cai.winterbottom@mail.example.org');
SELECT users_define_site('shop', 'https://shop.example.org/password?token={token}', 'https://shop.example.org/verify?token={token}', NULL, NULL,
	'The shop <shop@mail.example.org>', 'The shop around the corner');
SELECT users_disable_user(user_id, 'asked for it by phone, and said that somebody has got her password'), users_enable_user(user_id) FROM bea;
SELECT count(*) FROM users_claim_mail();
SELECT users_mail_failed(id, '451 4.7.1 <beatrice.novakovic@mail.example.org>: Greylisting in action, please come back later') FROM users_outbox;
SELECT status FROM users_login('beatrice.novakovic', 'a wrong one');
SELECT status FROM users_login('beatrice.novakovic', 'seven wet horses sing', 'Firefox on the laptop in the kitchen');
SQL

# What psql prints for a query, with some settings: its lines, and the widest.
sub lines
{
	my ($query, @settings) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . '/out';

	system_log('psql', '-X', '-q', '-P', 'pager=off', '-P', "columns=$width", (map { ('-P', $_) } @settings),
		'-d', $node->connstr('postgres'), '-o', $file, '-c', $query) == 0
	  or die "psql failed: $query";
	open my $output, '<:encoding(UTF-8)', $file or die "$file: $!";
	return map { s/\s+$//r } <$output>;
}

sub widest { return max(map { length } lines(@_)) }

my $page    = slurp_file(getcwd() . '/doc/daily.md');
my $section = ($page =~ /^## On a terminal\n(.*?)(?=^## |\z)/ms)[0];
my @settings = map { s/^x /expanded=/r =~ s/^pset format /format=/r } $section =~ /^    \\([^d].*)$/mg;
my @lists    = $section =~ /^    (SELECT .* FROM users_\w+);$/mg;
my @about    = $section =~ /^    (\\d.*|SELECT .* FROM pg_proc .*)$/mg;
my @views = split /\n/, $node->safe_psql('postgres', <<'SQL');
SELECT relname FROM pg_class WHERE relkind = 'v' AND relname LIKE 'users\_%' ORDER BY 1
SQL
my %listed = map { /FROM (\w+)$/ ? ($1 => 1) : () } @lists;

is_deeply(\@settings, [ 'expanded=auto', 'format=wrapped' ], 'what the page sets');
cmp_ok(scalar @lists, '>', 10, 'lists of columns: ' . @lists);
foreach my $view (@views)
{
	isnt($node->safe_psql('postgres', "SELECT count(*) FROM $view"), 0, "$view has rows");
	cmp_ok(widest("SELECT * FROM $view", @settings), '<=', $width, "$view fits");
	cmp_ok(widest("SELECT * FROM $view"), $listed{$view} ? '>' : '<=', $width, $listed{$view} ? 'and needs that' : 'without that too');
}
cmp_ok(widest($_), '<=', $width, $_) for @lists;

# What tells of the extension itself.
is(scalar @about, 5, 'commands that explain: ' . @about);
foreach my $command (@about)
{
	cmp_ok(widest($command, @settings), '<=', $width, $command);
	cmp_ok(scalar(() = lines($command)), '>', 50, 'and says something');
}

done_testing();
