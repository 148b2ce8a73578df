// Generating scenarios, and making a failing one smaller.
#include <lockstep/sim/structure_test.hpp>

#include <boost/core/demangle.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <random>
#include <set>
#include <stdexcept>
#include <string_view>
#include <typeinfo>
#include <utility>

namespace lockstep::sim {

namespace detail {

namespace {

/// Numbers below bounds: either drawn, or counted through like the digits of an odometer.
class Digits {
 public:
  explicit Digits(std::uint64_t seed) : random_{seed} {}

  std::size_t below(std::size_t bound) {
    if (!counting_) return random_() % bound;  // the same on every machine, unlike a std distribution
    if (next_ == digits_.size()) digits_.push_back({0, bound});
    return digits_[next_++].value;
  }
  void count() { counting_ = true; }
  /// The next number; false after the last.
  bool advance() {
    next_ = 0;
    while (!digits_.empty() && ++digits_.back().value == digits_.back().bound) digits_.pop_back();
    return !digits_.empty();
  }

 private:
  struct Digit {
    std::size_t value;
    std::size_t bound;
  };
  std::mt19937_64 random_;
  bool counting_ = false;
  std::vector<Digit> digits_;
  std::size_t next_ = 0;
};

std::uint64_t times(std::uint64_t left, std::uint64_t right) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  return right != 0 && left > most / right ? most : left * right;
}

/// The scenario as the end of a test's name, which a token carries: operations as "number:choice", the
/// sequences of them apart, those before and after the threads first and last.
std::string code(const GeneratedScenario& scenario) {
  std::string all = "@";
  const auto add = [&](const std::vector<Actor>& actors) {
    std::string_view separator;
    for (const Actor& actor : actors) {
      all += joined(std::exchange(separator, "+"), std::to_string(actor.operation), ":",
                    std::to_string(actor.choice));
    }
  };
  add(scenario.initial);
  for (const auto& thread : scenario.threads) add((all += "/", thread));
  all += "/";
  add(scenario.post);
  return all;
}

/// Reads that again. Throws BadToken.
class Decoder {
 public:
  Decoder(std::string_view code, const TestedStructure& structure) : rest_{code}, structure_{&structure} {}

  [[nodiscard]] GeneratedScenario scenario() {
    GeneratedScenario scenario;
    std::vector<std::vector<Actor>> sequences{sequence()};
    while (accept('/')) sequences.push_back(sequence());
    if (!rest_.empty() || sequences.size() < 3) bad();
    scenario.initial = std::move(sequences.front());
    scenario.post = std::move(sequences.back());
    sequences.pop_back();
    sequences.erase(sequences.begin());
    scenario.threads = std::move(sequences);
    return scenario;
  }

 private:
  [[noreturn]] static void bad() {
    throw BadToken{"lockstep::sim::StructureTest: the token names no scenario of these operations"};
  }
  bool accept(char expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::size_t number() {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{}) bad();
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }
  Actor actor() {
    Actor actor{.operation = number()};
    if (!accept(':')) bad();
    actor.choice = number();
    if (actor.operation >= structure_->choices.size() ||
        actor.choice >= structure_->choices[actor.operation]) {
      bad();
    }
    return actor;
  }
  std::vector<Actor> sequence() {
    std::vector<Actor> actors;
    if (rest_.empty() || rest_.front() == '/') return actors;
    do actors.push_back(actor());
    while (accept('+'));
    return actors;
  }

  std::string_view rest_;
  const TestedStructure* structure_;
};

std::string text_of(const TestedStructure& structure, const GeneratedScenario& scenario) {
  std::string all;
  const auto add = [&](const std::string& who, const std::vector<Actor>& actors) {
    std::string line;
    for (const Actor& actor : actors) line += joined(line.empty() ? "" : ", ", structure.text(actor));
    if (!line.empty()) all += joined(who, ": ", line, "\n");
  };
  add("before", scenario.initial);
  for (std::size_t i = 0; i != scenario.threads.size(); ++i)
    add(joined("t", std::to_string(i + 1)), scenario.threads[i]);
  add("after", scenario.post);
  return all;
}

class StructureSearch {
 public:
  StructureSearch(TestedStructure& structure, const StructureTestOptions& options)
      : structure_{&structure}, options_{&options}, digits_{options.seed} {
    for (std::size_t operation = 0; operation != structure.choices.size(); ++operation) {
      for (std::size_t choice = 0; choice != structure.choices[operation]; ++choice)
        actors_.push_back({operation, choice});
    }
    if (actors_.empty()) throw std::invalid_argument{"lockstep::sim::StructureTest: there is no operation"};
  }

  StructureTestResult run() {
    result_.exhaustive = how_many() <= options_->scenarios;
    if (result_.exhaustive) digits_.count();
    bool complete = true;
    std::set<GeneratedScenario> seen;
    constexpr std::uint64_t patience = 10;  // draws that were seen already, for each that was not
    for (std::uint64_t drawn = 0; drawn != times(patience, options_->scenarios); ++drawn) {
      if (!result_.exhaustive && result_.scenarios == options_->scenarios) break;
      GeneratedScenario scenario = generate();
      if (seen.insert(scenario).second) {
        ++result_.scenarios;
        const Result explored = explore_one(scenario);
        complete = complete && explored.complete;
        if (explored.finding) {
          fail(std::move(scenario), *explored.finding);
          return std::move(result_);
        }
      }
      if (result_.exhaustive && !digits_.advance()) break;
    }
    result_.complete = complete;
    return std::move(result_);
  }

 private:
  /// The number of scenarios, or the largest number if there are more.
  [[nodiscard]] std::uint64_t how_many() const {
    std::uint64_t all = times(up_to(options_->initial), up_to(options_->post));
    for (unsigned i = 0; i != options_->threads * options_->operations; ++i) all = times(all, actors_.size());
    return all;
  }
  /// The number of sequences of at most so many actors.
  [[nodiscard]] std::uint64_t up_to(unsigned length) const {
    std::uint64_t all = 1;
    for (unsigned i = 0; i != length; ++i) all = times(all, actors_.size()) + 1;
    return all;
  }

  [[nodiscard]] std::vector<Actor> sequence(std::size_t length) {
    std::vector<Actor> actors;
    for (std::size_t i = 0; i != length; ++i) actors.push_back(actors_[digits_.below(actors_.size())]);
    return actors;
  }

  /// Threads in order, because it makes no difference who is first.
  [[nodiscard]] GeneratedScenario generate() {
    GeneratedScenario scenario;
    scenario.initial = sequence(digits_.below(options_->initial + std::size_t{1}));
    for (unsigned i = 0; i != options_->threads; ++i)
      scenario.threads.push_back(sequence(options_->operations));
    scenario.post = sequence(digits_.below(options_->post + std::size_t{1}));
    std::ranges::sort(scenario.threads);
    return scenario;
  }

  Result explore_one(const GeneratedScenario& scenario) {
    Options exploration = options_->exploration;
    exploration.name += code(scenario);
    Result explored = explore([&] { structure_->run(scenario); }, exploration);
    result_.executions += explored.executions;
    return explored;
  }

  void fail(GeneratedScenario scenario, Finding finding) {
    while (shrink(scenario, finding)) {
    }
    result_.scenario = text_of(*structure_, scenario);
    result_.finding = std::move(finding);
  }

  /// Takes the first simpler scenario that fails in the same way.
  bool shrink(GeneratedScenario& scenario, Finding& finding) {
    for (GeneratedScenario& simpler : simpler_than(scenario)) {
      Result explored = explore_one(simpler);
      if (!explored.finding || explored.finding->kind != finding.kind) continue;
      scenario = std::move(simpler);
      finding = *std::move(explored.finding);
      return true;
    }
    return false;
  }

  [[nodiscard]] static std::vector<GeneratedScenario> simpler_than(const GeneratedScenario& scenario) {
    std::vector<GeneratedScenario> all;
    for (std::size_t i = 0; scenario.threads.size() > 1 && i != scenario.threads.size(); ++i) {
      all.push_back(scenario);
      all.back().threads.erase(all.back().threads.begin() + static_cast<std::ptrdiff_t>(i));
    }
    const auto parts = [](GeneratedScenario& of) {
      std::vector<std::vector<Actor>*> sequences{&of.post, &of.initial};
      for (auto& thread : of.threads) sequences.push_back(&thread);
      return sequences;
    };
    GeneratedScenario copy = scenario;
    const auto sequences = parts(copy);
    for (std::size_t part = 0; part != sequences.size(); ++part) {
      for (std::size_t at = 0; at != sequences[part]->size(); ++at) {
        all.push_back(scenario);
        auto& actors = *parts(all.back())[part];
        actors.erase(actors.begin() + static_cast<std::ptrdiff_t>(at));
        std::erase_if(all.back().threads, [](const auto& thread) { return thread.empty(); });
      }
    }
    for (std::size_t part = 0; part != sequences.size(); ++part) {
      for (std::size_t at = 0; at != sequences[part]->size(); ++at) {
        for (std::size_t choice = 0; choice != (*sequences[part])[at].choice; ++choice) {
          all.push_back(scenario);
          (*parts(all.back())[part])[at].choice = choice;
        }
      }
    }
    return all;
  }

  TestedStructure* structure_;
  const StructureTestOptions* options_;
  Digits digits_;
  std::vector<Actor> actors_;
  StructureTestResult result_;
};

}  // namespace

StructureTestResult test_structure(TestedStructure& structure, const StructureTestOptions& options) {
  return StructureSearch{structure, options}.run();
}

StructureTestResult replay_structure(TestedStructure& structure, std::string_view token,
                                     const Options& exploration) {
  const std::string name = test_of(token);
  const std::string ours = exploration.name + "@";
  if (!name.starts_with(ours)) {
    throw BadToken{joined("the token replays \"", name, "\", no scenario of \"", exploration.name, "\"")};
  }
  const GeneratedScenario scenario =
      Decoder{std::string_view{name}.substr(ours.size()), structure}.scenario();
  Options options = exploration;
  options.name = name;
  Result replayed = replay([&] { structure.run(scenario); }, token, options);
  return {.finding = std::move(replayed.finding),
          .scenario = text_of(structure, scenario),
          .executions = replayed.executions,
          .note = std::move(replayed.note)};
}

std::string thrown_text(const std::exception& error) {
  return joined("throws ", boost::core::demangle(typeid(error).name()));
}

}  // namespace detail

std::string StructureTestResult::report() const {
  const auto count = [](std::uint64_t number, std::string_view one) {
    return joined(std::to_string(number), " ", one, number == 1 ? "" : "s");
  };
  const std::string noted = note.empty() ? "" : joined("note: ", note, "\n");
  if (finding) {
    return joined(to_string(finding->kind), " found in ",
                  scenarios == 0 ? "the scenario that is replayed:"
                                 : joined("scenario ", std::to_string(scenarios), "; the smallest found:"),
                  "\n\n", scenario, "\n", timeline(*finding), "\nreplay: ", finding->token, "\n", noted);
  }
  if (scenarios == 0) return joined("no failure in the scenario that is replayed\n", noted);
  return joined("no failure in ", count(scenarios, "scenario"),
                exhaustive ? ", which are all of this size" : "",
                complete ? ", over every interleaving" : ", and there may be more interleavings", " (",
                count(executions, "execution"), ")\n");
}

}  // namespace lockstep::sim
