"""A catalogue that lacks what it must have is refused where it is loaded, by its file and the key."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from msgsim.contract import NEEDED_ERRORS, NEEDED_WORDS, BadCatalogue, Contract

ERROR: dict[str, Any] = {"status": 400, "source": "here", "provenance": "seed"}
STATUS: dict[str, Any] = {"kind": "sent", "source": "here", "provenance": "seed"}


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    """A provider that has just what it needs."""
    found = Contract("echo")
    found.folder = tmp_path
    write(found, "errors.yaml", dict.fromkeys(NEEDED_ERRORS, ERROR))
    write(found, "statuses.yaml", {"words": dict.fromkeys(NEEDED_WORDS, "out"), "statuses": {"out": STATUS}})
    return found


def write(contract: Contract, file: str, value: Any) -> None:
    (contract.folder / file).write_text(value if isinstance(value, str) else yaml.safe_dump(value))


def refused(contract: Contract, what: str) -> str:
    with pytest.raises(BadCatalogue) as raised:
        getattr(contract, what)
    return str(raised.value)


def test_what_is_needed_is_enough(contract: Contract) -> None:
    assert set(contract.errors) == set(NEEDED_ERRORS)
    assert set(contract.statuses) == {"out"}


@pytest.mark.parametrize("key", NEEDED_ERRORS)
def test_an_error_that_any_provider_answers_with_is_missing(contract: Contract, key: str) -> None:
    write(contract, "errors.yaml", {name: ERROR for name in NEEDED_ERRORS if name != key})
    assert refused(contract, "errors") == f"schemas/echo/errors.yaml: {key!r} is missing"


@pytest.mark.parametrize("word", NEEDED_WORDS)
def test_a_word_that_planning_says_is_missing(contract: Contract, word: str) -> None:
    words = {name: "out" for name in NEEDED_WORDS if name != word}
    write(contract, "statuses.yaml", {"words": words, "statuses": {"out": STATUS}})
    assert refused(contract, "statuses") == f"schemas/echo/statuses.yaml, words: {word!r} is missing"


def test_a_word_may_be_that_of_a_channel(contract: Contract) -> None:
    words = dict.fromkeys([*NEEDED_WORDS[1:], f"sms.{NEEDED_WORDS[0]}"], "out")
    write(contract, "statuses.yaml", {"words": words, "statuses": {"out": STATUS}})
    assert set(contract.statuses) == {"out"}


@pytest.mark.parametrize("member", ERROR)
def test_a_member_of_an_error_is_missing(contract: Contract, member: str) -> None:
    broken = {name: value for name, value in ERROR.items() if name != member}
    write(contract, "errors.yaml", {**dict.fromkeys(NEEDED_ERRORS, ERROR), "broken": broken})
    assert refused(contract, "errors").startswith(
        f"schemas/echo/errors.yaml, broken: Object missing required field `{member}`"
    )


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({**ERROR, "provenance": "guessed"}, "Invalid enum value 'guessed'"),
        ({**ERROR, "stauts": 400}, "unknown field `stauts`"),
        ({**ERROR, "status": "400"}, "Expected `int`, got `str`"),
        (None, "'NoneType' object is not a mapping"),
    ],
)
def test_a_member_of_an_error_cannot_be_used(contract: Contract, entry: Any, reason: str) -> None:
    write(contract, "errors.yaml", {**dict.fromkeys(NEEDED_ERRORS, ERROR), "broken": entry})
    said = refused(contract, "errors")
    assert said.startswith("schemas/echo/errors.yaml, broken: ")
    assert reason in said


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ({"statuses": {}}, ": 'words' is missing"),
        ({"words": {}}, ": 'statuses' is missing"),
        ({"words": dict.fromkeys(NEEDED_WORDS, "away"), "statuses": {"out": STATUS}}, ", statuses: 'away'"),
        ({"words": dict.fromkeys(NEEDED_WORDS, "out"), "statuses": {"out": {**STATUS, "kind": "x"}}}, ", out: Invalid"),
        ("[", ": while parsing a flow node"),
        ("[]", ": a mapping is expected"),
    ],
)
def test_a_vocabulary_cannot_be_used(contract: Contract, text: Any, reason: str) -> None:
    write(contract, "statuses.yaml", text)
    assert refused(contract, "statuses").startswith(f"schemas/echo/statuses.yaml{reason}")


def test_a_file_is_missing(contract: Contract) -> None:
    (contract.folder / "errors.yaml").unlink()
    assert "schemas/echo/errors.yaml: [Errno 2] No such file" in refused(contract, "errors")


def test_a_setting_has_a_default(contract: Contract) -> None:
    write(contract, "settings.json", '{"properties": {"speed": {"type": "integer"}}}')
    assert refused(contract, "settings") == "schemas/echo/settings.json, speed: 'default' is missing"


def test_the_error_of_strict_mode_is_one_of_the_catalogue(contract: Contract) -> None:
    with pytest.raises(BadCatalogue, match=r"schemas/echo/errors\.yaml: 'bad_request' is missing"):
        contract.require("bad_request")
