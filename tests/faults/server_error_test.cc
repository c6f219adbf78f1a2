#include "postgres/server_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "tests/status_matchers.h"

namespace deltamirror::postgres {
namespace {

using ::deltamirror::testing::StatusIs;

constexpr char kServer[] = "connection to server at \"127.0.0.1\", port 5432 failed: ";

absl::Status Refused(const std::string& message) {
  return ConnectError(kServer + message);
}

TEST(ConnectErrorTest, SqlStateIsTakenOutOfTheMessage) {
  const absl::Status refused = Refused(
      "FATAL:  28P01: password authentication failed for user \"fox\"\n"
      "LOCATION:  auth_failed, auth.c:334\n");
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kPermissionDenied,
                                "could not connect to the server: connection to server at \"127.0.0.1\", port 5432 "
                                "failed: FATAL:  password authentication failed for user \"fox\""));
  EXPECT_EQ(SqlState(refused), "28P01");
}

TEST(ConnectErrorTest, LinesBecomeOne) {
  EXPECT_EQ(
      OneLine("server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n"
              "\tbefore or while processing the request.\n"),
      "server closed the connection unexpectedly. This probably means the server terminated abnormally before or "
      "while processing the request.");
  EXPECT_EQ(OneLine(nullptr), "");
}

TEST(ConnectErrorTest, TheServersLanguageDoesNotMatter) {
  const absl::Status refused = Refused(
      "СБОЙ:  3D000: база данных \"b\" не существует\n"
      "МЕСТО:  InitPostgres, postinit.c:941\n");
  EXPECT_EQ(SqlState(refused), "3D000");
  EXPECT_EQ(refused.code(), absl::StatusCode::kNotFound);
}

TEST(ConnectErrorTest, DetailAndHintStay) {
  EXPECT_THAT(Refused("FATAL:  53300: sorry, too many clients already\nDETAIL:  All are taken.\nHINT:  Wait.\n"
                      "LOCATION:  InitProcess, proc.c:361\n"),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       ::testing::EndsWith("FATAL:  sorry, too many clients already. DETAIL:  All are taken. HINT:  "
                                           "Wait.")));
}

TEST(ConnectErrorTest, OfSeveralHostsTheLastOneCounts) {
  const absl::Status refused = ConnectError(
      "connection to server at \"a\" (10.0.0.1), port 5432 failed: FATAL:  57P03: the database system is "
      "starting up\nLOCATION:  ProcessStartupPacket, postmaster.c:2346\n"
      "connection to server at \"b\" (10.0.0.2), port 5432 failed: FATAL:  28000: no pg_hba.conf entry\n");
  EXPECT_EQ(SqlState(refused), "28000");
}

TEST(ConnectErrorTest, WithoutAServerThereIsNoSqlState) {
  for (const char* const message :
       {"Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?\n",
        "could not translate host name \"nowhere\" to address: Name or service not known\n", "session is read-only\n",
        "FATAL:  2800: too short\n", "note:  28P01", ""}) {
    const absl::Status refused = Refused(message);
    EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable) << message;
    EXPECT_EQ(SqlState(refused), "") << message;
    EXPECT_TRUE(MayPass(refused)) << message;
  }
}

TEST(MayPassTest, WhatTheServerMaySayTomorrowToo) {
  for (const char* const state :
       {"08006", "53000", "53100", "53200", "53300", "57014", "57P01", "57P02", "57P03", "55006"}) {
    EXPECT_TRUE(MayPass(ServerError(state, "no"))) << state;
  }
  for (const char* const state :
       {"08P01", "28000", "28P01", "3D000", "42501", "42704", "42P01", "55000", "57P04", "58P01", "XX000", "22023"}) {
    EXPECT_FALSE(MayPass(ServerError(state, "no"))) << state;
  }
}

TEST(MayPassTest, WhatDoesNotComeFromAServer) {
  EXPECT_TRUE(MayPass(absl::UnavailableError("lost")));
  EXPECT_FALSE(MayPass(absl::OkStatus()));
  EXPECT_FALSE(MayPass(absl::CancelledError("interrupted")));
  EXPECT_FALSE(MayPass(absl::ResourceExhaustedError("No space left on device")));
  EXPECT_FALSE(MayPass(absl::FailedPreconditionError("another slot")));
}

}  // namespace
}  // namespace deltamirror::postgres
