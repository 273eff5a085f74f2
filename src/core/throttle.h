/*
 * The throttle's table: plain memory that the caller shares and locks, a clock
 * that the caller reads. Set-associative, so that its size is fixed and a
 * flood of new keys can only push out the coldest of sixteen.
 */
#ifndef USERS_CORE_THROTTLE_H
#define USERS_CORE_THROTTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USERS_THROTTLE_KEY		  16
#define USERS_THROTTLE_WAYS		  16
#define USERS_THROTTLE_FIRST_WAIT 30 /* seconds */

typedef struct UsersThrottleEntry
{
	uint8_t key[USERS_THROTTLE_KEY]; /* all zero: free */
	int64_t window_start;			 /* seconds since 1970 */
	int64_t until;					 /* refused before that; 0: never yet */
	int32_t count;					 /* charges in the window */
	int32_t level;					 /* how often it was throttled in a row */
	int32_t limit;					 /* of the last charge, to compare heat */
	bool announced;					 /* this throttled time has been told */
} UsersThrottleEntry;

typedef struct UsersThrottleTable
{
	uint32_t buckets; /* a power of two */
	UsersThrottleEntry entries[];
} UsersThrottleTable;

/* One budget of a call: limit charges in window seconds. key must not be all
 * zero (a keyed hash never is, in practice; the functions treat it as 1). */
typedef struct UsersBudget
{
	uint8_t key[USERS_THROTTLE_KEY];
	int32_t limit; /* at least 1 */
} UsersBudget;

typedef struct UsersThrottleAnswer
{
	bool refused;
	int32_t retry_after; /* seconds, at least 1 when refused */
	bool first;			 /* the first refusal of this throttled time */
} UsersThrottleAnswer;

/* Bytes that a table of that many buckets takes. */
size_t users_throttle_size(uint32_t buckets);

void users_throttle_init(UsersThrottleTable *table, uint32_t buckets);

/*
 * Charges n budgets at once, all or none. If one is within its throttled time
 * nothing is charged and the answer is a refusal (the longest wait of them).
 * If one has had its limit of charges in the running window, its throttled
 * time begins now: min(window, 30 s << level), level + 1, and the answer is a
 * refusal. After a throttled time one charge is allowed, and the next refusal
 * is twice as long. A window (and the level) is forgotten `window` seconds
 * after its start and after the end of the throttled time, whichever is later.
 * Keys that have no entry get one, in place of the coldest of the bucket: free
 * or forgotten ones, then the lowest share of its limit, then the oldest; an
 * entry of this very call is never pushed out by another of it. n is at most
 * USERS_THROTTLE_WAYS, and all calls on a table should have the same window:
 * which entries are forgotten is judged by that of the call.
 */
UsersThrottleAnswer users_throttle_charge(UsersThrottleTable *table,
										  const UsersBudget *budgets, size_t n,
										  int64_t now, int32_t window);

/* Takes one charge back (not below zero). */
void users_throttle_refund(UsersThrottleTable *table,
						   const UsersBudget *budgets, size_t n);

/* Forgets a key. False when it was not there. */
bool users_throttle_clear(UsersThrottleTable *table,
						  const uint8_t key[USERS_THROTTLE_KEY]);

/* The end of the throttled time that the key is in, or 0. */
int64_t users_throttle_until(const UsersThrottleTable *table,
							 const uint8_t key[USERS_THROTTLE_KEY],
							 int64_t now);

#endif
