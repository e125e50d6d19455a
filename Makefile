# `make` alone lists the targets. Each makes .venv first when it is missing or stale (tools/make_venv.sh).
PY := .venv/bin/python
# Two workers, each with whole files and a thread of its own.
WORKERS := 2
PARALLEL := -n $(WORKERS) --dist loadfile --no-loadscope-reorder --max-worker-restart=0
NBVAL := --nbval-lax --nbval-current-env --nbval-cell-timeout=1200 --nbval-kernel-startup-timeout=120
PYTEST := $(PY) -m pytest -q
LAB := -m jupyterlab --log-level=WARN -y --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks
# jupyter/ configures every Jupyter server; what else there is keeps its place after it.
CONFIGURED := JUPYTER_CONFIG_PATH="$$PWD/jupyter$${JUPYTER_CONFIG_PATH:+:$$JUPYTER_CONFIG_PATH}"

LONGEST := notebooks/04_dropout_cnn.ipynb
ON_MNIST = echo "Running every notebook on real MNIST"; OMP_NUM_THREADS=1 DIGITS_SOURCE=mnist \
	$(PYTEST) $(PARALLEL) $(NBVAL) $(ARGS) $(LONGEST) $(filter-out $(LONGEST),$(wildcard notebooks/*.ipynb))

# The end of a recipe: how long it took since `make` began, and whether its last command failed.
BEGAN := $(shell date +%s)
TOOK = code=$$?; took=$$(($$(date +%s) - $(BEGAN))); echo "$@: $$((took / 60)) min $$((took % 60)) s"; exit $$code

.DEFAULT_GOAL := help
.PHONY: help venv venv-dev lab demo student slides book wheelhouse test test-pythons test-all test-mnist notebooks bench lint requirements collect links clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 22

venv: ## make .venv from requirements.txt (PYTHON=/path/to/python3.12 to choose the Python)
	@PYTHON='$(PYTHON)' sh tools/make_venv.sh

venv-dev: ## make .venv and add what maintainers need, from requirements-dev.txt
	@PYTHON='$(PYTHON)' sh tools/make_venv.sh --dev

lab: venv ## open JupyterLab on the notebooks (PORT=8899 ARGS=--no-browser)
	@echo "Starting JupyterLab on notebooks/; Ctrl-C stops it"
	@$(CONFIGURED) $(PY) $(LAB) $(if $(PORT),--port=$(PORT) --ServerApp.port_retries=0) \
		$$([ "$$(id -u)" != 0 ] || echo --allow-root) $(ARGS)

# HOST counts only as `make demo HOST=...`: some shells and conda set a variable of that name to something else.
demo: venv ## serve the canvas as a web page (PORT=8866 HOST=127.0.0.1 VISITORS=20 IDLE=300 MEMORY=500)
	@exec $(PY) -m demo $(if $(PORT),--port='$(PORT)') $(if $(filter command%,$(origin HOST)),--host='$(HOST)') \
		$(if $(VISITORS),--visitors='$(VISITORS)') $(if $(IDLE),--idle='$(IDLE)') \
		$(if $(MEMORY),--memory='$(MEMORY)') $(patsubst %,--allow-host='%',$(ALLOW_HOST))

student: venv ## write copies of the notebooks without outputs and solutions to build/student/
	@echo "Writing the students' copies of the notebooks to build/student/"
	@$(PY) tools/class_copies.py student $(ARGS)

slides: venv ## write the notebooks as slides for a browser to build/slides/
	@echo "Writing the notebooks as slides to build/slides/"
	@$(PY) tools/class_copies.py slides $(ARGS)

book: venv-dev ## build the series as a web site in build/book/ (ARGS=--external tries its links to other sites)
	@echo "Building the book in build/book/"
	@$(PY) tools/make_book.py $(ARGS)

wheelhouse: ## collect all that `make lab` needs on a machine without a network (WHEELHOUSE=/media/stick/wheelhouse)
	@python=$$(PYTHON='$(PYTHON)' sh tools/make_venv.sh --find) && \
		"$$python" tools/wheelhouse.py collect $(if $(WHEELHOUSE),'$(WHEELHOUSE)') $(ARGS)

test: lint ## run what tells in about eight minutes whether all works: style, unit tests, every notebook on the offline digits
	@echo "Running the unit tests, and every notebook on the offline digits"
	@DIGITS_SOURCE=digits $(PYTEST) $(PARALLEL) $(NBVAL) --quick $(ARGS) tests notebooks; $(TOOK)

test-pythons: venv-dev ## run what computes, and every notebook on the offline digits, with the other Pythons of this machine
	@sh tools/test_pythons.sh $(PARALLEL) $(NBVAL) $(ARGS); $(TOOK)

# First a trial of `bench`: the tests try lines of code in its environment. The notebooks run on MNIST here; on the offline
# digits the other Pythons run them, and `make test`.
test-all: lint ## run everything in an hour and more: also hosts, browsers, the book, installations, the notebooks on MNIST
	@sh tools/make_bench_venv.sh
	@$(PY) benchmarks/frameworks.py --smoke --source digits --networks mlp --forms mxnet pytorch jax keras
	@echo "Running all tests but those that count seconds"
	@$(PYTEST) $(PARALLEL) -m "not quiet" tests
	@sh tools/test_pythons.sh $(PARALLEL) $(NBVAL)
	@echo "Running the tests that count seconds"
	@$(PYTEST) -m quiet tests
	@if $(PY) -m helpers data --source mnist >/dev/null; then $(ON_MNIST); \
		else echo "Not run, since MNIST is neither at hand nor to be had: every notebook on real MNIST"; fi; $(TOOK)

test-mnist: venv-dev ## run every notebook on real MNIST, with its accuracy floors
	@$(ON_MNIST); $(TOOK)

notebooks: venv-dev ## execute the notebooks on real MNIST and store their outputs (ARGS=notebooks/02_mlp.ipynb)
	@echo "Executing the notebooks on real MNIST and storing their outputs"
	@$(PY) tools/store_notebooks.py $(ARGS)

bench: venv-dev ## compare the speed with PyTorch, JAX and Keras (ARGS=--smoke for a minute's trial)
	@sh tools/make_bench_venv.sh
	@echo "Training and predicting in turns; the table and the chart go to benchmarks/results/"
	@$(PY) benchmarks/frameworks.py $(ARGS)

lint: venv-dev ## check the style of code and notebooks
	@echo "Checking the style of code and notebooks"
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --quiet --check . || { echo "error: ruff format would change files: run $(PY) -m ruff format" >&2; exit 1; }

requirements: venv ## pin the dependencies of pyproject.toml for every Python and platform (ARGS=--upgrade for newer ones)
	@echo "Compiling requirements.txt, requirements-export.txt and requirements-dev.txt from pyproject.toml"
	@command -v uv >/dev/null || $(PY) -m pip install --quiet --upgrade --target .cache/uv uv
	@PATH="$$PATH:$$PWD/.cache/uv/bin" $(PY) tools/lock.py $(ARGS)

collect: venv ## make one table of the verdicts of a class (FOLDER=/path/to/the/class)
	@$(PY) tools/collect.py '$(FOLDER)' $(ARGS)

links: venv ## let badges and links lead to your copy on GitHub (REPOSITORY=owner/name)
	@$(PY) tools/links.py -- '$(REPOSITORY)'

clean: ## remove .venv and every cache of this folder (never the data)
	@echo "Removing .venv and the caches"
	@rm -rf .venv .venv.old .venv.pid .cache build .pytest_cache .ruff_cache *.egg-info
	@find . -name __pycache__ -prune -exec rm -rf {} +
