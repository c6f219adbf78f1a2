// Whether a slot may be read into a daystream: what must hold so that nothing is missing between the two.

#ifndef DELTAMIRROR_DELTASTREAM_SLOT_CHECK_H_
#define DELTAMIRROR_DELTASTREAM_SLOT_CHECK_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "postgres/slot.h"
#include "types/table_filters.h"

namespace deltamirror::deltastream {

// The slot is there, logical, of this database, valid, of a plugin that we read, and free. Each other case is an error
// that says what to do; Unavailable if it is only in use.
absl::Status CheckSlot(const std::string& name, const std::optional<postgres::Slot>& slot, const std::string& database);

// NotFound, for a slot that daystream `destination` was read from and that is not there any more.
absl::Status SlotIsGone(const std::string& name, const std::string& destination);

// The LSN up to which the slot's changes have been confirmed: it sends what committed behind it.
absl::StatusOr<uint64_t> ConfirmedLsn(const postgres::Slot& slot);

// `held`: the LSN up to which the daystream has everything. FailedPrecondition, with what to do, if the slot has moved
// past it (changes are missing between them), or if the server's WAL ends before it (a backup was restored).
absl::Status CheckContinuity(const std::string& slot, uint64_t confirmed, uint64_t wal_end,
                             const std::string& destination, uint64_t held);

// Whether the daystream, begun under timeline `kept`, holds only what the server under its timeline `current` knows.
// `end`: where the server's history has left timeline `kept`; nothing if that is not part of its history.
absl::Status CheckTimeline(int64_t kept, int64_t current, std::optional<uint64_t> end, const std::string& destination,
                           uint64_t held);

// FailedPrecondition, with both, if the daystream was begun with other filters than it is to go on with.
absl::Status CheckSameFilters(const std::string& destination, const types::TableFilters& begun,
                              const types::TableFilters& wanted);

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_SLOT_CHECK_H_
