/* base64url without padding (RFC 4648 section 5, RFC 7515 appendix C). */
#ifndef USERS_BASE64URL_H
#define USERS_BASE64URL_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

/* Characters that n bytes become. */
#define USERS_BASE64URL_LEN(n) (((n) *4 + 2) / 3)

/* Writes exactly USERS_BASE64URL_LEN(n) characters to out, no NUL. n at most
 * 4096. */
void users_base64url_encode(char *out, const uint8_t *in, size_t n);

/* Decodes len characters into out and sets *n. USERS_MALFORMED for padding,
 * white space, any foreign character, an impossible length or trailing bits
 * that are not zero; USERS_TOO_LONG when it does not fit in cap bytes. On
 * failure out is wiped and *n is 0. */
UsersStatus users_base64url_decode(uint8_t *out, size_t cap, size_t *n,
								   const char *in, size_t len) USERS_CHECKED;

#endif
