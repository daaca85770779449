# Speech to text. VARIANT: embedded (Moonshine), cpu (Whisper), cuda (Kyutai's models, and Whisper behind them).
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
      embedded) pip install ".[stt,moonshine,tracing]" ;; \
      cpu) pip install ".[stt,whisper,tracing]" ;; \
      cuda) pip install ".[stt,whisper-cuda,gpu,kyutai-libraries,tracing]" \
        && pip install --no-deps moshi==0.2.13 ;; \
      *) echo "VARIANT=$VARIANT is none of embedded, cpu, cuda" >&2; exit 1 ;; \
    esac && pip uninstall --yes parley
COPY protos protos
COPY chassis chassis
COPY engine_room engine_room
# Weights inside the image: a container has no way out.
RUN python -m engine_room.wheels smart-turn --folder /opt/parley/weights
RUN [ "$VARIANT" != embedded ] || python -m engine_room.wheels moonshine --folder /opt/parley/weights
COPY stt_service stt_service
RUN pip install --no-deps . && pip uninstall --yes pip setuptools

FROM python:3.11-slim-bookworm
COPY --from=build /opt/parley /opt/parley
ENV PATH=/opt/parley/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# What libraries write while they run goes to /tmp, the one place where a container may write; some name folders
# after the user, who has no name here.
ENV HOME=/tmp XDG_CACHE_HOME=/tmp/cache LOGNAME=parley
ENV WEIGHTS_DIR=/opt/parley/weights
# There is no compiler here for torch to call.
ENV NO_TORCH_COMPILE=1
ENV GRPC_HOST=0.0.0.0 GRPC_PORT=50051
EXPOSE 50051
WORKDIR /tmp
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=900s --start-period=20s --retries=3 CMD ["python", "-m", "chassis.probe", "127.0.0.1:50051"]
CMD ["python", "-m", "stt_service"]
