#include "pg.h"

/*
 * What the planner is told of users_can_in, users_can_on and users_is_member:
 * that an index on the column that they are given finds the rows, how many
 * these are, and what a call costs.
 */

/* In units of cpu_operator_cost. A call finds its answer in memory, the first
 * one of a statement has to read it. */
#define CALL_COST  1.0
#define FIRST_COST 400.0

/* What a predicate says of one of its arguments: that it is one of the ids that
 * a function lists. */
typedef struct Said
{
	Node *operand;	  /* the argument */
	Node *permission; /* NULL: of users_is_member */
} Said;

/* By the number of arguments: (domain_id), (permission, domain_id),
 * (permission, domain_id, object_id). */
static void
take_apart(Said *said, List *args)
{
	said->operand = llast(args);
	said->permission = list_length(args) == 1 ? NULL : linitial(args);
}

static Oid
find_function(Oid schema, const char *name, const Oid *types, int count)
{
	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
						   CStringGetDatum(name),
						   PointerGetDatum(buildoidvector(types, count)),
						   ObjectIdGetDatum(schema));
}

/* The call that lists the ids; NULL when the extension has none such. */
static Expr *
make_listing(Oid predicate, const Said *said, int arguments)
{
	static const Oid types[] = { TEXTOID, UUIDOID };
	Oid schema = get_func_namespace(predicate);
	List *args = NIL;
	Oid function;

	if (said->permission == NULL)
		function = find_function(get_namespace_oid("users", true),
								 "member_domains", types, 0);
	else
	{
		function = find_function(schema,
								 arguments == 2 ? "users_permitted_domains"
												: "users_permitted_objects",
								 types, lengthof(types));
		args = list_make2(copyObjectImpl(said->permission),
						  makeNullConst(UUIDOID, -1, InvalidOid));
	}
	if (!OidIsValid(function))
		return NULL;
	return (Expr *) makeFuncExpr(function, UUIDARRAYOID, args, InvalidOid,
								 DEFAULT_COLLATION_OID, COERCE_EXPLICIT_CALL);
}

/* operand = ANY (listing) */
static Node *
make_condition(Oid predicate, List *arguments, Oid equal)
{
	Said said;
	Expr *listing;
	ScalarArrayOpExpr *condition;

	take_apart(&said, arguments);
	listing = make_listing(predicate, &said, list_length(arguments));
	if (listing == NULL)
		return NULL;
	condition = makeNode(ScalarArrayOpExpr);
	condition->opno = equal;
	condition->opfuncid = get_opcode(equal);
	condition->useOr = true;
	condition->args = list_make2(copyObjectImpl(said.operand), listing);
	condition->location = -1;
	return (Node *) condition;
}

/*
 * The condition on an index. B-trees only: of the other kinds none takes an
 * array by itself, and the planner looks for those that need help only in what
 * stands in the query. Lossy: the rows are judged by the predicate all the
 * same, by which time of users_can_on the domain counts, too.
 */
static Node *
index_condition(SupportRequestIndexCondition *request)
{
	List *arguments;
	Oid equal;
	Node *condition;

	if (!IsA(request->node, FuncExpr) ||
		request->index->relam != BTREE_AM_OID ||
		!users_array_keeps_order(request->indexcol))
		return NULL;
	arguments = ((FuncExpr *) request->node)->args;
	if (request->indexarg != list_length(arguments) - 1)
		return NULL;
	if (list_length(arguments) > 1 &&
		!is_pseudo_constant_for_index(request->root, linitial(arguments),
									  request->index))
		return NULL;
	equal = get_opfamily_member(request->opfamily, UUIDOID, UUIDOID,
								BTEqualStrategyNumber);
	if (!OidIsValid(equal))
		return NULL;
	condition = make_condition(request->funcid, arguments, equal);
	request->lossy = true;
	return condition == NULL ? NULL : (Node *) list_make1(condition);
}

/* As many rows as the condition finds; how many ids there are, the planner
 * learns by asking for them. */
static bool
estimate(SupportRequestSelectivity *request)
{
	Oid equal = lookup_type_cache(UUIDOID, TYPECACHE_EQ_OPR)->eq_opr;
	Node *condition = make_condition(request->funcid, request->args, equal);

	if (condition == NULL)
		return false;
	request->selectivity =
		clause_selectivity(request->root, condition, request->varRelid,
						   request->jointype, request->sjinfo);
	return true;
}

PG_FUNCTION_INFO_V1(users_predicate_support);

/* users.predicate_support(internal) internal */
Datum
users_predicate_support(PG_FUNCTION_ARGS)
{
	Node *request = (Node *) PG_GETARG_POINTER(0);
	Node *answer = NULL;

	if (IsA(request, SupportRequestIndexCondition))
		answer = index_condition((SupportRequestIndexCondition *) request);
	else if (IsA(request, SupportRequestSelectivity))
	{
		if (estimate((SupportRequestSelectivity *) request))
			answer = request;
	}
	else if (IsA(request, SupportRequestCost))
	{
		SupportRequestCost *cost = (SupportRequestCost *) request;

		cost->startup = FIRST_COST * cpu_operator_cost;
		cost->per_tuple = CALL_COST * cpu_operator_cost;
		answer = request;
	}
	PG_RETURN_POINTER(answer);
}
