#include <string.h>

#include <sodium.h>

#include "base64url.h"
#include "ticket.h"

#define FIELDS_BYTES (16 + 16 + 8)
#define TOKEN_BYTES	 (FIELDS_BYTES + USERS_TICKET_MAC)
#define PLACE_BYTES	 (8 + 4)

_Static_assert(USERS_BASE64URL_LEN(TOKEN_BYTES) == USERS_TICKET_TEXT,
			   "the text's length follows from the fields");

/* n bytes of a number, the most significant first. */
static void
put_number(uint8_t *out, uint64_t number, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		out[i] = (uint8_t) (number >> (8 * (n - 1 - i)));
}

static void
pack_fields(uint8_t out[FIELDS_BYTES], const UsersTicket *ticket)
{
	memcpy(out, ticket->user_id.bytes, 16);
	memcpy(out + 16, ticket->session_id.bytes, 16);
	put_number(out + 32, (uint64_t) ticket->issued_at, 8);
}

static void
unpack_fields(UsersTicket *ticket, const uint8_t in[FIELDS_BYTES])
{
	uint64_t issued_at = 0;

	memcpy(ticket->user_id.bytes, in, 16);
	memcpy(ticket->session_id.bytes, in + 16, 16);
	for (unsigned i = 0; i < 8; i++)
		issued_at = issued_at << 8 | in[32 + i];
	memcpy(&ticket->issued_at, &issued_at, sizeof(issued_at));
}

static void
make_tag(uint8_t mac[USERS_TICKET_MAC], const uint8_t fields[FIELDS_BYTES],
		 const UsersTicketTerms *terms, const uint8_t key[USERS_KEY_BYTES])
{
	uint8_t place[PLACE_BYTES];
	uint8_t version[8];
	const UsersPart parts[] = { { "ticket", 6 },
								{ fields, FIELDS_BYTES },
								{ place, sizeof(place) },
								{ version, sizeof(version) },
								{ terms->nonce, USERS_TICKET_NONCE } };

	put_number(place, terms->system, 8);
	put_number(place + 8, terms->database, 4);
	put_number(version, (uint64_t) terms->version, sizeof(version));
	users_keyed_hash(mac, USERS_TICKET_MAC, key, parts,
					 sizeof(parts) / sizeof(parts[0]));
}

void
users_ticket_mint(char *out, const UsersTicket *ticket,
				  const UsersTicketTerms *terms,
				  const uint8_t key[USERS_KEY_BYTES])
{
	uint8_t bytes[TOKEN_BYTES];

	pack_fields(bytes, ticket);
	make_tag(bytes + FIELDS_BYTES, bytes, terms, key);
	users_base64url_encode(out, bytes, sizeof(bytes));
	sodium_memzero(bytes, sizeof(bytes));
}

UsersStatus
users_ticket_parse(UsersTicket *ticket, uint8_t mac[USERS_TICKET_MAC],
				   const char *text, size_t len)
{
	uint8_t bytes[TOKEN_BYTES];
	size_t n;

	if (len == USERS_TICKET_TEXT &&
		users_base64url_decode(bytes, sizeof(bytes), &n, text, len) == USERS_OK)
	{
		unpack_fields(ticket, bytes);
		memcpy(mac, bytes + FIELDS_BYTES, USERS_TICKET_MAC);
		sodium_memzero(bytes, sizeof(bytes));
		return USERS_OK;
	}
	sodium_memzero(ticket, sizeof(*ticket));
	sodium_memzero(mac, USERS_TICKET_MAC);
	return USERS_MALFORMED;
}

UsersStatus
users_ticket_verify(const UsersTicket *ticket,
					const uint8_t mac[USERS_TICKET_MAC],
					const UsersTicketTerms *terms,
					const uint8_t key[USERS_KEY_BYTES])
{
	uint8_t fields[FIELDS_BYTES];
	uint8_t expected[USERS_TICKET_MAC];
	int different;

	pack_fields(fields, ticket);
	make_tag(expected, fields, terms, key);
	different = sodium_memcmp(expected, mac, sizeof(expected));
	sodium_memzero(expected, sizeof(expected));
	return different == 0 ? USERS_OK : USERS_FORGED;
}

bool
users_ticket_lives(const UsersTicket *ticket, int64_t now)
{
	int64_t age;

	return !__builtin_sub_overflow(now, ticket->issued_at, &age) &&
		   age < USERS_TICKET_LIFE && age > -USERS_TICKET_LIFE;
}
