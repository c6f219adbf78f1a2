// What differs in a table, as JSON.

#ifndef DELTAMIRROR_VERIFY_REPORT_H_
#define DELTAMIRROR_VERIFY_REPORT_H_

#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/string_view.h"
#include "verify/compared_table.h"

namespace deltamirror::verify {

// {"missing":[{"id":7}],"extra":[{"id":8}],"changed":[{"key":{"id":9},"columns":{"gate":{"source":"B7","mirror":null}}}]}:
// rows by their key, or without one by all of their columns. What does not occur is left out; nothing at all gives "".
// Blobs are shown as texts like x'00FF', reals that JSON has no number for as texts, and long values are cut.
class Report {
 public:
  // Rows as ComparedTable::Encode gives them; of those that are missing or extra, the key alone will do.
  void AddMissing(const ComparedTable& table, absl::string_view row);
  void AddExtra(const ComparedTable& table, absl::string_view row);
  void AddChanged(const ComparedTable& table, absl::string_view source, absl::string_view mirror);

  // "awaited": columns of which the stream has not told yet.
  void SetAwaited(const std::vector<std::string>& columns);
  // "error": why the table could not be compared.
  void SetError(absl::string_view reason);

  std::string Text() const;

 private:
  nlohmann::ordered_json json_ = nlohmann::ordered_json::object();
};

}  // namespace deltamirror::verify

#endif  // DELTAMIRROR_VERIFY_REPORT_H_
