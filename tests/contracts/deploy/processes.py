"""The processes that are deployed, by the name they have there, and their settings."""

from pathlib import Path

from analysis_service.settings import AnalysisSettings
from chassis.settings import ProcessSettings
from gateway.settings import GatewaySettings
from llm_service.settings import LlmSettings
from stt_service.settings import SttSettings
from tts_service.settings import TtsSettings

ROOT = Path(__file__).parents[3]
SETTINGS: dict[str, type[ProcessSettings]] = {
    "gateway": GatewaySettings,
    "stt": SttSettings,
    "llm": LlmSettings,
    "tts": TtsSettings,
    "analysis": AnalysisSettings,
}
SERVICES = ("stt", "llm", "tts", "analysis")
"""Those behind the gateway."""
ENGINES = ("stt", "llm", "tts")
"""Those with a model of their own."""
