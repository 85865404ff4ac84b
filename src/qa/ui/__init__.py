"""The page in the browser."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class _WithoutStubs(MetaPathFinder):
    """Keeps Gradio from writing type stubs where it is installed.

    At every start it parses and compares those of its 83 components, which takes a third of its import.
    """

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module that writes them, to be loaded without the function that does."""
        spec = PathFinder.find_spec(name, path) if name == "gradio.component_meta" else None
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def load_without(module: ModuleType) -> None:
            load(module)
            module.create_or_modify_pyi = lambda *_: None  # type: ignore[attr-defined]

        spec.loader.exec_module = load_without  # type: ignore[method-assign]
        return spec


sys.meta_path.insert(0, _WithoutStubs())
