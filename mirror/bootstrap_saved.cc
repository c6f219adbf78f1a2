#include "mirror/bootstrap_saved.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "copy/target.h"
#include "daystream/check.h"
#include "daystream/position.h"
#include "daystream/reader.h"
#include "daystream/source.h"
#include "mirror/bootstrap_entry.h"
#include "mirror/bootstrap_source.h"
#include "mirror/bootstrap_table.h"
#include "mirror/source_identity.h"
#include "mirror/state.h"
#include "mirror/stream_tables.h"
#include "postgres/saved_schema.h"
#include "postgres/schema.h"
#include "sqlite/transaction.h"
#include "status/status_macros.h"

namespace deltamirror::mirror {
namespace {

using postgres::CatalogTable;
using postgres::SavedTable;

// A shape of another server's table, or another database's, says nothing of this stream's.
absl::Status CheckSavedHere(const std::string& source, const daystream::SourceInfo& info, const SavedTable& table) {
  const auto check = [&](absl::string_view what, const std::string& kept, const std::string& got) {
    if (kept.empty() || kept == got) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(
        "daystream \"", source, "\" is of ", what, " \"", kept, "\", but table \"",
        types::TargetName(table.relation.schema, table.relation.table), "\" was saved in ", what, " \"", got, "\""));
  };
  RETURN_IF_ERROR(check("the server with system identifier", info.system_identifier, table.server.system_identifier));
  return check("database", info.database, table.server.database);
}

// One table under two names would be followed under one of them.
absl::Status CheckDistinct(const std::vector<CatalogTable>& tables) {
  for (auto table = tables.begin(); table != tables.end(); ++table) {
    const auto other = std::find_if(
        tables.begin(), table, [&table](const CatalogTable& it) { return it.relation.relid == table->relation.relid; });
    if (other == table) continue;
    return absl::InvalidArgumentError(absl::StrCat("\"", other->name(), "\" and \"", table->name(),
                                                   "\" are names that one table had, one after the other. Give one of "
                                                   "them: the stream tells of the rename"));
  }
  return absl::OkStatus();
}

// Where the first whole transaction begins: the one that `reader` begins in may have begun before.
absl::StatusOr<daystream::Position> FirstWhole(daystream::Reader* reader, daystream::Position start) {
  daystream::Line line;
  for (uint64_t lines = 1;; ++lines) {
    ASSIGN_OR_RETURN(const bool got, reader->Next(&line));
    if (!got) return start;
    if (lines == 1) start = line.position;
    if (line.check.empty()) continue;
    const std::optional<daystream::Check> check = daystream::ParseCheck(line.check);
    const bool whole = !check.has_value() || check->lines <= lines;
    return whole ? start : daystream::Behind(line.position);
  }
}

// The position to begin at: everything before it is not for the tables. Lines that were removed cannot be waited for.
absl::StatusOr<daystream::Position> FirstPosition(const std::string& source, bool has_checks,
                                                  std::optional<int64_t> clock) {
  daystream::ReaderOptions options;
  options.start = daystream::Position{clock.value_or(0), 0};
  if (source.empty()) return *options.start;
  absl::StatusOr<std::unique_ptr<daystream::Reader>> reader = daystream::Reader::Open(source, options);
  if (!clock.has_value()) {
    if (reader.ok()) return *options.start;
    if (!absl::IsOutOfRange(reader.status())) return reader.status();
    options.start_must_be_kept = false;
    reader = daystream::Reader::Open(source, options);
  }
  RETURN_IF_ERROR(reader.status());
  return has_checks ? FirstWhole(reader->get(), *options.start) : *options.start;
}

class SavedBootstrapper {
 public:
  SavedBootstrapper(sqlite3* db, const MirrorName& name, const BootstrapOptions& options)
      : db_(db), name_(name), options_(options) {}

  absl::Status CheckSource();
  absl::Status ReadShapes(const types::TableList& list, postgres::Connection& connection);
  absl::Status MakeAll();

 private:
  void SetBack(daystream::Position start, State* state) const;
  absl::Status MakeTable(const CatalogTable& table, daystream::Position start, State* state);

  sqlite3* const db_;
  const MirrorName& name_;
  const BootstrapOptions& options_;
  std::string source_;
  std::optional<daystream::SourceInfo> info_;
  std::vector<CatalogTable> tables_;
};

absl::Status SavedBootstrapper::CheckSource() {
  ASSIGN_OR_RETURN(const State state, State::Load(db_, name_));
  source_ = state.settings().source;
  ASSIGN_OR_RETURN(info_, ReadMirrorSource(source_));
  if (info_.has_value() && state.identity().has_value()) return CheckSameStream(source_, *state.identity(), *info_);
  return absl::OkStatus();
}

absl::Status SavedBootstrapper::ReadShapes(const types::TableList& list, postgres::Connection& connection) {
  ASSIGN_OR_RETURN(std::vector<SavedTable> saved, postgres::ReadSavedTables(connection, list, options_.saved_before));
  for (SavedTable& table : saved) {
    if (info_.has_value()) RETURN_IF_ERROR(CheckSavedHere(source_, *info_, table));
    tables_.emplace_back().relation = std::move(table.relation);
  }
  RETURN_IF_ERROR(CheckDistinct(tables_));
  RETURN_IF_ERROR(postgres::CheckNames(tables_));
  ASSIGN_OR_RETURN(const StreamTables stream, StreamTables::Recorded(source_, info_));
  return stream.Restrict(&tables_);
}

// Where these are all that the mirror has, it begins there; else it reads again what the others had.
void SavedBootstrapper::SetBack(daystream::Position start, State* state) const {
  const bool alone = std::all_of(state->tables().begin(), state->tables().end(), [this](const TableState& table) {
    return !IsFollowed(table.status) || std::any_of(tables_.begin(), tables_.end(), [&table](const CatalogTable& it) {
      return it.relation.schema == table.schema && it.relation.table == table.name;
    });
  });
  if (!alone) return state->SetBack(start);
  state->mutable_progress() = {};
  state->mutable_progress().position = {start.clock, start.seq - 1};
}

absl::Status SavedBootstrapper::MakeTable(const CatalogTable& table, daystream::Position start, State* state) {
  const types::Relation& relation = table.relation;
  const bool known = state->FindTable(relation.schema, relation.table) != nullptr;
  ASSIGN_OR_RETURN(TableState entry, NewEntry(state, relation, options_));
  entry.from = {start.clock, start.seq - 1};
  const copy::Target target = {state->settings().schema, entry.target};
  const types::Relation shape = MirroredShape(relation, !info_.has_value() || info_->plugin != "pgoutput");
  RETURN_IF_ERROR(PrepareMirroredTable(db_, target, shape, options_.overrides, known));
  return state->AddTable(std::move(entry)).status();
}

absl::Status SavedBootstrapper::MakeAll() {
  ASSIGN_OR_RETURN(sqlite::Transaction transaction, sqlite::Transaction::Begin(db_));
  ASSIGN_OR_RETURN(State state, State::Load(db_, name_));
  for (const CatalogTable& table : tables_) RETURN_IF_ERROR(CheckInMirror(state, table.relation));
  ASSIGN_OR_RETURN(const daystream::Position start,
                   FirstPosition(source_, info_.has_value() && info_->checks, options_.clock));
  SetBack(start, &state);
  if (info_.has_value()) state.set_identity(*info_);
  for (const CatalogTable& table : tables_) {
    RETURN_IF_ERROR(ForgetOldName(db_, table.relation, "", &state));
    RETURN_IF_ERROR(MakeTable(table, start, &state));
  }
  RETURN_IF_ERROR(state.SaveAll());
  return transaction.Commit();
}

}  // namespace

absl::StatusOr<int64_t> BootstrapSaved(sqlite3* db, const MirrorName& name, const types::TableList& list,
                                       const BootstrapOptions& options, postgres::Connection& connection) {
  SavedBootstrapper bootstrapper(db, name, options);
  RETURN_IF_ERROR(bootstrapper.CheckSource());
  RETURN_IF_ERROR(bootstrapper.ReadShapes(list, connection));
  RETURN_IF_ERROR(bootstrapper.MakeAll());
  return 0;
}

}  // namespace deltamirror::mirror
