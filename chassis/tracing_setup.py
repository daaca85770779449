"""Turns tracing on where the settings say so; only then is the tracing library imported."""

from chassis.faults import NotReady
from chassis.settings import ProcessSettings
from chassis.tracing import use_tracer


def set_up_tracing(settings: ProcessSettings, process: str) -> None:
    """Record from now on, where the settings name an address. Raises NotReady without the library."""
    if not settings.otel_exporter_otlp_endpoint:
        return
    try:
        from chassis.otlp import open_tracer
    except ImportError as missing:
        raise NotReady(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is set, but {missing.name} is not installed: "
            "pip install -e '.[tracing]', or unset it"
        ) from missing
    use_tracer(open_tracer(settings.otel_exporter_otlp_endpoint, settings.otel_traces_sampler_arg, process))
