# The one way in: every target installs what it is missing (harness/setup), configures, builds and runs.
# `make help` lists them. What is built lies in build/PRESET; build/squall points at the program.

.DEFAULT_GOAL := build
.NOTPARALLEL:
SHELL := /bin/bash

PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 60
CLANG_FORMAT ?= clang-format
CLANG_TIDY ?= clang-tidy
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
# A warning is an error in the presets debug, asan and tsan; with WERROR=ON in the release too (CI).
WERROR ?=
export SETUP CLANG_FORMAT CLANG_TIDY

setup = harness/setup/packages $(1) && harness/setup/tools $(1)
werror = $(if $(WERROR),-DSQUALL_WERROR=$(WERROR))
cmake_build = cmake --build build/$(1) -j $(JOBS)
# A busy machine can make a test of timed things fail: what failed runs once more, by itself, and is named.
# What a sanitizer said is never put down to that. $(call alone,PRESET,CTEST)
alone = { log=build/$(1)/Testing/Temporary; failed=$$(cut -d: -f2- $$log/LastTestsFailed.log | paste -sd' '); \
  if grep -aE '(ERROR|WARNING): [A-Za-z]*Sanitizer|runtime error: ' $$log/LastTest.log; then exit 1; fi; \
  echo "test: once more, alone: $$failed"; \
  $(2) --rerun-failed --no-tests=error && echo "test: passed only alone: $$failed"; }
cpp_files = find harness generators faults scenarios reports tests \( -name '*.h' -o -name '*.cc' \) -print0

.PHONY: build smoke test bench install format format-check tidy lint headers asan tsan fuzz clean help \
  setup-build release-with-tests

build: setup-build  ## Build the program: build/squall (needs no network when everything is installed)
	@harness/setup/configure release --first -DBUILD_TESTING=OFF --want $(werror)
	@$(call cmake_build,release) -t squall
	@ln -sfn release/bin/squall build/squall

smoke: build  ## Build, run the smoke scenario, print the path of its report
	@touch build/setup/smoke-began; \
	status=0; build/squall run scenarios/library/smoke.yaml || status=$$?; \
	if [[ ! runs/latest/report.html -nt build/setup/smoke-began ]]; then \
	  echo 'smoke: no report was written' >&2; (( status )) || status=1; fi; \
	exit $$status

test: release-with-tests  ## Build everything and run every test: unit, integration, e2e, lint
	@ctest --test-dir build/release -j $(JOBS) --output-on-failure --no-tests=error || \
	  $(call alone,release,ctest --test-dir build/release --output-on-failure)

bench:  ## Run the benchmarks and the comparison with peers: make bench [PEERS='--rows h2 --rounds 5']
	@$(call setup,build test bench) && harness/setup/modules
	@harness/setup/configure release --want -DBUILD_TESTING=ON $(werror)
	@# CMake looks for Google Benchmark only when it configures.
	@grep -qs '^benchmark_DIR:PATH=/' build/release/CMakeCache.txt || cmake build/release >/dev/null
	@$(call cmake_build,release) -t squall
	@$(call cmake_build,release) -t bench
	@$(PYTHON) -B tests/bench/peers.py $(PEERS)

install: build  ## Install the program, scenarios and schema: make install [DESTDIR=] [PREFIX=/usr/local]
	@DESTDIR='$(DESTDIR)' cmake --install build/release --strip --prefix '$(abspath $(PREFIX))'

format:  ## Format every C++ file in place
	@$(call setup,check)
	@$(cpp_files) | xargs -0 $(CLANG_FORMAT) -i

format-check:  ## Fail when a C++ file is not formatted
	@$(call setup,check)
	@$(cpp_files) | xargs -0 $(CLANG_FORMAT) --dry-run -Werror && echo 'every file is formatted'

tidy: release-with-tests  ## Run clang-tidy over every source file (quick when little has changed)
	@$(call setup,check)
	@$(PYTHON) -B tests/lint/tidy.py build/release --jobs $(JOBS) --clang-tidy $(CLANG_TIDY)

lint: release-with-tests headers  ## Run the lints: layers, coroutines, house, length, words; and each header alone
	@ctest --test-dir build/release -L '^lint$$' --output-on-failure --no-tests=error

headers: release-with-tests
	@$(call cmake_build,release) -t all_verify_interface_header_sets

asan:  ## Unit and hostile tests with address and undefined behaviour sanitizers
	@$(call setup,build test) && harness/setup/modules
	@harness/setup/configure asan
	@$(call cmake_build,asan) -t unit_tests -t hostile_integration_tests
	@ctest --preset asan -j $(JOBS) --no-tests=error || $(call alone,asan,ctest --preset asan)

tsan:  ## Unit tests with the thread sanitizer
	@$(call setup,build test) && harness/setup/modules
	@harness/setup/configure tsan
	@$(call cmake_build,tsan) -t unit_tests
	@ctest --preset tsan -j $(JOBS) --no-tests=error || $(call alone,tsan,ctest --preset tsan)

fuzz:  ## Fuzz each parser for FUZZ_SECONDS (60) with libFuzzer
	@$(call setup,build test fuzz) && harness/setup/modules
	@harness/setup/configure fuzz
	@$(call cmake_build,fuzz) -t fuzzers
	@harness/setup/fuzz '$(FUZZ_SECONDS)'

clean:  ## Remove everything that was built (node_modules and runs/ stay)
	@rm -rf build

help:  ## This text
	@echo 'make [TARGET] [VARIABLE=VALUE]...        without a target: build'
	@echo
	@sed -nE 's/^([a-z-]+):.*  ## (.*)/\1\t\2/p' Makefile | while IFS=$$'\t' read -r target text; do \
	  printf '  %-14s %s\n' "$$target" "$$text"; done
	@echo
	@echo 'What is missing is installed first (Debian 12 and 13; harness/setup/README.md). SETUP=no: never install.'
	@echo 'JOBS=N  how many compile or test at once ($(JOBS))    WERROR=ON  warnings are errors in the release too'

setup-build:
	@$(call setup,build) && harness/setup/modules

release-with-tests:
	@$(call setup,build test) && harness/setup/modules
	@harness/setup/configure release --want -DBUILD_TESTING=ON $(werror)
	@$(call cmake_build,release)
	@if [[ -x build/release/bin/squall ]]; then ln -sfn release/bin/squall build/squall; fi
