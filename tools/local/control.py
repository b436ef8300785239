"""Speak to the control interfaces of the local AWS and the GitLab stand-in."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = 30
LOOK_SECONDS = 10


class ControlError(Exception):
    """A control interface refused a request or did not answer; the message names the request."""


def request(method: str, url: str, body: object = None) -> Any:  # noqa: ANN401 - whatever JSON the server answers
    """Send a control request to loopback and return the JSON of the answer.

    Raises:
        ControlError: it was refused, or nothing answered.
    """
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, data, headers, method=method), timeout=SECONDS) as response:
            return json.loads(response.read() or b"null")
    except (OSError, ValueError) as error:
        raise ControlError(f"{method} {url}: {error}") from error


def unreachable(url: str) -> str:
    """Return why a GitLab does not answer over HTTP, "" if it does: also a refusal is an answer."""
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/api/v4/version", timeout=LOOK_SECONDS):
            return ""
    except urllib.error.HTTPError as error:
        error.close()
        return ""
    except (OSError, ValueError) as error:
        return str(error)


def attach(addresses: Mapping[str, Any], slots: int) -> None:
    """Point the stand-in's webhook at the fleet, and let its simulated hosts work on the fleet's instances.

    What was attached before is detached, so that a second apply does not send every webhook twice.
    """
    gitlab = addresses["gitlab_url"]
    request("DELETE", f"{gitlab}/_control/webhooks")
    request("DELETE", f"{gitlab}/_control/hosts")
    if audience := addresses.get("credentials_audience"):
        request("PUT", f"{gitlab}/_control/settings", {"id_token_audience": audience})
    hook = {
        "signing_token": addresses["webhook_signing_token"],
        "token": addresses["webhook_secret"],
        "url": addresses["webhook_url"],
    }
    request("POST", f"{gitlab}/_control/webhooks", hook)
    hosts = {
        "autoscaling_group": addresses["autoscaling_group_name"],
        "aws_endpoint": addresses["aws_endpoint"],
        "region": addresses["region"],
        "run_untagged": addresses["run_untagged"],
        "runner_id": addresses["runner_id"],
        "runner_tags": addresses["runner_tags"],
        "slots": slots,
    }
    request("POST", f"{gitlab}/_control/hosts", hosts)
