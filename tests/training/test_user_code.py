"""Which code of the user's own a study runs."""

from sparktune.training import has_own_code, own_code


def test_builders_and_custom_callbacks_are_own_code(spec_of):
    custom = {"kind": "custom", "callback": "package.module:Class"}
    csv = {"kind": "csv", "directory": "logs"}
    assert not has_own_code(spec_of(training={"callbacks": [csv]}))
    spec = spec_of(training={"callbacks": [csv, custom]}, model={"builder": "package.module:build"})
    assert own_code(spec) == {
        "model.builder": "package.module:build",
        "training.callbacks[1].callback": "package.module:Class",
    }
