/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  What differs between PostgreSQL 13 and 18, in one place.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DELTAFLOOD_COMPAT_H
#define DELTAFLOOD_COMPAT_H

#if PG_VERSION_NUM < 130000
#error "deltaflood needs PostgreSQL 13 or later"
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* The tuple of a change, or NULL. */
#if PG_VERSION_NUM >= 170000
#define ChangeTuple(buffer) (buffer)
#else
#define ChangeTuple(buffer) ((buffer) != NULL ? &(buffer)->tuple : NULL)
#endif

#if PG_VERSION_NUM >= 150000
#define TxnCommitTime(txn) ((txn)->xact_time.commit_time)
#else
#define TxnCommitTime(txn) ((txn)->commit_time)
#endif

/*
 * From 15 on the caller says whether the transaction was skipped, and from 16
 * on the server itself reports progress while changes are filtered away.
 */
#if PG_VERSION_NUM >= 150000
#define UpdateProgress(ctx, skipped) OutputPluginUpdateProgress(ctx, skipped)
#else
#define UpdateProgress(ctx, skipped) OutputPluginUpdateProgress(ctx)
#endif

/*
 * From 18 on attnotnull is also set by a NOT NULL constraint that is NOT VALID:
 * rows may still hold NULL.
 */
#if PG_VERSION_NUM >= 180000
#define ColumnIsNotNull(tupdesc, i) \
	(TupleDescAttr(tupdesc, i)->attnotnull && \
	 TupleDescCompactAttr(tupdesc, i)->attnullability != ATTNULLABLE_INVALID)
#else
#define ColumnIsNotNull(tupdesc, i) (TupleDescAttr(tupdesc, i)->attnotnull)
#endif

/* The table that a partition belongs to, also while it is being detached. */
#if PG_VERSION_NUM >= 140000
#define PartitionParent(relid) get_partition_parent(relid, true)
#else
#define PartitionParent(relid) get_partition_parent(relid)
#endif

/* Print a number and return how long it is; 13's functions do not return it. */
#if PG_VERSION_NUM >= 140000
#define PutInt32(to, number) pg_ltoa(number, to)
#define PutInt64(to, number) pg_lltoa(number, to)
#else
#define PutInt32(to, number) (pg_ltoa(number, to), strlen(to))
#define PutInt64(to, number) (pg_lltoa(number, to), strlen(to))
#endif

/* Statements as they are written, before names are looked up. */
#if PG_VERSION_NUM >= 140000
#define ParseRaw(sql) raw_parser(sql, RAW_PARSE_DEFAULT)
#else
#define ParseRaw(sql) raw_parser(sql)
#endif

/* Virtual generated columns came with 18; no tuple ever holds their value. */
#define GENERATED_VIRTUAL 'v'

#endif							/* DELTAFLOOD_COMPAT_H */
