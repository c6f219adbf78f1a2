// Whether a mirrored table equals its source: both sides read in full, sorted, and compared as text. Shares no code
// with what it checks: docs/types.md is written down here a second time.

#ifndef DELTAMIRROR_TESTS_LAB_DUMP_COMPARE_H_
#define DELTAMIRROR_TESTS_LAB_DUMP_COMPARE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/lab/cluster.h"
#include "tests/lab/host.h"

namespace deltamirror::lab {

// Rows that one side has and the other has not, as often as that is so. A value is "i:1", "r:0.5", "t:text", "b:00ff"
// or "n", by SQLite's storage classes.
struct DumpDifference {
  std::vector<std::string> missing;  // in SQLite
  std::vector<std::string> extra;    // in SQLite

  bool empty() const { return missing.empty() && extra.empty(); }
  // The first few of them; "" if there are none.
  std::string Text() const;
};

// `table`: of the schema public, or "s.t"; `target`: in SQLite, as SQL has it, if it is called otherwise. The columns
// are those of the source. Nothing may be written meanwhile.
//
//   EXPECT_EQ(CompareDumps(cluster, host, "flights").Text(), "");
DumpDifference CompareDumps(const Cluster& cluster, Host& host, const std::string& table,
                            const std::string& target = "");

}  // namespace deltamirror::lab

#endif  // DELTAMIRROR_TESTS_LAB_DUMP_COMPARE_H_
