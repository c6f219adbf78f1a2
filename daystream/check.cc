#include "daystream/check.h"

#include <charconv>
#include <system_error>

#include "absl/strings/match.h"
#include "daystream/crc32c.h"
#include "status/status_macros.h"

namespace deltamirror::daystream {
namespace {

using deltaflood::Action;

constexpr size_t kDigits = 8;  // of the checksum

std::string FormatCrc(uint32_t crc) {
  std::string digits(kDigits, '0');
  for (size_t i = kDigits; i-- > 0; crc >>= 4) digits[i] = "0123456789abcdef"[crc & 15];
  return digits;
}

void AppendNumber(uint64_t number, std::string* out) {
  char text[24];
  char* const end = std::to_chars(text, text + sizeof(text), number).ptr;
  *end = ':';
  out->append(text, end + 1 - text);
}

// The checksum's digits, as FormatCrc writes them: they are what no checksum covers, so they have one form only.
bool ParseCrc(absl::string_view digits, uint32_t* crc) {
  if (digits.size() != kDigits) return false;
  for (const char digit : digits) {
    const bool is_letter = digit >= 'a' && digit <= 'f';
    if (!is_letter && (digit < '0' || digit > '9')) return false;
    *crc = *crc << 4 | static_cast<uint32_t>(is_letter ? digit - 'a' + 10 : digit - '0');
  }
  return true;
}

// Reads a number and the colon behind it off the front.
bool ConsumeNumber(absl::string_view* text, uint64_t* number) {
  const char* const end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, *number);
  if (error != std::errc() || rest == end || *rest != ':') return false;
  text->remove_prefix(rest + 1 - text->data());
  return true;
}

}  // namespace

std::optional<Check> ParseCheck(absl::string_view value) {
  Check check;
  if (!ConsumeNumber(&value, &check.number) || !ConsumeNumber(&value, &check.lines) || !ParseCrc(value, &check.crc)) {
    return std::nullopt;
  }
  return check;
}

void RunningCheck::Add(absl::string_view bytes, uint64_t line_count) {
  crc = ExtendCrc32c(crc, bytes);
  lines += line_count;
}

absl::StatusOr<bool> EndFinder::IsEnd(absl::string_view record_text) {
  if (absl::StartsWith(record_text, "_table\t")) return false;
  RETURN_IF_ERROR(parser_.ParseHead(record_text, &record_));
  return record_.table.empty() && (record_.action == Action::kCommit || record_.action == Action::kRollback);
}

void AppendCheckedEnd(absl::string_view end, size_t line, RunningCheck* running, std::string* out) {
  out->append(kCheckKey.data(), kCheckKey.size());
  AppendNumber(running->number + 1, out);
  AppendNumber(running->whole ? running->lines + 1 : 0, out);
  const size_t digits = out->size();
  out->append("\t");
  out->append(end.data(), end.size());
  out->append("\n");
  const absl::string_view text = absl::string_view(*out).substr(line);
  uint32_t crc = running->whole ? running->crc : 0;
  crc = ExtendCrc32c(crc, text.substr(0, digits - line));
  crc = ExtendCrc32c(crc, text.substr(digits - line));
  out->insert(digits, FormatCrc(crc));
  *running = {.number = running->number + 1};
}

uint32_t CrcOfCheckedEnd(uint32_t crc, absl::string_view line, absl::string_view value) {
  const size_t digits = value.data() + value.size() - kDigits - line.data();
  crc = ExtendCrc32c(crc, line.substr(0, digits));
  crc = ExtendCrc32c(crc, line.substr(digits + kDigits));
  return ExtendCrc32c(crc, "\n");
}

}  // namespace deltamirror::daystream
