// Which keys are in motion.

#ifndef DELTAMIRROR_VERIFY_MOVED_KEYS_H_
#define DELTAMIRROR_VERIFY_MOVED_KEYS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "verify/digest.h"

namespace deltamirror::verify {

// Never says no of a key that was added; now and then says yes of one that was not, so that its size is fixed (4 MiB).
class MovedKeys {
 public:
  MovedKeys() : bits_(kKeys) {}

  void Add(const Digest& key) {
    bits_[IndexOf(key)] = true;
    empty_ = false;
  }
  bool MayHave(const Digest& key) const { return !empty_ && bits_[IndexOf(key)]; }
  bool empty() const { return empty_; }

 private:
  static constexpr int kKeyBits = 25;
  static constexpr size_t kKeys = size_t{1} << kKeyBits;

  static size_t IndexOf(const Digest& key) { return key.low >> (64 - kKeyBits); }

  std::vector<bool> bits_;
  bool empty_ = true;
};

}  // namespace deltamirror::verify

#endif  // DELTAMIRROR_VERIFY_MOVED_KEYS_H_
