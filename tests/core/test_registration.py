"""The configurations as values; what the API server makes of them is in tests/cluster."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.cli.shipped import policy
from tests.core import many
from tests.core.given import gpu_class, gpu_node, pool
from tests.core.given import policy as compiled
from tests.registered import conditions
from webhook.core import registration
from webhook.core.cluster import Cluster
from webhook.core.policy.choices import RULE_NAMES, Mode
from webhook.core.policy.policy import Exemptions, Policy, compile_policy
from webhook.core.registration import Service
from webhook.core.registration.cel import LONGEST
from webhook.core.registration.configurations import WHOLE, match_conditions
from webhook.core.workload import KINDS

NODES = "Mutating/nodes.gpuclass.io"
RECORDS = "Validating/nodes.gpuclass.io"
DOCUMENTS = "Validating/policies.gpuclass.io"

Json = dict[str, Any]


def entries(
    given: Policy | None = None, *, ca_bundle: str | None = None, service: Service | None = None
) -> dict[str, Json]:
    """Give the entries of both configurations by `kind/name`."""
    found = {}
    for document in _render(given, ca_bundle, service):
        for entry in document["webhooks"]:
            found[f"{document['kind'].removesuffix('WebhookConfiguration')}/{entry['name']}"] = (
                entry
            )
    return found


def _render(
    given: Policy | None = None, ca_bundle: str | None = None, service: Service | None = None
) -> tuple[Json, ...]:
    return registration.render(given or policy(), ca_bundle=ca_bundle, service=service)


def entries_of_namespaces(
    given: Policy | None = None, *, service: Service | None = None
) -> dict[str, Json]:
    """Give the entries of what lies in namespaces: all but those of our own kinds and of nodes."""
    found = entries(given, service=service)
    del found[DOCUMENTS], found[NODES], found[RECORDS]
    return found


def clients(ca_bundle: str | None = None, service: Service | None = None) -> Iterator[Json]:
    for entry in entries(ca_bundle=ca_bundle, service=service).values():
        yield entry["clientConfig"]


def exempting(**lists: frozenset[str]) -> Policy:
    empty: dict[str, frozenset[str]] = dict.fromkeys(("namespaces", "users", "groups"), frozenset())
    return replace(policy(), exempt=Exemptions(**(empty | lists)))


def test_there_are_two_configurations() -> None:
    assert [(each["kind"], each["metadata"]["name"]) for each in _render()] == [
        ("MutatingWebhookConfiguration", "gpuclass"),
        ("ValidatingWebhookConfiguration", "gpuclass"),
    ]
    found = {each["kind"]: tuple(entry["name"] for entry in each["webhooks"]) for each in _render()}
    assert found == {
        "MutatingWebhookConfiguration": (
            "pods.gpuclass.io",
            "workloads.gpuclass.io",
            "custom-workloads.gpuclass.io",
            "nodes.gpuclass.io",
        ),
        "ValidatingWebhookConfiguration": (
            "pods.gpuclass.io",
            "bindings.gpuclass.io",
            "warnings.gpuclass.io",
            "custom-warnings.gpuclass.io",
            "nodes.gpuclass.io",
            "policies.gpuclass.io",
        ),
    }
    assert found == registration.ENTRIES


def test_only_warnings_and_documents_fail_open() -> None:
    found = {
        name: (entry["failurePolicy"], entry["timeoutSeconds"]) for name, entry in entries().items()
    }
    assert found == {
        "Mutating/pods.gpuclass.io": ("Fail", 5),
        "Mutating/workloads.gpuclass.io": ("Fail", 5),
        "Mutating/nodes.gpuclass.io": ("Fail", 5),
        "Validating/nodes.gpuclass.io": ("Fail", 5),
        "Validating/pods.gpuclass.io": ("Fail", 5),
        "Validating/bindings.gpuclass.io": ("Fail", 5),
        "Validating/warnings.gpuclass.io": ("Ignore", 2),
        "Validating/policies.gpuclass.io": ("Ignore", 5),
        "Mutating/custom-workloads.gpuclass.io": ("Fail", 5),
        "Validating/custom-warnings.gpuclass.io": ("Ignore", 2),
    }


@pytest.mark.parametrize(
    ("modes", "failure_policy"),
    [
        ({"placement": Mode.AUDIT, "priority": Mode.ENFORCE}, "Fail"),
        ({"placement": Mode.AUDIT, "priority": Mode.WARN}, "Ignore"),
    ],
    ids=["one-enforced", "none-enforced"],
)
def test_policy_that_refuses_nothing_fails_open(
    modes: dict[str, Mode], failure_policy: str
) -> None:
    given = replace(policy(), modes=dict.fromkeys(RULE_NAMES, Mode.WARN) | modes)
    found = {name: entry["failurePolicy"] for name, entry in entries(given).items()}
    assert set(found.values()) == {failure_policy, "Ignore"}
    assert found["Mutating/pods.gpuclass.io"] == failure_policy


def test_every_entry_keeps_the_same_promises() -> None:
    for name, entry in entries().items():
        assert entry["sideEffects"] == "None", name
        assert entry["matchPolicy"] == "Equivalent", name
        assert entry["admissionReviewVersions"] == ["v1"], name
        assert (entry.get("reinvocationPolicy") == "IfNeeded") == name.startswith("Mutating"), name


def test_each_stage_has_its_path() -> None:
    paths = {name: each["clientConfig"]["service"]["path"] for name, each in entries().items()}
    assert {path for name, path in paths.items() if name.startswith("Mutating")} == {"/mutate"}
    assert {path for name, path in paths.items() if name.startswith("Valid")} == {"/validate"}


def test_no_ca_bundle_is_no_field_and_never_an_empty_one() -> None:
    assert all("caBundle" not in client for client in clients())
    assert all("caBundle" not in client for client in clients(""))
    assert all(client["caBundle"] == "Q0E=" for client in clients("Q0E="))


def test_the_service_can_be_another() -> None:
    service = Service(namespace="team", name="hook", port=8443)
    for client in clients(service=service):
        path = client["service"].pop("path")
        assert path in {"/mutate", "/validate"}
        assert client["service"] == {"namespace": "team", "name": "hook", "port": 8443}


def test_exempt_namespaces_are_left_out_by_a_label_that_nobody_can_forge() -> None:
    given = exempting(namespaces=frozenset({"b", "a"}))
    for entry in entries_of_namespaces(given).values():
        assert entry["namespaceSelector"] == {
            "matchExpressions": [
                {
                    "key": "kubernetes.io/metadata.name",
                    "operator": "NotIn",
                    "values": ["a", "b", "gpuclass-system"],
                }
            ]
        }


def test_our_own_namespace_is_that_of_the_service() -> None:
    service = Service(namespace="team")
    given = exempting()
    for entry in entries_of_namespaces(given, service=service).values():
        assert entry["namespaceSelector"]["matchExpressions"][0]["values"] == ["team"]


def test_no_subresource_is_matched_but_bindings_and_what_kubelets_write() -> None:
    resources = [
        resource
        for entry in entries().values()
        for rule in entry["rules"]
        for resource in rule["resources"]
    ]
    assert resources
    found = [each for each in resources if "/" in each or "*" in each]
    assert found == ["pods/binding", "nodes/status"]


def test_bindings_are_sent_unless_a_scheduler_of_the_policy_sent_them() -> None:
    given = replace(policy(), schedulers=frozenset({"system:kube-scheduler", "o'volcano"}))
    entry = entries(given)["Validating/bindings.gpuclass.io"]
    assert entry["rules"] == [
        {
            "apiGroups": [""],
            "apiVersions": ["v1"],
            "operations": ["CREATE"],
            "resources": ["pods/binding", "bindings"],
            "scope": "Namespaced",
        }
    ]
    assert conditions(entry) == {
        "not-an-exempt-group": (
            "!('gpuclass:node-debuggers' in request.userInfo.?groups.orValue([]))"
        ),
        "not-a-scheduler": (
            r"!(request.userInfo.username in ['o\'volcano', 'system:kube-scheduler'])"
        ),
    }


def test_documents_are_sent_whoever_writes_them_unless_nothing_changed() -> None:
    given = exempting(users=frozenset({"a"}), groups=frozenset({"ops"}))
    entry = entries(given)[DOCUMENTS]
    assert "namespaceSelector" not in entry
    assert conditions(entry) == {
        "new-changed-or-deleted": "request.operation != 'UPDATE' || object.?spec != oldObject.?spec"
    }
    assert entry["rules"] == [
        {
            "apiGroups": ["gpuclass.io"],
            "apiVersions": ["v1alpha1"],
            "operations": ["CREATE", "UPDATE", "DELETE"],
            "resources": ["gpuclasses", "gpunodes", "gpunodepools", "gpupolicies"],
            "scope": "Cluster",
        }
    ]


def test_workload_rules_are_the_table_of_kinds() -> None:
    rules = entries()["Mutating/workloads.gpuclass.io"]["rules"]
    found = {(group, each) for r in rules for group in r["apiGroups"] for each in r["resources"]}
    assert found == {(kind.group, f"{kind.kind.lower()}s") for kind in KINDS}


def test_pods_are_warned_of_only_when_they_are_made() -> None:
    rules = entries()["Validating/warnings.gpuclass.io"]["rules"]
    assert rules[0]["resources"] == ["pods"]
    assert rules[0]["operations"] == ["CREATE"]


@pytest.mark.parametrize("name", list(entries()))
def test_an_entry_has_one_condition(name: str) -> None:
    assert conditions(entries()[name])
    assert len(entries()[name]["matchConditions"]) == 1


def test_conditions_that_are_too_long_together_stay_apart() -> None:
    long = {"a": f"'{'x' * (LONGEST - 20)}' != ''", "b": "true"}
    assert match_conditions(long) == [
        {"name": name, "expression": each} for name, each in long.items()
    ]
    assert match_conditions({"a": "x ||\ny", "b": "true"}) == [
        {"name": WHOLE, "expression": "// a\n(\n  x ||\n  y\n) &&\n// b\n(true)"}
    ]


def test_exempt_users_and_groups_are_conditions_of_every_entry_but_that_of_documents() -> None:
    given = exempting(users=frozenset({"o'b", "a"}), groups=frozenset({"ops"}))
    for entry in entries_of_namespaces(given).values():
        found = conditions(entry)
        assert found["not-an-exempt-user"] == r"!(request.userInfo.username in ['a', 'o\'b'])"
        assert found["not-an-exempt-group"] == "!('ops' in request.userInfo.?groups.orValue([]))"
    assert all("not-an-exempt-user" not in conditions(each) for each in entries().values())


def test_amounts_are_compared_and_not_names_alone() -> None:
    for name in ("Mutating/pods.gpuclass.io", "Validating/pods.gpuclass.io"):
        assert "c.resources.requests[r] != '0'" in conditions(entries()[name])["concerns-gpus"]


def test_amounts_of_templates_are_parsed_for_nobody_has_written_them_anew() -> None:
    concerned = conditions(entries()["Validating/warnings.gpuclass.io"])["concerns-gpus"]
    assert "quantity(string(amounts[r])).isGreaterThan(quantity('0'))" in concerned


def test_conditions_follow_the_policy() -> None:
    given = policy()
    alone = [pool for pool in given.pools if pool.name == "worker"]
    narrowed = replace(
        given,
        pools=tuple(alone),
        labels={"node-role": {"gpu-worker": tuple(alone)}},
        taints={"nvidia.com/gpu": given.taints["nvidia.com/gpu"]},
    )
    concerned = conditions(entries(narrowed)["Validating/pods.gpuclass.io"])["concerns-gpus"]
    assert "in ['', 'nvidia.com/gpu'])" in concerned
    assert "{'node-role': {'gpu-worker': 1}}" in concerned
    assert "gpu-type" not in concerned
    assert "gpu-train" not in concerned


@pytest.mark.parametrize(
    ("mode", "entry"),
    [
        (Mode.ENFORCE, "Validating/pods.gpuclass.io"),
        (Mode.WARN, "Validating/warnings.gpuclass.io"),
        (Mode.AUDIT, "Validating/warnings.gpuclass.io"),
        (Mode.OFF, None),
    ],
)
@pytest.mark.parametrize(
    ("rule", "sign"),
    [
        ("runtime", "object.spec.?runtimeClassName"),
        ("priority-borrowed", "object.spec.?priorityClassName"),
    ],
)
def test_pods_wait_for_what_may_refuse_them_and_never_for_a_warning(
    rule: str, sign: str, mode: Mode, entry: str | None
) -> None:
    given = replace(policy(), modes={**policy().modes, rule: mode})
    found = {
        name: conditions(each).get("concerns-gpus", "") for name, each in entries(given).items()
    }
    assert [name for name, expression in found.items() if sign in expression] == (
        [entry] if entry else []
    )


def test_every_named_node_is_sent_since_its_labels_are_not_known() -> None:
    concerned = conditions(entries()["Validating/pods.gpuclass.io"])["concerns-gpus"]
    assert "object.spec.?nodeName.orValue('') != ''" in concerned
    assert "f.key == 'metadata.name' && f.operator == 'In'" in concerned


def test_names_that_listed_device_classes_chose_are_sent() -> None:
    cluster = Cluster(
        extended_resources={"example.com/gpu": "gpu.nvidia.com", "example.com/nic": "nic"}
    )
    concerned = conditions(entries(policy().knowing(cluster))["Mutating/pods.gpuclass.io"])
    assert "'example.com/gpu'" in concerned["concerns-gpus"]
    assert "'example.com/nic'" not in concerned["concerns-gpus"]


CLAIMS = (
    pool("a", "gpu: a", more="claims: {names: [n1, 'gpu-*']}")
    + pool("b", "gpu: b")
    + gpu_class("general", "{name: a}")
)
CLAIMED = "object.metadata.name in ['n1', 'm1', 'm2'] || object.metadata.name.startsWith('gpu-')"


def test_nodes_are_sent_as_they_register_if_a_pool_or_a_gpunode_claims_their_name() -> None:
    given = compiled(CLAIMS + gpu_node("m2", "b") + gpu_node("m1", "b"))
    entry = entries(given)[NODES]
    assert conditions(entry) == {"claimed-by-name": CLAIMED}
    assert entry["failurePolicy"] == "Fail"
    assert "namespaceSelector" not in entry
    assert entry["rules"] == [
        {
            "apiGroups": [""],
            "apiVersions": ["v1"],
            "operations": ["CREATE"],
            "resources": ["nodes"],
            "scope": "Cluster",
        }
    ]


RECORD = "object.metadata.?annotations[?'gpuclass.io/marks']"


def test_kubelets_that_write_our_record_are_judged_and_no_other_write_of_a_node() -> None:
    entry = entries(compiled(CLAIMS))[RECORDS]
    claimed = "object.metadata.name in ['n1'] || object.metadata.name.startsWith('gpu-')"
    assert conditions(entry) == {
        "by-a-kubelet": "'system:nodes' in request.userInfo.?groups.orValue([])",
        "record-written": f"request.operation == 'CREATE' ? {RECORD}.hasValue() && !({claimed}) :"
        f" {RECORD} != oldObject{RECORD.removeprefix('object')}",
    }
    assert [(each["resources"], each["operations"]) for each in entry["rules"]] == [
        (["nodes"], ["CREATE", "UPDATE"]),
        (["nodes/status"], ["UPDATE"]),
    ]


@pytest.mark.parametrize(
    ("documents", "cluster"),
    [
        (pool("b", "gpu: b") + gpu_class("general", "{name: b}"), ""),
        (CLAIMS, ", mode: Audit"),
        (CLAIMS, ', rules: {node-marks: "Off"}'),
    ],
    ids=["nothing-claimed", "audit", "off"],
)
def test_no_node_is_sent_where_none_would_be_changed(documents: str, cluster: str) -> None:
    assert NODES not in entries(compiled(documents, f"defaultClass: general{cluster}"))


def test_nodes_that_are_only_warned_of_do_not_wait_and_pods_do_not_fail_for_nodes() -> None:
    warned = compiled(CLAIMS, "defaultClass: general, rules: {node-marks: Warn}")
    assert entries(warned)[NODES]["failurePolicy"] == "Ignore"
    enforced = compiled(CLAIMS, "defaultClass: general, mode: Warn, rules: {node-marks: Enforce}")
    assert entries(enforced)[NODES]["failurePolicy"] == "Fail"
    assert entries(enforced)["Mutating/pods.gpuclass.io"]["failurePolicy"] == "Ignore"


UNSETTLED = "not-as-its-class-makes-it"


def unsettled(given: Policy) -> bool:
    """Tell whether pods that their class made what they are stay unsent."""
    return UNSETTLED in conditions(entries(given)["Validating/pods.gpuclass.io"])


def of_classes(count: int) -> Policy:
    pools = (pool(f"p{number}", f"pool: p{number}") for number in range(count))
    classes = (gpu_class(f"c{number}", f"{{name: p{number}}}") for number in range(count))
    return compiled("".join((*pools, *classes)), "defaultClass: c0")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(compiled(), True, id="as-shipped"),
        pytest.param(of_classes(700), True, id="many-classes"),
        pytest.param(of_classes(1_200), False, id="more-than-an-expression-holds"),
        pytest.param(compiled(cluster="rules: {placement: Audit}"), False, id="nothing-written"),
    ],
)
def test_pods_in_their_final_state_are_recognised(given: Policy, expected: bool) -> None:
    assert unsettled(given) is expected


@pytest.mark.parametrize("name", ["warnings", "custom-warnings"])
def test_what_a_controller_made_is_looked_at_no_further(name: str) -> None:
    first, *_ = conditions(entries()[f"Validating/{name}.gpuclass.io"]).values()
    assert first.startswith("!object.metadata.?ownerReferences.orValue([]).exists(")


def longest(given: Policy) -> int:
    """Give the length of the longest expression."""
    every = (each for entry in entries(given).values() for each in entry["matchConditions"])
    return max(len(each["expression"]) for each in every)


def test_no_expression_is_longer_than_the_language_takes() -> None:
    for count in (80, 400, 990):
        assert longest(of_classes(count)) < 100_000
    assert longest(compile_policy(many.documents(1000))) < 100_000


def test_of_more_names_than_an_expression_holds_every_node_is_sent_and_every_record_judged() -> (
    None
):
    few, more = (
        compiled(CLAIMS + "".join(gpu_node(f"gpu-node-{each}", "a") for each in range(count)))
        for count in (10, 6000)
    )
    assert len(conditions(entries(few)[NODES])["claimed-by-name"]) > 100
    found = entries(more)
    assert conditions(found[NODES]) == {"claimed-by-name": "true"}
    new = "object.metadata.?annotations[?'gpuclass.io/marks']"
    old = "oldObject.metadata.?annotations[?'gpuclass.io/marks']"
    assert conditions(found[RECORDS])["record-written"] == (
        f"request.operation == 'CREATE' ? {new}.hasValue() && !(false) : {new} != {old}"
    )
