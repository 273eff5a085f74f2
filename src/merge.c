#include "pg.h"

#include "merge.h"

/* The object that a value is; NULL for another one and for none. */
static JsonbContainer *
object_of(const JsonbValue *value)
{
	if (value == NULL || value->type != jbvBinary ||
		!JsonContainerIsObject(value->val.binary.data))
		return NULL;
	return value->val.binary.data;
}

static JsonbValue *
member_of(JsonbContainer *object, const JsonbValue *name)
{
	if (object == NULL)
		return NULL;
	return getKeyJsonValueFromContainer(object, name->val.string.val,
										name->val.string.len, NULL);
}

static JsonbValue *merge(JsonbParseState **state, JsonbContainer *target,
						 JsonbContainer *patch);

/* Writes a member as the patch has it, over old (NULL: there was none). */
static void
write_patched(JsonbParseState **state, JsonbValue *name, const JsonbValue *old,
			  JsonbValue *patched)
{
	JsonbContainer *object = object_of(patched);

	if (patched->type == jbvNull)
		return;
	(void) pushJsonbValue(state, WJB_KEY, name);
	/* One that is new is merged, too: into nothing, so that no null of the
	 * patch is kept. */
	if (object != NULL)
		(void) merge(state, object_of(old), object);
	else
		(void) pushJsonbValue(state, WJB_VALUE, patched);
}

/* Writes the target's members (NULL: it has none) as the patch leaves them, or
 * those of the patch that the target has not. */
static void
write_members(JsonbParseState **state, JsonbContainer *target,
			  JsonbContainer *patch, bool of_patch)
{
	JsonbIterator *it = JsonbIteratorInit(of_patch ? patch : target);
	JsonbIteratorToken token;
	JsonbValue name;
	JsonbValue value;

	(void) JsonbIteratorNext(&it, &name, true);
	while ((token = JsonbIteratorNext(&it, &name, true)) == WJB_KEY)
	{
		JsonbValue *other = member_of(of_patch ? target : patch, &name);

		(void) JsonbIteratorNext(&it, &value, true);
		if (of_patch)
		{
			if (other == NULL)
				write_patched(state, &name, NULL, &value);
		}
		else if (other != NULL)
			write_patched(state, &name, &value, other);
		else
		{
			(void) pushJsonbValue(state, WJB_KEY, &name);
			(void) pushJsonbValue(state, WJB_VALUE, &value);
		}
	}
}

/* Writes one object; it as a whole, when it is the outermost. */
static JsonbValue *
merge(JsonbParseState **state, JsonbContainer *target, JsonbContainer *patch)
{
	check_stack_depth();
	(void) pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	if (target != NULL)
		write_members(state, target, patch, false);
	write_members(state, target, patch, true);
	return pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

Jsonb *
users_merge_patch(Jsonb *target, Jsonb *patch)
{
	JsonbParseState *state = NULL;

	return JsonbValueToJsonb(merge(&state, &target->root, &patch->root));
}
