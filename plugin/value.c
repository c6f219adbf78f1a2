/*-------------------------------------------------------------------------
 *
 * value.c
 *	  A column's value into a line, as the type's output function prints it.
 *
 * The commonest types are printed here without calling that function. What is
 * rare in them (years out of 1 to 9999, other date styles) goes to it as well.
 *
 *-------------------------------------------------------------------------
 */
#include "deltaflood.h"

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/bytea.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/* The longest that a value of fixed length can become here. */
#define FIXED_ROOM 64

static const char hex_digits[] = "0123456789abcdef";

/*
 * How values of a type are printed. The original converts booleans, but not
 * domains over them; a mirror takes a domain as its base type.
 */
ValueKind
value_kind(const DeltaFlood *df, Oid type)
{
	if (df->options.mirror)
		type = getBaseType(type);

	switch (type)
	{
		case BOOLOID:
			return df->options.convert_bool ? VALUE_BOOL : VALUE_GENERIC;
		case INT2OID:
			return VALUE_INT2;
		case INT4OID:
			return VALUE_INT4;
		case INT8OID:
			return VALUE_INT8;
		case OIDOID:
			return VALUE_OID;
		case FLOAT4OID:
			return VALUE_FLOAT4;
		case FLOAT8OID:
			return VALUE_FLOAT8;
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case JSONOID:
			return VALUE_TEXT;
		case BYTEAOID:
			return VALUE_BYTEA;
		case UUIDOID:
			return VALUE_UUID;
		case DATEOID:
			return VALUE_DATE;
		case TIMESTAMPOID:
			return VALUE_TIMESTAMP;
		case TIMESTAMPTZOID:
			return VALUE_TIMESTAMPTZ;
		default:
			return VALUE_GENERIC;
	}
}

/*
 * A value as text, the way a mirror's lines show it but not yet escaped. For
 * the rare value that belongs to a column, not to a row.
 */
char *
value_text(Oid type, Datum value)
{
	Oid			output;
	bool		is_varlena;

	if (getBaseType(type) == BOOLOID)
		return DatumGetBool(value) ? "1" : "0";
	getTypeOutputInfo(type, &output, &is_varlena);
	return OidOutputFunctionCall(output, value);
}

static void
append_generic(DeltaFlood *df, Column *column, Datum value)
{
	char	   *text = OutputFunctionCall(&column->output, value);

	df->append_text(&df->lines, text, strlen(text));
}

static void
append_varlena_text(DeltaFlood *df, Datum value)
{
	struct varlena *text = (struct varlena *) DatumGetPointer(value);

	/* pg_detoast_datum_packed itself would find out, in a call */
	if (VARATT_IS_COMPRESSED(text) || VARATT_IS_EXTERNAL(text))
		text = pg_detoast_datum_packed(text);
	df->append_text(&df->lines, VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text));
}

static char *
put_hex(char *to, const unsigned char *bytes, Size len)
{
	for (Size i = 0; i < len; i++)
	{
		*to++ = hex_digits[bytes[i] >> 4];
		*to++ = hex_digits[bytes[i] & 15];
	}
	return to;
}

static void
append_bytea(DeltaFlood *df, Column *column, Datum value)
{
	StringInfo	out = &df->lines;
	struct varlena *bytes;
	char	   *end;

	if (bytea_output != BYTEA_OUTPUT_HEX)
	{
		append_generic(df, column, value);
		return;
	}
	bytes = pg_detoast_datum_packed((struct varlena *) DatumGetPointer(value));
	df->append_text(out, "\\x", 2);
	reserve_bytes(out, 2 * VARSIZE_ANY_EXHDR(bytes));
	end = put_hex(out->data + out->len, (unsigned char *) VARDATA_ANY(bytes),
				  VARSIZE_ANY_EXHDR(bytes));
	out->len = end - out->data;
}

static char *
put_uuid(char *to, const pg_uuid_t *uuid)
{
	to = put_hex(to, uuid->data, 4);
	*to++ = '-';
	to = put_hex(to, uuid->data + 4, 2);
	*to++ = '-';
	to = put_hex(to, uuid->data + 6, 2);
	*to++ = '-';
	to = put_hex(to, uuid->data + 8, 2);
	*to++ = '-';
	return put_hex(to, uuid->data + 10, 6);
}

static inline char *
put_two_digits(char *to, int number)
{
	*to++ = '0' + number / 10;
	*to++ = '0' + number % 10;
	return to;
}

/* YYYY-MM-DD. Returns NULL for a year that is not written with four digits. */
static char *
put_date(char *to, int julian_day)
{
	int			year,
				month,
				day;

	j2date(julian_day, &year, &month, &day);
	if (year < 1 || year > 9999)
		return NULL;
	to = put_two_digits(to, year / 100);
	to = put_two_digits(to, year % 100);
	*to++ = '-';
	to = put_two_digits(to, month);
	*to++ = '-';
	return put_two_digits(to, day);
}

/* HH:MM:SS and the fraction without trailing zeros. */
static char *
put_time(char *to, int64 usecs)
{
	int			seconds = (int) (usecs / USECS_PER_SEC);
	int			fraction = (int) (usecs % USECS_PER_SEC);

	to = put_two_digits(to, seconds / SECS_PER_HOUR);
	*to++ = ':';
	to = put_two_digits(to, seconds / SECS_PER_MINUTE % MINS_PER_HOUR);
	*to++ = ':';
	to = put_two_digits(to, seconds % SECS_PER_MINUTE);
	if (fraction == 0)
		return to;
	*to++ = '.';
	for (int scale = USECS_PER_SEC / 10; fraction != 0; scale /= 10)
	{
		*to++ = '0' + fraction / scale;
		fraction %= scale;
	}
	return to;
}

static char *
put_timestamp(char *to, Timestamp timestamp)
{
	int64		days = timestamp / USECS_PER_DAY;
	int64		usecs = timestamp % USECS_PER_DAY;

	if (usecs < 0)
	{
		usecs += USECS_PER_DAY;
		days--;
	}
	to = put_date(to, (int) days + POSTGRES_EPOCH_JDATE);
	if (to == NULL)
		return NULL;
	*to++ = ' ';
	return put_time(to, usecs);
}

/* Is the session's time zone always the same as UTC? */
static bool
time_zone_is_utc(void)
{
	long		offset;

	return pg_get_timezone_offset(session_timezone, &offset) && offset == 0;
}

static char *
put_timestamptz(char *to, TimestampTz timestamp)
{
	to = put_timestamp(to, timestamp);
	if (to != NULL)
		to = strcpy(to, "+00") + 3;
	return to;
}

/*
 * Prints a value of fixed length. Returns its end, or NULL if only the output
 * function can print it. "to" has FIXED_ROOM bytes.
 */
static inline char *
put_fixed(char *to, ValueKind kind, Datum value)
{
	switch (kind)
	{
		case VALUE_BOOL:
			*to = DatumGetBool(value) ? '1' : '0';
			return to + 1;
		case VALUE_INT2:
			return to + PutInt32(to, DatumGetInt16(value));
		case VALUE_INT4:
			return to + PutInt32(to, DatumGetInt32(value));
		case VALUE_INT8:
			return to + PutInt64(to, DatumGetInt64(value));
		case VALUE_OID:
			return to + pg_ultoa_n(DatumGetObjectId(value), to);
		case VALUE_FLOAT4:
			return extra_float_digits > 0 ?
				to + float_to_shortest_decimal_bufn(DatumGetFloat4(value), to) : NULL;
		case VALUE_FLOAT8:
			return extra_float_digits > 0 ?
				to + double_to_shortest_decimal_bufn(DatumGetFloat8(value), to) : NULL;
		case VALUE_UUID:
			return put_uuid(to, DatumGetUUIDP(value));
		case VALUE_DATE:
			return DateStyle == USE_ISO_DATES && !DATE_NOT_FINITE(DatumGetDateADT(value)) ?
				put_date(to, DatumGetDateADT(value) + POSTGRES_EPOCH_JDATE) : NULL;
		case VALUE_TIMESTAMP:
			return DateStyle == USE_ISO_DATES && !TIMESTAMP_NOT_FINITE(DatumGetTimestamp(value)) ?
				put_timestamp(to, DatumGetTimestamp(value)) : NULL;
		case VALUE_TIMESTAMPTZ:
			return DateStyle == USE_ISO_DATES && time_zone_is_utc() &&
				!TIMESTAMP_NOT_FINITE(DatumGetTimestampTz(value)) ?
				put_timestamptz(to, DatumGetTimestampTz(value)) : NULL;
		default:
			return NULL;
	}
}

/*
 * Appends a value that is not null to the line. Memory that the value needs is
 * taken from the current context.
 */
void
append_value(DeltaFlood *df, Column *column, Datum value)
{
	StringInfo	out = &df->lines;
	char	   *end;

	switch (column->kind)
	{
		case VALUE_TEXT:
			append_varlena_text(df, value);
			break;
		case VALUE_BYTEA:
			append_bytea(df, column, value);
			break;
		case VALUE_GENERIC:
			append_generic(df, column, value);
			break;
		default:
			reserve_bytes(out, FIXED_ROOM);
			end = put_fixed(out->data + out->len, column->kind, value);
			if (end != NULL)
				out->len = end - out->data;
			else
				append_generic(df, column, value);
			break;
	}
}
