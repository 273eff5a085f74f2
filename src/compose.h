/* A claimed mail put into words: what the relay gets. Inside
 * users_enter_owner. */
#ifndef USERS_COMPOSE_H
#define USERS_COMPOSE_H

#include <stdbool.h>

#include "mail.h"

#define USERS_MAIL_COLUMNS 13

/*
 * Fills in a row of users_mail, in context. account is the person, or one that
 * does not exist; link (NULL: none) is handed out, which begins its time. False
 * when there is no template for it, or it would become too long.
 */
extern bool users_compose(Datum values[USERS_MAIL_COLUMNS],
						  bool nulls[USERS_MAIL_COLUMNS],
						  const UsersClaim *claim, const UsersAccount *account,
						  UsersLink *link, MemoryContext context);

/* A time as people read it, "2026-01-02 03:04 UTC"; in the present memory
 * context. */
extern char *users_readable_time(TimestampTz time);

#endif
