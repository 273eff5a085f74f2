#include <string.h>

#include <sodium.h>

#include "base64url.h"
#include "link.h"

#define NAME_BYTES	32
#define TOKEN_BYTES (NAME_BYTES + USERS_LINK_MAC)

_Static_assert(USERS_BASE64URL_LEN(TOKEN_BYTES) == USERS_LINK_TEXT,
			   "the text's length follows from the fields");

static void
make_tag(uint8_t mac[USERS_LINK_MAC], const UsersLinkName *name,
		 const UsersLinkTerms *terms, const uint8_t key[USERS_KEY_BYTES])
{
	const UsersPart parts[] = {
		{ "link", 4 },
		{ terms->kind, strlen(terms->kind) },
		{ name->user_id.bytes, sizeof(name->user_id.bytes) },
		{ name->link_id.bytes, sizeof(name->link_id.bytes) },
		{ terms->recipient, strlen(terms->recipient) },
		{ terms->nonce, USERS_LINK_NONCE }
	};

	users_keyed_hash(mac, USERS_LINK_MAC, key, parts,
					 sizeof(parts) / sizeof(parts[0]));
}

void
users_link_mint(char *out, const UsersLinkName *name,
				const UsersLinkTerms *terms, const uint8_t key[USERS_KEY_BYTES])
{
	uint8_t bytes[TOKEN_BYTES];

	memcpy(bytes, name->user_id.bytes, 16);
	memcpy(bytes + 16, name->link_id.bytes, 16);
	make_tag(bytes + NAME_BYTES, name, terms, key);
	users_base64url_encode(out, bytes, sizeof(bytes));
	sodium_memzero(bytes, sizeof(bytes));
}

UsersStatus
users_link_parse(UsersLinkName *name, uint8_t mac[USERS_LINK_MAC],
				 const char *text, size_t len)
{
	uint8_t bytes[TOKEN_BYTES];
	size_t n;

	if (len == USERS_LINK_TEXT &&
		users_base64url_decode(bytes, sizeof(bytes), &n, text, len) == USERS_OK)
	{
		memcpy(name->user_id.bytes, bytes, 16);
		memcpy(name->link_id.bytes, bytes + 16, 16);
		memcpy(mac, bytes + NAME_BYTES, USERS_LINK_MAC);
		sodium_memzero(bytes, sizeof(bytes));
		return USERS_OK;
	}
	sodium_memzero(name, sizeof(*name));
	sodium_memzero(mac, USERS_LINK_MAC);
	return USERS_MALFORMED;
}

UsersStatus
users_link_verify(const UsersLinkName *name, const uint8_t mac[USERS_LINK_MAC],
				  const UsersLinkTerms *terms,
				  const uint8_t key[USERS_KEY_BYTES])
{
	uint8_t expected[USERS_LINK_MAC];
	int different;

	make_tag(expected, name, terms, key);
	different = sodium_memcmp(expected, mac, sizeof(expected));
	sodium_memzero(expected, sizeof(expected));
	return different == 0 ? USERS_OK : USERS_FORGED;
}
