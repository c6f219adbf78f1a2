/*-------------------------------------------------------------------------
 *
 * selection.c
 *	  Which columns and rows of a table are printed: option "filters".
 *
 *		{"flights": {"columns": ["id", "gate"], "where": "price > 100"}}
 *
 * Names of tables are those of SQL, as in option "tables"; names of columns are
 * taken literally. With them may come the table's OID and the numbers that its
 * columns had when the filter was made:
 *
 *		"relid": 16402, "attributes": {"id": 1, "gate": 2, "price": 5}
 *
 * Then the filter follows that table, and its columns, under whatever names they
 * have later.
 *
 *-------------------------------------------------------------------------
 */
#include "deltaflood.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"

static void
reject_filters(const char *text, const char *expected)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value \"%s\" for deltaflood option \"filters\": expected %s",
					text, expected)));
}

static char *
copy_string(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static int
to_number(const char *text, const JsonbValue *value)
{
	if (value->type != jbvNumeric)
		reject_filters(text, "numbers for \"relid\" and in \"attributes\"");
	/* an OID has 32 bits */
	return (int) DatumGetInt64(DirectFunctionCall1(numeric_int8,
												   NumericGetDatum(value->val.numeric)));
}

static void
read_columns(const char *text, JsonbContainer *array, Selection *selection)
{
	JsonbIterator *iterator = JsonbIteratorInit(array);
	JsonbIteratorToken token;
	JsonbValue	value;

	selection->has_columns = true;
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_ELEM && value.type != jbvString)
			reject_filters(text, "a list of names for \"columns\"");
		if (token == WJB_ELEM)
			selection->columns = lappend(selection->columns, copy_string(&value));
	}
}

static void
read_attributes(const char *text, JsonbContainer *object, Selection *selection)
{
	JsonbIterator *iterator = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	value;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			selection->names = lappend(selection->names, copy_string(&value));
		else if (token == WJB_VALUE)
			selection->numbers = lappend_int(selection->numbers, to_number(text, &value));
	}
}

static void
read_member(const char *text, const char *key, JsonbValue *value, Selection *selection)
{
	bool		is_container = value->type == jbvBinary;

	if (strcmp(key, "columns") == 0 && is_container &&
		JsonContainerIsArray(value->val.binary.data))
		read_columns(text, value->val.binary.data, selection);
	else if (strcmp(key, "attributes") == 0 && is_container &&
			 JsonContainerIsObject(value->val.binary.data))
		read_attributes(text, value->val.binary.data, selection);
	else if (strcmp(key, "where") == 0 && value->type == jbvString)
		selection->where = copy_string(value);
	else if (strcmp(key, "relid") == 0)
		selection->relid = (Oid) to_number(text, value);
	else
		reject_filters(text, "for each table an object with \"columns\", a list of names, and \"where\", an expression");
}

static Selection *
read_selection(const char *text, const char *name, JsonbContainer *object)
{
	Selection  *selection = palloc0(sizeof(Selection));
	JsonbIterator *iterator = JsonbIteratorInit(object);
	JsonbIteratorToken token;
	JsonbValue	value;
	char	   *key = NULL;

	if (!parse_table_name(name, &selection->schema, &selection->table))
		reject_filters(text, "names of tables");
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			key = copy_string(&value);
		else if (token == WJB_VALUE)
			read_member(text, key, &value, selection);
	}
	return selection;
}

/* A list of Selection, in the current memory context. No catalog is needed. */
List *
parse_selections(const char *text)
{
	Jsonb	   *json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
	JsonbIterator *iterator = JsonbIteratorInit(&json->root);
	JsonbIteratorToken token;
	JsonbValue	value;
	List	   *selections = NIL;
	char	   *name = NULL;

	if (!JB_ROOT_IS_OBJECT(json))
		reject_filters(text, "an object with a key for each table");
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			name = copy_string(&value);
		else if (token == WJB_VALUE)
		{
			if (value.type != jbvBinary || !JsonContainerIsObject(value.val.binary.data))
				reject_filters(text, "an object for each table");
			selections = lappend(selections,
								 read_selection(text, name, value.val.binary.data));
		}
	}
	return selections;
}

static bool
has_name(const Selection *selection, const char *schema, const char *table)
{
	return schema != NULL && strcmp(selection->schema, schema) == 0 &&
		strcmp(selection->table, table) == 0;
}

/* That of a table by its OID, else by its name; NULL: all of it is printed. */
Selection *
find_selection_of(const DeltaFlood *df, Oid relid, const char *schema, const char *table)
{
	ListCell   *cell;

	foreach(cell, df->selections)
	{
		Selection  *selection = lfirst(cell);

		if (OidIsValid(selection->relid) && selection->relid == relid)
			return selection;
	}
	foreach(cell, df->selections)
	{
		if (has_name(lfirst(cell), schema, table))
			return lfirst(cell);
	}
	return NULL;
}

Selection *
find_selection(const DeltaFlood *df, Relation table)
{
	if (df->selections == NIL)
		return NULL;
	return find_selection_of(df, RelationGetRelid(table),
							 get_namespace_name(RelationGetNamespace(table)),
							 RelationGetRelationName(table));
}

/*
 * What the filter calls a column of the table. NULL for one that the table did
 * not have when the filter was made.
 */
const char *
selected_name(const Selection *selection, Relation table, Form_pg_attribute attr)
{
	ListCell   *name;
	ListCell   *number;

	if (selection->relid != RelationGetRelid(table))
		return NameStr(attr->attname);
	forboth(name, selection->names, number, selection->numbers)
	{
		if (lfirst_int(number) == attr->attnum)
			return lfirst(name);
	}
	return NULL;
}

static bool
has_string(List *strings, const char *string)
{
	ListCell   *cell;

	foreach(cell, strings)
	{
		if (strcmp(lfirst(cell), string) == 0)
			return true;
	}
	return false;
}

/* One that is known by its number may have been dropped; a name must be there. */
static void
check_columns_exist(const Selection *selection, const Lineage *lineage, TupleDesc shape)
{
	ListCell   *cell;

	foreach(cell, selection->columns)
	{
		bool		found = selection->relid == RelationGetRelid(lineage->table) &&
			has_string(selection->names, lfirst(cell));

		for (int i = 0; i < shape->natts && !found; i++)
			found = !TupleDescAttr(shape, i)->attisdropped &&
				strcmp(NameStr(TupleDescAttr(shape, i)->attname), lfirst(cell)) == 0;
		if (!found)
			reject_column(selection, lfirst(cell));
	}
}

void
reject_column(const Selection *selection, const char *column)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("column \"%s\" of the filter of table \"%s\" does not exist",
					column, selection->table),
			 errhint("If it was dropped or renamed, make the slot anew, with another filter.")));
}

/* map_columns, with -1 for the columns that are not printed as well. */
int *
map_selected_columns(const DeltaFlood *df, const Lineage *lineage)
{
	int		   *map = map_columns(lineage);
	Selection  *selection = find_selection(df, lineage->table);
	TupleDesc	shape = shape_descriptor(lineage);

	if (selection == NULL || !selection->has_columns)
		return map;
	check_columns_exist(selection, lineage, shape);
	for (int i = 0; i < shape->natts; i++)
	{
		const char *name;

		if (map[i] < 0)
			continue;
		name = selected_name(selection, lineage->table, TupleDescAttr(shape, i));
		if (name == NULL || !has_string(selection->columns, name))
			map[i] = -1;
	}
	return map;
}

/*
 * Why updates and deletes of a relation cannot be told: the old row shows the
 * replica identity alone. NULL if they can.
 */
static char *
find_identity_problem(const RelationEntry *entry, const Selection *selection,
					  const Lineage *lineage)
{
	TupleDesc	shape = shape_descriptor(lineage);
	int		   *map = map_columns(lineage);
	int		   *identity = identity_positions(lineage);

	if (entry->full)
		return NULL;
	for (int i = 0; i < shape->natts; i++)
	{
		char	   *name = NameStr(TupleDescAttr(shape, i)->attname);
		bool		printed = false;

		if (map[i] < 0)
			continue;
		for (int j = 0; j < entry->ncolumns && !printed; j++)
			printed = entry->columns[j].attidx == map[i];
		if (identity[map[i]] > 0 && !printed)
			return psprintf("column \"%s\" is part of its replica identity, but not of the filter's columns", name);
		if (identity[map[i]] == 0 && entry->predicate != NULL &&
			predicate_needs(entry->predicate, map[i]))
			return psprintf("column \"%s\" of the filter is not part of its replica identity", name);
	}
	return NULL;
}

/* Completes an entry whose columns are there. */
void
build_selection(const DeltaFlood *df, RelationEntry *entry, const Lineage *lineage)
{
	Selection  *selection = find_selection(df, lineage->table);
	char	   *problem;

	entry->predicate = NULL;
	entry->identity_problem = NULL;
	if (selection == NULL)
		return;
	if (selection->where != NULL)
		entry->predicate = build_predicate(selection, lineage, entry->context);
	problem = find_identity_problem(entry, selection, lineage);
	if (problem != NULL)
		entry->identity_problem = MemoryContextStrdup(entry->context, problem);
}

void
report_identity_problem(const RelationEntry *entry)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("cannot filter updates and deletes of table \"%s\": %s",
					entry->original_name, entry->identity_problem),
			 errhint("Use ALTER TABLE ... REPLICA IDENTITY FULL, or another filter. For changes that were made before, the slot has to be made anew.")));
}

static void
check_relation(DeltaFlood *df, Relation relation)
{
	RelationEntry *entry = find_entry(df, relation);

	if (entry->included && entry->identity_problem != NULL)
		report_identity_problem(entry);
	/* changes are seen with the catalogs of their time */
	entry->valid = false;
}

/* Each has a replica identity of its own. */
static void
check_partitions(DeltaFlood *df, Oid root)
{
	ListCell   *cell;

	foreach(cell, find_all_inheritors(root, NoLock, NULL))
	{
		Relation	relation = RelationIdGetRelation(lfirst_oid(cell));

		if (!RelationIsValid(relation))
			continue;
		if (relation->rd_rel->relispartition)
			check_relation(df, relation);
		RelationClose(relation);
	}
}

/*
 * Looks at all filters as the catalogs are now, not as they were when a change
 * was made, so that a filter that cannot work is found before there is any.
 */
void
check_selections(DeltaFlood *df)
{
	ListCell   *cell;

	foreach(cell, df->selections)
	{
		Selection  *selection = lfirst(cell);
		Oid			namespace_oid = get_namespace_oid(selection->schema, true);
		Oid			relid = OidIsValid(namespace_oid) ?
			get_relname_relid(selection->table, namespace_oid) : InvalidOid;
		Relation	relation = OidIsValid(relid) ? RelationIdGetRelation(relid) : NULL;

		if (!RelationIsValid(relation))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_TABLE),
					 errmsg("table \"%s\" of deltaflood option \"filters\" does not exist",
							selection->table)));
		check_relation(df, relation);
		RelationClose(relation);
		if (df->options.partition_root)
			check_partitions(df, relid);
	}
}
