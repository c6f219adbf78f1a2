/*-------------------------------------------------------------------------
 *
 * deltaflood.h
 *	  What the files of the plugin share.
 *
 * The way of a change: the callbacks (deltaflood.c) look up what is known of
 * its relation (cache.c, built in relation.c), announce the relation's shape
 * when it is new (shape.c) and print one or two lines (line.c) of key-value
 * pairs (value.c, escape.c). Rewritten tables take a detour (rewrite.c). What a
 * transaction did to tables is told at its end (ddl.c). A table may have a filter
 * of columns and rows (selection.c, predicate.c).
 *
 * Memory: a DeltaFlood lives as long as the decoding context. What one change
 * needs is allocated in change_context, which is reset after each change.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DELTAFLOOD_H
#define DELTAFLOOD_H

/* Before 16, postgres.h does not mark what a module exports. */
#if defined(__GNUC__) && !defined(WIN32)
#define PGDLLEXPORT __attribute__((visibility("default")))
#endif

#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "replication/logical.h"
#include "replication/output_plugin.h"
#include "utils/hsearch.h"
#include "utils/rel.h"

#include "compat.h"

/* The schema that pg_deltamirror keeps its own tables in; never printed. */
#define OWN_SCHEMA "deltamirror"

/* Appends text as the options say: as it is, escaped, or escaped to ASCII. */
typedef void (*TextAppender) (StringInfo out, const char *text, Size len);

typedef struct DeltaFloodOptions
{
	/* the original's */
	bool		include_xids;
	bool		include_oids;	/* tables have no OIDs since PostgreSQL 12 */
	bool		include_lsn;
	bool		full_name;
	bool		skip_nulls;
	bool		escape_chars;
	bool		escape_unicode;
	bool		convert_bool;
	bool		only_local;
	char	   *null;
	char	   *separator;
	char	   *tables;

	/* ours */
	bool		mirror;
	bool		partition_root;
	bool		heartbeat;
	bool		ddl;
	char	   *filters;
	bool		check_filters;
	int			batch_size;		/* bytes; 0 means a message for each line */
} DeltaFloodOptions;

/* How a column's values are printed; everything else is VALUE_GENERIC. */
typedef enum ValueKind
{
	VALUE_GENERIC,
	VALUE_BOOL,
	VALUE_INT2,
	VALUE_INT4,
	VALUE_INT8,
	VALUE_OID,
	VALUE_FLOAT4,
	VALUE_FLOAT8,
	VALUE_TEXT,
	VALUE_BYTEA,
	VALUE_UUID,
	VALUE_DATE,
	VALUE_TIMESTAMP,
	VALUE_TIMESTAMPTZ
} ValueKind;

/* The columns and rows of a table that are printed. */
typedef struct Selection
{
	char	   *schema;
	char	   *table;
	bool		has_columns;	/* else all of them */
	List	   *columns;		/* names */
	char	   *where;			/* NULL: all rows */
	Oid			relid;			/* whose column numbers these are; or InvalidOid */
	List	   *names;
	List	   *numbers;		/* beside the names */
} Selection;

typedef struct Predicate Predicate;

/* A column as lines show it. */
typedef struct Column
{
	int			attidx;			/* index into the deformed tuple */
	ValueKind	kind;
	bool		is_varlena;
	bool		in_identity;	/* part of the replica identity */
	int			key_len;
	char	   *key;			/* separator, escaped name, separator; padded */
	FmgrInfo	output;			/* the type's output function */
} Column;

/*
 * What readers have been told of a table. The key is the OID of the table that
 * lines name: for a partition that may be the root, for the new heap of a
 * rewritten table it is that table.
 */
typedef struct TableShape
{
	Oid			table_oid;		/* hash key; must be first */
	uint64		printed;		/* hash of the last relation line, or 0 */
	int			references;		/* entries that point here */
	bool		indirect;		/* some entry is for another relation */
	TransactionId rewrite_xid;	/* transaction of the rewrite under way */
	List	   *rewritten;		/* partitions that it has rewritten */
} TableShape;

/* What is known of a relation that changes name. */
typedef struct RelationEntry
{
	Oid			relid;			/* hash key; must be first */
	bool		valid;			/* cleared by invalidation, at any moment */
	Oid			original_oid;	/* relid, or the table being rewritten */
	bool		included;		/* is it printed? */
	bool		is_partition;	/* printed under another table's name, if at all */
	bool		full;			/* REPLICA IDENTITY FULL */
	int			natts;			/* of the tuple descriptor */
	int			ncolumns;
	Column	   *columns;
	int			head_len;
	char	   *head;			/* the line up to and with the table's name; padded */
	char	   *original_name;	/* escaped */
	uint64		shape_hash;
	TableShape *shape;			/* NULL unless mirror */
	int			ntypes;
	uint32	   *type_hashes;	/* user-defined types of the columns */
	Predicate  *predicate;		/* which rows are printed; NULL: all */
	char	   *identity_problem;	/* why updates cannot be filtered, or NULL */
	TransactionId rewrite_xid;	/* transaction that saw its first new row */
	TransactionId own_name_xid; /* last one with a change printed under its own name */
	TransactionId root_name_xid;	/* the same, under the root's */
	TransactionId passed_over_xid;	/* last one with a change that was not printed */
	MemoryContext context;		/* holds all of the above */
} RelationEntry;

/*
 * The relations behind a change. All the same, but for the new heap of a table
 * being rewritten (changed differs from original) and for partitions that are
 * printed as their root (table differs from original).
 */
typedef struct Lineage
{
	Relation	changed;
	Relation	original;
	Relation	table;
} Lineage;

typedef struct DeltaFlood
{
	DeltaFloodOptions options;
	TextAppender append_text;
	char	   *null_text;		/* padded; NULL: columns that are null are left out */
	int			null_len;
	char	   *action_key;		/* separator, "_action", separator; padded */
	int			action_key_len;
	struct TableFilter *filter; /* NULL: everything */
	List	   *selections;		/* of Selection */

	MemoryContext change_context;
	MemoryContext cache_context;
	HTAB	   *entries;		/* RelationEntry by relid */
	HTAB	   *shapes;			/* TableShape by table_oid */
	RelationEntry *last;		/* of the last change */
	long		sweep_at;		/* number of entries that calls for a sweep */

	/* the current transaction */
	TransactionId xid;
	bool		printed;		/* it has lines */
	int			quiet_changes;	/* since something was written */
	StringInfoData ids;			/* xid and LSN pairs of its lines; padded */

	StringInfoData lines;		/* finished lines, not yet written, after room for: */
	int			header_len;		/* what the server starts its messages with */

	/* the current change's rows, as far as they came */
	bool		has_new;
	bool		has_old;
	Datum	   *new_values;
	bool	   *new_nulls;
	Datum	   *old_values;
	bool	   *old_nulls;
} DeltaFlood;

/* A row of pg_class, as far as it matters here. */
typedef struct ClassRow
{
	bool		found;
	char		relkind;
	char		relpersistence;
	bool		relispartition;
	char	   *schema;
	char	   *name;
} ClassRow;

/*
 * Makes room for some bytes more, and for a NUL. Like enlargeStringInfo and
 * appendBinaryStringInfo, these are called for each column of each row, so the
 * common case, that there is room, must not cost a call.
 */
static inline void
reserve_bytes(StringInfo out, int needed)
{
	if (out->maxlen - out->len <= needed)
		enlargeStringInfo(out, needed);
}

static inline void
append_bytes(StringInfo out, const char *bytes, int len)
{
	reserve_bytes(out, len);
	memcpy(out->data + out->len, bytes, len);
	out->len += len;
}

/* Padded text may be read up to this many bytes beyond its end. */
#define TEXT_PADDING 16

/*
 * The same for padded text, which is short and whose length the compiler does
 * not know: a few words copied here cost less than a call of memcpy.
 */
static inline void
append_padded(StringInfo out, const char *text, int len)
{
	char	   *to;

	reserve_bytes(out, len + TEXT_PADDING);
	to = out->data + out->len;
	out->len += len;
	for (; len > 0; len -= TEXT_PADDING)
	{
		memcpy(to, text, TEXT_PADDING);
		to += TEXT_PADDING;
		text += TEXT_PADDING;
	}
}

static inline bool
has_lines(const DeltaFlood *df)
{
	return df->lines.len > df->header_len;
}

/* options.c */
extern void parse_options(List *elements, DeltaFloodOptions *options);

/* filter.c */
extern struct TableFilter *make_legacy_filter(const char *list);
extern struct TableFilter *make_mirror_filter(const char *list);
extern bool filter_matches(const struct TableFilter *filter,
						   const char *schema, const char *table);
extern bool parse_table_name(const char *text, char **schema, char **table);

/* selection.c */
extern List *parse_selections(const char *text);
extern void check_selections(DeltaFlood *df);
extern Selection *find_selection_of(const DeltaFlood *df, Oid relid,
									const char *schema, const char *table);
extern Selection *find_selection(const DeltaFlood *df, Relation table);
extern const char *selected_name(const Selection *selection, Relation table,
								 Form_pg_attribute attr);
extern void reject_column(const Selection *selection, const char *column);
extern int *map_selected_columns(const DeltaFlood *df, const Lineage *lineage);
extern void build_selection(const DeltaFlood *df, RelationEntry *entry,
							const Lineage *lineage);
extern void report_identity_problem(const RelationEntry *entry);

/* predicate.c */
extern Predicate *build_predicate(const Selection *selection, const Lineage *lineage,
								  MemoryContext context);
extern bool predicate_needs(const Predicate *predicate, int attidx);
extern bool select_change(DeltaFlood *df, RelationEntry *entry,
						  enum ReorderBufferChangeType *action);
extern bool lacks_values(const DeltaFlood *df, const RelationEntry *entry);

/* escape.c */
extern void append_raw(StringInfo out, const char *text, Size len);
extern void append_escaped(StringInfo out, const char *text, Size len);
extern void append_ascii(StringInfo out, const char *text, Size len);
extern char *escape_name(const DeltaFlood *df, const char *name);
extern char *escape_column_name(const DeltaFlood *df, const char *name);

/* value.c */
extern ValueKind value_kind(const DeltaFlood *df, Oid type);
extern char *value_text(Oid type, Datum value);
extern void append_value(DeltaFlood *df, Column *column, Datum value);

/* cache.c */
extern void open_cache(DeltaFlood *df);
extern RelationEntry *find_entry(DeltaFlood *df, Relation relation);
extern void sweep_cache(DeltaFlood *df);

/* relation.c */
extern void open_lineage(const DeltaFlood *df, Relation changed, Lineage *lineage);
extern void close_lineage(Lineage *lineage);
extern int *map_columns(const Lineage *lineage);
extern int *identity_positions(const Lineage *lineage);
extern int *key_positions(const Lineage *lineage, const int *map);
extern int *primary_key_positions(const Lineage *lineage);
extern void build_entry(DeltaFlood *df, RelationEntry *entry, Relation relation);

extern char *table_head(const DeltaFlood *df, const char *schema, const char *name);

/* shape.c */
extern TupleDesc shape_descriptor(const Lineage *lineage);
extern uint64 hash_shape(const DeltaFlood *df, const Lineage *lineage,
						 const RelationEntry *entry);
extern void announce_shape(LogicalDecodingContext *ctx, ReorderBufferTXN *txn,
						   RelationEntry *entry, Relation relation);

/* line.c */
extern char *pad_text(MemoryContext context, const char *text);
extern void begin_line(DeltaFlood *df, const RelationEntry *entry,
					   const char *pairs, const char *action);
extern void begin_line_with_head(DeltaFlood *df, const char *head, int head_len,
								 const char *pairs, const char *action);
extern void end_line(LogicalDecodingContext *ctx);
extern void flush_lines(LogicalDecodingContext *ctx);
extern void print_new_row(LogicalDecodingContext *ctx, RelationEntry *entry,
						  const char *action);
extern void print_old_row(LogicalDecodingContext *ctx, RelationEntry *entry,
						  const char *action);
extern void print_gap(LogicalDecodingContext *ctx, RelationEntry *entry);
extern void print_truncate(LogicalDecodingContext *ctx, RelationEntry *entry,
						   const char *partition);
extern void print_commit(LogicalDecodingContext *ctx, ReorderBufferTXN *txn);

/* history.c */
extern bool is_own_xid(ReorderBufferTXN *txn, TransactionId xid);
extern bool has_changed_cache(ReorderBufferTXN *txn, int cache);
extern List *changed_relations(ReorderBufferTXN *txn);
extern HeapTuple find_replaced(ReorderBufferTXN *txn, Oid catalog, Oid index,
							   AttrNumber column, Oid key);
extern char *schema_name_before(ReorderBufferTXN *txn, Oid namespace_oid);
extern ClassRow class_row_before(ReorderBufferTXN *txn, Oid relid);
extern ClassRow class_row_now(Oid relid);
extern char *former_name(ReorderBufferTXN *txn, Oid relid);

/* ddl.c */
extern void tell_tables(LogicalDecodingContext *ctx, ReorderBufferTXN *txn);

/* rewrite.c */
extern void end_rewrite(RelationEntry *entry);
extern void begin_rewrite(LogicalDecodingContext *ctx, ReorderBufferTXN *txn,
						  RelationEntry *entry);

/* types.c */
extern List *restated_tables(ReorderBufferTXN *txn, List *changed);

#endif							/* DELTAFLOOD_H */
