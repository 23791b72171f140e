# Slows clips: docker build -t nakawari . && docker run --rm -v "$PWD:/clips" nakawari slow clip.mp4
# For a graphics card, start it with --gpus all: the torch that pip finds for Linux brings CUDA along.
# For a smaller image without CUDA name an index of torch's CPU builds:
#   docker build --build-arg TORCH_INDEX=<its address> -t nakawari .
FROM python:3.11-slim
ARG TORCH_INDEX=
WORKDIR /source
COPY pyproject.toml setup.py MANIFEST.in README.md LICENSE constraints.txt ./
COPY nakawari nakawari
COPY autoencoder autoencoder
COPY diffusion diffusion
COPY checkpoints/nakawari checkpoints/nakawari
# The same version as in the constraints, or the second command would fetch torch once more.
RUN if [ -n "$TORCH_INDEX" ]; then \
        pip install --no-cache-dir --constraint constraints.txt torch --index-url "$TORCH_INDEX"; \
    fi \
    && pip install --no-cache-dir --constraint constraints.txt . \
    && rm -rf /source
WORKDIR /clips
ENTRYPOINT ["nakawari"]
