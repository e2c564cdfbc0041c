"""The supporter's screens and buttons: load through access, validate with a form, call one action, answer."""
