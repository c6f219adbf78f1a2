// What a server's catalog says of the tables in its pgoutput stream.

#ifndef DELTAMIRROR_DELTASTREAM_SERVER_CATALOG_H_
#define DELTAMIRROR_DELTASTREAM_SERVER_CATALOG_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "deltastream/side_connection.h"
#include "pgoutput/catalog.h"
#include "pgoutput/message.h"

namespace deltamirror::deltastream {

// For one thread.
//
//   SideConnection connection("dbname=prod", {.interrupt = check});
//   ServerCatalog catalog(&connection, "mirror");
//   pgoutput::Translator translator({.catalog = [&](const auto& message, uint32_t xid) { return
//   catalog.Describe(message, xid); }});
class ServerCatalog {
 public:
  // `connection` is the caller's, and outlives the catalog.
  ServerCatalog(SideConnection* connection, std::string publication)
      : connection_(connection), publication_(std::move(publication)) {}

  // What pgoutput::Catalog promises.
  absl::StatusOr<pgoutput::CatalogEntry> Describe(const pgoutput::RelationMessage& message, uint32_t xid);

 private:
  SideConnection* const connection_;
  const std::string publication_;
};

}  // namespace deltamirror::deltastream

#endif  // DELTAMIRROR_DELTASTREAM_SERVER_CATALOG_H_
