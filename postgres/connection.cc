#include "postgres/connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "postgres/cancel.h"
#include "status/status_macros.h"

namespace deltamirror::postgres {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(50);

// One text for one value, in the first copy and in the stream. search_path stays the user's.
constexpr char kReportedSettings[] =
    "SET DateStyle = 'ISO, MDY'; SET TimeZone = 'UTC'; SET standard_conforming_strings = on";
constexpr absl::string_view kOtherSettings[] = {"IntervalStyle = 'postgres'", "extra_float_digits = 3",
                                                "bytea_output = 'hex'", "xmloption = 'content'"};

// Each behind "; SET ".
std::string OtherSettings(absl::string_view scope) {
  std::string sql;
  for (const absl::string_view setting : kOtherSettings) absl::StrAppend(&sql, "; SET ", scope, setting);
  return sql;
}

// UTF-8, which every database can say, but for one: in an SQL_ASCII database a text may be any bytes, and asked for
// UTF-8 the server would refuse the first one that is not. There we take the bytes as they are.
std::string EncodingAndReportedSettings(PGconn* conn) {
  const char* encoding = PQparameterStatus(conn, "server_encoding");
  const bool any_bytes = encoding != nullptr && absl::string_view(encoding) == "SQL_ASCII";
  return absl::StrCat("SET client_encoding = '", any_bytes ? "SQL_ASCII" : "UTF8", "'; ", kReportedSettings);
}

absl::Status StatusOf(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  std::string message = primary != nullptr ? OneLine(primary) : OneLine(PQresultErrorMessage(result));
  if (const char* detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL))
    absl::StrAppend(&message, ": ", OneLine(detail));
  if (const char* hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT))
    absl::StrAppend(&message, absl::EndsWith(message, ".") ? " " : ". ", OneLine(hint));
  return state == nullptr ? absl::UnavailableError(message) : ServerError(state, message);
}

bool IsFailure(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE || status == PGRES_NONFATAL_ERROR;
}

// libpq quotes the text that it could not parse, which may be half a password: so its message is not passed on.
absl::Status CheckConninfo(const std::string& conninfo) {
  if (!absl::StrContains(conninfo, '=') && !absl::StrContains(conninfo, "://")) return absl::OkStatus();
  PQconninfoOption* parsed = PQconninfoParse(conninfo.c_str(), nullptr);
  if (parsed == nullptr) {
    return absl::InvalidArgumentError(
        "invalid connection string, expected key=value pairs like \"host=db dbname=prod\" or a URI like "
        "\"postgresql://db/prod\" with options that libpq knows");
  }
  PQconninfoFree(parsed);
  return absl::OkStatus();
}

// Of a clock that nobody sets; only differences mean something.
absl::Time SteadyNow() {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

// For poll; -1 for one without end. Rounded up: waking too early would only mean to wait again.
int Milliseconds(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) return -1;
  return static_cast<int>(std::clamp<int64_t>(absl::ToInt64Milliseconds(duration) + 1, 0, INT32_MAX));
}

// How long a step of connecting may take. libpq leaves its own connect_timeout to those who connect step by step.
class ConnectLimit {
 public:
  explicit ConnectLimit(PGconn* conn) {
    PQconninfoOption* const options = PQconninfo(conn);
    bool several_hosts = false;
    int seconds = 0;
    for (const PQconninfoOption* option = options; option != nullptr && option->keyword != nullptr; ++option) {
      const absl::string_view value = option->val == nullptr ? "" : option->val;
      const absl::string_view keyword = option->keyword;
      if (keyword == "host" || keyword == "hostaddr") several_hosts = several_hosts || absl::StrContains(value, ',');
      if (keyword == "connect_timeout" && !absl::SimpleAtoi(value, &seconds)) seconds = 0;
    }
    PQconninfoFree(options);
    // Giving up on one of several hosts would be giving up on all: libpq goes on to the next by itself, when the system
    // has given up on this one.
    if (seconds > 0 && !several_hosts) end_ = SteadyNow() + absl::Seconds(seconds);
  }

  absl::Duration Left(ConnStatusType status, absl::Duration silence) const {
    const absl::Duration left = std::max(end_ - SteadyNow(), absl::ZeroDuration());
    return status == CONNECTION_STARTED ? left : std::min(left, silence);
  }

 private:
  absl::Time end_ = absl::InfiniteFuture();
};

}  // namespace

struct Connection::State {
  PGconn* conn = nullptr;
  Options options;
  bool pooled = false;
  ~State() { PQfinish(conn); }
};

void Result::Clear::operator()(pg_result* result) const {
  PQclear(result);
}
int Result::rows() const {
  return PQntuples(result_.get());
}
int Result::columns() const {
  return PQnfields(result_.get());
}
std::string Result::column_name(int column) const {
  return PQfname(result_.get(), column);
}
uint32_t Result::column_type(int column) const {
  return PQftype(result_.get(), column);
}
bool Result::is_null(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}

absl::string_view Result::text(int row, int column) const {
  return absl::string_view(PQgetvalue(result_.get(), row, column), PQgetlength(result_.get(), row, column));
}

std::optional<int64_t> Result::affected() const {
  int64_t count = 0;
  if (!absl::SimpleAtoi(PQcmdTuples(result_.get()), &count)) return std::nullopt;
  return count;
}

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

int Connection::server_version() const {
  return PQserverVersion(state_->conn);
}
pg_conn* Connection::handle() const {
  return state_->conn;
}
const InterruptCheck& Connection::interrupt() const {
  return state_->options.interrupt;
}

void Connection::set_interrupt(InterruptCheck interrupt) {
  state_->options.interrupt = std::move(interrupt);
}

absl::Status Connection::Failed(absl::string_view what) const {
  return absl::UnavailableError(absl::StrCat(what, ": ", OneLine(PQerrorMessage(state_->conn))));
}

absl::StatusOr<Connection> Connection::Open(const std::string& conninfo, Options options) {
  RETURN_IF_ERROR(CheckConninfo(conninfo));
  const char* keys[] = {"dbname", "fallback_application_name", options.replication ? "replication" : nullptr, nullptr};
  const char* values[] = {conninfo.c_str(), "deltamirror", options.replication ? "database" : nullptr, nullptr};
  Connection connection(std::make_unique<State>());
  State& state = *connection.state_;
  state.options = std::move(options);
  state.conn = PQconnectStartParams(keys, values, /*expand_dbname=*/1);
  if (state.conn == nullptr) return absl::ResourceExhaustedError("could not connect to the server: out of memory");
  RETURN_IF_ERROR(connection.Connect());
  // Notices are for a person at a terminal; the host's stderr is not ours.
  PQsetNoticeProcessor(
      state.conn, [](void*, const char*) {}, nullptr);
  RETURN_IF_ERROR(connection.PinSettings());
  return connection;
}

// A pooler gives each transaction the connection to the server that is free, and gives that to others afterwards. What
// the server reports, it restores for everybody; other settings have to be made for a transaction, and end with it.
absl::Status Connection::PinSettings() {
  if (!state_->options.replication) {
    ASSIGN_OR_RETURN(const Result pid, Execute("SELECT pg_catalog.pg_backend_pid()"));
    state_->pooled = pid.rows() != 1 || pid.text(0, 0) != absl::StrCat(PQbackendPID(state_->conn));
  }
  std::string sql = EncodingAndReportedSettings(state_->conn);
  if (!state_->pooled) sql += OtherSettings("");
  return Execute(sql).status();
}

absl::Status Connection::Begin(absl::string_view mode) {
  return Execute(absl::StrCat("BEGIN ", mode, state_->pooled ? OtherSettings("LOCAL ") : "")).status();
}

absl::Status Connection::ConnectFailed() const {
  absl::Status status = ConnectError(PQerrorMessage(state_->conn));
  if (PQconnectionNeedsPassword(state_->conn) == 0 || !SqlState(status).empty()) return status;
  return absl::PermissionDeniedError(status.message());
}

absl::Status Connection::Connect() {
  PGconn* const conn = state_->conn;
  PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
  const ConnectLimit limit(conn);
  PostgresPollingStatusType step = PGRES_POLLING_WRITING;
  while (step != PGRES_POLLING_OK) {
    if (PQstatus(conn) == CONNECTION_BAD || step == PGRES_POLLING_FAILED) return ConnectFailed();
    const absl::Duration left = limit.Left(PQstatus(conn), state_->options.silence);
    ASSIGN_OR_RETURN(const bool ready, Wait(step == PGRES_POLLING_WRITING, Milliseconds(left)));
    if (!ready) return absl::UnavailableError("could not connect to the server: it did not answer in time");
    step = PQconnectPoll(conn);
  }
  PQsetErrorVerbosity(conn, PQERRORS_DEFAULT);
  return absl::OkStatus();
}

absl::StatusOr<bool> Connection::Wait(bool for_write, int timeout_ms) {
  const absl::Time end = timeout_ms < 0 ? absl::InfiniteFuture() : SteadyNow() + absl::Milliseconds(timeout_ms);
  while (true) {
    pollfd socket = {PQsocket(state_->conn), static_cast<int16_t>(for_write ? POLLOUT : POLLIN), 0};
    const absl::Duration left = std::clamp(end - SteadyNow(), absl::ZeroDuration(), kPoll);
    const int ready = poll(&socket, 1, Milliseconds(left));
    if (ready < 0 && errno != EINTR) {
      return absl::UnavailableError(absl::StrCat("could not wait for the server: ", std::strerror(errno)));
    }
    if (ready > 0) return true;
    if (state_->options.interrupt) {
      if (absl::Status interrupted = state_->options.interrupt(); !interrupted.ok()) {
        Cancel();
        return interrupted;
      }
    }
    if (SteadyNow() >= end) return false;
  }
}

absl::StatusOr<std::optional<Result>> Connection::NextResult() {
  while (PQisBusy(state_->conn) != 0) {
    ASSIGN_OR_RETURN(const bool ready, Wait(/*for_write=*/false, Milliseconds(state_->options.silence)));
    if (!ready) return absl::UnavailableError("lost the connection to the server: it did not answer in time");
    if (PQconsumeInput(state_->conn) == 0) return Failed("lost the connection to the server");
  }
  PGresult* raw = PQgetResult(state_->conn);
  if (raw == nullptr) return std::optional<Result>();
  Result result(raw);
  if (IsFailure(raw)) return StatusOf(raw);
  return std::optional<Result>(std::move(result));
}

absl::StatusOr<Result> Connection::LastResult() {
  std::optional<Result> last;
  absl::Status failed;
  while (true) {
    absl::StatusOr<std::optional<Result>> next = NextResult();
    if (!next.ok()) {
      // After an error the rest of the results must still be read, or the connection is of no more use.
      if (!failed.ok() || PQstatus(state_->conn) == CONNECTION_BAD || SqlState(next.status()).empty())
        return next.status();
      failed = next.status();
      continue;
    }
    if (!next->has_value()) break;
    last = std::move(**next);
    // A COPY is waiting for its data: it belongs to the caller that began it.
    const ExecStatusType status = PQresultStatus(last->raw());
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) break;
  }
  if (!failed.ok()) return failed;
  if (!last.has_value()) return Failed("the server sent no result");
  return *std::move(last);
}

absl::StatusOr<Result> Connection::Query(const std::string& sql,
                                         const std::vector<std::optional<std::string>>& parameters) {
  std::vector<const char*> values;
  for (const auto& parameter : parameters) values.push_back(parameter ? parameter->c_str() : nullptr);
  if (PQsendQueryParams(state_->conn, sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(), nullptr,
                        nullptr, 0) == 0) {
    return Failed("could not send the query");
  }
  return LastResult();
}

absl::StatusOr<Result> Connection::Execute(const std::string& sql) {
  if (PQsendQuery(state_->conn, sql.c_str()) == 0) return Failed("could not send the query");
  return LastResult();
}

void Connection::Cancel() {
  RequestCancel(state_->conn);
}

absl::Status StatusOf(const Result& result) {
  return IsFailure(result.raw()) ? StatusOf(result.raw()) : absl::OkStatus();
}

}  // namespace deltamirror::postgres
