#include "tests/crash/attack.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <random>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "daystream/source.h"
#include "tests/crash/compare.h"
#include "tests/lab/host.h"
#include "types/lsn.h"

namespace deltamirror::crash {
namespace {

constexpr int64_t kBeforeMidnightMs = 400;
// Of an epoch: deltamirror_verify may wait for a confirmation, which comes once a second.
constexpr int64_t kVerifiedMark = 5;

int64_t Number(const std::string& text) {
  int64_t number = 0;
  EXPECT_TRUE(absl::SimpleAtoi(text, &number)) << text;
  return number;
}

}  // namespace

void Attack::Kill(const char* what) {
  ++tally_.kills[what];
}

void Attack::Expect(const std::string& difference, const char* what) {
  if (difference.empty()) return;
  ++tally_.differences;
  ADD_FAILURE() << what << ": " << difference;
}

void Attack::RunEpoch(int64_t number) {
  static const bool verbose = std::getenv("CRASH_VERBOSE") != nullptr;
  Plans plans(seed_);
  for (int64_t passed = 0; passed < number * kRoundsPerEpoch; ++passed) plans.Next();
  std::string what = "the beginning";
  Begin(number);
  for (int round = 1; round <= kRoundsPerEpoch && !testing::Test::HasFailure(); ++round) {
    const Plan plan = plans.Next();
    what = absl::StrCat("round ", round, ": ", plan.Describe());
    const absl::Time begin = absl::Now();
    Round(plan);
    if (bystander_) bystander_();
    if (verbose) std::cerr << "epoch " << number << ", " << what << ", " << absl::Now() - begin << "\n";
  }
  source_.Pause();
  if (watcher_ != nullptr) tally_.reads += watcher_->states();
  tally_.transactions += epoch_->log().commits();
  if (testing::Test::HasFailure()) Keep(absl::StrCat("epoch ", number, ", ", what));
  watcher_.reset();
  epoch_.reset();
}

// From nothing to a mirror that runs, with kills on the way.
void Attack::Begin(int64_t number) {
  source_.Empty();
  epoch_ = std::make_unique<Epoch>(
      &server_, Epoch::Options{.wal = number % 2 == 0, .plugin = number % 3 == 2 ? "pgoutput" : "deltaflood"});
  mark_ = clock_ = seq_ = 0;
  earlier_.clear();
  const Arm begin = Plans::BeginArm(number);
  epoch_->StartStream(begin);
  if (!epoch_->WaitUntilHeld(epoch_->stream(), begin.point)) return;
  ++tally_.points[begin.point];
  epoch_->KillStream();
  Kill("deltastream");
  // It comes back the next day.
  epoch_->MoveClockBeforeMidnight(-1000);
  epoch_->StartStream();
  if (!epoch_->WaitUntilBegun()) return;
  source_.Fill();
  source_.Resume();
  for (const Arm& arm : Plans::BootstrapArms(number)) {
    epoch_->StartBootstrap(arm);
    if (!epoch_->WaitUntilHeld(epoch_->bootstrap(), arm.point)) return;
    ++tally_.points[absl::StrCat("bootstrap-", arm.point)];
    epoch_->KillBootstrap();
    Kill("first copy");
    const bool copied = !epoch_->database().Row("SELECT 1 FROM sqlite_master WHERE name = 'world'").empty();
    EXPECT_EQ(copied, arm.point == "committed") << "a first copy is there as a whole or not at all";
    if (copied) break;
  }
  if (epoch_->database().Row("SELECT 1 FROM sqlite_master WHERE name = 'world'").empty()) epoch_->Bootstrap();
  watcher_ = std::make_unique<Watcher>(epoch_->MirrorFile());
  epoch_->StartMirror();
  Verify();
}

void Attack::Round(const Plan& plan) {
  source_.Resume();
  if (plan.midnight) epoch_->MoveClockBeforeMidnight(kBeforeMidnightMs);
  if (!Hold(plan)) return;
  Strike(plan);
  if (!plan.then.point.empty()) {
    server_.Start();
    epoch_->StartStream(plan.then);
    if (!epoch_->WaitUntilHeld(epoch_->stream(), plan.then.point)) return;
    ++tally_.points[plan.then.point];
    epoch_->KillStream();
    Kill("deltastream");
  }
  StartAgain(plan);
  Verify();
}

// Up to the blow. What is to be held is started anew for it, which is a blow of its own.
bool Attack::Hold(const Plan& plan) {
  Child* held = nullptr;
  if (plan.target == Plan::Target::kStream || plan.midnight) {
    epoch_->KillStream();
    Kill("deltastream");
    epoch_->StartStream(plan.arm);
    held = epoch_->stream();
  }
  if (plan.target == Plan::Target::kMirror) {
    epoch_->KillMirror();
    Kill("deltamirror");
    epoch_->StartMirror(plan.arm);
    held = epoch_->mirror();
  }
  if (plan.large) source_.AskForLarge();
  if (plan.target == Plan::Target::kNone) {
    absl::SleepFor(absl::Milliseconds(plan.delay_ms));
    return true;
  }
  if (!epoch_->WaitUntilHeld(held, plan.arm.point)) return false;
  ++tally_.points[plan.arm.point];
  return true;
}

void Attack::Strike(const Plan& plan) {
  // First all blows, and only then a look at each.
  if (plan.crash_server) server_.Crash();
  if (plan.kill_stream && epoch_->stream() != nullptr) epoch_->stream()->Hit();
  if (plan.kill_mirror && epoch_->mirror() != nullptr) epoch_->mirror()->Hit();
  if (plan.crash_server) {
    Kill("server");
    epoch_->ForgiveStream();
  }
  if (plan.kill_stream) {
    epoch_->KillStream();
    Kill("deltastream");
  }
  if (plan.kill_mirror) {
    epoch_->KillMirror();
    Kill("deltamirror");
  }
  if (plan.kill_stream && plan.kill_mirror && plan.crash_server) Kill("all at once");
  if (plan.lose_power) {
    ++tally_.faults["power losses"];
    if (epoch_->LosePower() > 0) {
      ++tally_.faults["power losses with lines lost"];
      epoch_->ForgiveMirror();
    }
  }
  if (plan.cut_connection) {
    server_.CutConnection("mirror");
    ++tally_.faults["connections cut"];
  }
  if (plan.kill_backend) {
    server_.KillBackend("mirror");
    ++tally_.faults["server processes killed"];
    epoch_->ForgiveStream();
  }
  if (plan.midnight) ++tally_.faults["midnights"];
}

void Attack::StartAgain(const Plan& plan) {
  absl::SleepFor(absl::Milliseconds(plan.pause_ms));
  if (plan.server_first) server_.Start();
  // Where the server alone went down, the process that was held finds out now.
  if (epoch_->stream() != nullptr) epoch_->stream()->LetGo();
  if (epoch_->mirror() != nullptr) epoch_->mirror()->LetGo();
  epoch_->KeepRunning();
  server_.Start();
  absl::SleepFor(absl::Milliseconds(plan.delay_ms / 2));
}

void Attack::Verify() {
  if (testing::Test::HasFailure()) return;
  source_.Pause();
  ++tally_.rounds;
  if (!epoch_->Settle(++mark_)) return;
  const Content expected = ContentOf(server_.cluster());
  VerifyMirror(expected);
  VerifyLog();
  if (mark_ % 2 == 0) {
    ReplayTwice(expected);
  } else {
    Replay(expected);
  }
  if (mark_ % 4 == 0) ReplayEarlierState(expected);
  if (mark_ == kVerifiedMark) VerifyBySql();
}

// What a user would ask, to the same question.
void Attack::VerifyBySql() {
  lab::Host host(epoch_->MirrorFile());
  const lab::Rows tables = host.Query(absl::StrCat("SELECT \"table\", details FROM deltamirror_verify('m', ",
                                                   lab::Literal(server_.cluster().conninfo()), ")"));
  EXPECT_EQ(tables.size(), std::size(kTables));
  for (const std::vector<std::string>& table : tables) {
    if (table[1] != "NULL") Expect(absl::StrCat(table[0], ": ", table[1]), "deltamirror_verify");
  }
  ++tally_.verified;
}

void Attack::VerifyMirror(const Content& expected) {
  Expect(Difference(expected, ContentOf(epoch_->database().db())), "the mirror differs from its source");
  Expect(watcher_->Complaint(), "a reader of the mirror");
  const std::vector<std::string> state =
      epoch_->database().Row("SELECT clock, seq, (SELECT count(*) FROM m_table WHERE state = 'error') FROM m_state");
  ASSERT_EQ(state.size(), 3u);
  EXPECT_GE(std::make_pair(Number(state[0]), Number(state[1])), std::make_pair(clock_, seq_)) << "positions only grow";
  EXPECT_EQ(state[2], "0") << "tables of the mirror are in error";
  clock_ = Number(state[0]);
  seq_ = Number(state[1]);
}

void Attack::VerifyLog() {
  Expect(epoch_->log().Check(), "the daystream");
  // In this order: deltastream goes on.
  const std::string confirmed =
      server_.cluster().Value("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = 'mirror'");
  const auto info = daystream::LoadSourceInfo(epoch_->Daystream());
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_LE(*types::ParseLsn(confirmed), *types::ParseLsn(info->confirmed_lsn))
      << "the server was told more than the daystream knows";
}

// From the beginning into an empty mirror, which makes its tables as they come.
void Attack::Replay(const Content& expected) {
  lab::Host host;
  host.Exec(absl::StrCat("CREATE VIRTUAL TABLE r USING daystream_apply(source='", epoch_->Daystream(),
                         "', tables='*'); SELECT * FROM deltamirror('r', '{\"until\":\"caught_up\"}')"));
  Expect(Difference(expected, ContentOf(host.db())), "a mirror that read the daystream from the beginning differs");
  ++tally_.replays;
}

// The same by INSERT, and everything once more.
void Attack::ReplayTwice(const Content& expected) {
  lab::Host host;
  const std::string feed =
      absl::StrCat("INSERT INTO r(line) SELECT line FROM daystream(", lab::Literal(epoch_->Daystream()), ")");
  host.Exec("CREATE VIRTUAL TABLE r USING daystream_apply(tables='*')");
  host.Exec(feed);
  Expect(Difference(expected, ContentOf(host.db())), "a mirror that was fed with all lines differs");
  const lab::Rows status = host.Query("SELECT \"table\", inserts, updates, deletes, truncates, clock, seq, lsn FROM r");
  host.Exec(feed);
  EXPECT_EQ(host.Query("SELECT \"table\", inserts, updates, deletes, truncates, clock, seq, lsn FROM r"), status)
      << "feeding all lines again changes nothing";
  Expect(Difference(expected, ContentOf(host.db())), "a mirror that was fed with all lines twice differs");
  ++tally_.replays;
}

// A copy of the mirror's file that was put away goes on from where it was.
void Attack::ReplayEarlierState(const Content& expected) {
  if (!earlier_.empty()) {
    lab::Host host(earlier_);
    host.Exec("SELECT * FROM deltamirror('m', '{\"until\":\"caught_up\"}')");
    Expect(Difference(expected, ContentOf(host.db())), "a mirror that went on from an earlier state differs");
    ++tally_.replays;
  }
  earlier_ = absl::StrCat(epoch_->folder(), "/earlier-", mark_, ".db");
  lab::Host(epoch_->MirrorFile()).Exec(absl::StrCat("VACUUM INTO ", lab::Literal(earlier_)));
}

void Attack::Keep(const std::string& what) {
  const std::string folder = absl::StrCat("/tmp/deltamirror-crash.", getpid());
  std::error_code ignored;
  std::filesystem::copy(epoch_->folder(), folder, std::filesystem::copy_options::recursive, ignored);
  std::filesystem::copy(server_.cluster().path() + "/data/log", folder + "/postgresql.log", ignored);
  std::cerr << "FAILED in " << what << "\nkept: " << folder << "\nagain: CRASH_SEED=" << seed_
            << " CRASH_EPOCH=" << what.substr(6, what.find(',') - 6) << "\n";
}

}  // namespace deltamirror::crash
