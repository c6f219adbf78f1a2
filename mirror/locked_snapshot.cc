#include "mirror/locked_snapshot.h"

#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "copy/progress.h"
#include "quote/quote.h"
#include "status/named.h"
#include "status/status_macros.h"

namespace deltamirror::mirror {
namespace {

// How often the tables may change between the first look at the catalog and the locks.
constexpr int kAttempts = 10;

// The same tables, in the same order, with the same columns.
bool Same(const std::vector<postgres::CatalogTable>& a, const std::vector<postgres::CatalogTable>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].relation != b[i].relation) return false;
  }
  return true;
}

absl::StatusOr<postgres::CopySnapshot> BeginSnapshot(postgres::Connection& connection,
                                                     const std::vector<postgres::CatalogTable>& tables,
                                                     absl::string_view name, std::optional<bool> progress) {
  std::vector<std::string> names;
  for (const postgres::CatalogTable& table : tables) {
    // An inheritance child is a table of its own.
    names.push_back(
        absl::StrCat(table.has_children ? "ONLY " : "", QuoteQualified(table.relation.schema, table.relation.table)));
  }
  std::string awaited;
  const bool told = copy::Progress(name, progress).enabled();
  absl::StatusOr<postgres::CopySnapshot> snapshot =
      postgres::BeginCopySnapshot(connection, names, [&awaited, told, name](uint64_t xid) {
        std::string reason =
            absl::StrCat("waiting for transaction ", xid, " to end, whose start this role may not see");
        if (told && reason != awaited) std::fprintf(stderr, "%s\n", absl::StrCat(name, ": ", reason).c_str());
        awaited = std::move(reason);
      });
  if (snapshot.ok() || awaited.empty()) return snapshot;
  return Extended(snapshot.status(), absl::StrCat(" while ", awaited, ". A role with pg_read_all_stats need not wait"));
}

}  // namespace

Handover LockedSnapshot::ToHandover() const {
  return {.xmin = snapshot.snapshot.xmin,
          .xmax = snapshot.snapshot.xmax,
          .running = snapshot.snapshot.running,
          .end_lsn = snapshot.end_lsn};
}

absl::StatusOr<LockedSnapshot> TakeLockedSnapshot(postgres::Connection& connection, ReadCatalog read,
                                                  absl::string_view name, std::optional<bool> progress) {
  LockedSnapshot locked;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ASSIGN_OR_RETURN(const std::vector<postgres::CatalogTable> before, read());
    ASSIGN_OR_RETURN(locked.snapshot, BeginSnapshot(connection, before, name, progress));
    ASSIGN_OR_RETURN(locked.tables, read());
    if (Same(before, locked.tables)) {
      // A policy that hides rows from this role is an error then, and not a copy with rows missing.
      RETURN_IF_ERROR(connection.Execute("SET LOCAL row_security = off").status());
      return locked;
    }
    RETURN_IF_ERROR(connection.Execute("ROLLBACK").status());
  }
  return absl::UnavailableError("could not lock the tables: they were changed again and again in the meantime");
}

}  // namespace deltamirror::mirror
