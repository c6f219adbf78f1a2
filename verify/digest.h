// A row as bytes, and 128 bits that stand for them.

#ifndef DELTAMIRROR_VERIFY_DIGEST_H_
#define DELTAMIRROR_VERIFY_DIGEST_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "types/value.h"

namespace deltamirror::verify {

// Appends a value such that two values have the same bytes if, and only if, SQLite holds the same: the integer 1, the
// real 1.0 and the text '1' are three values, NULL and '' are two. The one exception: 0.0 and -0.0 are equal.
void AppendValue(const types::Value& value, std::string* bytes);

// Takes a value that AppendValue wrote off the front; its text or blob is a view. False if there is none.
bool ConsumeValue(absl::string_view* bytes, types::Value* value);

// The values of a row behind one another, those of the key first.
struct EncodedRow {
  std::string bytes;
  size_t key_size = 0;  // in bytes; 0: the table has no key

  // What stands for the row: the key, or without one all of it.
  absl::string_view key() const { return key_size == 0 ? bytes : absl::string_view(bytes).substr(0, key_size); }
};

// `times`: how many of such rows there are; negative: so many fewer.
using RowVisitor = absl::FunctionRef<absl::Status(const EncodedRow& row, int64_t times)>;

// Equal bytes have equal digests. Of different bytes it happens once in 2^128; this is no defence against somebody who
// chooses the bytes.
struct Digest {
  uint64_t low = 0;
  uint64_t high = 0;

  bool operator==(const Digest&) const = default;
};

Digest DigestOf(absl::string_view bytes);

}  // namespace deltamirror::verify

#endif  // DELTAMIRROR_VERIFY_DIGEST_H_
