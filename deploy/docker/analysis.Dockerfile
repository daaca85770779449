# The analysis service with all its engines: the embedded rules, and the language model of llm_service.
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
RUN mkdir chassis && pip install ".[analysis,tracing]" && pip uninstall --yes parley
COPY protos protos
COPY chassis chassis
COPY grammar grammar
COPY engine_room engine_room
COPY analysis_service analysis_service
RUN pip install --no-deps . && pip uninstall --yes pip setuptools

FROM python:3.11-slim-bookworm
COPY --from=build /opt/parley /opt/parley
ENV PATH=/opt/parley/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
ENV GRPC_HOST=0.0.0.0 GRPC_PORT=50054
EXPOSE 50054
WORKDIR /tmp
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 CMD ["python", "-m", "chassis.probe", "127.0.0.1:50054"]
CMD ["python", "-m", "analysis_service"]
