// What tests/fidelity/rows_test.cc plays.

#ifndef DELTAMIRROR_TESTS_FIDELITY_ROW_STORIES_H_
#define DELTAMIRROR_TESTS_FIDELITY_ROW_STORIES_H_

#include <string>
#include <vector>

namespace deltamirror::fidelity {

struct RowStory {
  std::string name;
  std::vector<std::string> setup;
  // The mirror must equal the source after each.
  std::vector<std::vector<std::string>> steps;
  // False for what only deltaflood tells.
  bool through_pgoutput = true;
  // An SQL expression: whether the server has what it is about.
  std::string needs = "true";
};

std::vector<RowStory> IdentityStories();  // which row a change means
std::vector<RowStory> ToastStories();     // large values
std::vector<RowStory> TruncateStories();
std::vector<RowStory> PartitionStories();  // and inheritance
std::vector<RowStory> KindStories();       // kinds of columns, tables and statements
std::vector<RowStory> NameStories();

}  // namespace deltamirror::fidelity

#endif  // DELTAMIRROR_TESTS_FIDELITY_ROW_STORIES_H_
