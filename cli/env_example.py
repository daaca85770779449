"""Print env.example, which explains every variable: `python -m cli.env_example > env.example`."""

from textwrap import wrap

from pydantic import SecretStr

from chassis.settings import describe_allowed
from cli.settings_table import SECTIONS

WIDTH = 110
FIXED = {
    "METRICS_HOST",
    "METRICS_PORT",
    "DRAIN_S",
    "GRPC_HOST",
    "GRPC_PORT",
    "HOST",
    "REDIS_URL",
    "STT_ADDRESSES",
    "LLM_ADDRESSES",
    "TTS_ADDRESSES",
    "ANALYSIS_ADDRESSES",
    "ALLOW_ANONYMOUS",
    "MODEL_REGISTRY",
    "MODELS_CACHE_DIR",
    "WEIGHTS_DIR",
    "HF_TOKEN",
    "GPU_INDEX",
    "GPU_SLICE",
    "GPU_LEASE_REDIS_URL",
}
"""Settings that the compose files decide: what stands in them belongs together."""

COMPOSE = (
    (
        "COMPOSE_FILE",
        "docker-compose.yaml",
        "which files make the cluster; the profiles' env files add theirs",
    ),
    ("PORT", "8000", "port of the page and the sockets on this machine"),
    ("GRAFANA_PORT", "3000", "port of Grafana on this machine"),
    ("METRICS_KEPT", "15d", "how long Prometheus keeps what it measured"),
    ("TAG", "latest", "version of the images of the gateway, the analysis and the command"),
    ("STT_VARIANT", "embedded", "which engines the image holds: embedded, cpu, cuda; likewise the next two"),
    ("LLM_VARIANT", "embedded", ""),
    ("TTS_VARIANT", "embedded", ""),
    ("GATEWAY_MEMORY", "1g", "most memory of its container; likewise the next three"),
    ("STT_MEMORY", "2g", ""),
    ("LLM_MEMORY", "512m", ""),
    ("TTS_MEMORY", "512m", ""),
    ("STT_TMP", "size=64m,mode=1777", "its /tmp, in memory; likewise the next two"),
    ("LLM_TMP", "size=64m,mode=1777", ""),
    ("TTS_TMP", "size=64m,mode=1777", ""),
    ("START_PERIOD", "60s", "how long a model may take to load before its container counts as unwell"),
    ("PIP_INDEX_URL", "", "where pip finds packages while images are built"),
    ("PIP_EXTRA_INDEX_URL", "", "and where else: PyTorch's builds without CUDA, for the profile cpu"),
    ("HF_TOKEN", "", "opens gated models of Hugging Face's hub while weights are downloaded"),
    ("HF_ENDPOINT", "https://huggingface.co", "another hub than Hugging Face's, for the same"),
    ("HF_HUB_DOWNLOAD_TIMEOUT", "10", "seconds without a byte after which a download is tried anew"),
    (
        "VLLM_USE_FLASHINFER_SAMPLER",
        "0",
        "gpu.yaml: 1 has vLLM sample with FlashInfer, which is compiled with nvcc: it must be in an image of "
        "yours; the file names the other variables of vLLM's that reach it",
    ),
    ("STT_GPU", "0", "gpu.yaml: which card, as nvidia-smi counts; likewise the next two"),
    ("LLM_GPU", "0", ""),
    ("TTS_GPU", "0", ""),
    ("STT_GPU_SLICE", "", "gpu.yaml: GB of its card, or a share up to 1; empty: what model and slots need"),
    ("TTS_GPU_SLICE", "", "likewise; the language model's is LLM_GPU_MEMORY_UTILIZATION"),
    ("PUBLIC_ADDRESS", "0.0.0.0", "public.yaml: address of this machine that other people reach it at"),  # noqa: S104
    ("PUBLIC_PORT", "8080", "public.yaml: its port; another than PORT"),
    ("JAEGER_PORT", "16686", "tracing.yaml: port of Jaeger on this machine"),
)
"""What the compose files themselves read: the variable, its default, what it is."""


def page() -> str:
    """The whole file. Everything in it is commented out, at its default."""
    head = (
        "# Copy this file to .env, or a profile's (deploy/compose/*.env), and change what you like: Compose\n"
        "# reads it by itself. What is not set has the value shown here. Made by `make settings`.\n"
    )
    lines = [head, "\n# ---- Compose\n"]
    lines += [entry(name, default, words) for name, default, words in COMPOSE]
    seen = {name for name, _, _ in COMPOSE}
    for title, kind, base in SECTIONS:
        inherited = base.model_fields if base else {}
        fields = {name: field for name, field in kind.model_fields.items() if name not in inherited}
        entries = []
        for name, field in fields.items():
            if (variable := name.upper()) in seen | FIXED:
                continue
            seen.add(variable)
            given = field.get_default()
            shown = given.get_secret_value() if isinstance(given, SecretStr) else given
            allowed = f"{field.description}; {describe_allowed(field)}"
            entries.append(
                entry(variable, str(shown).lower() if isinstance(shown, bool) else str(shown), allowed)
            )
        if entries:
            lines += [f"\n# ---- {title}\n", *entries]
    return "".join(lines)


def entry(name: str, default: str, words: str) -> str:
    explained = "".join(f"# {line}\n" for line in wrap(words, WIDTH - 2))
    return f"{explained}#{name}={default}\n"


def main() -> None:
    print(page(), end="")


if __name__ == "__main__":
    main()
