#include "deltastream/streamed_transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/lab/temp_dir.h"
#include "tests/pgoutput/bytes.h"
#include "tests/status_matchers.h"

namespace deltamirror::deltastream {
namespace {

using ::deltamirror::testing::IsOk;
using ::deltamirror::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace pgoutput;  // the messages
using namespace std::string_literals;

std::string Row(absl::string_view text) {
  return InsertBytes(7, {ValueBytes(text)});
}

class StreamedTransactionsTest : public ::testing::Test {
 protected:
  void Take(const std::vector<std::string>& messages) {
    for (const std::string& message : messages) {
      const absl::StatusOr<bool> taken = streams_.Take(message);
      ASSERT_THAT(taken, IsOk());
      ASSERT_TRUE(*taken) << message[0];
    }
  }

  std::vector<std::string> Committed() {
    std::vector<std::string> all;
    if (streams_.committed() == nullptr) return {"none"};
    while (*streams_.committed()->Take([&all](absl::string_view message) {
      all.emplace_back(message);
      return absl::OkStatus();
    })) {
    }
    streams_.Finish();
    return all;
  }

  lab::TempDir dir_;
  StreamedTransactions streams_{dir_.path()};
};

TEST_F(StreamedTransactionsTest, ATransactionInPieces) {
  Take({StreamStartBytes(700, true), InStream(700, Row("a")), "E", StreamStartBytes(700, false),
        InStream(701, Row("b")), "E"});
  EXPECT_EQ(streams_.committed(), nullptr);
  Take({StreamCommitBytes(700, 0x20, 0x50)});
  ASSERT_NE(streams_.committed(), nullptr);
  EXPECT_EQ(streams_.committed()->xid(), 700u);
  EXPECT_EQ(streams_.commit().end_lsn, 0x50u);
  EXPECT_THAT(Committed(), ElementsAre(Row("a"), Row("b")));
}

TEST_F(StreamedTransactionsTest, TwoAtOnce) {
  Take({StreamStartBytes(700, true), InStream(700, Row("a")), "E", StreamStartBytes(800, true), InStream(800, Row("b")),
        "E", StreamStartBytes(700, false), InStream(700, Row("c")), "E", StreamCommitBytes(800)});
  EXPECT_THAT(Committed(), ElementsAre(Row("b")));
  Take({StreamCommitBytes(700)});
  EXPECT_THAT(Committed(), ElementsAre(Row("a"), Row("c")));
}

TEST_F(StreamedTransactionsTest, AnAbortedTransactionIsForgotten) {
  Take({StreamStartBytes(700, true), InStream(700, Row("a")), "E", StreamAbortBytes(700, 700)});
  EXPECT_THAT(streams_.Take(StreamCommitBytes(700)),
              StatusIs(absl::StatusCode::kDataLoss,
                       "message \"Stream Commit\" of pgoutput, of transaction 700, of which "
                       "nothing has come before"));
}

TEST_F(StreamedTransactionsTest, AnAbortedSubtransactionIsCutOff) {
  Take({StreamStartBytes(700, true), InStream(700, Row("a")), InStream(701, Row("b")), "E", StreamAbortBytes(700, 701),
        StreamStartBytes(700, false), InStream(702, Row("c")), "E", StreamCommitBytes(700)});
  EXPECT_THAT(Committed(), ElementsAre(Row("a"), Row("c")));
}

TEST_F(StreamedTransactionsTest, AnAbortOfWhatWasNotStreamedIsNothing) {
  Take({StreamAbortBytes(700, 701), StreamAbortBytes(700, 700)});
}

TEST_F(StreamedTransactionsTest, MessagesOfApplicationsAreNotKept) {
  Take({StreamStartBytes(700, true), OriginBytes(5, "node_b"), InStream(700, LogicalMessageBytes(true, 5, "p", "c")),
        InStream(700, Row("a")), "E", StreamCommitBytes(700)});
  EXPECT_THAT(Committed(), ElementsAre(Row("a")));
}

TEST_F(StreamedTransactionsTest, WhatIsNotStreamedIsLeftAlone) {
  for (const std::string& message : {BeginBytes(), Row("a"), CommitBytes(), ""s}) {
    const absl::StatusOr<bool> taken = streams_.Take(message);
    ASSERT_THAT(taken, IsOk());
    EXPECT_FALSE(*taken);
  }
}

TEST_F(StreamedTransactionsTest, MessagesOutOfOrderAreRefused) {
  EXPECT_THAT(streams_.Take("E"), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("came outside of a stream")));
  EXPECT_THAT(streams_.Take(StreamStartBytes(700, false)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("is not its first, but nothing of it has come before")));
  Take({StreamStartBytes(700, true)});
  EXPECT_THAT(streams_.Take(StreamStartBytes(800, true)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("came inside of the stream of transaction 700")));
  EXPECT_THAT(streams_.Take(StreamCommitBytes(700)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("came inside of a stream")));
  EXPECT_THAT(streams_.Take(StreamAbortBytes(700, 700)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("came inside of a stream")));
  Take({"E"});
  EXPECT_THAT(streams_.Take(StreamStartBytes(700, true)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("is its first, but something of it has come before")));
}

}  // namespace
}  // namespace deltamirror::deltastream
