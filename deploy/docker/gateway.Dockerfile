# The gateway: the door, conversations and the page.
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
RUN mkdir chassis && pip install ".[gateway,tracing]" && pip uninstall --yes parley
COPY protos protos
COPY chassis chassis
COPY gateway gateway
RUN pip install --no-deps . && pip uninstall --yes pip setuptools && mkdir /state

FROM python:3.11-slim-bookworm
COPY --from=build /opt/parley /opt/parley
# The registry of models is kept here: a volume takes its owner over.
COPY --from=build --chown=10001:10001 /state /state
ENV PATH=/opt/parley/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
ENV HOST=0.0.0.0 PORT=8000
EXPOSE 8000
WORKDIR /tmp
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 CMD ["python", "-m", "chassis.probe", "http://127.0.0.1:8000/health"]
CMD ["python", "-m", "gateway"]
