// How far apart two cores are: what it takes to hand a cache line from one to the other and back.
//
//   core_distance        prints nanoseconds, the median of some rounds; 0 where there is only one core
//
// On a virtual machine that is not always the same: its host moves the cores about, next to each other or to two ends
// of a large processor, and then everything that two threads share takes several times as long.

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

namespace {

constexpr int kRounds = 5;
constexpr int kTurns = 20000;

void RunOn(int cpu) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(cpu, &only);
  pthread_setaffinity_np(pthread_self(), sizeof only, &only);
}

std::vector<int> OurCpus() {
  cpu_set_t set;
  std::vector<int> cpus;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

double Round(int here, int there) {
  alignas(128) static std::atomic<int> ball;
  ball = 0;
  std::thread other([there] {
    RunOn(there);
    for (int turn = 0; turn < kTurns; ++turn) {
      while (ball.load(std::memory_order_acquire) != 2 * turn + 1) continue;
      ball.store(2 * turn + 2, std::memory_order_release);
    }
  });
  RunOn(here);
  const auto begin = std::chrono::steady_clock::now();
  for (int turn = 0; turn < kTurns; ++turn) {
    ball.store(2 * turn + 1, std::memory_order_release);
    while (ball.load(std::memory_order_acquire) != 2 * turn + 2) continue;
  }
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  other.join();
  return took.count() / kTurns;
}

}  // namespace

int main() {
  const std::vector<int> cpus = OurCpus();
  if (cpus.size() < 2) {
    std::printf("0\n");
    return 0;
  }
  std::vector<double> rounds;
  for (int i = 0; i < kRounds; ++i) rounds.push_back(Round(cpus[0], cpus[1]));
  std::sort(rounds.begin(), rounds.end());
  std::printf("%.0f\n", rounds[rounds.size() / 2]);
  return 0;
}
