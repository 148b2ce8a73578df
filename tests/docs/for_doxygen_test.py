"""What stands between the project's files and Doxygen finds the names, the links and the gaps."""

import unittest
from pathlib import Path

import for_doxygen

HEADER = """\
// What the file is about.
#pragma once

namespace lockstep {

/// A concept.
template <class S>
concept Storage = requires(S& storage) { storage.load(); };

namespace detail {

/// Nobody's business.
void hidden() {}

}  // namespace detail

/// Loads.
template <Storage S>
[[nodiscard]] versioned_of<S> load(S& storage, const key_of<S>& key) {
  return storage.load(key);
}

/// Locks,
/// and runs.
template <Storage S, std::invocable<LockedRecords<S>&> F>
  requires std::totally_ordered<key_of<S>>
auto with_locks(S& storage, F&& fn) {
}

/// A scope.
template <Storage S>
class ScopedLock {
  /// A member.
  void commit();
};

/// A rule.
inline constexpr auto mine_wins = []<class T>(const T& conflict) {
};

/// A step.
template <std::invocable Effect>
decltype(auto) step(std::string_view operation, Effect&& effect) {
}

}  // namespace lockstep
"""


class Headers(unittest.TestCase):
    def test_documented_names_at_namespace_scope_are_found(self):
        found = for_doxygen.declarations(HEADER.splitlines())
        self.assertEqual([name for _, name, _ in found],
                         ["Storage", "load", "with_locks", "ScopedLock", "mine_wins", "step"])

    def test_a_name_is_found_at_the_last_line_of_its_docstring(self):
        lines = HEADER.splitlines()
        self.assertEqual([lines[number] for number, name, _ in for_doxygen.declarations(lines) if name == "with_locks"],
                         ["/// and runs."])

    def test_the_opening_comment_ends_where_code_begins(self):
        self.assertEqual(for_doxygen.opening_comment(HEADER), "What the file is about.")

    def test_bare_enumerators_are_found(self):
        self.assertEqual(list(for_doxygen.bare_enumerators("enum class A { x, y };")), ["A: x, y"])
        self.assertEqual(list(for_doxygen.bare_enumerators("enum class B {\n  x,  ///< yes\n  y,\n};")), ["B: y,"])
        self.assertEqual(list(for_doxygen.bare_enumerators("enum class C : int {\n  x,  ///< yes\n};")), [])

    def test_filtering_keeps_the_lines(self):
        for _, directory, _ in for_doxygen.SECTIONS.values():
            for header in for_doxygen.headers(directory):
                lines = (for_doxygen.ROOT / header).read_text().splitlines()
                self.assertEqual(len(for_doxygen.filtered_header(header).splitlines()), len(lines), header)

    def test_a_verb_without_an_example_is_refused(self):
        known = dict(for_doxygen.snippets())
        for_doxygen.check_examples(known)
        del known["update"]
        with self.assertRaisesRegex(SystemExit, "no example shows update"):
            for_doxygen.check_examples(known)

    def test_a_mark_that_shows_nothing_is_refused(self):
        known = dict(for_doxygen.snippets(), updaet=("update.cpp", ""))
        with self.assertRaisesRegex(SystemExit, "there is no updaet"):
            for_doxygen.check_examples(known)


class Pages(unittest.TestCase):
    def test_links_lead_to_where_a_page_is_in_the_site(self):
        def link(page, target):
            return for_doxygen.site_link(Path(page), target)

        self.assertEqual(link("README.md", "docs/proof.md"), "@ref proof")
        self.assertEqual(link("README.md", "docs/proof.md#what-noticed"), "@ref proof-what-noticed")
        self.assertEqual(link("docs/proof.md", "../README.md"), "@ref index")
        self.assertEqual(link("docs/proof.md", "../include/lockstep/verbs/save.hpp"), "@ref verbs_save")
        self.assertEqual(link("docs/proof.md", "../examples/update.cpp"), "update_8cpp-example.html")
        self.assertIsNone(link("README.md", "LICENSE"))
        self.assertIsNone(link("README.md", "examples/rowctl/main.cpp"))

    def test_names_in_code_spans_lead_to_their_documentation(self):
        self.assertEqual(for_doxygen.linked_names("`save`, `sim::check`, `mutex`, `tx.edit` and [`load`](x)"),
                         "[`save`](name.html#verbs_save/lockstep::save), "
                         "[`sim::check`](name.html#sim_explore/lockstep::sim::check), `mutex`, `tx.edit` and [`load`](x)")
        self.assertEqual(for_doxygen.linked_names("`Storage` and `memory::Table`"),
                         "[`Storage`](conceptlockstep_1_1Storage.html) and "
                         "[`memory::Table`](name.html#memory_table/lockstep::memory::Table)")

    def test_names_of_parameters_lead_nowhere_and_types_to_their_documentation(self):
        def cell(arguments):
            return f'<td class="memItemRight" valign="bottom"><a class="el" href="f.html">f</a> ({arguments})</td>'

        place, key = '<a class="el" href="Place.html">Place</a>', '<a class="el" href="RecordError.html#a1">key</a>'
        self.assertEqual(for_doxygen.without_links_of_parameters(
                             cell(f"{place} {key}, const T &amp;{key}, std::vector&lt; {place} &gt; {key}=0, int {key})")),
                         cell(f"{place} key, const T &amp;key, std::vector&lt; {place} &gt; key=0, int key)"))
        for arguments in (f"{place}, const {place} &amp;", f"const {place}", f"int limit={key}"):
            self.assertEqual(for_doxygen.without_links_of_parameters(cell(arguments)), cell(arguments))

    def test_headings_have_the_anchors_that_forges_give_them(self):
        self.assertEqual(for_doxygen.slug("Code in the `README`, & more"), "code-in-the-readme--more")


if __name__ == "__main__":
    unittest.main()
