#include "sqlite/table_function.h"

#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sqlite/error.h"
#include "status/named.h"

namespace deltamirror::sqlite {
namespace {

// What the module holds.
struct Registration {
  sqlite3* db;
  const TableFunction* function;
};

struct Table {
  sqlite3_vtab base;
  const Registration* registration;
};

struct Cursor {
  sqlite3_vtab_cursor base;
  std::unique_ptr<TableRows> rows;  // null behind the last row
  sqlite3_int64 rowid;
};

const TableFunction& FunctionOf(sqlite3_vtab* base) {
  return *reinterpret_cast<Table*>(base)->registration->function;
}

int Fail(sqlite3_vtab_cursor* base, const absl::Status& status) {
  return VtabError(base->pVtab, Named(FunctionOf(base->pVtab).name, status));
}

int Connect(sqlite3* db, void* registration, int, const char* const*, sqlite3_vtab** out, char**) {
  auto* table = new (std::nothrow) Table{{}, static_cast<const Registration*>(registration)};
  if (table == nullptr) return SQLITE_NOMEM;
  int rc = sqlite3_declare_vtab(db, FunctionOf(&table->base).schema);
  // Rationale: these functions connect, read files and write, with the rights of whoever runs the host.
  if (rc == SQLITE_OK) rc = sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
  if (rc == SQLITE_OK) {
    *out = &table->base;
  } else {
    delete table;
  }
  return rc;
}

int Disconnect(sqlite3_vtab* base) {
  delete reinterpret_cast<Table*>(base);
  return SQLITE_OK;
}

int Open(sqlite3_vtab*, sqlite3_vtab_cursor** out) {
  auto* cursor = new (std::nothrow) Cursor{};
  if (cursor == nullptr) return SQLITE_NOMEM;
  *out = &cursor->base;
  return SQLITE_OK;
}

int Close(sqlite3_vtab_cursor* base) {
  delete reinterpret_cast<Cursor*>(base);
  return SQLITE_OK;
}

int Next(sqlite3_vtab_cursor* base) {
  auto* cursor = reinterpret_cast<Cursor*>(base);
  const absl::StatusOr<bool> got = cursor->rows->Next();
  if (!got.ok()) return Fail(base, got.status());
  ++cursor->rowid;
  if (!*got) cursor->rows.reset();
  return SQLITE_OK;
}

int Filter(sqlite3_vtab_cursor* base, int given, const char*, int count, sqlite3_value** values) {
  auto* cursor = reinterpret_cast<Cursor*>(base);
  const Registration& registration = *reinterpret_cast<Table*>(base->pVtab)->registration;
  // The one before may hold what this one needs.
  cursor->rows.reset();
  cursor->rowid = 0;
  if (registration.function->needed > 0 && count == 0) {
    return Fail(base, absl::InvalidArgumentError(registration.function->usage));
  }
  absl::StatusOr<std::unique_ptr<TableRows>> rows =
      registration.function->open(registration.db, Arguments(given, values));
  if (!rows.ok()) return Fail(base, rows.status());
  cursor->rows = *std::move(rows);
  return Next(base);
}

int Eof(sqlite3_vtab_cursor* base) {
  return reinterpret_cast<Cursor*>(base)->rows == nullptr ? 1 : 0;
}

int Column(sqlite3_vtab_cursor* base, sqlite3_context* context, int column) {
  const absl::Status status = reinterpret_cast<Cursor*>(base)->rows->Column(column, context);
  return status.ok() ? SQLITE_OK : Fail(base, status);
}

int Rowid(sqlite3_vtab_cursor* base, sqlite3_int64* rowid) {
  *rowid = reinterpret_cast<Cursor*>(base)->rowid;
  return SQLITE_OK;
}

int PlanArguments(const TableFunction& function, sqlite3_index_info* info) {
  constexpr int kMostArguments = 8;
  int constraints[kMostArguments];
  for (int& constraint : constraints) constraint = -1;
  for (int i = 0; i < info->nConstraint; ++i) {
    const auto& constraint = info->aConstraint[i];
    const int place = constraint.iColumn - function.first_argument;
    if (place < 0 || place >= function.arguments || constraint.op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    // By a table that comes later in this plan: another plan has it.
    if (constraint.usable == 0) return SQLITE_CONSTRAINT;
    constraints[place] = i;
  }
  for (int place = 0; place < function.needed; ++place) {
    if (constraints[place] < 0) return PlanWithoutArguments(info);
  }
  int next = 1;
  for (int place = 0; place < function.arguments; ++place) {
    if (constraints[place] < 0) continue;
    info->idxNum |= 1 << place;
    info->aConstraintUsage[constraints[place]].argvIndex = next++;
    info->aConstraintUsage[constraints[place]].omit = 1;
  }
  info->estimatedRows = function.rows;
  info->estimatedCost = static_cast<double>(function.rows);
  return SQLITE_OK;
}

int BestIndex(sqlite3_vtab* base, sqlite3_index_info* info) {
  const TableFunction& function = FunctionOf(base);
  return function.plan != nullptr ? function.plan(info) : PlanArguments(function, info);
}

void Destroy(void* data) {
  const std::unique_ptr<Registration> registration(static_cast<Registration*>(data));
  if (registration->function->close != nullptr) registration->function->close(registration->db);
}

constexpr sqlite3_module Module(bool temporary) {
  return {
      .iVersion = 0,
      // Without it a table needs no CREATE and cannot have one.
      .xCreate = temporary ? Connect : nullptr,
      .xConnect = Connect,
      .xBestIndex = BestIndex,
      .xDisconnect = Disconnect,
      .xDestroy = Disconnect,
      .xOpen = Open,
      .xClose = Close,
      .xFilter = Filter,
      .xNext = Next,
      .xEof = Eof,
      .xColumn = Column,
      .xRowid = Rowid,
  };
}
constexpr sqlite3_module kEponymous = Module(false);
constexpr sqlite3_module kTemporary = Module(true);

}  // namespace

sqlite3_value* Arguments::Value(int place) const {
  if ((given_ & 1 << place) == 0) return nullptr;
  int index = 0;
  for (int i = 0; i < place; ++i) index += given_ >> i & 1;
  return values_[index];
}

std::optional<std::string> Arguments::OptionalText(int place) const {
  sqlite3_value* value = Value(place);
  const auto* text = value == nullptr ? nullptr : reinterpret_cast<const char*>(sqlite3_value_text(value));
  if (text == nullptr) return std::nullopt;
  return std::string(text, static_cast<size_t>(sqlite3_value_bytes(value)));
}

std::string Arguments::Text(int place) const {
  return OptionalText(place).value_or("");
}

int RegisterTableFunction(sqlite3* db, const TableFunction& function) {
  auto* registration = new (std::nothrow) Registration{db, &function};
  if (registration == nullptr) return SQLITE_NOMEM;
  const sqlite3_module& module = function.temporary ? kTemporary : kEponymous;
  const int rc = sqlite3_create_module_v2(db, function.name, &module, registration, Destroy);
  if (rc != SQLITE_OK || !function.temporary) return rc;
  const std::string create =
      absl::StrCat("CREATE VIRTUAL TABLE IF NOT EXISTS temp.", function.name, " USING ", function.name);
  sqlite3_exec(db, create.c_str(), nullptr, nullptr, nullptr);
  return SQLITE_OK;
}

int PlanWithoutArguments(sqlite3_index_info* info) {
  info->estimatedCost = 1e50;
  return SQLITE_OK;
}

}  // namespace deltamirror::sqlite
