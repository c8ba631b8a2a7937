# make run: install and start the app.   make test: install, lint, type-check and test.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
PORT ?= 8501

.PHONY: run test docs lint types security audit unit e2e load robustness bench screenshots clean

run: $(VENV)/.app
	MALLOC_ARENA_MAX=2 $(BIN)/streamlit run app.py --server.port $(PORT)

test: lint types security unit

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

# needs no network; an accepted finding carries `# nosec` or `# pragma: allowlist secret` and why
security: $(VENV)/.dev
	$(BIN)/bandit -q -c pyproject.toml -r core pages scripts app.py
	git ls-files -z | xargs -0 $(BIN)/detect-secrets-hook --no-verify \
		--disable-plugin HexHighEntropyString --exclude-files '\.(safetensors|png)$$'

# known weaknesses of the exact versions; asks the package index
audit: $(VENV)/.dev
	$(BIN)/pip-audit -r constraints.txt --no-deps --disable-pip

# a worker per core with one thread each; a file's tests stay together
unit: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile --durations=15

# every page in Debian's chromium; pictures and findings in out/e2e
e2e: $(VENV)/.dev
	rm -rf out/e2e
	SYNTHLENS_E2E=1 $(BIN)/python -m pytest tests/e2e

# twenty visitors for five minutes; writes benchmarks/load.json and the README's rows of it
load: $(VENV)/.dev
	$(BIN)/python scripts/load.py --out benchmarks/load.json
	$(BIN)/python scripts/robustness.py

# counts of tests passed, and the README's table of them and of the last load test
robustness: $(VENV)/.dev
	$(BIN)/python scripts/robustness.py --run

# tables of docs and README from the files that evaluation and training wrote
docs: $(VENV)/.app
	$(BIN)/python scripts/compute_plan.py
	$(BIN)/python scripts/readme_results.py

bench: $(VENV)/.bench
	$(BIN)/python -m core bench --json --out benchmarks/results.json

# with the app running, and Debian's chromium installed
screenshots: $(VENV)/.dev
	$(BIN)/python scripts/screenshots.py --url http://localhost:$(PORT) --out out/screenshots

$(VENV)/.app: requirements.txt constraints.txt
	PYTHON=$(PYTHON) sh scripts/install.sh $(VENV) requirements.txt
	touch $@

$(VENV)/.dev: requirements-dev.txt requirements.txt constraints.txt
	PYTHON=$(PYTHON) sh scripts/install.sh $(VENV) requirements-dev.txt
	touch $@ $(VENV)/.app

$(VENV)/.bench: $(VENV)/.dev requirements-bench.txt
	PYTHON=$(PYTHON) sh scripts/install.sh $(VENV) requirements-bench.txt --no-deps
	touch $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
