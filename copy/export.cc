#include "copy/export.h"

#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "copy/copy_text.h"
#include "copy/progress.h"
#include "copy/source.h"
#include "postgres/copy_in.h"
#include "quote/quote.h"
#include "sqlite/options.h"
#include "sqlite/statement.h"
#include "status/status_macros.h"

namespace deltamirror::copy {
namespace {

constexpr size_t kBatchSize = 64 << 10;

absl::StatusOr<sqlite::Statement> PrepareQuery(sqlite3* db, absl::string_view query) {
  query = absl::StripAsciiWhitespace(query);
  if (query.empty()) return absl::InvalidArgumentError("no query given, expected a query or the name of a table");
  ASSIGN_OR_RETURN(
      sqlite::Statement rows,
      sqlite::Statement::Prepare(db, IsTableName(query) ? absl::StrCat("SELECT * FROM ", query) : std::string(query)));
  if (rows.column_count() == 0) {
    return absl::InvalidArgumentError("the query gives no columns, expected one that gives rows");
  }
  return rows;
}

absl::StatusOr<std::string> CopyInStatement(const sqlite::Statement& rows, absl::string_view table,
                                            const ExportOptions& options) {
  std::vector<std::string> columns = options.columns;
  if (columns.empty()) {
    for (int i = 0; i < rows.column_count(); ++i) columns.push_back(rows.ColumnName(i));
  }
  if (static_cast<int>(columns.size()) != rows.column_count()) {
    return absl::InvalidArgumentError(absl::StrCat("option \"columns\" gives ", columns.size(), " names, expected ",
                                                   rows.column_count(), ", as many as the query has columns"));
  }
  const auto quoted = [](std::string* out, const std::string& name) { absl::StrAppend(out, QuoteIdentifier(name)); };
  return absl::StrCat("COPY ", table, " (", absl::StrJoin(columns, ", ", quoted), ") FROM STDIN");
}

absl::StatusOr<int64_t> SendRows(sqlite::Statement* rows, postgres::CopyIn* copy, Progress* progress,
                                 const postgres::InterruptCheck& interrupt) {
  std::string batch;
  for (int64_t sent = 0;;) {
    ASSIGN_OR_RETURN(const bool row, rows->Step());
    if (!row) break;
    AppendCopyRow(*rows, &batch);
    ++sent;
    if (batch.size() < kBatchSize) continue;
    progress->Tell(sent);
    if (interrupt) RETURN_IF_ERROR(interrupt());
    RETURN_IF_ERROR(copy->Write(batch));
    batch.clear();
  }
  if (!batch.empty()) RETURN_IF_ERROR(copy->Write(batch));
  return copy->Finish();
}

}  // namespace

absl::StatusOr<ExportOptions> ParseExportOptions(absl::string_view function, absl::string_view json) {
  ExportOptions options;
  std::string mode = "append";
  ASSIGN_OR_RETURN(sqlite::OptionReader reader, sqlite::OptionReader::Parse(function, json));
  RETURN_IF_ERROR(reader.GetChoice("mode", {"append", "refresh"}, &mode));
  RETURN_IF_ERROR(reader.Get("columns", &options.columns));
  bool progress = false;
  const bool progress_given = reader.Has("progress");
  RETURN_IF_ERROR(reader.Get("progress", &progress));
  RETURN_IF_ERROR(reader.Finish());
  if (progress_given) options.progress = progress;
  options.refresh = mode == "refresh";
  return options;
}

absl::StatusOr<int64_t> Export(sqlite3* db, const std::string& conninfo, absl::string_view query,
                               absl::string_view table, const ExportOptions& options,
                               const postgres::InterruptCheck& interrupt) {
  if (!IsTableName(table)) {
    return absl::InvalidArgumentError(absl::StrCat("invalid table name \"", table,
                                                   "\", expected table or schema.table as PostgreSQL reads them. Put "
                                                   "double quotes around a name with other characters"));
  }
  ASSIGN_OR_RETURN(sqlite::Statement rows, PrepareQuery(db, query));
  ASSIGN_OR_RETURN(const std::string copy_sql, CopyInStatement(rows, table, options));
  ASSIGN_OR_RETURN(postgres::Connection connection, postgres::Connection::Open(conninfo, {.interrupt = interrupt}));
  Progress progress(absl::StrCat("pg_export ", table), options.progress);
  RETURN_IF_ERROR(connection.Begin());
  if (options.refresh) RETURN_IF_ERROR(connection.Execute(absl::StrCat("DELETE FROM ", table)).status());
  ASSIGN_OR_RETURN(postgres::CopyIn copy, postgres::CopyIn::Begin(&connection, copy_sql));
  ASSIGN_OR_RETURN(const int64_t count, SendRows(&rows, &copy, &progress, interrupt));
  RETURN_IF_ERROR(connection.Execute("COMMIT").status());
  return count;
}

}  // namespace deltamirror::copy
