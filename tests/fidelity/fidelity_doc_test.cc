// docs/fidelity.md names a case for each of its lines, and has a line for each case: so what it says is what is shown.

#include <fnmatch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/fidelity/ddl_cases.h"
#include "tests/fidelity/row_stories.h"
#include "tests/lab/temp_dir.h"

namespace deltamirror::fidelity {
namespace {

using Names = std::set<std::string>;

std::vector<RowStory> AllStories() {
  std::vector<RowStory> all;
  for (const auto& some :
       {IdentityStories(), ToastStories(), TruncateStories(), PartitionStories(), KindStories(), NameStories()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

std::string PathOf(const std::string& test) {
  for (const char* const folder : {"tests/fidelity/", "tests/pgoutput/", "tests/"}) {
    std::string path = absl::StrCat(folder, test, ".cc");
    if (std::filesystem::exists(path)) return path;
  }
  return "";
}

// Of the tests whose cases are GoogleTest's own. `fixture`: a pattern.
Names CasesInSource(const std::string& test, const std::string& fixture = "\\w+") {
  const std::string source = lab::ReadFile(PathOf(test));
  const std::regex kCase(absl::StrCat("\nTEST_[FP]\\(", fixture, ", (\\w+)\\)"));
  Names names;
  for (std::sregex_iterator found(source.begin(), source.end(), kCase), end; found != end; ++found) {
    names.insert((*found)[1]);
  }
  return names;
}

Names CasesOf(const std::string& test) {
  Names names;
  if (test == "rows_test") {
    for (const RowStory& story : AllStories()) names.insert(story.name);
  } else if (test == "ddl_test") {
    for (const DdlCase& one : DdlCases()) names.insert(one.name);
  } else {
    names = CasesInSource(test);
  }
  return names;
}

// Those that run through pgoutput: all of tests/pgoutput, and what is instantiated with both plugins.
Names CasesThroughPgoutput(const std::string& test) {
  Names names;
  if (test == "rows_test") {
    for (const RowStory& story : AllStories()) {
      if (story.through_pgoutput) names.insert(story.name);
    }
    return names;
  }
  if (absl::StartsWith(PathOf(test), "tests/pgoutput/")) return CasesInSource(test);
  static const std::regex* const kBoth =
      new std::regex("INSTANTIATE_TEST_SUITE_P\\(\\w+, (\\w+), ::testing::Values\\(\"deltaflood\", \"pgoutput\"\\)");
  const std::string source = lab::ReadFile(PathOf(test));
  for (std::sregex_iterator found(source.begin(), source.end(), *kBoth), end; found != end; ++found) {
    names.merge(CasesInSource(test, (*found)[1]));
  }
  return names;
}

struct DocLine {
  std::string text;
  bool has_p = false;  // the table has the column about pgoutput
  bool through_pgoutput = false;
  std::map<std::string, Names> cases;  // by test
};

// "`rows_test` truncate, attach*; `stop_test` APartition*", and the names that the patterns stand for.
std::map<std::string, Names> ReadCases(const std::string& text) {
  static const std::regex* const kPart = new std::regex("`(\\w+_test)` ((?:[\\w*]+)(?:, [\\w*]+)*)");
  std::map<std::string, Names> cases;
  for (std::sregex_iterator part(text.begin(), text.end(), *kPart), end; part != end; ++part) {
    const std::string test = (*part)[1];
    for (const std::string& pattern : std::vector<std::string>(absl::StrSplit((*part)[2].str(), ", "))) {
      size_t found = 0;
      for (const std::string& name : CasesOf(test)) {
        if (fnmatch(pattern.c_str(), name.c_str(), 0) != 0) continue;
        cases[test].insert(name);
        ++found;
      }
      EXPECT_GT(found, 0u) << "docs/fidelity.md names " << test << " " << pattern << ", which is not there";
    }
  }
  return cases;
}

bool HasCaseThroughPgoutput(const DocLine& line) {
  for (const auto& [test, names] : line.cases) {
    const Names through = CasesThroughPgoutput(test);
    for (const std::string& name : names) {
      if (through.count(name) > 0) return true;
    }
  }
  return false;
}

// The rows of all tables whose last column is "test", and the prose around them.
class FidelityDocTest : public ::testing::Test {
 protected:
  FidelityDocTest() {
    bool in_table = false;
    bool has_p = false;
    for (const absl::string_view line : absl::StrSplit(lab::ReadFile("docs/fidelity.md"), '\n')) {
      if (!absl::StartsWith(line, "|")) {
        in_table = false;
        // In parentheses; a test is mentioned without its cases, too.
        const size_t cases = line.find("(`");
        if (cases != absl::string_view::npos) prose_.push_back(ReadCases(std::string(line.substr(cases))));
        continue;
      }
      std::vector<std::string> cells = absl::StrSplit(absl::StripSuffix(absl::StripPrefix(line, "| "), " |"), " | ");
      if (!in_table) {
        EXPECT_EQ(cells.back(), "test") << line;
        has_p = cells.size() > 2 && cells[cells.size() - 2] == "p";
      } else if (!absl::StartsWith(line, "| ---")) {
        AddLine(line, has_p);
      }
      in_table = true;
    }
  }

  void AddLine(absl::string_view text, bool has_p) {
    DocLine& line = lines_.emplace_back();
    line.text = std::string(text);
    line.has_p = has_p;
    line.through_pgoutput = absl::StrContains(text, " | yes | ");
    line.cases = ReadCases(line.text);
  }

  std::vector<DocLine> lines_;
  std::vector<std::map<std::string, Names>> prose_;
};

TEST_F(FidelityDocTest, EachLineIsShownByACase) {
  EXPECT_GT(lines_.size(), 40u);
  for (const DocLine& line : lines_) EXPECT_THAT(line.cases, ::testing::Not(::testing::IsEmpty())) << line.text;
}

TEST_F(FidelityDocTest, EachCaseShowsALine) {
  std::map<std::string, Names> told;
  for (const DocLine& line : lines_) {
    for (const auto& [test, names] : line.cases) told[test].insert(names.begin(), names.end());
  }
  for (const auto& cases : prose_) {
    for (const auto& [test, names] : cases) told[test].insert(names.begin(), names.end());
  }
  for (const char* test : {"rows_test", "ddl_test", "stop_test", "on_ddl_test"}) {
    EXPECT_THAT(told[test], ::testing::ContainerEq(CasesOf(test))) << test;
  }
}

// A line is about what both plugins tell if all of its stories are, and about deltaflood alone if none is. One without
// stories that says yes has another case that runs through both.
TEST_F(FidelityDocTest, WhatGoesThroughPgoutputIsPlayedThroughIt) {
  std::map<std::string, bool> through;
  for (const RowStory& story : AllStories()) through[story.name] = story.through_pgoutput;
  for (const DocLine& line : lines_) {
    const auto stories = line.cases.find("rows_test");
    if (line.has_p && line.through_pgoutput) {
      EXPECT_TRUE(HasCaseThroughPgoutput(line)) << line.text;
    }
    if (!line.has_p || stories == line.cases.end()) continue;
    for (const std::string& name : stories->second) {
      EXPECT_EQ(through[name], line.through_pgoutput) << name << " in: " << line.text;
    }
  }
}

}  // namespace
}  // namespace deltamirror::fidelity
