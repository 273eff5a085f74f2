# Every kind of mail in every language, from the call that causes it to a real
# SMTP server: each arrives, is a sound message whatever names are in it, and
# its link works.
use strict;
use warnings FATAL => 'all';
use utf8;

use FindBin;
use lib "$FindBin::RealBin/lib";

use Encode qw(decode_utf8 encode_utf8);
use PostgreSQL::Test::Utils;
use RelayTest;
use Test::More;
use UsersTest;

plan skip_all => "no $relay; make -C relay builds it" unless -x $relay;
plan skip_all => 'no aiosmtpd for /usr/bin/python3'   unless can_serve_smtp();

my @kinds = qw(account_deleted already_registered email_change_requested email_changed invitation
  invitation_accepted invitation_rejected new_sign_in password_changed registration reset_password
  verify_email welcome);
my %with_link = map { $_ => 1 } qw(invitation registration reset_password verify_email welcome);
# What sign-up lets through, and what of it must not get into HTML as it is.
my $first = q{<script>alert("1")</script>};
my $last  = q{O'Brook & Žarko "😀" {{link}} } . 'ž' x 60;

my ($cert, $key) = make_certificate();
my $smtp = start_smtp(cert => $cert, key => $key, user => 'app', password => 'secret');
# Only UTF8 holds all of the built-in templates.
my $node = users_server('kinds', encode_utf8(<<'CONF'), extra => [ '--encoding=UTF8', '--locale=C' ]);
users.mail_kinds_off = ''
users.max_mail_requests = 100
users.product_name = 'Luka "Ž" <b>&'
CONF
my %relay = (
	DATABASE      => $node->connstr('postgres') . ' user=mailer',
	FROM          => 'Accounts <accounts@example.org>',
	SMTP_URL      => "smtp://localhost:$smtp->{port}",
	SMTP_TLS      => 'required',
	SMTP_CA_FILE  => $cert,
	SMTP_USER     => 'app',
	SMTP_PASSWORD => 'secret',
	BATCH         => 100);

$node->safe_psql('postgres', 'CREATE ROLE mailer LOGIN IN ROLE users_relay');
$node->safe_psql('postgres', "INSERT INTO users.language (code, name) VALUES ('sr-Cyrl', 'Serbian')");

sub run_sql
{
	my ($sql) = @_;

	return decode_utf8($node->safe_psql('postgres', encode_utf8($sql)));
}

# Somebody who reads a language; the tokens.
sub person
{
	my ($name, $language) = @_;

	return $node->safe_psql('postgres', encode_utf8(<<SQL));
SELECT access_token FROM users_register('$name\@example.org', '$name', '$password',
       \$\$$first\$\$, \$\$$last\$\$, language => '$language')
SQL
}

# Causes all of them but invitations' for people whose names end with $l.
sub cause
{
	my ($language, $l) = @_;
	my $reader  = person("reader-$l",  $language);
	my $changer = person("changer-$l", $language);
	my $leaver  = person("leaver-$l",  $language);

	run_sql("ALTER SYSTEM SET users.default_language = '$language'");
	run_sql('SELECT pg_reload_conf()');
	$node->poll_query_until('postgres', "SELECT current_setting('users.default_language') = '$language'") or die;
	run_sql(<<SQL);
SELECT users_create_user('newcomer-$l\@example.org', 'newcomer-$l', \$\$$first\$\$, \$\$$last\$\$, language => '$language');
SELECT users_request_registration('stranger-$l\@example.org');
SELECT users_request_registration('reader-$l\@example.org');
SELECT users_request_verification('reader-$l\@example.org');
SELECT users_request_reset('reader-$l\@example.org');
SET users.user_agent = 'Browser <i>';
SELECT status FROM users_login('reader-$l', '$password', 'A "new" <device>');
BEGIN;
SELECT users_authenticate('$changer');
SELECT status FROM users_change_email('$password', 'changed-$l\@example.org');
COMMIT;
BEGIN;
SELECT users_authenticate('$leaver');
SELECT status FROM users_delete_account('$password');
COMMIT;
SQL
	return;
}

# Rows as users_invite and the relay's claim make them, with names that no
# function would let in.
sub invite
{
	my ($language, $l) = @_;
	my $data = q{jsonb_build_object('domain_name', E'Evil\r\nBcc: evil@example.org\r\n\r\n<script>' || repeat('x', 1100),}
	  . q{ 'role_name', 'editor', 'inviter_name', E'A\nB', 'invitee_name', E'C\rX-Evil: 1')};

	run_sql(<<SQL);
WITH person AS (SELECT user_id, email, link_version FROM users.account WHERE email = 'reader-$l\@example.org'),
domain AS (
	INSERT INTO users.domain (id, name, route, created_at, updated_at)
	VALUES (gen_random_uuid(), 'Farm', 'farm-$l', now(), now()) RETURNING id),
role AS (
	INSERT INTO users.role (id, domain_id, name, permissions, created_at, updated_at)
	SELECT gen_random_uuid(), id, 'editor', '{}', now(), now() FROM domain RETURNING id, domain_id),
invitation AS (
	INSERT INTO users.invitation (id, domain_id, role_id, invitee, invitee_key, by_email, created_at, expires_at)
	SELECT gen_random_uuid(), domain_id, role.id, email, lower(email), true, now(), now() + interval '7 days' FROM role, person
	RETURNING id),
made AS (
	INSERT INTO users.link (user_id, id, kind, recipient, version, nonce, created_at, invitation_id)
	SELECT user_id, gen_random_uuid(), 'invitation', email, link_version, decode(repeat('ab', 16), 'hex'), now(), invitation.id
	  FROM person, invitation
	RETURNING id)
INSERT INTO users.mail (user_id, id, class, kind, recipient, language, link_id, data, created_at, next_attempt_at)
SELECT user_id, gen_random_uuid(), 3, kind, email, '$language', CASE kind WHEN 'invitation' THEN made.id END, $data, now(), now()
  FROM person, made, unnest(ARRAY['invitation', 'invitation_accepted', 'invitation_rejected']) AS kind
SQL
	return;
}

sub deliver
{
	my ($code, $out, $log) = run_relay(\%relay, '--once');

	is($code, 0, 'the relay sends what is due') or diag $log;
	unlike($log, qr/\@example|token|script/, 'and keeps names to itself');
	return;
}

# The token in a mail's text, which is the same as in its HTML.
sub token_in
{
	my ($mail) = @_;
	my ($token)  = $mail->{text} =~ /[?]token=([A-Za-z0-9_-]{86})\s/;
	my ($linked) = $mail->{html} =~ /href="[^"]*[?]token=([A-Za-z0-9_-]{86})"/;

	is($linked, $token, 'text and HTML have the same link');
	return $token;
}

# What is true of every mail; its kind by its Message-ID.
sub check_mail
{
	my ($mail, $kind, $what) = @_;
	my %headers = %{ $mail->{headers} };

	is_deeply($mail->{defects}, [], "$what: a sound message");
	is($mail->{type}, 'multipart/alternative', "$what: text and HTML");
	is_deeply(
		[ grep { !/^(?:received|x-envelope-(?:from|to)|x-peer|x-mailfrom|x-rcptto)$/ } sort keys %headers ],
		[qw(auto-submitted content-type date from message-id mime-version subject to x-auto-response-suppress)],
		"$what: exactly these headers");
	is(scalar @{ $headers{$_} }, 1, "$what: $_ once") for keys %headers;
	unlike($headers{subject}[0], qr/[\x00-\x1f]|evil/i, "$what: one line of a subject") unless $kind =~ /^invitation/;
	like($headers{subject}[0], qr/Luka "Ž" <b>&/, "$what: the subject is decoded");
	cmp_ok($mail->{longest_line}, '<=', 998, "$what: no line is too long");
	unlike($mail->{$_}, qr/\{\{(?!link\}\} ž)/, "$what: no placeholder is left in the $_") for qw(text html);
	unlike($mail->{html}, qr/<script|<b>|<i>/i, "$what: names are escaped in HTML");
	is(!!($mail->{html} =~ /href=/), !!$with_link{$kind}, "$what: a link, where one belongs");
	return;
}

# ---- all of them

my %languages = (en => 'en', de => 'de', sr => 'sr', 'sr-Cyrl' => 'cyr');
my %subjects;

foreach my $language (sort keys %languages)
{
	my $l = $languages{$language};

	is(
		answer($node, "SELECT users_register('evil-$l\@example.org', 'evil-$l', '$password', E'A\\r\\nBcc: x\@example.org', 'B')"),
		'US005', 'a name of two lines is refused');
	cause($language, $l);
	invite($language, $l);
	# Who has no account is written to in the default language of that moment.
	deliver();
}
my %arrived = mails_in($smtp);
# What the first mails lead to.
foreach my $language (sort keys %languages)
{
	my $l = $languages{$language};
	my ($change) = grep { $_->{text} =~ /token=/ } @{ $arrived{"changed-$l\@example.org"} };

	is(status_of($node, "users_verify_email('" . token_in($change) . "', '$password')"), 'ok', "$language: an address is changed");
	# A reset ends the other link: verification comes first.
	foreach my $mail (sort { ($b->{text} =~ m{/verify}) <=> ($a->{text} =~ m{/verify}) } @{ $arrived{"reader-$l\@example.org"} })
	{
		my $kind = $node->safe_psql('postgres',
			"SELECT kind FROM users_outbox WHERE id = '" . ($mail->{headers}{'message-id'}[0] =~ /<(.*)@/)[0] . "'");
		my $call =
			$kind eq 'verify_email'   ? "users_verify_email('%s', '$password')"
		  : $kind eq 'reset_password' ? "users_reset_password('%s', '$password 2', '$password 2')"
		  :                             next;

		is(status_of($node, sprintf $call, token_in($mail)), 'ok', "$language: the link of $kind works");
	}
	is(
		status_of(
			$node,
			sprintf "users_reset_password('%s', '$password 2', '$password 2')",
			token_in($arrived{"newcomer-$l\@example.org"}[0])),
		'ok',
		"$language: the link of welcome works");
	is(
		status_of(
			$node,
			sprintf "users_register('stranger-$l\@example.org', 'stranger-$l', '$password', 'A', 'B', token => '%s')",
			token_in($arrived{"stranger-$l\@example.org"}[0])),
		'ok',
		"$language: the link of registration works");
}
deliver();
%arrived = mails_in($smtp);

foreach my $language (sort keys %languages)
{
	my $l     = $languages{$language};
	my %by_id = map { /^(.*)\|(.*)$/ ? ($1 => $2) : () } split /\n/,
	  $node->safe_psql('postgres', "SELECT id, kind FROM users_outbox WHERE language = '$language' AND state = 'sent'");
	my %seen;

	foreach my $mail (map { @$_ } @arrived{ grep { /-$l\@/ } sort keys %arrived })
	{
		my ($id) = $mail->{headers}{'message-id'}[0] =~ /^<(.*)@/;

		$seen{ $by_id{$id} }++;
		check_mail($mail, $by_id{$id}, "$language, $by_id{$id}");
		$subjects{ $by_id{$id} }{ $mail->{headers}{subject}[0] } = $language;
	}
	is_deeply([ sort keys %seen ], \@kinds, "$language: every kind has arrived");
}
is(scalar keys %{ $subjects{$_} }, 4, "$_: the languages differ") for grep { !/^invitation/ } @kinds;

$smtp->stop;
$node->stop;
done_testing();
