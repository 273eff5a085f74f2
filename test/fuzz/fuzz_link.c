/* A link's token and its fields say the same, and only the key, the link's own
 * terms and its own name make the tag. */
#include <sodium.h>

#include "base64url.h"
#include "link.h"

#include "fuzz.h"

#define TOKEN_BYTES 64
#define TEXT_MAX	300

static const uint8_t key[USERS_KEY_BYTES] = { 1 };

/* Terms of what the input holds after the token. */
typedef struct Terms
{
	char kind[TEXT_MAX];
	char recipient[TEXT_MAX];
	UsersLinkTerms terms;
} Terms;

static void
take_text(char *out, const uint8_t *data, size_t size)
{
	size_t len = size < TEXT_MAX - 1 ? size : TEXT_MAX - 1;

	memcpy(out, data, len);
	out[len] = '\0';
}

static void
take_terms(Terms *out, const uint8_t *data, size_t size)
{
	size_t half = size / 2;

	memset(out, 0, sizeof(*out));
	take_text(out->kind, data, half);
	take_text(out->recipient, data + half, size - half);
	memcpy(out->terms.nonce, data,
		   size < USERS_LINK_NONCE ? size : USERS_LINK_NONCE);
	out->terms.kind = out->kind;
	out->terms.recipient = out->recipient;
}

static void
check_accepted(const UsersLinkName *name, const uint8_t *mac, const char *text,
			   const Terms *terms)
{
	uint8_t bytes[TOKEN_BYTES];
	char again[USERS_LINK_TEXT];
	uint8_t own_mac[USERS_LINK_MAC];
	UsersLinkTerms other = terms->terms;
	UsersLinkName back;

	memcpy(bytes, name->user_id.bytes, 16);
	memcpy(bytes + 16, name->link_id.bytes, 16);
	memcpy(bytes + 32, mac, USERS_LINK_MAC);
	users_base64url_encode(again, bytes, sizeof(bytes));
	MUST(memcmp(again, text, sizeof(again)) == 0);
	users_link_mint(again, name, &terms->terms, key);
	MUST(users_link_parse(&back, own_mac, again, sizeof(again)) == USERS_OK);
	MUST(memcmp(&back, name, sizeof(back)) == 0);
	MUST(users_link_verify(&back, own_mac, &terms->terms, key) == USERS_OK);
	MUST((users_link_verify(name, mac, &terms->terms, key) == USERS_OK) ==
		 (memcmp(own_mac, mac, sizeof(own_mac)) == 0));
	other.kind = terms->recipient;
	other.recipient = terms->kind;
	MUST((users_link_verify(&back, own_mac, &other, key) == USERS_OK) ==
		 (strcmp(terms->kind, terms->recipient) == 0));
	other = terms->terms;
	other.nonce[bytes[0] % USERS_LINK_NONCE] ^= 1;
	MUST(users_link_verify(&back, own_mac, &other, key) == USERS_FORGED);
	back.link_id.bytes[bytes[1] % 16] ^= 1;
	MUST(users_link_verify(&back, own_mac, &terms->terms, key) == USERS_FORGED);
	own_mac[bytes[2] % sizeof(own_mac)] ^= 1;
	MUST(users_link_verify(name, own_mac, &terms->terms, key) == USERS_FORGED);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const UsersLinkName wiped;
	static const uint8_t no_mac[USERS_LINK_MAC];
	size_t text_len = size < USERS_LINK_TEXT ? size : USERS_LINK_TEXT;
	uint8_t mac[USERS_LINK_MAC];
	char text[USERS_LINK_TEXT];
	UsersLinkName name;
	Terms terms;

	take_terms(&terms, data + text_len, size - text_len);
	memset(&name, 0x55, sizeof(name));
	memset(mac, 0x55, sizeof(mac));
	/* All of it, which is a token only when nothing follows. */
	if (users_link_parse(&name, mac, (const char *) data, size) == USERS_OK)
		MUST(size == USERS_LINK_TEXT);
	else
		MUST(memcmp(&name, &wiped, sizeof(name)) == 0 &&
			 memcmp(mac, no_mac, sizeof(mac)) == 0);
	if (users_link_parse(&name, mac, (const char *) data, text_len) == USERS_OK)
		check_accepted(&name, mac, (const char *) data, &terms);
	if (size < TOKEN_BYTES)
		return 0;
	/* As bytes, all of which are a token. */
	users_base64url_encode(text, data, TOKEN_BYTES);
	MUST(users_link_parse(&name, mac, text, sizeof(text)) == USERS_OK);
	check_accepted(&name, mac, text, &terms);
	return 0;
}
