"""Read objects of S3 without botocore's S3 client, whose model alone costs a start a seventh of `import boto3`.

Credentials, signature and connections are botocore's all the same; what is left to do here is an address and an answer.
`S3Reader` looks like the client, as far as it goes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from common import aws

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.awsrequest import AWSResponse
    from botocore.response import StreamingBody
    from botocore.session import Session

_OK = 200
_NOT_MODIFIED = 304
_CODE = re.compile(rb"<Code>([A-Za-z0-9]{1,64})</Code>")


class S3Reader:
    """Reads objects.

    Args:
        session: has the function's credentials and region.
        sts_endpoint: the address of the regional STS; S3's follows from it, or is the same if it was given.
        seconds: how long to wait for a connection, and for each part of an answer.
    """

    def __init__(self, session: Session, sts_endpoint: str, seconds: float) -> None:
        from botocore.httpsession import URLLib3Session  # noqa: PLC0415 - lazy, as in `common.aws`

        self._session = session
        self._sts_endpoint = sts_endpoint
        self._http = URLLib3Session(timeout=(seconds, seconds))  # type: ignore[arg-type]  # it takes both

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get_object(self, *, Bucket: str, Key: str, IfNoneMatch: str) -> Mapping[str, Any]:  # noqa: N803 - as in boto3
        """Return an object, unless its ETag is the given one.

        Raises:
            ClientError: S3 refuses; status 304 means that the ETag is the same.
            BotoCoreError: S3 cannot be reached.
        """
        from botocore.auth import S3SigV4Auth  # noqa: PLC0415
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415

        url = f"{bucket_url(self._sts_endpoint, Bucket)}/{quote(Key, safe='/~')}"
        request = AWSRequest("GET", url, headers={"If-None-Match": IfNoneMatch}, stream_output=True)
        region = self._session.get_config_variable("region")
        # Without credentials, it is the signature that says so.
        S3SigV4Auth(self._session.get_credentials(), "s3", region).add_auth(request)  # type: ignore[arg-type]
        answer = self._http.send(request.prepare())
        if answer.status_code != _OK:
            raise _refusal(answer)
        body, length = _body(answer)
        return {"Body": body, "ContentLength": length, "ETag": answer.headers.get("ETag", "")}


def bucket_url(sts_endpoint: str, bucket: str) -> str:
    """Return the address of a bucket: a name of its own beside STS's, or a folder of an endpoint that was given.

    Args:
        sts_endpoint: such as "https://sts.eu-west-1.amazonaws.com".
        bucket: the bucket; with a dot in it, its own name would fit no certificate.
    """
    host = urlsplit(sts_endpoint).netloc
    if not host.startswith("sts."):
        return f"{sts_endpoint.rstrip('/')}/{bucket}"
    s3 = f"s3.{host.removeprefix('sts.')}"
    return f"https://{s3}/{bucket}" if "." in bucket else f"https://{bucket}.{s3}"


def _body(answer: AWSResponse) -> tuple[StreamingBody, int]:
    from botocore.response import StreamingBody  # noqa: PLC0415

    length = int(answer.headers.get("Content-Length", 0))
    return StreamingBody(answer.raw, length), length


def _refusal(answer: AWSResponse) -> Exception:
    _, client_error = aws.service_errors()
    # Read to its end: then the connection serves the next request, too.
    text = answer.raw.read() if answer.status_code == _NOT_MODIFIED else _body(answer)[0].read()
    code = _CODE.search(text)
    error = {"Code": code[1].decode() if code else str(answer.status_code), "Message": ""}
    return client_error({"Error": error, "ResponseMetadata": {"HTTPStatusCode": answer.status_code}}, "GetObject")
