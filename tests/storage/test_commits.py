"""Answers leave when what they say is durable, and each learns why when it is not."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest
from msgsim.storage.changes import Changes
from msgsim.storage.commits import Commits
from msgsim.storage.database import StoreError
from msgsim.storage.store import Store, store_in

Story = Callable[[Store, Commits], Awaitable[None]]


@pytest.fixture
def play() -> Callable[[Story], None]:
    """Run what happens to a store in memory on an event loop."""

    def run(story: Story) -> None:
        async def whole() -> None:
            store = store_in(None)
            await story(store, Commits(store, lambda changes, error: None))
            store.close()

        asyncio.run(whole())

    return run


def test_many_answers_share_the_commit_of_the_second_iteration(play: Callable[[Story], None]) -> None:
    async def story(store: Store, commits: Commits) -> None:
        answers: list[tuple[str, bool]] = []
        for name in ("first", "second"):
            store.records.keep(1, "messente", name, "", 1)
            commits.then(lambda error, name=name: answers.append((name, store.dirty)))  # type: ignore[misc]
            assert answers == []
            await asyncio.sleep(0)
        assert answers == [("first", False), ("second", False)]

    play(story)


def test_an_answer_that_fails_keeps_nobody_else_waiting(
    play: Callable[[Story], None], caplog: pytest.LogCaptureFixture
) -> None:
    """A connection that broke between a request and the commit that it shares with others."""
    answers: list[StoreError | None] = []

    def gone(_error: StoreError | None) -> None:
        raise RuntimeError("the handler is closed")

    async def story(store: Store, commits: Commits) -> None:
        store.records.keep(1, "messente", "first", "", 1)
        commits.then(gone)
        commits.then(answers.append)
        await commits.durable()

    with caplog.at_level(logging.ERROR):
        play(story)
    assert answers == [None]
    assert "the handler is closed" in caplog.text


def test_a_request_that_begins_while_others_are_answered_waits_for_a_commit_of_its_own(
    play: Callable[[Story], None],
) -> None:
    """The next of a pipeline is read as soon as the one before is answered."""

    async def story(store: Store, commits: Commits) -> None:
        dirty: list[bool] = []

        def answered(_error: StoreError | None) -> None:
            store.records.keep(1, "messente", "second", "", 2)
            commits.then(lambda _: dirty.append(store.dirty))

        store.records.keep(1, "messente", "first", "", 1)
        commits.then(answered)
        await commits.durable()
        assert dirty == []
        await commits.durable()
        assert dirty == [False]

    play(story)


@pytest.mark.parametrize("at_once", [False, True])
def test_everybody_who_wrote_in_a_lost_transaction_is_given_the_reason(
    play: Callable[[Story], None], at_once: bool
) -> None:
    async def story(store: Store, commits: Commits) -> None:
        reasons: list[str] = []
        for name, key in (("first", ""), ("second", "\ud800"), ("third", "")):
            store.records.keep(1, "messente", name, key, 1)
            commits.then(lambda error: reasons.append(str(error)))
        if at_once:
            with pytest.raises(StoreError, match="surrogates"):
                commits.now()
        else:
            with pytest.raises(StoreError, match="surrogates"):
                await commits.durable()
        assert len(reasons) == 3
        assert {reason[:35] for reason in reasons} == {"memory: 'utf-8' codec can't encode "}
        assert [store.records.find(1, "messente", name, "") for name in ("first", "second", "third")] == [None] * 3
        store.records.keep(1, "messente", "fourth", "", 4)
        await commits.durable()
        assert store.records.find(1, "messente", "fourth", "") == 4

    play(story)


def test_what_became_durable_is_handed_on_before_anybody_is_answered(play: Callable[[Story], None]) -> None:
    async def story(store: Store, _: Commits) -> None:
        order: list[object] = []

        def after(changes: Changes, error: StoreError | None) -> None:
            order.append((changes.dropped, error, store.dirty))

        commits = Commits(store, after)
        store.drop_sandbox(7)
        commits.then(order.append)
        await commits.durable()
        assert order == [({7}, None, False), None]

    play(story)
