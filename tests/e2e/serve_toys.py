"""Run the real app on toy checkpoints: `python -m tests.e2e.serve_toys PORT FOLDER`.

While a file called `fault` lies in the folder, the toy generators fail as no one foresaw; while
there is one called `slow`, they take their time.
"""

import os
import sys
import time
from pathlib import Path

FAULT, SLOW = "fault", "slow"
REASON = "planted: Sentinel^Name"


def main(port: str, folder: Path) -> None:
    os.environ["SYNTHLENS_CHECKPOINTS"] = str(folder)
    from streamlit.web import cli

    from tests import toy

    inner = toy.ToyGenerator.synthesise

    def synthesise(self, w):
        if (folder / FAULT).exists():
            raise ValueError(REASON)
        if (folder / SLOW).exists():
            time.sleep(0.5)
        return inner(self, w)

    toy.ToyGenerator.synthesise = synthesise
    toy.write_registry(folder, ("chest_xray", "brain_mri", "colorectal_polyps"))
    app = Path(__file__).parents[2] / "app.py"
    cli.main(["run", str(app), "--server.port", port, "--server.address", "127.0.0.1"])


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
