#include "tests/faults/fixture.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/daystream_content.h"
#include "tests/lab/wait.h"

namespace deltamirror {

std::string FaultsTest::Rows(const std::string& options, const std::string& conninfo) const {
  return absl::StrCat("SELECT state, note, records, transactions, clock, lsn, lag_bytes ", From(options, conninfo));
}

std::vector<std::string> FaultsTest::Notes(const RunningQuery& stream) {
  std::vector<std::string> notes;
  for (const std::vector<std::string>& row : stream.rows()) {
    if (row[1] != "NULL") notes.push_back(absl::StrCat(row[0], ": ", row[1]));
  }
  return notes;
}

bool FaultsTest::HasNote(const RunningQuery& stream, const std::string& text) {
  return lab::WaitUntil([&] {
    for (const std::string& note : Notes(stream)) {
      if (absl::StrContains(note, text)) return true;
    }
    return false;
  });
}

bool FaultsTest::Arrives(int commits) const {
  return lab::WaitUntil([&] { return ReadContent(Stream()).commits == commits; });
}

bool FaultsTest::IsFree() {
  return lab::WaitUntil([] { return SlotValue("count(*) FILTER (WHERE active)") == "0"; });
}

}  // namespace deltamirror
