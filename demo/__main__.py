"""Serve the canvas as a web page: python -m demo --port 8866 (or `make demo`)."""

import argparse
import errno
import socket
import sys

from tornado.netutil import bind_sockets

from helpers.base.errors import DigitsError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
REASONS = {
    errno.EADDRINUSE: "the port is taken: choose another, for example `make demo PORT=8867`",
    errno.EACCES: "this port is not for everybody: choose one from 1024 on, for example `make demo PORT=8867`",
    errno.EADDRNOTAVAIL: "this computer does not have that address: `make demo` alone takes 127.0.0.1",
}


def main() -> int:
    """Serve until Ctrl-C. Exit code 0, or 1 when it cannot be served and a line says why."""
    options = make_parser().parse_args()
    try:
        sockets = listen(options.host, options.port)
        if options.host not in LOOPBACK:
            print(exposure(options.host, options.visitors), file=sys.stderr)
        print(f"Draw a digit at {address(options.host, options.port)} (Ctrl-C stops it)", flush=True)
        from demo.server import Demo  # takes seconds, in which browsers that come wait

        demo = Demo(sockets, options.visitors, options.idle)
        demo.initialize([])
        demo.start()
    except DigitsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # while it starts
        return 130
    return 0


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo", description="Serve the canvas as a web page.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this computer alone)")
    parser.add_argument("--port", type=whole(1, 65535), default=8866, metavar="N", help="default: 8866")
    about = "how many at once, at 180 MB of memory each (default: 20)"
    parser.add_argument("--visitors", type=whole(1, 1000), default=20, metavar="N", help=about)
    about = "seconds without a stroke until a visitor's place is given away (default: 300)"
    parser.add_argument("--idle", type=whole(1, 86400), default=300, metavar="SECONDS", help=about)
    return parser


def whole(lowest: int, highest: int):
    """The type of an option that takes a whole number from lowest to highest."""

    def number(text: str) -> int:
        if not text.isdecimal() or not lowest <= int(text) <= highest:
            raise argparse.ArgumentTypeError(f'"{text}" was given, {lowest} to {highest} is wanted')
        return int(text)

    return number


def listen(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen there. Raises DigitsError when that cannot be had."""
    try:
        return bind_sockets(port, host)
    except (OSError, UnicodeError) as error:  # a name may be too long to be looked up
        known = isinstance(error, OSError) and not isinstance(error, socket.gaierror)
        why = REASONS.get(error.errno, error.strerror) if known else "there is no such host"
        raise DigitsError(f"cannot serve at {host}, port {port}: {why}") from error


def address(host: str, port: int) -> str:
    """Where a browser on this computer finds it."""
    host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def exposure(host: str, visitors: int) -> str:
    """What it means to listen on a host that is not this computer alone, on one line."""
    return (
        f"note: through {host} anyone who can reach this computer may open the page, without password or encryption; "
        f"up to {visitors} visitors at once each get a Python process of this account, which takes drawings, not code"
    )


if __name__ == "__main__":
    sys.exit(main())
