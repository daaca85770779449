"""The settings page says what the code says."""

from pathlib import Path

from cli.settings_table import page

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_settings_page_is_fresh() -> None:
    assert PAGE.read_text() == page(), "run `make settings`"
