# The page, as docs/deploying.md sets it up on a machine of one's own.
FROM python:3.11-slim-bookworm

WORKDIR /srv/qa
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY src src
RUN useradd --system --uid 990 --home-dir /srv/qa qa \
    && python3 -m venv .venv \
    && .venv/bin/pip install --no-cache-dir --constraint constraints.txt . \
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
