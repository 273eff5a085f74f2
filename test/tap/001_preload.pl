# With and without shared_preload_libraries; and what a failed sign-in leaves
# in the log.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use Test::More;
use UsersTest;

# Every function that touches a secret or writes.
my @secretive = (
	"users_register('ann\@example.org', 'ann', '$password', 'Ann', 'Lee')",
	"users_login('ann', '$password')",
	"users_verify_password('ann', '$password')",
	"users_login_ticket('ticket')",
	"users_refresh('token')",
	"users_refresh()",
	"users_logout('token')",
	"users_logout()",
	"users_logout_all()",
	"users_revoke_session(gen_random_uuid())",
	"users_authenticate('token')",
	"users_validate_token('token')",
	"users_confirm_password('$password')",
	"users_change_password('a', 'b', 'b')",
	"users_delete_account('$password')",
	"users_profile()",
	"users_create_user('ann\@example.org', 'ann', 'Ann', 'Lee', '$password')",
	"users_disable_user(gen_random_uuid())",
	"users_enable_user(gen_random_uuid())",
	"users_set_platform_role(gen_random_uuid(), 'admin')",
	"users_unlock(gen_random_uuid())",
	"users_id('ann')",
	"users_rotate_key()",
	"users_revoke_key('kid')",
	"users_renew_root_key()",
	"users_setup_login('application')",
	"users_setup_owner('application')");

my $node = new_server('preload');
my $offset;
my $stderr;

sub without_preload
{
	$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = ''
users.max_concurrent_hashes = 3
users.access_token_ttl = 10min
CONF
	$node->start;
	is(answer($node, 'CREATE EXTENSION users'), '', 'CREATE EXTENSION works without preload');
	$node->safe_psql('postgres', 'CREATE ROLE application LOGIN NOINHERIT');

	foreach my $call (@secretive)
	{
		my ($name) = $call =~ /^(\w+)/;

		is(answer($node, "SELECT * FROM $call"), '55000', "$name refuses");
	}
	answer($node, "SELECT users_refresh('token')", verbosity => 'default', stderr => \$stderr);
	like($stderr, qr/shared_preload_libraries = 'users'.*restart/s, 'the HINT has the line to add');

	is( answer(
			$node,
			'SELECT users_current_user_id() IS NULL, users_current_session_id() IS NULL, users_current_role() IS NULL'),
		't|t|t',
		'there is no identity');
	is(answer($node, 'SELECT users_is_admin()'),               't',                'a superuser is an administrator');
	is(answer($node, 'SELECT (users_options()).registration'), 'open',             'what tells no secret works');
	is(answer($node, 'SELECT count(*) FROM users_languages'),  '3',                'so do views');
	is(answer($node, "SELECT ok FROM users_health() WHERE name = 'preload'"), 'f', 'users_health says what is wrong');
	is(answer($node, 'SELECT count(*) FROM users_sessions'),                  '0', 'and nothing is there');
	return;
}

# The library comes late, in every way there is, over settings that it must not
# define so late. (P61)
sub loaded_late
{
	is(answer($node, "LOAD 'users'; SHOW users.access_token_ttl"), '10min', 'settings of the file count');
	is( answer($node, 'SELECT users_is_admin()', set => { session_preload_libraries => 'users' }),
		't', 'session_preload_libraries is not enough, and not FATAL');
	is( answer($node, "SELECT users_refresh('x')", set => { session_preload_libraries => 'users' }),
		'55000', 'secrets need more');
	is(answer($node, "LOAD 'users'; SET users.nonsense = 1"),          '42602', 'the prefix is reserved');
	is(answer($node, "LOAD 'users'; SET users.argon2_memory = '1MB'"), '22023', 'memory has a floor');
	unlike(log_from($node), qr/FATAL|PANIC/, 'nothing was FATAL');
	return;
}

sub with_preload
{
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'users'\n");
	$node->restart;
	is(answer($node, 'SHOW users.max_concurrent_hashes'),    '3',                  'a setting of server start is read');
	is(answer($node, 'SET users.max_concurrent_hashes = 9'), '55P02',              'and fixed');
	is(status_of($node, $secretive[0]),                      'ok',                 'sign up');
	is(status_of($node, "users_login('ann', '$password')"),  'ok',                 'sign in');
	is(answer($node, "SELECT ok FROM users_health() WHERE name = 'preload'"), 't', 'users_health is content');
	like(
		answer($node, "SELECT array_to_string(users_setup_login('application', trusted_client => true), ' ')"),
		qr/GRANT users_anon TO application.*GRANT users_proxy TO application/, 'a login is set up');
	return;
}

# The LOG line of one failed sign-in: the identifier's hash and the address. (S52)
sub failed_line
{
	my ($identifier, %params) = @_;
	my $typed = $identifier =~ s/'/''/gr;
	my $lines;

	(undef, $offset) = log_from($node, 0);
	is( status_of($node, "users_login(E'$typed', 'a wrong secret')", stderr => \$stderr, %params),
		'invalid_credentials', 'a wrong password');
	unlike($stderr, qr/users:/, 'the client does not see the line');
	$lines = log_from($node, $offset);
	unlike($lines, qr/\Q$identifier\E|a wrong secret/i, 'neither identifier nor password are logged');
	my @found = $lines =~ /LOG:  users: users_login failed: identifier ([0-9a-f]{32}), client address (\S+)\n/g;
	is(scalar(@found), 2, 'one line');
	return @found == 2 ? @found : ('', '');
}

sub failures_in_the_log
{
	my ($known,   $address)   = failed_line('ann');
	my ($unknown, $address_2) = failed_line('nobody-here');

	is($address, 'unknown', 'the address of nobody knows whom');
	isnt($known,   '',       'a known identifier is logged');
	isnt($unknown, '',       'so is an unknown one');
	isnt($known,   $unknown, 'by hashes that differ');
	is((failed_line(' ANN '))[0], $known, 'however it is typed');
	isnt((failed_line('ann@example.org'))[0], $known, 'an address is another identifier');
	is((failed_line('NOBODY-here'))[0], $unknown, 'unknown ones are folded too');
	isnt((failed_line('b\nLOG:  users: users_login failed'))[0], '', 'nothing can be slipped into the line');
	is( (failed_line('ann', set => { client_min_messages => 'debug5' }, user => 'application'))[0],
		$known, 'a caller who wants to see every message does not');

	is( (failed_line('ann', set => { 'users.client_address' => '192.0.2.7' }, user => 'application'))[1],
		'192.0.2.7', 'a trusted login says the address');
	is( (failed_line('ann', set => { 'users.client_address' => '192.0.2.7' }))[1],
		'unknown', 'another one does not');
	is( (failed_line('ann', set => { 'users.client_address' => '192.0.2.7,x' }, user => 'application'))[1],
		'unknown', 'what is no address is none');
	return;
}

# Ten are judged, then a line of another kind.
sub throttled_in_the_log
{
	my $lines;

	status_of($node, "users_login('zoe', 'wrong')") for 1 .. 10;
	(undef, $offset) = log_from($node, 0);
	is(status_of($node, "users_login('zoe', 'wrong')"), 'throttled', 'the eleventh is throttled');
	$lines = log_from($node, $offset);
	like($lines, qr/LOG:  users: users_login throttled: identifier [0-9a-f]{32}, client address unknown\n/,
		'and logged');
	unlike($lines, qr/zoe/, 'without the name');
	return;
}

without_preload();
loaded_late();
with_preload();
# failed_line's status_of has a stderr of its own; sessions of the application
# use the role of nobody signed in.
$node->safe_psql('postgres', 'ALTER ROLE application SET role = users_anon');
failures_in_the_log();
throttled_in_the_log();
done_testing();
