/*-------------------------------------------------------------------------
 *
 * types.c
 *	  Tables whose rows read otherwise after a transaction that did not touch
 *	  them.
 *
 * ALTER TYPE gives a label of an enum another name, or an attribute to a
 * composite type, or takes one from it. Every value of that type prints
 * otherwise from then on, and no row of it is in the WAL.
 *
 *-------------------------------------------------------------------------
 */
#include "deltaflood.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/indexing.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

/* The enums of which a label has another name now. */
static List *
renamed_enums(ReorderBufferTXN *txn)
{
	Relation	relation = table_open(EnumRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(relation, InvalidOid, false, NULL, 0, NULL);
	List	   *types = NIL;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_enum form = (Form_pg_enum) GETSTRUCT(tuple);
		HeapTuple	before;

		if (!is_own_xid(txn, HeapTupleHeaderGetRawXmin(tuple->t_data)))
			continue;
		/* others have moved to make room for a new one */
		before = find_replaced(txn, EnumRelationId, EnumOidIndexId, Anum_pg_enum_oid, form->oid);
		if (before != NULL &&
			strcmp(NameStr(((Form_pg_enum) GETSTRUCT(before))->enumlabel), NameStr(form->enumlabel)) != 0)
			types = list_append_unique_oid(types, form->enumtypid);
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return types;
}

/* Have columns come to a relation that was there before the transaction, or gone from it? */
static bool
columns_changed(ReorderBufferTXN *txn, Oid relid)
{
	Relation	relation = table_open(AttributeRelationId, AccessShareLock);
	AttrNumber	last_before = 0;
	AttrNumber	last = 0;
	bool		dropped = false;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_attribute_attrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(relation, AttributeRelidNumIndexId, true, SnapshotAny, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_attribute form = (Form_pg_attribute) GETSTRUCT(tuple);
		bool		own = is_own_xid(txn, HeapTupleHeaderGetRawXmin(tuple->t_data));

		if (form->attnum < 1 || (!own && !TransactionIdDidCommit(HeapTupleHeaderGetXmin(tuple->t_data))))
			continue;
		last = Max(last, form->attnum);
		if (!own)
			last_before = Max(last_before, form->attnum);
		dropped |= own && form->attisdropped;
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return last_before > 0 && (dropped || last > last_before);
}

/* The row types of those of the relations that have got columns, or lost some. */
static List *
altered_row_types(ReorderBufferTXN *txn, List *relids)
{
	List	   *types = NIL;
	ListCell   *cell;

	foreach(cell, relids)
	{
		Oid			type = get_rel_type_id(lfirst_oid(cell));

		if (OidIsValid(type) && columns_changed(txn, lfirst_oid(cell)))
			types = lappend_oid(types, type);
	}
	return types;
}

/* Adds the relations, of any kind, that have a column of this type, or of one that is made of it. */
static List *
add_tables_with(Oid type, List *tables)
{
	Relation	relation = table_open(DependRelationId, AccessShareLock);
	List	   *made_of_it = NIL;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	ListCell   *cell;

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(TypeRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(type));
	scan = systable_beginscan(relation, DependReferenceIndexId, true, NULL, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		/* arrays, domains, ranges */
		if (form->classid == TypeRelationId)
			made_of_it = lappend_oid(made_of_it, form->objid);
		else if (form->classid == RelationRelationId && form->objsubid > 0)
		{
			tables = list_append_unique_oid(tables, form->objid);
			/* a composite type's own, or a table's */
			if (OidIsValid(get_rel_type_id(form->objid)))
				made_of_it = lappend_oid(made_of_it, get_rel_type_id(form->objid));
		}
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	foreach(cell, made_of_it)
		tables = add_tables_with(lfirst_oid(cell), tables);
	return tables;
}

/*
 * To be called as tell_tables is. The relations, of any kind, whose values print
 * otherwise than before the transaction. changed: its changed_relations.
 */
List *
restated_tables(ReorderBufferTXN *txn, List *changed)
{
	List	   *types = altered_row_types(txn, changed);
	List	   *tables = NIL;
	ListCell   *cell;

	if (has_changed_cache(txn, ENUMOID))
		types = list_concat(types, renamed_enums(txn));
	foreach(cell, types)
		tables = add_tables_with(lfirst_oid(cell), tables);
	return tables;
}
