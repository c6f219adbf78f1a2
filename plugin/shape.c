/*-------------------------------------------------------------------------
 *
 * shape.c
 *	  The relation line: a table's columns, types and keys.
 *
 * It is printed before the first change of a table and whenever it would read
 * differently from the last one. To find out, we keep a hash of that line.
 *
 *-------------------------------------------------------------------------
 */
#include "deltaflood.h"

#include "access/htup_details.h"
#include "access/tupdesc_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/*
 * The columns that lines show. For a table being rewritten, these are the new
 * heap's, which has the new shape already.
 */
TupleDesc
shape_descriptor(const Lineage *lineage)
{
	return RelationGetDescr(lineage->table == lineage->original ?
							lineage->changed : lineage->table);
}

static const char *
identity_name(char relreplident)
{
	switch (relreplident)
	{
		case REPLICA_IDENTITY_DEFAULT:
			return "default";
		case REPLICA_IDENTITY_INDEX:
			return "index";
		case REPLICA_IDENTITY_FULL:
			return "full";
		case REPLICA_IDENTITY_NOTHING:
			return "nothing";
	}
	elog(ERROR, "unexpected replica identity \"%c\"", relreplident);
	return NULL;				/* keep compiler quiet */
}

static void
append_pair(StringInfo json, const char *key, const char *format, Oid value)
{
	if (json->len > 1)
		appendStringInfoChar(json, ',');
	escape_json(json, key);
	appendStringInfoChar(json, ':');
	appendStringInfo(json, format, value);
}

static void
append_text_pair(StringInfo json, const char *key, const char *value)
{
	append_pair(json, key, "", 0);
	escape_json(json, value);
}

/* The value that rows written before the column was added have, if any. */
static char *
missing_value(TupleDesc tupdesc, int i)
{
	Form_pg_attribute attr = TupleDescAttr(tupdesc, i);

	if (!attr->atthasmissing || tupdesc->constr == NULL ||
		tupdesc->constr->missing == NULL || !tupdesc->constr->missing[i].am_present)
		return NULL;
	return value_text(attr->atttypid, tupdesc->constr->missing[i].am_value);
}

/*
 * The same for a partitioned table, which has no rows itself: that of the first
 * partition that knows one.
 */
static char *
missing_value_in_partitions(Relation table, const char *column)
{
	List	   *partitions = find_all_inheritors(RelationGetRelid(table), NoLock, NULL);
	char	   *result = NULL;
	ListCell   *cell;

	foreach(cell, partitions)
	{
		HeapTuple	tuple = SearchSysCacheAttName(lfirst_oid(cell), column);
		Form_pg_attribute attr;
		Relation	partition;

		if (!HeapTupleIsValid(tuple))
			continue;
		attr = (Form_pg_attribute) GETSTRUCT(tuple);
		if (attr->atthasmissing)
		{
			partition = RelationIdGetRelation(lfirst_oid(cell));
			if (RelationIsValid(partition))
			{
				result = missing_value(RelationGetDescr(partition), attr->attnum - 1);
				RelationClose(partition);
			}
		}
		ReleaseSysCache(tuple);
		if (result != NULL)
			break;
	}
	list_free(partitions);
	return result;
}

/* JSON is UTF-8, but in an SQL_ASCII database a text may be any bytes. */
static void
append_missing(StringInfo json, const char *missing)
{
	if (GetDatabaseEncoding() != PG_SQL_ASCII ||
		pg_verify_mbstr(PG_UTF8, missing, strlen(missing), true))
	{
		append_text_pair(json, "missing", missing);
		return;
	}
	append_pair(json, "missing_hex", "\"", 0);
	for (const unsigned char *byte = (const unsigned char *) missing; *byte != 0; byte++)
		appendStringInfo(json, "%02x", *byte);
	appendStringInfoChar(json, '"');
}

static void
append_column_json(StringInfo json, TupleDesc tupdesc, int i, int pk, int key,
				   const char *missing)
{
	Form_pg_attribute attr = TupleDescAttr(tupdesc, i);
	Oid			base = getBaseType(attr->atttypid);
	Oid			element = get_element_type(base);

	appendStringInfoChar(json, '{');
	append_pair(json, "attnum", "%u", attr->attnum);
	append_text_pair(json, "type",
					 format_type_with_typemod(attr->atttypid, attr->atttypmod));
	append_pair(json, "oid", "%u", base);
	if (OidIsValid(element))
		append_pair(json, "elem", "%u", getBaseType(element));
	if (pk > 0)
		append_pair(json, "pk", "%u", pk);
	if (key > 0)
		append_pair(json, "key", "%u", key);
	if (ColumnIsNotNull(tupdesc, i))
		append_pair(json, "not_null", "true", 0);
	if (attr->attgenerated != '\0')
		append_text_pair(json, "generated",
						 attr->attgenerated == GENERATED_VIRTUAL ? "virtual" : "stored");
	if (missing != NULL)
		append_missing(json, missing);
	appendStringInfoChar(json, '}');
}

/*
 * Appends what a relation line has behind its action: a pair for each column.
 * Searching all partitions for missing values takes time, so that is done for
 * the printed line only.
 */
static void
append_columns(StringInfo out, const DeltaFlood *df, const Lineage *lineage,
			   bool search_partitions)
{
	TupleDesc	shape = shape_descriptor(lineage);
	int		   *map = map_selected_columns(df, lineage);
	int		   *keys = key_positions(lineage, map);
	int		   *pks = primary_key_positions(lineage);
	int		   *all = map_columns(lineage);

	/* a part of the primary key is none */
	for (int i = 0; i < shape->natts; i++)
	{
		if (pks[i] > 0 && map[i] < 0 && all[i] >= 0)
			memset(pks, 0, shape->natts * sizeof(int));
	}

	for (int i = 0; i < shape->natts; i++)
	{
		char	   *name = NameStr(TupleDescAttr(shape, i)->attname);
		StringInfoData json;
		char	   *missing = NULL;

		if (map[i] < 0)
			continue;
		if (lineage->table->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
			missing = missing_value(shape, i);
		else if (search_partitions)
			missing = missing_value_in_partitions(lineage->table, name);

		initStringInfo(&json);
		append_column_json(&json, shape, i, pks[i], keys[i], missing);
		appendStringInfoChar(out, '\t');
		appendStringInfoString(out, escape_column_name(df, name));
		appendStringInfoChar(out, '\t');
		df->append_text(out, json.data, json.len);
		pfree(json.data);
	}
}

/* The pairs that only a relation line has between table and action. */
static char *
relation_pairs(const Lineage *lineage)
{
	return psprintf("\t_relid\t%u\t_identity\t%s",
					RelationGetRelid(lineage->table),
					identity_name(lineage->original->rd_rel->relreplident));
}

/* A hash of the relation line, never 0. */
uint64
hash_shape(const DeltaFlood *df, const Lineage *lineage, const RelationEntry *entry)
{
	StringInfoData line;
	uint64		hash;

	initStringInfo(&line);
	appendStringInfoString(&line, entry->head);
	appendStringInfoString(&line, relation_pairs(lineage));
	append_columns(&line, df, lineage, false);
	hash = hash_bytes_extended((unsigned char *) line.data, line.len, 0);
	pfree(line.data);
	return hash != 0 ? hash : 1;
}

/* Prints the relation line, unless readers know it. */
void
announce_shape(LogicalDecodingContext *ctx, ReorderBufferTXN *txn,
			   RelationEntry *entry, Relation relation)
{
	DeltaFlood *df = ctx->output_plugin_private;
	Lineage		lineage;
	char	   *was;

	if (entry->shape == NULL || entry->shape->printed == entry->shape_hash)
		return;
	open_lineage(df, relation, &lineage);
	was = former_name(txn, RelationGetRelid(lineage.table));
	begin_line(df, entry,
			   psprintf("%s%s%s", relation_pairs(&lineage), was != NULL ? "\t_was\t" : "",
						was != NULL ? escape_name(df, was) : ""),
			   "relation");
	append_columns(&df->lines, df, &lineage, true);
	end_line(ctx);
	close_lineage(&lineage);
	entry->shape->printed = entry->shape_hash;
}
