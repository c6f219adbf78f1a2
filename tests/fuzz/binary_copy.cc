// The bytes are blocks of a binary COPY; each field goes to the decoders of a type, in binary and as text.

#include <cstdint>
#include <iterator>

#include "absl/strings/string_view.h"
#include "copy/binary_rows.h"
#include "tests/fuzz/input.h"
#include "types/array.h"
#include "types/catalog.h"
#include "types/decoder.h"
#include "types/oids.h"
#include "types/value.h"

namespace deltamirror::fuzz {
namespace {

constexpr uint32_t kTypes[] = {types::kBool,        types::kBytea,  types::kName,    types::kInt8, types::kInt2,
                               types::kInt4,        types::kText,   types::kOid,     types::kJson, types::kFloat4,
                               types::kFloat8,      types::kBpchar, types::kDate,    types::kTime, types::kTimestamp,
                               types::kTimestamptz, types::kTimetz, types::kNumeric, types::kUuid, types::kJsonb};

void Decode(uint32_t oid, absl::string_view bytes) {
  const types::CatalogEntry* entry = types::FindType(oid);
  Require(entry != nullptr, "the type is known");
  for (const types::Decoder decoder : {entry->mapping.binary, entry->mapping.text, types::ArrayToJson(oid)}) {
    if (decoder == nullptr) continue;
    types::Scratch scratch;
    types::Value value;
    decoder(bytes, scratch, &value).IgnoreError();
  }
}

void Run(Input input) {
  const size_t columns = input.Byte() % 8;
  uint8_t first = input.Byte();
  copy::BinaryRows rows(columns);
  copy::Fields fields;
  while (!input.empty()) {
    rows.SetBlock(input.Piece());
    while (true) {
      const absl::StatusOr<bool> more = rows.Next(&fields);
      if (!more.ok()) return;
      if (!*more) break;
      Require(fields.size() == columns, "a row has all its fields");
      for (const absl::string_view field : fields) {
        if (field.data() != nullptr) Decode(kTypes[first++ % std::size(kTypes)], field);
      }
    }
  }
}

}  // namespace
}  // namespace deltamirror::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  deltamirror::fuzz::Run(deltamirror::fuzz::Input(data, size));
  return 0;
}
