// pg_slot_create and pg_slot_drop.

#ifndef DELTAMIRROR_EXT_PG_SLOT_H_
#define DELTAMIRROR_EXT_PG_SLOT_H_

#include "sqlite/api.h"

namespace deltamirror::ext {

// pg_slot_create(conninfo, slot [, options]) -> text: the LSN from which on the slot has every change. Makes a logical
// replication slot. Options: plugin, tables, publication, failover, temporary (see docs/sql.md).
void PgSlotCreate(sqlite3_context* context, int count, sqlite3_value** values);

// pg_slot_drop(conninfo, slot) -> 1, or 0 if there was no such slot.
void PgSlotDrop(sqlite3_context* context, int count, sqlite3_value** values);

}  // namespace deltamirror::ext

#endif  // DELTAMIRROR_EXT_PG_SLOT_H_
