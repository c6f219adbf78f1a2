// A record as JSON text (RFC 8259). Bytes that are not UTF-8 become U+FFFD, so
// that the result is always valid JSON.

#ifndef DELTAMIRROR_DELTAFLOOD_JSON_H_
#define DELTAMIRROR_DELTAFLOOD_JSON_H_

#include <string>

#include "absl/strings/string_view.h"
#include "deltaflood/record.h"

namespace deltamirror::deltaflood {

// `text` as a JSON string, with its quotes.
void AppendJsonString(absl::string_view text, std::string* out);

// The columns alone: {"a":"fox62","b":null}. Every value is a string or null; a
// name that comes twice is printed twice.
void AppendColumnsJson(const Record& record, std::string* out);

// All of it:
// {"_c":1507507200,"_s":12,"_table":"zzz","_xid":88628918,"_action":"insert","columns":{"a":"fox62","b":"hen17"}}.
// _c, _s, _xid, _time and _relid are numbers, the rest strings; a key that the
// line did not have is left out. `columns` is always there.
void AppendRecordJson(const Record& record, std::string* out);

}  // namespace deltamirror::deltaflood

#endif  // DELTAMIRROR_DELTAFLOOD_JSON_H_
