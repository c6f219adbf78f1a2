/*-------------------------------------------------------------------------
 *
 * cache.c
 *	  What is known of each relation, kept until the catalogs change.
 *
 * Invalidations arrive at any moment, also while a change is being printed: an
 * output function may look into a catalog. So they only clear a flag; an entry
 * is built anew, and its memory given back, at the start of the next change.
 *
 *-------------------------------------------------------------------------
 */
#include "deltaflood.h"

#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/* Number of entries below which none is thrown away. */
#define SWEEP_MINIMUM 1024

/*
 * The cache that invalidations go to. They cannot be unregistered, so they
 * outlive the decoding context; a backend decodes one slot at a time.
 */
static DeltaFlood *current = NULL;

static void
forget_cache(void *arg)
{
	if (current == arg)
		current = NULL;
}

/* Clears the entries that are about a table, or about all if table is InvalidOid. */
static void
invalidate_entries(Oid table)
{
	HASH_SEQ_STATUS status;
	RelationEntry *entry;

	hash_seq_init(&status, current->entries);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		if (!OidIsValid(table) || entry->original_oid == table ||
			(entry->shape != NULL && entry->shape->table_oid == table))
			entry->valid = false;
	}
}

static void
relation_changed(Datum arg, Oid relid)
{
	RelationEntry *entry;
	TableShape *shape;

	if (current == NULL)
		return;
	if (!OidIsValid(relid))
	{
		invalidate_entries(InvalidOid);
		return;
	}
	entry = hash_search(current->entries, &relid, HASH_FIND, NULL);
	if (entry != NULL)
		entry->valid = false;

	/* other relations may be printed as this one */
	shape = hash_search(current->shapes, &relid, HASH_FIND, NULL);
	if (shape != NULL && shape->indirect)
		invalidate_entries(relid);
}

static void
namespace_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	if (current != NULL)
		invalidate_entries(InvalidOid);
}

/* Every new table has new types, so look closer than at namespaces. */
static void
type_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	HASH_SEQ_STATUS status;
	RelationEntry *entry;

	if (current == NULL)
		return;
	hash_seq_init(&status, current->entries);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		for (int i = 0; i < entry->ntypes && entry->valid; i++)
		{
			if (hashvalue == 0 || entry->type_hashes[i] == hashvalue)
				entry->valid = false;
		}
	}
}

static void
register_invalidation(void)
{
	static bool registered = false;

	if (registered)
		return;
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, namespace_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(TYPEOID, type_changed, (Datum) 0);
	registered = true;
}

static HTAB *
make_hash(MemoryContext context, const char *name, Size entry_size)
{
	HASHCTL		ctl;

	memset(&ctl, 0, sizeof(ctl));
	ctl.keysize = sizeof(Oid);
	ctl.entrysize = entry_size;
	ctl.hcxt = context;
	return hash_create(name, 128, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* Makes the cache. It goes with df->cache_context, however that ends. */
void
open_cache(DeltaFlood *df)
{
	MemoryContextCallback *callback;

	df->entries = make_hash(df->cache_context, "deltaflood relations",
							sizeof(RelationEntry));
	df->shapes = make_hash(df->cache_context, "deltaflood shapes",
						   sizeof(TableShape));
	df->sweep_at = SWEEP_MINIMUM;

	callback = MemoryContextAlloc(df->cache_context, sizeof(MemoryContextCallback));
	callback->func = forget_cache;
	callback->arg = df;
	MemoryContextRegisterResetCallback(df->cache_context, callback);
	current = df;
	register_invalidation();
}

static void
rebuild_entry(DeltaFlood *df, RelationEntry *entry, Relation relation)
{
	if (entry->context == NULL)
		entry->context = AllocSetContextCreate(df->cache_context,
											   "deltaflood relation",
											   ALLOCSET_SMALL_SIZES);
	else
		MemoryContextReset(entry->context);
	if (entry->shape != NULL)
		entry->shape->references--;
	entry->shape = NULL;
	entry->ntypes = 0;
	entry->original_oid = entry->relid;

	/*
	 * Valid from here on, not from the end on: an invalidation that comes
	 * while we build is about what we may have read already.
	 */
	entry->valid = true;
	build_entry(df, entry, relation);
}

/*
 * What is known of a relation. The result lives until the next call of
 * find_entry or sweep_cache.
 */
RelationEntry *
find_entry(DeltaFlood *df, Relation relation)
{
	Oid			relid = RelationGetRelid(relation);
	RelationEntry *entry = df->last;
	bool		found;

	if (entry == NULL || entry->relid != relid)
	{
		entry = hash_search(df->entries, &relid, HASH_ENTER, &found);
		if (!found)
		{
			memset(entry, 0, sizeof(RelationEntry));
			entry->relid = relid;
		}
		df->last = entry;
	}
	if (!entry->valid || entry->natts != RelationGetDescr(relation)->natts)
		rebuild_entry(df, entry, relation);
	return entry;
}

/*
 * Throws away entries that are no longer valid, among them those of dropped
 * tables, once there are many. To be called between transactions.
 */
void
sweep_cache(DeltaFlood *df)
{
	HASH_SEQ_STATUS status;
	RelationEntry *entry;
	TableShape *shape;

	if (hash_get_num_entries(df->entries) < df->sweep_at)
		return;

	df->last = NULL;
	hash_seq_init(&status, df->entries);
	while ((entry = hash_seq_search(&status)) != NULL)
	{
		if (entry->valid)
			continue;
		if (entry->shape != NULL)
			entry->shape->references--;
		MemoryContextDelete(entry->context);
		hash_search(df->entries, &entry->relid, HASH_REMOVE, NULL);
	}
	hash_seq_init(&status, df->shapes);
	while ((shape = hash_seq_search(&status)) != NULL)
	{
		if (shape->references == 0)
			hash_search(df->shapes, &shape->table_oid, HASH_REMOVE, NULL);
	}
	df->sweep_at = Max(SWEEP_MINIMUM, 2 * hash_get_num_entries(df->entries));
}
