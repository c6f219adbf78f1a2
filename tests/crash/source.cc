#include "tests/crash/source.h"

#include <libpq-fe.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/substitute.h"
#include "absl/time/clock.h"

namespace deltamirror::crash {
namespace {

constexpr int kKeys = 120;          // of a writer's items
constexpr int kLogKept = 25;        // transactions of a writer
constexpr int kBulkRows = 12000;    // more than 4 MiB of lines: applied as it comes
constexpr int kSmallBulkRows = 50;  // not

constexpr absl::Duration kPauseWithoutServer = absl::Milliseconds(10);

constexpr char kSchema[] = R"(
  CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL);
  CREATE TABLE item (writer int, k int, value bigint NOT NULL, pad text, PRIMARY KEY (writer, k));
  ALTER TABLE item ALTER pad SET STORAGE EXTERNAL;
  CREATE TABLE log (writer int, n bigint, part int, parts int);
  ALTER TABLE log REPLICA IDENTITY FULL;
  CREATE TABLE bulk (id int PRIMARY KEY, batch bigint, pad text);
  CREATE TABLE world (writer int PRIMARY KEY, n bigint, items bigint, item_sum bigint, log_rows bigint, bulk bigint,
                      batch bigint);
  CREATE TABLE marker (id int PRIMARY KEY, n bigint);
)";

// One transaction of one writer, as SQL.
class Transaction {
 public:
  Transaction(int writer, bool large, std::mt19937* random) : writer_(writer), random_(random) {
    Add("BEGIN");
    if (writer % 2 == 1) Add("SET LOCAL synchronous_commit = off");
    Add("UPDATE world SET n = n + 1 WHERE writer = $0");
    if (large) FillBulk(kBulkRows);
    const int changes = 1 + Below(4);
    for (int i = 0; i < changes; ++i) AddChange();
    Add("UPDATE world SET items = (SELECT count(*) FROM item WHERE writer = $0), "
        "item_sum = (SELECT coalesce(sum(value), 0) FROM item WHERE writer = $0), "
        "log_rows = (SELECT count(*) FROM log WHERE writer = $0) WHERE writer = $0");
    commits_ = large || Below(10) != 0;
    Add(commits_ ? "COMMIT" : "ROLLBACK");
  }

  const std::string& sql() const { return sql_; }
  bool commits() const { return commits_; }

 private:
  int Below(int limit) { return static_cast<int>((*random_)() % limit); }

  template <typename... Arguments>
  void Add(absl::string_view statement, Arguments... arguments) {
    absl::SubstituteAndAppend(&sql_, absl::StrCat(statement, ";\n"), writer_, arguments...);
  }

  void AddChange() {
    switch (Below(9)) {
      case 0:
        return Transfer();
      case 1:
        return MoveKeys();
      case 2:
        return Log();
      case 3:
        return Subtransactions();
      case 4:
        Add("DELETE FROM item WHERE writer = $0 AND k = $1", Below(kKeys));
        return;
      case 5:
        Add("UPDATE item SET value = value + 1 WHERE writer = $0 AND k BETWEEN $1 AND $1 + 10", Below(kKeys));
        return;
      case 6:
        if (writer_ == 0 && Below(4) == 0) FillBulk(kSmallBulkRows);
        return;
      default:
        return Put();
    }
  }

  // Once in a transaction and in the order of ids, so that writers do not wait for one another in a ring.
  void Transfer() {
    if (transferred_) return;
    transferred_ = true;
    const int from = Below(kAccounts - 1);
    const int to = from + 1 + Below(kAccounts - 1 - from);
    const int amount = Below(200) - 100;
    Add("UPDATE account SET balance = balance - $1 WHERE id = $2", amount, from);
    Add("UPDATE account SET balance = balance + $1 WHERE id = $2", amount, to);
  }

  void Put() {
    const int key = Below(kKeys);
    const char* pad = Below(3) == 0 ? "repeat(md5('$3'), 90)" : Below(2) == 0 ? "E'tab\\tand\\nline $3'" : "NULL";
    const std::string keep = Below(2) == 0 ? "" : ", pad = excluded.pad";
    Add(absl::StrCat("INSERT INTO item VALUES ($0, $1, $2, ", pad,
                     ") ON CONFLICT (writer, k) DO UPDATE SET value = excluded.value", keep),
        key, Below(1000), Below(1000000));
  }

  // Away and back, and two keys that change places.
  void MoveKeys() {
    const int key = Below(kKeys);
    if (Below(2) == 0) {
      Add("UPDATE item SET k = k + 1000 WHERE writer = $0 AND k = $1 AND NOT EXISTS "
          "(SELECT FROM item WHERE writer = $0 AND k = 1000 + $1)",
          key);
      Add("DELETE FROM item WHERE writer = $0 AND k >= 1000 AND k <> 1000 + $1", key);
      return;
    }
    Add("UPDATE item SET k = -1 WHERE writer = $0 AND k = $1", key);
    Add("UPDATE item SET k = $1 WHERE writer = $0 AND k = $2 AND NOT EXISTS "
        "(SELECT FROM item WHERE writer = $0 AND k = $1)",
        key, (key + 7) % kKeys);
    Add("UPDATE item SET k = $1 WHERE writer = $0 AND k = -1 AND NOT EXISTS "
        "(SELECT FROM item WHERE writer = $0 AND k = $1)",
        (key + 7) % kKeys);
    Add("DELETE FROM item WHERE writer = $0 AND k = -1");
  }

  void Log() {
    Add("INSERT INTO log SELECT $0, n, part, $1 FROM world, generate_series(1, $1) part WHERE writer = $0 AND "
        "NOT EXISTS (SELECT FROM log WHERE log.writer = $0 AND log.n = world.n)",
        1 + Below(4));
    Add("DELETE FROM log WHERE writer = $0 AND n < (SELECT n - $1 FROM world WHERE writer = $0)", kLogKept);
  }

  void Subtransactions() {
    Add("SAVEPOINT a");
    Add("UPDATE item SET value = value + 1000000 WHERE writer = $0 AND k < 5");
    Add("INSERT INTO log VALUES ($0, -1, 1, 99)");
    Add("SAVEPOINT b");
    Add("DELETE FROM item WHERE writer = $0 AND k < 3");
    Add(Below(2) == 0 ? "RELEASE b" : "ROLLBACK TO b");
    Add("ROLLBACK TO a");
    Put();
    Add("RELEASE a");
  }

  void FillBulk(int rows) {
    Add(Below(2) == 0 ? "TRUNCATE bulk" : "DELETE FROM bulk");
    Add("INSERT INTO bulk SELECT g, n, repeat(md5(g::text), 12) FROM generate_series(1, $1) g, world WHERE writer = $0",
        rows);
    Add("UPDATE world SET bulk = $1, batch = n WHERE writer = $0", rows);
  }

  const int writer_;
  std::mt19937* const random_;
  std::string sql_;
  bool transferred_ = false;
  bool commits_ = false;
};

}  // namespace

Source::Source(const lab::Cluster& cluster) : cluster_(cluster) {
  lab::Session(cluster).Exec(kSchema);
  for (int id = 0; id < kWriters; ++id) {
    writers_.push_back(std::make_unique<Writer>());
    writers_.back()->id = id;
    writers_.back()->thread = std::thread([this, writer = writers_.back().get()] { Write(writer); });
  }
}

Source::~Source() {
  stopped_ = true;
  for (const auto& writer : writers_) writer->thread.join();
}

void Source::Empty() {
  lab::Session(cluster_).Exec(absl::StrCat("TRUNCATE ", TableList()));
}

void Source::Fill() {
  lab::Session session(cluster_);
  session.Exec(absl::Substitute("INSERT INTO account SELECT g, $0 FROM generate_series(0, $1) g", kTotal / kAccounts,
                                kAccounts - 1));
  session.Exec("INSERT INTO bulk VALUES (1, 0, 'first'); INSERT INTO marker VALUES (1, 0)");
  for (int id = 0; id < kWriters; ++id) {
    session.Exec(
        absl::Substitute("INSERT INTO item SELECT $0, g, g, md5(g::text) FROM generate_series(0, $1) g; "
                         "INSERT INTO log VALUES ($0, 0, 1, 1); "
                         "INSERT INTO world SELECT $0, 0, count(*), sum(value), 1, $2, 0 FROM item "
                         "WHERE writer = $0",
                         id, kKeys - 1, id == 0 ? 1 : 0));
  }
}

void Source::Resume() {
  paused_ = false;
}

void Source::Pause() {
  paused_ = true;
  for (const auto& writer : writers_) std::lock_guard<std::mutex> until_done(writer->busy);
}

std::string Source::TableList() {
  return absl::StrJoin(kTables, ",", [](std::string* out, const Table& table) { absl::StrAppend(out, table.name); });
}

void Source::Write(Writer* writer) {
  std::mt19937 random(writer->id);
  PGconn* connection = nullptr;
  while (!stopped_) {
    absl::SleepFor(absl::Microseconds(random() % 3000));
    std::lock_guard<std::mutex> lock(writer->busy);
    if (paused_) continue;
    if (connection == nullptr || PQstatus(connection) != CONNECTION_OK) {
      PQfinish(connection);
      absl::SleepFor(kPauseWithoutServer);
      connection = PQconnectdb(cluster_.conninfo().c_str());
      PQsetNoticeProcessor(
          connection, [](void*, const char*) {}, nullptr);
      continue;
    }
    const bool large = writer->id == 0 && ask_for_large_.exchange(false);
    const Transaction transaction(writer->id, large, &random);
    PGresult* result = PQexec(connection, transaction.sql().c_str());
    const bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    if (done && transaction.commits()) ++commits_;
    if (done) continue;
    // A deadlock, or a server that went away: which of the two does not matter.
    if (large) ask_for_large_ = true;
    PQclear(PQexec(connection, "ROLLBACK"));
  }
  PQfinish(connection);
}

}  // namespace deltamirror::crash
