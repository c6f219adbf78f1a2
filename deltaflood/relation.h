// The shape of a table, as an "_action relation" line carries it:
//
//   _table flights _xid 88 _lsn 0/1A2B _relid 16402 _identity default _action
//   relation
//     ident
//     {"attnum":1,"type":"text","oid":25,"elem":0,"pk":1,"key":true,"not_null":true,"generated":false,"missing":null}
//     ...
//
// (TAB-separated, one line.) docs/formats.md describes every key.

#ifndef DELTAMIRROR_DELTAFLOOD_RELATION_H_
#define DELTAMIRROR_DELTAFLOOD_RELATION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "deltaflood/record.h"

namespace deltamirror::deltaflood {

enum class Identity : uint8_t { kDefault, kIndex, kFull, kNothing };

// "default", "index", "full", "nothing".
absl::string_view IdentityName(Identity identity);

struct RelationColumn {
  std::string name;
  // PostgreSQL's column number: it survives a rename, and is never given twice
  int32_t attnum = 0;
  // as format_type prints it: "numeric(10,2)", "text[]"
  std::string type;
  // the type's OID; a domain's is its base type's
  uint32_t oid = 0;
  uint32_t elem = 0;  // an array's element type, else 0
  int32_t pk = 0;     // place in the primary key from 1, or 0
  bool key = false;   // part of the replica identity
  bool not_null = false;
  // GENERATED ALWAYS AS (...) STORED: its value is not in the stream
  bool generated = false;
  // what rows from before the column was added hold, as text; absent: NULL
  std::optional<std::string> missing;
};

struct Relation {
  std::string schema;  // empty for "public"
  std::string table;
  uint32_t relid = 0;
  Identity identity = Identity::kDefault;
  std::vector<RelationColumn> columns;  // in attnum order, as in the line
};

// Reads a record whose action is kRelation. The result owns its texts. Keys may
// be left out (they keep the values above), except attnum, type and oid; an
// unknown key is passed over, a wrong type is an InvalidArgument that names
// column, key and what came.
absl::StatusOr<Relation> ParseRelation(const Record& record);

}  // namespace deltamirror::deltaflood

#endif  // DELTAMIRROR_DELTAFLOOD_RELATION_H_
