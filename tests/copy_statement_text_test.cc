#include <string>

#include "copy/statement_text.h"
#include "gtest/gtest.h"

namespace deltamirror::copy {
namespace {

TEST(StatementBodyTest, EndsBeforeTheSemicolonAndTheComments) {
  EXPECT_EQ(StatementBody("SELECT 1"), "SELECT 1");
  EXPECT_EQ(StatementBody("SELECT 1;"), "SELECT 1");
  EXPECT_EQ(StatementBody("SELECT 1 ; -- one; or more\n ;; /* a /* b; */ */\n"), "SELECT 1 ");
  EXPECT_EQ(StatementBody("SELECT 1 -- one;"), "SELECT 1 -- one;");
  EXPECT_EQ(StatementBody(";"), "");
  EXPECT_EQ(StatementBody(""), "");
}

TEST(StatementBodyTest, SemicolonsInsideTokensEndNothing) {
  for (const char* const text :
       {"SELECT ';', 'it''s; --', 'a\\'", "SELECT \"a;\"\"b\"", "SELECT E'\\';', e'\\\\'",
        "SELECT $$;$$, $t$ ; $$ $t$, $1", "SELECT /* ; /* ; */ ; */ 1", "SELECT name$t FROM t WHERE b = '$t;'"}) {
    EXPECT_EQ(StatementBody(text), text);
    EXPECT_EQ(StatementBody(std::string(text) + "; -- ;"), text);
  }
}

TEST(StatementBodyTest, SeveralStatementsComeBackWhole) {
  EXPECT_EQ(StatementBody("SELECT 1; SELECT 2;"), "SELECT 1; SELECT 2;");
  EXPECT_EQ(StatementBody("SELECT 1; 'x'"), "SELECT 1; 'x'");
}

TEST(StatementBodyTest, ATokenThatDoesNotEndGoesToTheEnd) {
  for (const char* const text : {"SELECT 'a; -- ", "SELECT /* a;", "SELECT $$ a; $", "SELECT \"a;", "SELECT E'a;\\"}) {
    EXPECT_EQ(StatementBody(text), text);
  }
}

TEST(StaysInParenthesesTest, TakesWhatClosesNoOthers) {
  for (const char* text : {"", "a > (b + 1)", "a = ')' -- )", "a = $x$)$x$ /* ) */", "\")\" = 1", "a = E'\\')'"}) {
    EXPECT_TRUE(StaysInParentheses(text)) << text;
  }
  for (const char* text : {"a) OR (b", "true); DROP TABLE t; SELECT (true", "a > 1; b", "(a", "a)"}) {
    EXPECT_FALSE(StaysInParentheses(text)) << text;
  }
}

}  // namespace
}  // namespace deltamirror::copy
