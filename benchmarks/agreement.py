"""Both sides must give the same pods, or there is nothing to compare."""

import base64
import http.client
import json
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec

from benchmarks.errors import BenchmarkError
from benchmarks.samples import pod_of
from benchmarks.servers import Server
from webhook.core.names import STAMP_ANNOTATION
from webhook.core.patch import JSON, Operation, PatchError, apply

Answer: TypeAlias = bytes

_decode_patch = msgspec.json.Decoder(list[Operation]).decode


def check(servers: Iterable[Server], reviews: Mapping[str, bytes], authority: Path) -> None:
    """Ask each server each review; raise BenchmarkError where the patched pods differ."""
    first, *others = servers
    for name, review in reviews.items():
        expected = patched(review, ask(first, review, authority))
        for other in others:
            found = patched(review, ask(other, review, authority))
            if found != expected:
                place = difference(expected, found)
                raise BenchmarkError(
                    f"{other.name} and {first.name} differ about review {name} at {place}"
                )


def ask(server: Server, review: bytes, authority: Path) -> Answer:
    """Send one review and give the body of the answer."""
    context = ssl.create_default_context(cafile=str(authority))
    host, _, port = server.address.partition(":")
    connection = http.client.HTTPSConnection(host, int(port), timeout=10, context=context)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/mutate?timeout=10s", review, headers)
        answer = connection.getresponse()
        body = answer.read()
    except OSError as error:
        raise BenchmarkError(f"{server.name} does not answer: {error}") from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise BenchmarkError(f"{server.name} answers {answer.status}: {body.decode()[:200]}")
    return body


def patched(review: bytes, answer: Answer) -> JSON:
    """Give the pod as the answer makes it; the stamp, which is JSON, as what it says."""
    response = json.loads(answer)["response"]
    uid = json.loads(review)["request"]["uid"]
    if not response["allowed"] or response["uid"] != uid or "patch" not in response:
        raise BenchmarkError(f"review {uid} is not answered by a patch: {response}")
    try:
        pod = apply(_decode_patch(base64.b64decode(response["patch"])), pod_of(review))
    except PatchError as error:
        raise BenchmarkError(f"the patch of review {uid} does not apply: {error}") from error
    return stamp_read(pod)


def stamp_read(pod: JSON) -> JSON:
    """Give a pod with its stamp, which is JSON, as what it says."""
    metadata = pod.get("metadata") if isinstance(pod, dict) else None
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if isinstance(annotations, dict):
        annotations[STAMP_ANNOTATION] = json.loads(str(annotations[STAMP_ANNOTATION]))
    return pod


def difference(one: JSON, other: JSON, path: str = "pod") -> str:
    """Say where two values differ first, and how."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            if one.get(key) != other.get(key):
                return difference(one.get(key), other.get(key), f"{path}.{key}")
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            if left != right:
                return difference(left, right, f"{path}[{index}]")
    return f"{path}: {json.dumps(other)} instead of {json.dumps(one)}"
