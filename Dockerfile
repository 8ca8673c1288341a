# docker build -t msgsim . && docker run --rm -p 127.0.0.1:8080:8080 msgsim
ARG PYTHON=3.13

FROM docker.io/library/python:${PYTHON}-slim AS build
# Behind a proxy that signs with an authority of its own: --build-arg CA="$(cat ca.pem)". It does not get into the image.
ARG CA=""
RUN if [ -n "$CA" ]; then printf '%s\n' "$CA" >> /etc/ssl/certs/ca-certificates.crt; fi
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt UV_COMPILE_BYTECODE=1
WORKDIR /src
RUN pip install --no-cache-dir --disable-pip-version-check uv
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --frozen --no-dev --extra postgresql --extra samples --no-install-project
COPY schemas schemas
COPY scenarios scenarios
COPY simulator simulator
RUN uv sync --frozen --no-dev --extra postgresql --extra samples --no-editable

FROM docker.io/library/python:${PYTHON}-slim
LABEL org.opencontainers.image.title="messaging-simulator" \
      org.opencontainers.image.description="Stands in for Salesforce Marketing Cloud OTT, Messente, Sinch (Wavy) SMS and CIMA360." \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --create-home --uid 10001 msgsim && install --directory --owner msgsim /data /msgsim
COPY --from=build /src/.venv /src/.venv
ENV PATH=/src/.venv/bin:$PATH MSGSIM_HOST=0.0.0.0 MSGSIM_PORT=8080 MSGSIM_STORE=/data/store.db
USER msgsim
# Relative names of scenarios and settings begin here. Mount a volume at /data to keep the store.
WORKDIR /msgsim
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["python", "-c", \
  "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['MSGSIM_PORT'] + '/__sim/v1/health', timeout=2)"]
CMD ["msgsim", "serve"]
