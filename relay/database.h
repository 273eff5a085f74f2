/* The connection to the database, and the extension's functions on it. */
#ifndef RELAY_DATABASE_H
#define RELAY_DATABASE_H

#include <stdbool.h>

#include <libpq-fe.h>

#include "message.h"
#include "settings.h"
#include "verdict.h"

/* Starts as { 0 }. */
typedef struct Database
{
	PGconn *conn;
	bool told;	 /* of a mail, and has not answered yet */
	Text schema; /* of the extension, quoted */
	Text claim;	 /* the statements */
	Text sent;
	Text failed;
} Database;

/* Mails that were claimed together. */
typedef struct Batch
{
	PGresult *rows;
	int next;
	int count;
	long deadline; /* of the lease, by clock_now */
} Batch;

/* What has to be told about a mail. */
typedef struct Verdict
{
	char id[40];
	Result result;
	bool put_back; /* it was not tried */
	char error[ERROR_MAX + 1];
	long deadline; /* after which it is another relay's */
} Verdict;

/* Connects, finds the extension's functions and listens. False, with the
 * problem: without passwords, and without what a row holds. */
bool database_connect(Database *database, const Settings *settings,
					  Text *problem);
bool database_is_open(const Database *database);
void database_close(Database *database);

/* The next mails that are due, perhaps none; false, with the problem and the
 * connection closed, if the database could not say. Ends with batch_wipe. */
bool database_claim(Database *database, const Settings *settings, int most,
					Batch *batch, Text *problem);

/* Tells what became of a mail, and waits for no answer; false likewise. Until
 * that is heard, nothing else can be asked. */
bool database_tell(Database *database, const Verdict *verdict, Text *problem);

/* Waits for the answer, and so until the mail is settled; false likewise. known
 * is whether it still had to be. */
bool database_hear(Database *database, bool *known, Text *problem);

/* Waits for a notification, a signal or some time; false, with the connection
 * closed, if it broke. */
bool database_wait(Database *database, long ms);

/* Runs one statement without rows to speak of, with a time limit. The caller
 * clears result; false as above. */
bool database_run(Database *database, const char *sql, int n,
				  const char *const *values, PGresult **result, Text *problem);

/* A mail of a batch; what it points to lives as long as the batch. */
Mail batch_mail(const Batch *batch, int number);

/* Overwrites what a mail of the batch says, when it is no longer needed. */
void batch_wipe_mail(Batch *batch, int number);
void batch_wipe(Batch *batch);

#endif
