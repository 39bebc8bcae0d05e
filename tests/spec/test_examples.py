"""Examples that `sparktune init` writes."""

from pathlib import Path

import pytest

from sparktune.errors import SpecError
from sparktune.search import build_sampler
from sparktune.spec import load_spec
from sparktune.spec.examples import KINDS, example


@pytest.mark.parametrize("kind", KINDS)
class TestExample:
    def test_it_is_a_spec_of_its_kind(self, tmp_path: Path, kind: str) -> None:
        (tmp_path / "study.yaml").write_text(example(kind))
        spec = load_spec(tmp_path / "study.yaml")
        assert kind in (spec.model.kind, spec.data.source)
        sampler = build_sampler(spec)
        assert sampler.ask(0) is not None
        assert sampler.size is not None and 6 <= sampler.size <= 40

    def test_it_explains_itself(self, kind: str) -> None:
        lines = example(kind).splitlines()
        assert lines[0].startswith("# ")
        assert sum("#" in line for line in lines) >= 6
        assert max(len(line) for line in lines) <= 120


def test_an_unknown_kind_is_refused_with_the_nearest() -> None:
    with pytest.raises(SpecError, match=r"unknown name 'nlp'; did you mean mlp\?"):
        example("nlp")
