#include "tests/types/expected.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace deltamirror {
namespace {

// A column of SQLite that is declared REAL has no -0.
std::string Real(const std::string& printed) {
  return absl::StrFormat("real %a", std::strtod(printed.c_str(), nullptr) + 0.0);
}

// The digits from the first to the last that is not zero.
std::string Significant(const std::string& printed) {
  std::string digits = absl::StrReplaceAll(printed, {{"-", ""}, {".", ""}});
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  while (!digits.empty() && digits.back() == '0') digits.pop_back();
  return digits;
}

std::string Numeric(const std::string& printed) {
  if (printed == "NaN") return "text NaN";
  if (absl::EndsWith(printed, "Infinity")) return Real(printed);
  const size_t point = printed.find('.');
  const bool whole = point == std::string::npos || printed.find_first_not_of('0', point + 1) == std::string::npos;
  int64_t number = 0;
  if (whole && absl::SimpleAtoi(printed.substr(0, point), &number)) return absl::StrCat("integer ", number);
  // Doubles that are this large or small have fewer than 15 digits left.
  const double magnitude = std::fabs(std::strtod(printed.c_str(), nullptr));
  if (Significant(printed).size() <= 15 && magnitude > 9e-300 && magnitude < 1e300) return Real(printed);
  return absl::StrCat("text ", printed);
}

}  // namespace

std::string Expected(const std::string& type, const PrintedValue& printed) {
  if (!printed.has_value()) return "null";
  if (type == "smallint" || type == "integer" || type == "bigint" || type == "oid") {
    return absl::StrCat("integer ", *printed);
  }
  if (type == "boolean") return *printed == "t" ? "integer 1" : "integer 0";
  if (type == "real" || type == "double precision") return *printed == "NaN" ? "text NaN" : Real(*printed);
  if (type == "numeric") return Numeric(*printed);
  if (type == "bytea") return absl::StrCat("blob ", printed->substr(2));
  const bool zoned = type == "timestamp with time zone" && absl::EndsWith(*printed, "+00");
  return absl::StrCat("text ", *printed, zoned ? ":00" : "");
}

std::string DeclaredType(const std::string& type) {
  if (type == "smallint" || type == "integer" || type == "bigint" || type == "oid" || type == "boolean") {
    return "INTEGER";
  }
  if (type == "real" || type == "double precision") return "REAL";
  if (type == "numeric") return "";
  return type == "bytea" ? "BLOB" : "TEXT";
}

std::string ShownValue(sqlite3_stmt* row, int column) {
  const int type = sqlite3_column_type(row, column);
  if (type == SQLITE_NULL) return "null";
  if (type == SQLITE_INTEGER) return absl::StrCat("integer ", sqlite3_column_int64(row, column));
  if (type == SQLITE_FLOAT) return absl::StrFormat("real %a", sqlite3_column_double(row, column));
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(row, column));
  const std::string content(bytes == nullptr ? "" : bytes, static_cast<size_t>(sqlite3_column_bytes(row, column)));
  return type == SQLITE_TEXT ? absl::StrCat("text ", content) : absl::StrCat("blob ", absl::BytesToHexString(content));
}

}  // namespace deltamirror
