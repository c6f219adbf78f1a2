// A server, a daystream and a mirror of all its tables, and the question whether they are equal.

#ifndef DELTAMIRROR_TESTS_FIDELITY_FIDELITY_LAB_H_
#define DELTAMIRROR_TESTS_FIDELITY_FIDELITY_LAB_H_

#include <libpq-fe.h>

#include <string>
#include <vector>

#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/mirror_lab.h"

namespace deltamirror::fidelity {

// A table of the source.
struct SourceTable {
  std::string name;     // as SQL has it: ops."Crew"
  std::string target;   // its name in SQLite: ops.Crew
  std::string version;  // another one once its definition has changed
};

// Needs a test with plugin = True. The mirror is called m.
//
//   FidelityLab lab(&cluster);
//   lab.Source({"CREATE TABLE t (a int PRIMARY KEY)", "INSERT INTO t VALUES (1)"});
//   lab.ExpectEqual("after an insert");
class FidelityLab {
 public:
  // On a server that is emptied first. `arguments`: of CREATE VIRTUAL TABLE m, behind the source.
  explicit FidelityLab(lab::Cluster* cluster, const std::string& arguments = "tables='*'",
                       const std::string& plugin = "deltaflood");
  ~FidelityLab();
  FidelityLab(const FidelityLab&) = delete;
  FidelityLab& operator=(const FidelityLab&) = delete;

  // Each by itself, on one connection. An error is a failure of the test.
  void Source(const std::vector<std::string>& statements);
  // The same, and what happens is none of the test's business.
  void SourceAnyway(const std::vector<std::string>& statements);

  // Moves what there is into the daystream, and applies it. The message if the mirror stops, else "".
  std::string CatchUp();

  // Catches up, and compares each table of the source (those that a mirror of all tables has) with its mirror, and
  // looks for tables of the mirror that the source has not. `moment`: for the message.
  void ExpectEqual(const std::string& moment);
  // The same for one table, and without catching up first: what differs.
  std::vector<std::string> TableDifferences(const SourceTable& table);

  // Those that a mirror of all tables has.
  std::vector<SourceTable> SourceTables();

  // Copies a table again: the message if that is refused, else "".
  std::string BootstrapAgain(const std::string& table);

  lab::MirrorLab mirror;
  lab::Host& host = mirror.host;

 private:
  std::string Run(const std::string& sql);

  // Looks into the catalog, whatever the statements have set on the other.
  lab::Session catalog_;
  PGconn* connection_;
  bool generated_;  // the stream brings generated columns
};

}  // namespace deltamirror::fidelity

#endif  // DELTAMIRROR_TESTS_FIDELITY_FIDELITY_LAB_H_
