// Types whose value is its bytes, or nearly so: text, bytea, jsonb, uuid.

#ifndef DELTAMIRROR_TYPES_PLAIN_H_
#define DELTAMIRROR_TYPES_PLAIN_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "types/decoder.h"
#include "types/value.h"

namespace deltamirror::types {

// The bytes as TEXT: text, varchar, char(n) with its blanks, name, json, enums, and every type as its output function
// prints it. Bytes that are not UTF-8, which only an SQL_ASCII database has, are a BLOB: a host could not read them as
// text.
absl::Status TextAsIs(absl::string_view bytes, Scratch& scratch, Value* value);

// The bytes as BLOB.
absl::Status BlobAsIs(absl::string_view bytes, Scratch& scratch, Value* value);

// bytea's text form, \x and hex digits: BLOB.
absl::Status ByteaFromText(absl::string_view bytes, Scratch& scratch, Value* value);

// A version byte, which is 1, and the text.
absl::Status JsonbFromBinary(absl::string_view bytes, Scratch& scratch, Value* value);

// 16 bytes, as PostgreSQL prints them.
absl::Status UuidFromBinary(absl::string_view bytes, Scratch& scratch, Value* value);

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_PLAIN_H_
