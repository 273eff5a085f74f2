#include "pg.h"

#include "client.h"
#include "core/grammar.h"
#include "http.h"
#include "identity.h"
#include "settings.h"
#include "text.h"

static const uint8 v4_mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

bool
users_client_from_inet(UsersClient *client, const inet *address)
{
	const inet_struct *in = (const inet_struct *) VARDATA_ANY(address);
	bool v6 = in->family == PGSQL_AF_INET6;

	if (in->bits != (v6 ? 128 : 32) && !(v6 && in->bits == 64))
		return false;
	if (v6 && memcmp(in->ipaddr, v4_mapped, sizeof(v4_mapped)) == 0)
		memcpy(client->address, in->ipaddr + 12, 4);
	else
	{
		memcpy(client->address, in->ipaddr, v6 ? 16 : 4);
		client->is_v6 = v6;
	}
	client->known = true;
	return true;
}

/* Reads an address as text, without raising for nonsense. */
static bool
parse_address(UsersClient *client, const char *text)
{
	unsigned char bytes[16];
	inet *address;
	inet_struct *in;
	bool v6 = strchr(text, ':') != NULL;
	int bits;

	if (text[0] == '\0' || strlen(text) > 45 || strchr(text, '/') != NULL)
		return false;
	bits =
		pg_inet_net_pton(v6 ? PGSQL_AF_INET6 : PGSQL_AF_INET, text, bytes, -1);
	if (bits != (v6 ? 128 : 32))
		return false;
	address = palloc0(sizeof(inet));
	in = (inet_struct *) VARDATA(address);
	in->family = v6 ? PGSQL_AF_INET6 : PGSQL_AF_INET;
	in->bits = (unsigned char) bits;
	memcpy(in->ipaddr, bytes, v6 ? 16 : 4);
	SET_INET_VARSIZE(address);
	return users_client_from_inet(client, address);
}

/* Whether the session's login was set up, with trusted_client or at all. A
 * superuser was not, unless told to. */
static bool
login_is(const char *role)
{
	Oid oid = get_role_oid(role, true);

	return OidIsValid(oid) &&
		   is_member_of_role_nosuper(GetSessionUserId(), oid);
}

/* The last element of a list as X-Forwarded-For holds one: the nearest proxy
 * wrote it, what stands before it anybody may have sent. */
static const char *
last_element(char *list)
{
	char *comma = strrchr(list, ',');
	const char *start = comma != NULL ? comma + 1 : list;
	size_t len = strlen(start);

	users_trim(&start, &len);
	return pnstrdup(start, len);
}

static void
copy_user_agent(UsersClient *client, const char *text)
{
	(void) users_printable_text(client->user_agent, sizeof(client->user_agent),
								text, strlen(text));
}

/* What a header says, on a login that carries PostgREST's requests. */
static void
ask_headers(UsersClient *client)
{
	const char *name = users_settings.client_address_header;
	char *value;

	if (name[0] == '\0' || !login_is("users_anon"))
		return;
	value = users_http_header(name);
	if (value != NULL)
		(void) parse_address(client, last_element(value));
	value = users_http_header("user-agent");
	if (value != NULL)
		copy_user_agent(client, value);
}

static void
ask_socket(UsersClient *client)
{
	LOCAL_FCINFO(fcinfo, 0);
	Datum address;

	InitFunctionCallInfoData(*fcinfo, NULL, 0, InvalidOid, NULL, NULL);
	address = inet_client_addr(fcinfo);
	if (!fcinfo->isnull)
		(void) users_client_from_inet(client, DatumGetInetPP(address));
}

void
users_client(UsersClient *client)
{
	memset(client, 0, sizeof(*client));
	ask_headers(client);
	if (login_is("users_proxy"))
	{
		if (!client->known)
			(void) parse_address(client, users_settings.client_address);
		if (client->user_agent[0] == '\0')
			copy_user_agent(client, users_settings.user_agent);
	}
	if (!client->known && users_settings.trust_socket_address)
		ask_socket(client);
}

Datum
users_client_inet(const UsersClient *client, bool *isnull)
{
	inet *address;
	inet_struct *in;

	*isnull = !client->known;
	if (!client->known)
		return (Datum) 0;
	address = palloc0(sizeof(inet));
	in = (inet_struct *) VARDATA(address);
	in->family = client->is_v6 ? PGSQL_AF_INET6 : PGSQL_AF_INET;
	in->bits = client->is_v6 ? 128 : 32;
	memcpy(in->ipaddr, client->address, client->is_v6 ? 16 : 4);
	SET_INET_VARSIZE(address);
	return InetPGetDatum(address);
}

size_t
users_client_network(const UsersClient *client, const uint8 **network)
{
	*network = client->address;
	if (!client->known)
		return 0;
	return client->is_v6 ? 8 : 4;
}
