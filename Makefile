# make app: the demo on http://127.0.0.1:7860   make test: ruff and every test   make clean: forget the environment
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: app test lint browser clean

app: $(VENV)/.app
	$(BIN)/python app.py

test: $(VENV)/.dev browser lint
	$(BIN)/python -m pytest

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

browser: $(VENV)/.dev
	@PATH="$(BIN):$$PATH" sh tests/install-browser.sh

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "CityGAN needs Python 3.11 or newer, and $(PYTHON) is older; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv

$(VENV)/.app: requirements.txt | $(BIN)/uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt | $(BIN)/uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements-dev.txt
	@touch $@ $(VENV)/.app

clean:
	rm -rf $(VENV)
