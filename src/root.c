#include "pg.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "caller.h"
#include "errors.h"
#include "ids.h"
#include "query.h"
#include "root.h"
#include "settings.h"

enum
{
	FIND_ROOT,
	INSERT_ROOT,
	REPLACE_ROOT,
	LOCK_ROOT
};

/* clang-format off */
static UsersQuery queries[] = {
	[FIND_ROOT] = {
		.sql = "SELECT generation, secret, check_value FROM users.root_key" },
	[INSERT_ROOT] = {
		.sql = "INSERT INTO users.root_key (generation, secret, check_value, created_at)"
			   " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
		.types = { UUIDOID, BYTEAOID, BYTEAOID, TIMESTAMPTZOID } },
	[REPLACE_ROOT] = {
		.sql = "UPDATE users.root_key"
			   "   SET generation = $1, secret = $2, check_value = $3, created_at = $4",
		.types = { UUIDOID, BYTEAOID, BYTEAOID, TIMESTAMPTZOID } },
	[LOCK_ROOT] = {
		.sql = "SELECT 1 FROM users.root_key FOR UPDATE" },
};
/* clang-format on */

/* The root key as this backend knows it; good for that generation only. */
static struct
{
	bool valid;
	pg_uuid_t generation;
	uint8 bytes[USERS_KEY_BYTES];
} root;

static uint8 derived[USERS_KEY_BYTES];

/* ---- the key file ---- */

/* Whether path lies in the data directory, links followed. */
static bool
in_data_directory(const char *path)
{
	char *real = realpath(path, NULL);
	char *data = realpath(DataDir, NULL);
	size_t len = data == NULL ? 0 : strlen(data);
	bool inside = real != NULL && data != NULL &&
				  strncmp(real, data, len) == 0 && real[len] == '/';

	free(real);
	free(data);
	return inside;
}

/* What is wrong with an open key file's place and permissions, or NULL: as
 * the server judges its TLS key. */
static const char *
file_trouble(const char *path, int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return "it is not a regular file";
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return "it is owned by neither the server's user nor root";
	if (st.st_mode &
		(st.st_uid == 0 ? (S_IWGRP | S_IRWXO) : (S_IRWXG | S_IRWXO)))
		return "others than its owner may read it; chmod 0600";
	if (st.st_size != USERS_KEY_BYTES)
		return "it has not exactly 32 bytes; make one with head -c 32 /dev/urandom";
	if (in_data_directory(path))
		return "it lies in the data directory, whose copies would carry it";
	return NULL;
}

/* Reads users.key_file; NULL or what is wrong. */
static const char *
read_key_file(uint8 out[USERS_KEY_BYTES])
{
	const char *path = users_settings.key_file;
	const char *trouble;
	int fd = OpenTransientFile(path, O_RDONLY | PG_BINARY);

	if (fd < 0)
		return errno == ENOENT ? "the file does not exist"
							   : "the file cannot be opened";
	trouble = file_trouble(path, fd);
	if (trouble == NULL && read(fd, out, USERS_KEY_BYTES) != USERS_KEY_BYTES)
		trouble = "the file cannot be read";
	CloseTransientFile(fd);
	return trouble;
}

static bool
uses_file(void)
{
	return users_settings.key_file != NULL &&
		   users_settings.key_file[0] != '\0';
}

/* ---- the root key ---- */

/* Fetches the key that the last FIND_ROOT row speaks of into bytes; NULL or
 * what is wrong. A key in the table goes before a file: it sealed what is
 * there. */
static const char *
fetch_root(uint8 bytes[USERS_KEY_BYTES], bool *generated)
{
	uint8 check[USERS_CHECK_BYTES];
	uint8 stored[USERS_CHECK_BYTES];
	const char *trouble;

	*generated = users_column_bytes(0, 2, bytes, USERS_KEY_BYTES);
	if (!*generated)
	{
		if (!uses_file())
			return "the accounts were made with a key file, and users.key_file is not set";
		trouble = read_key_file(bytes);
		if (trouble != NULL)
			return trouble;
	}
	users_root_check_value(check, bytes);
	if (users_column_bytes(0, 3, stored, sizeof(stored)) &&
		sodium_memcmp(check, stored, sizeof(check)) == 0)
		return NULL;
	return "the key is not the one that the accounts' keys were sealed with";
}

/* A key for a new root row: from the file, or generated. */
static void
choose_root(uint8 bytes[USERS_KEY_BYTES], Datum values[4], char nulls[5])
{
	pg_uuid_t *generation = palloc(sizeof(pg_uuid_t));
	uint8 check[USERS_CHECK_BYTES];

	if (uses_file())
	{
		const char *trouble = read_key_file(bytes);

		if (trouble != NULL)
			users_raise_detail(USERS_E_ROOT_KEY, NULL, "users.key_file: %s.",
							   trouble);
	}
	else
		randombytes_buf(bytes, USERS_KEY_BYTES);
	users_root_check_value(check, bytes);
	users_new_id(generation);
	memcpy(nulls, "    ", 5);
	values[0] = UUIDPGetDatum(generation);
	values[1] =
		uses_file() ? (Datum) 0 : users_bytes_datum(bytes, USERS_KEY_BYTES);
	nulls[1] = uses_file() ? 'n' : ' ';
	values[2] = users_bytes_datum(check, sizeof(check));
	values[3] = TimestampTzGetDatum(GetCurrentTimestamp());
}

/* Inserts a root row unless somebody else has; for users_with_patience. */
static void
insert_root(void *argument)
{
	uint8 bytes[USERS_KEY_BYTES];
	Datum values[4];
	char nulls[5];

	choose_root(bytes, values, nulls);
	sodium_memzero(bytes, sizeof(bytes));
	(void) users_write(&queries[INSERT_ROOT], values, nulls);
}

static bool
find_root(void)
{
	return users_read(&queries[FIND_ROOT], NULL, NULL) > 0;
}

void
users_load_root(void)
{
	pg_uuid_t generation;
	const char *trouble;
	bool generated;

	if (!find_root())
	{
		if (RecoveryInProgress())
			users_raise(USERS_E_ASK_PRIMARY, NULL);
		PreventCommandIfReadOnly("the first call that needs a key");
		if (!users_with_patience(insert_root, NULL))
			users_raise_busy();
		if (!find_root())
			users_raise_busy();
	}
	(void) users_column_uuid(0, 1, &generation);
	if (root.valid &&
		memcmp(&root.generation, &generation, sizeof(generation)) == 0)
		return;
	root.valid = false;
	trouble = fetch_root(root.bytes, &generated);
	if (trouble != NULL)
		users_raise_detail(USERS_E_ROOT_KEY, NULL, "%s.", trouble);
	root.generation = generation;
	root.valid = true;
}

const uint8 *
users_purpose_key(UsersKeyPurpose purpose)
{
	users_load_root();
	users_derive_key(derived, root.bytes, purpose);
	return derived;
}

void
users_identifier_hash(uint8 out[16], const char *text, size_t len)
{
	UsersPart part = { text, len };

	users_keyed_hash(out, 16, users_purpose_key(USERS_KEY_IDENTIFIER), &part,
					 1);
}

const char *
users_root_trouble(bool *generated, bool *missing)
{
	uint8 bytes[USERS_KEY_BYTES];
	const char *trouble;

	*generated = false;
	*missing = !find_root();
	if (*missing)
		return uses_file() ? read_key_file(bytes) : NULL;
	trouble = fetch_root(bytes, generated);
	sodium_memzero(bytes, sizeof(bytes));
	return trouble;
}

static void
replace_root(void *argument)
{
	uint8 bytes[USERS_KEY_BYTES];
	Datum values[4];
	char nulls[5];

	choose_root(bytes, values, nulls);
	sodium_memzero(bytes, sizeof(bytes));
	(void) users_write(&queries[REPLACE_ROOT], values, nulls);
}

void
users_renew_root(void)
{
	if (!find_root())
		users_load_root();
	else if (!users_with_patience(replace_root, NULL))
		users_raise_busy();
}

void
users_lock_root(void)
{
	(void) users_write(&queries[LOCK_ROOT], NULL, NULL);
}

void
users_init_root(void)
{
	users_register_queries(queries, lengthof(queries));
}
