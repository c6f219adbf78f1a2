// What pgoutput is asked for, by the server's version.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "deltastream/pgoutput_feed.h"
#include "postgres/replication.h"

namespace deltamirror::deltastream {
namespace {

std::map<std::string, std::string> Options(int server_version, bool in_pieces) {
  const postgres::ReplicationStream::Options options = PgoutputOptions("pub", server_version, in_pieces);
  return {options.begin(), options.end()};
}

TEST(PgoutputOptionsTest, TheProtocolIsTheNewestThatTheServerHas) {
  const std::map<int, std::string> kVersions = {{130000, "1"}, {130022, "1"}, {140000, "2"}, {150000, "3"},
                                                {160000, "4"}, {170000, "4"}, {180001, "4"}};
  for (const auto& [server, protocol] : kVersions) {
    EXPECT_EQ(Options(server, false)["proto_version"], protocol) << server;
    EXPECT_EQ(Options(server, false).count("messages"), server >= 140000 ? 1u : 0u) << server;
    EXPECT_EQ(CanStreamInPieces(server), server >= 140000) << server;
  }
}

TEST(PgoutputOptionsTest, PiecesAreAskedForOnlyOnRequest) {
  EXPECT_EQ(Options(150000, true)["streaming"], "on");
  EXPECT_EQ(Options(150000, false).count("streaming"), 0u);
  EXPECT_EQ(Options(150000, true).count("two_phase"), 0u);
  EXPECT_EQ(Options(150000, true).count("binary"), 0u);
}

TEST(PgoutputOptionsTest, ThePublicationIsOneName) {
  EXPECT_EQ(Options(150000, false)["publication_names"], "\"pub\"");
  const auto odd = PgoutputOptions("a,\"b", 150000, false);
  EXPECT_THAT(odd, ::testing::Contains(::testing::Pair("publication_names", "\"a,\"\"b\"")));
}

}  // namespace
}  // namespace deltamirror::deltastream
