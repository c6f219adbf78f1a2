#include "mirror/state.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mirror/shape_json.h"
#include "quote/quote.h"
#include "status/status_macros.h"
#include "types/lsn.h"

namespace deltamirror::mirror {
namespace {

using Json = nlohmann::ordered_json;
using sqlite::Statement;

constexpr char kStateColumns[] = R"((
  id INTEGER PRIMARY KEY CHECK (id = 1),
  arguments TEXT NOT NULL,
  identity TEXT,
  clock INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  lsn TEXT,
  commit_time INTEGER,
  has_commits INTEGER NOT NULL,
  number INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  last_error TEXT,
  from_clock INTEGER NOT NULL,
  from_seq INTEGER NOT NULL,
  coverage TEXT
))";

constexpr char kTableColumns[] = R"((
  id INTEGER PRIMARY KEY,
  schema TEXT NOT NULL,
  name TEXT NOT NULL,
  target TEXT NOT NULL,
  relid INTEGER NOT NULL,
  shape TEXT NOT NULL,
  overrides TEXT NOT NULL,
  bootstrapped INTEGER NOT NULL,
  state TEXT NOT NULL,
  last_error TEXT,
  inserts INTEGER NOT NULL,
  updates INTEGER NOT NULL,
  deletes INTEGER NOT NULL,
  truncates INTEGER NOT NULL,
  skipped INTEGER NOT NULL,
  clock INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  lsn TEXT,
  from_clock INTEGER NOT NULL,
  from_seq INTEGER NOT NULL,
  handover TEXT,
  UNIQUE (schema, name)
))";

// "" and 0 are kept as NULL where the column says "nothing known".
void BindTextOrNull(Statement& statement, int index, absl::string_view text) {
  if (text.empty()) return statement.BindNull(index);
  statement.BindText(index, text);
}

uint64_t LsnOrZero(const Statement& row, int column) {
  if (row.ColumnIsNull(column)) return 0;
  return types::ParseLsn(row.ColumnText(column)).value_or(0);
}

std::string IdentityToJson(const daystream::SourceInfo& info) {
  return Json({{"system_identifier", info.system_identifier},
               {"timeline", info.timeline},
               {"database", info.database},
               {"slot", info.slot},
               {"plugin", info.plugin},
               {"began", info.began}})
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<daystream::SourceInfo> IdentityFromJson(absl::string_view text) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  const auto is_text = [&json](const char* key) { return json.contains(key) && json[key].is_string(); };
  if (!json.is_object() || !is_text("system_identifier") || !is_text("database") || !is_text("slot")) {
    return absl::DataLossError(absl::StrCat("cannot read the identity of a daystream, \"", text, "\""));
  }
  daystream::SourceInfo info;
  info.system_identifier = json["system_identifier"].get<std::string>();
  info.database = json["database"].get<std::string>();
  info.slot = json["slot"].get<std::string>();
  if (is_text("plugin")) info.plugin = json["plugin"].get<std::string>();
  if (json.contains("timeline") && json["timeline"].is_number_integer()) info.timeline = json["timeline"];
  if (json.contains("began") && json["began"].is_number_integer()) info.began = json["began"];
  return info;
}

std::string OverridesToJson(const TableState& table) {
  Json json = Json::object();
  for (const auto& [type, target] : table.overrides) json[type] = target;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void OverridesFromJson(absl::string_view text, TableState* table) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return;
  for (const auto& [type, target] : json.items()) {
    if (target.is_string()) table->overrides.emplace_back(type, target.get<std::string>());
  }
}

}  // namespace

absl::StatusOr<State> State::Create(sqlite3* db, const MirrorName& name, const Settings& settings) {
  RETURN_IF_ERROR(sqlite::Execute(db, absl::StrCat("CREATE TABLE ", name.Quoted("_state"), kStateColumns)));
  RETURN_IF_ERROR(sqlite::Execute(db, absl::StrCat("CREATE TABLE ", name.Quoted("_table"), kTableColumns)));
  ASSIGN_OR_RETURN(
      Statement insert,
      Statement::Prepare(db, absl::StrCat("INSERT INTO ", name.Quoted("_state"),
                                          " (id, arguments, clock, seq, has_commits, number, generation, from_clock,"
                                          " from_seq) VALUES (1, ?1, ?2, ?3, 0, 0, 0, ?2, ?3)")));
  const std::string arguments = settings.ToJson();
  insert.BindText(1, arguments);
  insert.BindInt64(2, daystream::kBeforeAll.clock);
  insert.BindInt64(3, daystream::kBeforeAll.seq);
  RETURN_IF_ERROR(insert.Run());
  return Load(db, name);
}

absl::StatusOr<State> State::Load(sqlite3* db, const MirrorName& name) {
  State state(db, name);
  RETURN_IF_ERROR(state.LoadRow());
  RETURN_IF_ERROR(state.LoadTables());
  return state;
}

absl::Status State::Drop(sqlite3* db, const MirrorName& name) {
  RETURN_IF_ERROR(sqlite::Execute(db, absl::StrCat("DROP TABLE IF EXISTS ", name.Quoted("_table"))));
  return sqlite::Execute(db, absl::StrCat("DROP TABLE IF EXISTS ", name.Quoted("_state")));
}

absl::Status State::Rename(sqlite3* db, const MirrorName& name, absl::string_view new_name) {
  for (const char* suffix : {"_state", "_table"}) {
    RETURN_IF_ERROR(sqlite::Execute(db, absl::StrCat("ALTER TABLE ", name.Quoted(suffix), " RENAME TO ",
                                                     QuoteIdentifier(absl::StrCat(new_name, suffix)))));
  }
  return absl::OkStatus();
}

absl::Status State::LoadRow() {
  ASSIGN_OR_RETURN(Statement query,
                   Statement::Prepare(db_, absl::StrCat("SELECT arguments, identity, clock, seq, lsn,"
                                                        " commit_time, has_commits, number, generation,"
                                                        " last_error, from_clock, from_seq, coverage FROM ",
                                                        name_.Quoted("_state"), " WHERE id = 1")));
  ASSIGN_OR_RETURN(const bool row, query.Step());
  if (!row) return absl::DataLossError(absl::StrCat("the table ", name_.Quoted("_state"), " has no row"));
  ASSIGN_OR_RETURN(settings_, Settings::FromJson(query.ColumnText(0)));
  if (!query.ColumnIsNull(1)) {
    ASSIGN_OR_RETURN(identity_, IdentityFromJson(query.ColumnText(1)));
  }
  progress_.position = {query.ColumnInt64(2), query.ColumnInt64(3)};
  progress_.lsn = LsnOrZero(query, 4);
  progress_.commit_time = query.ColumnInt64(5);
  progress_.has_commits = query.ColumnInt64(6) != 0;
  progress_.number = static_cast<uint64_t>(query.ColumnInt64(7));
  saved_progress_ = progress_;
  generation_ = query.ColumnInt64(8);
  last_error_ = std::string(query.ColumnText(9));
  met_all_until_ = {query.ColumnInt64(10), query.ColumnInt64(11)};
  ASSIGN_OR_RETURN(coverage_, Coverage::FromJson(query.ColumnText(12)));
  return absl::OkStatus();
}

absl::Status State::LoadTables() {
  ASSIGN_OR_RETURN(Statement query,
                   Statement::Prepare(db_, absl::StrCat("SELECT id, schema, name, target, shape, overrides,"
                                                        " bootstrapped, state, last_error, inserts, updates, deletes,"
                                                        " truncates, skipped, clock, seq, lsn, from_clock, from_seq,"
                                                        " handover FROM ",
                                                        name_.Quoted("_table"), " ORDER BY id")));
  while (true) {
    ASSIGN_OR_RETURN(const bool row, query.Step());
    if (!row) return absl::OkStatus();
    TableState table;
    table.id = query.ColumnInt64(0);
    table.schema = std::string(query.ColumnText(1));
    table.name = std::string(query.ColumnText(2));
    table.target = std::string(query.ColumnText(3));
    ASSIGN_OR_RETURN(table.relation, RelationFromJson(query.ColumnText(4)));
    table.relation.schema = table.schema;
    table.relation.table = table.name;
    OverridesFromJson(query.ColumnText(5), &table);
    table.bootstrapped = query.ColumnInt64(6) != 0;
    table.status = StatusNamed(query.ColumnText(7));
    table.last_error = std::string(query.ColumnText(8));
    table.counters = {query.ColumnInt64(9), query.ColumnInt64(10), query.ColumnInt64(11), query.ColumnInt64(12),
                      query.ColumnInt64(13)};
    table.position = {query.ColumnInt64(14), query.ColumnInt64(15)};
    table.lsn = LsnOrZero(query, 16);
    table.from = {query.ColumnInt64(17), query.ColumnInt64(18)};
    table.handover = std::string(query.ColumnText(19));
    tables_.push_back(std::move(table));
  }
}

TableState* State::FindTable(absl::string_view schema, absl::string_view name) {
  if (schema.empty()) schema = "public";
  for (TableState& table : tables_) {
    if (table.schema == schema && table.name == name) return &table;
  }
  return nullptr;
}

TableState* State::FindRelid(uint32_t relid) {
  for (TableState& table : tables_) {
    if (relid != 0 && table.relation.relid == relid) return &table;
  }
  return nullptr;
}

absl::StatusOr<TableState*> State::AddTable(TableState table) {
  if (table.schema.empty()) table.schema = "public";
  table.relation.schema = table.schema;
  table.relation.table = table.name;
  ++generation_;
  TableState* place = FindTable(table.schema, table.name);
  if (place != nullptr) {
    table.id = place->id;
    *place = std::move(table);
  } else {
    place = &tables_.emplace_back(std::move(table));
    RETURN_IF_ERROR(InsertTable(place));
  }
  RETURN_IF_ERROR(SaveTable(*place));
  RETURN_IF_ERROR(SaveProgress());
  return place;
}

absl::Status State::InsertTable(TableState* table) {
  ASSIGN_OR_RETURN(Statement insert,
                   Statement::Prepare(db_, absl::StrCat("INSERT INTO ", name_.Quoted("_table"),
                                                        " VALUES (NULL, ?, ?, '', 0, '', '', 0, '', NULL, 0, 0, 0, 0,"
                                                        " 0, 0, 0, NULL, 0, 0, NULL) RETURNING id")));
  insert.BindText(1, table->schema);
  insert.BindText(2, table->name);
  ASSIGN_OR_RETURN(const bool row, insert.Step());
  if (!row) return absl::InternalError("an INSERT ... RETURNING gave no row");
  table->id = insert.ColumnInt64(0);
  return absl::OkStatus();
}

void State::SetBack(daystream::Position start) {
  const daystream::Position before = {start.clock, start.seq - 1};
  if (progress_.position <= before) return;
  for (TableState& table : tables_) table.from = std::max(table.from, progress_.position);
  met_all_until_ = std::max(met_all_until_, progress_.position);
  progress_.position = before;
  // A commit that lies behind the new position is not a resent one.
  progress_.lsn = 0;
  progress_.number = 0;
  ++generation_;
}

absl::Status State::SaveProgress() {
  if (!save_progress_) {
    ASSIGN_OR_RETURN(save_progress_,
                     Statement::Prepare(db_,
                                        absl::StrCat("UPDATE ", name_.Quoted("_state"),
                                                     " SET identity = ?, clock = ?, seq = ?, lsn = ?,"
                                                     " commit_time = ?, has_commits = ?, number = ?, generation = ?,"
                                                     " last_error = ?, from_clock = ?, from_seq = ?, coverage = ?"
                                                     " WHERE id = 1"),
                                        Statement::kPersistent));
  }
  const std::string identity = identity_ ? IdentityToJson(*identity_) : "";
  const std::string lsn = progress_.lsn == 0 ? "" : types::FormatLsn(progress_.lsn);
  BindTextOrNull(save_progress_, 1, identity);
  save_progress_.BindInt64(2, progress_.position.clock);
  save_progress_.BindInt64(3, progress_.position.seq);
  BindTextOrNull(save_progress_, 4, lsn);
  if (progress_.commit_time == 0) {
    save_progress_.BindNull(5);
  } else {
    save_progress_.BindInt64(5, progress_.commit_time);
  }
  save_progress_.BindInt64(6, progress_.has_commits ? 1 : 0);
  save_progress_.BindInt64(7, static_cast<int64_t>(progress_.number));
  save_progress_.BindInt64(8, generation_);
  BindTextOrNull(save_progress_, 9, last_error_);
  save_progress_.BindInt64(10, met_all_until_.clock);
  save_progress_.BindInt64(11, met_all_until_.seq);
  const std::string coverage = coverage_.ToJson();
  BindTextOrNull(save_progress_, 12, coverage);
  RETURN_IF_ERROR(save_progress_.Run());
  saved_progress_ = progress_;
  return absl::OkStatus();
}

absl::Status State::SaveTable(const TableState& table) {
  ASSIGN_OR_RETURN(Statement save, Statement::Prepare(db_, absl::StrCat("UPDATE ", name_.Quoted("_table"),
                                                                        " SET schema = ?, name = ?, target = ?,"
                                                                        " relid = ?, shape = ?, overrides = ?,"
                                                                        " bootstrapped = ? WHERE id = ?")));
  const std::string shape = RelationToJson(table.relation);
  const std::string overrides = OverridesToJson(table);
  save.BindText(1, table.schema);
  save.BindText(2, table.name);
  save.BindText(3, table.target);
  save.BindInt64(4, table.relation.relid);
  save.BindText(5, shape);
  save.BindText(6, overrides);
  save.BindInt64(7, table.bootstrapped ? 1 : 0);
  save.BindInt64(8, table.id);
  RETURN_IF_ERROR(save.Run());
  return SaveCounters(table);
}

absl::Status State::SaveCounters(const TableState& table) {
  if (!save_counters_) {
    ASSIGN_OR_RETURN(save_counters_,
                     Statement::Prepare(db_,
                                        absl::StrCat("UPDATE ", name_.Quoted("_table"),
                                                     " SET state = ?, last_error = ?, inserts = ?, updates = ?,"
                                                     " deletes = ?, truncates = ?, skipped = ?, clock = ?,"
                                                     " seq = ?, lsn = ?, from_clock = ?, from_seq = ?,"
                                                     " handover = ? WHERE id = ?"),
                                        Statement::kPersistent));
  }
  const std::string lsn = table.lsn == 0 ? "" : types::FormatLsn(table.lsn);
  Statement& save = save_counters_;
  int index = 0;
  save.BindText(++index, StatusName(table.status));
  BindTextOrNull(save, ++index, table.last_error);
  const Counters& counters = table.counters;
  for (const int64_t count :
       {counters.inserts, counters.updates, counters.deletes, counters.truncates, counters.skipped}) {
    save.BindInt64(++index, count);
  }
  save.BindInt64(++index, table.position.clock);
  save.BindInt64(++index, table.position.seq);
  BindTextOrNull(save, ++index, lsn);
  save.BindInt64(++index, table.from.clock);
  save.BindInt64(++index, table.from.seq);
  BindTextOrNull(save, ++index, table.handover);
  save.BindInt64(++index, table.id);
  return save.Run();
}

absl::Status State::SaveAll() {
  for (const TableState& table : tables_) RETURN_IF_ERROR(SaveTable(table));
  return SaveProgress();
}

absl::StatusOr<bool> State::IsCurrent() {
  if (!probe_) {
    ASSIGN_OR_RETURN(
        probe_, Statement::Prepare(
                    db_, absl::StrCat("SELECT generation, clock, seq FROM ", name_.Quoted("_state"), " WHERE id = 1"),
                    Statement::kPersistent));
  }
  ASSIGN_OR_RETURN(const bool row, probe_.Step());
  const bool current = row && probe_.ColumnInt64(0) == generation_ &&
                       daystream::Position{probe_.ColumnInt64(1), probe_.ColumnInt64(2)} == saved_progress_.position;
  probe_.Reset();
  return current;
}

}  // namespace deltamirror::mirror
