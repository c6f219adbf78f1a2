# A mirror in Tcl: mirror.tcl EXTENSION CONNINFO SLOT DIRECTORY
package require sqlite3
lassign $argv extension conninfo slot directory
set daystream $directory/daystream
set caught_up {{"until":"caught_up"}}
fconfigure stdout -encoding utf-8

sqlite3 db $directory/cache.db
db nullvalue NULL
db enable_load_extension 1
db eval {SELECT load_extension($extension)}

db eval {SELECT pg_slot_create($conninfo, $slot)}
db eval {SELECT * FROM deltastream($conninfo, $slot, $daystream, $caught_up)}
db eval "CREATE VIRTUAL TABLE mirror USING daystream_apply(source='$daystream')"
puts "bootstrapped [db onecolumn {SELECT deltamirror_bootstrap('mirror', $conninfo, 'zzz')}]"

db eval {SELECT pg_exec($conninfo, 'CALL more_changes()')}
db eval {SELECT * FROM deltastream($conninfo, $slot, $daystream, $caught_up)}
db eval {SELECT * FROM deltamirror('mirror', $caught_up)}
db eval {SELECT pg_slot_drop($conninfo, $slot)}

db eval {SELECT a, b, n, at, ok, CASE WHEN raw IS NULL THEN NULL ELSE quote(raw) END AS raw FROM zzz ORDER BY a} {
  puts [join [list $a $b $n $at $ok $raw] |]
}
db close
