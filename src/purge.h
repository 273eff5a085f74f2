/* The end of deleted accounts. Inside users_enter_owner. */
#ifndef USERS_PURGE_H
#define USERS_PURGE_H

/* Removes everything of n deleted accounts, which are locked, but their ids and
 * events, and what they made for others, which names a bare id. How many rows.
 * Waits for who works on a mail of theirs: for users_with_patience. */
extern int64 users_purge_accounts_of(const pg_uuid_t *user_ids, int n);

/* Likewise those that were deleted before a time; stops after max rows. */
extern int64 users_purge_accounts(TimestampTz before, int max);

#endif
