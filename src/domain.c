#include "pg.h"

#include "audit.h"
#include "domain.h"
#include "ids.h"
#include "query.h"
#include "role.h"

enum
{
	FIND_DOMAIN,
	LOCK_DOMAIN,
	INSERT_DOMAIN,
	SET_FIELDS,
	SET_STATUS,
	COUNT_OF_CREATOR,
	NEXT_TO_PURGE,
	DELETE_DOMAIN
};

/* clang-format off */
static UsersQuery queries[] = {
	[FIND_DOMAIN] = {
		.sql = "SELECT name, route, status FROM users.domain WHERE id" EQ "$1",
		.types = { UUIDOID } },
	/* The foreign keys of what is inserted into the domain lock it FOR KEY
	 * SHARE; this lets them pass, but nobody who takes the same lock. */
	[LOCK_DOMAIN] = {
		.sql = "SELECT 1 FROM users.domain WHERE id" EQ "$1 FOR NO KEY UPDATE",
		.types = { UUIDOID } },
	[INSERT_DOMAIN] = {
		.sql = "INSERT INTO users.domain"
			   " (id, name, route, tags, metadata, status, created_at, created_by, updated_at, updated_by,"
			   "  deleted_at)"
			   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
			   " ON CONFLICT (pg_catalog.lower(route COLLATE pg_catalog.\"C\")) DO NOTHING",
		.types = { UUIDOID, TEXTOID, TEXTOID, TEXTARRAYOID, JSONBOID, TEXTOID, TIMESTAMPTZOID, UUIDOID,
				   TIMESTAMPTZOID, UUIDOID, TIMESTAMPTZOID } },
	[SET_FIELDS] = {
		.sql = "UPDATE users.domain"
			   "   SET name = coalesce($2, name), tags = coalesce($3, tags),"
			   "       metadata = coalesce($4, metadata), updated_at = $5, updated_by = $6"
			   " WHERE id" EQ "$1",
		.types = { UUIDOID, TEXTOID, TEXTARRAYOID, JSONBOID, TIMESTAMPTZOID, UUIDOID } },
	[SET_STATUS] = {
		.sql = "UPDATE users.domain"
			   "   SET status = $2, deleted_at = CASE WHEN $2" EQ "'deleted' THEN $3 END,"
			   "       updated_at = $3, updated_by = $4"
			   " WHERE id" EQ "$1",
		.types = { UUIDOID, TEXTOID, TIMESTAMPTZOID, UUIDOID } },
	[COUNT_OF_CREATOR] = {
		.sql = "SELECT pg_catalog.count(*) FROM users.domain WHERE created_by" EQ "$1",
		.types = { UUIDOID } },
	[NEXT_TO_PURGE] = {
		.sql = "SELECT id FROM users.domain WHERE status" EQ "'deleted' AND deleted_at" LT "$1"
			   " ORDER BY deleted_at LIMIT 1 FOR UPDATE SKIP LOCKED",
		.types = { TIMESTAMPTZOID } },
	[DELETE_DOMAIN] = {
		.sql = "DELETE FROM users.domain WHERE id" EQ "$1",
		.types = { UUIDOID } },
};
/* clang-format on */

static Datum
nullable_uuid(const pg_uuid_t *uuid, char *null)
{
	*null = uuid == NULL ? 'n' : ' ';
	return uuid == NULL ? (Datum) 0 : UUIDPGetDatum(uuid);
}

bool
users_find_domain(UsersDomain *domain, const pg_uuid_t *id,
				  MemoryContext context)
{
	Datum value = UUIDPGetDatum(id);

	domain->id = *id;
	if (users_read(&queries[FIND_DOMAIN], &value, NULL) == 0)
		return false;
	domain->name = users_column_text(0, 1, context);
	domain->route = users_column_text(0, 2, context);
	domain->status = users_column_text(0, 3, context);
	return true;
}

bool
users_lock_domain(const pg_uuid_t *id)
{
	Datum value = UUIDPGetDatum(id);

	return users_write(&queries[LOCK_DOMAIN], &value, NULL) > 0;
}

bool
users_import_domain_row(const UsersDomainImport *domain)
{
	char nulls[] = "           ";
	Datum values[11];

	values[0] = UUIDPGetDatum(&domain->id);
	values[1] = CStringGetTextDatum(domain->fields.name);
	values[2] = CStringGetTextDatum(domain->fields.route);
	values[3] = domain->fields.tags;
	values[4] = domain->fields.metadata;
	values[5] = CStringGetTextDatum(domain->status);
	values[6] = TimestampTzGetDatum(domain->created_at);
	values[7] = nullable_uuid(domain->created_by, &nulls[7]);
	values[8] = TimestampTzGetDatum(domain->updated_at);
	values[9] = nullable_uuid(domain->updated_by, &nulls[9]);
	/* The grace begins here, whenever it was deleted there. */
	values[10] = TimestampTzGetDatum(GetCurrentTimestamp());
	nulls[10] = strcmp(domain->status, "deleted") == 0 ? ' ' : 'n';
	return users_write(&queries[INSERT_DOMAIN], values, nulls) > 0;
}

bool
users_insert_domain(pg_uuid_t *id, const UsersDomainFields *fields,
					const pg_uuid_t *actor)
{
	TimestampTz now = GetCurrentTimestamp();
	UsersDomainImport domain = { .fields = *fields,
								 .status = "enabled",
								 .created_at = now,
								 .created_by = actor,
								 .updated_at = now,
								 .updated_by = actor };

	users_new_id(&domain.id);
	*id = domain.id;
	return users_import_domain_row(&domain);
}

void
users_set_domain_fields(const pg_uuid_t *id, const UsersDomainFields *fields,
						const pg_uuid_t *actor)
{
	char nulls[] = "      ";
	Datum values[6];

	values[0] = UUIDPGetDatum(id);
	nulls[1] = fields->name == NULL ? 'n' : ' ';
	values[1] =
		fields->name == NULL ? (Datum) 0 : CStringGetTextDatum(fields->name);
	values[2] = fields->tags;
	nulls[2] = fields->tags == (Datum) 0 ? 'n' : ' ';
	values[3] = fields->metadata;
	nulls[3] = fields->metadata == (Datum) 0 ? 'n' : ' ';
	values[4] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[5] = nullable_uuid(actor, &nulls[5]);
	(void) users_write(&queries[SET_FIELDS], values, nulls);
}

void
users_change_domain_status(const pg_uuid_t *id, const char *status,
						   const pg_uuid_t *actor)
{
	char nulls[] = "    ";
	Datum values[4];

	values[0] = UUIDPGetDatum(id);
	values[1] = CStringGetTextDatum(status);
	values[2] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[3] = nullable_uuid(actor, &nulls[3]);
	(void) users_write(&queries[SET_STATUS], values, nulls);
}

int64
users_count_domains_of(const pg_uuid_t *creator)
{
	Datum value = UUIDPGetDatum(creator);

	(void) users_read(&queries[COUNT_OF_CREATOR], &value, NULL);
	return users_column_int64(0, 1, 0);
}

/* ---- purging ---- */

/* Removes a locked domain with all that is in it; the number of rows. What is
 * in it goes first: cascades would not say how many that were. */
static int64
purge_domain(const pg_uuid_t *id)
{
	Datum value = UUIDPGetDatum(id);
	int64 rows = users_delete_all_roles(id);

	rows += (int64) users_write(&queries[DELETE_DOMAIN], &value, NULL);
	return rows;
}

int64
users_purge_domains(TimestampTz before, int max)
{
	Datum value = TimestampTzGetDatum(before);
	int64 rows = 0;

	while (rows < max && users_write(&queries[NEXT_TO_PURGE], &value, NULL) > 0)
	{
		pg_uuid_t id;

		(void) users_column_uuid(0, 1, &id);
		rows += purge_domain(&id);
		users_audit_domain("domain_purged", &id, NULL, NULL, NULL);
	}
	return rows;
}

void
users_init_domain(void)
{
	users_register_queries(queries, lengthof(queries));
}
