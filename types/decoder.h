// What turns the bytes of one PostgreSQL value into a SQLite value.

#ifndef DELTAMIRROR_TYPES_DECODER_H_
#define DELTAMIRROR_TYPES_DECODER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "types/value.h"

namespace deltamirror::types {

// Memory for values whose bytes do not stand in the input (a BLOB from hex digits, a timestamp from binary). One per
// loop is enough; what a decoder put there lasts until the next one is called with it.
using Scratch = std::string;

// Decodes one value that is not NULL. `bytes` is the whole value, in PostgreSQL's text or in its binary form, as the
// decoder's place in Mapping says. Text and blobs of the result are views into `bytes` or into `scratch`.
// The error names the type, what was expected and what came; the caller, who knows the column, puts it in front.
using Decoder = absl::Status (*)(absl::string_view bytes, Scratch& scratch, Value* value);

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_DECODER_H_
