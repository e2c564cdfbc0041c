# One image for web, worker and migrate; compose.yaml says which of them a container is.
# The model is not in it: it lies in a folder beside it, and its SHA-256 is checked before it is opened.

FROM python:3.11.14-slim-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends build-essential cmake \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /lantern
COPY requirements.txt requirements-dev.txt requirements-lab.txt requirements-build.txt requirements-compiler.txt requirements-model.txt ./
COPY scripts/ scripts/
COPY assistant/__init__.py assistant/
COPY assistant/inference/ assistant/inference/
# The same set-up as on a laptop: pins with hashes, the engine built once and kept in the cache of this builder.
ENV LANTERN_CACHE=/cache PIP_DISABLE_PIP_VERSION_CHECK=1
RUN --mount=type=cache,target=/cache python scripts/bootstrap.py engine && python scripts/bootstrap.py lab
COPY . .
RUN DATA_DIR=/data SECRET_KEY=only-to-collect-static-files .venv/bin/python manage.py collectstatic --noinput

FROM python:3.11.14-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 lantern \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin lantern \
    && install -d -o 10001 -g 10001 -m 0700 /vault /measured
WORKDIR /lantern
COPY --from=build /lantern/.venv .venv
COPY --from=build /data/static /data/static
COPY manage.py CHANGELOG.md ./
COPY webapp/ webapp/
COPY assistant/ assistant/
COPY moderation/ moderation/
COPY evaluation/ evaluation/
COPY templates/ templates/
COPY static/ static/
COPY locale/ locale/
ENV PATH=/lantern/.venv/bin:$PATH \
    DATA_DIR=/data \
    VAULT_KEYS_FILE=/vault/keys \
    HF_HUB_OFFLINE=1 \
    MPLCONFIGDIR=/tmp/matplotlib \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["python", "-m", "uvicorn", "webapp.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--no-access-log"]
