// The metadata of a deltaflood line: the keys that are ours, and what their values mean.

#ifndef DELTAMIRROR_DELTAFLOOD_METADATA_H_
#define DELTAMIRROR_DELTAFLOOD_METADATA_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "deltaflood/record.h"

namespace deltamirror::deltaflood {

// In the order in which lines have them.
enum class Key : uint8_t {
  kClock,
  kSeq,
  kTable,
  kSchema,
  kQualifiedTable,
  kPartition,
  kXid,
  kLsn,
  kTime,
  kRelid,
  kIdentity,
  kCheck,
  kWas,
  kReason,
  kOid,
  kAction,
  kUnknown,
};

// "_table". Of any but kUnknown.
absl::string_view KeyName(Key key);

// kUnknown for a key that is not ours.
Key FindKey(absl::string_view name);

// Sets what `key` stands for. `value` is unescaped and stands at `offset` of the line; `out` keeps views of it.
// InvalidArgument, saying what was expected, for a value that the key cannot have. kUnknown is passed over.
absl::Status SetMetadata(Key key, absl::string_view value, size_t offset, Record* out);

}  // namespace deltamirror::deltaflood

#endif  // DELTAMIRROR_DELTAFLOOD_METADATA_H_
