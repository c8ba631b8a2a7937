"""The container files: linted, without rights they do not need, and complete."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_the_linter_finds_nothing():
    linter = Path(sys.executable).with_name("hadolint")
    if not linter.exists():
        pytest.skip("needs hadolint (requirements-dev.txt, Linux)")
    found = subprocess.run([linter, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (0, "")


def test_the_app_runs_without_rights():
    assert re.search(r"^USER \d+$", DOCKERFILE, re.M)
    for service in COMPOSE["services"].values():
        assert service["read_only"] and service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert all(p.startswith("127.0.0.1:") for p in service["ports"])


def test_everything_copied_exists_and_passes_the_ignore_file():
    allowed = [x[1:] for x in (ROOT / ".dockerignore").read_text().split() if x.startswith("!")]
    copied = [line.split()[1:-1] for line in DOCKERFILE.splitlines() if line.startswith("COPY")]
    for source in (s for sources in copied for s in sources):
        assert list(ROOT.glob(source)), source
        assert source in allowed, source


def test_a_gpu_is_asked_for_only_by_its_service():
    cpu, gpu = COMPOSE["services"]["cpu"], COMPOSE["services"]["gpu"]
    assert "deploy" not in cpu and "cpu" in cpu["build"]["args"]["TORCH_INDEX"]
    (device,) = gpu["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"] and "/cu" in gpu["build"]["args"]["TORCH_INDEX"]


def test_health_is_checked():
    assert "HEALTHCHECK" in DOCKERFILE and "/_stcore/health" in DOCKERFILE
