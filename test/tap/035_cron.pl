# pg_cron, as doc/monitoring.md and examples/events set it up: their jobs run as
# the roles named there, which nobody can connect as, and do their work; one
# without the right does not.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use PostgreSQL::Test::Utils;
use Test::More;
use UsersTest;

my ($sharedir) = run_command([ 'pg_config', '--sharedir' ]);
plan skip_all => 'no pg_cron here: script/bootstrap --test installs it where there is a package'
  unless -e "$sharedir/extension/pg_cron.control";

# An indented block of a page, from the line that begins so.
sub block_of
{
	my ($page, $first) = @_;
	my ($block) = slurp_file($page) =~ /^( {4}\Q$first\E(?:[^\n]*\n(?= {4}|\n {4})|\n)*[^\n]*\n)/m;

	return $block =~ s/^ {4}//mgr;
}

my ($settings, $schedule) = split /^(?=-- )/m, block_of('doc/monitoring.md', '# postgresql.conf');
my $erase = block_of('examples/events/README.md', 'SELECT cron.schedule_');
my $node  = new_server('cron');

$node->append_conf('postgresql.conf', $settings);
my $hba = slurp_file($node->data_dir . '/pg_hba.conf');
write_file($node->data_dir . '/pg_hba.conf', "local all janitor,eraser reject\n$hba", 0600);
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE db');
$node->safe_psql('db',       <<'SQL');
CREATE EXTENSION users;
CREATE SCHEMA app;
CREATE TABLE app.note (owner uuid REFERENCES users.person_id (user_id));
ALTER TABLE app.note ENABLE ROW LEVEL SECURITY;
SQL
sign_up($node, $_, db => 'db') for qw(ann ben);
is(run_file($node, 'db', 'examples/events/setup.sql'), '', 'the eraser is set up');

# Ann was purged, Ben has to be.
$node->safe_psql('db', <<'SQL');
INSERT INTO app.note VALUES (users_id('ann')), (users_id('ben'));
CREATE TABLE ann AS SELECT users_id('ann') AS id;
SELECT users_delete_user(id), users_purge_user(id) FROM ann;
SELECT users_delete_user(users_id('ben'));
UPDATE users.account SET deleted_at = now() - interval '1 year';
SQL

# Every five minutes is too long to wait for.
is($schedule =~ s{\*/5 }{* }, 1, 'the page says how often');
is($node->psql('postgres', $schedule, on_error_stop => 1), 0, 'what doc/monitoring.md says');
is($node->psql('postgres', $erase,    on_error_stop => 1), 0, 'what examples/events says');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE stranger LOGIN;
SELECT cron.schedule_in_database('stranger', '* * * * *', 'SELECT * FROM users_maintain()', 'db', 'stranger');
SQL

$node->poll_query_until('postgres', <<'SQL') or diag slurp_file($node->logfile);
SELECT count(DISTINCT jobid) = 3 FROM cron.job_run_details WHERE end_time IS NOT NULL
SQL
is($node->safe_psql('postgres', <<'SQL'), <<'SAID' =~ s/\n\z//r, 'how the jobs ended');
SELECT DISTINCT jobname, d.username, d.status, CASE d.status WHEN 'failed' THEN d.return_message END
  FROM cron.job_run_details d JOIN cron.job USING (jobid) WHERE end_time IS NOT NULL ORDER BY 1
SQL
erase|eraser|succeeded|
stranger|stranger|failed|ERROR: permission denied for function users_maintain
users|janitor|succeeded|
SAID
is($node->safe_psql('db', 'SELECT count(*) FROM users.account'), 0, 'the account is purged');
is($node->safe_psql('db', "SELECT count(*) FROM app.note WHERE owner = (SELECT id FROM ann)"),
	0, 'what was owned by who had been purged is erased');

# The jobs made no connection.
$node->connect_fails("user=$_ dbname=db", "$_ cannot connect", expected_stderr => qr/pg_hba.conf rejects/)
  for qw(janitor eraser);

$node->stop;

done_testing();
