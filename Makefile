# make quickstart | test | test-xla | check | prove | bench, each sets up what it needs. PYTHON, VENV and VENV_XLA may
# be given; REFERENCE, a directory with published results that do not ship, lets prove and bench check against them.
PYTHON ?= python3
VENV ?= .venv
VENV_XLA ?= .venv-xla
BIN := $(VENV)/bin
BIN_XLA := $(VENV_XLA)/bin
STUDY := quickstart
export OMP_NUM_THREADS ?= 1
# Containers often set it to stay small; but then every Python that a test starts compiles the project anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: quickstart test test-xla check prove bench clean

quickstart: $(VENV)/.run
	@$(BIN)/python sweep.py -m study=$(STUDY)
	@$(BIN)/python -m analysis report results/$(STUDY)

# Three processes for two cores: a third of the time a test waits for what it has started.
test: $(VENV)/.dev
	@$(BIN)/python -m pytest -q -n 3 --dist loadgroup

test-xla: $(VENV_XLA)/.tpu
	@PJRT_DEVICE=CPU $(BIN_XLA)/python -m pytest -q tests/xla

check: $(VENV)/.dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

prove: $(VENV)/.dev
	@$(BIN)/python -m pytest -q -m prove --repetitions 100
	@$(BIN)/python -m benchmarks.analysis_proofs $(if $(REFERENCE),--reference $(REFERENCE))
	@$(BIN)/python -m benchmarks.decision_quality $(if $(REFERENCE),--reference $(REFERENCE))

bench: $(VENV)/.dev
	@$(BIN)/python -m benchmarks.launch_overhead
	@$(BIN)/python -m benchmarks.planning_cost
	@$(BIN)/python -m benchmarks.planning
	@$(BIN)/python -m benchmarks.jpeg_input
	@$(BIN)/python -m benchmarks.slurm
	@$(BIN)/python -m benchmarks.large_study --finished 0.5
	@$(BIN)/python -m benchmarks.training_speed
	@$(BIN)/python -m benchmarks.narrow_norms
	@$(BIN)/python -m benchmarks.frontier_speed $(if $(REFERENCE),--reference $(REFERENCE))
	@$(BIN)/python -m benchmarks.law_fits $(if $(REFERENCE),--reference $(REFERENCE))
	@$(BIN)/python -m benchmarks.learning_curves $(if $(REFERENCE),--reference $(REFERENCE))
	@$(BIN)/python -m benchmarks.finished_curves
	@$(BIN)/python -m benchmarks.held_out
	@$(BIN)/python -m benchmarks.published_family
	@$(BIN)/python -m benchmarks.million_rows
	@$(BIN)/python -m benchmarks.page
	@$(BIN)/python -m benchmarks.tracking
	@$(BIN)/python -m benchmarks.wandb_arrivals

clean:
	rm -rf $(VENV) $(VENV_XLA) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info

$(VENV)/.run: pyproject.toml | $(BIN)/pip
	@echo "Installing what scaling-study needs into $(VENV); torch is large, so the first time takes minutes."
	@$(BIN)/pip install --disable-pip-version-check -q -e .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/pip
	@echo "Installing what scaling-study and its tests need into $(VENV); the first time takes minutes."
	@$(BIN)/pip install --disable-pip-version-check -q -e '.[dev]'
	@touch $@ $(VENV)/.run

$(VENV_XLA)/.tpu: pyproject.toml | $(BIN_XLA)/pip
	@echo "Installing torch_xla and what its tests need into $(VENV_XLA), 7 GB; the first time takes minutes."
	@$(BIN_XLA)/pip install --disable-pip-version-check -qq -e '.[dev,tpu]'
	@touch $@

$(BIN)/pip $(BIN_XLA)/pip:
	@command -v $(PYTHON) >/dev/null || { \
	    echo "There is no $(PYTHON) here: install Python 3.11 or newer, or say PYTHON=… after make."; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "$(PYTHON) is older than 3.11: say which one to use, such as make PYTHON=python3.12 $(MAKECMDGOALS)"; \
	    exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "$(PYTHON) lacks its venv module: on Debian and Ubuntu, apt install python3-venv brings it."; exit 2; }
	@$(PYTHON) -m venv $(patsubst %/bin/pip,%,$@)
