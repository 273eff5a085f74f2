/* What a transaction that ended sessions or revoked a key owes at commit. */
#ifndef USERS_REVOCATION_H
#define USERS_REVOCATION_H

#include <stdbool.h>

/*
 * With users.synchronous_revocation the commit waits until the standbys in
 * synchronous_standby_names have applied it, whatever the caller sets
 * afterwards; PREPARE TRANSACTION is refused, since its commit would not wait.
 */
extern void users_note_revocation(void);

/* Whether the commit of this transaction owes that wait. */
extern bool users_revocation_noted(void);

extern void users_init_revocation(void);

#endif
