// The target's floors of an import: the decoded rows, held in memory, into a table in one transaction: each through a
// prepared single-row INSERT, and all of them through one INSERT ... SELECT from a virtual table. Reading and decoding
// are done before the clock starts. And both floors at once, as an import has them: the second of these while the
// server sends the table once more, which is thrown away.
//
//   import_floor CONNINFO TABLE DATABASE JOURNAL_MODE KEY
//
// KEY: the column of the primary key, or "" for none. Prints the seconds of each of the three, with a TAB between them:
// from opening the database, which is a new one each time, to closing it (and to the end of what the server sends).

#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "copy/binary_rows.h"
#include "copy/source.h"
#include "postgres/connection.h"
#include "postgres/copy_out.h"
#include "quote/quote.h"
#include "status/status_macros.h"
#include "types/value.h"

namespace deltamirror {
namespace {

constexpr size_t kBlockSize = 4 << 20;

struct Table {
  std::vector<copy::Field> fields;
  std::deque<std::string> blocks;    // what the server sent
  std::deque<std::string> scratch;   // values that do not stand in the blocks, kChunk of them in a row
  std::vector<types::Value> values;  // row by row
};

// Keeps the bytes of a value that stands in the decoder's scratch memory.
types::Value Kept(const types::Value& value, const types::Scratch& scratch, Table* table) {
  const bool text = value.kind() == types::Value::Kind::kText;
  if (!text && value.kind() != types::Value::Kind::kBlob) return value;
  const absl::string_view bytes = value.bytes();
  if (bytes.data() < scratch.data() || bytes.data() > scratch.data() + scratch.size()) return value;
  std::string& arena = table->scratch.back();
  if (arena.size() + bytes.size() > arena.capacity()) {
    table->scratch.emplace_back().reserve(kBlockSize + bytes.size());
    return Kept(value, scratch, table);
  }
  arena.append(bytes.data(), bytes.size());
  const absl::string_view kept = absl::string_view(arena).substr(arena.size() - bytes.size());
  return text ? types::Value::Text(kept) : types::Value::Blob(kept);
}

absl::Status Decode(Table* table) {
  copy::BinaryRows rows(table->fields.size());
  copy::Fields row;
  types::Scratch scratch;
  table->scratch.emplace_back().reserve(kBlockSize);
  for (const std::string& block : table->blocks) {
    rows.SetBlock(block);
    while (true) {
      ASSIGN_OR_RETURN(const bool more, rows.Next(&row));
      if (!more) break;
      for (size_t i = 0; i < row.size(); ++i) {
        types::Value value;
        if (row[i].data() != nullptr) RETURN_IF_ERROR(table->fields[i].mapping.binary(row[i], scratch, &value));
        table->values.push_back(Kept(value, scratch, table));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status Read(const std::string& conninfo, const std::string& name, Table* table) {
  ASSIGN_OR_RETURN(postgres::Connection connection, postgres::Connection::Open(conninfo, {}));
  ASSIGN_OR_RETURN(const copy::Source source, copy::DescribeSource(connection, name));
  table->fields = copy::AllFields(source, {});
  ASSIGN_OR_RETURN(const std::string sql, copy::CopyStatement(connection, source, &table->fields));
  ASSIGN_OR_RETURN(postgres::CopyOut out, postgres::CopyOut::Begin(&connection, sql));
  const std::atomic<bool> stop = false;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, out.Read(kBlockSize, stop, &table->blocks.emplace_back()));
    if (!more) break;
  }
  return Decode(table);
}

void Bind(sqlite3_stmt* statement, int index, const types::Value& value) {
  const absl::string_view bytes = value.kind() >= types::Value::Kind::kText ? value.bytes() : absl::string_view();
  switch (value.kind()) {
    case types::Value::Kind::kNull:
      sqlite3_bind_null(statement, index);
      break;
    case types::Value::Kind::kInteger:
      sqlite3_bind_int64(statement, index, value.integer());
      break;
    case types::Value::Kind::kReal:
      sqlite3_bind_double(statement, index, value.real());
      break;
    case types::Value::Kind::kText:
      sqlite3_bind_text64(statement, index, bytes.data(), bytes.size(), SQLITE_STATIC, SQLITE_UTF8);
      break;
    case types::Value::Kind::kBlob:
      sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), SQLITE_STATIC);
      break;
  }
}

void Check(sqlite3* db, int rc) {
  if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW) return;
  std::fprintf(stderr, "import_floor: %s\n", sqlite3_errmsg(db));
  std::exit(1);
}

void InsertEach(sqlite3* db, const Table& table, const std::string& parameters) {
  sqlite3_stmt* insert = nullptr;
  Check(db,
        sqlite3_prepare_v2(db, absl::StrCat("INSERT INTO t VALUES (", parameters, ")").c_str(), -1, &insert, nullptr));
  const size_t width = table.fields.size();
  for (size_t at = 0; at < table.values.size(); at += width) {
    for (size_t i = 0; i < width; ++i) Bind(insert, static_cast<int>(i) + 1, table.values[at + i]);
    Check(db, sqlite3_step(insert));
    sqlite3_reset(insert);
  }
  sqlite3_finalize(insert);
}

// The virtual table "rows": the least that gives SQLite the values.
struct RowsTable {
  sqlite3_vtab base;
  const Table* table;
};
struct RowsCursor {
  sqlite3_vtab_cursor base;
  size_t at;
};

const Table& TableOf(sqlite3_vtab_cursor* cursor) {
  return *reinterpret_cast<RowsTable*>(cursor->pVtab)->table;
}

int ConnectRows(sqlite3* db, void* table, int, const char* const*, sqlite3_vtab** out, char**) {
  *out = &(new RowsTable{{}, static_cast<const Table*>(table)})->base;
  std::string columns;
  for (size_t i = 0; i < static_cast<const Table*>(table)->fields.size(); ++i) {
    absl::StrAppend(&columns, i == 0 ? "" : ", ", "c", i);
  }
  return sqlite3_declare_vtab(db, absl::StrCat("CREATE TABLE x(", columns, ")").c_str());
}

void GiveResult(sqlite3_context* context, const types::Value& value) {
  switch (value.kind()) {
    case types::Value::Kind::kNull:
      break;
    case types::Value::Kind::kInteger:
      return sqlite3_result_int64(context, value.integer());
    case types::Value::Kind::kReal:
      return sqlite3_result_double(context, value.real());
    case types::Value::Kind::kText:
      return sqlite3_result_text64(context, value.bytes().data(), value.bytes().size(), SQLITE_STATIC, SQLITE_UTF8);
    case types::Value::Kind::kBlob:
      return sqlite3_result_blob64(context, value.bytes().data(), value.bytes().size(), SQLITE_STATIC);
  }
}

sqlite3_module RowsModule() {
  sqlite3_module module = {};
  module.xConnect = ConnectRows;
  module.xDisconnect = [](sqlite3_vtab* table) {
    delete reinterpret_cast<RowsTable*>(table);
    return SQLITE_OK;
  };
  module.xBestIndex = [](sqlite3_vtab*, sqlite3_index_info*) { return SQLITE_OK; };
  module.xOpen = [](sqlite3_vtab*, sqlite3_vtab_cursor** out) {
    *out = &(new RowsCursor{})->base;
    return SQLITE_OK;
  };
  module.xClose = [](sqlite3_vtab_cursor* cursor) {
    delete reinterpret_cast<RowsCursor*>(cursor);
    return SQLITE_OK;
  };
  module.xFilter = [](sqlite3_vtab_cursor*, int, const char*, int, sqlite3_value**) { return SQLITE_OK; };
  module.xNext = [](sqlite3_vtab_cursor* cursor) {
    reinterpret_cast<RowsCursor*>(cursor)->at += TableOf(cursor).fields.size();
    return SQLITE_OK;
  };
  module.xEof = [](sqlite3_vtab_cursor* cursor) {
    return reinterpret_cast<RowsCursor*>(cursor)->at >= TableOf(cursor).values.size() ? 1 : 0;
  };
  module.xColumn = [](sqlite3_vtab_cursor* cursor, sqlite3_context* context, int column) {
    GiveResult(context, TableOf(cursor).values[reinterpret_cast<RowsCursor*>(cursor)->at + column]);
    return SQLITE_OK;
  };
  module.xRowid = [](sqlite3_vtab_cursor*, sqlite3_int64*) { return SQLITE_ERROR; };
  return module;
}

void InsertAll(sqlite3* db, Table* table) {
  static const sqlite3_module kModule = RowsModule();
  Check(db, sqlite3_create_module(db, "rows", &kModule, table));
  Check(db, sqlite3_exec(db, "INSERT INTO t SELECT * FROM rows", nullptr, nullptr, nullptr));
}

double Insert(Table* table, const std::string& database, const std::string& journal_mode, const std::string& key,
              bool at_once) {
  for (const char* const suffix : {"", "-journal", "-wal", "-shm"}) std::remove((database + suffix).c_str());
  const auto begin = std::chrono::steady_clock::now();
  sqlite3* db = nullptr;
  Check(db, sqlite3_open(database.c_str(), &db));
  Check(db, sqlite3_exec(db, absl::StrCat("PRAGMA journal_mode = ", journal_mode).c_str(), nullptr, nullptr, nullptr));
  std::string columns;
  std::string parameters;
  for (const copy::Field& field : table->fields) {
    absl::StrAppend(&columns, columns.empty() ? "" : ", ", QuoteIdentifier(field.name), " ", field.mapping.declared);
    absl::StrAppend(&parameters, parameters.empty() ? "?" : ", ?");
  }
  if (!key.empty()) absl::StrAppend(&columns, ", PRIMARY KEY (", QuoteIdentifier(key), ")");
  Check(db, sqlite3_exec(db, absl::StrCat("BEGIN IMMEDIATE; CREATE TABLE t (", columns, ")").c_str(), nullptr, nullptr,
                         nullptr));
  if (at_once) {
    InsertAll(db, table);
  } else {
    InsertEach(db, *table, parameters);
  }
  Check(db, sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr));
  sqlite3_close(db);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

absl::Status ThrowAway(postgres::Connection* connection, const std::string& sql) {
  ASSIGN_OR_RETURN(postgres::CopyOut out, postgres::CopyOut::Begin(connection, sql));
  const std::atomic<bool> stop = false;
  while (true) {
    std::string block;
    ASSIGN_OR_RETURN(const bool more, out.Read(kBlockSize, stop, &block));
    if (!more) return absl::OkStatus();
  }
}

absl::StatusOr<double> InsertBesideCopy(Table* table, char** arguments) {
  const std::string name = arguments[2];
  ASSIGN_OR_RETURN(postgres::Connection connection, postgres::Connection::Open(arguments[1], {}));
  ASSIGN_OR_RETURN(const copy::Source source, copy::DescribeSource(connection, name));
  ASSIGN_OR_RETURN(const std::string sql, copy::CopyStatement(connection, source, &table->fields));
  const auto begin = std::chrono::steady_clock::now();
  absl::Status read;
  std::thread reader([&] { read = ThrowAway(&connection, sql); });
  Insert(table, arguments[3], arguments[4], arguments[5], /*at_once=*/true);
  reader.join();
  RETURN_IF_ERROR(read);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

absl::Status Run(char** arguments) {
  Table table;
  RETURN_IF_ERROR(Read(arguments[1], arguments[2], &table));
  const double each = Insert(&table, arguments[3], arguments[4], arguments[5], /*at_once=*/false);
  const double at_once = Insert(&table, arguments[3], arguments[4], arguments[5], /*at_once=*/true);
  ASSIGN_OR_RETURN(const double both, InsertBesideCopy(&table, arguments));
  std::printf("%.3f\t%.3f\t%.3f\n", each, at_once, both);
  return absl::OkStatus();
}

}  // namespace
}  // namespace deltamirror

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: import_floor CONNINFO TABLE DATABASE JOURNAL_MODE KEY\n");
    return 2;
  }
  const absl::Status status = deltamirror::Run(argv);
  if (status.ok()) return 0;
  std::fprintf(stderr, "import_floor: %s\n", std::string(status.message()).c_str());
  return 1;
}
