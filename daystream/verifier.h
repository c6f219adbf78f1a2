// Notices lines of a daystream that were changed, taken out or added since they were written.

#ifndef DELTAMIRROR_DAYSTREAM_VERIFIER_H_
#define DELTAMIRROR_DAYSTREAM_VERIFIER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "daystream/check.h"
#include "daystream/line.h"

namespace deltamirror::daystream {

// What is checked is a transaction, at its last line: a caller that waits for that line has seen no false one. Lines of
// a stream that has no checks (the original plugin's, one that another program wrote) are taken as they are.
//
//   Verifier verifier;
//   verifier.Begin(Verifier::From::kBeginning, /*required=*/true);
//   RETURN_IF_ERROR(verifier.Take(line, path));  // for each line
class Verifier {
 public:
  enum class From : uint8_t {
    kBeginning,  // of the daystream: nothing lies before
    kAnywhere,   // what lies before is not known: of the first transaction only its end may come
  };

  // `required`: every transaction's end must have a check.
  void Begin(From from, bool required);

  // The next line, of the file `path`. DataLoss if it is no deltaflood line and checks are required; and, at the end of
  // a transaction, if its lines are not those that were written, or if transactions are missing between it and the one
  // before. The error names both ends of what is damaged.
  absl::Status Take(const Line& line, const std::string& path);

 private:
  absl::StatusOr<bool> IsEnd(const Line& line, const std::string& path);
  absl::Status TakeEnd(absl::string_view text, absl::string_view value);
  absl::Status TakeUncheckedEnd();

  bool required_ = false;
  bool counted_ = false;  // the number of the last transaction is known
  bool began_ = false;    // a line has come
  std::string path_;      // where the first one began, or the last transaction ended
  uint64_t offset_ = 0;   // likewise
  RunningCheck running_;  // of the lines behind that
  EndFinder ends_;
};

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_VERIFIER_H_
