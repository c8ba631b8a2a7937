"""What the first page does not wait for: packages that take seconds to import come when needed."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LATER = {"captum", "matplotlib", "scipy", "skimage", "sklearn", "statsmodels", "torchvision"}
CODE = """
import ast, sys
from pathlib import Path
for path in ("app.py", "pages/generate.py"):
    for node in ast.parse(Path(path).read_text()).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            exec(ast.unparse(node))
print(*{name.split(".")[0] for name in sys.modules})
"""


def test_the_first_page_imports_no_package_that_it_needs_later():
    found = subprocess.run(
        [sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(found.stdout.split())
    assert {"core", "streamlit", "torch"} <= loaded
    assert not loaded & LATER
