// Splits a line at its separators. Nearly all the time of parsing is spent
// here, so a one-byte separator, which is what every line of ours has, is
// looked for in eight bytes at once.

#ifndef DELTAMIRROR_DELTAFLOOD_FIELD_SCANNER_H_
#define DELTAMIRROR_DELTAFLOOD_FIELD_SCANNER_H_

#include <bit>
#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"

namespace deltamirror::deltaflood {

// Finds one byte, from left to right, each place once.
class ByteScanner {
 public:
  ByteScanner(absl::string_view line, absl::string_view separator)
      : next_(line.data()),
        end_(line.data() + line.size()),
        byte_(separator[0]),
        pattern_(0x0101010101010101u * static_cast<uint8_t>(separator[0])) {}

  size_t separator_size() const { return 1; }

  // The next place of the separator, or the line's end.
  const char* Find() {
    while (hits_ == 0) {
      if (end_ - next_ < static_cast<ptrdiff_t>(sizeof(uint64_t))) {
        return FindInTail();
      }
      word_ = next_;
      hits_ = HitsOf(next_);
      next_ += sizeof(uint64_t);
    }
    const char* const hit = word_ + std::countr_zero(hits_) / 8;
    hits_ &= hits_ - 1;
    return hit;
  }

 private:
  // The high bit of each byte that is the separator, exactly (no carry runs
  // from one byte into the next), first byte lowest.
  uint64_t HitsOf(const char* at) const {
    constexpr uint64_t kLow = 0x7F7F7F7F7F7F7F7Fu;
    uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    if constexpr (std::endian::native == std::endian::big) {
      word = __builtin_bswap64(word);
    }
    word ^= pattern_;
    return ~(((word & kLow) + kLow) | word | kLow);
  }

  const char* FindInTail() {
    while (next_ < end_) {
      const char* const at = next_++;
      if (*at == byte_) return at;
    }
    return end_;
  }

  const char* next_;  // what was not looked at yet
  const char* end_;
  char byte_;
  uint64_t pattern_;
  const char* word_ = nullptr;  // the eight bytes that hits_ speaks of
  uint64_t hits_ = 0;
};

// The same for a separator of several bytes (the original's option).
class TextScanner {
 public:
  TextScanner(absl::string_view line, absl::string_view separator) : line_(line), separator_(separator) {}

  size_t separator_size() const { return separator_.size(); }

  const char* Find() {
    const size_t at = line_.find(separator_, from_);
    if (at == absl::string_view::npos) return line_.data() + line_.size();
    from_ = at + separator_.size();
    return line_.data() + at;
  }

 private:
  absl::string_view line_;
  absl::string_view separator_;
  size_t from_ = 0;
};

// Gives a line's fields one after the other.
template <typename Scanner>
class FieldReader {
 public:
  FieldReader(absl::string_view line, absl::string_view separator)
      : scanner_(line, separator), begin_(line.data()), next_(line.data()), end_(line.data() + line.size()) {}

  // False behind the last field. An empty line has one empty field.
  bool Read(absl::string_view* field) {
    if (next_ == nullptr) return false;
    const char* const hit = scanner_.Find();
    *field = absl::string_view(next_, hit - next_);
    next_ = hit == end_ ? nullptr : hit + scanner_.separator_size();
    return true;
  }

  // Where the next field begins in the line; its length behind the last one.
  size_t Offset() const { return (next_ == nullptr ? end_ : next_) - begin_; }

 private:
  Scanner scanner_;
  const char* begin_;
  const char* next_;
  const char* end_;
};

}  // namespace deltamirror::deltaflood

#endif  // DELTAMIRROR_DELTAFLOOD_FIELD_SCANNER_H_
