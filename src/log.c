#include "pg.h"

#include "log.h"

static emit_log_hook_type next_emit = NULL;

/* Start of the statement that holds a secret: no other has the same. */
static TimestampTz secret_statement = 0;

void
users_hide_statement(void)
{
	secret_statement = GetCurrentStatementStartTimestamp();
}

/* Lines whose message itself holds the statement: durations, and the plans of
 * auto_explain. */
static bool
is_duration(const ErrorData *error)
{
	return error->message_id != NULL &&
		   strncmp(error->message_id, "duration:", 9) == 0 &&
		   strcmp(error->message_id, "duration: %s ms") != 0;
}

/* "duration: 12.345 ms" of such a line, in place of all of it. */
static void
emit_duration_alone(const ErrorData *error)
{
	char duration[64];
	const char *end = strstr(error->message, " ms");
	size_t len = end == NULL ? 0 : (size_t) (end - error->message) + 3;

	if (len == 0 || len >= sizeof(duration))
		return;
	memcpy(duration, error->message, len);
	duration[len] = '\0';
	ereport(
		LOG_SERVER_ONLY,
		(errmsg("%s  statement: hidden by the extension \"users\"", duration),
		 errhidestmt(true), errhidecontext(true)));
}

/*
 * The hook is meant to suppress lines. Beyond that it sets the two flags by
 * which an error asks for its own statement and context to be left out of the
 * log; what the client gets is not touched.
 */
static void
on_emit(ErrorData *error)
{
	if (secret_statement != 0 &&
		secret_statement == GetCurrentStatementStartTimestamp())
	{
		error->hide_stmt = true;
		error->hide_ctx = true;
		if (error->output_to_server && is_duration(error))
		{
			error->output_to_server = false;
			emit_duration_alone(error);
		}
	}
	if (next_emit != NULL)
		next_emit(error);
}

void
users_init_log(void)
{
	next_emit = emit_log_hook;
	emit_log_hook = on_emit;
}
