// What pgoutput does not say of a table, and the server's catalog does.

#ifndef DELTAMIRROR_PGOUTPUT_CATALOG_H_
#define DELTAMIRROR_PGOUTPUT_CATALOG_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pgoutput/message.h"
#include "types/relation.h"

namespace deltamirror::pgoutput {

// A type that a Relation message gives as OID and modifier.
struct TypeFacts {
  std::string name;   // as format_type prints it: "numeric(10,2)"; empty if there is no such type any more
  uint32_t base = 0;  // itself, or what is at the bottom of a domain
  uint32_t elem = 0;  // an array's element type, else 0
  int length = 0;     // pg_type.typlen

  bool operator==(const TypeFacts&) const = default;
};

// What is left of a column that is gone.
struct DroppedColumn {
  int number = 0;
  int length = 0;  // pg_attribute.attlen
  int typmod = -1;
};

struct CatalogEntry {
  // The table of that OID as it is now, which may be later than the message: columns may have been added, renamed or
  // dropped since. Nothing if it was dropped.
  std::optional<types::Relation> relation;
  // The numbers of its columns that transactions later than the message's have dropped.
  std::vector<int> dropped_since;
  // Those that the message's own transaction has dropped, before the change or after it.
  std::vector<DroppedColumn> dropped_within;
  // The numbers of its columns whose values did not come at an earlier look (generated ones, and those that a column
  // list leaves out), also if they are gone: they have no values in the message unless it names them.
  std::set<int> hidden_before;
  // Beside them and generated columns, the message has every column that the table had: there is no column list.
  bool in_order = false;
  // A partitioned table whose rows are published under its partitions' names: its own truncation says nothing.
  bool without_rows = false;
  // Stored generated columns are published, too, where there is no column list.
  bool with_generated = false;
  std::vector<TypeFacts> types;  // of the message's columns, in their order; or empty: nothing is known
};

// Asked when a table's first change comes, and again after each new Relation message of it; `xid` is that of the
// change. An error ends the translation with that error.
using Catalog = std::function<absl::StatusOr<CatalogEntry>(const RelationMessage& message, uint32_t xid)>;

}  // namespace deltamirror::pgoutput

#endif  // DELTAMIRROR_PGOUTPUT_CATALOG_H_
