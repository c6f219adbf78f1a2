// Blocks of bytes in a temporary file, for what is too large to be held in memory.

#ifndef DELTAMIRROR_DELTASTREAM_SPILL_FILE_H_
#define DELTAMIRROR_DELTASTREAM_SPILL_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "daystream/file.h"

namespace deltamirror::deltastream {

// One file for many owners of blocks, made when the first block is written. It has no name, so that nothing stays
// behind however the process ends; a block that is given back is written again, and the whole file shrinks to nothing
// when the last one is. For one thread.
//
//   SpillFile file("/var/lib/daystream");
//   ASSIGN_OR_RETURN(const uint32_t block, file.Write(bytes));   // exactly kBlockSize of them
//   RETURN_IF_ERROR(file.Read(block, &bytes));
//   file.Free(block);
class SpillFile {
 public:
  static constexpr size_t kBlockSize = 16 << 10;

  // `directory`: where there is room; it exists.
  explicit SpillFile(std::string directory) : directory_(std::move(directory)) {}

  // ResourceExhausted if the disk is full: nothing was kept then.
  absl::StatusOr<uint32_t> Write(absl::string_view bytes);

  // Appends the block to `out`.
  absl::Status Read(uint32_t block, std::string* out) const;

  void Free(uint32_t block);

 private:
  absl::Status Open();

  const std::string directory_;
  daystream::FileDescriptor file_;
  uint32_t end_ = 0;            // blocks in the file
  std::vector<uint32_t> free_;  // those among them that nobody owns
};

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_SPILL_FILE_H_
