# Whatever is stored is no secret: after a life with everything in it, each value
# of each column, each string of the write-ahead log and each line of a dump is
# presented to every function that takes a secret. Tokens of another database;
# and what a stolen dump is good for, with a key file and without one. (S27 S43)
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use PostgreSQL::Test::Utils;
use Test::More;
use UsersTest;

my $folder = PostgreSQL::Test::Utils::tempdir;
my $lib    = "$FindBin::RealBin/../lib";
my $conf   = <<'CONF';
users.max_mail_requests = 1000
users.max_failed_logins = 1000
users.max_failed_logins_per_identifier = 10000
log_min_messages = fatal
CONF
# Verified quickly: of "seven wet horses sing", over 8 kB.
my $cheap = '$argon2id$v=19$m=8,t=1,p=1$TeUcgepG+/41Zv3yrZC8Ug$RRUsj4JXCbTwOxtLeiCW7jRdS3BXUJCXvapPF1Bt3tY';

# ---- a life

# People with all that can happen to them. Tokens that hold, by kind, and those
# that held once.
sub populate
{
	my ($node, %params) = @_;
	my $said = answer($node, <<SQL, %params);
\\set QUIET 1
\\i $lib/answer.sql
\\i $lib/mail.sql
CREATE FUNCTION pg_temp.live(kind text, token text) RETURNS text LANGUAGE sql AS \$\$ SELECT 'token: ' || kind || '|' || coalesce(token, 'none') \$\$;
SELECT count(pg_temp.person(name)) FROM unnest('{ann,tom,cai,dan,eve}'::text[]) name;
CREATE TEMP TABLE s AS SELECT name, l.* FROM unnest('{ann,tom,cai,dan,eve}'::text[]) name, LATERAL users_login(name, 'seven wet horses sing') l;
CREATE FUNCTION pg_temp.access(which text) RETURNS text LANGUAGE sql AS \$\$ SELECT access_token FROM s WHERE name = which \$\$;
SELECT users_create_domain('Acme', 'acme', owner_id => users_id('ann'));
-- What ends: spent, changed, disabled, deleted, signed out.
SELECT pg_temp.answer(pg_temp.ask('reset', name || '\@example.org'), 'users_anon') FROM unnest('{cai,dan,eve}'::text[]) name;
SELECT pg_temp.fetch();
SELECT pg_temp.live('dead', refresh_token) FROM s WHERE name IN ('tom', 'cai', 'dan', 'eve');
SELECT pg_temp.live('dead', access_token) FROM s WHERE name IN ('cai', 'dan', 'eve');
SELECT pg_temp.live('dead', data ->> 'token') FROM post WHERE kind = 'reset_password';
CREATE TEMP TABLE r AS SELECT r.* FROM s, LATERAL users_refresh(refresh_token) r WHERE name = 'tom';
UPDATE users.session SET refreshed_at = refreshed_at - interval '1 hour';
SELECT pg_temp.answer('SELECT status FROM users_change_password(''seven wet horses sing'', ''nine old cats yodel'', ''nine old cats yodel'')', pg_temp.access('cai'));
SELECT users_disable_user(users_id('dan'));
SELECT pg_temp.answer('SELECT status FROM users_delete_account(''seven wet horses sing'')', pg_temp.access('eve'));
SELECT status FROM users_login('ann', 'a wrong one');
SELECT pg_temp.live('dead', refresh_token), pg_temp.live('dead', access_token), o.status FROM users_login('cai', 'nine old cats yodel') l, LATERAL users_logout(l.refresh_token) o;
SELECT pg_temp.live('dead', ticket) FROM users_verify_password('ann', 'seven wet horses sing') v, LATERAL users_login_ticket(v.ticket);
SELECT state FROM users_rotate_key();
SET users.signing_algorithm = 'HS256';
SELECT pg_temp.live('access', access_token) FROM users_login('cai', 'nine old cats yodel');
RESET users.signing_algorithm;
-- What holds.
SELECT pg_temp.answer(pg_temp.move('ann\@new.example'), pg_temp.access('ann'));
SELECT pg_temp.answer(pg_temp.ask(function, email), 'users_anon') FROM (VALUES ('reset', 'ann\@example.org'), ('verification', 'ann\@example.org'), ('registration', 'new\@example.org')) v (function, email);
SELECT pg_temp.answer(format('SELECT status FROM users_invite(%L, ''new\@example.org'')', id), pg_temp.access('ann')) FROM users_roles WHERE name = 'viewer';
SELECT pg_temp.live('issued', pg_temp.token_of(url)) FROM users_issue_reset(users_id('ann'), false);
SELECT pg_temp.live('welcome by hand', pg_temp.token_of(url)) FROM users_create_user('hand\@example.org', 'hand', 'Eve', 'Elm', send_mail => false);
SELECT users_create_user('wel\@example.org', 'wel', 'Eve', 'Elm') IS NULL;
SELECT pg_temp.fetch();
SELECT pg_temp.live(kind, token) FROM (VALUES ('access', pg_temp.access('ann')), ('refresh', (SELECT refresh_token FROM s WHERE name = 'ann')), ('access', (SELECT access_token FROM r)), ('refresh', (SELECT refresh_token FROM r)),
	('reset', pg_temp.token('reset_password', 'ann%')), ('welcome', pg_temp.token('welcome')), ('verify', pg_temp.token('verify_email', 'ann\@example%')), ('verify new', pg_temp.token('verify_email', 'ann\@new%')),
	('registration', pg_temp.token('registration', 'new%')), ('invitation', pg_temp.token('invitation'))) v (kind, token);
SQL
	my %tokens;

	push @{ $tokens{$1} }, $2 while $said =~ /token: ([a-z ]+)\|([\w.-]+)/g;
	is(
		join(', ', map { "$_ " . @{ $tokens{$_} } } sort keys %tokens),
		'access 3, dead 13, invitation 1, issued 1, refresh 2, registration 1, reset 1, verify 1, verify new 1, welcome 1, welcome by hand 1',
		'tokens of every kind, some of which hold');
	return \%tokens;
}

sub living
{
	my ($tokens) = @_;

	return map { @{ $tokens->{$_} } } grep { $_ ne 'dead' } sort keys %$tokens;
}

# ---- presenting

# What a server says of strings, presented to all doors for tokens, and with
# passwords => 1 to all for ann's password: a hash of those that open something,
# with what they open.
sub opened
{
	my ($node, $secrets, %params) = @_;
	my $file  = "$folder/candidates";
	my %seen  = map { unpack('H*', $_) => 1 } @$secrets;
	my $which = $params{passwords} ? 'passwords' : 'opens';

	write_file($file, join('', map { "$_\n" } sort keys %seen), 0644);
	my $said = answer($node, <<SQL, %params);
\\set QUIET 1
SET client_min_messages = error;
\\i $lib/answer.sql
\\i $lib/doors.sql
SELECT pg_temp.answer('SELECT users_create_user(''visitor\@example.org'', ''visitor'', ''V'', ''V'', ''seven wet horses sing'')');
INSERT INTO visitor SELECT access_token FROM users_login('visitor', 'seven wet horses sing');
CREATE TEMP TABLE s AS SELECT access_token FROM users_login('ann', 'seven wet horses sing');
UPDATE users.credential SET password_hash = '$cheap' WHERE user_id = users_id('ann');
CREATE TEMP TABLE candidate (n integer GENERATED ALWAYS AS IDENTITY, hex text);
COPY candidate (hex) FROM '$file';
CREATE FUNCTION pg_temp.passwords(secret text) RETURNS text LANGUAGE sql AS
\$\$ SELECT string_agg(d.door, ' ') FROM password_doors d
    WHERE pg_temp.answer(format(d.statement, secret), CASE WHEN d.signed_in THEN (TABLE s) END, true) <> d.refusal \$\$;
SELECT format('SELECT users_unlock(users_id(''ann''))'),
       format('SELECT ''open: '' || hex || ''|'' || door FROM candidate, LATERAL (SELECT pg_temp.$which(convert_from(decode(hex, ''hex''), ''UTF8''))) v (door) WHERE n BETWEEN %s AND %s AND door IS NOT NULL; TRUNCATE heard', n, n + 99)
  FROM generate_series(1, (SELECT count(*) FROM candidate), 100) n
\\gexec
SELECT 'presented: ' || count(*) FROM candidate;
SQL
	my %open;

	like($said, qr/^presented: @{[ scalar keys %seen ]}$/m, scalar(keys %seen) . " strings are presented: $which");
	$open{ pack 'H*', $1 } = $2 while $said =~ /open: ([0-9a-f]*)\|([a-z_ ]+)/g;
	return \%open;
}

# ---- what is stored

# Each value in each row of our tables, of every kind of object in it, as it is
# and in other spellings; and each row.
sub column_values
{
	my ($node, %params) = @_;
	my @hex = split /\n/, answer($node, <<'SQL', %params);
CREATE TEMP TABLE value (v text);
SELECT format('INSERT INTO value SELECT t::text FROM users.%1$I t UNION ALL SELECT v #>> ''{}'' FROM users.%1$I t, LATERAL jsonb_path_query(to_jsonb(t), ''$.**'') v', relname)
  FROM pg_class WHERE relnamespace = 'users'::regnamespace AND relkind = 'r'
\gexec
WITH binary_value (b) AS (
	SELECT CASE WHEN v ~ '^\\x([0-9a-f]{2})*$' THEN v::bytea ELSE uuid_send(v::uuid) END FROM value WHERE v ~ '^(\\x([0-9a-f]{2})*|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$')
SELECT DISTINCT encode(convert_to(v, 'UTF8'), 'hex') FROM (
	SELECT v FROM value UNION ALL SELECT encode(b, 'hex') FROM binary_value UNION ALL SELECT translate(encode(b, 'base64'), E'\n', '') FROM binary_value
	UNION ALL SELECT translate(encode(b, 'base64'), E'+/=\n', '-_') FROM binary_value) t WHERE v <> '';
SQL

	return map { pack 'H*', $_ } @hex;
}

# A dump by lines, by fields, and by words.
sub dump_values
{
	my ($node, $name) = @_;
	my $file = "$folder/$name.sql";
	my @values;

	$node->command_ok([ 'pg_dump', '-d', 'postgres', '-f', $file ], 'pg_dump');
	foreach my $line (split /\n/, slurp_file($file))
	{
		push @values, $line, split(/\t/, $line), words($line);
	}
	return grep { length } @values;
}

# What could be a secret in a text: words, what begins as a JWT does, and where
# a word is longer than a token, each part of it that is as long as one.
sub words
{
	my ($text) = @_;
	my @found = grep { length >= 8 } split /[^\w.-]+/, $text;

	while ($text =~ /(?=(eyJ[\w-]+\.[\w-]+\.)([\w-]+))/g)
	{
		my ($claims, $signature) = ($1, $2);

		push @found, map { $claims . substr($signature, 0, $_) } grep { length $signature >= $_ } 43, 86;
	}
	foreach my $length (86, 118)
	{
		push @found, $1 while $text =~ /(?=([\w-]{$length}))/g;
	}
	return @found;
}

# The strings of the write-ahead log from a segment on, across the headers of its
# pages.
sub log_strings
{
	my ($node, $first) = @_;
	my $folder = $node->data_dir . '/pg_wal';
	my $log    = '';
	my @found;

	foreach my $file (sort grep { /^[0-9A-F]{24}$/ && $_ gt $first } slurp_dir($folder))
	{
		my $segment = slurp_file("$folder/$file");

		$log .= substr($segment, $_ * 8192 + ($_ ? 24 : 40), 8192 - ($_ ? 24 : 40)) for 0 .. length($segment) / 8192 - 1;
	}
	while ($log =~ /([\x20-\x7e]{8,})/g)
	{
		push @found, $1, words($1);
	}
	return @found;
}

sub replayed
{
	my $node   = users_server('origin', $conf);
	my $first  = $node->safe_psql('postgres', 'SELECT pg_walfile_name(pg_switch_wal())');
	my $tokens = populate($node);
	my @living = living($tokens);
	my (%values, %open, %seen);

	# That what is there would be found: three tokens, each with something before and after it.
	my @planted = ($tokens->{access}[0], $tokens->{refresh}[0], $tokens->{reset}[0]);
	my $places  = join ', ', map { "('x: $_;')" } @planted;

	%open = %{ opened($node, [ @living, @{ $tokens->{dead} } ]) };
	is(join("\n", sort keys %open), join("\n", sort @living), 'tokens that hold open something, and no others');
	$node->safe_psql('postgres', "CREATE TABLE planted (v text); INSERT INTO planted VALUES $places");
	$values{columns} = [ column_values($node) ];
	$values{dump}    = [ dump_values($node, 'origin') ];
	$values{log}     = [ log_strings($node, $first) ];
	cmp_ok(scalar @{ $values{$_} }, '>', 1000, "there is much in the $_") for qw(columns dump log);

	%seen = map { $_ => 1 } @{ $values{columns} };
	%open = %{ opened($node, $values{columns}) };
	is(join("\n", %open), '', 'no value of a column opens anything');
	foreach my $source (qw(dump log))
	{
		# What was presented already is not again, but for what was planted.
		%open = %{ opened($node, [ grep { !$seen{$_}++ } @{ $values{$source} } ]) };
		is(join("\n", sort keys %open), join("\n", sort @planted), "nor does the $source: but what was planted");
		delete @seen{@planted};
	}
	%open = %{ opened($node, [ grep { length() >= 8 && length() <= 1024 } map { @$_ } values %values ], passwords => 1) };
	is(join("\n", %open), '', 'and nothing is a password');
	%open = %{ opened($node, ['seven wet horses sing'], passwords => 1) };
	is($open{'seven wet horses sing'}, join(' ', qw(users_login users_verify_password users_confirm_password users_change_password users_change_email users_delete_account)),
		'(the password is one)');
	return ($node, $tokens);
}

# ---- another database (S68)

# The same names, and nothing in common.
sub other_database
{
	my ($node, $tokens) = @_;
	my %other = (db => 'other');
	my $others;

	$node->safe_psql('postgres', 'CREATE DATABASE other');
	$node->safe_psql('other',    'CREATE EXTENSION users');
	$others = populate($node, %other);
	is(join("\n", %{ opened($node, [ living($tokens) ], %other) }), '', 'tokens of one database open nothing in the other');
	is(join("\n", %{ opened($node, [ living($others) ]) }),         '', 'nor the other way round');
	is(join("\n", sort keys %{ opened($node, [ living($others) ], %other) }), join("\n", sort(living($others))),
		'(at home they do)');
	return;
}

# ---- a stolen dump

# A server that a thief has: what was dumped, and all rights over it.
sub steal
{
	my ($from, $name) = @_;
	my $thief = new_server($name);

	$from->command_ok([ 'pg_dumpall', '--globals-only', '-f', "$folder/$name.globals" ], 'pg_dumpall -g');
	$from->command_ok([ 'pg_dump', '-d', 'postgres', '-f', "$folder/$name.sql" ],         'pg_dump');
	$thief->append_conf('postgresql.conf', $conf);
	$thief->start;
	is(run_file($thief, 'postgres', "$folder/$name.$_"), '', "$name restores $_") for qw(globals sql);
	return $thief;
}

# Has every mail with a link sent again; its tokens.
sub mail_again
{
	my ($node) = @_;
	my $said = answer($node, <<'SQL');
UPDATE users.mail SET state = 'claimed', attempts = 1, sent_at = NULL, next_attempt_at = clock_timestamp() WHERE link_id IS NOT NULL;
SELECT data ->> 'token' FROM users_claim_mail(1000) WHERE data ? 'token'
SQL
	return split /\n/, $said;
}

# The root key in the table is in the dump: its thief mails the very links again.
sub without_key_file
{
	my ($origin, $tokens) = @_;
	my $thief = steal($origin, 'thief');

	is(join("\n", sort(mail_again($thief))), join("\n", sort map { @{ $tokens->{$_} } } ('reset', 'welcome', 'verify', 'verify new', 'registration', 'invitation')),
		'without a key file a stolen dump mints the links that were mailed');
	$thief->stop;
	return;
}

# With a key file it mints nothing, and what the thief signs with a key of their
# own, over the very same rows, the owner of the dump does not know.
sub with_key_file
{
	my $origin;
	my ($tokens, $thief, $minted, @minted);

	write_file("$folder/root", random_key(), 0600);
	write_file("$folder/own",  random_key(), 0600);
	$origin = users_server('keyfile', "${conf}users.key_file = '$folder/root'\n");
	$tokens = populate($origin);
	$thief  = steal($origin, 'thief_of_keyfile');
	is(answer($thief, "SELECT * FROM $_->[1]"), '55000', "a stolen dump cannot $_->[0]")
	  for (
		[ 'sign in',          q{users_login('ann', 'seven wet horses sing')} ],
		[ 'sign up',          q{users_register('ivy@example.org', 'ivy', 'seven wet horses sing', 'Ivy', 'Ip')} ],
		[ 'refresh',          "users_refresh('$tokens->{refresh}[0]')" ],
		[ 'rotate the key',   'users_rotate_key()' ],
		[ 'mint a link',      q{users_issue_reset(users_id('ann'), false)} ],
		[ 'mint a welcome',   q{users_create_user('ivy@example.org', 'ivy', 'Ivy', 'Ip', send_mail => false)} ]);
	is(join(' ', mail_again($thief)), '55000', 'nor mail one again');

	# The rows as they were dumped, and another root key.
	$thief->safe_psql('postgres', <<SQL);
CREATE TABLE kept_link AS TABLE users.link;
CREATE TABLE kept_version AS SELECT user_id, link_version FROM users.account;
ALTER SYSTEM SET users.key_file = '$folder/own';
SQL
	$thief->reload;
	$thief->poll_query_until('postgres', "SELECT current_setting('users.key_file') = '$folder/own'") or die 'no reload';
	is(answer($thief, 'SELECT users_renew_root_key()'), 't', 'the thief has a key of their own');
	$thief->safe_psql('postgres', <<'SQL');
DELETE FROM users.link;
INSERT INTO users.link TABLE kept_link;
UPDATE users.account a SET link_version = k.link_version FROM kept_version k WHERE k.user_id = a.user_id;
SQL
	$minted = answer($thief, q{SELECT access_token, refresh_token FROM users_login('ann', 'seven wet horses sing'); SELECT regexp_replace(url, '.*token=', '') FROM users_issue_reset(users_id('ann'), false)});
	@minted = (split(/[|\n]/, $minted), mail_again($thief));
	is(scalar @minted, 9, 'and mints tokens of every kind');
	is(join("\n", sort keys %{ opened($thief, \@minted) }), join("\n", sort @minted), 'which open there what they are for');
	is(join("\n", %{ opened($origin, \@minted) }), '', 'and at home nothing');
	is(join("\n", sort keys %{ opened($origin, [ living($tokens) ]) }), join("\n", sort(living($tokens))), 'where the true ones hold');
	$_->stop for ($thief, $origin);
	return;
}

my ($origin, $tokens) = replayed();
other_database($origin, $tokens);
without_key_file($origin, $tokens);
$origin->stop;
with_key_file();
done_testing();
