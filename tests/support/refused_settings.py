"""Settings that are not possible, as an operator sees them."""

import pytest

from chassis.settings import ProcessSettings, read_settings


def refusal(capsys: pytest.CaptureFixture[str], kind: type[ProcessSettings]) -> str:
    """What is printed when the settings are refused."""
    with pytest.raises(SystemExit) as ended:
        read_settings(kind)
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err
