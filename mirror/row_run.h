// A run: changes of one kind to rows of one table, for one statement to make them all.
//
// The loop over the rows then runs inside SQLite's engine (sqlite/row_source.h), which costs about half of what binding
// and stepping a statement for each row does.

#ifndef DELTAMIRROR_MIRROR_ROW_RUN_H_
#define DELTAMIRROR_MIRROR_ROW_RUN_H_

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "deltaflood/record.h"
#include "mirror/key_order.h"
#include "mirror/plan.h"
#include "mirror/row_sql.h"
#include "mirror/row_statement.h"
#include "mirror/run_memory.h"
#include "sqlite/api.h"
#include "sqlite/row_source.h"
#include "sqlite/statement.h"
#include "types/decoded_row.h"
#include "types/decoder.h"
#include "types/value.h"

namespace deltamirror::mirror {

class RowRun : public sqlite::RowSource {
 public:
  // What one statement takes at most: further rows would make it no faster, only the memory larger. Rows that are put
  // in order are as many as `memory` has room for.
  static constexpr size_t kMostRows = 1000;
  static constexpr size_t kMostBytes = 256 << 10;

  // In which order the rows of a run are written.
  enum class Order : uint8_t {
    kAsAdded,
    kByKey,  // where they come in no order: only for a table whose rows' order cannot be seen, and which has exact keys
  };

  // The plan and the memory must outlive the run.
  RowRun(sqlite3* db, const Plan* plan, RunKind kind, Order order, RunMemory* memory)
      : db_(db), plan_(plan), kind_(kind), order_(order), memory_(memory) {}
  ~RowRun() override { Clear(); }
  RowRun(const RowRun&) = delete;
  RowRun& operator=(const RowRun&) = delete;

  bool empty() const { return rows_.empty(); }
  size_t size() const { return rows_.size(); }
  bool IsFull() const {
    return (size() >= kMostRows || text_bytes_ >= kMostBytes) && !(keys_.IsScattered() && memory_->HasRoom());
  }

  // Whether rows with these columns, in this order, are what it takes.
  bool IsFor(const deltaflood::Record& record) const;
  // From now on it is for these; it must be empty. Where that cannot be, can_run() is false.
  void Begin(const RowColumns& columns);
  bool can_run() const { return can_run_; }
  // Whether a row brings every column that is written; whether it brings the key.
  bool brings_all() const { return brings_all_; }
  bool brings_key() const { return key_places_.size() == plan_->key.size() && !key_places_.empty(); }

  // Copies the row; of one that has been decoded for this plan the values, too. `order`: its place among all the
  // changes that wait.
  void Add(const deltaflood::Record& record, uint64_t order);

  // Makes all changes. After an error, failed_row() tells at which it was met, if the order is kAsAdded; those before
  // it may be in the table or not.
  absl::Status Run();
  size_t failed_row() const { return current_; }

  // A row: its place, its key as a text that tells it from others, and its record. The last is valid until the run
  // changes.
  uint64_t order(size_t row) const { return rows_[row].order; }
  void AppendKey(size_t row, std::string* key) const;
  void Get(size_t row, deltaflood::Record* record) const;

  // The same key text of a record whose columns are those of this run.
  void AppendKey(const deltaflood::Record& record, std::string* key) const;

  // Ready for other rows.
  void Clear();

  // For the statement.
  absl::StatusOr<const types::Value*> Next() override;

 private:
  struct RunColumn {
    std::string name;
    const PlanColumn* plan;
    types::Scratch scratch;
  };
  struct Cell {
    uint32_t begin;  // in the row's text
    uint32_t size;   // a line has at most a GiB
    bool is_null;
  };
  struct Row {
    uint64_t order;
    int64_t clock;
    int64_t seq;
    bool has_position;
    deltaflood::Action action;
    const char* text;            // of its columns, one behind the other
    const Cell* cells;           // as many as columns_
    const types::Value* values;  // likewise; null if they are to be decoded
  };

  absl::StatusOr<bool> Searches() const;
  static absl::string_view Text(const Row& row, int place) {
    return absl::string_view(row.text + row.cells[place].begin, row.cells[place].size);
  }
  template <typename T>
  T* Allocate(size_t count) {
    Take(count * sizeof(T));
    return static_cast<T*>(pool_.allocate(count * sizeof(T), alignof(T)));
  }
  void Take(size_t bytes) {
    taken_ += bytes;
    memory_->Take(bytes);
  }
  void CopyText(const RowColumns& columns, Row* row);
  void CopyValues(const RowColumns& columns, const types::Value* values, Row* row);

  sqlite3* db_;
  const Plan* plan_;
  const RunKind kind_;
  const Order order_;
  RunMemory* memory_;
  std::vector<RunColumn> columns_;
  std::vector<int> indexes_;     // of columns_, in the plan
  std::vector<int> key_places_;  // of the key, in columns_
  std::vector<int> read_;        // places in columns_ that the statement reads
  bool can_run_ = false;
  bool brings_all_ = false;
  sqlite::Statement statement_;             // for columns_; null before the first use
  const types::RowShape* shape_ = nullptr;  // one that has the columns of columns_, if one has come
  std::vector<Row> rows_;
  std::pmr::monotonic_buffer_resource pool_;       // what they point to
  size_t text_bytes_ = 0;                          // of that
  size_t taken_ = 0;                               // of memory_
  KeyOrder keys_;                                  // of rows_, if order_ is kByKey
  const std::vector<uint32_t>* sorted_ = nullptr;  // the rows to write; null: all, as added
  std::vector<types::Value> values_;               // of that row
  size_t current_ = 0;                             // the row that the statement is at
  bool began_ = false;                             // it has asked for the first
};

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_ROW_RUN_H_
