#include "tests/types/printed.h"

#include <gtest/gtest.h>

#include "postgres/connection.h"

namespace deltamirror {

std::vector<std::vector<PrintedValue>> Printed(lab::Cluster* cluster, const std::string& sql) {
  std::vector<std::vector<PrintedValue>> rows;
  auto connection = postgres::Connection::Open(cluster->conninfo(), {});
  EXPECT_TRUE(connection.ok()) << connection.status();
  if (!connection.ok()) return rows;
  const auto result = connection->Query(sql);
  EXPECT_TRUE(result.ok()) << result.status();
  for (int row = 0; result.ok() && row < result->rows(); ++row) {
    rows.emplace_back();
    for (int column = 0; column < result->columns(); ++column) {
      PrintedValue& value = rows.back().emplace_back();
      if (!result->is_null(row, column)) value = std::string(result->text(row, column));
    }
  }
  return rows;
}

}  // namespace deltamirror
