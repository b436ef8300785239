"""``make demo``: run it and say how it went."""

from __future__ import annotations

import argparse
import signal
import sys

from tools.demo import figures
from tools.demo.run import PACES, STACK, Demo, DemoError
from tools.local.names import stack_name


def main(arguments: list[str]) -> int:
    """Run the demo; return 0, or 1 with a sentence that says which step failed."""
    parser = argparse.ArgumentParser(prog="tools.demo", description=__doc__)
    parser.add_argument("--actuator", default="lambda", choices=sorted(PACES))
    parser.add_argument("--stack", default=STACK, type=stack_name, help="the folder below build/, for several at once")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    demo = Demo(options.actuator, PACES[options.actuator], options.stack)
    try:
        result = demo.run()
    except DemoError as error:
        print(f"error: make demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; nothing was left running", file=sys.stderr)
        return 130
    for name, value in figures.worded(result).items():
        print(f"  {name:32} {value:>9}   {figures.MEANING[name]}")
    print(f"status page, opens in a browser: {demo.folder / 'report.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
