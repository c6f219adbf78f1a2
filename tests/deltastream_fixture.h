// deltastream() on a real server, for tests: a cluster with a table and a slot, and a daystream.

#ifndef DELTAMIRROR_TESTS_DELTASTREAM_FIXTURE_H_
#define DELTAMIRROR_TESTS_DELTASTREAM_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "tests/daystream_content.h"
#include "tests/lab/cluster.h"
#include "tests/lab/host.h"
#include "tests/lab/process.h"
#include "tests/lab/temp_dir.h"

namespace deltamirror {

// One cluster for all tests of a program; a new table "zzz" (a integer PRIMARY KEY, b text), a new slot "mirror" and an
// empty folder for each.
class DeltastreamTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();

  void SetUp() override;
  void TearDown() override;

  void CreateSlot(const std::string& options);

  // The daystream.
  std::string Stream() const { return dir_.File("ds"); }

  // "FROM deltastream(...)" of the slot into the daystream.
  std::string From(const std::string& options, const std::string& conninfo = cluster_->conninfo()) const;

  // "records transactions" of all rows.
  std::string CatchUp(const std::string& options = R"({"until":"caught_up"})");

  std::string Error(const std::string& options = "{}") { return host_.Error("SELECT * " + From(options)); }

  // deltastream in a process of its own.
  std::unique_ptr<lab::Process> Run(const std::string& options);

  // Rows of "zzz", in one transaction.
  static void Insert(int from, int to);

  // The same as an SQL text of `count` transactions.
  static std::string Inserts(int count);

  // Bytes in the day files.
  int64_t Size() const;

  // Of pg_replication_slots.
  static std::string SlotValue(const std::string& expression);
  static bool SlotIsActive() { return SlotValue("count(*) FILTER (WHERE active)") == "1"; }

  // The slot's confirmed LSN, which may never lie behind what the daystream says of itself.
  uint64_t Confirmed() const;

  inline static lab::Cluster* cluster_ = nullptr;
  lab::TempDir dir_;
  lab::Host host_;
};

}  // namespace deltamirror

#endif  // DELTAMIRROR_TESTS_DELTASTREAM_FIXTURE_H_
