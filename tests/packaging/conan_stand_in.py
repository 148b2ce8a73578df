"""Stands in for Conan 2, which Debian does not package: as much of it as conanfile.py asks for.

Copying, removing and CMake are done in earnest, so that a recipe can be taken from export_sources() to package().
What Conan checks of a graph, and its generators, are not here.
"""

import importlib.util
import shutil
import subprocess
import sys
import types
from collections import defaultdict
from fnmatch import fnmatch
from pathlib import Path


class Options:
    def __init__(self, values):
        self.__dict__.update(values)

    def rm_safe(self, name):
        self.__dict__.pop(name, None)

    def get_safe(self, name, default=None):
        return self.__dict__.get(name, default)


class Settings(Options):
    def __str__(self):
        return str(self.__dict__)

    def clear(self):
        self.__dict__.clear()


class Component:
    def __init__(self):
        self.properties = {}
        self.requires, self.libs, self.system_libs = [], [], []
        self.bindirs, self.libdirs = ["bin"], ["lib"]

    def set_property(self, name, value):
        self.properties[name] = value


class CppInfo(Component):
    def __init__(self):
        super().__init__()
        self.components = defaultdict(Component)


class ConanFile:
    """One package: `create(options)` is what a user types, then the methods in the order of `conan create`."""

    @classmethod
    def create(cls, os="Linux", **options):
        recipe = cls()
        recipe.settings = Settings({"os": os, "compiler": "gcc", "build_type": "Release", "arch": "x86_64"})
        recipe.options = Options({**cls.default_options, **options})
        recipe.cpp_info = CppInfo()
        recipe.requirements_made = {}
        recipe.dependencies = defaultdict(lambda: types.SimpleNamespace(options=Options({})))
        recipe.ref = cls.name
        recipe.config_options()
        recipe.configure()
        recipe.requirements()
        recipe.validate()
        return recipe

    def requires(self, reference, **traits):
        name, version = reference.split("/")
        self.requirements_made[name] = (version, traits)

    def id(self):
        """What tells packages apart."""
        self.info = types.SimpleNamespace(
            settings=Settings(vars(self.settings)),
            options=Options(vars(self.options)),
            requires=Settings({name: version for name, (version, _) in self.requirements_made.items()}),
        )
        self.package_id()
        return {part: vars(getattr(self.info, part)) for part in ("settings", "options", "requires")}

    def build_in(self, directory):
        """Exports, builds and packages below `directory`; what was packaged is in self.package_folder."""
        self.export_sources_folder = self.source_folder = str(directory / "source")
        self.build_folder, self.package_folder = str(directory / "build"), str(directory / "package")
        self.export_sources()
        self.generate()
        self.build()
        self.package()


def copy(_recipe, pattern, src, dst):
    for path in Path(src).rglob(pattern.split("/")[0] if "/" not in pattern else "*"):
        name = path.relative_to(src)
        if path.is_file() and fnmatch(str(name), pattern):
            (Path(dst) / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, Path(dst) / name)


class CMakeToolchain:
    def __init__(self, recipe):
        self.cache_variables = {}
        self.recipe = recipe

    def generate(self):
        self.recipe.cache_variables = self.cache_variables


class CMakeDeps:
    def __init__(self, _recipe):
        pass

    def generate(self):
        pass


class CMake:
    def __init__(self, recipe):
        self.recipe = recipe

    def configure(self):
        variables = [f"-D{name}={'ON' if on else 'OFF'}" for name, on in self.recipe.cache_variables.items()]
        self._run("-S", self.recipe.source_folder, "-B", self.recipe.build_folder, "--warn-unused-vars",
                  "-DCMAKE_BUILD_TYPE=Release", *variables)

    def build(self):
        self._run("--build", self.recipe.build_folder)

    def install(self):
        self._run("--install", self.recipe.build_folder, "--prefix", self.recipe.package_folder)

    def _run(self, *arguments):
        said = subprocess.run(["cmake", *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if said.returncode != 0 or "not used by the project" in said.stdout:
            raise AssertionError(said.stdout)


def load_recipe(path):
    """The class that conanfile.py defines, with these stand-ins in place of Conan's modules."""
    modules = {
        "conan": {"ConanFile": ConanFile},
        "conan.errors": {"ConanInvalidConfiguration": type("ConanInvalidConfiguration", (Exception,), {})},
        "conan.tools": {},
        "conan.tools.build": {"check_min_cppstd": lambda recipe, least: setattr(recipe, "least_cppstd", least)},
        "conan.tools.cmake": {"CMake": CMake, "CMakeDeps": CMakeDeps, "CMakeToolchain": CMakeToolchain,
                              "cmake_layout": lambda recipe: None},
        "conan.tools.files": {"copy": copy, "load": lambda recipe, name: Path(name).read_text(),
                              "rmdir": lambda recipe, name: shutil.rmtree(name, ignore_errors=True)},
    }
    for name, members in modules.items():
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__dict__.update(members)
    spec = importlib.util.spec_from_file_location("recipe", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    recipe = module.LockstepConan
    recipe.recipe_folder = str(path.parent)
    return recipe
