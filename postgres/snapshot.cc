#include "postgres/snapshot.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "status/status_macros.h"

namespace deltamirror::postgres {
namespace {

constexpr int kPollMs = 100;

// statement_timestamp() is when the statement arrived, so it is older than the id.
constexpr char kOwnId[] =
    "SELECT pg_catalog.pg_current_xact_id()::text,"
    " (extract(epoch FROM pg_catalog.statement_timestamp()) * 1000000)::bigint";

// What runs in another database is not in the stream, whenever it began.
constexpr char kRunning[] =
    "SELECT xid::text, (extract(epoch FROM CASE WHEN here THEN start ELSE pg_catalog.statement_timestamp() END)"
    "  * 1000000)::bigint, here FROM"
    " (SELECT backend_xid, xact_start, datname IS NOT DISTINCT FROM pg_catalog.current_database()"
    "   FROM pg_catalog.pg_stat_activity WHERE backend_xid IS NOT NULL"
    "  UNION ALL SELECT transaction, prepared, database = pg_catalog.current_database()"
    "   FROM pg_catalog.pg_prepared_xacts) AS running (xid, start, here)";

// What a role, a database or the server may limit.
constexpr char kNoLimits[] = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";
constexpr char kNoTransactionLimit[] = "SET LOCAL transaction_timeout = 0";
constexpr int kHasTransactionLimit = 170000;

uint32_t LowHalf(uint64_t xid) {
  return static_cast<uint32_t>(xid);
}

absl::Status Unexpected(absl::string_view what, absl::string_view text) {
  return absl::InternalError(absl::StrCat("the server gave \"", text, "\", expected ", what));
}

absl::StatusOr<Snapshot> CurrentSnapshot(Connection& connection) {
  ASSIGN_OR_RETURN(const Result result, connection.Execute("SELECT pg_catalog.pg_current_snapshot()::text"));
  if (result.rows() != 1) return Unexpected("one row with a snapshot", absl::StrCat(result.rows(), " rows"));
  return ParseSnapshot(result.text(0, 0));
}

// What a later look knows of transactions that the first one saw without a start time, or not at all.
void Merge(const Look& later, Look* look) {
  for (const auto& [xid, start] : later.starts) {
    std::optional<int64_t>& known = look->starts[xid];
    if (!known.has_value()) known = start;
  }
  look->elsewhere.insert(later.elsewhere.begin(), later.elsewhere.end());
}

bool IsRunning(const Snapshot& snapshot, uint64_t xid) {
  return std::binary_search(snapshot.running.begin(), snapshot.running.end(), xid);
}

absl::Status WaitForEnd(Connection& connection, std::vector<uint64_t> xids, absl::string_view why,
                        const WaitNotice& waiting) {
  while (true) {
    ASSIGN_OR_RETURN(const Snapshot now, CurrentSnapshot(connection));
    xids.erase(std::remove_if(xids.begin(), xids.end(), [&now](uint64_t xid) { return !IsRunning(now, xid); }),
               xids.end());
    if (xids.empty()) return absl::OkStatus();
    if (waiting) waiting(xids.front(), why);
    RETURN_IF_ERROR(connection.Wait(/*for_write=*/false, kPollMs).status());
  }
}

// Neither takes a snapshot.
absl::Status LiftLimits(Connection& connection) {
  RETURN_IF_ERROR(connection.Execute(kNoLimits).status());
  if (connection.server_version() < kHasTransactionLimit) return absl::OkStatus();
  return connection.Execute(kNoTransactionLimit).status();
}

absl::Status BeginWithLocks(Connection& connection, const std::vector<std::string>& tables) {
  RETURN_IF_ERROR(connection.Begin("ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  RETURN_IF_ERROR(LiftLimits(connection));
  // LOCK takes no snapshot.
  if (tables.empty()) return absl::OkStatus();
  return connection.Execute(absl::StrCat("LOCK TABLE ", absl::StrJoin(tables, ", "), " IN ACCESS SHARE MODE")).status();
}

absl::StatusOr<uint64_t> WalInsertPosition(Connection& connection) {
  ASSIGN_OR_RETURN(const Result result,
                   connection.Execute("SELECT (pg_catalog.pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::text"));
  uint64_t lsn = 0;
  if (result.rows() != 1 || !absl::SimpleAtoi(result.text(0, 0), &lsn))
    return Unexpected("a WAL position", result.rows() == 1 ? result.text(0, 0) : "no row");
  return lsn;
}

absl::Status CheckPrimary(Connection& connection) {
  ASSIGN_OR_RETURN(const Result result, connection.Execute("SELECT pg_catalog.pg_is_in_recovery()"));
  if (result.rows() != 1 || result.text(0, 0) != "f") {
    return absl::FailedPreconditionError(
        "the server is a standby, expected the primary that the slot is on: a standby's snapshots are not those of the "
        "stream");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Snapshot> ParseSnapshot(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, ':');
  Snapshot snapshot;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &snapshot.xmin) || !absl::SimpleAtoi(parts[1], &snapshot.xmax)) {
    return Unexpected("a snapshot like \"10:20:10,14,15\"", text);
  }
  for (const absl::string_view item : absl::StrSplit(parts[2], ',', absl::SkipEmpty())) {
    uint64_t xid = 0;
    if (!absl::SimpleAtoi(item, &xid)) return Unexpected("a snapshot like \"10:20:10,14,15\"", text);
    snapshot.running.push_back(xid);
  }
  std::sort(snapshot.running.begin(), snapshot.running.end());
  return snapshot;
}

absl::StatusOr<Look> LookAtTransactions(Connection& connection) {
  Look look;
  ASSIGN_OR_RETURN(const Result own, connection.Execute(kOwnId));
  if (own.rows() != 1 || !absl::SimpleAtoi(own.text(0, 0), &look.xid) || !absl::SimpleAtoi(own.text(0, 1), &look.time))
    return Unexpected("one row with a transaction id and a time", absl::StrCat(own.rows(), " rows"));
  ASSIGN_OR_RETURN(const Result result, connection.Execute(kRunning));
  for (int row = 0; row < result.rows(); ++row) {
    uint32_t xid = 0;
    if (!absl::SimpleAtoi(result.text(row, 0), &xid)) return Unexpected("a transaction id", result.text(row, 0));
    if (result.text(row, 2) != "t") look.elsewhere.insert(xid);
    std::optional<int64_t>& start = look.starts[xid];
    if (result.is_null(row, 1)) continue;
    start.emplace();
    if (!absl::SimpleAtoi(result.text(row, 1), &*start)) return Unexpected("a time", result.text(row, 1));
  }
  return look;
}

std::vector<uint64_t> Unaccounted(const Look& look, const Snapshot& snapshot) {
  std::vector<uint64_t> xids;
  for (const uint64_t xid : snapshot.running) {
    if (xid > look.xid) continue;
    const auto found = look.starts.find(LowHalf(xid));
    if (found == look.starts.end() || !found->second.has_value()) xids.push_back(xid);
  }
  return xids;
}

std::vector<uint64_t> OlderThanStream(const Look& look, const Snapshot& snapshot, uint64_t stream_xid) {
  std::vector<uint64_t> xids;
  for (const uint64_t xid : snapshot.running) {
    // Above the look's own: it began after the look, and so after the stream.
    if (xid <= std::min(stream_xid, look.xid) && look.elsewhere.count(LowHalf(xid)) == 0) xids.push_back(xid);
  }
  return xids;
}

int64_t EarliestStart(const Look& look, const Snapshot& snapshot) {
  int64_t earliest = look.time;
  for (const uint64_t xid : snapshot.running) {
    const auto found = look.starts.find(LowHalf(xid));
    if (found != look.starts.end() && found->second.has_value()) earliest = std::min(earliest, *found->second);
  }
  return earliest;
}

absl::StatusOr<CopySnapshot> BeginCopySnapshot(Connection& connection, const std::vector<std::string>& tables,
                                               uint64_t stream_xid, const WaitNotice& waiting) {
  RETURN_IF_ERROR(CheckPrimary(connection));
  ASSIGN_OR_RETURN(Look look, LookAtTransactions(connection));
  while (true) {
    RETURN_IF_ERROR(BeginWithLocks(connection, tables));
    CopySnapshot copy;
    ASSIGN_OR_RETURN(copy.snapshot, CurrentSnapshot(connection));
    const std::vector<uint64_t> old = OlderThanStream(look, copy.snapshot, stream_xid);
    if (old.empty() && Unaccounted(look, copy.snapshot).empty()) {
      copy.start_time = EarliestStart(look, copy.snapshot);
      ASSIGN_OR_RETURN(copy.end_lsn, WalInsertPosition(connection));
      return copy;
    }
    RETURN_IF_ERROR(connection.Execute("ROLLBACK").status());
    ASSIGN_OR_RETURN(const Look again, LookAtTransactions(connection));
    Merge(again, &look);
    RETURN_IF_ERROR(WaitForEnd(connection, old, kOlderThanStream, waiting));
    RETURN_IF_ERROR(WaitForEnd(connection, Unaccounted(look, copy.snapshot), kHiddenStart, waiting));
  }
}

absl::StatusOr<int64_t> ServerTime(Connection& connection) {
  ASSIGN_OR_RETURN(const Result result, connection.Execute("SELECT (extract(epoch FROM pg_catalog.clock_timestamp())"
                                                           " * 1000000)::bigint"));
  int64_t time = 0;
  if (result.rows() != 1 || !absl::SimpleAtoi(result.text(0, 0), &time))
    return Unexpected("a time", result.rows() == 1 ? result.text(0, 0) : "no row");
  return time;
}

absl::StatusOr<ServerIdentity> ReadServerIdentity(Connection& connection) {
  ASSIGN_OR_RETURN(const Result result, connection.Execute("SELECT system_identifier, pg_catalog.current_database()"
                                                           " FROM pg_catalog.pg_control_system()"));
  if (result.rows() != 1) return Unexpected("the server's system identifier", absl::StrCat(result.rows(), " rows"));
  return ServerIdentity{std::string(result.text(0, 0)), std::string(result.text(0, 1))};
}

}  // namespace deltamirror::postgres
