// deltamirror_verify: whether a mirror's tables equal those of its source, at one position.
//
// A snapshot S of the source and the mirror's state M are two cuts through one history, and do not agree by themselves
// (docs/handover.md). They are made comparable thus:
//
//   1. The tables are locked in ACCESS SHARE mode, so that none is altered or truncated. S is taken, then the WAL's
//      insert position E is read: every transaction that S sees has its commit record below E.
//   2. The mirror is awaited until it has passed every commit below E (verify/reached.h), and is then held still by a
//      read transaction. So M has all that S sees, and besides that the set X of the transactions that are in the
//      stream up to the mirror's position and that S does not see. X is known exactly: the hand-over's filter tells of
//      each transaction whether S saw it (verify/unseen.h).
//   3. S with X on top must be M, row by row (verify/source_rows.h). Nothing is left out and nothing is compared twice:
//      a row that changes all the time is proved equal like any other.
//
// X comes on top: if x of X and s that S sees changed the same row, s came first. Had it been x, s would have waited
// for the row until x was visible to all (a row's lock goes after that), and S, which sees s, would see x. The same
// holds for a key that one deletes and the other inserts.
//
// Each side is read once, in whatever order it comes, and summed up by ranges of the keys' digests
// (verify/key_ranges.h). Only if a range differs is the table read again, to find its rows (verify/differences.h).

#ifndef DELTAMIRROR_VERIFY_VERIFIER_H_
#define DELTAMIRROR_VERIFY_VERIFIER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daystream/position.h"
#include "daystream/source.h"
#include "mirror/locked_snapshot.h"
#include "mirror/name.h"
#include "mirror/table_state.h"
#include "postgres/connection.h"
#include "postgres/schema.h"
#include "sqlite/api.h"
#include "sqlite/temporary_database.h"
#include "verify/compared_table.h"
#include "verify/options.h"
#include "verify/reached.h"
#include "verify/source_rows.h"
#include "verify/unseen.h"

namespace deltamirror::verify {

struct VerifiedTable {
  std::string table;   // "flights", "ops.crew"
  std::string schema;  // in PostgreSQL
  bool equal = false;
  // Rows that the source has at that position, and that the mirror has; nothing where they could not be read.
  std::optional<int64_t> source_rows;
  std::optional<int64_t> mirror_rows;
  std::optional<int64_t> differing;  // rows that are missing, extra or changed
  std::string details;               // see verify/report.h; may be empty
  daystream::Position position;      // of the mirror
  uint64_t lsn = 0;                  // of the last commit up to there; 0: none yet
};

// Memory: some 40 MiB, whatever the tables' size; what needs more goes to temporary files.
class Verifier {
 public:
  // Takes the snapshot, and waits for the mirror. FailedPrecondition for another server or database than the
  // daystream's; DeadlineExceeded if the mirror does not come up to the snapshot in time; NotFound for a table of the
  // option `tables` that the mirror does not have.
  //   db: in autocommit. own_connection: whether nobody else uses it.
  static absl::StatusOr<std::unique_ptr<Verifier>> Open(sqlite3* db, bool own_connection,
                                                        const mirror::MirrorName& name, const std::string& conninfo,
                                                        const Options& options,
                                                        const postgres::InterruptCheck& interrupt);
  Verifier(const Verifier&) = delete;
  Verifier& operator=(const Verifier&) = delete;

  // Compares the next table; false when there are no more.
  absl::StatusOr<bool> Next(VerifiedTable* verified);

 private:
  // A table of the mirror, and what became of it in PostgreSQL.
  struct Wanted {
    mirror::TableState state;
    std::optional<postgres::CatalogTable> source;
  };

  Verifier(sqlite3* db, bool own_connection, mirror::MirrorName name, Options options, postgres::Connection connection)
      : db_(db),
        own_connection_(own_connection),
        name_(std::move(name)),
        options_(std::move(options)),
        connection_(std::move(connection)) {}

  absl::Status Prepare(const std::string& conninfo);
  absl::Status ChooseTables(const mirror::State& state);
  absl::StatusOr<std::vector<postgres::CatalogTable>> ReadCatalog();
  absl::StatusOr<std::optional<postgres::CatalogTable>> FindSource(const mirror::TableState& table);
  absl::Status LookAgain();
  absl::Status ReadUnseen();
  absl::Status CompareTable(const Wanted& wanted, VerifiedTable* verified);
  absl::StatusOr<ComparedTable> PlanTable(const Wanted& wanted);

  sqlite3* const db_;
  const bool own_connection_;
  const mirror::MirrorName name_;
  const Options options_;
  postgres::Connection connection_;

  std::string source_;  // the daystream
  std::optional<daystream::SourceInfo> info_;
  std::vector<Wanted> tables_;
  size_t next_ = 0;
  mirror::LockedSnapshot locked_;
  std::optional<ReachedMirror> mirror_;
  std::optional<Unseen> unseen_;
  std::unique_ptr<sqlite::TemporaryDatabase> temporary_;
};

}  // namespace deltamirror::verify

#endif  // DELTAMIRROR_VERIFY_VERIFIER_H_
