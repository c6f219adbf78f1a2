// deltastream() on a slot of plugin pgoutput: the daystream is the one that a slot of deltaflood gives.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "daystream/reader.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/needs.h"
#include "tests/lab/process.h"
#include "tests/lab/temp_dir.h"
#include "tests/lab/wait.h"

namespace deltamirror {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Lines = std::vector<std::string>;

// The value of existing rows is what deltaflood finds at the time of the change, and pgoutput's reader in the present.
std::string WithoutMissing(absl::string_view line) {
  if (!absl::StrContains(line, "\t_action\trelation\t")) return std::string(line);
  static const std::regex* const kMissing = new std::regex(R"re(,"missing":"([^"\\]|\\.)*")re");
  return std::regex_replace(std::string(line), *kMissing, "");
}

// The lines of the transactions that were committed, without their positions.
Lines Committed(const std::string& daystream) {
  Lines lines;
  size_t begin = 0;  // of the transaction
  auto reader = daystream::Reader::Open(daystream, {});
  EXPECT_TRUE(reader.ok()) << reader.status();
  daystream::Line line;
  while (reader.ok()) {
    const absl::StatusOr<bool> got = (*reader)->Next(&line);
    EXPECT_TRUE(got.ok()) << got.status();
    if (!got.ok() || !*got) break;
    if (absl::EndsWith(line.record_text, "\t_action\trollback")) {
      lines.resize(begin);
      continue;
    }
    lines.push_back(WithoutMissing(line.record_text));
    if (absl::EndsWith(line.record_text, "\t_action\tcommit")) begin = lines.size();
  }
  lines.resize(begin);
  return lines;
}

Lines WithoutRelations(Lines lines) {
  std::erase_if(lines, [](const std::string& line) { return absl::StrContains(line, "\t_action\trelation\t"); });
  return lines;
}

// Without shapes, and without the transactions that changed nothing else: deltaflood tells of those, too.
Lines ChangesOf(const Lines& lines) {
  Lines changes;
  for (const std::string& line : lines) {
    const bool is_end = absl::StartsWith(line, "_xid\t");
    const bool is_empty = changes.empty() || absl::StartsWith(changes.back(), "_xid\t");
    if (absl::StrContains(line, "\t_action\trelation\t") || (is_end && is_empty)) continue;
    changes.push_back(line);
  }
  return changes;
}

class DeltastreamPgoutputTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cluster_ = new lab::Cluster(); }
  static void TearDownTestSuite() { delete cluster_; }

  void SetUp() override {
    cluster_->Exec("CREATE TABLE zzz (a integer PRIMARY KEY, b text); CREATE TABLE other (a integer PRIMARY KEY)");
  }

  void TearDown() override {
    ASSERT_TRUE(lab::WaitUntil(
        [] { return cluster_->Value("SELECT count(*) FROM pg_replication_slots WHERE active") == "0"; }));
    cluster_->Exec("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots");
    cluster_->Exec("DROP PUBLICATION IF EXISTS mirror; DROP PUBLICATION IF EXISTS chosen; DROP TABLE zzz, other");
    cluster_->Exec("DROP SCHEMA IF EXISTS deltamirror CASCADE");
  }

  void CreateSlot(const std::string& slot, const std::string& options) {
    host_.Value(absl::StrCat("SELECT pg_slot_create(", lab::Literal(cluster_->conninfo()), ", ", lab::Literal(slot),
                             ", ", lab::Literal(options), ")"));
  }

  std::string Stream(const std::string& slot) const { return dir_.File(slot + "_stream"); }

  std::string From(const std::string& slot, const std::string& options) const {
    return absl::StrCat("FROM deltastream(", lab::Literal(cluster_->conninfo()), ", ", lab::Literal(slot), ", ",
                        lab::Literal(Stream(slot)), ", ", lab::Literal(options), ")");
  }

  // "records transactions" of all rows.
  std::string CatchUp(const std::string& slot, const std::string& options = R"({"until":"caught_up"})") {
    return host_.Value(
        absl::StrCat("SELECT ifnull(sum(records), 0) || ' ' || ifnull(sum(transactions), 0) ", From(slot, options)));
  }

  std::string Error(const std::string& slot, const std::string& options) {
    return host_.Error(absl::StrCat("SELECT * ", From(slot, options)));
  }

  static inline lab::Cluster* cluster_ = nullptr;
  lab::TempDir dir_;
  lab::Host host_;
};

TEST_F(DeltastreamPgoutputTest, ATransactionAtATime) {
  CreateSlot("mirror", R"({"plugin":"pgoutput"})");
  cluster_->Exec("INSERT INTO zzz VALUES (1, 'fox'); INSERT INTO zzz VALUES (2, NULL)");
  EXPECT_EQ(CatchUp("mirror"), "4 1");
  cluster_->Exec("UPDATE zzz SET b = 'hen' WHERE a = 1");
  cluster_->Exec("DELETE FROM zzz WHERE a = 2");
  EXPECT_EQ(CatchUp("mirror"), "5 2");
  EXPECT_EQ(CatchUp("mirror"), "0 0");
  const Lines lines = WithoutRelations(Committed(Stream("mirror")));
  ASSERT_THAT(lines, SizeIs(7));
  EXPECT_THAT(lines[0], HasSubstr("\t_action\tinsert\ta\t1\tb\tfox"));
  EXPECT_THAT(lines[1], HasSubstr("\t_action\tinsert\ta\t2\tb\t\\N"));
  EXPECT_THAT(lines[3], HasSubstr("\t_action\tupdate\ta\t1\tb\then"));
  EXPECT_THAT(lines[5], HasSubstr("\t_action\tdelete\ta\t2"));
}

TEST_F(DeltastreamPgoutputTest, BothPluginsGiveTheSameDaystream) {
  LAB_NEEDS_DELTAFLOOD();
  CreateSlot("ours", R"({"plugin":"deltaflood"})");
  CreateSlot("mirror", R"({"plugin":"pgoutput"})");
  // (a) Transactions that overlap, with parts that are rolled back.
  lab::Session first(*cluster_);
  lab::Session second(*cluster_);
  first.Exec("BEGIN; INSERT INTO zzz VALUES (1, 'first')");
  second.Exec("BEGIN; INSERT INTO zzz VALUES (2, 'second'); SAVEPOINT s; INSERT INTO other VALUES (7)");
  first.Exec("SAVEPOINT s; UPDATE zzz SET b = 'gone'; ROLLBACK TO s; INSERT INTO other VALUES (1)");
  second.Exec("ROLLBACK TO s; INSERT INTO zzz VALUES (3, repeat('x', 9000)); COMMIT");
  first.Exec("UPDATE zzz SET a = 10 WHERE a = 1; COMMIT");
  // (b) One that is larger than a batch, and an empty one.
  cluster_->Exec("INSERT INTO zzz SELECT g, 'row ' || g FROM generate_series(100, 20000) g");
  cluster_->Exec("BEGIN; CREATE TABLE made (a int); DROP TABLE made; COMMIT");
  // (c) The shape changes while the stream runs.
  CatchUp("ours");
  CatchUp("mirror");
  cluster_->Exec("ALTER TABLE zzz ADD c int DEFAULT 5");
  cluster_->Exec("UPDATE zzz SET c = 6 WHERE a < 5");
  cluster_->Exec("ALTER TABLE zzz RENAME b TO bb");
  cluster_->Exec("DELETE FROM zzz WHERE a > 19990; TRUNCATE other");
  CatchUp("ours");
  CatchUp("mirror");
  // The columns of the first change of (c) are known only as they are now.
  const Lines ours = ChangesOf(Committed(Stream("ours")));
  const Lines theirs = ChangesOf(Committed(Stream("mirror")));
  for (size_t i = 0; i < ours.size() && i < theirs.size(); ++i) {
    ASSERT_EQ(theirs[i], ours[i]) << "line " << i;
  }
  ASSERT_EQ(theirs.size(), ours.size());
  EXPECT_GT(ours.size(), 19901u);
}

TEST_F(DeltastreamPgoutputTest, AKilledStreamGoesOn) {
  LAB_NEEDS_DELTAFLOOD();
  CreateSlot("ours", R"({"plugin":"deltaflood"})");
  CreateSlot("mirror", R"({"plugin":"pgoutput"})");
  for (int round = 0; round < 4; ++round) {
    lab::Process stream = lab::Process::Shell("", absl::StrCat("SELECT * ", From("mirror", "{}"), ";"));
    for (int i = 0; i < 5; ++i) {
      cluster_->Exec(absl::StrCat("INSERT INTO zzz SELECT 100000 * ", 5 * round + i,
                                  " + g, repeat('x', 100) FROM generate_series(1, 4000) g"));
    }
    stream.Kill(SIGKILL);
    stream.Wait();
  }
  ASSERT_TRUE(
      lab::WaitUntil([] { return cluster_->Value("SELECT count(*) FROM pg_replication_slots WHERE active") == "0"; }));
  CatchUp("mirror");
  CatchUp("ours");
  const Lines ours = WithoutRelations(Committed(Stream("ours")));
  EXPECT_THAT(ours, SizeIs(20 * 4001));
  EXPECT_TRUE(WithoutRelations(Committed(Stream("mirror"))) == ours);
}

TEST_F(DeltastreamPgoutputTest, TheSlotAdvancesPastWhatHasNoLines) {
  CreateSlot("mirror", R"({"plugin":"pgoutput","tables":"zzz"})");
  cluster_->Exec("INSERT INTO other VALUES (1)");
  const std::string target = cluster_->Value("SELECT pg_current_wal_lsn()");
  EXPECT_EQ(CatchUp("mirror"), "0 0");
  EXPECT_EQ(cluster_->Value(absl::StrCat("SELECT confirmed_flush_lsn >= '", target, "' FROM pg_replication_slots")),
            "t");
}

// Of pg_logical_emit_message: in a transaction of their own, among rows, and outside of any.
TEST_F(DeltastreamPgoutputTest, MessagesOfApplicationsHaveNoLines) {
  CreateSlot("mirror", R"({"plugin":"pgoutput"})");
  cluster_->Exec("SELECT pg_logical_emit_message(true, 'app', 'alone')");
  cluster_->Exec("BEGIN; INSERT INTO zzz VALUES (1); SELECT pg_logical_emit_message(true, 'app', 'among'); COMMIT");
  cluster_->Exec("BEGIN; SELECT pg_logical_emit_message(true, 'app', 'undone'); ROLLBACK");
  cluster_->Exec("SELECT pg_logical_emit_message(false, 'app', 'outside')");
  const std::string target = cluster_->Value("SELECT pg_current_wal_lsn()");
  CatchUp("mirror");
  Lines changes = ChangesOf(Committed(Stream("mirror")));
  ASSERT_THAT(changes, SizeIs(2));
  EXPECT_THAT(changes[0], HasSubstr("\t_action\tinsert\ta\t1"));
  EXPECT_THAT(changes[1], HasSubstr("\t_action\tcommit"));
  EXPECT_EQ(cluster_->Value(absl::StrCat("SELECT confirmed_flush_lsn >= '", target, "' FROM pg_replication_slots")),
            "t");
}

TEST_F(DeltastreamPgoutputTest, OnlyTheTablesThatAreAskedFor) {
  CreateSlot("mirror", R"({"plugin":"pgoutput"})");
  cluster_->Exec("INSERT INTO other VALUES (1)");
  cluster_->Exec("INSERT INTO zzz VALUES (1, 'x'); INSERT INTO other VALUES (2)");
  EXPECT_EQ(CatchUp("mirror", R"({"until":"caught_up","tables":"zzz"})"), "3 1");
}

TEST_F(DeltastreamPgoutputTest, APublicationOfOthersIsReadAsItIs) {
  LAB_NEEDS_VERSION(*cluster_, 15, "column lists and row filters");
  cluster_->Exec("CREATE PUBLICATION chosen FOR TABLE zzz (a) WHERE (a > 10)");
  cluster_->Exec("SELECT pg_create_logical_replication_slot('mirror', 'pgoutput')");
  cluster_->Exec("INSERT INTO zzz VALUES (1, 'x'), (11, 'y'); INSERT INTO other VALUES (1)");
  EXPECT_EQ(CatchUp("mirror", R"({"until":"caught_up","publication":"chosen"})"), "3 1");
  const Lines lines = WithoutRelations(Committed(Stream("mirror")));
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_TRUE(absl::EndsWith(lines[0], "\t_action\tinsert\ta\t11"));
}

TEST_F(DeltastreamPgoutputTest, APublicationThatWasGivenToTheSlotIsRemembered) {
  cluster_->Exec("CREATE PUBLICATION chosen FOR TABLE other");
  CreateSlot("mirror", R"({"publication":"chosen"})");
  cluster_->Exec("INSERT INTO zzz VALUES (1, 'x'); INSERT INTO other VALUES (1)");
  EXPECT_EQ(CatchUp("mirror"), "3 1");
}

// With a message "Origin", which says where they come from.
TEST_F(DeltastreamPgoutputTest, WhatWasReplicatedFromElsewhereComesToo) {
  CreateSlot("mirror", R"({"plugin":"pgoutput","tables":"zzz"})");
  lab::Session session(*cluster_);
  session.Exec("SELECT pg_replication_origin_create('elsewhere')");
  session.Exec("SELECT pg_replication_origin_session_setup('elsewhere')");
  session.Exec("BEGIN");
  session.Exec("SELECT pg_replication_origin_xact_setup('0/1', now())");
  session.Exec("INSERT INTO zzz VALUES (1, 'from there')");
  session.Exec("COMMIT");
  EXPECT_EQ(CatchUp("mirror"), "3 1");
  session.Exec("SELECT pg_replication_origin_session_reset()");
  session.Exec("SELECT pg_replication_origin_drop('elsewhere')");
}

TEST_F(DeltastreamPgoutputTest, AMissingPublication) {
  cluster_->Exec("SELECT pg_create_logical_replication_slot('mirror', 'pgoutput')");
  EXPECT_EQ(Error("mirror", "{}"),
            "deltastream: publication \"mirror\" does not exist. Name the one to be read with option \"publication\", "
            "or make the slot again with pg_slot_create, which makes one");
  EXPECT_THAT(Error("mirror", R"({"publication":"nobody's"})"), HasSubstr("publication \"nobody's\" does not exist"));
}

TEST_F(DeltastreamPgoutputTest, APublicationIsNotDeltafloods) {
  LAB_NEEDS_DELTAFLOOD();
  CreateSlot("ours", R"({"plugin":"deltaflood"})");
  EXPECT_EQ(Error("ours", R"({"publication":"chosen"})"),
            "deltastream: option \"publication\" with value \"chosen\" is for plugin \"pgoutput\", but the plugin of "
            "replication slot \"ours\" is \"deltaflood\"");
}

TEST_F(DeltastreamPgoutputTest, AMirrorFollows) {
  cluster_->Exec("INSERT INTO zzz SELECT g, 'old' FROM generate_series(1, 1000) g");
  CreateSlot("mirror", R"({"plugin":"pgoutput"})");
  cluster_->Exec("UPDATE zzz SET b = 'before' WHERE a % 7 = 0");
  CatchUp("mirror");
  host_.Exec(absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(source=", lab::Literal(Stream("mirror")), ")"));
  EXPECT_EQ(host_.Value(absl::StrCat("SELECT deltamirror_bootstrap('m', ", lab::Literal(cluster_->conninfo()),
                                     ", 'zzz, other')")),
            "1000");
  cluster_->Exec("UPDATE zzz SET b = 'after', a = a + 5000 WHERE a % 3 = 0");
  cluster_->Exec("DELETE FROM zzz WHERE a % 5 = 0; INSERT INTO other VALUES (1)");
  cluster_->Exec("ALTER TABLE zzz ADD c boolean DEFAULT true");
  cluster_->Exec("INSERT INTO zzz VALUES (9999, NULL, false)");
  CatchUp("mirror");
  host_.Query("SELECT * FROM deltamirror('m', '{\"until\":\"caught_up\"}')");
  EXPECT_EQ(host_.Query("SELECT a, b, c FROM zzz ORDER BY a"),
            cluster_->Query("SELECT a, b, c::int FROM zzz ORDER BY a"));
  EXPECT_EQ(host_.Query("SELECT a FROM other"), cluster_->Query("SELECT a FROM other"));
}

}  // namespace
}  // namespace deltamirror
