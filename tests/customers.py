"""A table of customers as somebody has it: words, dates, missing numbers, an id; and who has left."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa

LATE = 0.95  # from this share of the rows on some words come up for the first time


def customers(rows: int, seed: int = 0) -> pa.Table:
    """`left` follows from plan, age and city; one in seven customers has left."""
    random = np.random.default_rng(seed)
    number = np.arange(rows)
    age = random.integers(18, 90, rows)
    income = np.where(random.random(rows) < 0.1, np.nan, random.lognormal(10, 1, rows))
    plan = random.choice(["basic", "extra", "gold", "silver", "team"], rows, p=[0.4, 0.3, 0.1, 0.1, 0.1])
    town = (random.zipf(1.3, rows) - 1) % 5000
    city = np.where(number < LATE * rows, [f"city {i}" for i in town], [f"new city {i}" for i in town])
    when = [datetime(2024, 1, 1) + timedelta(hours=int(hour)) for hour in random.integers(0, 9000, rows)]
    risk = (plan == "basic") * 2.0 + (age < 30) * 2.0 + (town < 3) * 1.0 + random.normal(0, 0.5, rows)
    bills = random.integers(0, 10**6, rows)
    return pa.table(
        {
            "id": [f"customer-{seed}-{i}" for i in number],
            "age": age,
            "income": pa.array(income, from_pandas=True),
            "plan": pa.array(plan).dictionary_encode(),
            "city": pa.array([None if i % 17 == 0 else name for i, name in enumerate(city.tolist())]),
            "joined": [
                None if i % 11 == 0 else date(2020, 1, 1) + timedelta(days=int(i % 1000)) for i in number
            ],
            "seen": pa.array(when, pa.timestamp("us")),
            "vip": [None if i % 13 == 0 else bool(i % 3) for i in number],
            "bill": pa.array([Decimal(int(cents)).scaleb(-2) for cents in bills], pa.decimal128(10, 2)),
            "country": ["NO"] * rows,
            "left": np.where(risk > np.quantile(risk, 6 / 7), "yes", "no"),
        }
    )
