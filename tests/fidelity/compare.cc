#include "tests/fidelity/compare.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace deltamirror::fidelity {
namespace {

constexpr size_t kMostDifferences = 10;
constexpr size_t kMostBytesShown = 300;

struct SourceColumn {
  std::string name;
  std::string type;  // of a domain its base type, without modifiers
  int key = 0;       // place in the key of the mirrored table
};

using Row = std::vector<std::string>;

std::string QuoteName(const std::string& name) {
  std::string quoted = "\"";
  for (const char c : name) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

// "1.5e+20" and "150000000000000000000.00" as sign, digits without zeros around them, and exponent.
std::string Decimal(std::string text) {
  const std::string lower = absl::AsciiStrToLower(text);
  if (lower == "nan") return "NaN";
  if (absl::StrContains(lower, "inf")) return text.front() == '-' ? "-Infinity" : "Infinity";
  const bool negative = absl::StartsWith(text, "-");
  if (negative) text.erase(0, 1);
  int exponent = 0;
  if (const size_t e = text.find_first_of("eE"); e != std::string::npos) {
    exponent = std::atoi(text.c_str() + e + 1);
    text.resize(e);
  }
  if (const size_t point = text.find('.'); point != std::string::npos) {
    exponent -= static_cast<int>(text.size() - point - 1);
    text.erase(point, 1);
  }
  text.erase(0, std::min(text.find_first_not_of('0'), text.size()));
  while (!text.empty() && text.back() == '0') {
    text.pop_back();
    ++exponent;
  }
  return text.empty() ? "0" : absl::StrCat(negative ? "-" : "", text, "e", exponent);
}

std::string Double(const std::string& text) {
  return absl::EqualsIgnoreCase(text, "nan") ? "NaN" : absl::StrFormat("%a", std::strtod(text.c_str(), nullptr));
}

// The text of either side in one form.
std::string Canonical(const std::string& type, std::string text) {
  if (type == "bool") return text == "t" ? "1" : text == "f" ? "0" : text;
  if (type == "numeric") return Decimal(std::move(text));
  if (type == "float4" || type == "float8") return Double(text);
  if (type == "timestamptz" && absl::EndsWith(text, "+00")) return text + ":00";
  return text;
}

std::string SqliteText(sqlite3_stmt* row, int column, const std::string& type) {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(row, column));
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_NULL:
      return "NULL";
    case SQLITE_FLOAT:
      // A numeric that is a REAL has no more than 15 digits.
      return absl::StrFormat("%.*g", type == "numeric" ? 15 : 17, sqlite3_column_double(row, column));
    case SQLITE_BLOB:
      return "\\x" + absl::BytesToHexString({bytes, static_cast<size_t>(sqlite3_column_bytes(row, column))});
    default:
      break;
  }
  bytes = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  std::string text(bytes, static_cast<size_t>(sqlite3_column_bytes(row, column)));
  // Not to be taken for NULL.
  return text == "NULL" ? "'NULL'" : text;
}

class Comparison {
 public:
  Comparison(PGconn* connection, sqlite3* db, const std::string& table, const std::string& target, bool generated)
      : connection_(connection), db_(db), table_(table), target_(target), generated_(generated) {}

  std::vector<std::string> Run() {
    if (ReadColumns() && CompareColumns() && CompareKeys()) CompareRows();
    if (differences_.size() > kMostDifferences) differences_.resize(kMostDifferences);
    return differences_;
  }

 private:
  void Differs(const std::string& what) { differences_.push_back(what.substr(0, kMostBytesShown)); }

  std::vector<Row> Ask(const std::string& sql) {
    PGresult* result = PQexec(connection_, sql.c_str());
    if (PQresultStatus(result) != PGRES_TUPLES_OK) Differs(absl::StrCat(PQresultErrorMessage(result), sql));
    std::vector<Row> rows(PQntuples(result));
    for (int i = 0; i < PQntuples(result); ++i) {
      for (int j = 0; j < PQnfields(result); ++j) {
        const std::string text(PQgetvalue(result, i, j), PQgetlength(result, i, j));
        rows[i].push_back(PQgetisnull(result, i, j) != 0 ? "NULL" : text == "NULL" ? "'NULL'" : text);
      }
    }
    PQclear(result);
    return rows;
  }

  std::vector<Row> AskSqlite(const std::string& sql, const std::vector<std::string>& types) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
      Differs(absl::StrCat(sqlite3_errmsg(db_), ": ", sql));
    }
    std::vector<Row> rows;
    while (statement != nullptr && sqlite3_step(statement) == SQLITE_ROW) {
      Row& row = rows.emplace_back();
      for (int i = 0; i < sqlite3_column_count(statement); ++i) {
        row.push_back(SqliteText(statement, i, static_cast<size_t>(i) < types.size() ? types[i] : "text"));
      }
    }
    sqlite3_finalize(statement);
    return rows;
  }

  bool ReadColumns() {
    PQclear(PQexec(connection_,
                   "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres';"
                   "SET extra_float_digits = 1; SET bytea_output = 'hex'; SET client_encoding = 'UTF8'"));
    const std::vector<Row> kind =
        Ask(absl::StrCat("SELECT relkind FROM pg_class WHERE oid = '", Escaped(table_), "'::regclass"));
    if (kind.empty()) return false;
    // An inheritance child is a table of its own, a partition is not.
    from_ = absl::StrCat(kind[0][0] == "p" ? "" : "ONLY ", table_);
    for (const Row& row : Ask(absl::StrCat(
             "WITH RECURSIVE base(id, type) AS (SELECT oid, CASE typtype WHEN 'd' THEN typbasetype ELSE oid END FROM "
             "pg_type UNION SELECT b.id, t.typbasetype FROM base b JOIN pg_type t ON t.oid = b.type WHERE typtype = "
             "'d')"
             " SELECT a.attname, t.typname, coalesce(array_position((i.indkey::int2[])[0:i.indnkeyatts - 1], "
             "a.attnum), 0)"
             " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN base b ON b.id = a.atttypid"
             " JOIN pg_type t ON t.oid = b.type AND t.typtype <> 'd'"
             " LEFT JOIN pg_index i ON i.indrelid = c.oid AND CASE c.relreplident WHEN 'd' THEN i.indisprimary AND"
             " i.indimmediate WHEN 'f' THEN i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END"
             " WHERE a.attnum > 0 AND NOT attisdropped AND attgenerated ",
             generated_ ? "<> 'v'" : "= ''", " AND attrelid = '", Escaped(table_),
             "'::regclass ORDER BY a.attname COLLATE \"C\""))) {
      columns_.push_back({row[0], row[1], std::atoi(row[2].c_str())});
    }
    return true;
  }

  static std::string Escaped(const std::string& text) { return absl::StrReplaceAll(text, {{"'", "''"}}); }

  bool CompareColumns() {
    std::vector<std::string> source;
    for (const SourceColumn& column : columns_) source.push_back(column.name);
    std::vector<std::string> copy;
    for (const Row& row : AskSqlite(absl::StrCat("SELECT name FROM pragma_table_info('", Escaped(target_), "')"), {})) {
      copy.push_back(row[0]);
    }
    std::sort(source.begin(), source.end());
    std::sort(copy.begin(), copy.end());
    if (source == copy) return true;
    Differs(absl::StrCat("columns ", absl::StrJoin(source, ","), " are ", absl::StrJoin(copy, ",")));
    return false;
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
    for (const Row& row : AskSqlite(
             absl::StrCat("SELECT name FROM pragma_table_info('", Escaped(target_), "') WHERE pk > 0 ORDER BY pk"),
             {})) {
      copy.push_back(row[0]);
    }
    if (source == copy) return true;
    Differs(absl::StrCat("key ", absl::StrJoin(source, ","), " is ", absl::StrJoin(copy, ",")));
    return false;
  }

  void CompareRows() {
    std::vector<std::string> names;
    std::vector<std::string> types;
    for (const SourceColumn& column : columns_) {
      names.push_back(QuoteName(column.name));
      types.push_back(column.type);
    }
    if (names.empty()) return;
    const std::string list = absl::StrJoin(names, ", ");
    const std::vector<std::string> source = Lines(Ask(absl::StrCat("SELECT ", list, " FROM ", from_)), types);
    const std::vector<std::string> copy =
        Lines(AskSqlite(absl::StrCat("SELECT ", list, " FROM ", QuoteName(target_)), types), types);
    if (source == copy) return;
    Differs(absl::StrCat(source.size(), " rows are ", copy.size(), " of (", list, ")"));
    Report("missing: ", source, copy);
    Report("too many: ", copy, source);
  }

  static std::vector<std::string> Lines(std::vector<Row> rows, const std::vector<std::string>& types) {
    std::vector<std::string> lines;
    for (Row& row : rows) {
      for (size_t i = 0; i < row.size(); ++i) {
        if (row[i] != "NULL") row[i] = Canonical(types[i], std::move(row[i]));
      }
      lines.push_back(absl::StrJoin(row, "|"));
    }
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
