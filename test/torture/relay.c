/* A mail relay that claims and settles, and sends nothing. */
#include <stdio.h>

#include "client.h"

#define LEASE "10 seconds" /* as test/torture/verify.sql knows */

static void
settle_mail(const char *id)
{
	PGresult *result;

	try("sent", "", id, "", "");
	if (transact("sent", "", NULL, NULL, "SELECT users_mail_sent($1)", 1, &id,
				 &result) == DONE)
		note("done", "sent", "", id, PQgetvalue(result, 0, 0), "");
	PQclear(result);
}

/* Some claims are never settled, as if the relay had died. */
void
claim(void)
{
	char began[32];
	char ended[32];
	const char *lease = LEASE;
	PGresult *result;
	int count;

	snprintf(began, sizeof(began), "%.6f", now());
	try("claim", "", began, "", "");
	if (transact("claim", "", NULL, NULL,
				 "SELECT id FROM users_claim_mail(5, $1::interval)", 1, &lease,
				 &result) != DONE)
		return;
	snprintf(ended, sizeof(ended), "%.6f", now());
	count = PQntuples(result);
	for (int i = 0; i < count; i++)
	{
		note("done", "claim", "", PQgetvalue(result, i, 0), ended, "");
		if (lies && pick(4) == 0)
			note("done", "claim", "", PQgetvalue(result, i, 0), ended, "");
	}
	for (int i = 0; i < count && connected(); i++)
		if (pick(6) != 0)
			settle_mail(PQgetvalue(result, i, 0));
	PQclear(result);
	if (count == 0)
		pause_ms(50);
}
