/*-------------------------------------------------------------------------
 *
 * line.c
 *	  Lines: their head, the columns of a row, and when they are written.
 *
 *-------------------------------------------------------------------------
 */
#include "deltaflood.h"

#include "mb/pg_wchar.h"
#include "utils/timestamp.h"

/* A buffer that has grown by more than this is not kept. */
#define LARGE_ROW (1024 * 1024)

/* A copy with the padding that append_padded wants. */
char *
pad_text(MemoryContext context, const char *text)
{
	return strcpy(MemoryContextAllocZero(context, strlen(text) + 1 + TEXT_PADDING), text);
}

/*
 * Starts a line: table, transaction, the pairs that only this action has (each
 * with a separator before it), action. Columns follow.
 */
void
begin_line(DeltaFlood *df, const RelationEntry *entry, const char *pairs,
		   const char *action)
{
	begin_line_with_head(df, entry->head, entry->head_len, pairs, action);
}

/* The same for a table of which there is no entry. The head is padded. */
void
begin_line_with_head(DeltaFlood *df, const char *head, int head_len,
					 const char *pairs, const char *action)
{
	StringInfo	out = &df->lines;

	if (has_lines(df))
		append_bytes(out, "\n", 1);
	append_padded(out, head, head_len);
	append_padded(out, df->ids.data, df->ids.len);
	if (*pairs != '\0')
		append_bytes(out, pairs, strlen(pairs));
	append_padded(out, df->action_key, df->action_key_len);
	append_bytes(out, action, strlen(action));
}

/* Ends a line. It is written at once, unless lines are gathered. */
void
end_line(LogicalDecodingContext *ctx)
{
	DeltaFlood *df = ctx->output_plugin_private;

	df->printed = true;
	if (df->lines.len - df->header_len >= df->options.batch_size)
		flush_lines(ctx);
}

/* Empties the buffer, and gives back what an uncommonly large row has taken. */
static void
reset_lines(LogicalDecodingContext *ctx)
{
	DeltaFlood *df = ctx->output_plugin_private;
	MemoryContext old;

	if (df->lines.maxlen > 2 * df->options.batch_size + LARGE_ROW)
	{
		old = MemoryContextSwitchTo(ctx->context);
		pfree(df->lines.data);
		initStringInfo(&df->lines);
		MemoryContextSwitchTo(old);
	}
	df->lines.len = df->header_len;
}

/*
 * Hands text over as one message. The server starts each with a header of its
 * own, for which the lines have left room since the first one was seen: then
 * the buffers change places, which spares copying all of it.
 */
static void
write_message(LogicalDecodingContext *ctx, const char *text, int len)
{
	DeltaFlood *df = ctx->output_plugin_private;
	StringInfo	out = ctx->out;
	StringInfoData lines = df->lines;

	OutputPluginPrepareWrite(ctx, true);
	if (text == lines.data + out->len)
	{
		memcpy(lines.data, out->data, out->len);
		lines.data[lines.len] = '\0';
		df->lines = *out;
		*out = lines;
	}
	else
	{
		df->header_len = out->len;
		appendBinaryStringInfo(out, text, len);
	}
	OutputPluginWrite(ctx, true);
}

/* Writes what has been gathered, if anything, as one message. */
void
flush_lines(LogicalDecodingContext *ctx)
{
	DeltaFlood *df = ctx->output_plugin_private;
	char	   *lines = df->lines.data + df->header_len;
	char	   *text = lines;
	int			len = df->lines.len - df->header_len;

	if (!has_lines(df))
		return;

	/*
	 * A client of the streaming protocol gets a mirror's lines in its own
	 * encoding, as pgoutput does it. The SQL functions, which report no
	 * progress, convert their result themselves; the original never converts.
	 */
	if (df->options.mirror && ctx->update_progress != NULL)
	{
		text[len] = '\0';
		text = pg_server_to_client(text, len);
		if (text != lines)
			len = strlen(text);
	}

	write_message(ctx, text, len);

	if (text != lines)
		pfree(text);
	reset_lines(ctx);
	df->quiet_changes = 0;
}

static void
append_column(DeltaFlood *df, Column *column, Datum value, bool isnull)
{
	if (isnull && df->null_text == NULL)
		return;
	append_padded(&df->lines, column->key, column->key_len);
	if (isnull)
		append_padded(&df->lines, df->null_text, df->null_len);
	else
		append_value(df, column, value);
}

/*
 * The new row. Of a large value that an update did not change, PostgreSQL hands
 * us only a pointer into the TOAST table, where we must not look. The old row,
 * if there is one, has the value itself.
 */
static void
print_new_columns(DeltaFlood *df, RelationEntry *entry)
{
	for (int i = 0; i < entry->ncolumns; i++)
	{
		Column	   *column = &entry->columns[i];
		int			attidx = column->attidx;
		Datum		value = df->new_values[attidx];

		if (column->is_varlena && !df->new_nulls[attidx] &&
			VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(value)))
		{
			if (!df->options.mirror || !df->has_old || !column->in_identity ||
				df->old_nulls[attidx])
				continue;
			value = df->old_values[attidx];
		}
		append_column(df, column, value, df->new_nulls[attidx]);
	}
}

/* The old row: a mirror is told what identifies it, the original tells all. */
static void
print_old_columns(DeltaFlood *df, RelationEntry *entry)
{
	for (int i = 0; i < entry->ncolumns; i++)
	{
		Column	   *column = &entry->columns[i];
		int			attidx = column->attidx;

		if (df->options.mirror && !column->in_identity)
			continue;
		if (column->is_varlena && !df->old_nulls[attidx] &&
			VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(df->old_values[attidx])))
			continue;
		append_column(df, column, df->old_values[attidx], df->old_nulls[attidx]);
	}
}

/* Prints a line with the new row, or without columns if none came. */
void
print_new_row(LogicalDecodingContext *ctx, RelationEntry *entry, const char *action)
{
	DeltaFlood *df = ctx->output_plugin_private;

	begin_line(df, entry, "", action);
	if (df->has_new)
		print_new_columns(df, entry);
	end_line(ctx);
}

/* Prints a line with the old row, or without columns if none came. */
void
print_old_row(LogicalDecodingContext *ctx, RelationEntry *entry, const char *action)
{
	DeltaFlood *df = ctx->output_plugin_private;

	begin_line(df, entry, "", action);
	if (df->has_old)
		print_old_columns(df, entry);
	end_line(ctx);
}

/*
 * Some rows of the table were not printed under its name, or not as they read
 * now: it had another one, which was not asked for, or was a partition; its
 * filter did not let them through when they came; or a type of its columns was
 * altered.
 */
void
print_gap(LogicalDecodingContext *ctx, RelationEntry *entry)
{
	begin_line(ctx->output_plugin_private, entry,
			   psprintf("\t_relid\t%u", entry->shape->table_oid), "gap");
	end_line(ctx);
}

/* Prints that a table is empty now, or, if partition is not NULL, a part of it. */
void
print_truncate(LogicalDecodingContext *ctx, RelationEntry *entry, const char *partition)
{
	DeltaFlood *df = ctx->output_plugin_private;

	begin_line(df, entry,
			   partition != NULL ? psprintf("\t_partition\t%s", partition) : "",
			   "truncate");
	end_line(ctx);
}

/* Prints the end of a transaction, and when it was. */
void
print_commit(LogicalDecodingContext *ctx, ReorderBufferTXN *txn)
{
	DeltaFlood *df = ctx->output_plugin_private;
	int64		usecs = TxnCommitTime(txn) +
		(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;

	if (has_lines(df))
		appendStringInfoChar(&df->lines, '\n');

	/* the pairs start with a separator, which a line does not */
	appendBinaryStringInfo(&df->lines, df->ids.data + 1, df->ids.len - 1);
	appendStringInfo(&df->lines, "\t_time\t%lld\t_action\tcommit", (long long) usecs);
}
