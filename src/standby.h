/* What a standby knows of how far it has come. */
#ifndef USERS_STANDBY_H
#define USERS_STANDBY_H

#include <stdbool.h>

#include "access/xlogdefs.h"

/* How much of the primary's log has arrived here; 0 where none does. */
extern XLogRecPtr users_received(void);

/* Whether this is a standby that has not replayed yet what had arrived then: it
 * knows that it does not know. False on a primary. */
extern bool users_is_behind(XLogRecPtr received);

#endif
