# Moving in from a table of addresses and bcrypt hashes, as doc/migration.md says.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use PostgreSQL::Test::Utils;
use Test::More;
use UsersTest;

my $node = users_server('plain');

sub move
{
	return run_example($node, 'plain-table', ['move.sql'], user => 'clerk');
}

# Everybody's old password, as the generator chose it.
sub old_password
{
	my ($number) = @_;

	return 'old password ' . $number % 10;
}

sub log_in
{
	my ($email, $word) = @_;

	return status_of($node, "users_login('$email', '$word')");
}

run_example($node, 'plain-table', ['generate.sql']);
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE clerk LOGIN;
GRANT SELECT ON app_user TO clerk;
GRANT CREATE ON SCHEMA public TO clerk;
ALTER TABLE app_order OWNER TO clerk;
SQL
ok(!eval { move() }, 'who is not in users_dba moves nobody');
like($@, qr/permission denied for function users_import_from/, 'and is told why');
is($node->safe_psql('postgres', 'SELECT count(*) FROM users_accounts'), '0', 'nobody was moved');

$node->safe_psql('postgres', 'GRANT users_dba TO clerk');
my ($refused) = move();
is( $refused,
	"21|User20\@example.org|23505|email|this email address is taken\n22|no address|US001|email|invalid email address",
	'two are refused, each for its reason');
my ($again, $stderr) = move();
is($again, $refused, 'once more refuses the same');
like($stderr, qr/\b0 imported, 98 there already, 2 refused/, 'and imports nobody');

is($node->safe_psql('postgres', <<'SQL'), '98|98', 'addresses, ids and times are as they were');
SELECT count(*), count(*) FILTER (WHERE (u.email, u.created, CASE WHEN u.confirmed THEN u.created END)
	IS NOT DISTINCT FROM (a.email, a.created_at, a.email_verified_at))
  FROM app_user u JOIN users_accounts a ON a.id = md5('app_user ' || u.id)::uuid
SQL
is( $node->safe_psql('postgres', 'SELECT count(*) FROM app_order o JOIN users_accounts a ON a.id = o.owner'),
	'294', 'the table refers to people by their ids');
is( $node->safe_psql('postgres', "SELECT username FROM users_accounts WHERE email = 'user12\@example.net'"),
	'user12-13', 'who has the same name gets a number');

foreach my $number (1 .. 10)
{
	my $email = $node->safe_psql('postgres', "SELECT email FROM app_user WHERE id = $number");
	my $kind =
	  "SELECT left(password_hash, 4) FROM users.credential JOIN users.account USING (user_id) WHERE email = '$email'";

	is(log_in($email, old_password($number + 1)), 'invalid_credentials',
		"$email does not sign in with another password");
	like($node->safe_psql('postgres', $kind), qr/^\$2[ay]\$$/, 'and the hash is the old one');
	is(log_in(uc $email, old_password($number)), 'ok',   'but with the old one');
	is($node->safe_psql('postgres', $kind),      '$arg', 'which makes the hash anew');
	is(log_in($email, old_password($number)),    'ok',   'and signs in again');
}
$node->stop;
done_testing();
