# `make` alone lists what there is. Every target is a verb of scripts/bootstrap.py, which also works without make.

PYTHON ?= python3
BOOTSTRAP = $(PYTHON) scripts/bootstrap.py

.DEFAULT_GOAL := help
.PHONY: help run setup test test-deep test-remote lint types arrows migrations tests messages pins wheelhouse lab faults screenshots random-runs random-desk bench bench-page bench-queue bench-soak faults-safety faults-alerts replay-check eval-safety eval-all train-setup train-smoke portable measuring clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## set up what is missing, then start the site (HOST=127.0.0.1 PORT=8000)
	@$(BOOTSTRAP) run

setup: ## the set-up part of run, alone
	@$(BOOTSTRAP) setup

test: ## every check; tests on SQLite and PostgreSQL, with the real model and a browser
	@$(BOOTSTRAP) test

test-deep: ## the tests that are long or many: everything that can go wrong, in processes and in a browser
	@$(BOOTSTRAP) test-deep

test-remote: measuring ## the engine on another machine against a real llama-server, which is built first (six minutes, once)
	@.venv/bin/python -m bench.llama_server
	@.venv/bin/python -m pytest -m llama_server assistant/tests/test_engines.py assistant/tests/test_remote_engine.py

lint: ## ruff and djlint
	@$(BOOTSTRAP) lint

types: ## mypy --strict
	@$(BOOTSTRAP) types

arrows: ## who may import whom
	@$(BOOTSTRAP) arrows

migrations: ## every model change has its migration
	@$(BOOTSTRAP) migrations

tests: ## pytest alone, on SQLite and on PostgreSQL
	@$(BOOTSTRAP) tests

messages: ## collect the sentences of the pages into locale/, and compile the catalogues (needs gettext)
	@.venv/bin/python manage.py messages

pins: ## write requirements*.txt anew from requirements*.in
	@$(BOOTSTRAP) pins

lab: ## what evaluation/ needs, into the site's .venv, without the developers' tools
	@$(BOOTSTRAP) lab

wheelhouse: ## fill wheelhouse/ for a machine without a network
	@$(BOOTSTRAP) wheelhouse

faults: measuring ## kill workers and flush Redis while jobs run; prints a table
	@.venv/bin/python -m bench.faults

screenshots: measuring ## every state of the writing page, from a running demonstration, into docs/img/states (some minutes)
	@.venv/bin/python -m scripts.screenshots

random-runs: measuring ## RUNS=10000 random evenings on the writing page, drafts with locked sentences, and tamperings with the audit log
	@RANDOM_RUNS=$(or $(RUNS),10000) .venv/bin/python -m pytest -q -n 0 --timeout 0 webapp/tests/test_interleavings.py assistant/tests/test_locked.py assistant/tests/test_audit_tampering.py

random-desk: measuring ## STEPS=10000 random acts of moderators with each of five seeds; a hundred of them race for ITEMS=1000 flags
	@RANDOM_RUNS=$(or $(STEPS),10000) .venv/bin/python -m pytest -q -s -n 0 moderation/tests/test_random_desk.py
	@DESK_ITEMS=$(or $(ITEMS),1000) DESK_ROUNDS=60 LANTERN_TEST_DB=postgres .venv/bin/python -m pytest -q -s -n 0 moderation/tests/test_race.py moderation/tests/test_meeting.py

bench: measuring ## time screening and the engine beside named peers, in the same run (half an hour on a quiet machine)
	@.venv/bin/python -m bench.screening
	@.venv/bin/python -m bench.engine --json

bench-page: measuring ## the writing page in a browser: click to words, typing beside a bare <textarea>, bytes and hosts
	@.venv/bin/python -m bench.page --rounds $(or $(ROUNDS),10)

bench-queue: measuring ## the moderators' queue with FLAGS=10000 open flags (DATABASE=sqlite or postgres): pages and live updates
	@.venv/bin/python -m bench.queue --flags $(or $(FLAGS),10000) --database $(or $(DATABASE),sqlite)

bench-soak: measuring ## mixed load on the engine for MINUTES=30; memory may not grow, no slot may stay taken
	@.venv/bin/python -m bench.soak --minutes $(or $(MINUTES),30)

faults-safety: measuring ## break the safety checks in every way, 30 times each; prints a table
	@.venv/bin/python -m bench.faults_safety

replay-check: measuring ## replay CASES=500 invented decided cases and compare every flip with screening itself
	@REPLAY_CASES=$(or $(CASES),500) .venv/bin/python -m pytest -q -s -n 0 --timeout 0 moderation/tests/test_replay.py -k exactly

faults-alerts: measuring ## kill what delivers alerts KILLS=100 times, with the relay and PostgreSQL going down; prints a table
	@.venv/bin/python -m bench.alerts --kills $(or $(KILLS),100)

eval-safety: measuring ## measure a suite on a file (SUITE=crisis DATA=path, and LABELS=path MORE="--variants")
	@.venv/bin/python -m evaluation.run --suite $(or $(SUITE),crisis) $(if $(DATA),--data "$(DATA)") \
		$(if $(LABELS),--labels "$(LABELS)") $(MORE)

eval-all: measuring ## every suite on every model that PLAN=plan.toml names, kept cell by cell (OUT=folder)
	@.venv/bin/python -m evaluation.run --suite all --plan "$(PLAN)" $(if $(OUT),--out "$(OUT)")

train-setup: ## an environment of its own for training/, with torch
	@$(BOOTSTRAP) training

train-smoke: train-setup ## votes to an activated adapter on an invented sample, end to end (ten minutes on two cores)
	@training/runs/smoke.sh

portable: measuring ## the engine on imitated older processors (needs qemu-user)
	@.venv/bin/python -m bench.portable

measuring: ## the set-up of what measures and breaks; each of those targets does it first
	@$(BOOTSTRAP) setup --dev

clean: ## remove caches and test results; .venv, wheelhouse/ and var/ stay
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis test-results var/cache var/log
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
