/* What statements may not do under an identity. */
#ifndef USERS_GUARD_H
#define USERS_GUARD_H

/*
 * Raises 55000 when this transaction has declared a cursor WITH HOLD that is
 * still open: it is filled at commit, with the identity of then, and could be
 * read by the next client of a pooled connection.
 */
extern void users_refuse_held_cursors(void);

/* Installs the hook; called once, by _PG_init. */
extern void users_init_guard(void);

#endif
