#include "mirror/handover.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "status/status_macros.h"
#include "types/lsn.h"

namespace deltamirror::mirror {
namespace {

using Json = nlohmann::ordered_json;

// 64 bits do not fit into the numbers of every JSON reader.
bool ReadXid(const Json& json, uint64_t* xid) {
  return json.is_string() && absl::SimpleAtoi(json.get_ref<const std::string&>(), xid);
}

bool ReadLsn(const Json& json, uint64_t* lsn) {
  if (!json.is_string()) return false;
  const absl::StatusOr<uint64_t> parsed = types::ParseLsn(json.get_ref<const std::string&>());
  *lsn = parsed.value_or(0);
  return parsed.ok();
}

bool Read(const Json& json, Handover* handover) {
  if (!json.is_object() || !json.contains("xmin") || !json.contains("xmax") || !json.contains("xip") ||
      !json.contains("end_lsn")) {
    return false;
  }
  if (!ReadXid(json["xmin"], &handover->xmin) || !ReadXid(json["xmax"], &handover->xmax) ||
      !ReadLsn(json["end_lsn"], &handover->end_lsn) || !json["xip"].is_array()) {
    return false;
  }
  for (const Json& item : json["xip"]) {
    uint64_t xid = 0;
    if (!ReadXid(item, &xid)) return false;
    handover->running.push_back(xid);
  }
  return true;
}

}  // namespace

std::string Handover::ToJson() const {
  Json xip = Json::array();
  for (const uint64_t xid : running) xip.push_back(absl::StrCat(xid));
  return Json({{"xmin", absl::StrCat(xmin)},
               {"xmax", absl::StrCat(xmax)},
               {"xip", std::move(xip)},
               {"end_lsn", types::FormatLsn(end_lsn)}})
      .dump();
}

absl::StatusOr<Handover> Handover::FromJson(absl::string_view text) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  Handover handover;
  if (!Read(json, &handover)) {
    return absl::DataLossError(absl::StrCat("cannot read the hand-over \"", text,
                                            "\", expected an object with \"xmin\", \"xmax\", \"xip\" and \"end_lsn\""));
  }
  return handover;
}

HandoverFilter::HandoverFilter(const Handover& handover)
    : xmax_(static_cast<uint32_t>(handover.xmax)), end_lsn_(handover.end_lsn) {
  for (const uint64_t xid : handover.running) running_.push_back(static_cast<uint32_t>(xid));
  std::sort(running_.begin(), running_.end());
}

absl::StatusOr<HandoverFilter> HandoverFilter::FromJson(absl::string_view json) {
  ASSIGN_OR_RETURN(const Handover handover, Handover::FromJson(json));
  return HandoverFilter(handover);
}

bool HandoverFilter::SnapshotSaw(uint32_t xid) const {
  // Ids wrap around: the one that is less than 2^31 behind is the older one.
  const bool before = static_cast<int32_t>(xid - xmax_) < 0;
  return before && !std::binary_search(running_.begin(), running_.end(), xid);
}

}  // namespace deltamirror::mirror
