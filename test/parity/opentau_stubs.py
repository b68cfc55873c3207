"""Stands in for what OpenTau's models import and do not compute with; puts the folder of the package, `sys.argv[1]`, on the path."""

import importlib.abc
import importlib.machinery
import sys
from unittest.mock import MagicMock

STUBS = ("accelerate", "pytest", "opentau.configs.policies", "opentau.datasets", "opentau.envs", "opentau.optim") + tuple(
    f"opentau.{name}"
    for name in ("policies.accel", "policies.normalize", "policies.pretrained", "utils.accelerate_utils", "utils.hub")
)


class Stubs(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Modules that OpenTau's model imports and does not compute with."""

    def find_spec(self, name, path, target=None):
        if any(name == stub or name.startswith(f"{stub}.") for stub in STUBS):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = MagicMock(name=spec.name)
        module.__path__, module.__spec__, module.__name__ = [], spec, spec.name
        module.PreTrainedPolicy = type("PreTrainedPolicy", (), {})
        register = staticmethod(lambda name: lambda config: config)
        module.PreTrainedConfig = type("PreTrainedConfig", (), {"register_subclass": register})
        module.T = object
        return module

    def exec_module(self, module):
        pass


sys.meta_path.insert(0, Stubs())
sys.path.insert(0, sys.argv[1])
