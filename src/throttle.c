#include "pg.h"

#include <sodium.h>
#include <unistd.h>

#include "core/grammar.h"
#include "core/keyring.h"
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
