FROM python:3.12-slim AS build
WORKDIR /src
RUN pip install --no-cache-dir uv
ENV UV_COMPILE_BYTECODE=1
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --frozen --no-dev --no-install-project
COPY schemas schemas
COPY scenarios scenarios
COPY simulator simulator
RUN uv sync --frozen --no-dev --no-editable

FROM python:3.12-slim
RUN useradd --create-home --uid 10001 msgsim && mkdir /data && chown msgsim /data
COPY --from=build /src/.venv /src/.venv
ENV PATH=/src/.venv/bin:$PATH MSGSIM_HOST=0.0.0.0 MSGSIM_PORT=8080 MSGSIM_STORE=/data/store.db
USER msgsim
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/__sim/v1/health', timeout=2)"]
CMD ["msgsim", "serve"]
