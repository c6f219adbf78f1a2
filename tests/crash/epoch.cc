#include "tests/crash/epoch.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/lab/host.h"
#include "tests/lab/wait.h"

namespace deltamirror::crash {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr int64_t kDayMs = 24 * 3600 * 1000;

// Like lab::WaitUntil, but without a pause that counts.
template <typename Condition>
bool WaitBriefly(Condition condition) {
  for (const absl::Time end = absl::Now() + kPatience; absl::Now() < end; absl::SleepFor(absl::Milliseconds(2))) {
    if (condition()) return true;
  }
  return false;
}

}  // namespace

Epoch::Epoch(Server* server, const Options& options) : server_(server), options_(options) {
  const std::string conninfo = lab::Literal(server_->cluster().conninfo());
  lab::Host host(MirrorFile());
  host.Exec(absl::StrCat("SELECT pg_slot_create(", conninfo, ", '", options_.slot, "', '{\"plugin\":\"",
                         options_.plugin, "\",\"tables\":\"", Source::TableList(), "\"}')"));
  host.Exec(absl::StrCat("PRAGMA journal_mode = ", options_.wal ? "wal" : "delete"));
  host.Exec(absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(source='", Daystream(), "')"));
  database_ = std::make_unique<PlainDatabase>(MirrorFile());
}

Epoch::~Epoch() {
  KillStream();
  KillMirror();
  KillBootstrap();
  server_->Start();
  lab::Host host;
  host.Exec(
      absl::StrCat("SELECT pg_slot_drop(", lab::Literal(server_->cluster().conninfo()), ", '", options_.slot, "')"));
}

std::unique_ptr<Child> Epoch::Start(const std::string& database, const std::string& sql, const Arm& arm) {
  return std::make_unique<Child>(Child::Options{.database = database,
                                                .sql = sql,
                                                .arm = arm,
                                                .clock_ms = options_.clock_ms,
                                                .clock_rate = options_.clock_rate,
                                                .synced_file = options_.notes_synced ? dir_.File("synced") : ""});
}

void Epoch::StartStream(const Arm& arm) {
  stream_ = Start(":memory:",
                  absl::StrCat("SELECT * FROM deltastream(", lab::Literal(server_->cluster().conninfo()), ", '",
                               options_.slot, "', ", lab::Literal(Daystream()), ", '{\"status_interval\":1}')"),
                  arm);
}

void Epoch::StartMirror(const Arm& arm) {
  mirror_ = Start(MirrorFile(), "SELECT * FROM deltamirror('m')", arm);
}

void Epoch::StartBootstrap(const Arm& arm) {
  bootstrap_ = Start(MirrorFile(),
                     absl::StrCat("PRAGMA cache_size = 10; SELECT deltamirror_bootstrap('m', ",
                                  lab::Literal(server_->cluster().conninfo()), ", '", Source::TableList(), "')"),
                     arm);
}

void Epoch::Bootstrap() {
  StartBootstrap();
  EXPECT_TRUE(WaitBriefly([this] { return !bootstrap_->Running(); })) << "the first copy does not end";
  EXPECT_EQ(bootstrap_->Errors(), "");
  KillBootstrap();
}

bool Epoch::WaitUntilHeld(Child* child, const std::string& point) {
  const bool held = WaitBriefly([child] { return child->Held() || !child->Running(); }) && child->Held();
  EXPECT_TRUE(held) << "the process was not held at \"" << point << "\"; "
                    << (child->Running() ? "it still runs" : "it has ended: ") << child->Errors();
  return held;
}

bool Epoch::WaitUntilBegun() {
  const std::string file = absl::StrCat(Daystream(), "/daystream.json");
  const bool begun = WaitBriefly([this, &file] { return std::filesystem::exists(file) || !stream_->Running(); });
  EXPECT_TRUE(begun && stream_->Running()) << stream_->Errors();
  return begun && stream_->Running();
}

void Epoch::CheckEnd(std::unique_ptr<Child>* child, bool may_end, const char* name) {
  if (*child == nullptr || (*child)->Running()) return;
  EXPECT_TRUE(may_end) << name << " has ended by itself: " << (*child)->Errors();
  child->reset();
}

void Epoch::KeepRunning() {
  CheckEnd(&stream_, stream_may_end_, "deltastream");
  CheckEnd(&mirror_, mirror_may_end_, "deltamirror");
  if (stream_ == nullptr) StartStream();
  if (mirror_ == nullptr) StartMirror();
}

bool Epoch::Settle(int64_t mark) {
  server_->cluster().Exec(absl::StrCat("UPDATE marker SET n = ", mark));
  const std::vector<std::string> wanted = {absl::StrCat(mark)};
  const bool there = WaitBriefly([this, &wanted] {
    KeepRunning();
    return testing::Test::HasFailure() || database_->Row("SELECT n FROM marker") == wanted;
  });
  stream_may_end_ = mirror_may_end_ = false;
  EXPECT_TRUE(there) << "the mirror does not come to mark " << mark
                     << "; deltastream: " << (stream_ == nullptr ? "" : stream_->Errors())
                     << "; deltamirror: " << (mirror_ == nullptr ? "" : mirror_->Errors());
  return there && !testing::Test::HasFailure();
}

void Epoch::MoveClockBeforeMidnight(int64_t ms) {
  const int64_t real = absl::ToUnixMillis(absl::Now());
  const int64_t now = real + options_.clock_ms;
  options_.clock_ms = (now / kDayMs + 1) * kDayMs - ms - real;
}

int64_t Epoch::LosePower() {
  std::map<std::string, int64_t> synced;
  std::ifstream notes(dir_.File("synced"));
  std::string path;
  int64_t size = 0;
  while (notes >> path >> size) synced[path] = size;
  int64_t lost = 0;
  for (const auto& entry : std::filesystem::directory_iterator(Daystream())) {
    if (!absl::EndsWith(entry.path().string(), ".daystream")) continue;
    const int64_t kept = synced[entry.path()];
    const auto there = static_cast<int64_t>(entry.file_size());
    if (there <= kept) continue;
    lost += there - kept;
    std::filesystem::resize_file(entry.path(), kept);
    log_.Forget(entry.path(), kept);
  }
  // Nothing starts within the second in which it went down.
  options_.clock_ms += 1000;
  return lost;
}

}  // namespace deltamirror::crash
