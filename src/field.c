#include "pg.h"

#include "core/grammar.h"
#include "errors.h"
#include "field.h"
#include "outcome.h"
#include "text.h"

#define METADATA_MAX (16 * 1024)
#define ROUTE_MAX	 36
#define TAGS_MAX	 32
#define TAG_MAX		 64 /* characters */

char *
users_name_argument(FunctionCallInfo fcinfo, int n, const char *argument)
{
	char *name = users_trimmed_argument(fcinfo, n);

	if (!users_is_name(name, USERS_NAME_MAX))
		users_raise(USERS_E_NAME, argument);
	return name;
}

/* As written: it is part of addresses, and no two are alike but for case. */
char *
users_route_argument(FunctionCallInfo fcinfo, int n)
{
	static const char alnum[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
								"abcdefghijklmnopqrstuvwxyz0123456789";
	char *route = users_text_argument(fcinfo, n);
	size_t len = route == NULL ? 0 : strlen(route);

	if (len == 0 || len > ROUTE_MAX || strspn(route, alnum) == 0)
		users_raise(USERS_E_ROUTE, "route");
	for (size_t i = 0; i < len; i++)
		if (strchr(alnum, route[i]) == NULL && route[i] != '_' &&
			route[i] != '-')
			users_raise(USERS_E_ROUTE, "route");
	return route;
}

/* One tag, trimmed. */
static Datum
read_tag(Datum element, bool isnull)
{
	char *tag = isnull ? NULL : TextDatumGetCString(element);
	const char *start = tag;
	size_t len;

	if (tag == NULL)
		users_raise(USERS_E_TAGS, "tags");
	len = strlen(tag);
	users_trim(&start, &len);
	tag = pnstrdup(start, len);
	if (!users_is_name(tag, TAG_MAX))
		users_raise(USERS_E_TAGS, "tags");
	return CStringGetTextDatum(tag);
}

Datum
users_tags_argument(FunctionCallInfo fcinfo, int n)
{
	ArrayType *array;
	Datum *elements;
	bool *nulls;
	int count;

	if (PG_ARGISNULL(n))
		return PointerGetDatum(construct_empty_array(TEXTOID));
	array = PG_GETARG_ARRAYTYPE_P(n);
	if (ARR_NDIM(array) > 1 ||
		ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) > TAGS_MAX)
		users_raise(USERS_E_TAGS, "tags");
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements,
					  &nulls, &count);
	for (int i = 0; i < count; i++)
		elements[i] = read_tag(elements[i], nulls[i]);
	return PointerGetDatum(
		construct_array(elements, count, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum
users_object_argument(FunctionCallInfo fcinfo, int n, const char *argument)
{
	if (PG_ARGISNULL(n))
		return (Datum) 0;
	return users_checked_metadata(PG_GETARG_JSONB_P(n), argument);
}

Datum
users_metadata_argument(FunctionCallInfo fcinfo, int n)
{
	if (PG_ARGISNULL(n))
		return DirectFunctionCall1(jsonb_in, CStringGetDatum("{}"));
	return users_object_argument(fcinfo, n, "metadata");
}

Datum
users_checked_metadata(Jsonb *metadata, const char *argument)
{
	if (!JB_ROOT_IS_OBJECT(metadata) || VARSIZE(metadata) > METADATA_MAX)
		users_raise(USERS_E_METADATA, argument);
	return JsonbPGetDatum(metadata);
}
