#include "mirror/bootstrap.h"

#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "copy/progress.h"
#include "copy/target.h"
#include "daystream/last_position.h"
#include "daystream/position.h"
#include "daystream/source.h"
#include "mirror/bootstrap_source.h"
#include "mirror/bootstrap_table.h"
#include "mirror/handover.h"
#include "mirror/name.h"
#include "mirror/state.h"
#include "postgres/index.h"
#include "postgres/schema.h"
#include "postgres/snapshot.h"
#include "postgres/wal_flush.h"
#include "quote/quote.h"
#include "sqlite/transaction.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/table_list.h"

namespace deltamirror::mirror {
namespace {

// For how long the tables may change, again and again, between the first look at the catalog and the locks.
constexpr absl::Duration kPatience = absl::Seconds(30);

absl::Status CheckInMirror(const State& state, const std::vector<postgres::CatalogTable>& tables) {
  if (!state.settings().tables.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const types::TableList list, types::TableList::Parse(*state.settings().tables));
  for (const postgres::CatalogTable& table : tables) {
    if (list.Matches(table.relation.schema, table.relation.table)) continue;
    return absl::FailedPreconditionError(absl::StrCat("table \"", table.name(), "\" is not one of mirror \"",
                                                      state.name().Text(), "\", whose tables are \"",
                                                      *state.settings().tables, "\""));
  }
  return absl::OkStatus();
}

// The same tables, in the same order, with the same columns.
bool Same(const std::vector<postgres::CatalogTable>& a, const std::vector<postgres::CatalogTable>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].relation != b[i].relation) return false;
  }
  return true;
}

Handover HandoverOf(const postgres::CopySnapshot& copy) {
  return {.xmin = copy.snapshot.xmin,
          .xmax = copy.snapshot.xmax,
          .running = copy.snapshot.running,
          .end_lsn = copy.end_lsn};
}

// Whether a table, or its schema, was dropped or renamed between the look at the catalog and the lock.
bool IsGone(const absl::Status& status) {
  const std::string state = postgres::SqlState(status);
  return state == "42P01" || state == "3F000";
}

// One call, from the checks to the commit.
class Bootstrapper {
 public:
  Bootstrapper(sqlite3* db, MirrorName name, types::TableList list, const BootstrapOptions& options,
               postgres::Connection connection)
      : db_(db),
        name_(std::move(name)),
        list_(std::move(list)),
        options_(options),
        connection_(std::move(connection)) {}

  absl::StatusOr<int64_t> Run();

 private:
  absl::Status CheckSource();
  absl::StatusOr<std::vector<postgres::CatalogTable>> ReadTables();
  absl::Status TakeSnapshot();
  absl::StatusOr<postgres::CopySnapshot> BeginSnapshot(const std::vector<postgres::CatalogTable>& tables);
  absl::StatusOr<bool> TryTables();
  absl::StatusOr<daystream::Position> ReadFrom();
  absl::Status SetBack(State* state);
  absl::Status EndSnapshot();
  absl::StatusOr<int64_t> CopyAll(State* state);
  absl::StatusOr<int64_t> CopyTable(const postgres::CatalogTable& table, State* state);

  sqlite3* const db_;
  const MirrorName name_;
  const types::TableList list_;
  const BootstrapOptions& options_;
  postgres::Connection connection_;

  std::string source_;
  std::optional<daystream::SourceInfo> info_;
  std::vector<postgres::CatalogTable> tables_;
  postgres::CopySnapshot snapshot_;
};

absl::Status Bootstrapper::CheckSource() {
  ASSIGN_OR_RETURN(const State state, State::Load(db_, name_));
  source_ = state.settings().source;
  ASSIGN_OR_RETURN(info_, ReadMirrorSource(source_));
  if (!info_.has_value()) return absl::OkStatus();
  if (state.identity().has_value()) RETURN_IF_ERROR(daystream::CheckSameSource(source_, *state.identity(), *info_));
  return CheckServer(source_, *info_, connection_);
}

absl::StatusOr<std::vector<postgres::CatalogTable>> Bootstrapper::ReadTables() {
  ASSIGN_OR_RETURN(std::vector<postgres::CatalogTable> tables, postgres::ReadTables(connection_, list_));
  RETURN_IF_ERROR(postgres::CheckMirrorable(tables));
  if (info_.has_value()) RETURN_IF_ERROR(CheckCovered(source_, *info_, tables));
  return tables;
}

absl::StatusOr<postgres::CopySnapshot> Bootstrapper::BeginSnapshot(const std::vector<postgres::CatalogTable>& tables) {
  std::vector<std::string> names;
  for (const postgres::CatalogTable& table : tables) {
    // An inheritance child is a table of its own.
    names.push_back(
        absl::StrCat(table.has_children ? "ONLY " : "", QuoteQualified(table.relation.schema, table.relation.table)));
  }
  std::string awaited;
  bool hidden = false;
  const bool told = copy::Progress("deltamirror_bootstrap", options_.progress).enabled();
  absl::StatusOr<postgres::CopySnapshot> snapshot = postgres::BeginCopySnapshot(
      connection_, names, info_.has_value() ? info_->began_xid : 0, [&](uint64_t xid, absl::string_view why) {
        std::string reason = absl::StrCat("waiting for transaction ", xid, " to end, ", why);
        if (told && reason != awaited) std::fprintf(stderr, "deltamirror_bootstrap: %s\n", reason.c_str());
        awaited = std::move(reason);
        hidden = why == postgres::kHiddenStart;
      });
  if (snapshot.ok() || awaited.empty()) return snapshot;
  return Extended(snapshot.status(),
                  absl::StrCat(" while ", awaited, hidden ? ". A role with pg_read_all_stats need not wait" : ""));
}

// False if the tables have changed between the first look at the catalog and the locks.
absl::StatusOr<bool> Bootstrapper::TryTables() {
  // On one snapshot, too: others may alter and drop tables between two queries.
  RETURN_IF_ERROR(connection_.Execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").status());
  ASSIGN_OR_RETURN(const std::vector<postgres::CatalogTable> before, ReadTables());
  RETURN_IF_ERROR(connection_.Execute("COMMIT").status());
  absl::StatusOr<postgres::CopySnapshot> snapshot = BeginSnapshot(before);
  if (IsGone(snapshot.status())) return false;
  RETURN_IF_ERROR(snapshot.status());
  snapshot_ = *std::move(snapshot);
  ASSIGN_OR_RETURN(tables_, ReadTables());
  return Same(before, tables_);
}

// The locks must be there before the snapshot, and the catalog that counts is the snapshot's.
absl::Status Bootstrapper::TakeSnapshot() {
  const absl::Time end = absl::Now() + kPatience;
  do {
    ASSIGN_OR_RETURN(const bool same, TryTables());
    // A policy that hides rows from this role is an error then, and not a copy with rows missing.
    if (same) return connection_.Execute("SET LOCAL row_security = off").status();
    RETURN_IF_ERROR(connection_.Execute("ROLLBACK").status());
  } while (absl::Now() < end);
  return absl::UnavailableError("could not lock the tables: they were changed again and again in the meantime");
}

absl::StatusOr<int64_t> Bootstrapper::CopyTable(const postgres::CatalogTable& table, State* state) {
  const types::Relation& relation = table.relation;
  TableState entry;
  const TableState* known = state->FindTable(relation.schema, relation.table);
  if (known != nullptr && !options_.again) {
    return absl::AlreadyExistsError(absl::StrCat("table \"", table.name(), "\" is in mirror \"", name_.Text(),
                                                 "\" already. Use option \"again\" to copy it anew"));
  }
  entry.schema = relation.schema;
  entry.name = relation.table;
  entry.target = known != nullptr ? known->target : table.name();
  entry.relation = relation;
  entry.overrides = options_.types;
  entry.bootstrapped = true;
  entry.status = TableStatus::kHandover;
  entry.handover = HandoverOf(snapshot_).ToJson();
  const copy::Target target = {state->settings().schema, entry.target};
  const types::Relation shape = MirroredShape(relation, !info_.has_value() || info_->plugin != "pgoutput");
  RETURN_IF_ERROR(PrepareMirroredTable(db_, target, shape, options_.overrides, known != nullptr));
  ASSIGN_OR_RETURN(const int64_t rows, CopyMirroredTable(db_, connection_, table, shape, target, options_));
  if (options_.indexes) {
    ASSIGN_OR_RETURN(const std::vector<postgres::Index> indexes, postgres::ReadIndexes(connection_, relation.relid));
    RETURN_IF_ERROR(CreateMirroredIndexes(db_, indexes, shape, target, options_.overrides));
  }
  RETURN_IF_ERROR(state->AddTable(std::move(entry)).status());
  return rows;
}

// The position from which on the mirror must read for these tables' sake.
absl::StatusOr<daystream::Position> Bootstrapper::ReadFrom() {
  ReadingStart start = {.time = snapshot_.start_time, .last = daystream::kBeforeAll, .margin = options_.margin};
  if (!source_.empty()) {
    ASSIGN_OR_RETURN(start.last, daystream::LastPosition(source_));
  }
  if (info_.has_value()) start.began = info_->began;
  ASSIGN_OR_RETURN(start.now, postgres::ServerTime(connection_));
  return StartPosition(source_, start);
}

absl::Status Bootstrapper::SetBack(State* state) {
  ASSIGN_OR_RETURN(const daystream::Position start, ReadFrom());
  const bool first = state->tables().empty() && state->progress().position == daystream::kBeforeAll;
  if (first) {
    // Nothing was read yet, so nothing that lies before is of interest.
    state->mutable_progress().position = {start.clock, start.seq - 1};
  } else {
    state->SetBack(start);
  }
  // Nor is, at first, what the snapshot saw of any other table.
  return state->mutable_coverage().Add(first ? "*" : list_.ToString(), HandoverOf(snapshot_));
}

absl::StatusOr<int64_t> Bootstrapper::CopyAll(State* state) {
  RETURN_IF_ERROR(SetBack(state));
  if (info_.has_value()) state->set_identity(*info_);
  int64_t rows = 0;
  for (const postgres::CatalogTable& table : tables_) {
    ASSIGN_OR_RETURN(const int64_t copied, CopyTable(table, state));
    rows += copied;
  }
  RETURN_IF_ERROR(state->SaveAll());
  return rows;
}

// What the copy has seen must not be undone by a crash of the server, as an asynchronous commit may be: the ids of such
// transactions would be given to others, which the mirror would take for seen.
absl::Status Bootstrapper::EndSnapshot() {
  RETURN_IF_ERROR(connection_.Execute("COMMIT").status());
  return postgres::FlushWal(connection_).status();
}

absl::StatusOr<int64_t> Bootstrapper::Run() {
  RETURN_IF_ERROR(CheckSource());
  RETURN_IF_ERROR(TakeSnapshot());
  ASSIGN_OR_RETURN(sqlite::Transaction transaction, sqlite::Transaction::Begin(db_));
  ASSIGN_OR_RETURN(State state, State::Load(db_, name_));
  RETURN_IF_ERROR(CheckInMirror(state, tables_));
  ASSIGN_OR_RETURN(const int64_t rows, CopyAll(&state));
  RETURN_IF_ERROR(EndSnapshot());
  RETURN_IF_ERROR(transaction.Commit());
  return rows;
}

}  // namespace

absl::StatusOr<int64_t> Bootstrap(sqlite3* db, absl::string_view mirror, const std::string& conninfo,
                                  absl::string_view tables, const BootstrapOptions& options,
                                  const postgres::InterruptCheck& interrupt) {
  RETURN_IF_ERROR(sqlite::CheckMayBegin(db, "deltamirror_bootstrap"));
  ASSIGN_OR_RETURN(MirrorName name, FindMirror(db, mirror));
  ASSIGN_OR_RETURN(types::TableList list, types::TableList::Parse(tables));
  ASSIGN_OR_RETURN(postgres::Connection connection, postgres::Connection::Open(conninfo, {.interrupt = interrupt}));
  return Bootstrapper(db, std::move(name), std::move(list), options, std::move(connection)).Run();
}

}  // namespace deltamirror::mirror
