// The seam between the first copy and the stream: design.md section 4, "The hand-over". postgres/snapshot.h says why it
// is exact.

#ifndef DELTAMIRROR_MIRROR_HANDOVER_H_
#define DELTAMIRROR_MIRROR_HANDOVER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace deltamirror::mirror {

// What a mirror keeps of a copy's snapshot for as long as the hand-over lasts.
struct Handover {
  uint64_t xmin = 0;              // all transactions below had ended
  uint64_t xmax = 0;              // this one and all above had not begun
  std::vector<uint64_t> running;  // of those between, in order
  uint64_t end_lsn = 0;           // no transaction that the snapshot sees has a commit record at or behind it

  // {"xmin":"730","xmax":"742","xip":["733","740"],"end_lsn":"0/1A2B3C"}
  std::string ToJson() const;
  // DataLoss if it cannot be understood.
  static absl::StatusOr<Handover> FromJson(absl::string_view json);

  bool operator==(const Handover&) const = default;
};

// Which transactions of the stream a copied table has already. A record of the table is skipped if SnapshotSaw(its
// xid), until the first commit for which EndsAt is true: that transaction and all behind it are applied, whatever their
// xids, and the hand-over is over.
class HandoverFilter {
 public:
  explicit HandoverFilter(const Handover& handover);
  static absl::StatusOr<HandoverFilter> FromJson(absl::string_view json);

  // The low 32 bits of a top-level transaction id, as the stream has it. Right for ids that are less than 2^31 away
  // from the snapshot's, and PostgreSQL itself cannot hold others.
  bool SnapshotSaw(uint32_t xid) const;
  bool EndsAt(uint64_t commit_lsn) const { return commit_lsn >= end_lsn_; }

 private:
  uint32_t xmax_;
  std::vector<uint32_t> running_;  // sorted
  uint64_t end_lsn_;
};

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_HANDOVER_H_
