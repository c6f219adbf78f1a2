// Checksums of a table by ranges of its keys.

#ifndef DELTAMIRROR_VERIFY_KEY_RANGES_H_
#define DELTAMIRROR_VERIFY_KEY_RANGES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "verify/digest.h"

namespace deltamirror::verify {

// The range of all digests that keys can have is cut into kRanges equal ones, and each has a checksum: the sum of its
// rows' digests, and their number. So rows may come in any order, and the two sides need not agree on how keys sort:
// collations, and numbers that SQLite keeps as text, are no matter. Rows of one side are added, those of the other
// taken off: what is left is zero in a range whose rows are the same, how often each of them is there included.
class KeyRanges {
 public:
  static constexpr int kRangeBits = 18;
  static constexpr size_t kRanges = size_t{1} << kRangeBits;

  KeyRanges() : sums_(kRanges) {}

  static size_t RangeOf(const Digest& key) { return key.high >> (64 - kRangeBits); }

  void Add(const Digest& key, const Digest& row, int64_t times) {
    Sum& sum = sums_[RangeOf(key)];
    sum.low += row.low * static_cast<uint64_t>(times);
    sum.high += row.high * static_cast<uint64_t>(times);
    sum.rows += times;
  }

  bool Differs(size_t range) const { return sums_[range] != Sum(); }
  bool AnyDiffers() const {
    return std::any_of(sums_.begin(), sums_.end(), [](const Sum& sum) { return sum != Sum(); });
  }

 private:
  struct Sum {
    uint64_t low = 0;
    uint64_t high = 0;
    int64_t rows = 0;

    bool operator==(const Sum&) const = default;
  };
  std::vector<Sum> sums_;
};

}  // namespace deltamirror::verify

#endif  // DELTAMIRROR_VERIFY_KEY_RANGES_H_
