"""Auto Scaling over HTTP: the Query protocol around the emulator."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from tools.local.aws.autoscaling.errors import AutoScalingError
from tools.local.aws.query import QueryError, QueryModelError, QueryService

if TYPE_CHECKING:
    from tools.local.aws.autoscaling.scaling import Scaling

logger = logging.getLogger("local.autoscaling")

XML = {"Content-Type": "text/xml"}


@dataclass(frozen=True)
class AutoScalingService:
    """Answer requests in the Query protocol."""

    scaling: Scaling
    query: QueryService = field(default_factory=lambda: QueryService("autoscaling"))

    def answer(
        self, account: str, region: str, body: bytes, query: dict[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        """Return the status, the headers and the body of an answer."""
        request_id = str(uuid.uuid4())
        form = query | dict(parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True))
        try:
            action, parameters = self.query.parse(form)
            result = self.scaling.call(account, region, action, parameters)
            return 200, dict(XML), self.query.answer(action, result, request_id)
        except QueryError as error:
            refused = error
        except AutoScalingError as error:
            refused = QueryError(error.code, str(error), error.status)
        except QueryModelError:
            logger.exception("our own answer does not fit the model")
            refused = QueryError("InternalFailure", "The local Auto Scaling made an answer that does not fit", 500)
        return refused.status, dict(XML), self.query.error(refused, request_id)
