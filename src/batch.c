#include "pg.h"

#include "batch.h"

void
users_begin_batch(UsersBatch *batch, UsersQuery *query, int rows)
{
	Size cells;

	batch->query = query;
	batch->columns = 0;
	while (batch->columns < USERS_QUERY_ARGS &&
		   OidIsValid(query->types[batch->columns]))
		batch->columns++;
	batch->rows = rows;
	batch->filled = 0;
	cells = mul_size((Size) rows, (Size) batch->columns);
	batch->values = palloc0(mul_size(cells, sizeof(Datum)));
	batch->nulls = palloc0(mul_size(cells, sizeof(bool)));
}

void
users_put_cell(UsersBatch *batch, Datum value)
{
	Assert(batch->filled < batch->rows * batch->columns);
	batch->values[batch->filled++] = value;
}

void
users_put_null(UsersBatch *batch)
{
	batch->nulls[batch->filled] = true;
	users_put_cell(batch, (Datum) 0);
}

void
users_put_text(UsersBatch *batch, const char *text)
{
	if (text == NULL)
		users_put_null(batch);
	else
		users_put_cell(batch, CStringGetTextDatum(text));
}

Datum *
users_batch_arrays(const UsersBatch *batch)
{
	int rows = batch->filled / batch->columns;
	Datum *arrays = palloc(sizeof(Datum) * (Size) batch->columns);
	Datum *values = palloc(sizeof(Datum) * (Size) Max(rows, 1));
	bool *nulls = palloc(sizeof(bool) * (Size) Max(rows, 1));
	int dims[] = { rows };
	int lower[] = { 1 };

	for (int c = 0; c < batch->columns; c++)
	{
		Oid type = get_element_type(batch->query->types[c]);
		int16 len;
		bool by_value;
		char align;

		get_typlenbyvalalign(type, &len, &by_value, &align);
		for (int r = 0; r < rows; r++)
		{
			values[r] = batch->values[r * batch->columns + c];
			nulls[r] = batch->nulls[r * batch->columns + c];
		}
		arrays[c] = PointerGetDatum(construct_md_array(
			values, nulls, 1, dims, lower, type, len, by_value, align));
	}
	pfree(values);
	pfree(nulls);
	return arrays;
}

int64
users_write_batch(const UsersBatch *batch)
{
	return (int64) users_write(batch->query, users_batch_arrays(batch), NULL);
}
