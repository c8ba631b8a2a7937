#!/bin/sh
# Usage: install.sh VENV REQUIREMENTS [PIP OPTION…]. With uv where present, plain venv and pip otherwise.
set -eu
venv=$1
requirements=$2
shift 2
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "SynthLens needs Python 3.11 or newer; set PYTHON=/path/to/python3.11." >&2
    exit 1
}
if command -v uv >/dev/null 2>&1; then
    [ -x "$venv/bin/python" ] || uv venv --python "$python" "$venv"
    uv pip install --python "$venv/bin/python" -r "$requirements" -c constraints.txt "$@"
else
    [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        -r "$requirements" -c constraints.txt "$@"
fi
