"""Serve the canvas as a web page: python -m demo --port 8866 (or `make demo`)."""

import argparse
import errno
import socket
import sys
from collections.abc import Callable

from tornado.netutil import bind_sockets

from demo.door import LOOPBACK, NAME, own_names
from demo.log import show_errors
from helpers.base.errors import DigitsError

REASONS = {
    errno.EADDRINUSE: "the port is taken: choose another, for example `make demo PORT=8867`",
    errno.EACCES: "this port needs privileges: choose one from 1024 on, for example `make demo PORT=8867`",
    errno.EADDRNOTAVAIL: "this computer does not have that address: `make demo` alone listens on 127.0.0.1",
}
NO_HOST = "there is no such host: correct its name, or give an address"


def main() -> int:
    """Serve the page until Ctrl-C. Returns the exit code: 0, or 1 where it cannot be served and a line says why."""
    options = make_parser().parse_args()
    try:
        sockets = listen(options.host, options.port)
        if options.host not in LOOPBACK:
            print(exposure(options.host, options.visitors), file=sys.stderr)
        print(f"Draw a digit at {address(options.host, options.port)} (Ctrl-C stops it)", flush=True)
        from demo.server import Demo  # takes seconds; browsers that come meanwhile wait

        show_errors()
        demo = Demo(sockets, own_names(options.host), options)
        demo.initialize([])
        demo.start()
    except DigitsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before it serves: from then on Ctrl-C ends it in good order
        return 130
    return 0


def make_parser() -> argparse.ArgumentParser:
    """The options: host, port, allow_host, visitors, idle and memory."""
    parser = argparse.ArgumentParser(prog="python -m demo", description="Serve the canvas as a web page.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this computer alone)")
    parser.add_argument("--port", type=whole_number(1, 65535), default=8866, metavar="N", help="default: 8866")
    about = "another name under which browsers find the page, as behind a proxy; may be given several times"
    parser.add_argument("--allow-host", type=name, action="append", default=[], metavar="NAME", help=about)
    about = "how many at once, at 180 MB of memory each (default: 20)"
    parser.add_argument("--visitors", type=whole_number(1, 1000), default=20, metavar="N", help=about)
    about = "seconds without a stroke until a visitor's place is given away (default: 300)"
    parser.add_argument("--idle", type=whole_number(1, 86400), default=300, metavar="SECONDS", help=about)
    about = "the most memory of a visitor's process, which ends within a second when it holds more (default: 500)"
    parser.add_argument("--memory", type=whole_number(300, 100_000), default=500, metavar="MB", help=about)
    return parser


def whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    """The type of an option that takes a whole number from lowest to highest."""

    def read(text: str) -> int:
        if not text.isdecimal() or not lowest <= int(text) <= highest:
            expected = f"expected a whole number from {lowest} to {highest}"
            raise argparse.ArgumentTypeError(f'{expected}, got "{text}": choose one of these, or leave the option out')
        return int(text)

    return read


def name(text: str) -> str:
    """The type of an option that takes a host's name, in lower case."""
    host = text.lower().removesuffix(".")
    if not NAME.fullmatch(host):
        expected = "expected a host's name such as digits.example.org"
        raise argparse.ArgumentTypeError(f'{expected}, got "{text}": leave out http://, the port and what follows it')
    return host


def listen(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen there, more than one where a name has several addresses.

    Raises DigitsError where the operating system refuses, or there is no such host.
    """
    try:
        return bind_sockets(port, host)
    except (socket.gaierror, UnicodeError) as error:  # UnicodeError: the name is too long to be looked up
        raise DigitsError(f"cannot serve at {host}, port {port}: {NO_HOST}") from error
    except OSError as error:
        cause = REASONS.get(error.errno, error.strerror)
        raise DigitsError(f"cannot serve at {host}, port {port}: {cause}") from error


def address(host: str, port: int) -> str:
    """The address at which a browser on this computer finds the page."""
    host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)
    if ":" in host:  # an IPv6 address
        host = f"[{host}]"
    return f"http://{host}:{port}/"


def exposure(host: str, visitors: int) -> str:
    """One line on what it means to listen on an address that others reach, too."""
    return (
        f"note: through {host} anyone who can reach this computer may open the page, without password or encryption; "
        f"up to {visitors} visitors at once each get a Python process of this account, which takes drawings, not code"
    )


if __name__ == "__main__":
    sys.exit(main())
