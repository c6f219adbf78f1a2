// The shape of a table, as an "_action relation" line carries it:
//
//   _table flights _xid 88 _lsn 0/1A2B _relid 16402 _identity default _action relation
//     ident {"attnum":1,"type":"text","oid":25,"pk":1,"key":1,"not_null":true} seats {"attnum":2,"type":"integer[]",...
//
// (TAB-separated, one line.) docs/formats.md describes every key.

#ifndef DELTAMIRROR_DELTAFLOOD_RELATION_H_
#define DELTAMIRROR_DELTAFLOOD_RELATION_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "deltaflood/record.h"
#include "types/relation.h"

namespace deltamirror::deltaflood {

// Reads a record whose action is kRelation. The result owns its texts. Keys of a column's description may be left out
// (they keep the values that types::Column begins with), except attnum, type and oid; an unknown key is passed over; a
// wrong type or value is an InvalidArgument that names column, key, what was expected and what came.
absl::StatusOr<types::Relation> ParseRelation(const Record& record);

// The way back: a column's description, and what "_identity" says. Keys that say nothing are left out.
void AppendColumnDescription(const types::Column& column, std::string* out);
absl::string_view IdentityName(types::Identity identity);

}  // namespace deltamirror::deltaflood

#endif  // DELTAMIRROR_DELTAFLOOD_RELATION_H_
