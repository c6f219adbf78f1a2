// What is done to the processes in one round.

#ifndef DELTAMIRROR_TESTS_CRASH_PLAN_H_
#define DELTAMIRROR_TESTS_CRASH_PLAN_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/crash/child.h"

namespace deltamirror::crash {

struct Plan {
  enum class Target { kNone, kStream, kMirror };

  // The process that is held at a moment; with kNone, none is, and the blow falls at a random time.
  Target target = Target::kNone;
  Arm arm;
  // Deltastream, when it starts again after the first blow, is held at this moment and killed there, too.
  Arm then;
  bool large = false;     // a large transaction is under way
  bool midnight = false;  // a day ends
  int delay_ms = 0;       // until the blow, with kNone

  // The blow.
  bool kill_stream = false;
  bool kill_mirror = false;
  bool crash_server = false;
  bool cut_connection = false;  // of deltastream
  bool kill_backend = false;    // the server's side of it
  bool lose_power = false;      // of the machine of deltastream
  int pause_ms = 0;             // until everything is started again
  bool server_first = false;    // the server is

  std::string Describe() const;
};

// An endless series that meets every named moment before it meets one again. The same seed gives the same series.
class Plans {
 public:
  explicit Plans(uint64_t seed);
  Plan Next();

  // For the beginning of epoch `number`: where deltastream is killed when it begins a daystream, and where a first copy
  // is.
  static Arm BeginArm(int64_t number);
  static std::vector<Arm> BootstrapArms(int64_t number);

  // All named moments, those of BeginArm and BootstrapArms included; the latter's with "bootstrap-" in front.
  static std::vector<std::string> AllPoints();

 private:
  struct Card {
    Plan::Target target;
    const char* point;  // null: at a random time
  };

  void Shuffle();
  int Below(int limit) { return static_cast<int>(random_() % limit); }
  int CountFor(const std::string& point);
  void AimAtStream(Plan* plan);
  void ChooseBlow(Plan* plan);

  std::mt19937_64 random_;
  std::vector<Card> deck_;
  size_t next_ = 0;
};

}  // namespace deltamirror::crash

#endif  // DELTAMIRROR_TESTS_CRASH_PLAN_H_
