"""Let torchvision's Python parts load beside a CPU-only build of torch.

The torchvision wheel on PyPI is built against CUDA. Beside a CPU-only torch its compiled
operators cannot load, and `import torchvision` then fails while it registers fake kernels for
them. SynthLens uses no compiled torchvision operator, so declaring their schemas is enough.
"""

import importlib.util
from pathlib import Path

import torch

_SCHEMA = "{}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_kept: list[torch.library.Library] = []


def declare_missing_operators() -> None:
    """Declare `torchvision::nms` and `torchvision::qnms` where no compiled version can exist."""
    spec = importlib.util.find_spec("torchvision")
    if torch.version.cuda or _kept or spec is None or spec.origin is None:
        return
    if not any(Path(spec.origin).parent.parent.glob("torchvision.libs/libcudart*")):
        return
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(_SCHEMA.format(name))
    _kept.append(library)
