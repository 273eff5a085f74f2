/* The table known_device: where somebody has signed in from. Inside
 * users_enter_owner. */
#ifndef USERS_DEVICE_H
#define USERS_DEVICE_H

#include "account.h"
#include "client.h"

/*
 * Remembers the device of a sign-in, what the client's program is called and
 * what the sign-in was labelled (NULL: nothing), and mails a notice when it has
 * not been seen in 90 days; is_first: that it is new is no news. Does nothing
 * while mails of the kind new_sign_in are off.
 */
extern void users_note_device(const UsersAccount *account, const char *label,
							  const UsersClient *client, bool is_first);

/* Forgets devices that were not seen since a time; at most max. */
extern int64 users_purge_devices(TimestampTz before, int max);

/* For how many seconds a device is remembered. */
#define USERS_DEVICE_MEMORY (90 * SECS_PER_DAY)

extern void users_init_device(void);

#endif
