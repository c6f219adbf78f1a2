/*-------------------------------------------------------------------------
 *
 * commits_only.c
 *	  The floor of an output plugin: the server decodes each change, and this
 *	  prints nothing of it, only a line a transaction.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

/* Before 16 it says nothing, and the build hides what it does not name. */
#undef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))

#include "fmgr.h"
#include "replication/logical.h"
#include "replication/output_plugin.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_output_plugin_init(OutputPluginCallbacks *cb);

static void
commits_only_startup(LogicalDecodingContext *ctx, OutputPluginOptions *options,
					 bool is_init)
{
	options->output_type = OUTPUT_PLUGIN_TEXTUAL_OUTPUT;
}

static void
commits_only_begin(LogicalDecodingContext *ctx, ReorderBufferTXN *txn)
{
}

static void
commits_only_change(LogicalDecodingContext *ctx, ReorderBufferTXN *txn,
					Relation relation, ReorderBufferChange *change)
{
}

static void
commits_only_commit(LogicalDecodingContext *ctx, ReorderBufferTXN *txn,
					XLogRecPtr commit_lsn)
{
	OutputPluginPrepareWrite(ctx, true);
	appendStringInfo(ctx->out, "commit %u", txn->xid);
	OutputPluginWrite(ctx, true);
}

void
_PG_output_plugin_init(OutputPluginCallbacks *cb)
{
	cb->startup_cb = commits_only_startup;
	cb->begin_cb = commits_only_begin;
	cb->change_cb = commits_only_change;
	cb->commit_cb = commits_only_commit;
}
