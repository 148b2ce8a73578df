"""Builds and runs a program against each component of the package that its options chose."""

import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout


class LockstepTestConan(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps"

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        self.requires(self.tested_reference_str)

    @property
    def _components(self):
        chosen = self.dependencies["lockstep"].options
        return ["library"] + [name for name in ("hmac", "postgres", "sim", "sqlite") if chosen.get_safe(f"with_{name}")]

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["COMPONENTS"] = ";".join(self._components)
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def test(self):
        if can_run(self):
            for component in self._components:
                self.run(os.path.join(self.cpp.build.bindir, f"test_{component}"), env="conanrun")
