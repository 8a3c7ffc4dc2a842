# The page in a container, for Docker Spaces and servers:
#   docker build -t citygan . && docker run --rm -p 7860:7860 citygan
# With CUDA (cu128, cu130, ...; see `uv pip install --help` for all):
#   docker build --build-arg TORCH_BACKEND=cu130 -t citygan-cuda . && docker run --rm --gpus all -p 7860:7860 citygan-cuda
# There is no compiler inside, so on a CPU photos are never made by compiled code: see "Speed" in the README.
FROM python:3.12-slim

RUN pip install --no-cache-dir uv==0.13.8 && useradd --create-home --uid 1000 citygan
USER 1000
WORKDIR /home/citygan/app
ENV VIRTUAL_ENV=/home/citygan/venv PATH=/home/citygan/venv/bin:$PATH PYTHONUNBUFFERED=1

# What changes seldom comes first: without new requirements or weights, only the last layer is built again.
ARG TORCH_BACKEND=cpu
COPY --chown=1000 requirements.txt ./
RUN uv venv "$VIRTUAL_ENV" && uv pip install --no-cache --torch-backend "$TORCH_BACKEND" -r requirements.txt
COPY --chown=1000 checkpoints checkpoints
COPY --chown=1000 app.py LICENSE ./
COPY --chown=1000 citygan citygan

ENV GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=7860
EXPOSE 7860
HEALTHCHECK --start-period=60s --interval=30s --timeout=5s \
  CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:7860/health', timeout=4)"]
CMD ["python", "app.py"]
