#include "pg.h"

#include "uncompiled.h"

/*
 * No samples of what people are called are kept (sql/56-account-view.sql). So
 * the planner takes one account in two hundred for found, whoever is searched
 * for, and with millions of them its costs say that the statement is worth
 * compiling: a fifth of a second for what is found in a tenth of a millisecond.
 */

static planner_hook_type next_planner = NULL;

static bool
reads_people(const PlannedStmt *plan)
{
	static const char *const tables[] = { "account", "person" };
	Oid schema = get_namespace_oid("users", true);

	for (size_t i = 0; OidIsValid(schema) && i < lengthof(tables); i++)
		if (list_member_oid(plan->relationOids,
							get_relname_relid(tables[i], schema)))
			return true;
	return false;
}

static PlannedStmt *
on_plan(Query *query, const char *text, int options, ParamListInfo params)
{
	planner_hook_type plan_it =
		next_planner != NULL ? next_planner : standard_planner;
	PlannedStmt *plan = plan_it(query, text, options, params);

	if (plan->jitFlags != PGJIT_NONE && reads_people(plan))
		plan->jitFlags = PGJIT_NONE;
	return plan;
}

void
users_init_uncompiled(void)
{
	next_planner = planner_hook;
	planner_hook = on_plan;
}
