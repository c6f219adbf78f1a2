#include "tests/types/ways.h"

#include <gtest/gtest.h>

#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "copy/source.h"
#include "postgres/connection.h"
#include "postgres/copy_out.h"
#include "tests/lab/artefacts.h"
#include "tests/types/expected.h"
#include "types/mapping.h"

namespace deltamirror {
namespace {

// A field of COPY's text format (PostgreSQL's documentation, COPY, "Text Format").
std::string Unescaped(const std::string& field) {
  std::string text;
  for (size_t i = 0; i < field.size(); ++i) {
    if (field[i] != '\\') {
      text.push_back(field[i]);
      continue;
    }
    static constexpr std::pair<char, char> kLetters[] = {{'b', '\b'}, {'f', '\f'}, {'n', '\n'},
                                                         {'r', '\r'}, {'t', '\t'}, {'v', '\v'}};
    char c = field[++i];
    for (const auto& [letter, meant] : kLetters) {
      if (field[i] == letter) c = meant;
    }
    text.push_back(c);
  }
  return text;
}

void Bind(sqlite3_stmt* insert, int index, const types::Value& value) {
  using Kind = types::Value::Kind;
  switch (value.kind()) {
    case Kind::kNull:
      sqlite3_bind_null(insert, index);
      break;
    case Kind::kInteger:
      sqlite3_bind_int64(insert, index, value.integer());
      break;
    case Kind::kReal:
      sqlite3_bind_double(insert, index, value.real());
      break;
    case Kind::kText:
      sqlite3_bind_text64(insert, index, value.bytes().data(), value.bytes().size(), SQLITE_TRANSIENT, SQLITE_UTF8);
      break;
    case Kind::kBlob:
      sqlite3_bind_blob64(insert, index, value.bytes().data(), value.bytes().size(), SQLITE_TRANSIENT);
      break;
  }
}

// The table that pg_import would make, and the statement that fills it.
sqlite3_stmt* MakeTable(lab::Host* host, const std::string& table, const std::vector<copy::Field>& fields) {
  std::string columns;
  std::string values;
  for (const copy::Field& field : fields) {
    absl::StrAppend(&columns, columns.empty() ? "" : ", ", "\"", field.name, "\" ", field.mapping.declared);
    absl::StrAppend(&values, values.empty() ? "?" : ", ?");
  }
  host->Exec(absl::StrCat("DROP TABLE IF EXISTS ", table, "; CREATE TABLE ", table, "(", columns, ")"));
  sqlite3_stmt* insert = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(host->db(), absl::StrCat("INSERT INTO ", table, " VALUES (", values, ")").c_str(), -1,
                               &insert, nullptr),
            SQLITE_OK);
  return insert;
}

}  // namespace

lab::Rows Shown(lab::Host* host, const std::string& sql) {
  lab::Rows rows;
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(host->db(), sql.c_str(), -1, &statement, nullptr), SQLITE_OK)
      << sqlite3_errmsg(host->db()) << "\n"
      << sql;
  while (statement != nullptr && sqlite3_step(statement) == SQLITE_ROW) {
    std::vector<std::string>& row = rows.emplace_back();
    for (int i = 0; i < sqlite3_column_count(statement); ++i) row.push_back(ShownValue(statement, i));
  }
  sqlite3_finalize(statement);
  return rows;
}

void ImportTable(lab::Host* host, const std::string& conninfo, const std::string& table, const std::string& options) {
  host->Exec(absl::StrCat("DROP TABLE IF EXISTS ", table, "; SELECT pg_import(", lab::Literal(conninfo), ", '", table,
                          "', '", table, "', ", lab::Literal(options), ")"));
}

void CopyTextTable(lab::Host* host, const std::string& conninfo, const std::string& table) {
  auto connection = postgres::Connection::Open(conninfo, {});
  ASSERT_TRUE(connection.ok()) << connection.status();
  const auto source = copy::DescribeSource(*connection, table);
  ASSERT_TRUE(source.ok()) << source.status();
  const std::vector<copy::Field> fields = copy::AllFields(*source, {});
  auto copy = postgres::CopyOut::Begin(&*connection, absl::StrCat("COPY ", table, " TO STDOUT"));
  ASSERT_TRUE(copy.ok()) << copy.status();
  std::string text;
  const std::atomic<bool> stop = false;
  for (bool more = true; more;) {
    const absl::StatusOr<bool> read = copy->Read(text.size() + 1, stop, &text);
    ASSERT_TRUE(read.ok()) << read.status();
    more = *read;
  }
  sqlite3_stmt* const insert = MakeTable(host, table, fields);
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> row = absl::StrSplit(line, '\t');
    ASSERT_EQ(row.size(), fields.size());
    for (size_t i = 0; i < row.size(); ++i) {
      types::Scratch scratch;
      types::Value value;
      const std::string bytes = Unescaped(row[i]);
      if (row[i] != "\\N") {
        const absl::Status status = fields[i].mapping.text(bytes, scratch, &value);
        EXPECT_TRUE(status.ok()) << status;
      }
      Bind(insert, static_cast<int>(i) + 1, value);
    }
    EXPECT_EQ(sqlite3_step(insert), SQLITE_DONE);
    sqlite3_reset(insert);
  }
  sqlite3_finalize(insert);
}

void ExpectTextGivesTheSame(lab::Host* imported, const std::string& conninfo, const std::string& table,
                            size_t least_rows) {
  lab::Host text;
  CopyTextTable(&text, conninfo, table);
  const std::string all = absl::StrCat("SELECT * FROM ", table, " ORDER BY n");
  const lab::Rows expected = Shown(&text, all);
  const lab::Rows actual = Shown(imported, all);
  ASSERT_GE(expected.size(), least_rows);
  ASSERT_EQ(expected.size(), actual.size());
  for (size_t row = 0; row < expected.size(); ++row) ASSERT_EQ(expected[row], actual[row]);
}

Stream::Stream(const std::string& conninfo, const std::string& plugin, const std::string& slot)
    : conninfo_(conninfo),
      plugin_(lab::PluginPath().empty() ? "pgoutput" : plugin),
      slot_(absl::StrCat(plugin, "_", slot)) {
  host.Exec(absl::StrCat("SELECT pg_slot_create(", lab::Literal(conninfo), ", '", slot_, "', '{\"plugin\":\"", plugin_,
                         "\"}')"));
  host.Exec(MoveSql());
  host.Exec(absl::StrCat("CREATE VIRTUAL TABLE m USING daystream_apply(source='", Daystream(), "')"));
}

void Stream::Bootstrap(const std::string& tables, const std::string& options) {
  host.Exec(BootstrapSql(tables, options));
}

void Stream::CatchUp() {
  host.Exec(MoveSql());
  host.Exec(ApplySql());
}

std::string Stream::MoveSql() const {
  return absl::StrCat("SELECT * FROM deltastream(", lab::Literal(conninfo_), ", '", slot_, "', ",
                      lab::Literal(Daystream()), ", '{\"until\":\"caught_up\"}')");
}

std::string Stream::ApplySql() const {
  return "SELECT * FROM deltamirror('m', '{\"until\":\"caught_up\"}')";
}

std::string Stream::BootstrapSql(const std::string& tables, const std::string& options) const {
  return absl::StrCat("SELECT deltamirror_bootstrap('m', ", lab::Literal(conninfo_), ", ", lab::Literal(tables), ", ",
                      lab::Literal(options), ")");
}

}  // namespace deltamirror
