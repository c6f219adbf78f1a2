// What turns the bytes of one PostgreSQL value into a SQLite value, and what a PostgreSQL type becomes in SQLite.

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

// What a type becomes.
struct Mapping {
  // The column's type in CREATE TABLE: "INTEGER", "REAL", "TEXT", "BLOB", or "" for none. numeric has none, because
  // every affinity that SQLite knows by a type's name would round or turn some of its values.
  absl::string_view declared;
  // The same in a STRICT table: there "ANY" stands for none, and also for REAL, which would refuse the text NaN.
  absl::string_view strict;
  // From the text that PostgreSQL's output function prints (with the session's settings pinned as
  // postgres::Connection pins them): what the stream carries. Never null.
  Decoder text = nullptr;
  // From the binary form of COPY. Null: the value must be asked for as text, through its output function, and goes to
  // the text decoder.
  Decoder binary = nullptr;
};

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_DECODER_H_
