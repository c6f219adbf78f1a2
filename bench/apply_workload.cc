// Writes a daystream for bench/apply: changes of one shape, and beside it the tables that they are for.
//
//   apply_workload SHAPE CHANGES DIRECTORY
//       DIRECTORY/daystream: the log, stamped and laid out by deltastream's own writer
//       DIRECTORY/schema.sql: CREATE TABLE ..., for SQLite
//
// Shapes, each with a relation line before a table's first change:
//
// - bulk: three transactions on a table of four columns, keys in order: 40 % inserts, 30 % updates, 30 % deletes
// - random: the same with keys in no order
// - indexed: as bulk, with two further indexes
// - small: a change a transaction: inserts, updates and deletes in turn
// - wide: as bulk, with 40 columns of five types
// - many, which is tables50: fifty tables in turn, twenty changes a transaction; tables10, tables1

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "daystream/writer.h"
#include "deltaflood/format.h"
#include "status/status_macros.h"

namespace deltamirror {
namespace {

constexpr size_t kFlushAt = 200 << 10;

struct Shape {
  absl::string_view name;
  int tables = 1;
  int columns = 4;  // the key among them
  bool random_keys = false;
  bool indexes = false;
  int changes_a_transaction = 0;  // 0: three transactions
};

constexpr Shape kShapes[] = {
    {.name = "bulk"},
    {.name = "random", .random_keys = true},
    {.name = "indexed", .indexes = true},
    {.name = "small", .changes_a_transaction = 1},
    {.name = "wide", .columns = 40},
    {.name = "many", .tables = 50, .changes_a_transaction = 20},
    {.name = "tables1", .tables = 1, .changes_a_transaction = 20},
    {.name = "tables10", .tables = 10, .changes_a_transaction = 20},
    {.name = "tables50", .tables = 50, .changes_a_transaction = 20},
};

struct Type {
  const char* postgres;
  int oid;
  const char* sqlite;
};

// Of the columns behind the key, in turn.
constexpr Type kTypes[] = {{"text", 25, "TEXT"},
                           {"integer", 23, "INTEGER"},
                           {"double precision", 701, "REAL"},
                           {"text", 25, "TEXT"},
                           {"timestamp without time zone", 1114, "TEXT"},
                           {"bigint", 20, "INTEGER"}};

const Type& TypeOf(int column) {
  return kTypes[(column - 1) % (sizeof(kTypes) / sizeof(kTypes[0]))];
}

std::string TableName(int table) {
  return absl::StrCat("t", table);
}

class Workload {
 public:
  Workload(const Shape& shape, int64_t changes, daystream::Writer* writer)
      : shape_(shape), changes_(changes), rows_(changes * 2 / 5), writer_(writer) {}

  absl::Status Write() {
    for (int table = 0; table < shape_.tables; ++table) Relation(table);
    if (shape_.changes_a_transaction > 0) {
      RETURN_IF_ERROR(WriteMixed());
    } else {
      RETURN_IF_ERROR(WriteBulk());
    }
    RETURN_IF_ERROR(Flush());
    return writer_->Sync();
  }

 private:
  absl::Status WriteBulk() {
    const int64_t others = changes_ * 3 / 10;
    for (int64_t i = 0; i < rows_; ++i) RETURN_IF_ERROR(Change(0, "insert", Key(i), i));
    RETURN_IF_ERROR(Commit());
    for (int64_t i = 0; i < others; ++i) RETURN_IF_ERROR(Change(0, "update", Key(i), i + 1));
    RETURN_IF_ERROR(Commit());
    for (int64_t i = 0; i < others; ++i) RETURN_IF_ERROR(Change(0, "delete", Key(i), 0));
    return Commit();
  }

  // Rows are born, change and go: half as many deletes as inserts.
  absl::Status WriteMixed() {
    std::vector<int64_t> born(shape_.tables), gone(shape_.tables);
    for (int64_t i = 0; i < changes_; ++i) {
      const int table = static_cast<int>(i % shape_.tables);
      const int64_t turn = i / shape_.tables % 5;
      if (turn < 2) {
        RETURN_IF_ERROR(Change(table, "insert", Key(born[table]++), i));
      } else if (turn < 4) {
        RETURN_IF_ERROR(Change(table, "update", Key(born[table] - 1 - (turn - 2)), i));
      } else {
        RETURN_IF_ERROR(Change(table, "delete", Key(gone[table]++), 0));
      }
      if ((i + 1) % shape_.changes_a_transaction == 0) RETURN_IF_ERROR(Commit());
    }
    return Commit();
  }

  // Multiplying by an odd number modulo a power of two reaches each key once.
  int64_t Key(int64_t i) const {
    if (!shape_.random_keys) return i + 1;
    uint64_t size = 1;
    while (size < static_cast<uint64_t>(rows_)) size *= 2;
    return static_cast<int64_t>(static_cast<uint64_t>(i) * 0x9E3779B97F4A7C15u % size);
  }

  void Begin(int table, absl::string_view action) {
    deltaflood::AppendField("_table", TableName(table), &lines_);
    deltaflood::AppendField("_xid", absl::StrCat(xid_), &lines_);
    deltaflood::AppendField("_lsn", absl::StrCat("0/", absl::Hex(lsn_)), &lines_);
    if (action == "relation") {
      deltaflood::AppendField("_relid", absl::StrCat(16384 + table), &lines_);
      deltaflood::AppendField("_identity", "default", &lines_);
    }
    deltaflood::AppendField("_action", action, &lines_);
  }

  void Relation(int table) {
    Begin(table, "relation");
    deltaflood::AppendField("id", R"({"attnum":1,"type":"bigint","oid":20,"pk":1,"key":1,"not_null":true})", &lines_);
    for (int column = 1; column < shape_.columns; ++column) {
      deltaflood::AppendField(absl::StrCat("c", column),
                              absl::StrCat("{\"attnum\":", column + 1, ",\"type\":\"", TypeOf(column).postgres,
                                           "\",\"oid\":", TypeOf(column).oid, "}"),
                              &lines_);
    }
    lines_ += '\n';
  }

  absl::Status Change(int table, absl::string_view action, int64_t key, int64_t value) {
    Begin(table, action);
    deltaflood::AppendField("id", absl::StrCat(key), &lines_);
    for (int column = 1; column < shape_.columns && action != "delete"; ++column) {
      deltaflood::AppendField(absl::StrCat("c", column), Value(column, value), &lines_);
    }
    lines_ += '\n';
    return lines_.size() < kFlushAt ? absl::OkStatus() : Flush();
  }

  static std::string Value(int column, int64_t value) {
    switch (TypeOf(column).oid) {
      case 23:
        return absl::StrCat(value % 1000000);
      case 701:
        return absl::StrCat(value % 1000, ".25");
      case 1114:
        return absl::StrCat("2026-11-22 10:", absl::Dec(value / 60 % 60, absl::kZeroPad2), ":",
                            absl::Dec(value % 60, absl::kZeroPad2), ".123");
      case 20:
        return absl::StrCat(value * 1000003);
      default:
        return absl::StrCat("gate ", value % 80, ", remark ", value);
    }
  }

  absl::Status Commit() {
    deltaflood::AppendField("_xid", absl::StrCat(xid_), &lines_);
    deltaflood::AppendField("_lsn", absl::StrCat("0/", absl::Hex(lsn_)), &lines_);
    deltaflood::AppendField("_time", absl::StrCat(1795363974000000 + xid_ * 1000), &lines_);
    deltaflood::AppendField("_action", "commit", &lines_);
    lines_ += '\n';
    ++xid_;
    lsn_ += 256;
    return lines_.size() < kFlushAt ? absl::OkStatus() : Flush();
  }

  absl::Status Flush() {
    absl::Status status = lines_.empty() ? absl::OkStatus() : writer_->Append(lines_);
    lines_.clear();
    return status;
  }

  const Shape shape_;
  const int64_t changes_;
  const int64_t rows_;
  daystream::Writer* const writer_;
  std::string lines_;
  int64_t xid_ = 1000;
  int64_t lsn_ = 0x1000;
};

void WriteSchema(const Shape& shape, const std::string& path) {
  std::ofstream out(path);
  for (int table = 0; table < shape.tables; ++table) {
    out << "CREATE TABLE " << TableName(table) << " (id INTEGER PRIMARY KEY";
    for (int column = 1; column < shape.columns; ++column) out << ", c" << column << " " << TypeOf(column).sqlite;
    out << ");\n";
    if (shape.indexes) {
      out << "CREATE INDEX i1 ON " << TableName(table) << "(c1);\nCREATE INDEX i2 ON " << TableName(table) << "(c2);\n";
    }
  }
}

absl::Status Make(const Shape& shape, int64_t changes, const std::string& directory) {
  WriteSchema(shape, directory + "/schema.sql");
  daystream::SourceInfo source;
  source.system_identifier = "1";
  source.database = "bench";
  source.slot = "bench";
  source.plugin = "deltaflood";
  daystream::WriterOptions options;
  options.clock = [] { return int64_t{1795363200}; };
  ASSIGN_OR_RETURN(const std::unique_ptr<daystream::Writer> writer,
                   daystream::Writer::Open(directory + "/daystream", source, options));
  return Workload(shape, changes, writer.get()).Write();
}

}  // namespace
}  // namespace deltamirror

int main(int argc, char** argv) {
  const int64_t changes = argc == 4 ? std::atoll(argv[2]) : 0;
  for (const deltamirror::Shape& shape : deltamirror::kShapes) {
    if (argc != 4 || shape.name != argv[1] || changes < 10) continue;
    const absl::Status status = deltamirror::Make(shape, changes, argv[3]);
    if (status.ok()) return 0;
    std::fprintf(stderr, "apply_workload: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  std::fprintf(
      stderr,
      "usage: apply_workload bulk|random|indexed|small|wide|many|tables1|tables10|tables50 CHANGES DIRECTORY\n");
  return 2;
}
