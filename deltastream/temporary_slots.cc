#include "deltastream/temporary_slots.h"

#include <map>
#include <mutex>
#include <tuple>
#include <utility>

namespace deltamirror::deltastream {
namespace {

struct Kept {
  std::mutex mutex;
  // By owner, connection string and slot.
  std::map<std::tuple<const void*, std::string, std::string>, postgres::Connection> connections;
};

// Never deleted: a host may close connections while the process ends.
Kept& AllKept() {
  static Kept& kept = *new Kept;
  return kept;
}

}  // namespace

void KeepTemporarySlot(const void* owner, const std::string& conninfo, const std::string& slot,
                       postgres::Connection connection) {
  connection.set_interrupt(nullptr);
  Kept& kept = AllKept();
  const std::lock_guard<std::mutex> lock(kept.mutex);
  kept.connections.insert_or_assign({owner, conninfo, slot}, std::move(connection));
}

std::optional<postgres::Connection> TakeTemporarySlot(const void* owner, const std::string& conninfo,
                                                      const std::string& slot) {
  Kept& kept = AllKept();
  const std::lock_guard<std::mutex> lock(kept.mutex);
  auto node = kept.connections.extract({owner, conninfo, slot});
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

void ReleaseTemporarySlots(const void* owner) {
  Kept& kept = AllKept();
  const std::lock_guard<std::mutex> lock(kept.mutex);
  for (auto it = kept.connections.lower_bound({owner, "", ""});
       it != kept.connections.end() && std::get<0>(it->first) == owner;) {
    it = kept.connections.erase(it);
  }
}

}  // namespace deltamirror::deltastream
