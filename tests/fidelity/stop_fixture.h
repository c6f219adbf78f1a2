// A mirror that stops, says what to run, and goes on once that was run.

#ifndef DELTAMIRROR_TESTS_FIDELITY_STOP_FIXTURE_H_
#define DELTAMIRROR_TESTS_FIDELITY_STOP_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "tests/fidelity/fidelity_lab.h"
#include "tests/lab/cluster.h"
#include "tests/lab/needs.h"

namespace deltamirror::fidelity {

class StopTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = new lab::Cluster; }
  static void TearDownTestSuite() { delete server_; }

  void SetUp() override { LAB_NEEDS_DELTAFLOOD(); }

  void Begin(const std::string& arguments, const std::vector<std::string>& setup) {
    lab_ = std::make_unique<FidelityLab>(server_, arguments);
    lab_->Source(setup);
    ASSERT_EQ(lab_->CatchUp(), "");
    if (arguments.find("stop") != std::string::npos) return;
    lab_->ExpectEqual("after the setup");
  }

  // The statements that the message ends with.
  std::string ToRun(const std::string& message) const {
    const std::string::size_type run = message.find("Run: ");
    const std::string::size_type again = message.find("SELECT deltamirror_bootstrap(");
    EXPECT_TRUE(run != std::string::npos || again != std::string::npos) << message;
    if (run == std::string::npos && again == std::string::npos) return "";
    const std::string sql = message.substr(run != std::string::npos ? run + 5 : again);
    return absl::StrReplaceAll(sql, {{"'CONNINFO'", lab::Literal(server_->conninfo())}});
  }

  // Stops as often as it likes, as long as each time what it asks for brings it on.
  void ExpectStopAndGoOn(const std::vector<std::string>& ddl, const std::string& message) {
    lab_->Source(ddl);
    std::string stopped = lab_->CatchUp();
    EXPECT_THAT(stopped, ::testing::HasSubstr(message));
    for (int stops = 0; !stopped.empty() && stops < 5; ++stops) {
      lab_->host.Exec(ToRun(stopped));
      stopped = lab_->CatchUp();
    }
    lab_->ExpectEqual("after what was to be run");
  }

  static inline lab::Cluster* server_ = nullptr;
  std::unique_ptr<FidelityLab> lab_;
};

inline constexpr char kTable[] =
    "CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL, b int, c varchar(10), d timestamp)";
inline constexpr char kRows[] = "INSERT INTO t SELECT i, 'a' || i, i, 'c', '2026-08-01' FROM generate_series(1, 5) i";

}  // namespace deltamirror::fidelity

#endif  // DELTAMIRROR_TESTS_FIDELITY_STOP_FIXTURE_H_
