// The floor of applying: the changes of a daystream, taken apart and decoded before the clock starts, through prepared
// single-row statements, committed where deltamirror commits.
//
//   apply_floor DAYSTREAM DATABASE JOURNAL_MODE BATCH CACHE_SIZE     prints the seconds from BEGIN to COMMIT of all
//
// The tables must be in the database. BATCH: records after which a commit line ends the SQLite transaction.
// CACHE_SIZE: as PRAGMA cache_size has it.

#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "daystream/reader.h"
#include "deltaflood/parser.h"
#include "deltaflood/relation.h"
#include "status/status_macros.h"
#include "types/mapping.h"
#include "types/value.h"

namespace deltamirror {
namespace {

using deltaflood::Action;

void Check(sqlite3* db, int rc) {
  if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW) return;
  std::fprintf(stderr, "apply_floor: %s\n", sqlite3_errmsg(db));
  std::exit(1);
}

struct Table {
  std::string name;
  types::Relation shape;
  std::vector<types::Mapping> mappings;
  sqlite3_stmt* insert = nullptr;
  sqlite3_stmt* update = nullptr;
  sqlite3_stmt* remove = nullptr;
};

struct Change {
  sqlite3_stmt* Table::*statement = nullptr;  // null: the commit of a source transaction
  Table* table = nullptr;
  size_t first = 0;  // of its values
  size_t count = 0;
};

struct Changes {
  std::map<std::string, std::unique_ptr<Table>, std::less<>> tables;
  std::vector<Change> changes;
  std::vector<types::Value> values;
  std::deque<std::string> texts;
};

types::Value Kept(const types::Value& value, std::deque<std::string>* texts) {
  if (value.kind() != types::Value::Kind::kText) return value;
  constexpr size_t kChunk = 4 << 20;
  const absl::string_view bytes = value.bytes();
  if (texts->empty() || texts->back().size() + bytes.size() > texts->back().capacity()) {
    texts->emplace_back().reserve(kChunk + bytes.size());
  }
  std::string& chunk = texts->back();
  chunk.append(bytes.data(), bytes.size());
  return types::Value::Text(absl::string_view(chunk).substr(chunk.size() - bytes.size()));
}

absl::Status TakeRelation(const deltaflood::Record& record, Changes* changes) {
  auto table = std::make_unique<Table>();
  table->name = std::string(record.table);
  ASSIGN_OR_RETURN(table->shape, deltaflood::ParseRelation(record));
  for (const types::Column& column : table->shape.columns) table->mappings.push_back(types::MappingFor(column));
  changes->tables[table->name] = std::move(table);
  return absl::OkStatus();
}

absl::Status TakeChange(const deltaflood::Record& record, types::Scratch* scratch, Changes* changes) {
  const auto found = changes->tables.find(record.table);
  if (found == changes->tables.end()) return absl::NotFoundError("a change before its table's relation line");
  Table& table = *found->second;
  Change change = {&Table::insert, &table, changes->values.size(), record.columns.size()};
  if (record.action == Action::kUpdate) change.statement = &Table::update;
  if (record.action == Action::kDelete) change.statement = &Table::remove;
  for (size_t i = 0; i < record.columns.size(); ++i) {
    types::Value value;
    RETURN_IF_ERROR(table.mappings[i].text(record.columns[i].value, *scratch, &value));
    changes->values.push_back(Kept(value, &changes->texts));
  }
  changes->changes.push_back(change);
  return absl::OkStatus();
}

absl::StatusOr<Changes> Read(const std::string& daystream) {
  Changes changes;
  ASSIGN_OR_RETURN(const std::unique_ptr<daystream::Reader> reader, daystream::Reader::Open(daystream, {}));
  deltaflood::Parser parser;
  deltaflood::Record record;
  types::Scratch scratch;
  daystream::Line line;
  while (true) {
    ASSIGN_OR_RETURN(const bool got, reader->Next(&line));
    if (!got) return changes;
    RETURN_IF_ERROR(parser.Parse(line.record_text, &record));
    if (record.action == Action::kRelation) {
      RETURN_IF_ERROR(TakeRelation(record, &changes));
    } else if (record.action == Action::kCommit) {
      changes.changes.push_back({});
    } else {
      RETURN_IF_ERROR(TakeChange(record, &scratch, &changes));
    }
  }
}

void Prepare(sqlite3* db, const std::string& sql, sqlite3_stmt** statement) {
  Check(db, sqlite3_prepare_v3(db, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, statement, nullptr));
}

// The workloads' first column is the key.
void PrepareAll(sqlite3* db, Table* table) {
  const std::string& key = table->shape.columns[0].name;
  std::string parameters, assignments;
  for (size_t i = 0; i < table->shape.columns.size(); ++i) {
    absl::StrAppend(&parameters, i == 0 ? "?" : ",?", i + 1);
    if (i > 0) absl::StrAppend(&assignments, i == 1 ? "" : ",", table->shape.columns[i].name, "=?", i + 1);
  }
  Prepare(db, absl::StrCat("INSERT INTO ", table->name, " VALUES(", parameters, ")"), &table->insert);
  Prepare(db, absl::StrCat("UPDATE ", table->name, " SET ", assignments, " WHERE ", key, "=?1"), &table->update);
  Prepare(db, absl::StrCat("DELETE FROM ", table->name, " WHERE ", key, "=?1"), &table->remove);
}

void Bind(sqlite3_stmt* statement, int index, const types::Value& value) {
  if (value.kind() == types::Value::Kind::kInteger) {
    sqlite3_bind_int64(statement, index, value.integer());
  } else if (value.kind() == types::Value::Kind::kReal) {
    sqlite3_bind_double(statement, index, value.real());
  } else {
    sqlite3_bind_text64(statement, index, value.bytes().data(), value.bytes().size(), SQLITE_STATIC, SQLITE_UTF8);
  }
}

double Apply(const Changes& changes, const char* database, const std::string& settings, int64_t batch) {
  sqlite3* db = nullptr;
  Check(db, sqlite3_open(database, &db));
  Check(db, sqlite3_exec(db, settings.c_str(), nullptr, nullptr, nullptr));
  for (const auto& [name, table] : changes.tables) PrepareAll(db, table.get());
  sqlite3_stmt *begin = nullptr, *commit = nullptr;
  Prepare(db, "BEGIN IMMEDIATE", &begin);
  Prepare(db, "COMMIT", &commit);
  const auto run = [db](sqlite3_stmt* statement) {
    Check(db, sqlite3_step(statement));
    sqlite3_reset(statement);
  };
  const auto began = std::chrono::steady_clock::now();
  int64_t records = 0;
  for (const Change& change : changes.changes) {
    if (records++ == 0) run(begin);
    if (change.statement != nullptr) {
      sqlite3_stmt* const statement = change.table->*change.statement;
      for (size_t i = 0; i < change.count; ++i)
        Bind(statement, static_cast<int>(i) + 1, changes.values[change.first + i]);
      run(statement);
    } else if (records >= batch) {
      run(commit);
      records = 0;
    }
  }
  if (records > 0) run(commit);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  for (sqlite3_stmt* next; (next = sqlite3_next_stmt(db, nullptr)) != nullptr;) sqlite3_finalize(next);
  sqlite3_close(db);
  return seconds;
}

}  // namespace
}  // namespace deltamirror

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: apply_floor DAYSTREAM DATABASE JOURNAL_MODE BATCH CACHE_SIZE\n");
    return 2;
  }
  const absl::StatusOr<deltamirror::Changes> changes = deltamirror::Read(argv[1]);
  if (!changes.ok()) {
    std::fprintf(stderr, "apply_floor: %s\n", std::string(changes.status().message()).c_str());
    return 1;
  }
  const std::string settings = absl::StrCat("PRAGMA journal_mode = ", argv[3], "; PRAGMA cache_size = ", argv[5]);
  std::printf("%.3f\n", deltamirror::Apply(*changes, argv[2], settings, std::atoll(argv[4])));
  return 0;
}
