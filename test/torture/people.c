/* People, a few at a time: whoever one is not sure about is forgotten. */
#include <stdio.h>
#include <string.h>

#include "client.h"

#define PEOPLE 8
#define PHRASE "seven purple kettles sing"

typedef struct Person
{
	char name[64]; /* empty: nobody */
	char password[64];
	char access[TOKEN]; /* empty: signed out */
	char refresh[TOKEN];
	char route[40]; /* of the domain; empty: none */
	char domain[40];
	int changes;
} Person;

static Person people[PEOPLE];
static int made = 0;

static void
keep(char *place, size_t size, const char *text)
{
	snprintf(place, size, "%s", text);
}

/* A call that is done when it is done; a person of whom one does not know is
 * forgotten. */
static bool
settle(const char *what, Person *person, bool signed_in, const char *status,
	   const char *sql, int n, const char *const *values)
{
	PGresult *result;
	Outcome outcome =
		transact(what, person->name, signed_in ? person->access : NULL, status,
				 sql, n, values, &result);

	if (outcome == DONE)
		note("done", what, person->name, "", "", "");
	else if (outcome == UNKNOWN)
		person->name[0] = '\0';
	else if (signed_in && clock_moves)
		person->access[0] = '\0';
	PQclear(result);
	return outcome == DONE;
}

/* Tokens are the only thing of a call that is kept. */
static void
take_session(const char *what, Person *person, const char *sql, int n,
			 const char *const *values)
{
	PGresult *result;
	Outcome outcome =
		transact(what, person->name, NULL, "ok", sql, n, values, &result);

	if (outcome == DONE)
	{
		keep(person->refresh, sizeof(person->refresh),
			 PQgetvalue(result, 0, 1));
		keep(person->access, sizeof(person->access), PQgetvalue(result, 0, 2));
		note("done", what, person->name, person->refresh, person->access, "");
	}
	else if (outcome == UNKNOWN || strcmp(what, "register") == 0)
		person->name[0] = '\0';
	PQclear(result);
}

static void
sign_up(Person *person)
{
	char email[96];
	const char *values[] = { email, person->name, person->password };

	memset(person, 0, sizeof(*person));
	snprintf(person->name, sizeof(person->name), "%s-%d", name, ++made);
	snprintf(email, sizeof(email), "%s@example.org", person->name);
	snprintf(person->password, sizeof(person->password), PHRASE " %d", made);
	try("register", person->name, person->password, "", "");
	take_session("register", person,
				 "SELECT status, refresh_token, access_token"
				 "  FROM users_register($1, $2, $3, 'Some', 'Body')",
				 3, values);
}

static void
sign_in(Person *person)
{
	const char *values[] = { person->name, person->password };

	try("login", person->name, person->password, "", "");
	take_session("login", person,
				 "SELECT status, refresh_token, access_token"
				 "  FROM users_login($1, $2)",
				 2, values);
}

static void
change_password(Person *person)
{
	char password[64];
	const char *values[] = { person->password, password };

	snprintf(password, sizeof(password), PHRASE " %d.%d", pick(100000),
			 ++person->changes);
	try("password", person->name, person->password, password, "");
	if (settle("password", person, true, "ok",
			   "SELECT status FROM users_change_password($1, $2, $2)", 2,
			   values))
	{
		keep(person->password, sizeof(person->password), password);
		person->access[0] = '\0';
	}
}

static void
sign_out(Person *person)
{
	const char *values[] = { person->refresh };

	try("logout", person->name, person->refresh, "", "");
	if (settle("logout", person, false, "ok",
			   "SELECT status FROM users_logout($1)", 1, values))
		person->access[0] = '\0';
}

static void
sign_out_everywhere(Person *person)
{
	try("logout_all", person->name, "", "", "");
	if (settle("logout_all", person, true, NULL, "SELECT users_logout_all()", 0,
			   NULL))
		person->access[0] = '\0';
}

static void
ask_for_mail(Person *person)
{
	char email[96];
	const char *values[] = { email };

	snprintf(email, sizeof(email), "%s@example.org", person->name);
	try("reset", person->name, "", "", "");
	(void) settle("reset", person, false, "accepted",
				  "SELECT status FROM users_request_reset($1)", 1, values);
}

static void
make_domain(Person *person)
{
	char route[40];
	const char *values[] = { route };
	PGresult *result;
	Outcome outcome;

	snprintf(route, sizeof(route), "d-%.20s-%d", name, seq);
	try("domain", person->name, route, "", "");
	outcome =
		transact("domain", person->name, person->access, NULL,
				 "SELECT (users_create_domain($1, $1)).id", 1, values, &result);
	if (outcome == DONE)
	{
		keep(person->route, sizeof(person->route), route);
		keep(person->domain, sizeof(person->domain), PQgetvalue(result, 0, 0));
		note("done", "domain", person->name, "", "", "");
	}
	else if (outcome == UNKNOWN)
		person->name[0] = '\0';
	else if (clock_moves)
		person->access[0] = '\0';
	PQclear(result);
}

static void
change_domain(Person *person)
{
	char count[20];
	const char *values[] = { person->domain, count };

	snprintf(count, sizeof(count), "%d", seq);
	try("update", person->name, person->route, count, "");
	(void) settle("update", person, true, NULL,
				  "SELECT users_update_domain($1, "
				  "metadata => jsonb_build_object('n', $2::integer))",
				  2, values);
}

/* A role, and who holds it: both or neither. */
static void
give_role(Person *person)
{
	char role[40];
	const char *values[] = { person->domain, role };

	snprintf(role, sizeof(role), "role %d", seq);
	try("role", person->name, person->route, role, "");
	(void) settle("role", person, true, NULL,
				  "SELECT users_grant_role((users_create_role($1, $2, "
				  "'{device:read}')).id, users_current_user_id())",
				  2, values);
}

static void
use_domain(Person *person)
{
	if (person->domain[0] == '\0')
		make_domain(person);
	else if (pick(2) == 0)
		change_domain(person);
	else
		give_role(person);
}

void
live(void)
{
	Person *person = &people[pick(PEOPLE)];

	if (person->name[0] == '\0' || pick(12) == 0)
		sign_up(person);
	else if (person->access[0] == '\0')
		sign_in(person);
	else
		switch (pick(9))
		{
			case 0:
				change_password(person);
				break;
			case 1:
				sign_out(person);
				break;
			case 2:
				sign_out_everywhere(person);
				break;
			case 3:
			case 4:
			case 5:
				ask_for_mail(person);
				break;
			default:
				use_domain(person);
		}
}
