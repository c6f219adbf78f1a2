#include "mirror/bootstrap.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "copy/target.h"
#include "daystream/last_position.h"
#include "daystream/position.h"
#include "daystream/source.h"
#include "mirror/admission.h"
#include "mirror/bootstrap_copies.h"
#include "mirror/bootstrap_entry.h"
#include "mirror/bootstrap_saved.h"
#include "mirror/bootstrap_source.h"
#include "mirror/bootstrap_table.h"
#include "mirror/locked_snapshot.h"
#include "mirror/name.h"
#include "mirror/source_identity.h"
#include "mirror/state.h"
#include "mirror/stream_tables.h"
#include "postgres/schema.h"
#include "postgres/snapshot.h"
#include "postgres/wal_flush.h"
#include "sqlite/transaction.h"
#include "status/status_macros.h"
#include "types/table_list.h"

namespace deltamirror::mirror {
namespace {

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
  absl::StatusOr<daystream::Position> ReadFrom();
  bool Copies(absl::string_view schema, absl::string_view name) const;
  absl::Status CheckNothingLeftOut(State* state);
  absl::StatusOr<bool> BeginsAnew(const State& state);
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
  // As the locked snapshot has it. Not read again: the server looks for each table that it publishes, and tables that
  // are not locked may be dropped meanwhile.
  std::optional<StreamTables> stream_;
  LockedSnapshot locked_;
};

absl::Status Bootstrapper::CheckSource() {
  ASSIGN_OR_RETURN(const State state, State::Load(db_, name_));
  source_ = state.settings().source;
  ASSIGN_OR_RETURN(info_, ReadMirrorSource(source_));
  if (!info_.has_value()) return absl::OkStatus();
  if (state.identity().has_value()) RETURN_IF_ERROR(CheckSameStream(source_, *state.identity(), *info_));
  return CheckServer(source_, *info_, connection_);
}

absl::StatusOr<std::vector<postgres::CatalogTable>> Bootstrapper::ReadTables() {
  ASSIGN_OR_RETURN(stream_, StreamTables::Read(connection_, source_, info_));
  ASSIGN_OR_RETURN(std::vector<postgres::CatalogTable> tables, stream_->Choose(connection_, list_));
  RETURN_IF_ERROR(postgres::CheckMirrorable(tables));
  return tables;
}

absl::StatusOr<int64_t> Bootstrapper::CopyTable(const postgres::CatalogTable& table, State* state) {
  const types::Relation& relation = table.relation;
  const bool known = state->FindTable(relation.schema, relation.table) != nullptr;
  ASSIGN_OR_RETURN(TableState entry, NewEntry(state, relation, options_));
  entry.status = TableStatus::kHandover;
  entry.handover = locked_.ToHandover().ToJson();
  const copy::Target target = {state->settings().schema, entry.target};
  const types::Relation shape = MirroredShape(relation);
  RETURN_IF_ERROR(PrepareMirroredTable(db_, target, shape, options_.overrides, known));
  ASSIGN_OR_RETURN(const int64_t rows, CopyMirroredTable(db_, connection_, table, shape, target, options_));
  if (options_.indexes) RETURN_IF_ERROR(CopyIndexes(db_, connection_, shape, target, options_));
  RETURN_IF_ERROR(state->AddTable(std::move(entry)).status());
  return rows;
}

// The position from which on the mirror must read for these tables' sake.
absl::StatusOr<daystream::Position> Bootstrapper::ReadFrom() {
  ReadingStart start = {.time = locked_.snapshot.start_time, .last = daystream::kBeforeAll, .margin = options_.margin};
  if (!source_.empty()) {
    ASSIGN_OR_RETURN(start.last, daystream::LastPosition(source_));
  }
  if (info_.has_value()) start.began = info_->began;
  ASSIGN_OR_RETURN(start.now, postgres::ServerTime(connection_));
  return StartPosition(source_, start);
}

bool Bootstrapper::Copies(absl::string_view schema, absl::string_view name) const {
  return std::any_of(locked_.tables.begin(), locked_.tables.end(), [&](const postgres::CatalogTable& table) {
    return table.relation.schema == schema && table.relation.table == name;
  });
}

// A mirror of `*` makes each table that the stream announces. One that is there already would get the rows alone that
// change from now on.
absl::Status Bootstrapper::CheckNothingLeftOut(State* state) {
  if (!info_.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<postgres::CatalogTable> all, stream_->All(connection_));
  for (const postgres::CatalogTable& table : all) {
    const auto& [schema, name] = std::tie(table.relation.schema, table.relation.table);
    if (!TakesNewTables(state->settings(), schema)) continue;
    if (Copies(schema, name) || state->FindTable(schema, name) != nullptr) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        "mirror \"", name_.Text(), "\" takes tables \"", *state->settings().tables, "\", but table \"", table.name(),
        "\" is not among those to copy: it would have the rows alone that change from now on. Copy \"",
        *state->settings().tables, "\", or name the tables that the mirror takes in its argument \"tables\""));
  }
  return absl::OkStatus();
}

// Whether all that the mirror has is copied now, and the lines that it would go on with are gone.
absl::StatusOr<bool> Bootstrapper::BeginsAnew(const State& state) {
  if (state.progress().position == daystream::kBeforeAll) return state.tables().empty();
  ASSIGN_OR_RETURN(const bool pruned, IsPruned(source_, state.progress().position));
  if (!pruned) return false;
  for (const TableState& table : state.tables()) {
    if (!IsFollowed(table.status) || Copies(table.schema, table.name)) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("mirror \"", name_.Text(), "\" is at position ", daystream::ToString(state.progress().position),
                     ", which is no longer in daystream \"", source_, "\", and its table \"", table.target,
                     "\" still needs what lies behind it. Copy all of its tables at once, with option \"again\""));
  }
  return true;
}

absl::Status Bootstrapper::SetBack(State* state) {
  ASSIGN_OR_RETURN(const daystream::Position start, ReadFrom());
  ASSIGN_OR_RETURN(const bool first, BeginsAnew(*state));
  if (first) {
    RETURN_IF_ERROR(CheckNothingLeftOut(state));
    // Nothing that lies before is of interest.
    state->mutable_progress().position = {start.clock, start.seq - 1};
    state->mutable_progress().lsn = 0;
    state->mutable_progress().number = 0;
  } else {
    state->SetBack(start);
  }
  // Nor is, at first, what the snapshot saw of any other table.
  return state->mutable_coverage().Add(first ? "*" : list_.ToString(), locked_.ToHandover());
}

absl::StatusOr<int64_t> Bootstrapper::CopyAll(State* state) {
  RETURN_IF_ERROR(SetBack(state));
  if (info_.has_value()) state->set_identity(*info_);
  int64_t rows = 0;
  for (const postgres::CatalogTable& table : locked_.tables) {
    RETURN_IF_ERROR(ForgetOldName(db_, table.relation, locked_.ToHandover().ToJson(), state));
    ASSIGN_OR_RETURN(const int64_t copied, CopyTable(table, state));
    rows += copied;
  }
  ASSIGN_OR_RETURN(const int64_t once, CopyOnce(db_, connection_, options_, state));
  rows += once;
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
  ASSIGN_OR_RETURN(locked_, TakeLockedSnapshot(connection_, [this] { return ReadTables(); },
                                               {.name = "deltamirror_bootstrap",
                                                .progress = options_.progress,
                                                .stream_xid = info_.has_value() ? info_->began_xid : 0}));
  ASSIGN_OR_RETURN(sqlite::Transaction transaction, sqlite::Transaction::Begin(db_));
  ASSIGN_OR_RETURN(State state, State::Load(db_, name_));
  for (const postgres::CatalogTable& table : locked_.tables) RETURN_IF_ERROR(CheckInMirror(state, table.relation));
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
  if (options.saved) return BootstrapSaved(db, name, list, options, connection);
  return Bootstrapper(db, std::move(name), std::move(list), options, std::move(connection)).Run();
}

}  // namespace deltamirror::mirror
