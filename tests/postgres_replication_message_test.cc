#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "postgres/replication_message.h"
#include "tests/status_matchers.h"

namespace deltamirror::postgres {
namespace {

using ::deltamirror::testing::StatusIs;
using ::testing::HasSubstr;

std::string BigEndian(uint64_t value) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift));
  return bytes;
}

// 2017-10-09 00:00:00 UTC since 2000 and since 1970, in microseconds.
constexpr int64_t kSince2000 = 560822400ll * 1000000;
constexpr int64_t kSince1970 = 1507507200ll * 1000000;

std::string Data(absl::string_view text) {
  return "w" + BigEndian(0x1600000009) + BigEndian(0x160000000a) + BigEndian(kSince2000) + std::string(text);
}

std::string Keepalive(char reply) {
  return "k" + BigEndian(0x160000000a) + BigEndian(kSince2000) + reply;
}

TEST(ReplicationMessageTest, DataHasPositionTimeAndBytes) {
  const std::string bytes = Data("_table\tzzz");
  const auto message = ParseReplicationMessage(bytes);
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(message->kind, ReplicationMessage::Kind::kData);
  EXPECT_EQ(message->start_lsn, 0x1600000009u);
  EXPECT_EQ(message->end_lsn, 0x160000000au);
  EXPECT_EQ(message->server_time, kSince1970);
  EXPECT_EQ(message->data, "_table\tzzz");
  EXPECT_EQ(message->data.data(), bytes.data() + 25) << "a view, not a copy";
}

TEST(ReplicationMessageTest, DataMayBeEmpty) {
  const std::string bytes = Data("");
  const auto message = ParseReplicationMessage(bytes);
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(message->data, "");
}

TEST(ReplicationMessageTest, KeepaliveMayAskForAReply) {
  for (const char reply : {'\0', '\1'}) {
    const auto message = ParseReplicationMessage(Keepalive(reply));
    ASSERT_TRUE(message.ok()) << message.status();
    EXPECT_EQ(message->kind, ReplicationMessage::Kind::kKeepalive);
    EXPECT_EQ(message->end_lsn, 0x160000000au);
    EXPECT_EQ(message->server_time, kSince1970);
    EXPECT_EQ(message->reply_requested, reply == '\1');
  }
}

TEST(ReplicationMessageTest, ShortDataIsDamage) {
  const std::string bytes = Data("");
  for (size_t size = 1; size < bytes.size(); ++size) {
    EXPECT_THAT(ParseReplicationMessage(bytes.substr(0, size)),
                StatusIs(absl::StatusCode::kDataLoss, "invalid data message from the server: got " +
                                                          std::to_string(size) + " bytes, expected at least 25"));
  }
}

TEST(ReplicationMessageTest, KeepaliveOfAnotherSizeIsDamage) {
  const std::string bytes = Keepalive('\0') + "x";
  for (size_t size = 1; size <= bytes.size(); ++size) {
    if (size == 18) continue;
    EXPECT_THAT(ParseReplicationMessage(bytes.substr(0, size)),
                StatusIs(absl::StatusCode::kDataLoss, "invalid keepalive message from the server: got " +
                                                          std::to_string(size) + " bytes, expected 18"));
  }
}

TEST(ReplicationMessageTest, AnotherKindIsDamage) {
  EXPECT_THAT(ParseReplicationMessage(""), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("it is empty")));
  EXPECT_THAT(ParseReplicationMessage("\xffxyz"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("got kind 0xff, expected \"w\" or \"k\"")));
}

TEST(ReplicationMessageTest, AnyTimeIsTaken) {
  for (const uint64_t time : {uint64_t{0}, UINT64_MAX, uint64_t{1} << 63, (uint64_t{1} << 63) - 1}) {
    EXPECT_TRUE(ParseReplicationMessage("k" + BigEndian(1) + BigEndian(time) + '\0').ok());
  }
}

TEST(StandbyStatusTest, HasThreePositionsTimeAndReply) {
  const std::string bytes = FormatStandbyStatus({.written = 0x1600000009,
                                                 .flushed = 0x1600000008,
                                                 .applied = 0x1600000007,
                                                 .time = kSince1970,
                                                 .reply_requested = true});
  EXPECT_EQ(bytes, "r" + BigEndian(0x1600000009) + BigEndian(0x1600000008) + BigEndian(0x1600000007) +
                       BigEndian(kSince2000) + '\1');
}

}  // namespace
}  // namespace deltamirror::postgres
