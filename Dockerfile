# One image for both ports, the worker and the operators' commands. It runs as nobody special and writes only to
# /var/lib/guibin (development keys) and /tmp.

FROM python:3.11-slim-bookworm AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# Every file is checked against its hash here; what is installed below comes from these files and from nowhere else,
# and only as far as the four distributions need it: the embedded Postgres and the test tools stay out.
COPY requirements.lock ./
RUN pip download --require-hashes --no-deps --requirement requirements.lock --dest /wheels
COPY shared ./shared
COPY services ./services
COPY tools ./tools
RUN python -m venv /opt/guibin \
    && /opt/guibin/bin/pip install --no-index --find-links /wheels \
        ./shared ./services/customer-api ./services/bank-api ./tools

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin guibin \
    && install --directory --owner guibin --group guibin --mode 0700 /var/lib/guibin
COPY --from=build /opt/guibin /opt/guibin
WORKDIR /app
COPY alembic.ini ./
COPY migrations ./migrations
ENV PATH=/opt/guibin/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TZ=UTC \
    GUIBIN_STATE_DIR=/var/lib/guibin \
    GUIBIN_HOST=0.0.0.0
USER guibin
EXPOSE 8001 8002
CMD ["guibin", "--help"]
