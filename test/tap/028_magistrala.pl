# Moving in from Magistrala, as doc/migration.md says: a platform is filled and
# moved; then people sign in with their old passwords, and everybody may do what
# they could do there, no more and no less.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use UsersTest;

my $people = 2000;
my $hashes = 20;
my $node   = users_server('platform', "jit = off\n", extra => [ '--encoding', 'UTF8' ]);

# Files of the example as somebody, the superuser here or there; what they print.
sub run_files
{
	my ($user, @files) = @_;

	return run_example(
		$node, 'magistrala', \@files,
		db   => $user eq 'there'          ? 'old' : 'postgres',
		user => $user =~ /^(here|there)$/ ? undef : $user,
		set  => { people => $people, hashes => $hashes });
}

sub query
{
	my ($sql) = @_;

	return $node->safe_psql('postgres', $sql);
}

sub is_empty
{
	my ($sql, $what) = @_;

	is(query($sql), '', $what);
	return;
}

# What the platform let them do is what they may do here.
sub same_permissions
{
	my ($what) = @_;

	run_files('mover', 'compare.sql');
	cmp_ok(query('SELECT count(*) FROM moving.theirs'), '>', 100000, "$what: there are permissions to compare");
	is_empty("SELECT * FROM moving.difference WHERE what = 'missing' LIMIT 10",  "$what: every permission is there");
	is_empty("SELECT * FROM moving.difference WHERE what = 'too much' LIMIT 10", "$what: and none more");
	return;
}

# ---- the platform

# Exactly those with a fault are refused, for it; of two with the same one is in.
sub refused_for_faults
{
	my ($what) = @_;
	is_empty(<<SQL, "$what: nobody is refused for what is no fault");
SELECT r.id, r.sqlstate, r.argument FROM moving.refused r WHERE r.kind = 'person'
EXCEPT SELECT id, sqlstate, argument FROM fault
SQL
	is_empty(<<SQL, "$what: everybody with a fault is refused");
SELECT id FROM fault WHERE sqlstate <> '23505' EXCEPT SELECT r.id FROM moving.refused r
SQL
	return;
}

sub fill
{
	my ($host, $port) = ($node->host, $node->port);

	query('CREATE DATABASE old');
	run_files('there', 'platform.sql', 'generate.sql');
	query(<<"SQL");
CREATE EXTENSION postgres_fdw;
CREATE SERVER platform FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'old');
CREATE USER MAPPING FOR CURRENT_USER SERVER platform;
CREATE SCHEMA remote;
IMPORT FOREIGN SCHEMA magistrala FROM SERVER platform INTO remote;
SQL
	run_files('here', 'platform.sql', 'copy.sql');
	is(query('SELECT count(*) FROM magistrala.users'), $people, 'there are people');
	is( query("SELECT count(DISTINCT action) FROM magistrala.domains_role_actions WHERE action <> 'thing_read'"),
		'64', 'domains have 64 actions');
	is(query('SELECT count(DISTINCT status) FROM magistrala.domains'), '4', 'in every status');
	query(slurp_file("$FindBin::RealBin/../lib/faults.sql"));
	is(query('SELECT count(DISTINCT (sqlstate, argument)) FROM fault'), '10', 'people have ten kinds of faults');
	run_files('here', 'prepare.sql');
	is( query("SELECT rolsuper OR rolcreaterole OR rolbypassrls FROM pg_roles WHERE rolname = 'mover'"), 'f',
		'who moves has no power but users_dba');
	return;
}

# ---- people

sub move_people
{
	run_example($node, 'magistrala', ['people.sql'], user => 'mover', set => { dry_run => 'true' });

	is(query('SELECT count(*) FROM users_accounts'), '0', 'a dry run imports nobody');
	refused_for_faults('dry run');
	my $refused = query("SELECT id, sqlstate, argument FROM moving.refused ORDER BY id");

	run_files('mover', 'people.sql');
	is( query("SELECT id, sqlstate, argument FROM moving.refused ORDER BY id"), $refused,
		'a dry run refuses who is refused');
	refused_for_faults('import');
	is_empty(<<'SQL', 'who is not refused is here');
(SELECT id FROM magistrala.users EXCEPT SELECT id FROM moving.refused) EXCEPT SELECT id::text FROM users_accounts
SQL

	run_files('mover', 'correct.sql', 'people.sql');
	is( query("SELECT DISTINCT sqlstate, argument FROM moving.refused ORDER BY 1, 2"),
		"22P02|id\n23505|email\nUS001|email", 'what was corrected gets in, what is to be decided does not');
	is_empty(<<'SQL', 'of two addresses that differ in case the first is here');
SELECT lower(email) FROM magistrala.users u GROUP BY 1
HAVING count(*) > 1 AND 1 <> (SELECT count(*) FROM users_accounts a WHERE lower(a.email) = lower(min(u.email)))
SQL
	my (undef, $stderr) = run_files('mover', 'people.sql');
	like($stderr, qr/\b0 imported, /, 'once more imports nobody');
	is_empty(<<'SQL', 'language and theme are known');
SELECT a.id FROM users_accounts a JOIN magistrala.users u ON u.id = a.id::text
 WHERE u.metadata -> 'ui' ->> 'theme' <> 'Neon'
   AND (a.language, a.theme) IS DISTINCT FROM (u.metadata -> 'ui' ->> 'language', u.metadata -> 'ui' ->> 'theme')
SQL
	is( query("SELECT count(*) FROM users_accounts WHERE metadata ?| '{ui,language,theme}'"), '0',
		'and in metadata no more');
	return;
}

# ---- domains

sub move_domains
{
	run_files('mover', 'application.sql', 'meaning.sql', 'domains.sql');
	is( query("SELECT DISTINCT kind, sqlstate, argument FROM moving.refused WHERE kind <> 'person' ORDER BY 1, 2"),
		"domain|23505|route\ndomain|US008|route\ninvitation|23505|invitee",
		'refused are domains for their routes, and invitations to a role that one holds');
	is_empty(<<'SQL', 'all of those hold it');
SELECT f.id FROM moving.refused f WHERE f.kind = 'invitation'
EXCEPT SELECT i.invitee_user_id || ' ' || i.domain_id FROM magistrala.invitations i
  JOIN magistrala.domains_role_members m ON (m.role_id, m.member_id) = (i.role_id, i.invitee_user_id)
SQL
	is_empty(
		"SELECT d.id FROM magistrala.domains d EXCEPT (SELECT o.id::text FROM users_domains o UNION SELECT r.id FROM moving.refused r)",
		'the others are here');

	run_files('mover', 'left.sql');
	is_empty(<<'SQL', 'no action is lost without a word');
SELECT r.id, action FROM moving.their_role r, unnest(r.actions) action
 WHERE NOT EXISTS (SELECT FROM moving.meaning m WHERE m.kind = r.kind AND m.actions <@ r.actions AND action = ANY (m.actions))
   AND NOT (action ~ '(add|remove|view)_role_users$'
		AND regexp_replace(action, '(add|remove|view)_role_users$', 'manage_role') = ANY (r.actions))
EXCEPT SELECT id, what FROM moving.left_behind WHERE kind = 'role'
SQL
	is( query("SELECT DISTINCT what FROM moving.left_behind WHERE why = 'no such action'"), 'thing_read',
		'nor one that nobody knows');

	same_permissions('moved');
	is_empty('SELECT * FROM moving.changed LIMIT 10', 'ids, times and the rest are as they were');
	cmp_ok(
		query(
			"SELECT count(*) FROM users_roles r JOIN magistrala.domains_roles t ON r.id = moving.id_of('role', t.id)"),
		'>', 100,
		'roles of domains have an id of their own each');

	my $state = join ' UNION ALL ',
	  map { "SELECT count(*) FROM users_$_" } qw(accounts domains roles role_members invitations);
	my $before = query($state);
	my ($stdout) = run_files('mover', 'people.sql', 'meaning.sql', 'domains.sql');
	like($stdout, qr/^0\n0\n0\n0$/m, 'once more moves nothing');
	is(query($state),                              $before, 'and changes nothing');
	is(query('SELECT count(*) FROM users_outbox'), '0',     'nobody was written to');
	return;
}

# What happened on the platform since it was copied: somebody signed up, and was
# put into a role; another copy brings both.
sub move_the_rest
{
	my $new = '00000000-0000-4000-8000-000000000001';

	$node->safe_psql('old', <<"SQL");
INSERT INTO magistrala.users (id, email, username, first_name, last_name, secret, created_at)
SELECT '$new', 'late\@example.org', 'late', 'Late', 'Comer',
	(SELECT secret FROM magistrala.users WHERE secret LIKE '\$2a\$10%' ORDER BY id LIMIT 1), now();
INSERT INTO magistrala.domains_role_members (role_id, member_id, entity_id)
SELECT r.id, '$new', r.entity_id FROM magistrala.domains_roles r JOIN magistrala.domains d ON d.id = r.entity_id
 WHERE r.name = 'operator' AND d.status = 0 ORDER BY r.id LIMIT 1;
SQL
	run_files('here', 'copy.sql');
	my ($stdout, $stderr) = run_files('mover', 'people.sql', 'application.sql', 'meaning.sql', 'domains.sql');
	like($stderr, qr/\b1 imported, /, 'who came later is imported');
	like($stdout, qr/^0\n0\n1\n0$/m,  'with the role');
	return;
}

# ---- whether the comparison would tell

sub comparison_tells
{
	# From somebody a role on a whole domain, to somebody without any one on a device.
	$node->safe_psql('postgres', <<'SQL');
CREATE TABLE taken AS
SELECT a.* FROM users.role_assignment a JOIN users.role r ON r.id = a.role_id JOIN users.domain d ON d.id = a.domain_id
  JOIN users.account c USING (user_id)
 WHERE r.built_in AND d.status = 'enabled' AND c.status = 'enabled' ORDER BY a.user_id LIMIT 1;
DELETE FROM users.role_assignment a USING taken t WHERE (a.user_id, a.role_id, a.object_type) = (t.user_id, t.role_id, '');
CREATE TABLE given AS
SELECT c.user_id, t.domain_id, t.role_id, 'device' AS object_type, v.id AS object_id, now() AS granted_at
  FROM taken t, app.device v, users.account c
 WHERE v.domain_id = t.domain_id AND c.status = 'enabled'
   AND NOT EXISTS (SELECT FROM users.role_assignment a WHERE a.user_id = c.user_id) AND c.user_id <> t.user_id
 ORDER BY v.id, c.user_id LIMIT 1;
INSERT INTO users.role_assignment (user_id, domain_id, role_id, object_type, object_id, granted_at) SELECT * FROM given;
SQL
	run_files('mover', 'compare.sql');
	is( query(
			"SELECT count(DISTINCT user_id), bool_and(user_id = (SELECT user_id::text FROM taken))
			  FROM moving.difference WHERE what = 'missing'"
		),
		'1|t',
		'the comparison tells of a role that is missing');
	is( query(
			"SELECT permission FROM moving.difference WHERE what = 'too much' AND user_id = (SELECT user_id::text FROM given) ORDER BY 1"
		),
		join("\n", map { "device:$_" } qw(connect create delete manage_roles read set_parent_group update)),
		'and of one that is too much');
	$node->safe_psql('postgres', <<'SQL');
INSERT INTO users.role_assignment SELECT * FROM taken;
DELETE FROM users.role_assignment a USING given g WHERE (a.user_id, a.role_id, a.object_id) = (g.user_id, g.role_id, g.object_id);
SQL
	return;
}

# ---- what services and policies hear of it

# users_check of some that are in the set, and of some that are not.
sub services_hear
{
	$node->safe_psql('postgres', <<'SQL');
CREATE ROLE gateway LOGIN; GRANT users_service TO gateway;
CREATE TABLE question AS
(SELECT t.user_id::uuid, t.permission, t.domain_id::uuid, t.object_id::uuid, true AS answer
  FROM moving.theirs t ORDER BY md5(t::text) LIMIT 1500)
UNION ALL
(SELECT a.id, p.permission, o.domain_id::uuid, o.id::uuid, false
  FROM (SELECT id FROM users_accounts ORDER BY md5(id::text) LIMIT 60) a,
	(SELECT * FROM moving.thing ORDER BY md5(id) LIMIT 60) o
  JOIN (SELECT object_type, object_type || ':' || unnest(actions) AS permission FROM users_object_types) p ON p.object_type = o.thing
 WHERE EXISTS (SELECT FROM users_domains d WHERE d.id::text = o.domain_id)
   AND NOT EXISTS (SELECT FROM users_accounts u WHERE u.id = a.id AND u.platform_role = 'admin')
   AND p.permission NOT LIKE '%:create'
   AND NOT EXISTS (SELECT FROM moving.theirs t WHERE (t.user_id, t.permission, t.object_id) = (a.id::text, p.permission, o.id)));
GRANT SELECT ON question TO gateway;
SQL
	cmp_ok(
		query('SELECT count(*) FROM question WHERE NOT answer'), '>', 1000,
		'there are questions that are answered by no');
	is( answer(
			$node,
			'SELECT count(*) FROM question q WHERE users_check(user_id, permission, domain_id, object_id) <> q.answer',
			user => 'gateway'),
		'0',
		'users_check answers as the platform did');
	is( query(
			"SELECT bool_and(users_check(id, 'device:delete', (SELECT min(id::text)::uuid FROM users_domains WHERE status = 'enabled')))
			  FROM users_accounts WHERE platform_role = 'admin'"
		),
		't',
		'administrators may everything, by their platform role');
	return;
}

# ---- signing in

# Everybody's old password, as the generator chose it.
my %old_password;
sub old_password
{
	my ($id) = @_;

	%old_password = map { /^(\d+)\|(.*)/ ? ($2 => 'old password ' . $1 % $hashes) : () } split /\n/,
	  query("SELECT n, md5('user ' || n)::uuid FROM generate_series(1, $people) n")
	  unless %old_password;
	return $old_password{$id};
}

sub sign_in_as
{
	my ($identifier, $word) = @_;

	return answer($node, <<SQL, user => 'application');
BEGIN; SET LOCAL ROLE users_anon; SELECT status, access_token FROM users_login('$identifier', '$word'); COMMIT;
SQL
}

# People whose row in the platform's table fits a condition: id, address, name.
sub some_people
{
	my ($condition, $limit) = @_;

	return map { [ split /\|/ ] } split /\n/, query(<<SQL);
SELECT a.id, a.email, a.username FROM users_accounts a JOIN magistrala.users u ON u.id = a.id::text
 WHERE $condition ORDER BY md5(u.id) LIMIT $limit
SQL
}

sub people_sign_in
{
	prepare_login($node, 'application');
	query(
		"ALTER SYSTEM SET users.max_failed_logins = 1000;
		ALTER SYSTEM SET users.max_failed_logins_per_address = 100000; SELECT pg_reload_conf()"
	);

	my $with_hash = "u.status = 0 AND u.secret LIKE '\$2a\$10%'";

	foreach my $person (
		some_people($with_hash, 20), some_people("$with_hash AND u.username IS DISTINCT FROM a.username", 5),
		some_people("$with_hash AND u.email <> lower(u.email)", 5))
	{
		my ($id, $email, $username) = @$person;
		my $word = old_password($id);

		like(sign_in_as($email, $word), qr/^ok\|/, "$email signs in with the old password");
		like(
			query("SELECT password_hash FROM users.credential WHERE user_id = '$id'"), qr/^\$argon2id\$/,
			'and the hash is made anew');
		like(sign_in_as(uc $username, $word),    qr/^ok\|/,                  'again, by the username in capitals');
		like(sign_in_as($username,    "$word!"), qr/^invalid_credentials\|/, 'and not with another one');
	}
	foreach my $person (some_people("u.status = 1 AND u.secret LIKE '\$2a\$10%'", 5))
	{
		like(sign_in_as($person->[1], old_password($person->[0])), qr/^disabled\|/, "$person->[1] is disabled");
	}
	foreach my $person (some_people("u.status = 2 AND u.secret LIKE '\$2a\$10%'", 5))
	{
		like(
			sign_in_as($person->[1], old_password($person->[0])), qr/^invalid_credentials\|/,
			"$person->[1] is deleted");
	}
	foreach my $person (
		some_people("u.status = 0 AND u.secret IS NULL",              3),
		some_people("u.status = 0 AND u.secret NOT LIKE '\$2a\$10%'", 3))
	{
		like(
			sign_in_as($person->[1], old_password($person->[0])), qr/^invalid_credentials\|/,
			"$person->[1] has no password here");
	}
	return;
}

# What people who sign in see of the application's table is what they could read.
sub see_devices
{
	foreach my $person (
		map { [ split /\|/ ] }
		split /\n/, query(<<'SQL'))
SELECT a.id, a.email, count(*) FROM moving.theirs t JOIN users_accounts a ON a.id::text = t.user_id
  JOIN magistrala.users u ON u.id = t.user_id
 WHERE t.permission = 'device:read' AND t.object_id IS NOT NULL AND u.role = 0 AND u.secret LIKE '$2a$10%'
 GROUP BY a.id, a.email ORDER BY count(*) % 5, md5(a.id::text) LIMIT 6
SQL
	{
		my ($id, $email, $count) = @$person;
		my ($status, $token) = split /\|/, sign_in_as($email, old_password($id));

		is( answer(
				$node,
				"BEGIN; SELECT users_authenticate('$token') IS NOT NULL; SELECT count(*) FROM app.device; COMMIT;",
				user => 'application'),
			"t\n$count",
			"$email sees $count devices");
	}
	return;
}

# ---- invitations

sub invitations
{
	is_empty(<<'SQL', 'pending invitations are here, and no others');
SELECT moving.id_of('invitation', i.invitee_user_id, i.domain_id), i.created_at FROM magistrala.invitations i
  JOIN users_accounts a ON a.id::text = i.invitee_user_id JOIN users_domains d ON d.id::text = i.domain_id
  JOIN users_accounts b ON b.id::text = i.invited_by
  JOIN users_roles r ON r.id = moving.id_of('role', i.role_id)
 WHERE i.confirmed_at IS NULL AND i.rejected_at IS NULL
   AND NOT EXISTS (SELECT FROM moving.refused f WHERE f.kind = 'invitation' AND f.id = i.invitee_user_id || ' ' || i.domain_id)
EXCEPT SELECT id, created_at FROM users_invitations WHERE status = 'pending'
SQL
	is_empty(<<'SQL', 'none that was answered');
SELECT u.id FROM users_invitations u JOIN magistrala.invitations i ON u.id = moving.id_of('invitation', i.invitee_user_id, i.domain_id)
 WHERE i.confirmed_at IS NOT NULL OR i.rejected_at IS NOT NULL
SQL

	# Somebody takes one whose sender still may give the role.
	my ($id, $email, $invitation, $domain, $role) = split /\|/, query(<<'SQL');
SELECT a.id, a.email, i.id, i.domain_id, i.role_id FROM users_invitations i
  JOIN users_domains d ON d.id = i.domain_id AND d.status = 'enabled'
  JOIN users_roles r ON r.domain_id = i.domain_id AND r.built_in
  JOIN users_role_members m ON m.role_id = r.id AND m.user_id = i.inviter_id
  JOIN users_accounts b ON b.id = i.inviter_id AND b.status = 'enabled'
  JOIN users_accounts a ON a.username = i.invitee AND a.status = 'enabled'
  JOIN magistrala.users u ON u.id = a.id::text AND u.secret LIKE '$2a$10%' AND u.role = 0
 WHERE NOT EXISTS (SELECT FROM users_role_members x WHERE x.user_id = a.id AND x.domain_id = i.domain_id)
 ORDER BY i.id LIMIT 1
SQL
	my ($status, $token) = split /\|/, sign_in_as($email, old_password($id));

	is( answer(
			$node,
			"BEGIN; SELECT users_authenticate('$token') IS NOT NULL; SELECT status FROM users_accept_invitation('$invitation'); COMMIT;",
			user => 'application'),
		"t\nok",
		'an invitation from there is accepted here');
	is( query("SELECT count(*) FROM users_role_members WHERE user_id = '$id' AND role_id = '$role'"), '1',
		'and gives its role');
	query("DELETE FROM users.role_assignment WHERE user_id = '$id' AND role_id = '$role'");
	return;
}

# ---- after the move

# What is put into a group later is followed by who holds roles on the group, when
# the application does as the guide says.
sub follow_groups
{
	$node->safe_psql('postgres', <<'SQL');
CREATE TABLE moving.later AS
SELECT gen_random_uuid() AS id, g.id AS group_id, g.domain_id FROM magistrala.groups g
  JOIN users_domains d ON d.id::text = g.domain_id AND d.status = 'enabled'
 WHERE g.parent_id IS NOT NULL ORDER BY (SELECT count(*) FROM moving.holding h WHERE h.object_id = g.id::uuid) DESC, g.id LIMIT 3;
INSERT INTO magistrala.clients (id, name, domain_id, parent_group_id) SELECT id, 'Later', domain_id, group_id FROM moving.later;
INSERT INTO app.device (id, domain_id, group_id, name) SELECT id, domain_id::uuid, group_id::uuid, 'Later' FROM moving.later;
GRANT SELECT ON moving.later TO mover;
SQL
	cmp_ok(answer($node, <<'SQL', user => 'mover'), '>', 5, 'who holds roles on the group gets them on a new device');
SELECT count((SELECT g.role_id FROM users_grant_role(m.role_id, m.user_id, 'device', l.id) g))
  FROM moving.later l JOIN users_role_members m ON m.object_type = 'group' AND m.object_id = l.group_id::uuid
  JOIN users_accounts a ON a.id = m.user_id AND a.status = 'enabled'
SQL
	same_permissions('a device that came later');
	return;
}

# What a status hides was moved too: everything is opened on both sides.
sub open_everything
{
	$node->safe_psql('postgres', <<'SQL');
UPDATE magistrala.users SET status = 0;
UPDATE magistrala.domains SET status = 0;
SELECT count(users_restore_domain(id)) FROM users_domains WHERE status = 'deleted';
SELECT count(users_set_domain_status(id, 'enabled')) FROM users_domains WHERE status <> 'enabled';
SELECT count(users_restore_user(id)) FROM users_accounts WHERE status = 'deleted';
SELECT count(users_enable_user(id)) FROM users_accounts WHERE status = 'disabled';
SQL
	is_empty(
		"SELECT id FROM users_domains WHERE status <> 'enabled' UNION SELECT id FROM users_accounts WHERE status <> 'enabled'",
		'everything is open');
	same_permissions('with everything open');
	return;
}

sub finish
{
	run_files('here', 'finish.sql');
	is_empty(
		"SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE m.roleid = 'users_dba'::regrole",
		'nobody may import any more');
	is_empty("SELECT nspname FROM pg_namespace WHERE nspname IN ('moving', 'magistrala')", 'the copies are gone');
	is( answer($node, "SELECT users_import('a\@example.org', 'a')", user => 'gateway'), '42501',
		'a service does not import');
	is_empty(
		"SELECT name, detail FROM users_health() WHERE NOT ok
		   AND name IN ('protected_tables', 'open_views', 'foreign_objects', 'table_grants')",
		'the tables are healthy');
	return;
}

fill();
move_people();
move_domains();
move_the_rest();
comparison_tells();
services_hear();
people_sign_in();
see_devices();
invitations();
open_everything();
follow_groups();
finish();
$node->stop;
done_testing();
