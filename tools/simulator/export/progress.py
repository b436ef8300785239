"""What an interrupted export has read so far: a file of JSON lines beside the result, removed when all is read."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tools.simulator.export.records import from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tools.simulator.export.records import Record


class ProgressError(Exception):
    """The progress file is of another export; the message says what to do."""


@dataclass
class Progress:
    """Pages read, and where each project goes on.

    Attributes:
        path: the file.
        query: what is exported; a file of another query is refused.
        salt: of this export's hashes; it is in no result.
        since: jobs created earlier are left out.
        next_pages: the next page of each project that was begun; "" = read to its end.
    """

    path: Path
    query: dict[str, Any]
    salt: str = ""
    since: float = 0.0
    next_pages: dict[int, str] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path, query: dict[str, Any], since: float) -> Progress:
        """Return the progress that the file holds, or begin a new one."""
        progress = cls(path, query)
        if path.exists():
            progress._load()
            return progress
        progress.salt, progress.since = secrets.token_hex(16), since
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        progress._append({"query": query, "salt": progress.salt, "since": since})
        return progress

    def _load(self) -> None:
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        if not lines or not lines[0].endswith("\n") or (head := json.loads(lines[0]))["query"] != self.query:
            raise ProgressError(f"{self.path} is of another export: remove it, or repeat that export to finish it")
        self.salt, self.since = head["salt"], head["since"]
        whole = [line for line in lines[1:] if line.endswith("\n")]
        for document in map(json.loads, whole):
            self._take(document)
        # What was cut off while it was written is read again.
        self.path.write_text("".join([lines[0], *whole]), encoding="utf-8")

    def add(self, project: int, records: Sequence[Record], next_page: str) -> None:
        """Keep a page."""
        document = {"project": project, "records": [to_json(record) for record in records], "next": next_page}
        self._append(document)
        self._take(document)

    def _take(self, document: dict[str, Any]) -> None:
        self.next_pages[document["project"]] = document["next"]
        self.records += map(from_json, document["records"])

    def _append(self, document: dict[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(document) + "\n")

    def close(self) -> None:
        """Forget it: all is read."""
        self.path.unlink()
