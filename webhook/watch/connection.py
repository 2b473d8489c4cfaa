"""A connection to the API server: the official client, with deadlines and credentials that renew.

In a pod the service account is used, elsewhere a kubeconfig. Importing this module costs a third
of a second and 35 MiB, so only who talks to an API server does. No other module imports
`kubernetes` to connect.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kubernetes import config
from kubernetes.client import ApiClient, ApiException, Configuration
from kubernetes.client.rest import RESTClientObject, RESTResponse
from kubernetes.config import ConfigException
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError, InvalidHeader
from yaml import MarkedYAMLError, YAMLError

import webhook
from webhook.core.errors import OperatorError

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
"""How long the API server may be silent within a request that says nothing else."""
CONNECTIONS = 16
"""Kept open at a time: more than there are watches."""
UNAUTHORIZED = 401

FLAG = "--kubeconfig"
VARIABLE = "GPUCLASS_KUBECONFIG"

CONNECTION_ERRORS = (HTTPError, OSError, ApiException)
"""What `Client.get` raises when there is no whole answer; ApiException where TLS fails."""

_UNUSABLE = (
    *(ConfigException, OSError, YAMLError),
    *(AttributeError, KeyError, TypeError, ValueError),
)
"""What the official client raises for credentials; the latter four for YAML of another shape."""


class Client(ApiClient):
    """The official client; a request has deadlines, and 401 reads the credentials again, once.

    Nothing is tried again but that: who asks knows better when to.
    """

    def __init__(self, kubeconfig: Path | None, context: str | None = None) -> None:
        """Read the credentials; `connect` says what is wrong with them."""
        self._kubeconfig, self._context = kubeconfig, context
        super().__init__(_configure(kubeconfig, context))
        self.user_agent = f"gpuclass/{webhook.__version__}"

    def reload(self) -> bool:
        """Read credentials and authorities again; tell whether they could be."""
        try:
            configuration = _configure(self._kubeconfig, self._context)
        except _UNUSABLE:
            return False
        self.configuration, self.rest_client = configuration, RESTClientObject(configuration)
        return True

    def call_api(
        self,
        method: str,
        url: str,
        header_params: dict[str, str] | None = None,
        body: object = None,
        post_params: object = None,
        _request_timeout: float | tuple[float, float] | None = None,
    ) -> RESTResponse:
        """Send one request; raise one of CONNECTION_ERRORS without an answer.

        No token is in any of them.
        """
        headers = _sendable(header_params or {})
        timeout = _request_timeout or (CONNECT_SECONDS, READ_SECONDS)
        rest = (body, post_params, timeout)
        response = super().call_api(method, url, headers, *rest)
        if response.status == UNAUTHORIZED and self.reload():
            response.response.close()
            headers |= _sendable(self._authorization())
            response = super().call_api(method, url, headers, *rest)
        return response

    def get(self, path: str, seconds: float = READ_SECONDS) -> HTTPResponse:
        """Ask for a path, query included; `seconds` is how long the API server may be silent.

        The answer's body is not read yet: `read()` takes it whole, `stream()` in parts.
        """
        headers = {**self.default_headers, **self._authorization(), "Accept": "application/json"}
        url = self.configuration.host + path
        timeout = (CONNECT_SECONDS, seconds)
        found: HTTPResponse = self.call_api("GET", url, headers, _request_timeout=timeout).response
        return found

    def _authorization(self) -> dict[str, str]:
        token = self.configuration.get_api_key_with_prefix("BearerToken")
        return {"authorization": token} if token else {}


def connect(
    kubeconfig: Path | None = None, otherwise: str = "", context: str | None = None
) -> Client:
    """Make a client: by a kubeconfig, else by the service account of the pod that this is.

    `context` is one of the kubeconfig, else its current one.

    It connects with its first request. Raises OperatorError, one line that ends with what one
    may do `otherwise`.
    """
    try:
        return Client(kubeconfig, context)
    except _UNUSABLE as error:
        raise OperatorError(_problem(kubeconfig, error) + otherwise) from error


def namespace(kubeconfig: Path, context: str | None = None) -> str:
    """Give the namespace of a context, `default` where it names none; errors as `connect`."""
    try:
        contexts, current = config.list_kube_config_contexts(str(kubeconfig))  # type: ignore[no-untyped-call]
    except _UNUSABLE as error:
        raise OperatorError(_problem(kubeconfig, error)) from error
    named = {each["name"]: each for each in contexts}
    found: str = named.get(context, current)["context"].get("namespace") or "default"
    return found


def _configure(kubeconfig: Path | None, context: str | None = None) -> Configuration:
    # An empty proxy is none: what the environment says is for other programs.
    configuration = Configuration(proxy="", no_proxy="", connection_pool_maxsize=CONNECTIONS)
    configuration.retries = False
    if kubeconfig is None:
        config.load_incluster_config(configuration)  # type: ignore[no-untyped-call]
    else:
        for each in str(kubeconfig).split(os.pathsep):
            with Path(each).open("rb"):
                # Opened only to say why it can not be: the client passes over what is not there.
                pass
        config.load_kube_config(  # type: ignore[no-untyped-call]
            str(kubeconfig), context, client_configuration=configuration, persist_config=False
        )
    return configuration


def _sendable(headers: Mapping[str, str]) -> dict[str, str]:
    """Give headers without the end of line that a token's file may have; InvalidHeader: no header.

    `http.client` would say what is wrong with one by showing it, in a traceback of our log.
    """
    found = {name: value.strip() for name, value in headers.items()}
    for name, value in found.items():
        if not (value.isascii() and value.isprintable()):
            problem = "the credentials hold a line break, or a character that is no ASCII"
            raise InvalidHeader(f"{name} can not be sent: {problem}")
    return found


def _problem(kubeconfig: Path | None, error: Exception) -> str:
    if kubeconfig is not None:
        reason = " ".join(_reason(error).split())
        return f"{kubeconfig}: no kubeconfig that can be used: {reason}"
    return (
        f"no API server: this is no pod with a service account ({str(error).rstrip('.')}); "
        f"name one by {FLAG} FILE ({VARIABLE})"
    )


def _reason(error: Exception) -> str:
    """Say what is wrong with a kubeconfig; of YAML only where, since its reader names things."""
    if isinstance(error, MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        return f"no YAML, line {mark.line + 1}, column {mark.column + 1}"
    reason: Any = error.strerror if isinstance(error, OSError) else error
    return str(reason)
