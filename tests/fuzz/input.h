// What a fuzz target makes of the bytes that it is given.

#ifndef DELTAMIRROR_TESTS_FUZZ_INPUT_H_
#define DELTAMIRROR_TESTS_FUZZ_INPUT_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/string_view.h"

namespace deltamirror::fuzz {

// Takes bytes off the front of an input; at its end there are zeroes and empty texts.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  uint8_t Byte() {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }

  // With two bytes of length in front, the lower one first; or all that is left.
  absl::string_view Piece() {
    const size_t low = Byte();
    const size_t length = low | size_t{Byte()} << 8;
    const absl::string_view piece = rest_.substr(0, length);
    rest_.remove_prefix(piece.size());
    return piece;
  }

  absl::string_view Rest() const { return rest_; }
  bool empty() const { return rest_.empty(); }

 private:
  absl::string_view rest_;
};

// What must hold for every input. The abort is what the fuzzer finds.
inline void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace deltamirror::fuzz

#endif  // DELTAMIRROR_TESTS_FUZZ_INPUT_H_
