// A backlog is read, taken apart and decoded ahead, on a thread of its own: it must end as it does line by line.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/lab/host.h"
#include "tests/lab/temp_dir.h"
#include "tests/mirror_fixture.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;

// A daystream file, and a mirror of all that is in it.
struct Mirror {
  explicit Mirror(const std::string& log) : source(log) {
    lab::WriteFile(source, "");
    host.Exec(
        absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(source=", lab::Literal(source), ", tables='*')"));
  }

  void Append(const std::vector<std::string>& lines) {
    std::ofstream file(source, std::ios::app);
    for (const std::string& line : lines) {
      file << absl::StrReplaceAll(Line(absl::StrCat("_c 5 _s ", seq++, " ", line)), {{"~", " "}}) << "\n";
    }
  }
  std::string Run() {
    char* message = nullptr;
    sqlite3_exec(host.db(), "SELECT * FROM deltamirror('m', '{\"until\":\"caught_up\"}')", nullptr, nullptr, &message);
    const std::string text = message == nullptr ? "" : message;
    sqlite3_free(message);
    return text;
  }
  lab::Rows Content() {
    lab::Rows all = host.Query("SELECT \"table\", inserts, updates, deletes, truncates FROM m ORDER BY 1");
    for (const auto& name : host.Query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'm%'"
                                       " AND name NOT LIKE 'sqlite%' ORDER BY 1")) {
      // With the types, and blobs as they are.
      std::string columns;
      for (const auto& column : host.Query(absl::StrCat("SELECT name FROM pragma_table_info('", name[0], "')"))) {
        absl::StrAppend(&columns, columns.empty() ? "" : ", ", "quote(\"", column[0], "\")");
      }
      for (const auto& row : host.Query(absl::StrCat("SELECT '", name[0], "', ", columns, " FROM \"", name[0],
                                                     "\""
                                                     " ORDER BY 2"))) {
        all.push_back(row);
      }
    }
    return all;
  }

  const std::string source;
  lab::Host host;
  int seq = 0;
};

// Transactions in which tables change while their rows do. `v` is what it is now.
class Story {
 public:
  std::vector<std::string> Lines(int transactions) {
    for (int i = 0; i < transactions; ++i) Transaction();
    return std::move(lines_);
  }

 private:
  static constexpr int kTables = 40;  // those that change early keep what was read ahead at that time

  struct Kind {
    const char* column;                     // what the relation line says
    std::function<std::string(int)> value;  // "~" is a space
  };

  static const std::vector<Kind>& Kinds() {
    static const auto* const kKinds = new std::vector<Kind>{
        {R"({"attnum":2,"type":"integer","oid":23})", [](int i) { return absl::StrCat(i - 500); }},
        {R"({"attnum":2,"type":"text","oid":25})", [](int i) { return absl::StrCat("00", i); }},
        {R"({"attnum":2,"type":"bytea","oid":17})", [](int i) { return absl::StrCat("\\\\x00ff", i % 90 + 10); }},
        {R"({"attnum":2,"type":"boolean","oid":16})", [](int i) { return i % 2 == 0 ? "t" : "f"; }},
        {R"({"attnum":2,"type":"double","oid":701})", [](int i) { return absl::StrCat(i, ".25"); }},
        {R"({"attnum":2,"type":"numeric","oid":1700})", [](int i) { return absl::StrCat(i, ".10"); }},
        {R"({"attnum":2,"type":"timestamptz","oid":1184})",
         [](int i) { return absl::StrCat("2026-08-0", i % 9 + 1, "~12:00:00+00"); }},
    };
    return *kKinds;
  }

  std::string Head(const std::string& action, const std::string& more = "") const {
    return absl::StrCat("_table t", table_, " _xid ", xid_, " _lsn 0/", xid_, more, " _action ", action);
  }
  void Change(const std::string& action, const std::string& columns) {
    lines_.push_back(absl::StrCat(Head(action), " ", columns));
  }
  std::string Value(int i) const { return Kinds()[kind_[table_]].value(i); }
  void Relation() {
    Change("truncate", "");
    lines_.back().pop_back();
    lines_.push_back(absl::StrCat(Head("relation", absl::StrCat(" _relid ", 7 + table_, " _identity default")),
                                  R"( id {"attnum":1,"type":"integer","oid":23,"pk":1,"key":1,"not_null":true} v )",
                                  Kinds()[kind_[table_]].column));
  }

  void Transaction() {
    ++xid_;
    table_ = xid_ % kTables;
    if (xid_ <= kTables || xid_ % 101 == 0) {
      kind_[table_] = (kind_[table_] + 1) % Kinds().size();
      Relation();
    }
    for (int i = 0; i < xid_ % 9; ++i) {
      const int id = xid_ * 7 % 500 + i;
      Change("insert", absl::StrCat("id ", id, " v ", i % 4 == 3 ? "\\N" : Value(xid_ + i)));
      if (i % 5 == 1) Change("update", absl::StrCat("v ", Value(xid_), " id ", id));
      if (i % 5 == 2) Change("update", absl::StrCat("id ", id));
      if (i % 5 == 4) Change("delete", absl::StrCat("id ", id));
      // Within the transaction, too.
      if (xid_ % 303 == 0 && i == 4) {
        kind_[table_] = (kind_[table_] + 2) % Kinds().size();
        Relation();
      }
    }
    lines_.push_back(
        absl::StrCat("_xid ", xid_, " _lsn 0/", xid_, " _time 1507507200000000 _action ",
                     xid_ % 11 == 0 && xid_ > kTables && xid_ % 101 != 0 && xid_ % 303 != 0 ? "rollback" : "commit"));
  }

  std::vector<std::string> lines_;
  int xid_ = 0;
  int table_ = 0;
  size_t kind_[kTables] = {};
};

TEST(BacklogTest, TablesThatChangeMeanwhileEndAsLineByLine) {
  lab::TempDir dir;
  const std::vector<std::string> lines = Story().Lines(6000);
  Mirror slow(dir.File("slow"));
  for (size_t i = 0; i < lines.size(); i += 400) {
    slow.Append({lines.begin() + i, lines.begin() + std::min(i + 400, lines.size())});
    ASSERT_EQ(slow.Run(), "");
  }
  Mirror fast(dir.File("fast"));
  fast.Append(lines);
  ASSERT_EQ(fast.Run(), "");
  const lab::Rows content = fast.Content();
  EXPECT_GT(content.size(), 300);
  EXPECT_EQ(content, slow.Content());
}

TEST(BacklogTest, AValueThatCannotBeReadIsNamed) {
  lab::TempDir dir;
  std::vector<std::string> lines = Story().Lines(3000);
  lines.push_back("_table t1 _xid 5000 _lsn 0/5000 _action insert id twelve v 1");
  lines.push_back("_xid 5000 _lsn 0/5000 _time 1507507200000000 _action commit");
  Mirror mirror(dir.File("log"));
  mirror.Append(lines);
  const std::string message = mirror.Run();
  EXPECT_THAT(message, HasSubstr("could not apply insert to table \"t1\" with key (id=twelve)"));
  EXPECT_THAT(message, HasSubstr("column \"id\": invalid text \"twelve\" for type integer"));
}

// Changes to rows with keys in no order, the same ones again and again, and what must be there in the end.
class Scattered {
 public:
  // The columns of the key, as `key` writes them behind their names.
  Scattered(std::string relation, std::function<std::string(uint64_t)> key)
      : key_(std::move(key)),
        lines_({absl::StrCat("_table t _xid 1 _lsn 0/1 _relid 7 _identity default", " _action relation ", relation)}) {}

  std::vector<std::string> Lines(int transactions) {
    for (xid_ = 1; xid_ <= transactions; ++xid_) {
      for (int i = 0; i < 500; ++i) Change(absl::StrCat(xid_, "~", i));
      lines_.push_back(absl::StrCat("_xid ", xid_, " _lsn 0/", xid_, " _time 1507507200000000 _action commit"));
    }
    return std::move(lines_);
  }
  std::vector<std::string> Values() const {
    std::vector<std::string> values;
    for (const auto& [key, value] : rows_) values.push_back(value);
    std::sort(values.begin(), values.end());
    return values;
  }

 private:
  uint64_t Random(uint64_t below) {
    seed_ = seed_ * 6364136223846793005u + 1442695040888963407u;
    return (seed_ >> 33) % below;
  }
  void Change(const std::string& value) {
    const uint64_t key = Random(4000);
    const bool is_there = rows_.count(key) > 0;
    const bool goes = is_there && Random(8) == 0;
    lines_.push_back(absl::StrCat("_table t _xid ", xid_, " _lsn 0/", xid_, " _action ",
                                  goes       ? "delete"
                                  : is_there ? "update"
                                             : "insert",
                                  " ", key_(key), goes ? "" : absl::StrCat(" v ", value)));
    goes ? void(rows_.erase(key)) : void(rows_[key] = absl::StrReplaceAll(value, {{"~", " "}}));
  }

  const std::function<std::string(uint64_t)> key_;
  std::vector<std::string> lines_;
  std::map<uint64_t, std::string> rows_;
  uint64_t seed_ = 1;
  int xid_ = 0;
};

constexpr char kInteger[] = R"(id {"attnum":1,"type":"integer","oid":23,"pk":1,"key":1,"not_null":true})";
constexpr char kText[] = R"(id {"attnum":1,"type":"text","oid":25,"pk":1,"key":1,"not_null":true})";
constexpr char kSecond[] = R"( n {"attnum":2,"type":"integer","oid":23,"pk":2,"key":2,"not_null":true})";
constexpr char kValue[] = R"( v {"attnum":3,"type":"text","oid":25})";

TEST(BacklogTest, KeysInNoOrderEndWithTheLastChangeOfEach) {
  lab::TempDir dir;
  Scattered stories[] = {
      {absl::StrCat(kInteger, kValue), [](uint64_t key) { return absl::StrCat("id ", int64_t(key) - 2000); }},
      {absl::StrCat(kText, kValue), [](uint64_t key) { return absl::StrCat("id a~longer~text~", key); }},
      {absl::StrCat(kText, kSecond, kValue),
       [](uint64_t key) { return absl::StrCat("id ", key % 60, " n ", key / 60); }},
  };
  int log = 0;
  for (Scattered& story : stories) {
    Mirror mirror(dir.File(absl::StrCat("log", ++log)));
    mirror.Append(story.Lines(100));
    ASSERT_EQ(mirror.Run(), "");
    std::vector<std::string> values;
    for (const auto& row : mirror.host.Query("SELECT v FROM t ORDER BY v")) values.push_back(row[0]);
    std::sort(values.begin(), values.end());
    EXPECT_GT(values.size(), 3000);
    EXPECT_EQ(values, story.Values()) << "log " << log;
  }
}

}  // namespace
}  // namespace deltamirror
