# The language model. VARIANT: embedded (the tutor), cpu (llama.cpp), cuda (vLLM, and transformers behind it).
# All of them also speak to any OpenAI-compatible server.
FROM python:3.11-slim-bookworm AS build
# Which engines are inside; an ARG, so that a builder without BuildKit also builds one only.
ARG VARIANT=embedded
# pip's own: another source of packages, such as PyTorch's builds without CUDA.
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m venv /opt/parley
ENV PATH=/opt/parley/bin:$PATH
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
# Its libraries first: this layer changes only with pyproject.toml.
RUN mkdir chassis && case "$VARIANT" in \
      embedded) pip install ".[llm-openai,tracing]" ;; \
      cpu) pip install ".[llm-openai,llm-llama-cpp,tracing]" ;; \
      cuda) pip install ".[llm-openai,llm-vllm,llm-transformers,tracing]" ;; \
      *) echo "VARIANT=$VARIANT is none of embedded, cpu, cuda" >&2; exit 1 ;; \
    esac && pip uninstall --yes parley
# Triton wants a compiler once, for one module: it is made here, and its cache gets a copy when the service starts.
ENV TRITON_LIBCUDA_PATH=/usr/lib/x86_64-linux-gnu
COPY deploy/docker/triton_driver.py ./
RUN mkdir /opt/triton && if [ "$VARIANT" = cuda ]; then \
      apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev \
        && python triton_driver.py /opt/triton; \
    fi
COPY protos protos
COPY chassis chassis
COPY grammar grammar
COPY engine_room engine_room
COPY llm_service llm_service
RUN pip install --no-deps . && pip uninstall --yes pip setuptools && mkdir /compiled

FROM python:3.11-slim-bookworm
COPY --from=build /opt/parley /opt/parley
# Compiled kernels are kept here where TRITON_CACHE_DIR and the like say so: a volume takes its owner over.
COPY --from=build --chown=10001:10001 /compiled /compiled
COPY --from=build /opt/triton /opt/triton
ENV PATH=/opt/parley/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# What libraries write while they run goes to /tmp, the one place where a container may write; some name folders
# after the user, who has no name here.
ENV HOME=/tmp XDG_CACHE_HOME=/tmp/cache LOGNAME=parley
ENV TRITON_LIBCUDA_PATH=/usr/lib/x86_64-linux-gnu TRITON_CACHE_DIR=/tmp/triton
ENV GRPC_HOST=0.0.0.0 GRPC_PORT=50052
EXPOSE 50052
WORKDIR /tmp
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=900s --start-period=20s --retries=3 CMD ["python", "-m", "chassis.probe", "127.0.0.1:50052"]
# A copy in place of the one before, not into it: another container may be running that.
CMD ["sh", "-c", "mkdir -p $TRITON_CACHE_DIR && cp -r --remove-destination /opt/triton/. $TRITON_CACHE_DIR && exec python -m llm_service"]
