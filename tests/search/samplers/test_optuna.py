"""Any other sampler of Optuna."""

from typing import Any, final

import pytest
from optuna import Study
from optuna.samplers import RandomSampler
from optuna.trial import TrialState

from sparktune.errors import SpecError
from sparktune.spec import StudySpec
from tests.search.samplers.spaces import complete, learning

SPACE = {"x": {"low": 0.0, "high": 1.0}, "word": ["a", "b"]}


def test_a_class_with_its_arguments_is_seeded_by_the_study() -> None:
    options = {"sampler": "optuna.samplers:TPESampler", "args": {"n_startup_trials": 2}}

    def points(name: str, seed: int, options: dict[str, Any]) -> list[Any]:
        sampler, asked = learning(name, SPACE, 6, seed, options=options), []
        for number in range(6):
            params = sampler.ask(number)
            assert params is not None
            asked.append(params)
            sampler.tell(complete(number, params, params["x"]))
        return asked

    assert points("optuna", 1, options) == points("tpe", 1, {"n_startup_trials": 2})
    assert points("optuna", 1, options) != points("optuna", 2, options)


@final
class TwoTrials(RandomSampler):
    """Ends the search after two trials."""

    def after_trial(self, study: Study, *ended: Any) -> None:
        if sum(trial.state is TrialState.COMPLETE for trial in study.trials) == 1:  # and the one that ends
            study.stop()


@pytest.mark.parametrize(
    ("kind", "trials"), [("optuna.samplers:BruteForceSampler", 3), (f"{__name__}:TwoTrials", 2)]
)
def test_a_sampler_may_stop_the_search(kind: str, trials: int) -> None:
    sampler, replay = (learning("optuna", {"a": [1, 2, 3]}, 3, options={"sampler": kind}) for _ in range(2))
    for number in range(trials):
        params = sampler.ask(number)
        assert params is not None
        replay.replay(number, params)
        for one in (sampler, replay):
            one.tell(complete(number, params, 0.5))
    assert (sampler.ask(trials), replay.ask(trials)) == (None, None)


def test_optuna_is_short_for_sampler_and_options() -> None:
    options = {"sampler": "optuna.samplers:TPESampler", "args": {"n_startup_trials": 2}}
    space = {"neurons": [2, 4]}
    short = StudySpec(search={"optuna": options, "trials": 2, "space": space})
    assert short == StudySpec(search={"sampler": "optuna", "options": options, "trials": 2, "space": space})
    with pytest.raises(SpecError, match="sampler must be left out beside optuna"):
        StudySpec(search={"optuna": options, "sampler": "tpe"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "sampler must be package.module:Class.*got None; write sampler: package.module:Class"),
        ({"sampler": "optuna.samplers:Nothing"}, r"sampler must be importable.*search.options.sampler"),
        ({"sampler": "math:sin"}, "sampler must name a subclass of optuna.samplers.BaseSampler.*math:sin"),
        ({"sampler": "optuna.samplers:TPESampler", "args": [1]}, "args must be a section"),
        ({"sampler": "optuna.samplers:TPESampler", "arg": {}}, "arg is unknown"),
        ({"sampler": "optuna.samplers:TPESampler", "args": {"x": 1}}, "options must be options of Optuna's"),
    ],
)
def test_options_that_name_no_sampler_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        StudySpec(search={"sampler": "optuna", "options": options})
