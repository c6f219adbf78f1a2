#include "sqlite/interrupt.h"

#include "status/status_macros.h"

namespace deltamirror::sqlite {

absl::StatusOr<InterruptProbe> InterruptProbe::Create(sqlite3* db) {
  ASSIGN_OR_RETURN(Statement probe, Statement::Prepare(db, "SELECT 1", Statement::kPersistent));
  return InterruptProbe(std::move(probe));
}

absl::Status InterruptProbe::Check() {
  const absl::Status status = probe_.Run();
  // Only an interrupt can make "SELECT 1" fail in a way that matters here; lack of memory will show where it hurts.
  if (status.code() == absl::StatusCode::kCancelled) return absl::CancelledError("interrupted");
  return absl::OkStatus();
}

}  // namespace deltamirror::sqlite
