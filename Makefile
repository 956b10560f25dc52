# `make help` lists what there is. Every target sets up $(VENV) first, once, and again only after pyproject.toml changed.

PYTHON ?= python3
VENV ?= .venv
WORKERS ?= 2

BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := $(VENV)/.peers-ready
BENCHMARKS := $(VENV)/.benchmarks-ready
# Colab's versions of IPython, ipykernel and ipywidgets exclude ours: an environment of its own.
COLAB_VENV ?= .venv-colab
COLAB := $(COLAB_VENV)/.ready
BINDER_VENV ?= build/binder
QUICKSTART := notebooks/01-quickstart.ipynb
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile
# JupyterLab does not start for root without being told so.
LAB := $(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root)

# The kernel `python3` is the virtual environment's own, whatever else is installed for the user.
export JUPYTER_PREFER_ENV_PATH := 1
unexport JUPYTER_PATH
# Rewriting the tests' assertions takes pytest some seconds in each worker, unless the result is kept.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test pytest test-fast peers panel-colab panel-benchmark screenshots check coverage lab notebooks \
  assignments binder pages picture panel-picture format clean
.DEFAULT_GOAL := help

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

$(READY): pyproject.toml
	@echo "Setting up $(VENV). PyTorch is large: this takes some minutes and several GB, once."
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV) || { \
	  echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2; \
	  exit 1; }
	$(BIN)/python -m pip install --disable-pip-version-check -e '.[test,lab]'
	@touch $@

demo: $(READY) ## run the first notebook for real, and show what ResNet-50 costs
	@mkdir -p build
	$(BIN)/jupyter nbconvert --log-level WARN --to html --execute \
	  --ExecutePreprocessor.store_widget_state=False --output-dir build $(QUICKSTART)
	$(BIN)/python -c "from torchvision.models import resnet50; from nbcnncost import cost; \
	  print(cost(resnet50(), (1, 3, 224, 224)))"
	@echo
	@echo "The notebook's results:   $(CURDIR)/build/01-quickstart.html (open it in a browser)"
	@echo "The notebook to play with: make lab"

test: check pytest ## everything

pytest: $(READY) ## unit, property, doctests, real kernels, notebooks (by nbval and by nbclient)
	$(PYTEST) --nbval --nbval-current-env --nbval-sanitize-with tools/nbval.cfg nbcnncost tests notebooks

test-fast: $(READY) ## what takes less than a minute
	$(PYTEST) -m "not slow" nbcnncost tests

$(PEERS): $(READY)
	$(BIN)/python -m pip install --disable-pip-version-check -e '.[test,peers]'
	@touch $@

peers: $(PEERS) ## run the tools whose numbers are reproduced, on small models (MODELS=all: on all of torchvision's)
	NBCNNCOST_PEERS=$(MODELS) $(PYTEST) -r s tests/peers

$(COLAB): pyproject.toml
	@test -x $(COLAB_VENV)/bin/pip || $(PYTHON) -m venv --clear $(COLAB_VENV)
	$(COLAB_VENV)/bin/python -m pip install --disable-pip-version-check -e '.[colab]'
	@touch $@

panel-colab: $(COLAB) ## the panel on the versions that Colab has: without a browser, through nbclient, in a classic notebook
	$(COLAB_VENV)/bin/python -m pytest -r s tests/colab tests/test_panel_details.py

$(BENCHMARKS): $(READY)
	$(BIN)/python -m pip install --disable-pip-version-check -e '.[test,lab,benchmarks]'
	@touch $@

panel-benchmark: $(BENCHMARKS) ## time the panel in Chromium, beside the nearest thing that other packages do
	PYTHONPATH=.:tests/browser $(BIN)/python benchmarks/panel.py

screenshots: $(READY) ## pictures of the panel in all its looks, in build/screenshots
	$(BIN)/python -m pytest tests/browser/test_screenshots.py

check: $(READY) ## lint, format and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

coverage: $(READY) ## which operations of timm's models have no rule (some minutes)
	$(BIN)/python tools/coverage.py

lab: $(READY) ## open the first notebook in JupyterLab
	$(LAB) $(QUICKSTART)

notebooks: $(READY) ## build all notebooks from their sources, and execute them (ONLY="02 03": only these)
	$(BIN)/python -m tools.notebooks $(ONLY)
	$(BIN)/python -m tools.assignments

assignments: $(READY) ## make the students' versions of the graded assignments
	$(BIN)/python -m tools.assignments

# In an environment of its own, several GB. Binder brings Jupyter and the kernel itself. Where PyTorch's index is out of
# reach there are no +cpu builds: INDEX=no takes the usual ones, with CUDA.
binder: ## run every notebook as on Binder: time and memory of each (INDEX=no: without PyTorch's own index)
	"$$(sed s/-// binder/runtime.txt)" -m venv --clear $(BINDER_VENV)
	sed -e '' $(if $(filter no,$(INDEX)),-e '/^--extra-index-url/d' -e 's/+cpu$$//') binder/requirements.txt \
	  > $(BINDER_VENV)/requirements.txt
	$(BINDER_VENV)/bin/python -m pip install --disable-pip-version-check -q -r $(BINDER_VENV)/requirements.txt \
	  ipykernel nbclient
	PATH="$(abspath $(BINDER_VENV))/bin:$$PATH" binder/postBuild
	$(BINDER_VENV)/bin/python -m tools.measure_notebooks

pages: $(READY) ## write docs/conventions.md again, from the code
	$(BIN)/python -m tools.conventions_page

picture: $(READY) ## make the README's picture again
	$(BIN)/python tools/picture.py

panel-picture: $(READY) ## draw the panel's pictures again
	$(BIN)/python -m tools.panel_picture

format: $(READY) ## put the code in its format
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean: ## remove what was made (not the virtual environment)
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find nbcnncost tests tools notebooks -depth \( -name __pycache__ -o -name .ipynb_checkpoints \) -exec rm -rf {} +
