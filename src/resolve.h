/* What was asked for by address becomes mail, or nothing: whose address it is,
 * and what to write to them. Inside users_enter_owner, by the relay. */
#ifndef USERS_RESOLVE_H
#define USERS_RESOLVE_H

#include "kind.h"

/* What waited longer than this for a relay is of no use any more; seconds. */
#define USERS_UNCLAIMED_MAX SECS_PER_DAY

/* Resolves the oldest requests of a class until n of them became mails, max
 * were looked at, or there are no more. How many were looked at. */
extern int users_resolve_requests(UsersMailClass mail_class, int n, int max);

#endif
