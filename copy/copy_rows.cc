#include "copy/copy_rows.h"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "quote/quote.h"
#include "sqlite/error.h"
#include "sqlite/statement.h"
#include "sqlite/write_behind.h"
#include "status/status_macros.h"

namespace deltamirror::copy {
namespace {

void AppendQuoted(std::string* out, const std::string& name) {
  absl::StrAppend(out, QuoteIdentifier(name));
}

// ON CONFLICT (key) DO UPDATE SET ..., and with `check` only WHERE something differs.
std::string OnConflict(const std::vector<std::string>& columns, const CopyOptions& options) {
  std::vector<std::string> sets;
  std::vector<std::string> present;
  std::vector<std::string> excluded;
  for (const std::string& column : columns) {
    const bool key = std::any_of(options.replace_key.begin(), options.replace_key.end(),
                                 [&column](const std::string& name) { return absl::EqualsIgnoreCase(name, column); });
    if (key) continue;
    const std::string name = QuoteIdentifier(column);
    sets.push_back(absl::StrCat(name, " = excluded.", name));
    present.push_back(absl::StrCat("target.", name));
    excluded.push_back(absl::StrCat("excluded.", name));
  }
  std::string clause = absl::StrCat(" ON CONFLICT (", absl::StrJoin(options.replace_key, ", ", AppendQuoted), ") DO ");
  if (sets.empty()) return absl::StrCat(clause, "NOTHING");
  absl::StrAppend(&clause, "UPDATE SET ", absl::StrJoin(sets, ", "));
  // Row values: a chain of OR over many columns is deeper than SQLite lets an expression be.
  if (options.check) {
    absl::StrAppend(&clause, " WHERE (", absl::StrJoin(present, ", "), ") IS NOT (", absl::StrJoin(excluded, ", "),
                    ")");
  }
  return clause;
}

std::string InsertStatement(const std::vector<Field>& fields, const Target& target, const CopyOptions& options) {
  std::vector<std::string> columns;
  for (const Field& field : fields) columns.push_back(field.name);
  std::string sql = absl::StrCat(
      "INSERT INTO ", target.Quoted(), " AS target (", absl::StrJoin(columns, ", ", AppendQuoted), ") SELECT ",
      sqlite::RowColumns(static_cast<int>(fields.size())), " FROM ", sqlite::RowTable(fields.size()), "(?1)");
  // WHERE true: without it SQLite would read ON as a join's.
  if (!options.replace_key.empty()) absl::StrAppend(&sql, " WHERE true", OnConflict(columns, options));
  return sql;
}

// The INSERT's error is the stream's own, or SQLite's.
absl::Status Explain(sqlite3* db, const RowStream& stream, const Target& target, const absl::Status& status) {
  if (!stream.status().ok()) return stream.status();
  return sqlite::StatusFrom(db, sqlite::ToResultCode(status),
                            absl::StrCat("could not write to table \"", target.Shown(), "\""));
}

absl::StatusOr<int64_t> Insert(sqlite3* db, RowStream* stream, const std::string& sql, const Target& target,
                               const CopyOptions& options) {
  ASSIGN_OR_RETURN(sqlite::Statement insert, sqlite::Statement::Prepare(db, sql, sqlite::Statement::kPersistent));
  RETURN_IF_ERROR(sqlite::BindRowSource(insert, 1, stream));
  int64_t written = 0;
  while (true) {
    stream->SetLimit(options.pause_every > 0 ? options.pause_every : std::numeric_limits<int64_t>::max());
    if (const absl::Status run = insert.Run(); !run.ok()) return Explain(db, *stream, target, run);
    written += options.check ? sqlite::Changes(db) : 0;
    if (stream->at_end()) break;
    RETURN_IF_ERROR(options.pause());
  }
  RETURN_IF_ERROR(stream->Finish());
  return options.check ? written : stream->rows();
}

}  // namespace

absl::StatusOr<int64_t> CopyRows(sqlite3* db, postgres::Connection* connection, const Source& source,
                                 std::vector<Field> fields, const Target& target, const CopyOptions& options) {
  if (fields.size() > static_cast<size_t>(sqlite::kMaxRowColumns)) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot copy ", fields.size(), " columns, expected at most ", sqlite::kMaxRowColumns));
  }
  ASSIGN_OR_RETURN(const std::string copy, CopyStatement(*connection, source, &fields));
  const std::string insert = InsertStatement(fields, target, options);
  sqlite::WriteBehind write_behind(db, target.schema);
  const auto heartbeat = [&write_behind, &options](int64_t rows) {
    write_behind.Look();
    return options.heartbeat ? options.heartbeat(rows) : absl::OkStatus();
  };
  ASSIGN_OR_RETURN(const std::unique_ptr<RowStream> stream,
                   RowStream::Start(connection, copy, std::move(fields), {heartbeat, options.null}));
  return Insert(db, stream.get(), insert, target, options);
}

Source SourceOf(const types::Relation& relation, bool only, absl::string_view where) {
  Source source;
  source.columns = relation.columns;
  source.table = QuoteQualified(relation.schema, relation.table);
  const auto quoted = [](std::string* out, const types::Column& column) {
    absl::StrAppend(out, QuoteIdentifier(column.name));
  };
  source.query = absl::StrCat("SELECT ", absl::StrJoin(relation.columns, ", ", quoted), " FROM ", only ? "ONLY " : "",
                              source.table);
  // The line feed ends a comment.
  if (!where.empty()) absl::StrAppend(&source.query, " WHERE (", where, "\n)");
  return source;
}

TableShape ShapeOf(const types::Relation& relation, const types::Overrides& overrides) {
  TableShape shape;
  const bool has_identity = std::any_of(relation.columns.begin(), relation.columns.end(),
                                        [](const types::Column& column) { return column.key > 0; });
  std::map<int, std::string> key;  // by place
  for (const types::Column& column : relation.columns) {
    const types::Mapping mapping = types::MappingFor(column, overrides);
    shape.columns.push_back({column.name, std::string(mapping.declared), column.not_null});
    const int place = has_identity ? column.key : column.pk;
    if (place > 0) key[place] = column.name;
  }
  for (const auto& [place, name] : key) shape.primary_key.push_back(name);
  return shape;
}

}  // namespace deltamirror::copy
