"""How Kubernetes spells names, labels, taints and resources, as patterns that a CRD takes too.

Sources: apimachinery's `validation` package (IsDNS1123Label, IsQualifiedName, IsValidLabelValue).
Patterns stay within RE2, so that the same text can stand in an OpenAPI schema.
"""

import re
from dataclasses import dataclass

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_NAME = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_WORD = r"[A-Za-z][A-Za-z0-9]*"
_FIELD = rf"{_WORD}(\[(\*|{_WORD}=[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?)\])?"
_DOMAIN_LENGTH = 253
"""Characters that the domain before the slash of a qualified name may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Syntax:
    """A kind of text: what it is called, its pattern and length, and how to say what is right.

    `max_prefix` bounds what stands before a slash, which no pattern of RE2 can.
    """

    name: str
    pattern: str
    max_length: int
    expected: str
    max_prefix: int | None = None

    def is_met_by(self, text: str) -> bool:
        """Tell whether the whole of `text` is spelt so."""
        if len(text) > self.max_length:
            return False
        if self.max_prefix is not None and text.find("/") > self.max_prefix:
            return False
        return re.fullmatch(self.pattern.removeprefix("^").removesuffix("$"), text) is not None


DNS_LABEL = Syntax(
    name="DNS label",
    pattern=f"^{_LABEL}$",
    max_length=63,
    expected='at most 63 of a-z, 0-9 and "-", a letter or digit at both ends',
)
DNS_SUBDOMAIN = Syntax(
    name="DNS subdomain",
    pattern=f"^{_SUBDOMAIN}$",
    max_length=253,
    expected='at most 253 of a-z, 0-9, "-" and ".", a letter or digit at both ends of each part',
)
CLUSTER = Syntax(
    name="name of a GPUPolicy",
    pattern="^cluster$",
    max_length=63,
    expected="a cluster has one, named cluster",
)
QUALIFIED_NAME = Syntax(
    name="key",
    pattern=f"^({_SUBDOMAIN}/)?{_NAME}$",
    max_length=317,
    expected='at most 63 of letters, digits, "-", "_" and ".", after a DNS domain and "/" or none',
    max_prefix=_DOMAIN_LENGTH,
)
LABEL_VALUE = Syntax(
    name="label value",
    pattern=f"^({_NAME})?$",
    max_length=63,
    expected='empty, or at most 63 of letters, digits, "-", "_" and ".", alphanumeric at both ends',
)
RESOURCE_GLOB = Syntax(
    name="extended resource name",
    pattern=rf"^{_SUBDOMAIN}/[A-Za-z0-9*]([-A-Za-z0-9_.*]{{0,61}}[A-Za-z0-9*])?$",
    max_length=317,
    expected='a DNS domain, "/" and a name, such as nvidia.com/gpu or nvidia.com/mig-*',
    max_prefix=_DOMAIN_LENGTH,
)
NAMESPACE_GLOB = Syntax(
    name="glob of namespaces",
    pattern=r"^[a-z0-9*]([-a-z0-9*]*[a-z0-9*])?$",
    max_length=63,
    expected='a namespace, in which "*" stands for any characters, such as team-*',
)
NODE_GLOB = Syntax(
    name="glob of node names",
    pattern=r"^[a-z0-9*]([-a-z0-9.*]*[a-z0-9*])?$",
    max_length=253,
    expected='a node\'s name, in which "*" stands for any characters, such as gpu-train-*',
)
KIND = Syntax(
    name="kind",
    pattern="^[A-Z][A-Za-z0-9]*$",
    max_length=63,
    expected="a capital, then letters and digits, such as RayCluster",
)
FIELD_PATH = Syntax(
    name="path of fields",
    pattern=rf"^{_FIELD}(\.{_FIELD})*$",
    max_length=253,
    expected='names joined by ".", each with "[*]" after it where it holds many, such as'
    ' spec.tasks[*].template, or "[name=x]" for one of them',
)
SUBJECT = Syntax(
    name="name of a user or group",
    pattern=r"^[!-~]([ -~]*[!-~])?$",
    max_length=512,
    expected="printable ASCII without spaces at its ends, such as system:kube-scheduler",
)
CONDITION_REASON = Syntax(
    name="reason",
    pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
    max_length=1024,
    expected="a word in CamelCase",
)
