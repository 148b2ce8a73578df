"""The link checker finds what is broken, and minds nothing else."""

import tempfile
import unittest
from pathlib import Path

import links


class Files(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.root = Path(made.name).resolve()

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path


class Markdown(Files):
    def broken(self, text):
        self.write("other.md", "# Other\n\n## With `code` & more\n\n## Twice\n\n## Twice\n\n```sh\n# no heading\n```\n")
        return [line.split(": ", 1)[1] for line in links.broken_in_markdown([self.write("page.md", text)])]

    def test_what_is_there_is_fine(self):
        self.assertEqual(self.broken("# Page\n[a](other.md) [b](other.md#with-code--more) [c](#page) "
                                     "[d](other.md#twice-1) [e](https://example.org/x#y)\n"), [])

    def test_a_file_that_is_not_there_is_found(self):
        self.assertEqual(self.broken("[a](gone.md)"), ["there is no gone.md"])

    def test_a_heading_that_is_not_there_is_found(self):
        self.assertEqual(self.broken("[a](other.md#gone) [b](#gone)"),
                         ["other.md has no heading #gone", "page.md has no heading #gone"])

    def test_a_heading_in_a_code_block_is_none(self):
        self.assertEqual(self.broken("[a](other.md#no-heading)"), ["other.md has no heading #no-heading"])

    def test_code_is_no_link(self):
        self.assertEqual(self.broken("`[a](gone.md)`\n```cpp\n[b](gone)\n```\n"), [])

    def test_the_line_is_told(self):
        page = self.write("page.md", "one\n\n[a](gone.md)\n")
        self.assertEqual(list(links.broken_in_markdown([page])), [f"{page}:3: there is no gone.md"])


class Html(Files):
    def broken(self):
        return [line.split(": ", 1)[1] for line in links.broken_in_html(self.root)]

    def test_what_is_there_is_fine(self):
        self.write("index.html", '<a href="b.html#there">b</a> <a href="#here">h</a><p id="here"> <img src="p.png">'
                                 '<a href="https://example.org">e</a><a href="javascript:void(0)">j</a>')
        self.write("b.html", '<a name="there"></a>')
        self.write("p.png", "")
        self.write("navtreedata.js", 'var x = [["B", "b.html#there", null]];')
        self.assertEqual(self.broken(), [])

    def test_a_page_that_is_not_there_is_found(self):
        self.write("index.html", '<a href="gone.html">g</a><script src="gone.js"></script>')
        self.assertEqual(self.broken(), ["there is no gone.html", "there is no gone.js"])

    def test_an_anchor_that_is_not_there_is_found(self):
        self.write("index.html", '<a href="#gone">g</a><a href="b.html#gone">g</a>')
        self.write("b.html", "")
        self.assertEqual(self.broken(), ["index.html has no anchor #gone", "b.html has no anchor #gone"])

    def test_the_navigation_is_looked_at(self):
        self.write("index.html", "")
        self.write("navtreedata.js", 'var x = [["B", "gone.html", null]];')
        self.write("search/all_0.js", "var searchData=[['x',['../gone.html#y']]];")
        self.assertEqual(self.broken(), ["there is no gone.html", "there is no gone.html#y"])


if __name__ == "__main__":
    unittest.main()
