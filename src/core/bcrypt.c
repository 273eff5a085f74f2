#include <stdbool.h>
#include <string.h>

#include "bcrypt.h"

#define MIN_COST 4
#define PREFIX	 7 /* $2b$10$ */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Salt and digest, in the alphabet that is bcrypt's own. */
static bool
is_body(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		char c = text[i];

		if (!is_digit(c) && !(c >= 'A' && c <= 'Z') &&
			!(c >= 'a' && c <= 'z') && c != '.' && c != '/')
			return false;
	}
	return true;
}

/* "$2", at most one letter, "$". */
static UsersStatus
check_variant(const char *text, size_t len)
{
	if (len < 3 || memcmp(text, "$2", 2) != 0)
		return USERS_MALFORMED;
	if (text[2] == '$')
		return USERS_UNSUPPORTED;
	if (len < 4 || text[3] != '$')
		return USERS_MALFORMED;
	if (text[2] == 'x')
		return USERS_UNSUPPORTED;
	return text[2] == 'a' || text[2] == 'b' || text[2] == 'y' ? USERS_OK
															  : USERS_MALFORMED;
}

UsersStatus
users_bcrypt_parse(unsigned *cost, const char *text, size_t len)
{
	UsersStatus status = check_variant(text, len);
	unsigned given;

	*cost = 0;
	if (status != USERS_OK)
		return status;
	if (len != USERS_BCRYPT_TEXT || !is_digit(text[4]) || !is_digit(text[5]) ||
		text[6] != '$' || !is_body(text + PREFIX, len - PREFIX))
		return USERS_MALFORMED;
	given = (unsigned) (text[4] - '0') * 10 + (unsigned) (text[5] - '0');
	if (given < MIN_COST)
		return USERS_MALFORMED;
	if (given > USERS_BCRYPT_MAX_COST)
		return USERS_OVERPRICED;
	*cost = given;
	return USERS_OK;
}
