"""``make examples``: apply every example to a local AWS of its own, plan again, destroy."""

from __future__ import annotations

import signal
import sys
import time

from tools.local import processes
from tools.local.stack import ROOT, Options, Stack
from tools.local.terraform import Terraform, TerraformError, cli_config

# The local stack applies this one, with values that only it has; the other is a part of the examples.
LEFT_OUT = frozenset({"local", "network"})


def main() -> int:
    """Apply the examples one after the other; return 0, or 1 with a sentence that names the one that failed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    names = sorted(path.parent.name for path in (ROOT / "examples").glob("*/main.tf"))
    stack = Stack(Options("examples"), with_parent=True)
    stack.down()
    try:
        environment = cli_config(ROOT / "build" / "terraform")
        aws = str(stack.serve_aws()["endpoint"])
        for name in names:
            if name not in LEFT_OUT:
                apply(name, stack.terraform(environment, aws))
    except (TerraformError, processes.ProcessError) as error:
        print(f"error: make examples: {error}", file=sys.stderr)
        return 1
    finally:
        stack.down()
    return 0


def apply(name: str, terraform: Terraform) -> None:
    """Apply an example, see that a second plan changes nothing, and destroy it.

    Raises:
        TerraformError: a step failed, or the second plan has changes.
    """
    started = time.monotonic()
    print(f"examples/{name} …", flush=True)
    terraform.write(ROOT / "examples" / name, {})
    terraform.apply()
    if changes := terraform.changes():
        raise TerraformError(f"examples/{name}: a second plan has changes: {'; '.join(changes)}")
    terraform.destroy()
    print(f"  applied, unchanged by a second plan, destroyed: {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
