/* The tables role and role_assignment. Inside users_enter_owner. */
#ifndef USERS_ROLE_H
#define USERS_ROLE_H

#include <stdbool.h>

typedef struct UsersRole
{
	pg_uuid_t id;
	pg_uuid_t domain_id;
	char *name;
	Datum permissions; /* text[] */
	bool built_in;	   /* admin: holds everything */
} UsersRole;

/* ---- roles ---- */

/* Read with the latest snapshot; false when there is none. In context. */
extern bool users_find_role(UsersRole *role, const pg_uuid_t *id,
							MemoryContext context);

/* Inserts a role of a locked domain, under a new id; actor NULL: a DBA. False
 * when the domain has one of that name. */
extern bool users_insert_role(UsersRole *role, const pg_uuid_t *actor);

/* Likewise one that another platform had, under its id, made at that time. */
extern bool users_import_role_row(const UsersRole *role, TimestampTz created_at,
								  const pg_uuid_t *actor);

/* Inserts the roles that every domain begins with, made at a time; the id of
 * admin. */
extern void users_insert_first_roles(pg_uuid_t *admin_id,
									 const pg_uuid_t *domain_id, TimestampTz at,
									 const pg_uuid_t *actor);

/* Removes the role of this name from a locked domain if it is one that the
 * domain began with (with built_in: the built-in one), has not been changed and
 * is held by and offered to nobody; whether it did. */
extern bool users_drop_unused_first_role(const pg_uuid_t *domain_id,
										 const char *name, bool built_in);

/* Gives a role of a locked domain the name and permissions in it; false when
 * the domain has another one of that name. */
extern bool users_set_role(const UsersRole *role, const pg_uuid_t *actor);

/* Removes a role, with its assignments and invitations. */
extern void users_delete_role_row(const pg_uuid_t *id);

/* Removes all roles of a domain, with their assignments; how many rows. */
extern int64 users_delete_all_roles(const pg_uuid_t *domain_id);

/* The words that are in one of two arrays only, in context. */
extern Datum users_differing_permissions(Datum one, Datum other,
										 MemoryContext context);

/* ---- who holds them ---- */

/*
 * Whether a user (not a platform administrator) may put others into a role, or
 * take them out of it, on the whole domain (object_id NULL) or on an object of
 * a type: domain:manage_members, or object_type:manage_roles on the object; and
 * every permission of the role, there. As it is now.
 */
extern bool users_may_assign(const pg_uuid_t *user_id, const UsersRole *role,
							 const char *object_type,
							 const pg_uuid_t *object_id);

/* Adds or takes an assignment of a locked domain; whether something changed.
 * granted_by NULL: a DBA. Whoever adds one has locked the account before the
 * domain, as deleting an account does. */
extern bool users_assign(const pg_uuid_t *user_id, const UsersRole *role,
						 const char *object_type, const pg_uuid_t *object_id,
						 const pg_uuid_t *granted_by);
extern bool users_assign_at(TimestampTz granted_at, const pg_uuid_t *user_id,
							const UsersRole *role, const char *object_type,
							const pg_uuid_t *object_id,
							const pg_uuid_t *granted_by);
extern bool users_unassign(const pg_uuid_t *user_id, const UsersRole *role,
						   const char *object_type, const pg_uuid_t *object_id);

/* Whether somebody holds the role now: on the whole domain (object_id NULL) or
 * on the object. */
extern bool users_has_role(const pg_uuid_t *user_id, const pg_uuid_t *role_id,
						   const char *object_type, const pg_uuid_t *object_id);

/* Whether somebody has any role on the whole domain now, whatever the domain's
 * status. */
extern bool users_has_any_role(const pg_uuid_t *user_id,
							   const pg_uuid_t *domain_id);

/* One of somebody's assignments in a domain. */
typedef struct UsersAssignment
{
	UsersRole role;
	char *object_type; /* NULL: on the whole domain */
	pg_uuid_t object_id;
} UsersAssignment;

/* All of them, read with the latest snapshot, in context; their number. */
extern int users_list_assignments(UsersAssignment **list,
								  const pg_uuid_t *user_id,
								  const pg_uuid_t *domain_id,
								  MemoryContext context);

/* Takes all of somebody's assignments in a locked domain; how many. */
extern int64 users_unassign_all(const pg_uuid_t *user_id,
								const pg_uuid_t *domain_id);

/* Enabled accounts but this one that hold the built-in role of a domain. */
extern int64 users_count_other_domain_admins(const pg_uuid_t *domain_id,
											 const pg_uuid_t *user_id);

/* The routes, with commas between, of the enabled, disabled or frozen domains
 * that would have no administrator without somebody; in context, NULL for none.
 * Locks the rows of all domains that they administer, in one order; for
 * users_with_patience, and with the account's row locked, so that nobody makes
 * them administrator of another one meanwhile. */
extern char *users_domains_left_alone(const pg_uuid_t *user_id,
									  MemoryContext context);

/* An assignment's two columns of a statement: '' and the nil UUID on the whole
 * domain (object_id NULL). */
extern void users_scope_values(Datum *values, int at, const char *object_type,
							   const pg_uuid_t *object_id);

extern void users_init_role(void);

#endif
