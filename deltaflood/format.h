// Writes deltaflood lines. The format is described in docs/formats.md.
//
//   std::string line;
//   AppendField("_table", "zzz", &line);
//   AppendField("_action", "insert", &line);
//   AppendField("a", "two\twords", &line);
//   AppendNull("b", &line);
//   line += '\n';  // _table TAB zzz TAB _action TAB insert TAB a TAB
//   two\twords TAB b TAB \N LF

#ifndef DELTAMIRROR_DELTAFLOOD_FORMAT_H_
#define DELTAMIRROR_DELTAFLOOD_FORMAT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "deltaflood/record.h"

namespace deltamirror::deltaflood {

// TAB as \t, LF as \n, backslash as \\; every other byte as it is.
void AppendEscaped(absl::string_view text, std::string* out);

// A column's name, escaped. "_oid" is written as "\137oid": right behind _action it would be taken for the original's
// row OID.
void AppendColumnName(absl::string_view name, std::string* out);

// Key and value, escaped, with a TAB in front unless `out` is empty or ends in
// LF.
void AppendField(absl::string_view key, absl::string_view value, std::string* out);

// Key and \N.
void AppendNull(absl::string_view key, std::string* out);

// The whole record without LF, position (if it has one) first; metadata in the order of docs/formats.md. Parsing it
// gives the record again.
void AppendRecord(const Record& record, std::string* out);

}  // namespace deltamirror::deltaflood

#endif  // DELTAMIRROR_DELTAFLOOD_FORMAT_H_
