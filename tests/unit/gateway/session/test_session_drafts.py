"""A whole session in which a reply is begun when its user may have finished."""

from dataclasses import replace

from chassis.faults import Unavailable
from chassis.metrics import REGISTRY
from tests.support.virtual_time import run_virtual
from tests.unit.gateway.session.staged import LIMITS, Stage, staged
from tests.unit.gateway.session.wire_rules import check_last


def drafts(outcome: str) -> float:
    return REGISTRY.get_sample_value("parley_drafts_total", {"outcome": outcome}) or 0.0


async def pause(stage: Stage, text: str = "do you like tea") -> None:
    stage.begin_speech()
    await stage.sound(1.0)
    stage.pause(text)
    await stage.settle()


async def finish(stage: Stage, text: str) -> None:
    stage.end_speech()
    stage.understand(text)
    await stage.settle()


def test_it_is_written_while_the_silence_is_waited_for_and_shown_once_it_is_over() -> None:
    async def main() -> None:
        used = drafts("used")
        async with staged() as stage:
            await pause(stage)
            assert (stage.llm.opened, stage.tts.opened) == (1, 0)
            assert [sent for sent in stage.messages("state") if sent.fields["state"] == "thinking"] == []
            assert stage.messages("ai_text") == []
            assert stage.audio == []
            await stage.sound(0.3)
            await finish(stage, "Do you like tea?")
            assert (stage.llm.opened, stage.tts.opened) == (1, 1)
            await stage.later(3)
            (entry,) = stage.memory.turns
            assert (entry.user_text, entry.reply_text) == ("Do you like tea?", "Hello there. ")
            assert entry.heard_text == "Hello there."
            assert stage.audio
        assert drafts("used") == used + 1
        check_last(stage)

    run_virtual(main())


def test_who_said_more_is_answered_anew() -> None:
    async def main() -> None:
        dropped = drafts("dropped")
        async with staged(scripted=False) as stage:
            await pause(stage)
            assert stage.llm.alive == 1
            await finish(stage, "do you like tea with milk")
            assert (stage.llm.opened, stage.llm.alive) == (2, 1)
            stage.write(stage.llm.peers[0], "With milk.", ends=True)
            await stage.later(0.2)
            assert drafts("dropped") == dropped + 1
        check_last(stage)

    run_virtual(main())


def test_a_draft_that_fails_is_nobodys_loss() -> None:
    async def main() -> None:
        async with staged(scripted=False) as stage:
            await pause(stage)
            stage.llm.peers[0].fail(Unavailable("gone"))
            await stage.later(0.2)
            await finish(stage, "do you like tea")
            assert (stage.llm.opened, stage.llm.alive) == (2, 1)
            stage.write(stage.llm.peers[0], "I do.", ends=True)
            await stage.later(0.2)
            assert stage.errors() == []
            assert [sent.fields["text"] for sent in stage.messages("ai_text")] == ["I do.", ""]

    run_virtual(main())


def test_where_it_is_switched_off_nobody_is_asked_before_the_end() -> None:
    async def main() -> None:
        async with staged(limits=replace(LIMITS, drafts=False)) as stage:
            await pause(stage)
            assert stage.llm.opened == 0
            await finish(stage, "do you like tea")
            assert stage.llm.opened == 1

    run_virtual(main())


def test_who_hangs_up_in_a_pause_leaves_no_draft() -> None:
    async def main() -> None:
        async with staged(scripted=False) as stage:
            await pause(stage)
            assert stage.llm.alive == 1
        assert stage.llm.alive == 0

    run_virtual(main())
