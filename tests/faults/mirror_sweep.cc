#include "tests/faults/mirror_sweep.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace deltamirror {
namespace {

constexpr int kAllUpTo = 50;

constexpr char kShape[] =
    R"(_action relation a {"attnum":1,"type":"integer","oid":23,"pk":1,"key":1,"not_null":true} b {"attnum":2,"type":"text","oid":25})";

// With everything that may happen to a table, its making included. With spaces instead of TABs.
const std::vector<std::vector<std::string>>& Transactions() {
  static const auto* const transactions = new std::vector<std::vector<std::string>>{
      {absl::StrCat("_table zzz _xid 1 _lsn 0/10 _relid 16402 _identity default ", kShape),
       "_table zzz _xid 1 _lsn 0/10 _action insert a 1 b one", "_table zzz _xid 1 _lsn 0/10 _action insert a 2 b two",
       "_table zzz _xid 1 _lsn 0/10 _action insert a 3 b three"},
      {"_table zzz _xid 2 _lsn 0/20 _action update a 1 b uno", "_table zzz _xid 2 _lsn 0/20 _action delete a 2"},
      {absl::StrCat("_table zzz _xid 3 _lsn 0/30 _relid 16402 _identity default ", kShape,
                    R"( c {"attnum":3,"type":"text","oid":25,"missing":"new"})"),
       "_table zzz _xid 3 _lsn 0/30 _action insert a 5 b five c cinq",
       "_table zzz _xid 3 _lsn 0/30 _action replace a 3",
       "_table zzz _xid 3 _lsn 0/30 _action update a 4 b four c quatre"},
      {absl::StrCat("_table yyy _xid 4 _lsn 0/40 _relid 16410 _identity default ", kShape),
       "_table yyy _xid 4 _lsn 0/40 _action truncate", "_table yyy _xid 4 _lsn 0/40 _action insert a 1 b other"},
      {"_table zzz _xid 5 _lsn 0/50 _action update a 5 c cinque",
       "_table yyy _xid 5 _lsn 0/50 _action insert a 2 b \\N"},
  };
  return *transactions;
}

std::string Try(lab::Host* host, const std::string& sql) {
  char* message = nullptr;
  if (sqlite3_exec(host->db(), sql.c_str(), nullptr, nullptr, &message) == SQLITE_OK) return "";
  // Without memory, it may be that there is none for the copy.
  std::string error = message == nullptr ? sqlite3_errmsg(host->db()) : message;
  sqlite3_free(message);
  return error;
}

}  // namespace

int NextOf(int nth) {
  static const bool all = std::getenv("SWEEP_ALL") != nullptr;
  return all || nth < kAllUpTo ? nth + 1 : nth + nth / 12;
}

bool NamesFault(const std::string& message) {
  for (const char* reason :
       {"disk I/O error", "unable to open database file", "database or disk is full", "out of memory"}) {
    if (absl::StrContains(message, reason)) return true;
  }
  return false;
}

void ExpectClear(const std::string& error, const std::string& when) {
  if (!error.empty()) {
    EXPECT_TRUE(NamesFault(error)) << when << ": " << error;
  }
}

MirrorSweep::MirrorSweep() {
  for (size_t count = 0; count <= Transactions().size(); ++count) {
    WriteSource(count);
    lab::Host host;
    host.Exec(
        absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(tables='*', source=", lab::Literal(Source()), ")"));
    host.Exec(Sql(Way::kFollow));
    last_ = Content(&host);
    states_[Position(&host)] = last_;
  }
  EXPECT_EQ(states_.size(), Transactions().size() + 1);
}

void MirrorSweep::WriteSource(size_t transactions) const {
  std::string text;
  int seq = 0;
  for (size_t i = 0; i < transactions; ++i) {
    for (const std::string& line : Transactions()[i]) absl::StrAppend(&text, "_c 5 _s ", seq++, " ", line, "\n");
    absl::StrAppend(&text, "_c 5 _s ", seq++, " _xid ", i + 1, " _lsn 0/", i + 1, "0 _action commit\n");
  }
  lab::WriteFile(Source(), absl::StrReplaceAll(text, {{" ", "\t"}}));
}

std::string MirrorSweep::Position(lab::Host* host) {
  return host->Value("SELECT ifnull(clock, '-') || ':' || ifnull(seq, '-') FROM m_state");
}

// The tables, with what the mirror says of them.
std::string MirrorSweep::Content(lab::Host* host) {
  lab::Rows rows = host->Query("SELECT \"table\", inserts, updates, deletes, truncates, skipped, clock, seq FROM m");
  for (const std::vector<std::string>& table :
       host->Query("SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('zzz', 'yyy')")) {
    lab::Rows content = host->Query(absl::StrCat("SELECT '", table[0], "', * FROM ", table[0]));
    rows.insert(rows.end(), content.begin(), content.end());
  }
  std::sort(rows.begin(), rows.end());
  return absl::StrJoin(rows, "\n", [](std::string* out, const std::vector<std::string>& row) {
    absl::StrAppend(out, absl::StrJoin(row, ","));
  });
}

std::string MirrorSweep::Sql(Way way) const {
  if (way == Way::kFollow) return R"(SELECT count(*) FROM deltamirror('m', '{"until":"caught_up","batch":1}'))";
  return absl::StrCat("INSERT INTO m(line) SELECT line FROM daystream(", lab::Literal(Source()), ")");
}

void MirrorSweep::MakeTemplate(const std::string& journal) const {
  std::filesystem::remove(Template());
  lab::Host host(Template());
  host.Exec(absl::StrCat("PRAGMA journal_mode = ", journal));
  host.Exec(
      absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(tables='*', source=", lab::Literal(Source()), ")"));
}

void MirrorSweep::ExpectConsistent(const std::string& file, const std::string& when) const {
  lab::Host host(file);
  EXPECT_EQ(host.Value("PRAGMA integrity_check"), "ok") << when;
  const auto state = states_.find(Position(&host));
  ASSERT_TRUE(state != states_.end()) << when << ": at " << Position(&host) << " no transaction ends";
  EXPECT_EQ(Content(&host), state->second) << when;
}

int MirrorSweep::Sweep(Way way, const std::string& journal, const Fault& fault) {
  MakeTemplate(journal);
  int runs = 0;
  for (int nth = 1;; nth = NextOf(nth)) {
    const std::string when =
        absl::StrCat(way == Way::kInsert ? "INSERT" : "deltamirror", ", journal ", journal, ", call ", nth);
    const std::string file = dir_.File("run.db");
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) std::filesystem::remove(file + suffix);
    std::filesystem::copy_file(Template(), file);
    auto host = std::make_unique<lab::Host>(file);
    fault.arm(nth);
    const std::string error = Try(host.get(), Sql(way));
    const bool failed = fault.failed();
    fault.arm(0);
    ++runs;
    EXPECT_TRUE(failed || error.empty()) << when << ": " << error;
    ExpectClear(error, when);
    ExpectConsistent(file, when);
    if (nth % 2 == 0) host = std::make_unique<lab::Host>(file);
    EXPECT_EQ(Try(host.get(), Sql(way)), "") << when;
    EXPECT_EQ(Content(host.get()), last_) << when;
    if (!failed || ::testing::Test::HasFailure()) return runs;
  }
}

}  // namespace deltamirror
