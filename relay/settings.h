/* The relay's settings: from the environment, a file and the command line. */
#ifndef RELAY_SETTINGS_H
#define RELAY_SETTINGS_H

#include <stdbool.h>

#include "address.h"
#include "text.h"

typedef enum Tls
{
	TLS_UNSET,
	TLS_REQUIRED,
	TLS_OPTIONAL,
	TLS_OFF
} Tls;

/* Strings are NULL where nothing was said; times are in seconds. */
typedef struct Settings
{
	char *database;
	char *database_password;
	char *schema;
	char *smtp_url;
	char *smtp_user;
	char *smtp_password;
	char *smtp_ca_file;
	char *smtp_helo;
	char *from;
	char *reply_to;
	char *exec;
	char *log_key;
	int smtp_tls; /* a Tls; never TLS_UNSET once loaded */
	int smtp_plain_auth;
	int batch;
	int lease;
	int timeout;
	int poll;

	/* Made of the above. */
	char *smtp_address; /* the URL for libcurl, HELO's name in its path */
	Mailbox sender;
	Mailbox answers; /* Reply-To; its address is empty if there is none */
} Settings;

/* Reads the environment and then, for what is not there, the file at path
 * (unless NULL); exec (unless NULL) is the program that the command line names.
 * False, and in problem what is wrong where and what is allowed; never a
 * secret. Ends with settings_wipe in either case. */
__attribute__((warn_unused_result)) bool settings_load(Settings *settings,
													   const char *path,
													   const char *exec,
													   Text *problem);

void settings_wipe(Settings *settings);

/* For settings_file.c: sets what a name and a value in the file say, of which
 * where is the place ("line 3 of /etc/x"). */
typedef struct Assignment
{
	const char *name;
	const char *value;
	const char *where;
	bool shared; /* anybody can read it there */
} Assignment;

/* Knows which settings were set already. */
typedef struct Loading
{
	Settings *settings;
	Text *problem;
	unsigned seen_in_file;
	unsigned seen_in_environment;
} Loading;

bool settings_assign(Loading *loading, const Assignment *assignment);

#endif
