// A connection to a PostgreSQL server. This room is the only one that includes libpq-fe.h; others see Connection and
// Result.

#ifndef DELTAMIRROR_POSTGRES_CONNECTION_H_
#define DELTAMIRROR_POSTGRES_CONNECTION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "postgres/server_error.h"

struct pg_conn;
struct pg_result;

namespace deltamirror::postgres {

// Asked about every 50 ms while something waits for the server: an error (usually Cancelled, "interrupted") ends the
// wait with that error, after the server was asked to cancel what it does. Null: never interrupted.
using InterruptCheck = std::function<absl::Status()>;

// The rows of a finished query, as text. Rows and columns count from 0.
class Result {
 public:
  explicit Result(pg_result* result) : result_(result) {}

  int rows() const;
  int columns() const;
  std::string column_name(int column) const;
  uint32_t column_type(int column) const;  // OID
  bool is_null(int row, int column) const;
  // "" for NULL. Valid as long as the Result.
  absl::string_view text(int row, int column) const;
  // The rows that an INSERT, UPDATE, DELETE, MERGE, COPY, SELECT ... tells of; nothing for a statement that does not
  // count rows.
  std::optional<int64_t> affected() const;

  // For the rest of this room.
  const pg_result* raw() const { return result_.get(); }

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

// Not thread-safe, but may move from thread to thread. Closed by the destructor.
//
//   ASSIGN_OR_RETURN(Connection connection, Connection::Open("dbname=prod", {.interrupt = check}));
//   ASSIGN_OR_RETURN(Result result, connection.Query("SELECT oid FROM pg_class WHERE relname = $1", {"flights"}));
//
// Errors carry PostgreSQL's message, with detail and hint behind it, and its SQLSTATE (see SqlState). Neither the
// connection string nor a password is ever part of a message.
class Connection {
 public:
  struct Options {
    // A connection for the replication protocol (replication=database). SQL works on it too, by the simple protocol
    // only.
    bool replication = false;
    InterruptCheck interrupt;
    // For how long the server may be silent while an answer is waited for, here and in later calls; Unavailable then.
    // Reaching its host is the system's business, which gives up after some two minutes.
    absl::Duration silence = absl::InfiniteDuration();
  };

  // `conninfo` is anything libpq takes: key=value pairs, a URI, the name of a database, or '' for the environment
  // alone. The session's settings are pinned (UTF8, ISO dates, UTC, shortest exact floats, hex bytea), so that a value
  // has one text only. From an SQL_ASCII database names and values may be any bytes; from all others they are UTF-8.
  // connect_timeout holds where there is one host.
  static absl::StatusOr<Connection> Open(const std::string& conninfo, Options options);

  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  // One statement with text parameters ($1, ...). A parameter that is nullopt is NULL.
  absl::StatusOr<Result> Query(const std::string& sql, const std::vector<std::optional<std::string>>& parameters = {});

  // One or more statements by the simple protocol; the result is the last one's. What a replication connection needs.
  absl::StatusOr<Result> Execute(const std::string& sql);

  // BEGIN, and behind a pooler (PgBouncer) the pinned settings for this transaction, since there a session's are
  // another session's soon. `mode`: "ISOLATION LEVEL REPEATABLE READ", ...
  absl::Status Begin(absl::string_view mode = "");

  // 150020 for 15.20.
  int server_version() const;

  // For the rest of this room (COPY, replication). Not owned by the caller.
  pg_conn* handle() const;
  const InterruptCheck& interrupt() const;

  // For a connection that outlives the call that opened it.
  void set_interrupt(InterruptCheck interrupt);

  // Waits until the socket is readable (or, asked so, writable), the interrupt check says otherwise, or `timeout_ms`
  // has passed (negative: no end). Returns whether it is ready.
  absl::StatusOr<bool> Wait(bool for_write, int timeout_ms);

  // The next result of what was sent, waiting for it without blocking an interrupt; null at the end. Errors of the
  // server come as Status.
  absl::StatusOr<std::optional<Result>> NextResult();

  // Asks the server to give up what it is doing. What is left of the answer is still to be read, or the connection to
  // be closed.
  void Cancel();

  // What libpq says of the connection itself, for an operation that failed without a result.
  absl::Status Failed(absl::string_view what) const;

 private:
  struct State;
  absl::Status Connect();
  absl::Status PinSettings();
  absl::Status ConnectFailed() const;
  explicit Connection(std::unique_ptr<State> state);
  absl::StatusOr<Result> LastResult();
  std::unique_ptr<State> state_;
};

// The error that a result tells of; OK if it tells of none.
absl::Status StatusOf(const Result& result);

}  // namespace deltamirror::postgres

#endif  // DELTAMIRROR_POSTGRES_CONNECTION_H_
