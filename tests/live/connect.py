"""Kafka Connect, as scripts/services runs it with Debezium's connectors."""
import json
import urllib.error
import urllib.request

# Records as JSON, each with its schema.
JSON_WITH_SCHEMAS = {f"{side}.converter{more}": value for side in ("key", "value")
                     for more, value in (("", "org.apache.kafka.connect.json.JsonConverter"), (".schemas.enable", "true"))}


def rest(url, method, path, body=None):
    """The answer of its REST interface; a refusal raises with its words."""
    request = urllib.request.Request(url + path, method=method, data=body and json.dumps(body).encode(),
                                     headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{method} {path}: {error.read().decode()[:2000]}") from error
