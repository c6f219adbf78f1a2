#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>

#include "threads/queue.h"

namespace deltamirror {
namespace {

using Blocks = Queue<std::string>;

TEST(QueueTest, HandsItemsOverInOrder) {
  Blocks queue(2);
  std::thread producer([&queue] {
    for (int i = 0; i < 1000; ++i) {
      std::string block = queue.Spare();
      block = std::to_string(i);
      EXPECT_TRUE(queue.Push(std::move(block)));
    }
    queue.Close(absl::DataLossError("torn"));
  });
  std::string block;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(queue.Pop(10000, &block), QueueOutcome::kItem);
    EXPECT_EQ(block, std::to_string(i));
    queue.Recycle(std::move(block));
  }
  EXPECT_EQ(queue.Pop(10000, &block), QueueOutcome::kEnd);
  EXPECT_EQ(queue.status(), absl::DataLossError("torn"));
  producer.join();
}

TEST(QueueTest, WaitsNoLongerThanAsked) {
  Blocks queue(1);
  std::string block;
  EXPECT_EQ(queue.Pop(1, &block), QueueOutcome::kTimeout);
}

TEST(QueueTest, ProducerIsFreedWhenTheConsumerGoes) {
  Blocks queue(1);
  EXPECT_TRUE(queue.Push("a"));
  std::thread producer([&queue] { EXPECT_FALSE(queue.Push("b")); });
  queue.Abandon();
  producer.join();
  EXPECT_FALSE(queue.Push("c"));
}

TEST(QueueTest, GivesMemoryBackToTheProducer) {
  Blocks queue(1);
  std::string block = "something";
  block.reserve(1000);
  const char* const memory = block.data();
  queue.Recycle(std::move(block));
  EXPECT_EQ(queue.Spare().data(), memory);
}

}  // namespace
}  // namespace deltamirror
