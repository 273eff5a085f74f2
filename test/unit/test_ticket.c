#include <sodium.h>

#include "base64url.h"
#include "ticket.h"

#include "tap.h"

#define TOKEN_BYTES 72
#define ISSUED_AT	INT64_C(818812800123456)

static const uint8_t key[USERS_KEY_BYTES] = { 1, 2, 3 };
static const UsersTicketTerms terms = {
	0x1122334455667788, 0x99aabbcc, 7, { 4, 5, 6 }
};

static UsersTicket
sample(void)
{
	UsersTicket ticket = { .issued_at = ISSUED_AT };

	memset(ticket.user_id.bytes, 0xa1, 16);
	memset(ticket.session_id.bytes, 0xb2, 16);
	return ticket;
}

static UsersStatus
parse(UsersTicket *ticket, uint8_t mac[USERS_TICKET_MAC], const char *text,
	  size_t len)
{
	char *copy = tap_exact(text, len);
	UsersStatus status = users_ticket_parse(ticket, mac, copy, len);

	free(copy);
	return status;
}

static bool
same_ticket(const UsersTicket *a, const UsersTicket *b)
{
	return memcmp(&a->user_id, &b->user_id, 16) == 0 &&
		   memcmp(&a->session_id, &b->session_id, 16) == 0 &&
		   a->issued_at == b->issued_at;
}

/* Whether a ticket made under some terms holds under others. */
static UsersStatus
taken_for(const UsersTicketTerms *made, const UsersTicketTerms *other,
		  const uint8_t other_key[USERS_KEY_BYTES])
{
	UsersTicket ticket = sample();
	uint8_t mac[USERS_TICKET_MAC];
	char text[USERS_TICKET_TEXT];

	users_ticket_mint(text, &ticket, made, key);
	if (parse(&ticket, mac, text, sizeof(text)) != USERS_OK)
		return USERS_MALFORMED;
	return users_ticket_verify(&ticket, mac, other, other_key);
}

static void
test_round_trip(void)
{
	static const int64_t times[] = {
		0, 1, -1, ISSUED_AT, INT64_MIN, INT64_MAX
	};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
	{
		UsersTicket ticket = sample();
		UsersTicket back;
		uint8_t mac[USERS_TICKET_MAC];
		char *text = malloc(USERS_TICKET_TEXT);

		if (text == NULL)
			abort();
		ticket.issued_at = times[i];
		users_ticket_mint(text, &ticket, &terms, key);
		ok(parse(&back, mac, text, USERS_TICKET_TEXT) == USERS_OK &&
			   same_ticket(&back, &ticket) &&
			   users_ticket_verify(&back, mac, &terms, key) == USERS_OK,
		   "a ticket of %lld comes back", (long long) times[i]);
		free(text);
	}
}

/* What Python's hashlib makes of the same. */
static void
test_vector(void)
{
	static const char wanted[] =
		"oaGhoaGhoaGhoaGhoaGhobKysrKysrKysrKysrKysrIAAui0thbCQC4yEleQ3uwQ"
		"V1xJHv8e5wXvOzLYvaDWnfLL8oKmE-cH";
	UsersTicket ticket = sample();
	char text[USERS_TICKET_TEXT];
	char again[USERS_TICKET_TEXT];

	users_ticket_mint(text, &ticket, &terms, key);
	ok(sizeof(wanted) == sizeof(text) + 1 &&
		   memcmp(text, wanted, sizeof(text)) == 0,
	   "fields and tag are as they are defined");
	users_ticket_mint(again, &ticket, &terms, key);
	ok(memcmp(again, text, sizeof(text)) == 0,
	   "minted again it is the same, without state");
}

static void
test_other_terms(void)
{
	bool systems = true;
	bool databases = true;
	bool versions = true;
	bool nonces = true;
	bool keys = true;

	is(taken_for(&terms, &terms, key), USERS_OK, "under its own terms");
	for (unsigned bit = 0; bit < USERS_KEY_BYTES * 8; bit++)
	{
		UsersTicketTerms other = terms;
		uint8_t other_key[USERS_KEY_BYTES];

		other.system ^= UINT64_C(1) << bit % 64;
		systems = systems && taken_for(&terms, &other, key) == USERS_FORGED;
		other = terms;
		other.database ^= UINT32_C(1) << bit % 32;
		databases = databases && taken_for(&terms, &other, key) == USERS_FORGED;
		other = terms;
		other.version =
			(int64_t) ((uint64_t) terms.version ^ UINT64_C(1) << bit % 64);
		versions = versions && taken_for(&terms, &other, key) == USERS_FORGED;
		other = terms;
		other.nonce[bit % 128 / 8] ^= (uint8_t) (1 << bit % 8);
		nonces = nonces && taken_for(&terms, &other, key) == USERS_FORGED;
		memcpy(other_key, key, sizeof(other_key));
		other_key[bit / 8] ^= (uint8_t) (1 << bit % 8);
		keys = keys && taken_for(&terms, &terms, other_key) == USERS_FORGED;
	}
	ok(systems, "another cluster's is refused");
	ok(databases, "another database's is refused");
	ok(versions, "another version's is refused");
	ok(nonces, "another credential's is refused");
	ok(keys, "each bit of the key counts");
}

static void
test_tampering(void)
{
	UsersTicket ticket = sample();
	uint8_t mac[USERS_TICKET_MAC];
	uint8_t bytes[TOKEN_BYTES];
	char text[USERS_TICKET_TEXT];
	bool caught = true;
	size_t n;

	users_ticket_mint(text, &ticket, &terms, key);
	if (users_base64url_decode(bytes, sizeof(bytes), &n, text, sizeof(text)) !=
			USERS_OK ||
		n != TOKEN_BYTES)
		abort();
	for (unsigned at = 0; at < TOKEN_BYTES; at++)
	{
		uint8_t right = bytes[at];

		for (unsigned value = 0; value < 256; value++)
		{
			bytes[at] = (uint8_t) value;
			users_base64url_encode(text, bytes, sizeof(bytes));
			caught =
				caught && parse(&ticket, mac, text, sizeof(text)) == USERS_OK &&
				(users_ticket_verify(&ticket, mac, &terms, key) == USERS_OK) ==
					(value == right);
		}
		bytes[at] = right;
	}
	ok(caught, "each byte has one value only");
	ticket = sample();
	ticket.user_id = sample().session_id;
	ticket.session_id = sample().user_id;
	is(users_ticket_verify(&ticket, mac, &terms, key), USERS_FORGED,
	   "the two ids are not exchanged");
	memset(mac, 0, sizeof(mac));
	ticket = sample();
	is(users_ticket_verify(&ticket, mac, &terms, key), USERS_FORGED,
	   "a tag of zeros");
}

static void
test_parse_refusals(void)
{
	static const UsersTicket wiped;
	static const uint8_t no_mac[USERS_TICKET_MAC];
	static const char foreign[] = "= \n+/.~%\0\x80\xff";
	UsersTicket ticket = sample();
	uint8_t mac[USERS_TICKET_MAC];
	char text[USERS_TICKET_TEXT + 40];
	bool lengths = true;
	bool characters = true;

	memset(text, 'A', sizeof(text));
	users_ticket_mint(text, &ticket, &terms, key);
	for (size_t len = 0; len <= sizeof(text); len++)
	{
		memset(&ticket, 0x55, sizeof(ticket));
		memset(mac, 0x55, sizeof(mac));
		if (parse(&ticket, mac, text, len) == USERS_OK)
			lengths = lengths && len == USERS_TICKET_TEXT;
		else
			lengths = lengths && len != USERS_TICKET_TEXT &&
					  memcmp(&ticket, &wiped, sizeof(ticket)) == 0 &&
					  memcmp(mac, no_mac, sizeof(mac)) == 0;
	}
	ok(lengths, "any other length is refused and leaves nothing");
	for (size_t at = 0; at < USERS_TICKET_TEXT; at++)
	{
		char right = text[at];

		for (size_t i = 0; i < sizeof(foreign); i++)
		{
			text[at] = foreign[i];
			memset(&ticket, 0x55, sizeof(ticket));
			memset(mac, 0x55, sizeof(mac));
			characters = characters &&
						 parse(&ticket, mac, text, USERS_TICKET_TEXT) ==
							 USERS_MALFORMED &&
						 memcmp(&ticket, &wiped, sizeof(ticket)) == 0 &&
						 memcmp(mac, no_mac, sizeof(mac)) == 0;
		}
		text[at] = right;
	}
	ok(characters, "foreign characters are refused at every place");
	ok(parse(&ticket, mac, text, USERS_TICKET_TEXT) == USERS_OK &&
		   users_ticket_verify(&ticket, mac, &terms, key) == USERS_OK,
	   "and as it was it is good");
}

static void
test_life(void)
{
	static const struct
	{
		int64_t issued_at;
		int64_t now;
		bool lives;
		const char *name;
	} cases[] = {
		{ ISSUED_AT, ISSUED_AT, true, "at once" },
		{ ISSUED_AT, ISSUED_AT + USERS_TICKET_LIFE - 1, true,
		  "to the last microsecond" },
		{ ISSUED_AT, ISSUED_AT + USERS_TICKET_LIFE, false, "and no longer" },
		{ ISSUED_AT, ISSUED_AT - USERS_TICKET_LIFE + 1, true,
		  "of a clock that is ahead" },
		{ ISSUED_AT, ISSUED_AT - USERS_TICKET_LIFE, false, "by too much" },
		{ INT64_MIN, INT64_MAX, false, "of long ago" },
		{ INT64_MAX, INT64_MIN, false, "of the far future" },
		{ INT64_MIN, 0, false, "of the beginning" },
		{ INT64_MAX, 0, false, "of the end" },
		{ -5, 5, true, "around zero" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		UsersTicket ticket = { .issued_at = cases[i].issued_at };

		ok(users_ticket_lives(&ticket, cases[i].now) == cases[i].lives,
		   "a ticket %s %s", cases[i].name,
		   cases[i].lives ? "lives" : "is over");
	}
	is(USERS_TICKET_LIFE, 10 * 1000 * 1000, "its life is ten seconds");
}

int
main(void)
{
	if (sodium_init() < 0)
		return 1;
	test_round_trip();
	test_vector();
	test_other_terms();
	test_tampering();
	test_parse_refusals();
	test_life();
	return tap_done();
}
