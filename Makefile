# make app: the demo on http://127.0.0.1:7860   make check: the quick half   make test: everything
# make runtime: ONNX Runtime for browsers from the npm registry, so that the page can make photos on a visitor's device
# make audit: known vulnerabilities of the dependencies   make lock: the newest versions into requirements.lock
# make clean: forget the environment
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
WORKERS ?= 2
RUNTIME := citygan/ui/runtime
# `locked` takes the versions of requirements.lock, `lowest-direct` the oldest that we claim, `highest` the newest
RESOLUTION ?= locked
# TORCH_BACKEND=cpu leaves out 4 GB of CUDA; the hashes in the lock are those of the other build
TORCH := $(if $(TORCH_BACKEND),--torch-backend $(TORCH_BACKEND) --no-verify-hashes)

INSTALL := $(UV) pip install --quiet --python $(BIN)/python $(TORCH)
VERSIONS := $(if $(filter locked,$(RESOLUTION)),--constraint requirements.lock,--upgrade --resolution $(RESOLUTION))
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: app check test static audit browser runtime lock clean

app: $(VENV)/.app-$(RESOLUTION)
	$(BIN)/python app.py

check: $(VENV)/.dev-$(RESOLUTION) node_modules/.package-lock.json
	@start=$$(date +%s) && $(MAKE) --no-print-directory static && $(PYTEST) -m "not slow" && \
	  echo "make check: $$(($$(date +%s) - start)) s"

test: $(VENV)/.dev-$(RESOLUTION) node_modules/.package-lock.json browser runtime static
	$(PYTEST)

# What reads the sources, and the unit tests of the page.
static: $(VENV)/.dev-$(RESOLUTION) node_modules/.package-lock.json
	ruff check .
	ruff format --check .
	lint-imports --no-logo --no-cache
	ty check citygan
	npm run --silent check
	npm run --silent test

# Known vulnerabilities of what requirements.lock holds; a line says so where they cannot be looked up.
audit: | $(UV)
	@$(BIN)/python tests/audit.py $(UV)

browser: $(VENV)/.dev-$(RESOLUTION)
	@sh tests/install-browser.sh

# Of the version and with the hash in package-lock.json: for WebAssembly, and for WebGPU. 41 MB.
runtime: node_modules/.package-lock.json
	@mkdir -p $(RUNTIME)
	cp $(addprefix node_modules/onnxruntime-web/dist/,ort.wasm.bundle.min.mjs ort-wasm-simd-threaded.wasm \
	  ort.webgpu.bundle.min.mjs ort-wasm-simd-threaded.asyncify.wasm) $(RUNTIME)/

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "CityGAN needs Python 3.11 or newer, and $(PYTHON) is older; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv

$(VENV)/.app-$(RESOLUTION): requirements.txt requirements.lock | $(UV)
	$(INSTALL) $(VERSIONS) --requirement requirements.txt
	@touch $@

# Compiled, because every test that starts a process would else compile PyTorch where bytecode is not written.
$(VENV)/.dev-$(RESOLUTION): requirements.txt requirements.lock pyproject.toml | $(UV)
	@rm -f $(VENV)/.dev-* $(VENV)/.app-*
	$(INSTALL) $(VERSIONS) --compile-bytecode --editable '.[dev]'
	@touch $@ $(VENV)/.app-$(RESOLUTION)

node_modules/.package-lock.json: package.json package-lock.json $(VENV)/.dev-$(RESOLUTION)
	npm ci --loglevel=error
	@touch $@

lock: | $(UV)
	$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --extra dev --generate-hashes \
	  --no-emit-index-url --custom-compile-command "make lock" --output-file requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) node_modules $(RUNTIME)
