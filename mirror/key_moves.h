// Rows whose new key is still taken by another row of the same transaction.
//
// A deferrable key lets a transaction swap keys: the lines say "1 becomes 2" while a row 2 is there, and only then "2
// becomes 1". So a row that finds its new key taken is parked under a key that nobody has, and gets its own once the
// other row has left, at the transaction's end at the latest. If the other row has not left by then, the batch is being
// applied a second time, and that row is an older state of this one: it goes.

#ifndef DELTAMIRROR_MIRROR_KEY_MOVES_H_
#define DELTAMIRROR_MIRROR_KEY_MOVES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "deltaflood/record.h"
#include "mirror/owned_columns.h"
#include "mirror/plan.h"
#include "sqlite/api.h"

namespace deltamirror::mirror {

class KeyMoves {
 public:
  // The plan must outlive it, and have a key.
  KeyMoves(sqlite3* db, const Plan* plan) : db_(db), plan_(plan) {}

  bool empty() const { return parked_.empty(); }

  // Gives the row with key `old` all of `columns` but the key, for which it waits.
  absl::Status Park(const std::vector<deltaflood::Column>& old, const std::vector<deltaflood::Column>& columns);

  // If a row waits for the key among `columns`: it gets it now, and whatever row has it goes.
  absl::Status Settle(const std::vector<deltaflood::Column>& columns);
  absl::Status SettleAll();

  // After a TRUNCATE.
  void Clear() { parked_.clear(); }

 private:
  struct Parked {
    std::string key;  // as KeyText gives it
    OwnedColumns columns;
    int64_t place;  // what stands in the key's first column meanwhile
  };

  std::string KeyText(const std::vector<deltaflood::Column>& columns) const;
  absl::Status SettleOne(Parked parked);

  sqlite3* db_;
  const Plan* plan_;
  std::vector<Parked> parked_;
  int64_t next_place_ = INT64_MIN;
};

// The value of a plan's column among a line's columns; null if it is not there.
const deltaflood::Column* FindColumn(const std::vector<deltaflood::Column>& columns, const PlanColumn& column);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_KEY_MOVES_H_
