# Thin wrappers over cmake, ctest and scripts/; `make help` lists them.
BUILD ?= build
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
GENERATOR := $(shell command -v ninja >/dev/null && echo Ninja || echo "Unix Makefiles")
CONFIGURE = cmake -S . -G "$(GENERATOR)" -DCMAKE_INSTALL_PREFIX=$(PREFIX)

.PHONY: all help build deps clean

all: build

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make                   the tools, in build/bin
build:
	@$(CONFIGURE) -B $(BUILD) $(CMAKE_FLAGS) >$(or $(TMPDIR),/tmp)/cdc-configure.$$$$ 2>&1 || { cat $(or $(TMPDIR),/tmp)/cdc-configure.$$$$; exit 1; }; rm -f $(or $(TMPDIR),/tmp)/cdc-configure.$$$$
	@cmake --build $(BUILD) -j $(JOBS)

## make deps              install every package that building and testing needs
deps:
	@scripts/install-deps

## make clean
clean:
	rm -rf $(BUILD)
