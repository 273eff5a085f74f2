#include "pg.h"

#include "errors.h"
#include "query.h"
#include "staging.h"

/* ---- opening ---- */

/* Raises what keeps the table, whatever its columns are, from being read. */
static void
check_relation(Relation relation, const UsersCall *call)
{
	Oid oid = RelationGetRelid(relation);

	if (relation->rd_rel->relkind != RELKIND_RELATION)
		users_raise_detail(USERS_E_STAGING, "relation",
						   "It is no ordinary table.");
	if (RELATION_IS_OTHER_TEMP(relation))
		users_raise_detail(USERS_E_STAGING, "relation",
						   "It is another session's temporary table.");
	if (pg_class_aclcheck(oid, call->caller, ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE,
					   RelationGetRelationName(relation));
	if (check_enable_rls(oid, call->caller, true) == RLS_ENABLED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("row-level security would hide rows of the table"),
				 errhint("Call it as the table's owner or as a superuser."),
				 users_errhide()));
}

static bool
is_text(Oid type)
{
	return type == TEXTOID || type == VARCHAROID;
}

/* Notes a column under the argument that it is named like. */
static void
take_column(UsersStaging *staging, Form_pg_attribute column)
{
	for (int i = 0; i < USERS_IMPORT_COLUMNS; i++)
	{
		const UsersImportColumn *wanted = &users_import_columns[i];

		if (strcmp(NameStr(column->attname), wanted->name) != 0)
			continue;
		if (column->atttypid != wanted->type && !is_text(column->atttypid))
			users_raise_detail(
				USERS_E_STAGING, "relation",
				"The column %s is of the type %s, not %s or text.",
				wanted->name, format_type_be(column->atttypid),
				format_type_be(wanted->type));
		staging->columns[i] = column->attnum;
		staging->converted[i] =
			is_text(column->atttypid) && wanted->type != TEXTOID;
		return;
	}
	ereport(WARNING,
			(errmsg("the column \"%s\" is left out", NameStr(column->attname)),
			 errdetail("No argument of users_import has this name."),
			 users_errhide()));
}

static void
take_columns(UsersStaging *staging)
{
	TupleDesc desc = RelationGetDescr(staging->relation);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);

		if (column->attisdropped)
			continue;
		/* What is computed when it is read would have to be run. */
		if (column->attgenerated != '\0' &&
			column->attgenerated != ATTRIBUTE_GENERATED_STORED)
			users_raise_detail(USERS_E_STAGING, "relation",
							   "The column %s is computed when it is read.",
							   NameStr(column->attname));
		take_column(staging, column);
	}
	if (staging->columns[USERS_IMPORT_EMAIL] == 0 ||
		staging->columns[USERS_IMPORT_USERNAME] == 0)
		users_raise_detail(USERS_E_STAGING, "relation",
						   "The columns email and username are needed.");
}

void
users_open_staging(UsersStaging *staging, const UsersCall *call, Oid relation)
{
	memset(staging, 0, sizeof(*staging));
	staging->relation = try_relation_open(relation, AccessShareLock);
	if (staging->relation == NULL)
		users_raise_detail(USERS_E_STAGING, "relation", "It is not there.");
	check_relation(staging->relation, call);
	take_columns(staging);
	staging->snapshot = RegisterSnapshot(users_seen_snapshot());
	/* From the beginning, and not where somebody else is reading: lines have
	 * numbers. */
	staging->scan = table_beginscan_strat(staging->relation, staging->snapshot,
										  0, NULL, true, false);
	staging->slot = table_slot_create(staging->relation, NULL);
}

void
users_close_staging(UsersStaging *staging)
{
	ExecDropSingleTupleTableSlot(staging->slot);
	table_endscan(staging->scan);
	UnregisterSnapshot(staging->snapshot);
	relation_close(staging->relation, NoLock);
}

/* ---- reading ---- */

/* A value out of the table's page, and whole. */
static Datum
copy_value(const UsersStaging *staging, AttrNumber attnum, Datum value,
		   Size *size)
{
	Form_pg_attribute column =
		TupleDescAttr(RelationGetDescr(staging->relation), attnum - 1);

	if (column->attlen != -1)
		return datumCopy(value, column->attbyval, column->attlen);
	value = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
	*size += VARSIZE_ANY(DatumGetPointer(value));
	return value;
}

bool
users_read_staged(UsersStaging *staging, UsersStagedRow *row)
{
	/* Asked again after its end, a scan would begin anew. */
	if (!staging->at_end)
		staging->at_end = !table_scan_getnextslot(
			staging->scan, ForwardScanDirection, staging->slot);
	if (staging->at_end)
		return false;
	row->line = ++staging->line;
	row->size = sizeof(*row);
	for (int i = 0; i < USERS_IMPORT_COLUMNS; i++)
	{
		row->nulls[i] = true;
		if (staging->columns[i] == 0)
			continue;
		row->values[i] =
			slot_getattr(staging->slot, staging->columns[i], &row->nulls[i]);
		if (!row->nulls[i])
			row->values[i] = copy_value(staging, staging->columns[i],
										row->values[i], &row->size);
	}
	return true;
}

/* A text as a value of a type of the server's own. */
static Datum
convert(Datum value, Oid type)
{
	Oid function;
	Oid parameter;

	getTypeInputInfo(type, &function, &parameter);
	return OidInputFunctionCall(function, TextDatumGetCString(value), parameter,
								-1);
}

void
users_import_staged(UsersImport *import, const UsersStaging *staging,
					const UsersStagedRow *row, const UsersChoices *choices,
					const char *volatile *converting)
{
	LOCAL_FCINFO(fcinfo, USERS_IMPORT_COLUMNS);

	InitFunctionCallInfoData(*fcinfo, NULL, USERS_IMPORT_COLUMNS, InvalidOid,
							 NULL, NULL);
	for (int i = 0; i < USERS_IMPORT_COLUMNS; i++)
	{
		const UsersImportColumn *column = &users_import_columns[i];

		fcinfo->args[i].value = row->values[i];
		fcinfo->args[i].isnull = row->nulls[i];
		if (staging->columns[i] == 0 && column->missing != NULL)
		{
			fcinfo->args[i].value = CStringGetTextDatum(column->missing);
			fcinfo->args[i].isnull = false;
		}
		*converting = column->name;
		if (staging->converted[i] && !row->nulls[i])
			fcinfo->args[i].value = convert(row->values[i], column->type);
	}
	*converting = NULL;
	users_read_import(import, fcinfo, choices);
}
