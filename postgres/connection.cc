#include "postgres/connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "status/status_macros.h"

namespace deltamirror::postgres {
namespace {

constexpr char kSqlStateUrl[] = "deltamirror/sqlstate";
constexpr int kPollMs = 50;

// One text for one value, in the first copy and in the stream. search_path stays the user's.
constexpr char kPinnedSettings[] =
    "SET DateStyle = 'ISO, MDY'; SET IntervalStyle = 'postgres'; SET TimeZone = 'UTC';"
    "SET extra_float_digits = 3; SET bytea_output = 'hex'; SET xmloption = 'content'; SET standard_conforming_strings "
    "= on";

// UTF-8, which every database can say, but for one: in an SQL_ASCII database a text may be any bytes, and asked for
// UTF-8 the server would refuse the first one that is not. There we take the bytes as they are.
std::string PinnedSettings(PGconn* conn) {
  const char* encoding = PQparameterStatus(conn, "server_encoding");
  const bool any_bytes = encoding != nullptr && absl::string_view(encoding) == "SQL_ASCII";
  return absl::StrCat("SET client_encoding = '", any_bytes ? "SQL_ASCII" : "UTF8", "'; ", kPinnedSettings);
}

// libpq's messages are lines, the second ones indented; ours are one line.
std::string OneLine(const char* message) {
  if (message == nullptr) return "";
  return absl::StrJoin(absl::StrSplit(message, absl::ByAnyChar("\n\t"), absl::SkipWhitespace()), ". ");
}

absl::StatusCode CodeForSqlState(absl::string_view state) {
  if (state == "57014") return absl::StatusCode::kCancelled;
  if (state == "42501" || absl::StartsWith(state, "28")) return absl::StatusCode::kPermissionDenied;
  if (state == "42P01" || state == "42704" || state == "3D000") return absl::StatusCode::kNotFound;
  if (state == "42710" || state == "42P07") return absl::StatusCode::kAlreadyExists;
  if (absl::StartsWith(state, "08") || absl::StartsWith(state, "57P")) return absl::StatusCode::kUnavailable;
  if (absl::StartsWith(state, "53")) return absl::StatusCode::kResourceExhausted;
  if (absl::StartsWith(state, "55")) return absl::StatusCode::kFailedPrecondition;
  if (absl::StartsWith(state, "22") || absl::StartsWith(state, "42")) return absl::StatusCode::kInvalidArgument;
  return absl::StatusCode::kInternal;
}

absl::Status StatusOf(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  std::string message = primary != nullptr ? OneLine(primary) : OneLine(PQresultErrorMessage(result));
  if (const char* detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL))
    absl::StrAppend(&message, ": ", OneLine(detail));
  if (const char* hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT))
    absl::StrAppend(&message, absl::EndsWith(message, ".") ? " " : ". ", OneLine(hint));
  absl::Status status(state == nullptr ? absl::StatusCode::kUnavailable : CodeForSqlState(state), message);
  if (state != nullptr) status.SetPayload(kSqlStateUrl, absl::Cord(state));
  return status;
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

}  // namespace

struct Connection::State {
  PGconn* conn = nullptr;
  Options options;
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
  PostgresPollingStatusType step = PGRES_POLLING_WRITING;
  while (step != PGRES_POLLING_OK) {
    if (PQstatus(state.conn) == CONNECTION_BAD || step == PGRES_POLLING_FAILED) {
      return connection.Failed("could not connect to the server");
    }
    RETURN_IF_ERROR(connection.Wait(step == PGRES_POLLING_WRITING, -1).status());
    step = PQconnectPoll(state.conn);
  }
  // Notices are for a person at a terminal; the host's stderr is not ours.
  PQsetNoticeProcessor(
      state.conn, [](void*, const char*) {}, nullptr);
  RETURN_IF_ERROR(connection.Execute(PinnedSettings(state.conn)).status());
  return connection;
}

absl::StatusOr<bool> Connection::Wait(bool for_write, int timeout_ms) {
  const auto begin = std::chrono::steady_clock::now();
  while (true) {
    pollfd socket = {PQsocket(state_->conn), static_cast<int16_t>(for_write ? POLLOUT : POLLIN), 0};
    const auto waited =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count();
    const int64_t left = timeout_ms < 0 ? kPollMs : std::max<int64_t>(0, timeout_ms - waited);
    const int ready = poll(&socket, 1, static_cast<int>(std::min<int64_t>(left, kPollMs)));
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
    if (timeout_ms >= 0 && waited >= timeout_ms) return false;
  }
}

absl::StatusOr<std::optional<Result>> Connection::NextResult() {
  while (PQisBusy(state_->conn) != 0) {
    RETURN_IF_ERROR(Wait(/*for_write=*/false, -1).status());
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
  if (PGcancel* cancel = PQgetCancel(state_->conn)) {
    char error[256];
    PQcancel(cancel, error, sizeof(error));
    PQfreeCancel(cancel);
  }
}

absl::Status StatusOf(const Result& result) {
  return IsFailure(result.raw()) ? StatusOf(result.raw()) : absl::OkStatus();
}

std::string SqlState(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kSqlStateUrl);
  return payload ? std::string(*payload) : std::string();
}

}  // namespace deltamirror::postgres
