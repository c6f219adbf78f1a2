/*-------------------------------------------------------------------------
 *
 * filter.c
 *	  Which tables are printed: option "tables".
 *
 * The original's list holds bare names, taken literally and looked up in any
 * schema. In mirror mode it holds names as SQL has them:
 *
 *		flights, ops.crew, "Odd Name", ops.*, *
 *
 * A name without a schema is in public.
 *
 *-------------------------------------------------------------------------
 */
#include "deltaflood.h"

#include "parser/scansup.h"

/* NULL stands for any name. */
typedef struct TablePattern
{
	char	   *schema;
	char	   *table;
} TablePattern;

struct TableFilter
{
	List	   *patterns;
};

static void
add_pattern(struct TableFilter *filter, char *schema, char *table)
{
	TablePattern *pattern = palloc(sizeof(TablePattern));

	pattern->schema = schema;
	pattern->table = table;
	filter->patterns = lappend(filter->patterns, pattern);
}

struct TableFilter *
make_legacy_filter(const char *list)
{
	struct TableFilter *filter = palloc0(sizeof(struct TableFilter));
	const char *comma;

	while ((comma = strchr(list, ',')) != NULL)
	{
		add_pattern(filter, NULL, pnstrdup(list, comma - list));
		list = comma + 1;
	}
	add_pattern(filter, NULL, pstrdup(list));
	return filter;
}

static const char *
skip_space(const char *s)
{
	while (scanner_isspace(*s))
		s++;
	return s;
}

/* Reads a quoted name; s is behind the opening quote. Returns NULL if it has no end. */
static const char *
read_quoted(const char *s, StringInfo name)
{
	for (; *s != '\0'; s++)
	{
		if (*s == '"' && *++s != '"')
			return s;
		appendStringInfoChar(name, *s);
	}
	return NULL;
}

/*
 * Reads one name and the space around it. Sets *name to NULL for a star.
 * Returns where it ends, or NULL if there is no name.
 */
static const char *
read_name(const char *s, char **name)
{
	StringInfoData text;
	const char *start;

	s = skip_space(s);
	*name = NULL;
	if (*s == '*')
		return skip_space(s + 1);

	initStringInfo(&text);
	if (*s == '"')
	{
		s = read_quoted(s + 1, &text);
		if (s == NULL || text.len == 0)
			return NULL;
		*name = text.data;
	}
	else
	{
		start = s;
		while (*s != '\0' && strchr(".,\"*", *s) == NULL && !scanner_isspace(*s))
			s++;
		if (s == start)
			return NULL;
		*name = downcase_identifier(start, s - start, false, false);
	}
	return skip_space(s);
}

/*
 * Reads a name with or without a schema: NULL stands for a star, and both are
 * NULL for one alone. Returns where it ends, or NULL.
 */
static const char *
read_qualified(const char *s, char **schema, char **table)
{
	*schema = NULL;
	s = read_name(s, table);
	if (s != NULL && *s == '.' && *table != NULL)
	{
		*schema = *table;
		s = read_name(s + 1, table);
	}
	else if (*table != NULL)
		*schema = pstrdup("public");
	return s;
}

/* Is the text the name of one table? */
bool
parse_table_name(const char *text, char **schema, char **table)
{
	const char *end = read_qualified(text, schema, table);

	return end != NULL && *end == '\0' && *table != NULL;
}

struct TableFilter *
make_mirror_filter(const char *list)
{
	struct TableFilter *filter = palloc0(sizeof(struct TableFilter));
	const char *s = list;

	for (;;)
	{
		char	   *schema;
		char	   *table;
		const char *item = s;

		s = read_qualified(s, &schema, &table);

		if (s == NULL || (*s != ',' && *s != '\0'))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("invalid value \"%s\" for deltaflood option \"tables\": expected names separated by commas, got \"%s\"",
							list, skip_space(item)),
					 errhint("A name is a table, schema.table, schema.* or *.")));
		add_pattern(filter, schema, table);
		if (*s == '\0')
			return filter;
		s++;
	}
}

bool
filter_matches(const struct TableFilter *filter, const char *schema, const char *table)
{
	ListCell   *cell;

	if (filter == NULL)
		return true;
	foreach(cell, filter->patterns)
	{
		TablePattern *pattern = lfirst(cell);

		if ((pattern->schema == NULL || strcmp(pattern->schema, schema) == 0) &&
			(pattern->table == NULL || strcmp(pattern->table, table) == 0))
			return true;
	}
	return false;
}
