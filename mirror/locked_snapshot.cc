#include "mirror/locked_snapshot.h"

#include <cstdio>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "copy/progress.h"
#include "quote/quote.h"
#include "status/named.h"
#include "status/status_macros.h"

namespace deltamirror::mirror {
namespace {

// For how long the tables may change, again and again, between the first look at the catalog and the locks.
constexpr absl::Duration kPatience = absl::Seconds(30);

// The same tables, in the same order, with the same columns and rows to mirror.
bool Same(const std::vector<postgres::CatalogTable>& a, const std::vector<postgres::CatalogTable>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].relation != b[i].relation || a[i].where != b[i].where) return false;
  }
  return true;
}

// Whether a table, or its schema, was dropped or renamed between the look at the catalog and the lock; or while a view
// of the catalog opened it (pg_publication_tables, from PostgreSQL 16 on, with an internal error).
bool IsGone(const absl::Status& status) {
  const std::string state = postgres::SqlState(status);
  return state == "42P01" || state == "3F000" ||
         (state == "XX000" && absl::StrContains(status.message(), "could not open relation with OID"));
}

absl::StatusOr<postgres::CopySnapshot> BeginSnapshot(postgres::Connection& connection,
                                                     const std::vector<postgres::CatalogTable>& tables,
                                                     const LockOptions& options) {
  std::vector<std::string> names;
  for (const postgres::CatalogTable& table : tables) {
    // An inheritance child is a table of its own.
    names.push_back(
        absl::StrCat(table.has_children ? "ONLY " : "", QuoteQualified(table.relation.schema, table.relation.table)));
  }
  std::string awaited;
  bool hidden = false;
  const bool told = copy::Progress(options.name, options.progress).enabled();
  absl::StatusOr<postgres::CopySnapshot> snapshot =
      postgres::BeginCopySnapshot(connection, names, options.stream_xid, [&](uint64_t xid, absl::string_view why) {
        std::string reason = absl::StrCat("waiting for transaction ", xid, " to end, ", why);
        if (told && reason != awaited) std::fprintf(stderr, "%s: %s\n", options.name.c_str(), reason.c_str());
        awaited = std::move(reason);
        hidden = why == postgres::kHiddenStart;
      });
  if (snapshot.ok() || awaited.empty()) return snapshot;
  return Extended(snapshot.status(),
                  absl::StrCat(" while ", awaited, hidden ? ". A role with pg_read_all_stats need not wait" : ""));
}

// False if the tables have changed between the first look at the catalog and the locks.
absl::StatusOr<bool> TryTables(postgres::Connection& connection, ReadCatalog read, const LockOptions& options,
                               LockedSnapshot* locked) {
  // On one snapshot, too: others may alter and drop tables between two queries.
  RETURN_IF_ERROR(connection.Begin("ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  ASSIGN_OR_RETURN(const std::vector<postgres::CatalogTable> before, read());
  RETURN_IF_ERROR(connection.Execute("COMMIT").status());
  ASSIGN_OR_RETURN(locked->snapshot, BeginSnapshot(connection, before, options));
  ASSIGN_OR_RETURN(locked->tables, read());
  return Same(before, locked->tables);
}

}  // namespace

Handover LockedSnapshot::ToHandover() const {
  return {.xmin = snapshot.snapshot.xmin,
          .xmax = snapshot.snapshot.xmax,
          .running = snapshot.snapshot.running,
          .end_lsn = snapshot.end_lsn};
}

absl::StatusOr<LockedSnapshot> TakeLockedSnapshot(postgres::Connection& connection, ReadCatalog read,
                                                  const LockOptions& options) {
  LockedSnapshot locked;
  const absl::Time end = absl::Now() + kPatience;
  do {
    const absl::StatusOr<bool> same = TryTables(connection, read, options, &locked);
    if (!IsGone(same.status())) RETURN_IF_ERROR(same.status());
    if (same.ok() && *same) {
      // A policy that hides rows from this role is an error then, and not a copy with rows missing.
      RETURN_IF_ERROR(connection.Execute("SET LOCAL row_security = off").status());
      return locked;
    }
    RETURN_IF_ERROR(connection.Execute("ROLLBACK").status());
  } while (absl::Now() < end);
  return absl::UnavailableError("could not lock the tables: they were changed again and again in the meantime");
}

}  // namespace deltamirror::mirror
