# The image of `gpuclass`: a wheel built in one stage, installed in the next, run from the last.
# Every package is checked against the hashes in requirements/; nothing of the checkout remains.
# tests/deploy/test_image.py runs the same steps without a container engine, test_image_built.py with one.
# By tag, so that fixes of Debian and Python come with a build; a release is built from the digest that
# the tag has then (.ci/base). To build from one: make image BASE=python:3.11-slim@sha256:...
ARG BASE=python:3.11-slim

FROM ${BASE} AS wheel
WORKDIR /build
COPY requirements/build.txt requirements/
RUN pip install --no-cache-dir --require-hashes --requirement requirements/build.txt
COPY LICENSE README.md pyproject.toml ./
COPY webhook webhook
# What `gpuclass init` writes: webhook/shipped has links to it.
COPY deploy deploy
COPY docs/runbooks docs/runbooks
COPY policies policies
RUN pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels .

FROM ${BASE} AS install
# Byte code then carries hashes of its sources instead of their times: the same packages, the same files.
ARG SOURCE_DATE_EPOCH=1580601600
# Without pip inside: what serves needs no installer.
RUN python -m venv --without-pip /opt/gpuclass
COPY requirements/runtime.txt /tmp/
RUN pip --python /opt/gpuclass/bin/python install --no-cache-dir --only-binary :all: \
      --require-hashes --requirement /tmp/runtime.txt
COPY --from=wheel /wheels /tmp/wheels
RUN pip --python /opt/gpuclass/bin/python install --no-cache-dir --no-deps --no-index \
      /tmp/wheels/*.whl

FROM ${BASE}
LABEL org.opencontainers.image.title="gpuclass" \
      org.opencontainers.image.description="Admission webhook: gpu-class becomes GPU scheduling" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
# Same path as where it was installed: its scripts name their interpreter by it.
COPY --from=install /opt/gpuclass /opt/gpuclass
# Byte code is compiled already; the root file system may be read-only, /tmp is all that is written.
ENV PATH="/opt/gpuclass/bin:${PATH}" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# A number, so that runAsNonRoot can be checked.
USER 65532:65532
WORKDIR /tmp
EXPOSE 8443 8080
ENTRYPOINT ["gpuclass"]
CMD ["--help"]
