/* Links that an administrator gives somebody, by mail or by hand. */
#ifndef USERS_HANDOVER_H
#define USERS_HANDOVER_H

#include "account.h"
#include "kind.h"

/* The columns of users_link. */
#define USERS_LINK_COLUMNS 3

/*
 * Makes a link for an account and mails it; or begins its time and puts its
 * address into the row: such a link shows no mailbox. Inside
 * users_enter_owner; values in context.
 */
extern void users_give_link(Datum values[USERS_LINK_COLUMNS],
							bool nulls[USERS_LINK_COLUMNS], UsersMailKind kind,
							const UsersAccount *account, bool send_mail,
							const char *site, MemoryContext context);

#endif
