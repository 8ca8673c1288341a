"""Asks the scenario about a request and each draft: which rule decides, and with which statuses."""

from collections.abc import Mapping

from msgspec import Struct

from msgsim.contract import Contract
from msgsim.engine.exchange import Effects
from msgsim.engine.view import RequestView
from msgsim.model import Beat, Draft, Json, Refusal, Refused, Reply, Unknown
from msgsim.provider import Ask, Endpoint
from msgsim.scenarios.dictated import reply_of
from msgsim.scenarios.reserved import life
from msgsim.scenarios.rule import Respond, Rule, Subject
from msgsim.scenarios.scenario import Match, Scenario
from msgsim.scenarios.yaml import suggestion

SILENT = frozenset({"reset", "empty", "hang"})
"""Faults after which the client gets no byte of the answer."""
Life = tuple[Beat, ...]
"""The statuses of one channel's attempt, as a scenario writes them."""


class Fate(Struct, frozen=True, gc=False):
    """The decision about a draft: for each channel its rule and its life."""

    rules: list[Rule]
    lives: list[Life]


class Decisions:
    """The decisions about one request.

    Asking a scenario changes nothing; this class alone counts in the sandbox what rules have matched and decided.
    """

    def __init__(self, scenario: Scenario, endpoint: Endpoint, view: RequestView, effects: Effects) -> None:
        self._scenario = scenario
        self._endpoint = endpoint
        self._view = view
        self._effects = effects
        self._outcome = view.call.headers.get("x-sim-outcome")
        """The error, status or neutral word that the client asks for; None: it asks for nothing."""
        name, caller = view.provider.name, view.credential.name
        self._subject = Subject(view.call, name, endpoint.name, caller, effects.request)

    def before_body(self) -> None:
        """Apply the rules that do not ask about the body.

        Raises Refused where a rule dictates an answer or a fault prevents acceptance, and Unknown for an
        ``X-Sim-Outcome`` that this endpoint cannot have.
        """
        view, subject = self._view, self._subject
        if self._scenario.timed:
            subject.elapsed = self._elapsed()
        if self._outcome is not None:
            self._check(self._outcome)
        self._match(self._scenario.before_body(subject, view.seed, view.sandbox.counts))

    def after_body(self, body: Json) -> None:
        """Apply the rules that ask about the body, unless a rule has decided already. Raises Refused."""
        view, subject = self._view, self._subject
        subject.body = body
        if self._effects.rule is None:
            self._match(self._scenario.after_body(subject, view.seed, view.sandbox.counts))

    def of_draft(self, draft: Draft) -> Fate:
        """The rule and the life of each channel of a draft. Raises Refused where a rule refuses it, and Unknown."""
        view, subject = self._view, self._subject
        subject.to, subject.item = draft.to, draft.item
        if subject.counted:
            subject.counted = {}
        forced = None if self._outcome is None else self._forced(self._outcome, draft)
        rules: list[Rule] = []
        lives: list[Life] = []
        for place, channel in enumerate(draft.channels):
            subject.channel = channel
            rule = self._rule(self._scenario.per_draft(subject, view.seed, view.sandbox.counts))
            if rule not in rules:
                self._decided(rule)
            rules.append(rule)
            lives.append((forced and forced[place]) or self._life(rule, place, draft))
        return Fate(rules, lives)

    def _elapsed(self) -> int:
        """Milliseconds since the scenario was activated, or first named by a request."""
        key, view = self._scenario.key, self._view
        chosen = view.sandbox.counts.chosen
        if key not in chosen:
            chosen[key] = view.now
            view.sandbox.save(view.store)
        return view.now - chosen[key]

    def _check(self, outcome: str) -> None:
        """Raises Refused for an ``X-Sim-Outcome`` that is an error, Unknown unless it is a status of messages."""
        contract = self._view.contract
        if outcome in contract.errors:
            raise Refused(Refusal(outcome, rule="X-Sim-Outcome"))
        if outcome not in contract.statuses and outcome not in contract.words:
            near = suggestion(outcome, [*contract.errors, *contract.statuses, *contract.words])
            raise Unknown(f"X-Sim-Outcome: {self._view.provider.name} has no error and no status {outcome!r}{near}")
        if isinstance(self._endpoint, Ask):
            raise Unknown(f"X-Sim-Outcome: {outcome} is a status of messages, and {self._endpoint.name} takes none on")

    def _match(self, match: Match) -> None:
        if match.counted:
            self._count(match.counted)
        if match.rule is not None:
            self._decided(match.rule)

    def _rule(self, match: Match) -> Rule:
        """The rule that decides a channel; there always is one, because default.yaml matches every draft."""
        if match.counted:
            self._count(match.counted)
        assert match.rule is not None
        return match.rule

    def _count(self, counted: Mapping[str, bool]) -> None:
        """Count a match of each of these rules with ``nth`` (by place)."""
        sandbox = self._view.sandbox
        fitted = sandbox.counts.fitted
        for place in counted:
            fitted[place] = fitted.get(place, 0) + 1
        self._subject.counted = {**self._subject.counted, **counted}
        sandbox.save(self._view.store)

    def _decided(self, rule: Rule) -> None:
        """Count a decision of a rule. Raises Refused where it dictates an answer or a fault prevents acceptance."""
        sandbox, outcome = self._view.sandbox, rule.outcome
        counts = sandbox.counts.decided
        counts[rule.place] = counts.get(rule.place, 0) + 1
        if self._effects.rule is None:
            self._effects.rule = rule
        if rule.times:
            sandbox.save(self._view.store)
        if outcome.fault is not None and self._effects.fault is None:
            self._effects.fault = outcome.fault.drawn(self._view.seed, self._effects.request)
        if outcome.respond is not None:
            raise _dictated(outcome.respond, rule)
        if outcome.fault is not None:
            self._break(rule)

    def _break(self, rule: Rule) -> None:
        """Raises Refused for a fault that happens before the message is accepted."""
        fault = self._effects.fault
        if fault is None or fault.after != "nothing":
            return
        if fault.kind in SILENT:
            raise Refused(Refusal("fault", rule=rule.place), reply=Reply(503, b""))
        refusal = Refusal("server_error", rule=rule.place)
        raise Refused(refusal, reply=self._view.voice.refuse((refusal,), self._view))

    def _forced(self, outcome: str, draft: Draft) -> list[Life | None]:
        """The life of each channel that ``X-Sim-Outcome: <status>`` asks for; None where the channel lacks the status.

        Raises Unknown where no channel has it.
        """
        contract = self._view.contract
        lives: list[Life | None] = []
        for place, channel in enumerate(draft.channels):
            status = contract.known(Beat(0, outcome), channel.name)
            possible = status is not None and not (place and status.word == draft.handover)
            lives.append(life(status.word, contract) if status is not None and possible else None)
        if not any(lives):
            names = ", ".join(channel.name for channel in draft.channels)
            raise Unknown(f"X-Sim-Outcome: {outcome} does not exist on {names}")
        return lives

    def _life(self, rule: Rule, place: int, draft: Draft) -> Life:
        """The life of a channel: from its rule, or from the rules that are always on where that rule has none for it.

        A rule that is always on gives way to what the draft or the provider's ``life`` says.
        """
        view = self._view
        if self._leaves_open(rule, place, draft):
            rule = self._rule(self._scenario.underneath(self._subject, view.seed, view.sandbox.counts))
        if rule.base and (fate := draft.fates.get(place, draft.fate)) is not None:
            return fate
        if rule.base and view.contract.life:
            return view.contract.life
        return rule.outcome.deliver or ()

    def _leaves_open(self, rule: Rule, place: int, draft: Draft) -> bool:
        """Whether a rule has no statuses that this channel could get."""
        deliver = rule.outcome.deliver
        if deliver is None:
            return True
        if rule.base:  # No further rules are below those that are always on.
            return False
        hands_over = place and draft.handover and any(beat.status == draft.handover for beat in deliver)
        return bool(hands_over) or _is_of_other_channels(deliver, draft.channels[place].name, self._view.contract)


def _is_of_other_channels(beats: Life, channel: str, contract: Contract) -> bool:
    """Whether none of these statuses exists on this channel: the rule means other channels of the message."""
    return bool(beats) and all(beat.status in contract.statuses and not contract.known(beat, channel) for beat in beats)


def _dictated(respond: Respond, rule: Rule) -> Refused:
    """The answer that a rule dictates: an error of the catalogue, or a raw status and body."""
    if respond.error:
        return Refused(Refusal(respond.error, rule=rule.place), headers=respond.headers)
    return Refused(Refusal("raw", rule=rule.place), reply=reply_of(respond.status, respond.headers, respond.body))
