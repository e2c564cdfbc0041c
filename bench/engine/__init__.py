"""Lantern's engine beside llama-server and plain llama-cpp-python: the same file, the same texts, the same clicks, one run.

python -m bench.engine                   five rounds; prints a table and a verdict for each target
python -m bench.engine --quick           a smoke run: one round of few and short requests, whose figures mean nothing
python -m bench.engine --only arrivals   one scenario; bench/README.md lists them, and every option of every arm
"""
