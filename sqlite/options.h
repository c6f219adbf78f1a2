// The trailing JSON object that functions with options take.

#ifndef DELTAMIRROR_SQLITE_OPTIONS_H_
#define DELTAMIRROR_SQLITE_OPTIONS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace deltamirror::sqlite {

// Reads options by name. Every getter leaves its default in place when the option was not given, and names the key, the
// value and what was expected when it does not fit. Finish tells of the keys that nobody asked for.
//
//   ASSIGN_OR_RETURN(OptionReader reader, OptionReader::Parse("pg_import", json));   // NULL or '' give no options
//   RETURN_IF_ERROR(reader.Get("strict", &options.strict));
//   RETURN_IF_ERROR(reader.GetInteger("commit_every", 1, INT64_MAX, &options.commit_every));
//   RETURN_IF_ERROR(reader.Finish());   // pg_import: unknown option "colums", expected one of "strict", "commit_every"
class OptionReader {
 public:
  // `function`: the SQL name that messages begin with.
  static absl::StatusOr<OptionReader> Parse(absl::string_view function, absl::string_view json);

  OptionReader(OptionReader&&) noexcept;
  OptionReader& operator=(OptionReader&&) noexcept;
  ~OptionReader();

  // true, false, 1 or 0.
  absl::Status Get(absl::string_view key, bool* value);
  absl::Status Get(absl::string_view key, std::string* value);
  // An array of texts.
  absl::Status Get(absl::string_view key, std::vector<std::string>* value);
  // An object of texts, in the order in which they were written.
  absl::Status Get(absl::string_view key, std::vector<std::pair<std::string, std::string>>* value);
  // An object of any content, as JSON text.
  absl::Status GetObject(absl::string_view key, std::string* value);
  // A whole number from `least` to `most`.
  absl::Status GetInteger(absl::string_view key, int64_t least, int64_t most, int64_t* value);
  // One of `choices`.
  absl::Status GetChoice(absl::string_view key, const std::vector<std::string>& choices, std::string* value);
  bool Has(absl::string_view key);

  absl::Status Finish() const;

 private:
  struct Object;
  explicit OptionReader(std::unique_ptr<Object> object);
  std::unique_ptr<Object> object_;
};

}  // namespace deltamirror::sqlite

#endif  // DELTAMIRROR_SQLITE_OPTIONS_H_
