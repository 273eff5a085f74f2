/* Who is at the other end, as far as somebody trustworthy says so. */
#ifndef USERS_CLIENT_H
#define USERS_CLIENT_H

#include <stdbool.h>

typedef struct UsersClient
{
	bool known;
	/* Network order; IPv4 in the first four bytes. IPv4 mapped into IPv6 is
	 * IPv4. */
	uint8 address[16];
	bool is_v6;
	char user_agent[256]; /* printable; empty when unknown */
} UsersClient;

/*
 * The client of the present statement: the header that
 * users.client_address_header names, under PostgREST on a login that was set
 * up; users.client_address of a login with trusted_client; the connection's
 * address where users.trust_socket_address is on; else unknown. Only the
 * session's user is asked, which no SET ROLE changes.
 */
extern void users_client(UsersClient *client);

/* The address as inet, or NULL (*isnull). */
extern Datum users_client_inet(const UsersClient *client, bool *isnull);

/* The part of the address that budgets count: all of IPv4, the /64 of IPv6.
 * Returns its length, 0 when unknown. */
extern size_t users_client_network(const UsersClient *client,
								   const uint8 **network);

/* Fills client from an inet; false for one with a netmask (unless of 64 bits,
 * which stands for itself). */
extern bool users_client_from_inet(UsersClient *client, const inet *address);

#endif
