"""The fit of the package `chinchilla` as in its documentation: reads a table, prints time and objective.

python -m benchmarks.plain_chinchilla TABLE.csv STARTS_PER_PARAMETER
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from functools import partial

import numpy as np
import pandas as pd
from chinchilla import Chinchilla
from chinchilla._metrics import log_huber

DELTA = 1e-4

if __name__ == "__main__":
    table, num_values = pd.read_csv(sys.argv[1]), int(sys.argv[2])
    grid = {
        "e": np.linspace(-1, 1, num_values),
        "a": np.linspace(1, 15, num_values),
        "b": np.linspace(1, 15, num_values),
        "alpha": np.linspace(0.1, 0.7, num_values),
        "beta": np.linspace(0.1, 0.7, num_values),
    }
    with tempfile.TemporaryDirectory() as directory:
        model = Chinchilla(directory, param_grid=grid, loss_fn=partial(log_huber, delta=DELTA), log_level=50)
        model.database.df = pd.DataFrame(
            {"C": 6 * table["N"] * table["D"], "N": table["N"], "D": table["D"], "loss": table["loss"]}
        )
        start = time.process_time()
        model.fit(parallel=False)
        seconds = time.process_time() - start
    residual = np.log(model.predict_loss(table["N"].values, table["D"].values)) - np.log(table["loss"].values)
    size = np.abs(residual.astype(float))
    inside = np.minimum(size, DELTA)
    objective = float((inside * (size - inside / 2)).sum())
    print(json.dumps({"seconds": seconds, "objective": objective, "starts": num_values**5}))  # noqa: T201
