"""Start the local AWS in the foreground."""

import argparse
import pathlib

from bansync_local import environment


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bansync_local", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1; best below 32768")
    parser.add_argument("--state", type=pathlib.Path, required=True, help="folder for everything it writes")
    parser.add_argument("--without", action="append", default=[], metavar="PATCH", help="leave a patch out")
    parser.add_argument("--plain", action="store_true", help="MiniStack as it is: no patches and no control endpoints")
    args = parser.parse_args()

    # Before MiniStack is imported: its modules read the environment while they load.
    environment.enter(args.port, args.state, roles=not args.plain)

    from bansync_local import control, patches, server

    if args.plain:
        from ministack.app import app

        server.run(app, args.port)
    else:
        patches.apply(without=args.without)
        server.run(control.install(), args.port)


if __name__ == "__main__":
    main()
