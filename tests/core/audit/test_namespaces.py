"""Namespaces whose annotations change what their pods say of nodes."""

import json

import pytest

from tests.core.audit.cluster import audited, lines, taints
from tests.core.given import policy
from webhook.core.names import DEFAULT_TOLERATIONS_ANNOTATION as DEFAULT_TOLERATIONS
from webhook.core.names import NODE_SELECTOR_ANNOTATION as SELECTOR
from webhook.core.names import TOLERATIONS_WHITELIST_ANNOTATION as WHITELIST

ALL = [*taints("training"), *taints("production")[1:], *taints("development")[1:]]
ANYWAY = {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}


def said(annotations: dict[str, str], namespace: str = "team") -> list[tuple[str, str]]:
    found = lines(audited(namespaces={namespace: annotations}))
    return [(name, message) for name, _, message in found]


@pytest.mark.parametrize(
    "annotations",
    [
        {},
        {SELECTOR: "disk=ssd"},
        {SELECTOR: "kubernetes.io/os=linux,disk=ssd"},
        {DEFAULT_TOLERATIONS: json.dumps([ANYWAY])},
        {DEFAULT_TOLERATIONS: "broken"},
        {WHITELIST: "[]"},
        {WHITELIST: json.dumps(ALL)},
        {WHITELIST: json.dumps([{"operator": "Exists"}])},
    ],
)
def test_others_are_no_findings(annotations: dict[str, str]) -> None:
    assert said(annotations) == []


def test_an_exempt_namespace_is_none() -> None:
    assert said({SELECTOR: "gpu-type=training"}, "gpu-operator") == []


def test_a_selector_of_gpu_nodes_is_found() -> None:
    (found,) = audited(namespaces={"team": {SELECTOR: "disk=ssd, gpu-type=training"}})
    assert (found.name, found.severity) == ("namespace-selector", "warning")
    assert (found.kind, found.namespace, found.object) == ("Namespace", "team", "team")
    assert found.message == (
        f'metadata.annotations["{SELECTOR}"]: gpu-type=training selects nodes of pool training for '
        "every pod of the namespace, so its CPU pods are refused: drop it, or write it into the "
        "pods that are meant"
    )


def test_a_selector_that_contradicts_pools_is_found() -> None:
    assert said({SELECTOR: "node-role=shared"}) == [
        (
            "namespace-selector",
            f'metadata.annotations["{SELECTOR}"]: node-role=shared is on no node of pools '
            "development, production, training, worker, so GPU pods of the namespace that need one "
            "are refused: drop it, or write it into the pods that are meant",
        )
    ]


@pytest.mark.parametrize(
    ("toleration", "text"),
    [
        (
            {"key": "gpu-type", "operator": "Equal", "value": "training"},
            "tolerates gpu-type=training:NoSchedule of pool training, in every pod of the "
            "namespace, so its CPU pods are refused",
        ),
        (
            {"operator": "Exists"},
            "tolerates everything, in every pod of the namespace, so its CPU pods have to be "
            "steered off GPU nodes",
        ),
    ],
    ids=["a taint", "everything"],
)
def test_default_tolerations_of_gpu_taints_are_found(toleration: dict[str, str], text: str) -> None:
    advice = "drop it: GPU pods get their tolerations from their class"
    assert said({DEFAULT_TOLERATIONS: json.dumps([toleration])}) == [
        (
            "namespace-tolerations",
            f'metadata.annotations["{DEFAULT_TOLERATIONS}"]: {text}: {advice}',
        )
    ]


def test_a_whitelist_without_the_taints_of_classes_is_found() -> None:
    assert said({WHITELIST: json.dumps([ANYWAY, *taints("training")])}) == [
        (
            "namespace-whitelist",
            f'metadata.annotations["{WHITELIST}"]: does not list '
            "gpu-type=development:NoSchedule, gpu-type=production:NoSchedule, which pods of "
            "classes production, training get to tolerate, so the plug-in refuses them: add these, "
            "or keep GPU pods out of the namespace",
        )
    ]


def test_a_class_that_is_not_for_the_namespace_needs_no_entry() -> None:
    by = policy(cluster="")
    listed = {WHITELIST: json.dumps([*taints("training"), *taints("development")])}
    assert audited(namespaces={"team": listed}, by=by)[0].name == "namespace-whitelist"
