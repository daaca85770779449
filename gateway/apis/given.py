"""What a caller gave, as far as it was given: null means that a field was not."""

from typing import Any

from pydantic import BaseModel, model_validator


class Given(BaseModel):
    """A body whose null fields count as not given: clients of typed languages send every field they know."""

    @model_validator(mode="before")
    @classmethod
    def forget_nulls(cls, sent: Any) -> Any:
        if isinstance(sent, dict):
            return {name: value for name, value in sent.items() if value is not None}
        return sent
