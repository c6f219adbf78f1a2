#include "daystream/line_batch.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace deltamirror::daystream {
namespace {

constexpr size_t kMostBytesKept = 1 << 20;
// The values of a batch take about as much as their texts.
constexpr size_t kMemoryKept = 256 << 10;
constexpr size_t kMostUnescaped = 64 << 10;

constexpr size_t kAhead = 2;  // lines
constexpr size_t kCacheLine = 64;
constexpr size_t kRowsPart = offsetof(deltaflood::Record, time);  // of a record
constexpr size_t kMostPrefetched = 4096;  // of one thing: what is longer is read from end to end, which cores foresee

void PrefetchAll(const void* begin, size_t size) {
  const char* const from = static_cast<const char*>(begin);
  for (size_t at = 0; at < std::min(size, kMostPrefetched); at += kCacheLine) __builtin_prefetch(from + at);
}

bool IsWithin(absl::string_view part, absl::string_view text) {
  return part.empty() || (part.data() >= text.data() && part.data() < text.data() + text.size());
}

}  // namespace

void LineBatch::Add(const Line& line, absl::string_view file) {
  if (files_.empty() || files_.back().path != file) files_.push_back({lines_.size(), std::string(file)});
  const char* const text = line.text.data();
  const auto offset_of = [text](absl::string_view part) { return static_cast<uint32_t>(part.data() - text); };
  lines_.push_back({.position = line.position,
                    .offset = line.offset,
                    .begin = static_cast<uint32_t>(bytes_.size()),
                    .size = static_cast<uint32_t>(line.text.size()),
                    .record = offset_of(line.record_text),
                    .check = line.check.empty() ? 0 : offset_of(line.check),
                    .check_size = static_cast<uint32_t>(line.check.size())});
  bytes_.append(text, line.text.size());
}

void LineBatch::Parse(deltaflood::Parser* parser) {
  if (records_.size() < lines_.size()) records_.resize(lines_.size());
  for (size_t i = 0; i < lines_.size(); ++i) {
    const Line line = Get(i);
    deltaflood::Record& record = records_[i];
    const bool is_record = parser->Parse(line.record_text, &record).ok();
    if (!is_record) record.action = deltaflood::Action::kNone;
    lines_[i].parsed = is_record && (!parser->has_unescaped() || KeepUnescaped(line.record_text, &record));
    record.has_position = true;
    record.clock = line.position.clock;
    record.seq = line.position.seq;
    record.check = line.check;
    const std::optional<Check> check = line.check.empty() ? std::nullopt : ParseCheck(line.check);
    if (!check) continue;
    lines_[i].parsed_check = static_cast<uint32_t>(checks_.size());
    checks_.push_back(*check);
  }
  FindCommits();
}

// What stands in the parser, which the next line needs, is copied. False if that is more than columns.
bool LineBatch::KeepUnescaped(absl::string_view text, deltaflood::Record* record) {
  for (const absl::string_view part : {record->table, record->schema, record->qualified_table, record->partition,
                                       record->was, record->reason, record->identity, record->oid}) {
    if (!IsWithin(part, text)) return false;
  }
  if (text.size() > kMostUnescaped || !record->unknown.empty()) return false;
  for (deltaflood::Column& column : record->columns) {
    for (absl::string_view* part : {&column.name, &column.value}) {
      if (IsWithin(*part, text)) continue;
      auto* const copy = static_cast<char*>(Memory()->allocate(part->size(), 1));
      std::memcpy(copy, part->data(), part->size());
      *part = absl::string_view(copy, part->size());
    }
  }
  return true;
}

std::pmr::memory_resource* LineBatch::Memory() {
  if (!memory_.has_value()) {
    first_memory_ = std::make_unique<char[]>(kMemoryKept);
    memory_.emplace(first_memory_.get(), kMemoryKept);
  }
  return &*memory_;
}

void LineBatch::Decode(RowDecoder* decoder) {
  rows_.resize(lines_.size());
  decoder->Begin();
  for (size_t i = 0; i < lines_.size(); ++i) {
    if (!lines_[i].parsed || !decoder->Decode(records_[i], Memory(), &rows_[i])) continue;
    records_[i].decoded = &rows_[i];
  }
}

// What is no record may be anything, a rollback among it.
void LineBatch::FindCommits() {
  bool behind = false;
  for (size_t i = lines_.size(); i > 0; --i) {
    const deltaflood::Action action = records_[i - 1].action;
    const bool ends = action == deltaflood::Action::kRollback || action == deltaflood::Action::kNone;
    lines_[i - 1].commit_is_behind = behind && lines_[i - 1].parsed && action != deltaflood::Action::kCommit && !ends;
    behind = action == deltaflood::Action::kCommit || (behind && !ends);
  }
}

Line LineBatch::Get(size_t index) const {
  const Entry& entry = lines_[index];
  const absl::string_view text(bytes_.data() + entry.begin, entry.size);
  return {.text = text,
          .record_text = text.substr(entry.record),
          .check = text.substr(entry.check, entry.check_size),
          .position = entry.position,
          .offset = entry.offset};
}

std::optional<Check> LineBatch::CheckOf(size_t index) const {
  const uint32_t check = lines_[index].parsed_check;
  return check == kNone ? std::nullopt : std::optional<Check>(checks_[check]);
}

void LineBatch::Prefetch(size_t index) const {
  if (const size_t far = index + 2 * kAhead; far < lines_.size()) {
    PrefetchAll(&lines_[far], sizeof(Entry));
    PrefetchAll(&records_[far], kRowsPart);
  }
  const size_t near = index + kAhead;
  if (near >= lines_.size()) return;
  const deltaflood::Record& record = records_[near];
  PrefetchAll(bytes_.data() + lines_[near].begin, lines_[near].size);
  PrefetchAll(record.columns.data(), record.columns.size() * sizeof(deltaflood::Column));
  if (record.decoded != nullptr) {
    PrefetchAll(record.decoded->values, record.columns.size() * sizeof(types::Value));
  }
}

const std::string& LineBatch::FileOf(size_t index) const {
  size_t file = files_.size() - 1;
  while (files_[file].first_line > index) --file;
  return files_[file].path;
}

void LineBatch::Clear() {
  bytes_.clear();
  if (bytes_.capacity() > kMostBytesKept) bytes_.shrink_to_fit();
  lines_.clear();
  files_.clear();
  checks_.clear();
  if (memory_.has_value()) memory_->release();
}

}  // namespace deltamirror::daystream
