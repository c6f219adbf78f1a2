// Decoders for types that the user wants as something else. All of them read text: an overridden column is asked for
// as text in the first copy too.

#ifndef DELTAMIRROR_TYPES_OVERRIDE_H_
#define DELTAMIRROR_TYPES_OVERRIDE_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "types/decoder.h"

namespace deltamirror::types {

// What a column becomes whose type is overridden with "text", "integer", "real" or "blob". A value that has no such
// form (12.5 as an integer) is an error.
//   oid: the type; of a domain its base type.
Mapping OverrideMapping(absl::string_view target, uint32_t oid);

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_OVERRIDE_H_
