#include "tests/handover/writers.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace deltamirror::lab {
namespace {

constexpr int kAccounts = 100;
constexpr int kTokensOfEach = 20;
constexpr int kBulk = 800;

constexpr char kSetStandby[] = "ALTER SYSTEM SET synchronous_standby_names = 'nobody'";
constexpr char kResetStandby[] = "ALTER SYSTEM RESET synchronous_standby_names";
constexpr char kReload[] = "SELECT pg_reload_conf()";

}  // namespace

std::vector<std::string> Writers::Settings() {
  return {"max_prepared_transactions=20", "max_connections=40", "logical_decoding_work_mem=64kB"};
}

void Writers::MakeTables(Cluster& cluster) {
  cluster.Exec(absl::StrCat(
      "CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL, changes int NOT NULL); INSERT INTO account "
      "SELECT i, 0, 0 FROM generate_series(0, ",
      kAccounts - 1,
      ") i; CREATE TABLE history (writer int, round int, amount int); ALTER TABLE history REPLICA IDENTITY FULL; "
      "CREATE "
      "TABLE token (id int PRIMARY KEY, holder int, changes int NOT NULL); CREATE TABLE bulk (id int PRIMARY KEY, "
      "changes "
      "int NOT NULL)"));
}

// One connection; the transactions of one application.
class Writers::Writer {
 public:
  Writer(Writers* owner, const Cluster& cluster, int id, uint32_t seed)
      : owner_(owner), id_(id), random_(seed * 1000003 + id), session_(cluster) {}

  void Work() {
    if (id_ % 2 == 0) Exec("SET synchronous_commit = off");
    for (int round = 0; !owner_->stop_; ++round) {
      owner_->Park();
      // Nobody waits for the rows of such a one, so that it may stay open, or prepared, while others compare.
      private_ = OneIn(8);
      Exec("BEGIN");
      if (!private_) Transfer(round);
      if (private_ || OneIn(3)) MoveToken();
      if (OneIn(10)) Linger();
      if (private_ || OneIn(4)) Subtransactions(round);
      if (OneIn(50)) ChangeMany();
      // So that what is compared stays small.
      if (OneIn(20)) Exec("DELETE FROM history WHERE writer = ", id_, " AND abs(round) < ", round - 100);
      End();
      ++owner_->transactions_;
    }
  }

 private:
  template <typename... Parts>
  void Exec(const Parts&... parts) {
    session_.Exec(absl::StrCat(parts...));
  }
  bool OneIn(uint32_t count) { return random_() % count == 0; }
  int Below(int limit) { return static_cast<int>(random_() % limit); }

  // Both in the order of their ids, so that no two writers wait for each other.
  void Transfer(int round) {
    int from = Below(kAccounts);
    int to = Below(kAccounts);
    if (from == to) to = (to + 1) % kAccounts;
    int amount = Below(100) + 1;
    if (from > to) {
      std::swap(from, to);
      amount = -amount;
    }
    Change(from, -amount);
    if (OneIn(10)) Linger();
    Change(to, amount);
    Exec("INSERT INTO history VALUES (", id_, ", ", round, ", ", amount, ")");
  }

  void Change(int account, int amount) {
    Exec("UPDATE account SET balance = balance + ", amount, ", changes = changes + 1 WHERE id = ", account);
  }

  // One that counts and one that does not, the second within the first.
  void Subtransactions(int round) {
    Exec("SAVEPOINT kept");
    Exec("INSERT INTO history VALUES (", id_, ", -", round, ", 0)");
    Exec("SAVEPOINT given_up; INSERT INTO history VALUES (-1, -1, -1); DELETE FROM token WHERE holder = ", id_,
         "; ROLLBACK TO given_up");
    Exec(OneIn(3) ? "ROLLBACK TO kept" : "RELEASE kept");
  }

  // Each writer has ids of its own.
  void MoveToken() {
    const int from = id_ * kTokensOfEach + Below(kTokensOfEach);
    const int to = id_ * kTokensOfEach + Below(kTokensOfEach);
    if (OneIn(4)) {
      Exec("DELETE FROM token WHERE id = ", from);
    } else if (OneIn(2)) {
      Exec("UPDATE token SET id = ", to, ", changes = changes + 1 WHERE id = ", from,
           " AND NOT EXISTS (SELECT 1 FROM token WHERE id = ", to, ")");
    } else {
      Exec("INSERT INTO token VALUES (", to, ", ", id_,
           ", 0) ON CONFLICT (id) DO UPDATE SET changes = token.changes + 1");
    }
  }

  void ChangeMany() {
    Exec("SAVEPOINT many; INSERT INTO bulk SELECT ", id_ * kBulk, " + i, 0 FROM generate_series(1, ", kBulk,
         ") i ON CONFLICT (id) DO UPDATE SET changes = bulk.changes + 1");
    if (OneIn(4)) Exec("ROLLBACK TO many");
    if (OneIn(4)) Exec("DELETE FROM bulk WHERE id > ", id_ * kBulk + 10, " AND id <= ", (id_ + 1) * kBulk);
  }

  void Linger() {
    absl::SleepFor(absl::Milliseconds(Below(60)));
    if (private_) owner_->Park();
  }

  void End() {
    if (OneIn(10)) {
      Exec("ROLLBACK");
      return;
    }
    if (!OneIn(private_ ? 2 : 10)) {
      Exec("COMMIT");
      return;
    }
    const std::string name = absl::StrCat("'p", id_, "'");
    Exec("PREPARE TRANSACTION ", name);
    Linger();
    Exec(OneIn(3) ? "ROLLBACK" : "COMMIT", " PREPARED ", name);
  }

  Writers* const owner_;
  const int id_;
  bool private_ = false;
  std::mt19937 random_;
  Session session_;
};

Writers::Writers(const Cluster& cluster, int count, uint32_t seed) {
  for (int id = 0; id < count; ++id) {
    threads_.emplace_back([this, &cluster, id, seed] { Writer(this, cluster, id, seed).Work(); });
  }
}

void Writers::Park() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (!paused_) return;
  ++parked_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return !paused_; });
  --parked_;
}

void Writers::Pause() {
  std::unique_lock<std::mutex> lock(mutex_);
  paused_ = true;
  changed_.wait(lock, [this] { return parked_ == static_cast<int>(threads_.size()); });
}

void Writers::Resume() {
  const std::unique_lock<std::mutex> lock(mutex_);
  paused_ = false;
  changed_.notify_all();
}

void Writers::Stop() {
  stop_ = true;
  Resume();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

StallingStandby::StallingStandby(Cluster& cluster, uint32_t seed)
    : thread_([this, &cluster, seed] { Work(cluster, seed); }) {}

void StallingStandby::Work(const Cluster& cluster, uint32_t seed) {
  std::mt19937 random(seed);
  Session session(cluster);
  while (!stop_) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      session.Exec(kSetStandby);
      session.Exec(kReload);
      absl::SleepFor(absl::Milliseconds(random() % 150));
      session.Exec(kResetStandby);
      session.Exec(kReload);
    }
    absl::SleepFor(absl::Milliseconds(1 + random() % 50));
  }
}

void StallingStandby::Pause() {
  pause_.lock();
}

void StallingStandby::Resume() {
  pause_.unlock();
}

void StallingStandby::Stop() {
  stop_ = true;
  if (pause_.owns_lock()) pause_.unlock();
  if (thread_.joinable()) thread_.join();
}

}  // namespace deltamirror::lab
