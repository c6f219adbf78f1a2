#include "mirror/handover.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "types/lsn.h"

namespace deltamirror::mirror {
namespace {

using Json = nlohmann::json;

absl::Status Damaged(absl::string_view json) {
  return absl::DataLossError(absl::StrCat("cannot read the hand-over \"", json,
                                          "\", expected an object with \"xmax\", \"xip\" and \"end_lsn\""));
}

bool ReadXid(const Json& json, uint32_t* xid) {
  uint64_t full = 0;
  if (!json.is_string() || !absl::SimpleAtoi(json.get_ref<const std::string&>(), &full)) return false;
  *xid = static_cast<uint32_t>(full);
  return true;
}

}  // namespace

absl::StatusOr<HandoverFilter> HandoverFilter::FromJson(absl::string_view text) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  HandoverFilter filter;
  if (!json.is_object() || !json.contains("xmax") || !json.contains("xip") || !json.contains("end_lsn") ||
      !ReadXid(json["xmax"], &filter.xmax_) || !json["xip"].is_array() || !json["end_lsn"].is_string()) {
    return Damaged(text);
  }
  for (const Json& item : json["xip"]) {
    uint32_t xid = 0;
    if (!ReadXid(item, &xid)) return Damaged(text);
    filter.running_.push_back(xid);
  }
  std::sort(filter.running_.begin(), filter.running_.end());
  const absl::StatusOr<uint64_t> lsn = types::ParseLsn(json["end_lsn"].get_ref<const std::string&>());
  if (!lsn.ok()) return Damaged(text);
  filter.end_lsn_ = *lsn;
  return filter;
}

bool HandoverFilter::SnapshotSaw(uint32_t xid) const {
  // Ids wrap around: the one that is less than 2^31 behind is the older one.
  const bool before = static_cast<int32_t>(xid - xmax_) < 0;
  return before && !std::binary_search(running_.begin(), running_.end(), xid);
}

}  // namespace deltamirror::mirror
