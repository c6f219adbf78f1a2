#include "postgres/server_ready.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "postgres/server_error.h"
#include "status/named.h"
#include "status/status_macros.h"

namespace deltamirror::postgres {
namespace {

// One query by the simple protocol, whose only row this is.
constexpr char kFacts[] =
    "SELECT current_setting('wal_level'), current_setting('max_replication_slots'),"
    " (SELECT count(*) FROM pg_catalog.pg_replication_slots) >= current_setting('max_replication_slots')::int,"
    " current_setting('max_wal_senders'), pg_catalog.pg_is_in_recovery(),"
    " (SELECT count(*) FROM pg_catalog.pg_stat_replication WHERE pid <> pg_catalog.pg_backend_pid())"
    " >= current_setting('max_wal_senders')::int";

constexpr char kFreeWalsender[] =
    ". End one that is not needed (pg_stat_replication), or raise max_wal_senders and restart the server";
constexpr char kOnPrimary[] =
    "the server is a standby, whose slots for logical decoding need PostgreSQL 16 or later, the server is ";

}  // namespace

absl::StatusOr<bool> IsStandby(Connection& connection) {
  ASSIGN_OR_RETURN(const Result result, connection.Execute("SELECT pg_catalog.pg_is_in_recovery()"));
  return result.text(0, 0) == "t";
}

absl::Status CheckReadyForSlot(Connection& connection) {
  ASSIGN_OR_RETURN(const Result facts, connection.Execute(kFacts));
  const int version = connection.server_version() / 10000;
  if (facts.text(0, 4) == "t" && version < 16) {
    return absl::FailedPreconditionError(
        absl::StrCat(kOnPrimary, version, ". Make the slot on the primary, and read it there"));
  }
  if (facts.text(0, 0) != "logical") {
    return absl::FailedPreconditionError(absl::StrCat(
        "the server's setting wal_level is \"", facts.text(0, 0),
        "\", expected \"logical\". Use ALTER SYSTEM SET wal_level = logical, and restart the server (managed servers "
        "have a parameter for it: rds.logical_replication, cloudsql.logical_decoding, or wal_level itself)"));
  }
  if (facts.text(0, 2) == "t") {
    return absl::FailedPreconditionError(
        absl::StrCat("the server has no free replication slot: its setting max_replication_slots is ", facts.text(0, 1),
                     ". Drop a slot that nobody reads (pg_slots, pg_slot_drop), or raise max_replication_slots and "
                     "restart the server"));
  }
  if (facts.text(0, 3) == "0") {
    return absl::FailedPreconditionError(
        "the server's setting max_wal_senders is 0, so that nobody could read the slot. Raise max_wal_senders and "
        "restart the server");
  }
  if (facts.text(0, 5) == "t") {
    return absl::FailedPreconditionError(absl::StrCat(
        "the server has no free walsender, so that nobody could read the slot: its setting max_wal_senders is ",
        facts.text(0, 3), ", and all are in use", kFreeWalsender));
  }
  return absl::OkStatus();
}

absl::Status ExplainNoWalsender(const absl::Status& status) {
  if (SqlState(status) != "53300" || !absl::StrContains(status.message(), "max_wal_senders")) return status;
  return Extended(status, kFreeWalsender);
}

}  // namespace deltamirror::postgres
