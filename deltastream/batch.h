// What moving changes into a daystream gives, whatever they come from.

#ifndef DELTAMIRROR_DELTASTREAM_BATCH_H_
#define DELTAMIRROR_DELTASTREAM_BATCH_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daystream/position.h"

namespace deltamirror::deltastream {

// Lines that have become durable in the daystream together; without lines, word that the source was lost or is back.
struct Batch {
  enum class State : uint8_t {
    kStreaming,
    kWaiting,  // the source is away; the next attempt comes after a pause
  };

  int64_t records = 0;               // lines, the ends of transactions among them
  int64_t transactions = 0;          // that ended in this batch
  int64_t bytes = 0;                 // of the lines as they came
  daystream::Position position;      // of the last line
  std::optional<uint64_t> lsn;       // everything that committed before it is in the daystream
  std::optional<int64_t> lag_bytes;  // how much the source holds that is not
  State state = State::kStreaming;
  std::string note;  // why it waits and for how long, or how often it has tried; empty: nothing has happened
};

// Asked about every 50 ms, also while nothing comes. An error, usually Cancelled, ends the work with that error, after
// what is complete was made durable (and confirmed). Null: never interrupted.
using InterruptCheck = std::function<absl::Status()>;

// Moves changes from a source into a daystream for as long as it is called. For one thread.
class Mover {
 public:
  virtual ~Mover() = default;

  // Works until a batch is durable and worth telling of: at once when the source has nothing more, else about twice a
  // second. False at the end of the work. An error stays the end.
  virtual absl::StatusOr<bool> Next(Batch* batch) = 0;
};

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_BATCH_H_
