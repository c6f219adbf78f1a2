#include "deltastream/heartbeat.h"

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "status/named.h"
#include "status/status_macros.h"

namespace deltamirror::deltastream {
namespace {

// Nobody waits for the disk because of it, nor for a standby. xids are given as 64 bits, and streamed as 32.
constexpr char kBeat[] =
    "SET LOCAL synchronous_commit = off; SELECT pg_catalog.pg_current_xact_id()::text,"
    " pg_catalog.pg_logical_emit_message(true, 'deltamirror', 'heartbeat')";

}  // namespace

absl::StatusOr<uint32_t> Heartbeat::Beat() {
  uint64_t xid = 0;
  const absl::Status beat = connection_.Use([&xid](postgres::Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(const postgres::Result result, connection.Execute(kBeat));
    if (result.rows() == 1 && absl::SimpleAtoi(result.text(0, 0), &xid)) return absl::OkStatus();
    return absl::InternalError(absl::StrCat("expected one row with an xid, got ", result.rows()));
  });
  if (!beat.ok()) return Named("could not write a heartbeat", beat);
  return static_cast<uint32_t>(xid);
}

}  // namespace deltamirror::deltastream
