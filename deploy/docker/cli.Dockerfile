# The command `parley`: downloads weights, talks, looks after models. Nothing in it listens.
FROM python:3.11-slim-bookworm AS build
# pip's own: another source of packages, such as PyTorch's builds without CUDA.
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m venv /opt/parley
ENV PATH=/opt/parley/bin:$PATH
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
# Its libraries first: this layer changes only with pyproject.toml.
RUN mkdir chassis && pip install ".[cli,setup]" && pip uninstall --yes parley
COPY protos protos
COPY chassis chassis
COPY engine_room engine_room
COPY cli cli
RUN pip install --no-deps . && pip uninstall --yes pip setuptools && mkdir /models

FROM python:3.11-slim-bookworm
COPY --from=build /opt/parley /opt/parley
# Weights are kept here: a volume takes its owner over.
COPY --from=build --chown=10001:10001 /models /models
ENV PATH=/opt/parley/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
ENV HOME=/tmp MODELS_CACHE_DIR=/models
WORKDIR /tmp
USER 10001:10001
CMD ["parley", "--help"]
