// Nothing lost, nothing twice, whatever is killed when: deltastream, deltamirror, a first copy, the server, all of
// them, at random and at each named moment (points.h), over and over.
//
// CRASH_EPOCHS=n    how many times to begin anew (default 7); eight rounds each
// CRASH_SECONDS=n   for how long, instead; beside two processes that are left alone, and watched (steady.h)
// CRASH_SEED=n      what to do in them (default 4711)
// CRASH_EPOCH=n     this epoch alone

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/crash/attack.h"
#include "tests/crash/plan.h"
#include "tests/crash/steady.h"

namespace deltamirror::crash {
namespace {

// As many as it takes to meet every named moment.
constexpr int64_t kEpochs = 7;
constexpr absl::Duration kTellEvery = absl::Minutes(5);

int64_t FromEnvironment(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr || *text == '\0' ? otherwise : std::atoll(text);
}

std::string List(const std::map<std::string, int64_t>& counts) {
  std::string text;
  int64_t sum = 0;
  for (const auto& [name, count] : counts) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", name, " ", count);
    sum += count;
  }
  return absl::StrCat(sum, " (", text, ")");
}

void Print(const Tally& tally) {
  std::cout << "crash: " << tally.rounds << " rounds, kills " << List(tally.kills) << ", faults " << List(tally.faults)
            << ", named moments " << List(tally.points) << ", " << tally.transactions << " transactions, "
            << tally.replays << " replays, " << tally.verified << " verified by SQL, " << tally.reads
            << " states seen by a reader, " << tally.differences << " differences" << std::endl;
}

TEST(CrashTest, EveryRoundEndsWithTheMirrorEqualToItsSource) {
  const int64_t seconds = FromEnvironment("CRASH_SECONDS", 0);
  const int64_t only = FromEnvironment("CRASH_EPOCH", -1);
  const int64_t epochs = only >= 0 ? only + 1 : FromEnvironment("CRASH_EPOCHS", seconds > 0 ? INT64_MAX : kEpochs);
  const absl::Time end = seconds > 0 ? absl::Now() + absl::Seconds(seconds) : absl::InfiniteFuture();
  Attack attack(FromEnvironment("CRASH_SEED", 4711));
  std::unique_ptr<Steady> steady;
  if (seconds > 0) {
    steady = std::make_unique<Steady>(&attack.server());
    attack.set_bystander([&steady] { steady->Look(); });
  }
  absl::Time told = absl::Now();
  int64_t number = std::max<int64_t>(only, 0);
  for (; number < epochs && absl::Now() < end && !HasFailure(); ++number) {
    attack.RunEpoch(number);
    if (absl::Now() - told < kTellEvery) continue;
    told = absl::Now();
    Print(attack.tally());
  }
  if (steady != nullptr) {
    steady->Finish();
    std::cout << "left alone: " << steady->Figures() << std::endl;
  }
  Print(attack.tally());
  if (HasFailure() || only >= 0 || number < kEpochs) return;
  for (const std::string& point : Plans::AllPoints()) {
    EXPECT_GT(attack.tally().points.count(point), 0u) << "nothing was held at " << point;
  }
}

}  // namespace
}  // namespace deltamirror::crash
