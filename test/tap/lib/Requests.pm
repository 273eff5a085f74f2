# Requests as a front end makes them through PostgREST, in two ways: the very
# statements that PostgREST sends, replayed over libpq, and HTTP to a PostgREST
# that POSTGREST_BIN names.
package Requests;

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use HTTP::Tiny;
use JSON::PP;
use MIME::Base64 qw(decode_base64url);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(replayer postgrest json decode);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;

sub json   { return $json->encode($_[0]) }
sub decode { return $json->decode($_[0]) }

# What both ways share. A request is
#   $front->ask($method, $path, %with), with
#   arguments  of a function: in the body, or in the address of a GET
#   token    an access token
#   body     what the JSON body says, or raw, bytes with their type
#   headers  more headers, lower-case names
# and its answer a hash: status, headers (lower-case names, values joined with
# commas), text (the body), body (decoded where it is JSON).
package Requests::Front;

sub ask
{
	my ($self, $method, $path, %with) = @_;
	my %headers = %{ $with{headers} // {} };

	$headers{authorization} = "Bearer $with{token}" if defined $with{token};
	if ($method eq 'GET' && %{ $with{arguments} // {} })
	{
		my $arguments = $with{arguments};
		$path .= '?' . join '&', map { "$_=" . $self->escape($arguments->{$_}) } sort keys %$arguments;
	}
	elsif ($method ne 'GET') { $with{body} //= $with{arguments} // {} }
	my $answer = $self->send_request($method, $path, \%headers, \%with);

	$answer->{body} = eval { $json->decode($answer->{text}) };
	return $answer;
}

# One of the functions of the API.
sub call
{
	my ($self, $function, $arguments, %with) = @_;

	return $self->ask(
		'POST', "/rpc/$function", body => $arguments // {},
		%with);
}

# ---- the statements, replayed

package Requests::Replayer;

our @ISA = ('Requests::Front');

# A front of a node, as a login, over functions and views of a schema. With
# transactions => 'commit-allow-override' a client may ask for a rollback, as
# with db-tx-end.
sub Requests::replayer
{
	my ($node, $login, %conf) = @_;

	return bless {
		node         => $node,
		login        => $login,
		schema       => 'public',
		transactions => 'commit-allow-override',
		%conf
	  },
	  __PACKAGE__;
}

sub escape { return $_[1] }

sub quote
{
	my ($text) = @_;

	$text =~ s/'/''/g;
	return "'$text'";
}

# Name and type of each argument of a function, its volatility and its result.
sub function
{
	my ($self, $name) = @_;

	return $self->{functions}{$name} //= do
	{
		my $row = $self->{node}->safe_psql('postgres', <<SQL);
SELECT json_build_object('volatile', p.provolatile, 'set', p.proretset, 'void', p.prorettype = 'void'::regtype,
	'row', EXISTS (SELECT FROM pg_type t WHERE t.oid = p.prorettype AND t.typtype = 'c'),
	'media', (SELECT t.typname FROM pg_type t WHERE t.oid = p.prorettype AND t.typtype = 'd'),
	'required', ARRAY(SELECT p.proargnames[i] FROM generate_series(1, p.pronargs - p.pronargdefaults) i WHERE p.proargnames[i] <> ''),
	'types', (SELECT json_object_agg(coalesce(p.proargnames[i], ''), format_type(p.proargtypes[i - 1], NULL))
	            FROM generate_series(1, p.pronargs) i))
  FROM pg_proc p WHERE p.pronamespace = '$self->{schema}'::regnamespace AND p.proname = '$name'
SQL
		$row eq '' ? undef : $json->decode($row);
	};
}

sub settings
{
	my ($self, $method, $path, $headers) = @_;
	my %headers = %$headers;
	my $cookies = delete $headers{cookie} // '';
	my %claims  = (role => 'users_anon');

	if (($headers{authorization} // '') =~ /^bearer [^.]+\.([^.]+)\./i)
	{
		%claims = %{ $json->decode(MIME::Base64::decode_base64url($1)) };
	}
	my @settings = (
		[ 'search_path',        qq("$self->{schema}", "public") ],
		[ 'role',               $claims{role} ],
		[ 'request.jwt.claims', $json->encode(\%claims) ],
		[ 'request.method',     $method ],
		[ 'request.path',       $path ],
		[ 'request.headers',    $json->encode(\%headers) ],
		[
			'request.cookies',
			$json->encode({ map { split /=/, $_, 2 } grep { /=/ } split /; */, $cookies })
		]);
	return 'select ' . join(
		', ',
		map { "set_config('$_->[0]', " . quote($_->[1]) . ', true)' } @settings) . ';';
}

# The main query for a function or a view.
sub main_query
{
	my ($self,   $method, $path, $with) = @_;
	my ($name,   $query) = split /\?/, $path, 2;
	my ($source, $function);
	my $value = q(coalesce(json_agg(_postgrest_t), '[]'));

	if ($name !~ s{^/rpc/}{})
	{
		$name =~ s{^/}{};
		$source = qq(SELECT "$self->{schema}"."$name".* FROM "$self->{schema}"."$name");
	}
	else
	{
		$function = $self->function($name) // return;
		my %given =
		  map { (split /=/)[0] => 1 } $method eq 'GET'
		  ? split /&/, $query // ''
		  : keys %{ $with->{body} // {} };
		return if grep { !$given{$_} } @{ $function->{required} };
		my $call   = qq("$self->{schema}"."$name");
		my $types  = $function->{types} // {};
		my $scalar = $function->{row} ? ''             : ' AS pgrst_scalar';
		my $what   = $function->{row} ? 'pgrst_call.*' : 'pgrst_call.pgrst_scalar';

		if (defined $with->{raw})
		{
			my $bytes = "$call('\\x" . unpack('H*', $with->{raw}) . "'::bytea)";
			$source = "SELECT $what FROM LATERAL " . ($function->{row} ? $bytes : "(SELECT $bytes$scalar)") . ' pgrst_call';
		}
		elsif ($method eq 'GET')
		{
			my %given = map { split /=/, $_, 2 } split /&/, $query // '';
			my $list  = join ', ',
			  map { qq("$_" := ) . quote($given{$_}) . "::$types->{$_}" }
			  sort keys %given;
			$source = qq(SELECT $what FROM LATERAL )
			  . (
				$function->{row}
				? "$call($list)"
				: "(SELECT $call($list)$scalar)") . ' pgrst_call';
		}
		else
		{
			my $body   = $with->{body} // {};
			my @names  = sort keys %$body;
			my $record = join ', ',
			  map { qq("$_" ) . ($types->{$_} // return) } @names;
			my $list = join ', ', map { qq("$_" := pgrst_body."$_") } @names;
			my $from =
			  $function->{row}
			  ? "$call($list)"
			  : "(SELECT $call($list)$scalar)";
			$source =
			  @names
			  ? qq(SELECT $what FROM (SELECT \$1 AS json_data) pgrst_payload, LATERAL (SELECT * FROM json_to_record(pgrst_payload.json_data) AS _($record) LIMIT 1) pgrst_body, LATERAL $from pgrst_call)
			  : qq(SELECT $what FROM (SELECT \$1 AS json_data) pgrst_payload, LATERAL $from pgrst_call);
		}
		$value =
		  $function->{row}
		  ? 'json_agg(_postgrest_t)'
		  : 'json_agg(_postgrest_t.pgrst_scalar)';
		$value = $function->{set} ? "coalesce($value, '[]')" : "$value->0";
		$value = q(string_agg(encode(_postgrest_t.pgrst_scalar, 'hex'), ''))
		  if ($function->{media} // '') eq '*/*';
		$value = q(string_agg(_postgrest_t.pgrst_scalar, ''))
		  if ($function->{media} // '') =~ /json/;
	}
	return ($function, <<SQL);
PREPARE main (json) AS
WITH pgrst_source AS ($source)
SELECT null::bigint AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total,
	coalesce((${value})::text, 'null') AS body,
	nullif(current_setting('response.headers', true), '') AS response_headers,
	nullif(current_setting('response.status', true), '') AS response_status
  FROM (SELECT "_".* FROM pgrst_source AS "_") _postgrest_t;
SQL
}

# HTTP status of an SQLSTATE, as PostgREST's documentation has it.
my @statuses = (
	[ qr/^42501$/,                          sub { $_[0] ? 401 : 403 } ],
	[ qr/^(28|0L|0P)/,                      sub { 403 } ],
	[ qr/^2350[35]$/,                       sub { 409 } ],
	[ qr/^25006$/,                          sub { 405 } ],
	[ qr/^(42883|42P01)$/,                  sub { 404 } ],
	[ qr/^(08|57P01$)/,                     sub { 503 } ],
	[ qr/^53400$/,                          sub { 500 } ],
	[ qr/^53/,                              sub { 503 } ],
	[ qr/^(25|40|54|55|57|58|XX|21|42P17)/, sub { 500 } ],
);

sub error_answer
{
	my ($stderr,   $anonymous) = @_;
	my ($sqlstate, $message)   = $stderr =~ /ERROR:\s+(\w{5}): (.*)/
	  or die "no error: $stderr";
	my ($details) = $stderr =~ /^DETAIL:  ((?:.*)(?:\n(?!HINT:|LOCATION:|CONTEXT:|SCHEMA|TABLE|COLUMN|CONSTRAINT|STATEMENT).*)*)/m;
	my ($hint)    = $stderr =~ /^HINT:  (.*)$/m;

	if ($sqlstate eq 'PGRST')
	{
		my $answer = $json->decode($details);
		my %headers =
		  map { lc $_ => $answer->{headers}{$_} } keys %{ $answer->{headers} };
		return {
			status  => $answer->{status},
			headers => \%headers,
			text    => $message
		};
	}
	my ($rule) = grep { $sqlstate =~ $_->[0] } @statuses;
	my $status = $rule ? $rule->[1]->($anonymous) : 400;
	return {
		status  => $status,
		headers => $status == 401 ? { 'www-authenticate' => 'Bearer' } : {},
		text    => $json->encode(
			{
				code    => $sqlstate,
				message => $message,
				details => $details,
				hint    => $hint
			})
	};
}

sub send_request
{
	my ($self, $method, $path, $headers, $with) = @_;
	my ($function, $main) = $self->main_query($method, $path, $with);

	return { status => 404, headers => {}, text => '{"code":"PGRST202"}' }
	  unless defined $main;
	my $writes = $method ne 'GET' && (!$function || $function->{volatile} eq 'v');
	my $mode   = $writes ? 'READ WRITE' : 'READ ONLY';
	my $end    = 'COMMIT';
	$end = 'ROLLBACK'
	  if $self->{transactions} eq 'commit-allow-override'
	  && ($headers->{prefer} // '') =~ /\btx=rollback\b/;
	my $body = quote($json->encode($with->{body} // {}));
	my $name = (split /\?/, $path)[0];
	my ($stdout, $stderr) = ('', '');

	$self->{node}->psql(
		'postgres', <<SQL,
BEGIN ISOLATION LEVEL READ COMMITTED $mode;
\\o /dev/null
@{[ $self->settings($method, $name, $headers) ]}
select "$self->{schema}"."users_pre_request"();
\\o
$main
EXECUTE main ($body);
$end;
SQL
		connstr       => $self->{node}->connstr('postgres') . " user=$self->{login}",
		stdout        => \$stdout,
		stderr        => \$stderr,
		on_error_stop => 1,
		extra_params  => [ '-F', "\x1f", '-v', 'VERBOSITY=verbose' ]);
	return error_answer($stderr, !defined $headers->{authorization})
	  if $stderr =~ /ERROR:/;
	my (undef, $count, $text, $more, $status) = split /\x1f/, $stdout, -1;
	my %answer = (status => $status || 200, headers => {}, text => $text);

	if ($function && $function->{void})
	{
		@answer{qw(status text)} = (204, '');
	}
	for my $header (@{ $json->decode($more || '[]') })
	{
		my ($key, $value) = %$header;
		$answer{headers}{ lc $key } = join ', ',
		  grep { defined } $answer{headers}{ lc $key }, $value;
	}
	$answer{text} = $text eq 'null' ? '' : pack 'H*', $text
	  if $function && ($function->{media} // '') eq '*/*';
	$answer{headers}{'content-type'} //=
		$function && ($function->{media} // '') =~ /json/
	  ? $function->{media}
	  : 'application/json; charset=utf-8';
	return \%answer;
}

# ---- HTTP

package Requests::Http;

our @ISA = ('Requests::Front');

my @running;    # what a test that dies would leave behind

sub escape
{
	my ($self, $text) = @_;

	$text =~ s/([^\w.~-])/sprintf '%%%02X', ord $1/ge;
	return $text;
}

# A front that is a PostgREST, started here on a port of its own; undef without
# POSTGREST_BIN. %conf: the database (postgres), and more of its configuration.
sub Requests::postgrest
{
	my ($node, $login, %conf) = @_;

	return unless $ENV{POSTGREST_BIN};
	my $port = PostgreSQL::Test::Cluster::get_free_port();
	my $self = bless { url => "http://127.0.0.1:$port", output => '' },
	  __PACKAGE__;
	my $host     = $node->host;
	my $schema   = delete $conf{'db-schemas'} // 'public';
	my $database = delete $conf{database}     // 'postgres';
	my %all      = (
		'db-uri'        => "postgresql://$login@/$database?host=$host&port=" . $node->port,
		'db-schemas'    => $schema,
		'db-pre-config' => (split /,/, $schema)[0] . '.users_pre_config',
		'server-host'   => '127.0.0.1',
		'server-port'   => $port,
		'log-level'     => 'error',
		%conf);
	my $file = PostgreSQL::Test::Utils::tempdir() . '/postgrest.conf';

	open my $out, '>', $file or die "$file: $!";
	print $out map { $all{$_} =~ /^(\d+|true|false)$/ ? "$_ = $all{$_}\n" : "$_ = \"$all{$_}\"\n" } sort keys %all;
	close $out or die "$file: $!";
	$self->{run} = IPC::Run::start(
		[ $ENV{POSTGREST_BIN}, $file ],
		'<', '/dev/null', '>&', \$self->{output});
	push @running, $self->{run};
	$self->{http} = HTTP::Tiny->new(timeout => 60, keep_alive => 1);
	my $deadline = Time::HiRes::time() + $PostgreSQL::Test::Utils::timeout_default;
	while ($self->{http}->get("$self->{url}/users_languages")->{status} != 200)
	{
		$self->{run}->pump_nb;
		die "PostgREST does not answer: $self->{output}"
		  if Time::HiRes::time() > $deadline || !$self->{run}->pumpable;
		Time::HiRes::sleep(0.05);
	}
	return $self;
}

sub send_request
{
	my ($self, $method, $path, $headers, $with) = @_;
	my %options = (headers => {%$headers});

	if ($method ne 'GET')
	{
		$options{content} = $with->{raw} // $json->encode($with->{body} // {});
		$options{headers}{'content-type'} =
		  defined $with->{raw}
		  ? 'application/octet-stream'
		  : 'application/json';
	}
	my $answer = $self->{http}->request($method, "$self->{url}$path", \%options);
	my %got    = map {
		my $v = $answer->{headers}{$_};
		$_ => ref $v ? join(', ', @$v) : $v
	} keys %{ $answer->{headers} };

	return {
		status  => $answer->{status},
		headers => \%got,
		text    => $answer->{content} // ''
	};
}

sub url { return $_[0]{url} }

sub stop
{
	my ($self) = @_;

	$self->{run}->signal('TERM');
	$self->{run}->finish;
	return;
}

END
{
	my $status = $?;

	for my $run (grep { $_->pumpable } @running) { $run->kill_kill }
	$? = $status;
}

1;
