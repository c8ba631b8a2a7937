# SynthLens in a container: `docker compose up cpu` or `docker compose up gpu`, see docs/deployment.md.
FROM python:3.11-slim AS app

# where torch comes from: .../whl/cpu, or .../whl/cu126 and later for NVIDIA
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
# requirements-scale.txt adds Ray Serve
ARG REQUIREMENTS=requirements.txt

# one heap for many threads: sessions come and go
ENV MALLOC_ARENA_MAX=2 \
    PIP_EXTRA_INDEX_URL=${TORCH_INDEX} \
    PIP_NO_CACHE_DIR=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

WORKDIR /app
COPY requirements*.txt constraints.txt ./
RUN pip install --disable-pip-version-check -r ${REQUIREMENTS} -c constraints.txt

COPY .streamlit/config.toml .streamlit/config.toml
COPY app.py ./
COPY pages pages
COPY core core
COPY configs configs
COPY checkpoints checkpoints

# an account without rights; nothing under /app is writable for it
RUN useradd --system --create-home --uid 10001 synthlens
USER 10001

EXPOSE 8501
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["streamlit", "run", "app.py", "--server.port=8501", "--server.address=0.0.0.0"]
