# pg_stat_statements and auto_explain, which keep statements: no literal of ours
# is in the one, and no plan or duration of a function that takes a secret in the log. (S48 S50 P35)
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use PostgreSQL::Test::Utils;
use Test::More;
use UsersTest;

my $node = new_server('statements');

plan skip_all => 'no pg_stat_statements or auto_explain here'
  if grep { !-e $node->config_data('--pkglibdir') . "/$_.so" } qw(pg_stat_statements auto_explain);
$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'pg_stat_statements, auto_explain, users'
pg_stat_statements.track = all
auto_explain.log_min_duration = 0
auto_explain.log_nested_statements = on
log_min_duration_statement = 0
log_parameter_max_length = -1
CONF
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION users; CREATE EXTENSION pg_stat_statements');

my $ann = sign_up($node, 'ann');
my $own = "BEGIN; SELECT users_authenticate('$ann->{access}') IS NOT NULL;";
my $number = 0;

# What pg_stat_statements keeps with a word in it, but for such questions.
sub kept
{
	my ($word) = @_;

	return $node->safe_psql('postgres',
		"SELECT query FROM pg_stat_statements WHERE strpos(query, '$word') > 0 AND strpos(query, 'FROM pg_stat_statements') = 0");
}

foreach my $call (
	"users_login('ann', '<secret>')",
	"users_verify_password('ann', '<secret>')",
	"users_login_ticket('<secret>')",
	"users_register('ben\@example.org', 'ben', '<secret>', 'Ben', 'Bo')",
	"users_refresh('<secret>')",
	"users_logout('<secret>')",
	"users_validate_token('<secret>')",
	"users_authenticate('<secret>')",
	"users_reset_password('<secret>', '<secret>', '<secret>')",
	"users_verify_email('<secret>', '<secret>')",
	"users_invitation('<secret>')",
	"users_accept_invitation(token => '<secret>')",
	"users_reject_invitation(token => '<secret>')",
	"users_confirm_password('<secret>')",
	"users_change_password('<secret>', '<secret>', '<secret>')",
	"users_change_email('<secret>', 'ann\@else.example')",
	"users_delete_account('<secret>')")
{
	my $secret = 's3cr3t-' . ++$number . '-horses';
	my $before = $call =~ /accept|reject|confirm|change|delete/ ? $own : '';
	my (undef, $offset) = log_from($node, 0);
	my ($name) = $call =~ /^(\w+)/;

	answer($node, "$before SELECT * FROM $call" =~ s/<secret>/$secret/gr);
	unlike(scalar(log_from($node, $offset)), qr/\Q$secret\E/, "$name: not in the log");
	is(kept($secret), '', "$name: nor in pg_stat_statements");
	isnt(kept($name), '', "$name: though the call is");
}

# That what is kept would be found.
my (undef, $offset) = log_from($node, 0);

answer($node, "SELECT length('s3cr3t-in-a-plan'); DO \$\$ BEGIN PERFORM 's3cr3t-in-a-block'; END \$\$");
like(scalar(log_from($node, $offset)), qr/Query Text: .*s3cr3t-in-a-plan/, 'the plans of others are logged');
isnt(kept('s3cr3t-in-a-block'), '', 'and a literal in a DO block is kept');
$node->stop;
done_testing();
