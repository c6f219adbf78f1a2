// The bytes are lines. What can be read and is written again is the same when it is read again; and a parser that has
// read other lines before reads a line as a new one does.

#include <optional>
#include <string>

#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "deltaflood/format.h"
#include "deltaflood/json.h"
#include "deltaflood/parser.h"
#include "deltaflood/record.h"
#include "deltaflood/relation.h"
#include "tests/fuzz/input.h"

namespace deltamirror::fuzz {
namespace {

std::string Json(const deltaflood::Record& record) {
  std::string json;
  deltaflood::AppendRecordJson(record, &json);
  return json;
}

void CheckWrittenAgain(const deltaflood::Record& record) {
  std::string line;
  deltaflood::AppendRecord(record, &line);
  deltaflood::Parser parser;
  deltaflood::Record again;
  Require(parser.Parse(line, &again).ok(), "a record that was written can be read");
  Require(Json(again) == Json(record), "a record that was written and read is the same");
}

void Run(Input input) {
  const uint8_t flags = input.Byte();
  const deltaflood::ParseOptions options = {
      .separator = (flags & 4) != 0 ? ", " : "\t",
      .null_text = (flags & 2) != 0 ? std::optional<std::string>("NULL") : std::nullopt,
      .escapes = (flags & 1) == 0,
  };
  deltaflood::Parser used(options);
  deltaflood::Record record;
  deltaflood::Record other;
  for (const absl::string_view line : absl::StrSplit(input.Rest(), '\n')) {
    deltaflood::Parser fresh(options);
    const absl::Status status = fresh.Parse(line, &other);
    const absl::Status same = used.Parse(line, &record);
    Require(status == same, "what a parser has read before changes nothing");
    const bool ok = status.ok();
    if (ok) {
      Require(Json(record) == Json(other), "what a parser has read before changes no value");
      CheckWrittenAgain(record);
      deltaflood::ParseRelation(record).status().IgnoreError();
    }
    const absl::Status head = used.ParseHead(line, &record);
    Require(head.ok() || !ok, "the head of a line that can be read can be read");
  }
}

}  // namespace
}  // namespace deltamirror::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  deltamirror::fuzz::Run(deltamirror::fuzz::Input(data, size));
  return 0;
}
