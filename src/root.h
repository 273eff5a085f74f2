/* The root key and what is derived from it. Inside users_enter_owner. */
#ifndef USERS_ROOT_H
#define USERS_ROOT_H

#include <stdbool.h>

#include "core/keyring.h"

/*
 * The key for a purpose, valid until the next call here. Reads the root key's
 * row anew each time (it may have been renewed), the key file once a backend.
 * Without a root key one is made where something can be written; a standby
 * raises US013. Raises 55000 when the key file is missing, too open or not the
 * right one.
 */
extern const uint8 *users_purpose_key(UsersKeyPurpose purpose);

/* The same without a purpose: makes sure that there is a root key. */
extern void users_load_root(void);

/* Keyed hash of an identifier, 16 bytes: stands for it in logs and, as a
 * UUID, in the events of what is nobody's. */
extern void users_identifier_hash(uint8 out[16], const char *text, size_t len);

/* Locks the root key's row: keeps those apart who make signing keys. Waits. */
extern void users_lock_root(void);

/* A new root key: whatever was derived from the old one is void. */
extern void users_renew_root(void);

/* What is wrong with the root key, or NULL; for users_health. *generated says
 * whether it is kept in the table, *missing that there is none yet. */
extern const char *users_root_trouble(bool *generated, bool *missing);

extern void users_init_root(void);

#endif
