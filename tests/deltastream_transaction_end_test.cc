#include <gtest/gtest.h>

#include "deltastream/transaction_end.h"

namespace deltamirror::deltastream {
namespace {

TEST(EndsTransactionTest, CommitLineAloneOrBehindOthers) {
  EXPECT_TRUE(EndsTransaction("_xid\t1\t_lsn\t0/9\t_time\t5\t_action\tcommit"));
  EXPECT_TRUE(EndsTransaction("_xid\t1\t_lsn\t0/9\t_time\t5\t_action\tcommit\n"));
  EXPECT_TRUE(EndsTransaction("_table\tzzz\t_action\tinsert\n_xid\t1\t_lsn\t0/9\t_action\tcommit"));
}

TEST(EndsTransactionTest, OnlyTheLastLineCounts) {
  EXPECT_FALSE(EndsTransaction("_xid\t1\t_action\tcommit\n_table\tzzz\t_action\tinsert"));
  EXPECT_FALSE(EndsTransaction("_xid\t1\t_action\tcommit\n\n"));
}

TEST(EndsTransactionTest, AColumnNamedActionIsNoEnd) {
  EXPECT_FALSE(EndsTransaction("_table\tzzz\t_xid\t1\t_action\tinsert\t_action\tcommit"));
  EXPECT_FALSE(EndsTransaction("_xid\t1\t_action\tcommit\n_table\tzzz\t_xid\t1\t_action\tinsert\t_action\tcommit"));
}

TEST(EndsTransactionTest, OtherLinesAreNone) {
  EXPECT_FALSE(EndsTransaction(""));
  EXPECT_FALSE(EndsTransaction("\n"));
  EXPECT_FALSE(EndsTransaction("_xid\t1\t_action\trollback"));
  EXPECT_FALSE(EndsTransaction("_xid\t1\t_action\tcommitted"));
}

}  // namespace
}  // namespace deltamirror::deltastream
