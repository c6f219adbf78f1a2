// Columns of a line that must outlive it.

#ifndef DELTAMIRROR_MIRROR_OWNED_COLUMNS_H_
#define DELTAMIRROR_MIRROR_OWNED_COLUMNS_H_

#include <string>
#include <vector>

#include "deltaflood/record.h"

namespace deltamirror::mirror {

// A copy of a line's columns. Assigning again reuses the memory.
class OwnedColumns {
 public:
  OwnedColumns() = default;
  OwnedColumns(OwnedColumns&&) = default;
  OwnedColumns& operator=(OwnedColumns&&) = default;

  void Assign(const std::vector<deltaflood::Column>& columns);

  // Valid until the next Assign.
  const std::vector<deltaflood::Column>& columns() const { return columns_; }

 private:
  std::vector<char> bytes_;  // on the heap also when short: a move leaves the views valid
  std::vector<deltaflood::Column> columns_;
};

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_OWNED_COLUMNS_H_
