// deltamirror(mirror [, options]): keeps a mirror equal to its source, until it is interrupted; a row for each batch
// that was committed.
//
//   SELECT * FROM deltamirror('mirror');
//   SELECT sum(records) FROM deltamirror('aux.mirror', '{"until":"caught_up"}');
//
// Hidden columns: mirror, which has no default; options, a JSON object, {} by default: until ("forever"; "caught_up"),
// batch (records after which a backlog is committed, 10000), poll_ms (how long a source is silent before it counts as
// idle, 100).
//
// It works on a connection of its own (sqlite/companion.h says why), or, where the mirror's database is in memory or
// its tables need what only the host's connection has, on the host's.
//
// Current limitation: it commits, so it cannot run inside a transaction or a statement that writes.

#include "vtab/deltamirror.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "mirror/runner.h"
#include "mirror/status.h"
#include "sqlite/interrupt.h"
#include "sqlite/options.h"
#include "sqlite/result.h"
#include "sqlite/table_function.h"
#include "sqlite/transaction.h"
#include "status/status_macros.h"
#include "types/lsn.h"
#include "vtab/mirror_connection.h"

namespace deltamirror::vtab {
namespace {

constexpr char kName[] = "deltamirror";

enum Column {
  kColRecords,
  kColTransactions,
  kColInserts,
  kColUpdates,
  kColDeletes,
  kColClock,
  kColSeq,
  kColLsn,
  kColCommitTime,
  kColLagSeconds,
  kColMirror,
  kColOptions,
};

absl::StatusOr<mirror::RunnerOptions> ParseOptions(absl::string_view json) {
  mirror::RunnerOptions options;
  std::string until = "forever";
  int64_t poll_ms = absl::ToInt64Milliseconds(options.poll);
  ASSIGN_OR_RETURN(sqlite::OptionReader reader, sqlite::OptionReader::Parse(kName, json));
  RETURN_IF_ERROR(reader.GetChoice("until", {"forever", "caught_up"}, &until));
  RETURN_IF_ERROR(reader.GetInteger("batch", 1, INT64_MAX, &options.batch));
  RETURN_IF_ERROR(reader.GetInteger("poll_ms", 1, 3600000, &poll_ms));
  RETURN_IF_ERROR(reader.Finish());
  options.forever = until == "forever";
  options.poll = absl::Milliseconds(poll_ms);
  return options;
}

class Rows final : public sqlite::TableRows {
 public:
  absl::Status Begin(sqlite3* host, absl::string_view mirror, absl::string_view json) {
    ASSIGN_OR_RETURN(mirror::RunnerOptions options, ParseOptions(json));
    RETURN_IF_ERROR(sqlite::CheckMayBegin(host, kName));
    ASSIGN_OR_RETURN(probe_, sqlite::InterruptProbe::Create(host));
    options.interrupt = [this] { return probe_->Check(); };
    ASSIGN_OR_RETURN(connection_, ConnectToMirror(host, mirror, &*probe_,
                                                  {"DELETE FROM $table", "INSERT INTO $table DEFAULT VALUES"}));
    ASSIGN_OR_RETURN(runner_, mirror::Runner::Open(connection_.db, connection_.mirror, std::move(options)));
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Next() override {
    ASSIGN_OR_RETURN(const bool got, runner_->Next(&batch_));
    committed_ = absl::Now();
    return got;
  }

  absl::Status Column(int column, sqlite3_context* context) override;

 private:
  std::optional<sqlite::InterruptProbe> probe_;
  MirrorConnection connection_;             // asks the probe
  std::unique_ptr<mirror::Runner> runner_;  // asks the probe
  mirror::AppliedBatch batch_;              // the current row
  absl::Time committed_;                    // when it was
};

absl::Status Rows::Column(int column, sqlite3_context* context) {
  switch (column) {
    case kColRecords:
      sqlite3_result_int64(context, batch_.records);
      break;
    case kColTransactions:
      sqlite3_result_int64(context, batch_.transactions);
      break;
    case kColInserts:
      sqlite3_result_int64(context, batch_.counters.inserts);
      break;
    case kColUpdates:
      sqlite3_result_int64(context, batch_.counters.updates);
      break;
    case kColDeletes:
      sqlite3_result_int64(context, batch_.counters.deletes);
      break;
    case kColClock:
      sqlite3_result_int64(context, batch_.position.clock);
      break;
    case kColSeq:
      sqlite3_result_int64(context, batch_.position.seq);
      break;
    case kColLsn:
      if (batch_.lsn != 0) sqlite::ResultText(context, types::FormatLsn(batch_.lsn));
      break;
    case kColCommitTime:
      sqlite::ResultTextIfAny(context, mirror::CommitTimeText(batch_.commit_time));
      break;
    case kColLagSeconds:
      // From PostgreSQL's commit to SQLite's.
      if (batch_.commit_time != 0) {
        sqlite3_result_double(
            context,
            // The server's clock may be ahead of ours.
            std::max(0.0, absl::ToDoubleSeconds(committed_ - absl::FromUnixMicros(batch_.commit_time))));
      }
      break;
    default:
      break;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<sqlite::TableRows>> Open(sqlite3* db, const sqlite::Arguments& arguments) {
  auto rows = std::make_unique<Rows>();
  RETURN_IF_ERROR(rows->Begin(db, arguments.Text(0), arguments.Text(1)));
  return rows;
}

constexpr sqlite::TableFunction kFunction = {
    .name = kName,
    .schema =
        "CREATE TABLE x(records INTEGER, transactions INTEGER, inserts INTEGER, updates INTEGER, "
        "deletes INTEGER, clock INTEGER, seq INTEGER, lsn TEXT, commit_time TEXT, lag_seconds REAL, "
        "mirror HIDDEN, options HIDDEN)",
    .first_argument = kColMirror,
    .arguments = 2,
    .needed = 1,
    .usage = "expected the name of a mirror and, if wanted, options, like deltamirror('mirror')",
    .rows = 1000000,
    .open = Open,
    .temporary = true,
};

}  // namespace

int RegisterDeltamirror(sqlite3* db) {
  return sqlite::RegisterTableFunction(db, kFunction);
}

}  // namespace deltamirror::vtab
