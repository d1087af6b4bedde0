# One image for the API, the workers, the sweeper and the migration; docker-compose.yml says which runs what.

FROM python:3.13-slim AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /app
COPY requirements-setup.lock requirements.lock ./
RUN python -m venv /opt/setup \
    && /opt/setup/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements-setup.lock \
    && python -m venv --without-pip /opt/venv \
    && /opt/setup/bin/uv pip install --no-cache --system-certs --require-hashes --python /opt/venv/bin/python -r requirements.lock
COPY . .
# Compiled here, the kernels load from the read-only image; on a processor of another kind they are compiled anew into /tmp.
RUN /opt/venv/bin/python -m compileall -q . && /opt/venv/bin/python -m service.kernels

FROM python:3.13-slim
RUN groupadd --gid 10001 gradmill \
    && useradd --uid 10001 --gid gradmill --no-create-home --home-dir /tmp --shell /usr/sbin/nologin gradmill \
    && install -d -o gradmill -g gradmill /data /secrets/app /secrets/postgres /secrets/redis
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 GRADMILL_DATA_DIR=/data GRADMILL_HOST=0.0.0.0
WORKDIR /app
USER 10001:10001
EXPOSE 8000
CMD ["uvicorn", "api.app:app", "--http", "api.heads:Http", "--host", "0.0.0.0", "--port", "8000", "--no-access-log", "--timeout-graceful-shutdown", "5"]
