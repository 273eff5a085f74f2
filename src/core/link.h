/*
 * Tokens of links in mails: derived, not stored. The link's row keeps what the
 * tag covers; without the key it is no token.
 */
#ifndef USERS_CORE_LINK_H
#define USERS_CORE_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "keyring.h"
#include "status.h"
#include "uuid.h"

#define USERS_LINK_MAC	 32
#define USERS_LINK_NONCE 16
/* base64url of 16 + 16 + 32 bytes */
#define USERS_LINK_TEXT 86

/* What a token names: whose link, and which. */
typedef struct UsersLinkName
{
	UsersUuid user_id;
	UsersUuid link_id;
} UsersLinkName;

/* What its tag covers besides: for what, and whose mailbox (empty: the link
 * was handed over). Texts are NUL-terminated. */
typedef struct UsersLinkTerms
{
	const char *kind;
	const char *recipient;
	uint8_t nonce[USERS_LINK_NONCE];
} UsersLinkTerms;

/* Writes exactly USERS_LINK_TEXT characters, no NUL. */
void users_link_mint(char *out, const UsersLinkName *name,
					 const UsersLinkTerms *terms,
					 const uint8_t key[USERS_KEY_BYTES]);

/* Takes a token apart, its tag NOT yet checked. USERS_MALFORMED, with name and
 * mac wiped, for anything but USERS_LINK_TEXT characters of strict base64url.
 */
UsersStatus users_link_parse(UsersLinkName *name, uint8_t mac[USERS_LINK_MAC],
							 const char *text, size_t len) USERS_CHECKED;

/* Whether the tag is that of the link; in constant time. */
UsersStatus users_link_verify(const UsersLinkName *name,
							  const uint8_t mac[USERS_LINK_MAC],
							  const UsersLinkTerms *terms,
							  const uint8_t key[USERS_KEY_BYTES]) USERS_CHECKED;

#endif
