#include "deltaflood/plain_head.h"

#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>
#include <system_error>

namespace deltamirror::deltaflood {
namespace {

// Takes pieces off the front of a line. Each leaves it as it was if the piece is not there.
class Front {
 public:
  explicit Front(absl::string_view line) : at_(line.data()), end_(line.data() + line.size()) {}

  template <size_t kSize>
  bool Take(const char (&text)[kSize]) {
    constexpr size_t kLength = kSize - 1;
    if (end_ - at_ < static_cast<ptrdiff_t>(kLength) || std::memcmp(at_, text, kLength) != 0) return false;
    at_ += kLength;
    return true;
  }

  // A text that is not empty, and the TAB behind it.
  bool TakeText(absl::string_view* text) {
    const char* const begin = at_;
    const auto* const tab = static_cast<const char*>(std::memchr(begin, '\t', end_ - begin));
    if (tab == nullptr || tab == begin || std::memchr(begin, '\\', tab - begin) != nullptr) return false;
    *text = absl::string_view(begin, tab - begin);
    at_ = tab + 1;
    return true;
  }

  // An unsigned number that fits, and `behind` it.
  template <typename Number>
  bool TakeNumber(int base, char behind, Number* number) {
    const auto [rest, error] = std::from_chars(at_, end_, *number, base);
    if (error != std::errc() || rest == end_ || *rest != behind) return false;
    at_ = rest + 1;
    return true;
  }

  bool AtEndOfField() const { return at_ == end_ || *at_ == '\t'; }
  const char* at() const { return at_; }

 private:
  const char* at_;
  const char* end_;
};

bool TakeLsn(Front* front, Record* out) {
  uint32_t high = 0;
  uint32_t low = 0;
  if (!front->TakeNumber(16, '/', &high) || !front->TakeNumber(16, '\t', &low)) return false;
  out->has_lsn = true;
  out->lsn = static_cast<uint64_t>(high) << 32 | low;
  return true;
}

bool TakeXid(Front* front, Record* out) {
  out->has_xid = front->TakeNumber(10, '\t', &out->xid);
  return out->has_xid;
}

bool TakeTime(Front* front, Record* out) {
  uint64_t time = 0;
  if (!front->TakeNumber(10, '\t', &time) || time > std::numeric_limits<int64_t>::max()) return false;
  out->has_time = true;
  out->time = static_cast<int64_t>(time);
  return true;
}

bool TakeRowAction(Front* front, Record* out) {
  if (front->Take("insert")) {
    out->action = Action::kInsert;
  } else if (front->Take("update")) {
    out->action = Action::kUpdate;
  } else if (front->Take("delete")) {
    out->action = Action::kDelete;
  } else if (front->Take("replace")) {
    out->action = Action::kReplace;
  }
  return out->action != Action::kNone && front->AtEndOfField();
}

bool TakeEnd(Front* front, Record* out) {
  if (front->Take("commit")) out->action = Action::kCommit;
  return out->action != Action::kNone && front->AtEndOfField();
}

}  // namespace

size_t ReadPlainHead(absl::string_view line, Record* out) {
  Front front(line);
  const bool of_row = front.Take("_table\t");
  if (of_row && !front.TakeText(&out->table)) return 0;
  if (of_row && front.Take("_schema\t") && !front.TakeText(&out->schema)) return 0;
  if (front.Take("_xid\t") && !TakeXid(&front, out)) return 0;
  if (front.Take("_lsn\t") && !TakeLsn(&front, out)) return 0;
  if (front.Take("_time\t") && !TakeTime(&front, out)) return 0;
  if (!front.Take("_action\t") || !(of_row ? TakeRowAction(&front, out) : TakeEnd(&front, out))) return 0;
  const size_t end = front.at() - line.data();
  // A row's OID may follow, or an empty field.
  return front.Take("\t_oid") || end + 1 == line.size() ? 0 : end;
}

}  // namespace deltamirror::deltaflood
