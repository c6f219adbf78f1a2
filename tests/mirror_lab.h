// A PostgreSQL server, a daystream that follows it, and a SQLite mirror: the whole way, for tests that need it.

#ifndef DELTAMIRROR_TESTS_MIRROR_LAB_H_
#define DELTAMIRROR_TESTS_MIRROR_LAB_H_

#include <memory>
#include <string>

#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/temp_dir.h"

namespace deltamirror::lab {

// Needs a test with plugin = True. The mirror is called m, the slot mirror.
//
//   MirrorLab lab;
//   lab.cluster.Exec("CREATE TABLE t (a int PRIMARY KEY, b text)");
//   lab.Begin();
//   lab.Bootstrap("t");
//   lab.cluster.Exec("INSERT INTO t VALUES (1, 'x')");
//   lab.CatchUp();
//   lab.ExpectEqual("t", "a, b");
class MirrorLab {
 public:
  explicit MirrorLab(const Cluster::Options& options = {}) : own_(new Cluster(options)), cluster(*own_) {}
  // On a server that other tests have used, and that is emptied first.
  explicit MirrorLab(Cluster* shared);

  // Makes the slot, the daystream and the mirror.
  void Begin(const std::string& slot_options = "{}");
  // Moves what the slot has now into the daystream.
  void Stream();
  // The rows copied, as text.
  std::string Bootstrap(const std::string& tables, const std::string& options = "{}");
  std::string BootstrapSql(const std::string& tables, const std::string& options = "{}",
                           const std::string& conninfo_suffix = "") const;
  // Stream, and apply all of it.
  void CatchUp();
  // The same rows on both sides; `columns` must print alike in both. `target`: in SQLite, if it is called otherwise.
  // `where`: another host's mirror, if not ours.
  void ExpectEqual(const std::string& table, const std::string& columns, const std::string& target = "",
                   Host* where = nullptr);
  // The mirror's column of that table: state, inserts, ...
  std::string Status(const std::string& table, const std::string& column);

  std::string Daystream() const { return dir.File("daystream"); }

  TempDir dir;

 private:
  std::unique_ptr<Cluster> own_;

 public:
  Cluster& cluster;
  Host host{dir.File("mirror.db")};
};

}  // namespace deltamirror::lab

#endif  // DELTAMIRROR_TESTS_MIRROR_LAB_H_
