#include "tests/lab/dump_compare.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace deltamirror::lab {
namespace {

std::string Real(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "r:%.17g", value == 0 ? 0.0 : value);
  return text;
}

// As numeric_out prints it, so there is no exponent.
std::string Numeric(std::string text) {
  if (text == "NaN") return "t:NaN";
  if (absl::EndsWith(text, "Infinity")) return Real(text[0] == '-' ? -HUGE_VAL : HUGE_VAL);
  std::string bare = text;
  if (absl::StrContains(bare, '.')) {
    bare.erase(bare.find_last_not_of('0') + 1);
    if (bare.back() == '.') bare.pop_back();
  }
  if (bare == "-0") bare = "0";
  int64_t integer = 0;
  if (!absl::StrContains(bare, '.')) {
    return absl::SimpleAtoi(bare, &integer) ? absl::StrCat("i:", integer) : absl::StrCat("t:", text);
  }
  std::string digits;
  for (const char c : bare) {
    if (absl::ascii_isdigit(static_cast<unsigned char>(c)) && (c != '0' || !digits.empty())) digits.push_back(c);
  }
  return digits.size() <= 15 ? Real(std::strtod(bare.c_str(), nullptr)) : absl::StrCat("t:", text);
}

// A value of the source, "v" and its text or "n", as SQLite is to have it.
std::string Expected(const std::string& type, const std::string& value) {
  if (value == "n") return value;
  const std::string text = value.substr(1);
  if (type == "int2" || type == "int4" || type == "int8" || type == "oid") return absl::StrCat("i:", text);
  if (type == "bool") return text == "t" ? "i:1" : "i:0";
  if (type == "float4" || type == "float8") return text == "NaN" ? "t:NaN" : Real(std::strtod(text.c_str(), nullptr));
  if (type == "numeric") return Numeric(text);
  if (type == "bytea") return absl::StrCat("b:", absl::StripPrefix(text, "\\x"));
  if (type == "timestamptz" && absl::EndsWith(text, "+00")) return absl::StrCat("t:", text, ":00");
  return absl::StrCat("t:", text);
}

std::string Found(sqlite3_stmt* row, int column) {
  const auto bytes = [&](const void* data) {
    return std::string(static_cast<const char*>(data), static_cast<size_t>(sqlite3_column_bytes(row, column)));
  };
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
      return absl::StrCat("i:", sqlite3_column_int64(row, column));
    case SQLITE_FLOAT:
      return Real(sqlite3_column_double(row, column));
    case SQLITE_TEXT:
      return absl::StrCat("t:", bytes(sqlite3_column_text(row, column)));
    case SQLITE_BLOB: {
      const void* data = sqlite3_column_blob(row, column);
      return absl::StrCat("b:", data == nullptr ? "" : absl::BytesToHexString(bytes(data)));
    }
    default:
      return "n";
  }
}

void Append(const std::string& value, std::string* row) {
  absl::StrAppend(row, row->empty() ? "" : " | ", value);
}

// Name and type of each column.
Rows ColumnsOf(Session& session, const std::string& table) {
  return session.Query(absl::StrCat(
      "SELECT quote_ident(a.attname), CASE WHEN t.typtype = 'd' THEN b.typname ELSE t.typname END FROM pg_attribute a "
      "JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype WHERE a.attrelid = ",
      Literal(table), "::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"));
}

std::vector<std::string> DumpSource(Session& session, const std::string& table, const Rows& columns) {
  session.Exec(
      "SET DateStyle = ISO; SET TimeZone = 'UTC'; SET IntervalStyle = postgres; SET extra_float_digits = 1; "
      "SET bytea_output = hex");
  std::string list;
  for (const auto& column : columns) {
    // concat calls the type's output function, as a cast does not for every type.
    absl::StrAppend(&list, list.empty() ? "" : ", ", "CASE WHEN ", column[0], " IS NULL THEN 'n' ELSE concat('v', ",
                    column[0], ") END");
  }
  std::vector<std::string> dump;
  for (const auto& values : session.Query(absl::StrCat("SELECT ", list, " FROM ", table))) {
    std::string row;
    for (size_t i = 0; i < columns.size(); ++i) Append(Expected(columns[i][1], values[i]), &row);
    dump.push_back(std::move(row));
  }
  std::sort(dump.begin(), dump.end());
  return dump;
}

std::vector<std::string> DumpMirror(Host& host, const std::string& target, const Rows& columns) {
  std::string list;
  for (const auto& column : columns) absl::StrAppend(&list, list.empty() ? "" : ", ", column[0]);
  sqlite3_stmt* statement = nullptr;
  const std::string sql = absl::StrCat("SELECT ", list, " FROM ", target);
  EXPECT_EQ(sqlite3_prepare_v2(host.db(), sql.c_str(), -1, &statement, nullptr), SQLITE_OK)
      << sqlite3_errmsg(host.db()) << "\n"
      << sql;
  std::vector<std::string> dump;
  if (statement == nullptr) return dump;
  int rc = 0;
  while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
    std::string row;
    for (int i = 0; i < static_cast<int>(columns.size()); ++i) Append(Found(statement, i), &row);
    dump.push_back(std::move(row));
  }
  EXPECT_EQ(rc, SQLITE_DONE) << sqlite3_errmsg(host.db()) << "\n" << sql;
  sqlite3_finalize(statement);
  std::sort(dump.begin(), dump.end());
  return dump;
}

}  // namespace

std::string DumpDifference::Text() const {
  constexpr size_t kMostShown = 5;
  std::string text;
  for (size_t i = 0; i < std::min(missing.size(), kMostShown); ++i)
    absl::StrAppend(&text, "missing ", missing[i], "\n");
  for (size_t i = 0; i < std::min(extra.size(), kMostShown); ++i) absl::StrAppend(&text, "extra ", extra[i], "\n");
  if (!text.empty()) absl::StrAppend(&text, missing.size(), " missing, ", extra.size(), " extra");
  return text;
}

DumpDifference CompareDumps(const Cluster& cluster, Host& host, const std::string& table, const std::string& target) {
  Session session(cluster);
  const Rows columns = ColumnsOf(session, table);
  EXPECT_FALSE(columns.empty()) << table;
  const std::vector<std::string> source = DumpSource(session, table, columns);
  const std::vector<std::string> mirror = DumpMirror(host, target.empty() ? table : target, columns);
  DumpDifference difference;
  std::set_difference(source.begin(), source.end(), mirror.begin(), mirror.end(),
                      std::back_inserter(difference.missing));
  std::set_difference(mirror.begin(), mirror.end(), source.begin(), source.end(), std::back_inserter(difference.extra));
  return difference;
}

}  // namespace deltamirror::lab
