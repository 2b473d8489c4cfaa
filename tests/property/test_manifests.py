"""Whatever bytes are handed in: a manifest is judged or a fault names its place, nothing raises."""

import io

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cli.shipped import policy
from webhook.cli import manifests
from webhook.cli.judging import judge
from webhook.cli.manifests import Manifest
from webhook.cli.report import place
from webhook.core.errors import Fault

WORDS = st.sampled_from(
    [
        *("apiVersion: v1", "kind: Pod", "kind: List", "apiVersion: apps/v1", "kind: Deployment"),
        *("metadata: {name: a}", "spec:", "template:", "items:", "nodeSelector: {a: 1}", "- "),
        *("&a", "*a", "<<: *a", "[", "]", "{", "}", ": ", "---", "\n", "\n  ", "'", '"', "\\u"),
        *("tolerations: [{operator: Exists}]", "containers:", "limits: {nvidia.com/gpu: x}"),
        *("annotations: {gpu-class: training}", "null", "yes", "0x", "!!int ", "%YAML 9", "\t"),
    ]
)
TEXTS = st.lists(WORDS | st.text(max_size=3), max_size=25).map("".join)


def judged(content: bytes) -> None:
    for found in manifests.read(["-"], io.BytesIO(content)):
        each = judge(found, policy()) if isinstance(found, Manifest) else found
        if isinstance(each, Fault):
            assert place(each).startswith("-:")
            assert "\n" not in place(each)
        else:
            assert each.pod_after is not None


@given(st.binary(max_size=200))
def test_random_bytes_never_raise(content: bytes) -> None:
    judged(content)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_text_that_is_almost_a_manifest_never_raises(text: str) -> None:
    judged(text.encode("utf-8", "surrogatepass"))
