"""What schemathesis cannot know: who calls from where, what there is, and what the other calls need."""

import json
import re
from itertools import count
from os import environ

import schemathesis

calls = count(1)
owner_token, gateway_token, back_end_token, *reader_tokens = environ["HUB_TOKENS"].split()
# Ids of things that there are, by the names that members and parameters have.
known = json.loads(environ["HUB_IDS"])
# Nobody deletes these, gives them away or takes their keys.
kept = set(environ["HUB_KEPT"].split())
harmful = {
    "deleteDevice",
    "releaseGateway",
    "removeMember",
    "replaceIntegrationKey",
    "revokeIdentity",
    "revokeIntegration",
    "updateIntegration",
    "updateMember",
    "updateOrganization",
}
queries = re.compile(r"/telemetry/latest|/(telemetry|energy)$")


@schemathesis.hook
def before_call(context, case, kwargs):
    number = next(calls)
    operation = case.operation
    headers = dict(case.headers or {})
    # An address of its own for each call: the limit per address, tested elsewhere, would hide the rest.
    headers["X-Forwarded-For"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    if headers.get("Authorization") == f"Bearer {owner_token}":
        headers["Authorization"] = f"Bearer {token_for(operation, number)}"
    case.headers = headers
    parameters = dict(case.path_parameters or {})
    if operation.definition.raw.get("operationId") in harmful:
        last = list(parameters)[-1]
        if parameters[last] in kept:
            parameters[last] = "somebody-elses"
    elif number % 4 > 0:
        parameters = existing(parameters, operation.path)
        if isinstance(case.body, dict):
            case.body = existing(case.body, operation.path)
    case.path_parameters = parameters


def token_for(operation, number):
    """Gateways upload, back ends have consumers, and many ask for telemetry: each no more than he may."""
    if operation.path.startswith("/nats/"):
        return back_end_token
    if queries.search(operation.path):
        return gateway_token if operation.method == "post" else reader_tokens[number % len(reader_tokens)]
    return owner_token


def existing(members, path):
    """The same with ids of things that there are in the place of made-up ones."""
    return {
        name: known.get(f"{path}#{name}", known.get(name)) or value if is_made_up(value) else value
        for name, value in members.items()
    }


def is_made_up(value):
    is_id = isinstance(value, str) and re.fullmatch("[A-Za-z0-9_-]{1,64}", value)
    return is_id and not re.match("(org|sit|dev|der|idt|sim)-", value)


@schemathesis.hook
def filter_body(context, body):
    """A member `__proto__` makes any body malformed, which no schema says."""
    return not holds_proto(body)


def holds_proto(value):
    if isinstance(value, dict):
        return "__proto__" in value or any(map(holds_proto, value.values()))
    return isinstance(value, list) and any(map(holds_proto, value))
