// deltamirror_verify(mirror, conninfo [, options]): compares a mirror's tables with PostgreSQL at one position; a row
// for each table.
//
//   SELECT * FROM deltamirror_verify('mirror', 'dbname=prod');
//   SELECT "table", details FROM deltamirror_verify('aux.mirror', 'dbname=prod', '{"tables":"flights"}') WHERE NOT
//   equal;
//
// Hidden columns: mirror and conninfo, which have no default; options, a JSON object, {} by default: tables (all of the
// mirror's), timeout (seconds to wait for the mirror, 60), apply (false: wait for the process that runs deltamirror),
// max_differences (shown for each table, 20), margin (seconds by which clocks may differ, 60), progress.
//
// It works on a connection of its own where that is possible (sqlite/companion.h), else on the host's.
//
// Current limitation: not inside a transaction, nor inside a statement that writes.

#include "vtab/deltamirror_verify.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sqlite/interrupt.h"
#include "sqlite/result.h"
#include "sqlite/table_function.h"
#include "sqlite/transaction.h"
#include "status/status_macros.h"
#include "types/lsn.h"
#include "verify/options.h"
#include "verify/verifier.h"
#include "vtab/mirror_connection.h"

namespace deltamirror::vtab {
namespace {

constexpr char kName[] = "deltamirror_verify";

enum Column {
  kColTable,
  kColSchema,
  kColEqual,
  kColSourceRows,
  kColMirrorRows,
  kColDiffering,
  kColDetails,
  kColClock,
  kColSeq,
  kColLsn,
  kColMirror,
  kColConninfo,
  kColOptions,
};

class Rows final : public sqlite::TableRows {
 public:
  absl::Status Begin(sqlite3* host, const sqlite::Arguments& arguments) {
    ASSIGN_OR_RETURN(const verify::Options options, verify::ParseOptions(kName, arguments.Text(2)));
    RETURN_IF_ERROR(sqlite::CheckMayBegin(host, kName));
    ASSIGN_OR_RETURN(probe_, sqlite::InterruptProbe::Create(host));
    ASSIGN_OR_RETURN(connection_, ConnectToMirror(host, arguments.Text(0), &*probe_, {"SELECT * FROM $table"}));
    const bool own = connection_.companion != nullptr;
    ASSIGN_OR_RETURN(verifier_, verify::Verifier::Open(connection_.db, own, connection_.mirror, arguments.Text(1),
                                                       options, [this] { return probe_->Check(); }));
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Next() override { return verifier_->Next(&row_); }
  absl::Status Column(int column, sqlite3_context* context) override;

 private:
  std::optional<sqlite::InterruptProbe> probe_;
  MirrorConnection connection_;                 // asks the probe
  std::unique_ptr<verify::Verifier> verifier_;  // asks the probe
  verify::VerifiedTable row_;
};

absl::Status Rows::Column(int column, sqlite3_context* context) {
  switch (column) {
    case kColTable:
      sqlite::ResultTextIfAny(context, row_.table);
      break;
    case kColSchema:
      sqlite::ResultTextIfAny(context, row_.schema);
      break;
    case kColEqual:
      sqlite3_result_int(context, row_.equal ? 1 : 0);
      break;
    case kColSourceRows:
      sqlite::ResultInteger(context, row_.source_rows);
      break;
    case kColMirrorRows:
      sqlite::ResultInteger(context, row_.mirror_rows);
      break;
    case kColDiffering:
      sqlite::ResultInteger(context, row_.differing);
      break;
    case kColDetails:
      sqlite::ResultTextIfAny(context, row_.details);
      break;
    case kColClock:
      sqlite3_result_int64(context, row_.position.clock);
      break;
    case kColSeq:
      sqlite3_result_int64(context, row_.position.seq);
      break;
    case kColLsn:
      if (row_.lsn != 0) sqlite::ResultText(context, types::FormatLsn(row_.lsn));
      break;
    default:
      break;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<sqlite::TableRows>> Open(sqlite3* db, const sqlite::Arguments& arguments) {
  auto rows = std::make_unique<Rows>();
  RETURN_IF_ERROR(rows->Begin(db, arguments));
  return rows;
}

// Temporary, as deltamirror is: the mirror's commits must not wait for it.
constexpr sqlite::TableFunction kFunction = {
    .name = kName,
    .schema =
        "CREATE TABLE x(\"table\" TEXT, schema TEXT, equal INTEGER, source_rows INTEGER, mirror_rows INTEGER, "
        "differing INTEGER, details TEXT, clock INTEGER, seq INTEGER, lsn TEXT, mirror HIDDEN, conninfo HIDDEN, "
        "options HIDDEN)",
    .first_argument = kColMirror,
    .arguments = 3,
    .needed = 2,
    .usage =
        "expected the name of a mirror, a connection string and, if wanted, options, like "
        "deltamirror_verify('mirror', 'dbname=prod')",
    .rows = 100,
    .open = Open,
    .temporary = true,
};

}  // namespace

int RegisterDeltamirrorVerify(sqlite3* db) {
  return sqlite::RegisterTableFunction(db, kFunction);
}

}  // namespace deltamirror::vtab
