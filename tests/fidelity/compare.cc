#include "tests/fidelity/compare.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "tests/types/expected.h"

namespace deltamirror::fidelity {
namespace {

constexpr size_t kMostDifferences = 10;
constexpr size_t kMostBytesShown = 300;

struct SourceColumn {
  std::string name;
  std::string type;  // of a domain its base type, as format_type prints it without modifiers
  bool not_null = false;
  int key = 0;  // place in the key of the mirrored table
};

using Row = std::vector<std::string>;

std::string QuoteName(const std::string& name) {
  std::string quoted = "\"";
  for (const char c : name) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

std::string ShownText(sqlite3_stmt* row, int column) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  return bytes == nullptr ? "" : std::string(bytes, static_cast<size_t>(sqlite3_column_bytes(row, column)));
}

class Comparison {
 public:
  Comparison(PGconn* connection, sqlite3* db, const std::string& table, const std::string& target, bool generated)
      : connection_(connection), db_(db), table_(table), target_(target), generated_(generated) {}

  std::vector<std::string> Run() {
    if (ReadColumns() && CompareColumns() && CompareKeys()) {
      CompareNotNull();
      CompareRows();
    }
    if (differences_.size() > kMostDifferences) differences_.resize(kMostDifferences);
    return differences_;
  }

 private:
  void Differs(const std::string& what) { differences_.push_back(what.substr(0, kMostBytesShown)); }

  std::vector<std::vector<PrintedValue>> Ask(const std::string& sql) {
    PGresult* result = PQexec(connection_, sql.c_str());
    if (PQresultStatus(result) != PGRES_TUPLES_OK) Differs(absl::StrCat(PQresultErrorMessage(result), sql));
    std::vector<std::vector<PrintedValue>> rows(PQntuples(result));
    for (int i = 0; i < PQntuples(result); ++i) {
      for (int j = 0; j < PQnfields(result); ++j) {
        PrintedValue& value = rows[i].emplace_back();
        if (PQgetisnull(result, i, j) == 0) value.emplace(PQgetvalue(result, i, j), PQgetlength(result, i, j));
      }
    }
    PQclear(result);
    return rows;
  }

  std::vector<Row> AskSqlite(const std::string& sql, std::string (*read)(sqlite3_stmt*, int)) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
      Differs(absl::StrCat(sqlite3_errmsg(db_), ": ", sql));
    }
    std::vector<Row> rows;
    while (statement != nullptr && sqlite3_step(statement) == SQLITE_ROW) {
      Row& row = rows.emplace_back();
      for (int i = 0; i < sqlite3_column_count(statement); ++i) row.push_back(read(statement, i));
    }
    sqlite3_finalize(statement);
    return rows;
  }

  bool ReadColumns() {
    PQclear(PQexec(connection_,
                   "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres';"
                   "SET extra_float_digits = 1; SET bytea_output = 'hex'; SET client_encoding = 'UTF8'"));
    const auto kind = Ask(absl::StrCat("SELECT relkind FROM pg_class WHERE oid = '", Escaped(table_), "'::regclass"));
    if (kind.empty()) return false;
    // An inheritance child is a table of its own, a partition is not.
    from_ = absl::StrCat(*kind[0][0] == "p" ? "" : "ONLY ", table_);
    for (const auto& row : Ask(absl::StrCat(
             "WITH RECURSIVE base(id, type) AS (SELECT oid, CASE typtype WHEN 'd' THEN typbasetype ELSE oid END FROM "
             "pg_type UNION SELECT b.id, t.typbasetype FROM base b JOIN pg_type t ON t.oid = b.type WHERE typtype = "
             "'d')"
             " SELECT a.attname, format_type(t.oid, NULL), attnotnull, "
             "coalesce(array_position((i.indkey::int2[])[0:i.indnkeyatts - 1], "
             "a.attnum), 0)"
             " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN base b ON b.id = a.atttypid"
             " JOIN pg_type t ON t.oid = b.type AND t.typtype <> 'd'"
             " LEFT JOIN pg_index i ON i.indrelid = c.oid AND CASE c.relreplident WHEN 'd' THEN i.indisprimary AND"
             " i.indimmediate WHEN 'f' THEN i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END"
             " WHERE a.attnum > 0 AND NOT attisdropped AND attgenerated ",
             generated_ ? "<> 'v'" : "= ''", " AND attrelid = '", Escaped(table_),
             "'::regclass ORDER BY a.attname COLLATE \"C\""))) {
      columns_.push_back({*row[0], *row[1], *row[2] == "t", std::atoi(row[3]->c_str())});
    }
    return true;
  }

  static std::string Escaped(const std::string& text) { return absl::StrReplaceAll(text, {{"'", "''"}}); }

  bool CompareColumns() {
    std::vector<std::string> source;
    for (const SourceColumn& column : columns_) {
      source.push_back(absl::StrCat(column.name, " ", DeclaredType(column.type)));
    }
    std::vector<std::string> copy;
    for (const Row& row : TableInfo("name, type", "true")) copy.push_back(absl::StrCat(row[0], " ", row[1]));
    std::sort(source.begin(), source.end());
    std::sort(copy.begin(), copy.end());
    if (source == copy) return true;
    Differs(absl::StrCat("columns ", absl::StrJoin(source, ","), " are ", absl::StrJoin(copy, ",")));
    return false;
  }

  // NOT NULL may be missing: what PostgreSQL adds later is not added here. A key has it as PostgreSQL has.
  void CompareNotNull() {
    for (const Row& row : TableInfo("name", "\"notnull\"")) {
      for (const SourceColumn& column : columns_) {
        if (column.name == row[0] && !column.not_null) Differs(absl::StrCat("column ", row[0], " is NOT NULL"));
      }
    }
  }

  std::vector<Row> TableInfo(const std::string& columns, const std::string& condition) {
    return AskSqlite(
        absl::StrCat("SELECT ", columns, " FROM pragma_table_info('", Escaped(target_), "') WHERE ", condition),
        ShownText);
  }

  bool CompareKeys() {
    std::vector<std::pair<int, std::string>> places;
    for (const SourceColumn& column : columns_) {
      if (column.key > 0) places.emplace_back(column.key, column.name);
    }
    std::sort(places.begin(), places.end());
    std::vector<std::string> source;
    for (const auto& [place, name] : places) source.push_back(name);
    std::vector<std::string> copy;
    for (const Row& row : TableInfo("name", "pk > 0 ORDER BY pk")) copy.push_back(row[0]);
    if (source == copy) return true;
    Differs(absl::StrCat("key ", absl::StrJoin(source, ","), " is ", absl::StrJoin(copy, ",")));
    return false;
  }

  void CompareRows() {
    std::vector<std::string> names;
    for (const SourceColumn& column : columns_) names.push_back(QuoteName(column.name));
    if (names.empty()) return;
    const std::string list = absl::StrJoin(names, ", ");
    std::vector<Row> expected;
    for (const auto& row : Ask(absl::StrCat("SELECT ", list, " FROM ", from_))) {
      Row& line = expected.emplace_back();
      for (size_t i = 0; i < row.size(); ++i) line.push_back(Expected(columns_[i].type, row[i]));
    }
    const std::vector<std::string> source = Lines(expected);
    const std::vector<std::string> copy =
        Lines(AskSqlite(absl::StrCat("SELECT ", list, " FROM ", QuoteName(target_)), ShownValue));
    if (source == copy) return;
    Differs(absl::StrCat(source.size(), " rows are ", copy.size(), " of (", list, ")"));
    Report("missing: ", source, copy);
    Report("too many: ", copy, source);
  }

  static std::vector<std::string> Lines(const std::vector<Row>& rows) {
    std::vector<std::string> lines;
    for (const Row& row : rows) lines.push_back(absl::StrJoin(row, "|"));
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  void Report(const char* what, const std::vector<std::string>& these, const std::vector<std::string>& those) {
    std::vector<std::string> only;
    std::set_difference(these.begin(), these.end(), those.begin(), those.end(), std::back_inserter(only));
    for (size_t i = 0; i < only.size() && i < kMostDifferences / 2; ++i) Differs(what + only[i]);
  }

  PGconn* connection_;
  sqlite3* db_;
  const std::string table_;
  const std::string target_;
  const bool generated_;
  std::string from_;
  std::vector<SourceColumn> columns_;
  std::vector<std::string> differences_;
};

}  // namespace

std::vector<std::string> Differences(PGconn* connection, sqlite3* db, const std::string& table,
                                     const std::string& target, bool generated) {
  return Comparison(connection, db, table, target, generated).Run();
}

}  // namespace deltamirror::fidelity
