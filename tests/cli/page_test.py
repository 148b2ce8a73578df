"""The page of a finding works in a browser: it renders, steps by the keyboard, and shows the failing step.

    page_test.py BROWSER LOCKSTEP-SIM

A key is pressed by a script that is added to a copy of the page; the browser runs without a window, and what it made
of the page is read as text.
"""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BROWSER, SIMULATOR = sys.argv[1:]


class Page(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.page = Path(self.directory.name) / "finding.html"
        subprocess.run([SIMULATOR, "run", "lost_update/naive", "--html", self.page], check=True, stdout=subprocess.DEVNULL)

    def seen(self, keys=(), hash=""):
        """The page after the keys were pressed, as markup."""
        presses = "".join(f"document.body.dispatchEvent(new KeyboardEvent('keydown', {{key: '{key}', bubbles: true}}));"
                          for key in keys)
        copy = self.page.with_name("pressed.html")
        copy.write_text(self.page.read_text().replace("</body>", f"<script>{presses}</script></body>"))
        profile = Path(self.directory.name) / "profile"
        told = subprocess.run([BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
                               "--dump-dom", f"{copy.as_uri()}{hash}"], capture_output=True, text=True, timeout=100)
        self.assertIn("</html>", told.stdout, told.stderr)
        return told.stdout

    def current(self, markup):
        rows = re.findall(r'<tr data-step="(\d+)"[^>]*aria-current="step"', markup)
        self.assertEqual(len(rows), 1, markup)
        panels = re.findall(r'<tbody data-step="(\d+)">', markup)  # the others are hidden
        self.assertEqual(panels, rows)
        return int(rows[0])

    def test_it_opens_at_the_first_step(self):
        markup = self.seen()
        self.assertEqual(self.current(markup), 1)
        self.assertIn("Step 1 of 4: t1 load accounts[1] -&gt; v0 {balance: 100}", markup)

    def test_keys_step_to_and_fro_and_stop_at_the_ends(self):
        self.assertEqual(self.current(self.seen(["ArrowDown", "ArrowRight"])), 3)
        self.assertEqual(self.current(self.seen(["End", "ArrowUp", "ArrowLeft"])), 2)
        self.assertEqual(self.current(self.seen(["End", "ArrowDown"])), 4)
        self.assertEqual(self.current(self.seen(["End", "Home", "ArrowUp"])), 1)

    def test_an_address_names_a_step(self):
        self.assertEqual(self.current(self.seen(hash="#step=3")), 3)
        self.assertEqual(self.current(self.seen(hash="#step=99")), 1)

    def test_the_failing_step_shows_what_was_lost(self):
        markup = self.seen(["End"])
        self.assertIn("Step 4 of 4: t1 commit accounts[1] -&gt; v2 {balance: 125}", markup)
        panel = re.search(r'<tbody data-step="4">(.*?)</tbody>', markup, re.S)[1]
        self.assertIn("v2 {balance: 125}", panel)
        self.assertIn('class="changed"', panel)

    def test_arrows_lead_from_each_step_to_those_that_come_after_it(self):
        markup = self.seen()
        self.assertEqual(sorted(re.findall(r'<path d="M[^"]*"[^>]*data-to="(\d+)"', markup)), ["3", "4"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
