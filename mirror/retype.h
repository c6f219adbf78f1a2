// What becomes of the values of a column whose type changes in PostgreSQL.

#ifndef DELTAMIRROR_MIRROR_RETYPE_H_
#define DELTAMIRROR_MIRROR_RETYPE_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "types/mapping.h"
#include "types/relation.h"

namespace deltamirror::mirror {

// An expression in SQLite that gives a value's form under the new type, of the column that is named (quoted). This is
// for a change that leaves the rows as they are in PostgreSQL; one that computes them anew brings them in the stream.
// It gives its own results once more. Nothing where only PostgreSQL knows what they are now: the table must be copied
// again, if it has rows.
//
//   RetypedValue(varchar, text, {}, "\"a\"")             "a"
//   RetypedValue(timestamp, timestamptz, {}, "\"a\"")    CASE ... "a" || '+00:00' END
//   RetypedValue(integer, bigint, {}, "\"a\"")           nothing: that computes the rows anew
std::optional<std::string> RetypedValue(const types::Column& before, const types::Column& after,
                                        const types::Overrides& overrides, absl::string_view quoted);

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_RETYPE_H_
