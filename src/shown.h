/* Rows of the views users_domains, users_roles, users_role_members,
 * users_accounts and users_invitations, as the functions that make or change
 * such a thing return them: what the views show is written down here once more,
 * whoever may see it. Inside users_enter_owner. */
#ifndef USERS_SHOWN_H
#define USERS_SHOWN_H

#define USERS_DOMAIN_COLUMNS	  12
#define USERS_ROLE_COLUMNS		  9
#define USERS_ROLE_MEMBER_COLUMNS 11
#define USERS_ACCOUNT_COLUMNS	  22
#define USERS_INVITATION_COLUMNS  15
#define USERS_SHOWN_COLUMNS		  22

/* A row of one of them, in a context that outlives SPI. */
typedef struct UsersShown
{
	Datum values[USERS_SHOWN_COLUMNS];
	bool nulls[USERS_SHOWN_COLUMNS];
} UsersShown;

/* my_roles and my_permissions are of user_id (NULL: nobody's). */
extern void users_show_domain(UsersShown *shown, const pg_uuid_t *id,
							  const pg_uuid_t *user_id, MemoryContext context);
extern void users_show_role(UsersShown *shown, const pg_uuid_t *id,
							MemoryContext context);
/* object_id NULL: on the whole domain. */
extern void users_show_role_member(UsersShown *shown, const pg_uuid_t *role_id,
								   const pg_uuid_t *user_id,
								   const char *object_type,
								   const pg_uuid_t *object_id,
								   MemoryContext context);

/* Of users_accounts; throttled_until is looked up. */
extern void users_show_account(UsersShown *shown, const pg_uuid_t *user_id,
							   MemoryContext context);

/* Of users_invitations, as one that was sent. */
extern void users_show_invitation(UsersShown *shown, const pg_uuid_t *id,
								  MemoryContext context);

extern void users_init_shown(void);

#endif
