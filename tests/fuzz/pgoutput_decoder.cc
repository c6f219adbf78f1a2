// The bytes are the messages of one START_REPLICATION, each with its length in front. Whatever comes, nothing is read
// out of bounds; and what is understood gives lines that can be read.

#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "deltaflood/parser.h"
#include "deltaflood/record.h"
#include "deltaflood/relation.h"
#include "deltastream/streamed_transactions.h"
#include "pgoutput/catalog.h"
#include "pgoutput/message.h"
#include "pgoutput/translator.h"
#include "tests/fuzz/input.h"

namespace deltamirror::fuzz {
namespace {

// As a server whose table has changed since: columns were added, renamed and dropped.
pgoutput::CatalogEntry Describe(const pgoutput::RelationMessage& message, uint32_t /*xid*/) {
  pgoutput::CatalogEntry entry;
  if (message.relid % 3 == 0) return entry;
  entry.relation.emplace();
  int number = 0;
  for (const pgoutput::RelationColumn& column : message.columns) {
    ++number;
    if (column.type % 5 == 0 && message.relid % 2 == 0) {
      entry.dropped_within.push_back({.number = number, .length = static_cast<int>(column.type % 7) - 1});
      continue;
    }
    if (column.type % 5 == 0) {
      entry.dropped_since.push_back(number);
      continue;
    }
    entry.relation->columns.push_back({.name = column.type % 5 == 1 ? column.name + "'" : column.name,
                                       .attnum = number,
                                       .type = "text",
                                       .oid = column.type,
                                       .key = column.in_key ? number : 0,
                                       .generated = column.type % 5 == 2 ? "stored" : ""});
  }
  entry.relation->columns.push_back({.name = "new", .attnum = number + 1, .type = "text", .oid = 25});
  // A catalog has each name once.
  std::set<std::string> names;
  std::erase_if(entry.relation->columns, [&names](const auto& column) { return !names.insert(column.name).second; });
  if (message.relid % 3 == 1) entry.types.resize(message.columns.size(), {.name = "bool", .base = 16, .length = 1});
  return entry;
}

void CheckLines(const std::string& lines) {
  deltaflood::Parser parser;
  deltaflood::Record record;
  for (const absl::string_view line : absl::StrSplit(lines, '\n', absl::SkipEmpty())) {
    const absl::Status parsed = parser.Parse(line, &record);
    Require(parsed.ok(), "a line that was written can be read");
    if (record.action == deltaflood::Action::kRelation) {
      // A database without an encoding (SQL_ASCII) may have any bytes for a name.
      const absl::Status shape = deltaflood::ParseRelation(record).status();
      Require(shape.ok() || absl::StrContains(shape.message(), "is not UTF-8"),
              "a relation line that was written can be read");
    }
  }
}

void Run(Input input) {
  pgoutput::Translator translator({.catalog = Describe});
  deltastream::StreamedTransactions streams("/tmp");
  while (!input.empty()) {
    const absl::string_view message = input.Piece();
    std::string lines;
    const absl::StatusOr<bool> streamed = streams.Take(message);
    if (!streamed.ok()) return;
    if (!*streamed) {
      if (!translator.Translate(message, &lines).ok()) return;
    } else if (streams.committed() != nullptr) {
      const pgoutput::Commit commit = streams.commit();
      if (!translator.BeginTransaction({.final_lsn = commit.commit_lsn, .xid = streams.committed()->xid()}).ok()) {
        return;
      }
      while (true) {
        const absl::StatusOr<bool> more = streams.committed()->Take(
            [&](absl::string_view part) { return translator.Translate(part, &lines).status(); });
        if (!more.ok()) return;
        if (!*more) break;
      }
      if (!translator.EndTransaction(commit, &lines).ok()) return;
      streams.Finish();
    }
    CheckLines(lines);
  }
}

}  // namespace
}  // namespace deltamirror::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  deltamirror::fuzz::Run(deltamirror::fuzz::Input(data, size));
  return 0;
}
