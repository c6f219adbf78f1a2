/* A mirror in C: mirror EXTENSION CONNINFO SLOT DIRECTORY */

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

static sqlite3 *db;

static void
check(int rc)
{
	if (rc == SQLITE_OK || rc == SQLITE_DONE)
		return;
	fprintf(stderr, "%s\n", sqlite3_errmsg(db));
	exit(1);
}

static int
print_row(void *prefix, int columns, char **values, char **names)
{
	printf("%s", (const char *) prefix);
	for (int i = 0; i < columns; i++)
		printf("%s%s", i > 0 ? "|" : "", values[i] ? values[i] : "NULL");
	printf("\n");
	return 0;
}

static int
ignore_row(void *unused, int columns, char **values, char **names)
{
	return 0;
}

/* Runs the statement, with %Q and %q filled in, and frees it. */
static void
run(int (*on_row) (void *, int, char **, char **), const char *prefix, char *sql)
{
	check(sqlite3_exec(db, sql, on_row, (void *) prefix, NULL));
	sqlite3_free(sql);
}

int
main(int argc, char **argv)
{
	if (argc != 5)
		return 2;

	const char *extension = argv[1], *conninfo = argv[2], *slot = argv[3], *directory = argv[4];
	const char *caught_up = "{\"until\":\"caught_up\"}";
	char	   *path = sqlite3_mprintf("%s/cache.db", directory);

	check(sqlite3_open(path, &db));
	sqlite3_free(path);
	check(sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL));
	check(sqlite3_load_extension(db, extension, NULL, NULL));

	run(ignore_row, "", sqlite3_mprintf("SELECT pg_slot_create(%Q, %Q)", conninfo, slot));
	run(ignore_row, "", sqlite3_mprintf("SELECT * FROM deltastream(%Q, %Q, '%q/daystream', %Q)", conninfo, slot, directory, caught_up));
	run(ignore_row, "", sqlite3_mprintf("CREATE VIRTUAL TABLE mirror USING daystream_apply(source='%q/daystream')", directory));
	run(print_row, "bootstrapped ", sqlite3_mprintf("SELECT deltamirror_bootstrap('mirror', %Q, 'zzz')", conninfo));

	run(ignore_row, "", sqlite3_mprintf("SELECT pg_exec(%Q, 'CALL more_changes()')", conninfo));
	run(ignore_row, "", sqlite3_mprintf("SELECT * FROM deltastream(%Q, %Q, '%q/daystream', %Q)", conninfo, slot, directory, caught_up));
	run(ignore_row, "", sqlite3_mprintf("SELECT * FROM deltamirror('mirror', %Q)", caught_up));
	run(ignore_row, "", sqlite3_mprintf("SELECT pg_slot_drop(%Q, %Q)", conninfo, slot));

	run(print_row, "", sqlite3_mprintf("SELECT a, b, n, at, ok, CASE WHEN raw IS NULL THEN NULL ELSE quote(raw) END FROM zzz ORDER BY a"));
	check(sqlite3_close(db));
	return 0;
}
