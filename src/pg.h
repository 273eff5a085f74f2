/*
 * Every backend header in one place, and whatever differs between PostgreSQL
 * 15, 16, 17 and 18. Each .c file outside core/ begins with this one.
 */
#ifndef USERS_PG_H
#define USERS_PG_H

/* clang-format off: postgres.h comes first */
#include "postgres.h"
/* clang-format on */

#include "access/detoast.h"
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "access/xlogrecovery.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_am.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_database.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "common/hashfn.h"
#include "common/unicode_norm.h"
#include "executor/instrument.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "funcapi.h"
#include "jit/jit.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/planner.h"
#include "pgstat.h"
#include "replication/walreceiver.h"
#include "storage/bufmgr.h"
#include "storage/condition_variable.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/lmgr.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/formatting.h"
#include "utils/guc.h"
#include "utils/inet.h"
#include "utils/inval.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/portal.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"
#include "utils/uuid.h"
#include "utils/xid8.h"

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#define users_owns_relation(relation, role)                                    \
	object_ownercheck(RelationRelationId, relation, role)
#define users_storage(relation) (relation)->rd_locator
#else
#define users_storage(relation)				(relation)->rd_node
#define users_owns_relation(relation, role) pg_class_ownercheck(relation, role)
#endif

#if PG_VERSION_NUM >= 180000
#define users_primary_key(relation) RelationGetPrimaryKeyIndex(relation, false)
#define users_index_beginscan(table, index, snapshot, keys)                    \
	index_beginscan(table, index, snapshot, NULL, keys, 0)
#else
#define users_primary_key(relation) RelationGetPrimaryKeyIndex(relation)
#define users_index_beginscan(table, index, snapshot, keys)                    \
	index_beginscan(table, index, snapshot, keys, 0)
#endif

/*
 * Before 17 the planner takes an index whose second or later column is compared
 * with an array for one that returns no order, but recognises only arrays that
 * stand in the query: what a support function makes of a function must not be
 * one there, or ORDER BY would be answered wrongly.
 */
#if PG_VERSION_NUM >= 170000
#define users_array_keeps_order(column) true
#else
#define users_array_keeps_order(column) ((column) == 0)
#endif

#if PG_VERSION_NUM < 150000
#error "users needs PostgreSQL 15 or later"
#endif

#endif
