# Applies a daystream as the slides' deltamirror does: array set from the line, SQL text for each row.
#
#   tclsh apply_peer.tcl DAYSTREAM DATABASE JOURNAL_MODE BATCH CACHE_SIZE

package require sqlite3

lassign $argv daystream database journal_mode batch cache_size
sqlite3 db $database
db eval "PRAGMA journal_mode = $journal_mode"
db eval "PRAGMA cache_size = $cache_size"

proc quoted {value} {
  if {$value eq "\\N"} {return NULL}
  return '[string map {' ''} [subst -nocommands -novariables $value]]'
}

set records 0
foreach name [lsort [glob $daystream/*.daystream]] {
  set file [open $name]
  fconfigure $file -encoding utf-8 -translation lf
  while {[gets $file line] >= 0} {
    set pairs [split $line \t]
    set at [lsearch -exact $pairs _action]
    array unset meta
    array set meta [lrange $pairs 0 [expr {$at + 1}]]
    array unset row
    array set row [lrange $pairs [expr {$at + 2}] end]
    if {$records == 0} {db eval "BEGIN IMMEDIATE"}
    incr records
    switch $meta(_action) {
      commit {
        if {$records >= $batch} {
          db eval COMMIT
          set records 0
        }
      }
      insert {
        set names {}
        set values {}
        foreach {name value} [array get row] {
          lappend names $name
          lappend values [quoted $value]
        }
        db eval "INSERT INTO $meta(_table) ([join $names ,]) VALUES ([join $values ,])"
      }
      update {
        set assignments {}
        foreach {name value} [array get row] {
          if {$name ne "id"} {lappend assignments "$name = [quoted $value]"}
        }
        db eval "UPDATE $meta(_table) SET [join $assignments ,] WHERE id = [quoted $row(id)]"
      }
      delete {db eval "DELETE FROM $meta(_table) WHERE id = [quoted $row(id)]"}
    }
  }
  close $file
}
if {$records > 0} {db eval COMMIT}
