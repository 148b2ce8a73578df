"""conanfile.py is what ConanCenter asks for, and requires what the headers that it packages include, no more."""

import itertools
import tempfile
import unittest
from pathlib import Path

import checkout
from conan_stand_in import load_recipe

Recipe = load_recipe(checkout.ROOT / "conanfile.py")

# Who provides what is included: the package, and its component in ConanCenter's recipe.
PROVIDERS = {
    "boost/context": "boost::context",
    "gsl": "ms-gsl::_ms-gsl",
    "libpq-fe.h": "libpq::pq",
    "openssl": "openssl::crypto",
    "sqlite3.h": "sqlite3::sqlite",
    "tbb": "onetbb::libtbb",
    "oneapi": "onetbb::libtbb",
}


def provider(include):
    return PROVIDERS.get(include, "boost::headers" if include.startswith("boost/") else include)


def option_sets():
    components = ["sim", "hmac", "sqlite", "postgres"]
    for options in itertools.product([False, True], repeat=len(components)):
        chosen = [component for component, option in zip(components, options) if option]
        yield ["library", *chosen], Recipe.create(**{f"with_{component}": True for component in chosen})


def info(recipe):
    recipe.package_info()
    return recipe.cpp_info


class Attributes(unittest.TestCase):
    def test_they_are_what_conan_center_asks_for(self):
        self.assertEqual(Recipe.name, "lockstep")
        self.assertEqual(Recipe.package_type, "header-library")
        self.assertEqual(Recipe.settings, ("os", "arch", "compiler", "build_type"))
        self.assertTrue(Recipe.no_copy_source)
        self.assertIn("header-only", Recipe.topics)
        self.assertFalse({"conan", "lockstep"} & set(Recipe.topics))
        self.assertNotIn("version", vars(Recipe), "the version belongs to CMakeLists.txt")
        self.assertEqual(Recipe.description, checkout.DESCRIPTION)

    def test_the_licence_is_the_one_that_is_here(self):
        self.assertEqual(Recipe.license, "BSL-1.0")
        self.assertIn("Boost Software License - Version 1.0", (checkout.ROOT / "LICENSE").read_text())

    def test_the_version_is_read_from_cmake(self):
        recipe = Recipe()
        recipe.set_version()
        self.assertEqual(recipe.version, checkout.VERSION)

    def test_cpp_20_is_asked_for(self):
        self.assertEqual(Recipe.create().least_cppstd, 20)

    def test_every_option_is_off_by_default(self):
        self.assertEqual([name for name, on in Recipe.default_options.items() if on], ["fPIC"])

    def test_only_what_is_compiled_has_position_independent_code(self):
        self.assertFalse(hasattr(Recipe.create().options, "fPIC"))
        self.assertTrue(hasattr(Recipe.create(with_sim=True).options, "fPIC"))
        self.assertFalse(hasattr(Recipe.create(os="Windows", with_sim=True).options, "fPIC"))

    def test_the_simulator_is_a_static_library(self):
        self.assertEqual(Recipe.create().package_type, "header-library")
        self.assertEqual(Recipe.create(with_sim=True).package_type, "static-library")


class Requirements(unittest.TestCase):
    def test_they_cover_what_is_included_and_nothing_else(self):
        for chosen, recipe in option_sets():
            included = {provider(i).split("::")[0] for c in chosen for i in checkout.foreign_includes(c)}
            self.assertEqual(set(recipe.requirements_made), included, chosen)

    def test_consumers_of_public_headers_get_the_headers_of_others(self):
        for chosen, recipe in option_sets():
            public = {
                provider(i).split("::")[0]
                for c in chosen
                for i in checkout.foreign_includes(c, of=checkout.public_sources)
            }
            for name, (_, traits) in recipe.requirements_made.items():
                self.assertEqual(traits.get("transitive_headers", False), name in public, f"{name} of {chosen}")

    def test_each_component_requires_what_its_own_headers_include(self):
        for chosen, recipe in option_sets():
            components = info(recipe).components
            self.assertEqual(set(components), set(chosen))
            for component in chosen:
                required = self.closure(components, component)
                included = {provider(i) for i in checkout.foreign_includes(component)}
                self.assertLessEqual(included, required, component)

    def test_every_requirement_belongs_to_a_component(self):
        for chosen, recipe in option_sets():
            components = info(recipe).components
            used = {r.split("::")[0] for c in components.values() for r in c.requires if "::" in r}
            self.assertEqual(used, set(recipe.requirements_made), chosen)

    def closure(self, components, name):
        required = set(components[name].requires)
        return required.union(*(self.closure(components, r) for r in required if "::" not in r))

    def test_a_boost_without_context_is_refused_for_the_simulator(self):
        class WithoutContext(Recipe):
            def validate(self):
                self.dependencies["boost"].options.without_context = True
                super().validate()

        WithoutContext.create()
        with self.assertRaisesRegex(Exception, "Boost.Context"):
            WithoutContext.create(with_sim=True)


class PackageId(unittest.TestCase):
    def test_headers_are_one_package_for_all_compilers_and_dependencies(self):
        self.assertEqual(Recipe.create().id(), Recipe.create(os="Windows").id())
        self.assertEqual(Recipe.create().id()["requires"], {})

    def test_another_set_of_headers_is_another_package(self):
        self.assertNotEqual(Recipe.create().id(), Recipe.create(with_hmac=True).id())
        self.assertNotEqual(Recipe.create().id(), Recipe.create(with_sqlite=True).id())
        self.assertNotEqual(Recipe.create().id(), Recipe.create(with_postgres=True).id())

    def test_what_is_compiled_depends_on_the_compiler_and_the_dependencies(self):
        identity = Recipe.create(with_sim=True).id()
        self.assertEqual(identity["settings"]["compiler"], "gcc")
        self.assertEqual(set(identity["requires"]), {"boost", "ms-gsl", "onetbb"})


class Package(unittest.TestCase):
    def packaged(self, **options):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        recipe = Recipe.create(**options)
        recipe.build_in(Path(made.name))
        package = Path(recipe.package_folder)
        return {path.relative_to(package) for path in package.rglob("*") if path.is_file()}

    def expected(self, *components):
        return {Path("licenses/LICENSE")} | {Path("include") / h for c in components for h in checkout.headers(c)}

    def test_it_holds_the_headers_and_the_licence_alone(self):
        self.assertEqual(self.packaged(), self.expected("library"))

    def test_the_header_that_needs_openssl_comes_with_its_option(self):
        self.assertEqual(self.packaged(with_hmac=True), self.expected("library", "hmac"))

    def test_the_headers_that_need_sqlite_come_with_their_option(self):
        self.assertEqual(self.packaged(with_sqlite=True), self.expected("library", "sqlite"))

    def test_the_headers_that_need_libpq_come_with_their_option(self):
        self.assertEqual(self.packaged(with_postgres=True), self.expected("library", "postgres"))


class Targets(unittest.TestCase):
    def test_they_have_the_names_that_cmake_users_know(self):
        for chosen, recipe in option_sets():
            names = {c.properties["cmake_target_name"] for c in info(recipe).components.values()}
            self.assertEqual(names, {f"lockstep::{'lockstep' if c == 'library' else c}" for c in chosen})
            self.assertNotIn(recipe.cpp_info.properties["cmake_target_name"], names)
            self.assertEqual(recipe.cpp_info.properties["cmake_file_name"], "lockstep")

    def test_headers_have_no_directories_of_binaries(self):
        for _, recipe in option_sets():
            for name, component in info(recipe).components.items():
                self.assertEqual(component.bindirs, [])
                self.assertEqual(component.libdirs, ["lib"] if name == "sim" else [])


if __name__ == "__main__":
    unittest.main()
