// Temporary slots with the connections that they live as long as: from pg_slot_create to the deltastream that reads the
// slot on the same connection, or to the end of their owner.

#ifndef DELTAMIRROR_DELTASTREAM_TEMPORARY_SLOTS_H_
#define DELTAMIRROR_DELTASTREAM_TEMPORARY_SLOTS_H_

#include <optional>
#include <string>

#include "postgres/connection.h"

namespace deltamirror::deltastream {

// `owner` is only compared: the host's connection. Thread-safe.
void KeepTemporarySlot(const void* owner, const std::string& conninfo, const std::string& slot,
                       postgres::Connection connection);

// The connection of a slot that was kept, which is then the caller's. Its interrupt check is empty.
std::optional<postgres::Connection> TakeTemporarySlot(const void* owner, const std::string& conninfo,
                                                      const std::string& slot);

// Closes all connections of the owner, and so drops its slots.
void ReleaseTemporarySlots(const void* owner);

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_TEMPORARY_SLOTS_H_
