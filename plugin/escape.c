/*-------------------------------------------------------------------------
 *
 * escape.c
 *	  Text into a line: TAB as \t, LF as \n, backslash as \\.
 *
 * No server encoding uses these three bytes inside a longer character, so bytes
 * can be looked at one by one.
 *
 *-------------------------------------------------------------------------
 */
#include "deltaflood.h"

/* Space is reserved for this much text at a time, so that a long value does
 * not ask for several times its length at once. */
#define CHUNK 16384

#define ONES UINT64CONST(0x0101010101010101)
#define HIGHS UINT64CONST(0x8080808080808080)

/* Non-zero if one of the eight bytes is zero, or equal to c. */
#define HAS_ZERO(word) (((word) - ONES) & ~(word) & HIGHS)
#define HAS_BYTE(word, c) HAS_ZERO((word) ^ (ONES * (c)))

/* The letter behind the backslash, or zero for a byte that stays as it is. */
static inline char
escape_letter(char c)
{
	switch (c)
	{
		case '\t':
			return 't';
		case '\n':
			return 'n';
		case '\\':
			return '\\';
		default:
			return 0;
	}
}

static inline char *
copy_byte(char *to, char c)
{
	char		letter = escape_letter(c);

	if (letter != 0)
	{
		*to++ = '\\';
		c = letter;
	}
	*to++ = c;
	return to;
}

static inline bool
needs_escape(uint64 word)
{
	return (HAS_BYTE(word, '\t') | HAS_BYTE(word, '\n') | HAS_BYTE(word, '\\')) != 0;
}

/* Copies eight bytes, unless one of them must be escaped. */
static inline bool
copy_word(char *to, const char *from)
{
	uint64		word;

	memcpy(&word, from, sizeof(word));
	if (needs_escape(word))
		return false;
	memcpy(to, &word, sizeof(word));
	return true;
}

/* The same for four to seven bytes, as two halves that may overlap. */
static inline bool
copy_halves(char *to, const char *from, Size len)
{
	Size		last = len - sizeof(uint32);
	uint32		halves[2];
	uint64		word;

	memcpy(&halves[0], from, sizeof(uint32));
	memcpy(&halves[1], from + last, sizeof(uint32));
	memcpy(&word, halves, sizeof(word));
	if (needs_escape(word))
		return false;
	memcpy(to, &halves[0], sizeof(uint32));
	memcpy(to + last, &halves[1], sizeof(uint32));
	return true;
}

/*
 * Copies text of which no byte needs to be escaped, and otherwise only a part
 * of it. The last word may overlap the one before it.
 */
static inline bool
copy_plain(char *to, const char *from, Size len)
{
	Size		last = len - sizeof(uint64);

	if (len < sizeof(uint64))
		return len >= sizeof(uint32) && copy_halves(to, from, len);
	for (Size i = 0; i < last; i += sizeof(uint64))
	{
		if (!copy_word(to + i, from + i))
			return false;
	}
	return copy_word(to + last, from + last);
}

/* Copies len bytes to "to", which has room for twice as many. */
static char *
copy_escaped(char *to, const char *from, Size len)
{
	if (copy_plain(to, from, len))
		return to + len;
	while (len >= sizeof(uint64))
	{
		if (copy_word(to, from))
			to += sizeof(uint64);
		else
		{
			for (int i = 0; i < (int) sizeof(uint64); i++)
				to = copy_byte(to, from[i]);
		}
		from += sizeof(uint64);
		len -= sizeof(uint64);
	}
	while (len-- > 0)
		to = copy_byte(to, *from++);
	return to;
}

/* Text as it is. */
void
append_raw(StringInfo out, const char *text, Size len)
{
	appendBinaryStringInfo(out, text, len);
}

/* Text with TAB, LF and backslash escaped. */
void
append_escaped(StringInfo out, const char *text, Size len)
{
	while (len > 0)
	{
		Size		chunk = Min(len, CHUNK);
		char	   *end;

		reserve_bytes(out, 2 * chunk);
		end = copy_escaped(out->data + out->len, text, chunk);
		out->len = end - out->data;
		text += chunk;
		len -= chunk;
	}
	reserve_bytes(out, 0);
	out->data[out->len] = '\0';
}

/* The same, and every other byte that is not printable ASCII as \ooo. */
void
append_ascii(StringInfo out, const char *text, Size len)
{
	for (; len > 0; text++, len--)
	{
		unsigned char byte = (unsigned char) *text;
		char	   *to;

		reserve_bytes(out, 4);
		to = out->data + out->len;
		if (escape_letter(*text) != 0 || (byte >= ' ' && byte <= '~'))
			to = copy_byte(to, *text);
		else
		{
			*to++ = '\\';
			*to++ = '0' + (byte >> 6);
			*to++ = '0' + ((byte >> 3) & 7);
			*to++ = '0' + (byte & 7);
		}
		*to = '\0';
		out->len = to - out->data;
	}
}

/* A name as lines show it, allocated in the current context. */
char *
escape_name(const DeltaFlood *df, const char *name)
{
	StringInfoData text;

	initStringInfo(&text);
	df->append_text(&text, name, strlen(name));
	return text.data;
}

/*
 * A column's name. Right behind _action, _oid means the OID that a row of an
 * old server had, so in a mirror's lines a column of that name looks different.
 */
char *
escape_column_name(const DeltaFlood *df, const char *name)
{
	if (df->options.mirror && strcmp(name, "_oid") == 0)
		return pstrdup("\\137oid");
	return escape_name(df, name);
}
