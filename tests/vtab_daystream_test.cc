// daystream and deltaflood_parse, from SQL.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/lab/host.h"
#include "tests/lab/temp_dir.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kDay = 1507507200;  // 2017-10-09 00:00:00 UTC

class DaystreamTest : public ::testing::Test {
 protected:
  // A line, with a space for each TAB.
  void Write(const std::string& name, int64_t clock, int64_t seq, const std::string& record) {
    const std::string line = absl::StrReplaceAll(absl::StrCat("_c ", clock, " _s ", seq, " ", record), {{" ", "\t"}});
    lab::WriteFile(log_.File(name), absl::StrCat(lab::ReadFile(log_.File(name)), line, "\n"));
  }
  std::string Source() const { return lab::Literal(log_.path()); }
  // SELECT from the daystream with everything that follows its name.
  std::string Select(const std::string& columns, const std::string& rest = "",
                     const std::string& arguments = "") const {
    return absl::StrCat("SELECT ", columns, " FROM daystream(", Source(), arguments, ") ", rest);
  }

  lab::TempDir log_;
  lab::Host host_;
};

TEST_F(DaystreamTest, EachColumnIsWhatTheLineSays) {
  Write("20171009.daystream", kDay, 0, "_table crew _schema ops _xid -1 _lsn 16/B374D848 _action insert a 1 b \\N");
  Write("20171010.daystream", kDay + 86400, 5, "_xid 7 _action commit");
  EXPECT_EQ(host_.Query(Select("clock, seq, \"table\", schema, xid, lsn, action, record")),
            (lab::Rows{
                {"1507507200", "0", "crew", "ops", "4294967295", "16/B374D848", "insert", R"({"a":"1","b":null})"},
                {"1507593600", "5", "NULL", "NULL", "7", "NULL", "commit", "{}"},
            }));
  EXPECT_EQ(host_.Value(Select("line", "LIMIT 1 OFFSET 1")), "_c\t1507593600\t_s\t5\t_xid\t7\t_action\tcommit");
  EXPECT_EQ(host_.Value(Select("source = " + Source(), "LIMIT 1")), "1");
}

// What reaches the reader may only save work: with every operator and value, the rows are those of an ordinary table.
TEST_F(DaystreamTest, BoundsGiveWhatAnOrdinaryTableGives) {
  for (int i = 0; i < 60; ++i) {
    const int64_t clock = kDay + i / 5 * 3 + (i < 30 ? 0 : 86400);
    Write(i < 30 ? "20171009.daystream" : "20171010.daystream", clock, i % 5,
          absl::StrCat("_table ", i % 3 == 0 ? "zzz" : "Zzz", " _action truncate"));
  }
  host_.Exec("CREATE TABLE plain AS " + Select("clock, seq, \"table\""));
  ASSERT_EQ(host_.Value("SELECT count(*) FROM plain"), "60");
  std::string values[] = {"1507507205", "1507507206", "1507507206.0", "1507507206.5", "'1507507206'",
                          "'x'",        "NULL",       "x'31'",        "-1",           "0",
                          "1507593636", "9e99",       "-9e99"};
  for (const std::string& value : values) {
    for (const std::string& op : std::vector<std::string>{"=", "<", "<=", ">", ">=", "IS", "!="}) {
      for (const std::string& more :
           std::vector<std::string>{"", " ORDER BY clock, seq", " ORDER BY clock DESC, seq", " LIMIT 3 OFFSET 1"}) {
        const std::string where = absl::StrCat(" WHERE clock ", op, " ", value, more);
        EXPECT_EQ(host_.Query(Select("clock, seq, \"table\"", where)), host_.Query("SELECT * FROM plain" + where))
            << where;
      }
    }
  }
  for (const std::string& where : std::vector<std::string>{
           "(clock, seq) > (1507507206, 2)", "(clock, seq) >= (1507507206, 2)", "(clock, seq) < (1507507206, 2)",
           "(clock, seq) <= (1507593636, 4)", "clock BETWEEN 1507507203 AND 1507507209",
           "clock > 1507507203 AND clock < 5", "clock >= 1507507203 AND clock >= 1507507206 AND seq = 3",
           "\"table\" = 'zzz'", "\"table\" = 'ZZZ'", "\"table\" = 'ZZZ' COLLATE NOCASE", "\"table\" = NULL",
           "\"table\" IN ('zzz', 'Zzz')", "\"table\" = 5", "clock IN (1507507206, 1507507200)",
           "clock > 1507507203 OR \"table\" = 'zzz'", "clock = 1507507203 OR seq = 1"}) {
    EXPECT_EQ(host_.Query(Select("clock, seq, \"table\"", " WHERE " + where + " ORDER BY clock, seq")),
              host_.Query("SELECT * FROM plain WHERE " + where + " ORDER BY clock, seq"))
        << where;
  }
}

TEST_F(DaystreamTest, ItsOrderIsNotSortedAgain) {
  const auto plan = [this](const std::string& order) {
    return absl::StrCat(host_.Query("EXPLAIN QUERY PLAN " + Select("*", order)).size());
  };
  EXPECT_EQ(plan("ORDER BY clock"), "1");
  EXPECT_EQ(plan("ORDER BY clock, seq"), "1");
  EXPECT_EQ(plan("ORDER BY clock, seq, action"), "1");
  EXPECT_EQ(plan("ORDER BY clock, seq DESC"), "2");
  EXPECT_EQ(plan("ORDER BY seq"), "2");
}

TEST_F(DaystreamTest, TheStartIsIncluded) {
  for (int i = 0; i < 10; ++i) Write("20171009.daystream", kDay + i / 3, i % 3, "_table t _action truncate");
  EXPECT_EQ(host_.Value(Select("count(*)", "", ", 1507507201, 1")), "6");
  EXPECT_EQ(host_.Value(Select("count(*)", "", ", 1507507201")), "7");
  EXPECT_EQ(host_.Value(Select("count(*)", "", ", NULL, NULL")), "10");
  EXPECT_EQ(host_.Value(Select("count(*)", "WHERE clock > 1507507201", ", 1507507201, 1")), "4");
  EXPECT_EQ(host_.Value(Select("count(*)", "WHERE clock > 0", ", '1507507201', 1")), "6");
  EXPECT_EQ(
      host_.Value(absl::StrCat("SELECT count(*) FROM (SELECT 1507507202 AS at) JOIN daystream(", Source(), ", at)")),
      "4");
}

TEST_F(DaystreamTest, ADamagedRecordIsAnErrorNotTheEnd) {
  Write("20171009.daystream", kDay, 0, "_table t _action insert a 1");
  Write("20171009.daystream", kDay, 1, "_table t _action insert a \\q");
  Write("20171009.daystream", kDay, 2, "_table t _action");
  const std::string where = absl::StrCat("of file \"", log_.path(), "/20171009.daystream\": ");
  EXPECT_EQ(host_.Error(Select("record")),
            absl::StrCat("daystream: cannot read the record of the line at offset 47 ", where,
                         "expected \\t, \\n, \\\\ or \\ and three octal digits at offset 26, got \"\\\\q\""));
  EXPECT_EQ(host_.Error(Select("action")),
            absl::StrCat("daystream: cannot read the record of the line at offset 95 ", where,
                         "expected key-value pairs separated by tabs, got 3 fields"));
  EXPECT_THAT(host_.Error(Select("count(*)", "WHERE \"table\" = 'u'")), HasSubstr("offset 95"));
  EXPECT_EQ(host_.Value(Select("count(*)")), "3");
  lab::WriteFile(log_.File("20171010.daystream"), "nonsense\n");
  EXPECT_THAT(host_.Error(Select("count(*)")), HasSubstr("daystream: cannot read the line at offset 0 of file "));
}

TEST_F(DaystreamTest, AStartThatWasRemovedIsAnErrorOnlyAsArgument) {
  lab::WriteFile(log_.File("daystream.json"), absl::StrCat("{\"format\":1,\"began\":", kDay, "}"));
  Write("20171010.daystream", kDay + 86400, 0, "_table t _action truncate");
  EXPECT_EQ(host_.Error(Select("*", "", ", 1507507200, 5")),
            absl::StrCat("daystream: position (1507507200, 5) is no longer in daystream \"", log_.path(),
                         "\", which begins at (1507593600, 0)"));
  EXPECT_EQ(host_.Value(Select("count(*)", "WHERE clock >= 1507507200")), "1");
}

TEST_F(DaystreamTest, ArgumentsThatCannotBeUsedAreRefused) {
  EXPECT_EQ(host_.Error(Select("*", "", ", 'noon'")), "daystream: expected a whole number as clock, got \"noon\"");
  EXPECT_EQ(host_.Error(Select("*", "", ", 5, 1.5")), "daystream: expected a whole number as seq, got \"1.5\"");
  EXPECT_THAT(host_.Error("SELECT * FROM daystream"), HasSubstr("daystream: expected a source as first argument"));
  EXPECT_EQ(host_.Error("SELECT * FROM daystream(NULL)"),
            "daystream: expected the path of a daystream, got an empty text");
  const std::string error = host_.Error("SELECT * FROM daystream('https://user:secret@host/log')");
  EXPECT_EQ(error, "daystream: cannot open a daystream by scheme \"https\", expected a path, or \"file:\" and a path");
  host_.Exec("CREATE VIEW v AS SELECT * FROM daystream('/x')");
  EXPECT_EQ(host_.Error("SELECT * FROM v"), "unsafe use of virtual table \"daystream\"");
}

TEST_F(DaystreamTest, DeltafloodParseIsPure) {
  host_.Exec("PRAGMA trusted_schema = off; CREATE TABLE t (line TEXT)");
  host_.Exec("CREATE INDEX i ON t (deltaflood_parse(line))");
  host_.Exec("INSERT INTO t VALUES ('_table' || char(9) || 'a' || char(9) || '_action' || char(9) || 'truncate')");
  EXPECT_EQ(host_.Value("SELECT deltaflood_parse(line) FROM t"), R"({"_table":"a","_action":"truncate","columns":{}})");
  EXPECT_EQ(host_.Value("SELECT deltaflood_parse(NULL)"), "NULL");
  EXPECT_EQ(host_.Error("SELECT deltaflood_parse('')"),
            "deltaflood_parse: expected key-value pairs separated by tabs, got an empty line");
}

}  // namespace
}  // namespace deltamirror
