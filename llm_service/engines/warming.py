"""The first replies of a freshly loaded model: kernels and grammars are made on first use."""

from contextlib import aclosing

from llm_service.engine import LlmEngine, Message, Prompt, Sampling

TOKENS = 8
SCHEMA = '{"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}'


async def warm_up(engine: LlmEngine) -> None:
    """A free reply, and one bound to a schema where the engine can do that."""
    for schema in ("", SCHEMA) if engine.abilities.json_schema else ("",):
        hello = Prompt(0, (Message("user", "Hello"),), Sampling(max_tokens=TOKENS), json_schema=schema)
        async with aclosing(engine.chat(hello)) as outputs:
            async for _ in outputs:
                pass
