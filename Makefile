# `make help` lists the targets. Our own warnings are errors in every one of them.
export DECREE_WARNINGS_AS_ERRORS := 1

SWIFT ?= swift
SOURCES = Sources Tests Fuzz benchmarks Package.swift migrations $(wildcard Examples)
DECREE = .build/release/decree

.DEFAULT_GOAL := help
.PHONY: help setup demo test partitions lint format bench bench-compare tsan simulate prove-wait mutants coverage fuzz clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Check for Swift and SQLite's headers, and install the headers if possible
	@scripts/setup.sh

# The tests and the demo kill processes; the child that prints a backtrace can hang.
demo test partitions tsan: export SWIFT_BACKTRACE := enable=no

demo: setup ## Three nodes, clients, kill -9 and the proof that nothing was lost
	$(SWIFT) build -c release --product decree
	$(DECREE) demo

# Those that run processes find the debug build beside them. They wait for elections, so few run at once: a dozen
# clusters on two cores elect and elect. Those that cut the network between them are left alone.
test: PROCESSES := SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=3
test: ## Build and run all tests
	@scripts/setup.sh --tests
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --skip ProcessTests
	$(PROCESSES) $(SWIFT) test --skip-build --filter ProcessTests --skip NetworkPartitionTests
	$(SWIFT) test --skip-build --filter NetworkPartitionTests

# It makes network namespaces: as root, with iproute2. Elsewhere it says why it does nothing.
partitions: ## Cut the network between real nodes in every way (Linux, root)
	@scripts/setup.sh --tests
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --filter NetworkPartitionTests

lint: setup ## Check the format, and build everything with warnings as errors
	$(SWIFT) format lint --strict --parallel --recursive $(SOURCES)
	@scripts/mutants.py --check
	$(SWIFT) build --build-tests

format: ## Rewrite the sources in the format that lint wants
	$(SWIFT) format --in-place --parallel --recursive $(SOURCES)

# Only this target needs the program that measures the parts; see Package.swift.
bench: export DECREE_BENCHMARKS := 1
bench: setup ## Measure three nodes and the parts on this machine, against limits (results: benchmarks/results)
	$(SWIFT) build -c release --product decree
	$(SWIFT) build -c release --product Microbenchmarks
	benchmarks/bench $(BENCH)

bench-compare: setup ## Measure Decree beside etcd and Redis (COMPARE=--quick for 3 minutes, not 15)
	$(SWIFT) build -c release --product decree
	benchmarks/compare $(COMPARE)

tsan: setup ## Run the node's tests under the thread sanitizer
	$(SWIFT) test --sanitize thread --scratch-path .build/tsan --filter DecreeTests

SEEDS ?= 1..2000
simulate: setup ## Try whole clusters in a simulated world (SEEDS=1..2000)
	$(SWIFT) build -c release --product decree
	$(DECREE) simulate --seeds $(SEEDS)

prove-wait: setup ## Build a node that does not wait for its disk, and see it found out
	@scripts/prove-wait.sh

# bash counts in a variable SECONDS of its own, so it is handed on as an argument.
SECONDS ?= 60
fuzz: setup ## Fuzz what takes bytes from outside for SECONDS (60) in all
	@scripts/fuzz.sh $(SECONDS) $(TARGETS)

mutants: setup ## Break the product in many ways, and see the simulator find each
	@scripts/mutants.py

coverage: setup ## Show what of the core and of a node the simulator never reaches (COVERAGE="--seeds 1..500")
	@scripts/coverage.py $(COVERAGE)

clean: ## Remove everything that was built
	rm -rf .build .build-coverage
