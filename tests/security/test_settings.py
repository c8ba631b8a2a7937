"""What the server is told, and what the code may not do."""

import ast
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SOURCES = sorted([ROOT / "app.py", *(ROOT / "core").rglob("*.py"), *(ROOT / "pages").glob("*.py")])
RUNS_TEXT = {"eval", "exec", "compile", "__import__"}
RUNS_CODE_WHEN_READ = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal"}
ON_REQUEST_ONLY = {"core/data/fetch.py", "core/data/downloads.py"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("server.enableXsrfProtection", True),
        ("server.enableCORS", True),  # Streamlit's name for refusing other origins
        ("browser.gatherUsageStats", False),
        ("browser.serverAddress", "localhost"),
        ("client.showErrorDetails", "none"),
        ("client.toolbarMode", "viewer"),
        ("server.fileWatcherType", "none"),
        ("runner.magicEnabled", False),
    ],
)
def test_the_server_is_closed_by_default(key, value):
    table, name = key.split(".")
    assert tomllib.loads((ROOT / ".streamlit/config.toml").read_text())[table][name] == value


def test_an_upload_is_bounded():
    server = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())["server"]
    assert 0 < server["maxUploadSize"] <= 64


def calls(tree: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_file_runs_text_or_reads_pickles(path):
    tree = ast.parse(path.read_text())
    imported = {
        alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {
        (node.module or "").split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    }
    assert not imported & RUNS_CODE_WHEN_READ
    named = {call.func.id for call in calls(tree) if isinstance(call.func, ast.Name)}
    assert not named & RUNS_TEXT
    for call in calls(tree):
        if ast.unparse(call.func) in ("torch.load", "np.load", "numpy.load"):
            safe = {"torch.load": ("weights_only", True), "np.load": ("allow_pickle", False)}
            key, wanted = safe.get(ast.unparse(call.func), ("allow_pickle", False))
            given = {k.arg: ast.literal_eval(k.value) for k in call.keywords if k.arg == key}
            assert given.get(key, False if key == "allow_pickle" else None) is wanted
    reaches_out = imported & {"requests", "httpx", "urllib3", "aiohttp"}
    assert not reaches_out or str(path.relative_to(ROOT)) in ON_REQUEST_ONLY


def test_hooks_cover_code_secrets_dependencies_and_images():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert {"ruff", "mypy", "security", "audit", "no-real-images"} <= {h["id"] for h in hooks}
    make = (ROOT / "Makefile").read_text()
    assert "test: lint types security unit" in make
    audit = next(h for h in hooks if h["id"] == "audit")
    assert audit["stages"] == ["pre-push"]  # the tests themselves need no network


def test_no_secrets_file_is_tracked():
    found = subprocess.run(
        ["git", "ls-files", "*secrets*.toml", "*.pem", "*.key", ".env*"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if found.returncode:
        pytest.skip("not a git checkout")
    assert found.stdout == ""
