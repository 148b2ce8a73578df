"""The Conan 2 recipe: `conan create . --build=missing` packages this checkout.

Written to ConanCenter's rules. Two methods differ from a recipe there, which has no sources beside it: `set_version`
reads the version where it stands, and `export_sources` takes this checkout. docs/install.md names what to change.
"""

import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir

required_conan_version = ">=2.0"


class LockstepConan(ConanFile):
    name = "lockstep"
    description = "Concurrency-control primitives over versioned records, proven by a deterministic simulator"
    license = "BSL-1.0"
    topics = ("concurrency", "transactions", "optimistic-locking", "simulation", "model-checking", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {
        "fPIC": [True, False],
        "with_sim": [True, False],
        "with_hmac": [True, False],
        "with_sqlite": [True, False],
        "with_postgres": [True, False],
    }
    default_options = {
        "fPIC": True,
        "with_sim": False,
        "with_hmac": False,
        "with_sqlite": False,
        "with_postgres": False,
    }
    no_copy_source = True

    def set_version(self):
        project = load(self, os.path.join(self.recipe_folder, "CMakeLists.txt"))
        self.version = re.search(r"project\(lockstep\s+VERSION (\d+\.\d+\.\d+)", project).group(1)

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "sim/*"):
            copy(self, pattern, self.recipe_folder, self.export_sources_folder)

    def config_options(self):
        if self.settings.os == "Windows":
            del self.options.fPIC

    def configure(self):
        if self.options.with_sim:
            self.package_type = "static-library"
        else:
            self.options.rm_safe("fPIC")

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        # Boost.Describe and Boost.Mp11; Boost.Context for the simulator
        self.requires("boost/1.86.0", transitive_headers=True)
        self.requires("ms-gsl/4.0.0", transitive_headers=True)
        if self.options.with_sim:
            self.requires("onetbb/2021.12.0")
        if self.options.with_hmac:
            self.requires("openssl/[>=1.1 <4]", transitive_headers=True, transitive_libs=True)
        if self.options.with_sqlite:
            self.requires("sqlite3/3.45.3", transitive_headers=True, transitive_libs=True)
        if self.options.with_postgres:
            self.requires("libpq/15.4", transitive_headers=True, transitive_libs=True)

    def package_id(self):
        # Headers are the same for every compiler and every version of what they include. The options
        # stay: they say which headers there are.
        if not self.info.options.with_sim:
            self.info.settings.clear()
            self.info.requires.clear()

    def validate(self):
        check_min_cppstd(self, 20)
        if self.options.with_sim:
            boost = self.dependencies["boost"].options
            if boost.get_safe("header_only") or boost.get_safe("without_context"):
                raise ConanInvalidConfiguration(f"{self.ref}: with_sim needs Boost.Context, which boost was built without")

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["LOCKSTEP_HMAC"] = bool(self.options.with_hmac)
        toolchain.cache_variables["LOCKSTEP_SQLITE"] = bool(self.options.with_sqlite)
        toolchain.cache_variables["LOCKSTEP_POSTGRES"] = bool(self.options.with_postgres)
        toolchain.cache_variables["LOCKSTEP_SIM"] = bool(self.options.with_sim)
        toolchain.cache_variables["LOCKSTEP_INSTALL"] = True
        for part in ("PROGRAM", "TESTS", "EXAMPLES", "BENCH"):
            toolchain.cache_variables[f"LOCKSTEP_{part}"] = False
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        # Conan's generators write these for consumers.
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))
        rmdir(self, os.path.join(self.package_folder, "share"))
        if not self.options.with_sim:
            rmdir(self, os.path.join(self.package_folder, "lib"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "lockstep")
        # lockstep::lockstep is the library, so what stands for all components needs another name.
        self.cpp_info.set_property("cmake_target_name", "lockstep::all")
        self.cpp_info.set_property("pkg_config_name", "lockstep-all")

        library = self._component("library", "lockstep::lockstep", "lockstep")
        library.requires = ["boost::headers", "ms-gsl::_ms-gsl"]
        if self.settings.os in ("Linux", "FreeBSD"):
            library.system_libs = ["pthread"]

        if self.options.with_hmac:
            hmac = self._component("hmac", "lockstep::hmac", "lockstep-hmac")
            hmac.requires = ["library", "openssl::crypto"]

        if self.options.with_sqlite:
            sqlite = self._component("sqlite", "lockstep::sqlite", "lockstep-sqlite")
            sqlite.requires = ["library", "sqlite3::sqlite"]

        if self.options.with_postgres:
            postgres = self._component("postgres", "lockstep::postgres", "lockstep-postgres")
            postgres.requires = ["library", "libpq::pq"]

        if self.options.with_sim:
            sim = self._component("sim", "lockstep::sim", "lockstep-sim")
            sim.libdirs = ["lib"]
            sim.libs = ["lockstep-sim"]
            sim.requires = ["library", "boost::context", "onetbb::libtbb"]

    def _component(self, name, cmake_target, pkg_config):
        component = self.cpp_info.components[name]
        component.set_property("cmake_target_name", cmake_target)
        component.set_property("pkg_config_name", pkg_config)
        component.bindirs = []
        component.libdirs = []
        return component
