/* A ticket and its fields say the same, and only the key, its own terms and
 * its own fields make the tag. */
#include <sodium.h>

#include "base64url.h"
#include "ticket.h"

#include "fuzz.h"

#define TOKEN_BYTES 72

static const uint8_t key[USERS_KEY_BYTES] = { 1 };

/* Terms of what the input holds after the ticket. */
static void
take_terms(UsersTicketTerms *terms, const uint8_t *data, size_t size)
{
	uint8_t bytes[36] = { 0 };

	memcpy(bytes, data, size < sizeof(bytes) ? size : sizeof(bytes));
	memcpy(&terms->system, bytes, 8);
	memcpy(&terms->database, bytes + 8, 4);
	memcpy(&terms->version, bytes + 12, 8);
	memcpy(terms->nonce, bytes + 20, USERS_TICKET_NONCE);
}

static void
check_life(const UsersTicket *ticket)
{
	int64_t at = ticket->issued_at;

	MUST(users_ticket_lives(ticket, at));
	MUST(at > INT64_MAX - USERS_TICKET_LIFE ||
		 !users_ticket_lives(ticket, at + USERS_TICKET_LIFE));
	MUST(at < INT64_MIN + USERS_TICKET_LIFE ||
		 !users_ticket_lives(ticket, at - USERS_TICKET_LIFE));
}

static void
check_accepted(const UsersTicket *ticket, const uint8_t *mac, const char *text,
			   const UsersTicketTerms *terms)
{
	uint8_t bytes[TOKEN_BYTES];
	char again[USERS_TICKET_TEXT];
	uint8_t own_mac[USERS_TICKET_MAC];
	UsersTicketTerms other = *terms;
	UsersTicket back;
	size_t n;

	MUST(users_base64url_decode(bytes, sizeof(bytes), &n, text,
								USERS_TICKET_TEXT) == USERS_OK);
	MUST(n == TOKEN_BYTES && memcmp(bytes + 40, mac, USERS_TICKET_MAC) == 0);
	users_ticket_mint(again, ticket, terms, key);
	MUST(memcmp(again, text, 53) == 0);
	MUST(users_ticket_parse(&back, own_mac, again, sizeof(again)) == USERS_OK);
	MUST(memcmp(&back, ticket, sizeof(back)) == 0);
	MUST(users_ticket_verify(&back, own_mac, terms, key) == USERS_OK);
	MUST((users_ticket_verify(ticket, mac, terms, key) == USERS_OK) ==
		 (memcmp(own_mac, mac, sizeof(own_mac)) == 0));
	other.version ^= 1;
	MUST(users_ticket_verify(&back, own_mac, &other, key) == USERS_FORGED);
	other = *terms;
	other.nonce[bytes[0] % USERS_TICKET_NONCE] ^= 1;
	MUST(users_ticket_verify(&back, own_mac, &other, key) == USERS_FORGED);
	back.session_id.bytes[bytes[1] % 16] ^= 1;
	MUST(users_ticket_verify(&back, own_mac, terms, key) == USERS_FORGED);
	own_mac[bytes[2] % sizeof(own_mac)] ^= 1;
	MUST(users_ticket_verify(ticket, own_mac, terms, key) == USERS_FORGED);
	check_life(ticket);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const UsersTicket wiped;
	static const uint8_t no_mac[USERS_TICKET_MAC];
	size_t text_len = size < USERS_TICKET_TEXT ? size : USERS_TICKET_TEXT;
	uint8_t mac[USERS_TICKET_MAC];
	char text[USERS_TICKET_TEXT];
	UsersTicketTerms terms;
	UsersTicket ticket;

	take_terms(&terms, data + text_len, size - text_len);
	memset(&ticket, 0x55, sizeof(ticket));
	memset(mac, 0x55, sizeof(mac));
	/* All of it, which is a ticket only when nothing follows. */
	if (users_ticket_parse(&ticket, mac, (const char *) data, size) == USERS_OK)
		MUST(size == USERS_TICKET_TEXT);
	else
		MUST(memcmp(&ticket, &wiped, sizeof(ticket)) == 0 &&
			 memcmp(mac, no_mac, sizeof(mac)) == 0);
	if (users_ticket_parse(&ticket, mac, (const char *) data, text_len) ==
		USERS_OK)
		check_accepted(&ticket, mac, (const char *) data, &terms);
	if (size < TOKEN_BYTES)
		return 0;
	/* As bytes, all of which are a ticket. */
	users_base64url_encode(text, data, TOKEN_BYTES);
	MUST(users_ticket_parse(&ticket, mac, text, sizeof(text)) == USERS_OK);
	check_accepted(&ticket, mac, text, &terms);
	return 0;
}
