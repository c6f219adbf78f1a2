#include "tests/types/types_doc.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/lab/temp_dir.h"

namespace deltamirror {
namespace {

using Cells = std::vector<std::string>;

// The rows of the table whose head begins with these cells.
std::vector<Cells> ReadTable(const std::string& first, const std::string& second) {
  const char* path = std::getenv("DELTAMIRROR_TYPES_DOC");
  const std::string text = lab::ReadFile(path == nullptr ? "" : path);
  EXPECT_FALSE(text.empty()) << "DELTAMIRROR_TYPES_DOC does not name docs/types.md";
  std::vector<Cells> rows;
  bool inside = false;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    Cells cells = absl::StrSplit(line, " | ");
    cells.front() = std::string(absl::StripPrefix(cells.front(), "| "));
    cells.back() = std::string(absl::StripSuffix(cells.back(), " |"));
    if (inside && !absl::StartsWith(line, "|")) break;
    if (inside && !absl::StartsWith(line, "| ---")) rows.push_back(cells);
    if (!inside) inside = cells.size() > 1 && cells[0] == first && cells[1] == second;
  }
  EXPECT_FALSE(rows.empty()) << "docs/types.md has no table | " << first << " | " << second << " |";
  return rows;
}

// What stands between backticks.
Cells Quoted(const std::string& cell) {
  Cells quoted;
  const Cells parts = absl::StrSplit(cell, '`');
  for (size_t i = 1; i < parts.size(); i += 2) quoted.push_back(parts[i]);
  return quoted;
}

TypeDoc ReadDoc(const Cells& cells) {
  TypeDoc doc;
  doc.declared = cells[1] == "nothing" ? "" : cells[1];
  for (const std::string stored : {"integer", "real", "text", "blob"}) {
    const Cells words = absl::StrSplit(cells[2].substr(0, cells[2].find(':')), absl::ByAnyChar(", "));
    for (const std::string& word : words) {
      if (word == stored) doc.stored.push_back(stored);
    }
  }
  doc.compares = cells[3].substr(0, cells[3].find(','));
  return doc;
}

}  // namespace

std::map<std::string, TypeDoc> ReadTypeDocs() {
  std::map<std::string, TypeDoc> docs;
  for (const Cells& cells : ReadTable("PostgreSQL", "declared in SQLite")) {
    EXPECT_EQ(cells.size(), 4U) << cells[0];
    for (const std::string& type : Quoted(cells[0])) {
      EXPECT_TRUE(docs.emplace(type, ReadDoc(cells)).second) << "docs/types.md has type " << type << " twice";
    }
  }
  return docs;
}

std::vector<ExampleDoc> ReadExampleDocs() {
  std::vector<ExampleDoc> examples;
  for (const Cells& cells : ReadTable("type", "PostgreSQL prints")) {
    const Cells quoted = Quoted(absl::StrJoin(cells, " "));
    if (quoted.size() == 4) {
      examples.push_back({quoted[0], quoted[1], quoted[2], quoted[3]});
    } else {
      ADD_FAILURE() << "docs/types.md: expected four texts in backticks: " << absl::StrJoin(cells, " | ");
    }
  }
  return examples;
}

}  // namespace deltamirror
