// What all table-valued functions have in common: their arguments.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/lab/host.h"

namespace deltamirror {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct Function {
  std::string name;
  std::string arguments;  // that are well-formed, though nothing is there
  std::string column;
};

std::ostream& operator<<(std::ostream& out, const Function& function) {
  return out << function.name;
}

class TableFunctionTest : public ::testing::TestWithParam<Function> {
 protected:
  lab::Host host_;
};

TEST_P(TableFunctionTest, MissingArgumentsAreNamed) {
  const std::string expected = GetParam().name + ": expected ";
  EXPECT_THAT(host_.Error("SELECT * FROM " + GetParam().name), StartsWith(expected));
  EXPECT_THAT(host_.Error(absl::StrCat("SELECT * FROM ", GetParam().name, " WHERE ", GetParam().column, " = 1")),
              StartsWith(expected));
}

// SQLite plans the sides of an OR one by one, without the arguments.
TEST_P(TableFunctionTest, AnOrInWhereDoesNotLoseThem) {
  const std::string column = GetParam().column;
  EXPECT_THAT(host_.Error(absl::StrCat("SELECT * FROM ", GetParam().name, "(", GetParam().arguments, ") WHERE ", column,
                                       " < 1 OR ", column, " > 5")),
              Not(HasSubstr("argument")));
}

INSTANTIATE_TEST_SUITE_P(All, TableFunctionTest,
                         ::testing::Values(Function{"daystream", "'/nowhere'", "clock"},
                                           Function{"deltamirror", "'nobody'", "records"},
                                           Function{"deltastream", "'host=/nowhere', 's', '/nowhere/x'", "records"},
                                           Function{"pg_schema", "'host=/nowhere'", "type"},
                                           Function{"pg_slots", "'host=/nowhere'", "plugin"}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace deltamirror
