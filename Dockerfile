# docker build -t yishiting . && docker run -p 8080:8080 -v yishiting:/app/var yishiting
# Mirrors: --build-arg PIP_INDEX_URL=https://… --build-arg npm_config_registry=https://…

FROM python:3.13-slim AS build
ARG PIP_INDEX_URL
ARG npm_config_registry
WORKDIR /src
RUN python -m venv /app/venv
# The locked packages in a layer of their own: a change of our source does not fetch them again.
COPY tools/lock/run.txt tools/lock/
RUN /app/venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r tools/lock/run.txt
COPY . .
# No Node.js here: bot.operations.frontend borrows one from the Python package index for this step.
RUN /app/venv/bin/python -m bot.operations.frontend && /app/venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
# A font for the Chinese letters on posters and pictures.
RUN apt-get update \
    && apt-get install -y --no-install-recommends fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 yishiting \
    && install -d -o yishiting -g yishiting /app/var
COPY --from=build /app/venv /app/venv
ENV PATH=/app/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONUTF8=1 YISHITING_HOST=0.0.0.0
WORKDIR /app
USER yishiting
VOLUME /app/var
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ.get(\"YISHITING_PORT\", 8080)}/healthz', timeout=4)"]
CMD ["yishiting", "run"]
