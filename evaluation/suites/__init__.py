"""One file for each suite. A module here has `SUITE`, and its name is the suite's."""
