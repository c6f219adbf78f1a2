// The seam between the first copy and the stream, from the mirror's side: design.md section 4, "The hand-over".

#ifndef DELTAMIRROR_MIRROR_HANDOVER_H_
#define DELTAMIRROR_MIRROR_HANDOVER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace deltamirror::mirror {

// Which transactions of the stream a copied table has already. A record of the table is skipped if SnapshotSaw(its
// xid), until the first commit for which EndsAt is true: that transaction and all behind it are applied, whatever their
// xids, and the hand-over is over.
class HandoverFilter {
 public:
  // {"xmin":"730","xmax":"742","xip":["733","740"],"end_lsn":"0/1A2B3C"}. DataLoss if it cannot be understood.
  static absl::StatusOr<HandoverFilter> FromJson(absl::string_view json);

  // The low 32 bits of a top-level transaction id.
  bool SnapshotSaw(uint32_t xid) const;
  bool EndsAt(uint64_t commit_lsn) const { return commit_lsn >= end_lsn_; }

 private:
  HandoverFilter() = default;

  uint32_t xmax_ = 0;
  std::vector<uint32_t> running_;  // sorted
  uint64_t end_lsn_ = 0;
};

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_HANDOVER_H_
