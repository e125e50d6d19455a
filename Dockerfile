# The series in a container: for Apple silicon and Windows, or anywhere that has no Python 3.11, 3.12 or 3.13.
#     docker build --tag digits .
#     docker run --platform linux/amd64 --interactive --tty --publish 127.0.0.1:8888:8888 digits
#     docker run --platform linux/amd64 --interactive --tty --publish 127.0.0.1:8866:8866 digits make demo HOST=0.0.0.0
# It is always for x86-64, which arm64 processors (Apple silicon) emulate: MXNet's wheel for Linux on arm64 needs libraries
# that no package has.
# The base is held to one image, Python 3.12.14 on Debian 13, by its digest, which no later image can have. To take a newer
# one with its security updates, write the digest that `docker buildx imagetools inspect python:3.12-slim` prints.
FROM --platform=linux/amd64 python:3.12-slim@sha256:f77ac9e44ae96ef2c90b8053ea08c31f8be030f824196b0ae4db6d462c84e51f AS base
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git graphviz make \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --shell /bin/bash student && install --directory --owner=student /digits
USER student

FROM base
WORKDIR /digits
# First only what the packages are installed from, so that a change of any other file does not install them anew.
COPY --chown=student requirements.txt ./
COPY --chown=student tools/make_venv.sh tools/link_*.py tools/
RUN PIP_NO_CACHE_DIR=1 sh tools/make_venv.sh
COPY --chown=student . .
EXPOSE 8888 8866
CMD ["make", "lab", "PORT=8888", "ARGS=--no-browser --ip=0.0.0.0"]
