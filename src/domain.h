/* The table domain. Inside users_enter_owner. */
#ifndef USERS_DOMAIN_H
#define USERS_DOMAIN_H

#include <stdbool.h>

typedef struct UsersDomain
{
	pg_uuid_t id;
	char *name;
	char *route;
	char *status; /* enabled, disabled, frozen, deleted */
} UsersDomain;

/* Read with the latest snapshot; false when there is none. Texts in context. */
extern bool users_find_domain(UsersDomain *domain, const pg_uuid_t *id,
							  MemoryContext context);

/* Locks its row: whoever changes something in a domain, its roles, members or
 * invitations, holds this lock from before they judge whether they may. False
 * when it is gone. Waits: call it with users_with_patience, and only after the
 * right was seen once without a lock, so that no stranger makes anybody wait.
 */
extern bool users_lock_domain(const pg_uuid_t *id);

/* What makes or changes a domain; all checked, NULL and 0 leave as is. */
typedef struct UsersDomainFields
{
	const char *name;
	const char *route; /* fixed once it is made */
	Datum tags;		   /* text[] */
	Datum metadata;	   /* jsonb */
} UsersDomainFields;

/* Inserts an enabled domain, under a new id; actor NULL: a DBA. False when the
 * route is taken. Waits for others that insert the same route. */
extern bool users_insert_domain(pg_uuid_t *id, const UsersDomainFields *fields,
								const pg_uuid_t *actor);

/* A domain as another platform had it. */
typedef struct UsersDomainImport
{
	pg_uuid_t id;
	UsersDomainFields fields; /* all of them */
	const char *status;
	TimestampTz created_at;
	const pg_uuid_t *created_by; /* NULL: nobody known */
	TimestampTz updated_at;
	const pg_uuid_t *updated_by;
} UsersDomainImport;

/* Inserts it, if its id is free; likewise. */
extern bool users_import_domain_row(const UsersDomainImport *domain);

/* Changes of a locked domain. */
extern void users_set_domain_fields(const pg_uuid_t *id,
									const UsersDomainFields *fields,
									const pg_uuid_t *actor);
extern void users_change_domain_status(const pg_uuid_t *id, const char *status,
									   const pg_uuid_t *actor);

/* Domains that somebody has made and that have not been purged. */
extern int64 users_count_domains_of(const pg_uuid_t *creator);

/* Removes domains that were deleted before a time, with all that is in them,
 * until max rows are gone; how many that were. Domains that somebody else
 * holds locked wait for the next call. */
extern int64 users_purge_domains(TimestampTz before, int max);

extern void users_init_domain(void);

#endif
