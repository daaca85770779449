"""Kyutai's recognisers by name. No library here."""

SMALL = "kyutai/stt-1b-en_fr"
LARGE = "kyutai/stt-2.6b-en"
REPOSITORIES = {SMALL: f"{SMALL}-candle"}
"""Where a model is whole: of this one's two repositories only the one for candle has the heads that predict
pauses, with the same weights beside them."""
LANGUAGES = {LARGE: ("en",), SMALL: ("en", "fr"), REPOSITORIES[SMALL]: ("en", "fr")}


def transformers_name(model: str) -> str:
    """Kyutai publishes each model in transformers' format too."""
    if not model.startswith("kyutai/") or model.endswith("-trfs"):
        return model
    return f"{model.removesuffix('-candle')}-trfs"
