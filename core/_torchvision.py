"""Let torchvision's Python parts load beside a CPU-only build of torch.

The torchvision wheel on PyPI is built against CUDA. Beside a CPU-only torch its compiled
operators cannot load, and `import torchvision` then fails while it registers fake kernels for
them. SynthLens uses no compiled torchvision operator, so declaring their schemas is enough.
That needs torch, whose import takes seconds: it waits until torchvision is asked for.
"""

import importlib.util
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

_SCHEMA = "{}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_kept: list[Any] = []


class _BeforeTorchvision(MetaPathFinder):
    """Finds nothing: it only runs `declare_missing_operators` before torchvision is found."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name == "torchvision":
            sys.meta_path.remove(self)
            declare_missing_operators()


def prepare() -> None:
    """Make the next `import torchvision` work; cheap, and does nothing after that import."""
    if "torchvision" not in sys.modules:
        sys.meta_path.insert(0, _BeforeTorchvision())


def declare_missing_operators() -> None:
    """Declare `torchvision::nms` and `torchvision::qnms` where no compiled version can exist."""
    import torch

    spec = importlib.util.find_spec("torchvision")
    if torch.version.cuda or _kept or spec is None or spec.origin is None:
        return
    if not any(Path(spec.origin).parent.parent.glob("torchvision.libs/libcudart*")):
        return
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(_SCHEMA.format(name))
    _kept.append(library)
