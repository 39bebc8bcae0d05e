"""What every data source promises, as tests; a subclass gives the fixtures `name` and `origin`.

`name` is the source's; `origin` has twelve rows for it, or more.
"""

from dataclasses import replace

import numpy as np
import pytest

from sparktune.data import DataSource, Found, load_dataset
from sparktune.errors import DataError, SpecError
from sparktune.spec import parse_spec
from sparktune.spec.data import READ, fields_of
from sparktune.spec.extensions import SOURCES


class DataSourceContract:
    def section(self, name, origin):
        """The section of a study with all that the source reads."""
        needs, uses = fields_of(name)
        given = {field: getattr(origin, field) for field in (*needs, *uses) if field != "label"}
        return {"source": name, "label": "label", **{k: v for k, v in given.items() if v}}

    def test_it_is_made_without_arguments_and_gives_tables_of_equal_columns(self, name, origin):
        source = SOURCES.load(name)()
        found = source.read(origin)
        assert isinstance(source, DataSource) and isinstance(found, Found)
        assert found.table.where == origin.where
        for table in filter(None, (found.table, found.held_out)):
            assert list(table.columns) == list(found.table.columns)
            assert {len(column) for column in table.columns.values()} == {len(table)}

    def test_the_same_rows_are_read_each_time(self, name, origin):
        first, second = (SOURCES.load(name)().read(origin).table for _ in range(2))
        for column in first.columns:
            np.testing.assert_array_equal(*(each.values(column, "feature") for each in (first, second)))

    def test_a_study_names_it_and_reads_a_data_set(self, name, origin):
        spec = parse_spec({"data": {**self.section(name, origin), "validation": {"last": 4}}})
        assert spec.data.unread == []
        data = load_dataset(spec, origin.arrays, origin.read_table)
        assert len(data.validation) == 4 and len(data.train) >= 8

    def test_what_it_needs_is_refused_where_it_is_not_given(self, name, origin):
        needs, uses = fields_of(name)
        assert {*needs, *uses} <= {*READ, "label"}
        for need in needs:
            section = {field: value for field, value in self.section(name, origin).items() if field != need}
            with pytest.raises(SpecError, match=rf"{need} is required for source {name}"):
                parse_spec({"data": section})

    def test_a_file_that_is_not_there_is_named_with_its_section(self, name, origin):
        if "path" not in fields_of(name).needs:
            return
        with pytest.raises(DataError, match=r"data\.test\.path must exist"):
            SOURCES.load(name)().read(replace(origin, where="data.test", path="no/such/place"))
