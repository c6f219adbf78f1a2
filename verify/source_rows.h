// The rows that a mirror must have, from its source.

#ifndef DELTAMIRROR_VERIFY_SOURCE_ROWS_H_
#define DELTAMIRROR_VERIFY_SOURCE_ROWS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "deltaflood/record.h"
#include "postgres/connection.h"
#include "sqlite/api.h"
#include "types/value.h"
#include "verify/compared_table.h"
#include "verify/digest.h"
#include "verify/moved_keys.h"
#include "verify/overlay.h"
#include "verify/unseen.h"

namespace deltamirror::verify {

// A table as the connection's snapshot sees it, with the transactions that the mirror has and the snapshot does not see
// applied on top of it. Exact, because every one of those began to change a row after the snapshot's version of it was
// there: on each row they come last, in the order of the stream.
//
// The table is read once, with the query of a first copy, and most of its rows go straight to the visitor. Those of
// keys that the later transactions touch wait in a table of the temporary database, and are visited when these have
// been applied there. Without a key there is no need to find rows: what was inserted counts 1, what was deleted -1.
class SourceRows {
 public:
  // Asked for every block that comes from the server, with the rows so far.
  using Heartbeat = std::function<absl::Status(int64_t rows)>;

  // All must outlive it.
  SourceRows(const ComparedTable* table, postgres::Connection* connection, Unseen* unseen, sqlite3* temporary)
      : table_(*table), connection_(*connection), unseen_(*unseen), temporary_(temporary) {}

  // May be called again.
  absl::Status ForEach(const Heartbeat& heartbeat, RowVisitor visit);

 private:
  absl::Status FindMovedKeys();
  absl::Status ReadTable(const Heartbeat& heartbeat, RowVisitor visit);
  absl::Status VisitChanges(RowVisitor visit);
  absl::Status DecodeRow(const deltaflood::Record& record, size_t columns, EncodedRow* row) const;

  const ComparedTable& table_;
  postgres::Connection& connection_;
  Unseen& unseen_;
  sqlite3* const temporary_;
  MovedKeys moved_;
  std::unique_ptr<Overlay> overlay_;  // null: no row needs it
};

}  // namespace deltamirror::verify

#endif  // DELTAMIRROR_VERIFY_SOURCE_ROWS_H_
