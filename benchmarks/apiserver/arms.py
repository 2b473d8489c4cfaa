"""The arms: a namespace each, and what is registered for it alone.

All are registered at once, so nothing is changed between two runs. Which of them a pod meets is
said by their namespaceSelectors, the first thing that an API server compares, and cheap.
"""

from collections.abc import Iterable, Mapping

from benchmarks.apiserver.situations import GO, GPUCLASS, NATIVE, NOTHING, TWICE
from tests.cluster.api import Json
from tests.registered import conditions
from webhook.core.names import API_GROUP
from webhook.core.registration import SERVICE_PORT, Service
from webhook.core.registration.configurations import match_conditions
from webhook.core.registration.pods import UNSETTLED

NAMESPACES: Mapping[str, str] = {
    NOTHING: "bench-nothing",
    GPUCLASS: "bench-gpuclass",
    TWICE: "bench-twice",
    GO: "bench-go",
    NATIVE: "bench-native",
}
GO_NAME = "go-benchmark"
GO_TIMEOUT_SECONDS = 5


def selector(arm: str) -> Json:
    """Give the label selector of the namespace of an arm."""
    return {"matchExpressions": [_within(arm)]}


def _within(arm: str) -> Json:
    return {
        "key": "kubernetes.io/metadata.name",
        "operator": "In",
        "values": [NAMESPACES[arm]],
    }


def confined(configurations: Iterable[Json], arm: str) -> tuple[Json, ...]:
    """Give configurations of ours for the namespace of an arm; their conditions stay as they are.

    What lies in no namespace (nodes, our own documents) no pod meets: it is left out.
    """
    return tuple({**each, "webhooks": _confined(each, arm)} for each in configurations)


def _confined(configuration: Json, arm: str) -> list[Json]:
    return [
        {**each, "namespaceSelector": _and(each["namespaceSelector"], arm)}
        for each in configuration["webhooks"]
        if "namespaceSelector" in each
    ]


def _and(chosen: Json, arm: str) -> Json:
    return {"matchExpressions": [*chosen["matchExpressions"], _within(arm)]}


def unskipped(configurations: Iterable[Json]) -> tuple[Json, ...]:
    """Give configurations of ours that send a pod to be judged also where conditions say it is."""
    return tuple(
        {
            **each,
            "metadata": {**each["metadata"], "name": f"twice.{API_GROUP}"},
            "webhooks": [_unskipped(entry) for entry in each["webhooks"]],
        }
        for each in configurations
    )


def _unskipped(entry: Json) -> Json:
    kept = {name: each for name, each in conditions(entry).items() if name != UNSETTLED}
    return {**entry, "matchConditions": match_conditions(kept)}


def go_service(port: int = SERVICE_PORT) -> Service:
    """Give the Service of the Go webhook, beside ours."""
    return Service(name=GO_NAME, port=port)


def go_configuration(service: Service, ca_bundle: str) -> Json:
    """Give the registration of a webhook that only mutates: one entry, and nothing to evaluate."""
    entry = {
        "name": f"pods.{GO_NAME}.test",
        "admissionReviewVersions": ["v1"],
        "clientConfig": {
            "caBundle": ca_bundle,
            "service": {
                "namespace": service.namespace,
                "name": service.name,
                "port": service.port,
                "path": "/mutate",
            },
        },
        "rules": [
            {
                "apiGroups": [""],
                "apiVersions": ["v1"],
                "operations": ["CREATE"],
                "resources": ["pods"],
            }
        ],
        "namespaceSelector": selector(GO),
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "timeoutSeconds": GO_TIMEOUT_SECONDS,
        "reinvocationPolicy": "Never",
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": GO_NAME},
        "webhooks": [entry],
    }
