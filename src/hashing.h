/* The governor: how many passwords the whole server hashes at a time. */
#ifndef USERS_HASHING_H
#define USERS_HASHING_H

#include <stdbool.h>

#include "client.h"

/*
 * Waits for a slot, first come first served, at most
 * users.hash_queue_timeout; false: answer busy. Where the client's address is
 * known, one address has at most half of the slots. Cancelling interrupts the
 * wait. The slot comes back at users_hashing_leave, and by itself when the
 * transaction aborts or the backend ends.
 */
extern bool users_hashing_enter(const UsersClient *client);
extern void users_hashing_leave(void);

/* How many backends hash, and how many wait to. Needs preload. */
extern void users_hashing_counts(int *hashing, int *waiting);

extern Size users_hashing_shmem_size(void);
extern void users_hashing_shmem_start(void);
extern void users_init_hashing(void);

#endif
