#include "pg.h"

#include "circle.h"
#include "core/grammar.h"
#include "holder.h"
#include "query.h"

/*
 * The arms of a search, each the walk along one index: the range between two
 * texts as bytes, in order, until enough were found. A LIKE would say the same
 * but is planned by an index only when its pattern is known. Usernames are
 * ASCII whatever the locale.
 */
/* clang-format off */
#define USERNAME_KEY "pg_catalog.lower(p.username COLLATE pg_catalog.\"C\")"
#define NAME_KEY \
	"pg_catalog.lower(p.first_name OPERATOR(pg_catalog.||) ' ' OPERATOR(pg_catalog.||) p.last_name)"
#define SURNAME_KEY "pg_catalog.lower(p.last_name)"
#define IN_RANGE(key, from, below) \
	key " OPERATOR(pg_catalog.~>=~) " from " AND " key " OPERATOR(pg_catalog.~<~) " below
#define IN_ORDER(key) " ORDER BY " key " USING OPERATOR(pg_catalog.~<~)"
#define FOUND(key, from, below, people, others) \
	"SELECT " key " COLLATE pg_catalog.\"C\" AS key, p.user_id" \
	"  FROM " people " p JOIN users.account a ON a.user_id" EQ "p.user_id" \
	" WHERE " IN_RANGE(key, from, below) \
	"   AND p.listed AND a.status" EQ "'enabled'" others \
	IN_ORDER(key) ", p.user_id LIMIT $5"
#define SEARCH(arm) \
	"SELECT p.user_id, p.username, p.first_name, p.last_name" \
	"  FROM (SELECT DISTINCT ON (f.user_id) f.arm, f.key, f.user_id" \
	"          FROM (SELECT 1 AS arm, s.* FROM (" arm(USERNAME_KEY, "$1", "$2") ") s" \
	" UNION ALL SELECT 2, s.* FROM (" arm(NAME_KEY, "$3", "$4") ") s" \
	" UNION ALL SELECT 3, s.* FROM (" arm(SURNAME_KEY, "$3", "$4") ") s) f" \
	"         ORDER BY f.user_id, f.arm) found" \
	"  JOIN users.person p ON p.user_id" EQ "found.user_id" \
	" ORDER BY found.arm, found.key USING OPERATOR(pg_catalog.~<~), p.user_id" \
	" LIMIT $5"
#define AMONG_ALL(key, from, below) FOUND(key, from, below, "users.person", "")

/*
 * Nobody knows how many share a beginning, nor how many of them share a domain
 * with who asks. So a first step looks at so many in order, each by key. When
 * there are no more, or enough of them were found, that is the answer, whatever
 * the planner expects; else it weighs the range against the people of the
 * domains. Whom both find is one of those that DISTINCT leaves out. Of more
 * namesakes than the first step looks at, any may be shown.
 */
#define WALK "500"
#define IN_CIRCLE \
	"EXISTS (SELECT FROM users.role_assignment r" \
	" WHERE r.user_id" EQ "p.user_id AND r.domain_id" EQ "ANY ($6))"
#define AMONG_CIRCLE(key, from, below) \
	"WITH walk AS MATERIALIZED (SELECT p.* FROM users.person p" \
	" WHERE " IN_RANGE(key, from, below) IN_ORDER(key) " LIMIT " WALK ")," \
	/* In a SELECT of its own it is no join, which would read all people of the domains. */ \
	" near AS MATERIALIZED (" FOUND(key, from, below, "walk", " AND (SELECT " IN_CIRCLE ")") ")" \
	" SELECT * FROM near UNION ALL (" \
	FOUND(key, from, below, "users.person", " AND " IN_CIRCLE \
	" AND (SELECT pg_catalog.count(*) FROM walk)" EQ WALK \
	" AND (SELECT pg_catalog.count(*) FROM near) OPERATOR(pg_catalog.<) $5") ")"

enum
{
	IN_DOMAINS,
	SEARCH_ALL,
	SEARCH_CIRCLE
};

static UsersQuery queries[] = {
	[IN_DOMAINS] = {
		.sql = "SELECT 1 FROM users.role_assignment WHERE user_id" EQ "$1 AND domain_id" EQ "ANY ($2) LIMIT 1",
		.types = { UUIDOID, UUIDARRAYOID } },
	[SEARCH_ALL] = {
		.sql = SEARCH(AMONG_ALL),
		.types = { TEXTOID, TEXTOID, TEXTOID, TEXTOID, INT8OID } },
	[SEARCH_CIRCLE] = {
		.sql = SEARCH(AMONG_CIRCLE),
		.types = { TEXTOID, TEXTOID, TEXTOID, TEXTOID, INT8OID, UUIDARRAYOID } },
};
/* clang-format on */

ArrayType *
users_circle_domains(const pg_uuid_t *user_id)
{
	return users_holder_list(users_holder(user_id), -1, false);
}

bool
users_in_circle(ArrayType *domains, const pg_uuid_t *user_id)
{
	Datum values[] = { UUIDPGetDatum(user_id), PointerGetDatum(domains) };

	return ARR_NDIM(domains) > 0 &&
		   users_read(&queries[IN_DOMAINS], values, NULL) > 0;
}

/* The least text that is greater, as bytes, than all that begin with prefix.
 * It need not be valid in any encoding: it is compared and no more. */
static text *
end_of_range(const char *prefix)
{
	text *end = cstring_to_text(prefix);
	Size len = VARSIZE_ANY_EXHDR(end);
	unsigned char *bytes = (unsigned char *) VARDATA_ANY(end);

	while (len > 1 && bytes[len - 1] == 0xff)
		len--;
	bytes[len - 1]++;
	SET_VARSIZE(end, VARHDRSZ + len);
	return end;
}

uint64
users_find_people(const char *prefix, ArrayType *domains, int limit)
{
	size_t len = strlen(prefix);
	char *username = pstrdup(prefix);
	char *name = str_tolower(prefix, len, DEFAULT_COLLATION_OID);
	Datum values[] = { 0,
					   PointerGetDatum(NULL),
					   CStringGetTextDatum(name),
					   PointerGetDatum(end_of_range(name)),
					   Int64GetDatum(limit),
					   PointerGetDatum(domains) };

	users_fold(username, prefix, len);
	values[0] = CStringGetTextDatum(username);
	values[1] = PointerGetDatum(end_of_range(username));
	return users_read(&queries[domains == NULL ? SEARCH_ALL : SEARCH_CIRCLE],
					  values, NULL);
}

void
users_init_circle(void)
{
	users_register_queries(queries, lengthof(queries));
}
