// The ways that rows take from PostgreSQL to SQLite, each to a SQLite database of its own.

#ifndef DELTAMIRROR_TESTS_TYPES_WAYS_H_
#define DELTAMIRROR_TESTS_TYPES_WAYS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/temp_dir.h"

namespace deltamirror {

// The rows of a query in SQLite, every value as ShownValue shows it.
lab::Rows Shown(lab::Host* host, const std::string& sql);

// Puts the table's rows into a table of that name by pg_import.
void ImportTable(lab::Host* host, const std::string& conninfo, const std::string& table,
                 const std::string& options = "{}");

// The same by COPY's text format, decoded by what decodes a stream.
void CopyTextTable(lab::Host* host, const std::string& conninfo, const std::string& table);

// Expects what `imported` has in its table of that name, which has a column n, to be what CopyTextTable gives; of at
// least so many rows.
void ExpectTextGivesTheSame(lab::Host* imported, const std::string& conninfo, const std::string& table,
                            size_t least_rows);

// A slot of one of the two plugins (named <plugin>_<slot>), the daystream that it is moved to, and the mirror m that
// follows it. Where the server cannot load deltaflood, both are of pgoutput.
class Stream {
 public:
  Stream(const std::string& conninfo, const std::string& plugin, const std::string& slot = "slot");

  const std::string& plugin() const { return plugin_; }
  void Bootstrap(const std::string& tables, const std::string& options = "{}");
  // Moves what the slot has, and applies it.
  void CatchUp();
  // The statements of it, for those who expect an error.
  std::string MoveSql() const;
  std::string ApplySql() const;
  std::string BootstrapSql(const std::string& tables, const std::string& options = "{}") const;
  std::string Daystream() const { return dir_.File("daystream"); }

 private:
  lab::TempDir dir_;
  const std::string conninfo_;
  const std::string plugin_;
  const std::string slot_;

 public:
  lab::Host host{dir_.File("mirror.db")};
};

}  // namespace deltamirror

#endif  // DELTAMIRROR_TESTS_TYPES_WAYS_H_
