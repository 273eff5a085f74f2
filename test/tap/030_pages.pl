# The blocks of SQL and of commands in README, doc/ and examples/: each is run
# here, or by what is named for it. (What stands at a prompt is run by
# test/lib/doctest, doc/install.md by script/package.)
use strict;
use warnings FATAL => 'all';

use Cwd qw(getcwd);
use FindBin;
use lib "$FindBin::RealBin/lib";

use PostgreSQL::Test::Utils;
use Test::More;
use UsersTest;

my $drawing  = 'nothing to run';
my $editor   = q{(SELECT id FROM users_roles WHERE name = 'editor' LIMIT 1)};
my $domain   = q{(SELECT id FROM users_domains LIMIT 1)};
my $device   = q{(SELECT id FROM device LIMIT 1)};
my $anybody  = q{'0190a4c6-0000-7000-8000-000000000000'};
my $owner    = 'CREATE ROLE app_owner LOGIN; GRANT CREATE ON SCHEMA public TO app_owner;';
my @protects = ('CREATE TABLE device' => 'app_owner', 'SELECT users_define_object_type' => '');

# By page and the block's first line: what runs it, or how it is run. as: who
# begins, anon and member are the login app with that role and with Bea's token;
# values: what stands for $1 and the like, in the order in which they are met;
# instead: for other words; before: SQL of a superuser; switch: of the line that
# begins so, who goes on; configuration: lines for postgresql.conf.
my %blocks = (
	'README.md' => {
		'script/demo'               => 'script/test',
		'  browser ── HTTP ──▶'     => $drawing,
		'script/bootstrap  '        => 'test/package/walk',
		'head -c 32'                => 'test/package/walk',
		'sudo apt-get build-dep'    => 'test/package/walk',
		'CREATE EXTENSION users;'   => { as => '', empty => 1 },
		'BEGIN;'                    => {
			as     => 'app',
			values => [
				q{'cai@example.org'}, q{'cai'}, "'$password'", q{'Cai'}, q{'Lee'}, q{'cai'}, "'$password'",
				q{'<access>'},        q{'<refresh>'}
			]
		},
		'with pool.connection()'             => 'test/tap/022_notes_example.pl',
		q{curl -d '}                         => 'test/tap/021_postgrest_example.pl',
		'CREATE ROLE app_owner LOGIN'        => { as => '', switch => \@protects },
		q{SELECT id FROM users_create_domai} => { as => 'member', values => [ $domain, $editor, q{'<id>'}, $device ] },
		'CREATE ROLE mailer LOGIN'           => { as => '' },
		'make -C relay'                      => 'test/package/archive.t',
		'SELECT status FROM users_request_r' =>
		  { as => 'anon', values => [ q{'bea@example.org'}, q{'of a link'}, ("'$password'") x 2 ] },
	},
	'CONTRIBUTING.md' => {
		'script/test unit pgtap' => 'script/test',
		'sql/       the install' => $drawing,
	},
	'doc/daily.md' => {
		'\x auto'                  => 'test/tap/018_terminal.pl',
		'SELECT username, email, ' => 'test/tap/018_terminal.pl',
		'\dx+ users'               => 'test/tap/018_terminal.pl',
	},
	'doc/domains.md' => {
		'SELECT * FROM users_create_domain' => {
			as     => 'member',
			before =>
			  'CREATE TABLE device (id uuid); INSERT INTO device VALUES (gen_random_uuid()); GRANT SELECT ON device TO users_member;',
			values => [ $domain, $editor, q{'<id>'}, $editor, q{'<id>'}, $device, $domain ]
		},
	},
	'doc/mail.md' => {
		'application -> users_request_re'  => $drawing,
		'CREATE ROLE mailer LOGIN'         => { as            => '' },
		'users.reset_url  '                => { configuration => 1 },
		'make -C relay'                    => 'test/package/archive.t',
		'USERS_MAIL_DATABASE=host'         => 'test/tap/013_relay_settings.pl',
		'users-mail-relay --config'        => 'test/package/life',
		'SELECT kind, recipient, state'    => { as => '', instead => { q{'...'} => $anybody } },
		'SELECT subject, body_text FROM'   => { as => '' },
		q{SELECT users_define_site('shop'} => { as => '' },
	},
	'doc/migration.md' => {
		'CREATE TABLE moved_user AS' => {
			as     => '',
			before => q{CREATE TABLE app_user (id integer, email text, password text, created timestamptz);
			            INSERT INTO app_user VALUES (1, 'dan@example.org', NULL, now());}
		},
		'   CREATE EXTENSION IF NOT EXISTS' => 'it copies from servers of the old platform',
		'SELECT users_grant_role(m.role_id' => { as => '', values => [ $anybody, $anybody ] },
	},
	'doc/monitoring.md' => {
		'CREATE ROLE exporter'       => { as => '' },
		'DATA_SOURCE_NAME='          => 'test/tap/017_exporter.pl',
		'users_value{'               => 'test/tap/017_exporter.pl',
		'# postgresql.conf'          => 'test/tap/035_cron.pl',
		'SELECT * FROM users_events' => { as => '', instead => { q{'<position of the last row>'} => 'NULL' } },
	},
	'doc/operation.md' => {
		'head -c 32'                      => 'test/package/walk',
		'pg_dumpall --globals-only'       => 'test/tap/004_dump.pl',
		'for part in pre-data'            => 'test/tap/004_dump.pl',
		'# both servers stopped'          => 'test/upgrade/001_majors.pl',
		'LOG:  users: users_login failed' => 'test/tap/001_preload.pl',
		'failregex ='                     => 'below',
		'SELECT email, email_verified_at' => { as => '' },
	},
	'doc/performance.md' => { 'script/bench' => 'script/bench' },
	'doc/postgrest.md'   => {
		'db-uri '                     => 'test/tap/020_postgrest.pl',
		'CREATE SCHEMA api;'          => { as            => '', empty => 1 },
		'users.client_address_header' => { configuration => 1 },
		'CREATE FUNCTION app.before'  => { as            => '', before => 'CREATE SCHEMA app;' },
		'curl -X POST --data-binary'  => 'test/tap/021_postgrest_example.pl',
	},
	'doc/reliability.md' => {},
	'doc/roles.md'       => {
		'CREATE ROLE app LOGIN'              => { as => '', before => 'DROP OWNED BY app; DROP ROLE app;' },
		'ALTER TABLE note ENABLE'            => { as => '', before => 'CREATE TABLE note (owner uuid);' },
		q{SELECT unnest(users_setup_owner('} => {
			as      => '',
			before  => "DROP TABLE note; $owner",
			switch  => [ 'CREATE TABLE note' => 'app_owner' ],
			instead => { ', ...);' => ');' }
		},
	},
	'doc/scaling.md' => {
		'-- on any standby' =>
		  { as => 'anon', values => [ q{'bea'}, "'$password'", q{'of the other server'}, q{'telephone'} ] },
		'ALTER SYSTEM SET synchronous_standby_names' => 'test/tap/026_standbys_example.pl',
	},
	'doc/tables.md' => {
		q{SELECT unnest(users_setup_owner('} => { as => '', before => $owner, switch => \@protects },
		'SELECT users_define_object_type('   => { as => '' },
	},
	'examples/events/README.md' => {
		'psql -v ON_ERROR_STOP=1' => 'test/tap/015_events.pl',
		'SELECT cron.schedule_'   => 'test/tap/035_cron.pl',
		'  DELETE FROM app.note'  => 'test/tap/015_events.pl',
	},
	'examples/magistrala/README.md' => { 'p="psql' => 'test/tap/028_magistrala.pl' },
	'examples/notes/README.md'      =>
	  { 'createdb notes' => 'test/tap/022_notes_example.pl', 'sign up: ok ok' => 'test/tap/022_notes_example.pl' },
	'examples/plain-table/README.md' => { 'psql -v ON_ERROR_' => 'test/tap/029_plain_table.pl' },
	'examples/postgrest/README.md'   => {
		'createdb app'             => 'test/tap/021_postgrest_example.pl',
		'cd client && npm install' => 'test/tap/021_postgrest_example.pl',
		'--- '                     => 'test/tap/021_postgrest_example.pl',
	},
	'examples/standbys/README.md' => { 'export PATH=' => 'test/tap/026_standbys_example.pl' },
);
# How modules call each other; the requirements; what a program writes.
my %apart = map { $_ => 1 } qw(doc/internals.md doc/requirements.md doc/reference.md doc/install.md);

# Blocks that are indented, or fenced and not in ```console.
sub blocks_of
{
	my ($text) = @_;
	my @blocks;

	while ($text =~ /^```(\w*)\n(.*?)^```$|(?<=\n\n)((?: {4}[^\n]*\n|\n(?= {4}))+)/gms)
	{
		if    (defined $3)      { push @blocks, $3 =~ s/^ {4}//mgr }
		elsif ($1 ne 'console') { push @blocks, $2 }
	}
	return @blocks;
}

my $node = new_server('pages', extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres',       'CREATE DATABASE template_users');
$node->safe_psql('template_users', 'CREATE EXTENSION users');

# An empty database, or one that has what the pages take for granted: the
# extension, and the pool's login app. Roles of the page before are gone.
sub make_database
{
	my ($db, $empty) = @_;

	$node->safe_psql('postgres', "DROP DATABASE IF EXISTS $_")
	  for $db, split /\n/,
	  $node->safe_psql('postgres', q(SELECT datname FROM pg_database WHERE datname LIKE 'page\_%'));
	$node->safe_psql('postgres', "DROP ROLE $_")
	  for split /\n/,
	  $node->safe_psql('postgres',
		qq(SELECT rolname FROM pg_roles WHERE oid >= 16384 AND rolname !~ '^users_' AND rolname <> '$superuser'));
	$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE " . ($empty ? 'template0' : 'template_users'));
	$node->safe_psql($db,        q(CREATE ROLE app LOGIN NOINHERIT; SELECT users_setup_login('app'))) unless $empty;
	return;
}

# One block, as somebody who reads the page would; the error, if there is one.
sub run_block
{
	my ($db, $block, $how, $bea) = @_;
	my @values = @{ $how->{values} // [] };
	my @switch = @{ $how->{switch} // [] };
	my $stderr = '';

	answer($node, $how->{before}, db => $db) =~ /^(\w{5})$/ and return "before: $1" if $how->{before};
	foreach my $word (keys %{ $how->{instead} // {} })
	{
		$block =~ s/\Q$word\E/$how->{instead}{$word}/ or return "no $word";
	}
	$block =~ s/(?<![\w\$])\$(\w+)/shift @values \/\/ '<no value>'/ge;
	return "values are left: @values" if @values;
	$block =~ s/<(id|access|refresh)>/$bea->{$1 eq 'id' ? 'user_id' : $1}/g;
	while (my ($line, $who) = splice @switch, 0, 2)
	{
		$block =~ s/^(?=\Q$line\E)/"\\c - " . ($who || $superuser) . "\n"/me or return "no $line";
	}
	$block = "BEGIN; SET LOCAL ROLE users_anon;\n$block\nCOMMIT;" if $how->{as} eq 'anon';
	$block = "BEGIN; SELECT users_authenticate('$bea->{access}') \\g /dev/null\n$block\nCOMMIT;"
	  if $how->{as} eq 'member';
	answer($node, $block, db => $db, stderr => \$stderr, verbosity => 'default',
		$how->{as} eq '' ? () : (user => 'app'));
	return join '; ', $stderr =~ /^.*ERROR:.*$/mg;
}

# Lines of postgresql.conf; what the server has against them.
sub configure
{
	my ($block) = @_;

	$node->append_conf('postgresql.conf', $block);
	$node->reload;
	return $node->safe_psql('postgres', 'SELECT name, error FROM pg_file_settings WHERE error IS NOT NULL');
}

for my $page ('README.md', 'CONTRIBUTING.md', sort glob('doc/*.md examples/*/README.md'))
{
	next if $apart{$page};
	my $db    = lc('page_' . $page =~ s{\W}{_}gr);
	my %known = %{ $blocks{$page} // {} };
	my ($made, $bea, %met);

	for my $block (blocks_of(slurp_file($page)))
	{
		my ($key)  = grep { index($block, $_) == 0 } keys %known;
		my ($line) = $block =~ /^(.*)$/m;
		if (!defined $key || $met{$key}++)
		{
			fail("$page: something runs this: $line");
			next;
		}
		my $how = $known{$key};
		if (!ref $how)
		{
			ok($how =~ / |^below$/ || -e $how, "$page: $line: $how");
			next;
		}
		if ($how->{configuration})
		{
			is(configure($block), '', "$page: $line");
			next;
		}
		make_database($db, $how->{empty}) unless $made++;
		$bea //= sign_up($node, 'bea', db => $db)
		  if $node->safe_psql($db, q(SELECT to_regproc('public.users_login') IS NOT NULL)) eq 't';
		is(run_block($db, $block, $how, $bea), '', "$page: $line");
	}
	is(join('; ', grep { !$met{$_} } sort keys %known), '', "$page: nothing is listed that is not there");
}

# fail2ban and the line that it is for.
my $operation = slurp_file('doc/operation.md');
my ($line)    = $operation =~ /^    LOG: +(.*)$/m;
my ($pattern) = $operation =~ /^    failregex = (.*)$/m;
$pattern =~ s/<HOST>/(?<host>[0-9a-f.:]+)/;
like($line, qr/$pattern/, "fail2ban's pattern finds the line");
unlike($line =~ s/client address \S+/client address unknown/r, qr/$pattern/, 'but not without an address');

done_testing();
