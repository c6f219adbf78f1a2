# The first copy as the slides have it, by Pgtcl's pg_sqlite: row by row out of the server.
#
#   tclsh import_peer.tcl LIBPGTCL.so CONNINFO TABLE DATABASE JOURNAL_MODE KEY LIKE
#
# LIKE: a database in which table t has the columns and types. KEY may be empty.

package require sqlite3

lassign $argv library conninfo table database journal_mode key like
load $library Pgtcl

sqlite3 pattern $like
set as {}
set names {}
pattern eval {SELECT name, type FROM pragma_table_info('t')} {
  switch $type {
    INTEGER {lappend as $name integer}
    REAL {lappend as $name double}
    default {lappend as $name text}
  }
  lappend names \"$name\"
}
set options [list -rowbyrow -create t -as $as]
if {$key ne ""} {lappend options -pkey $key}

sqlite3 db $database
db eval "PRAGMA journal_mode = $journal_mode"
set connection [pg_connect -conninfo $conninfo]
pg_sendquery $connection "SELECT [join $names {, }] FROM $table"
db transaction {
  puts [pg_sqlite db import_postgres_result $connection {*}$options]
}
