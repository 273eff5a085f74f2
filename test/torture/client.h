/* What the two kinds of client share; client.c says what they are for. */
#ifndef TORTURE_CLIENT_H
#define TORTURE_CLIENT_H

#include <stdbool.h>

#include <libpq-fe.h>

#define TOKEN 2048 /* bytes that a token has room in */

typedef enum Outcome
{
	DONE,
	REFUSED, /* certainly not done, for a reason */
	WRONG,	 /* certainly not done, and nothing explains it */
	UNKNOWN
} Outcome;

extern const char *name;
extern int seq; /* of the present transaction */
extern bool clock_moves;
extern bool lies;

int pick(int n);
void pause_ms(long ms);
double now(void); /* seconds of the real time of day */

void try(const char *what, const char *who, const char *a, const char *b,
		 const char *c);
void note(const char *how, const char *what, const char *who, const char *a,
		  const char *b, const char *c);

bool connected(void);
Outcome transact(const char *what, const char *who, const char *token,
				 const char *status, const char *sql, int n,
				 const char *const *values, PGresult **result);

void live(void);  /* people.c: one thing that somebody does */
void claim(void); /* relay.c: one batch of mail */

#endif
