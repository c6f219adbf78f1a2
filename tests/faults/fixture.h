// deltastream() on a real server, watched through what goes wrong.

#ifndef DELTAMIRROR_TESTS_FAULTS_FIXTURE_H_
#define DELTAMIRROR_TESTS_FAULTS_FIXTURE_H_

#include <string>
#include <vector>

#include "tests/deltastream_fixture.h"
#include "tests/faults/running_query.h"

namespace deltamirror {

class FaultsTest : public DeltastreamTest {
 protected:
  // A query for deltastream's rows of the columns state, note, records, transactions, clock, lsn, lag_bytes.
  std::string Rows(const std::string& options = "{}", const std::string& conninfo = cluster_->conninfo()) const;

  // Whether the only deltastream has begun to stream, and knows it: it has told the server how far it is. (A slot is
  // active a moment earlier, and a connection lost in that moment was never there.) Needs a short status_interval.
  static bool IsStreaming() { return cluster_->Value("SELECT count(reply_time) FROM pg_stat_replication") == "1"; }

  // The rows that tell of the connection, as "state: note".
  static std::vector<std::string> Notes(const RunningQuery& stream);

  // Waits for such a row with `text` in it.
  static bool HasNote(const RunningQuery& stream, const std::string& text);

  // Waits until the daystream holds so many transactions.
  bool Arrives(int commits) const;

  // Waits until nobody reads the slot.
  static bool IsFree();
};

}  // namespace deltamirror

#endif  // DELTAMIRROR_TESTS_FAULTS_FIXTURE_H_
