/*-------------------------------------------------------------------------
 *
 * predicate.c
 *	  The rows of a table that are printed: the expression of its filter.
 *
 * What is allowed in it is what CREATE PUBLICATION allows in a row filter:
 * nothing that could give another result at another time, or that would look
 * into tables, since decoding sees none but the catalogs.
 *
 * The expression is looked up in the relation that has changed. A partition has
 * the columns of its root under the same names, so it needs no other row than
 * its own.
 *
 *-------------------------------------------------------------------------
 */
#include "deltaflood.h"

#include "access/transam.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/bitmapset.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_node.h"
#include "parser/parser.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

struct Predicate
{
	const Selection *selection;
	Bitmapset  *columns;		/* that it needs, as indexes into the tuple */
	TupleTableSlot *slot;
	ExprContext *econtext;
	ExprState  *state;
};

/* What is looked into for a name. */
typedef struct Scope
{
	const Selection *selection;
	const Lineage *lineage;
	int		   *map;
	Bitmapset  *columns;
} Scope;

/* What the parser reads is longer by this. */
#define PARSED_BEFORE "SELECT "

static void
tell_filter(void *arg)
{
	const Selection *selection = arg;
	int			position = geterrposition() - (int) strlen(PARSED_BEFORE);

	/* the place is one in the expression, not in what the client has sent */
	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(selection->where);
	}
	errcontext("filter of table \"%s\": %s", selection->table, selection->where);
}

static void
reject_predicate(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("invalid filter expression"),
			 errdetail_internal("%s", detail)));
}

/* The only schema and table that a column can be of are the filter's own. */
static const char *
column_of(const Selection *selection, ColumnRef *ref)
{
	int			n = list_length(ref->fields);

	for (int i = 0; i < n; i++)
	{
		if (!IsA(list_nth(ref->fields, i), String))
			reject_predicate("Whole rows are not allowed.");
	}
	if (n > 3 ||
		(n > 1 && strcmp(strVal(list_nth(ref->fields, n - 2)), selection->table) != 0) ||
		(n > 2 && strcmp(strVal(linitial(ref->fields)), selection->schema) != 0))
		reject_predicate("Columns of other tables are not allowed.");
	return strVal(llast(ref->fields));
}

static Node *
resolve_column(ParseState *pstate, ColumnRef *ref)
{
	Scope	   *scope = pstate->p_ref_hook_state;
	const char *wanted = column_of(scope->selection, ref);
	TupleDesc	shape = shape_descriptor(scope->lineage);
	TupleDesc	changed = RelationGetDescr(scope->lineage->changed);

	for (int i = 0; i < shape->natts; i++)
	{
		const char *name;
		Form_pg_attribute attr;

		if (scope->map[i] < 0)
			continue;
		name = selected_name(scope->selection, scope->lineage->table, TupleDescAttr(shape, i));
		if (name == NULL || strcmp(name, wanted) != 0)
			continue;
		attr = TupleDescAttr(changed, scope->map[i]);
		if (attr->attgenerated == GENERATED_VIRTUAL)
			reject_predicate("Virtual generated columns are not allowed.");
		scope->columns = bms_add_member(scope->columns, scope->map[i]);
		return (Node *) makeVar(1, attr->attnum, attr->atttypid, attr->atttypmod,
								attr->attcollation, 0);
	}
	reject_column(scope->selection, wanted);
	return NULL;				/* keep compiler quiet */
}

/* Must be found before names are looked up in it. */
static bool
reject_subqueries(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubLink))
		reject_predicate("Subqueries are not allowed.");
	return raw_expression_tree_walker(node, reject_subqueries, context);
}

/* The text as one expression and nothing else. */
static Node *
parse_expression(const char *text)
{
	/* without parentheses, which it could close */
	List	   *statements = ParseRaw(psprintf(PARSED_BEFORE "%s", text));
	SelectStmt *expected = makeNode(SelectStmt);
	SelectStmt *select;
	ResTarget  *target;

	if (list_length(statements) != 1)
		reject_predicate("One expression is expected.");
	select = (SelectStmt *) linitial_node(RawStmt, statements)->stmt;
	if (!IsA(select, SelectStmt))
		reject_predicate("One expression is expected.");
	expected->targetList = select->targetList;
	if (!equal(select, expected) || list_length(select->targetList) != 1)
		reject_predicate("One expression is expected.");
	target = linitial_node(ResTarget, select->targetList);
	if (target->name != NULL || target->indirection != NIL)
		reject_predicate("One expression is expected.");
	reject_subqueries(target->val, NULL);
	return target->val;
}

static bool
is_mutable_or_foreign(Oid function, void *context)
{
	return function >= FirstNormalObjectId ||
		func_volatile(function) != PROVOLATILE_IMMUTABLE;
}

/* Why a node is not allowed, by its kind alone; NULL if it is. */
static const char *
forbidden_kind(Node *node)
{
	switch (nodeTag(node))
	{
		case T_Var:
		case T_Const:
		case T_FuncExpr:
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
		case T_ScalarArrayOpExpr:
		case T_BoolExpr:
		case T_RelabelType:
		case T_CollateExpr:
		case T_CaseExpr:
		case T_CaseTestExpr:
		case T_ArrayExpr:
		case T_RowExpr:
		case T_RowCompareExpr:
		case T_CoalesceExpr:
		case T_MinMaxExpr:
		case T_XmlExpr:
		case T_NullTest:
		case T_BooleanTest:
			return NULL;
		default:
			return "Only columns, constants, built-in operators, built-in data types, built-in collations, and immutable built-in functions are allowed.";
	}
}

static bool
has_foreign_operator(Node *node)
{
	ListCell   *cell;

	if (IsA(node, OpExpr) || IsA(node, DistinctExpr) || IsA(node, NullIfExpr))
		return ((OpExpr *) node)->opno >= FirstNormalObjectId;
	if (IsA(node, ScalarArrayOpExpr))
		return ((ScalarArrayOpExpr *) node)->opno >= FirstNormalObjectId;
	if (!IsA(node, RowCompareExpr))
		return false;
	foreach(cell, ((RowCompareExpr *) node)->opnos)
	{
		if (lfirst_oid(cell) >= FirstNormalObjectId)
			return true;
	}
	return false;
}

static bool
reject_forbidden(Node *node, void *context)
{
	const char *reason;

	if (node == NULL)
		return false;
	if (IsA(node, List))
		return expression_tree_walker(node, reject_forbidden, context);
	reason = forbidden_kind(node);
	if (reason == NULL && has_foreign_operator(node))
		reason = "User-defined operators are not allowed.";
	if (reason == NULL && exprType(node) >= FirstNormalObjectId)
		reason = "User-defined types are not allowed.";
	if (reason == NULL && check_functions_in_node(node, is_mutable_or_foreign, NULL))
		reason = "User-defined or built-in mutable functions are not allowed.";
	if (reason == NULL && (exprCollation(node) >= FirstNormalObjectId ||
						   exprInputCollation(node) >= FirstNormalObjectId))
		reason = "User-defined collations are not allowed.";
	if (reason != NULL)
		reject_predicate(reason);
	return expression_tree_walker(node, reject_forbidden, context);
}

static Node *
analyze(Scope *scope)
{
	ParseState *pstate = make_parsestate(NULL);
	Node	   *expr;

	pstate->p_pre_columnref_hook = resolve_column;
	pstate->p_ref_hook_state = scope;
	expr = transformExpr(pstate, parse_expression(scope->selection->where), EXPR_KIND_WHERE);
	expr = coerce_to_boolean(pstate, expr, "WHERE");
	assign_expr_collations(pstate, expr);
	reject_forbidden(expr, NULL);
	free_parsestate(pstate);
	return expr;
}

/* Makes it in the context, with which it goes. An error names the filter. */
Predicate *
build_predicate(const Selection *selection, const Lineage *lineage, MemoryContext context)
{
	Scope		scope = {selection, lineage, map_columns(lineage), NULL};
	ErrorContextCallback callback = {error_context_stack, tell_filter, (void *) selection};
	TupleDesc	changed = RelationGetDescr(lineage->changed);
	Predicate  *predicate;
	MemoryContext old;
	EState	   *estate;
	Node	   *expr;

	error_context_stack = &callback;
	expr = analyze(&scope);
	old = MemoryContextSwitchTo(context);
	predicate = palloc0(sizeof(Predicate));
	predicate->selection = selection;
	predicate->columns = bms_copy(scope.columns);
	predicate->slot = MakeSingleTupleTableSlot(CreateTupleDescCopy(changed), &TTSOpsVirtual);
	estate = CreateExecutorState();
	predicate->econtext = GetPerTupleExprContext(estate);
	/* planning copies nodes, but not the values of constants: those would go with the change */
	predicate->state = ExecPrepareExpr(copyObject((Expr *) expr), estate);
	MemoryContextSwitchTo(old);
	error_context_stack = callback.previous;
	return predicate;
}

bool
predicate_needs(const Predicate *predicate, int attidx)
{
	return bms_is_member(attidx, predicate->columns);
}

/*
 * A large value that is in the TOAST table alone must not be looked for there.
 * What belongs to the replica identity comes with the change, so this is a row
 * that a server before the releases of February 2022 has written.
 */
static void
check_values(const Predicate *predicate, const Datum *values, const bool *nulls)
{
	TupleDesc	tupdesc = predicate->slot->tts_tupleDescriptor;
	int			i = -1;

	while ((i = bms_next_member(predicate->columns, i)) >= 0)
	{
		if (!nulls[i] && TupleDescAttr(tupdesc, i)->attlen == -1 &&
			VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(values[i])))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("the large value of column \"%s\" is not in the WAL",
							NameStr(TupleDescAttr(tupdesc, i)->attname))));
	}
}

/* Is the expression true for a row? NULL is not. */
static bool
row_matches(Predicate *predicate, const Datum *values, const bool *nulls)
{
	ErrorContextCallback callback = {error_context_stack, tell_filter, (void *) predicate->selection};
	TupleTableSlot *slot = predicate->slot;
	int			natts = slot->tts_tupleDescriptor->natts;
	bool		isnull;
	Datum		result;

	error_context_stack = &callback;
	check_values(predicate, values, nulls);
	ExecClearTuple(slot);
	memcpy(slot->tts_values, values, natts * sizeof(Datum));
	memcpy(slot->tts_isnull, nulls, natts * sizeof(bool));
	ExecStoreVirtualTuple(slot);
	predicate->econtext->ecxt_scantuple = slot;
	result = ExecEvalExprSwitchContext(predicate->state, predicate->econtext, &isnull);
	ExecClearTuple(slot);
	ResetExprContext(predicate->econtext);
	error_context_stack = callback.previous;
	return !isnull && DatumGetBool(result);
}

/* Takes from the old row what an update left as it was and did not bring. */
static void
complete_new_row(DeltaFlood *df, TupleDesc tupdesc)
{
	for (int i = 0; i < tupdesc->natts; i++)
	{
		if (TupleDescAttr(tupdesc, i)->attlen == -1 &&
			!df->new_nulls[i] && !df->old_nulls[i] &&
			VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(df->new_values[i])) &&
			!VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(df->old_values[i])))
			df->new_values[i] = df->old_values[i];
	}
}

/*
 * What readers see of the current change of a relation with a filter: an update
 * may bring a row in, or take it away. False: they see nothing of it.
 */
bool
select_change(DeltaFlood *df, RelationEntry *entry, enum ReorderBufferChangeType *action)
{
	Predicate  *predicate = entry->predicate;
	bool		was_in;
	bool		is_in;

	if (*action != REORDER_BUFFER_CHANGE_INSERT && entry->identity_problem != NULL)
		report_identity_problem(entry);
	if (predicate == NULL)
		return true;
	/* without an old row, what the expression needs is the same in the new one */
	if (!df->has_new || !df->has_old)
	{
		if (df->has_new)
			return row_matches(predicate, df->new_values, df->new_nulls);
		return df->has_old && row_matches(predicate, df->old_values, df->old_nulls);
	}
	complete_new_row(df, predicate->slot->tts_tupleDescriptor);
	was_in = row_matches(predicate, df->old_values, df->old_nulls);
	is_in = row_matches(predicate, df->new_values, df->new_nulls);
	if (is_in && !was_in)
		*action = REORDER_BUFFER_CHANGE_INSERT;
	else if (was_in && !is_in)
		*action = REORDER_BUFFER_CHANGE_DELETE;
	return was_in || is_in;
}

/*
 * Does a row that came in lack a large value? Other columns than those of the
 * replica identity are not in the WAL if the update left them as they were.
 */
bool
lacks_values(const DeltaFlood *df, const RelationEntry *entry)
{
	for (int i = 0; i < entry->ncolumns; i++)
	{
		const Column *column = &entry->columns[i];

		if (column->is_varlena && !df->new_nulls[column->attidx] &&
			VARATT_IS_EXTERNAL_ONDISK(DatumGetPointer(df->new_values[column->attidx])))
			return true;
	}
	return false;
}
