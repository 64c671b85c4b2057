# Thin wrappers over cmake, ctest and scripts/. `make help` lists them.
BUILD ?= build
JOBS ?= $(shell nproc)
# Live tests wait for servers more than they compute.
TEST_JOBS ?= $(shell expr $(JOBS) \* 2)
PREFIX ?= /usr/local
CMAKE_FLAGS ?=
GENERATOR := $(shell command -v ninja >/dev/null && echo Ninja || echo "Unix Makefiles")

# configure-and-build FOLDER FLAGS [TARGET]: quiet when all is well, everything when it is not.
define configure-and-build
	@mkdir -p $(1) && cmake -S . -B $(1) -G "$(GENERATOR)" $(2) $(CMAKE_FLAGS) >$(1)/configure.log 2>&1 \
		|| { cat $(1)/configure.log; exit 1; }
	@cmake --build $(1) -j $(JOBS) $(if $(3),--target $(3))
endef

.PHONY: all help deps deps-build build test soak live asan tsan mutants tidy format format-check check demo bench fuzz install deb clean

all: build

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make                       the tools, in build/bin, and the man pages, in build/man
build: deps-build
	$(call configure-and-build,$(BUILD),)

deps-build:
	@scripts/install-deps --build-only

deps:
	@scripts/install-deps

## make demo [KAFKA=1] [SOURCE=mysql]   into ClickHouse on private servers, step by step; through Kafka
demo: deps build
	@KAFKA=$(KAFKA) SOURCE=$(SOURCE) scripts/demo --bin $(BUILD)/bin

## make test                  every test with small counts: unit, golden, live
test: deps build check
	@ctest --test-dir $(BUILD) --output-on-failure -j $(TEST_JOBS) -LE soak || tests/failed $(BUILD)

## make live                  the live tests only
live: deps build
	@ctest --test-dir $(BUILD) --output-on-failure -L live

## make soak                  the same live tests with the full counts, and other versions (hours)
soak: deps build
	@CDC_TEST_SOAK=1 ctest --test-dir $(BUILD) --output-on-failure -L 'live|soak'

# Both are built by clang, which also checks who holds which lock (-Wthread-safety), and from nothing
# more often than anew. Fuzzing pays for -O1; the thread sanitizer runs little, and -O0 halves its build.
CLANG := -DCDC_WERROR=ON -DCDC_UNITY=ON -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++
ASAN := $(CLANG) -DCMAKE_CXX_FLAGS_DEBUG='-O1 -g1' -DCDC_SANITIZE=address -DCDC_FUZZ=ON
TSAN := $(CLANG) -DCMAKE_CXX_FLAGS_DEBUG='-O0 -g1' -DCDC_SANITIZE=thread

## make asan                  unit, golden and one live test under address and undefined sanitizers
asan: deps
	$(call configure-and-build,$(BUILD)-asan,$(ASAN))
	@ctest --test-dir $(BUILD)-asan --output-on-failure -j $(JOBS) -L 'unit|cli'
	@ctest --test-dir $(BUILD)-asan --output-on-failure -R '^live-sanitized_pipe$$'

## make tsan                  unit tests and one live test under the thread sanitizer
tsan: deps
	$(call configure-and-build,$(BUILD)-tsan,$(TSAN))
	@ctest --test-dir $(BUILD)-tsan --output-on-failure -L unit
	@ctest --test-dir $(BUILD)-tsan --output-on-failure -R '^live-sanitized_pipe$$'

## make fuzz SECONDS=60       each fuzz target for that long, in the build of make asan
SECONDS ?= 60
fuzz: deps
	$(call configure-and-build,$(BUILD)-asan,$(ASAN),fuzzers)
	@tests/fuzz/run.sh $(BUILD)-asan $(SECONDS)

## make bench [ONLY=name] [PAGE=file]   against peers; a table, build/bench.json, a page
bench: deps build
	@tests/bench/run.py --bin $(BUILD)/bin --out $(BUILD)/bench.json $(if $(ONLY),--only $(ONLY)) $(if $(PAGE),--page $(PAGE))

## make mutants [NAMES=…]     wrong changes on purpose, one at a time: which test notices (hours)
mutants: deps
	@tests/mutants/run.py $(addprefix --cmake=,$(CMAKE_FLAGS)) $(BUILD) $(NAMES)

## make tidy [CHANGED=1]      clang-tidy over all sources; over those that changed since the last tag
tidy: build
	@scripts/run-tidy $(BUILD) $(if $(CHANGED),--changed)

## make format                clang-format in place;  make format-check only looks
format:
	@git ls-files '*.cpp' '*.hpp' | xargs clang-format -i
format-check:
	@git ls-files '*.cpp' '*.hpp' | xargs clang-format --dry-run --Werror

## make check                 dependency order of the folders, man pages against --help, shellcheck
check: build
	@scripts/check-includes
	@scripts/check-man $(BUILD)
	@scripts/check-scripts
	@tests/mutants/run.py --check $(BUILD)

## make install PREFIX=/usr/local   stripped tools, man pages, completion for bash and zsh
install: build
	@cmake -S . -B $(BUILD) -DCMAKE_INSTALL_PREFIX=$(PREFIX) >/dev/null
	@cmake --install $(BUILD) --prefix $(PREFIX) --strip

## make deb                   a Debian package in build/, tried in a bare Debian 12 (needs root)
deb: deps build
	@rm -f $(BUILD)/cdc-toolkit_*.deb
	@cd $(BUILD) && cpack -G DEB >cpack.log 2>&1 || { cat cpack.log; exit 1; }
	@scripts/check-deb $(BUILD)/cdc-toolkit_*.deb

## make clean
clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan $(BUILD)-mutants
