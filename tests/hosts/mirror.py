"""A mirror in Python: mirror.py EXTENSION CONNINFO SLOT DIRECTORY"""

import sqlite3
import sys

extension, conninfo, slot, directory = sys.argv[1:]
daystream = directory + "/daystream"

db = sqlite3.connect(directory + "/cache.db", isolation_level=None)
db.enable_load_extension(True)
db.load_extension(extension)
db.enable_load_extension(False)


def run(sql, *values):
    return db.execute(sql, values).fetchall()


run("SELECT pg_slot_create(?, ?)", conninfo, slot)
run("SELECT * FROM deltastream(?, ?, ?, ?)", conninfo, slot, daystream, '{"until":"caught_up"}')
run(f"CREATE VIRTUAL TABLE mirror USING daystream_apply(source='{daystream}')")
rows = run("SELECT deltamirror_bootstrap('mirror', ?, 'zzz')", conninfo)[0][0]
print("bootstrapped", rows)

run("SELECT pg_exec(?, 'CALL more_changes()')", conninfo)
run("SELECT * FROM deltastream(?, ?, ?, ?)", conninfo, slot, daystream, '{"until":"caught_up"}')
run("SELECT * FROM deltamirror('mirror', ?)", '{"until":"caught_up"}')
run("SELECT pg_slot_drop(?, ?)", conninfo, slot)


def text(value):
    if value is None:
        return "NULL"
    return "X'%s'" % value.hex().upper() if isinstance(value, bytes) else str(value)


for row in run("SELECT a, b, n, at, ok, raw FROM zzz ORDER BY a"):
    print("|".join(text(value) for value in row))
