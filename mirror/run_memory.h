// What the rows that wait in all runs of one applier may need together.

#ifndef DELTAMIRROR_MIRROR_RUN_MEMORY_H_
#define DELTAMIRROR_MIRROR_RUN_MEMORY_H_

#include <cstddef>

namespace deltamirror::mirror {

// Rows in no order gain by the number of them that one statement writes, so runs of these go on growing while there is
// room; others end well before.
class RunMemory {
 public:
  static constexpr size_t kMostBytes = 4 << 20;

  bool HasRoom() const { return taken_ < kMostBytes; }
  void Take(size_t bytes) { taken_ += bytes; }
  void Give(size_t bytes) { taken_ -= bytes; }

 private:
  size_t taken_ = 0;
};

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_RUN_MEMORY_H_
