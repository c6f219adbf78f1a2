#include "daystream/verifier.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "status/status_macros.h"

namespace deltamirror::daystream {
namespace {

absl::Status Expected(absl::string_view expected, absl::string_view got) {
  return absl::DataLossError(absl::StrCat("expected ", expected, ", got ", got));
}

}  // namespace

void Verifier::Begin(From from, bool required) {
  required_ = required;
  counted_ = from == From::kBeginning;
  began_ = false;
  running_ = {.whole = counted_};
}

absl::Status Verifier::Take(const Line& line, const std::string& path) {
  if (!began_) {
    began_ = true;
    path_ = path;
    offset_ = line.offset;
  }
  ASSIGN_OR_RETURN(const bool is_end, IsEnd(line, path));
  if (!is_end) {
    running_.Add(line.text, 1);
    running_.Add("\n", 0);
    return absl::OkStatus();
  }
  absl::Status status = line.check.empty() ? TakeUncheckedEnd() : TakeEnd(line.text, line.check);
  if (!status.ok()) {
    return absl::DataLossError(absl::StrCat(
        "cannot read the transaction that ends at position ", ToString(line.position), ", at offset ", line.offset,
        " of file \"", path, "\": ", status.message(), ". What lies between offset ", offset_, " of file \"", path_,
        "\" and there is not what was written. Bring it back from a copy, or make a new daystream and bootstrap its "
        "mirrors again"));
  }
  if (path_ != path) path_ = path;
  offset_ = line.offset + line.text.size() + 1;
  return status;
}

absl::StatusOr<bool> Verifier::IsEnd(const Line& line, const std::string& path) {
  if (!line.check.empty()) return true;
  const absl::StatusOr<bool> is_end = ends_.IsEnd(line.record_text);
  // Where ends are not checked, what a line says is the concern of those who read it.
  if (is_end.ok() || !required_) return is_end.value_or(false);
  return absl::DataLossError(absl::StrCat("cannot read the line at position ", ToString(line.position), ", at offset ",
                                          line.offset, " of file \"", path, "\": ", is_end.status().message()));
}

absl::Status Verifier::TakeEnd(absl::string_view text, absl::string_view value) {
  const std::optional<Check> check = ParseCheck(value);
  if (!check.has_value()) return Expected("a check like \"17:5:0a1b2c3d\"", absl::StrCat("\"", value, "\""));
  const bool covers_all = check->lines > 0;
  const uint64_t lines = running_.lines + 1;
  const uint32_t crc = CrcOfCheckedEnd(covers_all ? running_.crc : 0, text, value);
  const uint64_t number = running_.number + 1;
  const bool counted = counted_ && covers_all;
  // Its first lines lie before the place where we began to read.
  const bool partial = !running_.whole && lines < check->lines;
  counted_ = true;
  running_ = {.number = check->number};
  if (counted && check->number != number) {
    return Expected(absl::StrCat("transaction ", number), absl::StrCat("transaction ", check->number));
  }
  if (partial) return absl::OkStatus();
  if (covers_all && lines != check->lines) {
    return Expected(absl::StrCat(check->lines, check->lines == 1 ? " line" : " lines"), absl::StrCat(lines));
  }
  if (crc != check->crc) return absl::DataLossError("its lines do not have the checksum that was written with them");
  return absl::OkStatus();
}

absl::Status Verifier::TakeUncheckedEnd() {
  if (required_ || counted_) return Expected("\"_check\" in its last line", "none");
  running_ = RunningCheck();
  return absl::OkStatus();
}

}  // namespace deltamirror::daystream
