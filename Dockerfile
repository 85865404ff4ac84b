# The page, as docs/deploying.md sets it up on a machine of one's own.
FROM python:3.11-slim-bookworm

WORKDIR /srv/qa
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY requirements requirements
COPY scripts/install_weights.py scripts/
COPY src src
# Which of the two lists with torch, and where pip finds what the index has not; see docs/deploying.md.
ARG TORCH
ARG PIP_EXTRA_INDEX_URL
RUN useradd --system --uid 990 --home-dir /srv/qa qa \
    && python3 -m venv .venv \
    && .venv/bin/pip install --no-cache-dir --require-hashes --no-deps --requirement "requirements/${TORCH:-torch}.txt" \
    && .venv/bin/pip install --no-cache-dir --require-hashes --no-deps --requirement requirements/run.txt \
    && .venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && .venv/bin/python scripts/install_weights.py --no-cache-dir \
    && install --directory --owner=qa --mode=0700 state

# Documents are mounted or copied to corpus/; all that is made of them lies in state/.
ENV PATH=/srv/qa/.venv/bin:$PATH \
    XDG_CACHE_HOME=/srv/qa/state/cache \
    QA_INDEX_DIR=/srv/qa/state/index
USER 990
VOLUME /srv/qa/state
EXPOSE 7860
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=1h \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:7860/readyz', timeout=9)"]
CMD ["qa", "serve", "--host", "0.0.0.0"]
