"""An S3 server on loopback, which keeps its objects in memory."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

BUCKET = "pigeons"
# As a user would set them. Nobody is asked for an identity that a cloud's machine has.
SETTINGS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextmanager
def s3_server() -> Iterator[Any]:
    """A client of a server with an empty bucket; the environment names it, for whatever is started meanwhile."""
    import boto3
    from moto.server import ThreadedMotoServer

    before = dict(os.environ)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        # Its objects are the process's, whichever server they came through.
        urlopen(Request(f"http://{host}:{port}/moto-api/reset", method="POST")).close()
        os.environ.update({**SETTINGS, "AWS_ENDPOINT_URL": f"http://{host}:{port}"})
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client
    finally:
        server.stop()
        os.environ.clear()
        os.environ.update(before)
