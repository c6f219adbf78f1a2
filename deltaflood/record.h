// One deltaflood line, taken apart. The format is described in docs/formats.md.

#ifndef DELTAMIRROR_DELTAFLOOD_RECORD_H_
#define DELTAMIRROR_DELTAFLOOD_RECORD_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "types/decoded_row.h"

namespace deltamirror::deltaflood {

enum class Action : uint8_t {
  kNone,  // no _action seen yet; never in a record that was parsed
  kInsert,
  kUpdate,
  kDelete,
  kReplace,  // the old key, right before the update that changes it
  kTruncate,
  kRelation,  // the table's shape: see deltaflood/relation.h
  kDrop,      // the table is gone, or no longer in the stream
  kAttach,    // a partition, with the rows that it has, came to the table
  kDetach,    // a partition, with its rows, left the table
  kGap,       // the table has rows that no line has brought
  kCommit,
  kRollback,
};

// "insert", "update", ...; "none" for kNone.
absl::string_view ActionName(Action action);

// A key and its value, both unescaped. The value of a NULL is empty.
struct Column {
  absl::string_view name;
  absl::string_view value;
  bool is_null = false;
};

// A record owns nothing: its texts point into the line and into the parser that
// filled it, and are valid until that parser's next call, and as long as the
// line. It is meant to be used again and again: Clear() keeps the capacity of
// the vectors.
//
// A text that was not in the line is empty; numbers have a has_... beside them.
// What every change to a row has stands together in the first two cache lines: records go from one core to another
// (daystream/read_ahead.h), and what is not looked at stays where it is.
struct alignas(64) Record {
  Action action = Action::kNone;
  bool has_position = false;
  bool has_xid = false;
  bool has_lsn = false;
  bool has_time = false;
  bool has_relid = false;
  // the original writes 2^31 and above as negative numbers; they are read
  // modulo 2^32
  uint32_t xid = 0;
  // The position, when the line comes from a daystream: _c (Unix seconds) and
  // _s.
  int64_t clock = 0;
  int64_t seq = 0;
  uint64_t lsn = 0;  // in our lines, the transaction's commit LSN

  // What follows _action, in the order of the line. Names may repeat; nothing
  // here looks for that.
  std::vector<Column> columns;
  // Where the columns begin in the line (its length if there are none): all
  // that lies before is metadata.
  size_t columns_offset = 0;
  // The values of the columns, if another thread has decoded them (see daystream/read_ahead.h). Never set by parsing.
  const types::DecodedRow* decoded = nullptr;

  absl::string_view table;   // _table
  absl::string_view schema;  // _schema; absent for "public"
  // _qualified_table, of the original's full-name option: quoted as SQL does
  absl::string_view qualified_table;

  // _time: commit time, microseconds since 1970-01-01 00:00:00 UTC
  int64_t time = 0;
  // _check, of the last line of a transaction in a daystream: see
  // daystream/check.h
  absl::string_view check;
  uint32_t relid = 0;  // _relid: the table's OID; with kAttach and kDetach the partition's
  // _partition: the leaf, when the table is named by its root
  absl::string_view partition;
  // _was: in a relation line, the table's name before this transaction, quoted
  // as SQL does
  absl::string_view was;
  // _reason: in a gap line, why; absent if it is the usual one
  absl::string_view reason;
  // _identity: "default", "index", "full" or "nothing"
  absl::string_view identity;
  // _oid: a row's OID, PostgreSQL 11 and earlier; before or right behind
  // _action
  absl::string_view oid;
  // Metadata keys that this version does not know, in the order of the line; their names as they were written.
  std::vector<Column> unknown;

  void Clear();
};

}  // namespace deltamirror::deltaflood

#endif  // DELTAMIRROR_DELTAFLOOD_RECORD_H_
