"""What the panel's door says of itself: messages and answers are held against its AsyncAPI and OpenAPI documents."""

import base64
import functools
import json
import re
import urllib.request

import jsonschema_rs

from .event_manager import unchecked


@functools.cache
def document(address, name, user, password, secure=False):
    """`openapi` or `asyncapi`, as the server has it; a server has the same all its life."""
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    url = f"{'https' if secure else 'http'}://{address}/communication_manager/rest/{name}.json"
    request = urllib.request.Request(url, headers={"Authorization": f"Basic {token}"})
    context = unchecked() if secure else None
    with urllib.request.urlopen(request, timeout=30, context=context) as reply:
        assert reply.headers["Content-Type"] == "application/json"
        return json.load(reply)


class Messages:
    """The schemas of an AsyncAPI document."""

    def __init__(self, document):
        schemas = document["components"]["schemas"]
        self._validators = {
            name: jsonschema_rs.Draft7Validator({"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}})
            for name in schemas
        }

    def fault(self, message):
        """What is not as the document says; `None` when all is."""
        validator = self._validators.get(message["type"])
        if validator is None:
            return f"the document has no {message['type']}"
        faults = [error.message for error in validator.iter_errors(message)]
        return f"{message}: {faults}" if faults else None


class Answers:
    """The answers of an OpenAPI document."""

    def __init__(self, document):
        self._document = document
        # Literal parts of a path come before places.
        self._paths = sorted(((self._pattern(path), item) for path, item in document["paths"].items()),
                             key=lambda pair: pair[0].pattern.count("[^/]+"))

    @staticmethod
    def _pattern(path):
        # The document has ids everywhere or names everywhere; clients mix them.
        parts = [r"(?:getByName/)?[^/]+" if part.startswith("{") else re.escape(part)
                 for part in path.replace("getByName/{", "{").strip("/").split("/")]
        return re.compile("/+".join(parts) + "/*")

    def fault(self, method, path, status, content_type, text):
        """What is not as the document says; `None` when all is, or the path is not in it."""
        path = path.split("?")[0].strip("/").replace("api/resource/", "rest/config/")
        found = (item for pattern, item in self._paths if pattern.fullmatch(path) and method.lower() in item)
        operation = next(found, {}).get(method.lower())
        if operation is None:
            return None
        answer = operation["responses"].get(str(status))
        if answer is None:
            return f"{method} {path}: {status} is not in the document"
        content = answer.get("content")
        if content is None:
            return f"{method} {path}: {status} has a body" if text else None
        kind = (content_type or "").split(";")[0]
        if kind not in content:
            return f"{method} {path}: {status} is {kind}"
        if kind != "application/json":
            return None
        schema = {**content[kind]["schema"], "components": self._document["components"]}
        faults = [error.message for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(json.loads(text))]
        return f"{method} {path}: {faults}" if faults else None


@functools.cache
def messages(*where):
    return Messages(document(where[0], "asyncapi", *where[1:]))


@functools.cache
def answers(*where):
    return Answers(document(where[0], "openapi", *where[1:]))
