// What is done to a row.

#ifndef DELTAMIRROR_MIRROR_ROW_ACTION_H_
#define DELTAMIRROR_MIRROR_ROW_ACTION_H_

#include <cstdint>

namespace deltamirror::mirror {

enum class RowAction : uint8_t {
  kInsert,  // a row; one that has its key is treated as the policy says
  kUpsert,  // a row, whatever was there with its key
  kUpdate,  // the columns that came, of the row with the key that came
  kMove,    // the same, of the row that other columns describe: the key may change
  kDelete,
};
inline constexpr int kRowActions = 5;

}  // namespace deltamirror::mirror

#endif  // DELTAMIRROR_MIRROR_ROW_ACTION_H_
