"""ports/lockstep is what vcpkg asks for, depends on what its headers include, no more, and can be released."""

import json
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import checkout

PORT = checkout.ROOT / "ports/lockstep"
MANIFEST = json.loads((PORT / "vcpkg.json").read_text())
PORTFILE = (PORT / "portfile.cmake").read_text()
# Others have the name of what is included.
PROVIDERS = {"gsl": "ms-gsl", "libpq-fe.h": "libpq", "sqlite3.h": "sqlite3", "tbb": "tbb", "oneapi": "tbb"}


def dependencies(of):
    names = [d if isinstance(d, str) else d["name"] for d in of["dependencies"]]
    return {name for name in names if name not in ("vcpkg-cmake", "vcpkg-cmake-config")}


def included(component):
    """The ports whose headers it includes. vcpkg has one port for each of Boost's libraries."""
    includes = checkout.foreign_includes(component)
    return {PROVIDERS.get(i, i.replace("/", "-").replace("_", "-")) for i in includes}


def run(*command, cwd=None):
    said = subprocess.run(command, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if said.returncode != 0:
        raise AssertionError(f"{command}:\n{said.stdout}")
    return said.stdout.strip()


def install(port, directory, features=""):
    """Runs the portfile; returns the files of the package, by their paths."""
    package = directory / "package"
    run("cmake", f"-DPORT_DIR={port}", f"-DFEATURES=core;{features}", f"-DBUILD={directory / 'build'}",
        f"-DPACKAGES={package}", "-P", str(Path(__file__).parent / "vcpkg_stand_in.cmake"))
    return {path.relative_to(package) for path in package.rglob("*") if path.is_file()}


def package_of(*components):
    share = Path("share/lockstep")
    files = {share / name for name in ("copyright", "usage", "lockstepConfig.cmake", "lockstepConfigVersion.cmake")}
    for component in components:
        name = "lockstep" if component == "library" else f"lockstep-{component}"
        files |= {share / f"{name}Targets.cmake", Path(f"share/pkgconfig/{name}.pc")}
        files |= {Path("include") / header for header in checkout.headers(component)}
    return files


class Temporary(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.directory = Path(made.name).resolve()


class Manifest(unittest.TestCase):
    def test_it_tells_what_the_project_tells(self):
        self.assertEqual(MANIFEST["name"], PORT.name)
        self.assertEqual(MANIFEST["version-semver"], checkout.VERSION)
        self.assertEqual(MANIFEST["description"], checkout.DESCRIPTION)
        self.assertEqual(MANIFEST["license"], "BSL-1.0")

    def test_it_is_formatted_as_vcpkg_formats_it(self):
        order = ["name", "version-semver", "port-version", "description", "homepage", "documentation", "license",
                 "supports", "dependencies", "features"]
        self.assertEqual(list(MANIFEST), [key for key in order if key in MANIFEST])
        self.assertEqual((PORT / "vcpkg.json").read_text(), json.dumps(MANIFEST, indent=2) + "\n")
        for part in (MANIFEST, *MANIFEST["features"].values()):
            names = [d if isinstance(d, str) else d["name"] for d in part["dependencies"]]
            self.assertEqual(names, sorted(names))
        self.assertEqual(list(MANIFEST["features"]), sorted(MANIFEST["features"]))

    def test_features_are_off_by_default_and_have_an_option_of_cmake_each(self):
        self.assertNotIn("default-features", MANIFEST)
        pairs = re.search(r"vcpkg_check_features\(.*?FEATURES\n(.*?)\)", PORTFILE, re.DOTALL).group(1).split()
        self.assertEqual(dict(zip(pairs[::2], pairs[1::2])),
                         {feature: f"LOCKSTEP_{feature.upper()}" for feature in MANIFEST["features"]})

    def test_dependencies_cover_what_is_included_and_nothing_else(self):
        self.assertEqual(dependencies(MANIFEST), included("library"))
        for feature, of in MANIFEST["features"].items():
            self.assertEqual(dependencies(of), included(feature) - included("library"), feature)


class Portfile(Temporary):
    def test_every_option_of_cmake_is_decided(self):
        self.assertEqual(set(re.findall(r"LOCKSTEP_\w+", PORTFILE)), checkout.OPTIONS)

    def test_its_text_keeps_to_conventions(self):
        for path in PORT.iterdir():
            text = path.read_bytes()
            self.assertNotIn(b"\r", text, path)
            self.assertNotIn(b"\t", text, path)
            self.assertTrue(text.endswith(b"\n"), path)

    def test_the_usage_names_the_features_targets(self):
        usage = (PORT / "usage").read_text()
        targets = {"lockstep::lockstep", *(f"lockstep::{feature}" for feature in MANIFEST["features"])}
        self.assertEqual(set(re.findall(r"lockstep::\w+", usage)), targets)
        self.assertIn(f"COMPONENTS {' '.join(MANIFEST['features'])}", usage)

    def test_an_overlay_installs_the_headers_of_this_checkout(self):
        self.assertEqual(install(PORT, self.directory), package_of("library"))

    def test_a_feature_adds_its_component(self):
        self.assertEqual(install(PORT, self.directory, "hmac;postgres;sqlite"), package_of("library", "hmac", "postgres", "sqlite"))


class Registry(Temporary):
    """versions/ as vcpkg reads it: baseline, then the version's tree, then the port that the tree holds."""

    def baseline(self, root):
        return json.loads((root / "versions/baseline.json").read_text())["default"]

    def versions(self, root):
        path = root / "versions/l-/lockstep.json"
        return json.loads(path.read_text())["versions"] if path.exists() else []

    def port_of(self, root, version):
        """The directory that the registry gives to vcpkg."""
        port = self.directory / "port"
        port.mkdir()
        archive = self.directory / "port.tar"
        run("git", "archive", "-o", str(archive), version["git-tree"], cwd=root)
        shutil.unpack_archive(archive, port)
        return port

    def copy_of_this_checkout(self):
        root = self.directory / "project"
        for part in ("CMakeLists.txt", "LICENSE", "cmake", "include", "ports", "scripts", "versions"):
            source = checkout.ROOT / part
            if source.is_dir():
                shutil.copytree(source, root / part)
            else:
                root.mkdir(exist_ok=True)
                shutil.copy2(source, root / part)
        shutil.rmtree(root / "versions/l-", ignore_errors=True)  # nothing was released yet
        run("git", "init", "--quiet", str(root))
        run("git", "config", "user.name", "Nobody", cwd=root)
        run("git", "config", "user.email", "nobody@example.invalid", cwd=root)
        run("git", "config", "uploadpack.allowReachableSHA1InWant", "true", cwd=root)
        run("git", "add", ".", cwd=root)
        run("git", "commit", "--quiet", "-m", "Everything", cwd=root)
        return root

    def release(self, root):
        return run(str(root / "scripts/vcpkg-release"), f"file://{root}", cwd=root)

    def test_the_baseline_is_the_newest_version(self):
        newest = self.versions(checkout.ROOT)[:1]
        named = self.baseline(checkout.ROOT).get("lockstep")
        self.assertEqual([named["baseline"]] if named else [], [v["version-semver"] for v in newest])

    def test_a_release_is_found_and_installed_from_its_tree(self):
        root = self.copy_of_this_checkout()
        released = run("git", "rev-parse", "HEAD", cwd=root)
        self.release(root)
        self.assertEqual(run("git", "status", "--porcelain", cwd=root), "")
        self.assertEqual(self.baseline(root)["lockstep"], {"baseline": checkout.VERSION, "port-version": 0})
        newest = self.versions(root)[0]
        self.assertEqual(newest["version-semver"], checkout.VERSION)
        port = self.port_of(root, newest)
        self.assertEqual(json.loads((port / "vcpkg.json").read_text()), MANIFEST)
        self.assertIn(released, (port / "portfile.cmake").read_text())
        self.assertEqual(install(port, self.directory), package_of("library"))

    def test_a_version_is_released_once(self):
        root = self.copy_of_this_checkout()
        self.release(root)
        with self.assertRaisesRegex(AssertionError, f"{checkout.VERSION} is released already"):
            self.release(root)

    def test_what_is_not_committed_is_not_released(self):
        root = self.copy_of_this_checkout()
        (root / "LICENSE").write_text("mine")
        with self.assertRaisesRegex(AssertionError, "commit first"):
            self.release(root)


if __name__ == "__main__":
    unittest.main()
