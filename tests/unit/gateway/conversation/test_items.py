"""The history: items with ids, by whom, and what was heard of them."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.conversation.items import MAX_UTTERANCES, USER, ChatMessage, Item, Items

WHO = st.sampled_from((USER, "anna", "ben"))


def told(items: Items, agent: str = "anna") -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in items.prompt_for(agent, "be kind")]


def test_each_agent_is_the_assistant_of_its_own_prompt_and_the_others_are_users() -> None:
    items = Items(10, 1000)
    items.add_said("hello")
    items.add("anna", "hi")
    items.add("ben", "welcome")
    begin = ("system", "be kind")
    assert told(items, "anna") == [begin, ("user", "hello"), ("assistant", "hi"), ("user", "welcome")]
    assert told(items, "ben") == [begin, ("user", "hello"), ("user", "hi"), ("assistant", "welcome")]


def test_an_item_is_cut_where_it_stands() -> None:
    items = Items(10, 1000)
    items.add_said("one")
    item = items.add("anna", "two three", 900)
    items.add_said("four")
    items.truncate(item, "two", 400)
    assert told(items)[1:] == [("user", "one"), ("assistant", "two"), ("user", "four")]
    assert items.kept[1].heard_ms == 400
    items.truncate(item, "", 0)
    assert told(items)[1:] == [("user", "one"), ("user", "four")]
    items.truncate(item, "two", 400)
    assert told(items)[1:] == [("user", "one"), ("user", "four")], "what is gone does not come back"


def test_an_item_of_which_nothing_was_heard_yet_is_in_no_prompt_and_counts_for_nothing() -> None:
    items = Items(2, 1000)
    items.add_said("one")
    items.add("anna", "two")
    item = items.add("anna", "")
    assert told(items)[1:] == [("user", "one"), ("assistant", "two")]
    items.truncate(item, "three", 100)
    assert told(items)[1:] == [("assistant", "three")], "the newest stays"


def test_an_item_of_which_nothing_was_heard_yet_does_not_push_its_question_out() -> None:
    items = Items(10, 1000)
    items.add_said("x" * 2000)
    items.add("anna", "", 0)
    assert told(items)[1:] == [("user", "x" * 2000)]


def test_utterances_are_the_users_of_this_conversation() -> None:
    items = Items(10, 1000)
    items.go_on_from([("My name is Ana", "Hello Ana!"), ("", "Which kind?")], "anna")
    items.add_said("green")
    assert items.utterances == ("green",)
    for number in range(MAX_UTTERANCES + 5):
        items.add_said(str(number))
    assert len(items.utterances) == MAX_UTTERANCES
    assert items.utterances[-1] == str(MAX_UTTERANCES + 4)


@given(st.lists(st.tuples(WHO, st.text(max_size=30)), max_size=30), st.integers(1, 8), st.integers(1, 200))
def test_a_prompt_never_outgrows_its_bounds_and_begins_with_the_user(
    said: list[tuple[str, str]], most: int, most_bytes: int
) -> None:
    check_bounds(said, most, most_bytes)


def check_bounds(said: list[tuple[str, str]], most: int, most_bytes: int) -> None:
    items = Items(most, most_bytes)
    ids = [add_within_bounds(items, speaker, text) for speaker, text in said]
    assert ids == sorted(set(ids)), "ids are used once"
    messages = items.prompt_for("anna", "")[1:]
    assert len(messages) <= max(most, 1)
    assert sum(item.size for item in items.kept) <= most_bytes or len(messages) == 1
    if len(items.kept) > 1:
        assert items.kept[0].speaker == USER
    if said and said[-1][1]:
        assert messages[-1] == ChatMessage("assistant" if said[-1][0] == "anna" else "user", said[-1][1])


def add_within_bounds(items: Items, speaker: str, text: str) -> int:
    """What is too much goes by half: the next items change nothing of the prompt's beginning."""
    item = Item(0, speaker, text)
    full = words(items) + bool(text) > items.most
    heavy = sum(item.size for item in [*items.kept, item]) > items.most_bytes
    added = items.add(speaker, text)
    if full:
        assert words(items) <= max(items.most // 2, 1)
    if heavy:
        assert sum(item.size for item in items.kept) <= items.most_bytes // 2 or words(items) == 1
    return added


def words(items: Items) -> int:
    """How many items have any."""
    return sum(bool(item.text) for item in items.kept)


def test_a_prompt_begins_alike_until_there_is_no_room_left() -> None:
    items, beginnings = Items(20, 10_000), []
    for number in range(60):
        items.add_said(f"question {number}")
        beginnings.append(told(items)[1][1])
        items.add("anna", f"answer {number}")
    assert beginnings[:10] == ["question 0"] * 10
    assert len(set(beginnings)) <= 60 // 5 + 1
