/*
 * NOTIFY, as late as it can be. A transaction that notifies holds a lock of the
 * whole cluster from before its commit until after its wait for standbys: one
 * that is going to wait for them says nothing, and those who listen poll.
 */
#ifndef USERS_NOTIFY_H
#define USERS_NOTIFY_H

/* Tells the mail relay, when this transaction commits, of a mail by its id. */
extern void users_notify_mail(const pg_uuid_t *id);

/* Tells those who follow users_events, when this transaction commits, that
 * something happened, and nothing else. Not for what a relay finds out. */
extern void users_notify_events(void);

/* Tells PostgREST, when this transaction commits, to read its configuration
 * anew: there is another key to verify with. */
extern void users_notify_keys(void);

/* Registers the transaction callbacks; called once, by _PG_init. */
extern void users_init_notify(void);

#endif
