/* Arguments that say the same of people, domains and roles: names, tags,
 * metadata. All in the present memory context. */
#ifndef USERS_FIELD_H
#define USERS_FIELD_H

/* Argument n, trimmed, a name whatever the database's encoding; US005 for
 * another one and for NULL. */
extern char *users_name_argument(FunctionCallInfo fcinfo, int n,
								 const char *argument);

/* Argument n, the route of a domain, as written; US008. */
extern char *users_route_argument(FunctionCallInfo fcinfo, int n);

/* Argument n, a text[] of at most 32 tags of at most 64 characters, each
 * trimmed; US005. NULL gives the empty array. */
extern Datum users_tags_argument(FunctionCallInfo fcinfo, int n);

/* Argument n, a JSON object of at most 16 kB; US005. NULL gives {}. */
extern Datum users_metadata_argument(FunctionCallInfo fcinfo, int n);

/* Metadata that was put together; US005, naming the argument, unless it is such
 * an object. */
extern Datum users_checked_metadata(Jsonb *metadata, const char *argument);

/* Likewise; NULL gives 0, and US005 names the argument. */
extern Datum users_object_argument(FunctionCallInfo fcinfo, int n,
								   const char *argument);

#endif
