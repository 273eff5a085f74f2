# A house and a harbour, six people with roles in them, and the tables that their
# roles protect.
package HarbourTest;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use Test::More;
use UsersTest;

our @EXPORT = qw(
  %rows $names
  populate_harbour told everybody_reads everybody_writes
);

# What everybody reads; nobody else reads these.
our %rows = (
	ann => 'heater lamp pump',               # admin of the house
	ben => 'buoy crane heater lamp pump',    # editor of the house, admin of the harbour
	cat => 'heater lamp pump',               # viewer of the house
	dan => 'buoy',                           # on that device alone
	eve => '',                               # nobody
	fay => 'lamp',                           # may create, and owns that
);

# A server's people, with tokens; and their tables.
sub populate_harbour
{
	my ($node) = @_;
	my %people = map { $_ => sign_up($node, $_) } sort keys %rows;
	my %id     = map { $_ => $people{$_}{user_id} } keys %people;

	prepare_login($node, 'application');
	$node->safe_psql('postgres', <<SQL);
CREATE ROLE gateway LOGIN; GRANT users_service TO gateway;
CREATE ROLE app_owner;
SELECT users_setup_owner('app_owner');
GRANT CREATE ON SCHEMA public TO app_owner;
SET ROLE app_owner;
CREATE TABLE device (id uuid PRIMARY KEY, domain_id uuid, owner uuid REFERENCES users.person_id (user_id), name text);
CREATE TABLE reading (device_id uuid, domain_id uuid, day date, value integer) PARTITION BY RANGE (day);
CREATE TABLE reading_old PARTITION OF reading DEFAULT;
CREATE TABLE report (id uuid PRIMARY KEY, domain_id uuid, name text);
SELECT users_protect('device', 'device', owner_column => 'owner');
SELECT users_protect('reading', 'device', id_column => 'device_id');
RESET ROLE;
SELECT users_define_object_type('device', '{calibrate}', 'device');
SELECT users_define_object_type('report');
SET ROLE app_owner;
SELECT users_protect('report', 'report');
RESET ROLE;
SELECT users_define_object_type('report', relation => 'report');
SELECT users_create_domain('House', 'house', owner_id => '$id{ann}'), users_create_domain('Harbour', 'harbour', owner_id => '$id{ben}');
SELECT users_create_role(id, 'maker', '{device:create}') FROM users_domains WHERE route = 'house';
CREATE FUNCTION grant_role(place text, role text, who uuid, device uuid DEFAULT NULL) RETURNS void LANGUAGE sql AS \$\$
	SELECT users_grant_role(r.id, who, CASE WHEN device IS NOT NULL THEN 'device' END, device)
	  FROM users_roles r JOIN users_domains d ON d.id = r.domain_id WHERE d.route = place AND r.name = role \$\$;
INSERT INTO device SELECT v.id::uuid, d.id, v.owner::uuid, v.name
  FROM (VALUES ('00000000-0000-0000-0000-00000000000a', 'house', NULL, 'heater'), ('00000000-0000-0000-0000-00000000000b', 'house', NULL, 'pump'),
               ('00000000-0000-0000-0000-00000000000c', 'house', '$id{fay}', 'lamp'), ('00000000-0000-0000-0000-00000000000d', 'harbour', NULL, 'buoy'),
               ('00000000-0000-0000-0000-00000000000e', 'harbour', NULL, 'crane')) v (id, place, owner, name)
  JOIN users_domains d ON d.route = v.place;
INSERT INTO reading SELECT id, domain_id, date '2020-01-01', 1 FROM device;
SELECT grant_role('house', 'editor', '$id{ben}'), grant_role('house', 'viewer', '$id{cat}'), grant_role('house', 'maker', '$id{fay}'),
       grant_role('harbour', 'viewer', '$id{dan}', '00000000-0000-0000-0000-00000000000d');
SQL
	return \%people;
}

# What statements answer somebody, in one transaction; of several, the last.
sub told
{
	my ($node, $person, $sql, %params) = @_;
	my $answer = answer($node, <<SQL, user => 'application', %params);
BEGIN @{[ $params{mode} // '' ]};
SELECT users_authenticate('$person->{access}') IS NOT NULL;
$sql;
COMMIT;
SQL

	return $answer =~ /^t\n?(.*)$/s ? $1 : $answer;
}

# As somebody: the names they read.
our $names = q(SELECT coalesce(string_agg(name, ' ' ORDER BY name), '') FROM device);

# Everybody reads exactly their rows, and as many of the table that goes with
# them.
sub everybody_reads
{
	my ($node, $people, $what, %params) = @_;

	foreach my $name (sort keys %rows)
	{
		my $count = () = $rows{$name} =~ /\w+/g;
		my $own   = $name eq 'fay' ? 0 : $count;    # readings have no owner

		is(told($node, $people->{$name}, "$names; SELECT count(*) FROM reading", %params),
			"$rows{$name}\n$own", "$what: $name reads '$rows{$name}'");
	}
	is(answer($node, 'SET ROLE users_anon; SELECT count(*) FROM device', %params), '42501', "$what: nobody reads none");
	is(answer($node, 'SET ROLE users_member; SELECT count(*) FROM device', %params),
		'0', "$what: nor does a member without a token");
	return;
}

# And does what they may, which is undone.
sub everybody_writes
{
	my ($node, $people, $what, %params) = @_;
	my @cases = (
		[ 'ann', "DELETE FROM device RETURNING name",           3 ],
		[ 'ben', "UPDATE device SET name = 'x' RETURNING name", 5 ],
		[ 'cat', "UPDATE device SET name = 'x' RETURNING name", 0 ],
		[ 'dan', "UPDATE device SET name = 'x' RETURNING name", 0 ],
		[ 'fay', "UPDATE device SET name = 'x' RETURNING name", 1 ],
		[ 'fay', "DELETE FROM device RETURNING name",           1 ],
		[ 'eve', "DELETE FROM device RETURNING name",           0 ]);

	foreach my $case (@cases)
	{
		my ($name, $sql, $count) = @$case;

		is(told($node, $people->{$name}, "WITH c AS ($sql) SELECT count(*) FROM c; ROLLBACK", %params),
			$count, "$what: $name: $sql: $count");
	}
	my $make =
	  "INSERT INTO device (id, domain_id, name) SELECT gen_random_uuid(), id, 'new' FROM users_domains WHERE route";

	is( told(
			$node, $people->{fay}, "WITH c AS ($make = 'house' RETURNING owner) SELECT owner FROM c; ROLLBACK", %params
		),
		$people->{fay}{user_id},
		"$what: who creates owns it");
	is(told($node, $people->{cat}, "$make = 'house'", %params), '42501', "$what: who may not create does not");
	is( told(
			$node,
			$people->{ben},
			"UPDATE device SET domain_id = (SELECT id FROM users_domains WHERE route = 'house') WHERE name = 'crane'; $names; ROLLBACK",
			%params),
		$rows{ben},
		"$what: a row moves where one may do both");
	is(told($node, $people->{fay}, "UPDATE device SET id = gen_random_uuid()", %params),
		'42501', "$what: a row keeps its id");
	return;
}

1;
