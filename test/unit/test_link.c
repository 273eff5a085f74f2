#include <sodium.h>

#include "base64url.h"
#include "link.h"

#include "tap.h"

#define TOKEN_BYTES 64

static const uint8_t key[USERS_KEY_BYTES] = { 1, 2, 3 };
static const UsersLinkTerms terms = { "reset_password",
									  "ann@example.org",
									  { 4, 5, 6 } };

static UsersLinkName
sample(void)
{
	UsersLinkName name;

	memset(name.user_id.bytes, 0xa1, 16);
	memset(name.link_id.bytes, 0xb2, 16);
	return name;
}

static UsersStatus
parse(UsersLinkName *name, uint8_t mac[USERS_LINK_MAC], const char *text,
	  size_t len)
{
	char *copy = tap_exact(text, len);
	UsersStatus status = users_link_parse(name, mac, copy, len);

	free(copy);
	return status;
}

static bool
same_name(const UsersLinkName *a, const UsersLinkName *b)
{
	return memcmp(&a->user_id, &b->user_id, 16) == 0 &&
		   memcmp(&a->link_id, &b->link_id, 16) == 0;
}

/* Whether a token of name and terms is taken for one of other terms. */
static UsersStatus
taken_for(const UsersLinkTerms *made, const UsersLinkTerms *other,
		  const uint8_t other_key[USERS_KEY_BYTES])
{
	UsersLinkName name = sample();
	uint8_t mac[USERS_LINK_MAC];
	char text[USERS_LINK_TEXT];

	users_link_mint(text, &name, made, key);
	if (parse(&name, mac, text, sizeof(text)) != USERS_OK)
		return USERS_MALFORMED;
	return users_link_verify(&name, mac, other, other_key);
}

static void
test_round_trip(void)
{
	static const UsersLinkTerms samples[] = {
		{ "reset_password", "ann@example.org", { 4, 5, 6 } },
		{ "verify_email", "Ann.Ash+x@EXAMPLE.org", { 0 } },
		{ "welcome", "", { 7 } },
		{ "", "", { 0 } },
	};

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
	{
		UsersLinkName name = sample();
		UsersLinkName back;
		uint8_t mac[USERS_LINK_MAC];
		char *text = malloc(USERS_LINK_TEXT);

		if (text == NULL)
			abort();
		users_link_mint(text, &name, &samples[i], key);
		ok(parse(&back, mac, text, USERS_LINK_TEXT) == USERS_OK &&
			   same_name(&back, &name) &&
			   users_link_verify(&back, mac, &samples[i], key) == USERS_OK,
		   "a token of '%s' for '%s' comes back", samples[i].kind,
		   samples[i].recipient);
		free(text);
	}
}

/* Fields and tag as they are defined, made here once more. */
static void
test_layout(void)
{
	UsersLinkName name = sample();
	uint8_t bytes[TOKEN_BYTES];
	uint8_t wanted[USERS_LINK_MAC];
	char text[USERS_LINK_TEXT];
	char again[USERS_LINK_TEXT];
	size_t n;
	const UsersPart parts[] = { { "link", 4 },
								{ "reset_password", 14 },
								{ name.user_id.bytes, 16 },
								{ name.link_id.bytes, 16 },
								{ "ann@example.org", 15 },
								{ terms.nonce, 16 } };

	users_keyed_hash(wanted, sizeof(wanted), key, parts, 6);
	users_link_mint(text, &name, &terms, key);
	ok(users_base64url_decode(bytes, sizeof(bytes), &n, text, sizeof(text)) ==
			   USERS_OK &&
		   n == TOKEN_BYTES && memcmp(bytes, name.user_id.bytes, 16) == 0 &&
		   memcmp(bytes + 16, name.link_id.bytes, 16) == 0,
	   "the fields are in their order");
	ok(memcmp(bytes + 32, wanted, sizeof(wanted)) == 0,
	   "the tag covers the word, the kind, the ids, the mailbox and the nonce");
	users_link_mint(again, &name, &terms, key);
	ok(memcmp(again, text, sizeof(text)) == 0,
	   "minted again it is the same, without state");
}

static void
test_other_terms(void)
{
	static const UsersLinkTerms others[] = {
		{ "welcome", "ann@example.org", { 4, 5, 6 } },
		{ "reset_passwor", "ann@example.org", { 4, 5, 6 } },
		{ "", "ann@example.org", { 4, 5, 6 } },
		{ "Reset_password", "ann@example.org", { 4, 5, 6 } },
		/* The parts are told apart, not merely put together. */
		{ "reset_passworda", "nn@example.org", { 4, 5, 6 } },
		{ "reset_password", "bob@example.org", { 4, 5, 6 } },
		{ "reset_password", "Ann@example.org", { 4, 5, 6 } },
		{ "reset_password", "ann@example.org ", { 4, 5, 6 } },
		{ "reset_password", "", { 4, 5, 6 } },
		{ "ann@example.org", "reset_password", { 4, 5, 6 } },
	};

	is(taken_for(&terms, &terms, key), USERS_OK, "its own terms");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
	{
		ok(taken_for(&terms, &others[i], key) == USERS_FORGED,
		   "'%s' for '%s' is another link's", others[i].kind,
		   others[i].recipient);
		ok(taken_for(&others[i], &terms, key) == USERS_FORGED,
		   "and the other way round");
	}
}

static void
test_other_secrets(void)
{
	bool nonces = true;
	bool keys = true;

	for (unsigned bit = 0; bit < USERS_LINK_NONCE * 8; bit++)
	{
		UsersLinkTerms other = terms;

		other.nonce[bit / 8] ^= (uint8_t) (1 << bit % 8);
		nonces = nonces && taken_for(&terms, &other, key) == USERS_FORGED;
	}
	ok(nonces, "each bit of the nonce counts");
	for (unsigned bit = 0; bit < USERS_KEY_BYTES * 8; bit++)
	{
		uint8_t other[USERS_KEY_BYTES];

		memcpy(other, key, sizeof(other));
		other[bit / 8] ^= (uint8_t) (1 << bit % 8);
		keys = keys && taken_for(&terms, &terms, other) == USERS_FORGED;
	}
	ok(keys, "each bit of the key counts");
}

/* The tag of one user or link under the name of another. */
static void
test_other_names(void)
{
	UsersLinkName name = sample();
	uint8_t mac[USERS_LINK_MAC];
	char text[USERS_LINK_TEXT];
	bool users = true;
	bool links = true;

	users_link_mint(text, &name, &terms, key);
	if (parse(&name, mac, text, sizeof(text)) != USERS_OK)
		abort();
	for (unsigned bit = 0; bit < 16 * 8; bit++)
	{
		UsersLinkName other = name;

		other.user_id.bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
		users = users &&
				users_link_verify(&other, mac, &terms, key) == USERS_FORGED;
		other = name;
		other.link_id.bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
		links = links &&
				users_link_verify(&other, mac, &terms, key) == USERS_FORGED;
	}
	ok(users, "another user's is refused");
	ok(links, "another link's is refused");
	name.user_id = sample().link_id;
	name.link_id = sample().user_id;
	is(users_link_verify(&name, mac, &terms, key), USERS_FORGED,
	   "the two ids are not exchanged");
}

static void
test_tampering(void)
{
	UsersLinkName name = sample();
	uint8_t mac[USERS_LINK_MAC];
	uint8_t bytes[TOKEN_BYTES];
	char text[USERS_LINK_TEXT];
	bool caught = true;
	size_t n;

	users_link_mint(text, &name, &terms, key);
	ok(parse(&name, mac, text, sizeof(text)) == USERS_OK &&
		   users_link_verify(&name, mac, &terms, key) == USERS_OK,
	   "genuine");
	if (users_base64url_decode(bytes, sizeof(bytes), &n, text, sizeof(text)) !=
		USERS_OK)
		abort();
	for (unsigned bit = 0; bit < TOKEN_BYTES * 8; bit++)
	{
		bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
		users_base64url_encode(text, bytes, sizeof(bytes));
		caught = caught && parse(&name, mac, text, sizeof(text)) == USERS_OK &&
				 users_link_verify(&name, mac, &terms, key) == USERS_FORGED;
		bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
	ok(caught, "each bit flipped is found");
	for (unsigned at = 0; at < TOKEN_BYTES; at++)
	{
		uint8_t right = bytes[at];

		for (unsigned value = 0; value < 256; value++)
		{
			bytes[at] = (uint8_t) value;
			users_base64url_encode(text, bytes, sizeof(bytes));
			caught = caught &&
					 parse(&name, mac, text, sizeof(text)) == USERS_OK &&
					 (users_link_verify(&name, mac, &terms, key) == USERS_OK) ==
						 (value == right);
		}
		bytes[at] = right;
	}
	ok(caught, "each byte has one value only");
	memset(mac, 0, sizeof(mac));
	is(users_link_verify(&name, mac, &terms, key), USERS_FORGED,
	   "a tag of zeros");
}

static void
test_parse_refusals(void)
{
	static const UsersLinkName wiped;
	static const uint8_t no_mac[USERS_LINK_MAC];
	UsersLinkName name = sample();
	uint8_t mac[USERS_LINK_MAC];
	char text[USERS_LINK_TEXT + 40];
	bool lengths = true;
	bool characters = true;
	unsigned spellings = 0;
	char last;

	memset(text, 'A', sizeof(text));
	users_link_mint(text, &name, &terms, key);
	for (size_t len = 0; len <= sizeof(text); len++)
	{
		memset(&name, 0x55, sizeof(name));
		memset(mac, 0x55, sizeof(mac));
		if (parse(&name, mac, text, len) == USERS_OK)
			lengths = lengths && len == USERS_LINK_TEXT;
		else
			lengths = lengths && len != USERS_LINK_TEXT &&
					  memcmp(&name, &wiped, sizeof(name)) == 0 &&
					  memcmp(mac, no_mac, sizeof(mac)) == 0;
	}
	ok(lengths, "any other length is refused and leaves nothing");
	for (size_t at = 0; at < USERS_LINK_TEXT; at++)
	{
		static const char foreign[] = "= \n+/.~%\0\x80\xff";
		char right = text[at];

		for (size_t i = 0; i < sizeof(foreign); i++)
		{
			text[at] = foreign[i];
			memset(&name, 0x55, sizeof(name));
			memset(mac, 0x55, sizeof(mac));
			characters =
				characters &&
				parse(&name, mac, text, USERS_LINK_TEXT) == USERS_MALFORMED &&
				memcmp(&name, &wiped, sizeof(name)) == 0 &&
				memcmp(mac, no_mac, sizeof(mac)) == 0;
		}
		text[at] = right;
	}
	ok(characters, "foreign characters are refused at every place");
	last = text[USERS_LINK_TEXT - 1];
	for (int c = 0; c < 256; c++)
	{
		text[USERS_LINK_TEXT - 1] = (char) c;
		if (parse(&name, mac, text, USERS_LINK_TEXT) == USERS_OK)
			spellings++;
	}
	text[USERS_LINK_TEXT - 1] = last;
	is(spellings, 4, "the last character has two bits, the others are zero");
	ok(parse(&name, mac, text, USERS_LINK_TEXT) == USERS_OK &&
		   users_link_verify(&name, mac, &terms, key) == USERS_OK,
	   "and as it was it is good");
}

int
main(void)
{
	if (sodium_init() < 0)
		return 1;
	test_round_trip();
	test_layout();
	test_other_terms();
	test_other_secrets();
	test_other_names();
	test_tampering();
	test_parse_refusals();
	return tap_done();
}
