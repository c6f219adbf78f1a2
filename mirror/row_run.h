// A run: rows that are inserted into one table one after the other, for one statement to insert them all.
//
// The loop over the rows then runs inside SQLite's engine (sqlite/row_source.h), which costs about half of what binding
// and stepping a statement for each row does.

#ifndef DELTAMIRROR_MIRROR_ROW_RUN_H_
#define DELTAMIRROR_MIRROR_ROW_RUN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "deltaflood/record.h"
#include "mirror/plan.h"
#include "mirror/row_statement.h"
#include "sqlite/api.h"
#include "sqlite/row_source.h"
#include "sqlite/statement.h"
#include "types/decoder.h"

namespace deltamirror::mirror {

class RowRun : public sqlite::RowSource {
 public:
  // What one statement takes at most: further rows would make it no faster, only the memory larger.
  static constexpr size_t kMostRows = 1000;
  static constexpr size_t kMostBytes = 256 << 10;

  // The plan must outlive the run.
  RowRun(sqlite3* db, const Plan* plan) : db_(db), plan_(plan) {}

  bool empty() const { return positions_.empty(); }
  size_t size() const { return positions_.size(); }
  bool IsFull() const { return size() >= kMostRows || bytes_.size() >= kMostBytes; }

  // Whether a row with these columns, in this order, may be added: any may to an empty run.
  bool Fits(const RowColumns& columns) const;
  // Copies the row. InvalidArgument or FailedPrecondition, naming table and column, if the columns are not the table's.
  absl::Status Add(const deltaflood::Record& record);

  // Inserts all rows; none may be there yet. After an error, failed_row() tells at which it was met; those before it
  // may be in the table or not.
  absl::Status Insert();
  size_t failed_row() const { return current_; }

  // A row, and its record: an insert with its position. Valid until the run changes.
  void Get(size_t row, deltaflood::Record* record) const;

  // Ready for other rows.
  void Clear();

  // For the statement.
  absl::StatusOr<bool> Next() override;
  absl::Status Column(int column, sqlite3_context* context) override;

 private:
  struct RunColumn {
    std::string name;
    const PlanColumn* plan;
    types::Scratch scratch;
  };
  struct Cell {
    size_t begin = 0;  // in bytes_
    size_t size = 0;
    bool is_null = false;
  };
  struct Position {
    bool known;
    int64_t clock;
    int64_t seq;
  };

  absl::Status Begin(const RowColumns& columns);
  absl::string_view Bytes(const Cell& cell) const { return absl::string_view(bytes_).substr(cell.begin, cell.size); }

  sqlite3* db_;
  const Plan* plan_;
  std::vector<RunColumn> columns_;
  sqlite::Statement insert_;  // for columns_
  std::string bytes_;         // the rows' values
  std::vector<Cell> cells_;   // row by row
  std::vector<Position> positions_;
  size_t current_ = 0;  // the row that the statement is at
  bool began_ = false;  // it has asked for the first
};

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_ROW_RUN_H_
