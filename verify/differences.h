// Which rows differ: the second reading, of a table whose checksums do.

#ifndef DELTAMIRROR_VERIFY_DIFFERENCES_H_
#define DELTAMIRROR_VERIFY_DIFFERENCES_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sqlite/api.h"
#include "sqlite/statement.h"
#include "verify/compared_table.h"
#include "verify/digest.h"
#include "verify/key_ranges.h"
#include "verify/report.h"

namespace deltamirror::verify {

// Give it all rows of the source, then all of the mirror. It keeps those of the ranges that differ in a temporary
// database: of the first few ranges the whole rows, which are shown, of the others no more than what counts.
class Differences {
 public:
  // All must outlive it. `most`: how many differences are to be shown in the report.
  static absl::StatusOr<std::unique_ptr<Differences>> Create(sqlite3* temporary, const ComparedTable* table,
                                                             const KeyRanges* ranges, int64_t most, Report* report);

  absl::Status AddSource(const EncodedRow& row, int64_t times);
  absl::Status AddMirror(const EncodedRow& row);

  // To be called behind the last row: how many rows are missing, extra or changed.
  absl::StatusOr<int64_t> Finish();

 private:
  Differences(sqlite3* temporary, const ComparedTable* table, const KeyRanges* ranges, int64_t most, Report* report);
  absl::Status Prepare();
  absl::Status Keep(const EncodedRow& row, absl::string_view key, size_t range, int64_t times);
  absl::Status TakeByKey(const EncodedRow& row, size_t range);
  int64_t ToShow(int64_t times, bool shown);
  bool IsShown(size_t range) const { return range < shown_ranges_; }

  sqlite3* const db_;
  const ComparedTable& table_;
  const KeyRanges& ranges_;
  Report& report_;
  size_t shown_ranges_ = 0;  // the ranges below this one are shown
  int64_t left_to_show_;
  sqlite::Statement keep_;
  sqlite::Statement find_;
  sqlite::Statement take_;
  int64_t count_ = 0;
};

}  // namespace deltamirror::verify

#endif  // DELTAMIRROR_VERIFY_DIFFERENCES_H_
