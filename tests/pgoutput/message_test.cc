#include "pgoutput/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/pgoutput/bytes.h"

namespace deltamirror::pgoutput {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::string_literals;

// One valid message of each kind, with all that it can have; but for Stream Abort, which has two lengths.
std::vector<std::string> ValidMessages() {
  return {
      BeginBytes(),
      CommitBytes(),
      OriginBytes(0x99, "node_b"),
      RelationBytes(16402, "public", "zzz", 'd', {ColumnBytes("a", 25, true), ColumnBytes("b", 1700, false, 655366)}),
      RelationBytes(16402, "", "empty", 'n', {}),
      TypeBytes(16500, "ops", "mood"),
      InsertBytes(16402, {ValueBytes("fox"), "n", "u", ValueBytes("\1\2", 'b')}),
      UpdateBytes(16402, {ValueBytes("fox")}),
      UpdateBytes(16402, 'K', {ValueBytes("fox"), "n"}, {ValueBytes("hen"), "u"}),
      UpdateBytes(16402, 'O', {ValueBytes("fox"), "n"}, {ValueBytes("hen"), "u"}),
      DeleteBytes(16402, 'K', {ValueBytes("fox"), "n"}),
      DeleteBytes(16402, 'O', {ValueBytes("fox"), ValueBytes("")}),
      TruncateBytes({16402, 16403}, 3),
      LogicalMessageBytes(true, 0x77, "prefix", "con\0tent"s),
      StreamStartBytes(700, true),
      "E",
      StreamCommitBytes(700),
  };
}

Message Decoded(const std::string& bytes) {
  Message message;
  EXPECT_EQ(Decode(bytes, &message), absl::OkStatus());
  return message;
}

absl::Status Refused(const std::string& bytes) {
  Message message;
  return Decode(bytes, &message);
}

std::vector<std::string> Shown(const Row& row) {
  std::vector<std::string> shown;
  for (const Value& value : row) shown.push_back(static_cast<char>(value.kind) + std::string(value.bytes));
  return shown;
}

TEST(MessageTest, BeginHasCommitLsnTimeAndXid) {
  const Message message = Decoded(BeginBytes(4000000000, 0x1600000020));
  EXPECT_EQ(message.type, MessageType::kBegin);
  EXPECT_EQ(message.begin.final_lsn, 0x1600000020u);
  EXPECT_EQ(message.begin.commit_time, kUnixCommitTime);
  EXPECT_EQ(message.begin.xid, 4000000000u);
}

TEST(MessageTest, CommitHasBothLsns) {
  const Message message = Decoded(CommitBytes(0x20, 0x50));
  EXPECT_EQ(message.type, MessageType::kCommit);
  EXPECT_EQ(message.commit.commit_lsn, 0x20u);
  EXPECT_EQ(message.commit.end_lsn, 0x50u);
  EXPECT_EQ(message.commit.commit_time, kUnixCommitTime);
}

TEST(MessageTest, RelationHasIdentityAndColumns) {
  const Message message = Decoded(RelationBytes(
      16402, "ops", "crew", 'i', {ColumnBytes("id", 23, true, -1), ColumnBytes("pay", 1700, false, 655366)}));
  EXPECT_EQ(message.type, MessageType::kRelation);
  const RelationMessage expected = {
      .relid = 16402,
      .schema = "ops",
      .table = "crew",
      .identity = 'i',
      .columns = {{.name = "id", .type = 23, .typmod = -1, .in_key = true},
                  {.name = "pay", .type = 1700, .typmod = 655366, .in_key = false}},
  };
  EXPECT_EQ(message.relation, expected);
}

TEST(MessageTest, AnEmptySchemaIsPgCatalog) {
  EXPECT_EQ(Decoded(RelationBytes(1, "", "t", 'n', {})).relation.schema, "pg_catalog");
  EXPECT_EQ(Decoded(TypeBytes(1, "", "t")).type_name.schema, "pg_catalog");
}

TEST(MessageTest, ARelationReplacesTheColumnsOfTheOneBefore) {
  Message message;
  ASSERT_TRUE(
      Decode(RelationBytes(1, "public", "a", 'd', {ColumnBytes("x", 23), ColumnBytes("y", 23)}), &message).ok());
  ASSERT_TRUE(Decode(RelationBytes(2, "public", "b", 'd', {ColumnBytes("z", 25)}), &message).ok());
  ASSERT_EQ(message.relation.columns.size(), 1u);
  EXPECT_EQ(message.relation.columns[0].name, "z");
}

TEST(MessageTest, OriginTypeAndLogicalMessage) {
  EXPECT_EQ(Decoded(OriginBytes(0x99, "node_b")).origin.name, "node_b");
  EXPECT_EQ(Decoded(OriginBytes(0x99, "node_b")).origin.commit_lsn, 0x99u);
  EXPECT_EQ(Decoded(TypeBytes(16500, "ops", "mood")).type_name.oid, 16500u);
  EXPECT_EQ(Decoded(TypeBytes(16500, "ops", "mood")).type_name.name, "mood");
  const std::string bytes = LogicalMessageBytes(false, 0x77, "heartbeat", "con\0tent"s);
  const Message message = Decoded(bytes);
  EXPECT_FALSE(message.logical.transactional);
  EXPECT_EQ(message.logical.lsn, 0x77u);
  EXPECT_EQ(message.logical.prefix, "heartbeat");
  EXPECT_EQ(message.logical.content, "con\0tent"s);
}

TEST(MessageTest, InsertHasEachKindOfValue) {
  const std::string bytes = InsertBytes(16402, {ValueBytes("fox"), "n", "u", ValueBytes("\1", 'b'), ValueBytes("")});
  const Message message = Decoded(bytes);
  EXPECT_EQ(message.type, MessageType::kInsert);
  EXPECT_EQ(message.change.relid, 16402u);
  EXPECT_EQ(message.change.old_kind, OldRow::kNone);
  EXPECT_THAT(Shown(message.change.new_row), ElementsAre("tfox", "n", "u", "b\1", "t"));
}

TEST(MessageTest, UpdateHasAnOldRowOrNone) {
  Message message;
  const std::string with_key = UpdateBytes(7, 'K', {ValueBytes("fox"), "n"}, {ValueBytes("hen"), "u"});
  ASSERT_TRUE(Decode(with_key, &message).ok());
  EXPECT_EQ(message.change.old_kind, OldRow::kKey);
  EXPECT_THAT(Shown(message.change.old_row), ElementsAre("tfox", "n"));
  EXPECT_THAT(Shown(message.change.new_row), ElementsAre("then", "u"));
  const std::string full = UpdateBytes(7, 'O', {ValueBytes("fox")}, {ValueBytes("hen")});
  ASSERT_TRUE(Decode(full, &message).ok());
  EXPECT_EQ(message.change.old_kind, OldRow::kFull);
  const std::string without = UpdateBytes(7, {ValueBytes("hen")});
  ASSERT_TRUE(Decode(without, &message).ok());
  EXPECT_EQ(message.change.old_kind, OldRow::kNone);
  EXPECT_TRUE(message.change.old_row.empty());
}

TEST(MessageTest, DeleteHasNoNewRow) {
  Message message;
  const std::string insert = InsertBytes(7, {ValueBytes("fox")});
  ASSERT_TRUE(Decode(insert, &message).ok());
  const std::string bytes = DeleteBytes(7, 'K', {ValueBytes("hen")});
  ASSERT_TRUE(Decode(bytes, &message).ok());
  EXPECT_THAT(Shown(message.change.old_row), ElementsAre("then"));
  EXPECT_TRUE(message.change.new_row.empty());
}

TEST(MessageTest, TruncateHasTablesAndOptions) {
  const Message message = Decoded(TruncateBytes({16402, 16403}, 2));
  EXPECT_THAT(message.truncate.relids, ElementsAre(16402u, 16403u));
  EXPECT_FALSE(message.truncate.cascade);
  EXPECT_TRUE(message.truncate.restart_identity);
}

// Damage.

TEST(MessageTest, EveryPrefixIsRefused) {
  for (const std::string& whole : ValidMessages()) {
    ASSERT_EQ(Refused(whole), absl::OkStatus());
    for (size_t size = 0; size < whole.size(); ++size) {
      const absl::Status status = Refused(whole.substr(0, size));
      ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss) << whole[0] << " cut to " << size;
      ASSERT_THAT(status.message(), HasSubstr("expected")) << whole[0] << " cut to " << size;
    }
  }
}

TEST(MessageTest, BytesBehindTheEndAreRefused) {
  for (const std::string& whole : ValidMessages()) {
    ASSERT_THAT(Refused(whole + "x").message(), HasSubstr("got 1 more bytes")) << whole[0];
  }
  EXPECT_EQ(Refused(BeginBytes() + "abc").message(),
            "message \"Begin\" of pgoutput: expected its end at offset 21, got 3 more bytes");
}

// Each byte of each message set to values that lengths, counts and kinds may have; what comes out does not matter, only
// that nothing is read out of bounds (the sanitizers look).
TEST(MessageTest, AnyByteMayBeWrong) {
  for (const std::string& whole : ValidMessages()) {
    for (size_t at = 0; at < whole.size(); ++at) {
      for (const char byte : {'\0', '\1', '\x7f', '\x80', '\xff', 'n', 't', 'K'}) {
        std::string damaged = whole;
        damaged[at] = byte;
        Refused(damaged).IgnoreError();
      }
    }
  }
}

TEST(MessageTest, RandomBytesAreNoMessage) {
  constexpr absl::string_view kTypes = "BCORYIUDTMSEcAbPKrp?";
  std::mt19937 random(5);
  for (int i = 0; i < 200000; ++i) {
    std::string bytes(random() % 60, '\0');
    for (char& byte : bytes) byte = random() % 3 == 0 ? static_cast<char>(random()) : static_cast<char>(random() % 3);
    if (!bytes.empty()) bytes[0] = kTypes[random() % kTypes.size()];
    Refused(bytes).IgnoreError();
  }
}

TEST(MessageTest, ErrorsNameMessageOffsetExpectedAndActualSize) {
  EXPECT_EQ(Refused("").message(), "expected a message of pgoutput, got no bytes");
  EXPECT_EQ(Refused("B\0\0"s).message(),
            "message \"Begin\" of pgoutput: expected the final LSN, 8 bytes, at offset 1, got 2");
  EXPECT_EQ(Refused("C").message(), "message \"Commit\" of pgoutput: expected the flags, 1 byte, at offset 1, got 0");
  EXPECT_EQ(Refused(OriginBytes(1, "abc").substr(0, 12)).message(),
            "message \"Origin\" of pgoutput: expected the origin's name, ended by a zero byte, at offset 9, got 3 "
            "bytes without one");
  EXPECT_EQ(Refused("I" + Net(uint32_t{7}) + "N" + Net(uint16_t{1}) + "t" + Net(uint32_t{0xFFFFFFFF}) + "ab").message(),
            "message \"Insert\" of pgoutput: expected a value, 4294967295 bytes, at offset 13, got 2");
  EXPECT_EQ(Refused("T" + Net(uint32_t{0xFFFFFFFF}) + '\0' + Net(uint32_t{7})).message(),
            "message \"Truncate\" of pgoutput: expected the relations' OIDs, 17179869180 bytes, at offset 6, got 4");
  EXPECT_EQ(Refused("I" + Net(uint32_t{7}) + "N" + Net(uint16_t{0xFFFF})).message(),
            "message \"Insert\" of pgoutput: expected the row's values, 65535 bytes, at offset 8, got 0");
}

TEST(MessageTest, NamesAreNotEmpty) {
  EXPECT_EQ(Refused(RelationBytes(1, "public", "", 'd', {})).message(),
            "message \"Relation\" of pgoutput: expected the relation's name at offset 12, got an empty one");
  EXPECT_EQ(Refused(RelationBytes(1, "public", "t", 'd', {ColumnBytes("", 25, false, -1)})).message(),
            "message \"Relation\" of pgoutput: expected a column's name at offset 18, got an empty one");
}

TEST(MessageTest, UnexpectedBytesAreNamed) {
  EXPECT_EQ(Refused("I" + Net(uint32_t{7}) + "K" + RowBytes({})).message(),
            "message \"Insert\" of pgoutput: expected a new row, \"N\", at offset 5, got \"K\"");
  EXPECT_EQ(Refused("U" + Net(uint32_t{7}) + "X" + RowBytes({})).message(),
            "message \"Update\" of pgoutput: expected the kind of a row \"K\", \"O\" or \"N\" at offset 5, got \"X\"");
  EXPECT_EQ(Refused("U" + Net(uint32_t{7}) + "K" + RowBytes({}) + "O" + RowBytes({})).message(),
            "message \"Update\" of pgoutput: expected a new row, \"N\", at offset 8, got \"O\"");
  EXPECT_EQ(Refused("D" + Net(uint32_t{7}) + "N" + RowBytes({})).message(),
            "message \"Delete\" of pgoutput: expected the kind of a row \"K\" or \"O\" at offset 5, got \"N\"");
  EXPECT_EQ(
      Refused(InsertBytes(7, {"z"})).message(),
      "message \"Insert\" of pgoutput: expected the kind of a value \"n\", \"u\", \"t\" or \"b\" at offset 8, got "
      "\"z\"");
  EXPECT_EQ(Refused(RelationBytes(7, "public", "t", '\x05', {})).message(),
            "message \"Relation\" of pgoutput: expected the replica identity \"d\", \"i\", \"f\" or \"n\" at offset "
            "14, got \"\\x05\"");
}

TEST(MessageTest, StreamStart) {
  Message message;
  EXPECT_EQ(Decode("S" + Net(uint32_t{4000000000}) + '\1', &message), absl::OkStatus());
  EXPECT_EQ(message.stream_start.xid, 4000000000u);
  EXPECT_TRUE(message.stream_start.first_segment);
  EXPECT_EQ(Refused("S" + Net(uint32_t{7}) + '\2').message(),
            "message \"Stream Start\" of pgoutput: expected a first segment of 0 or 1 at offset 5, got \"\\x02\"");
}

TEST(MessageTest, StreamCommit) {
  Message message;
  EXPECT_EQ(Decode(StreamCommitBytes(700, 0x20, 0x50), &message), absl::OkStatus());
  EXPECT_EQ(message.stream_commit.xid, 700u);
  EXPECT_EQ(message.stream_commit.commit.commit_lsn, 0x20u);
  EXPECT_EQ(message.stream_commit.commit.end_lsn, 0x50u);
  EXPECT_EQ(message.stream_commit.commit.commit_time, kUnixCommitTime);
}

TEST(MessageTest, StreamAbortIsLongerWithStreamingInParallel) {
  Message message;
  const std::string bytes = StreamAbortBytes(700, 701);
  EXPECT_EQ(Decode(bytes, &message), absl::OkStatus());
  EXPECT_EQ(message.stream_abort.xid, 700u);
  EXPECT_EQ(message.stream_abort.subxid, 701u);
  EXPECT_EQ(Decode(bytes + Net(uint64_t{5}) + Net(kCommitTime), &message), absl::OkStatus());
  EXPECT_EQ(Refused(bytes + Net(uint64_t{5})).message(),
            "message \"Stream Abort\" of pgoutput: expected the abort's time, 8 bytes, at offset 17, got 0");
}

TEST(MessageTest, AMessageOfAStreamIsSplit) {
  const std::string insert = InsertBytes(16402, {ValueBytes("x")});
  const std::string streamed = InStream(701, insert);
  const absl::StatusOr<Streamed> split = SplitStreamed(streamed);
  ASSERT_EQ(split.status(), absl::OkStatus());
  EXPECT_EQ(split->type, MessageType::kInsert);
  EXPECT_EQ(split->xid, 701u);
  EXPECT_EQ(split->rest, insert.substr(1));
}

TEST(MessageTest, AnOriginInAStreamHasNoXid) {
  const std::string origin = OriginBytes(5, "node_b");
  const absl::StatusOr<Streamed> split = SplitStreamed(origin);
  ASSERT_EQ(split.status(), absl::OkStatus());
  EXPECT_EQ(split->type, MessageType::kOrigin);
  EXPECT_EQ(split->xid, 0u);
}

TEST(MessageTest, WhatHasNoPlaceInAStreamIsRefused) {
  EXPECT_EQ(SplitStreamed(BeginBytes()).status().message(),
            "message \"Begin\" of pgoutput came inside of a stream, expected changes up to a message \"Stream Stop\"");
  EXPECT_EQ(SplitStreamed("I\1\2").status().message(),
            "message \"Insert\" of pgoutput: expected the transaction's xid, 4 bytes, at offset 1, got 2");
  EXPECT_EQ(SplitStreamed("p").status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(SplitStreamed("?").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(SplitStreamed("").status().code(), absl::StatusCode::kDataLoss);
}

TEST(MessageTest, PreparedTransactionsAreRefused) {
  for (const char type : {'b', 'P', 'K', 'r', 'p'}) {
    const absl::Status status = Refused(std::string(1, type));
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
    EXPECT_THAT(status.message(), HasSubstr("belongs to a prepared transaction, expected committed ones"));
  }
}

TEST(MessageTest, UnknownMessagesAreRefused) {
  EXPECT_EQ(Refused("_table\tzzz").message(), "expected a message of pgoutput, got one that begins with \"_\"");
  EXPECT_THAT(Refused("\xff").message(), HasSubstr("expected a message of pgoutput, got one that begins with"));
}

}  // namespace
}  // namespace deltamirror::pgoutput
