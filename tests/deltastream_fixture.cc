#include "tests/deltastream_fixture.h"

#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "daystream/files.h"
#include "daystream/source.h"
#include "tests/lab/wait.h"
#include "types/lsn.h"

namespace deltamirror {

void DeltastreamTest::SetUpTestSuite() {
  cluster_ = new lab::Cluster();
}

void DeltastreamTest::TearDownTestSuite() {
  delete cluster_;
  cluster_ = nullptr;
}

void DeltastreamTest::SetUp() {
  cluster_->Exec("DROP TABLE IF EXISTS zzz; CREATE TABLE zzz (a integer PRIMARY KEY, b text)");
  CreateSlot("{}");
}

void DeltastreamTest::TearDown() {
  ASSERT_TRUE(lab::WaitUntil([] { return SlotValue("count(*) FILTER (WHERE active)") == "0"; }));
  cluster_->Exec("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots");
  cluster_->Exec("DROP SCHEMA IF EXISTS deltamirror CASCADE; DROP PUBLICATION IF EXISTS mirror");
}

void DeltastreamTest::CreateSlot(const std::string& options) {
  host_.Value(absl::StrCat("SELECT pg_slot_create(", lab::Literal(cluster_->conninfo()), ", 'mirror', ",
                           lab::Literal(options), ")"));
}

std::string DeltastreamTest::From(const std::string& options, const std::string& conninfo) const {
  return absl::StrCat("FROM deltastream(", lab::Literal(conninfo), ", 'mirror', ", lab::Literal(Stream()), ", ",
                      lab::Literal(options), ")");
}

std::string DeltastreamTest::CatchUp(const std::string& options) {
  return host_.Value(
      absl::StrCat("SELECT ifnull(sum(records), 0) || ' ' || ifnull(sum(transactions), 0) ", From(options)));
}

std::unique_ptr<lab::Process> DeltastreamTest::Run(const std::string& options) {
  return std::unique_ptr<lab::Process>(
      new lab::Process(lab::Process::Shell("", absl::StrCat("SELECT * ", From(options), ";"))));
}

void DeltastreamTest::Insert(int from, int to) {
  cluster_->Exec(absl::StrCat("INSERT INTO zzz SELECT g, 'row ' || g FROM generate_series(", from, ", ", to, ") g"));
}

std::string DeltastreamTest::Inserts(int count) {
  std::string sql;
  for (int i = 0; i < count; ++i) absl::StrAppend(&sql, "INSERT INTO zzz VALUES (", i, ", 'row');\n");
  return sql;
}

int64_t DeltastreamTest::Size() const {
  int64_t size = 0;
  const auto files = daystream::ListDayFiles(Stream());
  if (!files.ok()) return 0;
  struct stat status;
  for (const std::string& name : *files) {
    if (stat(absl::StrCat(Stream(), "/", name).c_str(), &status) == 0) size += status.st_size;
  }
  return size;
}

std::string DeltastreamTest::SlotValue(const std::string& expression) {
  return cluster_->Value(absl::StrCat("SELECT ", expression, " FROM pg_replication_slots"));
}

uint64_t DeltastreamTest::Confirmed() const {
  const uint64_t confirmed = *types::ParseLsn(SlotValue("confirmed_flush_lsn"));
  const auto info = daystream::LoadSourceInfo(Stream());
  // Killed before it had begun. (Lines without the file would be refused by the next start.)
  if (absl::IsNotFound(info.status())) return confirmed;
  EXPECT_TRUE(info.ok()) << info.status();
  EXPECT_LE(confirmed, *types::ParseLsn(info->confirmed_lsn));
  return confirmed;
}

}  // namespace deltamirror
