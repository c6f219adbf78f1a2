"""Applies a daystream as one would write it in an afternoon: a dict a line, prepared statements, commits as deltamirror's.

apply_peer.py DAYSTREAM DATABASE JOURNAL_MODE BATCH CACHE_SIZE
"""

import glob
import re
import sqlite3
import sys

ESCAPE = re.compile(r"\\(t|n|\\|[0-3][0-7][0-7])")


def unescape(text):
    if "\\" not in text:
        return text
    return ESCAPE.sub(lambda m: {"t": "\t", "n": "\n", "\\": "\\"}.get(m[1]) or chr(int(m[1], 8)), text)


def main():
    daystream, database, journal_mode, batch, cache_size = *sys.argv[1:4], int(sys.argv[4]), sys.argv[5]
    connection = sqlite3.connect(database, isolation_level=None, cached_statements=1000)
    connection.execute(f"PRAGMA journal_mode = {journal_mode}")
    connection.execute(f"PRAGMA cache_size = {cache_size}")
    records = 0
    for name in sorted(glob.glob(f"{daystream}/*.daystream")):
        for line in open(name, encoding="utf-8", newline="\n"):
            fields = line[:-1].split("\t")
            at = fields.index("_action")
            action = fields[at + 1]
            if records == 0:
                connection.execute("BEGIN IMMEDIATE")
            records += 1
            if action == "commit":
                if records >= batch:
                    connection.execute("COMMIT")
                    records = 0
                continue
            if action == "relation":
                continue
            table = fields[fields.index("_table") + 1]
            row = {fields[i]: None if fields[i + 1] == "\\N" else unescape(fields[i + 1]) for i in range(at + 2, len(fields), 2)}
            if action == "insert":
                places = ", ".join("?" * len(row))
                connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", tuple(row.values()))
            elif action == "update":
                key = row.pop("id")
                sets = ", ".join(f"{column} = ?" for column in row)
                connection.execute(f"UPDATE {table} SET {sets} WHERE id = ?", (*row.values(), key))
            else:
                connection.execute(f"DELETE FROM {table} WHERE id = ?", (row["id"],))
    if records > 0:
        connection.execute("COMMIT")


main()
