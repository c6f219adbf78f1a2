// Takes the lines of a stream one after the other, and applies each source transaction as a whole.
//
// A stream with commit lines (ours) is held back: the lines of a transaction wait until its commit, and are dropped at
// its rollback. In a stream without (the original plugin's) each line is applied as it comes.

#ifndef DELTAMIRROR_MIRROR_FEED_H_
#define DELTAMIRROR_MIRROR_FEED_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "daystream/check.h"
#include "daystream/position.h"
#include "deltaflood/head_cache.h"
#include "deltaflood/parser.h"
#include "deltaflood/record.h"
#include "mirror/applier.h"
#include "mirror/held_lines.h"
#include "mirror/state.h"

namespace deltamirror::mirror {

// Keeps what outlives a load of the state: the lines of the transaction that is under way. Everything else is the
// applier's and the state's, which the caller gives to each call.
//
//   ASSIGN_OR_RETURN(const bool news, feed.Read(line, position, state.progress()));
//   if (news) RETURN_IF_ERROR(feed.Process(&applier, &state.mutable_progress()));
class Feed {
 public:
  // Parses a line as far as needed. `position`: where the line stands, and `check`, the value of its "_check"; nothing:
  // what the line itself says. False if the line is not behind the last one that was taken, or behind `progress`: it
  // was here before. InvalidArgument for a line that is no record.
  absl::StatusOr<bool> Read(absl::string_view line, std::optional<daystream::Position> position,
                            const Progress& progress, absl::string_view check = {});
  // The same of a line that has been parsed. `record`, with its position, must live until the line was processed.
  bool Take(absl::string_view line, const deltaflood::Record& record, const std::optional<daystream::Check>& check,
            const Progress& progress);

  // What Read found.
  bool is_commit() const { return record_->action == deltaflood::Action::kCommit; }
  bool is_rollback() const { return record_->action == deltaflood::Action::kRollback; }
  // Only streams with commit lines have such a line.
  bool shows_commits() const;
  // In a stream without commit lines: the line begins another transaction than the one under way.
  bool begins_transaction() const { return record_->has_xid != has_xid_ || record_->xid != xid_ || !record_->has_xid; }

  // Of the last line of a transaction: DataLoss if it is not the next one behind `progress`, as the daystream counts
  // them, and not one of those that come again after a crash.
  absl::Status CheckContinues(const Progress& progress) const;
  // Whose number it is in the daystream; 0 if the line does not say.
  uint64_t number() const { return check_.has_value() ? check_->number : 0; }

  // Holds or applies it. `progress` moves at the end of a transaction; without commit lines with every line. With null
  // (plain daystream_apply) nothing is held, and a rollback is an error. After an error a change may be half done, and
  // the line counts as not taken.
  absl::Status Process(Applier* applier, Progress* progress);

  // Applies what is held, and from then on each line of this transaction as it comes, for a transaction too large to
  // wait for. The caller must be able to undo it when Read finds a rollback.
  absl::Status StartEager(Applier* applier, const Progress& progress);
  bool eager() const { return eager_; }

  // What Read or Take found last is the first line of a transaction whose commit has been read: each line of it is
  // applied as it comes.
  void ForeseeCommit(const Progress& progress);
  // Whether lines of the transaction under way are applied as they come, for either reason.
  bool at_once() const { return eager_ || foreseen_; }

  // Bytes of lines that are held, and whether a transaction is under way.
  uint64_t held_bytes() const { return held_.mark().bytes; }
  bool in_transaction() const { return at_once() || applied_ < held_.count(); }

  // To come back to when the caller's transaction is rolled back.
  struct Mark {
    HeldLines::Mark end;
    int64_t applied = 0;
    daystream::Position taken = daystream::kBeforeAll;
    std::string replace;
  };
  Mark mark() const { return {held_.mark(), applied_, taken_, replace_}; }
  absl::Status RestoreTo(const Mark& mark);
  // Until the next call, lines up to this mark are kept even when they have been applied.
  void set_keep(const HeldLines::Mark& keep) { keep_ = keep; }

  // Nothing will be restored any more: gives memory back.
  void Compact();

  // Forgets the transaction that is under way: reading begins elsewhere.
  void Clear();

 private:
  absl::Status Hold();
  absl::Status ApplyHeld(Applier* applier);
  absl::Status ApplyNow(Applier* applier, Progress* progress);
  absl::Status Commit(Applier* applier, Progress* progress);
  absl::Status Rollback(Progress* progress);
  absl::Status DropHeld();
  void EndAt(Progress* progress) const;
  bool IsResent(const deltaflood::Record& record, const Progress& progress) const;

  // A line that is held is parsed again when it is applied.
  deltaflood::HeadCache heads_;
  deltaflood::Parser parser_{&heads_};
  deltaflood::Record parsed_;
  const deltaflood::Record* record_ = &parsed_;  // of line_; if that is only to be held, of its head alone
  absl::string_view line_;
  std::optional<daystream::Check> check_;  // of record_

  deltaflood::Parser held_parser_{&heads_};
  deltaflood::Record held_record_;
  HeldLines held_;
  HeldLines::Mark keep_;
  int64_t applied_ = 0;  // how many of the lines in held_ are only kept for a rollback

  daystream::Position taken_ = daystream::kBeforeAll;  // the last line that was held or applied
  bool eager_ = false;
  bool foreseen_ = false;
  bool dropping_ = false;  // a transaction that is applied as it comes was here before
  bool has_xid_ = false;   // of the last line applied at once
  uint32_t xid_ = 0;
  std::string replace_;          // that line, while its update has not come
  bool replay_replace_ = false;  // the applier has forgotten it
};

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_FEED_H_
