"""The language that a text's script tells."""

import pytest

from tts_service.text.scripts import language_of_script


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello there", ""),
        ("naïve señor, Đặng", ""),
        ("你好，世界", "zh"),
        ("こんにちは世界", "ja"),
        ("コーヒー", "ja"),
        ("안녕하세요", "ko"),
        ("Привет, my", "ru"),
        ("hello мир", ""),
        ("In Chinese it is 你好", ""),
        ("καλημέρα", "el"),
        ("नमस्ते", "hi"),
        ("ᚠᚢᚦ", ""),
        ("123 …", ""),
        ("🙂", ""),
        ("\ud800\x01", ""),
        ("", ""),
    ],
)
def test_the_language_is_the_commonest_of_the_script(text: str, language: str) -> None:
    assert language_of_script(text) == language
