# The series in a container: for Apple silicon and Windows, or anywhere that has no Python 3.11 or 3.12.
#     docker build --platform linux/amd64 --tag digits .
#     docker run --platform linux/amd64 --interactive --tty --publish 8888:8888 digits
#     docker run --platform linux/amd64 --interactive --tty --publish 127.0.0.1:8866:8866 digits make demo HOST=0.0.0.0
# The platform is for arm64 processors, Apple silicon among them, which then emulate it: MXNet's wheel for Linux on arm64
# needs libraries that no package has.
FROM python:3.12-slim AS base
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git graphviz make \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --shell /bin/bash student && install --directory --owner=student /digits
USER student

FROM base
WORKDIR /digits
COPY --chown=student . .
RUN make venv
EXPOSE 8888 8866
CMD ["make", "lab", "PORT=8888", "ARGS=--no-browser --ip=0.0.0.0"]
