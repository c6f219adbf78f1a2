// The arguments of CREATE VIRTUAL TABLE m USING daystream_apply(...).

#ifndef DELTAMIRROR_MIRROR_SETTINGS_H_
#define DELTAMIRROR_MIRROR_SETTINGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace deltamirror::mirror {

// An insert whose key is there already.
enum class OnConflict : uint8_t {
  kReplace,  // the new row takes the place of the old one
  kError,
  kIgnore,  // the old row stays; counted as skipped
};

// An update or delete whose row is not there.
enum class OnMissing : uint8_t {
  kInsert,  // an update that brings all columns inserts the row; a delete has nothing to do; another update is an error
  kError,
  kIgnore,  // counted as skipped
};

// A table whose shape changed in PostgreSQL.
enum class OnDdl : uint8_t {
  kFollow,  // the table in SQLite changes likewise
  kKeep,    // the same, but no column is dropped
  kStop,    // an error that names the statement to run
};

// A table whose change cannot be applied.
enum class OnError : uint8_t {
  kStop,    // the mirror stops
  kDetach,  // the table stays as it is and is left out; the mirror goes on
};

struct Settings {
  std::string source;                 // of the daystream; may be empty: then only INSERT feeds the mirror
  std::optional<std::string> tables;  // the list that the user gave, for TableList::Parse
  std::string schema;                 // the database to write to
  OnConflict on_conflict = OnConflict::kReplace;
  OnMissing on_missing = OnMissing::kInsert;
  OnDdl on_ddl = OnDdl::kFollow;
  OnError on_error = OnError::kStop;

  // The JSON object that the mirror keeps, and back. DataLoss if it cannot be understood.
  std::string ToJson() const;
  static absl::StatusOr<Settings> FromJson(absl::string_view json);
};

// Reads what SQLite hands to xCreate behind the table's name: name=value, the value plain or quoted as SQL does.
// `schema` is the database of the mirror, and where it writes unless told otherwise. The error names the argument, its
// value and what was expected.
absl::StatusOr<Settings> ParseArguments(absl::string_view schema, const std::vector<absl::string_view>& arguments);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_SETTINGS_H_
