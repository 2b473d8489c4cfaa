"""The flags of every sub-command, and the way from them to the function that does the work.

Nothing is imported here that a sub-command needs: it is imported when it runs, so that
`gpuclass --help` is there at once.
"""

import argparse
import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import webhook
from webhook.cli import flags
from webhook.cli.console import Console

Run: TypeAlias = Callable[[argparse.Namespace, Console], int]

CRDS = ("gpuclasses", "gpunodes", "gpunodepools", "gpupolicies")


def _review(parser: argparse.ArgumentParser) -> Run:
    parser.add_argument(
        "names",
        nargs="+",
        metavar="FILE|DIR|-",
        help="manifests in YAML or JSON; a folder is read whole, - is standard input",
    )
    flags.policies(parser)
    flags.output(parser, *flags.OUTPUTS)
    flags.applied(parser)
    flags.nodes(parser)
    parser.add_argument(
        "--old",
        action="append",
        default=[],
        metavar="FILE",
        help="the objects as they were: those of the same kind, namespace and name are updated",
    )

    def run(args: argparse.Namespace, console: Console) -> int:
        from webhook.cli import judging, report, review  # noqa: PLC0415 # see above

        setting = review.Setting(
            policies=args.policies,
            namespace=args.namespace,
            requester=judging.requester(args.user, args.groups),
            nodes=tuple(args.nodes),
            old=tuple(args.old),
        )
        return review.run(args.names, setting, report.Output(args.output), console)

    return run


def _explain(parser: argparse.ArgumentParser) -> Run:
    parser.add_argument(
        "pod",
        metavar="POD",
        help="a manifest of a pod or a workload, or -; or pod/NAME, deployment/NAME, "
        "rayclusters.ray.io/NAME ..., which is in the cluster",
    )
    parser.add_argument(
        "--policies",
        type=Path,
        metavar="DIR",
        help="the folder of policies to decide by (default: those of the cluster; "
        f"for manifests {flags.POLICIES})",
    )
    flags.nodes(parser)
    flags.output(parser, "text", "json")
    flags.applied(parser, namespace=None)
    flags.cluster(parser)

    def run(args: argparse.Namespace, console: Console) -> int:
        from webhook.cli import explain, judging  # noqa: PLC0415 # see above

        setting = explain.Setting(
            policies=args.policies,
            nodes=tuple(args.nodes),
            namespace=args.namespace,
            requester=judging.requester(args.user, args.groups),
            kubeconfig=args.kubeconfig,
            context=args.context,
        )
        if not explain.is_live(args.pod, setting):
            return explain.run(args.pod, setting, args.output, console)
        from webhook.cli import explain_live  # noqa: PLC0415 # it is slow

        return explain_live.run(args.pod, setting, args.output, console)

    return run


def _audit(parser: argparse.ArgumentParser) -> Run:
    parser.add_argument(
        "names",
        nargs="*",
        metavar="FILE|DIR|-",
        help="a dump, as `kubectl get ... -o json` writes it; none: the cluster itself is asked",
    )
    parser.add_argument(
        "--policies",
        type=Path,
        metavar="DIR",
        help="the folder of policies to judge by (default: those of the cluster or the dump, "
        f"else {flags.POLICIES})",
    )
    parser.add_argument(
        "-n", "--namespace", default="", metavar="NAME", help="only what is in it (default: all)"
    )
    flags.cluster(parser)
    parser.add_argument(
        "--pending-minutes",
        type=int,
        default=10,
        metavar="MINUTES",
        help="how long a pod may wait for a GPU (default: %(default)s)",
    )
    parser.add_argument(
        "--fail-on",
        choices=("error", "warning", "info", "never"),
        default="warning",
        help="the least severity that makes the exit code 1 (default: %(default)s)",
    )
    flags.output(parser, *flags.OUTPUTS)

    def run(args: argparse.Namespace, console: Console) -> int:
        from webhook.cli import audit, report  # noqa: PLC0415 # see above

        setting = audit.Setting(
            policies=args.policies,
            namespace=args.namespace,
            kubeconfig=args.kubeconfig,
            context=args.context,
            patience=timedelta(minutes=args.pending_minutes),
            fail_on=args.fail_on,
        )
        output = report.Output(args.output)
        if args.names:
            return audit.run(args.names, setting, output, console)
        return audit.run_live(setting, output, console)

    return run


def _test(parser: argparse.ArgumentParser) -> Run:
    parser.add_argument(
        "policies",
        nargs="?",
        type=Path,
        default=flags.POLICIES,
        metavar="DIR",
        help="a folder of policies with its cases in cases/ (default: %(default)s)",
    )
    flags.output(parser, "text", "json")

    def run(args: argparse.Namespace, console: Console) -> int:
        from webhook.cli import test  # noqa: PLC0415 # see above

        return test.run(args.policies, args.output, console)

    return run


def _lint(parser: argparse.ArgumentParser) -> Run:
    parser.add_argument(
        "policies",
        nargs="?",
        type=Path,
        default=flags.POLICIES,
        metavar="DIR",
        help="a folder of policies (default: %(default)s)",
    )
    flags.output(parser, *flags.OUTPUTS)

    def run(args: argparse.Namespace, console: Console) -> int:
        from webhook.cli import lint  # noqa: PLC0415 # see above

        return lint.run(args.policies, args.output, console.out)

    return run


def _diff(parser: argparse.ArgumentParser) -> Run:
    for name, what in (("old", "as they are"), ("new", "as they would be")):
        parser.add_argument(
            name,
            metavar=name.upper(),
            help=f"the policies {what}: a folder, or one in a revision of Git (main:policies)",
        )
    parser.add_argument(
        "--workloads",
        nargs="+",
        default=[],
        metavar="FILE|DIR|-",
        help="manifests or cases to judge by both (default: the cases of NEW)",
    )
    flags.output(parser, *flags.OUTPUTS)
    flags.applied(parser)

    def run(args: argparse.Namespace, console: Console) -> int:
        from webhook.cli import diff, judging, report  # noqa: PLC0415 # see above

        setting = diff.Setting(
            old=args.old,
            new=args.new,
            namespace=args.namespace,
            requester=judging.requester(args.user, args.groups),
        )
        return diff.run(args.workloads, setting, report.Output(args.output), console)

    return run


def _render(parser: argparse.ArgumentParser) -> Run:
    flags.policies(parser)
    parser.add_argument(
        "--crds",
        nargs="*",
        choices=CRDS,
        metavar="|".join(CRDS),
        help="print the CustomResourceDefinitions of these kinds instead (none named: of all)",
    )

    def run(args: argparse.Namespace, console: Console) -> int:
        from webhook.cli import render  # noqa: PLC0415 # see above

        if args.crds is not None:
            return render.run_crds(args.crds, console)
        return render.run(args.policies, console)

    return run


def _join_config(parser: argparse.ArgumentParser) -> Run:
    parser.add_argument("pool", metavar="POOL", help="the GPUNodePool that the node is of")
    flags.policies(parser)
    parser.add_argument("--node", default="", metavar="NAME", help="the name of the node")
    parser.add_argument(
        "--kind", default="", metavar="CLUSTER", help="the node is a container of this kind cluster"
    )
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument(
        "--discovery",
        metavar="FILE|-",
        help="what `kubeadm token create --print-join-command` printed; it goes into the output",
    )
    forms.add_argument(
        "--patch",
        action="store_true",
        help="print what kubeadmConfigPatches of kind, and of Terraform's provider for it, take",
    )
    forms.add_argument(
        "--compare",
        metavar="FILE|-",
        help="say what a Node (`kubectl get node NAME -o json`) lacks of it instead",
    )

    def run(args: argparse.Namespace, console: Console) -> int:
        from webhook.cli import join_config  # noqa: PLC0415 # see above

        setting = join_config.Setting(
            policies=args.policies,
            pool=args.pool,
            node=args.node,
            kind=args.kind,
            discovery=args.discovery,
            is_patch=args.patch,
            compare=args.compare,
        )
        return join_config.run(setting, console)

    return run


def _verify(parser: argparse.ArgumentParser) -> Run:
    flags.output(parser, "text", "json")
    flags.cluster(parser)
    parser.add_argument(
        "-n",
        "--namespace",
        default="gpuclass-system",
        metavar="NAME",
        help="where gpuclass runs (default: %(default)s)",
    )

    def run(args: argparse.Namespace, console: Console) -> int:
        from webhook.cli import verify  # noqa: PLC0415 # it is slow

        setting = verify.Setting(
            kubeconfig=args.kubeconfig, context=args.context, namespace=args.namespace
        )
        return verify.run(setting, args.output, console)

    return run


def _certs(parser: argparse.ArgumentParser) -> Run:
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where to write; made if need be"
    )
    parser.add_argument(
        "--host",
        action="append",
        default=[],
        metavar="NAME",
        help="a DNS name or an address to serve as (default: the names of the Service)",
    )
    parser.add_argument("--force", action="store_true", help="replace what is there")

    def run(args: argparse.Namespace, console: Console) -> int:
        from webhook.cli import certs  # noqa: PLC0415 # see above

        return certs.run(args.out, args.host, force=args.force, console=console)

    return run


def _serve(parser: argparse.ArgumentParser) -> Run:
    from webhook.serve import settings  # noqa: PLC0415 # see above

    settings.declare(parser)
    parser.add_argument(
        "--welcome", action="store_true", help="review a sample over the wire and say what to try"
    )

    def run(args: argparse.Namespace, _: Console) -> int:
        from webhook.cli import serve  # noqa: PLC0415 # see above

        return serve.run(settings.read(vars(args), os.environ), welcome=args.welcome)

    return run


def _controller(parser: argparse.ArgumentParser) -> Run:
    from webhook.control import settings  # noqa: PLC0415 # see above

    settings.declare(parser)

    def run(args: argparse.Namespace, _: Console) -> int:
        from webhook.cli import controller  # noqa: PLC0415 # see above

        return controller.run(settings.read(vars(args), os.environ))

    return run


def _version(_: argparse.ArgumentParser) -> Run:
    def run(_: argparse.Namespace, console: Console) -> int:
        console.print(f"gpuclass {webhook.__version__}")
        return 0

    return run


COMMANDS: Mapping[str, tuple[str, str, Callable[[argparse.ArgumentParser], Run]]] = {
    "serve": (
        "answer the API server's admission reviews",
        "gpuclass serve --policies policies/    # stand-alone, with a certificate of its own\n"
        "  gpuclass serve --policies /etc/gpuclass/policies --certs /etc/gpuclass/certs \\\n"
        "    --bind :8443 --metrics-bind :8080\n\n"
        "Each flag is a variable too: --bind is GPUCLASS_BIND. The flag wins.",
        _serve,
    ),
    "controller": (
        "keep certificates and the registration in order, as one elected leader",
        "gpuclass controller                    # in a pod, as deploy/base runs it\n"
        "  gpuclass controller --kubeconfig ~/.kube/config --server 127.0.0.1:8443\n\n"
        "Each flag is a variable too: --namespace is GPUCLASS_NAMESPACE. The flag wins.",
        _controller,
    ),
    "certs": (
        "make a CA and a serving certificate, as files and as objects to apply",
        "gpuclass certs --out certs/\n"
        "  gpuclass certs --out certs/ --host webhook.example.com --host 127.0.0.1",
        _certs,
    ),
    "review": (
        "say what the cluster would do with manifests",
        "gpuclass review deploy/            # every manifest of a folder\n"
        "  helm template . | gpuclass review - # what a chart renders\n"
        "  gpuclass review -o github k8s/      # annotations on a pull request\n"
        "  gpuclass review --old live.yaml new.yaml         # new.yaml written over live.yaml\n\n"
        "exit codes: 0 nothing is refused, 1 something is, 2 the input can not be read",
        _review,
    ),
    "explain": (
        "say node by node whether a pod may land there, and if not, what says no",
        "kubectl get nodes -o yaml > nodes.yaml\n"
        "  gpuclass explain deployment.yaml --nodes nodes.yaml\n"
        "  kubectl gpuclass explain pod/train -n team-a         # as it is in the cluster\n"
        "  kubectl gpuclass explain deployment/train -n team-a  # its pods, as they would be made\n"
        "  kubectl gpuclass explain deployment.yaml --context gpus\n\n"
        "exit codes: 0 each pod may land somewhere, 1 one nowhere, 2 the input can not be read",
        _explain,
    ),
    "audit": (
        "say what a cluster has that its policy would not have made; nothing is changed",
        "gpuclass audit                     # the cluster of the kubeconfig, by its own policy\n"
        "  kubectl gpuclass audit -n team-a --context gpus\n"
        "  gpuclass audit --policies policies/                  # before anything is installed\n"
        "  kubectl get nodes,pods,namespaces,daemonsets,priorityclasses -A -o json > dump.json\n"
        "  gpuclass audit --policies policies/ dump.json\n\n"
        "exit codes: 0 no finding as grave as --fail-on, 1 some are, 2 it can not be looked at",
        _audit,
    ),
    "lint": (
        "check policies, each for itself and all together",
        "gpuclass lint policies/\n\nexit codes: 0 sound, 1 faults, 2 not readable",
        _lint,
    ),
    "test": (
        "replay the cases of policies: expected against got",
        "gpuclass test policies/            # replays policies/cases/*.yaml\n\n"
        "exit codes: 0 all as expected, 1 some are not, 2 policies or cases can not be read",
        _test,
    ),
    "diff": (
        "say what a change of policies would do to workloads",
        "gpuclass diff main:policies policies/                    # to the policies' own cases\n"
        "  gpuclass diff old/ new/ --workloads deploy/ jobs.yaml     # to manifests\n"
        "  gpuclass diff -o github origin/main:policies policies/    # on a pull request\n\n"
        "exit codes: 0 no workload is treated otherwise, 1 some are, 2 something can not be read",
        _diff,
    ),
    "render": (
        "print the webhook configurations that the policies call for, or our kinds",
        "gpuclass render --policies policies/ > webhooks.yaml\n"
        "  gpuclass render --crds | kubectl apply --server-side -f -",
        _render,
    ),
    "join-config": (
        "print what a node of a pool tells kubeadm as it joins: its labels and taints",
        "gpuclass join-config training                       # to look at\n"
        "  gpuclass join-config training --patch               # for kind's kubeadmConfigPatches\n"
        "  kubeadm token create --print-join-command | gpuclass join-config training \\\n"
        "    --node gpu-train-1 --discovery - > join.yaml      # kubeadm join --config join.yaml\n"
        "  kubectl get node gpu-train-1 -o json | gpuclass join-config training --compare -\n\n"
        "exit codes: 0 printed, or the Node is so; 1 it is not; 2 something can not be read",
        _join_config,
    ),
    "verify": (
        "say check by check whether what gpuclass governs in a cluster is healthy",
        "gpuclass verify                          # the cluster of kubectl's current context\n"
        "  gpuclass verify --context kind-gpuclass -o json\n\n"
        "It changes nothing: the webhooks are asked with a pod that is not kept.\n"
        "exit codes: 0 all is well, 1 something is not, 2 the cluster can not be asked",
        _verify,
    ),
    "version": ("say which version this is", "gpuclass version", _version),
}
"""Each sub-command: what it does, an example, and what declares its flags."""
