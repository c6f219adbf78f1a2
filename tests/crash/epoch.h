// One slot, one daystream and one mirror, from their beginning on, with the two processes that run them.

#ifndef DELTAMIRROR_TESTS_CRASH_EPOCH_H_
#define DELTAMIRROR_TESTS_CRASH_EPOCH_H_

#include <cstdint>
#include <memory>
#include <string>

#include "tests/crash/child.h"
#include "tests/crash/compare.h"
#include "tests/crash/log_check.h"
#include "tests/crash/server.h"
#include "tests/crash/source.h"
#include "tests/lab/temp_dir.h"

namespace deltamirror::crash {

// Failures are failures of the test. Nothing here is told to fail by chance: a process that ends by itself is a failure
// unless the server was away (or, for the mirror, lost its power: see ForgiveMirror).
class Epoch {
 public:
  struct Options {
    bool wal = false;             // the mirror's journal mode; else a rollback journal
    std::string plugin;           // of the slot
    int64_t clock_ms = 0;         // deltastream's clock, against the real one
    int64_t clock_rate = 1;       // how many times as fast it goes
    std::string slot = "mirror";  // several may be on one server
    bool notes_synced = true;     // for LosePower
  };
  // Makes the slot and an empty mirror. The tables are empty.
  Epoch(Server* server, const Options& options);
  // Drops the slot.
  ~Epoch();

  void StartStream(const Arm& arm = {});
  void StartMirror(const Arm& arm = {});
  void StartBootstrap(const Arm& arm = {});
  // Null while they do not run.
  Child* stream() { return stream_.get(); }
  Child* mirror() { return mirror_.get(); }
  Child* bootstrap() { return bootstrap_.get(); }
  void KillStream() { stream_.reset(); }
  void KillMirror() { mirror_.reset(); }
  void KillBootstrap() { bootstrap_.reset(); }

  // Waits for the daystream; false, and a failure, if it does not come.
  bool WaitUntilBegun();

  // Waits until a process is held where it was to be; false, and a failure, if that does not come about.
  bool WaitUntilHeld(Child* child, const std::string& point);

  // As a service manager does: what does not run is started.
  void KeepRunning();

  // The first copy, to its end.
  void Bootstrap();

  // Until the mirror has what was marked; the writers are paused. False, and a failure, if it does not come to it.
  bool Settle(int64_t mark);

  // The next day begins this soon for the deltastream that is started next; with a negative number it has begun.
  void MoveClockBeforeMidnight(int64_t ms);
  int64_t clock_ms() const { return options_.clock_ms; }

  // The machine of deltastream, which does not run, lost its power: what was not synced is gone. The number of bytes.
  int64_t LosePower();

  // The server was away, or the daystream lost lines: a process may have to be started again for that.
  void ForgiveStream() { stream_may_end_ = true; }
  void ForgiveMirror() { mirror_may_end_ = true; }

  std::string Daystream() const { return dir_.File("daystream"); }
  std::string MirrorFile() const { return dir_.File("mirror.db"); }
  const std::string& folder() const { return dir_.path(); }
  LogCheck& log() { return log_; }
  PlainDatabase& database() { return *database_; }

 private:
  std::unique_ptr<Child> Start(const std::string& database, const std::string& sql, const Arm& arm);
  void CheckEnd(std::unique_ptr<Child>* child, bool may_end, const char* name);

  Server* const server_;
  Options options_;
  lab::TempDir dir_;
  LogCheck log_{dir_.File("daystream")};
  std::unique_ptr<PlainDatabase> database_;
  std::unique_ptr<Child> stream_;
  std::unique_ptr<Child> mirror_;
  std::unique_ptr<Child> bootstrap_;
  bool stream_may_end_ = false;
  bool mirror_may_end_ = false;
};

}  // namespace deltamirror::crash

#endif  // DELTAMIRROR_TESTS_CRASH_EPOCH_H_
