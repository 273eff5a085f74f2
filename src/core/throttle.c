#include <string.h>

#include "throttle.h"

typedef struct Key
{
	uint8_t bytes[USERS_THROTTLE_KEY];
} Key;

/* The key as it is kept: all zero marks a free entry, so it becomes 1. */
static Key
kept_key(const uint8_t given[USERS_THROTTLE_KEY])
{
	static const uint8_t zero[USERS_THROTTLE_KEY];
	Key key;

	memcpy(key.bytes, given, sizeof(key.bytes));
	if (memcmp(key.bytes, zero, sizeof(zero)) == 0)
		key.bytes[USERS_THROTTLE_KEY - 1] = 1;
	return key;
}

static bool
holds_key(const UsersThrottleEntry *entry, const Key *key)
{
	return memcmp(entry->key, key->bytes, sizeof(key->bytes)) == 0;
}

static bool
is_free(const UsersThrottleEntry *entry)
{
	static const uint8_t zero[USERS_THROTTLE_KEY];

	return memcmp(entry->key, zero, sizeof(zero)) == 0;
}

/* Lets every bit of a number count in the lowest bits of the result. */
static uint64_t
mix(uint64_t value)
{
	value ^= value >> 32;
	value *= UINT64_C(0x9e3779b97f4a7c15);
	value ^= value >> 29;
	value *= UINT64_C(0xd6e8feb86659fd93);
	return value ^ (value >> 32);
}

/* Where the key's bucket begins. All bytes count: keys may be put together from
 * parts, some of which many keys share. */
static size_t
bucket_start(const UsersThrottleTable *table, const Key *key)
{
	uint64_t words[2];

	memcpy(words, key->bytes, sizeof(words));
	words[1] ^= mix(words[0]);
	return (size_t) (mix(words[1]) & (table->buckets - 1)) *
		   USERS_THROTTLE_WAYS;
}

/* The index of the key's entry, SIZE_MAX when it has none. */
static size_t
find_index(const UsersThrottleTable *table, const Key *key)
{
	size_t start = bucket_start(table, key);

	for (size_t i = start; i < start + USERS_THROTTLE_WAYS; i++)
		if (holds_key(&table->entries[i], key))
			return i;
	return SIZE_MAX;
}

static UsersThrottleEntry *
find_entry(UsersThrottleTable *table, const uint8_t given[USERS_THROTTLE_KEY])
{
	Key key = kept_key(given);
	size_t i = find_index(table, &key);

	return i == SIZE_MAX ? NULL : &table->entries[i];
}

size_t
users_throttle_size(uint32_t buckets)
{
	return sizeof(UsersThrottleTable) +
		   (size_t) buckets * USERS_THROTTLE_WAYS * sizeof(UsersThrottleEntry);
}

void
users_throttle_init(UsersThrottleTable *table, uint32_t buckets)
{
	memset(table, 0, users_throttle_size(buckets));
	table->buckets = buckets;
}

/* Whether nothing in an entry matters any more. */
static bool
is_forgotten(const UsersThrottleEntry *entry, int64_t now, int32_t window)
{
	int64_t last =
		entry->until > entry->window_start ? entry->until : entry->window_start;

	return is_free(entry) || now >= last + window;
}

/*
 * Brings an entry up to the present: an old one starts anew. No time can lie
 * further ahead than a window; one that does was noted before the clock was
 * put back (or the setting made shorter), and must not bind until then.
 */
static void
settle(UsersThrottleEntry *entry, int64_t now, int32_t window)
{
	if (is_forgotten(entry, now, window))
	{
		entry->window_start = now;
		entry->until = 0;
		entry->count = 0;
		entry->level = 0;
		entry->announced = false;
	}
	if (entry->window_start > now)
		entry->window_start = now;
	if (entry->until > now + window)
		entry->until = now + window;
}

/* Charges that an entry has room for: every throttled time that it sat out
 * allows one more. */
static int64_t
allowance(const UsersThrottleEntry *entry, int32_t limit)
{
	return (int64_t) (limit > 1 ? limit : 1) + entry->level;
}

/* Begins the throttled time of an entry that has used its allowance up. A
 * count that a lowered limit left behind comes down with it. */
static void
begin_wait(UsersThrottleEntry *entry, int32_t limit, int64_t now,
		   int32_t window)
{
	int shift = entry->level < 31 ? entry->level : 31;
	int64_t wait = (int64_t) USERS_THROTTLE_FIRST_WAIT << shift;
	int64_t allowed = allowance(entry, limit);

	if (entry->count > allowed)
		entry->count = (int32_t) allowed;
	if (entry->level < INT32_MAX)
		entry->level++;
	entry->until = now + (wait < window ? wait : window);
	entry->announced = false;
}

/* Makes the answer a refusal if the entry is in its throttled time. */
static void
note_wait(UsersThrottleAnswer *answer, UsersThrottleEntry *entry, int64_t now)
{
	int64_t wait = entry->until - now;

	if (wait <= 0)
		return;
	answer->refused = true;
	if (wait > answer->retry_after)
		answer->retry_after = (int32_t) wait;
	answer->first = answer->first || !entry->announced;
	entry->announced = true;
}

/* Whether an entry is of one of the budgets. */
static bool
is_ours(const UsersThrottleEntry *entry, const UsersBudget *budgets, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		Key key = kept_key(budgets[i].key);

		if (holds_key(entry, &key))
			return true;
	}
	return false;
}

/* Whether a is worth less than b: used less of its limit, or as much and is
 * older. */
static bool
is_colder(const UsersThrottleEntry *a, const UsersThrottleEntry *b)
{
	int64_t a_share = (int64_t) a->count * b->limit;
	int64_t b_share = (int64_t) b->count * a->limit;

	if (a_share != b_share)
		return a_share < b_share;
	return a->window_start < b->window_start;
}

/* Gives a key the place of the coldest in its bucket. NULL when all of them
 * are of this call, which takes more than USERS_THROTTLE_WAYS budgets. */
static UsersThrottleEntry *
make_entry(UsersThrottleTable *table, const Key *key,
		   const UsersBudget *budgets, size_t n, int64_t now, int32_t window)
{
	UsersThrottleEntry *bucket = &table->entries[bucket_start(table, key)];
	UsersThrottleEntry *coldest = NULL;

	for (size_t i = 0; i < USERS_THROTTLE_WAYS; i++)
	{
		UsersThrottleEntry *entry = &bucket[i];

		if (is_ours(entry, budgets, n))
			continue;
		if (is_forgotten(entry, now, window))
		{
			coldest = entry;
			break;
		}
		if (coldest == NULL || is_colder(entry, coldest))
			coldest = entry;
	}
	if (coldest == NULL)
		return NULL;
	memset(coldest, 0, sizeof(*coldest));
	memcpy(coldest->key, key->bytes, sizeof(coldest->key));
	return coldest;
}

UsersThrottleAnswer
users_throttle_charge(UsersThrottleTable *table, const UsersBudget *budgets,
					  size_t n, int64_t now, int32_t window)
{
	UsersThrottleAnswer answer = { false, 0, false };

	if (window < 1)
		window = 1;
	for (size_t i = 0; i < n; i++)
	{
		UsersThrottleEntry *entry = find_entry(table, budgets[i].key);

		if (entry == NULL)
			continue;
		settle(entry, now, window);
		note_wait(&answer, entry, now);
	}
	if (answer.refused)
		return answer;
	for (size_t i = 0; i < n; i++)
	{
		UsersThrottleEntry *entry = find_entry(table, budgets[i].key);

		if (entry == NULL || entry->count < allowance(entry, budgets[i].limit))
			continue;
		begin_wait(entry, budgets[i].limit, now, window);
		note_wait(&answer, entry, now);
	}
	if (answer.refused)
		return answer;
	for (size_t i = 0; i < n; i++)
	{
		Key key = kept_key(budgets[i].key);
		UsersThrottleEntry *entry = find_entry(table, key.bytes);

		if (entry == NULL)
			entry = make_entry(table, &key, budgets, n, now, window);
		if (entry == NULL)
			continue;
		if (entry->count == 0 && entry->level == 0)
			entry->window_start = now;
		if (entry->count < INT32_MAX)
			entry->count++;
		entry->limit = budgets[i].limit > 1 ? budgets[i].limit : 1;
	}
	return answer;
}

void
users_throttle_refund(UsersThrottleTable *table, const UsersBudget *budgets,
					  size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		UsersThrottleEntry *entry = find_entry(table, budgets[i].key);

		if (entry != NULL && entry->count > 0)
			entry->count--;
	}
}

bool
users_throttle_clear(UsersThrottleTable *table,
					 const uint8_t key[USERS_THROTTLE_KEY])
{
	UsersThrottleEntry *entry = find_entry(table, key);

	if (entry == NULL)
		return false;
	memset(entry, 0, sizeof(*entry));
	return true;
}

int64_t
users_throttle_until(const UsersThrottleTable *table,
					 const uint8_t key[USERS_THROTTLE_KEY], int64_t now)
{
	Key kept = kept_key(key);
	size_t i = find_index(table, &kept);

	if (i == SIZE_MAX || table->entries[i].until <= now)
		return 0;
	return table->entries[i].until;
}
