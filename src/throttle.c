#include "pg.h"

#include <sodium.h>
#include <unistd.h>

#include "core/grammar.h"
#include "core/keyring.h"
#include "ids.h"
#include "settings.h"
#include "throttle.h"

#define BUCKETS	   4096 /* of 16 entries: 65,536 keys at a time, about 4 MB */
#define DUMP_FILE  PGSTAT_STAT_PERMANENT_DIRECTORY "/users.throttle"
#define DUMP_MAGIC 0x55544831 /* changes with the layout of an entry */

/*
 * A key is three keyed hashes: of the account (6 bytes), of the client's
 * network (6) and of kind and database (4); a part that a budget does not
 * look at is zero. So a throttle can be lifted by account or by address.
 */
#define ACCOUNT_PART 6
#define NETWORK_PART 6
#define KIND_PART	 4

typedef struct Shared
{
	LWLock *lock;
	uint8 hash_key[USERS_KEY_BYTES];
	UsersThrottleTable table;
} Shared;

static Shared *shared = NULL;

Size
users_throttle_shmem_size(void)
{
	return offsetof(Shared, table) + users_throttle_size(BUCKETS);
}

static void
hash_part(uint8 *out, size_t n, const char *kind, const void *data, size_t len)
{
	uint8 hash[16];
	UsersPart parts[] = { { kind, strlen(kind) },
						  { &MyDatabaseId, sizeof(MyDatabaseId) },
						  { data, len } };

	users_keyed_hash(hash, sizeof(hash), shared->hash_key, parts,
					 lengthof(parts));
	memcpy(out, hash, n);
}

static void
account_part(uint8 *key, const pg_uuid_t *account)
{
	hash_part(key, ACCOUNT_PART, "account", account, sizeof(*account));
}

static void
network_part(uint8 *key, const UsersClient *client)
{
	const uint8 *network;
	size_t len = users_client_network(client, &network);

	hash_part(key + ACCOUNT_PART, NETWORK_PART, "network", network, len);
}

static void
kind_part(uint8 *key, const char *kind)
{
	hash_part(key + ACCOUNT_PART + NETWORK_PART, KIND_PART, kind, "", 0);
}

/* Adds a budget to a charge; account or client may be NULL. */
static void
add_budget(UsersCharge *charge, const char *kind, const pg_uuid_t *account,
		   const UsersClient *client, int limit)
{
	UsersBudget *budget = &charge->budgets[charge->count++];

	memset(budget->key, 0, sizeof(budget->key));
	if (account != NULL)
		account_part(budget->key, account);
	if (client != NULL)
		network_part(budget->key, client);
	kind_part(budget->key, kind);
	budget->limit = limit;
}

static UsersThrottleAnswer
charge_now(const UsersCharge *charge)
{
	int64 now = (int64) time(NULL);
	UsersThrottleAnswer answer;

	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	answer = users_throttle_charge(&shared->table, charge->budgets,
								   (size_t) charge->count, now,
								   users_settings.failed_login_window);
	LWLockRelease(shared->lock);
	return answer;
}

UsersThrottleAnswer
users_charge_login(UsersCharge *charge, const pg_uuid_t *account,
				   const UsersClient *client)
{
	charge->count = 0;
	add_budget(charge, "pair", account, client,
			   users_settings.max_failed_logins);
	add_budget(charge, "identifier", account, NULL,
			   users_settings.max_failed_logins_per_identifier);
	if (client->known)
		add_budget(charge, "address", NULL, client,
				   users_settings.max_failed_logins_per_address);
	return charge_now(charge);
}

UsersThrottleAnswer
users_charge_registration(UsersCharge *charge, const UsersClient *client)
{
	UsersThrottleAnswer free = { false, 0, false };

	charge->count = 0;
	if (!client->known)
		return free;
	add_budget(charge, "registration", NULL, client,
			   users_settings.max_registrations);
	return charge_now(charge);
}

UsersThrottleAnswer
users_charge_mail(UsersCharge *charge, const char *kind, const char *email,
				  size_t len, const UsersClient *client)
{
	char folded[USERS_EMAIL_MAX];
	UsersBudget *budget = &charge->budgets[0];

	len = Min(len, sizeof(folded));
	users_fold(folded, email, len);
	charge->count = 0;
	add_budget(charge, "mail to", NULL, NULL, users_settings.max_mail_requests);
	hash_part(budget->key, ACCOUNT_PART, kind, folded, len);
	if (client->known)
		add_budget(charge, "mail from", NULL, client,
				   users_settings.max_registrations);
	return charge_now(charge);
}

void
users_charge_refund(const UsersCharge *charge)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	users_throttle_refund(&shared->table, charge->budgets,
						  (size_t) charge->count);
	LWLockRelease(shared->lock);
}

void
users_charge_succeeded(const UsersCharge *charge)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	users_throttle_refund(&shared->table, charge->budgets,
						  (size_t) charge->count);
	(void) users_throttle_clear(&shared->table, charge->budgets[0].key);
	LWLockRelease(shared->lock);
}

bool
users_lift_throttle(const pg_uuid_t *account, const UsersClient *client)
{
	uint8 wanted[USERS_THROTTLE_KEY] = { 0 };
	bool lifted = false;
	int64 now = (int64) time(NULL);
	size_t count = (size_t) BUCKETS * USERS_THROTTLE_WAYS;

	if (account != NULL)
		account_part(wanted, account);
	if (client != NULL)
		network_part(wanted, client);
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	for (size_t i = 0; i < count; i++)
	{
		UsersThrottleEntry *entry = &shared->table.entries[i];

		if ((account != NULL &&
			 memcmp(entry->key, wanted, ACCOUNT_PART) != 0) ||
			(client != NULL &&
			 memcmp(entry->key + ACCOUNT_PART, wanted + ACCOUNT_PART,
					NETWORK_PART) != 0))
			continue;
		lifted |= entry->until > now;
		memset(entry, 0, sizeof(*entry));
	}
	LWLockRelease(shared->lock);
	return lifted;
}

/* ---- looking ---- */

/* The end of an entry's throttled time, which no clock that was put back makes
 * longer than a window; 0 when it is not in one. */
static int64
end_of_wait(const UsersThrottleEntry *entry, int64 now)
{
	if (entry->until <= now)
		return 0;
	return Min(entry->until, now + users_settings.failed_login_window);
}

/* Whether an entry is of a budget of sign-ins of accounts: from one client
 * ("pair") or from all ("identifier"). */
static bool
is_of_account(const UsersThrottleEntry *entry, const char *kind)
{
	uint8 wanted[USERS_THROTTLE_KEY];

	kind_part(wanted, kind);
	return memcmp(entry->key + ACCOUNT_PART + NETWORK_PART,
				  wanted + ACCOUNT_PART + NETWORK_PART, KIND_PART) == 0;
}

static TimestampTz
as_time(int64 until)
{
	return until == 0 ? 0 : users_from_unix_time(until);
}

/* The end of one budget's throttled time. */
static TimestampTz
budget_until(const UsersBudget *budget)
{
	int64 now = (int64) time(NULL);
	int64 until;

	LWLockAcquire(shared->lock, LW_SHARED);
	until = users_throttle_until(&shared->table, budget->key, now);
	LWLockRelease(shared->lock);
	return as_time(Min(until, now + users_settings.failed_login_window));
}

/* One account that is throttled, by the part of the keys that stands for it. */
typedef struct Waiting
{
	uint8 account[ACCOUNT_PART];
	bool everywhere;
	int64 until;
} Waiting;

struct UsersThrottledList
{
	int count;
	Waiting waiting[FLEXIBLE_ARRAY_MEMBER];
};

static int
compare_waiting(const void *a, const void *b)
{
	return memcmp(((const Waiting *) a)->account,
				  ((const Waiting *) b)->account, ACCOUNT_PART);
}

/* Copies what is in a throttled time while the table is locked, and sorts it
 * out afterwards: sign-ins wait for that lock. */
UsersThrottledList *
users_list_throttled(MemoryContext context)
{
	size_t count = (size_t) BUCKETS * USERS_THROTTLE_WAYS;
	int64 now = (int64) time(NULL);
	UsersThrottleEntry *copies = NULL;
	UsersThrottledList *list;
	size_t room = 0;
	size_t n = 0;

	LWLockAcquire(shared->lock, LW_SHARED);
	for (size_t i = 0; i < count; i++)
		room += shared->table.entries[i].until > now ? 1 : 0;
	LWLockRelease(shared->lock);
	copies = palloc(Max(room, 1) * sizeof(*copies));
	LWLockAcquire(shared->lock, LW_SHARED);
	for (size_t i = 0; i < count && n < room; i++)
		if (shared->table.entries[i].until > now)
			copies[n++] = shared->table.entries[i];
	LWLockRelease(shared->lock);
	list = MemoryContextAlloc(context, offsetof(UsersThrottledList, waiting) +
										   Max(n, 1) * sizeof(Waiting));
	list->count = 0;
	for (size_t i = 0; i < n; i++)
	{
		Waiting *waiting = &list->waiting[list->count];

		waiting->everywhere = is_of_account(&copies[i], "identifier");
		if (!waiting->everywhere && !is_of_account(&copies[i], "pair"))
			continue;
		memcpy(waiting->account, copies[i].key, ACCOUNT_PART);
		waiting->until = end_of_wait(&copies[i], now);
		list->count++;
	}
	pfree(copies);
	qsort(list->waiting, (size_t) list->count, sizeof(Waiting),
		  compare_waiting);
	return list;
}

/* Where an account's entries begin in a list; moves over those before it. */
static int
first_of(const UsersThrottledList *list, const uint8 *key)
{
	int low = 0;
	int high = list->count;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (memcmp(list->waiting[middle].account, key, ACCOUNT_PART) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The last end among an account's entries, of one kind or both. */
static int64
last_until(const UsersThrottledList *list, const pg_uuid_t *account,
		   bool pairs_only)
{
	uint8 key[USERS_THROTTLE_KEY];
	int64 until = 0;

	account_part(key, account);
	for (int i = first_of(list, key);
		 i < list->count &&
		 memcmp(list->waiting[i].account, key, ACCOUNT_PART) == 0;
		 i++)
		if (!pairs_only || !list->waiting[i].everywhere)
			until = Max(until, list->waiting[i].until);
	return until;
}

TimestampTz
users_listed_until(const UsersThrottledList *list, const pg_uuid_t *account)
{
	return list->count == 0 ? 0 : as_time(last_until(list, account, false));
}

void
users_look_at_throttle(UsersThrottled *seen, const pg_uuid_t *account,
					   const UsersClient *client)
{
	UsersCharge charge = { .count = 0 };

	memset(seen, 0, sizeof(*seen));
	add_budget(&charge, "identifier", account, NULL, 1);
	seen->account = budget_until(&charge.budgets[0]);
	if (client == NULL)
	{
		UsersThrottledList *list = users_list_throttled(CurrentMemoryContext);

		seen->together = as_time(last_until(list, account, true));
		pfree(list);
		return;
	}
	add_budget(&charge, "pair", account, client, 1);
	add_budget(&charge, "address", NULL, client, 1);
	seen->together = budget_until(&charge.budgets[1]);
	seen->client = budget_until(&charge.budgets[2]);
}

/* A bucket at a time: who signs in waits for none of it. */
int64
users_throttled_count(void)
{
	int64 now = (int64) time(NULL);
	int64 found = 0;

	for (size_t bucket = 0; bucket < BUCKETS; bucket++)
	{
		const UsersThrottleEntry *entries =
			&shared->table.entries[bucket * USERS_THROTTLE_WAYS];

		LWLockAcquire(shared->lock, LW_SHARED);
		for (int i = 0; i < USERS_THROTTLE_WAYS; i++)
			found += entries[i].until > now;
		LWLockRelease(shared->lock);
	}
	return found;
}

/* Writes the table at shutdown, in the postmaster; a crash loses it. */
static void
save(int code, Datum arg)
{
	FILE *file;
	uint32 magic = DUMP_MAGIC;
	bool good;

	if (code != 0 || shared == NULL)
		return;
	file = AllocateFile(DUMP_FILE ".tmp", PG_BINARY_W);
	if (file == NULL)
		return;
	good = fwrite(&magic, sizeof(magic), 1, file) == 1 &&
		   fwrite(shared->hash_key, sizeof(shared->hash_key), 1, file) == 1 &&
		   fwrite(&shared->table, users_throttle_size(BUCKETS), 1, file) == 1;
	if (FreeFile(file) != 0 || !good)
	{
		ereport(LOG, (errcode_for_file_access(),
					  errmsg("could not write file \"%s\": %m", DUMP_FILE)));
		unlink(DUMP_FILE ".tmp");
		return;
	}
	(void) durable_rename(DUMP_FILE ".tmp", DUMP_FILE, LOG);
}

/* Reads what save wrote; false (and a fresh table) when there is none. */
static bool
load(void)
{
	FILE *file = AllocateFile(DUMP_FILE, PG_BINARY_R);
	uint32 magic;
	bool good;

	if (file == NULL)
		return false;
	good = fread(&magic, sizeof(magic), 1, file) == 1 && magic == DUMP_MAGIC &&
		   fread(shared->hash_key, sizeof(shared->hash_key), 1, file) == 1 &&
		   fread(&shared->table, users_throttle_size(BUCKETS), 1, file) == 1 &&
		   shared->table.buckets == BUCKETS;
	FreeFile(file);
	/* Once read it is out of date: a crash starts empty, not with this. */
	unlink(DUMP_FILE);
	return good;
}

void
users_throttle_shmem_start(void)
{
	bool found;

	shared =
		ShmemInitStruct("users throttle", users_throttle_shmem_size(), &found);
	if (!found)
	{
		shared->lock = &GetNamedLWLockTranche("users")[0].lock;
		if (!load())
		{
			randombytes_buf(shared->hash_key, sizeof(shared->hash_key));
			users_throttle_init(&shared->table, BUCKETS);
		}
	}
	if (!IsUnderPostmaster)
		on_shmem_exit(save, (Datum) 0);
}
