#include "mirror/key_moves.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "mirror/row_statement.h"
#include "quote/quote.h"
#include "sqlite/statement.h"
#include "status/status_macros.h"

namespace deltamirror::mirror {
namespace {

using deltaflood::Column;
using sqlite::Statement;

// Collects a statement's text together with what is bound to it.
class Builder {
 public:
  Builder(sqlite3* db, std::string sql) : db_(db), sql_(std::move(sql)) {}

  void Add(absl::string_view text) { absl::StrAppend(&sql_, text); }
  void AddValue(const PlanColumn& column, const Column& value) {
    values_.push_back({&column, &value, 0});
    absl::StrAppend(&sql_, QuoteIdentifier(column.name), "=?", values_.size());
  }
  void AddPlace(const PlanColumn& column, int64_t place) {
    values_.push_back({&column, nullptr, place});
    absl::StrAppend(&sql_, QuoteIdentifier(column.name), "=?", values_.size());
  }

  absl::StatusOr<int> Run() {
    ASSIGN_OR_RETURN(Statement statement, Statement::Prepare(db_, sql_));
    std::vector<types::Scratch> scratch(values_.size());
    for (size_t i = 0; i < values_.size(); ++i) {
      const int index = static_cast<int>(i) + 1;
      if (values_[i].value == nullptr) {
        statement.BindInt64(index, values_[i].place);
      } else {
        RETURN_IF_ERROR(BindColumn(statement, index, *values_[i].column, *values_[i].value, scratch[i]));
      }
    }
    return statement.RunAndCount();
  }

 private:
  struct Value {
    const PlanColumn* column;
    const Column* value;
    int64_t place;
  };

  sqlite3* db_;
  std::string sql_;
  std::vector<Value> values_;
};

absl::Status AddKey(const Plan& plan, const std::vector<Column>& columns, Builder* builder) {
  bool first = true;
  for (const int key : plan.key) {
    const Column* column = FindColumn(columns, plan.columns[key]);
    if (column == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("key column \"", plan.columns[key].name, "\" is missing"));
    }
    builder->Add(first ? " WHERE " : " AND ");
    builder->AddValue(plan.columns[key], *column);
    first = false;
  }
  return absl::OkStatus();
}

}  // namespace

const Column* FindColumn(const std::vector<Column>& columns, const PlanColumn& column) {
  for (const Column& candidate : columns) {
    if (absl::EqualsIgnoreCase(candidate.name, column.name)) return &candidate;
  }
  return nullptr;
}

std::string KeyMoves::KeyText(const std::vector<Column>& columns) const {
  std::string text;
  for (const int key : plan_->key) {
    const Column* column = FindColumn(columns, plan_->columns[key]);
    if (column != nullptr) absl::StrAppend(&text, column->value.size(), ":", column->value);
  }
  return text;
}

absl::Status KeyMoves::Park(const std::vector<Column>& old, const std::vector<Column>& columns) {
  const int first = plan_->key.front();
  const int64_t place = next_place_++;
  Builder update(db_, absl::StrCat("UPDATE ", plan_->table, " SET "));
  update.AddPlace(plan_->columns[first], place);
  for (const Column& column : columns) {
    const int index = plan_->Find(column.name);
    if (index < 0 || index == first || plan_->columns[index].generated) continue;
    update.Add(",");
    update.AddValue(plan_->columns[index], column);
  }
  RETURN_IF_ERROR(AddKey(*plan_, old, &update));
  RETURN_IF_ERROR(update.Run().status());
  Parked& parked = parked_.emplace_back();
  parked.columns.Assign(columns);
  parked.key = KeyText(columns);
  parked.place = place;
  return absl::OkStatus();
}

absl::Status KeyMoves::SettleOne(Parked parked) {
  Builder remove(db_, absl::StrCat("DELETE FROM ", plan_->table));
  RETURN_IF_ERROR(AddKey(*plan_, parked.columns.columns(), &remove));
  RETURN_IF_ERROR(remove.Run().status());
  const PlanColumn& first = plan_->columns[plan_->key.front()];
  Builder update(db_, absl::StrCat("UPDATE ", plan_->table, " SET "));
  update.AddValue(first, *FindColumn(parked.columns.columns(), first));
  update.Add(" WHERE ");
  update.AddPlace(first, parked.place);
  return update.Run().status();
}

absl::Status KeyMoves::Settle(const std::vector<Column>& columns) {
  const std::string key = KeyText(columns);
  for (size_t i = 0; i < parked_.size(); ++i) {
    if (parked_[i].key != key) continue;
    Parked parked = std::move(parked_[i]);
    parked_.erase(parked_.begin() + static_cast<int64_t>(i));
    return SettleOne(std::move(parked));
  }
  return absl::OkStatus();
}

absl::Status KeyMoves::SettleAll() {
  std::vector<Parked> parked = std::move(parked_);
  parked_.clear();
  for (Parked& one : parked) RETURN_IF_ERROR(SettleOne(std::move(one)));
  return absl::OkStatus();
}

}  // namespace deltamirror::mirror
