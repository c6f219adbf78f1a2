// Rounds of kills, each with a comparison at its end.

#ifndef DELTAMIRROR_TESTS_CRASH_ATTACK_H_
#define DELTAMIRROR_TESTS_CRASH_ATTACK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "tests/crash/epoch.h"
#include "tests/crash/plan.h"
#include "tests/crash/server.h"
#include "tests/crash/source.h"
#include "tests/crash/watcher.h"

namespace deltamirror::crash {

// What was done and seen.
struct Tally {
  int64_t rounds = 0;
  std::map<std::string, int64_t> kills;   // by what was killed
  std::map<std::string, int64_t> faults;  // of other kinds
  std::map<std::string, int64_t> points;  // named moments that were met
  int64_t transactions = 0;               // in the daystreams
  int64_t reads = 0;                      // of the mirror, by a second connection
  int64_t replays = 0;                    // of a daystream from its beginning, or from an earlier state
  int64_t verified = 0;                   // by deltamirror_verify, beside the comparison of each round
  int64_t differences = 0;
};

// One server, and one epoch after the other: some rounds on one slot, daystream and mirror, from their beginning on.
// A failure is a failure of the test: then its folder is kept, and what is needed to run it again is printed.
class Attack {
 public:
  static constexpr int kRoundsPerEpoch = 8;

  explicit Attack(uint64_t seed) : seed_(seed), source_(server_.cluster()) {}

  // Called behind each round; may be null.
  void set_bystander(std::function<void()> bystander) { bystander_ = std::move(bystander); }

  // Epoch `number`, which is the same for the same seed.
  void RunEpoch(int64_t number);

  Server& server() { return server_; }
  Source& source() { return source_; }
  const Tally& tally() const { return tally_; }

 private:
  void Begin(int64_t number);
  void Round(const Plan& plan);
  bool Hold(const Plan& plan);
  void Strike(const Plan& plan);
  void StartAgain(const Plan& plan);
  void Verify();
  void VerifyMirror(const Content& expected);
  void VerifyLog();
  void VerifyBySql();
  void Replay(const Content& expected);
  void ReplayTwice(const Content& expected);
  void ReplayEarlierState(const Content& expected);
  void Expect(const std::string& difference, const char* what);
  void Kill(const char* what);
  void Keep(const std::string& what);

  const uint64_t seed_;
  std::function<void()> bystander_;
  Server server_;
  Source source_;
  Tally tally_;

  // Of the epoch.
  std::unique_ptr<Epoch> epoch_;
  std::unique_ptr<Watcher> watcher_;
  int64_t mark_ = 0;
  int64_t clock_ = 0;  // the mirror's position at the last verification
  int64_t seq_ = 0;
  std::string earlier_;  // a copy of the mirror, as it once was; "" if there is none
};

}  // namespace deltamirror::crash

#endif  // DELTAMIRROR_TESTS_CRASH_ATTACK_H_
