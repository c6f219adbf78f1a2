/*-------------------------------------------------------------------------
 *
 * history.c
 *	  What a transaction has changed in the catalogs.
 *
 * A transaction comes with its invalidations, which name each relation whose
 * catalog entries it changed, and the catalogs still hold the entries as they
 * were before: the slot keeps them from being removed. All of this is to be
 * called at the end of a transaction, while its view of the catalogs is in
 * place.
 *
 *-------------------------------------------------------------------------
 */
#include "deltaflood.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "storage/sinval.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

/* Is it the transaction, or one of its subtransactions? */
bool
is_own_xid(ReorderBufferTXN *txn, TransactionId xid)
{
	dlist_iter	iter;

	if (TransactionIdEquals(txn->xid, xid))
		return true;
	dlist_foreach(iter, &txn->subtxns)
	{
		if (TransactionIdEquals(dlist_container(ReorderBufferTXN, node, iter.cur)->xid, xid))
			return true;
	}
	return false;
}

/* Has it changed what this cache of the catalogs holds? */
bool
has_changed_cache(ReorderBufferTXN *txn, int cache)
{
	for (uint32 i = 0; i < txn->ninvalidations; i++)
	{
		if (txn->invalidations[i].id == cache)
			return true;
	}
	return false;
}

/* The relations whose catalog entries it has changed, in the order of their first change. */
List *
changed_relations(ReorderBufferTXN *txn)
{
	HASHCTL		ctl = {.keysize = sizeof(Oid), .entrysize = sizeof(Oid), .hcxt = CurrentMemoryContext};
	HTAB	   *seen = NULL;
	List	   *relids = NIL;

	for (uint32 i = 0; i < txn->ninvalidations; i++)
	{
		const SharedInvalidationMessage *message = &txn->invalidations[i];
		bool		found;

		if (message->id != SHAREDINVALRELCACHE_ID || !OidIsValid(message->rc.relId))
			continue;
		if (seen == NULL)
			seen = hash_create("deltaflood changed relations", 64, &ctl,
							   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
		hash_search(seen, &message->rc.relId, HASH_ENTER, &found);
		if (!found)
			relids = lappend_oid(relids, message->rc.relId);
	}
	if (seen != NULL)
		hash_destroy(seen);
	return relids;
}

/*
 * Of all versions of a catalog row, the one that was there before the
 * transaction and that it has replaced or deleted, or NULL.
 */
HeapTuple
find_replaced(ReorderBufferTXN *txn, Oid catalog, Oid index, AttrNumber column, Oid key)
{
	Relation	relation = table_open(catalog, AccessShareLock);
	HeapTuple	found = NULL;
	ScanKeyData scan_key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&scan_key, column, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(key));
	scan = systable_beginscan(relation, index, true, SnapshotAny, 1, &scan_key);
	while (found == NULL && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		TransactionId xmax = HeapTupleHeaderGetUpdateXid(tuple->t_data);

		if (TransactionIdIsNormal(xmax) && is_own_xid(txn, xmax) &&
			!is_own_xid(txn, HeapTupleHeaderGetRawXmin(tuple->t_data)))
			found = heap_copytuple(tuple);
	}
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
	return found;
}

/* The name that a schema had before the transaction, or NULL if it is the same. */
char *
schema_name_before(ReorderBufferTXN *txn, Oid namespace_oid)
{
	HeapTuple	tuple = find_replaced(txn, NamespaceRelationId, NamespaceOidIndexId,
									  Anum_pg_namespace_oid, namespace_oid);

	return tuple != NULL ? NameStr(((Form_pg_namespace) GETSTRUCT(tuple))->nspname) : NULL;
}

static ClassRow
copy_class_row(HeapTuple tuple, char *schema)
{
	Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);
	ClassRow	row;

	row.found = true;
	row.relkind = form->relkind;
	row.relpersistence = form->relpersistence;
	row.relispartition = form->relispartition;
	row.schema = schema;
	row.name = pstrdup(NameStr(form->relname));
	return row;
}

/* At the end of the transaction. */
ClassRow
class_row_now(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	ClassRow	row = {0};

	if (HeapTupleIsValid(tuple))
	{
		row = copy_class_row(tuple, get_namespace_name(((Form_pg_class) GETSTRUCT(tuple))->relnamespace));
		ReleaseSysCache(tuple);
	}
	return row;
}

/* Before the transaction. Not found: it was made by it, or has not changed, by name or otherwise. */
ClassRow
class_row_before(ReorderBufferTXN *txn, Oid relid)
{
	HeapTuple	tuple = find_replaced(txn, RelationRelationId, ClassOidIndexId,
									  Anum_pg_class_oid, relid);
	HeapTuple	now = NULL;
	ClassRow	row = {0};
	Oid			namespace_oid;
	char	   *schema;

	/* perhaps its schema has another name */
	if (tuple == NULL)
		now = SearchSysCacheCopy1(RELOID, ObjectIdGetDatum(relid));
	if (now != NULL && !is_own_xid(txn, HeapTupleHeaderGetRawXmin(now->t_data)))
		tuple = now;
	if (tuple == NULL)
		return row;

	namespace_oid = ((Form_pg_class) GETSTRUCT(tuple))->relnamespace;
	schema = schema_name_before(txn, namespace_oid);
	if (tuple == now && schema == NULL)
		return row;
	if (schema == NULL)
		schema = get_namespace_name(namespace_oid);
	return copy_class_row(tuple, schema);
}

/*
 * If a table, or its schema, had another name before the transaction: that name
 * as SQL has it; else NULL.
 */
char *
former_name(ReorderBufferTXN *txn, Oid relid)
{
	ClassRow	before = class_row_before(txn, relid);
	ClassRow	now = class_row_now(relid);

	if (!before.found || !now.found || before.schema == NULL || now.schema == NULL)
		return NULL;
	if (strcmp(before.name, now.name) == 0 && strcmp(before.schema, now.schema) == 0)
		return NULL;
	return quote_qualified_identifier(before.schema, before.name);
}
