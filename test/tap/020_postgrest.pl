# The API over HTTP: every function once, with right and wrong arguments; what
# stays when a request fails; tokens that PostgREST cannot judge; cookies. By
# replayed statements, and by a PostgREST where POSTGREST_BIN names one.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib "$FindBin::RealBin/lib";

use PostgreSQL::Test::Utils;
use Requests;
use Test::More;
use Time::HiRes qw(sleep);
use UsersTest;

my $node = users_server('postgrest', <<'CONF');
users.client_address_header = 'x-real-ip'
users.refresh_cookie = on
users.max_failed_logins = 3
users.max_registrations = 1000
users.max_mail_requests = 1000
CONF
prepare_login($node, 'authenticator', admin => 'true');

my $visitors = 0;

# A client address of one's own: budgets of others do not count.
sub visitor
{
	return { 'x-real-ip' => sprintf '192.0.2.%d', 1 + $visitors++ % 250 };
}

sub sql { return $node->safe_psql('postgres', $_[0]) }

# ---- every function once

my $uuid = '00000000-0000-7000-8000-000000000000';
my %known;    # ids by name, filled as the table goes

# One line a request: method, who, function, what it answers, arguments. The
# answer is an HTTP status and the status word, SQLSTATE, or 'row' for anything
# else. $name in an argument is an id or a secret that is known by then.
my @requests = map { chomp; [ split / /, $_, 6 ] } split /^/, <<'REQUESTS';
GET nobody users_options 200 row {}
GET nobody users_jwks 200 row {}
POST nobody users_register 201 ok {"email":"$who@x.example","first_name":"A","last_name":"B","password":"$password","username":"$who"}
POST nobody users_register 400 US001 {"email":"nonsense","first_name":"A","last_name":"B","password":"$password","username":"n"}
POST nobody users_register 400 US002 {"email":"n@x.example","first_name":"A","last_name":"B","password":"$password","username":"@"}
POST nobody users_register 400 US003 {"email":"n@x.example","first_name":"A","last_name":"B","password":"short","username":"n"}
POST nobody users_register 400 US005 {"email":"n@x.example","first_name":"","last_name":"B","password":"$password","username":"n"}
POST nobody users_register 400 US007 {"email":"n@x.example","first_name":"A","language":"xx","last_name":"B","password":"$password","username":"n"}
POST nobody users_register 409 23505 {"email":"$who@x.example","first_name":"A","last_name":"B","password":"$password","username":"n"}
POST nobody users_register 401 invalid_token {"email":"n@x.example","first_name":"A","last_name":"B","password":"$password","token":"no","username":"n"}
POST nobody users_login 200 ok {"identifier":"$who","password":"$password"}
POST nobody users_login 401 invalid_credentials {"identifier":"$who","password":"wrong"}
POST nobody users_login 401 invalid_credentials {"identifier":"nobody","password":"wrong"}
POST nobody users_login 404 PGRST202 {"identifier":"$who"}
GET nobody users_login 405 25006 {"identifier":"$who","password":"$password"}
POST nobody users_verify_password 200 ok {"identifier":"$who","password":"$password"}
POST nobody users_verify_password 401 invalid_credentials {"identifier":"$who","password":"wrong"}
GET nobody users_verify_password 405 25006 {"identifier":"$who","password":"$password"}
POST nobody users_login_ticket 200 ok {"ticket":"$ticket"}
POST nobody users_login_ticket 401 invalid_token {"ticket":"$ticket"}
POST nobody users_refresh 401 invalid_token {"refresh_token":"no"}
POST nobody users_refresh 401 invalid_token {}
POST nobody users_logout 200 ok {}
POST nobody users_request_registration 202 accepted {"email":"new@x.example"}
POST nobody users_request_registration 400 US001 {"email":"new"}
POST nobody users_request_registration 400 US015 {"email":"new@x.example","site":"none"}
POST nobody users_request_reset 202 accepted {"email":"$who@x.example"}
POST nobody users_reset_password 401 invalid_token {"confirm_password":"$password","new_password":"$password","token":"no"}
POST nobody users_request_verification 202 accepted {"email":"$who@x.example"}
POST nobody users_request_verification 401 28000 {}
POST nobody users_verify_email 401 invalid_token {"token":"no"}
POST nobody users_invitation 401 invalid_token {"token":"no"}
POST nobody users_authenticate 401 28000 {"token":"no"}
POST nobody users_current_user_id 200 row {}
POST nobody users_picture 404 row {"user_id":"$none"}
POST nobody users_profile 401 42501 {}
POST nobody users_logout_all 401 42501 {}
POST nobody users_search 401 42501 {"query":"abc"}
POST nobody users_create_domain 401 42501 {"name":"D","route":"d"}
POST nobody users_health 401 42501 {}
GET ann users_profile 200 row {}
GET ann users_current_user_id 200 row {}
GET ann users_current_session_id 200 row {}
GET ann users_current_role 200 row {}
GET ann users_is_admin 200 row {}
POST ann users_update_profile 200 row {"first_name":"Anna","metadata":{"a":1},"tags":["x"]}
POST ann users_update_profile 400 US002 {"username":""}
POST ann users_update_profile 409 23505 {"username":"root"}
POST ann users_update_profile 400 US005 {"tags":[""]}
POST ann users_set_preferences 200 row {"language":"de","theme":"TealTide"}
POST ann users_set_preferences 400 US007 {"theme":"none"}
POST ann users_remove_picture 200 row {}
GET ann users_search 200 row {"max_rows":5,"query":"Anna"}
GET ann users_search 400 22023 {"max_rows":0,"query":"Anna"}
POST ann users_export 200 row {}
POST ann users_export 403 42501 {"user_id":"$none"}
POST ann users_confirm_password 200 ok {"password":"$password"}
POST ann users_confirm_password 403 invalid_credentials {"password":"wrong"}
POST ann users_change_password 403 invalid_credentials {"confirm_password":"another long sentence","current_password":"wrong","new_password":"another long sentence"}
POST ann users_change_password 400 US004 {"confirm_password":"another","current_password":"$password","new_password":"another long sentence"}
POST ann users_change_email 202 accepted {"current_password":"$password","new_email":"ann2@x.example"}
POST ann users_change_email 403 invalid_credentials {"current_password":"wrong","new_email":"ann2@x.example"}
POST ann users_change_email 400 US001 {"current_password":"$password","new_email":"ann2"}
POST ann users_cancel_email_change 200 row {}
POST ann users_request_verification 202 accepted {}
POST ann users_delete_account 403 invalid_credentials {"current_password":"wrong"}
POST ann users_revoke_session 200 row {"session_id":"$none"}
POST ann users_create_domain 200 row {"name":"Plant","route":"plant"}
POST ann users_create_domain 400 US008 {"name":"Plant","route":"a b"}
POST ann users_create_domain 409 23505 {"name":"Plant","route":"PLANT"}
POST ann users_update_domain 200 row {"domain_id":"$domain","name":"Works"}
POST ann users_update_domain 403 42501 {"domain_id":"$none","name":"Works"}
POST ann users_create_role 200 row {"domain_id":"$domain","name":"guard","permissions":["device:read"]}
POST ann users_create_role 400 US009 {"domain_id":"$domain","name":"other","permissions":["no:no"]}
POST ann users_create_role 409 23505 {"domain_id":"$domain","name":"guard","permissions":["device:read"]}
POST ann users_update_role 200 row {"name":"watch","role_id":"$role"}
POST ann users_grant_role 200 row {"role_id":"$role","user_id":"$ann"}
POST ann users_revoke_role 200 row {"role_id":"$role","user_id":"$ann"}
GET ann users_can 200 row {"domain_id":"$domain","permission":"device:read"}
GET ann users_can 400 22023 {"object_id":"$none","permission":"device:read"}
GET ann users_permissions 200 row {"domain_id":"$domain"}
GET ann users_can_in 200 row {"domain_id":"$domain","permission":"device:read"}
GET ann users_can_on 200 row {"domain_id":"$domain","object_id":"$none","permission":"device:read"}
GET ann users_is_member 200 row {"domain_id":"$domain"}
GET ann users_permitted_domains 200 row {"permission":"device:read"}
GET ann users_permitted_objects 200 row {"permission":"device:read"}
POST ann users_invite 200 ok {"invitee":"friend@x.example","role_id":"$role"}
POST ann users_invite 403 42501 {"invitee":"friend@x.example","role_id":"$none"}
POST ann users_withdraw_invitation 200 row {"invitation_id":"$invitation"}
POST ann users_accept_invitation 403 invalid_token {"invitation_id":"$none"}
POST ann users_reject_invitation 403 invalid_token {"token":"no"}
POST ann users_forget_object 403 42501 {"object_id":"$none","object_type":"device"}
POST ann users_remove_member 409 US010 {"domain_id":"$domain"}
POST ann users_delete_account 409 US010 {"current_password":"$password"}
POST ann users_delete_role 200 row {"role_id":"$role"}
POST ann users_set_domain_status 403 42501 {"domain_id":"$domain","status":"frozen"}
POST ann users_set_domain_status 400 22023 {"domain_id":"$domain","status":"warm"}
POST ann users_delete_domain 200 row {"domain_id":"$domain"}
POST ann users_protect 403 42501 {"object_type":"device","relation":"pg_class"}
POST ann users_unprotect 403 42501 {"relation":"pg_class"}
POST ann users_restore_domain 403 42501 {"domain_id":"$domain"}
POST ann users_check 403 42501 {"permission":"device:read","user_id":"$ann"}
POST ann users_check_many 403 42501 {"object_ids":[],"permission":"device:read","user_id":"$ann"}
POST ann users_validate_token 403 42501 {"token":"no"}
POST ann users_rotate_key 403 42501 {}
POST ann users_revoke_key 403 42501 {"kid":"no"}
POST ann users_health 403 42501 {}
POST ann users_maintain 403 42501 {}
POST ann users_id 403 42501 {"identifier":"ann"}
POST ann users_why 403 42501 {"identifier":"ann"}
POST ann users_events 403 42501 {}
POST ann users_disable_user 403 42501 {"user_id":"$root"}
POST ann users_claim_mail 403 42501 {}
POST ann users_setup_login 403 42501 {"login":"authenticator"}
POST ann users_define_theme 403 42501 {"name":"Night"}
POST root users_restore_domain 200 row {"domain_id":"$domain"}
POST root users_restore_domain 404 US014 {"domain_id":"$none"}
GET root users_check 200 row {"domain_id":"$domain","permission":"device:read","user_id":"$ann"}
POST root users_check_many 400 22023 {"object_ids":["00000000-0000-7000-8000-000000000000"],"permission":"device:read","user_id":"$ann"}
POST root users_validate_token 200 ok {"token":"$token"}
POST root users_validate_token 403 invalid_token {"token":"no"}
POST root users_define_language 200 row {"code":"fr","name":"Français"}
POST root users_define_language 400 22023 {"code":"?","name":"x"}
POST root users_define_theme 200 row {"name":"Night"}
POST root users_define_object_type 200 row {"actions":["read"],"object_type":"gate"}
POST root users_create_user 200 row {"email":"made@x.example","first_name":"M","last_name":"M","send_mail":false,"username":"made"}
POST root users_create_user 409 23505 {"email":"made@x.example","first_name":"M","last_name":"M","username":"made3"}
POST root users_create_user 403 42501 {"email":"m2@x.example","first_name":"M","last_name":"M","password":"$password","username":"m2"}
POST root users_issue_reset 200 row {"send_mail":false,"user_id":"$made"}
POST root users_update_account 200 row {"first_name":"Mada","user_id":"$made"}
POST root users_update_account 404 US014 {"user_id":"$none"}
POST root users_disable_user 200 row {"reason":"why not","user_id":"$made"}
POST nobody users_login 401 invalid_credentials {"identifier":"made","password":"x"}
POST root users_enable_user 200 row {"user_id":"$made"}
POST root users_set_platform_role 400 22023 {"platform_role":"king","user_id":"$made"}
POST root users_set_platform_role 409 US010 {"platform_role":"user","user_id":"$root"}
POST root users_set_platform_role 200 row {"platform_role":"user","user_id":"$made"}
POST root users_unlock 200 row {"user_id":"$made"}
POST root users_purge_user 409 US011 {"user_id":"$made"}
POST root users_delete_user 200 row {"user_id":"$made"}
POST root users_restore_user 200 row {"user_id":"$made"}
POST root users_delete_user 200 row {"user_id":"$made"}
POST root users_purge_user 200 row {"user_id":"$made"}
GET root users_id 200 row {"identifier":"ann"}
GET root users_id 404 US014 {"identifier":"nobody"}
GET root users_why 200 row {"identifier":"ann"}
POST root users_events 200 row {}
POST root users_events 400 22023 {"after":"no"}
POST root users_retry_mail 200 row {"id":"$none"}
POST root users_discard_mail 200 row {"id":"$none"}
POST root users_preview_template 200 row {"kind":"welcome","language":"en"}
POST root users_define_template 403 42501 {"body_html":"{{link}}","body_text":"{{link}}","kind":"welcome","language":"en","subject":"s"}
POST root users_drop_template 403 42501 {"kind":"welcome","language":"en"}
POST root users_define_site 403 42501 {"invitation_url":"https://x/{token}","name":"s","product_name":"P","registration_url":"https://x/{token}","reset_url":"https://x/{token}","sender":"a@b.example","verify_url":"https://x/{token}"}
POST root users_claim_mail 403 42501 {}
POST root users_mail_sent 403 42501 {"id":"$none"}
POST root users_mail_failed 403 42501 {"error":"x","id":"$none"}
POST root users_import 403 42501 {"email":"i@x.example","username":"i","first_name":"I","last_name":"I"}
POST root users_import_from 403 42501 {"relation":"note"}
POST root users_import_domain 403 42501 {"id":"$none","name":"D","route":"d"}
POST root users_import_role 403 42501 {"id":"$none","domain_id":"$none","name":"r","permissions":[]}
POST root users_import_grant 403 42501 {"role_id":"$none","user_id":"$none"}
POST root users_import_invitation 403 42501 {"id":"$none","role_id":"$none","invitee":"i"}
POST root users_renew_root_key 403 42501 {}
POST root users_setup_login 403 42501 {"login":"authenticator"}
POST root users_setup_owner 403 42501 {"owner":"authenticator"}
POST root users_pre_config 403 42501 {}
POST root users_health 200 row {}
POST root users_maintain 200 row {}
POST root users_rotate_key 200 row {}
POST root users_revoke_key 404 US014 {"kid":"no"}
POST ann users_logout_all 200 row {"keep_current":true}
POST ann users_logout 200 ok {}
GET ann users_profile 401 28000 {}
REQUESTS

# Arguments with what is known by now.
sub filled
{
	my ($arguments, $who) = @_;
	my %now = (%known, who => $who, password => $password, none => $uuid);

	for my $value (grep { !ref } values %$arguments)
	{
		$value =~ s/^\$(\w+)/$now{$1} \/\/ die "no $1"/e;
	}
	return $arguments;
}

# What a body says in one word.
sub word
{
	my ($answer) = @_;
	my $body = $answer->{body};

	return 'row' unless ref $body eq 'HASH';
	return $body->{code}
	  if exists $body->{code} && exists $body->{message}
	  || ($body->{code} // '') =~ /^PGRST/;
	return $body->{status} if exists $body->{status} && !exists $body->{id};
	return 'row';
}

sub learn
{
	my ($function, $answer) = @_;
	my $body = $answer->{body};

	return unless ref $body eq 'HASH' && $answer->{status} < 300;
	$known{ticket}     = $body->{ticket}        if $function eq 'users_verify_password';
	$known{domain}     = $body->{id}            if $function eq 'users_create_domain';
	$known{role}       = $body->{id}            if $function eq 'users_create_role';
	$known{invitation} = $body->{invitation_id} if $function eq 'users_invite';
	$known{made}       = $body->{user_id}       if $function eq 'users_create_user';
	return;
}

sub every_function_once
{
	my ($front, $way) = @_;
	my %people;
	my %called;

	sql("SELECT CASE WHEN username <> 'root' AND users_delete_user(id) THEN users_purge_user(id) END FROM users_accounts; DELETE FROM users.domain");
	sql("SELECT users_create_user('root\@x.example', 'root', 'R', 'R', '$password', platform_role => 'admin')
	     WHERE NOT EXISTS (SELECT FROM users_accounts WHERE username = 'root')"
	);
	for my $name (qw(ann root))
	{
		$front->call(
			users_register => {
				email      => 'ann@x.example',
				username   => 'ann',
				password   => $password,
				first_name => 'Ann',
				last_name  => 'A'
			},
			headers => visitor()) if $name eq 'ann';
		$people{$name} = $front->call(
			users_login => { identifier => $name, password => $password },
			headers     => visitor())->{body};
		$known{$name} = $people{$name}{user_id};
	}
	$known{token} = $people{ann}{access_token};
	for my $request (@requests)
	{
		my ($method, $who, $function, $status, $word, $arguments) = @$request;
		my $answer = $front->ask(
			$method, "/rpc/$function",
			arguments => filled(decode($arguments), "who-$way"),
			token     => $people{$who} && $people{$who}{access_token},
			headers   => visitor());

		is("$answer->{status} " . word($answer), "$status $word", "$way: $who $function $arguments")
		  or diag($answer->{text});
		learn($function, $answer);
		$called{$function} = 1;
		like($answer->{headers}{'www-authenticate'} // '', qr/^Bearer\b/, "$way: $function says how to sign in")
		  if $status == 401;
		is($answer->{headers}{'cache-control'} // '', 'no-store', "$way: nobody keeps the answer")
		  if $answer->{text} =~ /"(access_token|url)":"/;
		unlike($answer->{text}, qr/\@x\.example/, "$way: nobody's address in an error") if $status >= 400;
	}
	my @missing = grep { !$called{$_} } split /\n/, sql(<<'SQL');
SELECT p.proname FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
 WHERE p.pronamespace = 'public'::regnamespace AND p.proname NOT IN ('users_set_picture', 'users_pre_request')
   AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'users')
SQL
	is("@missing", '', "$way: that was every function");
	return;
}

# ---- what stays of a failed sign-in

sub failures_stay
{
	my ($front, $way) = @_;
	my $name  = "guess-$way";
	my $from  = visitor();
	my $guess = sub {
		$front->call(
			users_login => { identifier => $name, password => $_[0] },
			headers     => { %$from, @_[ 1 .. $#_ ] });
	};
	my $failures = sub {
		sql("SELECT count(*) FROM users_audit WHERE event = 'login_failed' AND user_id = users_id('$name')");
	};

	$front->call(
		users_register => {
			email      => "$name\@x.example",
			username   => $name,
			password   => $password,
			first_name => 'G',
			last_name  => 'G'
		},
		headers => $from);
	my $answer = $guess->('wrong');
	is($answer->{status}, 401, "$way: a wrong password is 401");
	is_deeply(
		[ grep { defined $answer->{body}{$_} } sort keys %{ $answer->{body} } ],
		['status'],
		"$way: one row that says so");
	is($failures->(), 1, "$way: the event stays");
	is( $guess->('wrong', prefer => 'tx=rollback')->{status},
		401, "$way: with tx=rollback too");
	is( $guess->('wrong', prefer => 'tx=rollback')->{status},
		401, "$way: the third");
	$answer = $guess->($password, prefer => 'tx=rollback');
	is( "$answer->{status} $answer->{body}{status}",
		'429 throttled',
		"$way: the budget is used up, whatever was rolled back");
	is( $answer->{headers}{'retry-after'},
		$answer->{body}{retry_after},
		"$way: and says when to come back");
	is($guess->($password)->{status}, 429, "$way: without tx=rollback too");
	$answer = $front->call(
		users_login => { identifier => $name, password => $password },
		headers     => visitor());
	is($answer->{status}, 200, "$way: from another address she signs in");
	return if $way ne 'HTTP';
	my $before = $failures->();
	my @went   = map {
		$front->ask(
			'POST', '/rpc/users_login?select=status::int',
			body    => { identifier => $name, password => 'wrong' },
			headers => { 'x-real-ip' => '198.51.100.1' })->{text} =~ /integer: \\"(\w+)/
	} 1 .. 4;
	is("@went", 'invalid_credentials invalid_credentials invalid_credentials throttled', "$way: guesses in requests that fail are counted");
	is($failures->(), $before, "$way: though nothing tells of them");
	return;
}

# ---- tokens that PostgREST's own check lets through

sub tokens_are_judged
{
	my ($front, $way) = @_;
	my $n      = 0;
	my $person = sub {
		my $name = 'tok' . ++$n . "-$way";
		return $front->call(
			users_register => {
				email      => "$name\@x.example",
				username   => $name,
				password   => $password,
				first_name => 'T',
				last_name  => 'T'
			},
			headers => visitor())->{body};
	};
	my @endpoints = (
		[ 'GET', '/rpc/users_profile' ],
		[ 'GET', '/rpc/users_options' ],
		[
			'POST', '/rpc/users_login',
			body => { identifier => 'x', password => 'x' }
		],
		[ 'GET', '/users_domains' ],
		[ 'GET', '/note' ]);
	my $all = sub {
		my ($token) = @_;
		my %seen;
		for my $endpoint (@endpoints)
		{
			my $answer = $front->ask(@$endpoint, token => $token, headers => visitor());
			$seen{ "$answer->{status} " . ($answer->{headers}{'www-authenticate'} // '') } = 1;
		}
		return join ' + ', sort keys %seen;
	};
	my $refused = '401 Bearer error="invalid_token"';
	my $ann     = $person->();
	my $token   = $ann->{access_token};

	is( $front->ask('GET', '/note', token => $token)->{text},
		'[]', "$way: a member reads a table");
	for my $case (
		[
			'signed out',
			sub {
				$front->call(
					users_logout => {},
					token        => $_[0]{access_token});
			}
		],
		[
			'disabled',
			sub { sql("SELECT users_disable_user('$_[0]{user_id}')") }
		],
		[ 'deleted', sub { sql("SELECT users_delete_user('$_[0]{user_id}')") } ],
		[
			'promoted',
			sub {
				sql("SELECT users_set_platform_role('$_[0]{user_id}', 'admin')");
			}
		],
		[
			'another password',
			sub {
				$front->call(
					users_change_password => {
						current_password => $password,
						new_password     => 'another long sentence',
						confirm_password => 'another long sentence'
					},
					token => $_[0]{access_token});
			}
		],
		[
			'revoked',
			sub {
				sql("DO \$\$ BEGIN PERFORM users_logout_all(user_id => '$_[0]{user_id}'); END \$\$");
			}
		])
	{
		my ($what, $do) = @$case;
		my $her = $person->();

		unlike(
			$all->($her->{access_token}),
			qr/401 Bearer error/,
			"$way: her token is good");
		$do->($her);
		is( $all->($her->{access_token}),
			$refused, "$way: $what: 401 everywhere");
	}
	is( $front->ask('GET', '/note', token => $ann->{refresh_token})->{status},
		401,
		"$way: a refresh token is none") if $way eq 'HTTP';
	my $other = $person->();
	for my $name (qw(request.jwt.claims role))
	{
		my $value =
		  $name eq 'role'
		  ? 'users_admin'
		  : json({ sub => $ann->{user_id}, role => 'users_admin' });
		my $answer = $front->call(
			pretend => { name => $name, value => $value },
			token   => $other->{access_token});
		is( $answer->{text},
			json("$other->{user_id} users_member false"),
			"$way: setting $name changes nothing");
	}
	is( $front->ask('GET', '/note')->{status},
		401, "$way: nobody reads no table");
	return if $way ne 'HTTP';

	# PostgREST reads the first, users_pre_request() the last.
	my $two = $front->ask(
		'GET', '/note',
		headers => { authorization => [ "Bearer $ann->{access_token}", "Bearer $other->{access_token}" ] });
	is("$two->{status} $two->{body}{code}", '401 28000', "$way: two tokens in one request are none");
	return;
}

# ---- pictures

my $png = MIME::Base64::decode_base64('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==');

sub pictures
{
	my ($front, $way) = @_;
	my $ann = $front->call(
		users_register => {
			email      => "pic-$way\@x.example",
			username   => "pic-$way",
			password   => $password,
			first_name => 'P',
			last_name  => 'P'
		},
		headers => visitor())->{body};
	my $token = $ann->{access_token};

	is( $front->ask('GET', '/rpc/users_picture', token => $token)->{status},
		404, "$way: no picture yet");
	is( $front->ask(
			'POST', '/rpc/users_set_picture',
			token => $token,
			raw   => '<svg/>')->{body}{code},
		'US006',
		"$way: not any file");
	is( $front->ask(
			'POST', '/rpc/users_set_picture',
			token => $token,
			raw   => $png)->{body}{picture_type},
		'image/png',
		"$way: a file is uploaded as it is");
	my $answer = $front->ask(
		'GET', '/rpc/users_picture',
		token   => $token,
		headers => { accept => 'image/*' });
	is($answer->{status}, 200, "$way: and served");
	is( unpack('H*', $answer->{text}),
		unpack('H*', $png),
		"$way: byte by byte");
	is( $answer->{headers}{'content-type'},
		'image/png', "$way: with its own type");
	is( $answer->{headers}{'x-content-type-options'},
		'nosniff', "$way: as nothing else");
	$answer = $front->ask(
		'GET', '/rpc/users_picture',
		token   => $token,
		headers => { 'if-none-match' => $answer->{headers}{etag}, accept => '*/*' });
	is("$answer->{status} $answer->{text}", '304 ', "$way: not twice");
	is( $front->ask('GET', "/rpc/users_picture?user_id=$ann->{user_id}")->{status},
		404,
		"$way: nobody sees it");
	$answer = $front->ask(
		'GET', '/rpc/users_jwks',
		headers => { accept => 'application/jwk-set+json' });
	is( $answer->{headers}{'content-type'} =~ s/;.*//r,
		'application/jwk-set+json', "$way: keys have a type of their own");
	cmp_ok(
		scalar @{ $answer->{body}{keys} },
		'>=', 1, "$way: and there are some");
	return;
}

# ---- cookies (P51)

sub cookies
{
	my ($front, $way) = @_;
	my $name   = "cook-$way";
	my $same   = { 'sec-fetch-site' => 'same-origin' };
	my $cookie = sub {
		($_[0]{headers}{'set-cookie'} // '') =~ /^__Host-users_refresh=([^;]*);/ ? $1 : undef;
	};
	my $with = sub {
		return {
			%{ $_[1] },
			%{ visitor() },
			cookie => "other=1; __Host-users_refresh=$_[0]"
		};
	};

	$front->call(
		users_register => {
			email      => "$name\@x.example",
			username   => $name,
			password   => $password,
			first_name => 'C',
			last_name  => 'C'
		},
		headers => visitor());
	my $login = sub {
		$front->call(
			users_login => { identifier => $name, password => $password },
			headers     => { %{ visitor() }, %{ $_[0] } });
	};
	my $answer = $login->($same);
	my $token  = $cookie->($answer);
	like(
		$answer->{headers}{'set-cookie'},
		qr{^__Host-users_refresh=[\w.-]+; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=\d+$},
		"$way: a page of ours gets a cookie");
	is($answer->{body}{refresh_token}, undef, "$way: instead of the token");
	ok( $cookie->($login->({ 'x-requested-with' => 'fetch' })),
		"$way: likewise with X-Requested-With");
	for my $foreign (
		{},
		{ 'sec-fetch-site' => 'cross-site' },
		{ 'sec-fetch-site' => 'same-site' },
		{ 'sec-fetch-site' => 'none' })
	{
		$answer = $login->($foreign);
		is( $cookie->($answer), undef,
			"$way: a foreign page sets none: " . json($foreign));
		like(
			$answer->{body}{refresh_token},
			qr/./, "$way: the token is in the answer");
		is( $front->call(
				users_refresh => {},
				headers       => $with->($token, $foreign))->{status},
			401,
			"$way: it reads none");
		is( $cookie->(
				$front->call(
					users_logout => {},
					headers      => $with->($token, $foreign))),
			undef,
			"$way: it clears none");
	}
	$answer =
	  $front->call(users_refresh => {}, headers => $with->($token, $same));
	is( "$answer->{status} $answer->{body}{status}",
		'200 ok',
		"$way: a page of ours refreshes with it");
	my $next = $cookie->($answer);
	is( $answer->{body}{refresh_token}, undef,
		"$way: and gets a cookie again");
	isnt($next, $token, "$way: another one");
	$answer = $front->call(
		users_refresh => { refresh_token => $next },
		headers       => { %{ visitor() }, %$same });
	is($cookie->($answer), undef, "$way: a token that came in the body");
	my $body = $answer->{body}{refresh_token};
	like($body, qr/./, "$way: is answered in the body");
	$answer = $front->call(
		users_refresh => {},
		headers       => $with->('nonsense', $same));
	is( "$answer->{status} " . $cookie->($answer),
		'401 ',
		"$way: a refused one is cleared");
	$answer =
	  $front->call(users_logout => {}, headers => $with->($body, $same));
	is( "$answer->{status} " . $cookie->($answer),
		'200 ',
		"$way: signing out clears it");
	is( $front->call(
			users_refresh => { refresh_token => $body },
			headers       => visitor())->{status},
		401,
		"$way: and ends the session");
	return;
}

# ---- read-only or not, committed or not, as whom

sub modes
{
	my ($front, $way) = @_;
	my $member = $front->call(
		users_register => {
			email      => "mode-$way\@x.example",
			username   => "mode-$way",
			password   => $password,
			first_name => 'M',
			last_name  => 'M'
		},
		headers => visitor())->{body};
	my $admin = $front->call(
		users_login => { identifier => 'root', password => $password },
		headers     => visitor())->{body};

	for my $who (
		[ 'nobody',           undef ],
		[ 'a member',         $member->{access_token} ],
		[ 'an administrator', $admin->{access_token} ])
	{
		for my $prefer ('tx=commit', 'tx=rollback')
		{
			my %with = (
				token   => $who->[1],
				headers => { prefer => $prefer, %{ visitor() } });
			my $said = "$way: $who->[0], $prefer";
			is( $front->ask('GET', '/rpc/users_options', %with)->{status},
				200, "$said: GET reads");
			is( $front->ask('GET', '/users_languages', %with)->{status},
				200, "$said: GET lists");
			my $answer = $front->ask(
				'GET', '/rpc/users_request_reset?email=a@x.example',
				%with);
			is( "$answer->{status} $answer->{body}{code}",
				'405 25006',
				"$said: GET does not write");
			my $waiting = sql('SELECT count(*) FROM users.mail_request');
			$answer = $front->call(
				users_request_reset => { email => 'a@x.example' },
				%with);
			is( "$answer->{status} $answer->{body}{status}",
				'202 accepted',
				"$said: POST writes");
			is( sql('SELECT count(*) FROM users.mail_request') - $waiting,
				$prefer eq 'tx=commit' ? 1 : 0,
				"$said: and it stays or not");
			is( $front->ask('GET', '/users_accounts', %with)->{status},
				  $who->[0] eq 'nobody'   ? 401
				: $who->[0] eq 'a member' ? 403
				: 200,
				"$said: accounts are for administrators");
		}
	}
	return;
}

# ---- keys, embedding and documentation, which are PostgREST's own doing

sub rotation
{
	my ($front) = @_;
	my %seen;
	my $name  = 'key';
	my $login = sub {
		$front->call(
			users_login => { identifier => $name, password => $password },
			headers     => visitor())->{body}{access_token};
	};

	$front->call(
		users_register => {
			email      => "$name\@x.example",
			username   => $name,
			password   => $password,
			first_name => 'K',
			last_name  => 'K'
		},
		headers => visitor());
	my $old = $login->();
	for my $turn (1 .. 15)
	{
		sql('SELECT users_rotate_key()');
		my $new = $login->();
		for my $token ($old, $new)
		{
			$seen{ $front->ask('GET', '/rpc/users_profile', token => $token)->{status} }++;
		}
		$old = $new;

		# PostgREST waits 100 ms for more of the same news.
		sleep 0.5;
	}
	is_deeply(
		\%seen,
		{ 200 => 30 },
		'HTTP: no request fails while keys are rotated');
	my ($kid) = split /\|/,
	  sql(q(SELECT kid FROM users_keys WHERE state = 'active'));
	sql("SELECT users_revoke_key('$kid')");
	is( $front->ask('GET', '/rpc/users_profile', token => $old)->{status},
		401, 'HTTP: a revoked key counts for nothing at once');
	is( $front->ask('GET', '/rpc/users_profile', token => $login->())->{status},
		200,
		'HTTP: the next one for everything');
	return;
}

sub embedding
{
	my ($front) = @_;
	my $ann = $front->call(
		users_register => {
			email      => 'emb@x.example',
			username   => 'emb',
			password   => $password,
			first_name => 'E',
			last_name  => 'E'
		},
		headers => visitor())->{body};
	my %as     = (token => $ann->{access_token});
	my $domain = $front->call(
		users_create_domain => { name => 'Embedded', route => 'embedded' },
		%as)->{body}{id};

	is_deeply(
		$front->ask(
			'GET',
			'/users_domains?select=name,users_roles(name)&users_roles.order=name',
			%as)->{body},
		[
			{
				name        => 'Embedded',
				users_roles => [ map { { name => $_ } } qw(admin editor viewer) ]
			}
		],
		'HTTP: domains come with their roles');
	is_deeply(
		$front->ask(
			'GET',
			'/users_domains?select=name,users_members(username,roles)', %as)->{body},
		[ { name => 'Embedded', users_members => [ { username => 'emb', roles => ['admin'] } ] } ],
		'HTTP: with their members and these with their roles');
	is_deeply(
		$front->ask(
			'GET',
			'/users_roles?select=name,users_role_members(username)&name=eq.admin',
			%as)->{body},
		[
			{
				name               => 'admin',
				users_role_members => [ { username => 'emb' } ]
			}
		],
		'HTTP: roles with who holds them');
	is_deeply(
		$front->ask(
			'GET',
			'/users_domains?select=name&route=eq.embedded&order=name.desc&limit=1',
			%as)->{body},
		[ { name => 'Embedded' } ],
		'HTTP: filtered, sorted and paged');
	my $page = $front->ask('GET', '/', %as)->{body};
	like(
		$page->{paths}{'/rpc/users_login'}{post}{summary},
		qr/^Sign in/, 'HTTP: functions are explained');
	like(
		$page->{definitions}{users_domains}{description},
		qr/^The domains/,
		'HTTP: so are views');
	is( $page->{paths}{'/rpc/users_disable_user'},
		undef, 'HTTP: who is no administrator is shown nothing of theirs');
	is( $front->ask(
			'GET', '/rpc/file',
			headers => { accept => 'text/x-own' },
			%as)->{text},
		'mine',
		'HTTP: the application has a domain for any media type as well');
	return;
}

# ---- both ways (P46)

$node->safe_psql('postgres', <<'SQL');
CREATE TABLE note (owner uuid DEFAULT users_current_user_id());
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON note TO users_member USING (owner = (SELECT users_current_user_id()));
GRANT SELECT ON note TO users_member;
CREATE DOMAIN "*/*" AS bytea;
CREATE FUNCTION file() RETURNS "*/*" LANGUAGE sql AS $$ SELECT 'mine'::bytea $$;
CREATE FUNCTION pretend(name text, value text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config(name, value, true);
	RETURN concat_ws(' ', users_current_user_id(), users_current_role(), users_is_admin()::text);
END $$;
SQL
my @fronts = ([ 'replayed', replayer($node, 'authenticator') ]);
if ($ENV{POSTGREST_BIN})
{
	push @fronts,
	  [
		'HTTP',
		postgrest(
			$node, 'authenticator',
			'db-tx-end'             => 'commit-allow-override',
			'jwt-cache-max-entries' => 1000)
	  ];
}
else
{
	diag('POSTGREST_BIN names no PostgREST: requests over HTTP are skipped, their statements are replayed');
}
for my $front (@fronts)
{
	my ($way, $by) = @$front;

	every_function_once($by, $way);
	failures_stay($by, $way);
	tokens_are_judged($by, $way);
	pictures($by, $way);
	cookies($by, $way);
	modes($by, $way);
	next if $way ne 'HTTP';
	rotation($by);
	embedding($by);
	$by->stop;
}

done_testing();
