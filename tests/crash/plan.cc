#include "tests/crash/plan.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/crash/points.h"

namespace deltamirror::crash {
namespace {

// In each run through the deck.
constexpr int kRandomTimes = 10;

constexpr const char* kBootstrapPoints[] = {kCreatePoint, "row",         "position",  "commit",
                                            "commit-io",  "commit-torn", kSpillPoint, "committed"};

template <size_t size>
bool IsOneOf(const std::string& point, const char* const (&points)[size]) {
  return std::find(std::begin(points), std::end(points), point) != std::end(points);
}

}  // namespace

std::string Plan::Describe() const {
  std::string text;
  if (target == Target::kNone) absl::StrAppend(&text, "after ", delay_ms, " ms");
  if (target == Target::kStream) absl::StrAppend(&text, "deltastream at ", arm.point, ":", arm.count);
  if (target == Target::kMirror) absl::StrAppend(&text, "deltamirror at ", arm.point, ":", arm.count);
  if (large) text += ", in a large transaction";
  if (midnight) text += ", at midnight";
  text += ", kill:";
  if (kill_stream) text += " deltastream";
  if (kill_mirror) text += " deltamirror";
  if (crash_server) text += " server";
  if (cut_connection) text += " connection";
  if (kill_backend) text += " backend";
  if (lose_power) text += ", power lost";
  if (!then.point.empty()) absl::StrAppend(&text, ", then deltastream at ", then.point);
  absl::StrAppend(&text, ", pause ", pause_ms, " ms", server_first ? ", server first" : "");
  return text;
}

Plans::Plans(uint64_t seed) : random_(seed) {
  for (const char* point : kStreamPoints) deck_.push_back({Plan::Target::kStream, point});
  for (const char* point : kLargePoints) deck_.push_back({Plan::Target::kStream, point});
  for (const char* point : kRotatePoints) deck_.push_back({Plan::Target::kStream, point});
  for (const char* point : kRollbackPoints) deck_.push_back({Plan::Target::kStream, point});
  for (const char* point : kMirrorPoints) deck_.push_back({Plan::Target::kMirror, point});
  deck_.push_back({Plan::Target::kMirror, kSpillPoint});
  deck_.insert(deck_.end(), kRandomTimes, {Plan::Target::kNone, nullptr});
  Shuffle();
}

void Plans::Shuffle() {
  std::shuffle(deck_.begin(), deck_.end(), random_);
  next_ = 0;
}

// How often the moment may pass before it is the one.
int Plans::CountFor(const std::string& point) {
  if (IsOneOf(point, kLargePoints)) return 2 + Below(8);
  // Those that come once a second, or hardly more often.
  if (IsOneOf(point, kRotatePoints) || absl::StartsWith(point, "confirm-")) return 1;
  if (point == "stream-synced") return 1 + Below(2);
  if (IsOneOf(point, kStreamPoints)) return 1 + Below(8);
  if (point == "row") return 1 + Below(100);
  if (point == "commit-io") return 1 + Below(30);
  if (point == kSpillPoint) return 1 + Below(200);
  return 1 + Below(5);
}

void Plans::AimAtStream(Plan* plan) {
  const std::string point = plan->arm.point;
  plan->midnight = IsOneOf(point, kRotatePoints);
  plan->large = IsOneOf(point, kLargePoints);
  if (!IsOneOf(point, kRollbackPoints)) return;
  // First, leave a transaction without its end.
  plan->then = {point, 1};
  plan->large = true;
  plan->arm.point = Below(2) == 0 ? "large-torn" : "large-written";
}

void Plans::ChooseBlow(Plan* plan) {
  const int blow = Below(10);
  switch (plan->target) {
    case Plan::Target::kStream:
      plan->kill_stream = blow != 9 || !plan->then.point.empty();
      plan->kill_mirror = blow < 2;
      plan->crash_server = blow < 4 || blow == 9;
      // With the power may go what was to be closed.
      plan->lose_power = plan->kill_stream && plan->then.point.empty() && Below(3) == 0;
      break;
    case Plan::Target::kMirror:
      plan->kill_mirror = true;
      plan->kill_stream = blow < 4;
      plan->crash_server = blow < 2;
      break;
    case Plan::Target::kNone:
      plan->kill_stream = blow < 4;
      plan->kill_mirror = blow == 0 || blow == 3 || blow == 4 || blow == 5;
      plan->crash_server = blow == 0 || blow == 1 || blow == 6;
      plan->cut_connection = blow == 7 || blow == 8;
      plan->kill_backend = blow == 9;
      plan->lose_power = plan->kill_stream && Below(3) == 0;
      break;
  }
}

Plan Plans::Next() {
  if (next_ == deck_.size()) Shuffle();
  const Card card = deck_[next_++];
  Plan plan;
  plan.target = card.target;
  plan.delay_ms = Below(250);
  plan.pause_ms = Below(3) == 0 ? Below(100) : 0;
  plan.server_first = Below(2) == 0;
  if (card.point == nullptr) {
    plan.large = Below(8) == 0;
    plan.midnight = Below(4) == 0;
  } else {
    plan.arm.point = card.point;
    if (card.target == Plan::Target::kStream) AimAtStream(&plan);
    plan.large = plan.large || plan.arm.point == kSpillPoint;
    plan.arm.count = CountFor(plan.arm.point);
  }
  ChooseBlow(&plan);
  return plan;
}

Arm Plans::BeginArm(int64_t number) {
  return {kBeginPoints[number % std::size(kBeginPoints)], 1};
}

std::vector<Arm> Plans::BootstrapArms(int64_t number) {
  std::vector<Arm> arms;
  for (int64_t i = 0; i < 2; ++i) {
    const int64_t index = 2 * number + i;
    const std::string point = kBootstrapPoints[index % std::size(kBootstrapPoints)];
    const auto round = static_cast<int>(index / std::size(kBootstrapPoints));
    // What happens once, happens once.
    const bool once = point == "commit" || point == "position" || point == "committed" || point == "commit-torn";
    arms.push_back({point, once ? 1 : 1 + round % 6});
  }
  return arms;
}

std::vector<std::string> Plans::AllPoints() {
  std::vector<std::string> points;
  for (const char* point : kStreamPoints) points.emplace_back(point);
  for (const char* point : kLargePoints) points.emplace_back(point);
  for (const char* point : kRotatePoints) points.emplace_back(point);
  for (const char* point : kRollbackPoints) points.emplace_back(point);
  for (const char* point : kMirrorPoints) points.emplace_back(point);
  points.emplace_back(kSpillPoint);
  for (const char* point : kBeginPoints) points.emplace_back(point);
  for (const char* point : kBootstrapPoints) points.push_back(absl::StrCat("bootstrap-", point));
  return points;
}

}  // namespace deltamirror::crash
