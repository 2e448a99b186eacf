# The service as an image: the packages of requirements-run.txt, the source, and a user of its own.
#   docker build -t chainstream . && docker run -p 127.0.0.1:8000:8000 -v chainstream:/app/data -e ALLOW_ANONYMOUS=true chainstream

FROM python:3.11-slim AS packages
RUN python -m venv /opt/venv
COPY requirements-run.txt /tmp/
RUN /opt/venv/bin/pip install --no-cache-dir --only-binary :all: --require-hashes -r /tmp/requirements-run.txt

FROM python:3.11-slim
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8000 LOG_JSON=true
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin chainstream \
    && install -d -o chainstream -g chainstream /app/data
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY README.md ./
COPY docs docs
COPY static static
COPY chains chains
COPY service service
RUN python -m compileall -q chains service
USER chainstream
VOLUME /app/data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; asked = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=3); asked.request('GET', '/health'); sys.exit(asked.getresponse().status != 200)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "service"]
CMD ["serve"]
