// One table, compared.

#ifndef DELTAMIRROR_VERIFY_COMPARISON_H_
#define DELTAMIRROR_VERIFY_COMPARISON_H_

#include <cstdint>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sqlite/api.h"
#include "verify/compared_table.h"
#include "verify/key_ranges.h"
#include "verify/report.h"
#include "verify/source_rows.h"

namespace deltamirror::verify {

struct Counts {
  int64_t source = 0;     // rows
  int64_t mirror = 0;     // rows
  int64_t differing = 0;  // rows that are missing, extra or changed
};

// Reads each side once, and again if their checksums differ. All must outlive it.
class Comparison {
 public:
  // Asked every few thousand rows, with the rows so far of both sides.
  using Heartbeat = std::function<absl::Status(int64_t rows)>;

  // `db`: the mirror's. `temporary`: what SourceRows was given.
  Comparison(const ComparedTable* table, SourceRows* source, sqlite3* db, sqlite3* temporary, Heartbeat heartbeat)
      : table_(*table), source_(*source), db_(db), temporary_(temporary), heartbeat_(std::move(heartbeat)) {}

  // `most`: how many differences are to be shown in the report.
  absl::StatusOr<Counts> Run(int64_t most, Report* report);

 private:
  absl::Status Sum();
  absl::StatusOr<int64_t> Find(int64_t most, Report* report);

  const ComparedTable& table_;
  SourceRows& source_;
  sqlite3* const db_;
  sqlite3* const temporary_;
  const Heartbeat heartbeat_;
  KeyRanges ranges_;
  Counts counts_;
};

}  // namespace deltamirror::verify

#endif  // DELTAMIRROR_VERIFY_COMPARISON_H_
