#include "postgres/wal_flush.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/lsn.h"

namespace deltamirror::postgres {
namespace {

constexpr char kReplayed[] = "SELECT pg_catalog.pg_last_wal_replay_lsn()::text WHERE pg_catalog.pg_is_in_recovery()";

// Sent together they are one transaction. Its commit waits for the WAL up to its own record, and so for all before.
constexpr char kFlush[] =
    "SET LOCAL synchronous_commit = local; SELECT pg_catalog.pg_logical_emit_message(true, 'deltamirror', '')::text";

absl::StatusOr<uint64_t> LsnOf(const Result& result) {
  if (result.rows() == 1) return types::ParseLsn(result.text(0, 0));
  return absl::InternalError(absl::StrCat("expected one row with an LSN from the server, got ", result.rows()));
}

}  // namespace

absl::StatusOr<uint64_t> FlushWal(Connection& connection) {
  ASSIGN_OR_RETURN(const Result replayed, connection.Execute(kReplayed));
  if (replayed.rows() > 0) return LsnOf(replayed);
  const absl::StatusOr<Result> flushed = connection.Execute(kFlush);
  if (!flushed.ok()) return Named("could not have the server flush its WAL", flushed.status());
  return LsnOf(*flushed);
}

}  // namespace deltamirror::postgres
