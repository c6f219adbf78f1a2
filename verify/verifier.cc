#include "verify/verifier.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "copy/progress.h"
#include "daystream/last_position.h"
#include "mirror/bootstrap_source.h"
#include "mirror/state.h"
#include "mirror/stream_tables.h"
#include "mirror/target_table.h"
#include "postgres/snapshot.h"
#include "quote/quote.h"
#include "status/named.h"
#include "status/status_macros.h"
#include "types/table_list.h"
#include "verify/comparison.h"
#include "verify/report.h"

namespace deltamirror::verify {
namespace {

constexpr char kName[] = "deltamirror_verify";

// Those that the user names must be there.
absl::Status CheckNamed(const types::TableList& list, const mirror::State& state) {
  for (const types::TableList::Entry& entry : list.entries()) {
    if (!entry.table.has_value()) continue;
    const std::string schema = entry.schema.value_or("public");
    const auto& tables = state.tables();
    const auto found = std::find_if(tables.begin(), tables.end(), [&](const mirror::TableState& table) {
      return table.schema == schema && table.name == *entry.table;
    });
    if (found != tables.end() && found->status != mirror::TableStatus::kCopied) continue;
    if (found != tables.end()) {
      return absl::InvalidArgumentError(absl::StrCat("\"", types::TargetName(schema, *entry.table),
                                                     "\" is a copy that does not follow its source, and so need not be "
                                                     "equal to it"));
    }
    return absl::NotFoundError(absl::StrCat("table \"", types::TargetName(schema, *entry.table),
                                            "\" is not one of mirror \"", state.name().Text(), "\""));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Verifier>> Verifier::Open(sqlite3* db, bool own_connection,
                                                         const mirror::MirrorName& name, const std::string& conninfo,
                                                         const Options& options,
                                                         const postgres::InterruptCheck& interrupt) {
  ASSIGN_OR_RETURN(const mirror::State state, mirror::State::Load(db, name));
  if (state.settings().source.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("mirror \"", name.Text(),
                                                      "\" has no source, by which it could be "
                                                      "told how far it is"));
  }
  ASSIGN_OR_RETURN(postgres::Connection connection, postgres::Connection::Open(conninfo, {.interrupt = interrupt}));
  auto verifier = std::unique_ptr<Verifier>(new Verifier(db, own_connection, name, options, std::move(connection)));
  verifier->source_ = state.settings().source;
  RETURN_IF_ERROR(verifier->ChooseTables(state));
  ASSIGN_OR_RETURN(verifier->info_, mirror::ReadMirrorSource(verifier->source_));
  if (verifier->info_.has_value()) {
    if (state.identity().has_value()) {
      RETURN_IF_ERROR(daystream::CheckSameSource(verifier->source_, *state.identity(), *verifier->info_));
    }
    RETURN_IF_ERROR(mirror::CheckServer(verifier->source_, *verifier->info_, verifier->connection_));
  }
  RETURN_IF_ERROR(verifier->Prepare(conninfo));
  return verifier;
}

absl::Status Verifier::ChooseTables(const mirror::State& state) {
  types::TableList list;
  if (!options_.tables.empty()) {
    ASSIGN_OR_RETURN(list, types::TableList::Parse(options_.tables));
    RETURN_IF_ERROR(CheckNamed(list, state));
  }
  for (const mirror::TableState& table : state.tables()) {
    if (table.status == mirror::TableStatus::kAbsent || table.status == mirror::TableStatus::kCopied) continue;
    if (list.Matches(table.schema, table.name)) tables_.push_back({table, {}});
  }
  return absl::OkStatus();
}

// By its OID, which a rename leaves; by its name if that one is gone: it may have been dropped and made again.
absl::StatusOr<std::optional<postgres::CatalogTable>> Verifier::FindSource(const mirror::TableState& table) {
  if (table.relation.relid != 0) {
    ASSIGN_OR_RETURN(std::optional<postgres::CatalogTable> found,
                     postgres::ReadTable(connection_, table.relation.relid));
    if (found.has_value()) return found;
  }
  ASSIGN_OR_RETURN(const types::TableList list, types::TableList::Parse(QuoteQualified(table.schema, table.name)));
  absl::StatusOr<std::vector<postgres::CatalogTable>> named = postgres::ReadTables(connection_, list);
  if (absl::IsNotFound(named.status()) || absl::IsInvalidArgument(named.status())) {
    return std::optional<postgres::CatalogTable>();
  }
  RETURN_IF_ERROR(named.status());
  return named->empty() ? std::nullopt : std::optional<postgres::CatalogTable>(std::move(named->front()));
}

absl::StatusOr<std::vector<postgres::CatalogTable>> Verifier::ReadCatalog() {
  std::vector<postgres::CatalogTable> sources;
  ASSIGN_OR_RETURN(const mirror::StreamTables tables, mirror::StreamTables::Read(connection_, source_, info_));
  for (Wanted& wanted : tables_) {
    ASSIGN_OR_RETURN(wanted.source, FindSource(wanted.state));
    if (!wanted.source.has_value()) continue;
    RETURN_IF_ERROR(tables.KeepStreamed(&*wanted.source));
    sources.push_back(*wanted.source);
  }
  return sources;
}

absl::Status Verifier::Prepare(const std::string& conninfo) {
  ASSIGN_OR_RETURN(temporary_, sqlite::TemporaryDatabase::Open());
  ASSIGN_OR_RETURN(locked_, mirror::TakeLockedSnapshot(connection_, [this] { return ReadCatalog(); },
                                                       {.name = kName,
                                                        .progress = options_.progress,
                                                        .stream_xid = info_.has_value() ? info_->began_xid : 0}));
  MirrorAwaiter awaiter(db_, name_, info_, &connection_,
                        {.conninfo = conninfo,
                         .timeout = options_.timeout,
                         .apply = options_.apply,
                         .own_connection = own_connection_,
                         .interrupt = connection_.interrupt()});
  ASSIGN_OR_RETURN(mirror_, awaiter.Wait(locked_.snapshot.end_lsn));
  RETURN_IF_ERROR(LookAgain());
  return ReadUnseen();
}

// What the mirror knows of its tables may have changed since they were chosen.
absl::Status Verifier::LookAgain() {
  for (Wanted& wanted : tables_) {
    const std::vector<mirror::TableState>& tables = mirror_->state.tables();
    const auto now = std::find_if(tables.begin(), tables.end(),
                                  [&](const mirror::TableState& table) { return table.id == wanted.state.id; });
    if (now == tables.end()) {
      return absl::AbortedError(absl::StrCat("mirror \"", name_.Text(), "\" was made anew in the meantime"));
    }
    wanted.state = *now;
  }
  return absl::OkStatus();
}

absl::Status Verifier::ReadUnseen() {
  UnseenRange range;
  range.source = source_;
  range.snapshot = locked_.ToHandover();
  mirror::ReadingStart start = {.time = locked_.snapshot.start_time, .margin = options_.margin};
  ASSIGN_OR_RETURN(start.last, daystream::LastPosition(source_));
  if (info_.has_value()) start.began = info_->began;
  ASSIGN_OR_RETURN(start.now, postgres::ServerTime(connection_));
  ASSIGN_OR_RETURN(range.start, mirror::StartPosition(source_, start));
  for (const Wanted& wanted : tables_) {
    if (!wanted.source.has_value()) continue;
    const types::Relation& relation = wanted.source->relation;
    // A mirror that was set back for another table's sake is still ahead with this one.
    range.tables.push_back(
        {relation.schema, relation.table, std::max(mirror_->state.progress().position, wanted.state.from)});
  }
  ASSIGN_OR_RETURN(unseen_, Unseen::Read(range, connection_.interrupt()));
  return absl::OkStatus();
}

absl::StatusOr<ComparedTable> Verifier::PlanTable(const Wanted& wanted) {
  const mirror::TableState& state = wanted.state;
  if (!wanted.source.has_value()) {
    return absl::NotFoundError(absl::StrCat("table \"", types::TargetName(state.schema, state.name),
                                            "\" does not exist in PostgreSQL any more"));
  }
  const std::string& schema = mirror_->state.settings().schema;
  ASSIGN_OR_RETURN(const std::optional<mirror::TargetTable> target, mirror::ReadTargetTable(db_, schema, state.target));
  if (!target.has_value()) {
    return absl::NotFoundError(
        absl::StrCat("table \"", state.target, "\" does not exist in database \"", schema, "\" any more"));
  }
  return Compare(state, *target, *wanted.source);
}

absl::Status Verifier::CompareTable(const Wanted& wanted, VerifiedTable* verified) {
  Report report;
  const absl::StatusOr<ComparedTable> table = PlanTable(wanted);
  if (absl::IsNotFound(table.status()) || absl::IsFailedPrecondition(table.status())) {
    report.SetError(table.status().message());
    verified->details = report.Text();
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(table.status());
  copy::Progress progress(absl::StrCat(kName, " ", table->name), options_.progress);
  progress.set_expected(2 * wanted.source->estimated_rows);
  SourceRows source(&*table, &connection_, &*unseen_, temporary_->db());
  Comparison comparison(&*table, &source, db_, temporary_->db(), [&](int64_t rows) {
    progress.Tell(rows);
    return connection_.interrupt() ? connection_.interrupt()() : absl::OkStatus();
  });
  const absl::StatusOr<Counts> counts = comparison.Run(options_.max_differences, &report);
  if (absl::IsCancelled(counts.status())) return absl::CancelledError("interrupted");
  if (!counts.ok()) return Named(absl::StrCat("could not compare table \"", table->name, "\""), counts.status());
  report.SetAwaited(table->awaited);
  verified->source_rows = counts->source;
  verified->mirror_rows = counts->mirror;
  verified->differing = counts->differing;
  verified->equal = counts->differing == 0;
  verified->details = report.Text();
  return absl::OkStatus();
}

absl::StatusOr<bool> Verifier::Next(VerifiedTable* verified) {
  if (next_ == tables_.size()) return false;
  const Wanted& wanted = tables_[next_++];
  const mirror::Progress& progress = mirror_->state.progress();
  *verified = VerifiedTable();
  verified->table = types::TargetName(wanted.state.schema, wanted.state.name);
  verified->schema = wanted.state.schema;
  verified->position = std::max(progress.position, wanted.state.from);
  verified->lsn = progress.lsn;
  RETURN_IF_ERROR(CompareTable(wanted, verified));
  return true;
}

}  // namespace deltamirror::verify
