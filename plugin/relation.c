/*-------------------------------------------------------------------------
 *
 * relation.c
 *	  From a relation to what its lines need: name, columns, identity.
 *
 * All catalogs are seen as they were when the change was made: PostgreSQL has
 * set up a historic snapshot. Relations are opened without a lock, which could
 * not be held against the past anyway.
 *
 *-------------------------------------------------------------------------
 */
#include "deltaflood.h"

#include "access/transam.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

static Relation
open_relation(Oid relid)
{
	Relation	relation = RelationIdGetRelation(relid);

	if (!RelationIsValid(relation))
		elog(ERROR, "could not open relation with OID %u", relid);
	return relation;
}

/* Opens what else is behind a changed relation; close_lineage closes it. */
void
open_lineage(const DeltaFlood *df, Relation changed, Lineage *lineage)
{
	lineage->changed = changed;
	lineage->original = changed;
	if (OidIsValid(changed->rd_rel->relrewrite))
		lineage->original = open_relation(changed->rd_rel->relrewrite);

	lineage->table = lineage->original;
	if (df->options.partition_root && lineage->original->rd_rel->relispartition)
	{
		List	   *ancestors = get_partition_ancestors(RelationGetRelid(lineage->original));

		if (ancestors != NIL)
			lineage->table = open_relation(llast_oid(ancestors));
		list_free(ancestors);
	}
}

void
close_lineage(Lineage *lineage)
{
	if (lineage->table != lineage->original)
		RelationClose(lineage->table);
	if (lineage->original != lineage->changed)
		RelationClose(lineage->original);
}

/*
 * For each column of the shape, its index in the changed relation's tuples; -1
 * for dropped ones. A partition may have its columns in another order than the
 * root, and other dropped ones.
 */
int *
map_columns(const Lineage *lineage)
{
	TupleDesc	shape = shape_descriptor(lineage);
	TupleDesc	changed = RelationGetDescr(lineage->changed);
	int		   *map = palloc(Max(shape->natts, 1) * sizeof(int));

	for (int i = 0; i < shape->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(shape, i);

		map[i] = -1;
		if (attr->attisdropped)
			continue;
		if (shape == changed)
		{
			map[i] = i;
			continue;
		}
		for (int j = 0; j < changed->natts && map[i] < 0; j++)
		{
			if (!TupleDescAttr(changed, j)->attisdropped &&
				namestrcmp(&attr->attname, NameStr(TupleDescAttr(changed, j)->attname)) == 0)
				map[i] = j;
		}
		if (map[i] < 0)
			elog(ERROR, "could not find column \"%s\" of table \"%s\" in partition \"%s\"",
				 NameStr(attr->attname), RelationGetRelationName(lineage->table),
				 RelationGetRelationName(lineage->changed));
	}
	return map;
}

/*
 * For each column of a relation, its position in the key of an index, from 1
 * on; 0 for the others and for all if there is no index.
 */
static int *
index_positions(Relation relation, Oid index)
{
	int			natts = RelationGetDescr(relation)->natts;
	int		   *positions = palloc0(Max(natts, 1) * sizeof(int));
	HeapTuple	tuple = NULL;

	if (OidIsValid(index))
		tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
	if (HeapTupleIsValid(tuple))
	{
		Form_pg_index form = (Form_pg_index) GETSTRUCT(tuple);

		for (int i = 0; i < form->indnkeyatts; i++)
		{
			AttrNumber	attnum = form->indkey.values[i];

			/* neither expressions nor system columns */
			if (attnum > 0 && attnum <= natts)
				positions[attnum - 1] = i + 1;
		}
		ReleaseSysCache(tuple);
	}
	return positions;
}

/* The positions of the original's columns in its replica identity. */
int *
identity_positions(const Lineage *lineage)
{
	return index_positions(lineage->original,
						   RelationGetReplicaIndex(lineage->original));
}

/*
 * For each column of the shape, its position in the key by which readers find
 * rows. A partition's own key finds none among those of its root: it counts
 * only if the root has the same.
 */
int *
key_positions(const Lineage *lineage, const int *map)
{
	int			natts = shape_descriptor(lineage)->natts;
	int		   *identity = identity_positions(lineage);
	int		   *keys = palloc0(Max(natts, 1) * sizeof(int));
	bool		is_partition = lineage->table != lineage->original;
	int		   *root = !is_partition ? NULL :
		index_positions(lineage->table, RelationGetReplicaIndex(lineage->table));

	for (int i = 0; i < natts; i++)
	{
		if (map[i] < 0)
			continue;
		keys[i] = is_partition ? root[i] : identity[map[i]];
		if ((keys[i] > 0) != (identity[map[i]] > 0))
		{
			memset(keys, 0, natts * sizeof(int));
			break;
		}
	}
	return keys;
}

/*
 * The positions of the table's columns in its primary key, also of one that is
 * DEFERRABLE, which cannot be a replica identity.
 */
int *
primary_key_positions(const Lineage *lineage)
{
	List	   *indexes = RelationGetIndexList(lineage->table);
	Oid			primary = InvalidOid;
	ListCell   *cell;

	foreach(cell, indexes)
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));

		if (!HeapTupleIsValid(tuple))
			continue;
		if (((Form_pg_index) GETSTRUCT(tuple))->indisprimary)
			primary = lfirst_oid(cell);
		ReleaseSysCache(tuple);
	}
	list_free(indexes);
	return index_positions(lineage->table, primary);
}

/* Is this a table that a mirror can hold, and one that was asked for? */
static bool
is_included(const DeltaFlood *df, const Lineage *lineage)
{
	Relation	table = lineage->table;
	char	   *schema;
	bool		result;

	if (!df->options.mirror)
		return filter_matches(df->filter, NULL, RelationGetRelationName(table));

	/* a rewritten or refreshed materialized view is not a table */
	if (lineage->original->rd_rel->relkind != RELKIND_RELATION &&
		lineage->original->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		return false;
	/* information_schema has tables, too */
	if (RelationGetRelid(table) < FirstNormalObjectId)
		return false;

	schema = get_namespace_name(RelationGetNamespace(table));
	if (schema == NULL)
		elog(ERROR, "cache lookup failed for namespace %u", RelationGetNamespace(table));
	result = strcmp(schema, OWN_SCHEMA) != 0 &&
		filter_matches(df->filter, schema, RelationGetRelationName(table));
	pfree(schema);
	return result;
}

static char *
separated(const DeltaFlood *df, const char *key, const char *value)
{
	return psprintf("%s%s%s%s", df->options.separator, key,
					df->options.separator, value);
}

/* The start of each line of a mirror: which table. */
char *
table_head(const DeltaFlood *df, const char *schema, const char *name)
{
	const char *more = "";

	if (strcmp(schema, "public") != 0)
		more = separated(df, "_schema", escape_name(df, schema));
	return psprintf("_table%s%s%s", df->options.separator, escape_name(df, name), more);
}

/* The same of the original's lines, where names are not escaped. */
static char *
legacy_head(const DeltaFlood *df, const char *schema, const char *name)
{
	const char *more = "";

	if (df->options.full_name)
		more = separated(df, "_qualified_table", quote_qualified_identifier(schema, name));
	return psprintf("_table%s%s%s", df->options.separator, name, more);
}

static char *
build_head(const DeltaFlood *df, Relation table)
{
	char	   *name = RelationGetRelationName(table);
	char	   *schema = get_namespace_name(RelationGetNamespace(table));

	return df->options.mirror ? table_head(df, schema, name) : legacy_head(df, schema, name);
}

static void
build_column(const DeltaFlood *df, Column *column, Form_pg_attribute attr,
			 int attidx, const char *name, MemoryContext context)
{
	Oid			output;

	column->attidx = attidx;
	column->kind = value_kind(df, attr->atttypid);
	column->key = pad_text(context, separated(df, escape_column_name(df, name), ""));
	column->key_len = strlen(column->key);
	getTypeOutputInfo(attr->atttypid, &output, &column->is_varlena);
	fmgr_info_cxt(output, &column->output, context);
}

static void
build_columns(const DeltaFlood *df, RelationEntry *entry, const Lineage *lineage)
{
	TupleDesc	shape = shape_descriptor(lineage);
	TupleDesc	changed = RelationGetDescr(lineage->changed);
	int		   *map = map_selected_columns(df, lineage);
	int		   *identity = identity_positions(lineage);

	entry->columns = MemoryContextAllocZero(entry->context,
											Max(shape->natts, 1) * sizeof(Column));
	entry->ncolumns = 0;
	for (int i = 0; i < shape->natts; i++)
	{
		Column	   *column = &entry->columns[entry->ncolumns];
		Form_pg_attribute attr;

		if (map[i] < 0)
			continue;
		attr = TupleDescAttr(changed, map[i]);
		if (df->options.mirror && attr->attgenerated == GENERATED_VIRTUAL)
			continue;
		build_column(df, column, attr, map[i],
					 NameStr(TupleDescAttr(shape, i)->attname), entry->context);
		column->in_identity = entry->full || identity[map[i]] > 0;
		entry->ncolumns++;
	}
}

/* Remembers the user-defined types, whose names the shape shows. */
static void
build_type_hashes(RelationEntry *entry, TupleDesc tupdesc)
{
	entry->type_hashes = MemoryContextAlloc(entry->context,
											Max(3 * tupdesc->natts, 1) * sizeof(uint32));
	for (int i = 0; i < tupdesc->natts; i++)
	{
		Oid			types[3];

		if (TupleDescAttr(tupdesc, i)->attisdropped)
			continue;
		types[0] = TupleDescAttr(tupdesc, i)->atttypid;
		types[1] = getBaseType(types[0]);
		types[2] = get_element_type(types[1]);
		for (int j = 0; j < 3; j++)
		{
			if (types[j] >= FirstNormalObjectId)
				entry->type_hashes[entry->ntypes++] =
					GetSysCacheHashValue1(TYPEOID, ObjectIdGetDatum(types[j]));
		}
	}
}

static void
link_shape(DeltaFlood *df, RelationEntry *entry, const Lineage *lineage)
{
	Oid			table_oid = RelationGetRelid(lineage->table);
	TableShape *shape;
	bool		found;

	shape = hash_search(df->shapes, &table_oid, HASH_ENTER, &found);
	if (!found)
	{
		memset(shape, 0, sizeof(TableShape));
		shape->table_oid = table_oid;
	}
	shape->references++;
	if (table_oid != entry->relid)
		shape->indirect = true;
	entry->shape = shape;
	entry->shape_hash = hash_shape(df, lineage, entry);
}

/*
 * Fills in an entry that has just been emptied. What it keeps is allocated in
 * its own context, everything else in the current one.
 */
void
build_entry(DeltaFlood *df, RelationEntry *entry, Relation relation)
{
	Lineage		lineage;
	char	   *original;

	open_lineage(df, relation, &lineage);
	entry->natts = RelationGetDescr(relation)->natts;
	entry->original_oid = RelationGetRelid(lineage.original);
	entry->included = is_included(df, &lineage);
	entry->is_partition = lineage.table != lineage.original;
	if (entry->included)
	{
		entry->full = lineage.original->rd_rel->relreplident == REPLICA_IDENTITY_FULL;
		original = escape_name(df, RelationGetRelationName(lineage.original));
		entry->original_name = MemoryContextStrdup(entry->context, original);
		entry->head = pad_text(entry->context, build_head(df, lineage.table));
		entry->head_len = strlen(entry->head);
		build_columns(df, entry, &lineage);
		build_selection(df, entry, &lineage);
		if (df->options.mirror)
		{
			build_type_hashes(entry, RelationGetDescr(relation));
			link_shape(df, entry, &lineage);
		}
	}
	close_lineage(&lineage);
}
