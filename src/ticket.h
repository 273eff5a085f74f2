/* Tickets: the right password on one server, a session on the primary. */
#ifndef USERS_TICKET_H
#define USERS_TICKET_H

#include <stdbool.h>

#include "account.h"
#include "core/ticket.h"

/* A ticket and its NUL. */
typedef char UsersTicketText[USERS_TICKET_TEXT + 1];

/* Writes a ticket for an account whose password was found right, as it was
 * read. Works on a standby. Inside users_enter_owner. */
extern void users_mint_ticket(UsersTicketText out, const UsersAccount *account);

/*
 * The account of the ticket of argument n (NULL: none), texts in context, and
 * the id of the session that it opens. False unless the ticket is genuine and
 * lives, and the account is enabled and as it was then. Nothing is locked: to
 * open the session decides, and spends the ticket. Inside users_enter_owner.
 */
extern bool users_find_ticket(UsersAccount *account, pg_uuid_t *session_id,
							  FunctionCallInfo fcinfo, int n,
							  MemoryContext context);

#endif
