/*-------------------------------------------------------------------------
 *
 * ddl.c
 *	  What a transaction did to tables, told at its end.
 *
 * Logical decoding shows rows, not statements. So for each table whose catalog
 * entries a transaction has changed, we compare its row of pg_class before the
 * transaction with the one at its end (history.c).
 *
 * A table that is there gets its relation line now, and not with its next
 * change: by then what rows had in a column added here may be forgotten. One
 * that is gone, or has left what is printed, gets a drop line. Rows that came
 * or went with no line of their own get an attach, a detach or a gap line.
 *
 *-------------------------------------------------------------------------
 */
#include "deltaflood.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/* Are the rows of a table with this row of pg_class printed under its own name? */
static bool
is_printed_as_itself(const DeltaFlood *df, const ClassRow *row)
{
	if (!row->found || row->relpersistence != RELPERSISTENCE_PERMANENT)
		return false;
	if (row->relkind != RELKIND_RELATION && row->relkind != RELKIND_PARTITIONED_TABLE)
		return false;
	/* of a partitioned table that is not printed as a table, nothing is */
	if (df->options.partition_root ? row->relispartition :
		row->relkind == RELKIND_PARTITIONED_TABLE)
		return false;
	return row->schema != NULL && strcmp(row->schema, OWN_SCHEMA) != 0 &&
		filter_matches(df->filter, row->schema, row->name);
}

static bool
is_partition_of_root(const DeltaFlood *df, const ClassRow *row)
{
	return df->options.partition_root && row->found && row->relispartition &&
		row->relpersistence == RELPERSISTENCE_PERMANENT &&
		(row->relkind == RELKIND_RELATION || row->relkind == RELKIND_PARTITIONED_TABLE);
}

/* A line without columns for a table that may be gone. */
static void
print_drop(LogicalDecodingContext *ctx, Oid relid, const ClassRow *row)
{
	DeltaFlood *df = ctx->output_plugin_private;
	char	   *head = pad_text(CurrentMemoryContext, table_head(df, row->schema, row->name));
	TableShape *shape = hash_search(df->shapes, &relid, HASH_FIND, NULL);

	/* should it come back, readers will have forgotten it */
	if (shape != NULL)
		shape->printed = 0;
	begin_line_with_head(df, head, strlen(head), psprintf("\t_relid\t%u", relid), "drop");
	end_line(ctx);
}

/* The root of a partition's parent, which was that before the transaction or is it now. */
static Oid
root_of(ReorderBufferTXN *txn, Oid relid, bool before)
{
	Oid			parent = InvalidOid;
	List	   *ancestors;

	if (before)
	{
		HeapTuple	tuple = find_replaced(txn, InheritsRelationId, InheritsRelidSeqnoIndexId,
										  Anum_pg_inherits_inhrelid, relid);

		if (tuple != NULL)
			parent = ((Form_pg_inherits) GETSTRUCT(tuple))->inhparent;
	}
	else
		parent = PartitionParent(relid);
	/* dropped, too: then that is what is told */
	if (!OidIsValid(parent) || !SearchSysCacheExists1(RELOID, ObjectIdGetDatum(parent)))
		return InvalidOid;
	if (!get_rel_relispartition(parent))
		return parent;
	ancestors = get_partition_ancestors(parent);
	return ancestors != NIL ? llast_oid(ancestors) : InvalidOid;
}

/*
 * Are there rows of a partition that were not printed, or should not have been,
 * while it was a table of its own?
 */
static bool
was_printed_otherwise(const DeltaFlood *df, const RelationEntry *root, Oid relid)
{
	return root->predicate != NULL ||
		find_selection_of(df, relid, get_namespace_name(get_rel_namespace(relid)),
						  get_rel_name(relid)) != NULL;
}

/* A partition that came to a table that is printed, or left it. */
static void
print_partition_change(LogicalDecodingContext *ctx, ReorderBufferTXN *txn,
					   Oid root, Oid relid, const char *partition,
					   const char *action)
{
	DeltaFlood *df = ctx->output_plugin_private;
	Relation	relation;
	RelationEntry *entry;

	if (!OidIsValid(root))
		return;
	relation = RelationIdGetRelation(root);
	if (!RelationIsValid(relation))
		return;
	entry = find_entry(df, relation);
	if (entry->included)
	{
		announce_shape(ctx, txn, entry, relation);
		begin_line(df, entry, psprintf("\t_partition\t%s\t_relid\t%u",
									   escape_name(df, partition), relid), action);
		end_line(ctx);
		if (strcmp(action, "attach") == 0 && was_printed_otherwise(df, entry, relid))
			print_gap(ctx, entry);
	}
	RelationClose(relation);
}

/* Tells the shape of a table that is there, if it is new. Returns its entry, or NULL. */
static RelationEntry *
announce_table(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, Oid relid)
{
	DeltaFlood *df = ctx->output_plugin_private;
	Relation	relation = RelationIdGetRelation(relid);
	RelationEntry *entry;

	if (!RelationIsValid(relation))
		return NULL;
	entry = find_entry(df, relation);
	if (entry->included)
		announce_shape(ctx, txn, entry, relation);
	RelationClose(relation);
	return entry;
}

/*
 * A table that this transaction has made and dropped is in no catalog, but its
 * rows may have been printed: under its own name, or under its root's, of which
 * nobody can say now which they were.
 */
static void
tell_passing_table(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, Oid relid)
{
	DeltaFlood *df = ctx->output_plugin_private;
	RelationEntry *entry = hash_search(df->entries, &relid, HASH_FIND, NULL);
	Oid			root;
	bool		root_is_there;

	/* not those that held the rows of another one, which was rewritten */
	if (entry == NULL || entry->context == NULL || !entry->included ||
		entry->original_oid != relid)
		return;
	root = entry->shape != NULL ? entry->shape->table_oid : InvalidOid;
	root_is_there = root != relid && SearchSysCacheExists1(RELOID, ObjectIdGetDatum(root));
	if (TransactionIdEquals(entry->root_name_xid, df->xid) && root_is_there)
	{
		begin_line(df, entry, psprintf("\t_partition\t%s\t_relid\t%u",
									   entry->original_name, relid), "detach");
		end_line(ctx);
		return;
	}
	if (!TransactionIdEquals(entry->own_name_xid, df->xid) &&
		!TransactionIdEquals(entry->root_name_xid, df->xid))
		return;
	/* one that was there before is told of by itself, and others with it once */
	if (root_is_there || entry->shape == NULL || entry->shape->printed == 0 ||
		class_row_before(txn, root).found)
		return;
	entry->shape->printed = 0;
	begin_line(df, entry, psprintf("\t_relid\t%u", root), "drop");
	end_line(ctx);
}

/* A new name may bring another filter. */
static bool
has_same_selection(const DeltaFlood *df, Oid relid, const ClassRow *before, const ClassRow *now)
{
	return find_selection_of(df, relid, before->schema, before->name) ==
		find_selection_of(df, relid, now->schema, now->name);
}

/*
 * Two lines at most: the shape of a table that is there, and how its rows came
 * or went. A table made by this transaction has all its rows from its lines,
 * unless they were printed under another name, or not at all.
 */
static void
tell_table(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, Oid relid)
{
	DeltaFlood *df = ctx->output_plugin_private;
	ClassRow	before = class_row_before(txn, relid);
	ClassRow	now = class_row_now(relid);
	bool		was_printed = is_printed_as_itself(df, &before);
	bool		is_printed = is_printed_as_itself(df, &now);
	bool		was_partition = is_partition_of_root(df, &before);
	bool		is_partition = is_partition_of_root(df, &now);
	/* those of a table that was not are printed as it is rewritten */
	bool		was_logged = !before.found || before.relpersistence == RELPERSISTENCE_PERMANENT;
	RelationEntry *entry = NULL;
	bool		passed_over;

	if (!before.found && !now.found)
	{
		tell_passing_table(ctx, txn, relid);
		return;
	}
	if (is_printed || is_partition)
		entry = announce_table(ctx, txn, relid);
	passed_over = entry != NULL && TransactionIdEquals(entry->passed_over_xid, df->xid);

	if (was_partition && !is_partition)
		print_partition_change(ctx, txn, root_of(txn, relid, true), relid,
							   before.name, "detach");

	if (is_partition)
	{
		bool		printed_as_itself = entry != NULL &&
			TransactionIdEquals(entry->own_name_xid, df->xid);

		if (!was_partition && was_logged &&
			(before.found || passed_over || printed_as_itself))
			print_partition_change(ctx, txn, root_of(txn, relid, false), relid,
								   now.name, "attach");
	}
	else if (was_printed && !is_printed)
		print_drop(ctx, relid, &before);
	else if (is_printed && !was_printed && was_logged && (before.found || passed_over))
		print_gap(ctx, entry);
	else if (is_printed && was_printed && !has_same_selection(df, relid, &before, &now))
		print_gap(ctx, entry);
}

/* The schemas that the transaction has given another name. */
static List *
renamed_schemas(ReorderBufferTXN *txn)
{
	Relation	relation = table_open(NamespaceRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, NULL, 0, NULL);
	List	   *renamed = NIL;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_namespace form = (Form_pg_namespace) GETSTRUCT(tuple);
		char	   *before;

		if (!is_own_xid(txn, HeapTupleHeaderGetRawXmin(tuple->t_data)))
			continue;
		before = schema_name_before(txn, form->oid);
		if (before != NULL && strcmp(before, NameStr(form->nspname)) != 0)
			renamed = lappend_oid(renamed, form->oid);
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return renamed;
}

/* The tables of these schemas. Their own catalog entries have not changed. */
static void
tell_tables_of(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, List *schemas)
{
	Relation	relation = table_open(RelationRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, NULL, 0, NULL);
	List	   *relids = NIL;
	HeapTuple	tuple;
	ListCell   *cell;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

		if (list_member_oid(schemas, form->relnamespace))
			relids = lappend_oid(relids, form->oid);
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	foreach(cell, relids)
		tell_table(ctx, txn, lfirst_oid(cell));
}

/* Those of a table whose rows read otherwise now are not printed again. */
static void
tell_restated(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, Oid relid)
{
	DeltaFlood *df = ctx->output_plugin_private;
	ClassRow	now = class_row_now(relid);
	RelationEntry *entry;

	if (!is_printed_as_itself(df, &now))
		return;
	entry = announce_table(ctx, txn, relid);
	if (entry != NULL && entry->included)
		print_gap(ctx, entry);
}

/*
 * To be called at the end of a transaction, while its view of the catalogs is
 * in place.
 */
void
tell_tables(LogicalDecodingContext *ctx, ReorderBufferTXN *txn)
{
	List	   *changed = changed_relations(txn);
	ListCell   *cell;

	foreach(cell, changed)
		tell_table(ctx, txn, lfirst_oid(cell));
	if (has_changed_cache(txn, NAMESPACEOID))
	{
		List	   *renamed = renamed_schemas(txn);

		if (renamed != NIL)
			tell_tables_of(ctx, txn, renamed);
	}
	foreach(cell, restated_tables(txn, changed))
		tell_restated(ctx, txn, lfirst_oid(cell));
}
