// What pgoutput does not tell, found by comparing: where the rows of published tables were stored at one moment, and
// where they are at a later one.
//
// A statement that gives a table's rows other values (ALTER TABLE ... TYPE ... USING, a new column with a volatile
// default), or takes them away without a message (TRUNCATE of a single partition, DETACH), leaves traces in the
// catalog: the table has another file, its columns' entries are new ones, it is no partition any more. What such traces
// may also come from counts as suspicious, too: a false alarm costs a copy of the table, silence costs its rows.

#ifndef DELTAMIRROR_DELTASTREAM_STORAGE_H_
#define DELTAMIRROR_DELTASTREAM_STORAGE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace deltamirror::deltastream {

// A published table.
struct Storage {
  uint32_t relid = 0;
  std::string schema;
  std::string table;
  // The table under whose name its rows are published: itself, or the partitioned table above it.
  uint32_t root = 0;
  // pg_class's relfilenode, reltoastrelid and reltablespace; 0 for a partitioned table, which stores nothing. ALTER
  // TABLE rewrites into another file with another TOAST table; TRUNCATE, VACUUM FULL and CLUSTER keep the OID of that;
  // SET TABLESPACE brings another file in another place.
  uint32_t file = 0;
  uint32_t toast = 0;
  uint32_t tablespace = 0;
  // The numbers of the columns whose values do not come: generated ones, and those that a column list leaves out; also
  // of those that were dropped since. Of a partition under its root's name they are not looked at.
  std::set<int> hidden;

  // What follows is relative to the moment before, and not kept.

  std::set<int> shown;      // the numbers of the columns whose values come
  uint32_t changed_by = 0;  // the transaction that last wrote the table's entry in pg_class
  bool counted = false;     // the planner's estimates know of rows: it was not truncated just now
  bool made = false;        // by a transaction that the moment before did not see
  bool attached = false;    // became a partition after it was made
  // A column has come, or may have got other values, since that moment or, for a table that was made since, in
  // another transaction than its first. (Not one whose default is an old one: another type would have made it anew.)
  bool columns_changed = false;
  // A column has got a default since, and no value for the rows that were there: a rewrite has given them theirs.
  bool defaults_changed = false;

  bool operator==(const Storage& other) const {
    return schema == other.schema && table == other.table && root == other.root && file == other.file &&
           toast == other.toast && tablespace == other.tablespace && hidden == other.hidden;
  }
};

// The published tables at one moment, by OID.
using StorageMap = std::map<uint32_t, Storage>;

// Something that has happened, or may have, to a table's rows.
struct Suspicion {
  enum class Kind : uint8_t {
    kGap,        // the table has other rows than the stream brought
    kTruncated,  // its partition was truncated
    kDetached,   // its partition left it
    kDropped,    // it is gone, or has left the tables that were asked for
    // To be looked into; Compare cannot say:
    kLeft,  // it is no longer published: kDropped if it is gone, else kGap
    kCame,  // it, or its partition, is published since, and was there before: kGap if it has rows
  };

  Kind kind = Kind::kGap;
  uint32_t relid = 0;  // of the table
  std::string schema;
  std::string table;
  uint32_t partition = 0;      // the one that it is about; 0: none
  std::string partition_name;  // "p1", "ops.p1"
  std::string reason;          // of a gap: "it was rewritten ..."
  // A TRUNCATE of the table by this transaction, which the stream tells of, would have left the same traces; 0: none.
  uint32_t explained_by = 0;
};

// Whether a table of that schema and name is asked for.
using IsIncluded = std::function<bool(absl::string_view schema, absl::string_view table)>;

// What may have happened between the two moments that the stream does not tell; one suspicion for each table and kind.
std::vector<Suspicion> CompareStorage(const StorageMap& before, const StorageMap& after, const IsIncluded& included);

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_STORAGE_H_
