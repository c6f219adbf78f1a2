// Lines of a daystream with memory of their own, for another thread to take.

#ifndef DELTAMIRROR_DAYSTREAM_LINE_BATCH_H_
#define DELTAMIRROR_DAYSTREAM_LINE_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "daystream/check.h"
#include "daystream/line.h"
#include "daystream/position.h"
#include "daystream/row_decoder.h"
#include "deltaflood/parser.h"
#include "deltaflood/record.h"
#include "types/decoded_row.h"

namespace deltamirror::daystream {

class LineBatch {
 public:
  LineBatch() = default;
  LineBatch(const LineBatch&) = delete;
  LineBatch& operator=(const LineBatch&) = delete;

  bool empty() const { return lines_.empty(); }
  size_t size() const { return lines_.size(); }
  size_t bytes() const { return bytes_.size(); }

  // Copies the line, which was read from `file`.
  void Add(const Line& line, absl::string_view file);

  // Takes apart what is cheap to take apart here: the records of lines whose texts need no memory beside the line's
  // own, and those with a few escapes in columns. And looks for the ends of transactions.
  void Parse(deltaflood::Parser* parser);

  // Has the rows among these records decoded.
  void Decode(RowDecoder* decoder);

  // Its texts, and those of its record, are valid until the batch changes.
  Line Get(size_t index) const;
  const std::string& FileOf(size_t index) const;
  // With position and check; null if whoever wants it must parse it, and may meet an error in it.
  const deltaflood::Record* RecordOf(size_t index) const { return lines_[index].parsed ? &records_[index] : nullptr; }

  // The value of the line's "_check", if it is one.
  std::optional<Check> CheckOf(size_t index) const;

  // Whether the line was taken apart, and the transaction that it belongs to ends in this batch with a commit.
  bool CommitIsBehind(size_t index) const { return lines_[index].commit_is_behind; }

  // Asks for the memory of the lines that come next: it was written by another core, which may be far away.
  void Prefetch(size_t index) const;

  // Keeps the memory, but for what an exceptionally large line needed.
  void Clear();

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  bool KeepUnescaped(absl::string_view text, deltaflood::Record* record);
  std::pmr::memory_resource* Memory();
  void FindCommits();

  // Small, as it goes from one core to another. A line has at most a GiB, and a batch little more.
  struct Entry {
    Position position;
    uint64_t offset;
    uint32_t begin;  // in bytes_
    uint32_t size;
    uint32_t record;  // where the record begins in the line
    uint32_t check;   // and the check
    uint32_t check_size;
    uint32_t parsed_check = kNone;  // in checks_
    bool parsed = false;
    bool commit_is_behind = false;
  };
  struct File {
    size_t first_line;
    std::string path;
  };

  std::string bytes_;
  std::vector<Entry> lines_;
  std::vector<File> files_;
  std::vector<Check> checks_;
  std::vector<deltaflood::Record> records_;                    // of lines_; those behind are kept for their memory
  std::vector<types::DecodedRow> rows_;                        // of lines_, as far as they are decoded
  std::unique_ptr<char[]> first_memory_;                       // what memory_ begins with
  std::optional<std::pmr::monotonic_buffer_resource> memory_;  // of texts without their escapes, and of values
};

}  // namespace deltamirror::daystream

#endif  // DELTAMIRROR_DAYSTREAM_LINE_BATCH_H_
