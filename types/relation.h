// The shape of a PostgreSQL table: what the catalog says, what an `_action relation` line carries, and what a mirror
// keeps of it.

#ifndef DELTAMIRROR_TYPES_RELATION_H_
#define DELTAMIRROR_TYPES_RELATION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace deltamirror::types {

// REPLICA IDENTITY: which columns' old values stand in the WAL of an update or a delete.
enum class Identity : uint8_t { kDefault, kIndex, kFull, kNothing };

struct Column {
  std::string name;
  int attnum = 0;     // PostgreSQL's number of the column: it survives a rename, and is never given twice
  std::string type;   // as format_type prints it: "numeric(10,2)", "text[]"
  uint32_t oid = 0;   // the type; of a domain its base type
  uint32_t elem = 0;  // an array's element type, else 0
  int pk = 0;         // place in the primary key from 1, or 0
  int key = 0;        // place in the replica identity's key from 1, or 0; 0 everywhere with kFull and kNothing
  bool not_null = false;
  std::string generated;               // "stored", "virtual", or "" for an ordinary column
  std::optional<std::string> missing;  // what rows from before the column was added hold, as text; nothing: NULL

  bool operator==(const Column&) const = default;
};

struct Relation {
  std::string schema;  // always given here, also when it is "public"
  std::string table;
  uint32_t relid = 0;
  Identity identity = Identity::kDefault;
  std::vector<Column> columns;  // in attnum order, without the dropped ones

  bool operator==(const Relation&) const = default;
};

}  // namespace deltamirror::types

#endif  // DELTAMIRROR_TYPES_RELATION_H_
