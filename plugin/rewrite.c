/*-------------------------------------------------------------------------
 *
 * rewrite.c
 *	  ALTER TABLE that rewrites a table: a truncate, then all rows anew.
 *
 * PostgreSQL writes the rows into a new heap, which has a name of its own and
 * relrewrite set, and then swaps it with the table's. Its first row in a
 * transaction is where the old rows go.
 *
 * Rewriting a partitioned table rewrites its partitions one after the other.
 * Where they are printed as their root, one truncate must do for all of them.
 *
 *-------------------------------------------------------------------------
 */
#include "deltaflood.h"

#include "access/htup_details.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/* Any other change of the table ends the rewrite that was under way. */
void
end_rewrite(RelationEntry *entry)
{
	if (entry->shape != NULL && entry->shape->rewritten != NIL)
	{
		list_free(entry->shape->rewritten);
		entry->shape->rewritten = NIL;
	}
}

/*
 * Has the transaction changed a column of the table? If not, then a partition
 * is being rewritten for reasons of its own, such as another access method.
 */
static bool
columns_are_altered(ReorderBufferTXN *txn, Oid table)
{
	for (AttrNumber attnum = 1;; attnum++)
	{
		HeapTuple	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(table),
											Int16GetDatum(attnum));
		TransactionId xmin;

		if (!HeapTupleIsValid(tuple))
			return false;
		xmin = HeapTupleHeaderGetRawXmin(tuple->t_data);
		ReleaseSysCache(tuple);
		if (is_own_xid(txn, xmin))
			return true;
	}
}

/* Does this partition's rewrite belong to one that has been announced? */
static bool
continues_rewrite(DeltaFlood *df, TableShape *shape, RelationEntry *entry)
{
	MemoryContext old;
	bool		result;

	result = TransactionIdEquals(shape->rewrite_xid, df->xid) &&
		shape->rewritten != NIL &&
		!list_member_oid(shape->rewritten, entry->original_oid);
	if (!result)
		end_rewrite(entry);
	shape->rewrite_xid = df->xid;

	old = MemoryContextSwitchTo(df->cache_context);
	shape->rewritten = lappend_oid(shape->rewritten, entry->original_oid);
	MemoryContextSwitchTo(old);
	return result;
}

/* To be called before each row of a new heap; acts before the first one. */
void
begin_rewrite(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, RelationEntry *entry)
{
	DeltaFlood *df = ctx->output_plugin_private;

	if (entry->shape == NULL || TransactionIdEquals(entry->rewrite_xid, df->xid))
		return;
	entry->rewrite_xid = df->xid;

	if (entry->is_partition)
	{
		if (!columns_are_altered(txn, entry->shape->table_oid))
		{
			print_truncate(ctx, entry, entry->original_name);
			return;
		}
		if (continues_rewrite(df, entry->shape, entry))
			return;
	}
	print_truncate(ctx, entry, NULL);
}
