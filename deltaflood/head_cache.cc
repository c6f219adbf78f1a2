#include "deltaflood/head_cache.h"

#include <algorithm>

#include "absl/strings/match.h"

namespace deltamirror::deltaflood {
namespace {

// The record's texts that a head can have.
constexpr absl::string_view Record::*kTexts[] = {&Record::table,     &Record::schema,   &Record::qualified_table,
                                                 &Record::partition, &Record::identity, &Record::was,
                                                 &Record::reason};

bool LiesIn(absl::string_view text, absl::string_view whole) {
  return text.empty() || (text.data() >= whole.data() && text.data() + text.size() <= whole.data() + whole.size());
}

// Copies what a head says, the texts with what is at the same place in `to`.
void CopyHead(const Record& record, const char* from, const char* to, Record* out) {
  out->has_xid = record.has_xid;
  out->xid = record.xid;
  out->has_lsn = record.has_lsn;
  out->lsn = record.lsn;
  out->has_time = record.has_time;
  out->time = record.time;
  out->has_relid = record.has_relid;
  out->relid = record.relid;
  out->action = record.action;
  for (const auto text : kTexts) {
    const absl::string_view bytes = record.*text;
    out->*text = bytes.empty() ? bytes : absl::string_view(to + (bytes.data() - from), bytes.size());
  }
}

}  // namespace

bool HeadCache::Find(absl::string_view line, absl::string_view separator, Record* out) const {
  if (bytes_.empty() || !absl::StartsWith(line, bytes_)) return false;
  const absl::string_view rest = line.substr(bytes_.size());
  // The action goes on, or a legacy OID or an empty field follows it.
  if (!rest.empty() && (rest.size() <= separator.size() || !absl::StartsWith(rest, separator) ||
                        absl::StartsWith(rest.substr(separator.size()), "_oid"))) {
    return false;
  }
  CopyHead(record_, bytes_.data(), line.data(), out);
  out->columns_offset = rest.empty() ? line.size() : bytes_.size() + separator.size();
  return true;
}

void HeadCache::Keep(absl::string_view line, size_t end, const Record& record) {
  if (record.action == Action::kCommit || record.action == Action::kRollback) return;
  // A position is never the same again; the others are rare.
  if (record.has_position || record.clock != 0 || record.seq != 0 || !record.check.empty() || !record.oid.empty() ||
      !record.unknown.empty()) {
    return;
  }
  const absl::string_view bytes = line.substr(0, end);
  for (const auto text : kTexts) {
    if (!LiesIn(record.*text, bytes)) return;  // it was unescaped
  }
  bytes_.assign(bytes.data(), bytes.size());
  CopyHead(record, line.data(), bytes_.data(), &record_);
}

}  // namespace deltamirror::deltaflood
