/*-------------------------------------------------------------------------
 *
 * options.c
 *	  The options that a client gives when it starts decoding.
 *
 *-------------------------------------------------------------------------
 */
#include "deltaflood.h"

#include "nodes/parsenodes.h"
#include "utils/builtins.h"

typedef enum OptionType
{
	OPTION_BOOL,
	OPTION_STRING,
	OPTION_BYTES
} OptionType;

/* Which of the two formats an option is for. */
typedef enum OptionUse
{
	USE_BOTH,
	USE_LEGACY,
	USE_MIRROR
} OptionUse;

typedef struct OptionDef
{
	const char *name;
	OptionType	type;
	OptionUse	use;
	size_t		offset;			/* in DeltaFloodOptions */
} OptionDef;

#define FIELD(name) offsetof(DeltaFloodOptions, name)

static const OptionDef option_defs[] = {
	{"include-xids", OPTION_BOOL, USE_LEGACY, FIELD(include_xids)},
	{"include-oids", OPTION_BOOL, USE_LEGACY, FIELD(include_oids)},
	{"include-lsn", OPTION_BOOL, USE_LEGACY, FIELD(include_lsn)},
	{"full-name", OPTION_BOOL, USE_LEGACY, FIELD(full_name)},
	{"skip-nulls", OPTION_BOOL, USE_LEGACY, FIELD(skip_nulls)},
	{"escape-chars", OPTION_BOOL, USE_LEGACY, FIELD(escape_chars)},
	{"escape-unicode", OPTION_BOOL, USE_BOTH, FIELD(escape_unicode)},
	{"convert-bool", OPTION_BOOL, USE_LEGACY, FIELD(convert_bool)},
	{"only-local", OPTION_BOOL, USE_BOTH, FIELD(only_local)},
	{"null", OPTION_STRING, USE_LEGACY, FIELD(null)},
	{"separator", OPTION_STRING, USE_LEGACY, FIELD(separator)},
	{"tables", OPTION_STRING, USE_BOTH, FIELD(tables)},
	{"mirror", OPTION_BOOL, USE_BOTH, FIELD(mirror)},
	{"partition-root", OPTION_BOOL, USE_MIRROR, FIELD(partition_root)},
	{"ddl", OPTION_BOOL, USE_MIRROR, FIELD(ddl)},
	{"filters", OPTION_STRING, USE_MIRROR, FIELD(filters)},
	{"check-filters", OPTION_BOOL, USE_MIRROR, FIELD(check_filters)},
	{"heartbeat", OPTION_BOOL, USE_MIRROR, FIELD(heartbeat)},
	{"batch-size", OPTION_BYTES, USE_BOTH, FIELD(batch_size)},
};

static const DeltaFloodOptions default_options = {
	.include_xids = true,
	.include_oids = true,
	.skip_nulls = true,
	.escape_chars = true,
	.convert_bool = true,
	.ddl = true,
	.null = "NULL",
	.separator = "\t",
};

/* A batch is a message, which must stay far below the limit of a StringInfo. */
#define MAX_BATCH_SIZE (64 * 1024 * 1024)

static const OptionDef *
find_option(const char *name, const char *value)
{
	StringInfoData names;

	for (int i = 0; i < (int) lengthof(option_defs); i++)
	{
		if (strcmp(option_defs[i].name, name) == 0)
			return &option_defs[i];
	}

	initStringInfo(&names);
	for (int i = 0; i < (int) lengthof(option_defs); i++)
		appendStringInfo(&names, "%s%s", i > 0 ? ", " : "", option_defs[i].name);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unrecognized deltaflood option \"%s\" with value \"%s\"",
					name, value != NULL ? value : ""),
			 errhint("Valid options are: %s.", names.data)));
	return NULL;				/* keep compiler quiet */
}

static void
reject_value(const OptionDef *def, const char *value, const char *expected)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value \"%s\" for deltaflood option \"%s\": expected %s",
					value != NULL ? value : "", def->name, expected)));
}

static void
set_option(DeltaFloodOptions *options, const OptionDef *def, const char *value)
{
	void	   *field = (char *) options + def->offset;
	int64		bytes;
	char	   *end;

	switch (def->type)
	{
		case OPTION_BOOL:
			/* an option without a value is switched on */
			if (value == NULL)
				*(bool *) field = true;
			else if (!parse_bool(value, (bool *) field))
				reject_value(def, value, "a Boolean");
			break;
		case OPTION_STRING:
			if (value == NULL)
				reject_value(def, value, "a string");
			*(char **) field = pstrdup(value);
			break;
		case OPTION_BYTES:
			errno = 0;
			bytes = value != NULL ? strtol(value, &end, 10) : -1;
			if (bytes < 0 || bytes > MAX_BATCH_SIZE || errno != 0 ||
				end == value || *end != '\0')
				reject_value(def, value, "a number of bytes from 0 to 67108864");
			*(int *) field = (int) bytes;
			break;
	}
}

/* Options of one format mean nothing in the other: say so. */
static void
check_use(const OptionDef *def, const DeltaFloodOptions *options)
{
	if (options->mirror && def->use == USE_LEGACY)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("deltaflood option \"%s\" cannot be combined with option \"mirror\"",
						def->name)));
	if (!options->mirror && def->use == USE_MIRROR)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("deltaflood option \"%s\" requires option \"mirror\"",
						def->name)));
}

/*
 * Fills *options from a list of DefElem. Strings are allocated in the current
 * memory context. Raises an error that names the option and the value.
 */
void
parse_options(List *elements, DeltaFloodOptions *options)
{
	ListCell   *cell;

	*options = default_options;
	foreach(cell, elements)
	{
		DefElem    *elem = lfirst(cell);
		char	   *value = elem->arg != NULL ? strVal(elem->arg) : NULL;

		set_option(options, find_option(elem->defname, value), value);
	}

	foreach(cell, elements)
	{
		DefElem    *elem = lfirst(cell);

		check_use(find_option(elem->defname, NULL), options);
	}
	options->ddl = options->ddl && options->mirror;
}
