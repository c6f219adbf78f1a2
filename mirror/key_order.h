// Rows of a run in the order of their keys, so that those that stand together in the table are written together.
//
// Where keys come in no order, nearly each row is on another page, which is to be looked for, and often to be waited
// for; and each page is changed again and again.

#ifndef DELTAMIRROR_MIRROR_KEY_ORDER_H_
#define DELTAMIRROR_MIRROR_KEY_ORDER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "types/value.h"

namespace deltamirror::mirror {

class KeyOrder {
 public:
  // `key`: the places of the key among a row's values. There must be no rows.
  void Begin(const std::vector<int>& key) { key_ = key; }

  // The next row's values, which must stay; null if they are not known, and then the rows have no order.
  void Add(const types::Value* row);

  // Whether so many rows come behind one with a larger key that it pays to put them in order.
  bool IsScattered() const { return is_known_ && descents_ > entries_.size() / 8; }

  // The rows to write, as numbers in the order in which they were added. Of rows with the same key the last alone: to
  // be called only where that one says all of the row.
  const std::vector<uint32_t>& Sort();

  void Clear();

  // What it needs for a row.
  static constexpr size_t kBytes = 32;

 private:
  struct Entry {
    uint64_t prefix;  // of the first column of the key: entries that differ in it have its order
    const types::Value* row;
    uint32_t number;
  };
  static_assert(sizeof(Entry) + sizeof(uint32_t) <= kBytes);

  // Negative, zero or positive, as the key of a stands before, at or behind that of b.
  int Compare(const Entry& a, const Entry& b) const;

  std::vector<int> key_;
  std::vector<Entry> entries_;
  std::vector<uint32_t> order_;
  bool backwards_ = false;  // the next time
  size_t descents_ = 0;
  bool is_known_ = true;
};

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_KEY_ORDER_H_
