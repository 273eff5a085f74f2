#include "pg.h"

/*
 * users.same_id, which joins the tables of users_accounts: an equality that the
 * planner looks up by index, from either side, and never hashes. It has no
 * samples of what people are called, takes one in two hundred for found, and
 * with = would read the whole other table for them.
 */

PG_FUNCTION_INFO_V1(users_same_id);
PG_FUNCTION_INFO_V1(users_same_id_support);

/* users.same_id(one uuid, other uuid) boolean */
Datum
users_same_id(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(memcmp(PG_GETARG_UUID_P(0), PG_GETARG_UUID_P(1), UUID_LEN) ==
				   0);
}

static Expr *
make_equality(Oid equal, Node *one, Node *other)
{
	Expr *equality =
		make_opclause(equal, BOOLOID, false, copyObjectImpl(one),
					  copyObjectImpl(other), InvalidOid, InvalidOid);

	set_opfuncid((OpExpr *) equality);
	return equality;
}

/* The argument that is indexed equals the other one; nothing else need be
 * judged. */
static Node *
index_condition(SupportRequestIndexCondition *request)
{
	List *arguments;
	Node *other;
	Oid equal = get_opfamily_member(request->opfamily, UUIDOID, UUIDOID,
									BTEqualStrategyNumber);

	if (!IsA(request->node, FuncExpr) ||
		request->index->relam != BTREE_AM_OID || !OidIsValid(equal))
		return NULL;
	arguments = ((FuncExpr *) request->node)->args;
	other = list_nth(arguments, 1 - request->indexarg);
	if (!is_pseudo_constant_for_index(request->root, other, request->index))
		return NULL;
	request->lossy = false;
	return (Node *) list_make1(
		make_equality(equal, list_nth(arguments, request->indexarg), other));
}

static void
estimate(SupportRequestSelectivity *request)
{
	Oid equal = lookup_type_cache(UUIDOID, TYPECACHE_EQ_OPR)->eq_opr;
	Expr *equality =
		make_equality(equal, linitial(request->args), lsecond(request->args));

	request->selectivity =
		clause_selectivity(request->root, (Node *) equality, request->varRelid,
						   request->jointype, request->sjinfo);
}

/* users.same_id_support(internal) internal */
Datum
users_same_id_support(PG_FUNCTION_ARGS)
{
	Node *request = (Node *) PG_GETARG_POINTER(0);
	Node *answer = NULL;

	if (IsA(request, SupportRequestIndexCondition))
		answer = index_condition((SupportRequestIndexCondition *) request);
	else if (IsA(request, SupportRequestSelectivity))
	{
		estimate((SupportRequestSelectivity *) request);
		answer = request;
	}
	PG_RETURN_POINTER(answer);
}
