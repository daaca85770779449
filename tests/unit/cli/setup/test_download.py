"""Downloads against a hub that fails by script: what is tried again, how often, and what is kept."""

import errno
import fcntl
import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from chassis.faults import Fault, InvalidArgument, Unavailable
from cli.setup.download import PAUSES_S, Downloaded, Downloader
from cli.setup.engines import Weights
from cli.setup.hub import CountedFile, explain
from cli.setup.plan import Wanted
from cli.setup.progress import Lines
from cli.setup.repository import File, Listing
from cli.setup.store import Store

MODEL = Wanted("llm", "owner/name", Weights.TRANSFORMERS)
DATA = bytes(range(200))
WEIGHTS = File("model.safetensors", len(DATA), hashlib.sha256(DATA).hexdigest())
COMMIT = "c" * 40


@dataclass
class ScriptedHub:
    """`lists` and `fetches` are used up one a call: a fault is raised, or so many bytes come.

    `began`: how long the file was when each fetch began.
    """

    lists: list[Fault] = field(default_factory=list)
    fetches: list[int] = field(default_factory=list)
    began: list[int] = field(default_factory=list)

    def list_files(self, repo: str) -> Listing:  # noqa: ARG002
        if self.lists:
            raise self.lists.pop(0)
        return Listing(COMMIT, (WEIGHTS,))

    def fetch(
        self,
        repo: str,  # noqa: ARG002
        commit: str,  # noqa: ARG002
        file: File,
        target: Path,
        advance: Callable[[int], None],
    ) -> None:
        with CountedFile(target, advance) as partial:
            here = partial.seek(0, io.SEEK_END)
            self.began.append(here)
            count = self.fetches.pop(0) if self.fetches else len(DATA)
            partial.write(DATA[here : here + count])
            if here + count < file.size:
                raise Unavailable("the connection broke")


@dataclass
class Scene:
    store: Store
    hub: ScriptedHub
    said: io.StringIO = field(default_factory=io.StringIO)
    pauses: list[float] = field(default_factory=list)

    def download(self) -> Downloaded:
        return Downloader(self.store, self.hub, Lines(self.said), self.pauses.append).download(MODEL)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(Store(tmp_path), ScriptedHub())


def test_each_try_goes_on_where_the_last_broke_off(scene: Scene) -> None:
    scene.hub.fetches = [50, 0, 70]
    assert scene.download().fetched == len(DATA)
    assert scene.hub.began == [0, 50, 50, 120]
    assert scene.said.getvalue().count("the connection broke; trying again") == 3


def test_tries_that_bring_nothing_come_to_an_end_and_keep_what_came(scene: Scene) -> None:
    scene.hub.fetches = [50] + [0] * 9
    with pytest.raises(Unavailable, match="the connection broke"):
        scene.download()
    assert scene.hub.began == [0] + [50] * len(PAUSES_S)
    assert scene.pauses == list(PAUSES_S)
    assert scene.store.partial(MODEL.repo, WEIGHTS).read_bytes() == DATA[:50]


def test_tries_that_bring_something_go_on(scene: Scene) -> None:
    scene.hub.fetches = [10] * 20
    assert scene.download().fetched == len(DATA)
    assert set(scene.pauses) == {PAUSES_S[0]}


def test_a_hub_that_is_away_is_asked_again_before_it_is_given_up(scene: Scene) -> None:
    scene.hub.lists = [Unavailable("away")] * 2
    scene.download()
    assert scene.pauses == list(PAUSES_S[:2])


def test_what_the_operator_must_put_right_is_not_tried_again(scene: Scene) -> None:
    scene.hub.lists = [InvalidArgument("gated")]
    with pytest.raises(InvalidArgument, match="gated"):
        scene.download()
    assert scene.pauses == []


def test_a_part_longer_than_the_file_is_thrown_away(scene: Scene) -> None:
    partial = scene.store.partial(MODEL.repo, WEIGHTS)
    partial.parent.mkdir(parents=True)
    partial.write_bytes(DATA * 2)
    scene.download()
    assert scene.hub.began == [0]


def test_a_damaged_part_costs_one_more_fetch(scene: Scene) -> None:
    partial = scene.store.partial(MODEL.repo, WEIGHTS)
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"\xff" * 60)
    scene.download()
    assert scene.hub.began == [60, 0]
    assert scene.store.blob(MODEL.repo, WEIGHTS).read_bytes() == DATA


def test_a_second_download_of_the_same_model_is_refused_while_one_runs(scene: Scene) -> None:
    place = scene.store.place(MODEL.repo)
    place.mkdir(parents=True)
    with (place / "parley.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Unavailable, match="another parley setup"):
            scene.download()
    assert scene.hub.began == []


def test_a_record_that_makes_no_sense_counts_as_none(scene: Scene) -> None:
    scene.download()
    assert scene.store.sizes([MODEL]) == {MODEL.name: len(DATA)}
    for rubbish in ("", "{}", '{"commit": "c", "files": [{"path": "/etc/passwd"}]}', "[]"):
        (scene.store.place(MODEL.repo) / "parley/model.json").write_text(rubbish)
        assert scene.store.recall(MODEL) is None
        assert scene.store.sizes([MODEL]) == {}


def test_a_disk_without_room_is_told_before_anything_is_fetched(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.setup.download.shutil.disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(InvalidArgument, match="--cache DIR"):
        scene.download()
    assert scene.hub.began == []


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), InvalidArgument, "disk is full"),
        (OSError(errno.EDQUOT, "Quota exceeded"), InvalidArgument, "disk is full"),
        (OSError(errno.EROFS, "Read-only file system"), InvalidArgument, "Read-only file system"),
        (ConnectionResetError(errno.ECONNRESET, "reset https://signed"), Unavailable, "ConnectionResetError"),
        (TimeoutError("https://signed"), Unavailable, "TimeoutError"),
        (OSError("Consistency check failed: https://signed"), Unavailable, "check the network"),
    ],
)
def test_a_failure_is_explained_in_one_line_without_an_address(
    error: Exception, kind: type[Fault], said: str
) -> None:
    fault = explain(error, "owner/name")
    assert type(fault) is kind
    assert said in str(fault)
    assert "signed" not in str(fault)
    assert "\n" not in str(fault)


def test_what_is_cut_from_a_file_is_counted_back(tmp_path: Path) -> None:
    counted: list[int] = []
    with CountedFile(tmp_path / "part", counted.append) as file:
        file.write(DATA)
        file.seek(0)
        file.truncate()
        file.write(DATA[:5])
    assert counted == [len(DATA), -len(DATA), 5]
    assert (tmp_path / "part").read_bytes() == DATA[:5]


def test_without_a_terminal_a_line_comes_each_few_seconds() -> None:
    now, out = [0.0], io.StringIO()
    lines = Lines(out, clock=lambda: now[0])
    lines.begin("1/2 model.safetensors", 100_000_000, 40_000_000)
    for _ in range(12):
        now[0] += 1
        lines.advance(2_000_000)
    lines.end()
    here, first, second = out.getvalue().splitlines()
    assert "40.0 MB of 0.1 GB is here already" in here
    assert "50 % (0.1 GB of 0.1 GB, 2.0 MB/s, 25 s left)" in first
    assert "60 %" in second
