#!/usr/bin/env python
"""Commands of Lantern: `python manage.py help`."""

import os
import sys
import tempfile

# They need nothing of an installation, so its folder is not made, written to or asked for a secret.
WITHOUT_DATA = ("screen",)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    if sys.argv[1:2] and sys.argv[1] in WITHOUT_DATA:
        with tempfile.TemporaryDirectory(prefix="lantern-") as folder:
            os.environ["DATA_DIR"] = folder
            execute()
    else:
        execute()


def execute() -> None:
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
