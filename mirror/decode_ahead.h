// Decodes rows on the thread that reads ahead (daystream/read_ahead.h), with the decoders of the plans by which they
// will be applied.

#ifndef DELTAMIRROR_MIRROR_DECODE_AHEAD_H_
#define DELTAMIRROR_MIRROR_DECODE_AHEAD_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "daystream/row_decoder.h"
#include "deltaflood/record.h"
#include "mirror/plan.h"
#include "mirror/table_map.h"
#include "types/decoded_row.h"
#include "types/decoder.h"

namespace deltamirror::mirror {

// Two threads meet in it: the applying one says, whenever it makes a plan, what decodes the table's columns; the
// reading one decodes with what was said last. A relation line between them, or a renaming, may have changed the plan
// by the time a row is applied: then the row's shape is of other decoders than the plan's, and its text is decoded
// again. So nothing here needs to be right, only to be known for what it is.
class DecodeAhead : public daystream::RowDecoder {
 public:
  // Longer rows are left to the applying thread, so that their values are in memory once.
  static constexpr size_t kMostBytes = 64 << 10;

  // The applying thread: from now on the table has these columns. What RowShape::table points to in its rows: the same
  // as before as long as the columns are the same.
  const void* Publish(absl::string_view schema, absl::string_view table, const std::vector<PlanColumn>& columns);

  // The reading thread.
  void Begin() override;
  bool Decode(const deltaflood::Record& record, std::pmr::memory_resource* memory, types::DecodedRow* row) override;

 private:
  // Columns of a table at a time. It stays, as its address tells it from others.
  struct Decoders {
    std::vector<std::pair<std::string, types::Decoder>> columns;
    std::vector<std::unique_ptr<types::RowShape>> shapes;  // the reading thread's; the one used last comes first
  };

  Decoders* Find(const deltaflood::Record& record);
  static const types::RowShape* FindShape(Decoders* decoders, const deltaflood::Record& record);

  std::mutex mutex_;
  TableMap<Decoders*> current_;                 // under the mutex
  std::vector<std::unique_ptr<Decoders>> all_;  // under the mutex
  std::atomic<uint64_t> changes_ = 0;           // of current_

  // The reading thread's.
  uint64_t seen_changes_ = 0;
  TableMap<Decoders*> seen_;                               // of current_, null where it has none
  const TableMap<Decoders*>::value_type* last_ = nullptr;  // of seen_
  types::Scratch scratch_;
};

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_DECODE_AHEAD_H_
