/*-------------------------------------------------------------------------
 *
 * deltaflood.c
 *	  Logical decoding output plugin: changes as lines of key-value pairs.
 *
 *		_table	zzz	_xid	88628918	_action	insert	a	fox62	b	hen17
 *
 * Without options the lines are those of FlightAware's pg-deltaflood; option
 * "mirror" asks for all that a reader needs to keep a copy equal. The formats
 * are described in docs/formats.md.
 *
 *-------------------------------------------------------------------------
 */
#include "deltaflood.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "replication/origin.h"
#include "utils/memutils.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_output_plugin_init(OutputPluginCallbacks *cb);

static void deltaflood_startup(LogicalDecodingContext *ctx,
							   OutputPluginOptions *opt, bool is_init);
static void deltaflood_begin(LogicalDecodingContext *ctx, ReorderBufferTXN *txn);
static void deltaflood_change(LogicalDecodingContext *ctx, ReorderBufferTXN *txn,
							  Relation relation, ReorderBufferChange *change);
static void deltaflood_truncate(LogicalDecodingContext *ctx,
								ReorderBufferTXN *txn, int nrelations,
								Relation relations[], ReorderBufferChange *change);
static void deltaflood_message(LogicalDecodingContext *ctx,
							   ReorderBufferTXN *txn, XLogRecPtr message_lsn,
							   bool transactional, const char *prefix,
							   Size size, const char *message);
static void deltaflood_commit(LogicalDecodingContext *ctx,
							  ReorderBufferTXN *txn, XLogRecPtr commit_lsn);
static bool deltaflood_filter_by_origin(LogicalDecodingContext *ctx,
										RepOriginId origin_id);
static void deltaflood_shutdown(LogicalDecodingContext *ctx);

/* Changes that print nothing before the client hears that we are alive. */
#define QUIET_CHANGES 100

/* Specify output plugin callbacks */
void
_PG_output_plugin_init(OutputPluginCallbacks *cb)
{
	cb->startup_cb = deltaflood_startup;
	cb->begin_cb = deltaflood_begin;
	cb->change_cb = deltaflood_change;
	cb->truncate_cb = deltaflood_truncate;
	cb->message_cb = deltaflood_message;
	cb->commit_cb = deltaflood_commit;
	cb->filter_by_origin_cb = deltaflood_filter_by_origin;
	cb->shutdown_cb = deltaflood_shutdown;
}

/* What follows from the options once and for all. */
static void
apply_options(DeltaFlood *df)
{
	DeltaFloodOptions *options = &df->options;

	if (!options->escape_chars)
		df->append_text = append_raw;
	else if (options->escape_unicode)
		df->append_text = append_ascii;
	else
		df->append_text = append_escaped;

	if (options->mirror)
		df->null_text = pad_text(CurrentMemoryContext, "\\N");
	else if (!options->skip_nulls)
		df->null_text = pad_text(CurrentMemoryContext, escape_name(df, options->null));
	if (df->null_text != NULL)
		df->null_len = strlen(df->null_text);

	if (options->tables != NULL)
		df->filter = options->mirror ? make_mirror_filter(options->tables) :
			make_legacy_filter(options->tables);
	if (options->filters != NULL)
		df->selections = parse_selections(options->filters);
	df->action_key = pad_text(CurrentMemoryContext,
							  psprintf("%s_action%s", options->separator, options->separator));
	df->action_key_len = strlen(df->action_key);
}

static void
deltaflood_startup(LogicalDecodingContext *ctx, OutputPluginOptions *opt,
				   bool is_init)
{
	DeltaFlood *df = palloc0(sizeof(DeltaFlood));

	parse_options(ctx->output_plugin_options, &df->options);
	apply_options(df);
	opt->output_type = OUTPUT_PLUGIN_TEXTUAL_OUTPUT;
	opt->receive_rewrites = df->options.mirror;

	df->change_context = AllocSetContextCreate(ctx->context, "deltaflood change",
											   ALLOCSET_DEFAULT_SIZES);
	df->cache_context = AllocSetContextCreate(ctx->context, "deltaflood cache",
											  ALLOCSET_DEFAULT_SIZES);
	open_cache(df);
	initStringInfo(&df->ids);
	initStringInfo(&df->lines);
	df->new_values = palloc(MaxTupleAttributeNumber * sizeof(Datum));
	df->new_nulls = palloc(MaxTupleAttributeNumber * sizeof(bool));
	df->old_values = palloc(MaxTupleAttributeNumber * sizeof(Datum));
	df->old_nulls = palloc(MaxTupleAttributeNumber * sizeof(bool));
	ctx->output_plugin_private = df;

	/* a walsender starts decoding without a transaction */
	if (df->options.check_filters && IsTransactionState())
		check_selections(df);
}

static void
deltaflood_shutdown(LogicalDecodingContext *ctx)
{
	DeltaFlood *df = ctx->output_plugin_private;

	MemoryContextDelete(df->cache_context);
	MemoryContextDelete(df->change_context);
}

/* The pairs that every line of the transaction has. */
static void
build_ids(DeltaFlood *df, ReorderBufferTXN *txn)
{
	const DeltaFloodOptions *options = &df->options;
	const char *sep = options->separator;
	XLogRecPtr	lsn;

	resetStringInfo(&df->ids);
	if (options->mirror)
		appendStringInfo(&df->ids, "\t_xid\t%u", txn->xid);
	else if (options->include_xids)
		appendStringInfo(&df->ids, "%s_xid%s%d", sep, sep, (int) txn->xid);

	if (options->mirror || options->include_lsn)
	{
		lsn = options->mirror ? txn->final_lsn : txn->restart_decoding_lsn;
		appendStringInfo(&df->ids, "%s_lsn%s%X/%X", sep, sep,
						 (uint32) (lsn >> 32), (uint32) lsn);
	}
	reserve_bytes(&df->ids, TEXT_PADDING);
}

static void
deltaflood_begin(LogicalDecodingContext *ctx, ReorderBufferTXN *txn)
{
	DeltaFlood *df = ctx->output_plugin_private;

	df->xid = txn->xid;
	df->printed = false;
	df->quiet_changes = 0;
	build_ids(df, txn);
}

/*
 * Gathered lines are written here at the latest, so that the message with a
 * transaction's last line carries the position of the transaction's end.
 */
static void
deltaflood_commit(LogicalDecodingContext *ctx, ReorderBufferTXN *txn,
				  XLogRecPtr commit_lsn)
{
	DeltaFlood *df = ctx->output_plugin_private;
	MemoryContext old = MemoryContextSwitchTo(df->change_context);

	if (df->options.ddl)
		tell_tables(ctx, txn);
	if (df->options.mirror && df->printed)
		print_commit(ctx, txn);
	flush_lines(ctx);
	MemoryContextSwitchTo(old);
	MemoryContextReset(df->change_context);

	sweep_cache(df);
	UpdateProgress(ctx, !df->printed);
}

static bool
deltaflood_filter_by_origin(LogicalDecodingContext *ctx, RepOriginId origin_id)
{
	DeltaFlood *df = ctx->output_plugin_private;

	return df->options.only_local && origin_id != InvalidRepOriginId;
}

/*
 * A transaction whose changes are all filtered away, or gathered, must not look
 * like a dead connection.
 */
static void
keep_alive(LogicalDecodingContext *ctx)
{
	DeltaFlood *df = ctx->output_plugin_private;

	if (++df->quiet_changes < QUIET_CHANGES)
		return;
	df->quiet_changes = 0;
	UpdateProgress(ctx, false);
}

/* The original's lines: one for each row that came. */
static void
print_legacy_change(LogicalDecodingContext *ctx, RelationEntry *entry,
					enum ReorderBufferChangeType action)
{
	DeltaFlood *df = ctx->output_plugin_private;

	if (df->has_old && action == REORDER_BUFFER_CHANGE_UPDATE)
		print_old_row(ctx, entry, "replace");
	else if (df->has_old && action == REORDER_BUFFER_CHANGE_DELETE)
		print_old_row(ctx, entry, "delete");
	if (df->has_new && action == REORDER_BUFFER_CHANGE_INSERT)
		print_new_row(ctx, entry, "insert");
	else if (df->has_new && action == REORDER_BUFFER_CHANGE_UPDATE)
		print_new_row(ctx, entry, "update");
}

/*
 * A mirror's lines. A change that came without the row it needs, such as a
 * delete from a table without replica identity, has a line without columns: the
 * reader must know that it cannot follow.
 */
static void
print_mirror_change(LogicalDecodingContext *ctx, RelationEntry *entry,
					enum ReorderBufferChangeType action)
{
	DeltaFlood *df = ctx->output_plugin_private;

	switch (action)
	{
		case REORDER_BUFFER_CHANGE_INSERT:
			print_new_row(ctx, entry, "insert");
			break;
		case REORDER_BUFFER_CHANGE_UPDATE:
			if (df->has_old)
				print_old_row(ctx, entry, "replace");
			print_new_row(ctx, entry, "update");
			break;
		case REORDER_BUFFER_CHANGE_DELETE:
			print_old_row(ctx, entry, "delete");
			break;
		default:
			break;
	}
}

/* Prints what readers are to see of a change, after the table's shape. */
static void
tell_mirror_change(LogicalDecodingContext *ctx, ReorderBufferTXN *txn,
				   RelationEntry *entry, Relation relation,
				   enum ReorderBufferChangeType action)
{
	DeltaFlood *df = ctx->output_plugin_private;
	enum ReorderBufferChangeType seen = action;

	if (!select_change(df, entry, &seen))
		return;
	announce_shape(ctx, txn, entry, relation);
	if (seen == REORDER_BUFFER_CHANGE_INSERT && seen != action && lacks_values(df, entry))
		print_gap(ctx, entry);
	else
		print_mirror_change(ctx, entry, seen);
}

static void
deform_rows(DeltaFlood *df, Relation relation, ReorderBufferChange *change)
{
	TupleDesc	tupdesc = RelationGetDescr(relation);
	HeapTuple	new_tuple = ChangeTuple(change->data.tp.newtuple);
	HeapTuple	old_tuple = ChangeTuple(change->data.tp.oldtuple);

	df->has_new = new_tuple != NULL;
	if (df->has_new)
		heap_deform_tuple(new_tuple, tupdesc, df->new_values, df->new_nulls);
	df->has_old = old_tuple != NULL;
	if (df->has_old)
		heap_deform_tuple(old_tuple, tupdesc, df->old_values, df->old_nulls);
}

static void
deltaflood_change(LogicalDecodingContext *ctx, ReorderBufferTXN *txn,
				  Relation relation, ReorderBufferChange *change)
{
	DeltaFlood *df = ctx->output_plugin_private;
	MemoryContext old = MemoryContextSwitchTo(df->change_context);
	RelationEntry *entry = find_entry(df, relation);

	if (!entry->included)
		entry->passed_over_xid = df->xid;
	else if (entry->is_partition)
		entry->root_name_xid = df->xid;
	else
		entry->own_name_xid = df->xid;
	if (entry->included)
	{
		deform_rows(df, relation, change);
		if (df->options.mirror)
		{
			if (OidIsValid(relation->rd_rel->relrewrite))
				begin_rewrite(ctx, txn, entry);
			else
				end_rewrite(entry);
			tell_mirror_change(ctx, txn, entry, relation, change->action);
		}
		else
			print_legacy_change(ctx, entry, change->action);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(df->change_context);
	keep_alive(ctx);
}

/*
 * A heartbeat's transaction has an end though it has no changes: a reader sees
 * by it what time it is here. Other messages are nobody's business.
 */
static void
deltaflood_message(LogicalDecodingContext *ctx, ReorderBufferTXN *txn,
				   XLogRecPtr message_lsn, bool transactional,
				   const char *prefix, Size size, const char *message)
{
	DeltaFlood *df = ctx->output_plugin_private;
	static const char heartbeat[] = "heartbeat";

	if (df->options.heartbeat && transactional &&
		strcmp(prefix, "deltamirror") == 0 && size == strlen(heartbeat) &&
		memcmp(message, heartbeat, size) == 0)
		df->printed = true;
}

/*
 * One line for each table. Truncating a partitioned table truncates its
 * partitions as well: where they are printed as their root, that is one line.
 * A partition truncated alone cannot be told from that by a reader that knows
 * the root only, so such a line names it.
 */
static void
truncate_table(LogicalDecodingContext *ctx, ReorderBufferTXN *txn,
			   Relation relation, int nrelations, Relation relations[])
{
	DeltaFlood *df = ctx->output_plugin_private;
	RelationEntry *entry = find_entry(df, relation);
	bool		is_parent = relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;

	if (!entry->included)
		return;
	/* a partitioned table that is not printed as a table has no rows */
	if (is_parent && (!df->options.partition_root || entry->is_partition))
		return;
	for (int i = 0; entry->is_partition && i < nrelations; i++)
	{
		if (RelationGetRelid(relations[i]) == entry->shape->table_oid)
			return;
	}
	end_rewrite(entry);
	announce_shape(ctx, txn, entry, relation);
	print_truncate(ctx, entry, entry->is_partition ? entry->original_name : NULL);
}

static void
deltaflood_truncate(LogicalDecodingContext *ctx, ReorderBufferTXN *txn,
					int nrelations, Relation relations[],
					ReorderBufferChange *change)
{
	DeltaFlood *df = ctx->output_plugin_private;
	MemoryContext old;

	/* the original has no line for it */
	if (!df->options.mirror)
		return;

	old = MemoryContextSwitchTo(df->change_context);
	for (int i = 0; i < nrelations; i++)
		truncate_table(ctx, txn, relations[i], nrelations, relations);
	MemoryContextSwitchTo(old);
	MemoryContextReset(df->change_context);
	keep_alive(ctx);
}
