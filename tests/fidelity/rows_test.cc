// Rows of every kind of table: which row a change means, large values, TRUNCATE, partitions, and what is not mirrored.
// Each story runs with its tables copied first, through either plugin, and with all of it from the stream.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "tests/fidelity/fidelity_lab.h"
#include "tests/fidelity/row_stories.h"
#include "tests/lab/cluster.h"
#include "tests/lab/needs.h"

namespace deltamirror::fidelity {

std::ostream& operator<<(std::ostream& out, const RowStory& story) {
  return out << story.name;
}

namespace {

class RowsTest : public ::testing::TestWithParam<RowStory> {
 protected:
  static void SetUpTestSuite() { server_ = new lab::Cluster; }
  static void TearDownTestSuite() { delete server_; }

  void SetUp() override {
    if (server_->Value("SELECT " + GetParam().needs) != "t") GTEST_SKIP() << "needs " << GetParam().needs;
  }
  void Begin(const std::string& plugin) { lab_ = std::make_unique<FidelityLab>(server_, "tables='*'", plugin); }
  void MakeTables() { lab_->Source(GetParam().setup); }
  void PlaySteps() {
    for (size_t i = 0; i < GetParam().steps.size(); ++i) {
      lab_->Source(GetParam().steps[i]);
      lab_->ExpectEqual("after step " + std::to_string(i + 1));
    }
  }
  // What stops the mirror before the copy must be what a copy mends: pgoutput does not tell with how many rows a
  // partition came.
  void CopyAndSteps() {
    MakeTables();
    EXPECT_THAT(lab_->CatchUp(), ::testing::AnyOf("", ::testing::HasSubstr("Bootstrap the table again")));
    lab_->mirror.Bootstrap("*", R"({"again":true})");
    lab_->ExpectEqual("after the copy");
    PlaySteps();
  }

  static inline lab::Cluster* server_ = nullptr;
  std::unique_ptr<FidelityLab> lab_;
};

TEST_P(RowsTest, CopiedFirst) {
  LAB_NEEDS_DELTAFLOOD();
  Begin("deltaflood");
  CopyAndSteps();
}

TEST_P(RowsTest, FromTheStream) {
  LAB_NEEDS_DELTAFLOOD();
  Begin("deltaflood");
  MakeTables();
  lab_->ExpectEqual("after the setup");
  PlaySteps();
}

TEST_P(RowsTest, CopiedFirstThroughPgoutput) {
  if (!GetParam().through_pgoutput) GTEST_SKIP() << "pgoutput does not tell";
  Begin("pgoutput");
  CopyAndSteps();
}

std::string Name(const ::testing::TestParamInfo<RowStory>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Identity, RowsTest, ::testing::ValuesIn(IdentityStories()), Name);
INSTANTIATE_TEST_SUITE_P(Toast, RowsTest, ::testing::ValuesIn(ToastStories()), Name);
INSTANTIATE_TEST_SUITE_P(Truncate, RowsTest, ::testing::ValuesIn(TruncateStories()), Name);
INSTANTIATE_TEST_SUITE_P(Partitions, RowsTest, ::testing::ValuesIn(PartitionStories()), Name);
INSTANTIATE_TEST_SUITE_P(Kinds, RowsTest, ::testing::ValuesIn(KindStories()), Name);
INSTANTIATE_TEST_SUITE_P(Names, RowsTest, ::testing::ValuesIn(NameStories()), Name);

}  // namespace
}  // namespace deltamirror::fidelity
