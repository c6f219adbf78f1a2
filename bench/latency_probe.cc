// Writes stamped rows into PostgreSQL's table ping at a steady rate, and tells how long each took to be seen.
//
//   latency_probe CONNINFO roundtrip                          nothing but "SELECT 1", the floor of floors
//   latency_probe CONNINFO pg_recvlogical SLOT RATE SECONDS   seen in what pg_recvlogical prints
//   latency_probe CONNINFO mirror DATABASE RATE SECONDS       seen in table ping of a SQLite file, by a connection that
//                                                             polls
//   latency_probe CONNINFO NAME FIFO RATE SECONDS             seen in what a reader that runs already writes there, in
//                                                             lines like those of pg_recvlogical
//
// A RATE of 0: one transaction after the other, as fast as the server takes them from one connection.
// Prints one line: what TAB p50 TAB p99 TAB max (milliseconds) TAB p50 of the last tenth (a lag that grows shows there)
// TAB rows TAB rows a second.

#include <libpq-fe.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace deltamirror::bench {
namespace {

// The first second warms caches and plans, and is left out.
constexpr absl::Duration kWarmUp = absl::Seconds(1);

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "latency_probe: %s\n", what.c_str());
  std::exit(1);
}

PGconn* Connect(const std::string& conninfo) {
  PGconn* connection = PQconnectdb(conninfo.c_str());
  if (PQstatus(connection) != CONNECTION_OK) Fail(PQerrorMessage(connection));
  return connection;
}

std::string Run(PGconn* connection, const std::string& sql) {
  PGresult* result = PQexec(connection, sql.c_str());
  const ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) Fail(PQresultErrorMessage(result));
  std::string value = PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "";
  PQclear(result);
  return value;
}

double Quantile(std::vector<double> samples, double q) {
  std::sort(samples.begin(), samples.end());
  return samples[static_cast<size_t>(q * static_cast<double>(samples.size() - 1))];
}

// `samples`: milliseconds, in the order of the rows, which came within that time.
void Report(const std::string& what, const std::vector<double>& samples, absl::Duration within) {
  if (samples.empty()) Fail(absl::StrCat(what, ": no row was seen"));
  const std::vector<double> last(samples.end() - static_cast<std::ptrdiff_t>((samples.size() + 9) / 10), samples.end());
  std::printf("%s\t%.3f\t%.3f\t%.3f\t%.3f\t%zu\t%.0f\n", what.c_str(), Quantile(samples, 0.5), Quantile(samples, 0.99),
              Quantile(samples, 1), Quantile(last, 0.5), samples.size(),
              static_cast<double>(samples.size()) / absl::ToDoubleSeconds(within));
}

std::string RateText(int rate) {
  return rate == 0 ? "unthrottled" : absl::StrCat(rate, " transactions a second", rate < 10 ? " (idle)" : "");
}

// A row a transaction, evenly spaced; a late one does not push back those behind it.
class Writer {
 public:
  Writer(const std::string& conninfo, int rate, absl::Duration duration)
      : connection_(Connect(conninfo)),
        first_(std::atoll(Run(connection_, "SELECT coalesce(max(id), 0) + 1 FROM ping").c_str())),
        begin_(absl::Now() + absl::Milliseconds(200)),
        thread_([this, rate, duration] { Write(rate, duration); }) {}

  ~Writer() {
    thread_.join();
    PQfinish(connection_);
  }

  // Rows from here on are this writer's.
  int64_t first() const { return first_; }
  absl::Time begin() const { return begin_; }
  // The last row's id, once there will be no more; 0 before.
  int64_t last() const { return last_; }

 private:
  void Write(int rate, absl::Duration duration) {
    PQclear(PQprepare(connection_, "ping",
                      "INSERT INTO ping VALUES ($1, extract(epoch FROM clock_timestamp()) * 1000000, 'ping')", 1,
                      nullptr));
    // Whoever waits for the last row must know that it is the last before it comes.
    for (int64_t count = 0; last_ == 0; ++count) {
      if (rate > 0) absl::SleepFor(begin_ + absl::Seconds(static_cast<double>(count) / rate) - absl::Now());
      const bool is_last =
          rate > 0 ? count + 1 == rate * absl::ToInt64Seconds(duration) : absl::Now() >= begin_ + duration;
      if (is_last) last_ = first_ + count;
      const std::string id = absl::StrCat(first_ + count);
      const char* values[] = {id.c_str()};
      PGresult* result = PQexecPrepared(connection_, "ping", 1, values, nullptr, nullptr, 0);
      if (PQresultStatus(result) != PGRES_COMMAND_OK) Fail(PQresultErrorMessage(result));
      PQclear(result);
    }
  }

  PGconn* connection_;
  const int64_t first_;
  const absl::Time begin_;
  std::atomic<int64_t> last_{0};
  std::thread thread_;
};

// Collects what a reader has seen.
class Samples {
 public:
  explicit Samples(const Writer& writer) : writer_(writer) {}

  void Seen(int64_t id, int64_t stamp) {
    if (id < writer_.first()) return;
    const absl::Time at = absl::FromUnixMicros(stamp);
    if (at >= writer_.begin() + kWarmUp) milliseconds_.push_back(absl::ToDoubleMilliseconds(absl::Now() - at));
    newest_ = std::max(newest_, id);
  }
  bool Complete() const { return writer_.last() > 0 && newest_ >= writer_.last(); }
  // Whether the reader waits for something that does not come.
  bool Stalled(absl::Duration duration) const { return absl::Now() > writer_.begin() + duration + absl::Seconds(20); }
  const std::vector<double>& milliseconds() const { return milliseconds_; }

 private:
  const Writer& writer_;
  int64_t newest_ = 0;
  std::vector<double> milliseconds_;
};

void MeasureRoundTrip(const std::string& conninfo) {
  PGconn* connection = Connect(conninfo);
  std::vector<double> samples;
  const absl::Time begin = absl::Now();
  for (int i = 0; i < 2000; ++i) {
    const absl::Time sent = absl::Now();
    Run(connection, "SELECT 1");
    samples.push_back(absl::ToDoubleMilliseconds(absl::Now() - sent));
  }
  PQfinish(connection);
  Report("round trip to the server (floor)", samples, absl::Now() - begin);
}

// The value of a key in a line of pg_recvlogical's, as a number; 0 if it is not there.
int64_t NumberAfter(const std::string& line, const std::string& key) {
  const size_t at = line.find(key);
  return at == std::string::npos ? 0 : std::atoll(line.c_str() + at + key.size());
}

void Follow(FILE* lines, Samples* samples) {
  std::string line(4096, '\0');
  while (!samples->Complete() && std::fgets(line.data(), static_cast<int>(line.size()), lines) != nullptr) {
    samples->Seen(NumberAfter(line, "\tid\t"), NumberAfter(line, "\tat_us\t"));
  }
}

void MeasureLines(const std::string& conninfo, const std::string& name, const std::string& path, int rate,
                  absl::Duration duration) {
  std::unique_ptr<FILE, int (*)(FILE*)> lines(std::fopen(path.c_str(), "r"), std::fclose);
  if (lines == nullptr) Fail(absl::StrCat("could not open ", path));
  Writer writer(conninfo, rate, duration);
  Samples samples(writer);
  Follow(lines.get(), &samples);
  Report(absl::StrCat(name, ", ", RateText(rate)), samples.milliseconds(), duration - kWarmUp);
}

void MeasureReceive(const std::string& conninfo, const std::string& slot, int rate, absl::Duration duration) {
  const std::string command =
      absl::StrCat("exec 2>/dev/null pg_recvlogical --start --no-loop -f - -F 0 -S ", slot, " -d \"", conninfo, "\"");
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  if (pipe == nullptr) Fail("could not run pg_recvlogical");
  Writer writer(conninfo, rate, duration);
  Samples samples(writer);
  Follow(pipe.get(), &samples);
  Report(absl::StrCat("pg_recvlogical, ", RateText(rate), " (floor)"), samples.milliseconds(), duration - kWarmUp);
  // It ends with its slot's connection.
  PGconn* connection = Connect(conninfo);
  Run(connection,
      absl::StrCat("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '", slot, "'"));
  PQfinish(connection);
}

void MeasureMirror(const std::string& conninfo, const std::string& path, int rate, absl::Duration duration) {
  sqlite3* db = nullptr;
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK ||
      sqlite3_busy_timeout(db, 10000) != SQLITE_OK ||
      sqlite3_prepare_v2(db, "SELECT id, at_us FROM ping WHERE id > ? ORDER BY id", -1, &statement, nullptr) !=
          SQLITE_OK) {
    Fail(sqlite3_errmsg(db));
  }
  Writer writer(conninfo, rate, duration);
  Samples samples(writer);
  int64_t newest = writer.first() - 1;
  while (!samples.Complete() && !samples.Stalled(duration)) {
    sqlite3_bind_int64(statement, 1, newest);
    while (sqlite3_step(statement) == SQLITE_ROW) {
      newest = sqlite3_column_int64(statement, 0);
      samples.Seen(newest, sqlite3_column_int64(statement, 1));
    }
    sqlite3_reset(statement);
    absl::SleepFor(absl::Microseconds(200));
  }
  if (!samples.Complete()) Fail("rows were written that did not reach the SQLite file in twenty seconds");
  sqlite3_finalize(statement);
  sqlite3_close(db);
  Report(absl::StrCat("deltamirror, ", RateText(rate)), samples.milliseconds(), duration - kWarmUp);
}

}  // namespace
}  // namespace deltamirror::bench

int main(int argc, char** argv) {
  using namespace deltamirror::bench;  // NOLINT(google-build-using-namespace)
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() == 2 && arguments[1] == "roundtrip") {
    MeasureRoundTrip(arguments[0]);
    return 0;
  }
  int rate = 0;
  int seconds = 0;
  if (arguments.size() != 5 || !absl::SimpleAtoi(arguments[3], &rate) || !absl::SimpleAtoi(arguments[4], &seconds)) {
    Fail(
        "usage: latency_probe CONNINFO roundtrip | pg_recvlogical SLOT RATE SECONDS | mirror DATABASE RATE SECONDS | "
        "NAME FIFO RATE SECONDS");
  }
  const absl::Duration duration = absl::Seconds(seconds);
  if (arguments[1] == "pg_recvlogical") {
    MeasureReceive(arguments[0], arguments[2], rate, duration);
  } else if (arguments[1] == "mirror") {
    MeasureMirror(arguments[0], arguments[2], rate, duration);
  } else {
    MeasureLines(arguments[0], arguments[1], arguments[2], rate, duration);
  }
  return 0;
}
