"""GitLab's three kinds of pagination: offset, keyset by id (projects) and keyset by cursor (jobs)."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tools.local.gitlab.errors import AnswerError, InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.local.gitlab.parameters import Parameters

DEFAULT_PER_PAGE = 20
MAXIMUM_PER_PAGE = 100


class NoKeysetError(AnswerError):
    """Keyset pagination where or how GitLab does not offer it."""

    def __init__(self) -> None:
        super().__init__(405, {"error": "Keyset pagination is not yet available for this type of request"})


class Paging:
    """Pages through ids for one request.

    Args:
        parameters: the request's parameters.
        address: the request's address without its query, for links.
    """

    def __init__(self, parameters: Parameters, address: str) -> None:
        self.parameters = parameters
        self.address = address
        wanted = parameters.integer("per_page", DEFAULT_PER_PAGE) or DEFAULT_PER_PAGE
        self.per_page = min(wanted, MAXIMUM_PER_PAGE)

    @property
    def is_keyset(self) -> bool:
        """Whether keyset pagination is asked for."""
        return self.parameters.text("pagination") == "keyset"

    def link(self, relation: str, **changed: str) -> str:
        """Return one link to this request with some parameters changed."""
        pairs = [(key, value) for key, value in self.parameters.pairs if key not in changed]
        return f'<{self.address}?{urlencode([*pairs, *changed.items()])}>; rel="{relation}"'

    def offset(self, ids: Sequence[int], *, totals: bool) -> tuple[Sequence[int], dict[str, str]]:
        """Return one page of ids and its headers.

        Args:
            ids: all ids in order.
            totals: whether GitLab counts this list; for jobs it does not.
        """
        page = self.parameters.integer("page", 1) or 1
        start = (page - 1) * self.per_page
        more = len(ids) > start + self.per_page
        headers = {
            "X-Per-Page": str(self.per_page),
            "X-Page": str(page),
            "X-Next-Page": str(page + 1) if more else "",
            "X-Prev-Page": str(page - 1) if page > 1 else "",
        }
        links = [self.link("prev", page=str(page - 1))] if page > 1 else []
        links += [self.link("next", page=str(page + 1))] if more else []
        links.append(self.link("first", page="1"))
        if totals:
            pages = max(1, -(-len(ids) // self.per_page))
            headers |= {"X-Total": str(len(ids)), "X-Total-Pages": str(pages)}
            links.append(self.link("last", page=str(pages)))
        headers["Link"] = ", ".join(links)
        return ids[start : start + self.per_page], headers

    def keyset_by_id(self, ids: Sequence[int]) -> tuple[Sequence[int], dict[str, str]]:
        """Return one page of projects and its headers, as Keyset::Pager does.

        Any page that is not empty links to a next one, so the end of the list costs a request that finds nothing.
        """
        ascending = self.parameters.text("sort") == "asc"
        if self.parameters.text("order_by") != "id":
            raise NoKeysetError
        page = sorted(ids, reverse=not ascending)[: self.per_page]
        if not page:
            return page, {}
        return page, {"Link": self.link("next", **{"id_after" if ascending else "id_before": str(page[-1])})}

    def keyset_by_cursor(self, ids: Sequence[int]) -> tuple[Sequence[int], dict[str, str]]:
        """Return one page of jobs and its headers, as Keyset::CursorPager does: a next link only if more follow."""
        if self.parameters.text("order_by", "id") != "id":
            raise NoKeysetError
        ascending = self.parameters.text("sort") == "asc"
        last = decode_cursor(self.parameters.text("cursor"))
        rest = [job_id for job_id in ids if last is None or (job_id > last if ascending else job_id < last)]
        page = sorted(rest, reverse=not ascending)[: self.per_page]
        if len(rest) <= self.per_page:
            return page, {}
        cursor = encode_cursor(page[-1])
        return page, {"X-Next-Cursor": cursor, "Link": self.link("next", cursor=cursor)}


def encode_cursor(last_id: int) -> str:
    """Return the cursor of the page after an id, opaque as GitLab's."""
    return base64.urlsafe_b64encode(json.dumps({"id": str(last_id), "_kd": "n"}).encode()).decode()


def decode_cursor(cursor: str) -> int | None:
    """Return the id that a cursor continues after, None for the first page.

    Raises:
        InvalidParameterError: it is no cursor of ours.
    """
    if not cursor:
        return None
    try:
        return int(json.loads(base64.urlsafe_b64decode(cursor))["id"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise InvalidParameterError("cursor is invalid") from None
