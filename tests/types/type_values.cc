#include "tests/types/type_values.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "tests/lab/temp_dir.h"

namespace deltamirror {

namespace {

// Takes the version off the front of a line; false if it is later than the server's.
bool IsKnown(int version, std::string* line) {
  const size_t colon = line->find(": ");
  int since = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(line->substr(0, colon), &since)) return true;
  line->erase(0, colon + 2);
  return since <= version;
}

// Without the values of a type that the server does not know.
std::vector<TypeValues> ReadTypeValues(int version) {
  const char* path = std::getenv("DELTAMIRROR_TYPE_VALUES");
  const std::string text = lab::ReadFile(path == nullptr ? "" : path);
  EXPECT_FALSE(text.empty()) << "DELTAMIRROR_TYPE_VALUES does not name values.txt";
  std::vector<TypeValues> types;
  bool known = true;
  for (std::string line : std::vector<std::string>(absl::StrSplit(text, '\n'))) {
    if (line.empty() || line[0] == '#') continue;
    if (absl::StartsWith(line, "= ")) {
      line.erase(0, 2);
      known = IsKnown(version, &line);
      if (known) types.push_back({line, {}, {}});
    } else if (!known) {
      continue;
    } else if (types.empty()) {
      ADD_FAILURE() << "values.txt: a value before the first type: " << line;
    } else if (absl::StartsWith(line, "+ ")) {
      types.back().setup.push_back(line.substr(2));
    } else if (IsKnown(version, &line)) {
      types.back().values.push_back(line);
    }
  }
  return types;
}

}  // namespace

TypeTables::TypeTables(lab::Session* session, int version)
    : session_(session), types_(ReadTypeValues(version)), has_multiranges_(version >= 14) {
  for (const TypeValues& type : types_) {
    for (const std::string& sql : type.setup) session_->Exec(sql);
  }
  for (size_t type = 0; type < types_.size(); ++type) Make(type);
}

std::string TypeTables::Name(size_t type) {
  return absl::StrCat("t", type);
}

std::string TypeTables::Names() const {
  std::vector<std::string> names;
  for (size_t type = 0; type < types_.size(); ++type) names.push_back(Name(type));
  return absl::StrJoin(names, ",");
}

// The name of a range must not hold the word range, or that of its multirange would be another.
void TypeTables::Make(size_t type) {
  const lab::Rows made = session_->Query(absl::StrReplaceAll(
      R"(CREATE DOMAIN d# AS $T;
         CREATE TYPE r# AS (value $T, words text, none $T);
         DO $do$ BEGIN CREATE TYPE s# AS RANGE (subtype = $T);
         EXCEPTION WHEN undefined_object THEN NULL; END $do$;
         SELECT to_regtype('$T[]') IS NOT NULL, to_regtype('s#') IS NOT NULL)",
      {{"$T", types_[type].type}, {"#", absl::StrCat(type)}}));
  has_array_.push_back(made[0][0] == "t");
  has_range_.push_back(made[0][1] == "t");
  session_->Exec(absl::StrReplaceAll(
      absl::StrCat("CREATE TABLE t# (n int, x $T, d d#, \"r\tr\" r#",
                   has_array_.back() ? ", a $T[], b $T[], c $T[]" : "", has_range_.back() ? ", s s#" : "",
                   has_range_.back() && has_multiranges_ ? ", m s#_multirange" : "",
                   "); ALTER TABLE t# REPLICA IDENTITY FULL"),
      {{"$T", types_[type].type}, {"#", absl::StrCat(type)}}));
}

std::string TypeTables::Row(size_t type, size_t value) const {
  static constexpr const char* kArrays =
      ", array_append(array_append('{}'::$T[], v), NULL), array_fill(v, ARRAY[2, 2]), array_fill(v, ARRAY[2], "
      "ARRAY[-1])";
  static constexpr const char* kRanges[] = {"s#(v, v, '[]')", "s#(v, NULL, '[)')", "s#(NULL, v, '(]')"};
  return absl::StrReplaceAll(
      absl::StrCat("INSERT INTO t# SELECT $N, v, v, ROW(v, E'\\t\"\\\\', NULL)::r#", has_array_[type] ? kArrays : "",
                   has_range_[type] ? absl::StrCat(", ", kRanges[value % 3]) : "",
                   has_range_[type] && has_multiranges_ ? ", s#_multirange(s#(v, v, '[]'))" : "",
                   " FROM (SELECT ($V)::$T AS v) AS s;"),
      {{"$N", absl::StrCat(value + 1)},
       {"$T", types_[type].type},
       {"$V", types_[type].values[value]},
       {"#", absl::StrCat(type)}});
}

void TypeTables::Fill() {
  for (size_t type = 0; type < types_.size(); ++type) {
    SCOPED_TRACE(types_[type].type);
    std::string sql =
        absl::StrCat("INSERT INTO ", Name(type), has_array_[type] ? " (n, a) VALUES (0, '{}');" : " (n) VALUES (0);");
    for (size_t value = 0; value < types_[type].values.size(); ++value) absl::StrAppend(&sql, Row(type, value));
    session_->Exec(sql);
  }
}

}  // namespace deltamirror
