#include "verify/comparison.h"

#include <memory>

#include "status/status_macros.h"
#include "verify/differences.h"
#include "verify/digest.h"
#include "verify/mirror_rows.h"

namespace deltamirror::verify {

absl::StatusOr<Counts> Comparison::Run(int64_t most, Report* report) {
  RETURN_IF_ERROR(Sum());
  if (ranges_.AnyDiffers()) {
    ASSIGN_OR_RETURN(counts_.differing, Find(most, report));
    // Both sides are held still; a database in memory is not, when its own application writes.
    if (counts_.differing == 0) return absl::AbortedError("the mirror's rows changed while they were read");
  }
  return counts_;
}

absl::Status Comparison::Sum() {
  const auto add = [this](const EncodedRow& row, int64_t times) {
    const Digest digest = DigestOf(row.bytes);
    ranges_.Add(row.key_size == 0 ? digest : DigestOf(row.key()), digest, times);
  };
  RETURN_IF_ERROR(source_.ForEach(heartbeat_, [&](const EncodedRow& row, int64_t times) {
    counts_.source += times;
    add(row, times);
    return absl::OkStatus();
  }));
  const auto heartbeat = [this](int64_t rows) { return heartbeat_(counts_.source + rows); };
  return ForEachMirrorRow(db_, table_, heartbeat, [&](const EncodedRow& row, int64_t times) {
    counts_.mirror += times;
    add(row, -times);
    return absl::OkStatus();
  });
}

absl::StatusOr<int64_t> Comparison::Find(int64_t most, Report* report) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Differences> differences,
                   Differences::Create(temporary_, &table_, &ranges_, most, report));
  RETURN_IF_ERROR(source_.ForEach(
      heartbeat_, [&](const EncodedRow& row, int64_t times) { return differences->AddSource(row, times); }));
  RETURN_IF_ERROR(ForEachMirrorRow(db_, table_, heartbeat_,
                                   [&](const EncodedRow& row, int64_t) { return differences->AddMirror(row); }));
  return differences->Finish();
}

}  // namespace deltamirror::verify
