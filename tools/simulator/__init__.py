"""A discrete-event simulator of runner fleets: the scaler's own plan, and the rules of others, on the same jobs."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

# ``python -m tools.simulator`` works from the root alone: the scaler's code is imported as the functions import it.
if importlib.util.find_spec("scaler") is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lambda_src"))
