"""Publish figures, and remember for as long as this container lives what has become of that."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scaler import metrics
from scaler.errors import PublishError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)


@dataclass
class Publisher:
    """Publishes what is to be shown; at rest seldom.

    Args:
        send: publishes figures; raises PublishError.
    """

    send: Callable[[Sequence[metrics.Figure]], None]
    _has_arrived: bool = field(default=False, init=False)
    _rests_until: float = field(default=0.0, init=False)

    @property
    def has_arrived(self) -> bool:
        """Whether the figures of the last complete observation are known to be published."""
        return self._has_arrived

    def publish(self, figures: Sequence[metrics.Figure], now: float) -> None:
        """Publish figures; a fault is logged, not raised.

        Args:
            figures: what `metrics.shown` returned.
            now: epoch seconds.
        """
        is_rest = metrics.is_rest(figures)
        # A rest that is longer comes from a clock that was ahead.
        if is_rest and 0 < self._rests_until - now <= metrics.REST_SECONDS:
            return
        try:
            self.send(figures)
        except PublishError as error:
            log.warning("metrics are missing: %s", error)
            self._has_arrived = False
        else:
            self._has_arrived = self._has_arrived or metrics.is_complete(figures)
            self._rests_until = now + metrics.REST_SECONDS if is_rest else 0.0
