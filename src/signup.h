/* Making accounts: what sign-up and administrators have in common. */
#ifndef USERS_SIGNUP_H
#define USERS_SIGNUP_H

#include "account.h"
#include "attempt.h"

/* Where the arguments of a new account stand in a call; -1: it has none. */
typedef struct UsersSignupArguments
{
	int email;
	int username;
	int first_name;
	int last_name;
	int language;
	int theme;
	int metadata;
} UsersSignupArguments;

/* Reads and checks them: US001 US002 US005 US007, whose look-ups need
 * enter_owner. Texts are trimmed, in the present memory context. */
extern void users_read_new_account(UsersNewAccount *account,
								   FunctionCallInfo fcinfo,
								   const UsersSignupArguments *at);

/* Raises US003 unless the password is strong for this account. */
extern void users_require_strong_for(const UsersNewAccount *account,
									 const UsersPassword *password,
									 const char *argument);

/* Inserts it; raises 23505 when address or username is taken; false when
 * another transaction holds one of them and did not end in two seconds. */
extern bool users_create_account(UsersNewAccount *account);

#endif
