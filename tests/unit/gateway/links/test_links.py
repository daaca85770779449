"""What is asked of every replica of a service, when there is none."""

import pytest

from chassis.faults import Unavailable
from gateway.links.links import Links, problem

EVERY = "dns:///{}:1"


@pytest.mark.parametrize("service", ["stt", "llm", "tts", "analysis"])
async def test_a_service_that_nobody_has_found_yet_has_not_done_what_it_was_asked(service: str) -> None:
    links = Links(*([EVERY.format(name)] for name in ("stt", "llm", "tts", "analysis")))
    (outcome,) = await links.unload(service)
    assert isinstance(outcome.fault, Unavailable)
    assert problem([outcome]) == f"the {service} service does not answer"
    assert links.ready == dict.fromkeys(("stt", "llm", "tts", "analysis"), False)
