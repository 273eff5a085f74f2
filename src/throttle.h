/*
 * The budgets of attempts, in shared memory: no ROLLBACK takes a charge back,
 * and no row is locked for one.
 */
#ifndef USERS_THROTTLE_H
#define USERS_THROTTLE_H

#include <stdbool.h>

#include "client.h"
#include "core/throttle.h"

/* What one attempt was charged to; kept to give it back. */
typedef struct UsersCharge
{
	UsersBudget budgets[3];
	int count;
} UsersCharge;

/*
 * Charges one attempt to sign in as account (or a derived id of nobody's),
 * before anything is hashed: identifier and address together, the identifier,
 * the address. An unknown address counts as one address in the first budget
 * and has no third. Also for a change of password and its like.
 */
extern UsersThrottleAnswer users_charge_login(UsersCharge *charge,
											  const pg_uuid_t *account,
											  const UsersClient *client);

/* Charges a sign-up to the client's address; free when it is unknown. */
extern UsersThrottleAnswer users_charge_registration(UsersCharge *charge,
													 const UsersClient *client);

/* Charges a request for a mail of a kind to an address (len bytes, in any
 * case), and to the client's address where that is known. Each kind has a
 * budget of its own: what sends nothing must not use up what recovers an
 * account. */
extern UsersThrottleAnswer users_charge_mail(UsersCharge *charge,
											 const char *kind,
											 const char *email, size_t len,
											 const UsersClient *client);

/* The secret was right: gives the charge back and forgets the failures of
 * this identifier from this address, not the wider budgets. */
extern void users_charge_succeeded(const UsersCharge *charge);

/* Nothing was judged (busy): gives the charge back. */
extern void users_charge_refund(const UsersCharge *charge);

/* Lifts throttles of an account, of an address, or of the two together; one
 * of them may be NULL. Whether there was one. */
extern bool users_lift_throttle(const pg_uuid_t *account,
								const UsersClient *client);

/*
 * For who asks why somebody cannot sign in; nothing is charged. The ends of
 * throttled times, 0 where there is none: of the account from the client (NULL:
 * the last to end of all clients), of the account, of the client.
 */
typedef struct UsersThrottled
{
	TimestampTz together;
	TimestampTz account;
	TimestampTz client;
} UsersThrottled;

extern void users_look_at_throttle(UsersThrottled *seen,
								   const pg_uuid_t *account,
								   const UsersClient *client);

/* The accounts that are throttled now, for a list of many, in context. */
typedef struct UsersThrottledList UsersThrottledList;

extern UsersThrottledList *users_list_throttled(MemoryContext context);
/* When the last of an account's throttled times ends; 0: there is none. */
extern TimestampTz users_listed_until(const UsersThrottledList *list,
									  const pg_uuid_t *account);

/* How many budgets are within a throttled time now, on the whole server. Needs
 * preload. */
extern int64 users_throttled_count(void);

/* Memory, and the file that keeps it over a restart; called by module.c. */
extern Size users_throttle_shmem_size(void);
extern void users_throttle_shmem_start(void);

#endif
