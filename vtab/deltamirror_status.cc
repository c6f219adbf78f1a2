// deltamirror_status: every mirror in every database of the connection, a row for each of its tables.
//
//   SELECT mirror, "table", state, lag_seconds FROM deltamirror_status;
//
// Columns: mirror ("m", or "aux.m" outside main), then those of SELECT * FROM mirror. No arguments. The rows are those
// of the moment at which the scan begins. A mirror without tables has no row.

#include "vtab/deltamirror_status.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "mirror/name.h"
#include "mirror/status.h"
#include "sqlite/result.h"
#include "sqlite/table_function.h"
#include "status/status_macros.h"
#include "types/value.h"

namespace deltamirror::vtab {
namespace {

enum Column {
  kColMirror,
  kColFirstOfStatus,  // and on: mirror::StatusColumn
};

struct Row {
  std::string mirror;
  mirror::StatusRow status;
};

class Rows final : public sqlite::TableRows {
 public:
  explicit Rows(std::vector<Row> rows) : rows_(std::move(rows)) {}

  absl::StatusOr<bool> Next() override { return next_++ < rows_.size(); }

  absl::Status Column(int column, sqlite3_context* context) override {
    const Row& row = rows_[next_ - 1];
    const types::Value value =
        column == kColMirror ? types::Value::Text(row.mirror) : row.status.Column(column - kColFirstOfStatus);
    sqlite::ResultValue(context, value, SQLITE_TRANSIENT);
    return absl::OkStatus();
  }

 private:
  const std::vector<Row> rows_;
  size_t next_ = 0;
};

absl::StatusOr<std::vector<Row>> ReadRows(sqlite3* db) {
  std::vector<Row> rows;
  ASSIGN_OR_RETURN(const std::vector<mirror::MirrorName> mirrors, mirror::ListMirrors(db));
  for (const mirror::MirrorName& name : mirrors) {
    ASSIGN_OR_RETURN(std::vector<mirror::StatusRow> tables, mirror::ReadStatus(db, name));
    for (mirror::StatusRow& table : tables) rows.push_back({name.Text(), std::move(table)});
  }
  return rows;
}

absl::StatusOr<std::unique_ptr<sqlite::TableRows>> Open(sqlite3* db, const sqlite::Arguments&) {
  ASSIGN_OR_RETURN(std::vector<Row> rows, ReadRows(db));
  return std::make_unique<Rows>(std::move(rows));
}

const std::string& Schema() {
  static const auto* const schema =
      new std::string(absl::StrCat("CREATE TABLE x(mirror TEXT, ", mirror::kStatusColumns, ")"));
  return *schema;
}

}  // namespace

int RegisterDeltamirrorStatus(sqlite3* db) {
  static const sqlite::TableFunction kFunction = {
      .name = "deltamirror_status",
      .schema = Schema().c_str(),
      .first_argument = 0,
      .arguments = 0,
      .needed = 0,
      .usage = "",
      .rows = 100,
      .open = Open,
  };
  return sqlite::RegisterTableFunction(db, kFunction);
}

}  // namespace deltamirror::vtab
