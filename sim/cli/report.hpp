// What a run tells its reader: findings as they come, then a table, then one sentence.
#pragma once

#include "outcome.hpp"
#include "terminal.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lockstep::sim::cli {

/// How much to say about an outcome that is as expected; one that is not is told in full.
enum class Detail {
  none,
  brief,  ///< a line if there is a finding
  full,   ///< its interleaving, or that there is none
};

class Report {
 public:
  /// `program` is how the user calls it: it stands in the commands that replay.
  Report(Terminal& terminal, std::string program);

  void tell(const Outcome& outcome, Detail detail);
  void summarize(const std::vector<Outcome>& outcomes);

 private:
  void brief(const Outcome& outcome);
  void full(const Outcome& outcome);
  void end_list();
  [[nodiscard]] std::string headline(const Outcome& outcome) const;

  Terminal& terminal_;
  std::string program_;
  bool in_list_ = false;  ///< the last line printed is one of the brief ones
};

/// "bug found as expected: check, in execution 3"; "proven: ..."; "expected check, but ..."
[[nodiscard]] std::string sentence(const Outcome& outcome);

}  // namespace lockstep::sim::cli
