// pg_query(conninfo, query): a row for each row of a query on the server, as a JSON object. For looking at a few rows
// without copying.
//
//   SELECT row ->> 'flight', row ->> 'gate' FROM pg_query('dbname=prod', 'SELECT * FROM flights') LIMIT 5;
//
// Columns: row (TEXT). Hidden: conninfo and query, which have no default. Numbers are JSON numbers with every digit
// (NaN and the infinities strings), booleans true and false, json and jsonb stand as they are, everything else is a
// string as PostgreSQL prints it. The rows come as the scan goes on: memory holds one of them, and the end of the scan
// (LIMIT) cancels the rest of the query.
//
// Current limitation: one statement, and columns of one name give members of one name.

#include "vtab/pg_query.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "postgres/connection.h"
#include "postgres/row_reader.h"
#include "sqlite/interrupt.h"
#include "sqlite/result.h"
#include "sqlite/table_function.h"
#include "status/status_macros.h"
#include "types/json.h"
#include "types/utf8.h"

namespace deltamirror::vtab {
namespace {

enum Column {
  kColRow,
  kColConninfo,
  kColQuery,
};

std::string RowAsJson(const postgres::Result& result) {
  std::string json = "{";
  for (int i = 0; i < result.columns(); ++i) {
    if (i > 0) json.push_back(',');
    types::AppendJsonString(result.column_name(i), &json);
    json.push_back(':');
    if (result.is_null(0, i)) {
      json.append("null");
    } else {
      types::AppendJson(types::JsonKindOf(result.column_type(i)), result.text(0, i), &json);
    }
  }
  json.push_back('}');
  // From an SQL_ASCII database.
  return types::IsUtf8(json) ? json : types::ToUtf8(json);
}

class Rows final : public sqlite::TableRows {
 public:
  // Ends the query, also one that has more rows to give.
  ~Rows() override {
    if (connection_) connection_->Cancel();
  }

  absl::Status Begin(sqlite3* db, const std::string& conninfo, const std::string& query) {
    ASSIGN_OR_RETURN(probe_, sqlite::InterruptProbe::Create(db));
    ASSIGN_OR_RETURN(connection_,
                     postgres::Connection::Open(conninfo, {.interrupt = [this] { return probe_->Check(); }}));
    ASSIGN_OR_RETURN(reader_, postgres::RowReader::Begin(&*connection_, query));
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Next() override {
    ASSIGN_OR_RETURN(const std::optional<postgres::Result> row, reader_->Next());
    if (row) {
      row_ = RowAsJson(*row);
    } else {
      connection_.reset();
    }
    return row.has_value();
  }

  absl::Status Column(int column, sqlite3_context* context) override {
    if (column == kColRow) sqlite::ResultText(context, row_);
    return absl::OkStatus();
  }

 private:
  std::optional<sqlite::InterruptProbe> probe_;
  std::optional<postgres::Connection> connection_;  // asks the probe
  std::optional<postgres::RowReader> reader_;
  std::string row_;
};

absl::StatusOr<std::unique_ptr<sqlite::TableRows>> Open(sqlite3* db, const sqlite::Arguments& arguments) {
  auto rows = std::make_unique<Rows>();
  RETURN_IF_ERROR(rows->Begin(db, arguments.Text(0), arguments.Text(1)));
  return rows;
}

constexpr sqlite::TableFunction kFunction = {
    .name = "pg_query",
    .schema = "CREATE TABLE x(row TEXT, conninfo HIDDEN, query HIDDEN)",
    .first_argument = kColConninfo,
    .arguments = 2,
    .needed = 2,
    .usage = "expected two arguments, the connection string and the query, like pg_query('dbname=prod', 'SELECT 1')",
    .rows = 1000000,
    .open = Open,
};

}  // namespace

int RegisterPgQuery(sqlite3* db) {
  return sqlite::RegisterTableFunction(db, kFunction);
}

}  // namespace deltamirror::vtab
