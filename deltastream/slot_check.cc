#include "deltastream/slot_check.h"

#include "absl/strings/str_cat.h"
#include "types/lsn.h"

namespace deltamirror::deltastream {
namespace {

constexpr char kBeginAnew[] =
    "To begin anew, give a new, empty folder as the destination and bootstrap the mirrors again";

absl::Status CheckPlugin(const postgres::Slot& slot) {
  if (slot.plugin == "deltaflood" || slot.plugin == "pgoutput") return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("replication slot \"", slot.name, "\" uses plugin \"", slot.plugin.value_or(""),
                   "\", expected \"deltaflood\" or \"pgoutput\". Make a slot with pg_slot_create(conninfo, slot)"));
}

// What the server has taken away from the slot, and the setting that would have kept it.
std::string WhyLost(const postgres::Slot& slot) {
  const std::string reason = slot.invalidation_reason.value_or("wal_removed");
  if (reason == "idle_timeout") {
    return "nobody has read it for longer than the server's setting idle_replication_slot_timeout";
  }
  if (reason == "rows_removed") {
    return "the server is a standby, and rows of the catalog that the slot needs were removed on the primary (use "
           "hot_standby_feedback = on, and a slot of the primary for the standby, primary_slot_name)";
  }
  if (reason == "wal_level_insufficient") {
    return "the server is a standby, and wal_level of the primary was set below \"logical\"";
  }
  if (reason == "conflict") {
    return "the server is a standby, and what the slot needs was removed on the primary (use hot_standby_feedback = "
           "on, and a slot of the primary for the standby, primary_slot_name), wal_level there was set below "
           "\"logical\", or WAL is gone (see max_slot_wal_keep_size)";
  }
  return "WAL that it needs is gone (see max_slot_wal_keep_size)";
}

// pgoutput takes a slot's word for it, whatever is asked of it. (deltaflood does not take them, and gets transactions
// when they commit.)
absl::Status CheckWholeTransactions(const postgres::Slot& slot) {
  if (!slot.two_phase || slot.plugin != "pgoutput") return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "replication slot \"", slot.name,
      "\" was made with two_phase, so that it sends transactions when they are prepared, before it is known whether "
      "they commit. Make a slot without that, as pg_slot_create does, or (from PostgreSQL 18 on) use "
      "ALTER_REPLICATION_SLOT ",
      slot.name, " (TWO_PHASE false) on a connection for replication"));
}

absl::Status CheckUsable(const postgres::Slot& slot) {
  if (slot.wal_status == "lost" || !slot.confirmed_flush_lsn.has_value()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "replication slot \"", slot.name, "\" was invalidated by the server (wal_status \"lost\"): ", WhyLost(slot),
        ". Drop it with pg_slot_drop and make it again with pg_slot_create. ", kBeginAnew));
  }
  if (slot.active) {
    return absl::UnavailableError(absl::StrCat("replication slot \"", slot.name, "\" is in use by PID ",
                                               slot.active_pid.value_or(0),
                                               " of the server. Only one deltastream can read a slot at a time"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckSlot(const std::string& name, const std::optional<postgres::Slot>& slot,
                       const std::string& database) {
  if (!slot.has_value()) {
    return absl::NotFoundError(absl::StrCat("replication slot \"", name,
                                            "\" does not exist. Make it with pg_slot_create(conninfo, '", name, "')"));
  }
  if (!slot->database.has_value()) {
    return absl::FailedPreconditionError(
        absl::StrCat("replication slot \"", name, "\" is a physical slot, expected a logical one"));
  }
  if (*slot->database != database) {
    return absl::FailedPreconditionError(absl::StrCat("replication slot \"", name, "\" belongs to database \"",
                                                      *slot->database, "\", but the connection is to database \"",
                                                      database, "\""));
  }
  if (absl::Status plugin = CheckPlugin(*slot); !plugin.ok()) return plugin;
  if (absl::Status whole = CheckWholeTransactions(*slot); !whole.ok()) return whole;
  return CheckUsable(*slot);
}

absl::Status SlotIsGone(const std::string& name, const std::string& destination) {
  return absl::NotFoundError(absl::StrCat("replication slot \"", name, "\" does not exist, but daystream \"",
                                          destination,
                                          "\" was read from it: the slot was dropped, and the changes since then are "
                                          "gone. Make it anew with pg_slot_create. ",
                                          kBeginAnew));
}

absl::StatusOr<uint64_t> ConfirmedLsn(const postgres::Slot& slot) {
  return types::ParseLsn(slot.confirmed_flush_lsn.value_or(""));
}

absl::Status CheckContinuity(const std::string& slot, uint64_t confirmed, uint64_t wal_end,
                             const std::string& destination, uint64_t held) {
  if (wal_end < held) {
    return absl::FailedPreconditionError(
        absl::StrCat("the server's WAL ends at ", types::FormatLsn(wal_end), ", but daystream \"", destination,
                     "\" holds changes up to ", types::FormatLsn(held),
                     ": the server was restored from a backup and no longer knows them. ", kBeginAnew));
  }
  if (confirmed > held) {
    return absl::FailedPreconditionError(absl::StrCat(
        "replication slot \"", slot, "\" begins at ", types::FormatLsn(confirmed), ", but daystream \"", destination,
        "\" ends at ", types::FormatLsn(held),
        ": the changes between them would be missing. The slot was made anew, or something else has read it. ",
        kBeginAnew));
  }
  return absl::OkStatus();
}

absl::Status CheckTimeline(int64_t kept, int64_t current, std::optional<uint64_t> end, const std::string& destination,
                           uint64_t held) {
  if (kept == current || (end.has_value() && held <= *end)) return absl::OkStatus();
  std::string reason = absl::StrCat("the server is on timeline ", current, ", daystream \"", destination,
                                    "\" on timeline ", kept, ", which ");
  if (end.has_value()) {
    absl::StrAppend(&reason, "the server has left at ", types::FormatLsn(*end),
                    ", but the daystream holds changes up to ", types::FormatLsn(held));
  } else {
    reason += "is not part of the server's history";
  }
  return absl::FailedPreconditionError(
      absl::StrCat(reason, ": a standby was promoted, or a backup restored, without these changes. ", kBeginAnew));
}

absl::Status CheckSameFilters(const std::string& destination, const types::TableFilters& begun,
                              const types::TableFilters& wanted) {
  if (begun.AsksForTheSame(wanted)) return absl::OkStatus();
  const auto text = [](const types::TableFilters& filters) {
    return filters.empty() ? std::string("none") : filters.ToJson();
  };
  return absl::FailedPreconditionError(absl::StrCat("the filters are ", text(wanted), ", but daystream \"", destination,
                                                    "\" was begun with ", text(begun),
                                                    ": its mirrors hold other rows. ", kBeginAnew));
}

}  // namespace deltamirror::deltastream
