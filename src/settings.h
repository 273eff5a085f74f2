/* The settings of the extension (users.*), as the server keeps them. */
#ifndef USERS_SETTINGS_H
#define USERS_SETTINGS_H

#include <stdbool.h>

typedef enum UsersRegistration
{
	USERS_REGISTRATION_OPEN,
	USERS_REGISTRATION_INVITED,
	USERS_REGISTRATION_CLOSED
} UsersRegistration;

typedef enum UsersSearchScope
{
	USERS_SEARCH_SHARED,
	USERS_SEARCH_ALL
} UsersSearchScope;

/* Times are in seconds, sizes as their names say. */
typedef struct UsersSettings
{
	int access_token_ttl;
	int refresh_token_ttl;
	int session_ttl;
	int refresh_grace;
	int reset_token_ttl;
	int verification_token_ttl;
	int invitation_ttl;
	int deletion_grace;
	int max_failed_logins;
	int max_failed_logins_per_identifier;
	int max_failed_logins_per_address;
	int failed_login_window;
	int max_mail_requests;
	int max_registrations;
	int max_invitations;
	int max_domains;
	int mail_max_attempts;
	int max_waiting_requests;
	int password_min_length;   /* characters */
	int password_min_strength; /* zxcvbn score */
	int argon2_memory;		   /* KiB */
	int argon2_iterations;
	int max_concurrent_hashes;
	int hash_queue_timeout;
	int picture_max_size; /* KiB */
	int audit_retention;
	int event_retention;
	int registration;	   /* UsersRegistration */
	int signing_algorithm; /* UsersAlgorithm */
	int search_scope;	   /* UsersSearchScope */
	bool require_verified_email;
	bool trust_socket_address;
	bool synchronous_revocation;
	bool public_pictures;
	bool refresh_cookie;
	bool allow_drop;
	char *issuer;
	char *audience;
	char *default_language;
	char *key_file;
	char *client_address_header;
	char *client_address;
	char *user_agent;
	char *reset_url;
	char *verify_url;
	char *invitation_url;
	char *registration_url;
	char *mail_sender;
	char *product_name;
	char *mail_kinds_off;
} UsersSettings;

extern UsersSettings users_settings;

/* Whether the library came by shared_preload_libraries. */
extern bool users_preloaded;

/* Counts changes of issuer and audience: what was judged under others is to
 * be judged anew. */
extern uint32 users_claims_generation;

/* Defines them all; called once, by _PG_init. */
extern void users_define_settings(void);

#endif
